//! Reads the configuration, opens the store, chooses the payment provider, runs the server, waits for the signal.

use std::{
    process::ExitCode,
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use ambrosia::{
    api::{App, Health, PROBE, RateLimit, Shared, Site},
    batch::PATIENCE,
    config::{Config, VARIABLES},
    domain::data_hora::DataHora,
    pagamento::{Gateway, MercadoPago, Settings},
    self_check,
    server::{Limits, Server},
    store::{Database, Store, cobrancas, idempotencia},
    use_cases::{
        capacity::Capacity,
        checkout::{self, Lote},
        cleaning,
        conciliacao::{self, Sino},
        expiracao,
    },
};
use log::LevelFilter;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

/// Between two attempts to reach and migrate a database that is away.
const RETRY: Duration = Duration::from_secs(1);
/// Between two cleanings of what has expired.
const CLEANING: Duration = Duration::from_secs(15);

/// Connections to `OPS_PORT`: a kubelet, a Prometheus or two, and a person.
const OPS_CONNECTIONS: usize = 64;
/// Threads that ask the payment provider about what is pending.
const RECONCILERS: usize = 4;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("--help" | "-h") => return help(),
        Some("--version" | "-V") => {
            println!("ambrosia {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Some("saude") => return saude(),
        Some(other) => return fail(&format!("unknown argument {other}; try --help"), 2),
    }
    match Config::read(&|name| std::env::var(name).ok()) {
        Ok(config) => run(config),
        Err(error) => fail(&error, 2),
    }
}

fn saude() -> ExitCode {
    let config = match Config::read(&|name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(error) => return fail(&error, 2),
    };
    match self_check::ask(&config.host, config.ops_port.unwrap_or(config.port)) {
        Ok(()) => {
            println!("ready");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error, 1),
    }
}

fn run(config: Config) -> ExitCode {
    // Ours alone: what other crates trace has the token in it.
    env_logger::Builder::new()
        .filter_level(config.log_level.min(LevelFilter::Warn))
        .filter_module("ambrosia", config.log_level)
        .format_target(false)
        .init();
    let database = config.store.database.clone();
    let store = Arc::new(Store::new(config.store));
    let gateway = match config.mercado_pago.map(provider).transpose() {
        Ok(provider) => {
            provider.map_or(Gateway::Simulado { validade: config.qr_seconds }, Gateway::MercadoPago)
        }
        Err(error) => return fail(&format!("MERCADO_PAGO_CA_FILE: {error}"), 2),
    };
    let (sino, health) = (Arc::new(Sino::default()), Arc::new(Health::default()));
    let threads = Arc::default();
    let shared = Arc::new(Shared::new(&store, &threads));
    let capacity = Arc::new(Capacity::new(config.max_unpaid_orders));
    let checkouts = checkout::lote(&store, &gateway, &capacity, &threads);
    let app = App {
        store: store.clone(),
        shared: shared.clone(),
        checkouts: checkouts.clone(),
        capacity,
        checkout_rate: RateLimit::new(config.checkouts_per_minute, Duration::from_secs(60)),
        webhook_rate: RateLimit::new(config.webhooks_per_second, Duration::from_secs(1)),
        gateway: gateway.clone(),
        sino: sino.clone(),
        origins: config.origins,
        hosts: config.hosts,
        health: health.clone(),
    };
    let (server, ops) = match bind(&config.host, config.port, config.ops_port, config.limits, app) {
        Ok(servers) => servers,
        Err(error) => return fail(&error, 1),
    };
    let (address, stopper, mut signals) =
        match (server.address(), server.stopper(), Signals::new([SIGTERM, SIGINT])) {
            (Ok(address), Ok(stopper), Ok(signals)) => (address, Arc::new(stopper), signals),
            (Err(e), ..) | (_, Err(e), _) | (.., Err(e)) => return fail(&format!("cannot start: {e}"), 1),
        };
    if let Some(ops) = ops {
        thread::spawn(|| ops.run());
    }
    let signalled = stopper.clone();
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            log::info!("signal {signal}: finishing");
            signalled.drain();
        }
    });
    thread::spawn(move || relieve(&shared, &checkouts));
    let unusable = Arc::new(OnceLock::new());
    let (prepared, told, healthy) = (store.clone(), unusable.clone(), health.clone());
    let simulated = matches!(gateway, Gateway::Simulado { .. });
    thread::spawn(move || match prepare(&prepared, &database, &healthy) {
        Ok(()) => care_for(&prepared, simulated),
        Err(error) => {
            let _ = told.set(error);
            stopper.stop();
        }
    });
    let swept = store.clone();
    thread::spawn(move || expiracao::varrer(&swept));
    let probed = store.clone();
    thread::spawn(move || probe(&probed, &health));
    match gateway {
        Gateway::Simulado { .. } => log::warn!(
            "payments are SIMULATED: no QR code can be paid, and whoever calls the webhook decides what is paid"
        ),
        Gateway::MercadoPago(provedor) => {
            log::info!("payments by Mercado Pago");
            for _ in 0..RECONCILERS {
                let (store, provedor, sino) = (store.clone(), provedor.clone(), sino.clone());
                thread::spawn(move || conciliacao::trabalhar(&store, &provedor, &sino));
            }
        }
    }
    println!("ambrosia listening on http://{address}");
    let all_finished = server.run();
    if let Some(error) = unusable.get() {
        return fail(error, 1);
    }
    store.close();
    if all_finished { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The public port, and with `OPS_PORT` another for probes and figures.
fn bind(
    host: &str,
    port: u16,
    ops_port: Option<u16>,
    limits: Limits,
    app: App,
) -> Result<(Server, Option<Server>), String> {
    let app = Arc::new(app);
    let failed = |port: u16| move |e| format!("cannot listen on {host}:{port}: {e}");
    let Some(ops_port) = ops_port else {
        let server = Server::bind(host, port, limits, Box::new(Site::whole(app))).map_err(failed(port))?;
        return Ok((server, None));
    };
    let few = Limits { max_connections: OPS_CONNECTIONS, max_body_bytes: 0, ..limits.clone() };
    let server =
        Server::bind(host, port, limits, Box::new(Site::public(app.clone()))).map_err(failed(port))?;
    let ops =
        server.bind_beside(host, ops_port, few, Box::new(Site::operation(app))).map_err(failed(ops_port))?;
    Ok((server, Some(ops)))
}

fn provider(settings: Settings) -> Result<Arc<MercadoPago>, String> {
    if settings.url.starts_with("http://") {
        log::warn!("MERCADO_PAGO_URL is not https: the token travels unprotected");
    }
    if settings.segredos.vazio() {
        log::warn!(
            "MERCADO_PAGO_WEBHOOK_UNSIGNED: notifications are not signed, and anyone can have an order looked up at Mercado Pago"
        );
    }
    MercadoPago::new(settings).map(Arc::new)
}

/// Brings the schema up to date, however long the database is away. An embedded file that cannot be opened is an error.
fn prepare(store: &Store, database: &Database, health: &Health) -> Result<(), String> {
    while let Err(error) = store.migrate() {
        if matches!(database, Database::Sqlite(_)) {
            return Err(format!("cannot open {database}: {error}"));
        }
        log::warn!("{database} cannot be used yet: {error}; answering 503 until it can");
        thread::sleep(RETRY);
    }
    health.heard(Ok(()));
    log::info!("data in {database}");
    Ok(())
}

/// Keeps the data clean of what has expired.
fn care_for(store: &Store, simulated: bool) {
    if simulated && let Ok(alive @ 1..) = store.read(|conn| cobrancas::vivas(conn)) {
        log::error!(
            "{alive} charges at Mercado Pago are open and MERCADO_PAGO_TOKEN is not set: nobody looks after them"
        );
    }
    loop {
        if let Err(error) = cleaning::clean(store) {
            log::warn!("cannot clean up what has expired: {error:?}");
        }
        thread::sleep(CLEANING);
    }
}

/// Asks the database for a sign of life, for `/readyz`.
fn probe(store: &Store, health: &Health) {
    let mut connection = None;
    // An embedded file that is being made is not opened beside that.
    store.wait_for_start(PROBE);
    loop {
        if store.is_full() {
            // Nobody is sent here meanwhile, so nobody else would find out that there is room again.
            let _ = store.write(|conn| idempotencia::write_probe(conn, DataHora::agora()));
        }
        let answer = store.probe(&mut connection);
        if let Err(error) = &answer {
            log::debug!("no sign of life from the database: {error}");
        }
        health.heard(answer);
        thread::sleep(PROBE);
    }
}

/// Those who ask together wait no longer than they have to for one who does not come back.
fn relieve(shared: &Shared, checkouts: &Arc<Lote>) {
    loop {
        thread::sleep(PATIENCE / 4);
        shared.relieve();
        checkouts.relieve();
    }
}

fn help() -> ExitCode {
    println!(
        "Ambrosia: order system for restaurants. Everything is set by environment variables; none is required.\n"
    );
    for (name, default, meaning) in VARIABLES {
        println!(
            "  {name:<22}{meaning}{}",
            if default.is_empty() { String::new() } else { format!(" [{default}]") }
        );
    }
    println!(
        "\n  saude       asks the process that runs here with these settings whether it is ready: exit code 0 or 1\n  \
         --help      this text\n  --version   the version"
    );
    ExitCode::SUCCESS
}

fn fail(message: &str, code: u8) -> ExitCode {
    eprintln!("ambrosia: {message}");
    ExitCode::from(code)
}
