//! Whether a database is whole: the check that proves a backup, and that can be made of one that is in use.
//!
//! What is checked, in one snapshot: the file itself and its foreign keys (SQLite; MySQL does so by itself); that the schema
//! is one that this version knows; that the log has every place from 1 on; that the next place and the next `senha` are
//! beyond those that were given; and that each order is what its events make of it (`domain::replay`).
//!
//! Orders are read a slice at a time. Tested by `tests/api/backup.rs` and, after every storm, by `tests/api/storm.rs`.

use std::fmt;

use super::super::{
    Database,
    connection::{Connection, Row},
    eventos,
    migrations::{self, Version},
    pedidos,
};
use crate::{
    domain::replay::{Replay, replay},
    error::{DbError, Error},
};

/// Orders that are in memory at a time.
const SLICE: i64 = 256;
/// Findings that are kept, and those of them that are told in a line.
const KEPT: usize = 10_000;
const TOLD: usize = 20;

/// What a check found.
#[derive(Debug, Default)]
pub struct Checked {
    pub orders: usize,
    /// Of how many of them all events are there, and make the order.
    pub replayed: usize,
    /// The last place of the log.
    pub last_sequencia: i64,
    /// The first of what is wrong.
    pub findings: Vec<Finding>,
    /// How much is wrong.
    pub wrong: usize,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The file: what is in it cannot be relied on.
    File(String),
    /// Another kind or version of database.
    Schema(String),
    /// The log, and what counts with it.
    Log(String),
    /// These fields of an order are not what its events make of them.
    Order { id: i64, fields: Vec<&'static str> },
    /// An order that cannot be read, or an event of it.
    Unreadable { id: i64, cause: String },
}

impl Checked {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.wrong == 0
    }

    /// Whether the database can be used at all, whatever is wrong with single orders or the log.
    pub fn is_usable(&self) -> bool {
        !self.findings.iter().any(|f| matches!(f, Finding::File(_) | Finding::Schema(_)))
    }

    /// What is wrong, in one line.
    pub fn complaint(&self) -> String {
        let told: Vec<String> = self.findings.iter().take(TOLD).map(Finding::to_string).collect();
        let more = self.wrong - told.len();
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        told.join("; ") + &more
    }

    fn find(&mut self, finding: Finding) {
        self.wrong += 1;
        if self.findings.len() < KEPT {
            self.findings.push(finding);
        }
    }
}

/// Checks all of it, but what is of no use to look at: an older schema is only checked as a file.
pub fn check(conn: &mut dyn Connection, database: &Database) -> Result<Checked, Error> {
    begin_snapshot(conn, database)?;
    let checked = check_snapshot(conn, database);
    // Nothing was written.
    let _ = conn.rollback();
    checked
}

/// Also on MySQL, whose sessions read what is committed, all that follows is read as it is now.
fn begin_snapshot(conn: &mut dyn Connection, database: &Database) -> Result<(), DbError> {
    conn.script(match database {
        Database::Sqlite(_) => "BEGIN;",
        Database::Mysql(_) => {
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\nSTART TRANSACTION WITH CONSISTENT SNAPSHOT;\n"
        }
    })
}

fn check_snapshot(conn: &mut dyn Connection, database: &Database) -> Result<Checked, Error> {
    let mut checked = Checked::default();
    if matches!(database, Database::Sqlite(_)) {
        check_file(conn, &mut checked)?;
        if !checked.is_whole() {
            return Ok(checked);
        }
    }
    match migrations::version(conn)? {
        Version::Current => {}
        Version::Older => return Ok(checked),
        Version::Newer => {
            checked.find(Finding::Schema("it was made by a newer version of Ambrosia".to_owned()));
            return Ok(checked);
        }
        Version::Foreign => {
            checked.find(Finding::Schema("it is no database of Ambrosia".to_owned()));
            return Ok(checked);
        }
    }
    check_log(conn, &mut checked)?;
    check_orders(conn, &mut checked)?;
    Ok(checked)
}

