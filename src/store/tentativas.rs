//! `tentativas`: PINs and passwords that were tried and were not right, so that all processes count the same. A try is
//! written before it is checked: of many at the same time no more are checked than are allowed.

use super::connection::{Connection, Value};
use crate::{
    domain::{data_hora::DataHora, tentativa::COUNTED_SECONDS},
    error::Error,
};

/// How long a row is kept.
pub const LIFETIME_SECONDS: i64 = COUNTED_SECONDS;

/// Whose PIN or password is tried, and where.
pub struct Try<'a> {
    /// A terminal or a network, by its name.
    pub origem: &'a str,
    /// As it was sent: there may be no such person.
    pub funcionario: i64,
}

/// Wrong tries that were not forgiven.
pub struct Standing {
    pub wrong: i64,
    pub last: Option<DataHora>,
}

/// For this person at this place.
pub fn standing(conn: &mut dyn Connection, of: &Try<'_>, now: DataHora) -> Result<Standing, Error> {
    let sql = "SELECT COUNT(*), MAX(feita_em) FROM tentativas \
               WHERE origem = ? AND funcionario = ? AND perdoada = 0 AND feita_em > ?";
    let since = now.mais(-COUNTED_SECONDS);
    let rows = conn.query(sql, &[of.origem.into(), of.funcionario.into(), since.into()])?;
    match rows.first() {
        Some(row) => Ok(Standing { wrong: row.int(0)?, last: row.time_or_null(1)? }),
        None => Ok(Standing { wrong: 0, last: None }),
    }
}

/// Wrong tries at this place since then, forgiven or not.
pub fn count_at(conn: &mut dyn Connection, origem: &str, since: DataHora) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM tentativas WHERE origem = ? AND feita_em > ?";
    Ok(conn.query(sql, &[origem.into(), since.into()])?.first().map_or(Ok(0), |row| row.int(0))?)
}

/// Writes a try, as a wrong one, and gives its id.
pub fn insert(conn: &mut dyn Connection, of: &Try<'_>, now: DataHora) -> Result<i64, Error> {
    let sql = "INSERT INTO tentativas (origem, funcionario, feita_em) VALUES (?, ?, ?)";
    let values: [Value; 3] = [of.origem.into(), of.funcionario.into(), now.into()];
    conn.execute(sql, &values)?;
    Ok(conn.last_id())
}

/// This one was right: those before it are forgiven.
pub fn forgive(conn: &mut dyn Connection, id: i64, of: &Try<'_>) -> Result<(), Error> {
    conn.execute("DELETE FROM tentativas WHERE id = ?", &[id.into()])?;
    let sql = "UPDATE tentativas SET perdoada = 1 WHERE origem = ? AND funcionario = ?";
    conn.execute(sql, &[of.origem.into(), of.funcionario.into()])?;
    Ok(())
}

/// All at this place, when a terminal is enrolled again.
pub fn forget_at(conn: &mut dyn Connection, origem: &str) -> Result<(), Error> {
    conn.execute("DELETE FROM tentativas WHERE origem = ?", &[origem.into()])?;
    Ok(())
}
