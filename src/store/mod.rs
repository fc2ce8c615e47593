//! The data: one pool over one of two drivers, reads, and transactions.

pub mod acesso;
pub mod assinaturas;
pub mod auditoria;
pub mod backup;
pub mod chaves;
pub mod clientes;
pub mod cobrancas;
mod columns;
mod connection;
pub mod convites;
mod disk;
pub mod eventos;
pub mod expiry;
pub mod funcionarios;
pub mod idempotencia;
pub mod itens;
mod lease;
pub mod lists;
pub mod locks;
pub mod log_place;
pub mod log_slice;
mod migrations;
mod mysql;
mod mysql_errors;
mod mysql_values;
mod nodes;
pub mod notificacoes;
pub mod outbox;
pub mod page;
pub mod pedidos;
pub mod perfil;
mod pool;
pub mod produtos;
pub mod restaurante;
mod schema;
mod scrub;
mod servers;
pub mod sessoes;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statements;
mod takeover;
pub mod tentativas;
pub mod terminais;
mod tls;
pub mod vendas;
pub mod webhooks;

use std::{
    fmt,
    path::PathBuf,
    sync::atomic::AtomicBool,
    thread,
    time::{Duration, Instant},
};

pub use self::{
    connection::{Connection, NodeState, Row, Value},
    locks::LockWait,
    nodes::{Unusable, Watch},
    servers::{Account, Servers},
    tls::{Tls, TlsMode},
};
use self::{
    nodes::{Nodes, Pool},
    pool::{Manager, Pooled},
    schema::Schema,
};
use crate::{
    backoff,
    error::{DbError, Error},
    metrics::METRICS,
};

/// Which database, as the configuration names it.
#[derive(Clone)]
pub enum Database {
    Sqlite(PathBuf),
    Mysql(Servers),
}

/// How the database is reached and used.
#[derive(Clone)]
pub struct Settings {
    pub database: Database,
    /// Connections at most.
    pub pool: u32,
    /// How long a request waits for a connection, and a connection for its server.
    pub wait: Duration,
    /// How long a statement may take.
    pub statement: Duration,
    /// Fill an empty database with the example data.
    pub example_data: bool,
}

/// How often a read is tried whose connection turns out to be dead.
const ATTEMPTS: u32 = 5;
/// How often a transaction is tried that meets a deadlock or a concurrent change, and the pauses in between: two seconds at
/// most in all, and no longer than a request waits for a connection.
const WRITE_ATTEMPTS: u32 = 12;
const WRITE_PAUSE: Duration = Duration::from_millis(5);
const WRITE_PAUSE_MAX: Duration = Duration::from_millis(320);
/// What a glance waits for a connection.
const GLANCE: Duration = Duration::from_millis(100);
/// A migration may copy a large table.
const MIGRATION: Duration = Duration::from_secs(3600);

/// The data of the restaurant. Shared by all threads.
pub struct Store {
    settings: Settings,
    nodes: Nodes,
    schema: Schema,
    disk: disk::Disk,
    /// Erased bytes may still be in SQLite's write-ahead log.
    scrub_due: AtomicBool,
    copying: backup::Copying,
}

impl Store {
    /// Connects to nothing yet: a database that is away is found out, and waited for, by use.
    pub fn new(settings: Settings) -> Store {
        Store {
            nodes: Nodes::new(&settings),
            settings,
            schema: Schema::default(),
            disk: disk::Disk::default(),
            scrub_due: AtomicBool::new(true),
            copying: backup::Copying::default(),
        }
    }

    /// Brings the schema up to date, once among all processes that start at the same time. Until this has
    /// succeeded, reads and writes answer `Unavailable`; while the first attempt runs they wait for it.
    pub fn migrate(&self) -> Result<(), DbError> {
        self.schema.attempt(|| self.try_to_migrate())
    }

