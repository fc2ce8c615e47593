//! The row of the restaurant as access needs it: the version of who may do what, and the secret that the secrets of orders
//! are derived from.

use super::connection::Connection;
use crate::error::Error;

/// What processes look at, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acesso {
    /// Moves on with each change of who may do what.
    pub versao: i64,
    /// In hexadecimal; `None` until the first process makes it.
    pub segredo: Option<String>,
}

/// As it is now.
pub fn read(conn: &mut dyn Connection) -> Result<Acesso, Error> {
    let rows = conn.query("SELECT versao_acesso, segredo FROM restaurante WHERE id = 1", &[])?;
    let row = rows.first().ok_or_else(|| Error::Internal("the row of the restaurant is gone".into()))?;
    Ok(Acesso { versao: row.int(0)?, segredo: row.string_or_null(1)? })
}

/// Makes the secret, unless there is one.
pub fn set_secret_once(conn: &mut dyn Connection, segredo: &str) -> Result<(), Error> {
    let sql = "UPDATE restaurante SET segredo = ? WHERE id = 1 AND segredo IS NULL";
    conn.execute(sql, &[segredo.into()])?;
    Ok(())
}

/// Locks the row until the transaction ends, for tries that no terminal's row can lock.
pub fn lock(conn: &mut dyn Connection) -> Result<(), Error> {
    conn.execute("UPDATE restaurante SET versao_acesso = versao_acesso WHERE id = 1", &[])?;
    Ok(())
}

/// To be called last in a transaction that changes who may do what, since the row is a hot spot; or first, where such changes
/// have to see each other.
pub fn note_change(conn: &mut dyn Connection) -> Result<(), Error> {
    conn.execute("UPDATE restaurante SET versao_acesso = versao_acesso + 1 WHERE id = 1", &[])?;
    Ok(())
}
