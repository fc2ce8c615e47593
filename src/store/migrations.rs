//! Brings a database to today's schema: an empty one, an older one, or one that the original system left behind.
//!
//! SQLite does it in one transaction. MySQL commits at every change of a table, so each step may be run again after
//! it was cut off, and a lease lets one process of many do the work (`lease`). A process that stood still meanwhile, and goes
//! on when another has done all of it, can do no harm:
//!
//! - Setting the original's tables aside fails at a fence (`takeover`).
//! - Copying fails before it begins, at the number of its step, which is noted first and can be noted once.
//! - The others change nothing where their work is done.

use std::{sync::mpsc, thread, time::Duration};

use super::{Database, Settings, connection::Connection, lease::Lease, takeover};
use crate::{clock, error::DbError};

const MYSQL: &[(i64, &str)] = &[
    (1, include_str!("../../sql/mysql/0001_base.sql")),
    (2, include_str!("../../sql/mysql/0002_cobrancas.sql")),
    (3, include_str!("../../sql/mysql/0003_cozinha.sql")),
    (4, include_str!("../../sql/mysql/0004_dinheiro.sql")),
    (5, include_str!("../../sql/mysql/0005_esquecimento.sql")),
    (6, include_str!("../../sql/mysql/0006_registro.sql")),
    (7, include_str!("../../sql/mysql/0007_acesso.sql")),
    (8, include_str!("../../sql/mysql/0008_perfil.sql")),
    (9, include_str!("../../sql/mysql/0009_pessoas.sql")),
    (10, include_str!("../../sql/mysql/0010_webhooks.sql")),
    (11, include_str!("../../sql/mysql/0011_convites.sql")),
    (12, include_str!("../../sql/mysql/0012_esgotado.sql")),
    (13, include_str!("../../sql/mysql/0013_destino.sql")),
    (14, include_str!("../../sql/mysql/0014_ordem.sql")),
    (15, include_str!("../../sql/mysql/0015_atendimento.sql")),
    (16, include_str!("../../sql/mysql/0016_cozinha_e_cardapio.sql")),
    (17, include_str!("../../sql/mysql/0017_vendas.sql")),
];
const SQLITE: &[(i64, &str)] = &[
    (1, include_str!("../../sql/sqlite/0001_base.sql")),
    (2, include_str!("../../sql/sqlite/0002_cobrancas.sql")),
    (3, include_str!("../../sql/sqlite/0003_cozinha.sql")),
    (4, include_str!("../../sql/sqlite/0004_dinheiro.sql")),
    (5, include_str!("../../sql/sqlite/0005_esquecimento.sql")),
    (6, include_str!("../../sql/sqlite/0006_registro.sql")),
    (7, include_str!("../../sql/sqlite/0007_acesso.sql")),
    (8, include_str!("../../sql/sqlite/0008_perfil.sql")),
    (9, include_str!("../../sql/sqlite/0009_pessoas.sql")),
    (10, include_str!("../../sql/sqlite/0010_webhooks.sql")),
    (11, include_str!("../../sql/sqlite/0011_convites.sql")),
    (12, include_str!("../../sql/sqlite/0012_esgotado.sql")),
    (13, include_str!("../../sql/sqlite/0013_destino.sql")),
    (14, include_str!("../../sql/sqlite/0014_ordem.sql")),
    (15, include_str!("../../sql/sqlite/0015_atendimento.sql")),
    (16, include_str!("../../sql/sqlite/0016_cozinha_e_cardapio.sql")),
    (17, include_str!("../../sql/sqlite/0017_vendas.sql")),
];

/// The number under which it is noted that the example data was put in, or declined, for good.
const EXAMPLE: i64 = 0;

/// How long it is waited for another process that does the same.
const LEASE_WAIT: Duration = Duration::from_secs(20);

/// Is told, in Portuguese, what is being done: `/readyz` shows it.
pub(super) type Tell<'a> = &'a dyn Fn(String);

/// Whether there is nothing to do.
pub fn is_done(conn: &mut dyn Connection, database: &Database) -> Result<bool, DbError> {
    match done(conn) {
        Ok(done) if !SQLITE.iter().map(|(number, _)| number).chain([&EXAMPLE]).all(|n| done.contains(n)) => {
            Ok(false)
        }
        Ok(_) => match database {
            Database::Sqlite(_) => Ok(true),
            Database::Mysql(_) => takeover::is_over(conn),
        },
        // There is no such table yet.
        Err(DbError::Other(_)) => Ok(false),
        Err(e) => Err(e),
    }
}

/// How the schema of a database stands to that of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Current,
    /// It can be brought up to date.
    Older,
    /// A newer version has changed it.
    Newer,
    /// It is none of Ambrosia's.
    Foreign,
}

/// Of this database.
pub fn version(conn: &mut dyn Connection) -> Result<Version, DbError> {
    let done = match done(conn) {
        Ok(done) => done,
        Err(DbError::Other(_)) => return Ok(Version::Foreign),
        Err(e) => return Err(e),
    };
    let known = |number: &i64| *number == EXAMPLE || SQLITE.iter().any(|(n, _)| n == number);
    Ok(if done.is_empty() {
        Version::Foreign
    } else if !done.iter().all(known) {
        Version::Newer
    } else if SQLITE.iter().all(|(number, _)| done.contains(number)) {
        Version::Current
    } else {
        Version::Older
    })
}

