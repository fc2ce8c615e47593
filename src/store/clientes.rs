//! `clientes`.

use super::{
    alterar_colunas,
    connection::{Connection, Row, Value},
    marcas,
    pagina::{Cursor, Pagina, cortar},
};
use crate::{
    domain::{
        cliente::{Alteracao, Cliente},
        data_hora::DataHora,
    },
    error::{DbError, Error},
};

const COLUNAS: &str = "id, cpf, nome, email, telefone, ativo";

pub fn listar(
    conn: &mut dyn Connection,
    pagina: &Pagina<1>,
) -> Result<(Vec<Cliente>, Option<Cursor<1>>), Error> {
    let sql =
        format!("SELECT {COLUNAS} FROM clientes WHERE apagado_em IS NULL AND id > ? ORDER BY id LIMIT ?");
    let apos = pagina.apos.as_ref().map_or(0, |c| c.0[0]);
    let linhas = conn.query(&sql, &[apos.into(), Value::Int(pagina.limite as i64 + 1)])?;
    let mut clientes: Vec<Cliente> = linhas.iter().map(cliente).collect::<Result<_, _>>()?;
    let proxima = cortar(&mut clientes, pagina.limite, |c| [c.id]);
    Ok((clientes, proxima))
}

pub fn buscar(conn: &mut dyn Connection, id: i64) -> Result<Cliente, Error> {
    let sql = format!("SELECT {COLUNAS} FROM clientes WHERE id = ? AND apagado_em IS NULL");
    let linhas = conn.query(&sql, &[id.into()])?;
    linhas.first().map(cliente).transpose()?.ok_or(NAO_ENCONTRADO)
}

/// Those of these that there are.
pub fn existentes(conn: &mut dyn Connection, ids: &[i64]) -> Result<Vec<i64>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (marcas, valores) = marcas(ids);
    let sql = format!("SELECT id FROM clientes WHERE id IN ({marcas}) AND apagado_em IS NULL");
    let linhas = conn.query(&sql, &valores)?;
    Ok(linhas.iter().map(|l| l.int(0)).collect::<Result<_, DbError>>()?)
}

pub fn inserir(conn: &mut dyn Connection, novo: &Alteracao) -> Result<i64, Error> {
    let sql = "INSERT INTO clientes (cpf, nome, email, telefone) VALUES (?, ?, ?, ?)";
    let texto = |t: Option<&str>| Value::from(t.map(str::to_owned));
    let valores = [
        texto(novo.cpf.as_ref().map(|c| c.as_str())),
        texto(novo.nome.as_deref()),
        texto(novo.email.iter().flatten().next().map(|e| e.as_str())),
        texto(novo.telefone.iter().flatten().next().map(|t| t.as_str())),
    ];
    conn.execute(sql, &valores).map_err(repetido)?;
    Ok(conn.last_id())
}

/// Sets the fields that were given, and only those.
pub fn alterar(conn: &mut dyn Connection, id: i64, alteracao: &Alteracao) -> Result<(), Error> {
    let Alteracao { cpf, nome, email, telefone, ativo } = alteracao;
    let colunas = vec![
        ("cpf", cpf.as_ref().map(|c| c.as_str().into())),
        ("nome", nome.as_deref().map(Value::from)),
        ("email", email.as_ref().map(|e| e.as_ref().map(|e| e.as_str().to_owned()).into())),
        ("telefone", telefone.as_ref().map(|t| t.as_ref().map(|t| t.as_str().to_owned()).into())),
        ("ativo", ativo.map(Value::from)),
    ];
    let ha = alterar_colunas(conn, ("clientes", " AND apagado_em IS NULL"), id, colunas).map_err(repetido)?;
    if ha { Ok(()) } else { Err(NAO_ENCONTRADO) }
}

/// Erases the person. The row goes too, unless orders point at it.
pub fn apagar(conn: &mut dyn Connection, id: i64, agora: DataHora) -> Result<(), Error> {
    let sql = "UPDATE clientes SET cpf = NULL, nome = NULL, username = NULL, email = NULL, telefone = NULL, \
               hashed_password = NULL, ativo = 0, apagado_em = ? WHERE id = ? AND apagado_em IS NULL";
    if conn.execute(sql, &[agora.into(), id.into()])? == 0 {
        return Err(NAO_ENCONTRADO);
    }
    match conn.execute("DELETE FROM clientes WHERE id = ?", &[id.into()]) {
        Ok(_) | Err(DbError::ForeignKey(_)) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

pub const NAO_ENCONTRADO: Error = Error::NotFound("Cliente não encontrado");

fn repetido(erro: DbError) -> Error {
    match erro {
        DbError::Unique(chave) if chave == "clientes_cpf" => {
            Error::conflict("cpf_ja_cadastrado", "CPF já cadastrado")
        }
        DbError::Unique(chave) if chave == "clientes_email" => {
            Error::conflict("email_ja_cadastrado", "E-mail já cadastrado")
        }
        outro => outro.into(),
    }
}

fn cliente(linha: &Row) -> Result<Cliente, DbError> {
    Ok(Cliente {
        id: linha.int(0)?,
        cpf: linha.string_or_null(1)?,
        nome: linha.string_or_null(2)?,
        username: None,
        email: linha.string_or_null(3)?,
        telefone: linha.string_or_null(4)?,
        ativo: linha.int(5)? != 0,
    })
}
