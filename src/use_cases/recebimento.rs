//! The counter takes the money: cash, or the card machine.

use super::{Vista, conferir_vista};
use crate::{
    domain::{
        cobranca::Situacao,
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
        let pedido = pedidos::mudar(conn, id, |_, pedido| {
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
            match pedido.pagar(StatusPagamento::Aprovado, agora) {
                Some(evento) => {
                    pedido.meio_pagamento = Some(meio);
                    Ok(vec![evento.com(format!("{}, recebido por {responsavel}", meio.nome()))])
                }
                None => Err(Error::conflict("pedido_pago", "O pedido já foi pago")),
            }
        })?;
        match cobrancas::do_pedido(conn, id)? {
            None => {}
            // What was to be collected at the counter is.
            Some(c) if matches!(c.situacao, Situacao::Cancelada | Situacao::Expirada) => {
                cobrancas::resolver(conn, id, agora)?;
            }
            Some(_) => {
                cobrancas::adiantar(conn, id, agora)?;
            }
        }
        Ok(pedido)
    })
}
