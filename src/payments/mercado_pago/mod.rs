//! Mercado Pago, through its Orders API: a charge is an order of type `qr` there.
//!
//! ```text
//!   charges    create, look, cancel, refund: one step of a charge; looks again where an answer was lost
//!     search   finds the orders of a reference
//!     client   HTTPS calls with a deadline: retries with exponential back-off and jitter, at most so many at a time,
//!       breaker  behind a circuit breaker
//!   orders     what is answered, read with patience     new_order   what is sent
//!   failure    refusals, and that there was no answer
//!   webhook    notifications in every shape there is    signature   the HMAC that proves them
//! ```
//!
//! The facts about the API, with sources and doubts, are in the fact sheet of the project; the stand-in under
//! `examples/mercado_pago` behaves by them.

mod breaker;
mod charges;
mod client;
mod failure;
mod new_order;
mod orders;
mod search;
mod signature;
mod webhook;

use std::time::{Duration, Instant};

use serde::Deserialize;

pub use self::signature::Secrets;
use self::{charges::Step, client::Client, failure::CallError};
use super::{NewCharge, Opened, Policy, Provider, Subject, Webhook, WebhookRequest};
use crate::{
    domain::{
        charge_report::Outcome,
        cobranca::{Cobranca, Operacao},
        pedido::Pedido,
    },
    error::Error,
    token_bucket::{Rate, TokenBucket},
};

/// The name by which its charges are stored.
pub const NAME: &str = "mercado_pago";
/// The name that people read.
pub const DISPLAY_NAME: &str = "Mercado Pago";

/// Calls a second of one process because of notifications, and how many at once: those about what nobody here
/// knows, and those without a signature about what is ours.
const UNKNOWN: (u32, u32) = (2, 5);
const UNSIGNED: (u32, u32) = (5, 20);

/// How to reach it, from the configuration.
pub struct Settings {
    /// Scheme and host of the API.
    pub url: String,
    /// PEM; `None` for the public certificates.
    pub ca_pem: Option<Vec<u8>>,
    /// The access token.
    pub token: String,
    /// `external_id` of the point of sale.
    pub point_of_sale: String,
    /// What signs its notifications; none where they are taken unsigned.
    pub secrets: Secrets,
    /// Seconds for which a QR code can be paid.
    pub validity_seconds: i64,
    /// How long a checkout waits for its QR code.
    pub checkout_wait: Duration,
    /// How long an operation in the background takes, with its repetitions.
    pub step_timeout: Duration,
    /// For a connection.
    pub connect_timeout: Duration,
    /// Calls at a time.
    pub calls_max: usize,
    /// Seconds between the first two looks at a charge that nobody has paid yet.
    pub first_poll_seconds: i64,
}

/// The provider with which payments are real.
pub struct MercadoPago {
    client: Client,
    settings: Settings,
    /// Look-ups of what notifications name and nobody here knows.
    unknown: TokenBucket,
    /// Look-ups of our charges that notifications without a signature provoke.
    unsigned: TokenBucket,
}

/// Anything of the API that leads to one of our payments.
#[derive(Deserialize)]
struct WithReference {
    external_reference: Option<String>,
}

impl MercadoPago {
    /// Fails when the certificates of the settings cannot be read.
    pub fn new(settings: Settings) -> Result<MercadoPago, String> {
        let bucket =
            |(per_second, burst)| TokenBucket::new(Rate::new(burst, Duration::from_secs(1) / per_second));
        let [unknown, unsigned] = [UNKNOWN, UNSIGNED].map(bucket);
        let client = Client::new(&settings).map_err(|error| format!("MERCADO_PAGO_CA_FILE: {error}"))?;
        Ok(MercadoPago { client, settings, unknown, unsigned })
    }
}

impl Provider for MercadoPago {
    fn name(&self) -> &'static str {
        NAME
    }

    fn display_name(&self) -> &'static str {
        DISPLAY_NAME
    }

    fn policy(&self) -> Policy {
        Policy {
            validity_seconds: self.settings.validity_seconds,
            checkout_wait: self.settings.checkout_wait,
            step_timeout: self.settings.step_timeout,
            first_poll_seconds: self.settings.first_poll_seconds,
        }
    }

    fn is_away(&self) -> bool {
        self.client.is_away()
    }

    fn notice(&self) -> Option<&'static str> {
        None
    }

    fn announce(&self) {
        if self.settings.url.starts_with("http://") {
            log::warn!("MERCADO_PAGO_URL is not https: the token travels unprotected");
        }
        if self.settings.secrets.is_empty() {
            log::warn!(
                "MERCADO_PAGO_WEBHOOK_UNSIGNED: notifications are not signed, and anyone can have an order looked \
                 up at Mercado Pago"
            );
        }
        log::info!("payments by Mercado Pago");
    }

    fn at_once(&self, _: &NewCharge<'_>) -> Option<Opened> {
        None
    }

    fn answers_at_once(&self) -> bool {
        false
    }

    fn execute(&self, operacao: Operacao, charge: &Cobranca, pedido: &Pedido, time: Duration) -> Outcome {
        let step = Step { charge, pedido, deadline: Instant::now() + time };
        self.step(operacao, &step).unwrap_or_else(CallError::into_outcome)
    }

    fn admits_subject(&self) -> bool {
        self.unknown.take()
    }

    fn subject(&self, topic: &str, id: &str) -> Subject {
        let resource = match topic {
            "order" => "/v1/orders",
            "payment" => "/v1/payments",
            _ => "/merchant_orders",
        };
        let deadline = Instant::now() + self.settings.step_timeout;
        match self.get::<WithReference>(&format!("{resource}/{}", encoded(id)), deadline) {
            Ok(found) => found.external_reference.map_or(Subject::Foreign, Subject::Reference),
            Err(CallError::Refused(_)) => Subject::NotFound,
            Err(CallError::Unauthorized(code)) => Subject::NoAnswer(code),
            Err(CallError::NoAnswer(none)) => Subject::NoAnswer(none.cause),
        }
    }

    fn read_webhook(&self, request: &dyn WebhookRequest) -> Result<Webhook, Error> {
        webhook::read(request, &self.settings.secrets, &self.unsigned)
    }
}

/// An id of the provider's as a segment of a path.
fn encoded(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}
