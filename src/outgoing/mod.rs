//! One try of an outgoing webhook: an HTTP POST, signed as Standard Webhooks 1.0 says (`signature`), to an address that is
//! checked when it is resolved (`guard`). Which event goes when to whom is decided elsewhere (`acts/outbox.rs`).
//!
//! - 2xx within `TIMEOUT` is success. A redirection is not followed: it could lead to where the guard would not.
//! - Of an answer the status counts; of its body a few kilobytes are read, so that the connection can be used again.
//! - What is said of a failure names neither address nor secret.
//!
//! Tested by `tests/api/webhooks.rs`.

mod guard;
mod signature;

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use ureq::{
    tls::{RootCerts, TlsConfig},
    unversioned::{
        resolver::{DefaultResolver, Resolver},
        transport::DefaultConnector,
    },
};

use self::guard::Guard;
pub use self::{
    guard::is_public,
    signature::{new_secret, sign},
};
use crate::{
    domain::webhook::{Alvo, Segredo},
    metrics::METRICS,
};

/// Of one try, from the look-up of the name to the head of the answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// For the body of an answer.
const BODY_TIMEOUT: Duration = Duration::from_secs(1);
/// Bytes of an answer's body that are read at most, and of its head.
const BODY_MAX: u64 = 4 << 10;
const HEAD_MAX: usize = 16 << 10;
/// Connections that are kept for the next event: in all, and to one host.
const KEPT: usize = 16;
const KEPT_PER_HOST: usize = 2;

/// Sends; shared by all threads.
pub struct Sender {
    agent: ureq::Agent,
}

/// What is sent in all tries of one event to one receiver, and the second of this try.
pub struct Message<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`, since 1970.
    pub seconds: i64,
    /// JSON.
    pub body: &'a str,
}

/// What came of a try.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Taken,
    /// 410: the receiver wants nothing any more.
    Refused,
    /// In Portuguese.
    Failed(String),
}

impl Outcome {
    fn name(&self) -> &'static str {
        match self {
            Outcome::Taken => "ok",
            Outcome::Refused => "refused",
            Outcome::Failed(_) => "failed",
        }
    }
}

impl Sender {
    /// To public addresses, and with `private` to all.
    pub fn new(private: bool) -> Sender {
        Sender::resolving(DefaultResolver::default(), if private { |_| true } else { is_public })
    }

    /// By this resolver, to the addresses that `allows`.
    pub fn resolving(resolver: impl Resolver, allows: fn(IpAddr) -> bool) -> Sender {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A proxy would resolve names itself.
            .proxy(None)
            .tls_config(TlsConfig::builder().root_certs(RootCerts::WebPki).build())
            .timeout_global(Some(TIMEOUT))
            .timeout_recv_body(Some(BODY_TIMEOUT))
            .max_response_header_size(HEAD_MAX)
            .input_buffer_size(HEAD_MAX)
            .output_buffer_size(HEAD_MAX)
            .max_idle_connections(KEPT)
            .max_idle_connections_per_host(KEPT_PER_HOST)
            .user_agent(concat!("ambrosia/", env!("CARGO_PKG_VERSION")))
            .build();
        let guard = Guard { resolver, allows };
        Sender { agent: ureq::Agent::with_parts(config, DefaultConnector::default(), guard) }
    }

    /// Tries once.
    pub fn send(&self, url: &Alvo, message: &Message<'_>, secrets: &[&Segredo]) -> Outcome {
        let start = Instant::now();
        let outcome = match self.post(url, message, secrets) {
            Ok(200..=299) => Outcome::Taken,
            Ok(410) => Outcome::Refused,
            Ok(status @ 300..=399) => {
                Outcome::Failed(format!("HTTP {status}: redirecionamentos não são seguidos"))
            }
            Ok(status) => Outcome::Failed(format!("HTTP {status}")),
            Err(error) => Outcome::Failed(in_words(&error)),
        };
        METRICS.webhook(outcome.name(), start);
        outcome
    }

    /// The status of the answer.
    fn post(&self, url: &Alvo, message: &Message<'_>, secrets: &[&Segredo]) -> Result<u16, ureq::Error> {
        let mut response = self
            .agent
            .post(url.as_str())
            .header("Content-Type", "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.seconds.to_string())
            .header("webhook-signature", sign(message, secrets))
            .send(message.body)?;
        // What is longer, or late, closes the connection.
        let _ = response.body_mut().with_config().limit(BODY_MAX).read_to_vec();
        Ok(response.status().as_u16())
    }
}

/// For people, in Portuguese.
fn in_words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("não respondeu em {} s", TIMEOUT.as_secs()),
        ureq::Error::HostNotFound => "o nome não existe".to_owned(),
        ureq::Error::Other(cause) if cause.is::<guard::Forbidden>() => {
            "o endereço é privado: é permitido só com WEBHOOKS_PRIVATE=true".to_owned()
        }
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "o certificado não vale".to_owned(),
        ureq::Error::Io(_) | ureq::Error::ConnectionFailed => "a conexão falhou".to_owned(),
        _ => "a resposta não é HTTP".to_owned(),
    }
}
