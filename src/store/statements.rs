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

/// Inserts rows in as few statements as `rows_at_once` allows. `table` names the columns too.
pub(super) fn insert_rows<const N: usize>(
    conn: &mut dyn Connection,
    table: &str,
    rows: Vec<[Value; N]>,
) -> Result<(), DbError> {
    let row = format!("({})", vec!["?"; N].join(", "));
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let count = rows_at_once(rows.len());
        let sql = format!("INSERT INTO {table} VALUES {}", vec![&*row; count].join(", "));
        let values: Vec<Value> = rows.by_ref().take(count).flatten().collect();
        conn.execute(&sql, &values)?;
    }
    Ok(())
}

/// Rows of the next INSERT when so many are left. A statement more costs a batch of commands more than its rows do, and
/// every number of rows is a prepared statement that each connection keeps: so any number up to 8, then multiples of 8,
/// 64 at most. That is 15 statements for a table, and two for most batches.
fn rows_at_once(left: usize) -> usize {
    if left <= 8 { left } else { left.min(64) / 8 * 8 }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_batches_take_two_statements_and_a_table_has_fifteen() {
        let mut sizes = std::collections::HashSet::new();
        for rows in 1..=200_usize {
            let (mut left, mut statements) = (rows, 0);
            while left > 0 {
                let count = rows_at_once(left);
                assert!(count > 0 && count <= left);
                sizes.insert(count);
                (left, statements) = (left - count, statements + 1);
            }
            assert!(statements <= rows.div_ceil(64) + 1, "{rows} rows in {statements} statements");
        }
        assert_eq!(sizes.len(), 15);
    }
}
