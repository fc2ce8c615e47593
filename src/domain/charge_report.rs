//! What a payment provider says: of a charge, or of itself. It is believed only where it fits what was asked.

use super::{
    cobranca::{Cobranca, Operacao, Situacao},
    dinheiro::Dinheiro,
    pedido::Pedido,
};

/// The provider's own word on a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeReport {
    pub id_externo: String,
    /// `None` for a state that says nothing here: it is asked again.
    pub situacao: Option<Situacao>,
    /// For people, in Portuguese, where `situacao` is `None`.
    pub state: &'static str,
    pub reference: Option<String>,
    pub valor: Option<Dinheiro>,
    pub paid: Option<Dinheiro>,
    pub reembolsado: Dinheiro,
    pub currency: Option<String>,
    pub qr_data: Option<String>,
    /// Seconds for which it lets the QR code be paid.
    pub validade: Option<i64>,
    /// A creation was sent more than once before it was answered, or there is more than one charge.
    pub uncertain: bool,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// How the charge stands.
    Report(ChargeReport),
    /// All charges that it has for the order's reference.
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

impl Outcome {
    /// For counting.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Report(verdade) => verdade.situacao.map_or("outra", Situacao::name),
            Outcome::All(_) => "todas",
            Outcome::NotFound => "inexistente",
            Outcome::Refused { .. } => "recusa",
            Outcome::Unauthorized(_) => "sem_acesso",
            Outcome::NoAnswer { .. } => "sem_resposta",
        }
    }
}

impl ChargeReport {
    /// Whether an answer is about this charge, whole and in the right money.
    pub fn check(&self, cobranca: &Cobranca, pedido: &Pedido) -> Result<(), String> {
        if self.reference.is_none() || self.reference != pedido.id_pagamento {
            return Err("A cobrança no Mercado Pago é de outro pedido".into());
        }
        if self.currency.as_ref().is_some_and(|m| m != "BRL") {
            return Err("A cobrança no Mercado Pago não é em reais".into());
        }
        // Of one that ended without money the amount says nothing.
        let acabou = matches!(self.situacao, Some(Situacao::Cancelada | Situacao::Expirada));
        let pedido = cobranca.valor.em_reais();
        if let Some(cobrado) = self.valor.filter(|v| !acabou && *v != cobranca.valor) {
            let cobrado = cobrado.em_reais();
            return Err(format!("O Mercado Pago cobra {cobrado}, e o pedido é de {pedido}"));
        }
        // Once was enough: after a refund of a part some may be missing.
        if self.situacao == Some(Situacao::Paga) && cobranca.situacao < Situacao::Paga {
            match self.paid.or(self.valor) {
                Some(pago) if pago >= cobranca.valor => {}
                Some(pago) => {
                    return Err(format!("Foram pagos {}, e o pedido é de {pedido}", pago.em_reais()));
                }
                None => return Err("O Mercado Pago diz que foi pago e não diz quanto".into()),
            }
        }
        Ok(())
    }

    /// How it stands, for people.
    pub fn state_name(&self) -> &'static str {
        self.situacao.map_or(self.state, Situacao::name)
    }

    pub fn describe(&self, operacao: Operacao) -> String {
        let valor = self.paid.or(self.valor).map_or_else(String::new, |v| format!(", {}", v.em_reais()));
        format!("{}: {} {}{valor}", operacao.name(), self.id_externo, self.state_name())
    }
}
