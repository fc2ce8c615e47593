//! A customer's choice becomes an order, with its number and the intention to charge for it: all of it, or nothing. Then
//! the provider is asked for the QR code, with no connection held; what it says late is found by reconciliation.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    capacity::{Capacity, Room},
    cobranca::{self, Passo},
};
use crate::{
    batch::Batch,
    domain::{
        cobranca::{Cobranca, Operacao},
        data_hora::DataHora,
        dinheiro::Dinheiro,
        pedido::{Item, Pedido},
    },
    error::Error,
    pagamento::{Gateway, MercadoPago, simulado},
    server::Threads,
    store::{Connection, Store, clientes, cobrancas, idempotencia, pedidos, produtos},
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

/// A checkout on its way to the database, where those that arrive together are written together.
pub struct Entrada {
    escolha: Escolha,
    /// The client's `Idempotency-Key`, and what tells its body from another.
    chave: Option<(String, String)>,
    id_pagamento: String,
}

pub type Lote = Batch<Entrada, Gravado>;

pub fn lote(
    store: &Arc<Store>,
    gateway: &Gateway,
    capacity: &Arc<Capacity>,
    threads: &Arc<Threads>,
) -> Arc<Lote> {
    let (store, gateway, capacity) = (store.clone(), gateway.clone(), capacity.clone());
    Batch::new(threads, LOTE_MAX, move |entradas| escrever(&store, &gateway, &capacity, entradas))
}

fn escrever(
    store: &Store,
    gateway: &Gateway,
    capacity: &Capacity,
    entradas: &[Entrada],
) -> Result<Vec<Result<Gravado, Error>>, Error> {
    let gravados = store.write(|conn| {
        let room = capacity.room(conn)?;
        gravar(conn, gateway, room, entradas, DataHora::agora())
    })?;
    capacity.wrote(gravados.iter().filter(|g| matches!(g, Ok(Gravado::Agora(_)))).count());
    Ok(gravados)
}

/// Orders of one transaction at most.
const LOTE_MAX: usize = 64;
/// An order with more lines has a transaction of its own: others should not wait for it.
const LINHAS_EM_LOTE: usize = 16;

pub enum Gravado {
    /// The answer that was given before.
    Antes(String),
    Agora(Box<Novo>),
}

/// An order, and the step that asks for its QR code, if there is a provider to ask.
pub struct Novo {
    pedido: Pedido,
    passo: Option<Passo>,
}

/// `chave` is the client's `Idempotency-Key`: the same choice under the same key makes one order, however often it
/// is sent. Another choice under the same key is `Invalid`.
pub fn checkout(
    store: &Store,
    gateway: &Gateway,
    lote: &Arc<Lote>,
    capacity: &Capacity,
    escolha: Escolha,
    chave: Option<&str>,
) -> Result<Resposta, Error> {
    let registro = chave.map(|c| Ok::<_, Error>((c.to_owned(), impressao(&escolha)?))).transpose()?;
    let entrada = Entrada { escolha, chave: registro, id_pagamento: cobranca::nova_chave() };
    let gravado = if entrada.escolha.linhas.len() <= LINHAS_EM_LOTE {
        lote.wait_for(entrada)?
    } else {
        let mut gravados = escrever(store, gateway, capacity, &[entrada])?;
        gravados.pop().ok_or_else(|| Error::Internal("an order too few".into()))??
    };
    match gravado {
        Gravado::Antes(corpo) => {
            let Repetida { versao } = serde_json::from_str(&corpo).map_err(defeito)?;
            Ok(Resposta { corpo, versao, repetida: true })
        }
        Gravado::Agora(novo) => {
            let pedido = match (gateway, novo.passo) {
                (Gateway::MercadoPago(provedor), Some(passo)) => {
                    com_qr(store, provedor, novo.pedido, &passo, chave)
                }
                _ => novo.pedido,
            };
            Ok(Resposta { corpo: json(&pedido)?, versao: pedido.versao, repetida: false })
        }
    }
}

/// What becomes of an entry before anything is written.
enum Destino {
    /// An order, the next in turn.
    Novo,
    Decidido(Result<Gravado, Error>),
    /// It has the key of this earlier one of the same transaction.
    Como(usize),
}

/// Writes all that can be written, in one go; who cannot be served is told why, and is nobody else's trouble.
fn gravar(
    conn: &mut dyn Connection,
    gateway: &Gateway,
    mut room: Room,
    entradas: &[Entrada],
    agora: DataHora,
) -> Result<Vec<Result<Gravado, Error>>, Error> {
    let chaves: Vec<&str> = entradas.iter().filter_map(Entrada::chave).collect();
    let usos = idempotencia::usos(conn, &chaves, agora)?;
    let clientes = clientes::existentes(conn, &unicos(entradas.iter().filter_map(|e| e.escolha.cliente)))?;
    let produtos = entradas.iter().flat_map(|e| e.escolha.linhas.iter().map(|l| l.produto));
    let cardapio = produtos::a_venda(conn, &unicos(produtos))?;
    let mut novos = Vec::with_capacity(entradas.len());
    let mut primeiras: HashMap<&str, usize> = HashMap::new();
    let mut destinos = Vec::with_capacity(entradas.len());
    for (i, entrada) in entradas.iter().enumerate() {
        if let Some(uso) = entrada.chave().and_then(|chave| usos.get(chave)) {
            destinos.push(Destino::Decidido(entrada.repetida(&uso.corpo, uso.resposta.clone())));
            continue;
        }
        if let Some(primeira) = entrada.chave().and_then(|chave| primeiras.get(chave)) {
            destinos.push(Destino::Como(*primeira));
            continue;
        }
        let novo = entrada.novo(gateway, &clientes, &cardapio, agora);
        destinos.push(match novo.and_then(|novo| room.take().map(|()| novo)) {
            Ok(novo) => {
                novos.push(novo);
                // One that comes to nothing leaves its key to the next.
                primeiras.extend(entrada.chave().map(|chave| (chave, i)));
                Destino::Novo
            }
            Err(erro) => Destino::Decidido(Err(erro)),
        });
    }
    let pedidos = pedidos::inserir(conn, novos, agora)?;
    let mut gravados = cobrar(conn, gateway, pedidos, agora)?.into_iter();
    let mut respostas: Vec<Result<Gravado, Error>> = Vec::with_capacity(entradas.len());
    let mut novos_usos = Vec::new();
    for (entrada, destino) in entradas.iter().zip(destinos) {
        let resposta = match destino {
            Destino::Decidido(resposta) => resposta,
            Destino::Como(primeira) => entrada.como(&entradas[primeira], &respostas[primeira]),
            Destino::Novo => {
                let novo = gravados.next().ok_or_else(|| Error::Internal("an order too few".into()))?;
                if let Some((chave, corpo)) = &entrada.chave {
                    let uso = idempotencia::Uso {
                        pedido: novo.pedido.id,
                        corpo: corpo.clone(),
                        resposta: json(&novo.pedido)?,
                    };
                    novos_usos.push((chave.as_str(), uso));
                }
                Ok(Gravado::Agora(Box::new(novo)))
            }
        };
        respostas.push(resposta);
    }
    idempotencia::guardar(conn, &novos_usos, agora)?;
    Ok(respostas)
}

/// Each order with its charge, if there is a provider to ask.
fn cobrar(
    conn: &mut dyn Connection,
    gateway: &Gateway,
    pedidos: Vec<Pedido>,
    agora: DataHora,
) -> Result<Vec<Novo>, Error> {
    let Gateway::MercadoPago(provedor) = gateway else {
        return Ok(pedidos.into_iter().map(|pedido| Novo { pedido, passo: None }).collect());
    };
    let cobranca = |pedido: &Pedido| {
        let (validade, chave) = (provedor.settings.validade, cobranca::nova_chave());
        let mut cobranca = Cobranca::nova(pedido.id, pedido.valor_total, validade, (chave, agora));
        cobranca.proxima_em = Some(agora.mais(cobranca::reserva(provedor.settings.checkout)));
        cobranca
    };
    let cobrancas: Vec<Cobranca> = pedidos.iter().map(cobranca).collect();
    cobrancas::inserir(conn, &cobrancas)?;
    cobranca::perguntado(conn, &cobrancas, Operacao::Criar, agora)?;
    let novo = |(pedido, cobranca): (Pedido, Cobranca)| {
        let passo = Passo { pedido: pedido.clone(), cobranca, operacao: Operacao::Criar };
        Novo { pedido, passo: Some(passo) }
    };
    Ok(pedidos.into_iter().zip(cobrancas).map(novo).collect())
}

impl Entrada {
    fn chave(&self) -> Option<&str> {
        self.chave.as_ref().map(|(chave, _)| chave.as_str())
    }

    /// The answer to a key that was used before, for `corpo`.
    fn repetida(&self, corpo: &str, resposta: String) -> Result<Gravado, Error> {
        if self.chave.as_ref().is_some_and(|(_, nosso)| nosso == corpo) {
            return Ok(Gravado::Antes(resposta));
        }
        Err(Error::invalid("Idempotency-Key", "Esta chave já foi usada para outro pedido"))
    }

    fn como(&self, primeira: &Entrada, resposta: &Result<Gravado, Error>) -> Result<Gravado, Error> {
        match (&primeira.chave, resposta) {
            (Some((_, corpo)), Ok(Gravado::Agora(novo))) => self.repetida(corpo, json(&novo.pedido)?),
            _ => Err(Error::Internal("an order that is like none".into())),
        }
    }

    fn novo(
        &self,
        gateway: &Gateway,
        clientes: &[i64],
        cardapio: &[(i64, String, Dinheiro)],
        agora: DataHora,
    ) -> Result<pedidos::Novo, Error> {
        let Escolha { cliente, linhas } = &self.escolha;
        if cliente.is_some_and(|c| !clientes.contains(&c)) {
            return Err(clientes::NAO_ENCONTRADO);
        }
        let itens = com_preco(cardapio, linhas)?;
        let (qr_data, datahora_expiracao) = match gateway {
            Gateway::Simulado { validade } => {
                let valor = itens.iter().filter_map(|i| i.valor.vezes(i.quantidade)).sum();
                (Some(simulado::qr_data(&self.id_pagamento, valor)), Some(agora.mais(*validade)))
            }
            Gateway::MercadoPago(provedor) => (None, Some(agora.mais(provedor.settings.validade))),
        };
        let id_pagamento = self.id_pagamento.clone();
        Ok(pedidos::Novo { cliente: *cliente, itens, id_pagamento, qr_data, datahora_expiracao })
    }
}

fn unicos(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
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
        if let Some(chave) = chave {
            let corpo = json(&pedido)?;
            store.write(|conn| idempotencia::responder(conn, chave, &corpo))?;
        }
        Ok(pedido)
    });
    repetivel.unwrap_or_else(|error| {
        log::warn!("order {}: its QR code comes later: {error:?}", pedido.id);
        pedido
    })
}

fn json(pedido: &Pedido) -> Result<String, Error> {
    serde_json::to_string(pedido).map_err(defeito)
}

fn defeito(erro: serde_json::Error) -> Error {
    Error::Internal(erro.to_string())
}

fn com_preco(cardapio: &[(i64, String, Dinheiro)], linhas: &[Linha]) -> Result<Vec<Item>, Error> {
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
