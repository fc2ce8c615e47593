//! A customer's choice becomes an order, with its number and its QR code: all of it, or nothing.

use serde::Serialize;

use crate::{
    domain::{
        data_hora::DataHora,
        pedido::{Item, Pedido},
    },
    error::Error,
    pagamento::{Cobranca, Gateway},
    store::{
        Connection, Store, clientes,
        idempotencia::{self, Registro},
        pedidos, produtos, senhas,
    },
};

/// What the customer chose. Prices are not asked for: they are on the menu.
#[derive(Serialize)]
pub struct Escolha {
    pub cliente: Option<i64>,
    pub linhas: Vec<Linha>,
}

#[derive(Serialize)]
pub struct Linha {
    pub produto: i64,
    pub quantidade: i64,
    pub descricao: Option<String>,
}

pub struct Resposta {
    /// The order as JSON; on a repeated request the very answer that was given before.
    pub corpo: String,
    pub repetida: bool,
}

/// `chave` is the client's `Idempotency-Key`: the same choice under the same key makes one order, however often it
/// is sent. Another choice under the same key is `Invalid`, one that is still under way `Conflict`.
pub fn checkout(
    store: &Store,
    gateway: &dyn Gateway,
    escolha: &Escolha,
    chave: Option<&str>,
    agora: DataHora,
) -> Result<Resposta, Error> {
    let id_pagamento = uuid::Uuid::new_v4().to_string();
    let corpo = impressao(escolha)?;
    store.write(|conn| {
        if let Some(chave) = chave {
            match idempotencia::registrar(conn, chave, &corpo, agora)? {
                Registro::Novo => {}
                Registro::Respondido(corpo) => return Ok(Resposta { corpo, repetida: true }),
                Registro::OutroPedido => {
                    return Err(Error::invalid(
                        "Idempotency-Key",
                        "Esta chave já foi usada para outro pedido",
                    ));
                }
                Registro::EmAndamento => {
                    return Err(Error::conflict(
                        "em_andamento",
                        "Este mesmo pedido ainda está em andamento; tente de novo",
                    ));
                }
            }
        }
        let pedido = gravar(conn, gateway, escolha, &id_pagamento, agora)?;
        let corpo = serde_json::to_string(&pedido).map_err(|e| Error::Internal(e.to_string()))?;
        if let Some(chave) = chave {
            idempotencia::responder(conn, chave, &corpo)?;
        }
        Ok(Resposta { corpo, repetida: false })
    })
}

fn gravar(
    conn: &mut dyn Connection,
    gateway: &dyn Gateway,
    escolha: &Escolha,
    id_pagamento: &str,
    agora: DataHora,
) -> Result<Pedido, Error> {
    if let Some(cliente) = escolha.cliente {
        clientes::buscar(conn, cliente)?;
    }
    let itens = com_preco(conn, &escolha.linhas)?;
    let valor = itens.iter().filter_map(|i| i.valor.vezes(i.quantidade)).sum();
    let dia = agora.dia();
    let novo = pedidos::Novo {
        senha: senhas::proxima(conn, &dia)?,
        dia: &dia,
        cliente: escolha.cliente,
        itens,
        qr_data: gateway.qr_data(&Cobranca { id_pagamento, valor }),
        id_pagamento: id_pagamento.to_owned(),
        agora,
    };
    pedidos::inserir(conn, novo)
}

fn com_preco(conn: &mut dyn Connection, linhas: &[Linha]) -> Result<Vec<Item>, Error> {
    let mut ids: Vec<i64> = linhas.iter().map(|l| l.produto).collect();
    ids.sort_unstable();
    ids.dedup();
    let cardapio = produtos::a_venda(conn, &ids)?;
    let item = |linha: &Linha| {
        let (_, nome, valor) = cardapio
            .iter()
            .find(|p| p.0 == linha.produto)
            .ok_or(Error::NotFound("Produto não encontrado"))?;
        Ok(Item {
            produto: Some(linha.produto),
            nome: nome.clone(),
            quantidade: linha.quantidade,
            descricao: linha.descricao.clone(),
            valor: *valor,
        })
    };
    linhas.iter().map(item).collect()
}

/// Tells one choice from another, whatever the spelling of its JSON.
fn impressao(escolha: &Escolha) -> Result<String, Error> {
    use sha2::Digest;
    let texto = serde_json::to_vec(escolha).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(sha2::Sha256::digest(texto).iter().map(|byte| format!("{byte:02x}")).collect())
}
