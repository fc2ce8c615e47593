//! `clientes`.

use super::{
    columns::Columns,
    connection::{Connection, Row, Value},
    locks::{BY_PRIMARY_KEY, SHARED},
    page::{Cursor, PageRequest, cut},
    statements::{Target, placeholders, update_columns},
};
use crate::{
    domain::{
        cliente::{Alteracao, Cliente, Cpf},
        data_hora::DataHora,
    },
    error::{DbError, Error},
};

const COLUMNS: Columns = Columns(&["id", "cpf", "nome", "email", "telefone", "ativo"]);

/// A page of the customers, by id.
pub fn list(
    conn: &mut dyn Connection,
    page: &PageRequest<1>,
) -> Result<(Vec<Cliente>, Option<Cursor<1>>), Error> {
    let columns = COLUMNS.list();
    let sql =
        format!("SELECT {columns} FROM clientes WHERE apagado_em IS NULL AND id > ? ORDER BY id LIMIT ?");
    let after = page.after.as_ref().map_or(0, |c| c.0[0]);
    let rows = conn.query(&sql, &[after.into(), Value::Int(page.limit as i64 + 1)])?;
    let mut clientes: Vec<Cliente> = rows.iter().map(cliente).collect::<Result<_, _>>()?;
    let next = cut(&mut clientes, page.limit, |c| [c.id]);
    Ok((clientes, next))
}

/// One customer; `NotFound` also when erased.
pub fn find(conn: &mut dyn Connection, id: i64) -> Result<Cliente, Error> {
    let sql = format!("SELECT {} FROM clientes WHERE id = ? AND apagado_em IS NULL", COLUMNS.list());
    let rows = conn.query(&sql, &[id.into()])?;
    rows.first().map(cliente).transpose()?.ok_or(NOT_FOUND)
}

/// The customer with this CPF.
pub fn find_by_cpf(conn: &mut dyn Connection, cpf: &Cpf) -> Result<Option<Cliente>, Error> {
    let sql = format!("SELECT {} FROM clientes WHERE cpf = ? AND apagado_em IS NULL", COLUMNS.list());
    Ok(conn.query(&sql, &[cpf.as_str().into()])?.first().map(cliente).transpose()?)
}

/// When this customer was registered; `None` where nobody knows.
pub fn registered_at(conn: &mut dyn Connection, id: i64) -> Result<Option<DataHora>, Error> {
    let rows = conn.query("SELECT criado_em FROM clientes WHERE id = ?", &[id.into()])?;
    Ok(rows.first().map(|row| row.time_or_null(0)).transpose()?.flatten())
}

/// Whether somebody has the CPF or the e-mail of this new customer.
pub fn is_known(conn: &mut dyn Connection, new: &Alteracao) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM clientes WHERE cpf = ? UNION ALL SELECT 1 FROM clientes WHERE email = ? LIMIT 1";
    Ok(!conn.query(sql, &[cpf_of(new), email_of(new)])?.is_empty())
}

/// Those of these that there are. They stay until the transaction ends: one that is being erased is waited for, and found
/// to be gone.
pub fn existing(conn: &mut dyn Connection, ids: &[i64]) -> Result<Vec<i64>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (marks, values) = placeholders(ids);
    let sql = format!(
        "SELECT id FROM clientes {BY_PRIMARY_KEY} WHERE id IN ({marks}) AND apagado_em IS NULL {SHARED}"
    );
    let rows = conn.query(&sql, &values)?;
    Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, DbError>>()?)
}

/// Writes a new customer and gives the id. `Conflict` when CPF or e-mail is known already.
pub fn insert(conn: &mut dyn Connection, new: &Alteracao, now: DataHora) -> Result<i64, Error> {
    let sql = "INSERT INTO clientes (cpf, nome, email, telefone, criado_em) VALUES (?, ?, ?, ?, ?)";
    let values = [
        cpf_of(new),
        text(new.nome.as_deref()),
        email_of(new),
        text(new.telefone.iter().flatten().next().map(|t| t.as_str())),
        now.into(),
    ];
    conn.execute(sql, &values).map_err(duplicate)?;
    Ok(conn.last_id())
}

/// Writes as much as `insert` does and leaves nothing behind: so nobody can tell by the time it takes.
pub fn insert_nobody(conn: &mut dyn Connection, now: DataHora) -> Result<(), Error> {
    let id = insert(conn, &Alteracao::default(), now)?;
    conn.execute("DELETE FROM clientes WHERE id = ?", &[id.into()])?;
    Ok(())
}

fn cpf_of(new: &Alteracao) -> Value {
    text(new.cpf.as_ref().map(|c| c.as_str()))
}

fn email_of(new: &Alteracao) -> Value {
    text(new.email.iter().flatten().next().map(|e| e.as_str()))
}

fn text(text: Option<&str>) -> Value {
    text.map(str::to_owned).into()
}

