//! `/funcionarios`: the people of the staff, for the manager. Tested by `tests/api/people.rs`.

use super::{
    App,
    call::Call,
    endpoint::{Access::GerenteSempre, Resource},
    fields::{Errors, NomeFuncionario, PapelDaEquipe, PinNovo, SenhaEnviada, body, read_body},
    json::json,
    routes::id,
};
use crate::{
    domain::funcionario::{Change, Funcionario, NewFuncionario},
    error::Error,
    server::Response,
};

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Acesso")
        .get("/funcionarios", GerenteSempre, list, |operation| {
            operation
                .about("The people of the staff, the newest first, also those who were dismissed.")
                .list::<Funcionario>()
        })
        .post("/funcionarios", GerenteSempre, create, |operation| {
            operation
                .about(
                    "Adds a person. The PIN is for enrolled terminals; a manager may also have a password, for places \
                     without one.",
                )
                .body::<NovoFuncionario>()
                .ok::<Funcionario>()
        })
        .put("/funcionarios/{id}", GerenteSempre, change, |operation| {
            operation
                .about("Changes a person. Another role, PIN or password ends the person's sessions.")
                .body::<EdicaoFuncionario>()
                .ok::<Funcionario>()
                .problem(404, "")
                .problem(409, "Nobody would be left to manage")
        })
        .delete("/funcionarios/{id}", GerenteSempre, dismiss, |operation| {
            operation
                .about("The person works here no more: within a second no session is left, on any process.")
                .done()
                .problem(404, "")
                .problem(409, "Nobody would be left to manage")
        })
        .delete("/funcionarios/{id}/sessoes", GerenteSempre, end_sessions, |operation| {
            operation.about("Ends all sessions of a person, who may enter again.").done().problem(404, "")
        })
}

body! {
    NovoFuncionario {
        #[schema(required)]
        nome: NomeFuncionario,
        #[schema(required)]
        papel: PapelDaEquipe,
        #[schema(required)]
        pin: PinNovo,
        /// A manager's only.
        senha: Option<SenhaEnviada>,
    }
}

body! {
    EdicaoFuncionario {
        nome: NomeFuncionario,
        papel: PapelDaEquipe,
        pin: PinNovo,
        /// A manager's only. Null takes it away.
        senha: Option<SenhaEnviada>,
    }
}

fn list(app: &App, _: &Call<'_>) -> Result<Response, Error> {
    json(&app.doors.list_people()?)
}

fn create(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: NovoFuncionario = read_body(call)?;
    let mut errors = Errors::default();
    let nome = errors.required("nome", body.nome);
    let papel = errors.required("papel", body.papel);
    let pin = errors.required("pin", body.pin);
    let senha = errors.optional("senha", body.senha).flatten().map(|senha| senha.0);
    let required = nome.zip(papel).zip(pin);
    let ((NomeFuncionario(nome), PapelDaEquipe(papel)), PinNovo(pin)) = errors.or(required)?;
    let new = NewFuncionario { nome, papel, pin, senha };
    json(&app.doors.create_person(new, &call.caller(app)?.name())?)
}

fn change(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: EdicaoFuncionario = read_body(call)?;
    let mut errors = Errors::default();
    let change = Change {
        nome: errors.optional("nome", body.nome).map(|nome| nome.0),
        papel: errors.optional("papel", body.papel).map(|papel| papel.0),
        pin: errors.optional("pin", body.pin).map(|pin| pin.0),
        senha: errors.optional("senha", body.senha).map(|senha| senha.map(|senha| senha.0)),
    };
    let change = errors.or(Some(change))?;
    json(&app.doors.change_person(id(call)?, change, &call.caller(app)?.name())?)
}

fn dismiss(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    app.doors.dismiss_person(id(call)?, &call.caller(app)?.name())?;
    json(&true)
}

fn end_sessions(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    app.doors.end_sessions(id(call)?, &call.caller(app)?.name())?;
    json(&true)
}
