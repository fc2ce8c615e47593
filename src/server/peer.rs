//! A connection as other threads see it: its socket, and the one state that it is in.
//!
//! ```text
//!              first byte          complete           head encoded
//!   ┌─────▶ Idle ────────▶ Reading ────────▶ Working ────────▶ Writing ─┬─▶ Finished  (it said close)
//!   │        │ ▲             │ │ ▲                              │      ├─▶ Streaming (a stream goes on)
//!   │        │ └─────────────┼─┘ │                              │      ├─▶ Closed    (did not arrive)
//!   │        │  empty lines  │   │                              │      │
//!   │        │               │   └─── more was read already ────┼──────┤
//!   └────────┼───────────────┼──────────────────────────────────┼──────┘ written
//!     evicted│        evicted│                           evicted│
//!            ▼               ▼                                  ▼
//!          Closed          Closed                              Cut ──▶ Closed, when its writer lets go
//! ```
//!
//! - Two threads move it: the connection's own reads (`Idle`, `Reading`, `Working`), and the one that has
//!   the answer writes (everything behind `Working`); they are often the same.
//! - `Idle`, `Reading` and `Writing` wait for the client, and since when decides which is evicted to make
//!   room. `Working` is never evicted: no request in work loses its connection. Eviction names the period
//!   of waiting by an integer (`generation`), so that a connection that went on meanwhile is left alone.
//! - A stream whose head goes at once skips `Writing`: evicted there, it would begin dead.
//! - A stopping server shuts down the reading side of what is, or becomes, `Idle` or `Finished`. What has
//!   arrived can still be read, and is answered.
//! - `Closed`, `Finished` and `Streaming` are final.
//!
//! Tested below and by `tests/hostile/handlers.rs`, `crowd.rs` and `shutdown.rs`.

use std::{
    net::{IpAddr, Shutdown, TcpStream},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

/// One connection.
pub struct Peer {
    pub stream: TcpStream,
    /// The other end of the socket: a client, or a proxy.
    pub address: IpAddr,
    tracked: Mutex<Tracked>,
    /// Bytes of answers that the client took after it had to be waited for.
    taken: AtomicU64,
}

struct Tracked {
    state: State,
    /// Counts the transitions.
    generation: u64,
    /// The connection's thread, while it waits in `settle`.
    waiter: Option<Thread>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing of a next request has been read.
    Idle { since: Instant },
    /// A part of a request has been read.
    Reading { since: Instant },
    /// A request is with its handler; `pipelined` bytes of a next one have been read with it.
    Working { pipelined: bool },
    /// The answer is being written.
    Writing { since: Instant, pipelined: bool },
    /// Evicted while the answer was being written, by a thread that has not noticed yet.
    Cut,
    /// The last answer is written.
    Finished,
    /// The socket belongs to the holder of a `Stream`.
    Streaming,
    /// Evicted, or an answer did not arrive whole.
    Closed,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Written; the connection goes on.
    Written,
    /// Written, and it was the last.
    Last,
    /// Its head is written, and the rest is a stream.
    Streaming,
    /// Nobody knows how much of it arrived.
    Failed,
}

/// How a connection stands that owes no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It may read a next request.
    Open,
    /// It has written its last answer.
    Finished,
    /// Its socket is a stream's.
    Streaming,
    /// It is closed.
    Closed,
}

impl Peer {
    /// A connection that has just been accepted.
    pub fn new(stream: TcpStream, address: IpAddr) -> Peer {
        let state = State::Idle { since: Instant::now() };
        let tracked = Mutex::new(Tracked { state, generation: 0, waiter: None });
        Peer { stream, address, tracked, taken: AtomicU64::new(0) }
    }

