//! How far each receiver of webhooks is told: a transactional outbox whose messages are the log itself. The log is
//! gapless and in the order of the commits, so one number for each receiver says what was offered, and only what was not
//! taken has a row (`webhook_repeticoes`). The transaction of an order writes nothing for it.
//!
//! A receiver is leased to one worker of all processes (`turno`, `arrendada_ate`). What a worker writes counts only while
//! the lease is its own and no person has changed the receiver (`versao`): so a worker that was held up writes over
//! nothing.

use std::collections::HashMap;

use super::{
    columns::Columns,
    connection::{Connection, Row, Value},
    pedidos,
    webhooks::{self, COLUMNS},
};
use crate::{
    domain::{
        aviso::{Aviso, Tipo},
        data_hora::DataHora,
        dinheiro::Dinheiro,
        webhook::{DOWN_AFTER, Repeticao, Situacao, Webhook},
    },
    error::{DbError, Error},
};

/// Of the log.
const EVENT: Columns = Columns(&["sequencia", "pedido", "tipo", "de", "para", "dados", "datahora"]);
const RETRY: Columns = Columns(&["sequencia", "tentativas", "primeira_em", "proxima_em"]);

/// Events of a slice at most: new ones, and those that are offered again.
const NEW: i64 = 50;
const AGAIN: i64 = 5;

/// A receiver that is leased.
pub struct Turn {
    /// As the worker changes it.
    pub webhook: Webhook,
    turno: i64,
}

/// What a receiver is to be offered next.
pub struct Slice {
    /// What is due again, the oldest first.
    pub again: Vec<Retry>,
    /// Whether anything waits to be offered again, due or not.
    pub waiting: bool,
    /// What comes next in the log, also what nobody is told.
    pub new: Vec<Aviso>,
    /// There may be more behind it.
    pub is_full: bool,
}

/// An event that is due again.
pub struct Retry {
    pub repeticao: Repeticao,
    pub aviso: Aviso,
}

/// What came of a slice, beside what the `Webhook` of the turn says.
#[derive(Default)]
pub struct Progress {
    /// Not to be offered again: taken, or given up.
    pub settled: Vec<i64>,
    /// To be offered again.
    pub put_off: Vec<Repeticao>,
    /// The slice was not offered to its end.
    pub is_cut_short: bool,
}

/// Receivers that have something to be offered now, and that nobody works for. One look at a few rows.
pub fn due(conn: &mut dyn Connection, now: DataHora) -> Result<Vec<i64>, Error> {
    let waiting = "EXISTS (SELECT 1 FROM webhook_repeticoes r WHERE r.webhook = w.id)";
    let sql = format!(
        "SELECT w.id FROM webhooks w WHERE w.situacao = ? AND (w.arrendada_ate IS NULL OR w.arrendada_ate <= ?) \
         AND (EXISTS (SELECT 1 FROM webhook_repeticoes r WHERE r.webhook = w.id AND r.proxima_em <= ?) \
         OR (w.sequencia < (SELECT proxima_sequencia - 1 FROM restaurante WHERE id = 1) \
         AND (w.falhas < ? OR NOT {waiting})))"
    );
    let values = [Value::Int(Situacao::Ativa as i64), now.into(), now.into(), DOWN_AFTER.into()];
    Ok(conn.query(&sql, &values)?.iter().map(|row| row.int(0)).collect::<Result<_, DbError>>()?)
}

/// Leases a receiver until then; `None` where another worker has it, or it is not to be told.
pub fn take(
    conn: &mut dyn Connection,
    id: i64,
    now: DataHora,
    until: DataHora,
) -> Result<Option<Turn>, Error> {
    let sql = "UPDATE webhooks SET turno = turno + 1, arrendada_ate = ? WHERE id = ? AND situacao = ? \
               AND (arrendada_ate IS NULL OR arrendada_ate <= ?)";
    let values = [until.into(), id.into(), Value::Int(Situacao::Ativa as i64), now.into()];
    if conn.execute(sql, &values)? == 0 {
        return Ok(None);
    }
    let rows = conn.query("SELECT turno FROM webhooks WHERE id = ?", &[id.into()])?;
    let turno = rows.first().map_or(Ok(0), |row| row.int(0))?;
    Ok(Some(Turn { webhook: webhooks::find(conn, id)?, turno }))
}

