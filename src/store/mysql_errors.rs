//! What the errors of MySQL and MariaDB mean to callers.

use crate::error::DbError;

/// An error of the driver, in the classes that callers tell apart.
pub(super) fn classify(error: mysql::Error) -> DbError {
    let mysql::Error::MySqlError(cause) = &error else {
        // The socket failed, timed out or gave nonsense: this connection is of no more use.
        return DbError::Lost(without_address(&error));
    };
    let text = format!("{} ({})", cause.message, cause.code);
    match cause.code {
        1062 => DbError::Unique(key_name(&cause.message)),
        1216 | 1217 | 1451 | 1452 => DbError::ForeignKey(text),
        // Deadlock, or another node of a Galera cluster was faster; "record has changed since last read"; another member of
        // a group was faster, which its plugin finds at the commit.
        1213 | 1020 | 3101 => DbError::Retry(text),
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
}
