//! Payment providers, behind the trait `Provider`. It has two implementations, `Simulator` and `MercadoPago`; `Payments` is
//! the registry of those that this process has set up. No code outside this folder branches on which one it is.
//!
//! ```text
//!   acts ───────► Provider ──┬── Simulator     answers from the charge itself, without a network
//!                            └── MercadoPago   calls the Orders API over HTTPS
//!   http ───────► read_webhook: the parts of a request become a `Webhook`
//! ```
//!
//! Invariants: a provider writes nothing to the database, and `execute` can be repeated with the same charge.
//! What a webhook says is believed only where the provider says so by `Webhook::News`; a `Webhook::Notice` is
//! looked up. Tested beside each implementation, and over HTTP in `tests/api/mercado_pago.rs`, `notifications.rs`
//! and `payments.rs`.

mod br_code;
pub mod mercado_pago;
mod simulator;
mod webhook;

use std::time::Duration;

pub use self::{
    mercado_pago::MercadoPago,
    simulator::Simulator,
    webhook::{About, News, Notice, OwnNotification, Webhook, WebhookRequest},
};
use crate::{
    domain::{
        charge_report::Outcome,
        cobranca::{Cobranca, Operacao},
        data_hora::DataHora,
        dinheiro::Dinheiro,
        pedido::Pedido,
    },
    error::Error,
};

/// Who takes the customer's money. Any number of threads may call at the same time.
pub trait Provider: Send + Sync {
    /// The name by which a charge is stored; it never changes.
    fn name(&self) -> &'static str;

    /// The name that people read, in Portuguese and masculine: "O … não responde".
    fn display_name(&self) -> &'static str;

    /// Times and limits that the callers keep to.
    fn policy(&self) -> Policy;

    /// Logs what an operator has to know when the process starts.
    fn announce(&self);

    /// Whether it fails, so that nothing is asked of it for now.
    fn is_away(&self) -> bool;

    /// What people have to know who pay, as a sentence in Portuguese; `None` where money moves as they expect.
    fn notice(&self) -> Option<&'static str>;

    /// What is known of a new charge without asking over a network; `None` where it has to be asked for with
    /// `execute`. Pure, and fast enough for a transaction.
    fn at_once(&self, charge: &NewCharge<'_>) -> Option<Opened>;

    /// Whether `execute` asks nobody over a network: it is then pure, and fast enough for a transaction.
    fn answers_at_once(&self) -> bool;

    /// Does one step of a charge, within `time`, and reports how the charge stands afterwards. `charge` and
    /// `pedido` are those of the moment in which the step was taken. Blocks; never fails: that there is no
    /// answer is an `Outcome`.
    fn execute(&self, operacao: Operacao, charge: &Cobranca, pedido: &Pedido, time: Duration) -> Outcome;

    /// Whether `subject` may be called now: takes a token from a bucket, since anyone may send notifications
    /// about things that nobody knows.
    fn admits_subject(&self) -> bool;

    /// Finds out whom a notification about something unknown is about. Blocks for `Policy::step_timeout` at
    /// most.
    fn subject(&self, topic: &str, id: &str) -> Subject;

    /// Reads a notification and checks its signature. Fails with `Error::Unsigned` where that is missing or
    /// wrong, with `Error::Malformed` where the body is no JSON, and with the errors of the parts that it
    /// asks `request` for.
    fn read_webhook(&self, request: &dyn WebhookRequest) -> Result<Webhook, Error>;
}

/// Times and limits of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Seconds for which a QR code can be paid.
    pub validity_seconds: i64,
    /// How long a checkout, or another request, waits for a step of its charge.
    pub checkout_wait: Duration,
    /// How long a step in the background may take, with its repetitions: the lease of the step, less a margin
    /// for the database.
    pub step_timeout: Duration,
    /// Seconds between the first two looks at a charge that nobody has paid yet; the pause doubles.
    pub first_poll_seconds: i64,
}

/// What a charge is to be, before anything is stored of it.
#[derive(Clone, Copy, Debug)]
pub struct NewCharge<'a> {
    /// The order's `id_pagamento`.
    pub reference: &'a str,
    /// What the order costs.
    pub valor: Dinheiro,
    /// The time of the checkout.
    pub now: DataHora,
}

/// A charge that is open without having been asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The provider's id of the charge.
    pub id_externo: String,
    /// The text of its QR code.
    pub qr_data: String,
    /// Until when that can be paid.
    pub expires_at: DataHora,
}

/// Whom a notification is about, once its topic was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An order, by its `id_pagamento`; whether there is one here is not known yet.
    Reference(String),
    /// Something that has no reference of ours.
    Foreign,
    /// Not there, or not yet.
    NotFound,
    /// The provider did not answer; why, in Portuguese.
    NoAnswer(String),
}

/// The providers of this process: the one that new charges go to, and all that stored charges can be asked of. The
/// simulator is always among them.
pub struct Payments {
    /// The current one first.
    providers: Vec<Box<dyn Provider>>,
}

impl Payments {
    /// Mercado Pago, where it is set up, or the simulator, whose QR codes can be paid for `qr_seconds`. The error is for
    /// the operator.
    pub fn open(qr_seconds: i64, mercado_pago: Option<mercado_pago::Settings>) -> Result<Payments, String> {
        let mut providers: Vec<Box<dyn Provider>> = Vec::new();
        if let Some(settings) = mercado_pago {
            providers.push(Box::new(MercadoPago::new(settings)?));
        }
        providers.push(Box::new(Simulator::new(qr_seconds)));
        Ok(Payments { providers })
    }

    /// Where new charges go to, and whose notifications are read.
    pub fn current(&self) -> &dyn Provider {
        &*self.providers[0]
    }

    /// The provider that has this charge; `None` when it is not set up.
    pub fn of(&self, charge: &Cobranca) -> Option<&dyn Provider> {
        self.providers.iter().map(|provider| &**provider).find(|provider| provider.name() == charge.provedor)
    }

    /// The names of all that can be asked.
    pub fn names(&self) -> Vec<&'static str> {
        self.providers.iter().map(|provider| provider.name()).collect()
    }

    /// The name that people read of the provider that has this charge, also of one that is not set up.
    pub fn display_name(&self, charge: &Cobranca) -> &'static str {
        display_name(&charge.provedor)
    }
}

/// The name that people read of the provider that is stored as `name`, also of one that is not set up.
pub fn display_name(name: &str) -> &'static str {
    match name {
        simulator::NAME => simulator::DISPLAY_NAME,
        mercado_pago::NAME => mercado_pago::DISPLAY_NAME,
        _ => "provedor de pagamento",
    }
}

/// The setting that makes charges of the provider that is stored as `name` looked after again.
pub fn setting(name: &str) -> &'static str {
    if name == mercado_pago::NAME { "MERCADO_PAGO_TOKEN" } else { "another provider" }
}

/// A charge is at a provider that is not set up: only there it can be confirmed or given back.
pub fn out_of_reach(charge: &Cobranca) -> Error {
    let name = display_name(&charge.provedor);
    let detail = format!("O pagamento está no {name}, e este sistema está sem acesso a ele");
    Error::conflict("cobranca_real", detail)
}

/// Only what a provider holds can be given back here.
pub fn not_refundable_here() -> Error {
    let detail = "Só um pagamento por QR code pode ser devolvido aqui; outro volta ao cliente no balcão";
    Error::conflict("sem_pagamento_no_provedor", detail)
}
