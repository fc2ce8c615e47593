//! `restaurante`: the one row with the counters for `senha` and `eventos.sequencia`. A transaction that adds orders or events
//! takes their numbers from it and holds its lock until the commit: so senhas are unique on their day, and the log is gapless
//! and in the order of the commits. The row is a hot spot: a transaction locks it last.

use super::connection::{Connection, Value};
use crate::error::{DbError, Error};

/// How far apart processes of this version and of the one before number the orders of a day, which do not see each other's
/// counters during a rolling update.
const APART: i64 = 500;

/// The numbers of one transaction.
pub struct Numbers {
    /// The business day of the senhas. It never goes back, whatever the clocks of several processes say.
    pub dia: String,
    /// The first of the senhas that were asked for.
    pub first_senha: i64,
    /// The first of the places in the log that were asked for.
    pub first_sequencia: i64,
    /// The version of the service hours.
    pub hours_versao: i64,
}

/// Takes so many senhas of this day and so many places in the log. Both are given back when the caller's transaction is
/// rolled back.
pub fn take_numbers(
    conn: &mut dyn Connection,
    today: &str,
    senhas: usize,
    places: usize,
) -> Result<Numbers, Error> {
    // In this order: MySQL assigns one after the other.
    let sql = "UPDATE restaurante SET \
               proxima_senha = CASE WHEN dia < ? THEN 1 + ? ELSE proxima_senha + ? END, \
               dia = CASE WHEN dia < ? THEN ? ELSE dia END, \
               proxima_sequencia = proxima_sequencia + ? WHERE id = 1";
    let (senhas, places) = (senhas as i64, places as i64);
    let values: [Value; 6] =
        [today.into(), senhas.into(), senhas.into(), today.into(), today.into(), places.into()];
    conn.execute(sql, &values)?;
    let sql = "SELECT CAST(dia AS CHAR), proxima_senha, proxima_sequencia, \
               (SELECT MAX(senha) FROM pedidos WHERE pedidos.dia = restaurante.dia), atendimento_versao \
               FROM restaurante WHERE id = 1";
    let rows = conn.query(sql, &[])?;
    let row = rows.first().ok_or_else(|| Error::Internal("the row of the restaurant is gone".into()))?;
    let (first_senha, first_sequencia) = (row.int(1)? - senhas, row.int(2)? - places);
    let (dia, hours_versao) = (row.text(0)?.to_owned(), row.int(4)?);
    let mut numbers = Numbers { dia, first_senha, first_sequencia, hours_versao };
    if senhas > 0 {
        let highest = row.int_or_null(3)?.unwrap_or_default();
        keep_apart(conn, &mut numbers, senhas, highest)?;
    }
    Ok(numbers)
}

/// The version before counts in `senhas`. Its first number of a new day is put behind ours, and where it has taken numbers
/// of this day already (`highest` is the last that is in use) ours go on behind those.
fn keep_apart(
    conn: &mut dyn Connection,
    numbers: &mut Numbers,
    senhas: i64,
    highest: i64,
) -> Result<(), Error> {
    if numbers.first_senha == 1 {
        let values = [(&*numbers.dia).into(), APART.into()];
        match conn.execute("INSERT INTO senhas (dia, ultima) VALUES (?, ?)", &values) {
            Ok(_) | Err(DbError::Unique(_)) => {}
            Err(other) => return Err(other.into()),
        }
    }
    if highest >= numbers.first_senha {
        numbers.first_senha = highest + APART + 1;
        let next = numbers.first_senha + senhas;
        conn.execute("UPDATE restaurante SET proxima_senha = ? WHERE id = 1", &[next.into()])?;
    }
    Ok(())
}
