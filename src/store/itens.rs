//! `itens`: the lines of orders, always written and read with them.

use std::collections::HashMap;

use super::{
    connection::{Connection, Row},
    inserir_linhas, marcas, pedidos,
};
use crate::{
    domain::{
        dinheiro::Dinheiro,
        pedido::{Item, Pedido},
    },
    error::{DbError, Error},
};

/// Writes the lines of these orders.
pub fn inserir(conn: &mut dyn Connection, pedidos: &[Pedido]) -> Result<(), Error> {
    let linha = |(pedido, item): (i64, &Item)| {
        let Item { produto, nome, quantidade, descricao, valor } = item;
        [
            pedido.into(),
            (*produto).into(),
            nome.as_str().into(),
            (*quantidade).into(),
            (*valor).into(),
            descricao.clone().into(),
        ]
    };
    let itens = pedidos.iter().flat_map(|p| p.itens.iter().map(|item| (p.id, item)));
    let tabela = "itens (pedido, produto, nome, quantidade, valor, descricao)";
    inserir_linhas(conn, tabela, itens.map(linha).collect()).map_err(pedidos::sumiu("Produto não encontrado"))
}

/// Reads the lines of these orders into them, and adds them up.
pub fn juntar(conn: &mut dyn Connection, pedidos: &mut [Pedido]) -> Result<(), Error> {
    let ids: Vec<i64> = pedidos.iter().map(|p| p.id).collect();
    let mut por_pedido: HashMap<i64, Vec<Item>> = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(JUNTOS) {
        for linha in ler(conn, ids, i64::MAX)? {
            por_pedido.entry(linha.int(0)?).or_default().push(item(&linha)?);
        }
    }
    distribuir(pedidos, por_pedido)
}

/// Orders whose lines are read at a time, and lines that are in memory at a time.
pub const JUNTOS: usize = 512;
const LINHAS_JUNTAS: usize = 2048;

/// As `juntar`, for the first of these orders: `juntos` at most, and fewer where orders are long, which `juntos` then
/// tells. Gives how many have their lines now; with orders there are, it is one at least.
pub fn juntar_primeiros(
    conn: &mut dyn Connection,
    pedidos: &mut [Pedido],
    juntos: &mut usize,
) -> Result<usize, Error> {
    loop {
        let quantos = pedidos.len().min(*juntos);
        let primeiros = &mut pedidos[..quantos];
        let ids: Vec<i64> = primeiros.iter().map(|p| p.id).collect();
        let limite = if quantos > 1 { LINHAS_JUNTAS as i64 + 1 } else { i64::MAX };
        let linhas = ler(conn, &ids, limite)?;
        let mut por_pedido: HashMap<i64, Vec<Item>> = HashMap::with_capacity(quantos);
        for linha in &linhas {
            por_pedido.entry(linha.int(0)?).or_default().push(item(linha)?);
        }
        if quantos > 1 && linhas.len() > LINHAS_JUNTAS {
            // So many orders were whole.
            *juntos = (por_pedido.len() - 1).clamp(1, quantos - 1);
            continue;
        }
        distribuir(primeiros, por_pedido)?;
        return Ok(quantos);
    }
}

fn ler(conn: &mut dyn Connection, pedidos: &[i64], limite: i64) -> Result<Vec<Row>, DbError> {
    let (marcas, mut valores) = marcas(pedidos);
    let sql = format!(
        "SELECT pedido, produto, nome, quantidade, descricao, valor FROM itens WHERE pedido IN ({marcas}) ORDER BY pedido, id LIMIT ?"
    );
    valores.push(limite.into());
    conn.query(&sql, &valores)
}

fn distribuir(pedidos: &mut [Pedido], mut por_pedido: HashMap<i64, Vec<Item>>) -> Result<(), Error> {
    for pedido in pedidos {
        pedido.itens = por_pedido.remove(&pedido.id).unwrap_or_default();
        pedido.valor_total = total(&pedido.itens)?;
    }
    Ok(())
}

/// Blanks the notes of these orders, which are other versions then.
pub fn apagar_observacoes(conn: &mut dyn Connection, pedidos: &[i64]) -> Result<(), Error> {
    let (marcas, valores) = marcas(pedidos);
    let sql = format!(
        "UPDATE pedidos SET versao = versao + 1 WHERE id IN ({marcas}) AND EXISTS \
         (SELECT 1 FROM itens WHERE itens.pedido = pedidos.id AND itens.descricao IS NOT NULL)"
    );
    conn.execute(&sql, &valores)?;
    let sql =
        format!("UPDATE itens SET descricao = NULL WHERE descricao IS NOT NULL AND pedido IN ({marcas})");
    conn.execute(&sql, &valores)?;
    Ok(())
}

pub fn total(itens: &[Item]) -> Result<Dinheiro, Error> {
    let valores: Option<Vec<Dinheiro>> = itens.iter().map(|i| i.valor.vezes(i.quantidade)).collect();
    valores.map(|v| v.into_iter().sum()).ok_or_else(|| Error::Internal("a total beyond 64 bits".into()))
}

fn item(linha: &Row) -> Result<Item, DbError> {
    Ok(Item {
        produto: linha.int_or_null(1)?,
        nome: linha.text(2)?.to_owned(),
        quantidade: linha.int(3)?,
        descricao: linha.string_or_null(4)?,
        valor: linha.money(5)?,
    })
}
