//! Calls to the provider's HTTP API: each with an end in sight, repeated where that is harmless, and none when there is
//! no hope. What is told of a call never holds the token.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use ureq::tls::{self, PemItem, RootCerts, TlsConfig};

use super::{breaker::Breaker, mercado_pago::Settings};
use crate::{
    backoff,
    metrics::METRICS,
    server::{PATH, foreign},
};

/// How often a call is made at most, and the pause before the first repetition; it doubles.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A whole answer; an order of Mercado Pago has a few kilobytes.
const ANSWER_MAX: u64 = 1 << 20;
/// Seconds that it may ask us to wait.
const WAIT_MAX: i64 = 300;
/// What an attempt needs at least to prove anything.
const FAIR: Duration = Duration::from_millis(250);
/// A call that has less time left than this is not begun.
const TOO_LATE: Duration = Duration::from_millis(20);

pub struct Client {
    agent: ureq::Agent,
    url: String,
    authorization: String,
    attempt: Duration,
    breaker: Breaker,
    running: AtomicUsize,
    running_max: usize,
}

pub struct Call<'a> {
    pub method: &'static str,
    /// Path and query.
    pub path: &'a str,
    /// The same for every repetition; without it the call must be one that changes nothing.
    pub key: Option<&'a str>,
    pub body: Option<&'a str>,
}

/// What the provider answered: not an error of the network, of the provider's own, or of haste.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    /// An attempt before this one was sent too, and what came of it is not known.
    pub repeated: bool,
}

/// Nobody knows whether it was done; to be tried again later, with the same key.
pub struct NoAnswer {
    /// For people, in Portuguese; details are in the log.
    pub cause: String,
    /// Seconds that the provider asks for.
    pub wait: Option<i64>,
    /// Whether an attempt may have reached the provider.
    pub sent: bool,
    /// It does not accept our token.
    pub unauthorized: bool,
}

impl Client {
    /// Fails when the certificates cannot be read.
    pub fn new(settings: &Settings) -> Result<Client, String> {
        let Settings { url, token, running_max, .. } = settings;
        let running_max = *running_max;
        let tls = TlsConfig::builder().root_certs(roots(settings.ca.as_deref())?).build();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .https_only(url.starts_with("https://"))
            // The token goes to one place only.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .tls_config(tls)
            .timeout_connect(Some(settings.connect))
            .max_idle_connections_per_host(running_max)
            .max_idle_connections(running_max)
            .user_agent(concat!("ambrosia/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Client {
            agent,
            url: url.trim_end_matches('/').to_owned(),
            authorization: format!("Bearer {token}"),
            // Two attempts at least fit into an operation.
            attempt: settings.timeout / 2,
            breaker: Breaker::default(),
            running: AtomicUsize::new(0),
            running_max,
        })
    }

    /// Calls until there is an answer or the deadline is near.
    pub fn call(&self, call: &Call<'_>, deadline: Instant) -> Result<Answer, NoAnswer> {
        let mut number = 0;
        loop {
            number += 1;
            let repeated = number > 1;
            let failure = match self.attempt(call, deadline) {
                Ok(Ok(answer)) => return Ok(Answer { repeated, ..answer }),
                Ok(Err(failure)) => failure,
                Err(unasked) => return Err(NoAnswer { sent: repeated, ..unasked }),
            };
            let pause = backoff::pause(PAUSE, PAUSE_MAX, number)
                .max(Duration::from_secs(failure.wait.unwrap_or(0).unsigned_abs()));
            if number == ATTEMPTS || Instant::now() + pause + TOO_LATE >= deadline {
                return Err(failure);
            }
            thread::sleep(pause);
        }
    }

