//! Calls of the HTTP API, each with a deadline: retried with exponential back-off and jitter under one
//! idempotency key, limited in number, and held back by a circuit breaker. What is logged of a call never
//! holds the token.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use ureq::tls::{self, PemItem, RootCerts, TlsConfig};

use super::{Settings, breaker::Breaker};
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
/// Seconds that are waited at most when the provider asks for it.
const WAIT_MAX: i64 = 300;
/// What an attempt needs at least to prove anything.
const FAIR: Duration = Duration::from_millis(250);
/// A call that has less time left than this is not begun.
const TOO_LATE: Duration = Duration::from_millis(20);

/// A client of the API. Any number of threads call at the same time; `calls_max` of them are in flight.
pub struct Client {
    agent: ureq::Agent,
    url: String,
    authorization: String,
    attempt_timeout: Duration,
    breaker: Breaker,
    running: AtomicUsize,
    calls_max: usize,
}

/// One call of the API.
pub struct Call<'a> {
    /// The HTTP method.
    pub method: &'static str,
    /// Path and query.
    pub path: &'a str,
    /// The idempotency key, the same for every repetition; without it the call must be one that changes
    /// nothing.
    pub key: Option<&'a str>,
    /// JSON.
    pub body: Option<&'a str>,
}

/// What the provider answered: not an error of the network, of the provider's own, or of haste.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as it came.
    pub body: Vec<u8>,
    /// An attempt before this one was sent too, and what came of it is not known.
    pub repeated: bool,
}

impl Answer {
    /// The fault is in the token, and not in what was asked.
    pub fn refuses_token(&self) -> bool {
        refuses_token(self.status, &self.body)
    }
}

/// A refund that the account may not make is refused with 401 too, and the token is good all the same.
fn refuses_token(status: u16, body: &[u8]) -> bool {
    matches!(status, 401 | 403) && error_code(body).as_deref() != Some("user_not_authorized")
}

/// The code in the body of a refusal, in either of the shapes that Mercado Pago's APIs have.
pub fn error_code(body: &[u8]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let text = |v: &serde_json::Value| v.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    text(&json["errors"][0]["code"])
        .or_else(|| text(&json["cause"][0]["code"]))
        .or_else(|| text(&json["error"]))
        .or_else(|| text(&json["code"]))
}

/// Nobody knows whether it was done; to be tried again later, with the same key.
pub struct NoAnswer {
    /// For people, in Portuguese; details are in the log.
    pub cause: String,
    /// Seconds that the provider asks for.
    pub wait_seconds: Option<i64>,
    /// Whether an attempt may have reached the provider.
    pub sent: bool,
}

/// Why one attempt came to nothing.
enum AttemptError {
    /// It was not begun; nor will be another one.
    NotBegun(NoAnswer),
    /// It failed in a way after which another attempt may help.
    Failed(NoAnswer),
}

/// What an attempt was answered, of whatever status.
struct Received {
    status: u16,
    /// Of `Retry-After`.
    wait_seconds: Option<i64>,
    body: Vec<u8>,
}

impl Client {
    /// Fails when the certificates cannot be read.
    pub fn new(settings: &Settings) -> Result<Client, String> {
        let Settings { url, token, calls_max, .. } = settings;
        let calls_max = *calls_max;
        let tls = TlsConfig::builder().root_certs(roots(settings.ca_pem.as_deref())?).build();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .https_only(url.starts_with("https://"))
            // The token goes to one place only.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .tls_config(tls)
            .timeout_connect(Some(settings.connect_timeout))
            .max_idle_connections_per_host(calls_max)
            .max_idle_connections(calls_max)
            .user_agent(concat!("ambrosia/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Client {
            agent,
            url: url.trim_end_matches('/').to_owned(),
            authorization: format!("Bearer {token}"),
            // Two attempts at least fit into an operation.
            attempt_timeout: settings.step_timeout / 2,
            breaker: Breaker::default(),
            running: AtomicUsize::new(0),
            calls_max,
        })
    }

