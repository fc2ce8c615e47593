//! A person is erased (LGPD): the row, the notes of the orders, what stored answers repeat of them, and what the staff
//! typed as reasons. The orders stay. It is about all orders that the person ever had, also those put on another name
//! since: the history tells. The trail says who erased whom.
//!
//! Tested by `tests/api/privacy.rs`, `tests/api/erasure.rs` and `tests/api/retention.rs`.

use crate::{
    clock,
    domain::{auditoria::Tipo, data_hora::DataHora, evento::Actor},
    error::Error,
    store::{
        Connection, Store,
        auditoria::{self, New},
        clientes, eventos, idempotencia, itens, pedidos, restaurante,
    },
};

/// Events of transactions that were under way may come to light behind later ones: so many are read again.
const MARGIN: i64 = 1000;
/// Orders at a time.
const TOGETHER: usize = 512;

/// Who erases, and why.
pub struct Cause {
    /// For the history of the orders.
    pub actor: Actor,
    /// For the trail.
    pub name: String,
    /// For the trail, in Portuguese.
    pub detalhe: Option<String>,
}

/// Erases a customer. `NotFound` when there is none, or no longer.
pub fn erase(store: &Store, id: i64, cause: &Cause) -> Result<(), Error> {
    erase_all(store, &[id], cause, &|_| Ok(vec![id])).map(drop)
}

/// Erases those of these customers who have had no order since `limit`, nor were registered since. Gives how many.
pub fn erase_inactive(store: &Store, ids: &[i64], limit: DataHora, cause: &Cause) -> Result<usize, Error> {
    erase_all(store, ids, cause, &|conn| clientes::lock_inactive(conn, ids, limit))
}

/// Says in the transaction who is erased.
type Choose<'a> = &'a dyn Fn(&mut dyn Connection) -> Result<Vec<i64>, Error>;

/// Erases in one transaction, and then what the database keeps of the bytes. Where that is held back by a reader,
/// `Store::scrub` is due again, and the cleaner does it.
fn erase_all(store: &Store, ids: &[i64], cause: &Cause, chosen: Choose<'_>) -> Result<usize, Error> {
    // The whole history is read before the transaction, which then reads what is new.
    let (before, newest) = store.read(|conn| eventos::pedidos_once_of(conn, ids, 0))?;
    let count = store.write(|conn| {
        let (now, erased) = (clock::now(), chosen(conn)?);
        let mut theirs = Vec::new();
        for id in &erased {
            clientes::erase(conn, *id, now)?;
            theirs.extend(pedidos::of_cliente(conn, *id)?);
            let name = cause.name.clone();
            let new = New::of_cliente(Tipo::ClienteApagado, name, *id, cause.detalhe.as_deref());
            auditoria::append(conn, &new, now)?;
        }
        let since = eventos::pedidos_once_of(conn, &erased, newest - MARGIN)?.0;
        let held = before.iter().chain(&since).filter(|held| erased.contains(&held.cliente));
        theirs.extend(held.map(|held| held.pedido));
        theirs.sort_unstable();
        theirs.dedup();
        let mut log = Vec::new();
        for pedidos in theirs.chunks(TOGETHER) {
            idempotencia::forget_notes(conn, pedidos)?;
            eventos::forget_reasons(conn, pedidos)?;
            log.extend(forget_notes(conn, pedidos, cause.actor, now)?);
        }
        if !log.is_empty() {
            let numbers = restaurante::take_numbers(conn, &now.dia(), 0, log.len())?;
            eventos::append(conn, numbers.first_sequencia, &log, now)?;
        }
        Ok(erased.len())
    })?;
    store.scrub();
    Ok(count)
}

/// Blanks the notes of these orders, each of which is another version then.
fn forget_notes(
    conn: &mut dyn Connection,
    ids: &[i64],
    actor: Actor,
    now: DataHora,
) -> Result<Vec<eventos::Entry>, Error> {
    let mut log = Vec::new();
    for found in pedidos::find_all(conn, ids)?.into_values() {
        let mut pedido = found?;
        let (id, loaded) = (pedido.id, pedido.versao);
        pedido.forget_notes(now);
        if pedido.is_changed() {
            pedido.next_version();
            pedidos::save(conn, &pedido, loaded)?;
        }
        let entry = |event| eventos::Entry { pedido: id, actor, event };
        log.extend(pedido.take_events().into_iter().map(entry));
    }
    itens::forget_notes(conn, ids)?;
    Ok(log)
}
