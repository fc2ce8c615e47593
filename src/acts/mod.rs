//! The acts of the restaurant, one file each: load → decide → save. Those that change an order or its charge are commands
//! (`commands`), which share one transaction by group commit.

mod cancellation;
pub mod capacity;
pub mod charge_step;
pub mod checkout;
pub mod choice;
pub mod cleaning;
pub mod commands;
mod counter_payment;
pub mod erasure;
mod held_rows;
mod hours;
mod kitchen;
pub mod notification;
pub mod outbox;
mod pendencia;
pub mod reconciliation;
pub mod refund;
pub mod retention;
mod simulated_news;
pub mod subscriptions;

pub use self::{
    cancellation::Cancel, counter_payment::TakePayment, kitchen::Move, pendencia::Resolve, refund::Refund,
    simulated_news::SimulatedNews,
};
use crate::{
    domain::{cobranca::Cobranca, data_hora::DataHora, evento::Actor, pedido::Pedido},
    error::Error,
};

/// Who acts, and when.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    pub actor: Actor,
    pub now: DataHora,
}

/// An order with its charge, if a payment provider has one for it; as loaded, and as a command changes it.
#[derive(Clone)]
pub struct Order {
    pub pedido: Pedido,
    pub cobranca: Option<Cobranca>,
}

/// The versions of an order that a client says it has seen (`If-Match`); `None` when it did not say.
pub type Seen = Option<Vec<i64>>;

impl Order {
    /// `PreconditionFailed`, with the order as it is now, when the client has seen only other versions.
    fn check_seen(&self, seen: &Seen) -> Result<(), Error> {
        match seen {
            Some(versions) if !versions.contains(&self.pedido.versao) => {
                Err(Error::PreconditionFailed(Box::new(self.pedido.clone())))
            }
            _ => Ok(()),
        }
    }
}
