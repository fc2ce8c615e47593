//! The take-over of the original system's tables on MySQL: they are renamed (`original_…`), copied, and removed. Each step may
//! be cut off, and the next start goes on with it.
//!
//! The fence is an empty table named `original_pedidos` that is never dropped. One RENAME statement sets all tables aside, and
//! fails as a whole where a table of that name exists. Without it a process that stalls before the RENAME, and goes on after
//! another process has finished, would set the new tables aside and remove them. From the RENAME on there is always a table
//! of that name: first the original's orders, then, by one RENAME, the fence.
//!
//! Tested by `tests/api/takeover.rs`.

use super::{
    connection::{Connection, Value},
    lease::Lease,
    migrations::Tell,
};
use crate::error::DbError;

/// The name of the original's orders when they are set aside, and of the fence.
const ASIDE: &str = "original_pedidos";

/// The tables of the original, those that hold keys of others first.
const ORIGINAL: [&str; 5] = ["itens", "pedidos", "produtos", "clientes", "categoria_produto"];

/// What is removed of the original: its orders under the name that they have once the fence has taken theirs.
const REMOVED: [&str; 5] = [
    "original_itens",
    "original_pedidos_antigos",
    "original_produtos",
    "original_clientes",
    "original_categoria_produto",
];

/// Columns of the original that an installation may lack, with a type that takes anything.
const ORIGINAL_COLUMNS: &[(&str, &[&str])] = &[
    ("produtos", &["nome", "categoria", "valor", "descricao", "ativo"]),
    ("clientes", &["cpf", "nome", "username", "email", "telefone", "hashed_password", "ativo"]),
    (
        "pedidos",
        &[
            "cliente",
            "status_pedido",
            "datahora_recebido",
            "datahora_preparacao",
            "datahora_pronto",
            "datahora_finalizado",
            "status_pagamento",
            "id_pagamento",
        ],
    ),
    ("itens", &["pedido", "produto", "quantidade", "valor", "descricao"]),
];

/// Renames the original's tables out of the way, all in one statement.
pub(super) fn set_aside(conn: &mut dyn Connection, lease: &Lease) -> Result<(), DbError> {
    if !is_original(conn, "pedidos")? {
        return Ok(());
    }
    let mut renames = Vec::new();
    for table in ORIGINAL {
        if !columns_of(conn, table)?.is_empty() {
            renames.push(format!("{table} TO original_{table}"));
        }
    }
    log::info!("database: taking over the tables of the original system");
    lease.renew(conn)?;
    conn.script(&format!("RENAME TABLE {};\n", renames.join(", ")))
}

/// Whether this table holds orders of the original: not those of Ambrosia, and not the fence.
fn is_original(conn: &mut dyn Connection, table: &str) -> Result<bool, DbError> {
    let columns = columns_of(conn, table)?;
    let has = |name: &str| columns.iter().any(|column| column == name);
    Ok(has("status_pedido") && !has("versao"))
}

/// Runs in the caller's transaction; the tables of the original are only read.
pub(super) fn copy(conn: &mut dyn Connection, tell: Tell<'_>) -> Result<(), DbError> {
    let copied = copy_tables(conn, tell).and_then(|()| {
        for table in ["produtos", "clientes", "pedidos"] {
            if count(conn, table)? != count(conn, &format!("original_{table}"))? {
                return Err(DbError::Other(format!("rows of {table} would be lost")));
            }
        }
        Ok(())
    });
    copied.map_err(|e| {
        let advice = "the rows of the original system are whole, in tables named original_*";
        DbError::Other(format!("cannot take over the original's data; {advice}: {e}"))
    })
}

fn copy_tables(conn: &mut dyn Connection, tell: Tell<'_>) -> Result<(), DbError> {
    let statements: Vec<&str> =
        include_str!("../../sql/mysql/original_copia.sql").split_inclusive(";\n").collect();
    for (number, statement) in (1..).zip(&statements) {
        tell(format!("cópia dos dados do sistema original, {number} de {}", statements.len()));
        conn.script(statement)?;
    }
    Ok(())
}

