//! Of the database.

use std::{sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::Known;

/// Which server is used, and how writes get along with those of others.
pub struct Database {
    conflicts: Counter<u64, AtomicU64>,
    switches: Counter<u64, AtomicU64>,
    used: Family<Node, Gauge>,
    cluster_size: Known,
    read: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Node {
    node: String,
}

impl Database {
    pub(super) fn new(read: Histogram) -> Database {
        let (conflicts, switches) = (Counter::default(), Counter::default());
        Database { conflicts, switches, used: Family::default(), cluster_size: Known::default(), read }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let text = "Transactions that met a concurrent change or a deadlock, and ran again if there was time";
        registry.register("write_conflicts", text, self.conflicts.clone());
        let text = "Times that another server of the list began to be used";
        registry.register("database_switches", text, self.switches.clone());
        let text = "1 for the server that is used, of the list";
        registry.register("database_used", text, self.used.clone());
        let text = "Nodes of the Galera cluster that the server sees";
        registry.register("database_cluster_size", text, self.cluster_size.clone());
        let text = "A read of one row each second; on a cluster it waits for what other nodes have committed";
        registry.register_with_unit("database_read", text, Unit::Seconds, self.read.clone());
    }

    /// A transaction met a concurrent change or a deadlock.
    pub fn conflict(&self) {
        self.conflicts.inc();
    }

    /// Another server is used from now on.
    pub fn switched(&self) {
        self.switches.inc();
    }

    /// Whether this server is the one that is used.
    pub fn used(&self, node: &str, used: bool) {
        self.used.get_or_create(&Node { node: node.to_owned() }).set(used.into());
    }

    /// The read of one row took so long.
    pub fn read(&self, took: Duration) {
        self.read.observe(took.as_secs_f64());
    }

    /// So many nodes are in the cluster that the server sees; `None` where it is in none.
    pub fn cluster_size(&self, nodes: Option<i64>) {
        self.cluster_size.set(nodes);
    }
}
