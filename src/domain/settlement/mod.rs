//! Settles what a payment provider answers: an outcome becomes the state of a charge and of its order, and
//! lines of history. Every answer goes through one function, `Cobranca::settle`, in whatever order the
//! answers come.
//!
//! ```text
//!   outcome ──► report     the charge stands like this: believed where it fits, and the order follows
//!           ├─► failure    not found, refused, no answer: counted, and at last a person is told
//!           └─► schedule   when the next step is due
//! ```
//!
//! Invariants, each of them a property test in `tests.rs`: charges and payments never go back, whatever the
//! order of the news; nothing is paid by a report that does not fit; while anything is open, owed or wanted,
//! a next step is due, or a person was told; the same news in another order ends the same.

mod failure;
mod report;
mod schedule;
#[cfg(test)]
mod tests;

use super::{
    charge_report::{ChargeReport, Outcome},
    cobranca::{Cobranca, Operacao},
    data_hora::DataHora,
    pedido::{Evento, Pedido},
    pendencia::Motivo,
};

/// Failures of the same step after which a person is told.
const FAILURES_TOLD: i64 = 6;
/// Refusals of a refund after which only a person can go on.
const REFUSALS_MAX: i64 = 12;

/// What the provider was asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The step.
    pub operacao: Operacao,
    /// The charge as it was when the question was asked.
    pub charge: &'a Cobranca,
}

/// Under which terms an answer is settled.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The name of the provider that people know.
    pub provider: &'a str,
    /// Seconds between the first two questions; the pause doubles.
    pub first_poll_seconds: i64,
    /// The time of the answer.
    pub now: DataHora,
}

/// An answer on its way into a charge and its order.
struct Settlement<'a> {
    charge: &'a mut Cobranca,
    pedido: &'a mut Pedido,
    operacao: Operacao,
    terms: Terms<'a>,
    /// Whether it answers the question that is still open. If another one was begun meanwhile, the news
    /// counts, and that question stays as it is.
    current: bool,
    /// Seconds that the provider asks for.
    wait_seconds: i64,
    /// What happened, to be written to the history.
    eventos: Vec<Evento>,
}

impl Cobranca {
    /// Takes in what came of a question: charge and order move on, and what happened is given back.
    pub fn settle(
        &mut self,
        pedido: &mut Pedido,
        question: &Question<'_>,
        outcome: &Outcome,
        terms: &Terms<'_>,
    ) -> Vec<Evento> {
        let operacao = question.operacao;
        let current = self.operacao == Some(operacao) && self.chave == question.charge.chave;
        let eventos = Vec::new();
        let settlement =
            Settlement { charge: self, pedido, operacao, terms: *terms, current, wait_seconds: 0, eventos };
        settlement.settle(outcome)
    }
}

impl Settlement<'_> {
    fn settle(mut self, outcome: &Outcome) -> Vec<Evento> {
        match outcome {
            Outcome::Report(report) => self.apply_report(report),
            Outcome::All(all) => self.apply_all(all),
            Outcome::NotFound => self.not_found(),
            Outcome::Refused { code, reason } => self.refused(code, reason),
            Outcome::Unauthorized(code) => self.unauthorized(code),
            Outcome::NoAnswer { cause, wait_seconds, sent } => {
                self.wait_seconds = wait_seconds.unwrap_or(0);
                self.unanswered(cause);
                if self.operacao == Operacao::Criar && *sent {
                    self.charge.suspect_duplicates(self.terms.now);
                }
            }
        }
        self.charge.review(self.pedido);
        self.eventos.extend(self.charge.raise_overpaid(self.terms.provider, self.terms.now));
        if self.current {
            let failed = matches!(outcome, Outcome::NoAnswer { .. } | Outcome::Unauthorized(_));
            self.charge.proxima_em = self.next_step_at(failed);
        }
        self.eventos
    }

    /// All charges of the reference: one of them is kept, the others are noted.
    fn apply_all(&mut self, all: &[ChargeReport]) {
        let kept = self.charge.choose(self.pedido, all);
        let id = kept.map(|r| r.id_externo.as_str()).or(self.charge.id_externo.as_deref());
        let id = id.map(str::to_owned);
        self.eventos.extend(self.charge.note_others(all, id.as_deref(), self.terms.now));
        if self.charge.id_externo.is_some() {
            self.charge.id_externo = id;
        }
        match kept {
            Some(report) => self.apply_report(report),
            None => self.not_found(),
        }
        self.charge.end_search(self.terms.now);
    }

    /// Writes to the history that something happened.
    fn note(&mut self, tipo: &'static str, texto: String) {
        self.eventos.push(Evento::novo(tipo, self.terms.now).com(texto));
    }

    /// Puts a matter before a person.
    fn raise(&mut self, motivo: Motivo, texto: String) {
        self.eventos.extend(self.charge.raise(motivo, texto, self.terms.now));
    }

    /// One more attempt that moved nothing.
    fn count_attempt(&mut self) {
        self.charge.tentativas += i64::from(self.current);
    }

    /// Things have moved: the next question is another one, and pauses are short again.
    fn start_over(&mut self) {
        (self.charge.chave, self.charge.tentativas) = (None, 0);
    }
}
