//! `/sessoes`: logging in and out. The token of a session is in its cookie and nowhere else. Tested by
//! `tests/api/sessions.rs`.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    call::Call,
    credentials::{self, Cookie, refuse_other_pages},
    endpoint::{Access::Prova, Resource},
    fields::{Errors, Id, PinEnviado, PinNovo, SenhaEnviada, body, read_body},
    json::json,
    openapi::{header, string},
};
use crate::{
    access::{Begun, Entrance, Login, OwnPin, Person},
    domain::{funcionario::Proof, papel::Papel},
    error::{Denied, Error},
    server::{Request, Response},
};

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Acesso")
        .post("/sessoes", Prova, begin, |operation| {
            operation
                .about(
                    "Begins a session: by the PIN on an enrolled terminal, or by a manager's password anywhere. A session \
                     that the cookie names ends with it. It lasts 12 hours, and 30 minutes without a request but in the \
                     kitchen.",
                )
                .parameter(header(
                    "X-Terminal",
                    string(),
                    "The token of an enrolled terminal; its cookie does as well.",
                ))
                .body::<Entrada>()
                .ok::<Sessao>()
                .ok_header("Set-Cookie", string(), "The token of the session")
                .problem(401, "There is no such person, or it is not the PIN or password")
                .problem(403, "A PIN without an enrolled terminal, or a page of another origin")
                .problem(429, "Too many were wrong; the next is compared after `Retry-After` seconds")
        })
        .get("/sessoes/atual", Prova, current, |operation| {
            operation
                .about("Who works here: the person with the session of the cookie.")
                .ok::<Sessao>()
                .problem(401, "There is no session, or it is over")
        })
        .delete("/sessoes/atual", Prova, end, |operation| {
            operation.about("Ends the session of the cookie. Without one it is the same.").done()
        })
        .put("/sessoes/atual/pin", Prova, change_pin, |operation| {
            operation
                .about(
                    "Another PIN for the person with the session of the cookie, on a terminal. The person's sessions end, and \
                     another begins.",
                )
                .body::<TrocaDePin>()
                .ok::<Sessao>()
                .ok_header("Set-Cookie", string(), "The token of the session")
                .problem(401, "There is no session, or it is not the PIN")
                .problem(403, "The session is on no terminal, or a page of another origin sends it")
                .problem(429, "Too many were wrong; the next is compared after `Retry-After` seconds")
        })
}

body! {
    /// Who enters.
    Entrada {
        #[schema(required)]
        funcionario: Id,
        /// On an enrolled terminal.
        pin: PinEnviado,
        /// A manager's. Either the PIN or this.
        senha: SenhaEnviada,
    }
}

body! {
    TrocaDePin {
        /// The one before.
        #[schema(required)]
        pin_atual: PinEnviado,
        #[schema(required)]
        pin: PinNovo,
    }
}

/// Who works here.
#[derive(Serialize, ToSchema)]
struct Sessao {
    #[schema(minimum = 1, example = 7)]
    funcionario: i64,
    #[schema(example = "Ana")]
    nome: String,
    /// What the person may do here: no more than the terminal.
    papel: Papel,
    /// Null for a manager who has entered by a password elsewhere.
    #[schema(example = 3)]
    terminal: Option<i64>,
}

impl From<Person> for Sessao {
    fn from(person: Person) -> Sessao {
        let Person { id, nome, papel, terminal } = person;
        Sessao { funcionario: id, nome, papel, terminal }
    }
}

fn begin(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    entered(call, log_in(app, call, read_body)?)
}

/// Begins a session for who is named in the body, which is read like this: by the PIN on an enrolled terminal, or by the
/// password elsewhere.
pub fn log_in(
    app: &App,
    call: &Call<'_>,
    read: fn(&Request<'_>) -> Result<Entrada, Error>,
) -> Result<Begun, Error> {
    refuse_other_pages(call)?;
    let entrada = read(call)?;
    let mut errors = Errors::default();
    let funcionario = errors.required("funcionario", entrada.funcionario);
    let pin = errors.optional("pin", entrada.pin).map(|pin| pin.0);
    let senha = errors.optional("senha", entrada.senha).map(|senha| senha.0);
    if pin.is_some() && senha.is_some() {
        errors.note("senha", "é no lugar do PIN, e não com ele");
    }
    let (Id(funcionario), proof) = match (errors.or(funcionario.map(Some))?, pin.or(senha)) {
        (Some(funcionario), Some(proof)) => (funcionario, proof),
        _ => return Err(Error::invalid("pin", "é obrigatório, ou a senha")),
    };
    let terminal = credentials::terminal(app, call)?.map(|terminal| terminal.id);
    if terminal.is_none() {
        if let Proof::Pin(_) = proof {
            return Err(Error::Denied(Denied::NoTerminal));
        }
        app.tries.password.admit(call.client)?;
    }
    let replaces = Cookie::Session.of(call);
    let entrance = Entrance { terminal, client: call.client, replaces };
    app.doors.log_in(&Login { funcionario, proof, entrance })
}

fn current(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let token = Cookie::Session.of(call).ok_or(Error::Denied(Denied::NoSession))?;
    let person = app.doors.person(token)?.ok_or(Error::Denied(Denied::SessionOver))?;
    json(&Sessao::from(person))
}

/// The person with the session of the cookie; `None` where there is none, or it is over.
pub fn person(app: &App, call: &Call<'_>) -> Result<Option<Person>, Error> {
    Cookie::Session.of(call).map_or(Ok(None), |token| app.doors.person(token))
}

fn change_pin(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    refuse_other_pages(call)?;
    let body: TrocaDePin = read_body(call)?;
    let mut errors = Errors::default();
    let old = errors.required("pin_atual", body.pin_atual);
    let new = errors.required("pin", body.pin);
    let (PinEnviado(old), PinNovo(new)) = errors.or(old.zip(new))?;
    let token = Cookie::Session.of(call).ok_or(Error::Denied(Denied::NoSession))?;
    credentials::refuse_cross_site(call)?;
    let person = app.doors.person(token)?.ok_or(Error::Denied(Denied::SessionOver))?;
    let entrance = Entrance { terminal: person.terminal, client: call.client, replaces: Some(token) };
    let begun = app.doors.change_own_pin(&person, &OwnPin { old: &old, new: &new, entrance })?;
    entered(call, begun)
}

/// Who has entered, with the cookie of the session.
fn entered(call: &Call<'_>, begun: Begun) -> Result<Response, Error> {
    let response = json(&Sessao::from(begun.person))?;
    Ok(Cookie::Session.give(response, call, begun.token.reveal()))
}

fn end(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    log_out(app, call)?;
    Ok(Cookie::Session.take(json(&true)?, call))
}

/// Ends the session of the cookie, if there is one. The client still has to forget it.
pub fn log_out(app: &App, call: &Call<'_>) -> Result<(), Error> {
    refuse_other_pages(call)?;
    let Some(token) = Cookie::Session.of(call) else { return Ok(()) };
    credentials::refuse_cross_site(call)?;
    app.doors.log_out(token)
}
