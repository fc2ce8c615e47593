//! What the pool keeps: connections, how they are opened, and which are worth keeping.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

#[cfg(feature = "sqlite")]
use super::sqlite;
use super::{Database, Settings, connection::Connection, mysql};
use crate::error::DbError;

/// A connection that was idle for longer is pinged before it is used.
const FRESH: Duration = Duration::from_secs(30);

/// Opens connections for the pool, and tells it which are worth keeping.
pub(super) struct Manager {
    pub(super) settings: Settings,
    /// Grows when a connection was found dead: the server went away, and all that were opened before are suspect.
    pub(super) epoch: Arc<AtomicU64>,
}

pub(super) struct Pooled {
    conn: Box<dyn Connection>,
    born: u64,
    epoch: Arc<AtomicU64>,
    used: Instant,
    /// Not to be used again.
    pub(super) suspect: bool,
}

impl Manager {
    /// A connection of no pool.
    pub(super) fn once(settings: Settings) -> Result<Box<dyn Connection>, DbError> {
        Manager { settings, epoch: Arc::default() }.open()
    }

    pub(super) fn open(&self) -> Result<Box<dyn Connection>, DbError> {
        let Settings { wait, statement, .. } = self.settings;
        Ok(match &self.settings.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(path) => Box::new(sqlite::Sqlite::open(path, wait)?),
            #[cfg(not(feature = "sqlite"))]
            Database::Sqlite(_) => {
                return Err(DbError::Other(
                    "this build has no SQLite: set MYSQL_HOST or DATABASE_URL".into(),
                ));
            }
            Database::Mysql(address) => Box::new(mysql::Mysql::connect(address, wait, statement)?),
        })
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = DbError;

    fn connect(&self) -> Result<Pooled, DbError> {
        let born = self.epoch.load(Ordering::Acquire);
        let conn = self.open()?;
        Ok(Pooled { conn, born, epoch: self.epoch.clone(), used: Instant::now(), suspect: false })
    }

    /// Called at every check-out: no round trip for a connection that was used a moment ago.
    fn is_valid(&self, conn: &mut Pooled) -> Result<(), DbError> {
        if conn.born < self.epoch.load(Ordering::Acquire) || conn.used.elapsed() > FRESH {
            conn.conn.ping()?;
            conn.born = self.epoch.load(Ordering::Acquire);
        }
        conn.used = Instant::now();
        Ok(())
    }

    fn has_broken(&self, conn: &mut Pooled) -> bool {
        conn.suspect
    }
}

impl Pooled {
    /// The server went away, or hangs: whatever was opened before now is asked before it is used.
    pub(super) fn report_lost(&mut self) {
        self.suspect = true;
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }
}

impl std::ops::Deref for Pooled {
    type Target = dyn Connection;

    fn deref(&self) -> &Self::Target {
        &*self.conn
    }
}

impl std::ops::DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.conn
    }
}

#[derive(Debug)]
pub(super) struct LogConnectFailure;

impl r2d2::HandleError<DbError> for LogConnectFailure {
    fn handle_error(&self, error: DbError) {
        log::warn!("cannot connect to the database: {error}");
    }
}
