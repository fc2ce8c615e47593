//! Lists of orders: pages by keyset pagination, and the whole of the open orders by the log.
//!
//! The open orders are read as they are at one place in the log: number and rows come from one statement, which both
//! engines answer from one snapshot. From then on only the orders that the log names since are read again.

use std::ops::ControlFlow;

use super::{
    connection::{Connection, Row, Value},
    itens,
    log_place::{Fingerprint, LogPlace},
    page::{Cursor, PageRequest, cut},
    pedidos::{COLUMNS, fields, with_lines},
};
use crate::{
    domain::{
        data_hora::DataHora,
        pedido::{Fields, Pedido, StatusPedido},
    },
    error::{DbError, Error},
};

/// Which orders, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// The kitchen's: Pronto, Em preparação, Recebido; oldest first in each.
    Open,
    /// Those of one state, oldest first.
    State(StatusPedido),
    /// A customer's without the cancelled ones, newest first.
    Cliente(i64),
    /// All of a customer's, newest first.
    AllOf(i64),
}

/// Condition and order of a list, and the values of the condition.
struct Query {
    filter: &'static str,
    order: &'static str,
    values: Vec<Value>,
}

impl List {
    fn query(self) -> Query {
        match self {
            List::Open => Query {
                filter: "status_pedido IN (1, 2, 3)",
                order: "status_pedido DESC, datahora_recebido, id",
                values: vec![],
            },
            List::State(s) => Query {
                filter: "status_pedido = ?",
                order: "datahora_recebido, id",
                values: vec![Value::Int(s as i64)],
            },
            List::Cliente(c) => Query {
                filter: "cliente = ? AND status_pedido <> 5",
                order: "datahora_recebido DESC, id DESC",
                values: vec![c.into()],
            },
            List::AllOf(c) => Query {
                filter: "cliente = ?",
                order: "datahora_recebido DESC, id DESC",
                values: vec![c.into()],
            },
        }
    }
}

/// By what a list is ordered, and so what a cursor holds: state, time in seconds, id.
pub fn sort_key(p: &Fields) -> [i64; 3] {
    [p.status_pedido as i64, p.datahora_recebido.segundos(), p.id]
}

/// Is shown orders one by one, and says after each whether it wants more.
pub type Show<'a> = &'a mut dyn FnMut(&Pedido) -> Result<ControlFlow<()>, Error>;

/// Shows the orders of a page one by one, until one is the last that is wanted; gives where the next page begins. The orders
/// come out of one query, as they are at one moment; their lines are in memory a slice at a time.
pub fn page(
    conn: &mut dyn Connection,
    list: List,
    page: &PageRequest<3>,
    show: Show<'_>,
) -> Result<Option<Cursor<3>>, Error> {
    let Query { filter, order, mut values } = list.query();
    let beyond = if matches!(list, List::Cliente(_) | List::AllOf(_)) { '<' } else { '>' };
    let mut sql = format!("SELECT {} FROM pedidos WHERE {filter}", COLUMNS.list());
    if let Some(Cursor([status, seconds, id])) = page.after {
        let time = Value::from(DataHora::de_segundos(seconds));
        let later = format!("(datahora_recebido {beyond} ? OR (datahora_recebido = ? AND id {beyond} ?))");
        if list == List::Open {
            sql += &format!(" AND (status_pedido < ? OR (status_pedido = ? AND {later}))");
            values.extend([status.into(), status.into()]);
        } else {
            // This bound alone lets the index start at the right row.
            sql += &format!(" AND datahora_recebido {beyond}= ? AND {later}");
            values.push(time.clone());
        }
        values.extend([time.clone(), time, id.into()]);
    }
    sql += &format!(" ORDER BY {order} LIMIT ?");
    values.push(Value::Int(page.limit as i64 + 1));
    let mut rows: Vec<Fields> = conn.query(&sql, &values)?.iter().map(fields).collect::<Result<_, _>>()?;
    let next = cut(&mut rows, page.limit, sort_key);
    Ok(each(conn, rows, show)?.map(Cursor).or(next))
}

/// Shows these orders with their lines; the sort key of the last one shown where others were left.
pub(super) fn each(
    conn: &mut dyn Connection,
    rows: Vec<Fields>,
    show: Show<'_>,
) -> Result<Option<[i64; 3]>, Error> {
    let ids: Vec<i64> = rows.iter().map(|p| p.id).collect();
    let (mut rows, mut seen, mut together) = (rows.into_iter(), 0, itens::TOGETHER);
    while seen < ids.len() {
        let (count, mut lines) = itens::of_first(conn, &ids[seen..], &mut together)?;
        for fields in rows.by_ref().take(count) {
            let itens = lines.remove(&fields.id).unwrap_or_default();
            let pedido = with_lines(fields, itens)?;
            seen += 1;
            if show(&pedido)?.is_break() && seen < ids.len() {
                return Ok(Some(sort_key(&pedido)));
            }
        }
    }
    Ok(None)
}

/// How many orders are in a list.
pub fn count(conn: &mut dyn Connection, list: List) -> Result<i64, Error> {
    let Query { filter, values, .. } = list.query();
    let rows = conn.query(&format!("SELECT COUNT(*) FROM pedidos WHERE {filter}"), &values)?;
    Ok(rows.first().map(|row| row.int(0)).transpose()?.unwrap_or_default())
}

