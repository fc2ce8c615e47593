//! `/gerencia/aparelhos`: the devices of the restaurant, for the manager; what `/terminais` does, by forms. A code is told on
//! the page that answers the form, and typed at the device on `/entrar`.

use super::{
    codes,
    inputs::{Form, Input, NAME},
    roll::{self, Act, Entry, Revealed, Shown, Texts, Um, the_one},
};
use crate::{
    access::Coded,
    api::{
        App,
        call::Call,
        endpoint::{Access::GerenteSempre, Resource},
        fields::read_form,
        operation::Operation,
        terminais::{self, NovoTerminal},
    },
    domain::terminal::Terminal,
    error::Error,
    server::Response,
};

const PATH: &str = "/gerencia/aparelhos";

static TEXTS: Texts = Texts {
    title: "Aparelhos",
    intro: "Os tablets e computadores em que a equipe entra só com o PIN. Um código, digitado uma vez no aparelho, faz dele \
            um aparelho do restaurante.",
    path: PATH,
    add: "Aparelho novo",
    submit: "Fazer o código",
    gone: "Revogados",
};

static ACTS: [Act; 2] = [
    Act {
        path: "/gerencia/aparelhos/codigo",
        label: "Outro código",
        about: "Para trocar o aparelho, ou pô-lo de volta depois de PINs errados demais. O de antes vale até o código ser \
                usado.",
        is_final: false,
    },
    Act {
        path: "/gerencia/aparelhos/revogacao",
        label: "Revogar",
        about: "O aparelho se perdeu, ou saiu daqui: em um segundo ninguém mais entra nele. Não se desfaz.",
        is_final: true,
    },
];

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::of_pages()
        .get(
            PATH,
            GerenteSempre,
            |app, call| show(app, call, Shown::asked(call)),
            |operation| operation.about("The devices of the restaurant.").html(),
        )
        .post(
            PATH,
            GerenteSempre,
            |app, call| coded(app, call, terminais::add(app, call, read_form(call)?)),
            |operation| {
                let about = "Adds a terminal, by the form of the page, which shows its code once.";
                refuses(operation.about(about).form::<NovoTerminal>().page_of(200, ""))
            },
        )
        .post(
            "/gerencia/aparelhos/codigo",
            GerenteSempre,
            |app, call| coded(app, call, recode(app, call)),
            |operation| {
                let about = "Another code for a terminal, which the page shows once.";
                refuses(operation.about(about).form::<Um>().page_of(200, ""))
            },
        )
        .post("/gerencia/aparelhos/revogacao", GerenteSempre, revoke, |operation| {
            refuses(operation.about("Takes a terminal back.").form::<Um>().see_other("To the page"))
        })
}

fn refuses(operation: Operation) -> Operation {
    operation.page_of(404, "There is no such terminal")
}

fn show(app: &App, call: &Call<'_>, shown: Shown) -> Result<Response, Error> {
    let entry = |terminal: Terminal| Entry {
        id: terminal.id,
        facts: facts(&terminal),
        gone: terminal.revogado_em,
        acts: &ACTS,
        name: terminal.nome,
        ..Entry::default()
    };
    let all = app.doors.list_terminals()?.into_iter().map(entry).collect();
    roll::show(app, call, &TEXTS, shown, form(), all)
}

fn facts(terminal: &Terminal) -> String {
    let role = terminal.papel.em_palavras();
    let state = if terminal.inscrito { "inscrito" } else { "à espera do código" };
    format!("{role}, {state}")
}

fn form() -> Form {
    let inputs = vec![
        Input {
            name: "nome",
            label: "Nome",
            hint: "Onde ele fica, como «Tablet da chapa».",
            attributes: NAME,
            ..Input::default()
        },
        Input {
            name: "papel",
            label: "Para quê",
            hint: "O mais que se pode fazer nele, seja quem for.",
            choices: &[
                ("cozinha", "Cozinha: mostra os pedidos sem pedir PIN"),
                ("balcao", "Caixa"),
                ("gerente", "Gerência"),
            ],
            value: "cozinha".to_owned(),
            ..Input::default()
        },
    ];
    Form { inputs, ..Form::default() }
}

/// The page with the code of the terminal.
fn coded(app: &App, call: &Call<'_>, coded: Result<Coded, Error>) -> Result<Response, Error> {
    let Coded { terminal, code, expires } = match coded {
        Ok(coded) => coded,
        Err(error) => return show(app, call, Shown::refused(call, error)?),
    };
    let (first, last) = code.reveal().split_at(code.reveal().len() / 2);
    let revealed = Revealed {
        title: format!("O código de «{}»", terminal.nome),
        secret: format!("{first} {last}"),
        what_to_do: format!(
            "Abra {}/entrar no aparelho e digite o código em «Código do aparelho». Ele vale até as {}, e uma vez; esta página \
             é a única que o mostra.",
            codes::origin(call)?,
            expires.hora()
        ),
    };
    show(app, call, Shown::telling(call, revealed))
}

fn recode(app: &App, call: &Call<'_>) -> Result<Coded, Error> {
    app.doors.recode_terminal(the_one(call)?, &call.caller(app)?.name())
}

fn revoke(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let by = call.caller(app)?.name();
    let revoked = the_one(call).and_then(|id| app.doors.revoke_terminal(id, &by));
    roll::answer(call, &TEXTS, revoked, |shown| show(app, call, shown))
}
