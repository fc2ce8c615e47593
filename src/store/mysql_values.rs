//! Values on their way to MySQL and back, by either of its two protocols.

use jiff::civil::DateTime;
use mysql::Column;

use super::connection::Value;
use crate::{domain::data_hora::DataHora, error::DbError};

/// Parameters of a prepared statement.
pub(super) fn positional(params: &[Value]) -> mysql::Params {
    if params.is_empty() {
        return mysql::Params::Empty;
    }
    mysql::Params::Positional(params.iter().map(bound).collect())
}

fn bound(value: &Value) -> mysql::Value {
    match value {
        Value::Null => mysql::Value::NULL,
        Value::Int(n) => mysql::Value::Int(*n),
        Value::Text(t) => mysql::Value::Bytes(t.as_bytes().to_vec()),
        Value::Time(t) => mysql::Value::Bytes(t.sql().into_bytes()),
    }
}

/// The statement with literals for its `?`, as the driver escapes them. No text of ours has a `?` that is no placeholder.
pub(super) fn with_literals(
    sql: &str,
    params: &[Value],
    no_backslash_escape: bool,
) -> Result<String, DbError> {
    let mut parts = sql.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    let mut params = params.iter();
    for part in parts {
        let value = params.next().ok_or_else(|| DbError::Other(format!("too few values for {sql}")))?;
        // Two signs in a row would begin a comment.
        let literal = bound(value).as_sql(no_backslash_escape);
        if literal.starts_with('-') {
            text += &format!("({literal})");
        } else {
            text += &literal;
        }
        text += part;
    }
    match params.next() {
        None => Ok(text),
        Some(_) => Err(DbError::Other(format!("too many values for {sql}"))),
    }
}

/// A column of a result that came as text: a number where the column holds whole numbers.
pub(super) fn text_value(value: mysql::Value, column: &Column) -> Result<Value, DbError> {
    use mysql::consts::ColumnType as Type;
    match (self::value(value)?, column.column_type()) {
        (
            Value::Text(text),
            Type::MYSQL_TYPE_TINY
            | Type::MYSQL_TYPE_SHORT
            | Type::MYSQL_TYPE_INT24
            | Type::MYSQL_TYPE_LONG
            | Type::MYSQL_TYPE_LONGLONG,
        ) => text.parse().map(Value::Int).map_err(|_| DbError::Other("a number beyond 64 bits".into())),
        // Old servers took a date of zeros for none.
        (Value::Text(text), Type::MYSQL_TYPE_DATETIME | Type::MYSQL_TYPE_DATE)
            if text.starts_with("0000-00-00") =>
        {
            Ok(Value::Null)
        }
        (value, _) => Ok(value),
    }
}

/// A column of a prepared statement.
pub(super) fn value(value: mysql::Value) -> Result<Value, DbError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_take_the_places_of_placeholders_and_end_no_text() {
        let literal = |value: Value| with_literals("SELECT ?", &[value], false).unwrap();
        assert_eq!(literal(Value::Null), "SELECT NULL");
        assert_eq!(literal(7.into()), "SELECT 7");
        assert_eq!(literal("'; DROP TABLE pedidos; --".into()), r"SELECT '\'; DROP TABLE pedidos; --'");
        assert_eq!(literal(r"\".into()), r"SELECT '\\'");
        assert_eq!(literal("?".into()), "SELECT '?'");
        let sql = with_literals("SELECT 1 -? LIMIT ?", &[Value::Int(-5), 2.into()], false).unwrap();
        assert_eq!(sql, "SELECT 1 -(-5) LIMIT 2");
        let strict = with_literals("SELECT ?", &[r"a\'b".into()], true).unwrap();
        assert_eq!(strict, r"SELECT 'a\''b'");
    }

    #[test]
    fn as_many_values_as_placeholders() {
        assert!(with_literals("SELECT ?, ?", &[1.into()], false).is_err());
        assert!(with_literals("SELECT ?", &[1.into(), 2.into()], false).is_err());
        assert_eq!(with_literals("SELECT 1", &[], false).unwrap(), "SELECT 1");
    }
}
