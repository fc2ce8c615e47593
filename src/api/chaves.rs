//! `/chaves`: the keys of programs and terminals, for the manager. Tested by `tests/api/keys.rs`.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    call::Call,
    endpoint::{Access::GerenteSempre, Resource},
    fields::{Errors, NomeChave, PapelEnviado, Validade, body, read_body},
    json::json,
    routes::id,
};
use crate::{
    access::Key,
    clock,
    domain::chave::{Chave, NewChave},
    error::Error,
    server::Response,
};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Acesso")
        .get("/chaves", GerenteSempre, list, |operation| {
            operation.about("The keys, the newest first, also those that open nothing any more.").list::<Chave>()
        })
        .post("/chaves", GerenteSempre, create, |operation| {
            operation
                .about(
                    "Makes a key. `chave` is shown in this answer only: what is stored does not tell it. The first \
                     manager comes by `ambrosia gerente NOME` or `ambrosia chave criar gerente NOME`, which close the doors.",
                )
                .body::<NovaChave>()
                .ok::<ChaveCriada>()
        })
        .delete("/chaves/{id}", GerenteSempre, revoke, |operation| {
            operation
                .about("Takes a key back: within a second it opens nothing, on any process. Again is the same.")
                .done()
                .problem(404, "")
        })
}

body! {
    NovaChave {
        #[schema(required)]
        papel: PapelEnviado,
        /// What it is called by those who give it out.
        #[schema(required)]
        nome: NomeChave,
        /// Days for which it opens something. Null or absent: until it is revoked.
        validade_dias: Option<Validade>,
    }
}

/// A key that has just been made.
#[derive(Serialize, ToSchema)]
struct ChaveCriada {
    #[serde(flatten)]
    dados: Chave,
    /// The key, shown here and never again.
    #[schema(example = "amb_2_Zm9yIGV4YW1wbGUsIGFuZCBvcGVucyBub3RoaW5nIQ")]
    chave: String,
}

fn list(app: &App, _: &Call<'_>) -> Result<Response, Error> {
    json(&app.doors.list_keys()?)
}

fn create(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let (dados, key) = make(app, call, read_body(call)?)?;
    json(&ChaveCriada { dados, chave: key.reveal().to_owned() })
}

/// Makes this key.
pub fn make(app: &App, call: &Call<'_>, body: NovaChave) -> Result<(Chave, Key), Error> {
    let mut errors = Errors::default();
    let papel = errors.required("papel", body.papel);
    let nome = errors.required("nome", body.nome);
    let days = errors.optional("validade_dias", body.validade_dias).flatten();
    let (PapelEnviado(papel), NomeChave(nome)) = errors.or(papel.zip(nome))?;
    let now = clock::now();
    let expira_em = days.map(|Validade(days)| now.mais(days * DAY_SECONDS));
    let new = NewChave { nome, papel, criada_em: now, criada_por: call.caller(app)?.name(), expira_em };
    app.doors.create_key(new)
}

fn revoke(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    app.doors.revoke_key(id(call)?, &call.caller(app)?.name())?;
    json(&true)
}
