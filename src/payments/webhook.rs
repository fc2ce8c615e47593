//! A webhook, on its way from the parts of a request to what it says. The HTTP layer takes the request apart
//! (`WebhookRequest`), a provider reads it (`Provider::read_webhook`), use cases act on the `Webhook`.

use std::borrow::Cow;

use crate::{domain::pedido::StatusPagamento, error::Error};

/// A request to the webhook's address, taken apart. Parts are read when a provider asks for them, so that one
/// that it does not use cannot make the request fail.
pub trait WebhookRequest {
    /// A parameter of the query, decoded; the last one of this name.
    fn parameter(&self, name: &str) -> Option<Cow<'_, str>>;

    /// A header; an error where it cannot be read as one text.
    fn header(&self, name: &'static str) -> Result<Option<&str>, Error>;

    /// The body as it came.
    fn body(&self) -> &[u8];

    /// The body as a notification of this system's own contract, with its fields checked; the errors name
    /// them.
    fn own_notification(&self) -> Result<OwnNotification, Error>;
}

/// A notification in the shape of this system's own contract, which the simulator takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnNotification {
    /// The order's `id_pagamento`.
    pub id: String,
    /// What happened; empty when the body does not say.
    pub action: String,
}

/// What a webhook says.
#[derive(Debug, PartialEq, Eq)]
pub enum Webhook {
    /// News that are believed as they are.
    News(News),
    /// There is something to look up; nothing of it is believed.
    Notice(Notice),
    /// Nothing that concerns orders.
    Irrelevant,
}

/// What happened to the payment of an order.
#[derive(Debug, PartialEq, Eq)]
pub struct News {
    /// The order's `id_pagamento`.
    pub reference: String,
    /// `None` when it changes nothing.
    pub status: Option<StatusPagamento>,
}

/// A hint that something is to be looked up at the provider.
#[derive(Debug, PartialEq, Eq)]
pub struct Notice {
    /// What is to be looked up.
    pub about: About,
    /// What this notification and its copies have in common, and no other has, in hexadecimal; `None` where
    /// it is not signed. A copy of a notification that was taken says nothing new.
    pub copy_token: Option<String>,
    /// Whether the charge is looked at at once; `false` when notifications without a signature come too
    /// often.
    pub at_once: bool,
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// An order, by its `id_pagamento`.
    Reference(String),
    /// Something of the provider's.
    External {
        /// The kind of thing, as `Provider::subject` takes it.
        topic: &'static str,
        /// The provider's id of it.
        id: String,
    },
}

impl About {
    /// Something of the provider's, of a kind that was stored by its name.
    pub fn named(topic: &str, id: &str) -> About {
        let topic = ["order", "payment", "merchant_order"].into_iter().find(|known| *known == topic);
        About::External { topic: topic.unwrap_or("order"), id: id.to_owned() }
    }

    /// The kind of thing, as it is written to the history.
    pub fn topic(&self) -> &'static str {
        match self {
            About::Reference(_) => "referencia",
            About::External { topic, .. } => topic,
        }
    }

    /// The id of it, of the kind that `topic` says.
    pub fn id(&self) -> &str {
        match self {
            About::Reference(id) | About::External { id, .. } => id,
        }
    }
}
