//! What stands in for `file` in a build without SQLite.

use std::{path::Path, time::Duration};

use super::{super::connection::Connection, Failure};
use crate::error::DbError;

const WITHOUT: &str = "this build has no SQLite";

/// Nothing is ever copied.
#[derive(Default)]
pub struct Copying;

impl Copying {
    /// Refused.
    pub fn vacuum(&self, _: &Path, _: &Path, _: Duration) -> Result<(), Failure> {
        Err(Failure(WITHOUT.to_owned()))
    }

    /// There is nothing to interrupt.
    pub fn interrupt(&self) {}
}

/// Refused.
pub fn open_read_only(_: &Path, _: Duration) -> Result<Box<dyn Connection>, DbError> {
    Err(DbError::Other(WITHOUT.to_owned()))
}

/// Refused.
pub fn close_for_good(_: Box<dyn Connection>) -> Result<(), DbError> {
    Err(DbError::Other(WITHOUT.to_owned()))
}

/// None is ever seized.
pub struct Seized;

impl Seized {
    /// No.
    pub fn is_readable(&self) -> bool {
        false
    }

    /// Refused.
    pub fn of(_: &Path, _: Duration) -> Result<Seized, Failure> {
        Err(Failure(WITHOUT.to_owned()))
    }
}