/// What the receiver is to be offered next. Nothing new where it is down.
pub fn slice(conn: &mut dyn Connection, webhook: &Webhook, now: DataHora) -> Result<Slice, Error> {
    let sql = format!(
        "SELECT {}, {} FROM webhook_repeticoes r JOIN eventos e ON e.sequencia = r.sequencia \
         WHERE r.webhook = ? AND r.proxima_em <= ? ORDER BY r.sequencia LIMIT ?",
        EVENT.list_of("e"),
        RETRY.list_of("r")
    );
    let due = conn.query(&sql, &[webhook.id.into(), now.into(), AGAIN.into()])?;
    let sql = "SELECT 1 FROM webhook_repeticoes WHERE webhook = ? LIMIT 1";
    let waiting = !conn.query(sql, &[webhook.id.into()])?.is_empty();
    let new = if webhook.begins_new(waiting) { after(conn, webhook.sequencia)? } else { Vec::new() };
    let mut again = Vec::with_capacity(due.len());
    for (row, aviso) in due.iter().zip(avisos(conn, &due)?) {
        again.push(Retry { repeticao: repeticao(row)?, aviso });
    }
    let is_full = due.len() as i64 == AGAIN || new.len() as i64 == NEW;
    Ok(Slice { again, waiting, new: avisos(conn, &new)?, is_full })
}

fn after(conn: &mut dyn Connection, sequencia: i64) -> Result<Vec<Row>, Error> {
    let sql = format!("SELECT {} FROM eventos WHERE sequencia > ? ORDER BY sequencia LIMIT ?", EVENT.list());
    Ok(conn.query(&sql, &[sequencia.into(), NEW.into()])?)
}

fn repeticao(row: &Row) -> Result<Repeticao, DbError> {
    let r = RETRY.behind(EVENT.0.len(), row);
    Ok(Repeticao {
        sequencia: r.int("sequencia")?,
        tentativas: r.int("tentativas")?,
        primeira_em: r.time("primeira_em")?,
        proxima_em: r.time("proxima_em")?,
    })
}

/// What others are told of these events: what an order never changes goes along, its number and its total.
fn avisos(conn: &mut dyn Connection, rows: &[Row]) -> Result<Vec<Aviso>, Error> {
    let mut ids: Vec<i64> = rows.iter().map(|row| EVENT.of(row).int("pedido")).collect::<Result<_, _>>()?;
    ids.sort_unstable();
    ids.dedup();
    let orders: HashMap<i64, Totals> = pedidos::find_all(conn, &ids)?
        .into_iter()
        .filter_map(|(id, pedido)| {
            let pedido = pedido.ok()?;
            Some((id, Totals { senha: pedido.senha, valor_total: pedido.valor_total }))
        })
        .collect();
    Ok(rows.iter().map(|row| aviso(row, &orders)).collect::<Result<_, DbError>>()?)
}

struct Totals {
    senha: Option<i64>,
    valor_total: Dinheiro,
}

fn aviso(row: &Row, orders: &HashMap<i64, Totals>) -> Result<Aviso, DbError> {
    let r = EVENT.of(row);
    let (de, para, pedido) = (r.int_or_null("de")?, r.int_or_null("para")?, r.int("pedido")?);
    let data: serde_json::Value =
        r.string_or_null("dados")?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let order = orders.get(&pedido);
    Ok(Aviso {
        sequencia: r.int("sequencia")?,
        tipo: Tipo::of_event(&r.string("tipo")?, de, para),
        datahora: r.time("datahora")?,
        pedido,
        senha: order.and_then(|order| order.senha),
        valor_total: order.map(|order| order.valor_total),
        de,
        para,
        meio_pagamento: data["meio_pagamento"].as_str().map(str::to_owned),
        valor_reembolsado: data["valor_reembolsado"].as_str().and_then(Dinheiro::de_sql),
    })
}

