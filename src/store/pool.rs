//! What the pool keeps: connections, how they are opened, and which are worth keeping.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

#[cfg(feature = "sqlite")]
use super::sqlite;
use super::{
    Database, Settings,
    connection::{Connection, NodeState},
    mysql,
    servers::Servers,
};
use crate::{bell::Bell, error::DbError};

/// A connection that was idle for longer is asked before it is used.
const FRESH: Duration = Duration::from_secs(30);

/// Opens connections to one node for the pool, and tells it which are worth keeping.
pub(super) struct Manager {
    pub(super) settings: Settings,
    /// Grows when a connection was found dead: the server went away, and all that were opened before are suspect.
    pub(super) epoch: Arc<AtomicU64>,
    pub(super) shared: Arc<Shared>,
    /// Of its node.
    pub(super) number: usize,
    /// There are other nodes.
    pub(super) several: bool,
}

/// What the pools of all nodes have in common.
pub(super) struct Shared {
    /// The number of the node that is used.
    pub(super) used: AtomicUsize,
    /// Rung where a connection was lost.
    pub(super) lost: Bell,
}

pub(super) struct Pooled {
    conn: Box<dyn Connection>,
    born: u64,
    epoch: Arc<AtomicU64>,
    shared: Arc<Shared>,
    used: Instant,
    /// Not to be used again.
    pub(super) suspect: bool,
}

impl Manager {
    /// A connection of no pool, to the first server that takes writes.
    pub(super) fn once(settings: Settings) -> Result<Box<dyn Connection>, DbError> {
        let Settings { wait, statement, .. } = settings;
        match &settings.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(path) => Ok(Box::new(sqlite::Sqlite::open(path, wait)?)),
            #[cfg(not(feature = "sqlite"))]
            Database::Sqlite(_) => {
                Err(DbError::Other("this build has no SQLite: set MYSQL_HOST or DATABASE_URL".into()))
            }
            Database::Mysql(servers) => first_usable(servers, wait, statement),
        }
    }

    /// One server only is used as it is; of several, none that does not take writes.
    fn check(&self, conn: &mut dyn Connection) -> Result<(), DbError> {
        match conn.state()? {
            NodeState::Writable => Ok(()),
            _ if !self.several => Ok(()),
            other => Err(DbError::Lost(other.to_string())),
        }
    }

    fn open(&self) -> Result<Box<dyn Connection>, DbError> {
        let mut conn = Manager::once(self.settings.clone())?;
        if self.several {
            self.check(&mut *conn)?;
        }
        Ok(conn)
    }
}

fn first_usable(
    servers: &Servers,
    wait: Duration,
    statement: Duration,
) -> Result<Box<dyn Connection>, DbError> {
    let several = servers.addresses().len() > 1;
    let mut failure = DbError::Lost("there is no server".to_owned());
    for address in servers.addresses() {
        let tried = mysql::Mysql::connect(address, wait, statement).and_then(|mut conn| {
            match if several { conn.state()? } else { NodeState::Writable } {
                NodeState::Writable => Ok(conn),
                other => Err(DbError::Lost(other.to_string())),
            }
        });
        match tried {
            Ok(conn) => return Ok(Box::new(conn)),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = DbError;

    fn connect(&self) -> Result<Pooled, DbError> {
        // The pool goes on trying for requests that have gone elsewhere.
        if self.shared.used.load(Ordering::Acquire) != self.number {
            return Err(DbError::Lost("another node is used".to_owned()));
        }
        let born = self.epoch.load(Ordering::Acquire);
        let conn = self.open().inspect_err(|e| log::warn!("cannot connect to the database: {e}"))?;
        let (epoch, shared) = (self.epoch.clone(), self.shared.clone());
        Ok(Pooled { conn, born, epoch, shared, used: Instant::now(), suspect: false })
    }

    /// Called at every check-out: no round trip for a connection that was used a moment ago.
    fn is_valid(&self, conn: &mut Pooled) -> Result<(), DbError> {
        if conn.born < self.epoch.load(Ordering::Acquire) || conn.used.elapsed() > FRESH {
            let checked = self.check(&mut *conn.conn);
            checked.inspect_err(|e| log::warn!("a connection to the database is of no more use: {e}"))?;
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
    /// The server went away, or hangs: whatever was opened before now is asked before it is used, and so is the server.
    pub(super) fn report_lost(&mut self) {
        self.suspect = true;
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.shared.lost.ring();
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
