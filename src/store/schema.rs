//! How far the schema is: reads and writes wait for the first attempt to migrate, and are refused while a later one has yet
//! to succeed. The migrations themselves are in `migrations.rs`.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::error::DbError;

/// The state of the schema, shared by all threads.
#[derive(Default)]
pub struct Schema {
    up_to_date: AtomicBool,
    migration: Mutex<Migration>,
    /// An attempt to migrate has ended.
    attempted: Condvar,
}

enum Migration {
    /// The first attempt has not ended: requests wait for it as they wait for a connection.
    Starting(Progress),
    /// There was a failure, and another attempt runs or will.
    Late(Option<Progress>),
    Done,
}

struct Progress {
    since: Instant,
    step: String,
}

impl Progress {
    fn new() -> Progress {
        Progress { since: Instant::now(), step: "começo".to_owned() }
    }
}

impl Default for Migration {
    fn default() -> Migration {
        Migration::Starting(Progress::new())
    }
}

impl Schema {
    /// Runs an attempt to migrate, and tells those who wait how it ended.
    pub fn attempt(&self, migrate: impl FnOnce() -> Result<(), DbError>) -> Result<(), DbError> {
        if let late @ Migration::Late(_) = &mut *self.migration() {
            *late = Migration::Late(Some(Progress::new()));
        }
        let result = migrate();
        // Before the end is told: what waits for it looks at this next.
        self.up_to_date.store(result.is_ok(), Ordering::Release);
        *self.migration() = if result.is_ok() { Migration::Done } else { Migration::Late(None) };
        self.attempted.notify_all();
        result
    }

    /// What the attempt that runs is at.
    pub fn note_step(&self, step: String) {
        if let Migration::Starting(progress) | Migration::Late(Some(progress)) = &mut *self.migration() {
            progress.step = step;
        }
    }

    /// The step of the attempt that runs, and the seconds since it began.
    pub fn migrating(&self) -> Option<(String, u64)> {
        match &*self.migration() {
            Migration::Starting(progress) | Migration::Late(Some(progress)) => {
                Some((progress.step.clone(), progress.since.elapsed().as_secs()))
            }
            Migration::Late(None) | Migration::Done => None,
        }
    }

    /// Waits until the first attempt has ended, for so long at most.
    pub fn wait_for_start(&self, at_most: Duration) {
        let starting = |migration: &mut Migration| matches!(migration, Migration::Starting(_));
        drop(self.attempted.wait_timeout_while(self.migration(), at_most, starting));
    }

    /// Whether an attempt has succeeded.
    pub fn is_up_to_date(&self) -> bool {
        self.up_to_date.load(Ordering::Acquire)
    }

    fn migration(&self) -> MutexGuard<'_, Migration> {
        self.migration.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
