//! The memory budget: one bound for the bytes that clients make the process hold, requests that are still
//! arriving and answers that are not taken.
//!
//! - What fits into a connection's first buffer, or into a socket at once, costs nothing here: only clients
//!   that send much or read slowly meet this lock.
//! - A body that many connections wait to write (a list, a page of the documentation) is one buffer and
//!   counts once.
//! - Requests get half of the budget at most, and 503 beyond it. An answer beyond the budget closes
//!   slow readers: first those that have taken nothing for `STALLED`, then the others, the oldest first in
//!   each. They can ask again.
//! - The only body is never closed: it is what the budget is for. So a body should be a part of the budget,
//!   and several readers that take theirs do not meet.
//! - The log names the address of a reader that is closed, once in `WARN_EVERY`.
//!
//! Tested by `tests/hostile/memory.rs`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::peer::Peer;

/// A reader that has taken nothing for so long is closed before those that have.
const STALLED: Duration = Duration::from_secs(1);
/// Between two warnings that slow readers are closed.
const WARN_EVERY: Duration = Duration::from_secs(10);

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
    /// When the log was last told of one that was closed, and how many were closed since.
    warned: Option<Instant>,
    untold: u64,
}

struct Slow {
    peer: Arc<Peer>,
    body: Bytes,
    /// What its client had taken when it was last looked at.
    taken: u64,
    /// When it was last seen to have taken something; `None` before the first time.
    progress: Option<Instant>,
}

impl Slow {
    fn new(peer: &Arc<Peer>, body: &Bytes) -> Slow {
        Slow { peer: peer.clone(), body: body.clone(), taken: peer.taken(), progress: None }
    }

    fn progresses(&mut self, now: Instant) -> bool {
        let taken = self.peer.taken();
        if taken > self.taken {
            (self.taken, self.progress) = (taken, Some(now));
        }
        self.progress.is_some_and(|last| now.duration_since(last) < STALLED)
    }
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
        state.add(number, Slow::new(peer, body));
        self.keep_to_limit(&mut state);
        Unsent { budget: self.clone(), number }
    }

    /// Closes slow readers while too much is held. Their threads find the socket closed, and let go of what they hold.
    fn keep_to_limit(&self, state: &mut State) {
        if state.held() > self.limit {
            let now = Instant::now();
            let (moving, stalled): (Vec<u64>, Vec<u64>) = {
                let each = state.slow.iter_mut().map(|(number, slow)| (*number, slow.progresses(now)));
                let (moving, stalled): (Vec<_>, Vec<_>) = each.partition(|(_, progresses)| *progresses);
                let numbers = |of: Vec<(u64, bool)>| of.into_iter().map(|(number, _)| number).collect();
                (numbers(moving), numbers(stalled))
            };
            for number in stalled.into_iter().chain(moving) {
                if state.held() <= self.limit || state.holders.len() <= 1 {
                    break;
                }
                if let Some(slow) = state.remove(number) {
                    self.close(&slow.peer, state, now);
                }
            }
        }
        self.held.store(state.held(), Ordering::Relaxed);
    }

    fn close(&self, peer: &Peer, state: &mut State, now: Instant) {
        peer.shut_down();
        self.closed.fetch_add(1, Ordering::Relaxed);
        state.untold += 1;
        if state.warned.is_none_or(|last| now.duration_since(last) >= WARN_EVERY) {
            let (address, since) = (peer.address, state.untold - 1);
            log::warn!(
                "{address} reads slowly and was closed, since MAX_BUFFERED_BYTES is spent; {since} others \
                 since the last warning"
            );
            (state.warned, state.untold) = (Some(now), 0);
        }
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
        connected().0
    }

    /// And its client.
    fn connected() -> (Arc<Peer>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let stream = listener.accept().unwrap().0;
        (Arc::new(Peer::new(stream, [127, 0, 0, 1].into())), client)
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
    }

    #[test]
    fn the_only_body_stays_however_large_and_many_wait_with_it() {
        let budget = Budget::new(1000);
        let body = Bytes::from(vec![0; 2000]);
        let held = [budget.unsent(&peer(), &body), budget.unsent(&peer(), &body)];
        assert_eq!((budget.held(), budget.closed()), (2000, 0));
        // Another one beside it is one too many.
        let other = budget.unsent(&peer(), &Bytes::from(vec![0; 10]));
        assert_eq!((budget.held(), budget.closed()), (10, 2));
        drop((held, other));
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn a_reader_that_takes_its_answer_is_spared_for_one_that_does_not() {
        let budget = Budget::new(1000);
        let ((reads, reading), (stalls, stalling)) = (connected(), connected());
        let body = || Bytes::from(vec![0; 400]);
        let oldest = budget.unsent(&reads, &body());
        let second = budget.unsent(&stalls, &body());
        reads.takes(1);
        let third = budget.unsent(&peer(), &body());
        assert_eq!((budget.held(), budget.closed()), (800, 1));
        let closed = |client: &TcpStream| {
            client.set_nonblocking(true).unwrap();
            client.peek(&mut [0]).is_ok_and(|bytes| bytes == 0)
        };
        assert!(closed(&stalling) && !closed(&reading));
        drop((oldest, second, third));
    }

    #[test]
    fn requests_take_half_at_most_and_push_slow_readers_out() {
        let budget = Budget::new(1000);
        let slow = [400, 300].map(|bytes| budget.unsent(&peer(), &Bytes::from(vec![0; bytes])));
        let mut first = Reservation::none(&budget);
        assert!(first.resize(300) && budget.closed() == 0);
        let mut second = Reservation::none(&budget);
        assert!(!second.resize(201));
        assert!(second.resize(200));
        assert_eq!((budget.held(), budget.closed()), (800, 1));
        drop((first, second, slow));
        assert_eq!(budget.held(), 0);
    }
}
