//! `senhas`: the numbers called at the counter.

use super::connection::{Connection, Value};
use crate::error::{DbError, Error};

/// The first of the next `quantas` numbers of this day. They are taken when the caller's transaction commits, and given
/// back when it does not. Transactions that take numbers wait for each other from here to their commit: take them late.
pub fn proximas(conn: &mut dyn Connection, dia: &str, quantas: i64) -> Result<i64, Error> {
    const SOMAR: &str = "UPDATE senhas SET ultima = ultima + ? WHERE dia = ?";
    let somar: [Value; 2] = [quantas.into(), dia.into()];
    if conn.execute(SOMAR, &somar)? == 0 {
        match conn.execute("INSERT INTO senhas (dia, ultima) VALUES (?, ?)", &[dia.into(), quantas.into()]) {
            Ok(_) => {}
            // Another transaction opened the day in between.
            Err(DbError::Unique(_)) => drop(conn.execute(SOMAR, &somar)?),
            Err(e) => return Err(e.into()),
        }
    }
    let linhas = conn.query("SELECT ultima FROM senhas WHERE dia = ?", &[dia.into()])?;
    let ultima = linhas.first().ok_or_else(|| Error::Internal(format!("no number for {dia}")))?;
    Ok(ultima.int(0)? - quantas + 1)
}
