//! The payment of an order: its status, the counter's money, refunds, and the provider's notifications.

use std::borrow::Cow;

use super::{
    App, Owed,
    campo::{
        Acao, Erros, Identificador, Ignorado, MeioNoBalcao, Motivo, Preco, Responsavel, corpo, ler_corpo,
    },
    request::Request,
    response::{self, Problema, Response},
};
use crate::{
    domain::{data_hora::DataHora, pedido::Pedido, pendencia::Pendencia},
    error::Error,
    metrics::METRICS,
    payments::{OwnNotification, Webhook, WebhookRequest},
    store::{cobrancas, pedidos},
    use_cases::{
        cancelamento::{self, Pedida},
        confirmacao, recebimento,
    },
};

/// Matters for the staff that are shown at most.
const PENDENCIAS_MAX: i64 = 500;

corpo! {
    /// A notification, as the original system received it; or one of the payment provider's, which has `data` too.
    Notificacao {
        /// The order's `id_pagamento`; in the provider's own the number of the notification.
        #[schema(required)]
        id: Identificador,
        /// `state_FINISHED` approves, `state_CANCELED` refuses, anything else changes nothing. With a provider set up it only
        /// says that there is something to look at.
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

corpo! {
    /// Money taken at the counter.
    Recebimento {
        #[schema(required)]
        meio: MeioNoBalcao,
        /// Who took it.
        #[schema(required)]
        responsavel: Responsavel,
    }
}

corpo! {
    Cancelamento {
        /// Why, for the history of the order.
        #[schema(required)]
        motivo: Motivo,
    }
}

corpo! {
    Reembolso {
        /// What was paid at most, less what went back already.
        #[schema(required)]
        valor: Preco,
        #[schema(required)]
        motivo: Motivo,
    }
}

/// The answer to a notification: the order with the simulator, `true` with a provider.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what the two ways answer")]
pub enum Acolhida {
    Simulado(Box<Pedido>),
    Notificado(bool),
}

/// A notification that there is news of a payment. With the simulator it decides: what was approved stays approved. With a
/// provider set up every shape of its notifications is taken, none is believed, and what they are about is looked up there;
/// the answer is `true`.
#[utoipa::path(post, path = "/pedidos/status_pagamento", tag = "Pagamentos", request_body = Notificacao,
    params(("x-signature" = Option<String>, Header, description = "The provider's signature; needed when a secret is set")),
    responses((status = 200, body = Acolhida, headers(("ETag" = String, description = "The version of the order, with the simulator"))),
        (status = 401, body = Problema, description = "The signature is missing or wrong"),
        (status = 404, body = Problema), (status = 409, body = Problema), (status = 422, body = Problema),
        (status = 429, body = Problema, description = "More than `WEBHOOKS_PER_SECOND` from this address; again after `Retry-After` seconds")))]
pub fn webhook(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    app.webhook_rate.admit(request.client)?;
    match app.provider.read_webhook(&Parts(request))? {
        Webhook::News(news) => {
            response::pedido(&confirmacao::noticiar(&app.store, &news, DataHora::agora())?, None)
        }
        Webhook::Notice(notice) => {
            let new = confirmacao::avisar(&app.store, &notice, DataHora::agora())?;
            if new {
                app.sino.tocar();
            }
            METRICS.notification(if new { "taken" } else { "repeated" });
            response::json(&true)
        }
        Webhook::Irrelevant => {
            log::info!("{} a notification about nothing that concerns orders", request.id);
            METRICS.notification("ignored");
            response::json(&true)
        }
    }
}

/// A request, taken apart for the provider that reads it.
struct Parts<'a>(&'a Request<'a>);

impl WebhookRequest for Parts<'_> {
    fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.parameter(name)
    }

    fn header(&self, name: &str) -> Result<Option<&str>, Error> {
        self.0.header(name)
    }

    fn body(&self) -> &[u8] {
        &self.0.body
    }

    fn own_notification(&self) -> Result<OwnNotification, Error> {
        let corpo: Notificacao = ler_corpo(self.0)?;
        let mut erros = Erros::default();
        let id = erros.obrigatorio("id", corpo.id);
        let action = erros.opcional("action", corpo.action).flatten();
        let Identificador(id) = erros.ou(id)?;
        Ok(OwnNotification { id, action: action.map_or_else(String::new, |Acao(action)| action) })
    }
}

/// Records money that was taken at the counter. A QR code that is still open is withdrawn.
#[utoipa::path(post, path = "/pedidos/{id}/pagamento", tag = "Pagamentos", request_body = Recebimento,
    params(("id" = i64, Path, minimum = 1), ("If-Match" = Option<String>, Header, description = "The `ETag` last seen")),
    responses((status = 200, body = Pedido, headers(("ETag" = String, description = "The version of the order"))),
        (status = 404, body = Problema), (status = 409, body = Problema, description = "It is paid, or cancelled"),
        (status = 412, body = Problema), (status = 422, body = Problema)))]
pub fn receber(app: &App, request: &Request<'_>, id: i64) -> Result<Response, Error> {
    let corpo: Recebimento = ler_corpo(request)?;
    let mut erros = Erros::default();
    let meio = erros.obrigatorio("meio", corpo.meio);
    let responsavel = erros.obrigatorio("responsavel", corpo.responsavel);
    let (MeioNoBalcao(meio), Responsavel(responsavel)) = erros.ou(meio.zip(responsavel))?;
    let vista = super::pedidos::vista(request)?;
    let pedido = recebimento::receber(&app.store, id, (meio, &responsavel), &vista, DataHora::agora())?;
    app.sino.tocar();
    response::pedido(&pedido, None)
}

