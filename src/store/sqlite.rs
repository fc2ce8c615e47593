//! The embedded driver: one file, WAL, every commit flushed to disk.

use std::{
    fs::{self, OpenOptions, Permissions},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    time::Duration,
};

use rusqlite::{ErrorCode, OpenFlags, params_from_iter, types};

use super::{
    backup::PRIVATE,
    connection::{Connection, NodeState, Row, Value},
};
use crate::error::DbError;

/// A connection to an SQLite file.
pub struct Sqlite(rusqlite::Connection);

impl Sqlite {
    /// Opens or creates the file. `busy` bounds the wait for another process that writes.
    pub fn open(path: &Path, busy: Duration) -> Result<Sqlite, DbError> {
        create_private(path);
        let opened = identity(path);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = rusqlite::Connection::open_with_flags(path, flags).map_err(classify)?;
        conn.busy_timeout(busy).map_err(classify)?;
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON;",
        )
        .map_err(classify)?;
        keep_private(path);
        // What is restored takes the place of the file. This is the file of before then, and the log beside it the new one's.
        if identity(path) != opened {
            return Err(DbError::Lost("the file was replaced while it was opened".into()));
        }
        conn.set_prepared_statement_cache_capacity(110);
        Ok(Sqlite(conn))
    }

    /// Opens a file that exists, to read only. Its kind of log stays as it is.
    pub fn open_read_only(path: &Path, busy: Duration) -> Result<Sqlite, DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = rusqlite::Connection::open_with_flags(path, flags).map_err(classify)?;
        conn.busy_timeout(busy).map_err(classify)?;
        conn.execute_batch("PRAGMA cell_size_check = ON;").map_err(classify)?;
        Ok(Sqlite(conn))
    }
}

/// Which file this is the name of.
fn identity(path: &Path) -> Option<[u64; 2]> {
    fs::metadata(path).ok().map(|file| [file.dev(), file.ino()])
}

/// Makes the file, if there is none; what SQLite puts beside it takes over its mode. Where that fails SQLite says why.
fn create_private(path: &Path) {
    let _ = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path);
}

/// Takes from others what an older version let them read, as far as the files are ours.
fn keep_private(path: &Path) {
    let Ok(us) = fs::metadata("/proc/self") else { return };
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let Ok(file) = fs::metadata(&name) else { continue };
        let loose = file.mode() & 0o077 != 0 && file.is_file() && file.uid() == us.uid();
        if loose && let Err(e) = fs::set_permissions(&name, Permissions::from_mode(PRIVATE)) {
            log::warn!("others may read {}: {e}", name.display());
        }
    }
}

impl Connection for Sqlite {
    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, DbError> {
        let mut statement = self.0.prepare_cached(sql).map_err(classify)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(params)).map_err(classify)?;
        let mut out = Vec::new();
        while let Some(row) = rows.next().map_err(classify)? {
            let values = (0..columns).map(|i| row.get_ref(i).map_err(classify).and_then(value));
            out.push(Row(values.collect::<Result<_, _>>()?));
        }
        Ok(out)
    }

    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, DbError> {
        let mut statement = self.0.prepare_cached(sql).map_err(classify)?;
        statement.execute(params_from_iter(params)).map(|n| n as u64).map_err(classify)
    }

    fn last_id(&self) -> i64 {
        self.0.last_insert_rowid()
    }

    fn script(&mut self, script: &str) -> Result<(), DbError> {
        self.0.execute_batch(script).map_err(classify)
    }

    fn begin(&mut self) -> Result<(), DbError> {
        self.execute("BEGIN IMMEDIATE", &[]).map(drop)
    }

    fn commit(&mut self) -> Result<(), DbError> {
        self.execute("COMMIT", &[]).map(drop).map_err(DbError::of_commit)
    }

    /// SQLite ends some failed transactions by itself; then there is nothing to roll back.
    fn rollback(&mut self) -> Result<(), DbError> {
        if self.0.is_autocommit() { Ok(()) } else { self.execute("ROLLBACK", &[]).map(drop) }
    }

    fn state(&mut self) -> Result<NodeState, DbError> {
        Ok(NodeState::Writable)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<types::ToSqlOutput<'_>> {
        Ok(types::ToSqlOutput::Borrowed(match self {
            Value::Null => types::ValueRef::Null,
            Value::Int(n) => types::ValueRef::Integer(*n),
            Value::Text(t) => types::ValueRef::Text(t.as_bytes()),
            Value::Time(t) => return Ok(t.sql().into()),
        }))
    }
}

fn value(value: types::ValueRef<'_>) -> Result<Value, DbError> {
    match value {
        types::ValueRef::Null => Ok(Value::Null),
        types::ValueRef::Integer(n) => Ok(Value::Int(n)),
        types::ValueRef::Text(t) => Ok(Value::Text(String::from_utf8_lossy(t).into_owned())),
        types::ValueRef::Real(_) | types::ValueRef::Blob(_) => {
            Err(DbError::Other("a column holds a float or a blob".into()))
        }
    }
}

pub(super) fn classify(error: rusqlite::Error) -> DbError {
    let text = error.to_string();
    let rusqlite::Error::SqliteFailure(cause, _) = &error else { return DbError::Other(text) };
    match (cause.code, cause.extended_code) {
        (_, rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
            DbError::Unique(key_name(&text))
        }
        (_, rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => DbError::ForeignKey(text),
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => DbError::Busy(text),
        (ErrorCode::DiskFull, _) => DbError::Full(text),
        (ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::ReadOnly, _) => DbError::Lost(text),
        _ => DbError::Other(text),
    }
}

/// «UNIQUE constraint failed: pedidos.dia, pedidos.senha» is the key `pedidos_dia_senha`.
fn key_name(text: &str) -> String {
    let columns = text.rsplit(": ").next().unwrap_or_default();
    let mut name = String::new();
    for column in columns.split(", ") {
        let (table, column) = column.split_once('.').unwrap_or(("", column));
        name = if name.is_empty() { format!("{table}_{column}") } else { format!("{name}_{column}") };
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_mysql_names_them() {
        assert_eq!(key_name("UNIQUE constraint failed: clientes.cpf"), "clientes_cpf");
        assert_eq!(key_name("UNIQUE constraint failed: pedidos.dia, pedidos.senha"), "pedidos_dia_senha");
    }
}
