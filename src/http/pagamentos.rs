//! The payment of an order: its status, and the provider's notifications.

use super::{
    App,
    campo::{Acao, Erros, Identificador, Ignorado, corpo, ler_corpo},
    request::Request,
    response::{self, Problema, Response},
};
use crate::{
    domain::{data_hora::DataHora, pedido::Pedido},
    error::Error,
    store::pedidos,
    use_cases::confirmacao,
};

corpo! {
    /// A notification, as the original system received it.
    Notificacao {
        /// The order's `id_pagamento`.
        #[schema(required)]
        id: Identificador,
        /// `state_FINISHED` approves, `state_CANCELED` refuses, anything else changes nothing.
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

/// The provider's notification of a payment. A payment that was approved stays approved.
#[utoipa::path(post, path = "/pedidos/status_pagamento", tag = "Pagamentos", request_body = Notificacao,
    responses((status = 200, body = Pedido, headers(("ETag" = String, description = "The version of the order"))),
        (status = 404, body = Problema), (status = 409, body = Problema), (status = 422, body = Problema)))]
pub fn webhook(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    let corpo: Notificacao = ler_corpo(request)?;
    let mut erros = Erros::default();
    let id = erros.obrigatorio("id", corpo.id);
    let action = erros.opcional("action", corpo.action).flatten();
    let Identificador(id) = erros.ou(id)?;
    let noticia = app.gateway.noticia(&id, action.as_ref().map_or("", |Acao(a)| a));
    response::pedido(&confirmacao::confirmar(&app.store, &noticia, DataHora::agora())?, request)
}

/// The status of an order's payment, as a text: `"1"` sent, `"2"` approved, `"3"` refused, `"4"` refunded.
#[utoipa::path(get, path = "/pedidos/{id}/status_pagamento", tag = "Pagamentos", params(("id" = i64, Path, minimum = 1)),
    responses((status = 200, body = String, content_type = "application/json", example = json!("1")), (status = 404, body = Problema), (status = 422, body = Problema)))]
pub fn status(app: &App, _: &Request<'_>, id: i64) -> Result<Response, Error> {
    let status = app.store.read(|conn| pedidos::status_pagamento(conn, id))?;
    response::json(&(status as i64).to_string())
}
