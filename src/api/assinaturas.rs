//! `/assinaturas`: the receivers of outgoing webhooks, for the manager. Tested by `tests/api/subscriptions.rs`.

use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, Type},
};

use super::{
    App,
    call::Call,
    endpoint::{Access::GerenteSempre, Resource},
    fields::{AlvoEnviado, Errors, Fault, FromJson, Logico, body, read_body},
    json::json,
    openapi::{integer, query},
    routes::id,
};
use crate::{
    acts::subscriptions::{self, Subscribe},
    domain::{
        aviso::Tipo,
        webhook::{Change, Segredo, Situacao, WebhookView},
    },
    error::Error,
    server::Response,
    store::webhooks,
};

/// Its endpoints.
pub fn resource() -> Resource {
    acts_on_one(Resource::new("Assinaturas"))
        .get("/assinaturas", GerenteSempre, list, |operation| {
            operation.about("The receivers of webhooks, the newest first.").list::<WebhookView>()
        })
        .post("/assinaturas", GerenteSempre, create, |operation| {
            operation
                .about(
                    "Adds a receiver. From here on each event of the log that it wants is sent to it by POST, signed as \
                     Standard Webhooks 1.0 says, until it answers 2xx: at least once, and each time under the same \
                     `webhook-id`. `segredo`, which the signature is verified with, is shown in this answer only.",
                )
                .body::<NovaAssinatura>()
                .ok::<AssinaturaComSegredo>()
                .problem(409, "There are as many as there may be")
        })
        .get("/assinaturas/{id}", GerenteSempre, find, |operation| {
            operation
                .about("A receiver: how far it is told, what it did not take, and when it is tried again.")
                .ok::<WebhookView>()
                .problem(404, "")
        })
        .put("/assinaturas/{id}", GerenteSempre, change, |operation| {
            operation
                .about(
                    "Changes a receiver, and tries at once again what it did not take. One that is switched on again is \
                     told of everything since; `repetir` with the end of the log leaves that out.",
                )
                .body::<EdicaoAssinatura>()
                .ok::<WebhookView>()
                .problem(404, "")
        })
        .delete("/assinaturas/{id}", GerenteSempre, delete, |operation| {
            operation.about("Takes a receiver away; it is told nothing more.").done().problem(404, "")
        })
}

fn acts_on_one(resource: Resource) -> Resource {
    resource
        .post("/assinaturas/{id}/segredo", GerenteSempre, rotate, |operation| {
            operation
                .about(
                    "Another secret for a receiver, shown in this answer only. For 24 hours the one before signs too, so \
                     that the receiver can change over without missing anything.",
                )
                .ok::<AssinaturaComSegredo>()
                .problem(404, "")
        })
        .post("/assinaturas/{id}/repetir", GerenteSempre, repeat, |operation| {
            let desde = "A place in the log (`sequencia`): what comes after it is sent. 0 is everything.";
            operation
                .about("Sends a receiver again what comes after a place in the log, each under the same `webhook-id`.")
                .parameter(query("desde", integer("int64").minimum(Some(0)), desde))
                .ok::<WebhookView>()
                .problem(404, "")
        })
        .delete("/assinaturas/{id}/pendencia", GerenteSempre, resolve, |operation| {
            operation
                .about(
                    "Takes a receiver off the list of what needs a person: somebody saw to it. One that was switched off \
                     stays so, as `pausada`. Again is the same.",
                )
                .done()
                .problem(404, "")
        })
}

/// What a receiver is told of: names of types, each once; none is all.
struct TiposEnviados(Vec<Tipo>);

impl FromJson for TiposEnviados {
    fn from_json(json: &str) -> Result<Self, Fault> {
        let names: Vec<String> = serde_json::from_str(json).map_err(|_| "deve ser uma lista de textos")?;
        let mut tipos = Vec::new();
        for name in &names {
            let tipo = Tipo::of_name(name)
                .ok_or_else(|| format!("deve ter só estes: {}", Tipo::ALL.map(Tipo::nome).join(", ")))?;
            if !tipos.contains(&tipo) {
                tipos.push(tipo);
            }
        }
        Ok(TiposEnviados(tipos))
    }
}

