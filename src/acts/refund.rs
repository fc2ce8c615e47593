//! Money that was paid by QR code goes back, a part of it or the whole; the order stands.

use std::sync::Arc;

use super::{
    Context, Order, Seen, charge_step,
    commands::{Commands, OrderAct},
};
use crate::{
    domain::{
        cobranca::{Cobranca, Operacao, Situacao},
        dinheiro::Dinheiro,
        evento::Actor,
        pedido::{Meio, Pedido, StatusPagamento, StatusPedido},
    },
    error::Error,
    payments::{self, Payments},
    store::{Store, cobrancas},
};

/// Gives back so much.
pub struct Refund {
    pub valor: Dinheiro,
    pub motivo: String,
    pub seen: Seen,
    pub payments: Arc<Payments>,
}

impl OrderAct for Refund {
    fn decide(&self, order: &mut Order, context: Context) -> Result<Option<Operacao>, Error> {
        order.check_seen(&self.seen)?;
        let Order { pedido, cobranca } = order;
        let cobranca = self.refundable(pedido, cobranca.as_mut())?;
        let total: Dinheiro = [cobranca.reembolsado, self.valor].into_iter().sum();
        pedido.refund(total, format!("{} a devolver: {}", self.valor.em_reais(), self.motivo), context.now);
        cobranca.refund_up_to(total, context.now);
        Ok(charge_step::take_for_client(order, &self.payments, context))
    }
}

impl Refund {
    fn refundable<'a>(
        &self,
        pedido: &Pedido,
        cobranca: Option<&'a mut Cobranca>,
    ) -> Result<&'a mut Cobranca, Error> {
        let by_qr = pedido.meio_pagamento == Some(Meio::Qr);
        let Some(cobranca) = cobranca.filter(|c| c.situacao == Situacao::Paga && by_qr) else {
            if pedido.status_pagamento == StatusPagamento::Reembolsado && by_qr {
                let detail = "O pagamento deste pedido já foi todo devolvido";
                return Err(Error::conflict("pedido_reembolsado", detail));
            }
            return Err(payments::not_refundable_here());
        };
        if pedido.status_pedido == StatusPedido::Cancelado || cobranca.reembolso_alvo.is_some() {
            let detail = "Já há um reembolso em andamento; veja os eventos do pedido";
            return Err(Error::conflict("reembolso_em_andamento", detail));
        }
        let left = cobranca.valor.menos(cobranca.reembolsado);
        if self.valor > left {
            let detail = format!("O reembolso não pode ser maior que {}, que é o que resta", left.em_reais());
            return Err(Error::conflict("reembolso_grande", detail));
        }
        Ok(cobranca)
    }
}

/// A refund that was asked for may be done by now: the provider is looked at before another one is refused for it.
pub fn look_at_what_is_under_way(
    store: &Store,
    commands: &Commands,
    payments: &Arc<Payments>,
    id: i64,
) -> Result<(), Error> {
    let under_way = |c: &Cobranca| c.situacao == Situacao::Paga && c.reembolso_alvo.is_some();
    if !store.read(|conn| cobrancas::of_pedido(conn, id))?.as_ref().is_some_and(under_way) {
        return Ok(());
    }
    let (pedido, step) = commands.run(id, Actor::Staff, LookNow { payments: payments.clone() })?;
    charge_step::ask_while_client_waits(commands, payments, pedido, step, None);
    Ok(())
}

/// Takes the next step of the charge now, whenever it was due.
struct LookNow {
    payments: Arc<Payments>,
}

impl OrderAct for LookNow {
    fn decide(&self, order: &mut Order, context: Context) -> Result<Option<Operacao>, Error> {
        if let Some(cobranca) = &mut order.cobranca {
            cobranca.hasten(context.now);
        }
        Ok(charge_step::take_for_client(order, &self.payments, context))
    }
}
