//! `assinaturas`: signed notifications that were taken, so that a copy of one is known by every process.

use super::connection::Connection;
use crate::{
    domain::data_hora::DataHora,
    error::{DbError, Error},
};

/// How long one is remembered. The provider repeats a notification for about two weeks, and shows an order for three
/// months; a copy that comes later than that finds nothing any more.
pub const GUARDA_SEGUNDOS: i64 = 100 * 24 * 60 * 60;

/// Notes the signature, in lower-case hexadecimal. `false` when it was there.
pub fn registrar(conn: &mut dyn Connection, mac: &str, agora: DataHora) -> Result<bool, Error> {
    if !conn.query("SELECT 1 FROM assinaturas WHERE mac = ?", &[mac.into()])?.is_empty() {
        return Ok(false);
    }
    let sql = "INSERT INTO assinaturas (mac, recebida_em) VALUES (?, ?)";
    match conn.execute(sql, &[mac.into(), agora.into()]) {
        Ok(_) => Ok(true),
        // Its double came in between.
        Err(DbError::Unique(_)) => Ok(false),
        Err(e) => Err(e.into()),
    }
}
