//! `eventos`: the log of everything that happens to orders. Rows are added and never changed, but for reasons that name
//! a person who is erased; `sequencia` is gapless and in
//! the order of the commits (`restaurante`).

use std::collections::HashMap;

use super::{
    columns::{Columns, Record},
    connection::{Connection, Value},
    restaurante,
    statements::{insert_rows, placeholders},
};
use crate::{
    domain::{
        data_hora::DataHora,
        evento::{Actor, Evento, EventoView},
    },
    error::{DbError, Error},
};

/// What `view` reads.
pub(super) const COLUMNS: Columns =
    Columns(&["sequencia", "tipo", "de", "para", "detalhe", "ator", "dados", "datahora"]);

/// An event of an order, on its way to the log.
pub struct Entry {
    pub pedido: i64,
    pub actor: Actor,
    pub event: Evento,
}

/// Writes the entries in their order; the first takes this place.
pub fn append(
    conn: &mut dyn Connection,
    first_sequencia: i64,
    entries: &[Entry],
    now: DataHora,
) -> Result<(), Error> {
    let row = |(sequencia, Entry { pedido, actor, event }): (i64, &Entry)| {
        let (de, para) = event.change();
        [
            sequencia.into(),
            (*pedido).into(),
            event.tipo().into(),
            de.into(),
            para.into(),
            event.detail().into(),
            actor.name().into(),
            event.data().into(),
            Value::from(now),
        ]
    };
    let rows = (first_sequencia..).zip(entries).map(row).collect();
    let table = "eventos (sequencia, pedido, tipo, de, para, detalhe, ator, dados, datahora)";
    Ok(insert_rows(conn, table, rows)?)
}

/// The newest events of an order, in the order in which they happened.
pub fn of_pedido(conn: &mut dyn Connection, pedido: i64, limit: i64) -> Result<Vec<EventoView>, Error> {
    let sql = format!("SELECT {} FROM eventos WHERE pedido = ? ORDER BY id DESC LIMIT ?", COLUMNS.list());
    let rows = conn.query(&sql, &[pedido.into(), limit.into()])?;
    Ok(rows.iter().rev().map(|row| view(&COLUMNS.of(row))).collect::<Result<_, _>>()?)
}

/// All events of these orders that have a place in the log, in the order of the log.
pub fn of_pedidos(conn: &mut dyn Connection, ids: &[i64]) -> Result<HashMap<i64, Vec<EventoView>>, Error> {
    let (marks, values) = placeholders(ids);
    let sql = format!(
        "SELECT {}, pedido FROM eventos WHERE pedido IN ({marks}) AND sequencia IS NOT NULL ORDER BY sequencia",
        COLUMNS.list()
    );
    let mut events: HashMap<i64, Vec<EventoView>> = HashMap::with_capacity(ids.len());
    for row in conn.query(&sql, &values)? {
        events.entry(row.int(COLUMNS.0.len())?).or_default().push(view(&COLUMNS.of(&row))?);
    }
    Ok(events)
}

/// An event in these columns.
pub(super) fn view(r: &Record<'_>) -> Result<EventoView, DbError> {
    let data = r.string_or_null("dados")?.map(serde_json::value::RawValue::from_string).transpose();
    Ok(EventoView {
        sequencia: r.int_or_null("sequencia")?,
        tipo: r.string("tipo")?,
        de: r.int_or_null("de")?,
        para: r.int_or_null("para")?,
        detalhe: r.string_or_null("detalhe")?,
        ator: r.string_or_null("ator")?,
        dados: data.map_err(|e| DbError::Other(format!("dados of an event: {e}")))?,
        datahora: r.time("datahora")?,
    })
}

/// Events that are numbered in one transaction at most.
const SLICE: i64 = 500;

/// Whether there are events without a place in the log.
pub fn any_unnumbered(conn: &mut dyn Connection) -> Result<bool, Error> {
    Ok(!conn.query("SELECT 1 FROM eventos WHERE sequencia IS NULL LIMIT 1", &[])?.is_empty())
}

/// Numbers events that a process of the version before has written during a rolling update, in the order of their ids.
/// Gives how many.
pub fn number_unnumbered(conn: &mut dyn Connection, today: &str) -> Result<usize, Error> {
    let sql = "SELECT id FROM eventos WHERE sequencia IS NULL ORDER BY id LIMIT ?";
    // Under the lock of the row, so that nobody else numbers them too.
    restaurante::take_numbers(conn, today, 0, 0)?;
    let ids: Vec<i64> =
        conn.query(sql, &[SLICE.into()])?.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?;
    let numbers = restaurante::take_numbers(conn, today, 0, ids.len())?;
    for (sequencia, id) in (numbers.first_sequencia..).zip(&ids) {
        conn.execute("UPDATE eventos SET sequencia = ? WHERE id = ?", &[sequencia.into(), (*id).into()])?;
    }
    Ok(ids.len())
}

/// An order that was put on a customer's name, or was taken off it.
pub struct Held {
    pub pedido: i64,
    pub cliente: i64,
}

/// Orders that were once put on the name of one of these customers, or were taken off it, by events after this id; and the
/// newest id.
pub fn pedidos_once_of(
    conn: &mut dyn Connection,
    clientes: &[i64],
    after: i64,
) -> Result<(Vec<Held>, i64), Error> {
    let rows = conn.query("SELECT COALESCE(MAX(id), 0) FROM eventos", &[])?;
    let newest = rows.first().map(|row| row.int(0)).transpose()?.unwrap_or_default();
    let (marks, ids) = placeholders(clientes);
    let sql = format!(
        "SELECT DISTINCT pedido, de, para FROM eventos WHERE id > ? AND tipo = 'cliente' \
         AND (de IN ({marks}) OR para IN ({marks}))"
    );
    let values: Vec<Value> = std::iter::once(after.into()).chain(ids.clone()).chain(ids).collect();
    let mut held = Vec::new();
    for row in conn.query(&sql, &values)? {
        let pedido = row.int(0)?;
        let names = [row.int_or_null(1)?, row.int_or_null(2)?];
        let theirs = names.into_iter().flatten().filter(|cliente| clientes.contains(cliente));
        held.extend(theirs.map(|cliente| Held { pedido, cliente }));
    }
    Ok((held, newest))
}

/// Blanks what the staff typed as the reason of a cancellation or a refund; the amount of a refund, which stands before
/// it, stays.
pub fn forget_reasons(conn: &mut dyn Connection, pedidos: &[i64]) -> Result<(), Error> {
    let (marks, values) = placeholders(pedidos);
    let sql = format!(
        "UPDATE eventos SET detalhe = NULL WHERE tipo = 'cancelamento' AND detalhe IS NOT NULL AND pedido IN ({marks})"
    );
    conn.execute(&sql, &values)?;
    let sql = format!(
        "UPDATE eventos SET detalhe = SUBSTR(detalhe, 1, INSTR(detalhe, ': ') - 1) WHERE tipo = 'reembolso' \
         AND INSTR(detalhe, ': ') > 0 AND pedido IN ({marks})"
    );
    conn.execute(&sql, &values)?;
    Ok(())
}
