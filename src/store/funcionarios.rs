//! `funcionarios`: the people of the staff. A row is never deleted: events name it.

use super::{
    chaves::papel,
    columns::Columns,
    connection::{Connection, Row, Value},
    statements::{Target, update_columns},
};
use crate::{
    domain::{data_hora::DataHora, funcionario::Funcionario, papel::Papel},
    error::{DbError, Error},
};

const COLUMNS: Columns = Columns(&["id", "nome", "papel", "senha", "criado_em", "desligado_em"]);

/// People that are shown or loaded at most.
const MAX: i64 = 10_000;

/// A person that works here.
pub struct Active {
    pub id: i64,
    pub nome: String,
    pub papel: Papel,
}

/// A row that is written: PIN and password as hashes.
pub struct New {
    pub nome: String,
    pub papel: Papel,
    pub pin: String,
    pub senha: Option<String>,
}

/// What is set of a row; `None` stays.
#[derive(Clone, Default)]
pub struct Columned {
    pub nome: Option<String>,
    pub papel: Option<Papel>,
    pub pin: Option<String>,
    pub senha: Option<Option<String>>,
}

/// What a person's PIN and password are checked against.
#[derive(PartialEq, Eq)]
pub struct Hashes {
    pub papel: Papel,
    pub pin: String,
    pub senha: Option<String>,
}

/// Everybody, those who were dismissed too, the newest first.
pub fn list(conn: &mut dyn Connection) -> Result<Vec<Funcionario>, Error> {
    let sql = format!("SELECT {} FROM funcionarios ORDER BY id DESC LIMIT ?", COLUMNS.list());
    Ok(conn.query(&sql, &[MAX.into()])?.iter().map(funcionario).collect::<Result<_, _>>()?)
}

/// One person.
pub fn find(conn: &mut dyn Connection, id: i64) -> Result<Funcionario, Error> {
    let sql = format!("SELECT {} FROM funcionarios WHERE id = ?", COLUMNS.list());
    conn.query(&sql, &[id.into()])?.first().map(funcionario).transpose()?.ok_or(NOT_FOUND)
}

/// Those who work here.
pub fn active(conn: &mut dyn Connection) -> Result<Vec<Active>, Error> {
    let sql = "SELECT id, nome, papel FROM funcionarios WHERE desligado_em IS NULL LIMIT ?";
    let active = |row: &Row| {
        Ok(Active { id: row.int(0)?, nome: row.text(1)?.to_owned(), papel: papel(row.text(2)?)? })
    };
    Ok(conn.query(sql, &[MAX.into()])?.iter().map(active).collect::<Result<_, DbError>>()?)
}

/// Of a person that works here.
pub fn hashes(conn: &mut dyn Connection, id: i64) -> Result<Option<Hashes>, Error> {
    let sql = "SELECT papel, pin, senha FROM funcionarios WHERE id = ? AND desligado_em IS NULL";
    Ok(conn.query(sql, &[id.into()])?.first().map(of_row).transpose()?)
}

fn of_row(row: &Row) -> Result<Hashes, DbError> {
    let pin = row.text(1)?.to_owned();
    Ok(Hashes { papel: papel(row.text(0)?)?, pin, senha: row.string_or_null(2)? })
}

/// Of all who work here.
pub fn all_hashes(conn: &mut dyn Connection) -> Result<Vec<Hashes>, Error> {
    let sql = "SELECT papel, pin, senha FROM funcionarios WHERE desligado_em IS NULL LIMIT ?";
    Ok(conn.query(sql, &[MAX.into()])?.iter().map(of_row).collect::<Result<_, _>>()?)
}

/// As `hashes`, and nobody changes them until the transaction ends.
pub fn lock(conn: &mut dyn Connection, id: i64) -> Result<Option<Hashes>, Error> {
    conn.execute("UPDATE funcionarios SET nome = nome WHERE id = ?", &[id.into()])?;
    hashes(conn, id)
}

/// Whether there ever was a manager: a door that was locked once does not open when the last one leaves.
pub fn any_manager(conn: &mut dyn Connection) -> Result<bool, Error> {
    Ok(!conn.query("SELECT 1 FROM funcionarios WHERE papel = 'gerente' LIMIT 1", &[])?.is_empty())
}

/// Whether somebody beside this person can manage: another manager, or whoever holds a manager's key.
pub fn is_managed_without(conn: &mut dyn Connection, id: i64, now: DataHora) -> Result<bool, Error> {
    let sql =
        "SELECT 1 FROM funcionarios WHERE papel = 'gerente' AND desligado_em IS NULL AND id <> ? LIMIT 1";
    if !conn.query(sql, &[id.into()])?.is_empty() {
        return Ok(true);
    }
    let sql = "SELECT 1 FROM chaves WHERE papel = 'gerente' AND revogada_em IS NULL \
               AND (expira_em IS NULL OR expira_em > ?) LIMIT 1";
    Ok(!conn.query(sql, &[now.into()])?.is_empty())
}

/// Writes a person and gives the id.
pub fn insert(conn: &mut dyn Connection, new: &New, now: DataHora) -> Result<i64, Error> {
    let sql = "INSERT INTO funcionarios (nome, papel, pin, senha, criado_em) VALUES (?, ?, ?, ?, ?)";
    let values: [Value; 5] = [
        new.nome.as_str().into(),
        new.papel.nome().into(),
        new.pin.as_str().into(),
        new.senha.clone().into(),
        now.into(),
    ];
    conn.execute(sql, &values)?;
    Ok(conn.last_id())
}

/// Sets what was given, of a person that works here.
pub fn update(conn: &mut dyn Connection, id: i64, change: Columned) -> Result<(), Error> {
    let columns = vec![
        ("nome", change.nome.map(Value::from)),
        ("papel", change.papel.map(|papel| Value::from(papel.nome()))),
        ("pin", change.pin.map(Value::from)),
        ("senha", change.senha.map(Value::from)),
    ];
    let target = Target { table: "funcionarios", condition: " AND desligado_em IS NULL", id };
    if update_columns(conn, target, columns)? { Ok(()) } else { Err(NOT_FOUND) }
}

/// The person works here no more; again is the same.
pub fn dismiss(conn: &mut dyn Connection, id: i64, now: DataHora) -> Result<(), Error> {
    find(conn, id)?;
    let sql = "UPDATE funcionarios SET desligado_em = ? WHERE id = ? AND desligado_em IS NULL";
    conn.execute(sql, &[now.into(), id.into()])?;
    Ok(())
}

fn funcionario(row: &Row) -> Result<Funcionario, DbError> {
    let r = COLUMNS.of(row);
    Ok(Funcionario {
        id: r.int("id")?,
        nome: r.string("nome")?,
        papel: papel(&r.string("papel")?)?,
        tem_senha: r.string_or_null("senha")?.is_some(),
        criado_em: r.time("criado_em")?,
        desligado_em: r.time_or_null("desligado_em")?,
    })
}

/// There is no such person, or it does not work here any more.
pub const NOT_FOUND: Error = Error::NotFound("Funcionário não encontrado");
