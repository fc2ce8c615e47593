//! What was erased leaves SQLite's write-ahead log too.

use std::{sync::atomic::Ordering, time::Duration};

use super::{Database, Manager, Settings, Store, nodes::Pool};

/// What emptying the write-ahead log waits for readers.
const SCRUB: Duration = Duration::from_millis(200);

impl Store {
    /// Leaves nothing of what was erased in SQLite's write-ahead log. Where readers hold it back it stays due.
    pub fn scrub(&self) {
        self.scrub_due.store(true, Ordering::Release);
        self.scrub_if_due();
    }

    /// As `scrub`, if one is due: at the start, and after one that was held back.
    pub fn scrub_if_due(&self) {
        if !matches!(self.settings.database, Database::Sqlite(_)) {
            return;
        }
        // The turn of the writer, on a connection that does not wait for long: others want to write.
        let Ok(_turn) = self.connection(Pool::Writers) else { return };
        if !self.scrub_due.swap(false, Ordering::AcqRel) {
            return;
        }
        let settings = Settings { wait: SCRUB, ..self.settings.clone() };
        let scrubbed = Manager::once(settings).and_then(|mut conn| {
            let answer = conn.query("PRAGMA wal_checkpoint(TRUNCATE)", &[])?;
            answer.first().map_or(Ok(1), |row| row.int(0))
        });
        if !matches!(scrubbed, Ok(0)) {
            log::info!("what was erased leaves the write-ahead log later: {scrubbed:?}");
            self.scrub_due.store(true, Ordering::Release);
        }
    }
}
