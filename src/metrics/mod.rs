//! What Prometheus is told of this process. A leaf: everyone may count here, and nothing here knows anyone.

mod database;
mod live;

use std::{
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, text},
    metrics::{MetricType, counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

/// Those of this process.
pub static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// Seconds: from a read out of memory to a client that has long given up.
const BUCKETS: [f64; 11] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];

type Timed<L> = Family<L, Histogram, fn() -> Histogram>;

/// Every figure that `/metrics` shows: counters and histograms count as things happen, gauges are set when they are asked for.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    latency: Timed<Route>,
    connections: Gauge,
    running: Gauge,
    buffered: Gauge,
    slow_readers: Counter,
    threads: Gauge,
    memory: Gauge,
    pool: Family<State, Gauge>,
    pool_wait: Histogram,
    pool_timeouts: Counter,
    batch_wait: Histogram,
    orders: Family<Estado, Gauge>,
    oldest: Known,
    matters: Known,
    ready: Gauge,
    checks: Family<Check, Gauge>,
    payments: Family<Verdict, Counter>,
    notifications: Family<Verdict, Counter>,
    provider: Timed<Call>,
    unauthorized: Gauge,
    webhooks: Timed<Outcome>,
    webhook_lag: Known,
    webhook_matters: Known,
    log_dropped: Counter,
    /// Of the live streams.
    pub live: live::Live,
    /// Of the database.
    pub database: database::Database,
    backup_age: Known,
    backup_interval: Known,
    backup_failures: Counter,
    /// When there was a good backup last, and how often there is to be one; `None` where none are made.
    backups: Mutex<Option<Backups>>,
}

#[derive(Clone, Copy)]
struct Backups {
    last: Instant,
    every: Duration,
}

