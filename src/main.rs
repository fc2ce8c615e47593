//! Reads the configuration, opens the store, chooses the payment provider, runs the server, waits for the signal.

use std::{process::ExitCode, sync::Arc, thread, time::Duration};

use ambrosia::{
    batch::PATIENCE,
    config::{Config, VARIABLES},
    domain::data_hora::DataHora,
    http::{self, App, Health, PROBE, Server, Shared},
    pagamento::{Gateway, MercadoPago, Settings},
    store::{Database, Store, cobrancas, idempotencia, notificacoes},
    use_cases::{
        checkout::{self, Lote},
        conciliacao::{self, Sino},
    },
};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

/// Between two attempts to reach and migrate a database that is away.
const RETRY: Duration = Duration::from_secs(1);
/// Between two cleanings of what has expired.
const CLEANING: Duration = Duration::from_secs(10 * 60);

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
        Some(other) => return fail(&format!("unknown argument {other}; try --help"), 2),
    }
    match Config::read(&|name| std::env::var(name).ok()) {
        Ok(config) => run(config),
        Err(error) => fail(&error, 2),
    }
}

fn run(config: Config) -> ExitCode {
    env_logger::Builder::new().filter_level(config.log_level).format_target(false).init();
    let database = config.store.database.clone();
    let store = Arc::new(Store::new(config.store));
    if let Err(error) = store.migrate() {
        if matches!(database, Database::Sqlite(_)) {
            return fail(&format!("cannot open {database}: {error}"), 1);
        }
        log::warn!("{database} cannot be used yet: {error}; answering 503 until it can");
    }
    let gateway = match config.mercado_pago.map(provider).transpose() {
        Ok(provider) => provider.map_or(Gateway::Simulado, Gateway::MercadoPago),
        Err(error) => return fail(&format!("MERCADO_PAGO_CA_FILE: {error}"), 2),
    };
    let (sino, health) = (Arc::new(Sino::default()), Arc::new(Health::default()));
    let threads = Arc::default();
    let shared = Arc::new(Shared::new(&store, &threads));
    let checkouts = checkout::lote(&store, &gateway, &threads);
    let app = App {
        store: store.clone(),
        shared: shared.clone(),
        checkouts: checkouts.clone(),
        gateway: gateway.clone(),
        sino: sino.clone(),
        common_headers: http::allow_origin(&config.cors_origin),
        health: health.clone(),
    };
    let server = match Server::bind(&config.host, config.port, config.limits, Box::new(app)) {
        Ok(server) => server,
        Err(error) => return fail(&format!("cannot listen on {}:{}: {error}", config.host, config.port), 1),
    };
    let (address, stopper, mut signals) =
        match (server.address(), server.stopper(), Signals::new([SIGTERM, SIGINT])) {
            (Ok(address), Ok(stopper), Ok(signals)) => (address, stopper, signals),
            (Err(e), ..) | (_, Err(e), _) | (.., Err(e)) => return fail(&format!("cannot start: {e}"), 1),
        };
    thread::spawn(move || relieve(&shared, &checkouts));
    let cared_for = store.clone();
    let simulated = matches!(gateway, Gateway::Simulado);
    thread::spawn(move || care_for(&cared_for, simulated));
    if store.is_migrated() {
        health.heard(Ok(()));
    }
    let probed = store.clone();
    thread::spawn(move || probe(&probed, &health));
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            log::info!("signal {signal}: finishing");
            stopper.drain();
        }
    });
    match gateway {
        Gateway::Simulado => log::warn!(
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
    log::info!("data in {database}");
    println!("ambrosia listening on http://{address}");
    let all_finished = server.run();
    store.close();
    if all_finished { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn provider(settings: Settings) -> Result<Arc<MercadoPago>, String> {
    if settings.url.starts_with("http://") {
        log::warn!("MERCADO_PAGO_URL is not https: the token travels unprotected");
    }
    if settings.segredos.vazio() {
        log::warn!(
            "MERCADO_PAGO_WEBHOOK_SECRET is not set: anyone can have an order looked up at Mercado Pago"
        );
    }
    MercadoPago::new(settings).map(Arc::new)
}

/// Waits for a database that is away, then keeps it clean.
fn care_for(store: &Store, simulated: bool) {
    while !store.is_migrated() {
        thread::sleep(RETRY);
        match store.migrate() {
            Ok(()) => log::info!("the database is ready"),
            Err(error) => log::warn!("the database cannot be used yet: {error}"),
        }
    }
    if simulated && let Ok(alive @ 1..) = store.read(|conn| cobrancas::vivas(conn)) {
        log::error!(
            "{alive} charges at Mercado Pago are open and MERCADO_PAGO_TOKEN is not set: nobody looks after them"
        );
    }
    loop {
        let agora = DataHora::agora();
        let cleaned = store.write(|conn| {
            idempotencia::limpar(conn, agora)?;
            notificacoes::limpar(conn, agora)
        });
        if let Err(error) = cleaned {
            log::warn!("cannot clean up what has expired: {error:?}");
        }
        thread::sleep(CLEANING);
    }
}

/// Asks the database for a sign of life, for `/readyz`.
fn probe(store: &Store, health: &Health) {
    let mut connection = None;
    loop {
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
    println!("\n  --help      this text\n  --version   the version");
    ExitCode::SUCCESS
}

fn fail(message: &str, code: u8) -> ExitCode {
    eprintln!("ambrosia: {message}");
    ExitCode::from(code)
}
