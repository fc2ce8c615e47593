//! `POST /pedidos/status_pagamento`: notifications of a payment, from the provider or to the simulator.
//! Tested by `tests/api/avisos.rs`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    App,
    endpoint::{Access::Todos, Resource},
    fields::{Acao, Errors, Identificador, Ignorado, body, read_body},
    json::{self, json},
    openapi::{header, nullable_string, string},
};
use crate::{
    domain::{data_hora::DataHora, pedido::Pedido},
    error::Error,
    metrics::METRICS,
    pagamento::{Gateway, MercadoPago, assinatura::e_id},
    server::{Request, Response, SHORT, foreign},
    use_cases::confirmacao::{self, Aviso},
};

/// Its endpoint.
pub fn resource() -> Resource {
    Resource::new("Pagamentos").post("/pedidos/status_pagamento", Todos, webhook, |operation| {
        let signature = "Mercado Pago's signature; needed when a secret is set";
        operation
            .about(
                "A notification that there is news of a payment. With the simulator it decides: what was approved stays \
                 approved. With Mercado Pago set up every shape of its notifications is taken, none is believed, and what \
                 they are about is looked up there; the answer is `true`.",
            )
            .parameter(header("x-signature", nullable_string(), signature))
            .body::<Notificacao>()
            .ok::<Acolhida>()
            .ok_header("ETag", string(), "The version of the order, with the simulator")
            .problem(401, "The signature is missing or wrong")
            .problem(404, "")
            .problem(409, "")
            .problem(
                429,
                "More than `WEBHOOKS_PER_SECOND` from this address; again after `Retry-After` seconds",
            )
    })
}

body! {
    /// A notification, as the original system received it; or one of Mercado Pago's, which has `data` too.
    Notificacao {
        /// The order's `id_pagamento`; in Mercado Pago's own the number of the notification.
        #[schema(required)]
        id: Identificador,
        /// `state_FINISHED` approves, `state_CANCELED` refuses, anything else changes nothing. With Mercado
        /// Pago set up it only says that there is something to look at.
        action: Option<Acao>,
        #[serde(rename = "type")]
        #[expect(dead_code)]
        tipo: Ignorado,
        #[expect(dead_code)]
        date_created: Ignorado,
        #[expect(dead_code)]
        user_id: Ignorado,
        #[expect(dead_code)]
        api_version: Ignorado,
    }
}

/// The answer to a notification: the order with the simulator, `true` with Mercado Pago.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what the two ways answer")]
pub enum Acolhida {
    Simulado(Box<Pedido>),
    Notificado(bool),
}

fn webhook(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    app.webhook_rate.admit(request.client)?;
    match &app.gateway {
        Gateway::Simulado { .. } => simulated(app, request),
        Gateway::MercadoPago(provedor) => notified(app, provedor, request),
    }
}

fn simulated(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    let body: Notificacao = read_body(request)?;
    let mut errors = Errors::default();
    let id = errors.required("id", body.id);
    let action = errors.optional("action", body.action).flatten();
    let Identificador(id) = errors.or(id)?;
    let action = action.as_ref().map_or("", |Acao(a)| a);
    json::order(&confirmacao::simular(&app.store, &id, action, DataHora::agora())?, None)
}

/// The id in the address is the one that is signed; so the body's counts only where the address has none.
fn notified(app: &App, provedor: &MercadoPago, request: &Request<'_>) -> Result<Response, Error> {
    let id = request.parameter("data.id");
    let mut proof = None;
    if !provedor.settings.segredos.vazio() {
        let (signature, call) = (request.header("x-signature")?, request.header("x-request-id")?);
        let verified = provedor.settings.segredos.conferir(signature, id.as_deref(), call);
        proof = Some(verified.map_err(|reason| {
            METRICS.notification("unsigned");
            Error::Unsigned(format!(
                "{reason:?}, data.id {}",
                foreign(id.as_deref().unwrap_or_default(), SHORT)
            ))
        })?);
    }
    let notification = read_notification(&request.body)?;
    match subject(request, id, &notification) {
        Some(aviso) => {
            let is_new =
                confirmacao::avisar(&app.store, provedor, &aviso, proof.as_ref(), DataHora::agora())?;
            if is_new {
                app.sino.tocar();
            }
            METRICS.notification(if is_new { "taken" } else { "repeated" });
        }
        None => {
            log::info!("{} a notification about nothing that concerns orders", request.id);
            METRICS.notification("ignored");
        }
    }
    json(&true)
}

/// What counts of a notification, as it stands in the body; the rest is skipped, and nothing is copied.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawNotification<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    tipo: Option<&'a RawValue>,
    #[serde(borrow)]
    topic: Option<&'a RawValue>,
    #[serde(borrow)]
    action: Option<&'a RawValue>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

/// Any JSON will do, and none; what is no object says nothing.
fn read_notification(body: &[u8]) -> Result<RawNotification<'_>, Error> {
    let body = body.trim_ascii();
    if body.is_empty() {
        return Ok(RawNotification::default());
    }
    let malformed = |e: serde_json::Error| Error::Malformed(format!("JSON inválido na linha {}", e.line()));
    let json: &RawValue = serde_json::from_slice(body).map_err(malformed)?;
    if json.get().starts_with('{') {
        serde_json::from_str(json.get()).map_err(malformed)
    } else {
        Ok(RawNotification::default())
    }
}

/// Bytes of a text of a notification that counts, at most: an id, a word or a URL.
const TEXT_MAX: usize = 1024;

/// The text of a JSON string or number.
fn text_of(value: Option<&RawValue>) -> Option<String> {
    let json = value?.get();
    match json.as_bytes().first()? {
        _ if json.len() > TEXT_MAX => None,
        b'"' => serde_json::from_str(json).ok(),
        b'-' | b'0'..=b'9' => Some(json.to_owned()),
        _ => None,
    }
}

/// What a notification is about, in any of the shapes that there are.
fn subject(request: &Request<'_>, id: Option<Cow<'_, str>>, body: &RawNotification<'_>) -> Option<Aviso> {
    // IPN of old: `?topic=payment&id=1`, or a resource as a URL that ends in the id.
    let resource = || text_of(body.resource)?.rsplit('/').next().map(str::to_owned);
    let inside = || {
        let data = body.data.map(RawValue::get).filter(|json| json.starts_with('{'))?;
        text_of(serde_json::from_str::<RawNotification<'_>>(data).ok()?.id)
    };
    let id = id
        .map(Cow::into_owned)
        .or_else(inside)
        .or_else(|| request.parameter("id").map(Cow::into_owned))
        .or_else(resource);
    let Some(id) = id.filter(|id| e_id(id)) else {
        // The original's, by our own id.
        let ours = text_of(body.id).filter(|id| id.len() <= 255)?;
        return Some(Aviso::Referencia(ours));
    };
    let topic = request
        .parameter("type")
        .or_else(|| request.parameter("topic"))
        .map(Cow::into_owned)
        .or_else(|| text_of(body.tipo))
        .or_else(|| text_of(body.topic))
        .or_else(|| text_of(body.action))
        .unwrap_or_default();
    let topico = if id.starts_with("ORD") || topic == "order" || topic.starts_with("order.") {
        "order"
    } else if topic.contains("merchant_order") {
        "merchant_order"
    } else if topic.starts_with("payment") {
        "payment"
    } else {
        return None;
    };
    Some(Aviso::Externo { topico, id })
}
