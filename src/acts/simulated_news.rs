//! News of a payment that decides by itself: the simulator's webhook. What is late, repeated or out of order changes
//! nothing and is no error.

use super::{Context, Order, commands::OrderAct};
use crate::{
    domain::{
        cobranca::Operacao,
        pedido::{Meio, PaymentNews, StatusPagamento, StatusPedido},
    },
    error::Error,
    payments,
};

/// What the news says of the payment; `None` when it says nothing.
pub struct SimulatedNews {
    pub status: Option<StatusPagamento>,
    /// The name of the provider that tells it.
    pub provider: &'static str,
}

impl OrderAct for SimulatedNews {
    fn decide(&self, order: &mut Order, context: Context) -> Result<Option<Operacao>, Error> {
        let Order { pedido, cobranca } = order;
        let Some(status) = self.status else { return Ok(None) };
        // Made while a real provider was set up: real money is not simulated.
        if let Some(cobranca) = cobranca.as_ref().filter(|cobranca| cobranca.provedor != self.provider) {
            let name = payments::display_name(&cobranca.provedor);
            let detail = format!("A cobrança deste pedido está no {name}, e só ele a confirma");
            return Err(Error::conflict("cobranca_real", detail));
        }
        let approved = status == StatusPagamento::Aprovado;
        let news = PaymentNews { meio: approved.then_some(Meio::Qr), ..PaymentNews::of(status) };
        if !pedido.pay(news, context.now) || !approved {
            return Ok(None);
        }
        // As with a real provider: money for an order that will not be goes back at once.
        let cancelled = pedido.status_pedido == StatusPedido::Cancelado;
        if cancelled {
            let news = PaymentNews {
                refunded: Some(pedido.valor_total),
                detail: Some("pago depois do cancelamento: devolvido".to_owned()),
                ..PaymentNews::of(StatusPagamento::Reembolsado)
            };
            pedido.pay(news, context.now);
        }
        if let Some(cobranca) = cobranca {
            cobranca.paid_in_simulation(cancelled);
        }
        Ok(None)
    }
}
