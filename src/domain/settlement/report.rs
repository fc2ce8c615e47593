//! What a report of the kept charge changes: the charge climbs to the state that it has there, what went back
//! is noted, and the order follows.

use super::{FAILURES_TOLD, Settlement};
use crate::domain::{
    charge_report::ChargeReport,
    cobranca::{Operacao, Situacao, is_wanted},
    dinheiro::Dinheiro,
    pedido::{Meio, StatusPagamento, StatusPedido},
    pendencia::Motivo,
};

impl Settlement<'_> {
    /// The provider speaks of the one charge that counts.
    pub fn apply_report(&mut self, report: &ChargeReport) {
        self.note("respondido", report.describe(self.operacao));
        let same = self.charge.id_externo.as_ref().is_none_or(|id| *id == report.id_externo);
        if report.uncertain || !same {
            self.charge.suspect_duplicates(self.terms.now);
        }
        match report.check(self.charge, self.pedido) {
            Ok(()) if same => self.accept(report),
            // Which of the two counts is found out by looking at all.
            Ok(()) => self.count_attempt(),
            Err(mismatch) => {
                self.count_attempt();
                self.raise(Motivo::Divergencia, mismatch.in_words(self.terms.provider));
            }
        }
    }

    fn accept(&mut self, report: &ChargeReport) {
        let before = self.charge.situacao;
        // It was given up because nobody knew it, and it is there after all.
        let found =
            self.charge.id_externo.is_none() && matches!(before, Situacao::Cancelada | Situacao::Expirada);
        let floor = if found { Situacao::Pedida } else { before };
        // In a state that is not known it is there, all the same.
        self.charge.situacao = report.situacao.unwrap_or(Situacao::Aberta).max(floor);
        self.charge.id_externo = Some(report.id_externo.clone());
        self.pedido.qr_recusado = false;
        let refunded = self.note_refund(report);
        // The whole goes back because somebody here asked for it.
        let asked_for = self.charge.reembolso_alvo.is_some_and(|goal| goal >= self.charge.valor);
        let reembolsado = self.charge.reembolsado;
        self.charge.reembolso_alvo = self.charge.reembolso_alvo.filter(|goal| *goal > reembolsado);
        self.show_qr(report);
        let stays = match self.charge.motivo {
            Some(Motivo::Divergencia | Motivo::Consulta) => false,
            Some(Motivo::EstadoDesconhecido) => report.situacao.is_none(),
            _ => true,
        };
        if !stays {
            self.charge.close_matter();
        }
        if self.current {
            self.end_question(self.charge.situacao != before || refunded);
        }
        if report.situacao.is_none() && self.charge.situacao >= Situacao::Paga {
            let (provider, state) = (self.terms.provider, report.state);
            let texto = format!("O {provider} mostra o pagamento {state}: confira no painel dele");
            self.raise(Motivo::EstadoDesconhecido, texto);
        }
        match self.charge.situacao {
            Situacao::Pedida | Situacao::Aberta => {}
            Situacao::Paga => self.order_was_paid(),
            Situacao::Reembolsada => self.order_was_refunded(before, asked_for),
            Situacao::Cancelada | Situacao::Expirada => self.order_was_not_paid(before),
        }
    }

    /// Notes what went back since the last report; whether anything did.
    fn note_refund(&mut self, report: &ChargeReport) -> bool {
        let refunded = report.reembolsado.menos(self.charge.reembolsado);
        if refunded <= Dinheiro::default() {
            return false;
        }
        self.charge.reembolsado = report.reembolsado;
        self.note("reembolso", format!("{} devolvidos", refunded.em_reais()));
        if self.is_paid_by_qr() {
            let goal = self.charge.reembolso_alvo.unwrap_or_default();
            self.pedido.valor_reembolsado = self.charge.reembolsado.max(goal);
        }
        true
    }

    /// The customer can pay, for as long as the provider lets him.
    fn show_qr(&mut self, report: &ChargeReport) {
        let pedido = &mut *self.pedido;
        if pedido.qr_data.is_none() && is_wanted(pedido) && self.charge.situacao == Situacao::Aberta {
            pedido.qr_data = report.qr_data.clone();
        }
        if let (Operacao::Criar, Some(seconds)) = (self.operacao, report.validity_seconds) {
            let end = self.terms.now.mais(seconds);
            pedido.datahora_expiracao = pedido.datahora_expiracao.map(|ours| ours.min(end));
        }
    }

    /// The open question was answered; `moved` is whether the charge has changed.
    fn end_question(&mut self, moved: bool) {
        let operacao = self.operacao;
        self.count_attempt();
        match operacao {
            _ if moved => self.start_over(),
            // It may be under way: the same question, until it is seen to be done.
            Operacao::Reembolsar => {}
            // Answered; the next time is another question.
            Operacao::Criar | Operacao::Consultar | Operacao::Cancelar => self.charge.chave = None,
        }
        let stuck = matches!(operacao, Operacao::Cancelar | Operacao::Reembolsar) && !moved;
        if stuck && self.charge.tentativas >= FAILURES_TOLD {
            self.raise(operacao.motivo(), operacao.unanswered(self.terms.provider));
        }
    }

    /// Whether the order follows its charge: it was not paid in another way.
    fn is_paid_by_qr(&self) -> bool {
        self.pedido.meio_pagamento.is_none_or(|meio| meio == Meio::Qr)
    }

    fn order_was_paid(&mut self) {
        if self.is_paid_by_qr() {
            self.pedido.meio_pagamento = Some(Meio::Qr);
            self.eventos.extend(self.pedido.pagar(StatusPagamento::Aprovado, self.terms.now));
        }
    }

    /// `before` is the state of the charge before this answer; `asked_for` is whether somebody here asked for
    /// the refund of the whole.
    fn order_was_refunded(&mut self, before: Situacao, asked_for: bool) {
        if !self.is_paid_by_qr() {
            return;
        }
        self.pedido.meio_pagamento = Some(Meio::Qr);
        self.eventos.extend(self.pedido.pagar(StatusPagamento::Reembolsado, self.terms.now));
        let new = self.charge.situacao != before;
        if new && !asked_for && self.pedido.status_pedido != StatusPedido::Cancelado {
            let provider = self.terms.provider;
            let texto = format!("O pagamento foi devolvido no {provider}, e o pedido não está cancelado");
            self.raise(Motivo::DevolvidoLa, texto);
        }
    }

    /// The charge ended without money. `before` is its state before this answer.
    pub fn order_was_not_paid(&mut self, before: Situacao) {
        if !self.is_paid_by_qr() {
            return;
        }
        let now = self.terms.now;
        // Nobody shall pay it any more.
        self.pedido.qr_data = None;
        self.eventos.extend(self.pedido.pagar(StatusPagamento::Recusado, now));
        match self.pedido.status_pedido {
            StatusPedido::Cancelado => {}
            StatusPedido::Recebido if !self.pedido.foi_entregue() => {
                let motivo = "não foi pago no prazo, ou a cobrança foi cancelada";
                self.eventos.extend(self.pedido.cancelar(now).map(|e| e.com(motivo)));
            }
            // It is being cooked, or eaten: the counter collects.
            _ if self.charge.situacao != before => {
                let texto = "O QR code expirou sem pagamento e o pedido já está em preparo: cobre no balcão";
                self.raise(Motivo::CobrarNoBalcao, texto.into());
            }
            _ => {}
        }
    }
}