impl PartialSchema for TiposEnviados {
    fn schema() -> RefOr<Schema> {
        let names = Some(Tipo::ALL.map(Tipo::nome));
        let item = ObjectBuilder::new().schema_type(Type::String).enum_values(names);
        ArrayBuilder::new().items(item).examples([serde_json::json!(["pedido.pronto"])]).into()
    }
}

impl ToSchema for TiposEnviados {}

body! {
    NovaAssinatura {
        #[schema(required)]
        url: AlvoEnviado,
        /// Absent or empty: all.
        tipos: TiposEnviados,
        /// Absent: true.
        ativa: Logico,
    }
}

body! {
    EdicaoAssinatura {
        url: AlvoEnviado,
        /// Empty: all.
        tipos: TiposEnviados,
        /// False: it is told nothing until it is true again, and then everything since.
        ativa: Logico,
    }
}

/// A receiver with the secret that its webhooks are verified with.
#[derive(Serialize, ToSchema)]
struct AssinaturaComSegredo {
    #[serde(flatten)]
    dados: WebhookView,
    /// Shown here and never again.
    #[schema(example = "whsec_Zm9yIGV4YW1wbGUsIGFuZCB2ZXJpZmllcyBub3RoaW5nIQ==")]
    segredo: String,
}

fn with_secret(dados: WebhookView, segredo: &Segredo) -> Result<Response, Error> {
    json(&AssinaturaComSegredo { dados, segredo: segredo.reveal().to_owned() })
}

fn list(app: &App, _: &Call<'_>) -> Result<Response, Error> {
    let views = app.store.read(|conn| {
        webhooks::list(conn)?
            .into_iter()
            .map(|webhook| webhooks::view(conn, webhook))
            .collect::<Result<Vec<_>, _>>()
    })?;
    json(&views)
}

fn find(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let id = id(call)?;
    json(&app.store.read(|conn| {
        let webhook = webhooks::find(conn, id)?;
        webhooks::view(conn, webhook)
    })?)
}

fn create(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: NovaAssinatura = read_body(call)?;
    let mut errors = Errors::default();
    let url = errors.required("url", body.url);
    let tipos = errors.optional("tipos", body.tipos).map(|TiposEnviados(tipos)| tipos).unwrap_or_default();
    let ativa = errors.optional("ativa", body.ativa).is_none_or(|Logico(ativa)| ativa);
    let AlvoEnviado(url) = errors.or(url)?;
    let situacao = if ativa { Situacao::Ativa } else { Situacao::Pausada };
    let new = Subscribe { url, tipos, situacao };
    let (dados, segredo) = subscriptions::create(&app.store, &new, &call.caller(app)?.name())?;
    with_secret(dados, &segredo)
}

fn change(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: EdicaoAssinatura = read_body(call)?;
    let mut errors = Errors::default();
    let change = Change {
        url: errors.optional("url", body.url).map(|AlvoEnviado(url)| url),
        tipos: errors.optional("tipos", body.tipos).map(|TiposEnviados(tipos)| tipos),
        ativa: errors.optional("ativa", body.ativa).map(|Logico(ativa)| ativa),
    };
    let change = errors.or(Some(change))?;
    json(&subscriptions::change(&app.store, id(call)?, &change, &call.caller(app)?.name())?)
}

fn delete(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    subscriptions::delete(&app.store, id(call)?, &call.caller(app)?.name())?;
    json(&true)
}

fn rotate(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let (dados, segredo) = subscriptions::rotate(&app.store, id(call)?, &call.caller(app)?.name())?;
    with_secret(dados, &segredo)
}

fn repeat(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let id = id(call)?;
    let after = match call.parameter("desde").map(|text| text.parse::<i64>()) {
        Some(Ok(after @ 0..)) => after,
        Some(_) => return Err(Error::invalid("desde", "deve ser um número a partir de 0")),
        None => return Err(Error::invalid("desde", "é obrigatório")),
    };
    json(&subscriptions::repeat(&app.store, id, after, &call.caller(app)?.name())?)
}

fn resolve(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    subscriptions::resolve(&app.store, id(call)?, &call.caller(app)?.name())?;
    json(&true)
}
