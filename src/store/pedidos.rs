//! `pedidos`: one order, or several by their ids, with their lines. Lists are in `lists`.
//!
//! Optimistic concurrency: an order is saved as its next version only where the version that was loaded is still there.

use std::{collections::HashMap, sync::Arc};

use super::{
    columns::Columns,
    connection::{Connection, Row, Value},
    itens,
    statements::{insert_rows, placeholders},
};
use crate::{
    domain::{
        dinheiro::Dinheiro,
        pedido::{self, Destino, Fields, Item, Local, Meio, Pedido, StatusPagamento},
    },
    error::{DbError, Error},
};

/// Every column but `dia`, which is of the number and not of the order. `values` and `fields` are its other two places.
pub(super) const COLUMNS: Columns = Columns(&[
    "id",
    "senha",
    "cliente",
    "local",
    "mesa",
    "status_pedido",
    "datahora_recebido",
    "datahora_preparacao",
    "datahora_pronto",
    "datahora_finalizado",
    "status_pagamento",
    "id_pagamento",
    "meio_pagamento",
    "qr_data",
    "datahora_expiracao",
    "qr_recusado",
    "entregue_em",
    "valor_reembolsado",
    "versao",
]);
const COUNT: usize = COLUMNS.0.len();

/// How many orders are looked for at a time.
pub const TOGETHER: usize = 256;

/// An order in the columns, in their order.
fn values(p: &Fields) -> [Value; COUNT] {
    [
        p.id.into(),
        p.senha.into(),
        p.cliente.into(),
        p.destino.local.map(Local::nome).into(),
        p.destino.mesa.clone().into(),
        Value::Int(p.status_pedido as i64),
        p.datahora_recebido.into(),
        p.datahora_preparacao.into(),
        p.datahora_pronto.into(),
        p.datahora_finalizado.into(),
        Value::Int(p.status_pagamento as i64),
        p.id_pagamento.clone().into(),
        p.meio_pagamento.map(Meio::nome).into(),
        p.qr_data.clone().into(),
        p.datahora_expiracao.into(),
        p.qr_recusado.into(),
        p.entregue_em.into(),
        p.valor_reembolsado.into(),
        p.versao.into(),
    ]
}

/// The columns as an order, without its lines.
pub(super) fn fields(row: &Row) -> Result<Fields, DbError> {
    let r = COLUMNS.of(row);
    let meio = |name: String| {
        Meio::try_from(name.as_str())
            .map_err(|_| DbError::Other(format!("meio_pagamento should be a way to pay and is {name}")))
    };
    let local = |name: String| {
        Local::try_from(name.as_str())
            .map_err(|_| DbError::Other(format!("local should be where one eats and is {name}")))
    };
    let destino = Destino {
        local: r.string_or_null("local")?.map(local).transpose()?,
        mesa: r.string_or_null("mesa")?,
    };
    Ok(Fields {
        id: r.int("id")?,
        senha: r.int_or_null("senha")?,
        cliente: r.int_or_null("cliente")?,
        status_pedido: r.numbered("status_pedido")?,
        itens: Vec::new(),
        destino,
        datahora_recebido: r.time("datahora_recebido")?,
        datahora_preparacao: r.time_or_null("datahora_preparacao")?,
        datahora_pronto: r.time_or_null("datahora_pronto")?,
        datahora_finalizado: r.time_or_null("datahora_finalizado")?,
        status_pagamento: r.numbered("status_pagamento")?,
        id_pagamento: r.string_or_null("id_pagamento")?,
        meio_pagamento: r.string_or_null("meio_pagamento")?.map(meio).transpose()?,
        qr_data: r.string_or_null("qr_data")?,
        datahora_expiracao: r.time_or_null("datahora_expiracao")?,
        qr_recusado: r.flag("qr_recusado")?,
        entregue_em: r.time_or_null("entregue_em")?,
        valor_total: Dinheiro::default(),
        valor_reembolsado: r.money("valor_reembolsado")?,
        versao: r.int("versao")?,
    })
}

/// The order with its lines, and what these come to.
pub(super) fn with_lines(fields: Fields, itens: Vec<Item>) -> Result<Pedido, Error> {
    let valor_total = pedido::total(&itens)
        .map_err(|_| Error::Internal(format!("the lines of order {} come to too much", fields.id)))?;
    Ok(Pedido::stored(Fields { itens, valor_total, ..fields }))
}

/// One order.
pub fn find(conn: &mut dyn Connection, id: i64) -> Result<Pedido, Error> {
    let mut found = find_all(conn, &[id])?;
    found.remove(&id).unwrap_or(Err(NOT_FOUND))
}

/// Each of these orders that there is; one that cannot be read is nobody else's trouble.
pub fn find_all(
    conn: &mut dyn Connection,
    ids: &[i64],
) -> Result<HashMap<i64, Result<Pedido, Error>>, Error> {
    let (mut readable, mut found) = (Vec::new(), HashMap::new());
    if ids.is_empty() {
        return Ok(found);
    }
    let (marks, keys) = placeholders(ids);
    let sql = format!("SELECT {} FROM pedidos WHERE id IN ({marks})", COLUMNS.list());
    for row in conn.query(&sql, &keys)? {
        match fields(&row) {
            Ok(fields) => readable.push(fields),
            Err(error) => drop(found.insert(row.int(0)?, Err(error.into()))),
        }
    }
    let mut lines = itens::of_pedidos(conn, &readable.iter().map(|p: &Fields| p.id).collect::<Vec<_>>())?;
    for fields in readable {
        let (id, itens) = (fields.id, lines.remove(&fields.id).unwrap_or_default());
        found.insert(id, Ok(with_lines(fields, itens)?));
    }
    Ok(found)
}

