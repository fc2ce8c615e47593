//! `assinaturas`: signed notifications that were taken, so that a copy of one is known by every process.

use super::connection::Connection;
use crate::{
    domain::data_hora::DataHora,
    error::{DbError, Error},
};

/// How long one is remembered. The provider repeats a notification for about two weeks, and shows an order for three
/// months; a copy that comes later than that finds nothing any more.
pub const LIFETIME_SECONDS: i64 = 100 * 24 * 60 * 60;

/// Whether the signature, in lower-case hexadecimal, was noted.
pub fn is_known(conn: &mut dyn Connection, mac: &str) -> Result<bool, Error> {
    Ok(!conn.query("SELECT 1 FROM assinaturas WHERE mac = ?", &[mac.into()])?.is_empty())
}

/// Notes the signature, in lower-case hexadecimal; again is the same.
pub fn register(conn: &mut dyn Connection, mac: &str, now: DataHora) -> Result<(), Error> {
    if is_known(conn, mac)? {
        return Ok(());
    }
    let sql = "INSERT INTO assinaturas (mac, recebida_em) VALUES (?, ?)";
    match conn.execute(sql, &[mac.into(), now.into()]) {
        // Its double came in between.
        Ok(_) | Err(DbError::Unique(_)) => Ok(()),
        Err(e) => Err(e.into()),
    }
}
