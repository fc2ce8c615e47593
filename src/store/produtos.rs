//! `produtos`.

use super::{
    alterar_colunas,
    connection::{Connection, Row, Value},
    marcas,
    pagina::{Cursor, Pagina, cortar},
};
use crate::{
    domain::{
        dinheiro::Dinheiro,
        produto::{Alteracao, Categoria, Produto},
    },
    error::{DbError, Error},
};

const COLUNAS: &str = "id, nome, categoria, valor, descricao, ativo";

/// What is on sale, of one category or of all.
pub fn cardapio(
    conn: &mut dyn Connection,
    categoria: Option<Categoria>,
    pagina: &Pagina<1>,
) -> Result<(Vec<Produto>, Option<Cursor<1>>), Error> {
    let apos = pagina.apos.as_ref().map_or(0, |c| c.0[0]);
    let mut valores = vec![apos.into()];
    let filtro = categoria.map_or("", |c| {
        valores.push((c as i64).into());
        " AND categoria = ?"
    });
    valores.push(Value::Int(pagina.limite as i64 + 1));
    let sql =
        format!("SELECT {COLUNAS} FROM produtos WHERE ativo = 1 AND id > ?{filtro} ORDER BY id LIMIT ?");
    let mut produtos: Vec<Produto> =
        conn.query(&sql, &valores)?.iter().map(produto).collect::<Result<_, _>>()?;
    let proxima = cortar(&mut produtos, pagina.limite, |p| [p.id]);
    Ok((produtos, proxima))
}

pub fn buscar(conn: &mut dyn Connection, id: i64) -> Result<Produto, Error> {
    let sql = format!("SELECT {COLUNAS} FROM produtos WHERE id = ?");
    conn.query(&sql, &[id.into()])?.first().map(produto).transpose()?.ok_or(NAO_ENCONTRADO)
}

/// Name and price of those of these products that are on sale.
pub fn a_venda(conn: &mut dyn Connection, ids: &[i64]) -> Result<Vec<(i64, String, Dinheiro)>, Error> {
    let (marcas, valores) = marcas(ids);
    let sql = format!("SELECT id, nome, valor FROM produtos WHERE ativo = 1 AND id IN ({marcas})");
    let linhas = conn.query(&sql, &valores)?;
    let precos = linhas.iter().map(|l| Ok((l.int(0)?, l.text(1)?.to_owned(), l.money(2)?)));
    Ok(precos.collect::<Result<_, DbError>>()?)
}

pub fn inserir(conn: &mut dyn Connection, novo: &Alteracao) -> Result<i64, Error> {
    let sql = "INSERT INTO produtos (nome, categoria, valor, descricao) VALUES (?, ?, ?, ?)";
    let valores = [
        novo.nome.clone().into(),
        novo.categoria.map(|c| c as i64).into(),
        novo.valor.into(),
        novo.descricao.clone().flatten().into(),
    ];
    conn.execute(sql, &valores)?;
    Ok(conn.last_id())
}

/// Sets the fields that were given, and only those.
pub fn alterar(conn: &mut dyn Connection, id: i64, alteracao: &Alteracao) -> Result<(), Error> {
    let Alteracao { nome, categoria, valor, descricao, ativo } = alteracao;
    let colunas = vec![
        ("nome", nome.as_deref().map(Value::from)),
        ("categoria", categoria.map(|c| Value::Int(c as i64))),
        ("valor", valor.map(Value::from)),
        ("descricao", descricao.clone().map(Value::from)),
        ("ativo", ativo.map(Value::from)),
    ];
    if alterar_colunas(conn, ("produtos", ""), id, colunas)? { Ok(()) } else { Err(NAO_ENCONTRADO) }
}

/// Takes it off the menu. One that was never ordered is gone; one that was stays for the orders that name it.
pub fn retirar(conn: &mut dyn Connection, id: i64) -> Result<(), Error> {
    if conn.execute("UPDATE produtos SET ativo = 0 WHERE id = ?", &[id.into()])? == 0 {
        return Err(NAO_ENCONTRADO);
    }
    match conn.execute("DELETE FROM produtos WHERE id = ?", &[id.into()]) {
        Ok(_) | Err(DbError::ForeignKey(_)) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

const NAO_ENCONTRADO: Error = Error::NotFound("Produto não encontrado");

fn produto(linha: &Row) -> Result<Produto, DbError> {
    Ok(Produto {
        id: linha.int(0)?,
        nome: linha.text(1)?.to_owned(),
        categoria: linha.numbered(2)?,
        valor: linha.money(3)?,
        descricao: linha.string_or_null(4)?,
        ativo: linha.int(5)? != 0,
    })
}
