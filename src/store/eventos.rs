//! `eventos`: what happened to each order.

use super::connection::Connection;
use crate::{
    domain::{data_hora::DataHora, pedido::Evento},
    error::{DbError, Error},
};

pub fn registrar(
    conn: &mut dyn Connection,
    pedido: i64,
    tipo: &str,
    de: Option<i64>,
    para: Option<i64>,
    agora: DataHora,
) -> Result<(), Error> {
    let sql = "INSERT INTO eventos (pedido, tipo, de, para, datahora) VALUES (?, ?, ?, ?, ?)";
    conn.execute(sql, &[pedido.into(), tipo.into(), de.into(), para.into(), agora.into()])?;
    Ok(())
}

/// Oldest first. An order has few: its moves are a person's taps.
pub fn do_pedido(conn: &mut dyn Connection, pedido: i64, limite: i64) -> Result<Vec<Evento>, Error> {
    let sql = "SELECT tipo, de, para, datahora FROM eventos WHERE pedido = ? ORDER BY id LIMIT ?";
    let linhas = conn.query(sql, &[pedido.into(), limite.into()])?;
    let eventos = linhas.iter().map(|l| {
        Ok(Evento {
            tipo: l.text(0)?.to_owned(),
            de: l.int_or_null(1)?,
            para: l.int_or_null(2)?,
            datahora: l.time(3)?,
        })
    });
    Ok(eventos.collect::<Result<_, DbError>>()?)
}
