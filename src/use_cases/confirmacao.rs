//! Somebody says something of a payment. With the simulator that decides; with a provider it only says where to look.

use super::conciliacao;
use crate::{
    domain::{
        data_hora::DataHora,
        pedido::{Evento, Meio, Pedido, StatusPagamento, StatusPedido},
    },
    error::Error,
    foreign::{SHORT, foreign},
    payments::{self, About, News, Notice},
    store::{Store, assinaturas, cobrancas, notificacoes, pedidos},
};

/// News of a payment that are believed. What is late, repeated or out of order changes nothing and is no error.
pub fn noticiar(store: &Store, news: &News, agora: DataHora) -> Result<Pedido, Error> {
    let noticia = news.status;
    store.write(|conn| {
        let pedido = pedidos::do_pagamento(conn, &news.reference)?;
        // Made while a provider was set up: real money is not simulated.
        if noticia.is_some() && cobrancas::do_pedido(conn, pedido.id)?.is_some() {
            let name = payments::display_name(payments::OF_UNNAMED_CHARGES);
            let detail = format!("A cobrança deste pedido está no {name}, e só ele a confirma");
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
/// A copy of a notification that was taken says nothing new: `false`.
pub fn avisar(store: &Store, notice: &Notice, agora: DataHora) -> Result<bool, Error> {
    let (topico, id) = (notice.about.topic(), notice.about.id());
    store.write(|conn| {
        if let Some(mac) = &notice.copy_token
            && !assinaturas::registrar(conn, mac, agora)?
        {
            return Ok(false);
        }
        let pedido = match &notice.about {
            About::Reference(_) => cobrancas::da_referencia(conn, id)?,
            About::External { .. } => cobrancas::do_id_externo(conn, id)?,
        };
        match (pedido, &notice.about) {
            (Some(pedido), _) if notice.at_once => conciliacao::notificado(conn, pedido, topico, id, agora)?,
            (Some(pedido), _) => drop(cobrancas::adiantar(conn, pedido, agora.mais(SEM_PRESSA))?),
            (None, About::External { .. }) if !notificacoes::registrar(conn, topico, id, agora)? => {
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