/// Writes what came of a slice, and goes on with the lease until then, or gives it back. `false`, and nothing is written,
/// where the lease is not this turn's any more or a person has changed the receiver meanwhile.
pub fn settle(
    conn: &mut dyn Connection,
    turn: &Turn,
    progress: &Progress,
    lease: Option<DataHora>,
) -> Result<bool, Error> {
    let w = &turn.webhook;
    // All of it: nobody else has changed any of it since, or `versao` would be another.
    let sql = format!(
        "UPDATE webhooks SET {} = ?, arrendada_ate = ? WHERE id = ? AND turno = ? AND versao = ?",
        COLUMNS.0[1..].join(" = ?, ")
    );
    let mut parameters = webhooks::values(w)[1..].to_vec();
    parameters.extend([lease.into(), w.id.into(), turn.turno.into(), w.versao.into()]);
    if conn.execute(&sql, &parameters)? == 0 {
        return Ok(false);
    }
    for sequencia in &progress.settled {
        let sql = "DELETE FROM webhook_repeticoes WHERE webhook = ? AND sequencia = ?";
        conn.execute(sql, &[w.id.into(), (*sequencia).into()])?;
    }
    for repeticao in &progress.put_off {
        put_off(conn, w.id, repeticao)?;
    }
    Ok(true)
}

fn put_off(conn: &mut dyn Connection, webhook: i64, r: &Repeticao) -> Result<(), Error> {
    let sql = "UPDATE webhook_repeticoes SET tentativas = ?, primeira_em = ?, proxima_em = ? \
               WHERE webhook = ? AND sequencia = ?";
    let values: [Value; 5] =
        [r.tentativas.into(), r.primeira_em.into(), r.proxima_em.into(), webhook.into(), r.sequencia.into()];
    if conn.execute(sql, &values)? == 0 {
        let sql = "INSERT INTO webhook_repeticoes (tentativas, primeira_em, proxima_em, webhook, sequencia) \
                   VALUES (?, ?, ?, ?, ?)";
        conn.execute(sql, &values)?;
    }
    Ok(())
}

/// Gives the lease back, whatever a person has changed.
pub fn release(conn: &mut dyn Connection, turn: &Turn) -> Result<(), Error> {
    let sql = "UPDATE webhooks SET arrendada_ate = NULL WHERE id = ? AND turno = ?";
    conn.execute(sql, &[turn.webhook.id.into(), turn.turno.into()])?;
    Ok(())
}

/// What waits for this receiver is due now, with three days from now.
pub fn hurry(conn: &mut dyn Connection, webhook: i64, now: DataHora) -> Result<(), Error> {
    let sql =
        "UPDATE webhook_repeticoes SET tentativas = 1, primeira_em = ?, proxima_em = ? WHERE webhook = ?";
    conn.execute(sql, &[now.into(), now.into(), webhook.into()])?;
    Ok(())
}

/// Forgets what waits for this receiver and comes after this place in the log: it is offered as if it were new.
pub fn rewind(conn: &mut dyn Connection, webhook: i64, after: i64) -> Result<(), Error> {
    let sql = "DELETE FROM webhook_repeticoes WHERE webhook = ? AND sequencia > ?";
    conn.execute(sql, &[webhook.into(), after.into()])?;
    Ok(())
}

/// When the oldest event happened that a receiver which is told has still to take.
pub fn oldest(conn: &mut dyn Connection) -> Result<Option<DataHora>, Error> {
    let sql = "SELECT MIN(e.datahora) FROM webhooks w JOIN eventos e ON e.sequencia = w.sequencia + 1 WHERE w.situacao = ? \
               UNION ALL SELECT MIN(e.datahora) FROM webhooks w JOIN webhook_repeticoes r ON r.webhook = w.id \
               JOIN eventos e ON e.sequencia = r.sequencia WHERE w.situacao = ?";
    let active = Value::Int(Situacao::Ativa as i64);
    let rows = conn.query(sql, &[active.clone(), active])?;
    let oldest = rows.iter().map(|row| row.time_or_null(0)).collect::<Result<Vec<_>, DbError>>()?;
    Ok(oldest.into_iter().flatten().min())
}
