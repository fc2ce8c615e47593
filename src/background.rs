//! What runs beside the requests, a thread each: bringing the schema up to date, the look after the servers of the database,
//! the watch over access, cleaning, backups, the reconciliation of charges, the relief of leaders that do not come back, and
//! the signal to end.

use std::{
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

use ambrosia::{
    access::{Doors, WATCH, link},
    acts::{cleaning, commands::Commands, reconciliation::Worker, retention},
    api::{App, Health, PROBE, Shared},
    batch::PATIENCE,
    clock,
    error::Error,
    live::{Feeder, Hub},
    metrics::METRICS,
    payments,
    server::Stopper,
    store::{Database, Store, backup::Schedule, cobrancas, eventos},
};
use signal_hook::iterator::Signals;

/// Between two attempts to reach and migrate a database that is away.
const RETRY: Duration = Duration::from_secs(1);
/// How often events of processes of the version before are numbered, for so long after the start or the last of them; then
/// with each cleaning.
const ROLLING_UPDATE: Duration = Duration::from_secs(15 * 60);
const NUMBERING: Duration = Duration::from_secs(1);
/// How often it is stored when keys were last used.
const USES: Duration = Duration::from_secs(60);
/// Between two cleanings of what has expired.
const CLEANING: Duration = Duration::from_secs(15);
/// Between two searches for customers who are not kept any longer.
const RETENTION: Duration = Duration::from_secs(60 * 60);

/// Between two attempts to make a backup.
const BACKUP_RETRY: Duration = Duration::from_secs(60);

/// Threads that ask the payment provider about what is pending.
const RECONCILERS: usize = 4;

/// What the threads work on.
pub struct Background {
    /// The parts of the process.
    pub app: Arc<App>,
    /// Payments are real, and nobody has decided whether doors are open: then there must be a manager.
    pub undecided: bool,
    /// What is done with the data that stays.
    pub upkeep: Upkeep,
}

/// What is done with the data that stays, as far as that is set.
pub struct Upkeep {
    /// Months without an order for which a customer is kept.
    pub retention_months: Option<u16>,
    /// When copies of the database are made.
    pub backup: Option<Schedule>,
}

impl Background {
    /// Starts the threads. `here` is where this process is reached from the machine that it runs on. What is returned is set,
    /// to a message and an exit code, and the server stopped, when it cannot go on at all.
    pub fn start(
        self,
        database: Database,
        here: String,
        mut signals: Signals,
        stopper: Arc<Stopper>,
    ) -> Arc<OnceLock<(String, u8)>> {
        let Background { app, undecided, upkeep: Upkeep { retention_months, backup } } = self;
        let App { store, payments, commands, shared, bell, live, health, doors, .. } = &*app;
        let unusable = Arc::new(OnceLock::new());
        let (ending, listening) = (stopper.clone(), live.clone());
        thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                log::info!("signal {signal}: finishing");
                ending.announce();
                listening.drain(ending.window());
                ending.stop();
            }
        });
        let feeder = Feeder::new(live, store);
        thread::spawn(|| feeder.run());
        let (reading, writing, entered) = (shared.clone(), commands.clone(), doors.clone());
        thread::spawn(move || relieve(&reading, &writing, &entered));
        let (prepared, told) = (app.clone(), unusable.clone());
        thread::spawn(move || {
            let App { store, health, doors, payments, .. } = &*prepared;
            match prepare(store, &database, health).and_then(|()| enter(doors, undecided, &here)) {
                Ok(()) => care_for(store, &payments.names(), retention_months),
                Err(error) => {
                    let _ = told.set(error);
                    stopper.stop();
                }
            }
        });
        let watched = app.clone();
        thread::spawn(move || watch(&watched.doors, &watched.live));
        if let Some(schedule) = backup {
            let copied = store.clone();
            thread::spawn(move || back_up(&copied, &schedule));
        }
        let (probed, healthy) = (store.clone(), health.clone());
        thread::spawn(move || look(&probed, &healthy));
        for _ in 0..RECONCILERS {
            let (store, commands) = (store.clone(), commands.clone());
            let worker = Worker { store, commands, payments: payments.clone(), bell: bell.clone() };
            thread::spawn(move || worker.run());
        }
        unusable
    }
}

/// Brings the schema up to date, however long the database is away. An embedded file that cannot be opened is an error.
fn prepare(store: &Store, database: &Database, health: &Health) -> Result<(), (String, u8)> {
    while let Err(error) = store.migrate() {
        if matches!(database, Database::Sqlite(_)) {
            return Err((format!("cannot open {database}: {error}"), 1));
        }
        log::warn!("{database} cannot be used yet: {error}; answering 503 until it can");
        thread::sleep(RETRY);
    }
    health.heard(Ok(()));
    log::info!("data in {database}");
    Ok(())
}

/// Says how the doors are, and invites the first manager. Real money behind open doors must be somebody's decision.
fn enter(doors: &Doors, undecided: bool, here: &str) -> Result<(), (String, u8)> {
    while let Err(error) = doors.look() {
        log::warn!("cannot read who may do what yet: {error:?}");
        thread::sleep(RETRY);
    }
    if undecided && !doors.have_a_manager().unwrap_or(false) {
        let text = "payments are real and there is no manager: set ACCESS=closed, and the log shows a link for the first \
                    one; or make a key with «ambrosia chave criar gerente NOME»; or set ACCESS=open if another gate \
                    stands before this one";
        return Err((text.to_owned(), 2));
    }
    if doors.are_open().unwrap_or(false) && doors.have_a_manager().unwrap_or(false) {
        log::warn!("doors are OPEN by ACCESS=open: whoever reaches this port may do almost everything");
    } else if doors.are_open().unwrap_or(false) {
        log::warn!(
            "doors are OPEN: whoever reaches this port may do everything; the first manager closes them: \
             «ambrosia gerente NOME»"
        );
    }
    invite_first(doors, here);
    match doors.shut_out_by_pepper() {
        Ok(0) => {}
        Ok(people) => log::warn!(
            "PEPPER is not what the PINs or passwords of {people} people were made with: they cannot enter until it is again, \
             or a manager gives them others"
        ),
        Err(error) => log::warn!("cannot compare PEPPER with what PINs were made with: {error:?}"),
    }
    Ok(())
}

