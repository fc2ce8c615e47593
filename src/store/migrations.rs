//! Brings a database to today's schema: an empty one, an older one, or one that the original system left behind.
//!
//! SQLite does it in one transaction. MySQL commits at every change of a table, so each step may be run again after
//! it was cut off, and a lease lets one process of many do the work (`lease`). A process that stood still meanwhile, and goes
//! on when another has done all of it, can do no harm:
//!
//! - Setting the original's tables aside fails, since a table with the name of the first of them is there from then on for
//!   ever: a fence, empty. Otherwise it would be the new tables that are set aside, and removed.
//! - Copying fails before it begins, at the number of its step, which is noted first and can be noted once.
//! - The others change nothing where their work is done.

use std::{sync::mpsc, thread, time::Duration};

use super::{
    Database, Settings,
    connection::{Connection, Value},
    lease::Lease,
};
use crate::{clock, error::DbError};

const MYSQL: &[(i64, &str)] = &[
    (1, include_str!("../../sql/mysql/0001_base.sql")),
    (2, include_str!("../../sql/mysql/0002_cobrancas.sql")),
    (3, include_str!("../../sql/mysql/0003_cozinha.sql")),
    (4, include_str!("../../sql/mysql/0004_dinheiro.sql")),
    (5, include_str!("../../sql/mysql/0005_esquecimento.sql")),
    (6, include_str!("../../sql/mysql/0006_registro.sql")),
    (7, include_str!("../../sql/mysql/0007_acesso.sql")),
    (8, include_str!("../../sql/mysql/0008_perfil.sql")),
    (9, include_str!("../../sql/mysql/0009_pessoas.sql")),
    (10, include_str!("../../sql/mysql/0010_webhooks.sql")),
    (11, include_str!("../../sql/mysql/0011_convites.sql")),
    (12, include_str!("../../sql/mysql/0012_esgotado.sql")),
    (13, include_str!("../../sql/mysql/0013_destino.sql")),
    (14, include_str!("../../sql/mysql/0014_ordem.sql")),
    (15, include_str!("../../sql/mysql/0015_atendimento.sql")),
    (16, include_str!("../../sql/mysql/0016_cozinha_e_cardapio.sql")),
    (17, include_str!("../../sql/mysql/0017_vendas.sql")),
];
const SQLITE: &[(i64, &str)] = &[
    (1, include_str!("../../sql/sqlite/0001_base.sql")),
    (2, include_str!("../../sql/sqlite/0002_cobrancas.sql")),
    (3, include_str!("../../sql/sqlite/0003_cozinha.sql")),
    (4, include_str!("../../sql/sqlite/0004_dinheiro.sql")),
    (5, include_str!("../../sql/sqlite/0005_esquecimento.sql")),
    (6, include_str!("../../sql/sqlite/0006_registro.sql")),
    (7, include_str!("../../sql/sqlite/0007_acesso.sql")),
    (8, include_str!("../../sql/sqlite/0008_perfil.sql")),
    (9, include_str!("../../sql/sqlite/0009_pessoas.sql")),
    (10, include_str!("../../sql/sqlite/0010_webhooks.sql")),
    (11, include_str!("../../sql/sqlite/0011_convites.sql")),
    (12, include_str!("../../sql/sqlite/0012_esgotado.sql")),
    (13, include_str!("../../sql/sqlite/0013_destino.sql")),
    (14, include_str!("../../sql/sqlite/0014_ordem.sql")),
    (15, include_str!("../../sql/sqlite/0015_atendimento.sql")),
    (16, include_str!("../../sql/sqlite/0016_cozinha_e_cardapio.sql")),
    (17, include_str!("../../sql/sqlite/0017_vendas.sql")),
];

/// The number under which it is noted that the example data was put in, or declined, for good.
const EXAMPLE: i64 = 0;

/// How long it is waited for another process that does the same.
const LEASE_WAIT: Duration = Duration::from_secs(20);

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

/// Is told, in Portuguese, what is being done: `/readyz` shows it.
type Tell<'a> = &'a dyn Fn(String);

