//! The sales of a period, out of the log: what a sale is, `domain/vendas.rs` says.
//!
//! - Added up by the database, in centavos: SQLite keeps money as text, and a sum of it would be a binary float.
//! - All statements see the log as far as it was when the first of them ran, so what they find fits together without a
//!   transaction: events are never changed, and neither are lines of an order.
//! - `eventos_do_dinheiro` is the index: on SQLite of these events only, for which each statement names them by the same
//!   words.

use std::collections::HashMap;

use super::{
    connection::{Connection, Row, Value},
    statements::placeholders,
};
use crate::{
    domain::{
        data_hora::DataHora,
        dinheiro::Dinheiro,
        pedido::Meio,
        vendas::{Entrada, Movimento, Passo, Periodo, ProdutoVendido, Saida, went_back},
    },
    error::{DbError, Error},
};

/// Orders and moments at which their money came in, from a moment to another, as far as a place in the log. Of orders of the
/// system before, which have no `dia`, where nothing is in the log.
const PAID: &str = "\
    SELECT e.pedido, e.datahora FROM eventos e WHERE e.tipo IN ('pagamento', 'reembolso') AND e.tipo = 'pagamento' \
    AND e.de IN (1, 3) AND e.para IN (2, 4) AND e.datahora >= ? AND e.datahora < ? AND e.sequencia < ? \
    UNION ALL SELECT o.id, o.datahora_recebido FROM pedidos o WHERE o.dia IS NULL AND o.status_pagamento IN (2, 4) \
    AND o.datahora_recebido >= ? AND o.datahora_recebido < ? AND NOT EXISTS (SELECT 1 FROM eventos a \
    WHERE a.pedido = o.id AND a.tipo = 'pagamento' AND a.de IN (1, 3) AND a.para IN (2, 4))";

/// What a line comes to, in centavos. Both engines know this name of a whole number.
const CENTAVOS: &str = "CAST(REPLACE(i.valor, '.', '') AS SIGNED INTEGER) * i.quantidade";

/// Events by which money goes back.
const WENT_BACK: &str =
    "e.tipo IN ('pagamento', 'reembolso') AND (e.tipo = 'reembolso' OR e.para = 4) AND e.sequencia < ?";

/// What one statement adds up at most, a month: so none of them takes long, whatever the period.
const SLICE_SECONDS: i64 = 31 * 24 * 3600;

/// Orders whose refunds are read by one query at most.
const TOGETHER: usize = 256;

/// What came in and went back.
pub fn read(conn: &mut dyn Connection, periodo: Periodo) -> Result<Movimento, Error> {
    let rows = conn.query("SELECT proxima_sequencia FROM restaurante WHERE id = 1", &[])?;
    let end =
        rows.first().ok_or_else(|| Error::Internal("the row of the restaurant is gone".into()))?.int(0)?;
    let (from, until) = periodo.bounds();
    let mut found = Movimento::default();
    let mut sold: HashMap<(Option<i64>, String), ProdutoVendido> = HashMap::new();
    let mut start = from;
    while start < until {
        let stop = start.mais(SLICE_SECONDS).min(until);
        let values: [Value; 5] = [start.into(), stop.into(), end.into(), start.into(), stop.into()];
        found.entradas.extend(by_hour(conn, &values)?);
        for more in by_product(conn, &values)? {
            let key = (more.produto, if more.produto.is_some() { String::new() } else { more.nome.clone() });
            match sold.get_mut(&key) {
                Some(sold) => sold.add(&more),
                None => drop(sold.insert(key, more)),
            }
        }
        start = stop;
    }
    found.produtos = sold.into_values().collect();
    for orders in refunded(conn, &[from.into(), until.into(), end.into()])?.chunks(TOGETHER) {
        let of_them = refunds(conn, orders, end)?;
        found.saidas.extend(of_them.into_iter().filter(|s| s.quando >= from && s.quando < until));
    }
    Ok(found)
}

