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
    cobranca::{Cobranca, Operacao, Situacao},
    data_hora::DataHora,
    evento::Evento,
    pedido::Pedido,
    pendencia::Motivo,
};

/// Failures of the same step after which a person is told.
const FAILURES_TOLD: i64 = 6;
/// Steps of a charge in one moment, at most: a withdrawal, a refund, and looks.
const STEPS_AT_ONCE: u32 = 8;
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
    /// Nobody was asked, so nothing is told of questions and answers.
    pub quiet: bool,
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
}

impl Cobranca {
    /// As `settle`, for a step that was leased (`take_step`): a look that somebody has asked for since, after what was
    /// seen, stays due.
    pub fn settle_step(
        &mut self,
        pedido: &mut Pedido,
        question: &Question<'_>,
        outcome: &Outcome,
        terms: &Terms<'_>,
    ) {
        let hastened = (self.versao != question.charge.versao).then_some(self.proxima_em).flatten();
        self.settle(pedido, question, outcome, terms);
        if let Some(when) = hastened {
            self.hasten(when);
        }
    }

    /// Does every step that is due with a provider that answers without a network, in the same moment.
    pub fn settle_at_once(
        &mut self,
        pedido: &mut Pedido,
        answer: &dyn Fn(Operacao, &Cobranca, &Pedido) -> Outcome,
        terms: &Terms<'_>,
    ) {
        for _ in 0..STEPS_AT_ONCE {
            let due = self.proxima_em.is_some_and(|when| when <= terms.now);
            match self.next_operation(pedido, terms.now).filter(|_| due) {
                // A simulated charge that is open changes only when it expires.
                Some(Operacao::Consultar) if self.situacao == Situacao::Aberta => {
                    self.fields.proxima_em = pedido.datahora_expiracao;
                }
                Some(operacao) => {
                    self.begin(operacao, terms.now, String::new);
                    let charge = self.clone();
                    let outcome = answer(operacao, &charge, pedido);
                    self.settle(pedido, &Question { operacao, charge: &charge }, &outcome, terms);
                }
                None if due => self.fields.proxima_em = None,
                None => return,
            }
        }
    }

    /// Takes in what came of a question: charge and order move on.
    pub fn settle(
        &mut self,
        pedido: &mut Pedido,
        question: &Question<'_>,
        outcome: &Outcome,
        terms: &Terms<'_>,
    ) {
        let operacao = question.operacao;
        let current = self.operacao == Some(operacao) && self.chave == question.charge.chave;
        let settlement =
            Settlement { charge: self, pedido, operacao, terms: *terms, current, wait_seconds: 0 };
        settlement.settle(outcome);
    }
}

impl Settlement<'_> {
    fn settle(mut self, outcome: &Outcome) {
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
        self.charge.raise_overpaid(self.pedido, self.terms.provider, self.terms.now);
        if self.current {
            let failed = matches!(outcome, Outcome::NoAnswer { .. } | Outcome::Unauthorized(_));
            self.charge.fields.proxima_em = self.next_step_at(failed);
        }
    }

    /// All charges of the reference: one of them is kept, the others are noted.
    fn apply_all(&mut self, all: &[ChargeReport]) {
        let kept = self.charge.choose(self.pedido, all);
        let id = kept.map(|r| r.id_externo.as_str()).or(self.charge.id_externo.as_deref());
        let id = id.map(str::to_owned);
        self.charge.note_others(self.pedido, all, id.as_deref());
        if self.charge.id_externo.is_some() {
            self.charge.fields.id_externo = id;
        }
        match kept {
            Some(report) => self.apply_report(report),
            None => self.not_found(),
        }
        self.charge.end_search(self.terms.now);
    }

    /// Writes to the history what was asked or answered.
    fn note(&mut self, evento: Evento) {
        if !self.terms.quiet {
            self.pedido.note(evento);
        }
    }

    /// Puts a matter before a person.
    fn raise(&mut self, motivo: Motivo, texto: String) {
        self.charge.raise(self.pedido, motivo, texto, self.terms.now);
    }

    /// One more attempt that moved nothing.
    fn count_attempt(&mut self) {
        self.charge.fields.tentativas += i64::from(self.current);
    }

    /// Things have moved: the next question is another one, and pauses are short again.
    fn start_over(&mut self) {
        (self.charge.fields.chave, self.charge.fields.tentativas) = (None, 0);
    }
}
