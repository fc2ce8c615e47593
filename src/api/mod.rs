//! The interface of the restaurant over HTTP: endpoints, bodies, problems, the OpenAPI document.
//!
//! ```text
//!  server ──▶ Site ──▶ routes ──▶ endpoint of a resource ──▶ act or store ──▶ answer ──▶ server
//!                                    │ fields: the body               │
//!                                    └ page, json: the result         └ problem: the error
//! ```
//!
//! - A handler is `fn(&App, &Call) -> Result<Response, Error>`, or gives a `Deferred` that a batch will
//!   answer.
//! - An endpoint is declared in one place, with its access and its description (`endpoint.rs`).
//! - One file a resource: `assinaturas`, `auditoria`, `chaves`, `clientes`, `dados`, `funcionarios`, `terminais`,
//!   `sessoes`, `produtos`, `pedidos`, `pagamentos`, `pendencias`, `live`, `restaurante`, `vendas`, `webhook`, `qrcode`,
//!   `docs`, `health`; and the pages of people are `screens`.
//!
//! Names in Portuguese are words of the interface, or of the domain. Tested by `tests/api`.

mod answer;
mod asset;
mod assinaturas;
mod auditoria;
mod call;
mod chaves;
mod clientes;
mod conversion;
mod credentials;
mod csv;
mod dados;
mod docs;
mod endpoint;
mod fields;
mod funcionarios;
mod health;
mod json;
mod live;
mod openapi;
mod operation;
mod order_page;
mod origins;
mod pagamentos;
mod page;
mod pedidos;
mod pendencias;
mod prazo;
mod problem;
mod produtos;
mod qrcode;
mod rate_limit;
mod restaurante;
mod routes;
mod saved;
mod screens;
mod sessoes;
mod shared;
mod terminais;
mod trail;
mod vendas;
mod webhook;

use std::sync::Arc;

pub use self::{
    endpoint::{Access, Endpoint},
    health::{Health, PROBE},
    openapi::openapi,
    origins::{Hosts, Origins},
    rate_limit::{RateLimit, TryRates},
    routes::table,
    shared::Shared,
    trail::Trail,
};
use crate::{
    access::Doors,
    acts::commands::Commands,
    bell::Bell,
    live::Hub,
    payments::Payments,
    server::{Answer, Handler, Refusal, Request, Response},
    store::Store,
};

/// All that a handler may touch.
pub struct App {
    /// The database.
    pub store: Arc<Store>,
    /// Reads that many requests share.
    pub shared: Arc<Shared>,
    /// Changes of orders, which share transactions.
    pub commands: Arc<Commands>,
    /// Of each client's checkouts.
    pub checkout_rate: RateLimit,
    /// Of each client's notifications.
    pub webhook_rate: RateLimit,
    /// What payments are made by.
    pub payments: Arc<Payments>,
    /// Wakes the workers that look after charges.
    pub bell: Arc<Bell>,
    /// Who may do what.
    pub doors: Arc<Doors>,
    /// Of what is tried to open doors.
    pub tries: TryRates,
    /// Where refusals are noted.
    pub trail: Trail,
    /// The origins whose pages may call.
    pub origins: Origins,
    /// The hosts that are answered.
    pub hosts: Hosts,
    /// Those that listen.
    pub live: Arc<Hub>,
    /// How the database is.
    pub health: Arc<Health>,
}

/// What one port answers.
pub struct Site {
    app: Arc<App>,
    probes: bool,
    rest: bool,
}

impl Site {
    /// Everything.
    pub fn whole(app: Arc<App>) -> Site {
        Site { app, probes: true, rest: true }
    }

    /// What customers and staff use.
    pub fn public(app: Arc<App>) -> Site {
        Site { app, probes: false, rest: true }
    }

    /// The probes and figures.
    pub fn operation(app: Arc<App>) -> Site {
        Site { app, probes: true, rest: false }
    }

    fn has(&self, request: &Request<'_>) -> bool {
        if is_probe(request) { self.probes } else { self.rest }
    }
}

impl Handler for Site {
    fn handle(&self, request: &Request<'_>) -> Answer {
        // The port of the operation has no doors: it is not for the public.
        if self.has(request) {
            routes::dispatch(&self.app, request, self.rest)
        } else {
            routes::refuse(request)
        }
    }

    fn refuse(&self, refusal: Refusal) -> Response {
        problem::of_refusal(refusal)
    }

    fn header_set(&self, request: &Request<'_>) -> usize {
        self.app.origins.header_set(request, routes::is_public(&self.app, request))
    }

    fn common_headers(&self, set: usize) -> &[u8] {
        self.app.origins.headers(set)
    }

    fn logged_path<'a>(&self, request: &Request<'a>) -> &'a str {
        screens::logged_path(request)
    }

    fn exempt(&self, request: &Request<'_>) -> bool {
        is_probe(request)
    }
}

fn is_probe(request: &Request<'_>) -> bool {
    matches!(&request.segments[..], [only] if ["livez", "readyz", "metrics"].contains(&only.as_ref()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{domain::texto, server::foreign};

    proptest! {
        /// What the domain leaves out of a text, the server's log must not show either; neither knows the
        /// other.
        #[test]
        fn the_log_shows_no_invisible_character(text in any::<String>()) {
            let shown = foreign(&text, text.len()).to_string();
            prop_assert!(!shown.chars().any(texto::is_invisible), "{}", shown);
        }
    }

    #[test]
    fn every_invisible_character_is_escaped_in_the_log() {
        for c in ('\0'..=char::MAX).filter(|c| texto::is_invisible(*c)) {
            assert!(foreign(&c.to_string(), 1).to_string().starts_with("\\u{"), "{c:?}");
        }
    }
}
