//! `senhas`: the numbers called at the counter.

use super::connection::Connection;
use crate::error::{DbError, Error};

/// The next number of this day. It is taken when the caller's transaction commits, and given back when it does not.
/// Transactions that take a number wait for each other from here to their commit: take it late.
pub fn proxima(conn: &mut dyn Connection, dia: &str) -> Result<i64, Error> {
    const SOMAR: &str = "UPDATE senhas SET ultima = ultima + 1 WHERE dia = ?";
    if conn.execute(SOMAR, &[dia.into()])? == 0 {
        match conn.execute("INSERT INTO senhas (dia, ultima) VALUES (?, 1)", &[dia.into()]) {
            Ok(_) => {}
            // Another transaction opened the day in between.
            Err(DbError::Unique(_)) => drop(conn.execute(SOMAR, &[dia.into()])?),
            Err(e) => return Err(e.into()),
        }
    }
    let linhas = conn.query("SELECT ultima FROM senhas WHERE dia = ?", &[dia.into()])?;
    let ultima = linhas.first().ok_or_else(|| Error::Internal(format!("no number for {dia}")))?;
    Ok(ultima.int(0)?)
}
