//! A customer's choice becomes an order, with its number and the intention to charge for it: all of it, or nothing. Then
//! the provider is asked for the QR code, with no connection held; what it says late is found by reconciliation.

use serde::{Deserialize, Serialize};

use super::cobranca::{self, Passo};

use crate::{
    domain::{
        cobranca::{Cobranca, Operacao},
        data_hora::DataHora,
        dinheiro::Dinheiro,
        pedido::{Item, Pedido},
    },
    error::Error,
    pagamento::{Gateway, MercadoPago, simulado},
    store::{
        Connection, Store, clientes, cobrancas,
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
    pub versao: i64,
    pub repetida: bool,
}

/// What is needed of an answer that is given again.
#[derive(Deserialize)]
struct Repetida {
    versao: i64,
}

/// `chave` is the client's `Idempotency-Key`: the same choice under the same key makes one order, however often it
/// is sent. Another choice under the same key is `Invalid`, one that is still under way `Conflict`.
pub fn checkout(
    store: &Store,
    gateway: &Gateway,
    escolha: &Escolha,
    chave: Option<&str>,
    agora: DataHora,
) -> Result<Resposta, Error> {
    let id_pagamento = cobranca::nova_chave();
    let impressao = impressao(escolha)?;
    let gravado = store.write(|conn| {
        if let Some(chave) = chave {
            match idempotencia::registrar(conn, chave, &impressao, agora)? {
                Registro::Novo => {}
                Registro::Respondido(corpo) => return Ok(Gravado::Antes(corpo)),
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
        let (pedido, passo) = gravar(conn, gateway, escolha, &id_pagamento, agora)?;
        responder(conn, chave, &pedido)?;
        Ok(Gravado::Agora(Box::new(pedido), passo.map(Box::new)))
    })?;
    match gravado {
        Gravado::Antes(corpo) => {
            let Repetida { versao } = serde_json::from_str(&corpo).map_err(defeito)?;
            Ok(Resposta { corpo, versao, repetida: true })
        }
        Gravado::Agora(pedido, passo) => {
            let pedido = match (gateway, passo) {
                (Gateway::MercadoPago(provedor), Some(passo)) => {
                    com_qr(store, provedor, *pedido, &passo, chave)
                }
                _ => *pedido,
            };
            Ok(Resposta { corpo: json(&pedido)?, versao: pedido.versao, repetida: false })
        }
    }
}

enum Gravado {
    Antes(String),
    /// With the step that asks for its QR code, if somebody has to be asked.
    Agora(Box<Pedido>, Option<Box<Passo>>),
}

fn gravar(
    conn: &mut dyn Connection,
    gateway: &Gateway,
    escolha: &Escolha,
    id_pagamento: &str,
    agora: DataHora,
) -> Result<(Pedido, Option<Passo>), Error> {
    if let Some(cliente) = escolha.cliente {
        clientes::buscar(conn, cliente)?;
    }
    let itens = com_preco(conn, &escolha.linhas)?;
    let valor: Dinheiro = itens.iter().filter_map(|i| i.valor.vezes(i.quantidade)).sum();
    let dia = agora.dia();
    let (qr_data, datahora_expiracao) = match gateway {
        Gateway::Simulado => (Some(simulado::qr_data(id_pagamento, valor)), None),
        Gateway::MercadoPago(provedor) => (None, Some(agora.mais(provedor.settings.validade))),
    };
    let novo = pedidos::Novo {
        senha: senhas::proxima(conn, &dia)?,
        dia: &dia,
        cliente: escolha.cliente,
        itens,
        qr_data,
        datahora_expiracao,
        id_pagamento: id_pagamento.to_owned(),
        agora,
    };
    let pedido = pedidos::inserir(conn, novo)?;
    let Gateway::MercadoPago(provedor) = gateway else { return Ok((pedido, None)) };
    let mut cobranca = Cobranca::nova(pedido.id, valor, provedor.settings.validade, cobranca::nova_chave());
    cobranca.proxima_em = Some(agora.mais(cobranca::reserva(provedor.settings.checkout)));
    cobrancas::inserir(conn, &cobranca)?;
    cobranca::perguntado(conn, &cobranca, Operacao::Criar, agora)?;
    Ok((pedido.clone(), Some(Passo { pedido, cobranca, operacao: Operacao::Criar })))
}

/// The order with its QR code, if that comes in time. The order stands, whatever happens here.
fn com_qr(
    store: &Store,
    provedor: &MercadoPago,
    pedido: Pedido,
    passo: &Passo,
    chave: Option<&str>,
) -> Pedido {
    let dado = cobranca::dar(store, provedor, passo, provedor.settings.checkout);
    let repetivel = dado.and_then(|pedido| {
        if chave.is_some() {
            store.write(|conn| responder(conn, chave, &pedido))?;
        }
        Ok(pedido)
    });
    repetivel.unwrap_or_else(|error| {
        log::warn!("order {}: its QR code comes later: {error:?}", pedido.id);
        pedido
    })
}

/// Keeps the answer for whoever asks again.
fn responder(conn: &mut dyn Connection, chave: Option<&str>, pedido: &Pedido) -> Result<(), Error> {
    match chave {
        Some(chave) => idempotencia::responder(conn, chave, &json(pedido)?),
        None => Ok(()),
    }
}

fn json(pedido: &Pedido) -> Result<String, Error> {
    serde_json::to_string(pedido).map_err(defeito)
}

fn defeito(erro: serde_json::Error) -> Error {
    Error::Internal(erro.to_string())
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
