//! The driver for MySQL 8 and later and MariaDB 10.6 and later.
//!
//! On a node of a Galera cluster a transaction needs more to be whole: a write of another node may end it at any moment. The
//! server tells by an error, but for one case: while a SELECT is being *prepared* it rolls back in silence. What follows is
//! then no part of that transaction: with `autocommit` each statement commits by itself. So there, and only there:
//!
//! - **No SELECT is prepared inside a transaction**, nor before its first write: a row that is locked is enough. It goes as
//!   text, with literals (`mysql_values`). Writes stay prepared: for those the server tells.
//! - **A statement never commits by itself**: `autocommit` is off from the beginning of a transaction to its end.
//! - **What is committed is what was begun**: a transaction begins with a savepoint, which is gone when it was rolled back
//!   for any reason. It is released before the COMMIT, and where there is none the transaction runs again. The release has a
//!   packet of its own: between two statements of one packet the server rolls back in silence too.
//!
//! Elsewhere no server does this, and a round trip more for each commit would cost a tenth of the writes.
//!
//! Tested by `tests/api/write_path.rs` and, on several nodes, by `tests/cluster`.

use std::{collections::HashMap, time::Duration};

use mysql::{OptsBuilder, consts::CapabilityFlags, prelude::Queryable};

use super::{
    connection::{Connection, NodeState, Row, Value},
    locks::LockWait,
    mysql_errors::classify,
    mysql_values::{positional, text_value, value, with_literals},
    tls::Tls,
};
use crate::{error::DbError, metrics::METRICS};

/// A connection to a MySQL or MariaDB server.
pub struct Mysql {
    conn: mysql::Conn,
    /// What the session's `innodb_lock_wait_timeout` is.
    lock_wait: LockWait,
    /// The server is a node of a Galera cluster.
    is_galera: bool,
    /// From the beginning of a transaction to its known end.
    in_transaction: bool,
}

/// How long a server may leave what it is sent unconfirmed.
const UNCONFIRMED: Duration = Duration::from_secs(4);
/// What the state of a server is told by. No server has all of them.
const STATE: &str = "SHOW GLOBAL VARIABLES WHERE Variable_name IN \
                     ('read_only', 'wsrep_on', 'group_replication_consistency')";
/// On a node of a Galera cluster.
const CLUSTER: &str = "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_cluster_size')";
/// A savepoint that is not there: its transaction was rolled back.
const NO_SAVEPOINT: u16 = 1305;

/// How to reach the server; printed without the password.
#[derive(Clone)]
pub struct Address(mysql::Opts);

impl Address {
    /// From parts, each as it is: nothing needs escaping.
    pub fn from_parts(host: &str, port: u16, database: &str, user: &str, pass: &str) -> Address {
        let opts = OptsBuilder::new()
            .ip_or_hostname(Some(host))
            .tcp_port(port)
            .db_name(Some(database))
            .user(Some(user))
            .pass(Some(pass));
        Address(opts.into())
    }

    /// From `mysql://user:password@host:port/database`.
    pub fn from_url(url: &str) -> Result<Address, String> {
        // The driver's own message quotes the URL, and with it the password.
        let opts = mysql::Opts::from_url(url)
            .map_err(|_| "is not a URL like mysql://user:password@host:3306/database".to_owned())?;
        if opts.get_db_name().is_none_or(str::is_empty) {
            return Err("names no database: mysql://user:password@host:3306/database".into());
        }
        Ok(Address(opts))
    }

    /// The same server, spoken to like this.
    pub(super) fn with_tls(self, tls: &Tls) -> Address {
        Address(OptsBuilder::from_opts(self.0).ssl_opts(tls.options()).into())
    }

    fn opts(&self, timeout: Duration, statement: Duration) -> OptsBuilder {
        OptsBuilder::from_opts(self.0.clone())
            .prefer_socket(false)
            .tcp_nodelay(true)
            .tcp_connect_timeout(Some(timeout))
            // A server that hangs must not hold a thread for longer than the slowest statement may take.
            .read_timeout(Some(statement))
            .write_timeout(Some(statement))
            .tcp_keepalive_time_ms(Some(30_000))
            // One that is cut off is found out by what it does not confirm.
            .tcp_user_timeout_ms(Some(statement.min(UNCONFIRMED).as_millis() as u32))
            // Twenty pods of seven connections stay below max_prepared_stmt_count (16,382 by default).
            .stmt_cache_size(110)
            .additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS)
            .init(vec![
                format!(
                    "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', \
                     innodb_lock_wait_timeout = {}, group_concat_max_len = 16777216",
                    LockWait::Long.seconds()
                ),
                "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned(),
            ])
    }
}

impl Address {
    /// As logs and figures name the server.
    pub fn host_and_port(&self) -> String {
        format!("{}:{}", self.0.get_ip_or_hostname(), self.0.get_tcp_port())
    }

    /// The name of the database there.
    pub fn database(&self) -> &str {
        self.0.get_db_name().unwrap_or_default()
    }
}

impl Mysql {
    /// `timeout` bounds the connect, `statement` every wait for the server after it.
    pub fn connect(address: &Address, timeout: Duration, statement: Duration) -> Result<Mysql, DbError> {
        let conn = mysql::Conn::new(address.opts(timeout, statement)).map_err(|e| match classify(e) {
            // Whatever kept us from connecting, there is no connection.
            DbError::Lost(text) | DbError::Other(text) => DbError::Lost(text),
            other => other,
        })?;
        let mut conn = Mysql { conn, lock_wait: LockWait::Long, is_galera: false, in_transaction: false };
        conn.read_what_was_committed()?;
        Ok(conn)
    }