fn check_file(conn: &mut dyn Connection, checked: &mut Checked) -> Result<(), Error> {
    for row in conn.query(&format!("PRAGMA integrity_check({TOLD})"), &[])? {
        let text = row.text(0)?;
        if text != "ok" {
            checked.find(Finding::File(text.to_owned()));
        }
    }
    for row in conn.query("PRAGMA foreign_key_check", &[])? {
        let (table, parent) = (row.text(0)?, row.text(2)?);
        checked.find(Finding::File(format!("a row of {table} refers to one of {parent} that is not there")));
    }
    Ok(())
}

fn check_log(conn: &mut dyn Connection, checked: &mut Checked) -> Result<(), Error> {
    let sql =
        "SELECT COUNT(sequencia), COALESCE(MIN(sequencia), 1), COALESCE(MAX(sequencia), 0) FROM eventos";
    let row = one(conn, sql)?;
    let (count, first, last) = (row.int(0)?, row.int(1)?, row.int(2)?);
    checked.last_sequencia = last;
    if first != 1 {
        checked.find(Finding::Log(format!("the log begins at {first}")));
    }
    if count != last - first + 1 {
        let sql = "SELECT MIN(e.sequencia) + 1 FROM eventos e LEFT JOIN eventos n ON n.sequencia = e.sequencia + 1 \
                   WHERE n.sequencia IS NULL";
        let hole = one(conn, sql)?.int(0)?;
        checked
            .find(Finding::Log(format!("the log ends at {last} and has {count} events: {hole} is missing")));
    }
    let sql = "SELECT proxima_sequencia, proxima_senha, \
               (SELECT COALESCE(MAX(senha), 0) FROM pedidos WHERE pedidos.dia = restaurante.dia), \
               (SELECT COUNT(*) FROM pedidos WHERE pedidos.dia > restaurante.dia) FROM restaurante WHERE id = 1";
    let row = one(conn, sql)?;
    let (sequencia, senha, given, later) = (row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?);
    if sequencia != last + 1 {
        checked.find(Finding::Log(format!("the log ends at {last} and goes on at {sequencia}")));
    }
    if senha <= given || later > 0 {
        checked.find(Finding::Log(format!("senha {senha} is the next, and was given out already")));
    }
    Ok(())
}

fn one(conn: &mut dyn Connection, sql: &str) -> Result<Row, Error> {
    conn.query(sql, &[])?.pop().ok_or_else(|| Error::Internal("the row of the restaurant is gone".into()))
}

fn check_orders(conn: &mut dyn Connection, checked: &mut Checked) -> Result<(), Error> {
    let mut after = i64::MIN;
    loop {
        let sql = "SELECT id FROM pedidos WHERE id > ? ORDER BY id LIMIT ?";
        let rows = conn.query(sql, &[after.into(), SLICE.into()])?;
        let ids: Vec<i64> = rows.iter().map(|row| row.int(0)).collect::<Result<_, DbError>>()?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = *last;
        check_slice(conn, checked, &ids)?;
    }
}

fn check_slice(conn: &mut dyn Connection, checked: &mut Checked, ids: &[i64]) -> Result<(), Error> {
    let mut orders = pedidos::find_all(conn, ids)?;
    let events = eventos::of_pedidos(conn, ids)?;
    checked.orders += ids.len();
    for id in ids {
        let id = *id;
        let pedido = match orders.remove(&id) {
            Some(Ok(pedido)) => pedido,
            Some(Err(error)) => {
                checked.find(Finding::Unreadable { id, cause: format!("{error:?}") });
                continue;
            }
            None => continue,
        };
        match replay(&pedido, events.get(&id).map_or(&[], Vec::as_slice)) {
            Replay::Equal => checked.replayed += 1,
            Replay::Untold => {}
            Replay::Different(fields) => checked.find(Finding::Order { id, fields }),
            Replay::Unreadable(cause) => checked.find(Finding::Unreadable { id, cause }),
        }
    }
    Ok(())
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::File(text) => write!(f, "the file is damaged: {text}"),
            Finding::Schema(text) | Finding::Log(text) => f.write_str(text),
            Finding::Order { id, fields } => {
                write!(f, "order {id} is not what its events make of it: {}", fields.join(", "))
            }
            Finding::Unreadable { id, cause } => write!(f, "order {id} cannot be read: {cause}"),
        }
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Checked { orders, replayed, last_sequencia, .. } = self;
        write!(f, "{orders} orders, {replayed} of them replayed from the log, which ends at {last_sequencia}")
    }
}
