//! A lease on MySQL: of all processes one at a time does the work that it names. It is a row of `arrendamentos`; the process
//! whose INSERT or UPDATE of that row succeeds is the holder. That holds on a cluster too, where named locks and row locks are
//! those of one node: of two nodes that write the same row, one is refused at its commit.
//!
//! - It ends by the database's clock unless it is renewed, which a thread does while the work goes on: the lease of a process
//!   that died or stands still runs out.
//! - A process that stood still does not know that its lease has run out until it renews it. So it renews before each step,
//!   and a step that comes too late changes nothing (`migrations`, `takeover`).

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use super::{
    Settings,
    connection::{Connection, Value},
    pool::Manager,
};
use crate::error::DbError;

/// How long it lasts without being renewed.
const SECONDS: i64 = 15;
/// Between two renewals.
const RENEWAL: Duration = Duration::from_secs(4);
/// Between two looks whether another process has given it back.
const PAUSE: Duration = Duration::from_millis(200);

/// A lease that this process had when it was last renewed.
pub(super) struct Lease {
    name: &'static str,
    /// Unlike that of any other.
    owner: String,
}

impl Lease {
    /// Takes the lease of this name, and waits so long for another holder; then `Busy`.
    pub(super) fn take(
        conn: &mut dyn Connection,
        name: &'static str,
        wait: Duration,
    ) -> Result<Lease, DbError> {
        conn.script(
            "CREATE TABLE IF NOT EXISTS arrendamentos (nome VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin \
             NOT NULL PRIMARY KEY, dono CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, ate DATETIME NOT NULL) \
             ENGINE=InnoDB;\n",
        )?;
        let lease = Lease { name, owner: uuid::Uuid::new_v4().to_string() };
        let deadline = Instant::now() + wait;
        while !lease.try_to_take(conn)? {
            if Instant::now() >= deadline {
                return Err(DbError::Busy(format!("another process does this: {name}")));
            }
            thread::sleep(PAUSE);
        }
        Ok(lease)
    }

    fn try_to_take(&self, conn: &mut dyn Connection) -> Result<bool, DbError> {
        let until = format!("UTC_TIMESTAMP() + INTERVAL {SECONDS} SECOND");
        let values: [Value; 2] = [self.owner.as_str().into(), self.name.into()];
        let sql = format!(
            "UPDATE arrendamentos SET dono = ?, ate = {until} WHERE nome = ? AND ate <= UTC_TIMESTAMP()"
        );
        let taken = match conn.execute(&sql, &values) {
            Ok(0) => {
                let sql = format!("INSERT INTO arrendamentos (dono, nome, ate) VALUES (?, ?, {until})");
                conn.execute(&sql, &values)
            }
            taken => taken,
        };
        match taken {
            Ok(rows) => Ok(rows == 1),
            // Another process has it, or was faster.
            Err(DbError::Unique(_) | DbError::Retry(_) | DbError::Locked(_)) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Makes it last again; `Busy` where it has run out and another process has taken it.
    pub(super) fn renew(&self, conn: &mut dyn Connection) -> Result<(), DbError> {
        let sql = format!(
            "UPDATE arrendamentos SET ate = UTC_TIMESTAMP() + INTERVAL {SECONDS} SECOND WHERE nome = ? AND dono = ?"
        );
        match conn.execute(&sql, &[self.name.into(), self.owner.as_str().into()])? {
            0 => Err(DbError::Busy(format!("another process has taken this over: {}", self.name))),
            _ => Ok(()),
        }
    }

    /// Renews it over connections of its own until `ended`.
    pub(super) fn renew_until(&self, ended: &Receiver<()>, settings: &Settings) {
        let mut kept: Option<Box<dyn Connection>> = None;
        while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(RENEWAL) {
            let connection = kept.take().map_or_else(|| Manager::once(settings.clone()), Ok);
            let renewed = connection.and_then(|mut conn| self.renew(&mut *conn).map(|()| conn));
            kept = renewed.inspect_err(|e| log::warn!("a lease is not renewed: {e}")).ok();
        }
    }

    /// Lets another process take it at once.
    pub(super) fn give_back(&self, conn: &mut dyn Connection) -> Result<(), DbError> {
        let sql = "UPDATE arrendamentos SET ate = UTC_TIMESTAMP() WHERE nome = ? AND dono = ?";
        conn.execute(sql, &[self.name.into(), self.owner.as_str().into()]).map(drop)
    }
}
