//! `terminais`: the enrolled devices. What is stored of a token is its SHA-256, of a code its HMAC. A row is never deleted.

use super::{
    chaves::papel,
    columns::Columns,
    connection::{Connection, Row, Value},
};
use crate::{
    domain::{
        data_hora::DataHora,
        papel::Papel,
        terminal::{NewTerminal, Terminal},
    },
    error::{DbError, Error},
};

const COLUMNS: Columns =
    Columns(&["id", "nome", "papel", "resumo", "criado_em", "inscrito_em", "revogado_em"]);

/// Terminals that are shown or loaded at most.
const MAX: i64 = 10_000;

/// A terminal whose token counts.
pub struct Active {
    pub id: i64,
    pub papel: Papel,
    /// SHA-256 of its token, in hexadecimal.
    pub resumo: String,
}

/// A code, as it is stored, and until when it enrols.
pub struct Code {
    pub codigo: String,
    pub expira_em: DataHora,
}

/// All terminals, the newest first.
pub fn list(conn: &mut dyn Connection) -> Result<Vec<Terminal>, Error> {
    let sql = format!("SELECT {} FROM terminais ORDER BY id DESC LIMIT ?", COLUMNS.list());
    Ok(conn.query(&sql, &[MAX.into()])?.iter().map(terminal).collect::<Result<_, _>>()?)
}

/// One terminal.
pub fn find(conn: &mut dyn Connection, id: i64) -> Result<Terminal, Error> {
    let sql = format!("SELECT {} FROM terminais WHERE id = ?", COLUMNS.list());
    conn.query(&sql, &[id.into()])?.first().map(terminal).transpose()?.ok_or(NOT_FOUND)
}

/// Those that are enrolled.
pub fn active(conn: &mut dyn Connection) -> Result<Vec<Active>, Error> {
    let sql =
        "SELECT id, papel, resumo FROM terminais WHERE revogado_em IS NULL AND resumo IS NOT NULL LIMIT ?";
    let active = |row: &Row| {
        Ok(Active { id: row.int(0)?, papel: papel(row.text(1)?)?, resumo: row.text(2)?.to_owned() })
    };
    Ok(conn.query(sql, &[MAX.into()])?.iter().map(active).collect::<Result<_, DbError>>()?)
}

/// Writes a terminal that is not enrolled yet and gives the id.
pub fn insert(conn: &mut dyn Connection, new: &NewTerminal, now: DataHora) -> Result<i64, Error> {
    let sql = "INSERT INTO terminais (nome, papel, criado_em) VALUES (?, ?, ?)";
    let values: [Value; 3] = [new.nome.as_str().into(), new.papel.nome().into(), now.into()];
    conn.execute(sql, &values)?;
    Ok(conn.last_id())
}

/// The code that enrols it from now on. `NotFound` when there is none, or it was revoked.
pub fn set_code(conn: &mut dyn Connection, id: i64, code: &Code) -> Result<(), Error> {
    let sql = "UPDATE terminais SET codigo = ?, codigo_expira_em = ? WHERE id = ? AND revogado_em IS NULL";
    let values = [code.codigo.as_str().into(), code.expira_em.into(), id.into()];
    if conn.execute(sql, &values)? == 1 { Ok(()) } else { Err(NOT_FOUND) }
}

/// Uses up a code: the terminal that it enrols.
pub fn take_code(conn: &mut dyn Connection, codigo: &str, now: DataHora) -> Result<Option<i64>, Error> {
    let sql = "SELECT id FROM terminais WHERE codigo = ? AND codigo_expira_em > ? AND revogado_em IS NULL";
    let rows = conn.query(sql, &[codigo.into(), now.into()])?;
    let Some(id) = rows.first().map(|row| row.int(0)).transpose()? else { return Ok(None) };
    // Of two that type it at the same time one finds it.
    let sql = "UPDATE terminais SET codigo = NULL, codigo_expira_em = NULL WHERE id = ? AND codigo = ?";
    Ok((conn.execute(sql, &[id.into(), codigo.into()])? == 1).then_some(id))
}

/// The SHA-256 of its new token, in hexadecimal; the one before counts no more.
pub fn enrol(conn: &mut dyn Connection, id: i64, resumo: &str, now: DataHora) -> Result<(), Error> {
    let sql = "UPDATE terminais SET resumo = ?, inscrito_em = ? WHERE id = ?";
    conn.execute(sql, &[resumo.into(), now.into(), id.into()])?;
    Ok(())
}

/// Its token counts no more, until it is enrolled again.
pub fn cut_off(conn: &mut dyn Connection, id: i64) -> Result<(), Error> {
    conn.execute("UPDATE terminais SET resumo = NULL WHERE id = ?", &[id.into()])?;
    Ok(())
}

/// Takes it back for good; again is the same.
pub fn revoke(conn: &mut dyn Connection, id: i64, now: DataHora) -> Result<(), Error> {
    find(conn, id)?;
    let sql = "UPDATE terminais SET revogado_em = ?, resumo = NULL, codigo = NULL WHERE id = ? AND revogado_em IS NULL";
    conn.execute(sql, &[now.into(), id.into()])?;
    Ok(())
}

/// Locks the row of an enrolled terminal until the transaction ends; whether it is one.
pub fn lock(conn: &mut dyn Connection, id: i64) -> Result<bool, Error> {
    let sql =
        "UPDATE terminais SET codigo = codigo WHERE id = ? AND resumo IS NOT NULL AND revogado_em IS NULL";
    Ok(conn.execute(sql, &[id.into()])? == 1)
}

fn terminal(row: &Row) -> Result<Terminal, DbError> {
    let r = COLUMNS.of(row);
    Ok(Terminal {
        id: r.int("id")?,
        nome: r.string("nome")?,
        papel: papel(&r.string("papel")?)?,
        inscrito: r.string_or_null("resumo")?.is_some(),
        criado_em: r.time("criado_em")?,
        inscrito_em: r.time_or_null("inscrito_em")?,
        revogado_em: r.time_or_null("revogado_em")?,
    })
}

/// There is no such terminal.
pub const NOT_FOUND: Error = Error::NotFound("Terminal não encontrado");