/// Whether there is nothing to do.
pub fn is_done(conn: &mut dyn Connection, database: &Database) -> Result<bool, DbError> {
    match done(conn) {
        Ok(done) if !SQLITE.iter().map(|(number, _)| number).chain([&EXAMPLE]).all(|n| done.contains(n)) => {
            Ok(false)
        }
        Ok(_) => match database {
            Database::Sqlite(_) => Ok(true),
            Database::Mysql(_) => {
                Ok(left_of_original(conn)?.is_empty() && !is_original(conn, "original_pedidos")?)
            }
        },
        // There is no such table yet.
        Err(DbError::Other(_)) => Ok(false),
        Err(e) => Err(e),
    }
}

/// How the schema of a database stands to that of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Current,
    /// It can be brought up to date.
    Older,
    /// A newer version has changed it.
    Newer,
    /// It is none of Ambrosia's.
    Foreign,
}

/// Of this database.
pub fn version(conn: &mut dyn Connection) -> Result<Version, DbError> {
    let done = match done(conn) {
        Ok(done) => done,
        Err(DbError::Other(_)) => return Ok(Version::Foreign),
        Err(e) => return Err(e),
    };
    let known = |number: &i64| *number == EXAMPLE || SQLITE.iter().any(|(n, _)| n == number);
    Ok(if done.is_empty() {
        Version::Foreign
    } else if !done.iter().all(known) {
        Version::Newer
    } else if SQLITE.iter().all(|(number, _)| done.contains(number)) {
        Version::Current
    } else {
        Version::Older
    })
}

/// Applies what is missing, once among all processes; `tell` hears of each step.
pub fn run(conn: &mut dyn Connection, settings: &Settings, tell: Tell<'_>) -> Result<(), DbError> {
    match settings.database {
        Database::Sqlite(_) => {
            conn.begin()?;
            match sqlite(conn, settings.example_data, tell) {
                Ok(()) => conn.commit(),
                Err(e) => conn.rollback().and(Err(e)),
            }
        }
        Database::Mysql(_) => {
            tell("à espera de outro processo que faz o mesmo".to_owned());
            let lease = Lease::take(conn, "migracoes", LEASE_WAIT)?;
            let result = thread::scope(|scope| {
                let (working, ended) = mpsc::channel();
                let kept = &lease;
                scope.spawn(move || kept.renew_until(&ended, settings));
                let result = mysql(conn, &lease, settings.example_data, tell);
                drop(working);
                result
            });
            if result.is_err() {
                // The first failure is the one to report.
                let _ = conn.rollback();
            }
            let given_back = lease.give_back(conn);
            result.and(given_back)
        }
    }
}

/// SQLite's `user_version` of a file in which deleted content is overwritten, and always was.
const SECURE: i64 = 1;

/// A file of before is written anew, once, since its free pages hold what was deleted. That takes as much room on the
/// disk again, and seconds for each gigabyte; where it fails, the next start tries it.
pub fn rewrite_once(conn: &mut dyn Connection, database: &Database, tell: Tell<'_>) {
    if let Database::Sqlite(_) = database
        && let Err(e) = rewrite(conn, tell)
    {
        log::warn!(
            "database: what was deleted is still in the free pages of the file, until a later start: {e}"
        );
    }
}

fn rewrite(conn: &mut dyn Connection, tell: Tell<'_>) -> Result<(), DbError> {
    if conn.query("PRAGMA user_version", &[])?.first().map_or(Ok(0), |row| row.int(0))? >= SECURE {
        return Ok(());
    }
    tell("o arquivo é reescrito uma vez, sem o que foi apagado".to_owned());
    log::info!("database: the file is rewritten once, without what was deleted");
    conn.script("VACUUM;")?;
    conn.script(&format!("PRAGMA user_version = {SECURE}; PRAGMA wal_checkpoint(TRUNCATE);"))
}

