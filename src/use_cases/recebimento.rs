//! The counter takes the money: cash, or the card machine.

use super::{Vista, conferir_vista};
use crate::{
    domain::{
        data_hora::DataHora,
        pedido::{Meio, Pedido, StatusPagamento, StatusPedido},
    },
    error::Error,
    store::{Store, cobrancas, pedidos},
};

/// Records who took it, and when. A QR code that is still open is withdrawn; should it be paid all the same, that
/// payment goes back.
pub fn receber(
    store: &Store,
    id: i64,
    (meio, responsavel): (Meio, &str),
    vista: &Vista,
    agora: DataHora,
) -> Result<Pedido, Error> {
    store.write(|conn| {
        let mut cobranca = None;
        let pedido = pedidos::mudar(conn, id, |conn, pedido| {
            // The same once more: a second tap.
            if pedido.status_pagamento == StatusPagamento::Aprovado && pedido.meio_pagamento == Some(meio) {
                return Ok(vec![]);
            }
            conferir_vista(pedido, vista)?;
            if pedido.status_pedido == StatusPedido::Cancelado {
                return Err(Error::conflict(
                    "pedido_cancelado",
                    "O pedido está cancelado; não há o que pagar",
                ));
            }
            let Some(evento) = pedido.pagar(StatusPagamento::Aprovado, agora) else {
                return Err(Error::conflict("pedido_pago", "O pedido já foi pago"));
            };
            pedido.meio_pagamento = Some(meio);
            let eventos = vec![evento.com(format!("{}, recebido por {responsavel}", meio.nome()))];
            cobranca = cobrancas::do_pedido(conn, id)?;
            if let Some(cobranca) = &mut cobranca {
                if cobranca.next_operation(pedido, agora).is_some() {
                    cobranca.proxima_em = Some(agora);
                }
                // What was to be collected at the counter is.
                cobranca.review(pedido);
            }
            Ok(eventos)
        })?;
        if let Some(mut cobranca) = cobranca {
            cobrancas::salvar_ou_repetir(conn, &mut cobranca)?;
        }
        Ok(pedido)
    })
}