/// Method and path of the table of routes; never what a client made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Route {
    pub method: &'static str,
    pub route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Estado {
    status_pedido: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Check {
    check: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Verdict {
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// A gauge that is left out while its value is not known, so that nobody takes an old value for a current one.
#[derive(Clone, Debug, Default)]
struct Known(Arc<Mutex<Option<i64>>>);

impl Known {
    fn set(&self, value: Option<i64>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }

    fn get(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EncodeMetric for Known {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        self.get().map_or(Ok(()), |value| encoder.encode_gauge(&value))
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }

    fn is_empty(&self) -> bool {
        self.get().is_none()
    }
}

/// What is looked up when somebody asks, and not counted on the way.
pub struct Sample {
    pub connections: usize,
    pub running: usize,
    pub buffered_bytes: usize,
    pub slow_readers_closed: u64,
    pub pool_used: u32,
    pub pool_idle: u32,
    /// What `/readyz` looks at, and whether it holds.
    pub checks: Vec<(&'static str, bool)>,
    /// `None` when the database does not answer: better no number than an old one.
    pub restaurant: Option<Restaurant>,
}

/// What the database says of the restaurant.
pub struct Restaurant {
    /// Open orders by the name of their state.
    pub orders: Vec<(&'static str, i64)>,
    /// Age of the oldest open order.
    pub oldest_seconds: i64,
    /// Orders whose money needs a person.
    pub matters: i64,
    /// Age of the oldest event that is still to be delivered to a receiver of webhooks.
    pub webhook_lag_seconds: i64,
    /// Receivers of webhooks that need a person.
    pub webhook_matters: i64,
}

impl Metrics {
    fn new() -> Metrics {
        let histogram = || Histogram::new(BUCKETS);
        let timed = || Histogram::new(BUCKETS);
        let mut m = Metrics {
            registry: Registry::with_prefix("ambrosia"),
            requests: Family::default(),
            latency: Family::new_with_constructor(timed as fn() -> Histogram),
            connections: Gauge::default(),
            running: Gauge::default(),
            buffered: Gauge::default(),
            slow_readers: Counter::default(),
            threads: Gauge::default(),
            memory: Gauge::default(),
            pool: Family::default(),
            pool_wait: histogram(),
            pool_timeouts: Counter::<u64, AtomicU64>::default(),
            batch_wait: histogram(),
            orders: Family::default(),
            oldest: Known::default(),
            matters: Known::default(),
            ready: Gauge::default(),
            checks: Family::default(),
            payments: Family::default(),
            notifications: Family::default(),
            provider: Family::new_with_constructor(timed as fn() -> Histogram),
            unauthorized: Gauge::default(),
            webhooks: Family::new_with_constructor(timed as fn() -> Histogram),
            webhook_lag: Known::default(),
            webhook_matters: Known::default(),
            log_dropped: Counter::default(),
            live: live::Live::new(histogram()),
            database: database::Database::new(histogram()),
            backup_age: Known::default(),
            backup_interval: Known::default(),
            backup_failures: Counter::default(),
            backups: Mutex::default(),
        };
        m.register();
        m
    }

    /// The names and meanings under which `/metrics` shows them.
    fn register(&mut self) {
        let m = self;
        let r = &mut m.registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        r.register("build", "This build", build);
        r.register("http_requests", "Requests answered", m.requests.clone());
        r.register_with_unit("http_request", "From route to answer", Unit::Seconds, m.latency.clone());
        r.register("connections", "Open connections", m.connections.clone());
        r.register("requests_running", "Requests in work", m.running.clone());
        let text = "Memory held for requests that arrive and answers that are not taken";
        r.register_with_unit("buffered", text, Unit::Bytes, m.buffered.clone());
        let text = "Connections closed because their clients read too slowly while the budget was spent";
        r.register("slow_readers_closed", text, m.slow_readers.clone());
        r.register("threads", "Threads of the process", m.threads.clone());
        r.register_with_unit("resident_memory", "Memory of the process", Unit::Bytes, m.memory.clone());
        r.register("pool_connections", "Database connections", m.pool.clone());
        let text = "Wait for a database connection";
        r.register_with_unit("pool_wait", text, Unit::Seconds, m.pool_wait.clone());
        r.register("pool_timeouts", "Waits that ended without a connection", m.pool_timeouts.clone());
        let text = "From the question to its answer, of those who ask together";
        r.register_with_unit("batch_wait", text, Unit::Seconds, m.batch_wait.clone());
        r.register("ready", "1 while /readyz says ok", m.ready.clone());
        r.register("check_ok", "1 while this check of /readyz holds", m.checks.clone());
        r.register("orders_open", "Open orders by state", m.orders.clone());
        let text = "Age of the oldest open order";
        r.register_with_unit("oldest_open_order", text, Unit::Seconds, m.oldest.clone());
        r.register("payment_matters", "Orders whose money needs a person", m.matters.clone());
        r.register("payment_answers", "What the payment provider said of a charge", m.payments.clone());
        r.register("notifications", "Notifications of the payment provider", m.notifications.clone());
        r.register_with_unit("provider_call", "Calls to the provider", Unit::Seconds, m.provider.clone());
        let text = "Whether the provider refuses our token";
        r.register("provider_unauthorized", text, m.unauthorized.clone());
        let text = "Tries to deliver an outgoing webhook";
        r.register_with_unit("webhook_delivery", text, Unit::Seconds, m.webhooks.clone());
        let text = "Age of the oldest event that a receiver of webhooks has still to take";
        r.register_with_unit("webhook_lag", text, Unit::Seconds, m.webhook_lag.clone());
        let text = "Receivers of webhooks that need a person";
        r.register("webhook_matters", text, m.webhook_matters.clone());
        let text = "Lines of the log that stderr did not take in time";
        r.register("log_lines_dropped", text, m.log_dropped.clone());
        m.live.register(r);
        m.database.register(r);
        let text = "Since the last good backup, or since the start where there is none";
        r.register_with_unit("backup_age", text, Unit::Seconds, m.backup_age.clone());
        let text = "How often there is to be a backup";
        r.register_with_unit("backup_interval", text, Unit::Seconds, m.backup_interval.clone());
        r.register("backup_failures", "Backups that failed", m.backup_failures.clone());
    }

    /// A request was answered with `status`, `took` after it was routed.
    pub fn request(&self, route: Route, status: u16, took: Duration) {
        let Route { method, route: path } = route;
        self.requests.get_or_create(&Answered { method, route: path, status }).inc();
        self.latency.get_or_create(&route).observe(took.as_secs_f64());
    }

    /// From `start` until there was a connection, or none.
    pub fn pool_wait(&self, start: Instant, got: bool) {
        self.pool_wait.observe(start.elapsed().as_secs_f64());
        if !got {
            self.pool_timeouts.inc();
        }
    }

    /// A question was answered together with others, `took` after it was put.
    pub fn batch_wait(&self, took: Duration) {
        self.batch_wait.observe(took.as_secs_f64());
    }

    /// The provider said something of a charge.
    pub fn payment(&self, verdict: &'static str) {
        self.payments.get_or_create(&Verdict { verdict }).inc();
    }

    /// A notification came.
    pub fn notification(&self, verdict: &'static str) {
        self.notifications.get_or_create(&Verdict { verdict }).inc();
    }

    /// A call to the provider ended, which began at `start`.
    pub fn provider(&self, method: &'static str, outcome: &'static str, start: Instant) {
        self.provider.get_or_create(&Call { method, outcome }).observe(start.elapsed().as_secs_f64());
    }

    /// Whether it refused the token before.
    pub fn provider_unauthorized(&self, refused: bool) -> bool {
        self.unauthorized.set(i64::from(refused)) != 0
    }

    /// A try to deliver a webhook ended, which began at `start`.
    pub fn webhook(&self, outcome: &'static str, start: Instant) {
        self.webhooks.get_or_create(&Outcome { outcome }).observe(start.elapsed().as_secs_f64());
    }

    /// Lines of the log did not fit.
    pub fn log_dropped(&self, lines: u64) {
        self.log_dropped.inc_by(lines);
    }

    /// There is to be a backup so often, and the last good one is so old; without one its age counts from the first call.
    pub fn backups(&self, every: Duration, age: Option<Duration>) {
        let mut backups = self.backups.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let made = age.map(|age| now.checked_sub(age).unwrap_or(now));
        let last = made.or(backups.map(|b| b.last)).unwrap_or(now);
        *backups = Some(Backups { last, every });
    }

    /// There should have been one.
    pub fn backup_failed(&self) {
        self.backup_failures.inc();
    }

    /// The whole in the OpenMetrics text format.
    pub fn text(&self, sample: &Sample) -> Result<String, std::fmt::Error> {
        self.connections.set(sample.connections as i64);
        self.running.set(sample.running as i64);
        self.buffered.set(sample.buffered_bytes as i64);
        self.slow_readers.inner().store(sample.slow_readers_closed, Ordering::Relaxed);
        self.pool.get_or_create(&State { state: "used" }).set(sample.pool_used.into());
        self.pool.get_or_create(&State { state: "idle" }).set(sample.pool_idle.into());
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = |name: &str| {
            status.lines().find_map(|l| l.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
        };
        self.threads.set(line("Threads:").unwrap_or(0));
        self.memory.set(line("VmRSS:").unwrap_or(0) * 1024);
        self.ready.set(sample.checks.iter().all(|(_, holds)| *holds).into());
        for &(check, holds) in &sample.checks {
            self.checks.get_or_create(&Check { check }).set(holds.into());
        }
        let restaurant = sample.restaurant.as_ref();
        self.orders.clear();
        for (status_pedido, count) in restaurant.iter().flat_map(|r| &r.orders) {
            self.orders.get_or_create(&Estado { status_pedido }).set(*count);
        }
        self.oldest.set(restaurant.map(|r| r.oldest_seconds));
        self.matters.set(restaurant.map(|r| r.matters));
        let backups = *self.backups.lock().unwrap_or_else(PoisonError::into_inner);
        self.backup_age.set(backups.map(|b| b.last.elapsed().as_secs() as i64));
        self.backup_interval.set(backups.map(|b| b.every.as_secs() as i64));
        self.webhook_lag.set(restaurant.map(|r| r.webhook_lag_seconds));
        self.webhook_matters.set(restaurant.map(|r| r.webhook_matters));
        let mut out = String::with_capacity(16 * 1024);
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}
