//! The narrow waist between the queries and the two drivers.

use std::fmt;

use super::locks::LockWait;
use crate::{
    domain::{data_hora::DataHora, dinheiro::Dinheiro},
    error::DbError,
};

/// A parameter or a column. Money travels as the text that both engines take and give; so do times, but that MySQL gives
/// them in parts.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Time(DataHora),
}

/// A row of a result, its columns in the order of the SELECT.
#[derive(Debug)]
pub struct Row(pub Vec<Value>);

/// A connection of either driver. Not shared; a transaction belongs to the caller who began it.
pub trait Connection: Send {
    /// All rows of the result.
    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, DbError>;
    /// The number of rows that the statement found, whether or not they changed by it.
    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, DbError>;
    /// The key that the last INSERT of one row was given.
    fn last_id(&self) -> i64;
    /// `script` holds statements that each end with `;` at the end of a line.
    fn script(&mut self, script: &str) -> Result<(), DbError>;
    /// How long statements from here on wait for a row that another transaction holds. SQLite has no locks of rows.
    fn wait_for_rows(&mut self, _wait: LockWait) -> Result<(), DbError> {
        Ok(())
    }
    fn begin(&mut self) -> Result<(), DbError>;
    /// `Unknown` where nobody knows whether it happened; after any other error nothing did.
    fn commit(&mut self) -> Result<(), DbError>;
    fn rollback(&mut self) -> Result<(), DbError>;
    /// Asks the server, by a statement, what it can be used for.
    fn state(&mut self) -> Result<NodeState, DbError>;
}

/// What a server can be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// Everything.
    Writable,
    /// It refuses writes: a spare, or a primary of before.
    ReadOnly,
    /// It is a node of a cluster that it cannot reach the most of, or has not caught up with: it refuses everything.
    OutOfCluster,
}

impl Row {
    /// A column that holds a number; anything else is an error, here and below.
    pub fn int(&self, column: usize) -> Result<i64, DbError> {
        self.int_or_null(column)?.ok_or_else(|| unexpected(column, "a number", &Value::Null))
    }

    /// A number, or NULL.
    pub fn int_or_null(&self, column: usize) -> Result<Option<i64>, DbError> {
        match self.0.get(column) {
            Some(Value::Int(n)) => Ok(Some(*n)),
            Some(Value::Null) => Ok(None),
            other => Err(unexpected(column, "a number", other.unwrap_or(&Value::Null))),
        }
    }

    /// A text.
    pub fn text(&self, column: usize) -> Result<&str, DbError> {
        self.text_or_null(column)?.ok_or_else(|| unexpected(column, "a text", &Value::Null))
    }

    /// A text, or NULL.
    pub fn text_or_null(&self, column: usize) -> Result<Option<&str>, DbError> {
        match self.0.get(column) {
            Some(Value::Text(t)) => Ok(Some(t)),
            Some(Value::Null) => Ok(None),
            other => Err(unexpected(column, "a text", other.unwrap_or(&Value::Null))),
        }
    }

    /// As `text_or_null`, owned.
    pub fn string_or_null(&self, column: usize) -> Result<Option<String>, DbError> {
        Ok(self.text_or_null(column)?.map(str::to_owned))
    }

    /// A moment.
    pub fn time(&self, column: usize) -> Result<DataHora, DbError> {
        self.time_or_null(column)?.ok_or_else(|| unexpected(column, "a time", &Value::Null))
    }

    /// A moment, or NULL.
    pub fn time_or_null(&self, column: usize) -> Result<Option<DataHora>, DbError> {
        if let Some(Value::Time(time)) = self.0.get(column) {
            return Ok(Some(*time));
        }
        let Some(text) = self.text_or_null(column)? else { return Ok(None) };
        DataHora::de_sql(text).map(Some).ok_or_else(|| unexpected(column, "a time", &self.0[column]))
    }

    /// An amount.
    pub fn money(&self, column: usize) -> Result<Dinheiro, DbError> {
        Dinheiro::de_sql(self.text(column)?).ok_or_else(|| unexpected(column, "an amount", &self.0[column]))
    }

    /// For the numbered states of the domain.
    pub fn numbered<T: TryFrom<i64>>(&self, column: usize) -> Result<T, DbError> {
        let number = self.int(column)?;
        T::try_from(number).map_err(|_| unexpected(column, std::any::type_name::<T>(), &self.0[column]))
    }
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NodeState::Writable => "the server can be used",
            NodeState::ReadOnly => "the server is read-only",
            NodeState::OutOfCluster => "the server is out of its cluster",
        })
    }
}

fn unexpected(column: usize, wanted: &str, found: &Value) -> DbError {
    let found = match found {
        Value::Null => "NULL",
        Value::Int(_) => "a number",
        Value::Text(_) => "a text",
        Value::Time(_) => "a time",
    };
    DbError::Other(format!("column {column} should hold {wanted} and holds {found}"))
}

impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Int(n)
    }
}

impl From<&str> for Value {
    fn from(t: &str) -> Value {
        Value::Text(t.to_owned())
    }
}

impl From<String> for Value {
    fn from(t: String) -> Value {
        Value::Text(t)
    }
}

impl From<DataHora> for Value {
    fn from(t: DataHora) -> Value {
        Value::Time(t)
    }
}

impl From<Dinheiro> for Value {
    fn from(d: Dinheiro) -> Value {
        Value::Text(d.to_string())
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Value {
        Value::Int(b.into())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(o: Option<T>) -> Value {
        o.map_or(Value::Null, Into::into)
    }
}
