//! `/gerencia`: the page on which a person with an invitation (`access`) becomes a manager. Rendered here, with forms that
//! post and redirections (303): it works without scripts. Tested by `tests/api/invitations.rs` and `tests/browser`.
//!
//! - The token of the link stands behind `#`, which browsers send to nobody; a script moves it into the form, and out of the
//!   address. Without scripts it is pasted there.
//! - Nothing inline is allowed by the page's policy, and nothing from elsewhere. `Referrer-Policy` is `same-origin` and not
//!   `no-referrer`: with that, browsers send `Origin: null` with the form, and no page could be told from another.

mod page;

use std::sync::LazyLock;

use bytes::Bytes;
use utoipa::PartialSchema;

use self::page::{Doorstep, Form, HTML, View};
use super::{
    App,
    asset::{AN_HOUR, Asset},
    call::Call,
    credentials::{Cookie, refuse_other_pages},
    endpoint::{
        Access::{Prova, Todos},
        Resource,
    },
    fields::{ConviteEnviado, Errors, NomeFuncionario, PinNovo, SenhaEnviada, body, read_form},
    openapi::string,
    operation::Operation,
    problem, sessoes,
};
use crate::{
    access::{Entrance, Invited},
    error::Error,
    server::Response,
};

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

static ESTILO: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(Bytes::from_static(include_bytes!(concat!(env!("OUT_DIR"), "/estilo.css.gz"))))
});
static CONVITE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(Bytes::from_static(include_bytes!(concat!(env!("OUT_DIR"), "/convite.js.gz"))))
});

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Gerência")
        .get("/gerencia", Prova, show, |operation| {
            described(operation.about("The page with which a manager begins.").ok_as(HTML, String::schema()))
        })
        .post("/gerencia", Prova, accept, |operation| {
            let operation = operation
                .about(
                    "Uses up an invitation, the link of `ambrosia gerente NOME` or of the log: its person is a manager from \
                     now on, with a session, and doors close. Sent by the form of the page.",
                )
                .form::<Convidado>()
                .see_other("To the page")
                .response_header(303, "Set-Cookie", string(), "The token of the session")
                .page_of(422, "The invitation does not count, or something is wrong with a field: the page says what")
                .page_of(429, "Too many invitations came from this address");
            described(operation)
        })
        .post("/gerencia/saida", Prova, leave, |operation| {
            operation.about("Ends the session of the cookie, from the page.").see_other("To the page")
        })
        .get(
            "/gerencia/estilo.css",
            Todos,
            |_, request| ESTILO.serve(request, STYLE, AN_HOUR),
            |operation| operation.about("How the page looks.").ok_as("text/css", String::schema()).empty(304, ""),
        )
        .get(
            "/gerencia/convite.js",
            Todos,
            |_, request| CONVITE.serve(request, SCRIPT, AN_HOUR),
            |operation| {
                operation
                    .about("Moves the token of the link into the form.")
                    .ok_as("text/javascript", String::schema())
                    .empty(304, "")
            },
        )
}

fn described(operation: Operation) -> Operation {
    operation.problem(503, "").page_of(503, "Cannot be done now; try again after `Retry-After` seconds")
}

body! {
    Convidado {
        /// The token of the link, or the whole link.
        #[schema(required)]
        convite: ConviteEnviado,
        /// Without it the name that the invitation was made for.
        nome: NomeFuncionario,
        #[schema(required)]
        senha: SenhaEnviada,
        #[schema(required)]
        pin: PinNovo,
    }
}

fn show(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    Ok(match doorstep(app, call) {
        Ok(doorstep) => page::response(200, &View { doorstep, form: Form::default() }),
        Err(error) => sorry(error, call),
    })
}

fn accept(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    refuse_other_pages(call)?;
    let error = match try_to_accept(app, call) {
        Ok(response) => return Ok(response),
        Err(error) => error,
    };
    let Error::Invalid(errors) = error else { return Ok(sorry(error, call)) };
    Ok(match doorstep(app, call) {
        Ok(doorstep) => page::response(422, &View { doorstep, form: Form::sent(&call.body, errors) }),
        Err(error) => sorry(error, call),
    })
}

fn try_to_accept(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: Convidado = read_form(call)?;
    let mut errors = Errors::default();
    let token = errors.required("convite", body.convite);
    let nome = errors.optional("nome", body.nome).map(|nome| nome.0);
    let senha = errors.required("senha", body.senha);
    let pin = errors.required("pin", body.pin);
    let required = token.zip(senha).zip(pin);
    let ((ConviteEnviado(token), SenhaEnviada(senha)), PinNovo(pin)) = errors.or(required)?;
    app.tries.enrolment.admit(call.client)?;
    let entrance = Entrance { terminal: None, client: call.client, replaces: Cookie::Session.of(call) };
    let begun = app.doors.accept(&Invited { token: &token, nome, senha, pin, entrance })?;
    Ok(Cookie::Session.give(page::see_other(), call, begun.token.reveal()))
}

fn leave(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    sessoes::log_out(app, call)?;
    Ok(Cookie::Session.take(page::see_other(), call))
}

/// Which of its texts the page shows to this caller.
fn doorstep(app: &App, call: &Call<'_>) -> Result<Doorstep, Error> {
    if let Some(person) = sessoes::person(app, call)? {
        return Ok(Doorstep::Entered(person));
    }
    Ok(match (app.doors.have_a_manager()?, app.doors.are_open()?) {
        (true, true) => Doorstep::ManagedOpen,
        (true, false) => Doorstep::Managed,
        (false, true) => Doorstep::Open,
        (false, false) => Doorstep::Closed,
    })
}

/// The page of what is wrong with no field, with status and words of every other refusal.
fn sorry(error: Error, call: &Call<'_>) -> Response {
    let refused = problem::of_error(error, &call.id);
    let response = page::sorry(refused.status(), &problem::detail(&refused));
    let wait = refused.headers().find(|(name, _)| *name == "Retry-After").map(|(_, wait)| wait.to_owned());
    wait.into_iter().fold(response, |response, wait| response.with("Retry-After", wait))
}