/// Adds what an installation of it may lack.
pub(super) fn complete(conn: &mut dyn Connection) -> Result<(), DbError> {
    for (table, wanted) in ORIGINAL_COLUMNS {
        let table = format!("original_{table}");
        let there = columns_of(conn, &table)?;
        if there.is_empty() {
            conn.script(&format!("CREATE TABLE {table} (id INT NULL);\n"))?;
        }
        for column in wanted.iter().filter(|c| !there.iter().any(|t| t == *c)) {
            conn.script(&format!("ALTER TABLE {table} ADD COLUMN {column} VARCHAR(255) NULL;\n"))?;
        }
    }
    Ok(())
}

/// After the copy is noted, whenever that was: a removal that was cut off goes on at the next start.
pub(super) fn remove(conn: &mut dyn Connection, lease: &Lease) -> Result<(), DbError> {
    if !columns_of(conn, "original_itens")?.is_empty() {
        let orphans = "original_itens i LEFT JOIN pedidos p ON p.id = i.pedido WHERE p.id IS NULL";
        if count(conn, orphans)? > 0 {
            // Lines of an order that does not exist: shown nowhere, kept all the same.
            log::warn!("database: some lines belong to no order; they stay in original_itens_sem_pedido");
            conn.script("RENAME TABLE original_itens TO original_itens_sem_pedido;\n")?;
        }
    }
    if is_set_aside(conn)? {
        put_up_fence(conn, lease)?;
    }
    let left = left_of_original(conn)?;
    if left.is_empty() {
        return Ok(());
    }
    let tables = left.join(", ");
    lease.renew(conn)?;
    conn.script(&format!(
        "SET FOREIGN_KEY_CHECKS = 0;\nDROP TABLE IF EXISTS {tables};\nSET FOREIGN_KEY_CHECKS = 1;\n"
    ))
}

/// The fence takes the place of the original's orders in one statement: at no moment is there none.
fn put_up_fence(conn: &mut dyn Connection, lease: &Lease) -> Result<(), DbError> {
    conn.script(
        "CREATE TABLE IF NOT EXISTS original_cerca (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB \
         COMMENT='Keeps what was taken over from being taken over again. Do not remove.';\n",
    )?;
    lease.renew(conn)?;
    conn.script(
        "RENAME TABLE original_pedidos TO original_pedidos_antigos, original_cerca TO original_pedidos;\n",
    )
}

/// Whether the tables of the original have been set aside and the fence has not taken their place.
pub(super) fn is_set_aside(conn: &mut dyn Connection) -> Result<bool, DbError> {
    is_original(conn, ASIDE)
}

/// Whether nothing is left of the original but the fence, or there never was any of it.
pub(super) fn is_over(conn: &mut dyn Connection) -> Result<bool, DbError> {
    Ok(left_of_original(conn)?.is_empty() && !is_set_aside(conn)?)
}

/// The tables of the original that have been set aside and not removed.
fn left_of_original(conn: &mut dyn Connection) -> Result<Vec<String>, DbError> {
    let sql = "SELECT LOWER(table_name) FROM information_schema.tables \
               WHERE table_schema = DATABASE() AND table_name IN (?, ?, ?, ?, ?)";
    let rows = conn.query(sql, &REMOVED.map(Value::from))?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

fn count(conn: &mut dyn Connection, table: &str) -> Result<i64, DbError> {
    conn.query(&format!("SELECT COUNT(*) FROM {table}"), &[])?.first().map_or(Ok(0), |row| row.int(0))
}

fn columns_of(conn: &mut dyn Connection, table: &str) -> Result<Vec<String>, DbError> {
    let sql = "SELECT LOWER(column_name) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?";
    let rows = conn.query(sql, &[Value::from(table)])?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}