    /// Connects with the time-outs of every connection, so that a server that accepts and stays silent is found out; only
    /// where there is something to do, again with the time that copying a large table takes.
    fn try_to_migrate(&self) -> Result<(), DbError> {
        self.nodes.choose()?;
        let settings = self.nodes.settings();
        let mut conn = Manager::once(settings.clone())?;
        let tell = |step| self.schema.note_step(step);
        if !migrations::is_done(&mut *conn, &self.settings.database)? {
            if let Database::Mysql(_) = self.settings.database {
                conn = backup::open_to_change(settings)?;
            }
            migrations::run(&mut *conn, &self.settings, &tell)?;
        }
        migrations::rewrite_once(&mut *conn, &self.settings.database, &tell);
        Ok(())
    }

    /// What the migration that runs now is at, and for how many seconds it has run.
    pub fn migrating(&self) -> Option<(String, u64)> {
        self.schema.migrating()
    }

    /// Waits until the first attempt to migrate has ended, for so long at most.
    pub fn wait_for_start(&self, at_most: Duration) {
        self.schema.wait_for_start(at_most);
    }

    /// Whether the schema is up to date, so that reads and writes can run.
    pub fn is_migrated(&self) -> bool {
        self.schema.is_up_to_date()
    }

    /// Runs queries that change nothing. They may run again when the connection turns out to be dead.
    pub fn read<T>(
        &self,
        mut queries: impl FnMut(&mut dyn Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempt = 1;
        loop {
            let mut conn = self.connection(Pool::Readers)?;
            conn.suspect = true;
            match queries(&mut **conn) {
                Err(Error::Database(e @ DbError::Lost(_))) => {
                    conn.report_lost();
                    if attempt == ATTEMPTS {
                        return Err(e.into());
                    }
                    attempt += 1;
                }
                result => {
                    conn.suspect = false;
                    return result;
                }
            }
        }
    }

    /// Runs one transaction: all of it happens, or nothing. It runs again, a bounded number of times, after a deadlock
    /// or when the connection was lost before the commit; so it must have no effect but on the database.
    pub fn write<T>(&self, changes: impl FnMut(&mut dyn Connection) -> Result<T, Error>) -> Result<T, Error> {
        self.write_within(LockWait::Long, changes)
    }

    /// As `write`, where each statement waits so long for a row that another transaction holds; then `Locked`.
    pub fn write_within<T>(
        &self,
        wait: LockWait,
        mut changes: impl FnMut(&mut dyn Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = self.write_again(wait, &mut changes);
        self.disk.note(&result);
        result
    }

    fn write_again<T>(
        &self,
        wait: LockWait,
        changes: &mut dyn FnMut(&mut dyn Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let begun = Instant::now();
        let (mut lost, mut conflicts) = (0, 0);
        loop {
            let mut conn = self.connection(Pool::Writers)?;
            match transaction(&mut conn, wait, changes) {
                Err(Error::Database(DbError::Lost(_))) if lost + 1 < ATTEMPTS => {
                    conn.report_lost();
                    lost += 1;
                }
                Err(Error::Database(conflict @ DbError::Retry(_))) => {
                    drop(conn);
                    METRICS.database.conflict();
                    conflicts += 1;
                    if conflicts == WRITE_ATTEMPTS || begun.elapsed() >= self.settings.wait {
                        return Err(conflict.into());
                    }
                    thread::sleep(backoff::pause(WRITE_PAUSE, WRITE_PAUSE_MAX, conflicts));
                }
                // After a commit without an answer nobody knows whether to do it again.
                result => {
                    if let Err(Error::Database(DbError::Lost(_) | DbError::Unknown(_))) = result {
                        conn.report_lost();
                    }
                    return result;
                }
            }
        }
    }

    /// As `read`, once and without a queue: who asks how things are is answered also when they are bad.
    pub fn glance<T>(
        &self,
        queries: impl FnOnce(&mut dyn Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut conn = self.connection_within(Pool::Readers, GLANCE)?;
        conn.suspect = true;
        let result = queries(&mut **conn)?;
        conn.suspect = false;
        Ok(result)
    }

    fn connection(&self, pool: Pool) -> Result<r2d2::PooledConnection<Manager>, Error> {
        self.connection_within(pool, self.settings.wait)
    }

    fn connection_within(
        &self,
        pool: Pool,
        wait: Duration,
    ) -> Result<r2d2::PooledConnection<Manager>, Error> {
        if !self.is_migrated() {
            self.wait_for_start(wait);
        }
        if !self.is_migrated() {
            return Err(Error::Unavailable("the database has not been reached or migrated yet".into()));
        }
        let start = Instant::now();
        let got = self.nodes.connection(pool, wait);
        METRICS.pool_wait(start, got.is_ok());
        got.map_err(|e| Error::Unavailable(format!("no database connection: {e}")))
    }

    /// Open connections, and how many of them nobody uses.
    pub fn pool(&self) -> (u32, u32) {
        let states: Vec<r2d2::State> = self.nodes.pools().iter().map(|pool| pool.state()).collect();
        (states.iter().map(|s| s.connections).sum(), states.iter().map(|s| s.idle_connections).sum())
    }

    /// For the one thread that looks after the servers.
    pub fn watch(&self) -> Watch {
        Watch::new(&self.nodes)
    }

    /// Asks the server that is used by a statement whether it takes writes, and goes on to another where that is better.
    pub fn look(&self, watch: &mut Watch) -> Result<(), Unusable> {
        self.nodes.look(watch)
    }

    /// Waits for so long, or until a connection is lost.
    pub fn wait_to_look(&self, at_most: Duration) {
        self.nodes.wait(at_most);
    }

    /// Which server of how many is used, from 1.
    pub fn server(&self) -> (usize, usize) {
        self.nodes.place()
    }
}

/// The connection is suspect until it is known how the transaction ended, also when `changes` panics: the next to use
/// it would commit what this one began.
fn transaction<T>(
    conn: &mut Pooled,
    wait: LockWait,
    changes: &mut dyn FnMut(&mut dyn Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    conn.suspect = true;
    conn.wait_for_rows(wait)?;
    conn.begin()?;
    let result = match changes(&mut **conn) {
        Ok(value) => match conn.commit() {
            Ok(()) => {
                conn.suspect = false;
                return Ok(value);
            }
            Err(unknown @ DbError::Unknown(_)) => return Err(unknown.into()),
            Err(other) => Err(other.into()),
        },
        error => error,
    };
    match conn.rollback() {
        Ok(()) => conn.suspect = false,
        // The first failure is the one to report.
        Err(e) => log::warn!("rollback failed: {e}"),
    }
    result
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Database::Mysql(servers) => servers.fmt(f),
        }
    }
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests {
    use super::*;

    fn store(name: &str) -> (PathBuf, Store) {
        let folder = std::env::temp_dir().join(format!("ambrosia-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let store = Store::new(Settings {
            database: Database::Sqlite(folder.join("r.db")),
            pool: 1,
            wait: Duration::from_secs(5),
            statement: Duration::from_secs(5),
            example_data: false,
        });
        store.migrate().unwrap();
        (folder, store)
    }

    #[test]
    fn what_is_still_being_written_at_the_end_is_in_the_one_file() {
        let (folder, store) = store("close");
        let (begun, begins) = std::sync::mpsc::channel();
        let (goes_on, go_on) = std::sync::mpsc::channel::<()>();
        thread::scope(|scope| {
            let store = &store;
            scope.spawn(move || {
                store.write(|conn| {
                    begun.send(()).unwrap();
                    go_on.recv().unwrap();
                    Ok(conn.execute("UPDATE restaurante SET nome = 'Cantina'", &[])?)
                })
            });
            begins.recv().unwrap();
            let closed = scope.spawn(|| store.close());
            goes_on.send(()).unwrap();
            closed.join().unwrap();
        });
        assert_eq!(std::fs::metadata(folder.join("r.db-wal")).unwrap().len(), 0);
        assert!(store.nodes.pools()[1].try_get().is_none(), "somebody can write after the end");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_transaction_that_meets_concurrent_changes_is_tried_for_a_while() {
        let (folder, store) = store("retry");
        let conflict = || Error::Database(DbError::Retry("changed".into()));
        let mut attempts = 0;
        let saved = store.write(|_| {
            attempts += 1;
            if attempts < WRITE_ATTEMPTS { Err(conflict()) } else { Ok(attempts) }
        });
        assert_eq!(saved.ok(), Some(WRITE_ATTEMPTS));
        let given_up: Result<(), Error> = store.write(|_| Err(conflict()));
        assert!(matches!(given_up, Err(Error::Database(DbError::Retry(_)))));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
