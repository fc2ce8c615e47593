//! `eventos`: what happened to each order.

use super::connection::{Connection, Value};
use crate::{
    domain::pedido::Evento,
    error::{DbError, Error},
};

/// Characters of a detail that are kept.
const DETALHE_MAX: usize = 500;

pub fn registrar(conn: &mut dyn Connection, pedido: i64, evento: &Evento) -> Result<(), Error> {
    let sql = "INSERT INTO eventos (pedido, tipo, de, para, detalhe, datahora) VALUES (?, ?, ?, ?, ?, ?)";
    let detalhe: Option<String> = evento.detalhe.as_ref().map(|d| d.chars().take(DETALHE_MAX).collect());
    let valores = [
        pedido.into(),
        Value::from(&*evento.tipo),
        evento.de.into(),
        evento.para.into(),
        detalhe.into(),
        evento.datahora.into(),
    ];
    conn.execute(sql, &valores)?;
    Ok(())
}

/// The newest, in the order in which they happened.
pub fn do_pedido(conn: &mut dyn Connection, pedido: i64, limite: i64) -> Result<Vec<Evento>, Error> {
    let sql =
        "SELECT tipo, de, para, detalhe, datahora FROM eventos WHERE pedido = ? ORDER BY id DESC LIMIT ?";
    let linhas = conn.query(sql, &[pedido.into(), limite.into()])?;
    let eventos = linhas.iter().rev().map(|l| {
        Ok(Evento {
            tipo: l.text(0)?.to_owned().into(),
            de: l.int_or_null(1)?,
            para: l.int_or_null(2)?,
            detalhe: l.string_or_null(3)?,
            datahora: l.time(4)?,
        })
    });
    Ok(eventos.collect::<Result<_, DbError>>()?)
}
