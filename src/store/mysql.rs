//! The driver for MySQL 8 and later and MariaDB 10.6 and later.

use std::time::Duration;

use jiff::civil::DateTime;
use mysql::{OptsBuilder, consts::CapabilityFlags, prelude::Queryable};

use super::{
    connection::{Connection, Row, Value},
    locks::LockWait,
};
use crate::{domain::data_hora::DataHora, error::DbError};

/// A connection to a MySQL or MariaDB server.
pub struct Mysql {
    conn: mysql::Conn,
    /// What the session's `innodb_lock_wait_timeout` is.
    lock_wait: LockWait,
}

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

    fn opts(&self, timeout: Duration, statement: Duration) -> OptsBuilder {
        OptsBuilder::from_opts(self.0.clone())
            .prefer_socket(false)
            .tcp_nodelay(true)
            .tcp_connect_timeout(Some(timeout))
            // A server that hangs must not hold a thread for longer than the slowest statement may take.
            .read_timeout(Some(statement))
            .write_timeout(Some(statement))
            .tcp_keepalive_time_ms(Some(30_000))
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

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let database = self.0.get_db_name().unwrap_or_default();
        write!(f, "mysql://{}:{}/{database}", self.0.get_ip_or_hostname(), self.0.get_tcp_port())
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
        Ok(Mysql { conn, lock_wait: LockWait::Long })
    }
}

impl Connection for Mysql {
    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, DbError> {
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
        self.conn.query_drop("START TRANSACTION").map_err(classify)
    }

    fn commit(&mut self) -> Result<(), DbError> {
        self.conn.query_drop("COMMIT").map_err(classify)
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        self.conn.query_drop("ROLLBACK").map_err(classify)
    }

    fn ping(&mut self) -> Result<(), DbError> {
        self.conn.ping().map_err(classify)
    }
}

fn positional(params: &[Value]) -> mysql::Params {
    if params.is_empty() {
        return mysql::Params::Empty;
    }
    let bind = |v: &Value| match v {
        Value::Null => mysql::Value::NULL,
        Value::Int(n) => mysql::Value::Int(*n),
        Value::Text(t) => mysql::Value::Bytes(t.as_bytes().to_vec()),
        Value::Time(t) => mysql::Value::Bytes(t.sql().into_bytes()),
    };
    mysql::Params::Positional(params.iter().map(bind).collect())
}

fn value(value: mysql::Value) -> Result<Value, DbError> {
    Ok(match value {
        mysql::Value::NULL => Value::Null,
        mysql::Value::Int(n) => Value::Int(n),
        mysql::Value::UInt(n) => {
            Value::Int(i64::try_from(n).map_err(|_| DbError::Other("a number beyond 64 bits".into()))?)
        }
        mysql::Value::Bytes(b) => Value::Text(
            String::from_utf8(b).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()),
        ),
        // Old servers took a date of zeros for none.
        mysql::Value::Date(0, 0, 0, ..) => Value::Null,
        mysql::Value::Date(y, m, d, h, min, s, _) => {
            let small = |n: u8| i8::try_from(n).unwrap_or(i8::MAX);
            let year = i16::try_from(y).unwrap_or(i16::MAX);
            let civil = DateTime::new(year, small(m), small(d), small(h), small(min), small(s), 0);
            Value::Time(
                civil
                    .ok()
                    .and_then(DataHora::de_civil)
                    .ok_or_else(|| DbError::Other("a date that is none".into()))?,
            )
        }
        mysql::Value::Float(_) | mysql::Value::Double(_) | mysql::Value::Time(..) => {
            return Err(DbError::Other("a column holds a float or a span of time".into()));
        }
    })
}

