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
    /// Its own word for it.
    pub estado: String,
    pub referencia: Option<String>,
    pub valor: Option<Dinheiro>,
    pub pago: Option<Dinheiro>,
    pub reembolsado: Dinheiro,
    pub moeda: Option<String>,
    pub qr_data: Option<String>,
    /// Seconds for which it lets the QR code be paid.
    pub validade: Option<i64>,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resultado {
    Verdade(Verdade),
    /// It knows no such charge.
    Inexistente,
    /// It understood, and will not; the text is its code.
    Recusa(String),
    /// Nobody knows what happened there, or nobody was asked.
    SemResposta {
        causa: String,
        espera: Option<i64>,
    },
}

impl Resultado {
    /// For counting.
    pub fn nome(&self) -> &'static str {
        match self {
            Resultado::Verdade(verdade) => verdade.situacao.map_or("outra", Situacao::nome),
            Resultado::Inexistente => "inexistente",
            Resultado::Recusa(_) => "recusa",
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
        if cobranca.id_externo.as_ref().is_some_and(|id| *id != self.id_externo) {
            return Err("O Mercado Pago tem mais de uma cobrança para este pedido".into());
        }
        if self.moeda.as_ref().is_some_and(|m| m != "BRL") {
            return Err("A cobrança no Mercado Pago não é em reais".into());
        }
        if self.valor.is_some_and(|v| v != cobranca.valor) {
            let cobrado = self.valor.unwrap_or_default();
            return Err(format!("O Mercado Pago cobra R$ {cobrado}, e o pedido é de R$ {}", cobranca.valor));
        }
        // Once was enough: after a refund of a part some may be missing.
        if self.situacao == Some(Situacao::Paga) && cobranca.situacao < Situacao::Paga {
            match self.pago.or(self.valor) {
                Some(pago) if pago >= cobranca.valor => {}
                Some(pago) => {
                    return Err(format!("Foram pagos R$ {pago}, e o pedido é de R$ {}", cobranca.valor));
                }
                None => return Err("O Mercado Pago diz que foi pago e não diz quanto".into()),
            }
        }
        Ok(())
    }

    pub fn em_palavras(&self, operacao: Operacao) -> String {
        let situacao = match self.situacao {
            Some(situacao) => situacao.nome(),
            None => &self.estado,
        };
        let valor = self.pago.or(self.valor).map_or_else(String::new, |v| format!(", R$ {v}"));
        format!("{}: {} {situacao}{valor}", operacao.nome(), self.id_externo)
    }
}
