//! `ambrosia chave`: keys from the command line, for whoever may read the settings of the database. It works beside the
//! running processes, which see the change within a second, and without them.

use ambrosia::{
    access::{Doors, Mode},
    clock,
    config::Config,
    domain::{chave::NOME_MAX, chave::NewChave, papel::Papel, texto},
    error::{DbError, Error},
    store::Store,
};
use std::sync::Arc;

use crate::Failed;

const USAGE: &str = "usage: ambrosia chave criar PAPEL NOME | listar | revogar NUMERO; PAPEL is one of \
                     cozinha, balcao, gerente, maquina, totem";

/// Does what the arguments behind `chave` ask for. A new key is all that is printed of it.
pub fn run(arguments: &[String], config: Config) -> Result<(), Failed> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let store = Arc::new(Store::new(config.store));
    let doors = Doors::new(&store, config.access.unwrap_or(Mode::Auto), config.pepper, &Arc::default());
    let open =
        || store.migrate().map_err(|e: DbError| Failed::Undone(format!("the database cannot be used: {e}")));
    match arguments[..] {
        ["criar", papel, ref nome @ ..] if !nome.is_empty() => {
            let papel = Papel::try_from(papel).map_err(|_| usage())?;
            let nome =
                texto::linha(&nome.join(" "), NOME_MAX).map_err(|e| Failed::Usage(format!("NOME {e}")))?;
            open()?;
            let (criada_em, criada_por) = (clock::now(), "terminal".to_owned());
            let new = NewChave { nome, papel, criada_em, criada_por, expira_em: None };
            let (_, key) = doors.create_key(new).map_err(undone)?;
            println!("{}", key.reveal());
        }
        ["listar"] => {
            open()?;
            for chave in doors.list_keys().map_err(undone)? {
                let state = if chave.revogada_em.is_some() { "revogada" } else { "vale" };
                println!("{}\t{}\t{state}\t{}", chave.id, chave.papel.nome(), chave.nome);
            }
        }
        ["revogar", id] => {
            let id = id.parse().map_err(|_| usage())?;
            open()?;
            doors.revoke_key(id, "terminal").map_err(undone)?;
        }
        _ => return Err(usage()),
    }
    Ok(())
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
