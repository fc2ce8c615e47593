//! A person is erased (LGPD): the row, the notes of the orders, and what stored answers repeat of them. The orders stay.

use crate::{
    domain::data_hora::DataHora,
    error::Error,
    store::{Store, clientes, idempotencia, itens},
};

/// Erases a customer in one transaction, and then what the database keeps of the bytes. Where that is held back by a
/// reader, `Store::scrub` is due again, and the cleaner does it.
pub fn erase(store: &Store, id: i64, agora: DataHora) -> Result<(), Error> {
    store.write(|conn| {
        clientes::apagar(conn, id, agora)?;
        idempotencia::apagar_observacoes(conn, id)?;
        itens::apagar_observacoes(conn, id)
    })?;
    store.scrub();
    Ok(())
}
