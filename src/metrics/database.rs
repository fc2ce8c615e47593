//! Of the database.

use std::sync::atomic::AtomicU64;

use prometheus_client::{metrics::counter::Counter, registry::Registry};

/// How writes get along with those of others.
#[derive(Default)]
pub struct Database {
    conflicts: Counter<u64, AtomicU64>,
}

impl Database {
    pub(super) fn register(&self, registry: &mut Registry) {
        let text = "Transactions that met a concurrent change or a deadlock, and ran again if there was time";
        registry.register("write_conflicts", text, self.conflicts.clone());
    }

    /// A transaction met a concurrent change or a deadlock.
    pub fn conflict(&self) {
        self.conflicts.inc();
    }
}