/// Shows the open orders in the kitchen's order, `limit` at most, as they are at one place of the log, which is given.
pub fn open(conn: &mut dyn Connection, limit: usize, show: Show<'_>) -> Result<LogPlace, Error> {
    let (columns, last) = (COLUMNS.list_of("p"), Fingerprint::columns("u"));
    let sql = format!(
        "SELECT {columns}, r.proxima_sequencia, {last} FROM restaurante r \
         LEFT JOIN eventos u ON u.sequencia = r.proxima_sequencia - 1 LEFT JOIN pedidos p ON p.status_pedido IN (1, 2, 3) \
         WHERE r.id = 1 ORDER BY p.status_pedido DESC, p.datahora_recebido, p.id LIMIT ?"
    );
    let rows = conn.query(&sql, &[(limit as i64).into()])?;
    let place = place(first(&rows)?)?;
    show_found(conn, rows, show)?;
    Ok(place)
}

/// Shows the orders, open or not, that have an event at the known place or later, as they are at one place of the log, which
/// is given. `None`, and nothing shown, where another event is before the known place: it is that of another log.
pub fn changed_since(
    conn: &mut dyn Connection,
    known: LogPlace,
    show: Show<'_>,
) -> Result<Option<LogPlace>, Error> {
    let columns = COLUMNS.list_of("p");
    let (last, before) = (Fingerprint::columns("u"), Fingerprint::columns("v"));
    let sql = format!(
        "SELECT {columns}, r.proxima_sequencia, {last}, {before} FROM restaurante r \
         LEFT JOIN eventos u ON u.sequencia = r.proxima_sequencia - 1 LEFT JOIN eventos v ON v.sequencia = ? \
         LEFT JOIN (SELECT DISTINCT pedido FROM eventos WHERE sequencia >= ?) e ON 1 = 1 \
         LEFT JOIN pedidos p ON p.id = e.pedido WHERE r.id = 1"
    );
    let next = known.next_sequencia;
    let rows = conn.query(&sql, &[(next - 1).into(), next.into()])?;
    let row = first(&rows)?;
    if Fingerprint::read(row, COLUMNS.0.len() + 1 + Fingerprint::count())? != known.last {
        return Ok(None);
    }
    let place = place(row)?;
    show_found(conn, rows, show)?;
    Ok(Some(place))
}

fn first(rows: &[Row]) -> Result<&Row, Error> {
    rows.first().ok_or_else(|| Error::Internal("the row of the restaurant is gone".into()))
}

/// Behind the columns of an order.
fn place(row: &Row) -> Result<LogPlace, DbError> {
    let next = COLUMNS.0.len();
    Ok(LogPlace { next_sequencia: row.int(next)?, last: Fingerprint::read(row, next + 1)? })
}

fn show_found(conn: &mut dyn Connection, rows: Vec<Row>, show: Show<'_>) -> Result<(), Error> {
    // Without any order the row of the restaurant stands alone.
    let found = rows.iter().filter(|row| row.0.first() != Some(&Value::Null));
    let found: Vec<Fields> = found.map(fields).collect::<Result<_, DbError>>()?;
    drop(rows);
    each(conn, found, show)?;
    Ok(())
}

/// How many orders are open and not paid; no more than `max` are counted.
pub fn count_unpaid(conn: &mut dyn Connection, max: usize) -> Result<usize, Error> {
    let sql = "SELECT COUNT(*) FROM (SELECT id FROM pedidos WHERE status_pedido IN (1, 2, 3) \
               AND status_pagamento IN (1, 3) LIMIT ?) AS nao_pagos";
    let rows = conn.query(sql, &[Value::Int(max as i64)])?;
    Ok(rows.first().map(|row| row.int(0)).transpose()?.unwrap_or_default() as usize)
}

/// How many orders that the kitchen has not finished came at this moment or before, and when the oldest of them came.
pub fn late(conn: &mut dyn Connection, since: DataHora) -> Result<(i64, Option<DataHora>), Error> {
    let sql = "SELECT COUNT(*), MIN(datahora_recebido) FROM pedidos WHERE status_pedido IN (1, 2) \
               AND datahora_recebido <= ?";
    let rows = conn.query(sql, &[since.into()])?;
    Ok(rows.first().map_or(Ok((0, None)), |row| Ok::<_, DbError>((row.int(0)?, row.time_or_null(1)?)))?)
}

/// How many open orders there are, by state, and since when the oldest of them waits.
#[derive(Default)]
pub struct OpenCounts {
    pub by_state: Vec<(StatusPedido, i64)>,
    pub oldest: Option<DataHora>,
}

/// Counts the open orders, for the figures.
pub fn open_counts(conn: &mut dyn Connection) -> Result<OpenCounts, Error> {
    let sql = "SELECT status_pedido, COUNT(*), MIN(datahora_recebido) FROM pedidos WHERE status_pedido IN (1, 2, 3) \
               GROUP BY status_pedido";
    let mut counts = OpenCounts::default();
    for row in conn.query(sql, &[])? {
        counts.by_state.push((row.numbered(0)?, row.int(1)?));
        let since = row.time_or_null(2)?;
        counts.oldest = counts.oldest.into_iter().chain(since).min();
    }
    Ok(counts)
}
