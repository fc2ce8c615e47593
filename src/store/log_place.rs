//! A place in the log, and the event before it, by which the log of a database is told from that of another: of one that was
//! restored from a backup, and has come as far again by other events. Tested by `tests/api/restored.rs`.

use sha2::{Digest, Sha256};

use super::connection::{Connection, Row, Value};
use crate::error::{DbError, Error};

/// How far the log is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogPlace {
    /// The place that the next event takes: all before it are committed. 0 where nothing is known.
    pub next_sequencia: i64,
    /// Of the event before that.
    pub last: Fingerprint,
}

/// What an event was, when, and of which order; 0 of no event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(pub u64);

/// By what an event is known: nothing that an erasure changes.
const COLUMNS: [&str; 4] = ["id", "pedido", "tipo", "datahora"];

impl Fingerprint {
    /// The columns that `read` reads, of the table with this name.
    pub(super) fn columns(alias: &str) -> String {
        COLUMNS.map(|name| format!("{alias}.{name}")).join(", ")
    }

    /// From these columns, the first of which has this number; of no event where they are NULL.
    pub(super) fn read(row: &Row, first: usize) -> Result<Fingerprint, DbError> {
        if row.0.get(first) == Some(&Value::Null) {
            return Ok(Fingerprint::default());
        }
        let (id, pedido, tipo) = (row.int(first)?, row.int(first + 1)?, row.text(first + 2)?);
        let seconds = row.time(first + 3)?.segundos();
        let digest = Sha256::digest(format!("{id} {pedido} {tipo} {seconds}"));
        Ok(Fingerprint(digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))))
    }

    /// How many columns `columns` names.
    pub(super) const fn count() -> usize {
        COLUMNS.len()
    }
}

/// Where the log is now.
pub fn current(conn: &mut dyn Connection) -> Result<LogPlace, Error> {
    let columns = Fingerprint::columns("u");
    let sql = format!(
        "SELECT r.proxima_sequencia, {columns} FROM restaurante r \
         LEFT JOIN eventos u ON u.sequencia = r.proxima_sequencia - 1 WHERE r.id = 1"
    );
    let rows = conn.query(&sql, &[])?;
    let row = rows.first().ok_or_else(|| Error::Internal("the row of the restaurant is gone".into()))?;
    Ok(LogPlace { next_sequencia: row.int(0)?, last: Fingerprint::read(row, 1)? })
}

/// Where the log is now, and which event there is at this place.
pub fn current_and(conn: &mut dyn Connection, sequencia: i64) -> Result<(LogPlace, Fingerprint), Error> {
    let known = LogPlace { next_sequencia: sequencia.saturating_add(1), ..LogPlace::default() };
    // In this order: what is there at first is there afterwards.
    let (_, event) = since(conn, known)?;
    Ok((current(conn)?, event))
}

/// Where the log is now, and which event there is before the place that is known.
pub fn since(conn: &mut dyn Connection, known: LogPlace) -> Result<(i64, Fingerprint), Error> {
    let columns = Fingerprint::columns("e");
    let sql = format!(
        "SELECT r.proxima_sequencia, {columns} FROM restaurante r LEFT JOIN eventos e ON e.sequencia = ? WHERE r.id = 1"
    );
    let rows = conn.query(&sql, &[(known.next_sequencia - 1).into()])?;
    let row = rows.first().ok_or_else(|| Error::Internal("the row of the restaurant is gone".into()))?;
    Ok((row.int(0)?, Fingerprint::read(row, 1)?))
}
