//! `produtos`.

use std::collections::HashSet;

use super::{
    columns::Columns,
    connection::{Connection, Row, Value},
    locks::{BY_PRIMARY_KEY, SHARED, TO_CHANGE},
    page::{Cursor, PageRequest, cut},
    statements::{Target, placeholders, update_columns},
};
use crate::{
    domain::{
        data_hora::DataHora,
        dinheiro::Dinheiro,
        prazo::Prazo,
        produto::{Alteracao, Categoria, ORDEM_MAX, Produto},
    },
    error::{DbError, Error},
};

const COLUMNS: Columns =
    Columns(&["id", "nome", "categoria", "valor", "descricao", "ativo", "ordem", "esgotado_ate"]);

/// What an order line takes from a product on sale.
pub struct OnSale {
    pub id: i64,
    pub nome: String,
    pub valor: Dinheiro,
    /// How long it is sold out, if it is.
    pub sold_out: Option<Prazo>,
}

/// A page of what is on sale, of one category or of all, as it is now: those that have an `ordem` by that, then the others.
pub fn menu(
    conn: &mut dyn Connection,
    categoria: Option<Categoria>,
    page: &PageRequest<2>,
    now: DataHora,
) -> Result<(Vec<Produto>, Option<Cursor<2>>), Error> {
    const LAST: i64 = ORDEM_MAX + 1;
    let [ordem, id] = page.after.as_ref().map_or([0, 0], |c| c.0);
    let mut values = vec![ordem.into(), ordem.into(), id.into()];
    let filter = categoria.map_or("", |c| {
        values.push((c as i64).into());
        " AND categoria = ?"
    });
    values.push(Value::Int(page.limit as i64 + 1));
    let columns = COLUMNS.list();
    let sql = format!(
        "SELECT {columns} FROM produtos WHERE ativo = 1 \
         AND (COALESCE(ordem, {LAST}) > ? OR (COALESCE(ordem, {LAST}) = ? AND id > ?)){filter} \
         ORDER BY COALESCE(ordem, {LAST}), id LIMIT ?"
    );
    let mut produtos: Vec<Produto> =
        conn.query(&sql, &values)?.iter().map(|row| produto(row, now)).collect::<Result<_, _>>()?;
    let next = cut(&mut produtos, page.limit, |p| [p.ordem.unwrap_or(LAST), p.id]);
    Ok((produtos, next))
}

/// All products, on sale or not, as a manager looks for them; `limit` at most.
pub fn all(conn: &mut dyn Connection, limit: usize, now: DataHora) -> Result<Vec<Produto>, Error> {
    const LAST: i64 = ORDEM_MAX + 1;
    let columns = COLUMNS.list();
    let sql =
        format!("SELECT {columns} FROM produtos ORDER BY categoria, COALESCE(ordem, {LAST}), id LIMIT ?");
    let rows = conn.query(&sql, &[Value::Int(limit as i64)])?;
    Ok(rows.iter().map(|row| produto(row, now)).collect::<Result<_, DbError>>()?)
}

/// The ids of a category, on sale or not.
pub fn of_category(conn: &mut dyn Connection, categoria: Categoria) -> Result<HashSet<i64>, Error> {
    let sql = "SELECT id FROM produtos WHERE categoria = ?";
    let rows = conn.query(sql, &[(categoria as i64).into()])?;
    Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, DbError>>()?)
}

/// One product, on sale or not, as it is now.
pub fn find(conn: &mut dyn Connection, id: i64, now: DataHora) -> Result<Produto, Error> {
    let sql = format!("SELECT {} FROM produtos WHERE id = ?", COLUMNS.list());
    let rows = conn.query(&sql, &[id.into()])?;
    rows.first().map(|row| produto(row, now)).transpose()?.ok_or(NOT_FOUND)
}

/// Keeps a product as it is until the transaction ends, which may change it.
pub fn lock(conn: &mut dyn Connection, id: i64) -> Result<(), Error> {
    conn.query(&format!("SELECT id FROM produtos WHERE id = ? {TO_CHANGE}"), &[id.into()])?;
    Ok(())
}

