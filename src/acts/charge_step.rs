//! One step of a charge: create, look, cancel or refund. It is taken by one command, asked of the provider with no
//! connection held, and its outcome is written by another:
//!
//! ```text
//!   take (command) ──commit──► ask (no connection, no lock) ──► settle (command)
//!     `proxima_em` is put off: the lease                          charge, order and log move on together
//! ```
//!
//! Who dies in between lets the lease run out, and another process takes the step again with the same key. A provider that
//! is no network away (`Provider::at_once`) is asked the same way.

use std::{sync::Arc, time::Duration};

use super::{
    Context, Order, checkout,
    commands::{Commands, OrderAct},
};
use crate::{
    domain::{
        charge_report::Outcome,
        cobranca::{Cobranca, Operacao},
        evento::Actor,
        pedido::Pedido,
        settlement::{Question, Terms},
    },
    error::Error,
    metrics::METRICS,
    payments::{Payments, Provider},
    store::{Connection, idempotencia},
};

/// A step that is ours until its lease ends; then anybody's.
#[derive(Clone)]
pub struct Step {
    pub pedido: Pedido,
    pub cobranca: Cobranca,
    pub operacao: Operacao,
}

/// Beyond the time of the operation itself, for the database.
const MARGIN_SECONDS: i64 = 5;

/// How long a step is kept from others that may take `time`.
pub fn lease_seconds(time: Duration) -> i64 {
    time.as_secs() as i64 + MARGIN_SECONDS
}

/// Random, as the provider wants it; the same for all repetitions of one question.
pub fn new_key() -> String {
    uuid::Uuid::new_v4().to_string()
}

impl Step {
    /// Of this order's charge, if it has one.
    pub fn of(order: &Order, operacao: Operacao) -> Option<Step> {
        let Order { pedido, cobranca } = order;
        cobranca.clone().map(|cobranca| Step { pedido: pedido.clone(), cobranca, operacao })
    }
}

/// Takes the step of the order's charge that is due, for as long as the provider may take with `time` to answer; `None` when
/// there is none. With a provider that answers at once it is done here, and none is left to ask.
fn take(order: &mut Order, provider: &dyn Provider, time: Duration, context: Context) -> Option<Operacao> {
    let Order { pedido, cobranca } = order;
    let cobranca = cobranca.as_mut()?;
    if provider.answers_at_once() {
        let answer =
            |operacao, charge: &Cobranca, pedido: &Pedido| provider.execute(operacao, charge, pedido, time);
        cobranca.settle_at_once(pedido, &answer, &terms(provider, context));
        return None;
    }
    cobranca.take_step(pedido, new_key(), lease_seconds(time), context.now)
}

fn terms(provider: &dyn Provider, context: Context) -> Terms<'static> {
    Terms {
        provider: provider.display_name(),
        first_poll_seconds: provider.policy().first_poll_seconds,
        now: context.now,
        quiet: provider.answers_at_once(),
    }
}

/// The step that an act has just made due, kept from others while the client waits for it. `None` also when its provider is
/// not set up.
pub fn take_for_client(order: &mut Order, payments: &Payments, context: Context) -> Option<Operacao> {
    let provider = payments.of(order.cobranca.as_ref()?)?;
    take(order, provider, provider.policy().checkout_wait, context)
}

/// Asks while the client waits. That it fails is no failure of what was asked for: it is stored, and done later. With a
/// `key` the answer that is stored for it is brought up to date.
pub fn ask_while_client_waits(
    commands: &Commands,
    payments: &Payments,
    pedido: Pedido,
    step: Option<Step>,
    key: Option<String>,
) -> Pedido {
    let Some(step) = step else { return pedido };
    let Some(provider) = payments.of(&step.cobranca) else { return pedido };
    ask(commands, provider, step, provider.policy().checkout_wait, key).unwrap_or_else(|error| {
        log::warn!("order {}: the provider is asked later: {error:?}", pedido.id);
        pedido
    })
}

/// Asks the provider, for `time` at most, and settles what came of it. Gives the order as it is then.
pub fn ask(
    commands: &Commands,
    provider: &dyn Provider,
    step: Step,
    time: Duration,
    key: Option<String>,
) -> Result<Pedido, Error> {
    let outcome = provider.execute(step.operacao, &step.cobranca, &step.pedido, time);
    METRICS.payment(outcome.name());
    let id = step.pedido.id;
    let actor = Actor::Provider(provider.name());
    let policy = provider.policy();
    let settle = Settle {
        step,
        outcome,
        provider: provider.display_name(),
        first_poll_seconds: policy.first_poll_seconds,
        key,
    };
    commands.run(id, actor, settle).map(|(pedido, _)| pedido)
}

/// Takes a step that is due in the background.
pub struct TakeStep {
    pub payments: Arc<Payments>,
}

impl OrderAct for TakeStep {
    fn decide(&self, order: &mut Order, context: Context) -> Result<Option<Operacao>, Error> {
        let provider = order.cobranca.as_ref().and_then(|cobranca| self.payments.of(cobranca));
        Ok(provider.and_then(|provider| take(order, provider, provider.policy().step_timeout, context)))
    }
}

/// Takes in what came of a step.
struct Settle {
    step: Step,
    outcome: Outcome,
    /// The name that people read.
    provider: &'static str,
    first_poll_seconds: i64,
    /// The checkout's `Idempotency-Key`.
    key: Option<String>,
}

impl OrderAct for Settle {
    fn decide(&self, order: &mut Order, context: Context) -> Result<Option<Operacao>, Error> {
        let Order { pedido, cobranca } = order;
        let cobranca = cobranca
            .as_mut()
            .ok_or_else(|| Error::Internal(format!("the charge of order {} is gone", pedido.id)))?;
        let question = Question { operacao: self.step.operacao, charge: &self.step.cobranca };
        let terms = Terms {
            provider: self.provider,
            first_poll_seconds: self.first_poll_seconds,
            now: context.now,
            quiet: false,
        };
        cobranca.settle_step(pedido, &question, &self.outcome, &terms);
        Ok(None)
    }

    /// The client is answered with the order as it is now, and so is a repetition of its request. Somebody else may have
    /// changed the order while the provider was asked.
    fn save(&self, conn: &mut dyn Connection, order: &Order, _: Context) -> Result<(), Error> {
        let stored = self.step.pedido.versao;
        match &self.key {
            Some(key) if order.pedido.versao != stored => {
                idempotencia::set_answer(conn, key, &checkout::json(&order.pedido)?)
            }
            _ => Ok(()),
        }
    }
}
