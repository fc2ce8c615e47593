//! `convites`: one-time links with which a person makes itself a manager. What is stored of a token is its SHA-256.

use super::connection::{Connection, Value};
use crate::{
    domain::{
        convite::{Convite, VALID_SECONDS},
        data_hora::DataHora,
    },
    error::{DbError, Error},
};

/// How long a row is kept: longer than any counts.
pub const LIFETIME_SECONDS: i64 = 2 * VALID_SECONDS;

/// A row that is written.
pub struct New {
    /// SHA-256 of the token, in hexadecimal.
    pub resumo: String,
    pub nome: Option<String>,
    pub expira_em: DataHora,
}

/// Writes one and gives the id.
pub fn insert(conn: &mut dyn Connection, new: &New, now: DataHora) -> Result<i64, Error> {
    let sql = "INSERT INTO convites (resumo, nome, criado_em, expira_em) VALUES (?, ?, ?, ?)";
    let values: [Value; 4] =
        [new.resumo.as_str().into(), new.nome.clone().into(), now.into(), new.expira_em.into()];
    conn.execute(sql, &values)?;
    Ok(conn.last_id())
}

/// The one with this SHA-256, if it counts now.
pub fn find_valid(conn: &mut dyn Connection, resumo: &str, now: DataHora) -> Result<Option<Convite>, Error> {
    let sql = "SELECT id, nome FROM convites WHERE resumo = ? AND usado_em IS NULL AND expira_em > ?";
    let rows = conn.query(sql, &[resumo.into(), now.into()])?;
    let found: Result<_, DbError> =
        rows.first().map(|row| Ok(Convite { id: row.int(0)?, nome: row.string_or_null(1)? })).transpose();
    Ok(found?)
}

/// Whether any counts now.
pub fn any_valid(conn: &mut dyn Connection, now: DataHora) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM convites WHERE usado_em IS NULL AND expira_em > ? LIMIT 1";
    Ok(!conn.query(sql, &[now.into()])?.is_empty())
}

/// Uses it up; whether it counted until now. Of two that use it at the same time one does.
pub fn take(conn: &mut dyn Connection, id: i64, now: DataHora) -> Result<bool, Error> {
    let sql = "UPDATE convites SET usado_em = ? WHERE id = ? AND usado_em IS NULL AND expira_em > ?";
    Ok(conn.execute(sql, &[now.into(), id.into(), now.into()])? == 1)
}

/// Deletes them all: none counts any longer.
pub fn delete_all(conn: &mut dyn Connection) -> Result<(), Error> {
    conn.execute("DELETE FROM convites", &[])?;
    Ok(())
}