    /// Calls until there is an answer or the deadline is near.
    pub fn call(&self, call: &Call<'_>, deadline: Instant) -> Result<Answer, NoAnswer> {
        let mut number = 0;
        loop {
            number += 1;
            let repeated = number > 1;
            let failure = match self.attempt(call, deadline) {
                Ok(answer) => return Ok(Answer { repeated, ..answer }),
                Err(AttemptError::NotBegun(none)) => return Err(NoAnswer { sent: repeated, ..none }),
                Err(AttemptError::Failed(failure)) => failure,
            };
            let pause = backoff::pause(PAUSE, PAUSE_MAX, number)
                .max(Duration::from_secs(failure.wait_seconds.unwrap_or(0).unsigned_abs()));
            if number == ATTEMPTS || Instant::now() + pause + TOO_LATE >= deadline {
                return Err(failure);
            }
            thread::sleep(pause);
        }
    }

    /// Whether the provider fails, and calls are held back.
    pub fn is_away(&self) -> bool {
        self.breaker.is_open()
    }

    fn attempt(&self, call: &Call<'_>, deadline: Instant) -> Result<Answer, AttemptError> {
        let not_begun = |cause| AttemptError::NotBegun(NoAnswer::of(cause));
        let start = Instant::now();
        let time = deadline.saturating_duration_since(start).min(self.attempt_timeout);
        if time < TOO_LATE {
            return Err(not_begun("não houve tempo para perguntar"));
        }
        let Some(_place) = self.place() else {
            return Err(not_begun("há perguntas demais ao mesmo tempo"));
        };
        if !self.breaker.allows(start) {
            return Err(not_begun("o provedor falha; não foi perguntado"));
        }
        let received = self.send(call, time);
        note(call, &received, start);
        self.judge(received, time).map_err(AttemptError::Failed)
    }

    /// What an attempt that had `time` says of the provider, to the circuit breaker and to the caller.
    fn judge(&self, received: Result<Received, ureq::Error>, time: Duration) -> Result<Answer, NoAnswer> {
        match received {
            Ok(Received { status, wait_seconds, .. }) if status >= 500 => {
                self.breaker.failed(Instant::now());
                Err(NoAnswer { wait_seconds, ..NoAnswer::of(&format!("HTTP {status}")) })
            }
            Ok(Received { status, wait_seconds, body }) => {
                self.breaker.succeeded();
                // Too early, locked by the same key, too many: it works, and says so.
                if matches!(status, 408 | 423 | 425 | 429) {
                    Err(NoAnswer { wait_seconds, ..NoAnswer::of(&format!("HTTP {status}")) })
                } else {
                    Ok(Answer { status, body, repeated: false })
                }
            }
            Err(error) => {
                // Of one that had hardly any time nobody can say that it failed.
                if time >= FAIR || !matches!(error, ureq::Error::Timeout(_)) {
                    self.breaker.failed(Instant::now());
                }
                Err(NoAnswer::of(match error {
                    ureq::Error::Timeout(_) => "não respondeu a tempo",
                    _ => "a conexão falhou",
                }))
            }
        }
    }

    fn send(&self, call: &Call<'_>, time: Duration) -> Result<Received, ureq::Error> {
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
        let wait_seconds = wait.map(|seconds: i64| seconds.clamp(0, WAIT_MAX));
        let body = response.body_mut().with_config().limit(ANSWER_MAX).read_to_vec()?;
        Ok(Received { status: response.status().as_u16(), wait_seconds, body })
    }

    /// A place among the calls in flight; given back when it is dropped.
    fn place(&self) -> Option<Place<'_>> {
        let place = Place(&self.running);
        let before = self.running.fetch_add(1, Ordering::AcqRel);
        (before < self.calls_max).then_some(place)
    }
}

struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl NoAnswer {
    /// Of a call that may have reached the provider.
    pub fn of(cause: &str) -> NoAnswer {
        NoAnswer { cause: cause.to_owned(), wait_seconds: None, sent: true }
    }
}

/// Counts an attempt, and logs one that failed.
fn note(call: &Call<'_>, received: &Result<Received, ureq::Error>, start: Instant) {
    let status = received.as_ref().map(|r| r.status);
    let outcome = match status {
        Ok(200..=299) => "ok",
        Ok(500..) | Err(_) => "failed",
        Ok(_) => "refused",
    };
    METRICS.provider(call.method, outcome, start);
    let path = foreign(path_only(call.path), PATH);
    match status {
        Ok(status @ (408 | 423 | 425 | 429 | 500..)) => log::warn!("{} {path}: HTTP {status}", call.method),
        Ok(401 | 403) if !received.as_ref().is_ok_and(|r| refuses_token(r.status, &r.body)) => {}
        Ok(status) => note_access(status),
        Err(error) => log::warn!("{} {path}: {}", call.method, foreign(&error.to_string(), PATH)),
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
