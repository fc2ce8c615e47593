//! What a payment provider says: of a charge, or of itself. It is believed only where it fits what was asked.

use super::{
    cobranca::{Cobranca, Operacao, Situacao},
    dinheiro::Dinheiro,
    pedido::Pedido,
};

/// The provider's own word on a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdade {
    pub id_externo: String,
    /// `None` for a state that says nothing here: it is asked again.
    pub situacao: Option<Situacao>,
    /// For people, in Portuguese, where `situacao` is `None`.
    pub estado: &'static str,
    pub referencia: Option<String>,
    pub valor: Option<Dinheiro>,
    pub pago: Option<Dinheiro>,
    pub reembolsado: Dinheiro,
    pub moeda: Option<String>,
    pub qr_data: Option<String>,
    /// Seconds for which it lets the QR code be paid.
    pub validade: Option<i64>,
    /// A creation was sent more than once before it was answered, or there is more than one charge.
    pub incerta: bool,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resultado {
    Verdade(Verdade),
    /// All charges that it has for the order's reference.
    Todas(Vec<Verdade>),
    /// It knows no such charge.
    Inexistente,
    /// It understood, and will not.
    Recusa {
        /// Its own, for the history.
        codigo: String,
        /// For people, in Portuguese.
        razao: String,
    },
    /// It does not accept our token; the text is its code.
    SemAcesso(String),
    /// Nobody knows what happened there, or nobody was asked.
    SemResposta {
        causa: String,
        espera: Option<i64>,
        /// Whether the question may have reached it.
        enviada: bool,
    },
}

impl Resultado {
    /// For counting.
    pub fn nome(&self) -> &'static str {
        match self {
            Resultado::Verdade(verdade) => verdade.situacao.map_or("outra", Situacao::nome),
            Resultado::Todas(_) => "todas",
            Resultado::Inexistente => "inexistente",
            Resultado::Recusa { .. } => "recusa",
            Resultado::SemAcesso(_) => "sem_acesso",
            Resultado::SemResposta { .. } => "sem_resposta",
        }
    }
}

impl Verdade {
    /// Whether an answer is about this charge, whole and in the right money.
    pub fn conferir(&self, cobranca: &Cobranca, pedido: &Pedido) -> Result<(), String> {
        if self.referencia.is_none() || self.referencia != pedido.id_pagamento {
            return Err("A cobrança no Mercado Pago é de outro pedido".into());
        }
        if self.moeda.as_ref().is_some_and(|m| m != "BRL") {
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
            match self.pago.or(self.valor) {
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
    pub fn estado(&self) -> &'static str {
        self.situacao.map_or(self.estado, Situacao::nome)
    }

    pub fn em_palavras(&self, operacao: Operacao) -> String {
        let valor = self.pago.or(self.valor).map_or_else(String::new, |v| format!(", {}", v.em_reais()));
        format!("{}: {} {}{valor}", operacao.nome(), self.id_externo, self.estado())
    }
}
