//! Columns by name: the columns of a table are listed once, selected in that order, and read by their names.

use super::connection::{Row, Value};
use crate::{
    domain::{data_hora::DataHora, dinheiro::Dinheiro},
    error::DbError,
};

/// The columns that the queries of a table select, in this order.
pub struct Columns(pub &'static [&'static str]);

/// A row of such a query.
pub struct Record<'a> {
    names: &'static [&'static str],
    row: &'a Row,
    /// How many other columns stand before these.
    skipped: usize,
}

impl Columns {
    /// For `SELECT`.
    pub fn list(&self) -> String {
        self.0.join(", ")
    }

    /// For `SELECT` from several tables; `alias` is that of this one.
    pub fn list_of(&self, alias: &str) -> String {
        self.0.iter().map(|name| format!("{alias}.{name}")).collect::<Vec<_>>().join(", ")
    }

    /// The row's values by name.
    pub fn of<'a>(&self, row: &'a Row) -> Record<'a> {
        self.behind(0, row)
    }

    /// The same, where so many other columns stand before these.
    pub fn behind<'a>(&self, skipped: usize, row: &'a Row) -> Record<'a> {
        Record { names: self.0, row, skipped }
    }
}

impl Record<'_> {
    /// As it is.
    pub fn value(&self, name: &str) -> Result<&Value, DbError> {
        let value = self.row.0.get(self.at(name)?);
        value.ok_or_else(|| DbError::Other(format!("column {name} is missing")))
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Result<i64, DbError> {
        self.row.int(self.at(name)?)
    }

    /// A whole number or none.
    pub fn int_or_null(&self, name: &str) -> Result<Option<i64>, DbError> {
        self.row.int_or_null(self.at(name)?)
    }

    /// A number that stands for yes or no.
    pub fn flag(&self, name: &str) -> Result<bool, DbError> {
        Ok(self.int(name)? != 0)
    }

    /// A text.
    pub fn string(&self, name: &str) -> Result<String, DbError> {
        Ok(self.row.text(self.at(name)?)?.to_owned())
    }

    /// A text or none.
    pub fn string_or_null(&self, name: &str) -> Result<Option<String>, DbError> {
        self.row.string_or_null(self.at(name)?)
    }

    /// A time.
    pub fn time(&self, name: &str) -> Result<DataHora, DbError> {
        self.row.time(self.at(name)?)
    }

    /// A time or none.
    pub fn time_or_null(&self, name: &str) -> Result<Option<DataHora>, DbError> {
        self.row.time_or_null(self.at(name)?)
    }

    /// An amount.
    pub fn money(&self, name: &str) -> Result<Dinheiro, DbError> {
        self.row.money(self.at(name)?)
    }

    /// An amount or none.
    pub fn money_or_null(&self, name: &str) -> Result<Option<Dinheiro>, DbError> {
        let at = self.at(name)?;
        if self.row.0.get(at) == Some(&Value::Null) { Ok(None) } else { self.row.money(at).map(Some) }
    }

    /// One of the numbered states of the domain.
    pub fn numbered<T: TryFrom<i64>>(&self, name: &str) -> Result<T, DbError> {
        self.row.numbered(self.at(name)?)
    }

    /// One of the numbered states of the domain, or none.
    pub fn numbered_or_null<T: TryFrom<i64>>(&self, name: &str) -> Result<Option<T>, DbError> {
        let at = self.at(name)?;
        if self.row.0.get(at) == Some(&Value::Null) { Ok(None) } else { self.row.numbered(at).map(Some) }
    }

    fn at(&self, name: &str) -> Result<usize, DbError> {
        let at = self.names.iter().position(|n| *n == name);
        let at = at.ok_or_else(|| DbError::Other(format!("column {name} is not selected")))?;
        Ok(self.skipped + at)
    }
}
