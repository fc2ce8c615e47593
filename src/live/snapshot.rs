//! The first frame of a board: the list as it is at one place of the log.

use super::{
    frames::{PanelEntry, event, hello, json, restart},
    listener::Topic,
};
use crate::{
    error::Error,
    open_orders::OpenOrders,
    server::Frame,
    store::{Store, lists::List},
};

/// A board at one place of the log, as frames that all who begin to listen there share.
pub struct Snapshot {
    /// The place that is told from next.
    pub next: i64,
    /// For one without a cursor.
    pub whole: Frame,
    /// For one whose cursor is unknown.
    pub restarted: Frame,
}

/// The board of this topic as it is.
pub fn board(store: &Store, open_orders: &OpenOrders, topic: Topic) -> Result<Snapshot, Error> {
    let page = open_orders.page(store, List::Open)?;
    let page = page.ok_or_else(|| Error::Unavailable("too many open orders for one frame".into()))?;
    let public;
    let list = if topic == Topic::Panel {
        let entries: Vec<PanelEntry<'_>> =
            serde_json::from_slice(&page.json).map_err(|e| Error::Internal(e.to_string()))?;
        public = json(&entries)?;
        &public[..]
    } else {
        &page.json[..]
    };
    let next = page.place.next_sequencia;
    let frame = |restarts: bool| {
        let mut out = hello();
        if restarts {
            restart(&mut out);
        }
        event(&mut out, Some(page.place.into()), "lista", list);
        Frame::new(&out)
    };
    Ok(Snapshot { next, whole: frame(false), restarted: frame(true) })
}