fn classify(error: mysql::Error) -> DbError {
    let mysql::Error::MySqlError(cause) = &error else {
        // The socket failed, timed out or gave nonsense: this connection is of no more use.
        return DbError::Lost(without_address(&error));
    };
    let text = format!("{} ({})", cause.message, cause.code);
    match cause.code {
        1062 => DbError::Unique(key_name(&cause.message)),
        1216 | 1217 | 1451 | 1452 => DbError::ForeignKey(text),
        // Deadlock; MariaDB's and Galera's "record has changed since last read".
        1213 | 1020 => DbError::Retry(text),
        // The disk is full; so is a table; the engine, or the server (3 on MariaDB), could not write a file for that.
        1021 | 1114 => DbError::Full(text),
        3 | 1005 | 1026 | 1030 | 3675 if is_no_space(&cause.message) => DbError::Full(text),
        1205 | 3572 => DbError::Locked(text),
        // Statement time-outs, on either engine.
        1317 | 1969 | 3024 => DbError::Busy(text),
        // Going down, killed, too many connections, read-only after a fail-over, node out of its cluster.
        1040 | 1053 | 1077 | 1079 | 1152 | 1203 | 1290 | 1836 | 1927 | 3032 | 3169 | 4031 | 1047 => {
            DbError::Lost(text)
        }
        _ => DbError::Other(text),
    }
}

/// The operating system's error 28, as the engines spell it, or their own 135 for a file that cannot grow.
fn is_no_space(message: &str) -> bool {
    let message = message.to_lowercase();
    ["no space left", "error 28 ", "errno: 28 ", "errcode: 28 ", "errno: 135 ", "disk is full"]
        .iter()
        .any(|text| message.contains(text))
}

fn without_address(error: &mysql::Error) -> String {
    match error {
        mysql::Error::IoError(e) => e.to_string(),
        mysql::Error::DriverError(e) => e.to_string(),
        mysql::Error::UrlError(_) => "bad address".into(),
        other => other.to_string(),
    }
}

/// «Duplicate entry '1' for key 'clientes.clientes_cpf'» on MySQL, «… for key 'clientes_cpf'» on MariaDB.
fn key_name(message: &str) -> String {
    let quoted = message.trim_end_matches('\'').rsplit('\'').next().unwrap_or_default();
    quoted.rsplit('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_name_the_same_key() {
        assert_eq!(key_name("Duplicate entry '1' for key 'clientes.clientes_cpf'"), "clientes_cpf");
        assert_eq!(key_name("Duplicate entry 'a.b' for key 'clientes_cpf'"), "clientes_cpf");
    }

    #[test]
    fn a_full_disk_is_known_by_every_name_that_it_has() {
        let classified = |code, message: &str| {
            let error = mysql::MySqlError { state: "HY000".into(), message: message.into(), code };
            classify(mysql::Error::MySqlError(error))
        };
        for (code, message) in [
            (1114, "The table 'itens' is full"),
            (
                1021,
                "Disk full (/tmp/#sql); waiting for someone to free some space... (errno: 28 \"No space left on device\")",
            ),
            (1026, "Error writing file '/tmp/MLfd=1' (errno: 28 \"No space left on device\")"),
            (1026, "Error writing file './binlog.000001' (Errcode: 28 - No space left on device)"),
            (1030, "Got error 28 \"No space left on device\" from storage engine InnoDB"),
            (1030, "Got error 28 - 'No space left on device' from storage engine"),
            (3, "Error writing file './binlog' (errno: 28 \"No space left on device\")"),
            (1005, "Can't create table `a`.`sonda` (errno: 135 \"No more room in record file\")"),
            (3675, "Create table/tablespace 'sonda' failed, as disk is full."),
            (3, "Error writing file './binlog' (Errcode: 28 \"Kein Platz mehr\")"),
        ] {
            assert!(matches!(classified(code, message), DbError::Full(_)), "{code} {message}");
        }
        for (code, message) in [
            (1030, "Got error 168 \"Unknown (generic) error from engine\" from storage engine InnoDB"),
            (
                1005,
                "Can't create table `a`.`sonda` (errno: 150 \"Foreign key constraint is incorrectly formed\")",
            ),
            (1030, "Got error 281 from storage engine"),
            (1026, "Error writing file './binlog' (errno: 5 \"Input/output error\")"),
            (3, "Error writing file './binlog' (errno: 5 \"Input/output error\")"),
        ] {
            assert!(matches!(classified(code, message), DbError::Other(_)), "{code} {message}");
        }
    }

    #[test]
    fn an_address_never_prints_its_password() {
        let address = Address::from_url("mysql://ana:segredo@db.local:3307/ambrosia").unwrap();
        assert_eq!(address.to_string(), "mysql://db.local:3307/ambrosia");
        assert!(!Address::from_url("mysql://ana:segredo@").err().unwrap().contains("segredo"));
    }
}
