//! Somebody says something of a payment. With the simulator that decides; with a provider it only says where to look.

use super::conciliacao;
use crate::{
    domain::{
        data_hora::DataHora,
        pedido::{Evento, Meio, Pedido, StatusPagamento, StatusPedido},
    },
    error::Error,
    pagamento::{MercadoPago, assinatura::Prova, simulado},
    server::{SHORT, foreign},
    store::{Store, assinaturas, cobrancas, notificacoes, pedidos},
};

/// What a notification is about, by the provider's words.
#[derive(Debug, PartialEq, Eq)]
pub enum Aviso {
    /// Our own id of a payment.
    Referencia(String),
    /// An id of the provider's.
    Externo { topico: &'static str, id: String },
}

/// News of a simulated payment. What is late, repeated or out of order changes nothing and is no error.
pub fn simular(store: &Store, id_pagamento: &str, action: &str, agora: DataHora) -> Result<Pedido, Error> {
    let noticia = simulado::noticia(action);
    store.write(|conn| {
        let pedido = pedidos::do_pagamento(conn, id_pagamento)?;
        // Made while a provider was set up: real money is not simulated.
        if noticia.is_some() && cobrancas::do_pedido(conn, pedido.id)?.is_some() {
            let detail = "A cobrança deste pedido está no Mercado Pago, e só ele a confirma";
            return Err(Error::conflict("cobranca_real", detail));
        }
        pedidos::mudar(conn, pedido.id, |_, pedido| {
            let mut eventos: Vec<Evento> = noticia.and_then(|n| pedido.pagar(n, agora)).into_iter().collect();
            if !eventos.is_empty() && pedido.status_pagamento == StatusPagamento::Aprovado {
                pedido.meio_pagamento = Some(Meio::Qr);
                // As with a provider: money for an order that will not be goes back at once.
                if pedido.status_pedido == StatusPedido::Cancelado {
                    pedido.valor_reembolsado = pedido.valor_total;
                    let devolvido = pedido.pagar(StatusPagamento::Reembolsado, agora);
                    eventos.extend(devolvido.map(|e| e.com("pago depois do cancelamento: devolvido")));
                }
            }
            Ok(eventos)
        })
    })
}

/// Notes that the provider spoke of something; it is looked into by the workers. What nobody here knows is no error.
/// `prova` is the signature, where one is asked for: a copy of a notification that was taken says nothing new. Without one
/// anybody may have sent it, and what it can provoke is bounded. `false` when it was a copy.
pub fn avisar(
    store: &Store,
    provedor: &MercadoPago,
    aviso: &Aviso,
    prova: Option<&Prova>,
    agora: DataHora,
) -> Result<bool, Error> {
    let (topico, id) = match aviso {
        Aviso::Referencia(referencia) => ("referencia", referencia),
        Aviso::Externo { topico, id } => (*topico, id),
    };
    let copia_de = prova.map(|prova| prova.com(&format!("{topico} {id}")));
    let ja = prova.is_some() || provedor.unsigned.take();
    store.write(|conn| {
        if let Some(mac) = &copia_de
            && !assinaturas::registrar(conn, mac, agora)?
        {
            return Ok(false);
        }
        let pedido = match aviso {
            Aviso::Referencia(_) => cobrancas::da_referencia(conn, id)?,
            Aviso::Externo { .. } => cobrancas::do_id_externo(conn, id)?,
        };
        match (pedido, aviso) {
            (Some(pedido), _) if ja => conciliacao::notificado(conn, pedido, topico, id, agora)?,
            (Some(pedido), _) => drop(cobrancas::adiantar(conn, pedido, agora.mais(SEM_PRESSA))?),
            (None, Aviso::Externo { .. }) if !notificacoes::registrar(conn, topico, id, agora)? => {
                log::warn!(
                    "too many notifications wait: {topico} {} is dropped, and found by looking",
                    foreign(id, SHORT)
                );
            }
            (None, _) => {}
        }
        Ok(true)
    })
}

/// Seconds until a charge is looked at of which notifications without a signature speak too often.
const SEM_PRESSA: i64 = 30;
