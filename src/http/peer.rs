//! A connection as the others see it: whether it waits for its client, and for how long; whether it may be ended.

use std::{
    collections::HashMap,
    net::{IpAddr, Shutdown, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// The connections of a server.
pub type Connections = HashMap<u64, Arc<Peer>>;

pub struct Peer {
    pub stream: TcpStream,
    pub address: IpAddr,
    /// Milliseconds since the server started at which it began to wait for its client; `BUSY` while its request is in work.
    waiting_since: AtomicU64,
    /// Nothing of a next request has been read.
    idle: AtomicBool,
    /// Bytes of answers that it took after it had to be waited for.
    taken: AtomicU64,
    /// Its last request has no answer yet.
    pub owed: AtomicBool,
    /// It ends with the answer to its last request.
    pub closing: AtomicBool,
}

const BUSY: u64 = u64::MAX;
/// Chosen to make room: what it still sends is not served any more, since the answer could not be sent.
const CLOSED: u64 = u64::MAX - 1;

impl Peer {
    pub fn new(stream: TcpStream, address: IpAddr, now: u64) -> Peer {
        let no = || AtomicBool::new(false);
        Peer {
            stream,
            address,
            waiting_since: AtomicU64::new(now),
            idle: AtomicBool::new(true),
            taken: AtomicU64::new(0),
            owed: no(),
            closing: no(),
        }
    }

    pub fn takes(&self, bytes: usize) {
        self.taken.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    pub fn waits(&self, now: u64) {
        self.becomes(now);
    }

    /// How long it has waited for its client.
    pub fn waited(&self, now: u64) -> Duration {
        Duration::from_millis(now.saturating_sub(self.waiting_since.load(Ordering::Acquire)))
    }

    /// `false` when the connection was closed to make room, a moment ago.
    pub fn works(&self) -> bool {
        self.becomes(BUSY)
    }

    fn becomes(&self, state: u64) -> bool {
        let unless_closed = |seen| (seen != CLOSED).then_some(state);
        self.waiting_since.fetch_update(Ordering::AcqRel, Ordering::Acquire, unless_closed).is_ok()
    }

    /// From here until `begins`, the connection ends when the server stops and it has its last answer.
    pub fn idles(&self, stopping: &AtomicBool) {
        self.idle.store(true, Ordering::SeqCst);
        self.end_if(stopping);
    }

    /// Its last request has its answer.
    pub fn is_answered(&self, stopping: &AtomicBool) {
        self.owed.store(false, Ordering::SeqCst);
        self.end_if(stopping);
    }

    /// Of those who make one of the three so, the last sees that all are.
    pub fn end_if(&self, stopping: &AtomicBool) {
        let idle = || self.idle.load(Ordering::SeqCst) && !self.owed.load(Ordering::SeqCst);
        if stopping.load(Ordering::SeqCst) && idle() {
            // What has arrived can still be read, and is answered.
            let _ = self.stream.shutdown(Shutdown::Read);
        }
    }

    /// A request that has begun may finish.
    pub fn begins(&self) {
        self.idle.store(false, Ordering::SeqCst);
    }
}

/// Of those that wait for their client, the one that waits longest goes.
pub fn close_longest_waiting(connections: &Connections) {
    let since = |peer: &&Arc<Peer>| peer.waiting_since.load(Ordering::Acquire);
    let Some(peer) = connections.values().filter(|p| since(p) < CLOSED).min_by_key(since) else { return };
    let seen = since(&peer);
    // Unless it has begun to work in between; then another will be found.
    let chosen = seen < CLOSED
        && peer.waiting_since.compare_exchange(seen, CLOSED, Ordering::AcqRel, Ordering::Acquire).is_ok();
    if chosen {
        // An error means that it is closed already.
        let _ = peer.stream.shutdown(Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn peer(since: u64) -> Arc<Peer> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        Arc::new(Peer::new(stream, [127, 0, 0, 1].into(), since))
    }

    #[test]
    fn who_was_closed_to_make_room_works_no_more_and_who_works_is_not_closed() {
        let (oldest, working, young) = (peer(1), peer(0), peer(2));
        assert!(working.works());
        let peers: Connections = [oldest.clone(), working.clone(), young.clone()]
            .into_iter()
            .zip(0..)
            .map(|(p, i)| (i, p))
            .collect();
        close_longest_waiting(&peers);
        oldest.waits(9);
        assert!(!oldest.works(), "a request of a connection that cannot be answered would be served");
        close_longest_waiting(&peers);
        assert!(!young.works());
        close_longest_waiting(&peers);
        working.waits(3);
        assert!(working.works());
    }
}