/// Those of these products that are on sale. They stay as they are until the transaction ends: whoever changes one is
/// waited for here, and not where their lines are written.
pub fn on_sale(conn: &mut dyn Connection, ids: &[i64]) -> Result<Vec<OnSale>, Error> {
    let (marks, values) = placeholders(ids);
    let sql = format!(
        "SELECT id, nome, valor, esgotado_ate FROM produtos {BY_PRIMARY_KEY} \
         WHERE ativo = 1 AND id IN ({marks}) {SHARED}"
    );
    let on_sale = |r: &Row| {
        let sold_out = r.time_or_null(3)?.map(Prazo::stored);
        Ok(OnSale { id: r.int(0)?, nome: r.text(1)?.to_owned(), valor: r.money(2)?, sold_out })
    };
    Ok(conn.query(&sql, &values)?.iter().map(on_sale).collect::<Result<_, DbError>>()?)
}

/// Says that it is sold out, or, by `None`, that it is not.
pub fn set_sold_out(conn: &mut dyn Connection, id: i64, sold_out: Option<Prazo>) -> Result<(), Error> {
    let until = Value::from(sold_out.map(Prazo::until));
    match conn.execute("UPDATE produtos SET esgotado_ate = ? WHERE id = ?", &[until, id.into()])? {
        0 => Err(NOT_FOUND),
        _ => Ok(()),
    }
}

/// Writes a new product and gives the id.
pub fn insert(conn: &mut dyn Connection, new: &Alteracao) -> Result<i64, Error> {
    let sql = "INSERT INTO produtos (nome, categoria, valor, descricao, ordem) VALUES (?, ?, ?, ?, ?)";
    let values = [
        new.nome.clone().into(),
        new.categoria.map(|c| c as i64).into(),
        new.valor.into(),
        new.descricao.clone().flatten().into(),
        new.ordem.flatten().into(),
    ];
    conn.execute(sql, &values)?;
    Ok(conn.last_id())
}

/// Sets the fields that were given, and only those.
pub fn update(conn: &mut dyn Connection, id: i64, change: &Alteracao) -> Result<(), Error> {
    let Alteracao { nome, categoria, valor, descricao, ativo, ordem } = change;
    let columns = vec![
        ("nome", nome.as_deref().map(Value::from)),
        ("categoria", categoria.map(|c| Value::Int(c as i64))),
        ("valor", valor.map(Value::from)),
        ("descricao", descricao.clone().map(Value::from)),
        ("ativo", ativo.map(Value::from)),
        ("ordem", ordem.map(Value::from)),
    ];
    let target = Target { table: "produtos", condition: "", id };
    if update_columns(conn, target, columns)? { Ok(()) } else { Err(NOT_FOUND) }
}

/// Takes it off the menu. One that was never ordered is gone; one that was stays for the orders that name it.
pub fn withdraw(conn: &mut dyn Connection, id: i64) -> Result<(), Error> {
    if conn.execute("UPDATE produtos SET ativo = 0 WHERE id = ?", &[id.into()])? == 0 {
        return Err(NOT_FOUND);
    }
    match conn.execute("DELETE FROM produtos WHERE id = ?", &[id.into()]) {
        Ok(_) | Err(DbError::ForeignKey(_)) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// There is no such product, or it is not on sale.
pub const NOT_FOUND: Error = Error::NotFound("Produto não encontrado");

fn produto(row: &Row, now: DataHora) -> Result<Produto, DbError> {
    let r = COLUMNS.of(row);
    let sold_out = r.time_or_null("esgotado_ate")?.map(Prazo::stored).filter(|sold_out| sold_out.holds(now));
    Ok(Produto {
        id: r.int("id")?,
        nome: r.string("nome")?,
        categoria: r.numbered("categoria")?,
        valor: r.money("valor")?,
        descricao: r.string_or_null("descricao")?,
        ativo: r.flag("ativo")?,
        ordem: r.int_or_null("ordem")?,
        esgotado: sold_out.is_some(),
        esgotado_ate: sold_out.and_then(Prazo::end),
    })
}
