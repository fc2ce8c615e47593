//! What the listener and all connections of a server share: limits, counts, open connections and streams,
//! the budget.

use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    budget::Budget,
    handler::{Handler, Load},
    limits::Limits,
    peer::Peer,
    threads::Threads,
};

/// How long the accept loop waits for a connection to end when there is no room, before it answers 503.
pub const MAKE_ROOM: Duration = Duration::from_millis(250);

/// The middle of a server.
pub struct Core {
    pub limits: Limits,
    pub handler: Box<dyn Handler>,
    /// Nothing is accepted any more, and idle connections end.
    pub stopping: AtomicBool,
    /// Set before `stopping`, so that clients are sent elsewhere before the listener closes.
    pub draining: AtomicBool,
    /// Requests without an answer.
    pub running: AtomicUsize,
    /// The threads of connections, and those for slow readers.
    pub threads: Arc<Threads>,
    pub budget: Arc<Budget>,
    connections: Registry,
    streams: Registry,
    /// Notified whenever a connection closes.
    closed: Condvar,
    /// The server whose load this one's requests are told, if it is another.
    pub watched: Option<Arc<Core>>,
}

/// Peers by a number that is never used again.
#[derive(Default)]
struct Registry {
    entries: Mutex<Entries>,
    /// As many as `entries` holds, to be read without its lock.
    count: AtomicUsize,
}

#[derive(Default)]
struct Entries {
    next: u64,
    peers: HashMap<u64, Arc<Peer>>,
}

impl Registry {
    fn add(&self, peer: &Arc<Peer>) -> u64 {
        let mut entries = self.lock();
        let id = entries.next;
        entries.next += 1;
        entries.peers.insert(id, peer.clone());
        self.count.store(entries.peers.len(), Ordering::Release);
        id
    }

    fn remove(&self, id: u64) {
        let mut entries = self.lock();
        let peer = entries.peers.remove(&id);
        self.count.store(entries.peers.len(), Ordering::Release);
        drop(entries);
        // A socket is closed behind the lock.
        drop(peer);
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// The core of a server that is not running yet.
    pub fn new(limits: Limits, handler: Box<dyn Handler>) -> Core {
        Core {
            budget: Budget::new(limits.max_buffered_bytes),
            limits,
            handler,
            stopping: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            threads: Arc::default(),
            connections: Registry::default(),
            streams: Registry::default(),
            closed: Condvar::new(),
            watched: None,
        }
    }

    /// Counts a connection until the slot is dropped.
    pub fn connect(self: &Arc<Self>, peer: &Arc<Peer>) -> Slot {
        Slot { id: self.connections.add(peer), core: self.clone() }
    }

    /// Counts a stream until `remove_stream`.
    pub fn add_stream(&self, peer: &Arc<Peer>) -> u64 {
        self.streams.add(peer)
    }

    /// The stream of this number is let go of.
    pub fn remove_stream(&self, id: u64) {
        self.streams.remove(id);
    }

    /// Cuts off every stream; their holders notice when they send.
    pub fn cut_streams(&self) {
        self.streams.lock().peers.values().for_each(|peer| peer.shut_down());
    }

    /// Whether there is room for one connection more. At the cap the connection that has waited longest for
    /// its client is closed: so one that holds connections and says nothing cannot keep others out.
    pub fn has_room(&self) -> bool {
        let deadline = Instant::now() + MAKE_ROOM;
        let mut entries = self.connections.lock();
        while entries.peers.len() >= self.limits.max_connections {
            evict_longest_waiting(&entries);
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            entries = self.wait_for_close(entries, left);
        }
        true
    }

    /// Closes the connection that has waited longest, without waiting for its end.
    pub fn make_room(&self) {
        evict_longest_waiting(&self.connections.lock());
    }

    /// The same, and waits until some connection ends, `MAKE_ROOM` at most.
    pub fn make_room_and_wait(&self) {
        let entries = self.connections.lock();
        evict_longest_waiting(&entries);
        drop(self.wait_for_close(entries, MAKE_ROOM));
    }

    /// Idle connections end; those with a request finish it and then end by themselves. `false` when the
    /// grace period was too short. Streams have no end of their own: what is left of them is cut off.
    pub fn drain(&self) -> bool {
        let deadline = Instant::now() + self.limits.grace;
        let mut entries = self.connections.lock();
        entries.peers.values().for_each(|peer| peer.end_if_idle(&self.stopping));
        let mut finished = true;
        while !entries.peers.is_empty() && finished {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                log::warn!("{} connections did not finish in time", entries.peers.len());
                finished = false;
            } else {
                entries = self.wait_for_close(entries, left);
            }
        }
        drop(entries);
        self.cut_streams();
        finished
    }

    /// How busy the server is, or the one that this one reports on.
    pub fn load(&self) -> Load {
        if let Some(watched) = &self.watched {
            return watched.load();
        }
        Load {
            connections: self.connections.count.load(Ordering::Acquire),
            streams: self.streams.count.load(Ordering::Acquire),
            running: self.running.load(Ordering::Acquire),
            buffered_bytes: self.budget.held(),
            slow_readers_closed: self.budget.closed(),
            stopping: self.is_closing(),
        }
    }

    /// Whether connections end with their next answer.
    pub fn is_closing(&self) -> bool {
        self.draining.load(Ordering::Acquire) || self.stopping.load(Ordering::Acquire)
    }

    /// Takes the lock along: the end of a connection between its release and the wait would be missed.
    fn wait_for_close<'a>(
        &self,
        locked: MutexGuard<'a, Entries>,
        at_most: Duration,
    ) -> MutexGuard<'a, Entries> {
        self.closed.wait_timeout(locked, at_most).unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Of the connections that wait for their client, the one that has waited longest goes; unless it goes on
/// at this very moment, and then the next call finds another.
fn evict_longest_waiting(entries: &Entries) {
    let waiting = entries.peers.values().filter_map(|peer| Some((peer.waits()?, peer)));
    if let Some(((_, generation), peer)) = waiting.min_by_key(|((since, _), _)| *since) {
        peer.evict(generation);
    }
}

/// A place among the connections, given back when it is dropped.
pub struct Slot {
    pub core: Arc<Core>,
    id: u64,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.core.connections.remove(self.id);
        self.core.closed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn of_those_that_wait_the_longest_goes_first() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut entries = Entries::default();
        let peers: Vec<Arc<Peer>> = (0..3)
            .map(|id| {
                let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let peer = Arc::new(Peer::new(stream, [127, 0, 0, 1].into()));
                entries.peers.insert(id, peer.clone());
                peer
            })
            .collect();
        let (working, oldest, young) = (&peers[0], &peers[1], &peers[2]);
        assert!(working.begins_to_work(false));
        evict_longest_waiting(&entries);
        assert!(oldest.waits().is_none() && young.waits().is_some());
        evict_longest_waiting(&entries);
        assert!(young.waits().is_none());
        evict_longest_waiting(&entries);
        assert!(working.owes_answer());
    }
}
