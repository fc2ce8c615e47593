//! One that listens: what to, where it stands in the log, and its socket.

use std::time::{Duration, Instant};

use super::hub::Slot;
use crate::server::{Delivery, Frame, Lost, Stream};

/// What is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Every event.
    Log,
    /// The open orders, whole.
    Kitchen,
    /// Numbers and states of the open orders.
    Panel,
    /// One order, by its id.
    Order(i64),
}

impl Topic {
    /// All that `name` gives.
    pub(super) const NAMES: [&str; 4] = ["eventos", "cozinha", "painel", "pedido"];

    /// For `/metrics`.
    pub fn name(self) -> &'static str {
        match self {
            Topic::Log => "eventos",
            Topic::Kitchen => "cozinha",
            Topic::Panel => "painel",
            Topic::Order(_) => "pedido",
        }
    }
}

/// One that begins to listen.
pub struct NewListener {
    /// What to.
    pub topic: Topic,
    /// The place in the log that it is told from.
    pub next: i64,
    /// Of an order: the version that it has seen.
    pub versao: i64,
    /// Between two pulses.
    pub pulse: Duration,
    /// `None` where nothing has to be checked again.
    pub guard: Option<Guard>,
}

/// Whether what let a listener in still does.
pub type Guard = Box<dyn Fn() -> bool + Send>;

/// For one that takes nothing of what it is told, and for one that takes it slowly.
const STUCK_MAX: Duration = Duration::from_secs(5);
const BEHIND_MAX: Duration = Duration::from_secs(60);
/// Between two looks whether a client has hung up.
const CHECK: Duration = Duration::from_secs(2);

/// One that listens.
pub(super) struct Listener {
    pub topic: Topic,
    pub next: i64,
    pub versao: i64,
    stream: Stream,
    /// Since when it has not taken all that it was told.
    behind_since: Option<Instant>,
    pulse: Duration,
    pulse_due: Instant,
    check_due: Instant,
    guard: Option<Guard>,
    /// Counted until it is dropped.
    _slot: Slot,
}

impl Listener {
    /// `behind`: it has not taken its first frame yet.
    pub fn new(new: NewListener, stream: Stream, behind: bool, slot: Slot, now: Instant) -> Listener {
        let NewListener { topic, next, versao, pulse, guard } = new;
        Listener {
            topic,
            next,
            versao,
            stream,
            behind_since: behind.then_some(now),
            pulse,
            pulse_due: now + pulse,
            check_due: now + CHECK,
            guard,
            _slot: slot,
        }
    }

    /// Whether it stands before this place and can be told more.
    pub fn waits_for(&self, head: i64) -> bool {
        self.next < head && !self.is_behind()
    }

    /// Whether it has not taken all that it was sent.
    pub fn is_behind(&self) -> bool {
        self.behind_since.is_some()
    }

    /// Tells it something. An error means that it is to be dropped.
    pub fn tell(&mut self, frame: &Frame, now: Instant) -> Result<(), Lost> {
        let delivery = self.stream.send(frame)?;
        self.behind_since = (delivery != Delivery::Complete).then_some(now);
        self.pulse_due = now + self.pulse;
        Ok(())
    }

    /// What is due apart from news: the rest of a frame that it did not take, and a look whether it is still there.
    pub fn look_after(&mut self, now: Instant) -> Result<(), Lost> {
        if let Some(since) = self.behind_since {
            let behind = now.duration_since(since);
            match self.stream.flush()? {
                Delivery::Complete => self.behind_since = None,
                Delivery::Behind(stuck) if stuck > STUCK_MAX || behind > BEHIND_MAX => {
                    return Err(Lost::Slow);
                }
                Delivery::Behind(_) => {}
            }
        }
        if now >= self.check_due {
            self.check_due = now + CHECK;
            if !self.stream.is_open() {
                return Err(Lost::Gone);
            }
        }
        Ok(())
    }

    /// Whether it has been told nothing for as long as it wants to wait, and everything before this place.
    pub fn wants_pulse(&self, head: i64, now: Instant) -> bool {
        self.next >= head && now >= self.pulse_due && !self.is_behind()
    }

    /// Whether it may listen, checked now.
    pub fn is_admitted(&self) -> bool {
        self.guard.as_ref().is_none_or(|guard| guard())
    }

    /// Ends its stream, with this frame.
    pub fn end(self, last: &Frame) {
        self.stream.finish(Some(last));
    }
}
