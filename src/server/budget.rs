//! The memory budget: one bound for the bytes that clients make the process hold, requests that are still
//! arriving and answers that are not taken.
//!
//! - What fits into a connection's first buffer, or into a socket at once, costs nothing here: only clients
//!   that send much or read slowly meet this lock.
//! - A body that many connections wait to write (a list, a page of the documentation) is one buffer and
//!   counts once.
//! - Requests get half of the budget at most, and 503 beyond it. An answer beyond the budget closes the
//!   connections that have waited longest for their reader; they can ask again.
//!
//! Tested by `tests/hostile/memory.rs`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;

use super::peer::Peer;

/// How many bytes there are, and what holds them.
pub struct Budget {
    /// Bytes.
    limit: usize,
    state: Mutex<State>,
    /// What `state` says, to be read without the lock.
    held: AtomicUsize,
    closed: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Bytes of requests.
    requests: usize,
    /// Bytes of answers, each body once.
    answers: usize,
    /// How many connections wait with each body, by its address: a body does not move while it is held.
    holders: HashMap<usize, usize>,
    /// Those connections, the one that has waited longest first.
    slow: BTreeMap<u64, Slow>,
    next: u64,
}

struct Slow {
    peer: Arc<Peer>,
    body: Bytes,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(limit: usize) -> Arc<Budget> {
        Arc::new(Budget {
            limit,
            state: Mutex::default(),
            held: AtomicUsize::new(0),
            closed: AtomicU64::new(0),
        })
    }

    /// Bytes held now.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Connections that were closed because their clients read too slowly while the budget was spent.
    pub fn closed(&self) -> u64 {
        self.closed.load(Ordering::Relaxed)
    }

    /// Takes this many bytes more for a request, to be given back by `release`; `false` when there are not
    /// so many.
    fn reserve(&self, bytes: usize) -> bool {
        let mut state = self.state();
        if state.requests + bytes > self.limit / 2 {
            return false;
        }
        state.requests += bytes;
        self.keep_to_limit(&mut state);
        true
    }

    fn release(&self, bytes: usize) {
        let mut state = self.state();
        state.requests -= bytes;
        self.keep_to_limit(&mut state);
    }

    /// Counts an answer until the guard is dropped. The connection of `peer` may be closed meanwhile.
    pub fn unsent(self: &Arc<Self>, peer: &Arc<Peer>, body: &Bytes) -> Unsent {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.add(number, Slow { peer: peer.clone(), body: body.clone() });
        self.keep_to_limit(&mut state);
        Unsent { budget: self.clone(), number }
    }

    /// Closes slow readers while too much is held. Their threads find the socket closed, and let go of what
    /// they hold.
    fn keep_to_limit(&self, state: &mut State) {
        while state.held() > self.limit {
            let Some(slow) = state.slow.keys().next().copied().and_then(|oldest| state.remove(oldest)) else {
                break;
            };
            self.closed.fetch_add(1, Ordering::Relaxed);
            slow.peer.shut_down();
        }
        self.held.store(state.held(), Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, number: u64, slow: Slow) {
        let holders = self.holders.entry(address(&slow.body)).or_default();
        *holders += 1;
        if *holders == 1 {
            self.answers += slow.body.len();
        }
        self.slow.insert(number, slow);
    }

    fn remove(&mut self, number: u64) -> Option<Slow> {
        let slow = self.slow.remove(&number)?;
        let body = address(&slow.body);
        if let Some(holders) = self.holders.get_mut(&body) {
            *holders -= 1;
            if *holders == 0 {
                self.holders.remove(&body);
                self.answers -= slow.body.len();
            }
        }
        Some(slow)
    }

    fn held(&self) -> usize {
        self.requests + self.answers
    }
}

fn address(body: &Bytes) -> usize {
    body.as_ptr() as usize
}

/// An answer whose client is waited for.
pub struct Unsent {
    budget: Arc<Budget>,
    number: u64,
}

impl Drop for Unsent {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        state.remove(self.number);
        self.budget.keep_to_limit(&mut state);
    }
}

/// What a connection has reserved for the request that it reads.
pub struct Reservation<'a> {
    budget: &'a Budget,
    bytes: usize,
}

impl<'a> Reservation<'a> {
    /// Nothing yet.
    pub fn none(budget: &'a Budget) -> Reservation<'a> {
        Reservation { budget, bytes: 0 }
    }

    /// Makes it this large; `false`, and as it was, when the budget has no room.
    pub fn resize(&mut self, bytes: usize) -> bool {
        if bytes > self.bytes && !self.budget.reserve(bytes - self.bytes) {
            return false;
        }
        if bytes < self.bytes {
            self.budget.release(self.bytes - bytes);
        }
        self.bytes = bytes;
        true
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.resize(0);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn peer() -> Arc<Peer> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        Arc::new(Peer::new(stream, [127, 0, 0, 1].into()))
    }

    #[test]
    fn a_body_counts_once_however_many_wait_with_it() {
        let budget = Budget::new(1000);
        let body = Bytes::from(vec![0; 600]);
        let first = budget.unsent(&peer(), &body);
        let second = budget.unsent(&peer(), &body.clone());
        assert_eq!((budget.held(), budget.closed()), (600, 0));
        drop(first);
        assert_eq!(budget.held(), 600);
        drop(second);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn beyond_it_the_oldest_slow_reader_goes() {
        let budget = Budget::new(1000);
        let body = || Bytes::from(vec![0; 400]);
        let held: Vec<_> = (0..3).map(|_| budget.unsent(&peer(), &body())).collect();
        assert_eq!((budget.held(), budget.closed()), (800, 1));
        drop(held);
        assert_eq!(budget.held(), 0, "the one that was closed is not given back twice");
        // One that is larger than all there is does not stay either.
        let larger = budget.unsent(&peer(), &Bytes::from(vec![0; 2000]));
        assert_eq!((budget.held(), budget.closed()), (0, 2));
        drop(larger);
    }

    #[test]
    fn requests_take_half_at_most_and_push_slow_readers_out() {
        let budget = Budget::new(1000);
        let slow = budget.unsent(&peer(), &Bytes::from(vec![0; 700]));
        let mut first = Reservation::none(&budget);
        assert!(first.resize(300) && budget.closed() == 0);
        let mut second = Reservation::none(&budget);
        assert!(!second.resize(201));
        assert!(second.resize(200));
        assert_eq!((budget.held(), budget.closed()), (500, 1));
        drop((first, second, slow));
        assert_eq!(budget.held(), 0);
    }
}
