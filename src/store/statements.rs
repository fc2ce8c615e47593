//! SQL of variable length: values for `IN (…)`, rows of one INSERT, columns of one UPDATE.

use super::connection::{Connection, Value};
use crate::error::DbError;

/// Placeholders and values for `IN (…)`. Their number is rounded up to a power of two by repeating the last, so that a
/// connection keeps a handful of prepared statements and not one for each length.
pub(super) fn placeholders<T: Copy + Into<Value>>(values: &[T]) -> (String, Vec<Value>) {
    let Some(last) = values.last() else { return ("NULL".to_owned(), Vec::new()) };
    let full = values.len().next_power_of_two();
    let repeated = values.iter().chain(std::iter::repeat(last)).take(full);
    (vec!["?"; full].join(", "), repeated.map(|v| (*v).into()).collect())
}

/// Inserts rows, some at a time: in powers of two, so that a connection keeps a handful of prepared statements and not
/// one for each number of rows. `table` names the columns too.
pub(super) fn insert_rows<const N: usize>(
    conn: &mut dyn Connection,
    table: &str,
    rows: Vec<[Value; N]>,
) -> Result<(), DbError> {
    let row = format!("({})", vec!["?"; N].join(", "));
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let count = 1 << rows.len().min(ROWS_MAX).ilog2();
        let sql = format!("INSERT INTO {table} VALUES {}", vec![&*row; count].join(", "));
        let values: Vec<Value> = rows.by_ref().take(count).flatten().collect();
        conn.execute(&sql, &values)?;
    }
    Ok(())
}

/// Rows of one INSERT at most.
const ROWS_MAX: usize = 128;

/// Which rows of a table an UPDATE may touch.
pub(super) struct Target {
    pub table: &'static str,
    /// Beside the id: SQL that begins with ` AND `, or nothing.
    pub condition: &'static str,
    pub id: i64,
}

/// Sets those of the columns that have a value, on the target's row. Gives whether there is such a row.
pub(super) fn update_columns(
    conn: &mut dyn Connection,
    target: Target,
    columns: Vec<(&str, Option<Value>)>,
) -> Result<bool, DbError> {
    let Target { table, condition, id } = target;
    let (names, mut values): (Vec<_>, Vec<_>) =
        columns.into_iter().filter_map(|(name, value)| Some((format!("{name} = ?"), value?))).unzip();
    values.push(id.into());
    if names.is_empty() {
        let rows = conn.query(&format!("SELECT id FROM {table} WHERE id = ?{condition}"), &values)?;
        return Ok(!rows.is_empty());
    }
    let sql = format!("UPDATE {table} SET {} WHERE id = ?{condition}", names.join(", "));
    Ok(conn.execute(&sql, &values)? == 1)
}
