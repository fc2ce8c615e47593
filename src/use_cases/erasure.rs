//! A person is erased (LGPD): the row, the notes of the orders, what stored answers repeat of them, and what the staff
//! typed as reasons. The orders stay. It is about all orders that the person ever had, also those put on another name
//! since: the history tells.
//!
//! Tested by `tests/api/privacidade.rs` and `tests/api/erasure.rs`.

use crate::{
    domain::data_hora::DataHora,
    error::Error,
    store::{Store, clientes, eventos, idempotencia, itens, pedidos},
};

/// Events of transactions that were under way may come to light behind later ones: so many are read again.
const FOLGA: i64 = 1000;
/// Orders at a time.
const JUNTOS: usize = 512;

/// Erases a customer in one transaction, and then what the database keeps of the bytes. Where that is held back by a
/// reader, `Store::scrub` is due again, and the cleaner does it.
pub fn erase(store: &Store, id: i64, agora: DataHora) -> Result<(), Error> {
    // The whole history is read before the transaction, which then reads what is new.
    let (antes, visto) = store.read(|conn| eventos::pedidos_que_teve(conn, id, 0))?;
    store.write(|conn| {
        clientes::apagar(conn, id, agora)?;
        let mut dela = pedidos::do_cliente(conn, id)?;
        dela.extend(&antes);
        dela.extend(eventos::pedidos_que_teve(conn, id, visto - FOLGA)?.0);
        dela.sort_unstable();
        dela.dedup();
        for pedidos in dela.chunks(JUNTOS) {
            idempotencia::apagar_observacoes(conn, pedidos)?;
            itens::apagar_observacoes(conn, pedidos)?;
            eventos::apagar_motivos(conn, pedidos)?;
        }
        Ok(())
    })?;
    store.scrub();
    Ok(())
}
