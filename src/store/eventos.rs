//! `eventos`: what happened to each order.

use super::{
    connection::{Connection, Value},
    inserir_linhas,
};
use crate::{
    domain::pedido::Evento,
    error::{DbError, Error},
};

/// Characters of a detail that are kept.
const DETALHE_MAX: usize = 500;

/// Each event with the order that it happened to.
pub fn registrar<'a>(
    conn: &mut dyn Connection,
    eventos: impl IntoIterator<Item = (i64, &'a Evento)>,
) -> Result<(), Error> {
    let linha = |(pedido, evento): (i64, &Evento)| {
        let detalhe: Option<String> = evento.detalhe.as_ref().map(|d| d.chars().take(DETALHE_MAX).collect());
        [
            pedido.into(),
            Value::from(&*evento.tipo),
            evento.de.into(),
            evento.para.into(),
            detalhe.into(),
            evento.datahora.into(),
        ]
    };
    let linhas = eventos.into_iter().map(linha).collect();
    Ok(inserir_linhas(conn, "eventos (pedido, tipo, de, para, detalhe, datahora)", linhas)?)
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
