//! `cobrancas`: what a payment provider was asked to collect, and when to look at it next; and `cobrancas_a_mais`, what it
//! has beside that.
//!
//! Optimistic concurrency, as for orders: a charge is saved as its next version only where the loaded one is still there.

use std::collections::HashMap;

use super::{
    columns::Columns,
    connection::{Connection, Row, Value},
    statements::{insert_rows, placeholders},
};
use crate::{
    domain::{
        a_mais::AMais,
        cobranca::{self, Cobranca, Situacao},
        data_hora::DataHora,
        pendencia::Pendencia,
    },
    error::{DbError, Error},
};

/// Every column. `values` and `cobranca` are its other two places.
const COLUMNS: Columns = Columns(&[
    "pedido",
    "provedor",
    "valor",
    "validade",
    "situacao",
    "id_externo",
    "reembolsado",
    "reembolso_alvo",
    "manual",
    "operacao",
    "chave",
    "chave_em",
    "tentativas",
    "proxima_em",
    "pendencia",
    "motivo",
    "pendente_desde",
    "incerta_ate",
    "versao",
]);
const COUNT: usize = COLUMNS.0.len();

/// Of a charge beside the one that counts.
const EXTRA: Columns = Columns(&["id_externo", "pedido", "situacao", "valor", "reembolsado", "resolvida"]);

/// A charge in the columns, in their order.
fn values(c: &Cobranca) -> [Value; COUNT] {
    [
        c.pedido.into(),
        c.provedor.as_str().into(),
        c.valor.into(),
        c.validade.into(),
        Value::Int(c.situacao as i64),
        c.id_externo.clone().into(),
        c.reembolsado.into(),
        c.reembolso_alvo.into(),
        c.manual.into(),
        c.operacao.map(|o| o as i64).into(),
        c.chave.clone().into(),
        c.chave_em.into(),
        c.tentativas.into(),
        c.proxima_em.into(),
        c.pendencia.clone().into(),
        c.motivo.map(|m| m as i64).into(),
        c.pendente_desde.into(),
        c.incerta_ate.into(),
        c.versao.into(),
    ]
}

/// The columns as a charge, without those beside it.
fn cobranca(row: &Row) -> Result<Cobranca, DbError> {
    let r = COLUMNS.of(row);
    let fields = cobranca::Fields {
        pedido: r.int("pedido")?,
        provedor: r.string("provedor")?,
        valor: r.money("valor")?,
        validade: r.int("validade")?,
        situacao: r.numbered("situacao")?,
        id_externo: r.string_or_null("id_externo")?,
        reembolsado: r.money("reembolsado")?,
        reembolso_alvo: r.money_or_null("reembolso_alvo")?,
        manual: r.flag("manual")?,
        operacao: r.numbered_or_null("operacao")?,
        chave: r.string_or_null("chave")?,
        chave_em: r.time_or_null("chave_em")?,
        tentativas: r.int("tentativas")?,
        proxima_em: r.time_or_null("proxima_em")?,
        pendencia: r.string_or_null("pendencia")?,
        motivo: r.numbered_or_null("motivo")?,
        pendente_desde: r.time_or_null("pendente_desde")?,
        incerta_ate: r.time_or_null("incerta_ate")?,
        versao: r.int("versao")?,
        a_mais: Vec::new(),
    };
    Ok(Cobranca::stored(fields))
}

/// Writes new charges.
pub fn insert<'a>(
    conn: &mut dyn Connection,
    cobrancas: impl Iterator<Item = &'a Cobranca>,
) -> Result<(), Error> {
    let table = format!("cobrancas ({})", COLUMNS.list());
    Ok(insert_rows(conn, &table, cobrancas.map(values).collect())?)
}

/// Saves a charge where the database still has the version that was loaded. Where it has another, the transaction is to
/// begin again: `Retry`.
pub fn save(conn: &mut dyn Connection, cobranca: &Cobranca, loaded: i64) -> Result<(), Error> {
    let columns = COLUMNS.0[1..].join(" = ?, ");
    let sql = format!("UPDATE cobrancas SET {columns} = ? WHERE pedido = ? AND versao = ?");
    let mut parameters = values(cobranca)[1..].to_vec();
    parameters.extend([cobranca.pedido.into(), loaded.into()]);
    if conn.execute(&sql, &parameters)? == 1 {
        return save_extra(conn, cobranca);
    }
    Err(DbError::Retry(format!("the charge of order {} changed", cobranca.pedido)).into())
}

/// The charges of these orders; an order without one has none at a provider.
pub fn of_pedidos(conn: &mut dyn Connection, ids: &[i64]) -> Result<HashMap<i64, Cobranca>, Error> {
    let mut found = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let (marks, keys) = placeholders(ids);
    let sql = format!("SELECT {} FROM cobrancas WHERE pedido IN ({marks})", COLUMNS.list());
    for row in conn.query(&sql, &keys)? {
        let mut cobranca = cobranca(&row)?;
        if cobranca.incerta_ate.is_some() {
            cobranca.with_extra(extra(conn, cobranca.pedido)?);
        }
        found.insert(cobranca.pedido, cobranca);
    }
    Ok(found)
}

