//! What is pending at a provider is looked at until it is settled, whatever became of its notifications. Any number of
//! processes may do this on one database: a step is leased to one at a time (`charge_step`). It is also how a charge of the
//! simulator ends when its time is up. Tested in `tests/api/{payments,expiry,storm}.rs`.

use std::{
    hash::{BuildHasher, RandomState},
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    thread,
    time::Duration,
};

use super::{
    charge_step::{self, TakeStep, lease_seconds},
    commands::Commands,
    notification::Notified,
};
use crate::{
    bell::Bell,
    clock,
    domain::evento::Actor,
    error::Error,
    payments::{About, Payments, Provider, Subject},
    store::{Store, cobrancas, notificacoes},
};

/// Between two looks at what is due, when nobody rings.
const PAUSE: Duration = Duration::from_secs(1);
/// Charges that a worker looks at before it asks again what is due.
const SLICE: i64 = 50;
/// How often a notification about something unknown is looked into, and the first pause in seconds; it doubles. A
/// provider may tell of a payment before it shows it.
const LOOKUPS: i64 = 6;
const LOOKUP_PAUSE_SECONDS: i64 = 2;
/// The same when the provider does not answer.
const LOOKUPS_UNANSWERED: i64 = 12;

/// Looks after what is pending; any number of threads may.
pub struct Worker {
    pub store: Arc<Store>,
    pub commands: Arc<Commands>,
    pub payments: Arc<Payments>,
    pub bell: Arc<Bell>,
}

impl Worker {
    /// Works until the process ends.
    pub fn run(&self) -> ! {
        loop {
            // A panic is the matter of one charge, and not the end of all.
            match panic::catch_unwind(AssertUnwindSafe(|| self.round())) {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => self.bell.wait(PAUSE),
                // Without a database there is nothing to do but wait, and others say that it is away.
                Ok(Err(Error::Unavailable(_))) | Err(_) => thread::sleep(PAUSE),
                Ok(Err(error)) => {
                    log::warn!("reconciliation goes on in a moment: {error:?}");
                    thread::sleep(PAUSE);
                }
            }
        }
    }

    /// Takes a slice of the charge steps that are due, and one notification. Returns whether there was any.
    fn round(&self) -> Result<bool, Error> {
        if !self.store.is_migrated() {
            return Ok(false);
        }
        let (now, names) = (clock::now(), self.payments.names());
        let mut due = self.store.read(|conn| cobrancas::due(conn, &names, now, SLICE))?;
        // Each worker begins somewhere else, so that they do not all run after the same charge.
        let start = RandomState::new().hash_one(0) as usize % due.len().max(1);
        due.rotate_left(start);
        let mut any = false;
        for pedido in due {
            match self.step(pedido) {
                Ok(done) => any |= done,
                // The others can be looked after all the same.
                Err(error) => log::warn!("the charge of order {pedido} is left for later: {error:?}"),
            }
        }
        // What is ours goes first.
        Ok(self.look_up_notification()? || any)
    }

    fn step(&self, pedido: i64) -> Result<bool, Error> {
        let take = TakeStep { payments: self.payments.clone() };
        let (_, step) = self.commands.run(pedido, Actor::Clock, take)?;
        let Some(step) = step else { return Ok(false) };
        let Some(provider) = self.payments.of(&step.cobranca) else { return Ok(false) };
        charge_step::ask(&self.commands, provider, step, provider.policy().step_timeout, None)?;
        Ok(true)
    }

    /// Finds out which order a notification is about, and makes its charge due.
    fn look_up_notification(&self) -> Result<bool, Error> {
        let (now, provider) = (clock::now(), self.payments.current());
        let until = now.mais(lease_seconds(provider.policy().step_timeout));
        // Most of the time there is none, and a read costs nobody anything.
        if !self.store.read(|conn| notificacoes::any_due(conn, now))? || !provider.admits_subject() {
            return Ok(false);
        }
        let Some(notice) = self.store.write(|conn| notificacoes::take(conn, now, until))? else {
            return Ok(false);
        };
        let subject = provider.subject(&notice.topico, &notice.id_externo);
        let later = Some(clock::now().mais(LOOKUP_PAUSE_SECONDS << notice.tentativas.clamp(0, 10)));
        let (verdict, next) = match subject {
            Subject::Reference(reference) => (self.notify(provider, &notice, &reference)?, None),
            Subject::Foreign => ("sem referência".to_owned(), None),
            Subject::NotFound if notice.tentativas < LOOKUPS => ("desconhecida".to_owned(), later),
            Subject::NotFound => ("desconhecida".to_owned(), None),
            Subject::NoAnswer(cause) if notice.tentativas < LOOKUPS_UNANSWERED => (cause, later),
            Subject::NoAnswer(cause) => (cause, None),
        };
        self.store.write(|conn| notificacoes::conclude(conn, &notice, &verdict, next))?;
        Ok(true)
    }

    /// Makes the charge of the reference due, if it is one of ours. Gives what there is to note of it.
    fn notify(
        &self,
        provider: &dyn Provider,
        notice: &notificacoes::Notificacao,
        reference: &str,
    ) -> Result<String, Error> {
        let Some(pedido) = self.store.read(|conn| cobrancas::of_reference(conn, reference))? else {
            return Ok("de outro sistema".to_owned());
        };
        let about = About::named(&notice.topico, &notice.id_externo);
        let act = Notified { about, copy_token: None, in_seconds: 0 };
        self.commands.run(pedido, Actor::Provider(provider.name()), act)?;
        Ok(format!("pedido {pedido}"))
    }
}
