//! Reads the configuration, joins the parts, and runs the server until it is stopped.

mod background;
mod backups;
mod keys;

use std::{process::ExitCode, sync::Arc, thread, time::Duration};

use ambrosia::{
    access::{Doors, Mode},
    acts::{capacity::Capacity, commands::Commands, outbox},
    api::{App, RateLimit, Shared, Site, Trail, TryRates},
    bell::Bell,
    config::{Config, VARIABLES},
    live::Hub,
    logging,
    outgoing::Sender,
    payments::Payments,
    self_check,
    server::{Limits, Server},
    store::Store,
};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

use self::background::{Background, Upkeep};

/// What can be asked for in place of the server, and what it does.
const COMMANDS: &[(&str, &str)] = &[
    ("saude", "asks the process that runs here with these settings whether it is ready: exit code 0 or 1"),
    (
        "gerente NOME",
        "makes a link and prints it: within 24 hours, and once, a person becomes a manager with it",
    ),
    (
        "chave criar PAPEL NOME",
        "makes a key and prints it: cozinha, balcao, gerente, maquina or totem, and a name",
    ),
    ("chave listar", "the keys"),
    ("chave revogar N", "takes the key with this number back"),
    ("copia DESTINO", "copies the SQLite file into a new one, also while it is in use, and checks the copy"),
    (
        "migrar",
        "brings the database up to date, as a start does: where the account that runs may not change tables",
    ),
    ("conferir", "checks the database: the file, the log, and that each order is what the log says"),
    (
        "restaurar ORIGEM",
        "checks a copy and puts it in the place of the SQLite file, which keeps another name; on MySQL without \
         ORIGEM, after a dump was loaded. With «mesmo-assim» also where the log has faults",
    ),
    ("--help", "this text"),
    ("--version", "the version"),
];

/// Of the database, the log and the like.
const OWN_DESCRIPTORS: usize = 128;

/// Connections to `OPS_PORT`: a kubelet, a Prometheus or two, and a person.
const OPS_CONNECTIONS: usize = 64;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("chave") => return command(keys::run),
        Some("gerente") => return command(keys::invite),
        Some("migrar") => return command(migrate),
        Some("copia") => return command(backups::copy),
        Some("conferir") => return command(backups::check),
        Some("restaurar") => return command(backups::restore),
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

/// Why a command did not succeed.
enum Failed {
    /// It was called wrongly.
    Usage(String),
    /// It could not be done.
    Undone(String),
}

/// Runs a command with the arguments behind its name, on the database of the settings.
fn command(run: fn(&[String], Config) -> Result<(), Failed>) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let config = match Config::read(&|name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(error) => return fail(&error, 2),
    };
    match run(&arguments, config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed::Usage(text)) => fail(&text, 2),
        Err(Failed::Undone(text)) => fail(&text, 1),
    }
}

