//! A charge: what a payment provider is asked to collect for an order, what is known of it, and what is to be
//! done next. A state machine: `Situacao` only climbs, and `next_operation` is a pure function of charge,
//! order and time. How the provider's answers change it is in `settlement`, duplicates are in `a_mais`, what
//! people have to look at in `pendencia`.

use super::{
    a_mais::AMais,
    data_hora::DataHora,
    dinheiro::Dinheiro,
    pedido::{Meio, Pedido, StatusPagamento, StatusPedido},
    pendencia::Motivo,
};

/// For how long, in seconds, a key is used: the provider knows it for 24 hours.
pub const CHAVE_SEGUNDOS: i64 = 20 * 60 * 60;

/// How far a charge has come; it only climbs. Money that came outranks an end without money, since a customer
/// can pay in the moment in which the charge is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Situacao {
    /// To be asked for; whether the provider knows of it is not known.
    Pedida = 0,
    /// Can be paid.
    Aberta = 1,
    /// Withdrawn before it was paid.
    Cancelada = 2,
    /// Not paid in time.
    Expirada = 3,
    /// Paid; a part may have gone back.
    Paga = 4,
    /// Paid, and all of it went back.
    Reembolsada = 5,
}

/// What the provider can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operacao {
    /// To make the charge and its QR code.
    Criar = 1,
    /// To look how it stands.
    Consultar = 2,
    /// To withdraw it.
    Cancelar = 3,
    /// To give back what was paid, or a part.
    Reembolsar = 4,
}

/// An idempotency key: the provider does once what is asked for any number of times under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Random.
    pub value: String,
    /// Since when it is in use.
    pub since: DataHora,
}

/// A charge, as it is stored; one an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cobranca {
    /// The order's id.
    pub pedido: i64,
    /// What the order costs.
    pub valor: Dinheiro,
    /// Seconds for which the QR code can be paid, as asked for.
    pub validade: i64,
    /// How far it has come.
    pub situacao: Situacao,
    /// The provider's name for it, once it is known.
    pub id_externo: Option<String>,
    /// What went back, in all.
    pub reembolsado: Dinheiro,
    /// What shall have gone back in all, of a payment that otherwise stands. A goal and not a step: what is
    /// seen to be there is not asked for again.
    pub reembolso_alvo: Option<Dinheiro>,
    /// A person gives back what is owed; the provider is not asked to.
    pub manual: bool,
    /// What is being asked.
    pub operacao: Option<Operacao>,
    /// The idempotency key that makes asking again harmless; `None` when there is no question in the air.
    pub chave: Option<String>,
    /// Since when the key is in use.
    pub chave_em: Option<DataHora>,
    /// How often the operation was tried without moving anything.
    pub tentativas: i64,
    /// When the next step is due; `None` when there is none.
    pub proxima_em: Option<DataHora>,
    /// What a person has to look at.
    pub pendencia: Option<String>,
    /// Of which kind that is.
    pub motivo: Option<Motivo>,
    /// Since when; `None` once somebody saw to it.
    pub pendente_desde: Option<DataHora>,
    /// Until when charges too many may turn up, after a creation whose outcome was not known.
    pub incerta_ate: Option<DataHora>,
    /// Charges that the provider has beside this one; known while `incerta_ate` is set.
    pub a_mais: Vec<AMais>,
    /// Grows by one at every change.
    pub versao: i64,
}

impl Cobranca {
    /// A charge that is to be created, for `validade` seconds.
    pub fn new(pedido: i64, valor: Dinheiro, validade: i64, key: Key) -> Cobranca {
        Cobranca {
            pedido,
            valor,
            validade,
            situacao: Situacao::Pedida,
            id_externo: None,
            reembolsado: Dinheiro::default(),
            reembolso_alvo: None,
            manual: false,
            operacao: Some(Operacao::Criar),
            chave: Some(key.value),
            chave_em: Some(key.since),
            tentativas: 0,
            proxima_em: None,
            pendencia: None,
            motivo: None,
            pendente_desde: None,
            incerta_ate: None,
            a_mais: Vec::new(),
            versao: 1,
        }
    }

    /// What the order wants of its charge now.
    pub fn next_operation(&self, pedido: &Pedido, agora: DataHora) -> Option<Operacao> {
        let alive = is_wanted(pedido) && pedido.datahora_expiracao.is_none_or(|fim| agora < fim);
        match self.situacao {
            Situacao::Pedida if alive => Some(Operacao::Criar),
            Situacao::Aberta if alive => Some(Operacao::Consultar),
            Situacao::Pedida | Situacao::Aberta => Some(Operacao::Cancelar),
            Situacao::Paga if self.owes_refund(pedido) && !self.manual => Some(Operacao::Reembolsar),
            // Whether there is one too many.
            _ if self.incerta_ate.is_some() => Some(Operacao::Consultar),
            Situacao::Cancelada | Situacao::Expirada | Situacao::Paga | Situacao::Reembolsada => None,
        }
    }