/// The charge of an order; `None` when it has none at a provider.
pub fn of_pedido(conn: &mut dyn Connection, pedido: i64) -> Result<Option<Cobranca>, Error> {
    Ok(of_pedidos(conn, &[pedido])?.remove(&pedido))
}

/// Charges that the provider has beside the one that counts.
fn extra(conn: &mut dyn Connection, pedido: i64) -> Result<Vec<AMais>, Error> {
    let sql = format!("SELECT {} FROM cobrancas_a_mais WHERE pedido = ?", EXTRA.list());
    let rows = conn.query(&sql, &[pedido.into()])?;
    let one = |row: &Row| {
        let r = EXTRA.of(row);
        Ok(AMais {
            id_externo: r.string("id_externo")?,
            // 0 is a state that says nothing.
            situacao: Some(r.numbered("situacao")?).filter(|s| *s != Situacao::Pedida),
            valor: r.money("valor")?,
            reembolsado: r.money("reembolsado")?,
            resolvida: r.flag("resolvida")?,
        })
    };
    Ok(rows.iter().map(one).collect::<Result<_, DbError>>()?)
}

/// Guarded by the version of the charge, which is saved first.
fn save_extra(conn: &mut dyn Connection, cobranca: &Cobranca) -> Result<(), Error> {
    if cobranca.a_mais.is_empty() {
        return Ok(());
    }
    conn.execute("DELETE FROM cobrancas_a_mais WHERE pedido = ?", &[cobranca.pedido.into()])?;
    let row = |c: &AMais| {
        [
            Value::from(c.id_externo.as_str()),
            cobranca.pedido.into(),
            Value::Int(c.situacao.map_or(0, |s| s as i64)),
            c.valor.into(),
            c.reembolsado.into(),
            c.resolvida.into(),
        ]
    };
    let table = format!("cobrancas_a_mais ({})", EXTRA.list());
    Ok(insert_rows(conn, &table, cobranca.a_mais.iter().map(row).collect())?)
}

/// The order behind the provider's id.
pub fn of_external(conn: &mut dyn Connection, id: &str) -> Result<Option<i64>, Error> {
    match one_id(conn, "SELECT pedido FROM cobrancas WHERE id_externo = ?", id)? {
        None => one_id(conn, "SELECT pedido FROM cobrancas_a_mais WHERE id_externo = ?", id),
        found => Ok(found),
    }
}

/// The order behind our own id, as the provider repeats it; only if it has a charge.
pub fn of_reference(conn: &mut dyn Connection, id_pagamento: &str) -> Result<Option<i64>, Error> {
    let sql = "SELECT c.pedido FROM pedidos p JOIN cobrancas c ON c.pedido = p.id WHERE p.id_pagamento = ?";
    one_id(conn, sql, id_pagamento)
}

/// The orders whose charge at one of these providers is to be looked at, the longest due first.
pub fn due(
    conn: &mut dyn Connection,
    providers: &[&str],
    now: DataHora,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let (marks, mut values) = placeholders(providers);
    let sql = format!(
        "SELECT pedido FROM cobrancas WHERE provedor IN ({marks}) AND proxima_em <= ? ORDER BY proxima_em LIMIT ?"
    );
    values.extend([now.into(), limit.into()]);
    let rows = conn.query(&sql, &values)?;
    Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, DbError>>()?)
}

/// How many charges somebody should look after, by provider: open ones, and money that is to go back.
pub fn alive(conn: &mut dyn Connection) -> Result<Vec<(String, i64)>, Error> {
    let sql = "SELECT provedor, COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL GROUP BY provedor";
    let rows = conn.query(sql, &[])?;
    let counts = rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?)));
    Ok(counts.collect::<Result<_, DbError>>()?)
}

/// How many orders have something that a person has to look at.
pub fn count_pending(conn: &mut dyn Connection) -> Result<i64, Error> {
    let rows = conn.query("SELECT COUNT(*) FROM cobrancas WHERE pendente_desde IS NOT NULL", &[])?;
    Ok(rows.first().map_or(Ok(0), |row| row.int(0))?)
}

/// Orders with something that a person has to look at, the oldest matter first.
pub fn pending(conn: &mut dyn Connection, limit: i64) -> Result<Vec<Pendencia>, Error> {
    let sql = "SELECT p.id, p.senha, p.status_pedido, c.pendencia, c.pendente_desde FROM cobrancas c \
               JOIN pedidos p ON p.id = c.pedido WHERE c.pendente_desde IS NOT NULL ORDER BY c.pendente_desde, p.id LIMIT ?";
    let rows = conn.query(sql, &[limit.into()])?;
    let pending = rows.iter().map(|row| {
        Ok(Pendencia {
            pedido: row.int(0)?,
            senha: row.int_or_null(1)?,
            status_pedido: row.numbered(2)?,
            pendencia: row.text(3)?.to_owned(),
            desde: row.time(4)?,
        })
    });
    Ok(pending.collect::<Result<_, DbError>>()?)
}

fn one_id(conn: &mut dyn Connection, sql: &str, value: &str) -> Result<Option<i64>, Error> {
    Ok(conn.query(sql, &[value.into()])?.first().map(|row| row.int(0)).transpose()?)
}