    /// Counts bytes that the client took after it had to be waited for.
    pub fn takes(&self, bytes: usize) {
        self.taken.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes that the client took after it had to be waited for.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Nothing of a next request has been read: should the server stop, the connection ends here.
    pub fn becomes_idle(&self, stopping: &AtomicBool) {
        let mut tracked = self.tracked();
        if let State::Reading { since } = tracked.state {
            tracked.enter(State::Idle { since });
        }
        self.end_if_stopping(&tracked, stopping);
    }

    /// A first byte has been read: the request that it begins may finish though the server stops.
    pub fn begins_to_read(&self) {
        let mut tracked = self.tracked();
        if let State::Idle { .. } = tracked.state {
            tracked.enter(State::Reading { since: Instant::now() });
        }
    }

    /// A request is complete. `false` when the connection was evicted a moment ago: its answer could not be
    /// sent, so it must not be handled.
    pub fn begins_to_work(&self, pipelined: bool) -> bool {
        let mut tracked = self.tracked();
        let open = matches!(tracked.state, State::Idle { .. } | State::Reading { .. });
        if open {
            tracked.enter(State::Working { pipelined });
        }
        open
    }

    /// There is an answer; from here on it is the client that is waited for.
    pub fn begins_to_write(&self) {
        let mut tracked = self.tracked();
        if let State::Working { pipelined } = tracked.state {
            tracked.enter(State::Writing { since: Instant::now(), pipelined });
        }
    }

    /// The thread that had the answer lets go of it.
    pub fn ends_answer(&self, outcome: Outcome, stopping: &AtomicBool) {
        let mut tracked = self.tracked();
        let next = match (tracked.state, outcome) {
            (State::Cut, _) | (_, Outcome::Failed) => State::Closed,
            (_, Outcome::Last) => State::Finished,
            (_, Outcome::Streaming) => State::Streaming,
            (
                State::Working { pipelined: true } | State::Writing { pipelined: true, .. },
                Outcome::Written,
            ) => State::Reading { since: Instant::now() },
            (_, Outcome::Written) => State::Idle { since: Instant::now() },
        };
        tracked.enter(next);
        match next {
            State::Finished => drop(self.stream.shutdown(Shutdown::Write)),
            State::Closed => self.shut_down(),
            _ => {}
        }
        // The connection's thread may be waiting for what the client says next.
        self.end_if_stopping(&tracked, stopping);
        let waiter = tracked.waiter.take();
        drop(tracked);
        if let Some(thread) = waiter {
            thread.unpark();
        }
    }

    /// Waits until no answer is owed. To be called by the connection's thread.
    pub fn settle(&self) -> Settled {
        loop {
            let mut tracked = self.tracked();
            match tracked.state {
                State::Idle { .. } | State::Reading { .. } => return Settled::Open,
                State::Finished => return Settled::Finished,
                State::Streaming => return Settled::Streaming,
                State::Closed => return Settled::Closed,
                State::Working { .. } | State::Writing { .. } | State::Cut => {
                    tracked.waiter = Some(thread::current());
                }
            }
            drop(tracked);
            thread::park();
        }
    }

    /// Whether a request is in work, or its answer being written.
    pub fn owes_answer(&self) -> bool {
        matches!(self.tracked().state, State::Working { .. } | State::Writing { .. } | State::Cut)
    }

    /// For how long it has been idle; zero when it is not.
    pub fn idle_for(&self) -> Duration {
        match self.tracked().state {
            State::Idle { since } => since.elapsed(),
            _ => Duration::ZERO,
        }
    }

    /// Since when it waits for its client, and the generation in which it does; `None` when it does not.
    pub fn waits(&self) -> Option<(Instant, u64)> {
        let tracked = self.tracked();
        match tracked.state {
            State::Idle { since } | State::Reading { since } | State::Writing { since, .. } => {
                Some((since, tracked.generation))
            }
            _ => None,
        }
    }

    /// Closes it to make room, unless it has left that generation.
    pub fn evict(&self, generation: u64) {
        let mut tracked = self.tracked();
        if tracked.generation == generation {
            let writing = matches!(tracked.state, State::Writing { .. });
            tracked.enter(if writing { State::Cut } else { State::Closed });
            self.shut_down();
        }
    }

    /// To be called once `stopping` is set.
    pub fn end_if_idle(&self, stopping: &AtomicBool) {
        self.end_if_stopping(&self.tracked(), stopping);
    }

    /// Both directions, at once. An error means that it is closed already.
    pub fn shut_down(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// `stopping` is set before `end_if_idle` takes the lock: so one of the two finds both.
    fn end_if_stopping(&self, tracked: &Tracked, stopping: &AtomicBool) {
        let ends = matches!(tracked.state, State::Idle { .. } | State::Finished);
        if ends && stopping.load(Ordering::SeqCst) {
            let _ = self.stream.shutdown(Shutdown::Read);
        }
    }

    fn tracked(&self) -> MutexGuard<'_, Tracked> {
        self.tracked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tracked {
    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, sync::Arc};

    use super::*;

    static RUNNING: AtomicBool = AtomicBool::new(false);
    static STOPPING: AtomicBool = AtomicBool::new(true);

    fn peer() -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        Peer::new(stream, [127, 0, 0, 1].into())
    }

    /// A peer that was read to the end of a request.
    fn working(pipelined: bool) -> Peer {
        let peer = peer();
        peer.begins_to_read();
        assert!(peer.begins_to_work(pipelined));
        peer
    }

    fn state(peer: &Peer) -> State {
        peer.tracked().state
    }

    #[test]
    fn a_request_in_work_is_not_evicted_and_an_evicted_connection_does_not_work() {
        let peer = peer();
        let (_, idle) = peer.waits().unwrap();
        peer.begins_to_read();
        peer.evict(idle);
        assert!(matches!(state(&peer), State::Reading { .. }), "it went on before it was evicted");
        assert!(peer.begins_to_work(false));
        assert!(peer.waits().is_none() && peer.owes_answer());
        peer.begins_to_write();
        peer.ends_answer(Outcome::Written, &RUNNING);
        let (_, generation) = peer.waits().unwrap();
        peer.evict(generation);
        peer.begins_to_read();
        assert!(!peer.begins_to_work(false), "a request that cannot be answered would be handled");
        assert_eq!(peer.settle(), Settled::Closed);
    }

    #[test]
    fn an_answer_ends_in_the_state_that_its_outcome_names() {
        for (outcome, settled) in [
            (Outcome::Written, Settled::Open),
            (Outcome::Last, Settled::Finished),
            (Outcome::Streaming, Settled::Streaming),
            (Outcome::Failed, Settled::Closed),
        ] {
            let peer = working(false);
            peer.begins_to_write();
            peer.ends_answer(outcome, &RUNNING);
            assert_eq!(peer.settle(), settled, "{outcome:?}");
        }
    }

    #[test]
    fn an_eviction_during_an_answer_waits_for_its_writer() {
        let peer = Arc::new(working(false));
        peer.begins_to_write();
        let (_, generation) = peer.waits().unwrap();
        peer.evict(generation);
        assert!(peer.owes_answer());
        let waiting = peer.clone();
        let thread = thread::spawn(move || waiting.settle());
        peer.ends_answer(Outcome::Written, &RUNNING);
        assert_eq!(thread.join().unwrap(), Settled::Closed);
    }

    #[test]
    fn a_stopping_server_ends_what_is_idle_and_not_what_has_begun() {
        let ends = |peer: &Peer| {
            peer.stream.set_nonblocking(true).unwrap();
            matches!(peer.stream.peek(&mut [0]), Ok(0))
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = || {
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            (Peer::new(listener.accept().unwrap().0, [127, 0, 0, 1].into()), client)
        };
        let (idle, _client) = open();
        idle.end_if_idle(&STOPPING);
        assert!(ends(&idle));
        for (pipelined, outcome, end) in
            [(false, Outcome::Written, true), (true, Outcome::Written, false), (true, Outcome::Last, true)]
        {
            let (peer, _client) = open();
            peer.begins_to_read();
            peer.end_if_idle(&STOPPING);
            assert!(peer.begins_to_work(pipelined) && !ends(&peer));
            peer.begins_to_write();
            peer.ends_answer(outcome, &STOPPING);
            assert_eq!(ends(&peer), end, "pipelined: {pipelined}, {outcome:?}");
        }
    }
}
