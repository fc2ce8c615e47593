//! An order that will not be: it leaves every list and stays on record.

use super::{Vista, conferir_vista};
use crate::{
    domain::{
        data_hora::DataHora,
        pedido::{Pedido, StatusPagamento, StatusPedido},
    },
    error::Error,
    store::{Store, pedidos},
};

/// Cancels; again is the same. `Conflict` when it is paid: money that came is given back, not forgotten.
pub fn cancelar(store: &Store, id: i64, vista: &Vista, agora: DataHora) -> Result<Pedido, Error> {
    store.write(|conn| {
        pedidos::mudar(conn, id, agora, |pedido| {
            if pedido.status_pedido == StatusPedido::Cancelado {
                return Ok(None);
            }
            conferir_vista(pedido, vista)?;
            if pedido.status_pagamento == StatusPagamento::Aprovado {
                return Err(Error::conflict(
                    "pedido_pago",
                    "Pedido já pago: para cancelar é preciso reembolsar o cliente",
                ));
            }
            let de = pedido.status_pedido;
            pedido.status_pedido = StatusPedido::Cancelado;
            pedido.status_pedido_descricao = StatusPedido::Cancelado.descricao();
            Ok(Some(vec![("cancelamento", Some(de as i64), Some(StatusPedido::Cancelado as i64))]))
        })
    })
}
