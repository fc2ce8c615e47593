//! `idempotencia`: checkouts that carried an `Idempotency-Key`, and the answer that each got.

use super::connection::Connection;
use crate::{
    domain::data_hora::DataHora,
    error::{DbError, Error},
};

pub const VALIDADE_SEGUNDOS: i64 = 24 * 60 * 60;

pub enum Registro {
    /// The key is ours until the transaction ends.
    Novo,
    /// The answer that was given.
    Respondido(String),
    /// The same key was sent with another request.
    OutroPedido,
    EmAndamento,
}

/// Claims the key inside the caller's transaction; a second claim waits until the first commits or rolls back.
pub fn registrar(
    conn: &mut dyn Connection,
    chave: &str,
    corpo: &str,
    agora: DataHora,
) -> Result<Registro, Error> {
    let sql = "INSERT INTO idempotencia (chave, corpo, criada_em) VALUES (?, ?, ?)";
    match conn.execute(sql, &[chave.into(), corpo.into(), agora.into()]) {
        Ok(_) => return Ok(Registro::Novo),
        Err(DbError::Unique(_)) => {}
        Err(DbError::Busy(_)) => return Ok(Registro::EmAndamento),
        Err(e) => return Err(e.into()),
    }
    let linhas =
        conn.query("SELECT corpo, resposta, criada_em FROM idempotencia WHERE chave = ?", &[chave.into()])?;
    // It was there a moment ago and expired in between: as after a deadlock, the whole is tried again.
    let linha = linhas.first().ok_or_else(|| DbError::Retry("idempotency key vanished".into()))?;
    let criada_em = linha.time(2)?;
    if criada_em.segundos() <= agora.segundos() - VALIDADE_SEGUNDOS {
        let sql = "UPDATE idempotencia SET corpo = ?, resposta = NULL, criada_em = ? WHERE chave = ? AND criada_em = ?";
        let renovada = conn.execute(sql, &[corpo.into(), agora.into(), chave.into(), criada_em.into()])?;
        return if renovada == 1 {
            Ok(Registro::Novo)
        } else {
            Err(DbError::Retry("idempotency key renewed".into()).into())
        };
    }
    Ok(match linha.text_or_null(1)? {
        _ if linha.text(0)? != corpo => Registro::OutroPedido,
        Some(resposta) => Registro::Respondido(resposta.to_owned()),
        None => Registro::EmAndamento,
    })
}

pub fn responder(conn: &mut dyn Connection, chave: &str, resposta: &str) -> Result<(), Error> {
    conn.execute("UPDATE idempotencia SET resposta = ? WHERE chave = ?", &[resposta.into(), chave.into()])?;
    Ok(())
}

/// Forgets what is older than a day.
pub fn limpar(conn: &mut dyn Connection, agora: DataHora) -> Result<u64, Error> {
    let limite = DataHora::de_segundos(agora.segundos() - VALIDADE_SEGUNDOS);
    Ok(conn.execute("DELETE FROM idempotencia WHERE criada_em <= ?", &[limite.into()])?)
}
