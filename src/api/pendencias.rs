//! `/pendencias`: all that needs a person, whatever it is about. Tested by `tests/api/webhooks.rs`.

use super::{
    App,
    call::Call,
    endpoint::{Access::Gerente, Resource},
    json::json,
};
use crate::{
    domain::pendencia::Assunto,
    error::Error,
    server::Response,
    store::{cobrancas, webhooks},
};

/// Matters that are shown at most: orders, and then what comes on top.
const MATTERS_MAX: i64 = 500;

/// Its endpoint.
pub fn resource() -> Resource {
    Resource::new("Operação").get("/pendencias", Gerente, list, |operation| {
        operation
            .about(
                "All that needs a person, the oldest matter first: orders whose money does (`/pedidos/pendencias` tells \
                 more of them), and receivers of webhooks that were switched off or did not take something.",
            )
            .list::<Assunto>()
    })
}

fn list(app: &App, _: &Call<'_>) -> Result<Response, Error> {
    let mut matters = app.store.read(|conn| {
        let mut matters: Vec<Assunto> =
            cobrancas::pending(conn, MATTERS_MAX)?.into_iter().map(Assunto::of_pedido).collect();
        matters.extend(webhooks::list(conn)?.iter().filter_map(Assunto::of_webhook));
        Ok(matters)
    })?;
    matters.sort_by_key(|matter| matter.desde);
    json(&matters)
}
