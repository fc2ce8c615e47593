//! Backups that are proved by restoring them: a copy of an SQLite file while it is in use (`copy`), again and again
//! (`schedule`), its return (`restore`), and what a restored database of either engine needs before it goes on (`resume`). The
//! same check (`check`) stands behind all of them. MySQL is copied and loaded by its own tools.

mod check;
mod copy;
#[cfg(feature = "sqlite")]
mod file;
#[cfg(not(feature = "sqlite"))]
#[path = "no_file.rs"]
mod file;
mod restore;
mod resume;
mod schedule;

use std::{fmt, path::Path};

pub use self::{
    check::{Checked, Finding, check},
    copy::Copied,
    file::Copying,
    restore::{Restored, restore},
    resume::resume,
    schedule::Schedule,
};
use super::{Database, MIGRATION, Manager, Settings, connection::Connection};
use crate::error::{DbError, Error};

/// Only the owner reads and writes: a database holds what customers told of themselves.
pub(super) const PRIVATE: u32 = 0o600;

/// Why there is no copy, or nothing was restored: one line for the log.
#[derive(Debug)]
pub struct Failure(pub String);

/// A connection for one who looks at all of the database: of no pool, and with time. An SQLite file is not made where there
/// is none, and not written to.
pub fn open_to_look(settings: &Settings) -> Result<Box<dyn Connection>, DbError> {
    match &settings.database {
        Database::Sqlite(path) => file::open_read_only(path, settings.wait),
        Database::Mysql(_) => open_to_change(settings),
    }
}

/// As `open_to_look`, for one who also writes.
pub fn open_to_change(settings: &Settings) -> Result<Box<dyn Connection>, DbError> {
    Manager::once(Settings { statement: MIGRATION, ..settings.clone() })
}

impl Failure {
    fn cannot(what: &str, path: &Path, cause: impl fmt::Display) -> Failure {
        Failure(format!("cannot {what} {}: {cause}", path.display()))
    }

    fn exists(path: &Path) -> Failure {
        Failure(format!("{} exists already, and is left as it is", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Failure {
        Failure(error.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Database(error) => error.into(),
            other => Failure(format!("{other:?}")),
        }
    }
}
