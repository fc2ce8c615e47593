//! An order that will not be: it leaves every list and stays on record, and money that came for it goes back.

use std::sync::Arc;

use super::{Context, Order, Seen, charge_step, commands::OrderAct};
use crate::{
    domain::{
        cobranca::{Cobranca, Operacao, Situacao},
        pedido::{Meio, PaymentNews, Pedido, StatusPagamento, StatusPedido},
    },
    error::{Denied, Error},
    payments::{self, Payments},
};

/// Cancels; again is the same. The refund of a payment by QR code is asked for at once, and otherwise done later.
pub struct Cancel {
    /// Why. Without a reason it is refused when there is money to give back; with one the money goes back.
    pub motivo: Option<String>,
    pub seen: Seen,
    /// Whether who asks may give money back.
    pub gives_back: bool,
    pub payments: Arc<Payments>,
}

impl OrderAct for Cancel {
    fn decide(&self, order: &mut Order, context: Context) -> Result<Option<Operacao>, Error> {
        if order.pedido.status_pedido != StatusPedido::Cancelado {
            order.check_seen(&self.seen)?;
            self.cancel(order, context)?;
        }
        let Order { pedido, cobranca } = order;
        match cobranca {
            Some(cobranca) if self.gives_back => cobranca.refund_all(pedido, context.now),
            Some(cobranca) => cobranca.follow(pedido, context.now),
            None => {}
        }
        Ok(charge_step::take_for_client(order, &self.payments, context))
    }
}

impl Cancel {
    fn cancel(&self, Order { pedido, cobranca }: &mut Order, context: Context) -> Result<(), Error> {
        if let Some(delivery) = pedido.delivery() {
            let instead = instead(pedido, cobranca.as_ref());
            let detail = format!("O pedido {delivery} e não pode mais ser cancelado; {instead}");
            return Err(Error::conflict("pedido_finalizado", detail));
        }
        let paid = pedido.status_pagamento == StatusPagamento::Aprovado;
        if paid && self.motivo.is_none() {
            let detail = "Pedido já pago: para cancelar é preciso reembolsar o cliente";
            return Err(Error::conflict("pedido_pago", detail));
        }
        if paid && !self.gives_back {
            return Err(Error::Denied(Denied::Role("gerente")));
        }
        let at_provider = cobranca.as_ref().filter(|_| pedido.meio_pagamento == Some(Meio::Qr));
        if let Some(cobranca) = at_provider.filter(|_| paid)
            && self.payments.of(cobranca).is_none()
        {
            return Err(payments::out_of_reach(cobranca));
        }
        pedido.cancel(self.motivo.as_deref(), context.now);
        if paid && at_provider.is_none() {
            let meio = pedido.meio_pagamento.map_or("pagamento", Meio::nome);
            let news = PaymentNews {
                refunded: Some(pedido.valor_total),
                detail: Some(format!("{meio}: devolvido no balcão")),
                ..PaymentNews::of(StatusPagamento::Reembolsado)
            };
            pedido.pay(news, context.now);
        }
        Ok(())
    }
}

/// What was handed over is not undone: what there is to do instead.
fn instead(pedido: &Pedido, cobranca: Option<&Cobranca>) -> &'static str {
    let refundable = cobranca.is_some_and(|cobranca| cobranca.situacao == Situacao::Paga);
    match (pedido.status_pagamento, pedido.meio_pagamento) {
        (StatusPagamento::Enviado | StatusPagamento::Recusado, _) => "receba o pagamento no balcão",
        (StatusPagamento::Aprovado, Some(Meio::Qr)) if refundable => {
            "para devolver dinheiro, use o reembolso"
        }
        (StatusPagamento::Aprovado, _) => "o que for devido ao cliente volta no balcão",
        (StatusPagamento::Reembolsado, _) => "o dinheiro já voltou ao cliente",
    }
}
