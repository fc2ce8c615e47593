//! `chaves`: keys of programs and terminals. What is stored of one is its SHA-256. A row is never deleted: events name it.

use super::{
    columns::Columns,
    connection::{Connection, Row, Value},
};
use crate::{
    domain::{
        chave::{Chave, NewChave},
        data_hora::DataHora,
        papel::Papel,
    },
    error::{DbError, Error},
};

const COLUMNS: Columns =
    Columns(&["id", "nome", "papel", "criada_em", "criada_por", "expira_em", "revogada_em", "usada_em"]);

/// Keys that are shown or loaded at most.
const MAX: i64 = 10_000;

/// A key that opens doors, by what is stored of it.
pub struct Active {
    pub id: i64,
    pub papel: Papel,
    pub resumo: String,
    pub expira_em: Option<DataHora>,
}

/// All keys, the newest first.
pub fn list(conn: &mut dyn Connection) -> Result<Vec<Chave>, Error> {
    let sql = format!("SELECT {} FROM chaves ORDER BY id DESC LIMIT ?", COLUMNS.list());
    Ok(conn.query(&sql, &[MAX.into()])?.iter().map(chave).collect::<Result<_, _>>()?)
}

/// One key.
pub fn find(conn: &mut dyn Connection, id: i64) -> Result<Chave, Error> {
    let sql = format!("SELECT {} FROM chaves WHERE id = ?", COLUMNS.list());
    conn.query(&sql, &[id.into()])?.first().map(chave).transpose()?.ok_or(NOT_FOUND)
}

/// Those that are not revoked; some may have expired.
pub fn active(conn: &mut dyn Connection) -> Result<Vec<Active>, Error> {
    let sql = "SELECT id, papel, resumo, expira_em FROM chaves WHERE revogada_em IS NULL LIMIT ?";
    let active = |row: &Row| {
        let papel = papel(row.text(1)?)?;
        Ok(Active {
            id: row.int(0)?,
            papel,
            resumo: row.text(2)?.to_owned(),
            expira_em: row.time_or_null(3)?,
        })
    };
    Ok(conn.query(sql, &[MAX.into()])?.iter().map(active).collect::<Result<_, DbError>>()?)
}

/// Whether there ever was a key of a manager: a door that was locked once does not open when the key is revoked.
pub fn any_manager(conn: &mut dyn Connection) -> Result<bool, Error> {
    Ok(!conn.query("SELECT 1 FROM chaves WHERE papel = 'gerente' LIMIT 1", &[])?.is_empty())
}

/// Writes a key whose SHA-256 is not known yet, since it contains the id, and gives the id.
pub fn insert(conn: &mut dyn Connection, new: &NewChave, placeholder: &str) -> Result<i64, Error> {
    let sql = "INSERT INTO chaves (nome, papel, resumo, criada_em, criada_por, expira_em) VALUES (?, ?, ?, ?, ?, ?)";
    let values: [Value; 6] = [
        new.nome.as_str().into(),
        new.papel.nome().into(),
        placeholder.into(),
        new.criada_em.into(),
        new.criada_por.as_str().into(),
        new.expira_em.into(),
    ];
    conn.execute(sql, &values)?;
    Ok(conn.last_id())
}

/// The SHA-256 of a key that was inserted in the same transaction, in hexadecimal.
pub fn set_digest(conn: &mut dyn Connection, id: i64, resumo: &str) -> Result<(), Error> {
    conn.execute("UPDATE chaves SET resumo = ? WHERE id = ?", &[resumo.into(), id.into()])?;
    Ok(())
}

/// Takes it back for good; again is the same.
pub fn revoke(conn: &mut dyn Connection, id: i64, now: DataHora) -> Result<(), Error> {
    find(conn, id)?;
    let sql = "UPDATE chaves SET revogada_em = ? WHERE id = ? AND revogada_em IS NULL";
    conn.execute(sql, &[now.into(), id.into()])?;
    Ok(())
}

/// Notes when these were last used.
pub fn note_use(conn: &mut dyn Connection, uses: &[(i64, DataHora)]) -> Result<(), Error> {
    for (id, at) in uses {
        conn.execute("UPDATE chaves SET usada_em = ? WHERE id = ?", &[(*at).into(), (*id).into()])?;
    }
    Ok(())
}

fn chave(row: &Row) -> Result<Chave, DbError> {
    let r = COLUMNS.of(row);
    Ok(Chave {
        id: r.int("id")?,
        nome: r.string("nome")?,
        papel: papel(&r.string("papel")?)?,
        criada_em: r.time("criada_em")?,
        criada_por: r.string("criada_por")?,
        expira_em: r.time_or_null("expira_em")?,
        revogada_em: r.time_or_null("revogada_em")?,
        usada_em: r.time_or_null("usada_em")?,
    })
}

/// A role as it is stored.
pub(super) fn papel(nome: &str) -> Result<Papel, DbError> {
    Papel::try_from(nome).map_err(|_| DbError::Other(format!("papel should be a role and is {nome}")))
}

/// There is no such key.
pub const NOT_FOUND: Error = Error::NotFound("Chave não encontrada");
