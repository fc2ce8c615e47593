//! `POST /pedidos/status_pagamento`: notifications of a payment, from the provider or to the simulator. Tested by
//! `tests/api/notifications.rs`.

use std::borrow::Cow;

use super::{
    App,
    call::Call,
    endpoint::{
        Access::{self, Todos},
        Resource,
    },
    fields::{Acao, Errors, Identificador, Ignorado, body, read_body},
    json::{self, json},
    openapi::{header, nullable_string, string},
};
use crate::{
    acts::{SimulatedNews, notification},
    domain::{evento::Actor, pedido::PedidoView},
    error::Error,
    metrics::METRICS,
    payments::{OwnNotification, Webhook, WebhookRequest},
    server::{Request, Response},
    store::pedidos,
};

/// Its endpoint.
pub fn resource() -> Resource {
    Resource::new("Pagamentos").post("/pedidos/status_pagamento", Todos, webhook, |operation| {
        let signature = "The provider's signature; needed when a secret is set";
        operation
            .about(
                "A notification that there is news of a payment. With the simulator it decides: what was approved stays \
                 approved. With a provider set up every shape of its notifications is taken, none is believed, and what \
                 they are about is looked up there; the answer is `true`.",
            )
            .parameter(header("x-signature", nullable_string(), signature))
            .body::<Notificacao>()
            .ok::<Acolhida>()
            .ok_header("ETag", string(), "The version of the order, with the simulator")
            .problem(401, "The signature is missing or wrong; with the simulator and closed doors, a key is needed")
            .problem(403, "With the simulator and closed doors: the role «balcão» is needed, or a higher one")
            .problem(404, "")
            .problem(409, "")
            .problem(
                429,
                "More than `WEBHOOKS_PER_SECOND` from this address; again after `Retry-After` seconds",
            )
    })
}

body! {
    /// A notification, as the original system received it; or one of a provider's, which has `data` too.
    Notificacao {
        /// The order's `id_pagamento`; in a provider's own the number of the notification.
        #[schema(required)]
        id: Identificador,
        /// `state_FINISHED` approves, `state_CANCELED` refuses, anything else changes nothing. With a provider set up it
        /// only says that there is something to look at.
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

/// The answer to a notification: the order with the simulator, `true` with a provider.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what the two ways answer")]
pub enum Acolhida {
    Simulado(Box<PedidoView<'static>>),
    Notificado(bool),
}

fn webhook(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    app.webhook_rate.admit(request.client)?;
    let provider = app.payments.current();
    match provider.read_webhook(&Parts(request))? {
        Webhook::News(news) => {
            // Nothing proves where it comes from: where doors are closed somebody of the staff has to say it.
            request.check(app, Access::Balcao)?;
            let id = app.store.read(|conn| pedidos::of_payment(conn, &news.reference))?;
            let act = SimulatedNews { status: news.status, provider: provider.name() };
            let (pedido, _) = app.commands.run(id, Actor::Provider(provider.name()), act)?;
            json::order(&pedido, None)
        }
        Webhook::Notice(notice) => {
            let new = notification::take(&app.store, &app.commands, provider.name(), &notice)?;
            if new {
                app.bell.ring();
            }
            METRICS.notification(if new { "taken" } else { "repeated" });
            json(&true)
        }
        Webhook::Irrelevant => {
            log::info!("{} a notification about nothing that concerns orders", request.id);
            METRICS.notification("ignored");
            json(&true)
        }
    }
}

/// A request, taken apart for the provider that reads it.
struct Parts<'a>(&'a Request<'a>);

impl WebhookRequest for Parts<'_> {
    fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.parameter(name)
    }

    fn header(&self, name: &'static str) -> Result<Option<&str>, Error> {
        Ok(self.0.header(name)?)
    }

    fn body(&self) -> &[u8] {
        &self.0.body
    }

    fn own_notification(&self) -> Result<OwnNotification, Error> {
        let body: Notificacao = read_body(self.0)?;
        let mut errors = Errors::default();
        let id = errors.required("id", body.id);
        let action = errors.optional("action", body.action).flatten();
        let Identificador(id) = errors.or(id)?;
        Ok(OwnNotification { id, action: action.map_or_else(String::new, |Acao(action)| action) })
    }
}
