//! Delivers webhooks: tells each receiver of the events behind its place in the log, and offers again what it did not take
//! (`domain/webhook.rs` says when). Any number of processes may do this on one database.
//!
//! ```text
//!   look, once a second: who has something due?            nothing is due, or there are no receivers: that was all
//!     └► a thread for that receiver:
//!          take ──► slice ──► send … send ──► settle ──┐
//!          lease    due again,  no connection,  place, │
//!                   then new    no lock         rows   │
//!                     ▲                                │
//!                     └───────── while there is any ◄──┘ ──► lease given back
//! ```
//!
//! - A receiver is told by one thread of one process at a time, the holder of its lease, in the order of the log. One
//!   that is slow or dead has a thread of its own and holds up nobody.
//! - At least once: what was sent and not settled, since the process died or lost its lease, is sent again, under the
//!   same id.
//! - Who dies lets the lease run out; it is longer than a slice takes.
//!
//! Tested by `tests/api/webhooks.rs`.

use std::{
    collections::HashSet,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::{
    backoff, clock,
    domain::{
        aviso::Aviso,
        data_hora::DataHora,
        webhook::{DOWN_AFTER, Repeticao, Situacao, Webhook},
    },
    error::Error,
    outgoing::{Message, Outcome, Sender},
    store::{
        Store,
        outbox::{self, Progress, Retry, Slice},
    },
};

/// Between two looks at who has something due.
const PAUSE: Duration = Duration::from_secs(1);
/// After this time a slice is settled, whatever is left of it.
const SLICE: Duration = Duration::from_secs(1);
/// Longer than a slice can take, with a try that has begun and one that is made in any case, and the database.
const LEASE_SECONDS: i64 = 45;

/// Delivers from now on, on threads of its own, until the process ends.
pub fn start(store: &Arc<Store>, sender: Sender) {
    let dispatcher =
        Dispatcher { store: store.clone(), sender, clock: clock::now, working: Mutex::default() };
    thread::spawn(move || Arc::new(dispatcher).run());
}

/// Delivers for one process.
pub struct Dispatcher {
    pub store: Arc<Store>,
    pub sender: Sender,
    /// Reads the time.
    pub clock: fn() -> DataHora,
    /// Receivers that a thread of this process works for.
    pub working: Mutex<HashSet<i64>>,
}

impl Dispatcher {
    fn run(self: &Arc<Self>) -> ! {
        loop {
            if self.store.is_migrated() {
                match self.look() {
                    // Others say that the database is away.
                    Ok(()) | Err(Error::Unavailable(_)) => {}
                    Err(error) => log::warn!("webhooks are delivered in a moment: {error:?}"),
                }
            }
            thread::sleep(PAUSE);
        }
    }

    /// Starts a thread for each receiver that has something due. There are few (`webhooks::MAX`).
    fn look(self: &Arc<Self>) -> Result<(), Error> {
        let now = (self.clock)();
        for id in self.store.read(|conn| outbox::due(conn, now))? {
            if !self.working().insert(id) {
                continue;
            }
            let works = self.clone();
            let started = thread::Builder::new().name(format!("webhook {id}")).spawn(move || works.work(id));
            if let Err(error) = started {
                log::warn!("webhook {id} is delivered in a moment: {error}");
                self.working().remove(&id);
            }
        }
        Ok(())
    }

    fn work(&self, id: i64) {
        // A panic is the matter of one receiver; the next look begins again when the lease is over.
        match panic::catch_unwind(AssertUnwindSafe(|| self.deliver(id))) {
            Ok(Ok(()) | Err(Error::Unavailable(_))) | Err(_) => {}
            Ok(Err(error)) => log::warn!("webhook {id} is delivered later: {error:?}"),
        }
        self.working().remove(&id);
    }

    fn working(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells one receiver all that is due, if nobody else does.
    pub fn deliver(&self, id: i64) -> Result<(), Error> {
        let (now, until) = ((self.clock)(), self.lease());
        let Some(mut turn) = self.store.write(|conn| outbox::take(conn, id, now, until))? else {
            return Ok(());
        };
        loop {
            let now = (self.clock)();
            let slice = self.store.read(|conn| outbox::slice(conn, &turn.webhook, now))?;
            let is_full = slice.is_full;
            let progress = self.offer(&mut turn.webhook, slice);
            let goes_on = (is_full || progress.is_cut_short) && turn.webhook.situacao == Situacao::Ativa;
            let lease = goes_on.then(|| self.lease());
            if !self.store.write(|conn| outbox::settle(conn, &turn, &progress, lease))? {
                return self.store.write(|conn| outbox::release(conn, &turn));
            }
            tell_of(&turn.webhook);
            if !goes_on {
                return Ok(());
            }
        }
    }

    fn lease(&self) -> DataHora {
        (self.clock)().mais(LEASE_SECONDS)
    }

    /// Offers a slice, what waits first; and at least one new event, however long that takes.
    fn offer(&self, webhook: &mut Webhook, slice: Slice) -> Progress {
        let begun = Instant::now();
        let mut progress = Progress::default();
        for Retry { mut repeticao, aviso } in slice.again {
            if begun.elapsed() >= SLICE {
                progress.is_cut_short = true;
                break;
            }
            if self.tell(webhook, &aviso) {
                progress.settled.push(aviso.sequencia);
            } else if webhook.situacao == Situacao::Ativa {
                repeticao.tentativas += 1;
                self.put_off(webhook, repeticao, &mut progress);
            } else {
                return progress;
            }
        }
        for (n, aviso) in slice.new.iter().enumerate() {
            if !webhook.begins_new(slice.waiting || !progress.put_off.is_empty()) {
                break;
            }
            if n > 0 && begun.elapsed() >= SLICE {
                progress.is_cut_short = true;
                break;
            }
            if !self.tell(webhook, aviso) {
                if webhook.situacao != Situacao::Ativa {
                    break;
                }
                let first = Repeticao::new(aviso.sequencia, (self.clock)());
                self.put_off(webhook, first, &mut progress);
            }
            webhook.sequencia = aviso.sequencia;
        }
        progress
    }

    /// Sends one event, if the receiver wants it; whether nothing is left to be done for it.
    fn tell(&self, webhook: &mut Webhook, aviso: &Aviso) -> bool {
        let wanted = aviso.tipo.is_some_and(|tipo| webhook.wants(tipo));
        let Some(body) = aviso.body().filter(|_| wanted) else { return true };
        let (id, now) = (aviso.id_for(webhook.id), (self.clock)());
        let message = Message { id: &id, seconds: now.segundos(), body: &body };
        let outcome = self.sender.send(&webhook.url, &message, &webhook.secrets(now));
        let now = (self.clock)();
        match &outcome {
            Outcome::Taken => webhook.took(now),
            Outcome::Refused => webhook.refused(now),
            Outcome::Failed(erro) => webhook.failed(erro, now),
        }
        outcome == Outcome::Taken
    }

    fn put_off(&self, webhook: &mut Webhook, mut repeticao: Repeticao, progress: &mut Progress) {
        let now = (self.clock)();
        let pause = Duration::from_secs(repeticao.pause_seconds().unsigned_abs());
        if repeticao.put_off(backoff::stretched(pause).as_secs() as i64, now) {
            progress.put_off.push(repeticao);
        } else {
            log::warn!("webhook {}: event {} is given up", webhook.id, repeticao.sequencia);
            webhook.give_up(repeticao.sequencia, now);
            progress.settled.push(repeticao.sequencia);
        }
    }
}

/// Tells the log of a receiver that is down or was switched off.
fn tell_of(webhook: &Webhook) {
    let erro = webhook.erro.as_deref().unwrap_or_default();
    if webhook.situacao != Situacao::Ativa {
        log::warn!("webhook {} is switched off: {erro}", webhook.id);
    } else if webhook.falhas == DOWN_AFTER {
        log::warn!("webhook {} takes nothing: {erro}", webhook.id);
    }
}
