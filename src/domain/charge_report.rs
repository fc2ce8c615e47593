//! What a payment provider answers: a report on a charge, or something about itself. A report is believed
//! only where it fits what was asked (`ChargeReport::check`).

use super::{
    cobranca::{Cobranca, Operacao, Situacao},
    dinheiro::Dinheiro,
    pedido::Pedido,
};

/// A state of which nothing is known here, for people.
pub const UNKNOWN_STATE: &str = "em um estado desconhecido";

/// What a provider reports of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeReport {
    /// The provider's id of the charge.
    pub id_externo: String,
    /// `None` for a state that says nothing here: it is asked again.
    pub situacao: Option<Situacao>,
    /// For people, in Portuguese, where `situacao` is `None`.
    pub state: &'static str,
    /// The reference that the charge has there, which is to be the order's `id_pagamento`.
    pub reference: Option<String>,
    /// The amount that is charged.
    pub valor: Option<Dinheiro>,
    /// The amount that was paid.
    pub paid: Option<Dinheiro>,
    /// What went back of it, in all.
    pub reembolsado: Dinheiro,
    /// ISO 4217.
    pub currency: Option<String>,
    /// The text of the QR code.
    pub qr_data: Option<String>,
    /// Seconds for which the provider lets the QR code be paid.
    pub validity_seconds: Option<i64>,
    /// A creation was sent more than once before it was answered, or there is more than one charge.
    pub uncertain: bool,
}

/// What came of a step of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// How the charge stands.
    Report(ChargeReport),
    /// All charges that the provider has for the order's reference.
    All(Vec<ChargeReport>),
    /// It knows no such charge.
    NotFound,
    /// It understood, and will not.
    Refused {
        /// Its own, for the history.
        code: String,
        /// For people, in Portuguese.
        reason: String,
    },
    /// It does not accept our token; the text is its code.
    Unauthorized(String),
    /// Nobody knows what happened there, or nobody was asked.
    NoAnswer {
        /// For people, in Portuguese.
        cause: String,
        /// Seconds that the provider asks for.
        wait_seconds: Option<i64>,
        /// Whether the question may have reached it.
        sent: bool,
    },
}

/// Why a report does not fit the charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It has the reference of another order, or none.
    OtherOrder,
    /// It is in another currency.
    NotInReais,
    /// Something else is charged than what the order costs.
    Charged {
        /// What is charged.
        charged: Dinheiro,
        /// What the order costs.
        wanted: Dinheiro,
    },
    /// Less was paid than the order costs.
    Paid {
        /// What was paid.
        paid: Dinheiro,
        /// What the order costs.
        wanted: Dinheiro,
    },
    /// It was paid, and there is no amount.
    PaidUnknown,
}

impl Outcome {
    /// A word for counting.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Report(report) => report.situacao.map_or("outra", Situacao::name),
            Outcome::All(_) => "todas",
            Outcome::NotFound => "inexistente",
            Outcome::Refused { .. } => "recusa",
            Outcome::Unauthorized(_) => "sem_acesso",
            Outcome::NoAnswer { .. } => "sem_resposta",
        }
    }
}

impl ChargeReport {
    /// A report that says no more than this.
    pub fn new(id_externo: String, situacao: Situacao) -> ChargeReport {
        ChargeReport {
            id_externo,
            situacao: Some(situacao),
            state: UNKNOWN_STATE,
            reference: None,
            valor: None,
            paid: None,
            reembolsado: Dinheiro::default(),
            currency: None,
            qr_data: None,
            validity_seconds: None,
            uncertain: false,
        }
    }

    /// Whether it is about this charge, whole and in the right money.
    pub fn check(&self, cobranca: &Cobranca, pedido: &Pedido) -> Result<(), Mismatch> {
        let wanted = cobranca.valor;
        if self.reference.is_none() || self.reference != pedido.id_pagamento {
            return Err(Mismatch::OtherOrder);
        }
        if self.currency.as_ref().is_some_and(|c| c != "BRL") {
            return Err(Mismatch::NotInReais);
        }
        // Of one that ended without money the amount says nothing.
        let ended = matches!(self.situacao, Some(Situacao::Cancelada | Situacao::Expirada));
        if let Some(charged) = self.valor.filter(|v| !ended && *v != wanted) {
            return Err(Mismatch::Charged { charged, wanted });
        }
        // Once was enough: after a refund of a part some may be missing.
        if self.situacao == Some(Situacao::Paga) && cobranca.situacao < Situacao::Paga {
            match self.paid.or(self.valor) {
                Some(paid) if paid >= wanted => {}
                Some(paid) => return Err(Mismatch::Paid { paid, wanted }),
                None => return Err(Mismatch::PaidUnknown),
            }
        }
        Ok(())
    }

    /// How the charge stands, for people.
    pub fn state_name(&self) -> &'static str {
        self.situacao.map_or(self.state, Situacao::name)
    }

    /// The report as a line of the history.
    pub fn describe(&self, operacao: Operacao) -> String {
        let valor = self.paid.or(self.valor).map_or_else(String::new, |v| format!(", {}", v.em_reais()));
        format!("{}: {} {}{valor}", operacao.name(), self.id_externo, self.state_name())
    }
}

impl Mismatch {
    /// For people; `provider` is the name that they know.
    pub fn in_words(self, provider: &str) -> String {
        match self {
            Mismatch::OtherOrder => format!("A cobrança no {provider} é de outro pedido"),
            Mismatch::NotInReais => format!("A cobrança no {provider} não é em reais"),
            Mismatch::Charged { charged, wanted } => {
                format!("O {provider} cobra {}, e o pedido é de {}", charged.em_reais(), wanted.em_reais())
            }
            Mismatch::Paid { paid, wanted } => {
                format!("Foram pagos {}, e o pedido é de {}", paid.em_reais(), wanted.em_reais())
            }
            Mismatch::PaidUnknown => format!("O {provider} diz que foi pago e não diz quanto"),
        }
    }
}
