//! `notificacoes`: notifications that do not say by themselves which order they are about, until that is found out.

use super::connection::Connection;
use crate::{
    domain::data_hora::DataHora,
    error::{DbError, Error},
};

/// Rows that wait to be looked into, at most: beyond it notifications are dropped, and polling finds the news.
const WAITING_MAX: i64 = 10_000;
/// How long a row is kept.
pub const LIFETIME_SECONDS: i64 = 30 * 24 * 60 * 60;

/// A notification that waits to be looked into.
pub struct Notificacao {
    pub id: i64,
    pub topico: String,
    pub id_externo: String,
    pub tentativas: i64,
    vezes: i64,
}

/// Notes a notification; the same again makes the old one due. `false` when too many wait already.
pub fn register(
    conn: &mut dyn Connection,
    topico: &str,
    id_externo: &str,
    now: DataHora,
) -> Result<bool, Error> {
    let sql = "UPDATE notificacoes SET vezes = vezes + 1, tentativas = 0, recebida_em = ?, proxima_em = ? \
               WHERE topico = ? AND id_externo = ?";
    if conn.execute(sql, &[now.into(), now.into(), topico.into(), id_externo.into()])? == 1 {
        return Ok(true);
    }
    let waiting = conn.query("SELECT COUNT(*) FROM notificacoes WHERE proxima_em IS NOT NULL", &[])?;
    if waiting.first().map_or(Ok(0), |row| row.int(0))? >= WAITING_MAX {
        return Ok(false);
    }
    let sql = "INSERT INTO notificacoes (topico, id_externo, recebida_em, proxima_em) VALUES (?, ?, ?, ?)";
    match conn.execute(sql, &[topico.into(), id_externo.into(), now.into(), now.into()]) {
        // Its double came in between; that one is due.
        Ok(_) | Err(DbError::Unique(_)) => Ok(true),
        Err(e) => Err(e.into()),
    }
}

/// Whether there is one to look into now.
pub fn any_due(conn: &mut dyn Connection, now: DataHora) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM notificacoes WHERE proxima_em <= ? LIMIT 1";
    Ok(!conn.query(sql, &[now.into()])?.is_empty())
}

/// Takes one that is due, and puts it off until `until` for all others; `None` when there is none.
pub fn take(conn: &mut dyn Connection, now: DataHora, until: DataHora) -> Result<Option<Notificacao>, Error> {
    let sql = "SELECT id, topico, id_externo, tentativas, vezes FROM notificacoes WHERE proxima_em <= ? \
               ORDER BY proxima_em, id LIMIT 20";
    for row in conn.query(sql, &[now.into()])? {
        let (id, tentativas) = (row.int(0)?, row.int(3)?);
        let sql = "UPDATE notificacoes SET proxima_em = ?, tentativas = tentativas + 1 \
                   WHERE id = ? AND tentativas = ? AND proxima_em <= ?";
        if conn.execute(sql, &[until.into(), id.into(), tentativas.into(), now.into()])? == 1 {
            let (topico, id_externo) = (row.text(1)?.to_owned(), row.text(2)?.to_owned());
            return Ok(Some(Notificacao {
                id,
                topico,
                id_externo,
                tentativas: tentativas + 1,
                vezes: row.int(4)?,
            }));
        }
    }
    Ok(None)
}

/// What was found out; `next` when it is to be tried again.
pub fn conclude(
    conn: &mut dyn Connection,
    notificacao: &Notificacao,
    veredito: &str,
    next: Option<DataHora>,
) -> Result<(), Error> {
    // One that came again meanwhile stays due.
    let sql = "UPDATE notificacoes SET veredito = ?, proxima_em = ? WHERE id = ? AND vezes = ?";
    let veredito: String = veredito.chars().take(255).collect();
    let values = [veredito.into(), next.into(), notificacao.id.into(), notificacao.vezes.into()];
    conn.execute(sql, &values)?;
    Ok(())
}
