//! Whether the database's disk has room, as far as writes tell. A full disk refuses writes that need new pages and takes
//! those that change a row in place, so most successes prove nothing: only probes count, which need new pages, and several
//! in a row.
//!
//! Tested by `tests/api/disk.rs` and `tests/api/full_disk.rs`.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{Connection, Database, Store, idempotencia};
use crate::{
    domain::data_hora::DataHora,
    error::{DbError, Error},
};

/// Probes that have to succeed until the disk counts as one with room again.
const PROBES: u32 = 5;
/// What a probe writes to SQLite, in bytes.
const CONTENT: usize = 64 * 1024;
/// Files that a probe makes on MySQL; each takes a hundred kilobytes or so.
const FILES: u32 = 16;
/// Seconds that a probe waits for those of other processes.
const LOCK_WAIT_SECONDS: i64 = 2;

/// How many probes have yet to succeed; 0 while there is room.
#[derive(Default)]
pub struct Disk(AtomicU32);

impl Disk {
    /// Learns from how a write ended.
    pub fn note<T>(&self, result: &Result<T, Error>) {
        if let Err(Error::Database(DbError::Full(_))) = result {
            self.0.store(PROBES, Ordering::Relaxed);
        }
    }

    /// Whether the disk counts as full.
    pub fn is_full(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// A probe has succeeded.
    fn has_room(&self) {
        let one_less = |due: u32| Some(due.saturating_sub(1));
        // It never fails.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
    }
}

impl Store {
    /// Whether a write found no room on the disk, and the probes since have not shown that there is room again.
    pub fn is_full(&self) -> bool {
        self.disk.is_full()
    }

    /// Writes what needs new pages and leaves nothing of it; to be called now and then while the disk is full.
    pub fn probe_disk(&self, now: DataHora) {
        let written = match self.settings.database {
            // The log takes it, whatever the table.
            Database::Sqlite(_) => self
                .write(|conn| idempotencia::write_probe(conn, &" ".repeat(CONTENT), now))
                .and_then(|()| self.write(idempotencia::remove_probe)),
            // In no transaction: each change of a table commits.
            Database::Mysql(_) => self.read(|conn| Ok(make_files(conn)?)),
        };
        self.disk.note(&written);
        if written.is_ok() {
            self.disk.has_room();
        }
    }
}

/// Makes a table of some files, and drops it. Rows would prove less and do harm: each table has free pages of its own, and a
/// rollback that finds no room ends the server (MariaDB 10.11: «Out of disk space in rollback»). A table that cannot be made
/// leaves nothing.
fn make_files(conn: &mut dyn Connection) -> Result<(), DbError> {
    let lock = "CONCAT('ambrosia.sonda.', LEFT(SHA2(DATABASE(), 256), 40))";
    let got = conn.query(&format!("SELECT GET_LOCK({lock}, ?)"), &[LOCK_WAIT_SECONDS.into()])?;
    if got.first().map(|row| row.int(0)).transpose()? != Some(1) {
        return Err(DbError::Busy("another process looks whether the disk is full".into()));
    }
    // One that a process left that was killed.
    let drop = "DROP TABLE IF EXISTS sonda_de_disco";
    let make = format!(
        "CREATE TABLE sonda_de_disco (x INT NOT NULL) ENGINE=InnoDB PARTITION BY HASH (x) PARTITIONS {FILES}"
    );
    let made = conn.script(drop).and_then(|()| conn.script(&make)).and_then(|()| conn.script(drop));
    conn.query(&format!("SELECT RELEASE_LOCK({lock})"), &[])?;
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_probes_in_a_row_end_it_and_nothing_else_does() {
        let disk = Disk::default();
        let full = || Err::<(), _>(Error::Database(DbError::Full("no room".into())));
        disk.note(&full());
        disk.note(&Ok(()));
        for _ in 1..PROBES {
            disk.has_room();
            assert!(disk.is_full());
        }
        disk.note(&full());
        for _ in 0..PROBES {
            assert!(disk.is_full());
            disk.has_room();
        }
        assert!(!disk.is_full());
        disk.has_room();
        assert!(!disk.is_full());
    }
}
