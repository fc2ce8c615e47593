//! `/gerencia/chaves`: the keys of programs, for the manager; what `/chaves` does, by forms. A key is told on the page that
//! answers the form, and never again.

use super::{
    inputs::{Form, Input, NAME},
    roll::{self, Act, Entry, Revealed, Shown, Texts, Um, day, the_one},
};
use crate::{
    api::{
        App,
        call::Call,
        chaves::{self, NovaChave},
        endpoint::{Access::GerenteSempre, Resource},
        fields::read_form,
        operation::Operation,
    },
    clock,
    domain::{chave::Chave, data_hora::DataHora},
    error::Error,
    server::Response,
};

const PATH: &str = "/gerencia/chaves";

static TEXTS: Texts = Texts {
    title: "Chaves",
    intro: "Para programas que falam com este sistema, como um totem próprio ou o seu ERP. Pessoas não precisam de chave.",
    path: PATH,
    add: "Chave nova",
    submit: "Fazer a chave",
    gone: "Já não abrem nada",
};

static ACTS: [Act; 1] = [Act {
    path: "/gerencia/chaves/revogacao",
    label: "Revogar",
    about: "Em um segundo a chave não abre mais nada. Não se desfaz.",
    is_final: true,
}];

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::of_pages()
        .get(
            PATH,
            GerenteSempre,
            |app, call| show(app, call, Shown::asked(call)),
            |operation| operation.about("The keys of programs.").html(),
        )
        .post(PATH, GerenteSempre, make, |operation| {
            let about = "Makes a key, by the form of the page, which shows it once.";
            refuses(operation.about(about).form::<NovaChave>().page_of(200, ""))
        })
        .post("/gerencia/chaves/revogacao", GerenteSempre, revoke, |operation| {
            refuses(operation.about("Takes a key back.").form::<Um>().see_other("To the page"))
        })
}

fn refuses(operation: Operation) -> Operation {
    operation.page_of(404, "There is no such key")
}

fn show(app: &App, call: &Call<'_>, shown: Shown) -> Result<Response, Error> {
    let now = clock::now();
    let entry = |key: Chave| Entry {
        id: key.id,
        facts: facts(&key),
        gone: key.revogada_em.or(key.expira_em.filter(|end| *end <= now)),
        acts: &ACTS,
        name: key.nome,
        ..Entry::default()
    };
    let all = app.doors.list_keys()?.into_iter().map(entry).collect();
    roll::show(app, call, &TEXTS, shown, form(), all)
}

fn facts(key: &Chave) -> String {
    let used = |at: &DataHora| format!(", usada em {}", day(at));
    let ends = |at: &DataHora| format!(", vale até {}", day(at));
    format!(
        "{}, de {}{}{}",
        key.papel.em_palavras(),
        day(&key.criada_em),
        key.expira_em.as_ref().map(ends).unwrap_or_default(),
        key.usada_em.as_ref().map(used).unwrap_or(", nunca usada".to_owned())
    )
}

fn form() -> Form {
    let inputs = vec![
        Input {
            name: "nome",
            label: "De quem é",
            hint: "Como «Totem da entrada».",
            attributes: NAME,
            ..Input::default()
        },
        Input {
            name: "papel",
            label: "O que abre",
            choices: &[
                ("totem", "Totem: fazer pedidos"),
                ("maquina", "Máquina: ouvir tudo o que acontece, e ler as medidas"),
                ("cozinha", "Cozinha: ver os pedidos, e movê-los até Pronto"),
                ("balcao", "Caixa: também receber, entregar e cancelar"),
                ("gerente", "Gerência: tudo"),
            ],
            value: "totem".to_owned(),
            ..Input::default()
        },
        Input {
            name: "validade_dias",
            label: "Por quantos dias",
            hint: "Em branco: até ser revogada.",
            attributes: &[("inputmode", "numeric"), ("autocomplete", "off"), ("pattern", "[0-9]*")],
            ..Input::default()
        },
    ];
    Form { inputs, ..Form::default() }
}

fn make(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    match chaves::make(app, call, read_form(call)?) {
        Ok((made, key)) => {
            let revealed = Revealed {
                title: format!("A chave de «{}»", made.nome),
                secret: key.reveal().to_owned(),
                what_to_do: "Copie-a agora para o programa: só esta página a mostra, e só uma vez. Quem a tem entra com ela."
                    .to_owned(),
            };
            show(app, call, Shown::telling(call, revealed))
        }
        Err(error) => show(app, call, Shown::refused(call, error)?),
    }
}

fn revoke(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let by = call.caller(app)?.name();
    let revoked = the_one(call).and_then(|id| app.doors.revoke_key(id, &by));
    roll::answer(call, &TEXTS, revoked, |shown| show(app, call, shown))
}