fn sqlite(conn: &mut dyn Connection, example_data: bool, tell: Tell<'_>) -> Result<(), DbError> {
    conn.script("CREATE TABLE IF NOT EXISTS migracoes (versao INTEGER PRIMARY KEY, aplicada_em TEXT NOT NULL) STRICT;")?;
    let done = done(conn)?;
    if done.is_empty() {
        conn.script(&format!("PRAGMA user_version = {SECURE};"))?;
    }
    for (number, script) in SQLITE.iter().filter(|(n, _)| !done.contains(n)) {
        tell(step(*number, SQLITE));
        conn.script(script)?;
        note(conn, *number)?;
    }
    if !done.contains(&EXAMPLE) {
        if example_data {
            conn.script(include_str!("../../sql/sqlite/exemplo.sql"))?;
        }
        note(conn, EXAMPLE)?;
    }
    Ok(())
}

fn mysql(
    conn: &mut dyn Connection,
    lease: &Lease,
    example_data: bool,
    tell: Tell<'_>,
) -> Result<(), DbError> {
    conn.script(
        "CREATE TABLE IF NOT EXISTS migracoes (versao INT PRIMARY KEY, aplicada_em DATETIME NOT NULL) \
         ENGINE=InnoDB;\n",
    )?;
    let done = done(conn)?;
    if done.is_empty() {
        set_original_aside(conn, lease)?;
    }
    for (number, script) in MYSQL.iter().filter(|(n, _)| !done.contains(n)) {
        tell(step(*number, MYSQL));
        lease.renew(conn)?;
        conn.script(script)?;
        let has_original = *number == 1 && is_original(conn, "original_pedidos")?;
        if has_original {
            complete_original(conn)?;
        }
        // What is copied and that it is copied become true together: a copy made twice would start from what the
        // first has left of the original.
        lease.renew(conn)?;
        conn.begin()?;
        note(conn, *number)?;
        if has_original {
            copy_original(conn, tell)?;
        }
        conn.commit()?;
    }
    remove_original(conn, lease)?;
    if !done.contains(&EXAMPLE) {
        conn.begin()?;
        let empty = conn.query(
            "SELECT 1 FROM produtos UNION ALL SELECT 1 FROM clientes UNION ALL SELECT 1 FROM pedidos LIMIT 1",
            &[],
        )?;
        if example_data && empty.is_empty() {
            conn.script(include_str!("../../sql/mysql/exemplo.sql"))?;
        }
        note(conn, EXAMPLE)?;
        conn.commit()?;
    }
    Ok(())
}

fn step(number: i64, all: &[(i64, &str)]) -> String {
    format!("etapa {number} de {}", all.len())
}

fn done(conn: &mut dyn Connection) -> Result<Vec<i64>, DbError> {
    conn.query("SELECT versao FROM migracoes", &[])?.iter().map(|row| row.int(0)).collect()
}

fn note(conn: &mut dyn Connection, number: i64) -> Result<(), DbError> {
    let values = [number.into(), clock::now().into()];
    conn.execute("INSERT INTO migracoes (versao, aplicada_em) VALUES (?, ?)", &values)?;
    log::info!("database: migration {number} applied");
    Ok(())
}

/// Renames the original's tables out of the way, all in one statement.
fn set_original_aside(conn: &mut dyn Connection, lease: &Lease) -> Result<(), DbError> {
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
fn copy_original(conn: &mut dyn Connection, tell: Tell<'_>) -> Result<(), DbError> {
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

fn complete_original(conn: &mut dyn Connection) -> Result<(), DbError> {
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
fn remove_original(conn: &mut dyn Connection, lease: &Lease) -> Result<(), DbError> {
    if !columns_of(conn, "original_itens")?.is_empty() {
        let orphans = "original_itens i LEFT JOIN pedidos p ON p.id = i.pedido WHERE p.id IS NULL";
        if count(conn, orphans)? > 0 {
            // Lines of an order that does not exist: shown nowhere, kept all the same.
            log::warn!("database: some lines belong to no order; they stay in original_itens_sem_pedido");
            conn.script("RENAME TABLE original_itens TO original_itens_sem_pedido;\n")?;
        }
    }
    if is_original(conn, "original_pedidos")? {
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
