//! `eventos`: what happened to each order.

use super::{
    connection::{Connection, Value},
    inserir_linhas, marcas,
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

/// Orders that were once on this customer's name, or were taken off it, by events after this one; and the newest event.
pub fn pedidos_que_teve(
    conn: &mut dyn Connection,
    cliente: i64,
    depois_de: i64,
) -> Result<(Vec<i64>, i64), Error> {
    let linhas = conn.query("SELECT COALESCE(MAX(id), 0) FROM eventos", &[])?;
    let ultimo = linhas.first().map(|l| l.int(0)).transpose()?.unwrap_or_default();
    let sql =
        "SELECT DISTINCT pedido FROM eventos WHERE id > ? AND tipo = 'cliente' AND (de = ? OR para = ?)";
    let linhas = conn.query(sql, &[depois_de.into(), cliente.into(), cliente.into()])?;
    Ok((linhas.iter().map(|l| l.int(0)).collect::<Result<_, DbError>>()?, ultimo))
}

/// Blanks what the staff typed as the reason of a cancellation or a refund; the amount of a refund, which stands before
/// it, stays.
pub fn apagar_motivos(conn: &mut dyn Connection, pedidos: &[i64]) -> Result<(), Error> {
    let (marcas, valores) = marcas(pedidos);
    let sql = format!(
        "UPDATE eventos SET detalhe = NULL WHERE tipo = 'cancelamento' AND detalhe IS NOT NULL AND pedido IN ({marcas})"
    );
    conn.execute(&sql, &valores)?;
    let sql = format!(
        "UPDATE eventos SET detalhe = SUBSTR(detalhe, 1, INSTR(detalhe, ': ') - 1) WHERE tipo = 'reembolso' \
         AND INSTR(detalhe, ': ') > 0 AND pedido IN ({marcas})"
    );
    conn.execute(&sql, &valores)?;
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
