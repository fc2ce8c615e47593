//! The one thread that tells all listeners of a process what the log says.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    frames::{first_of_log, pulse, retry_later},
    hub::{Drain, Hub},
    listener::{Listener, Topic},
    telling::Telling,
};
use crate::{
    error::Error,
    metrics::METRICS,
    server::{Frame, Lost},
    store::{
        Store,
        log_place::{self, LogPlace},
        log_slice,
    },
};

/// Between two looks at the log, where no commit of this process calls for one.
const TICK: Duration = Duration::from_millis(100);
/// The same while a listener has not taken all that it was sent: what the kernel holds for it is little.
const FLUSH: Duration = Duration::from_millis(10);
/// Between two rounds there is a rest, so many times as long as the round took: it takes a tenth of a core at most, but where
/// that would be later than `REST_MAX`.
const REST: u32 = 9;
const REST_MIN: Duration = Duration::from_millis(5);
const REST_MAX: Duration = Duration::from_millis(120);
/// Events that are read at once.
const SLICE: usize = 512;
/// Slices of a round, so that one that comes from far back does not keep others waiting.
const SLICES: usize = 4;
/// A pulse says that what was seen is current; this old at most.
const CURRENT: Duration = Duration::from_secs(2);

/// Between two checks whether those that a credential let in may still listen, where access has not changed: a session may
/// be over by itself.
const CHECK: Duration = Duration::from_secs(60);

/// What becomes of a listener.
enum Fate {
    Stays,
    Lost(Lost),
    /// Its stream ends in good order, with this frame.
    Ends(Frame),
}

/// Has the listeners of a hub.
pub struct Feeder {
    hub: Arc<Hub>,
    store: Arc<Store>,
    listeners: Vec<Listener>,
    /// Where the log was.
    known: Option<LogPlace>,
    /// When the log was read last.
    read_at: Option<Instant>,
    /// The version of access that all were checked under, and when.
    checked: (i64, Instant),
    /// How many listened when the end of the process was announced.
    drained_from: Option<usize>,
}

impl Feeder {
    /// Of this hub, from this database.
    pub fn new(hub: &Arc<Hub>, store: &Arc<Store>) -> Feeder {
        let (hub, store) = (hub.clone(), store.clone());
        Feeder {
            hub,
            store,
            listeners: Vec::new(),
            known: None,
            read_at: None,
            checked: (0, Instant::now()),
            drained_from: None,
        }
    }

    /// Feeds until the process ends.
    pub fn run(mut self) -> ! {
        loop {
            if self.listeners.is_empty() {
                self.hub.wait_for_arrivals();
                self.known = None;
            }
            let started = Instant::now();
            // A defect costs those who listen a reconnection, and nothing else.
            if catch_unwind(AssertUnwindSafe(|| self.round(started))).is_err() {
                log::error!(
                    "a round of the live streams panicked: {} listeners are let go",
                    self.listeners.len()
                );
                self.listeners.clear();
            }
            thread::sleep((started.elapsed() * REST).clamp(REST_MIN, REST_MAX));
            let is_behind = self.listeners.iter().any(Listener::is_behind);
            self.hub.bell.wait(if is_behind { FLUSH } else { TICK });
        }
    }

    fn round(&mut self, now: Instant) {
        self.check(now);
        self.drain(now);
        match self.look().and_then(|head| self.feed(head, now).map(|()| head)) {
            Ok(head) => {
                self.read_at = Some(now);
                self.look_after(Some(head), now);
            }
            Err(error) => {
                log::debug!("live streams cannot read the log: {error:?}");
                self.look_after(self.known.map(|known| known.next_sequencia), now);
            }
        }
        self.count();
    }

    /// Where the log is. A database that was restored has another: then everything begins anew.
    fn look(&mut self) -> Result<i64, Error> {
        if let Some(known) = self.known {
            let (head, before) = self.store.read(|conn| log_place::since(conn, known))?;
            if before == known.last && head >= known.next_sequencia {
                return Ok(head);
            }
            log::warn!("the log is another than it was: listeners begin anew");
            let restart = first_of_log(head, true);
            self.each(|_| Fate::Ends(restart.clone()));
        }
        let place = self.store.read(|conn| log_place::current(conn))?;
        self.known = Some(place);
        Ok(place.next_sequencia)
    }

