//! The counter takes the money: cash, or the card machine.

use super::{Context, Order, Seen, commands::OrderAct};
use crate::{
    domain::{
        cobranca::Operacao,
        pedido::{Meio, PaymentNews, StatusPagamento, StatusPedido},
    },
    error::Error,
};

/// Records who took the money. A QR code that is still open is withdrawn; should it be paid all the same, that payment goes
/// back.
pub struct TakePayment {
    pub meio: Meio,
    /// The name of who took it.
    pub responsavel: String,
    pub seen: Seen,
    /// Whether the same once more is a repetition of one request, and not another person at another till.
    pub repeatable: bool,
}

impl OrderAct for TakePayment {
    fn decide(&self, order: &mut Order, context: Context) -> Result<Option<Operacao>, Error> {
        // The same once more: a second tap.
        if self.repeatable
            && order.pedido.status_pagamento == StatusPagamento::Aprovado
            && order.pedido.meio_pagamento == Some(self.meio)
        {
            return Ok(None);
        }
        order.check_seen(&self.seen)?;
        let Order { pedido, cobranca } = order;
        if pedido.status_pedido == StatusPedido::Cancelado {
            let detail = "O pedido está cancelado; não há o que pagar";
            return Err(Error::conflict("pedido_cancelado", detail));
        }
        let news = PaymentNews {
            meio: Some(self.meio),
            detail: Some(format!("{}, recebido por {}", self.meio.nome(), self.responsavel)),
            ..PaymentNews::of(StatusPagamento::Aprovado)
        };
        if !pedido.pay(news, context.now) {
            return Err(Error::conflict("pedido_pago", "O pedido já foi pago"));
        }
        if let Some(cobranca) = cobranca {
            cobranca.follow(pedido, context.now);
        }
        Ok(None)
    }
}
