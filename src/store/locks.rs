//! Locks of rows on MySQL and MariaDB. SQLite, which has one writer at a time, has none: what is special to the servers
//! stands in comments that they execute (`/*! … */` on both, `/*M! … */` on MariaDB, `/*!80000 … */` on MySQL).
//!
//! A locking read waits for whoever holds the row, and then sees it as it was committed, whatever the isolation level. It
//! names the primary key, since a scan would wait for rows that it does not need. Tested in `tests/api/row_locks.rs`.

use super::{
    connection::{Connection, Value},
    statements::placeholders,
};
use crate::error::{DbError, Error};

/// How long a statement waits for a row that another transaction holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockWait {
    /// A second: where others share the transaction and wait along.
    Short,
    /// Five seconds.
    Long,
}

/// Behind the name of a table: its rows are found by the primary key.
pub(super) const BY_PRIMARY_KEY: &str = "/*! FORCE INDEX (PRIMARY) */";
/// Behind a query: its rows stay as they are until the transaction ends.
pub(super) const SHARED: &str = "/*! LOCK IN SHARE MODE */";
/// Behind a query: an exclusive lock on each of its rows.
pub(super) const TO_CHANGE: &str = "/*! FOR UPDATE */";

/// A table whose rows commands lock.
#[derive(Clone, Copy, Debug)]
pub enum Table {
    /// Orders, to be changed.
    Pedidos,
    /// Charges, to be changed; by their order.
    Cobrancas,
    /// Customers, to be named by orders.
    Clientes,
    /// Products, to be named by lines.
    Produtos,
}

impl LockWait {
    pub(super) fn seconds(self) -> u64 {
        match self {
            LockWait::Short => 1,
            LockWait::Long => 5,
        }
    }
}

/// Locks those of these rows that no other transaction holds, without waiting for one; gives those that are held.
pub fn lock_free(conn: &mut dyn Connection, table: Table, ids: &[i64]) -> Result<Vec<i64>, Error> {
    const FREE_TO_CHANGE: &str = "/*! FOR UPDATE SKIP LOCKED */";
    const TO_NAME: &str = "/*M! LOCK IN SHARE MODE SKIP LOCKED */ /*!80000 FOR SHARE SKIP LOCKED */";
    let (name, key, lock) = match table {
        Table::Pedidos => ("pedidos", "id", FREE_TO_CHANGE),
        Table::Cobrancas => ("cobrancas", "pedido", FREE_TO_CHANGE),
        Table::Clientes => ("clientes", "id", TO_NAME),
        Table::Produtos => ("produtos", "id", TO_NAME),
    };
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (marks, values) = placeholders(ids);
    let sql = format!("SELECT {key} FROM {name} {BY_PRIMARY_KEY} WHERE {key} IN ({marks})");
    let mut held = keys(conn, &sql, &values)?;
    let free = keys(conn, &format!("{sql} {lock}"), &values)?;
    held.retain(|id| !free.contains(id));
    Ok(held)
}

/// Keeps an order as it is until the transaction ends, for events that leave it so: the log refers to it.
pub fn keep_pedido(conn: &mut dyn Connection, id: i64) -> Result<(), Error> {
    conn.query(&format!("SELECT id FROM pedidos WHERE id = ? {SHARED}"), &[id.into()])?;
    Ok(())
}

fn keys(conn: &mut dyn Connection, sql: &str, values: &[Value]) -> Result<Vec<i64>, DbError> {
    conn.query(sql, values)?.iter().map(|row| row.int(0)).collect()
}
