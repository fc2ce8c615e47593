//! What a backup does with an SQLite file by SQLite itself.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection as File, ErrorCode, InterruptHandle, OpenFlags};

use super::{
    super::{
        connection::Connection,
        sqlite::{Sqlite, classify},
    },
    Failure,
};
use crate::error::DbError;

/// The copy that is being made, if there is one.
#[derive(Default)]
pub struct Copying(Mutex<Option<InterruptHandle>>);

impl Copying {
    /// Writes what is in `source` now into `destination`, which is empty.
    pub fn vacuum(&self, source: &Path, destination: &Path, busy: Duration) -> Result<(), Failure> {
        let failed = |e: rusqlite::Error| Failure::cannot("copy", source, classify(e));
        let name = destination
            .to_str()
            .ok_or_else(|| Failure(format!("cannot write {}: its name is no text", destination.display())))?;
        let file = File::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
        file.busy_timeout(busy).map_err(failed)?;
        self.set(Some(file.get_interrupt_handle()));
        let copied = file.execute("VACUUM INTO ?1", [name]).map_err(failed);
        self.set(None);
        copied.map(drop)
    }

    /// It ends, without a copy. A reader would hold back the last checkpoint.
    pub fn interrupt(&self) {
        if let Some(copying) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            copying.interrupt();
        }
    }

    fn set(&self, copying: Option<InterruptHandle>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = copying;
    }
}

/// Opens a file that exists, and changes nothing in it.
pub fn open_read_only(path: &Path, busy: Duration) -> Result<Box<dyn Connection>, DbError> {
    Ok(Box::new(Sqlite::open_read_only(path, busy)?))
}

/// All content is in the one file, which no connection has open any more.
pub fn close_for_good(mut conn: Box<dyn Connection>) -> Result<(), DbError> {
    conn.script("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;")
}

/// A database file that nobody else can open while this lives.
pub struct Seized(Option<File>);

impl Seized {
    /// Whether all content is in the one file now.
    pub fn is_readable(&self) -> bool {
        self.0.is_some()
    }

    /// Refused where another process has it open. A file that SQLite cannot read is nobody's.
    pub fn of(path: &Path, busy: Duration) -> Result<Seized, Failure> {
        let seized = File::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|file| {
            file.busy_timeout(busy)?;
            // The log is emptied and removed. In this locking mode the lock of the whole file is kept from here on.
            file.execute_batch("PRAGMA locking_mode = EXCLUSIVE;")?;
            file.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
            file.execute_batch("BEGIN EXCLUSIVE;")?;
            Ok(file)
        });
        match seized {
            Ok(file) => Ok(Seized(Some(file))),
            Err(e) => match e.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                    Err(Failure(format!("{} is in use: stop the process that has it open", path.display())))
                }
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Ok(Seized(None)),
                _ => Err(Failure::cannot("open", path, classify(e))),
            },
        }
    }
}