/// Sets the fields that were given, and only those.
pub fn update(conn: &mut dyn Connection, id: i64, change: &Alteracao) -> Result<(), Error> {
    let Alteracao { cpf, nome, email, telefone, ativo } = change;
    let columns = vec![
        ("cpf", cpf.as_ref().map(|c| c.as_str().into())),
        ("nome", nome.as_deref().map(Value::from)),
        ("email", email.as_ref().map(|e| e.as_ref().map(|e| e.as_str().to_owned()).into())),
        ("telefone", telefone.as_ref().map(|t| t.as_ref().map(|t| t.as_str().to_owned()).into())),
        ("ativo", ativo.map(Value::from)),
    ];
    let target = Target { table: "clientes", condition: " AND apagado_em IS NULL", id };
    if update_columns(conn, target, columns).map_err(duplicate)? { Ok(()) } else { Err(NOT_FOUND) }
}

/// Erases the person. The row goes too, unless orders point at it.
pub fn erase(conn: &mut dyn Connection, id: i64, now: DataHora) -> Result<(), Error> {
    let sql = "UPDATE clientes SET cpf = NULL, nome = NULL, username = NULL, email = NULL, telefone = NULL, \
               hashed_password = NULL, ativo = 0, apagado_em = ? WHERE id = ? AND apagado_em IS NULL";
    if conn.execute(sql, &[now.into(), id.into()])? == 0 {
        return Err(NOT_FOUND);
    }
    match conn.execute("DELETE FROM clientes WHERE id = ?", &[id.into()]) {
        Ok(_) | Err(DbError::ForeignKey(_)) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// The migration that made `criado_em`: who has none was registered before.
const REGISTRATION_NOTED: i64 = 8;

/// Registered before `?` and without an order since `?`; where it is not known when somebody was registered, the newest
/// order counts, and else the migration.
const INACTIVE: &str = "c.apagado_em IS NULL AND COALESCE(c.criado_em, \
     (SELECT MAX(p.datahora_recebido) FROM pedidos p WHERE p.cliente = c.id), \
     (SELECT m.aplicada_em FROM migracoes m WHERE m.versao = ?)) < ? \
     AND NOT EXISTS (SELECT 1 FROM pedidos p WHERE p.cliente = c.id AND p.datahora_recebido >= ?)";

/// The first customers behind this id, by id, who are not erased and have had no order since `limit`, nor were registered
/// since.
pub fn inactive(
    conn: &mut dyn Connection,
    limit: DataHora,
    after: i64,
    count: i64,
) -> Result<Vec<i64>, Error> {
    let sql = format!("SELECT c.id FROM clientes c WHERE c.id > ? AND {INACTIVE} ORDER BY c.id LIMIT ?");
    let values = [after.into(), REGISTRATION_NOTED.into(), limit.into(), limit.into(), count.into()];
    Ok(conn.query(&sql, &values)?.iter().map(|row| row.int(0)).collect::<Result<_, DbError>>()?)
}

/// Those of these of whom that is still true, with their rows locked: an order that comes meanwhile waits.
pub fn lock_inactive(conn: &mut dyn Connection, ids: &[i64], limit: DataHora) -> Result<Vec<i64>, Error> {
    let (marks, keys) = placeholders(ids);
    // Changes nothing, and locks on both engines.
    conn.execute(&format!("UPDATE clientes SET ativo = ativo WHERE id IN ({marks})"), &keys)?;
    let sql = format!("SELECT c.id FROM clientes c WHERE c.id IN ({marks}) AND {INACTIVE} ORDER BY c.id");
    let values: Vec<Value> =
        keys.into_iter().chain([REGISTRATION_NOTED.into(), limit.into(), limit.into()]).collect();
    Ok(conn.query(&sql, &values)?.iter().map(|row| row.int(0)).collect::<Result<_, DbError>>()?)
}

/// There is no such customer, or no longer.
pub const NOT_FOUND: Error = Error::NotFound("Cliente não encontrado");

fn duplicate(error: DbError) -> Error {
    match error {
        DbError::Unique(key) if key == "clientes_cpf" => {
            Error::conflict("cpf_ja_cadastrado", "CPF já cadastrado")
        }
        DbError::Unique(key) if key == "clientes_email" => {
            Error::conflict("email_ja_cadastrado", "E-mail já cadastrado")
        }
        other => other.into(),
    }
}

fn cliente(row: &Row) -> Result<Cliente, DbError> {
    let r = COLUMNS.of(row);
    Ok(Cliente {
        id: r.int("id")?,
        cpf: r.string_or_null("cpf")?,
        nome: r.string_or_null("nome")?,
        username: None,
        email: r.string_or_null("email")?,
        telefone: r.string_or_null("telefone")?,
        ativo: r.flag("ativo")?,
    })
}