    /// A read that begins after a commit on another node sees it, also where this node has yet to apply it.
    fn read_what_was_committed(&mut self) -> Result<(), DbError> {
        let set = self.read_variables(STATE)?;
        self.is_galera = set.get("wsrep_on").is_some_and(|on| on == "ON");
        if self.is_galera {
            self.run("SET SESSION wsrep_sync_wait = 1").map_err(classify)?;
        }
        if set.contains_key("group_replication_consistency") {
            let sql = "SET SESSION group_replication_consistency = 'BEFORE_ON_PRIMARY_FAILOVER'";
            self.run(sql).map_err(classify)?;
        }
        Ok(())
    }

    /// Variables by their names; one that this server does not have is left out. A node that is out of its cluster answers
    /// this too.
    fn read_variables(&mut self, statement: &str) -> Result<HashMap<String, String>, DbError> {
        let pairs = self.conn.query::<(String, String), _>(statement).map_err(classify)?;
        Ok(pairs.into_iter().collect())
    }

    /// Statements that give no rows, in one packet; the first that fails is the last.
    fn run(&mut self, statements: &str) -> Result<(), mysql::Error> {
        let mut results = self.conn.query_iter(statements)?;
        while let Some(result) = results.iter() {
            for row in result {
                row?;
            }
        }
        Ok(())
    }

    fn query_as_text(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, DbError> {
        let sql = with_literals(sql, params, self.conn.no_backslash_escape())?;
        let mut rows = Vec::new();
        for row in self.conn.query_iter(sql).map_err(classify)? {
            let row = row.map_err(classify)?;
            let columns = row.columns();
            let values =
                row.unwrap().into_iter().zip(&*columns).map(|(value, column)| text_value(value, column));
            rows.push(Row(values.collect::<Result<_, _>>()?));
        }
        Ok(rows)
    }
}

impl Connection for Mysql {
    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, DbError> {
        if self.is_galera && self.in_transaction {
            return self.query_as_text(sql, params);
        }
        let mut rows = Vec::new();
        for row in self.conn.exec_iter(sql, positional(params)).map_err(classify)? {
            let values = row.map_err(classify)?.unwrap().into_iter().map(value);
            rows.push(Row(values.collect::<Result<_, _>>()?));
        }
        Ok(rows)
    }

    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, DbError> {
        self.conn.exec_drop(sql, positional(params)).map_err(classify)?;
        Ok(self.conn.affected_rows())
    }

    fn last_id(&self) -> i64 {
        i64::try_from(self.conn.last_insert_id()).unwrap_or_default()
    }

    fn script(&mut self, script: &str) -> Result<(), DbError> {
        for statement in script.split(";\n").map(str::trim).filter(|s| !s.is_empty()) {
            self.conn.query_drop(statement).map_err(classify)?;
        }
        Ok(())
    }

    fn wait_for_rows(&mut self, wait: LockWait) -> Result<(), DbError> {
        if self.lock_wait != wait {
            let sql = format!("SET SESSION innodb_lock_wait_timeout = {}", wait.seconds());
            self.conn.query_drop(sql).map_err(classify)?;
            self.lock_wait = wait;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), DbError> {
        self.in_transaction = true;
        let begin =
            if self.is_galera { "SET autocommit = 0; SAVEPOINT inteira" } else { "START TRANSACTION" };
        self.run(begin).map_err(classify)
    }

    fn commit(&mut self) -> Result<(), DbError> {
        if self.is_galera {
            self.run("RELEASE SAVEPOINT inteira").map_err(|error| match error {
                mysql::Error::MySqlError(cause) if cause.code == NO_SAVEPOINT => {
                    DbError::Retry("the transaction was rolled back on its way".to_owned())
                }
                error => classify(error),
            })?;
        }
        let commit = if self.is_galera { "COMMIT; SET autocommit = 1" } else { "COMMIT" };
        self.run(commit).map_err(|error| classify(error).of_commit())?;
        self.in_transaction = false;
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        let rollback = if self.is_galera { "ROLLBACK; SET autocommit = 1" } else { "ROLLBACK" };
        self.run(rollback).map_err(classify)?;
        self.in_transaction = false;
        Ok(())
    }

    fn state(&mut self) -> Result<NodeState, DbError> {
        let set = self.read_variables(STATE)?;
        let is_on = |name: &str| set.get(name).is_some_and(|value| value != "OFF" && value != "0");
        if is_on("wsrep_on") {
            let status = self.read_variables(CLUSTER)?;
            METRICS
                .database
                .cluster_size(status.get("wsrep_cluster_size").and_then(|size| size.parse().ok()));
            if status.get("wsrep_ready").is_none_or(|ready| ready != "ON") {
                return Ok(NodeState::OutOfCluster);
            }
        }
        Ok(if is_on("read_only") { NodeState::ReadOnly } else { NodeState::Writable })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_never_prints_its_password() {
        let address = Address::from_url("mysql://ana:segredo@db.local:3307/ambrosia").unwrap();
        assert_eq!((&*address.host_and_port(), address.database()), ("db.local:3307", "ambrosia"));
        assert!(!Address::from_url("mysql://ana:segredo@").err().unwrap().contains("segredo"));
    }
}