    /// The inner failure is one after which another attempt may help.
    fn attempt(&self, call: &Call<'_>, deadline: Instant) -> Result<Result<Answer, NoAnswer>, NoAnswer> {
        let start = Instant::now();
        let time = deadline.saturating_duration_since(start).min(self.attempt);
        if time < TOO_LATE {
            return Err(NoAnswer::of("não houve tempo para perguntar"));
        }
        let Some(_place) = self.place() else {
            return Err(NoAnswer::of("há perguntas demais ao mesmo tempo"));
        };
        if !self.breaker.allows(start) {
            return Err(NoAnswer::of("o provedor falha; não foi perguntado"));
        }
        let sent = self.send(call, time);
        let outcome = match &sent {
            Ok((200..=299, ..)) => "ok",
            Ok((500.., ..)) | Err(_) => "failed",
            Ok(_) => "refused",
        };
        METRICS.provider(call.method, outcome, start);
        match &sent {
            Ok((status @ (408 | 423 | 425 | 429 | 500..), ..)) => {
                log::warn!("{} {}: HTTP {status}", call.method, foreign(path_only(call.path), PATH));
            }
            Ok((status, ..)) => note_access(*status),
            Err(error) => {
                let (path, error) = (foreign(path_only(call.path), PATH), error.to_string());
                log::warn!("{} {path}: {}", call.method, foreign(&error, PATH));
            }
        }
        match sent {
            Ok((status, wait, _)) if status >= 500 => {
                self.breaker.failed(Instant::now());
                Ok(Err(NoAnswer { wait, ..NoAnswer::of(&format!("HTTP {status}")) }))
            }
            Ok((status, wait, body)) => {
                self.breaker.succeeded();
                // Too early, locked by the same key, too many: it works, and says so.
                let later = matches!(status, 408 | 423 | 425 | 429);
                Ok(if later {
                    Err(NoAnswer { wait, ..NoAnswer::of(&format!("HTTP {status}")) })
                } else {
                    Ok(Answer { status, body, repeated: false })
                })
            }
            Err(error) => {
                // Of one that had hardly any time nobody can say that it failed.
                if time >= FAIR || !matches!(error, ureq::Error::Timeout(_)) {
                    self.breaker.failed(Instant::now());
                }
                let cause = match error {
                    ureq::Error::Timeout(_) => "não respondeu a tempo",
                    _ => "a conexão falhou",
                };
                Ok(Err(NoAnswer::of(cause)))
            }
        }
    }

    /// Status, the seconds of `Retry-After`, body.
    fn send(&self, call: &Call<'_>, time: Duration) -> Result<(u16, Option<i64>, Vec<u8>), ureq::Error> {
        let mut request = ureq::http::Request::builder()
            .method(call.method)
            .uri(format!("{}{}", self.url, call.path))
            .header("Authorization", &self.authorization)
            .header("Accept", "application/json");
        if let Some(key) = call.key {
            request = request.header("X-Idempotency-Key", key);
        }
        let within = Some(time);
        let mut response = match call.body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json").body(body)?;
                self.agent.run(self.agent.configure_request(request).timeout_global(within).build())?
            }
            None if call.method == "GET" => {
                let request = request.body(())?;
                self.agent.run(self.agent.configure_request(request).timeout_global(within).build())?
            }
            None => {
                let request = request.body("")?;
                self.agent.run(self.agent.configure_request(request).timeout_global(within).build())?
            }
        };
        let wait = response.headers().get("retry-after").and_then(|v| v.to_str().ok()?.trim().parse().ok());
        let wait = wait.map(|seconds: i64| seconds.clamp(0, WAIT_MAX));
        let body = response.body_mut().with_config().limit(ANSWER_MAX).read_to_vec()?;
        Ok((response.status().as_u16(), wait, body))
    }

    /// A place among the calls in flight; given back when it is dropped.
    fn place(&self) -> Option<Place<'_>> {
        let place = Place(&self.running);
        let before = self.running.fetch_add(1, Ordering::AcqRel);
        (before < self.running_max).then_some(place)
    }
}

struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl NoAnswer {
    pub fn of(cause: &str) -> NoAnswer {
        NoAnswer { cause: cause.to_owned(), wait: None, sent: true, unauthorized: false }
    }
}

/// Tells once, and not at every call, that the token is refused, and that it is accepted again.
fn note_access(status: u16) {
    let refused = matches!(status, 401 | 403);
    if METRICS.provider_unauthorized(refused) == refused {
        return;
    }
    if refused {
        log::warn!("the payment provider refuses the access token (HTTP {status}): see MERCADO_PAGO_TOKEN");
    } else {
        log::info!("the payment provider accepts the access token again");
    }
}

fn roots(pem: Option<&[u8]>) -> Result<RootCerts, String> {
    let Some(pem) = pem else { return Ok(RootCerts::WebPki) };
    let certificates: Vec<_> = tls::parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(error) => Some(Err(error.to_string())),
        })
        .collect::<Result<_, _>>()?;
    if certificates.is_empty() {
        return Err("it holds no certificate".into());
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

fn path_only(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}
