//! What a slice of the log is to each topic: a frame, encoded once for all who stand at the same place.

use std::collections::HashMap;

use serde::Serialize;

use super::{
    cursor::Cursor,
    frames::{Change, PanelEntry, event, json, logged, order},
    listener::Topic,
};
use crate::{domain::pedido::Pedido, error::Error, server::Frame, store::log_slice::Slice};

/// The frames of one slice.
pub(super) struct Telling<'a> {
    slice: &'a Slice,
    /// By topic and by where the listener stands; `None` where there is nothing for it.
    frames: HashMap<(Topic, i64), Option<Frame>>,
}

impl Telling<'_> {
    /// Of this slice.
    pub fn new(slice: &Slice) -> Telling<'_> {
        Telling { slice, frames: HashMap::new() }
    }

    /// What one that stands at this place is told; `None` where nothing concerns it.
    pub fn frame(&mut self, topic: Topic, next: i64) -> Result<Option<Frame>, Error> {
        if let Some(frame) = self.frames.get(&(topic, next)) {
            return Ok(frame.clone());
        }
        let mut out = Vec::new();
        match topic {
            Topic::Log => self.log(&mut out, next)?,
            Topic::Kitchen => self.kitchen(&mut out, next)?,
            Topic::Panel => self.panel(&mut out, next)?,
            Topic::Order(id) => self.order(&mut out, id)?,
        }
        let frame = (!out.is_empty()).then(|| Frame::new(&out));
        self.frames.insert((topic, next), frame.clone());
        Ok(frame)
    }

    /// The order as it is now, where the slice changes it.
    pub fn changed(&self, id: i64) -> Option<&Pedido> {
        let changes = self.slice.events.iter().any(|e| e.pedido == id && !e.evento.is_of_charge());
        self.slice.orders.get(&id).filter(|_| changes)
    }

    fn last(&self) -> Cursor {
        self.slice.end.into()
    }

    fn log(&self, out: &mut Vec<u8>, next: i64) -> Result<(), Error> {
        let mut behind = self.slice.events.iter().filter(|entry| entry.is_from(next));
        behind.try_for_each(|entry| logged(out, entry))
    }

    fn kitchen(&self, out: &mut Vec<u8>, next: i64) -> Result<(), Error> {
        let named = self.named(next, false);
        let (changed, left): (Vec<&Pedido>, Vec<&Pedido>) =
            named.into_iter().partition(|pedido| pedido.status_pedido.is_open());
        let left: Vec<i64> = left.iter().map(|pedido| pedido.id).collect();
        self.change(out, &Change { mudaram: &changed, sairam: &left })
    }

    fn panel(&self, out: &mut Vec<u8>, next: i64) -> Result<(), Error> {
        let named = self.named(next, true);
        let (changed, left): (Vec<&Pedido>, Vec<&Pedido>) =
            named.into_iter().partition(|pedido| pedido.status_pedido.is_open());
        let entries =
            |pedidos: Vec<&Pedido>| pedidos.into_iter().map(PanelEntry::of).collect::<Vec<PanelEntry<'_>>>();
        self.change(out, &Change { mudaram: &entries(changed), sairam: &entries(left) })
    }

    fn change<T: Serialize, Gone: Serialize>(
        &self,
        out: &mut Vec<u8>,
        change: &Change<'_, T, Gone>,
    ) -> Result<(), Error> {
        if !change.mudaram.is_empty() || !change.sairam.is_empty() {
            event(out, Some(self.last()), "mudanca", &json(change)?);
        }
        Ok(())
    }

    fn order(&self, out: &mut Vec<u8>, id: i64) -> Result<(), Error> {
        self.changed(id).map_or(Ok(()), |pedido| order(out, self.last(), pedido))
    }

    /// The orders that events from this place on change, in the order of their first ones; `on_board`: those events only
    /// that everybody may see.
    fn named(&self, next: i64, on_board: bool) -> Vec<&Pedido> {
        let mut ids: Vec<i64> = Vec::new();
        for entry in self.slice.events.iter().filter(|entry| entry.is_from(next)) {
            let concerns = if on_board { entry.evento.is_of_board() } else { !entry.evento.is_of_charge() };
            if concerns && !ids.contains(&entry.pedido) {
                ids.push(entry.pedido);
            }
        }
        ids.iter().filter_map(|id| self.slice.orders.get(id)).collect()
    }
}
