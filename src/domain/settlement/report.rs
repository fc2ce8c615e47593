//! What a report of the kept charge changes: the charge climbs to the state that it has there, what went back
//! is noted, and the order follows.

use super::{FAILURES_TOLD, Settlement};
use crate::domain::{
    charge_report::ChargeReport,
    cobranca::{Operacao, Situacao, is_wanted},
    dinheiro::Dinheiro,
    evento::Evento,
    pedido::{Meio, PaymentNews, QrCode, StatusPagamento, StatusPedido},
    pendencia::Motivo,
};

impl Settlement<'_> {
    /// The provider speaks of the one charge that counts.
    pub fn apply_report(&mut self, report: &ChargeReport) {
        self.note(Evento::Respondido(report.describe(self.operacao)));
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
        self.charge.fields.situacao = report.situacao.unwrap_or(Situacao::Aberta).max(floor);
        self.charge.fields.id_externo = Some(report.id_externo.clone());
        let refunded = self.note_refund(report);
        // The whole goes back because somebody here asked for it.
        let asked_for = self.charge.reembolso_alvo.is_some_and(|goal| goal >= self.charge.valor);
        let reembolsado = self.charge.reembolsado;
        self.charge.fields.reembolso_alvo = self.charge.reembolso_alvo.filter(|goal| *goal > reembolsado);
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
        self.charge.fields.reembolsado = report.reembolsado;
        let goal = self.charge.reembolso_alvo.unwrap_or_default();
        let total = if self.is_paid_by_qr() {
            self.charge.reembolsado.max(goal)
        } else {
            self.pedido.valor_reembolsado
        };
        self.pedido.refund(total, format!("{} devolvidos", refunded.em_reais()), self.terms.now);
        true
    }

    /// The order can be paid, for as long as the provider lets it be.
    fn show_qr(&mut self, report: &ChargeReport) {
        let mut qr = QrCode { refused: false, ..self.pedido.qr() };
        if qr.data.is_none() && is_wanted(self.pedido) && self.charge.situacao == Situacao::Aberta {
            qr.data = report.qr_data.clone();
        }
        if let (Operacao::Criar, Some(seconds)) = (self.operacao, report.validity_seconds) {
            let end = self.terms.now.mais(seconds);
            qr.expiry = qr.expiry.map(|ours| ours.min(end));
        }
        self.pedido.show_qr(qr, self.terms.now);
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
            Operacao::Criar | Operacao::Consultar | Operacao::Cancelar => self.charge.fields.chave = None,
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

    fn pay(&mut self, status: StatusPagamento) {
        let news = PaymentNews { meio: Some(Meio::Qr), ..PaymentNews::of(status) };
        self.pedido.pay(news, self.terms.now);
    }

    fn order_was_paid(&mut self) {
        if self.is_paid_by_qr() {
            self.pay(StatusPagamento::Aprovado);
        }
    }

    /// `before` is the state of the charge before this answer; `asked_for` is whether somebody here asked for
    /// the refund of the whole.
    fn order_was_refunded(&mut self, before: Situacao, asked_for: bool) {
        if !self.is_paid_by_qr() {
            return;
        }
        self.pay(StatusPagamento::Reembolsado);
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
        self.pedido.show_qr(QrCode { data: None, ..self.pedido.qr() }, now);
        self.pedido.pay(PaymentNews::of(StatusPagamento::Recusado), now);
        match self.pedido.status_pedido {
            StatusPedido::Cancelado => {}
            StatusPedido::Recebido if !self.pedido.is_delivered() => {
                let motivo = match self.charge.situacao {
                    Situacao::Expirada => "não foi pago no prazo",
                    _ => "não foi pago no prazo, ou a cobrança foi cancelada",
                };
                self.pedido.cancel(Some(motivo), now);
            }
            // It is being cooked, or eaten: the counter collects.
            _ if self.charge.situacao != before => {
                let far = match self.pedido.status_pedido {
                    StatusPedido::Pronto => "já está pronto",
                    _ => "já está em preparo",
                };
                let far = self.pedido.delivery().unwrap_or(far);
                let texto = format!("O QR code expirou sem pagamento e o pedido {far}: cobre no balcão");
                self.raise(Motivo::CobrarNoBalcao, texto);
            }
            _ => {}
        }
    }
}
