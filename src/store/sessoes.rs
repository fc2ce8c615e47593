//! `sessoes`: who works where. What is stored of a token is its SHA-256.

use super::{
    columns::Columns,
    connection::{Connection, Row, Value},
};
use crate::{
    domain::{data_hora::DataHora, sessao::Times},
    error::{DbError, Error},
};

const COLUMNS: Columns = Columns(&["resumo", "funcionario", "terminal", "criada_em", "usada_em"]);

/// How long a row is kept: longer than any session lasts.
pub const LIFETIME_SECONDS: i64 = 24 * 60 * 60;
/// Sessions that are loaded at most, the newest of them.
const MAX: i64 = 10_000;

/// A session, by the SHA-256 of its token, in hexadecimal.
#[derive(Clone)]
pub struct Sessao {
    pub resumo: String,
    pub funcionario: i64,
    pub terminal: Option<i64>,
    pub times: Times,
}

/// Writes a new one.
pub fn insert(conn: &mut dyn Connection, sessao: &Sessao) -> Result<(), Error> {
    let sql =
        "INSERT INTO sessoes (resumo, funcionario, terminal, criada_em, usada_em) VALUES (?, ?, ?, ?, ?)";
    let values: [Value; 5] = [
        sessao.resumo.as_str().into(),
        sessao.funcionario.into(),
        sessao.terminal.into(),
        sessao.times.begun.into(),
        sessao.times.used.into(),
    ];
    conn.execute(sql, &values)?;
    Ok(())
}

/// Those that began after this and were not ended.
pub fn active(conn: &mut dyn Connection, after: DataHora) -> Result<Vec<Sessao>, Error> {
    let sql = format!(
        "SELECT {} FROM sessoes WHERE criada_em > ? AND encerrada_em IS NULL ORDER BY criada_em DESC LIMIT ?",
        COLUMNS.list()
    );
    Ok(conn.query(&sql, &[after.into(), MAX.into()])?.iter().map(sessao).collect::<Result<_, _>>()?)
}

/// One that was not ended.
pub fn find(conn: &mut dyn Connection, resumo: &str) -> Result<Option<Sessao>, Error> {
    let sql = format!("SELECT {} FROM sessoes WHERE resumo = ? AND encerrada_em IS NULL", COLUMNS.list());
    Ok(conn.query(&sql, &[resumo.into()])?.first().map(sessao).transpose()?)
}

/// Ends one; whether it had not ended.
pub fn end(conn: &mut dyn Connection, resumo: &str, now: DataHora) -> Result<bool, Error> {
    let sql = "UPDATE sessoes SET encerrada_em = ? WHERE resumo = ? AND encerrada_em IS NULL";
    Ok(conn.execute(sql, &[now.into(), resumo.into()])? == 1)
}

/// Ends all of a person.
pub fn end_of(conn: &mut dyn Connection, funcionario: i64, now: DataHora) -> Result<(), Error> {
    let sql = "UPDATE sessoes SET encerrada_em = ? WHERE funcionario = ? AND encerrada_em IS NULL";
    conn.execute(sql, &[now.into(), funcionario.into()])?;
    Ok(())
}

/// Ends all on a terminal: they do not come back with another device.
pub fn end_at(conn: &mut dyn Connection, terminal: i64, now: DataHora) -> Result<(), Error> {
    let sql = "UPDATE sessoes SET encerrada_em = ? WHERE terminal = ? AND encerrada_em IS NULL";
    conn.execute(sql, &[now.into(), terminal.into()])?;
    Ok(())
}

/// Ends all.
pub fn end_all(conn: &mut dyn Connection, now: DataHora) -> Result<(), Error> {
    conn.execute("UPDATE sessoes SET encerrada_em = ? WHERE encerrada_em IS NULL", &[now.into()])?;
    Ok(())
}

/// Notes when it was last used.
pub fn note_use(conn: &mut dyn Connection, resumo: &str, used: DataHora) -> Result<(), Error> {
    // Another process may have stored a later use.
    let sql = "UPDATE sessoes SET usada_em = ? WHERE resumo = ? AND usada_em < ?";
    conn.execute(sql, &[used.into(), resumo.into(), used.into()])?;
    Ok(())
}

fn sessao(row: &Row) -> Result<Sessao, DbError> {
    let r = COLUMNS.of(row);
    Ok(Sessao {
        resumo: r.string("resumo")?,
        funcionario: r.int("funcionario")?,
        terminal: r.int_or_null("terminal")?,
        times: Times { begun: r.time("criada_em")?, used: r.time("usada_em")? },
    })
}