/// Applies what is missing, once among all processes; `tell` hears of each step.
pub fn run(conn: &mut dyn Connection, settings: &Settings, tell: Tell<'_>) -> Result<(), DbError> {
    match settings.database {
        Database::Sqlite(_) => {
            conn.begin()?;
            match sqlite(conn, settings.example_data, tell) {
                Ok(()) => conn.commit(),
                Err(e) => conn.rollback().and(Err(e)),
            }
        }
        Database::Mysql(_) => {
            tell("à espera de outro processo que faz o mesmo".to_owned());
            let lease = Lease::take(conn, "migracoes", LEASE_WAIT)?;
            let result = thread::scope(|scope| {
                let (working, ended) = mpsc::channel();
                let kept = &lease;
                scope.spawn(move || kept.renew_until(&ended, settings));
                let result = mysql(conn, &lease, settings.example_data, tell);
                drop(working);
                result
            });
            if result.is_err() {
                // The first failure is the one to report.
                let _ = conn.rollback();
            }
            let given_back = lease.give_back(conn);
            result.and(given_back)
        }
    }
}

/// SQLite's `user_version` of a file in which deleted content is overwritten, and always was.
const SECURE: i64 = 1;

/// A file of before is written anew, once, since its free pages hold what was deleted. That takes as much room on the
/// disk again, and seconds for each gigabyte; where it fails, the next start tries it.
pub fn rewrite_once(conn: &mut dyn Connection, database: &Database, tell: Tell<'_>) {
    if let Database::Sqlite(_) = database
        && let Err(e) = rewrite(conn, tell)
    {
        log::warn!(
            "database: what was deleted is still in the free pages of the file, until a later start: {e}"
        );
    }
}

fn rewrite(conn: &mut dyn Connection, tell: Tell<'_>) -> Result<(), DbError> {
    if conn.query("PRAGMA user_version", &[])?.first().map_or(Ok(0), |row| row.int(0))? >= SECURE {
        return Ok(());
    }
    tell("o arquivo é reescrito uma vez, sem o que foi apagado".to_owned());
    log::info!("database: the file is rewritten once, without what was deleted");
    conn.script("VACUUM;")?;
    conn.script(&format!("PRAGMA user_version = {SECURE}; PRAGMA wal_checkpoint(TRUNCATE);"))
}

fn sqlite(conn: &mut dyn Connection, example_data: bool, tell: Tell<'_>) -> Result<(), DbError> {
    conn.script("CREATE TABLE IF NOT EXISTS migracoes (versao INTEGER PRIMARY KEY, aplicada_em TEXT NOT NULL) STRICT;")?;
    let done = done(conn)?;
    if done.is_empty() {
        conn.script(&format!("PRAGMA user_version = {SECURE};"))?;
    }
    for (number, script) in SQLITE.iter().filter(|(n, _)| !done.contains(n)) {
        tell(step(*number, SQLITE));
        conn.script(script)?;
        note(conn, *number)?;
    }
    if !done.contains(&EXAMPLE) {
        if example_data {
            conn.script(include_str!("../../sql/sqlite/exemplo.sql"))?;
        }
        note(conn, EXAMPLE)?;
    }
    Ok(())
}

fn mysql(
    conn: &mut dyn Connection,
    lease: &Lease,
    example_data: bool,
    tell: Tell<'_>,
) -> Result<(), DbError> {
    conn.script(
        "CREATE TABLE IF NOT EXISTS migracoes (versao INT PRIMARY KEY, aplicada_em DATETIME NOT NULL) \
         ENGINE=InnoDB;\n",
    )?;
    let done = done(conn)?;
    if done.is_empty() {
        takeover::set_aside(conn, lease)?;
    }
    for (number, script) in MYSQL.iter().filter(|(n, _)| !done.contains(n)) {
        tell(step(*number, MYSQL));
        lease.renew(conn)?;
        conn.script(script)?;
        let has_original = *number == 1 && takeover::is_set_aside(conn)?;
        if has_original {
            takeover::complete(conn)?;
        }
        // What is copied and that it is copied become true together: a copy made twice would start from what the
        // first has left of the original.
        lease.renew(conn)?;
        conn.begin()?;
        note(conn, *number)?;
        if has_original {
            takeover::copy(conn, tell)?;
        }
        conn.commit()?;
    }
    takeover::remove(conn, lease)?;
    if !done.contains(&EXAMPLE) {
        conn.begin()?;
        let empty = conn.query(
            "SELECT 1 FROM produtos UNION ALL SELECT 1 FROM clientes UNION ALL SELECT 1 FROM pedidos LIMIT 1",
            &[],
        )?;
        if example_data && empty.is_empty() {
            conn.script(include_str!("../../sql/mysql/exemplo.sql"))?;
        }
        note(conn, EXAMPLE)?;
        conn.commit()?;
    }
    Ok(())
}

fn step(number: i64, all: &[(i64, &str)]) -> String {
    format!("etapa {number} de {}", all.len())
}

fn done(conn: &mut dyn Connection) -> Result<Vec<i64>, DbError> {
    conn.query("SELECT versao FROM migracoes", &[])?.iter().map(|row| row.int(0)).collect()
}

fn note(conn: &mut dyn Connection, number: i64) -> Result<(), DbError> {
    let values = [number.into(), clock::now().into()];
    conn.execute("INSERT INTO migracoes (versao, aplicada_em) VALUES (?, ?)", &values)?;
    log::info!("database: migration {number} applied");
    Ok(())
}
