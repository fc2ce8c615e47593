//! `itens`: the lines of orders, always written and read with them.

use std::collections::HashMap;

use super::{
    columns::Columns,
    connection::{Connection, Row},
    pedidos,
    statements::{insert_rows, placeholders},
};
use crate::{
    domain::pedido::{Item, Pedido},
    error::{DbError, Error},
};

const COLUMNS: Columns = Columns(&["pedido", "produto", "nome", "quantidade", "descricao", "valor"]);

/// Orders whose lines are read by one query at most, and lines that are in memory at a time where a page is read.
pub const TOGETHER: usize = 512;
const LINES_TOGETHER: usize = 2048;

/// Writes the lines of these orders.
pub fn insert(conn: &mut dyn Connection, pedidos: &[&Pedido]) -> Result<(), Error> {
    let row = |(pedido, item): (i64, &Item)| {
        let Item { produto, nome, quantidade, descricao, valor } = item;
        [
            pedido.into(),
            (*produto).into(),
            nome.as_str().into(),
            (*quantidade).into(),
            descricao.clone().into(),
            (*valor).into(),
        ]
    };
    let itens = pedidos.iter().flat_map(|p| p.itens.iter().map(|item| (p.id, item)));
    let table = format!("itens ({})", COLUMNS.list());
    insert_rows(conn, &table, itens.map(row).collect()).map_err(pedidos::gone("Produto não encontrado"))
}

/// The lines of these orders, each in the order in which they were chosen.
pub fn of_pedidos(conn: &mut dyn Connection, ids: &[i64]) -> Result<HashMap<i64, Vec<Item>>, Error> {
    let mut lines: HashMap<i64, Vec<Item>> = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(TOGETHER) {
        for row in read(conn, ids, i64::MAX)? {
            lines.entry(row.int(0)?).or_default().push(item(&row)?);
        }
    }
    Ok(lines)
}

/// The lines of the first of these orders (in any order of ids), and how many orders those are: `together` at most. Where
/// orders are long they are fewer, one at least, and `together` is lowered to that.
pub fn of_first(
    conn: &mut dyn Connection,
    ids: &[i64],
    together: &mut usize,
) -> Result<(usize, HashMap<i64, Vec<Item>>), Error> {
    loop {
        let count = ids.len().min(*together);
        let limit = if count > 1 { LINES_TOGETHER as i64 + 1 } else { i64::MAX };
        let rows = read(conn, &ids[..count], limit)?;
        if count > 1 && rows.len() > LINES_TOGETHER {
            *together = count / 2;
            continue;
        }
        let mut lines: HashMap<i64, Vec<Item>> = HashMap::with_capacity(count);
        for row in &rows {
            lines.entry(row.int(0)?).or_default().push(item(row)?);
        }
        return Ok((count, lines));
    }
}

fn read(conn: &mut dyn Connection, pedidos: &[i64], limit: i64) -> Result<Vec<Row>, DbError> {
    let (marks, mut values) = placeholders(pedidos);
    let columns = COLUMNS.list();
    let sql = format!("SELECT {columns} FROM itens WHERE pedido IN ({marks}) ORDER BY pedido, id LIMIT ?");
    values.push(limit.into());
    conn.query(&sql, &values)
}

/// Blanks the notes of these orders.
pub fn forget_notes(conn: &mut dyn Connection, pedidos: &[i64]) -> Result<(), Error> {
    let (marks, values) = placeholders(pedidos);
    let sql =
        format!("UPDATE itens SET descricao = NULL WHERE descricao IS NOT NULL AND pedido IN ({marks})");
    conn.execute(&sql, &values)?;
    Ok(())
}

fn item(row: &Row) -> Result<Item, DbError> {
    let r = COLUMNS.of(row);
    Ok(Item {
        produto: r.int_or_null("produto")?,
        nome: r.string("nome")?,
        quantidade: r.int("quantidade")?,
        descricao: r.string_or_null("descricao")?,
        valor: r.money("valor")?,
    })
}
