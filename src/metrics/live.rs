//! Of the live streams.

use std::{sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Who listens, and how fast they are told.
pub struct Live {
    listeners: Family<Topic, Gauge>,
    lost: Family<Reason, Counter<u64, AtomicU64>>,
    told: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Topic {
    topic: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

impl Live {
    pub(super) fn new(told: Histogram) -> Live {
        Live { listeners: Family::default(), lost: Family::default(), told }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("live_listeners", "Live streams that are open", self.listeners.clone());
        let text = "Live streams that were closed: the client read too slowly, or was gone";
        registry.register("live_listeners_lost", text, self.lost.clone());
        let text = "From a look at the log to the last listener who is told of a slice of it";
        registry.register_with_unit("live_telling", text, Unit::Seconds, self.told.clone());
    }

    /// So many listen to a topic.
    pub fn listening(&self, topic: &'static str, count: usize) {
        self.listeners.get_or_create(&Topic { topic }).set(count as i64);
    }

    /// A stream was closed because its client is slow, or gone.
    pub fn lost(&self, reason: &'static str) {
        self.lost.get_or_create(&Reason { reason }).inc();
    }

    /// A slice of the log was read and told to all, in so long.
    pub fn told(&self, took: Duration) {
        self.told.observe(took.as_secs_f64());
    }
}
