//! Where listeners come in. The feeder (`feeder.rs`) has them from there on.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::listener::{Listener, NewListener};
use crate::{
    bell::Bell,
    server::{Delivery, Frame, Stream},
};

/// How long the end of the process waits for the last frames.
const LAST_FRAMES: Duration = Duration::from_secs(1);

/// One place of so many is for those whom a credential lets in.
const STAFF_SHARE: usize = 10;

/// All that listens at this process.
pub struct Hub {
    max: usize,
    /// Rung by each commit of this process.
    pub(super) bell: Arc<Bell>,
    arrivals: Mutex<Vec<Listener>>,
    arrived: Condvar,
    count: AtomicUsize,
    access: AtomicI64,
    drain: Mutex<Option<Drain>>,
}

/// The process ends: listeners are let go of, spread over this time.
#[derive(Clone, Copy)]
pub(super) struct Drain {
    pub since: Instant,
    pub window: Duration,
}

/// A place among the listeners, given back when it is dropped.
pub struct Slot {
    hub: Arc<Hub>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.hub.count.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Hub {
    /// For `max` listeners. `bell` is what commits ring.
    pub fn new(max: usize, bell: Arc<Bell>) -> Hub {
        Hub {
            max,
            bell,
            arrivals: Mutex::default(),
            arrived: Condvar::new(),
            count: AtomicUsize::new(0),
            access: AtomicI64::new(0),
            drain: Mutex::new(None),
        }
    }

    /// A place for one more; `None` where there is none. A share is kept for those whom a credential lets in: strangers take
    /// no screen from the staff.
    pub fn admit(self: &Arc<Hub>, by_credential: bool) -> Option<Slot> {
        let max = if by_credential { self.max } else { self.max - self.max / STAFF_SHARE };
        let free = |count: usize| (count < max).then_some(count + 1);
        self.count.fetch_update(Ordering::AcqRel, Ordering::Acquire, free).ok()?;
        Some(Slot { hub: self.clone() })
    }

    /// What takes over the stream of one that begins to listen. `first` is what it is told before all news.
    pub fn listen(
        self: &Arc<Hub>,
        slot: Slot,
        new: NewListener,
        first: Frame,
    ) -> impl FnOnce(Stream) + Send + 'static {
        let hub = self.clone();
        move |mut stream| {
            let Ok(delivery) = stream.send(&first) else { return };
            let behind = delivery != Delivery::Complete;
            let listener = Listener::new(new, stream, behind, slot, Instant::now());
            hub.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
            hub.arrived.notify_one();
        }
    }

    /// Access is at this version: what a credential let in before is checked again.
    pub fn set_access(&self, version: i64) {
        self.access.store(version, Ordering::Release);
    }

    pub(super) fn access(&self) -> i64 {
        self.access.load(Ordering::Acquire)
    }

    /// Lets go of all listeners, spread over this time, so that they do not all return elsewhere at once. Returns when it is
    /// over, and they have their last frames.
    pub fn drain(&self, window: Duration) {
        *self.drain.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Drain { since: Instant::now(), window });
        self.bell.ring();
        thread::sleep(window);
        let deadline = Instant::now() + LAST_FRAMES;
        while self.count.load(Ordering::Acquire) > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Those that have come since the last time.
    pub(super) fn arrivals(&self) -> Vec<Listener> {
        std::mem::take(&mut *self.arrivals.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until there is somebody.
    pub(super) fn wait_for_arrivals(&self) {
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.arrived.wait_while(arrivals, |arrivals| arrivals.is_empty());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// The end of the process, once it is known.
    pub(super) fn draining(&self) -> Option<Drain> {
        *self.drain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
