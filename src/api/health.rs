//! How the process is: for what restarts it, for what sends it requests, and for Prometheus. Tested by
//! `tests/api/operation.rs`.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use utoipa::PartialSchema;

use super::{
    App,
    call::Call,
    endpoint::{
        Access::{Maquina, Todos},
        Resource,
    },
    problem::problem,
};
use crate::{
    clock,
    domain::pedido::StatusPedido,
    error::{Error, FieldError},
    metrics::{METRICS, Restaurant, Sample},
    server::{Request, Response},
    store::{NodeState, Store, Unusable, cobrancas, lists, outbox, webhooks},
};

/// Between two questions to the database, and how old an answer may be that still counts.
pub const PROBE: Duration = Duration::from_secs(1);
const STALE: Duration = Duration::from_secs(5);

/// What the database answered last, asked by a thread of its own: a probe does not wait.
#[derive(Default)]
pub struct Health(Mutex<Option<(Instant, Option<Unusable>)>>);

impl Health {
    /// The database answered, or failed to.
    pub fn heard(&self, answer: Result<(), Unusable>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), answer.err()));
    }

    /// What is wrong, for anyone to read; causes go to the log.
    pub fn fault(&self) -> Option<&'static str> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((when, fault)) if when.elapsed() < STALE => fault.as_ref().map(|why| match why {
                Unusable::State(NodeState::ReadOnly) => "só aceita leitura",
                Unusable::State(NodeState::OutOfCluster) => "está fora do seu cluster",
                Unusable::State(NodeState::Writable) | Unusable::Silent(_) => "não responde",
            }),
            _ => Some("não responde há algum tempo"),
        }
    }
}

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Operação")
        .get("/livez", Todos, livez, |operation| {
            operation.about("The process runs.").ok_as("text/plain", String::schema())
        })
        .get("/readyz", Todos, readyz, |operation| {
            operation
                .about(
                    "The process can be sent requests: the database answers, its tables are up to date, and it is not \
                     being stopped; of several servers of the database, which one is used. 503 names in `erros` \
                     which of `banco`, `migracoes` (with what is being done), `disco` and `encerramento` is not so.",
                )
                .ok_as("text/plain", String::schema())
                .problem(503, "")
        })
        .get("/metrics", Maquina, metrics, |operation| {
            operation
                .about("Figures for Prometheus, in the OpenMetrics text format.")
                .ok_as("application/openmetrics-text", String::schema())
        })
}

fn livez(_: &App, _: &Call<'_>) -> Result<Response, Error> {
    Ok(not_stored(ok("ok\n".to_owned())))
}

fn readyz(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let fault =
        |(name, fault): (&str, Option<String>)| Some(FieldError { campo: name.into(), mensagem: fault? });
    let faults: Vec<FieldError> = checks(app, request).into_iter().filter_map(fault).collect();
    let not_ready = || problem(503, "nao_pronto", "O sistema não está pronto", &faults);
    Ok(not_stored(if faults.is_empty() { ok(ready(&app.store)) } else { not_ready() }))
}

fn ok(text: String) -> Response {
    Response::new(200, "text/plain; charset=utf-8", text)
}

/// Names no server, since anyone may read it; the log and the figures do.
fn ready(store: &Store) -> String {
    match store.server() {
        (_, 1) => "ok\n".to_owned(),
        (place, of) => format!("ok\nbanco: servidor {place} de {of}\n"),
    }
}

/// What has to hold for the process to be ready, by name, with what is wrong where it does not.
fn checks(app: &App, request: &Request<'_>) -> [(&'static str, Option<String>); 4] {
    [
        ("banco", app.health.fault().map(str::to_owned)),
        ("migracoes", migrations(app)),
        ("disco", app.store.is_full().then(|| "o disco do banco de dados está cheio".to_owned())),
        ("encerramento", request.load.stopping.then(|| "o processo está encerrando".to_owned())),
    ]
}

fn migrations(app: &App) -> Option<String> {
    if app.store.is_migrated() {
        return None;
    }
    Some(match app.store.migrating() {
        Some((step, seconds)) => format!("migrando há {seconds} s: {step}"),
        None => "as tabelas ainda não estão atualizadas".to_owned(),
    })
}

fn metrics(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let (open, idle) = app.store.pool();
    let checks = checks(app, request).map(|(name, fault)| (name, fault.is_none()));
    // A database that hangs would hold back every other figure as well, until the scrape is given up.
    let answers = app.health.fault().is_none();
    let sample = Sample {
        connections: request.load.connections,
        running: request.load.running,
        buffered_bytes: request.load.buffered_bytes,
        slow_readers_closed: request.load.slow_readers_closed,
        pool_used: open.saturating_sub(idle),
        pool_idle: idle,
        restaurant: if answers { restaurant(app).ok() } else { None },
        checks: checks.to_vec(),
    };
    let text = METRICS.text(&sample).map_err(|e| Error::Internal(e.to_string()))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(not_stored(Response::new(200, kind, text)))
}

fn restaurant(app: &App) -> Result<Restaurant, Error> {
    app.store.glance(|conn| {
        let open = lists::open_counts(conn)?;
        let count =
            |s: StatusPedido| (s.descricao(), open.by_state.iter().filter(|c| c.0 == s).map(|c| c.1).sum());
        let now = clock::now().segundos();
        Ok(Restaurant {
            orders: [StatusPedido::Recebido, StatusPedido::EmPreparacao, StatusPedido::Pronto]
                .map(count)
                .to_vec(),
            oldest_seconds: open.oldest.map_or(0, |o| (now - o.segundos()).max(0)),
            matters: cobrancas::count_pending(conn)?,
            webhook_lag_seconds: outbox::oldest(conn)?.map_or(0, |oldest| (now - oldest.segundos()).max(0)),
            webhook_matters: webhooks::count_matters(conn)?,
        })
    })
}

fn not_stored(response: Response) -> Response {
    response.with("Cache-Control", "no-store")
}
