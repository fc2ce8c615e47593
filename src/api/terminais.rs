//! `/terminais`: the devices of the restaurant, for the manager; and how a device becomes one. Tested by
//! `tests/api/sessions.rs`.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    call::Call,
    credentials::{self, Cookie, refuse_other_pages},
    endpoint::{
        Access::{GerenteSempre, Prova},
        Resource,
    },
    fields::{Codigo, Errors, NomeTerminal, PapelDaEquipe, body, read_body},
    json::json,
    routes::id,
};
use crate::{
    access::{Code, Coded, Person, Token},
    domain::{
        data_hora::DataHora,
        papel::Papel,
        terminal::{NewTerminal, Terminal},
    },
    error::{Denied, Error},
    server::{Request, Response},
};

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Acesso")
        .get("/terminais", GerenteSempre, list, |operation| {
            operation.about("The terminals, the newest first, also those that were revoked.").list::<Terminal>()
        })
        .post("/terminais", GerenteSempre, create, |operation| {
            operation
                .about("Adds a terminal. The device is enrolled by the code, which is shown in this answer only.")
                .body::<NovoTerminal>()
                .ok::<TerminalComCodigo>()
        })
        .post("/terminais/{id}/codigo", GerenteSempre, recode, |operation| {
            operation
                .about(
                    "Another code for a terminal, whose device was lost or cut off after too many wrong PINs. The device \
                     before counts until the code is used.",
                )
                .ok::<TerminalComCodigo>()
                .problem(404, "")
        })
        .delete("/terminais/{id}", GerenteSempre, revoke, |operation| {
            operation
                .about("Takes a terminal back, with the sessions on it: within a second, on any process.")
                .done()
                .problem(404, "")
        })
        .post("/terminais/inscricao", Prova, enrol, |operation| {
            operation
                .about(
                    "Enrols the device that sends it. `token` is shown in this answer only, and set as a cookie; it is sent \
                     in `X-Terminal` or by the cookie.",
                )
                .body::<Inscricao>()
                .ok::<TerminalInscrito>()
                .problem(401, "The code enrols nothing: it is wrong, older than ten minutes, or was used")
                .problem(429, "Too many codes came from this address")
        })
        .get("/terminais/atual/funcionarios", Prova, people, |operation| {
            operation
                .about("Who may enter at the terminal that asks, by name: what its tiles show.")
                .by_terminal()
                .list::<Ficha>()
                .problem(403, "The device is not enrolled")
        })
}

body! {
    NovoTerminal {
        #[schema(required)]
        nome: NomeTerminal,
        /// The highest role that a session on it has.
        #[schema(required)]
        papel: PapelDaEquipe,
    }
}

body! {
    /// The code of a terminal.
    Inscricao {
        #[schema(required)]
        codigo: Codigo,
    }
}

/// A person, as a terminal shows it before anybody has entered.
#[derive(Serialize, ToSchema)]
struct Ficha {
    #[schema(minimum = 1, example = 7)]
    id: i64,
    #[schema(example = "Ana")]
    nome: String,
    papel: Papel,
}

impl From<Person> for Ficha {
    fn from(Person { id, nome, papel, .. }: Person) -> Ficha {
        Ficha { id, nome, papel }
    }
}

/// A terminal with the code that enrols it.
#[derive(Serialize, ToSchema)]
struct TerminalComCodigo {
    #[serde(flatten)]
    dados: Terminal,
    /// To be typed at the device, once.
    #[schema(example = "K7QM2XPA")]
    codigo: String,
    /// From then on it enrols nothing.
    codigo_expira_em: DataHora,
}

/// A terminal that has just been enrolled.
#[derive(Serialize, ToSchema)]
struct TerminalInscrito {
    #[serde(flatten)]
    dados: Terminal,
    /// Its token, shown here and never again.
    #[schema(example = "amt_3_Zm9yIGV4YW1wbGUsIGFuZCBvcGVucyBub3RoaW5nIQ")]
    token: String,
}

impl From<Coded> for TerminalComCodigo {
    fn from(coded: Coded) -> TerminalComCodigo {
        let codigo = coded.code.reveal().to_owned();
        TerminalComCodigo { dados: coded.terminal, codigo, codigo_expira_em: coded.expires }
    }
}

fn list(app: &App, _: &Call<'_>) -> Result<Response, Error> {
    json(&app.doors.list_terminals()?)
}

fn create(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    json(&TerminalComCodigo::from(add(app, call, read_body(call)?)?))
}

/// Adds this terminal.
pub fn add(app: &App, call: &Call<'_>, body: NovoTerminal) -> Result<Coded, Error> {
    let mut errors = Errors::default();
    let nome = errors.required("nome", body.nome);
    let papel = errors.required("papel", body.papel);
    let (NomeTerminal(nome), PapelDaEquipe(papel)) = errors.or(nome.zip(papel))?;
    app.doors.create_terminal(&NewTerminal { nome, papel }, &call.caller(app)?.name())
}

fn recode(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    json(&TerminalComCodigo::from(app.doors.recode_terminal(id(call)?, &call.caller(app)?.name())?))
}

fn revoke(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    app.doors.revoke_terminal(id(call)?, &call.caller(app)?.name())?;
    json(&true)
}

fn people(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    credentials::terminal(app, call)?.ok_or(Error::Denied(Denied::NoTerminal))?;
    let people: Vec<Ficha> = app.doors.people_here()?.into_iter().map(Ficha::from).collect();
    json(&people)
}

fn enrol(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let (dados, token) = enrol_device(app, call, read_body)?;
    let response = json(&TerminalInscrito { dados, token: token.reveal().to_owned() })?;
    Ok(Cookie::Terminal.give(response, call, token.reveal()))
}

/// Enrols the device that sends the code, read from the request like this.
pub fn enrol_device(
    app: &App,
    call: &Call<'_>,
    read: fn(&Request<'_>) -> Result<Inscricao, Error>,
) -> Result<(Terminal, Token), Error> {
    app.tries.enrolment.admit(call.client)?;
    refuse_other_pages(call)?;
    let body = read(call)?;
    let mut errors = Errors::default();
    let codigo = errors.required("codigo", body.codigo);
    let Codigo(typed) = errors.or(codigo)?;
    let code = Code::read(&typed).ok_or(Error::Denied(Denied::WrongCode))?;
    app.doors.enrol(&code)
}
