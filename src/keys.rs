//! `ambrosia chave` and `ambrosia gerente`: keys, and links that make managers, from the command line, for whoever may read
//! the settings of the database. They work beside the running processes, which see the change within a second, and without.

use ambrosia::{
    access::{Doors, Mode, link},
    clock,
    config::Config,
    domain::{
        chave::{NOME_MAX, NewChave},
        funcionario,
        papel::Papel,
        texto,
    },
    error::Error,
    store::Store,
};
use std::sync::Arc;

use crate::Failed;

const USAGE: &str = "usage: ambrosia chave criar PAPEL NOME | listar | revogar NUMERO; PAPEL is one of \
                     cozinha, balcao, gerente, maquina, totem";
const USAGE_GERENTE: &str = "usage: ambrosia gerente NOME";

/// Does what the arguments behind `chave` ask for. A new key is all that is printed of it.
pub fn run(arguments: &[String], config: Config) -> Result<(), Failed> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["criar", papel, ref nome @ ..] if !nome.is_empty() => {
            let papel = Papel::try_from(papel).map_err(|_| usage())?;
            let nome =
                texto::linha(&nome.join(" "), NOME_MAX).map_err(|e| Failed::Usage(format!("NOME {e}")))?;
            let (criada_em, criada_por) = (clock::now(), "terminal".to_owned());
            let new = NewChave { nome, papel, criada_em, criada_por, expira_em: None };
            let (_, key) = open(config)?.create_key(new).map_err(undone)?;
            println!("{}", key.reveal());
        }
        ["listar"] => {
            for chave in open(config)?.list_keys().map_err(undone)? {
                let state = if chave.revogada_em.is_some() { "revogada" } else { "vale" };
                println!("{}\t{}\t{state}\t{}", chave.id, chave.papel.nome(), chave.nome);
            }
        }
        ["revogar", id] => {
            let id = id.parse().map_err(|_| usage())?;
            open(config)?.revoke_key(id, "terminal").map_err(undone)?;
        }
        _ => return Err(usage()),
    }
    Ok(())
}

/// Makes a link with which the person whose name is given becomes a manager. It is all that is printed.
pub fn invite(arguments: &[String], config: Config) -> Result<(), Failed> {
    let nome = texto::linha(&arguments.join(" "), funcionario::NOME_MAX);
    let nome = nome.map_err(|_| Failed::Usage(USAGE_GERENTE.to_owned()))?;
    let base = crate::here(config.port);
    let token = open(config)?.invite(&nome, "terminal").map_err(undone)?;
    println!("{}", link(&base, &token));
    Ok(())
}

/// The doors of the restaurant whose database is set, brought up to date.
fn open(config: Config) -> Result<Doors, Failed> {
    let store = Arc::new(Store::new(config.store));
    store.migrate().map_err(|e| Failed::Undone(format!("the database cannot be used: {e}")))?;
    Ok(Doors::new(&store, config.access.unwrap_or(Mode::Auto), config.pepper, &Arc::default()))
}

fn usage() -> Failed {
    Failed::Usage(USAGE.to_owned())
}

fn undone(error: Error) -> Failed {
    Failed::Undone(match error {
        Error::NotFound(text) => text.to_owned(),
        other => format!("{other:?}"),
    })
}