    /// Whether money that came is to go back, all or a part of it.
    pub fn owes_refund(&self, pedido: &Pedido) -> bool {
        self.situacao == Situacao::Paga && (!is_wanted(pedido) || self.reembolso_alvo.is_some())
    }

    /// Begins an operation: with the key of the question that is still open, or with a new one. `true` when
    /// it is new. A key that the provider may have forgotten is not used again; only a creation keeps its
    /// own, since two keys are two charges. What a new key asks for is looked at first
    /// (`payments::Provider::execute`).
    pub fn begin(&mut self, operacao: Operacao, agora: DataHora, new_key: impl FnOnce() -> String) -> bool {
        if self.operacao != Some(operacao) {
            (self.operacao, self.chave, self.tentativas) = (Some(operacao), None, 0);
        }
        let old = self.chave_em.is_none_or(|desde| desde.mais(CHAVE_SEGUNDOS) <= agora);
        let new = self.chave.is_none() || (old && operacao != Operacao::Criar);
        if new {
            (self.chave, self.chave_em) = (Some(new_key()), Some(agora));
        }
        new
    }

    /// The order is cancelled: what is open is withdrawn and what came goes back, the whole and not a part.
    /// To say so again is to try again a refund that was given up.
    pub fn refund_all(&mut self, pedido: &Pedido, agora: DataHora) {
        if self.reembolso_alvo.take().is_some() {
            // The key of a part is not good for the whole.
            self.chave = None;
        }
        if self.owes_refund(pedido) && pedido.status_pagamento == StatusPagamento::Aprovado {
            (self.manual, self.tentativas) = (false, 0);
        }
        if self.next_operation(pedido, agora).is_some() {
            self.proxima_em = Some(agora);
        }
    }
}

/// Money by QR code is wanted for an order that stands and was not paid in another way.
pub fn is_wanted(pedido: &Pedido) -> bool {
    pedido.status_pedido != StatusPedido::Cancelado
        && pedido.meio_pagamento.is_none_or(|meio| meio == Meio::Qr)
}

impl Operacao {
    /// For the history, in Portuguese.
    pub fn name(self) -> &'static str {
        match self {
            Operacao::Criar => "criar cobrança",
            Operacao::Consultar => "consultar",
            Operacao::Cancelar => "cancelar cobrança",
            Operacao::Reembolsar => "reembolsar",
        }
    }
}

impl Situacao {
    /// For people and for counting, in Portuguese.
    pub fn name(self) -> &'static str {
        match self {
            Situacao::Pedida | Situacao::Aberta => "aberta",
            Situacao::Cancelada => "cancelada",
            Situacao::Expirada => "expirada",
            Situacao::Paga => "paga",
            Situacao::Reembolsada => "reembolsada",
        }
    }
}

impl TryFrom<i64> for Situacao {
    type Error = &'static str;

    fn try_from(numero: i64) -> Result<Situacao, Self::Error> {
        use Situacao::{Aberta, Cancelada, Expirada, Paga, Pedida, Reembolsada};
        let todas = [Pedida, Aberta, Cancelada, Expirada, Paga, Reembolsada];
        todas.into_iter().find(|s| *s as i64 == numero).ok_or("Situação da cobrança inválida")
    }
}

impl TryFrom<i64> for Operacao {
    type Error = &'static str;

    fn try_from(numero: i64) -> Result<Operacao, Self::Error> {
        let todas = [Operacao::Criar, Operacao::Consultar, Operacao::Cancelar, Operacao::Reembolsar];
        todas.into_iter().find(|o| *o as i64 == numero).ok_or("Operação inválida")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_the_provider_may_have_forgotten_is_used_for_a_creation_only() {
        let momento = |segundos| DataHora::de_segundos(segundos).unwrap();
        let valor = "57.80".parse().unwrap();
        for operacao in [Operacao::Criar, Operacao::Cancelar, Operacao::Reembolsar] {
            let mut c = Cobranca::new(1, valor, 900, Key { value: "primeira".into(), since: momento(0) });
            c.operacao = Some(operacao);
            assert!(!c.begin(operacao, momento(CHAVE_SEGUNDOS - 1), || "segunda".into()));
            let renovada = c.begin(operacao, momento(CHAVE_SEGUNDOS), || "segunda".into());
            assert_eq!(renovada, operacao != Operacao::Criar, "{operacao:?}");
            // It has its own time from then on.
            assert!(!c.begin(operacao, momento(2 * CHAVE_SEGUNDOS - 1), || "terceira".into()));
        }
    }
}
