//! A person is erased (LGPD): the row, the notes of the orders, what stored answers repeat of them, and what the staff
//! typed as reasons. The orders stay. It is about all orders that the person ever had, also those put on another name
//! since: the history tells.
//!
//! Tested by `tests/api/privacy.rs` and `tests/api/erasure.rs`.

use crate::{
    clock,
    domain::{data_hora::DataHora, evento::Actor},
    error::Error,
    store::{Connection, Store, clientes, eventos, idempotencia, itens, pedidos, restaurante},
};

/// Events of transactions that were under way may come to light behind later ones: so many are read again.
const MARGIN: i64 = 1000;
/// Orders at a time.
const TOGETHER: usize = 512;

/// Erases a customer in one transaction, and then what the database keeps of the bytes. Where that is held back by a
/// reader, `Store::scrub` is due again, and the cleaner does it.
pub fn erase(store: &Store, id: i64) -> Result<(), Error> {
    // The whole history is read before the transaction, which then reads what is new.
    let (before, newest) = store.read(|conn| eventos::pedidos_once_of(conn, id, 0))?;
    store.write(|conn| {
        let now = clock::now();
        clientes::erase(conn, id, now)?;
        let mut theirs = pedidos::of_cliente(conn, id)?;
        theirs.extend(&before);
        theirs.extend(eventos::pedidos_once_of(conn, id, newest - MARGIN)?.0);
        theirs.sort_unstable();
        theirs.dedup();
        let mut log = Vec::new();
        for pedidos in theirs.chunks(TOGETHER) {
            idempotencia::forget_notes(conn, pedidos)?;
            eventos::forget_reasons(conn, pedidos)?;
            log.extend(forget_notes(conn, pedidos, now)?);
        }
        if log.is_empty() {
            return Ok(());
        }
        let numbers = restaurante::take_numbers(conn, &now.dia(), 0, log.len())?;
        eventos::append(conn, numbers.first_sequencia, &log, now)
    })?;
    store.scrub();
    Ok(())
}

/// Blanks the notes of these orders, each of which is another version then.
fn forget_notes(conn: &mut dyn Connection, ids: &[i64], now: DataHora) -> Result<Vec<eventos::Entry>, Error> {
    let mut log = Vec::new();
    for found in pedidos::find_all(conn, ids)?.into_values() {
        let mut pedido = found?;
        let (id, loaded) = (pedido.id, pedido.versao);
        pedido.forget_notes(now);
        if pedido.is_changed() {
            pedido.next_version();
            pedidos::save(conn, &pedido, loaded)?;
        }
        let entry = |event| eventos::Entry { pedido: id, actor: Actor::Staff, event };
        log.extend(pedido.take_events().into_iter().map(entry));
    }
    itens::forget_notes(conn, ids)?;
    Ok(log)
}
