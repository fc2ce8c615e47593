//! What becomes of an answer that does not say how the charge stands. Each is counted; a person is told at
//! once where the provider refuses what a customer waits for, and otherwise after `FAILURES_TOLD` of them.

use super::{FAILURES_TOLD, REFUSALS_MAX, Settlement};
use crate::domain::{
    cobranca::{Operacao, Situacao},
    evento::Evento,
    pedido::QrCode,
    pendencia::Motivo,
};

/// Searches in vain after which there is nothing.
pub const SEARCHES_MAX: i64 = 3;

impl Settlement<'_> {
    /// The provider knows no such charge.
    pub fn not_found(&mut self) {
        let (operacao, provider) = (self.operacao, self.terms.provider);
        self.count_attempt();
        if self.charge.situacao >= Situacao::Cancelada && operacao == Operacao::Consultar {
            if self.charge.left_unpaid(self.pedido) {
                self.order_was_not_paid(self.charge.situacao);
            }
            return;
        }
        self.note(Evento::Respondido(format!("{}: não há cobrança no provedor", operacao.name())));
        if self.charge.situacao != Situacao::Pedida {
            // Just after it was made, or while a payment holds it, a charge may not be shown.
            if self.current && self.charge.tentativas >= FAILURES_TOLD {
                let texto =
                    format!("O {provider} não encontra a cobrança deste pedido; confira no painel dele");
                self.raise(operacao.motivo(), texto);
            }
        } else if self.current && operacao == Operacao::Cancelar && self.charge.tentativas >= SEARCHES_MAX {
            self.charge.fields.situacao = Situacao::Cancelada;
            self.start_over();
            self.order_was_not_paid(Situacao::Pedida);
        }
    }

    /// The provider understood, and will not.
    pub fn refused(&mut self, code: &str, reason: &str) {
        let (operacao, provider) = (self.operacao, self.terms.provider);
        self.note(Evento::Recusado(format!("{}: {code}", operacao.name())));
        if !self.current {
            return;
        }
        self.count_attempt();
        // A key that was refused would be refused again. For a creation it stays: two keys are two charges.
        if operacao != Operacao::Criar {
            self.charge.fields.chave = None;
        }
        self.note_no_qr();
        if operacao == Operacao::Reembolsar && self.charge.tentativas >= REFUSALS_MAX {
            self.charge.fields.manual = true;
            self.charge.fields.reembolso_alvo = None;
            let gone = self.charge.reembolsado;
            let texto = format!("o reembolso não foi feito: {} devolvidos em todo", gone.em_reais());
            self.pedido.refund(gone, texto, self.terms.now);
            let texto = format!("O {provider} não faz o reembolso ({reason}): devolva o dinheiro no balcão");
            self.raise(Motivo::ReembolsoNoBalcao, texto);
        } else if operacao != Operacao::Consultar || self.charge.tentativas >= FAILURES_TOLD {
            // Just after it was made a charge may not be shown yet.
            self.raise(operacao.motivo(), operacao.refused(provider, reason));
        }
    }

    /// The provider does not accept the token.
    pub fn unauthorized(&mut self, code: &str) {
        let operacao = self.operacao;
        self.note(Evento::SemResposta(format!("{}: sem acesso, {code}", operacao.name())));
        self.count_attempt();
        self.note_no_qr();
        // A code that was never shown, or whose time is up, cannot be paid.
        let expired = self.pedido.datahora_expiracao.is_some_and(|end| end <= self.terms.now);
        let harmless = operacao == Operacao::Cancelar && (self.charge.id_externo.is_none() || expired);
        if let Some(texto) = operacao.unauthorized(self.terms.provider).filter(|_| !harmless) {
            self.raise(operacao.motivo(), texto);
        }
    }

    /// Nobody knows what happened there.
    pub fn unanswered(&mut self, cause: &str) {
        let operacao = self.operacao;
        self.note(Evento::SemResposta(format!("{}: {cause}", operacao.name())));
        self.count_attempt();
        if self.charge.tentativas >= FAILURES_TOLD && operacao != Operacao::Consultar {
            self.raise(operacao.motivo(), operacao.unanswered(self.terms.provider));
        }
    }

    /// The provider was asked for the QR code, and will not make it.
    fn note_no_qr(&mut self) {
        if self.operacao == Operacao::Criar {
            self.pedido.show_qr(QrCode { refused: true, ..self.pedido.qr() }, self.terms.now);
        }
    }
}