/// Cancels an order and gives the money back, if it was paid: at the provider for a QR code, at the counter otherwise. An
/// order that waits for its refund is `Cancelado` and still `Aprovado`; it becomes `Reembolsado` by itself.
#[utoipa::path(post, path = "/pedidos/{id}/cancelamento", tag = "Pagamentos", request_body = Cancelamento,
    params(("id" = i64, Path, minimum = 1), ("If-Match" = Option<String>, Header, description = "The `ETag` last seen")),
    responses((status = 200, body = Pedido, headers(("ETag" = String, description = "The version of the order"))),
        (status = 404, body = Problema), (status = 409, body = Problema, description = "The customer has it already: `reembolso` gives money back"),
        (status = 412, body = Problema), (status = 422, body = Problema)))]
pub fn cancelar(app: &App, request: &Request<'_>, id: i64) -> Result<Response, Error> {
    let corpo: Cancelamento = ler_corpo(request)?;
    let mut erros = Erros::default();
    let motivo = erros.obrigatorio("motivo", corpo.motivo);
    let Motivo(motivo) = erros.ou(motivo)?;
    let pedida = Pedida::ComReembolso { motivo: &motivo };
    let vista = super::pedidos::vista(request)?;
    let pedido = cancelamento::cancelar(&app.store, &*app.provider, id, &pedida, &vista, DataHora::agora())?;
    response::pedido(&pedido, None)
}

/// Gives back a payment by QR code, at the provider: a part of it, or the whole. The order stays as it is, also one that
/// was delivered; `status_pagamento` becomes `Reembolsado` when all went back. `If-Match` is needed: two taps must not give
/// back twice.
#[utoipa::path(post, path = "/pedidos/{id}/reembolso", tag = "Pagamentos", request_body = Reembolso,
    params(("id" = i64, Path, minimum = 1), ("If-Match" = Option<String>, Header, description = "The `ETag` last seen; needed")),
    responses((status = 200, body = Pedido, headers(("ETag" = String, description = "The version of the order"))),
        (status = 404, body = Problema), (status = 409, body = Problema, description = "There is no such payment, it is less, or a refund is under way"),
        (status = 412, body = Problema), (status = 422, body = Problema)))]
pub fn reembolsar(app: &App, request: &Request<'_>, id: i64) -> Result<Response, Error> {
    let corpo: Reembolso = ler_corpo(request)?;
    let mut erros = Erros::default();
    let valor = erros.obrigatorio("valor", corpo.valor);
    let motivo = erros.obrigatorio("motivo", corpo.motivo);
    let (Preco(valor), Motivo(motivo)) = erros.ou(valor.zip(motivo))?;
    let vista = super::pedidos::vista(request)?;
    app.store.read(|conn| pedidos::existe(conn, id))?;
    if vista.is_none() {
        let mensagem = "é obrigatório aqui: o ETag do pedido, para que dois toques não devolvam duas vezes";
        return Err(Error::invalid("If-Match", mensagem));
    }
    let pedido = cancelamento::reembolsar(
        &app.store,
        &*app.provider,
        id,
        (valor, &motivo),
        &vista,
        DataHora::agora(),
    )?;
    response::pedido(&pedido, None)
}

/// Orders whose money needs a person, the oldest matter first.
#[utoipa::path(get, path = "/pedidos/pendencias", tag = "Pagamentos", responses((status = 200, body = [Pendencia])))]
pub fn pendencias(app: &App, _: &Request<'_>) -> Result<Response, Error> {
    response::json(&app.store.read(|conn| cobrancas::pendentes(conn, PENDENCIAS_MAX))?)
}

/// Takes an order off the list of those that need a person: somebody saw to it. Was it a refund that the provider refuses,
/// then the money was given back at the counter, and the provider is not asked any more; to have it asked once more, cancel
/// the order again. 409 while the provider may still do it. Again is the same.
#[utoipa::path(delete, path = "/pedidos/{id}/pendencia", tag = "Pagamentos", params(("id" = i64, Path, minimum = 1)),
    responses((status = 200, body = bool, content_type = "application/json"), (status = 404, body = Problema),
        (status = 409, body = Problema, description = "A refund is under way"), (status = 422, body = Problema)))]
pub fn resolver(app: &App, _: &Request<'_>, id: i64) -> Result<Response, Error> {
    cancelamento::resolve(&app.store, id, DataHora::agora())?;
    response::json(&true)
}

/// The status of an order's payment, as a text: `"1"` sent, `"2"` approved, `"3"` refused, `"4"` refunded.
#[utoipa::path(get, path = "/pedidos/{id}/status_pagamento", tag = "Pagamentos", params(("id" = i64, Path, minimum = 1)),
    responses((status = 200, body = String, content_type = "application/json", example = json!("1")), (status = 404, body = Problema), (status = 422, body = Problema)))]
pub fn status(app: &App, _: &Request<'_>, id: i64, owed: Owed) {
    app.shared.status.ask(id, move |status| {
        owed.give_at_once(status.and_then(|status| response::json(&(status as i64).to_string())));
    });
}