    /// Tells those that stand before the head what there is. Those that are not far back come first.
    fn feed(&mut self, head: i64, now: Instant) -> Result<(), Error> {
        for turn in 0..SLICES {
            let waiting = self.listeners.iter().filter(|listener| listener.waits_for(head));
            let Some(lowest) = waiting.map(|listener| listener.next).min() else { break };
            let from = if turn == 0 { lowest.max(head - SLICE as i64) } else { lowest };
            let started = Instant::now();
            let Some(slice) = self.store.read(|conn| log_slice::read(conn, from, SLICE))? else { break };
            let end = slice.end.next_sequencia;
            let mut telling = Telling::new(&slice);
            self.each(|listener| match (from..end).contains(&listener.next) && listener.waits_for(end) {
                true => tell(listener, &mut telling, end, now),
                false => Fate::Stays,
            });
            if self.known.is_none_or(|known| known.next_sequencia < end) {
                self.known = Some(slice.end);
            }
            METRICS.live.told(started.elapsed());
        }
        Ok(())
    }

    /// Pulses, slow ones, and those that are gone. `head` is where the log is.
    fn look_after(&mut self, head: Option<i64>, now: Instant) {
        let is_current = self.read_at.is_some_and(|at| now.duration_since(at) < CURRENT);
        let pulse = head.filter(|_| is_current).map(|head| (head, Frame::new(&pulse(head))));
        self.each(|listener| {
            let due = pulse.as_ref().filter(|(head, _)| listener.wants_pulse(*head, now));
            let told = listener.look_after(now);
            match told.and_then(|()| due.map_or(Ok(()), |(_, pulse)| listener.tell(pulse, now))) {
                Ok(()) => Fate::Stays,
                Err(lost) => Fate::Lost(lost),
            }
        });
    }

    /// Takes in those that have come, and lets go of those that may listen no longer.
    fn check(&mut self, now: Instant) {
        let (version, checked) = self.checked;
        if self.hub.access() != version || now.duration_since(checked) >= CHECK {
            self.checked = (self.hub.access(), now);
            let mut number = 0;
            self.each(|listener| {
                number += 1;
                if listener.is_admitted() { Fate::Stays } else { Fate::Ends(retry_later(number)) }
            });
        }
        for listener in self.hub.arrivals() {
            match listener.is_admitted() {
                true => self.listeners.push(listener),
                false => listener.end(&retry_later(0)),
            }
        }
    }

    /// Lets go of listeners where the process ends, those that came last first.
    fn drain(&mut self, now: Instant) {
        let Some(Drain { since, window }) = self.hub.draining() else { return };
        let all = *self.drained_from.get_or_insert(self.listeners.len());
        // All are gone a moment before the end of the window.
        let gone = now.duration_since(since).as_secs_f64() / (window.as_secs_f64() * 0.8);
        let stay = if window.is_zero() { 0 } else { (all as f64 * (1.0 - gone).max(0.0)) as usize };
        let stay = stay.min(self.listeners.len());
        for (number, listener) in self.listeners.drain(stay..).enumerate() {
            listener.end(&retry_later(stay + number));
        }
    }

    /// For `/metrics`.
    fn count(&self) {
        for name in Topic::NAMES {
            let count = self.listeners.iter().filter(|listener| listener.topic.name() == name).count();
            METRICS.live.listening(name, count);
        }
    }

    fn each(&mut self, mut fate: impl FnMut(&mut Listener) -> Fate) {
        let mut at = 0;
        while let Some(listener) = self.listeners.get_mut(at) {
            match fate(listener) {
                Fate::Stays => at += 1,
                Fate::Lost(why) => {
                    METRICS.live.lost(if why == Lost::Slow { "slow" } else { "gone" });
                    self.listeners.swap_remove(at);
                }
                Fate::Ends(last) => self.listeners.swap_remove(at).end(&last),
            }
        }
    }
}

/// Tells it what the slice, which ends at this place, has for it.
fn tell(listener: &mut Listener, telling: &mut Telling<'_>, end: i64, now: Instant) -> Fate {
    let mut is_over = false;
    if let Topic::Order(id) = listener.topic {
        // It may have seen this version as it came in, and be told of the event behind that.
        let news = telling.changed(id).filter(|pedido| pedido.versao != listener.versao);
        let Some(pedido) = news else {
            listener.next = end;
            return Fate::Stays;
        };
        listener.versao = pedido.versao;
        is_over = !pedido.status_pedido.is_open();
    }
    let frame = match telling.frame(listener.topic, listener.next) {
        Ok(frame) => frame,
        Err(error) => {
            log::error!("live streams cannot tell of an event: {error:?}");
            None
        }
    };
    listener.next = end;
    match frame {
        Some(last) if is_over => Fate::Ends(last),
        Some(frame) => listener.tell(&frame, now).map_or_else(Fate::Lost, |()| Fate::Stays),
        None => Fate::Stays,
    }
}