/// Each of these orders, in their order, or that there is none.
pub fn find_each(conn: &mut dyn Connection, ids: &[i64]) -> Result<Vec<Result<Arc<Pedido>, Error>>, Error> {
    let found: HashMap<i64, Result<Arc<Pedido>, Error>> =
        find_all(conn, ids)?.into_iter().map(|(id, p)| (id, p.map(Arc::new))).collect();
    Ok(ids.iter().map(|id| found.get(id).cloned().unwrap_or(Err(NOT_FOUND))).collect())
}

/// The payment status of each of these orders, in their order, or that there is none.
pub fn status_of_each(
    conn: &mut dyn Connection,
    ids: &[i64],
) -> Result<Vec<Result<StatusPagamento, Error>>, Error> {
    let (marks, keys) = placeholders(ids);
    let sql = format!("SELECT id, status_pagamento FROM pedidos WHERE id IN ({marks})");
    let status: HashMap<i64, Result<StatusPagamento, Error>> = conn
        .query(&sql, &keys)?
        .iter()
        .map(|row| Ok((row.int(0)?, row.numbered(1).map_err(Error::from))))
        .collect::<Result<_, DbError>>()?;
    Ok(ids.iter().map(|id| status.get(id).cloned().unwrap_or(Err(NOT_FOUND))).collect())
}

/// The order that is paid under this id; the newest, should an imported database hold several.
pub fn of_payment(conn: &mut dyn Connection, id_pagamento: &str) -> Result<i64, Error> {
    let sql = "SELECT id FROM pedidos WHERE id_pagamento = ? ORDER BY id DESC LIMIT 1";
    let rows = conn.query(sql, &[id_pagamento.into()])?;
    Ok(rows.first().ok_or(NOT_FOUND)?.int(0)?)
}

/// The open order with this number, the newest where more than one day has it.
pub fn open_with_number(conn: &mut dyn Connection, senha: i64) -> Result<Option<i64>, Error> {
    let sql =
        "SELECT id FROM pedidos WHERE status_pedido IN (1, 2, 3) AND senha = ? ORDER BY id DESC LIMIT 1";
    Ok(conn.query(sql, &[senha.into()])?.first().map(|row| row.int(0)).transpose()?)
}

/// `NotFound` when there is no such order.
pub fn check_exists(conn: &mut dyn Connection, id: i64) -> Result<(), Error> {
    let rows = conn.query("SELECT id FROM pedidos WHERE id = ?", &[id.into()])?;
    rows.first().map(drop).ok_or(NOT_FOUND)
}

/// All orders that are on a customer's name.
pub fn of_cliente(conn: &mut dyn Connection, cliente: i64) -> Result<Vec<i64>, Error> {
    let rows = conn.query("SELECT id FROM pedidos WHERE cliente = ?", &[cliente.into()])?;
    Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, DbError>>()?)
}

/// Writes new orders, each with its number from `first_senha` on and its lines, and tells them their numbers.
pub fn insert(
    conn: &mut dyn Connection,
    pedidos: &mut [&mut Pedido],
    dia: &str,
    first_senha: i64,
) -> Result<(), Error> {
    let Some(last) = pedidos.len().checked_sub(1) else { return Ok(()) };
    for (senha, pedido) in (first_senha..).zip(pedidos.iter_mut()) {
        pedido.number(0, senha);
    }
    // `dia` takes the place of the id, which the database gives.
    let row = |p: &&mut Pedido| {
        let mut row = values(p);
        row[0] = dia.into();
        row
    };
    let table = format!("pedidos (dia, {})", COLUMNS.0[1..].join(", "));
    insert_rows(conn, &table, pedidos.iter().map(row).collect()).map_err(gone("Cliente não encontrado"))?;
    // By what no two orders share: engines and clusters differ in how they number the rows of one statement.
    let sql = "SELECT senha, id FROM pedidos WHERE dia = ? AND senha BETWEEN ? AND ?";
    let rows = conn.query(sql, &[dia.into(), first_senha.into(), (first_senha + last as i64).into()])?;
    let ids: HashMap<i64, i64> =
        rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect::<Result<_, DbError>>()?;
    for (senha, pedido) in (first_senha..).zip(pedidos.iter_mut()) {
        let id = *ids
            .get(&senha)
            .ok_or_else(|| Error::Internal("an order is gone in its own transaction".into()))?;
        pedido.number(id, senha);
    }
    itens::insert(conn, &pedidos.iter().map(|p| &**p).collect::<Vec<_>>())
}

/// Saves an order where the database still has the version that was loaded. Where it has another, the transaction is to
/// begin again: `Retry`.
pub fn save(conn: &mut dyn Connection, pedido: &Pedido, loaded: i64) -> Result<(), Error> {
    let sql = format!("UPDATE pedidos SET {} = ? WHERE id = ? AND versao = ?", COLUMNS.0[1..].join(" = ?, "));
    let mut parameters = values(pedido)[1..].to_vec();
    parameters.extend([pedido.id.into(), loaded.into()]);
    if conn.execute(&sql, &parameters).map_err(gone("Cliente não encontrado"))? == 1 {
        return Ok(());
    }
    Err(DbError::Retry(format!("order {} changed", pedido.id)).into())
}

/// There is no such order.
pub const NOT_FOUND: Error = Error::NotFound("Pedido não encontrado");

/// What was found a moment ago and is gone at the write was deleted in between.
pub fn gone(detail: &'static str) -> impl Fn(DbError) -> Error {
    move |error| match error {
        DbError::ForeignKey(_) => Error::NotFound(detail),
        // A process of the version before has taken this number meanwhile.
        DbError::Unique(key) if key == "pedidos_dia_senha" => DbError::Retry(key).into(),
        other => other.into(),
    }
}