/// Logs a link for the first manager, where one is wanted.
fn invite_first(doors: &Doors, here: &str) {
    match doors.invite_first() {
        Ok(Some(token)) => log::warn!(
            "doors are closed and there is no manager: within 24 hours the first one opens {} (elsewhere than on this \
             machine, with the restaurant's address in place of {here})",
            link(here, &token)
        ),
        Ok(None) => {}
        Err(error) => {
            log::warn!("cannot invite the first manager: {error:?}; «ambrosia gerente NOME» does");
        }
    }
}

/// Sees, each `WATCH`, whether somebody has changed who may do what, and has those that listen checked again; now and then
/// stores when keys were used.
fn watch(doors: &Doors, live: &Hub) {
    let mut stored = Instant::now();
    loop {
        thread::sleep(WATCH);
        match doors.look().and_then(|()| doors.version()) {
            Ok(version) => live.set_access(version),
            Err(error) => log::debug!("cannot look whether access has changed: {error:?}"),
        }
        if stored.elapsed() >= USES {
            stored = Instant::now();
            if let Err(error) = doors.store_uses() {
                log::warn!("cannot store when keys were used: {error:?}");
            }
        }
    }
}

/// Keeps the data clean of what has expired, and the log numbered. `looked_after` are the names of the providers that are
/// set up.
fn care_for(store: &Store, looked_after: &[&str], retention_months: Option<u16>) {
    for (name, alive) in store.read(|conn| cobrancas::alive(conn)).unwrap_or_default() {
        if !looked_after.contains(&name.as_str()) {
            log::error!(
                "{alive} charges at {} are open and {} is not set: nobody looks after them",
                payments::display_name(&name),
                payments::setting(&name)
            );
        }
    }
    let mut watched_until = Instant::now() + ROLLING_UPDATE;
    let mut retained: Option<Instant> = None;
    loop {
        if let Err(error) = cleaning::clean(store) {
            log::warn!("cannot clean up what has expired: {error:?}");
        }
        if let Some(months) = retention_months
            && retained.is_none_or(|at| at.elapsed() >= RETENTION)
        {
            retained = Some(Instant::now());
            if let Err(error) = retention::erase_inactive(store, months) {
                log::warn!("cannot look for customers who are not kept any longer: {error:?}");
            }
        }
        let cleaned = Instant::now();
        while cleaned.elapsed() < CLEANING {
            match number_events(store) {
                Ok(0) => {}
                Ok(_) => watched_until = Instant::now() + ROLLING_UPDATE,
                Err(error) => log::warn!("cannot number the events of an older process: {error:?}"),
            }
            thread::sleep(if Instant::now() < watched_until { NUMBERING } else { CLEANING });
        }
    }
}

/// Copies the database whenever that is due. One that fails is tried again, and is nobody else's trouble.
fn back_up(store: &Store, schedule: &Schedule) -> ! {
    loop {
        METRICS.backups(schedule.every, schedule.age());
        let pause = if store.is_migrated() { schedule.due_in() } else { RETRY };
        if !pause.is_zero() {
            thread::sleep(pause);
            continue;
        }
        match schedule.copy(store, clock::now()) {
            Ok((path, copied)) => {
                log::info!("backup {}: {} bytes, {}", path.display(), copied.bytes, copied.checked);
                if !copied.checked.is_whole() {
                    log::error!("the backup is as the database is: {}", copied.checked.complaint());
                }
            }
            Err(failure) => {
                METRICS.backup_failed();
                log::error!("there is no new backup: {failure}");
                thread::sleep(BACKUP_RETRY);
            }
        }
    }
}

/// What a process of the version before has written, if there is any: its events get their places in the log. Gives how many.
fn number_events(store: &Store) -> Result<usize, Error> {
    if !store.read(|conn| eventos::any_unnumbered(conn))? {
        return Ok(0);
    }
    store.write(|conn| eventos::number_unnumbered(conn, &clock::now().dia()))
}

/// Looks after the servers of the database each second, for `/readyz` too, and probes a disk that counts as full.
fn look(store: &Store, health: &Health) {
    let mut watch = store.watch();
    // An embedded file that is being made is not opened beside that.
    store.wait_for_start(PROBE);
    loop {
        if store.is_full() {
            // Nobody is sent here meanwhile, so nobody else would find out that there is room again.
            store.probe_disk(clock::now());
        }
        let answer = store.look(&mut watch);
        if let Err(why) = &answer {
            log::debug!("the database cannot be used: {why}");
        }
        health.heard(answer);
        store.wait_to_look(PROBE);
    }
}

/// Appoints another leader where the leader of a batch hangs.
fn relieve(shared: &Shared, commands: &Commands, doors: &Doors) {
    loop {
        thread::sleep(PATIENCE / 4);
        shared.relieve();
        commands.relieve();
        doors.relieve();
    }
}
