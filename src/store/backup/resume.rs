//! A database that was restored goes on. What happened after the backup is lost here and is still known elsewhere: by
//! customers, by their devices, by the payment provider. So that nothing of then is taken for something of now:
//!
//! - `senha` skips more numbers than were called since, and ids skip more than were given: a customer who holds a lost one
//!   meets nobody else's order by it, nor by the secret that is derived from it.
//! - Every order is another version: an `ETag` of then opens nothing and confirms nothing.
//! - How many ids and versions are skipped grows with the time since the backup: where one backup is restored twice, those of
//!   what was lost in between are passed over too.
//! - Every charge that is open or due, and each that was paid lately, is to be asked about at its provider at once: there it
//!   may have been paid, withdrawn or given back since.
//! - Sessions end: they may have been ended since. Invitations count no longer: they may have been used since. Keys that were
//!   taken back and people who were dismissed since are back.
//!
//! `sequencia` skips nothing, since the log is gapless. By the event before it each list tells another log
//! (`store::log_place`).

use super::super::{
    Database,
    auditoria::{self, New},
    connection::Connection,
    convites, restaurante, sessoes,
};
use crate::{
    domain::{auditoria::Tipo, data_hora::DataHora},
    error::{DbError, Error},
};

/// Numbers that are called on no order.
const SENHAS: usize = 500;
/// Numbers of rows that are passed over, at least, and for each second since the backup: more than are given in one.
const IDS: i64 = 10_000;
const IDS_A_SECOND: i64 = 10;
/// Versions that are passed over, at least; and one for each second since the backup.
const VERSIONS: i64 = 1_000;
/// Seconds since the backup beyond which they are counted from 0 again (116 days): ids are of 32 bits on MySQL.
const SECONDS_MAX: i64 = 10_000_000;
/// For so long before the backup payments are looked at again.
const PAID_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The tables whose rows others know by their ids, and the log, which is told from another by them.
const NUMBERED: [&str; 7] =
    ["pedidos", "clientes", "produtos", "eventos", "chaves", "funcionarios", "terminais"];

/// Makes a restored database one that can go on. `origin` is for the trail. Doing it twice is once too often, and does no
/// harm.
pub fn resume(
    conn: &mut dyn Connection,
    database: &Database,
    origin: &str,
    now: DataHora,
) -> Result<(), Error> {
    let newest = conn.query("SELECT MAX(datahora) FROM eventos", &[])?;
    let newest = newest.first().map_or(Ok(None), |row| row.time_or_null(0))?.unwrap_or(now);
    let backup = Backup { newest, age: (now.segundos() - newest.segundos()).max(0) % SECONDS_MAX };
    if let Database::Mysql(_) = database {
        // Before the transaction, which a change of a table would end.
        for table in NUMBERED {
            let rows = conn.query(&format!("SELECT COALESCE(MAX(id), 0) FROM {table}"), &[])?;
            let next = rows.first().map_or(Ok(0), |row| row.int(0))? + backup.ids();
            conn.script(&format!("ALTER TABLE {table} AUTO_INCREMENT = {next};\n"))?;
        }
    }
    conn.begin()?;
    let changed = change(conn, &backup, origin, now).and_then(|()| match database {
        Database::Sqlite(_) => {
            Ok(NUMBERED.iter().try_for_each(|table| skip_ids(conn, table, backup.ids()))?)
        }
        Database::Mysql(_) => Ok(()),
    });
    match changed {
        Ok(()) => Ok(conn.commit()?),
        Err(error) => {
            conn.rollback()?;
            Err(error)
        }
    }
}

/// What was restored.
struct Backup {
    /// Its last event.
    newest: DataHora,
    /// Seconds since then.
    age: i64,
}

impl Backup {
    fn ids(&self) -> i64 {
        IDS + IDS_A_SECOND * self.age
    }
}

fn change(conn: &mut dyn Connection, backup: &Backup, origin: &str, now: DataHora) -> Result<(), Error> {
    conn.execute("UPDATE pedidos SET versao = versao + ?", &[(VERSIONS + backup.age).into()])?;
    let sql = "UPDATE cobrancas SET proxima_em = ?, versao = versao + 1 WHERE situacao IN (0, 1) OR proxima_em IS NOT NULL \
               OR (situacao = 4 AND pedido IN (SELECT id FROM pedidos WHERE datahora_recebido > ?))";
    conn.execute(sql, &[now.into(), backup.newest.mais(-PAID_SECONDS).into()])?;
    sessoes::end_all(conn, now)?;
    convites::delete_all(conn)?;
    let new = New {
        tipo: Tipo::BancoRestaurado,
        ator: "terminal".to_owned(),
        alvo: None,
        detalhe: Some(origin.to_owned()),
    };
    auditoria::append(conn, &new, now)?;
    restaurante::take_numbers(conn, &now.dia(), SENHAS, 0)?;
    Ok(())
}

/// SQLite keeps the last id of a table only once there was one.
fn skip_ids(conn: &mut dyn Connection, table: &str, ids: i64) -> Result<(), DbError> {
    let sql = "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ?";
    if conn.execute(sql, &[ids.into(), table.into()])? == 0 {
        let sql = "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)";
        conn.execute(sql, &[table.into(), ids.into()])?;
    }
    Ok(())
}