fn by_hour(conn: &mut dyn Connection, values: &[Value]) -> Result<Vec<Entrada>, Error> {
    let sql = format!(
        "SELECT t.hora, t.meio, COUNT(*), CAST(SUM(t.total) AS SIGNED INTEGER) FROM (\
         SELECT SUBSTR(CAST(v.datahora AS CHAR), 1, 13) AS hora, p.meio_pagamento AS meio, \
         COALESCE(SUM({CENTAVOS}), 0) AS total FROM ({PAID}) v JOIN pedidos p ON p.id = v.pedido \
         LEFT JOIN itens i ON i.pedido = v.pedido GROUP BY v.pedido, v.datahora, p.meio_pagamento) t \
         GROUP BY t.hora, t.meio"
    );
    let entrada = |row: &Row| {
        let hour = row.text(0)?;
        let hora = DataHora::de_sql(&format!("{hour}:00:00"))
            .ok_or_else(|| DbError::Other(format!("{hour} is no hour")))?;
        let valor = Dinheiro::de_centavos(row.int(3)?);
        Ok(Entrada { hora, meio: meio(row, 1)?, pedidos: row.int(2)?, valor })
    };
    Ok(conn.query(&sql, values)?.iter().map(entrada).collect::<Result<_, DbError>>()?)
}

fn by_product(conn: &mut dyn Connection, values: &[Value]) -> Result<Vec<ProdutoVendido>, Error> {
    let sql = format!(
        "SELECT s.produto, COALESCE(r.nome, s.nome), s.quantidade, s.total FROM (\
         SELECT i.produto AS produto, MAX(i.nome) AS nome, CAST(SUM(i.quantidade) AS SIGNED INTEGER) AS quantidade, \
         CAST(SUM({CENTAVOS}) AS SIGNED INTEGER) AS total FROM ({PAID}) v JOIN itens i ON i.pedido = v.pedido \
         GROUP BY i.produto, CASE WHEN i.produto IS NULL THEN i.nome END) s LEFT JOIN produtos r ON r.id = s.produto"
    );
    let sold = |row: &Row| {
        Ok(ProdutoVendido {
            produto: row.int_or_null(0)?,
            nome: row.text(1)?.to_owned(),
            quantidade: row.int(2)?,
            vendido: Dinheiro::de_centavos(row.int(3)?),
        })
    };
    Ok(conn.query(&sql, values)?.iter().map(sold).collect::<Result<_, DbError>>()?)
}

/// The orders of which money went back.
fn refunded(conn: &mut dyn Connection, values: &[Value]) -> Result<Vec<i64>, Error> {
    let sql = format!(
        "SELECT DISTINCT e.pedido FROM eventos e WHERE e.datahora >= ? AND e.datahora < ? AND {WENT_BACK}"
    );
    Ok(conn.query(&sql, values)?.iter().map(|row| row.int(0)).collect::<Result<_, DbError>>()?)
}

/// All that went back of these orders, as far as this place in the log.
fn refunds(conn: &mut dyn Connection, orders: &[i64], end: i64) -> Result<Vec<Saida>, Error> {
    let (marks, mut values) = placeholders(orders);
    let sql = format!(
        "SELECT e.pedido, e.datahora, p.meio_pagamento, e.dados, e.ator, p.valor_reembolsado \
         FROM eventos e JOIN pedidos p ON p.id = e.pedido WHERE e.pedido IN ({marks}) AND {WENT_BACK} ORDER BY e.sequencia"
    );
    values.push(end.into());
    let mut of_orders: HashMap<i64, (Vec<Passo>, Dinheiro)> = HashMap::with_capacity(orders.len());
    for row in conn.query(&sql, &values)? {
        let passo = Passo {
            quando: row.time(1)?,
            meio: meio(&row, 2)?,
            total: row.text_or_null(3)?.map(total).transpose()?.flatten(),
            antigo: row.text_or_null(4)?.is_none(),
        };
        let (passos, total) = of_orders.entry(row.int(0)?).or_default();
        passos.push(passo);
        *total = row.money(5)?;
    }
    Ok(of_orders.into_values().flat_map(|(passos, total)| went_back(&passos, total)).collect())
}

/// What has gone back in all, as `dados` of an event says it.
fn total(dados: &str) -> Result<Option<Dinheiro>, DbError> {
    let data: serde_json::Value =
        serde_json::from_str(dados).map_err(|e| DbError::Other(format!("dados of an event: {e}")))?;
    Ok(data["valor_reembolsado"].as_str().and_then(Dinheiro::de_sql))
}

fn meio(row: &Row, column: usize) -> Result<Option<Meio>, DbError> {
    let meio = |name: &str| Meio::try_from(name).map_err(|e: &str| DbError::Other(e.to_owned()));
    row.text_or_null(column)?.map(meio).transpose()
}