fn migrate(arguments: &[String], config: Config) -> Result<(), Failed> {
    if !arguments.is_empty() {
        return Err(Failed::Usage("usage: ambrosia migrar".to_owned()));
    }
    let database = config.store.database.clone();
    let failed = |error| Failed::Undone(format!("cannot bring {database} up to date: {error}"));
    Store::new(config.store).migrate().map_err(failed)?;
    println!("{database}: the tables are up to date");
    Ok(())
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
    // Dropped last, when everything else that logs has ended.
    let _log = match logging::start(&config.log) {
        Ok(guard) => guard,
        Err(error) => return fail(&error, 1),
    };
    let database = config.store.database.clone();
    let store = Arc::new(Store::new(config.store));
    let undecided = config.access.is_none() && config.mercado_pago.is_some();
    let payments = match Payments::open(config.qr_seconds, config.mercado_pago) {
        Ok(payments) => Arc::new(payments),
        Err(error) => return fail(&error, 2),
    };
    let threads = Arc::default();
    // Closed until it is known that somebody has decided.
    let mode = config.access.unwrap_or(if undecided { Mode::Closed } else { Mode::Auto });
    let doors = Arc::new(Doors::new(&store, mode, config.pepper, &threads));
    let shared = Arc::new(Shared::new(&store, &doors, &threads, config.limits.max_buffered_bytes));
    let (capacity, committed) = (Capacity::new(config.max_unpaid_orders), Arc::new(Bell::default()));
    let max_listeners = listeners_that_fit(config.max_listeners, config.limits.max_connections);
    let live = Arc::new(Hub::new(max_listeners, committed.clone()));
    let commands = Arc::new(Commands::new(&store, &payments, capacity, &committed, &threads));
    let app = Arc::new(App {
        store,
        shared,
        commands,
        checkout_rate: RateLimit::new(config.checkouts_per_minute, Duration::from_secs(60)),
        webhook_rate: RateLimit::new(config.webhooks_per_second, Duration::from_secs(1)),
        payments,
        bell: Arc::default(),
        doors,
        tries: TryRates::default(),
        trail: Trail::default(),
        origins: config.origins,
        hosts: config.hosts,
        live,
        health: Arc::default(),
    });
    let (server, ops) = match bind(&config.host, config.port, config.ops_port, config.limits, &app) {
        Ok(servers) => servers,
        Err(error) => return fail(&error, 1),
    };
    let (address, stopper, signals) =
        match (server.address(), server.stopper(), Signals::new([SIGTERM, SIGINT])) {
            (Ok(address), Ok(stopper), Ok(signals)) => (address, Arc::new(stopper), signals),
            (Err(e), ..) | (_, Err(e), _) | (.., Err(e)) => return fail(&format!("cannot start: {e}"), 1),
        };
    ops.map(|ops| thread::spawn(|| ops.run()));
    begin(&app, config.webhooks_private);
    let upkeep = Upkeep { retention_months: config.customer_retention_months, backup: config.backup };
    let background = Background { app: app.clone(), undecided, upkeep };
    let unusable = background.start(database, here(address.port()), signals, stopper);
    println!("ambrosia listening on http://{address}");
    let all_finished = server.run();
    if let Some((error, code)) = unusable.get() {
        return fail(error, *code);
    }
    store_the_rest(&app.store, &app.doors);
    if all_finished { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A connection and a listener take a descriptor each. Many systems begin with 1,024 and let a process have more; where that
/// is too few, listeners leave the others theirs.
fn listeners_that_fit(listeners: usize, connections: usize) -> usize {
    let descriptors = rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
        log::warn!("cannot raise the limit of descriptors: {error}");
        rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(u64::MAX, |(soft, _)| soft)
    });
    let left =
        usize::try_from(descriptors).unwrap_or(usize::MAX).saturating_sub(connections + OWN_DESCRIPTORS);
    if left < listeners {
        log::info!(
            "{left} can listen and not {listeners}: the process may have {descriptors} descriptors only"
        );
    }
    listeners.min(left)
}

/// Says how payments are made, and begins to deliver webhooks.
fn begin(app: &App, webhooks_private: bool) {
    app.payments.current().announce();
    outbox::start(&app.store, Sender::new(webhooks_private));
}

/// Where a process with this port is reached from the machine that it runs on.
fn here(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// What was kept in memory to be stored later.
fn store_the_rest(store: &Store, doors: &Doors) {
    if let Err(error) = doors.store_uses() {
        log::warn!("cannot store when keys were used: {error:?}");
    }
    store.close();
}

/// The public port, and with `OPS_PORT` another for probes and figures.
fn bind(
    host: &str,
    port: u16,
    ops_port: Option<u16>,
    limits: Limits,
    app: &Arc<App>,
) -> Result<(Server, Option<Server>), String> {
    let failed = |port: u16| move |e| format!("cannot listen on {host}:{port}: {e}");
    let Some(ops_port) = ops_port else {
        let server =
            Server::bind(host, port, limits, Box::new(Site::whole(app.clone()))).map_err(failed(port))?;
        return Ok((server, None));
    };
    let few = Limits { max_connections: OPS_CONNECTIONS, max_body_bytes: 0, ..limits.clone() };
    let server =
        Server::bind(host, port, limits, Box::new(Site::public(app.clone()))).map_err(failed(port))?;
    let ops = server
        .bind_beside(host, ops_port, few, Box::new(Site::operation(app.clone())))
        .map_err(failed(ops_port))?;
    Ok((server, Some(ops)))
}

fn help() -> ExitCode {
    println!(
        "Ambrosia: order system for restaurants. Everything is set by environment variables; none is required.\n"
    );
    let width = VARIABLES.iter().map(|(name, ..)| name.len()).max().unwrap_or_default() + 2;
    for (name, default, meaning) in VARIABLES {
        println!(
            "  {name:<width$}{meaning}{}",
            if default.is_empty() { String::new() } else { format!(" [{default}]") }
        );
    }
    println!();
    for (command, meaning) in COMMANDS {
        println!("  {command:<width$}{meaning}");
    }
    ExitCode::SUCCESS
}

fn fail(message: &str, code: u8) -> ExitCode {
    logging::last_words(&format!("ambrosia: {message}"));
    ExitCode::from(code)
}
