//! A slice of the log with the orders that it names, as one statement finds them: what listeners are told from.

use std::{collections::HashMap, ops::ControlFlow};

use super::{
    connection::Connection,
    eventos, lists,
    log_place::{Fingerprint, LogPlace},
    pedidos::{self, fields},
};
use crate::{
    domain::{
        evento::{EventoView, OF_CHARGE},
        pedido::{Fields, Pedido},
    },
    error::Error,
};

/// An event of the log.
pub struct Entry {
    /// The order that it is of.
    pub pedido: i64,
    /// What happened.
    pub evento: EventoView,
    /// Behind it.
    pub place: LogPlace,
}

impl Entry {
    /// Whether it stands at this place, or behind it.
    pub fn is_from(&self, sequencia: i64) -> bool {
        self.place.next_sequencia > sequencia
    }
}

/// Events of the log, without a gap, and their orders.
pub struct Slice {
    /// In their order.
    pub events: Vec<Entry>,
    /// As they were when the slice was read: where the log goes on behind it, perhaps later than its end.
    pub orders: HashMap<i64, Pedido>,
    /// Behind the last event.
    pub end: LogPlace,
}

/// The events from this place on, `limit` at most; `None` where there is none.
pub fn read(conn: &mut dyn Connection, from: i64, limit: usize) -> Result<Option<Slice>, Error> {
    let (order, event, last) =
        (pedidos::COLUMNS.list_of("p"), eventos::COLUMNS.list_of("e"), Fingerprint::columns("e"));
    let sql = format!(
        "SELECT {order}, {event}, {last} FROM eventos e JOIN pedidos p ON p.id = e.pedido \
         WHERE e.sequencia >= ? ORDER BY e.sequencia LIMIT ?"
    );
    let rows = conn.query(&sql, &[from.into(), (limit as i64).into()])?;
    let (behind_order, behind_event) =
        (pedidos::COLUMNS.0.len(), pedidos::COLUMNS.0.len() + eventos::COLUMNS.0.len());
    let (mut events, mut found) = (Vec::with_capacity(rows.len()), HashMap::<i64, Fields>::new());
    for row in &rows {
        let pedido = fields(row)?;
        let columns = eventos::COLUMNS.behind(behind_order, row);
        let next_sequencia = columns.int("sequencia")? + 1;
        let place = LogPlace { next_sequencia, last: Fingerprint::read(row, behind_event)? };
        events.push(Entry { pedido: pedido.id, evento: eventos::view(&columns)?, place });
        found.insert(pedido.id, pedido);
    }
    drop(rows);
    let Some(end) = events.last().map(|entry| entry.place) else { return Ok(None) };
    let mut orders = HashMap::with_capacity(found.len());
    lists::each(conn, found.into_values().collect(), &mut |pedido| {
        orders.insert(pedido.id, pedido.clone());
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Some(Slice { events, orders, end }))
}

/// Whether an event behind that one changes this order.
pub fn changed_behind(conn: &mut dyn Connection, pedido: i64, sequencia: i64) -> Result<bool, Error> {
    let of_charge = OF_CHARGE.map(|tipo| format!("'{tipo}'")).join(", ");
    let sql = format!(
        "SELECT 1 FROM eventos WHERE pedido = ? AND sequencia > ? AND tipo NOT IN ({of_charge}) LIMIT 1"
    );
    Ok(!conn.query(&sql, &[pedido.into(), sequencia.into()])?.is_empty())
}
