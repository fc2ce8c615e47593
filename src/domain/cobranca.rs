//! A charge: what a payment provider is asked to collect for an order, what is known of it, and what is to be
//! done next. A state machine: `Situacao` only climbs, and `next_operation` is a pure function of charge,
//! order and time. How the provider's answers change it is in `settlement`, duplicates are in `a_mais`, what
//! people have to look at in `pendencia`.

use std::ops::Deref;

use super::{
    a_mais::AMais,
    data_hora::DataHora,
    dinheiro::Dinheiro,
    evento::Evento,
    pedido::{Meio, Pedido, StatusPagamento, StatusPedido},
    pendencia::Motivo,
};

/// For how long, in seconds, a key is used: the provider knows it for 24 hours.
pub const KEY_SECONDS: i64 = 20 * 60 * 60;

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

/// A charge. Its fields are read through `Deref`, and changed by nobody outside the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cobranca {
    pub(in crate::domain) fields: Fields,
}

/// What is stored of a charge; one an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The order's id.
    pub pedido: i64,
    /// The name of the provider that has it.
    pub provedor: String,
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

/// What a checkout gives a charge.
#[derive(Clone, Copy, Debug)]
pub struct NewCobranca {
    /// What the order costs.
    pub valor: Dinheiro,
    /// Seconds for which the QR code can be paid.
    pub validade: i64,
    /// The name of the provider.
    pub provedor: &'static str,
    /// The time of the checkout.
    pub now: DataHora,
}

impl Cobranca {
    /// As it was stored.
    pub fn stored(fields: Fields) -> Cobranca {
        Cobranca { fields }
    }

    /// A charge that is asked for now, under this key. Nobody else asks until `lease_end`.
    pub fn asked(new: NewCobranca, pedido: &mut Pedido, key: String, lease_end: DataHora) -> Cobranca {
        let mut cobranca = Cobranca::to_be_asked(new);
        cobranca.begin(Operacao::Criar, new.now, || key);
        cobranca.fields.proxima_em = Some(lease_end);
        pedido.note(cobranca.question(Operacao::Criar));
        cobranca
    }

    /// A charge that is open without having been asked for; it is looked at when it expires.
    pub fn opened(new: NewCobranca, id_externo: &str, expires_at: DataHora) -> Cobranca {
        let mut cobranca = Cobranca::to_be_asked(new);
        cobranca.fields.situacao = Situacao::Aberta;
        cobranca.fields.id_externo = Some(id_externo.to_owned());
        cobranca.fields.proxima_em = Some(expires_at);
        cobranca
    }

    fn to_be_asked(new: NewCobranca) -> Cobranca {
        let NewCobranca { valor, validade, provedor, .. } = new;
        Cobranca::stored(Fields {
            pedido: 0,
            provedor: provedor.to_owned(),
            valor,
            validade,
            situacao: Situacao::Pedida,
            id_externo: None,
            reembolsado: Dinheiro::default(),
            reembolso_alvo: None,
            manual: false,
            operacao: None,
            chave: None,
            chave_em: None,
            tentativas: 0,
            proxima_em: None,
            pendencia: None,
            motivo: None,
            pendente_desde: None,
            incerta_ate: None,
            a_mais: Vec::new(),
            versao: 1,
        })
    }

    /// The order's number, once it is stored.
    pub fn number(&mut self, pedido: i64) {
        self.fields.pedido = pedido;
    }

    /// The charges that the provider has beside this one, as they were stored.
    pub fn with_extra(&mut self, a_mais: Vec<AMais>) {
        self.fields.a_mais = a_mais;
    }

    /// The version that a changed charge is saved as.
    pub fn next_version(&mut self) {
        self.fields.versao += 1;
    }

    /// What the order wants of its charge now.
    pub fn next_operation(&self, pedido: &Pedido, now: DataHora) -> Option<Operacao> {
        let alive = is_wanted(pedido) && pedido.datahora_expiracao.is_none_or(|fim| now < fim);
        match self.situacao {
            Situacao::Pedida if alive => Some(Operacao::Criar),
            Situacao::Aberta if alive => Some(Operacao::Consultar),
            Situacao::Pedida | Situacao::Aberta => Some(Operacao::Cancelar),
            Situacao::Paga if self.owes_refund(pedido) && !self.manual => Some(Operacao::Reembolsar),
            // Whether there is one too many, or it was paid after all before the order ends with it.
            _ if self.incerta_ate.is_some() || self.left_unpaid(pedido) => Some(Operacao::Consultar),
            Situacao::Cancelada | Situacao::Expirada | Situacao::Paga | Situacao::Reembolsada => None,
        }
    }

    /// Whether money that came is to go back, all or a part of it.
    pub fn owes_refund(&self, pedido: &Pedido) -> bool {
        self.situacao == Situacao::Paga && (!is_wanted(pedido) || self.reembolso_alvo.is_some())
    }

    /// Whether it ended without money and its order, which nobody has begun, still waits for it.
    pub fn left_unpaid(&self, pedido: &Pedido) -> bool {
        matches!(self.situacao, Situacao::Cancelada | Situacao::Expirada)
            && is_wanted(pedido)
            && pedido.status_pagamento.is_unpaid()
            && pedido.status_pedido == StatusPedido::Recebido
            && !pedido.is_delivered()
    }

    /// The order was moved. Back where it began it ends with its charge, as one that was never begun.
    pub fn follow_move(&mut self, pedido: &Pedido, now: DataHora) {
        if self.left_unpaid(pedido) {
            self.hasten(now);
        }
    }

    /// Begins an operation: with the key of the question that is still open, or with a new one. `true` when it is new. A
    /// key that the provider may have forgotten is not used again; only a creation keeps its own, since two keys are
    /// two charges. What a new key asks for is looked at first (`payments::Provider::execute`).
    pub fn begin(&mut self, operacao: Operacao, now: DataHora, new_key: impl FnOnce() -> String) -> bool {
        let c = &mut self.fields;
        if c.operacao != Some(operacao) {
            (c.operacao, c.chave, c.tentativas) = (Some(operacao), None, 0);
        }
        let old = c.chave_em.is_none_or(|since| since.mais(KEY_SECONDS) <= now);
        let new = c.chave.is_none() || (old && operacao != Operacao::Criar);
        if new {
            (c.chave, c.chave_em) = (Some(new_key()), Some(now));
        }
        new
    }

    /// Takes the step that is due, for so many seconds; `None` when none is, or somebody else has it.
    pub fn take_step(
        &mut self,
        pedido: &mut Pedido,
        key: String,
        lease_seconds: i64,
        now: DataHora,
    ) -> Option<Operacao> {
        if self.proxima_em.is_none_or(|when| when > now) {
            return None;
        }
        // Of a charge that wants nothing more somebody says that there is news.
        let operacao = self.next_operation(pedido, now).unwrap_or(Operacao::Consultar);
        self.fields.proxima_em = Some(now.mais(lease_seconds));
        if self.operacao == Some(Operacao::Criar) && self.chave.is_some() {
            // What became of a creation that was sent is not known, or it was refused; it may still arrive, and its key may
            // be forgotten.
            self.suspect_duplicates(now);
        }
        // Looking is no event until there is an answer.
        if self.begin(operacao, now, || key) && operacao != Operacao::Consultar {
            pedido.note(self.question(operacao));
        }
        Some(operacao)
    }

    fn question(&self, operacao: Operacao) -> Evento {
        let valor = self.reembolso_alvo.unwrap_or(self.valor).menos(self.reembolsado);
        Evento::Perguntado(format!("{}: {}", operacao.name(), valor.em_reais()))
    }

    /// Moves the next step forward to `when`. Returns false, and changes nothing, when it is due by then already. A step
    /// that is being asked meanwhile keeps this time when it settles (`settle_step`).
    pub fn hasten(&mut self, when: DataHora) -> bool {
        let later = self.proxima_em.is_none_or(|due| due > when);
        if later {
            self.fields.proxima_em = Some(when);
        }
        later
    }

    /// The order is cancelled: what is open is withdrawn and what came goes back, the whole and not a part. To say so again
    /// is to try again a refund that was given up.
    pub fn refund_all(&mut self, pedido: &Pedido, now: DataHora) {
        if self.fields.reembolso_alvo.take().is_some() {
            // The key of a part is not good for the whole.
            self.fields.chave = None;
        }
        if self.owes_refund(pedido) && pedido.status_pagamento == StatusPagamento::Aprovado {
            (self.fields.manual, self.fields.tentativas) = (false, 0);
        }
        self.follow(pedido, now);
    }

    /// So much shall have gone back in all; the order stands.
    pub fn refund_up_to(&mut self, total: Dinheiro, now: DataHora) {
        self.fields.reembolso_alvo = Some(total);
        (self.fields.operacao, self.fields.manual) = (None, false);
        self.fields.proxima_em = Some(now);
    }

    /// The order has changed: what it wants of its charge now is due.
    pub fn follow(&mut self, pedido: &Pedido, now: DataHora) {
        if self.next_operation(pedido, now).is_some() {
            self.fields.proxima_em = Some(now);
        }
    }

    /// The simulator says that it was paid; `refunded` is whether the money went back at once.
    pub fn paid_in_simulation(&mut self, refunded: bool) {
        let c = &mut self.fields;
        c.situacao = if refunded { Situacao::Reembolsada } else { Situacao::Paga };
        if refunded {
            c.reembolsado = c.valor;
        }
        (c.operacao, c.chave, c.proxima_em) = (None, None, None);
    }
}

impl Deref for Cobranca {
    type Target = Fields;

    fn deref(&self) -> &Fields {
        &self.fields
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
pub mod tests {
    use super::*;

    /// A charge of R$ 57,80 that is to be asked for, with the key that it is asked under.
    pub fn cobranca(pedido: &mut Pedido) -> Cobranca {
        let now = DataHora::de_segundos(0).unwrap();
        let valor = "57.80".parse().unwrap();
        let new = NewCobranca { valor, validade: 900, provedor: "mercado_pago", now };
        let mut cobranca = Cobranca::asked(new, pedido, "chave".into(), now);
        cobranca.number(pedido.id);
        pedido.take_events();
        cobranca
    }

    #[test]
    fn a_key_that_the_provider_may_have_forgotten_is_used_for_a_creation_only() {
        let at = |seconds| DataHora::de_segundos(seconds).unwrap();
        for operacao in [Operacao::Criar, Operacao::Cancelar, Operacao::Reembolsar] {
            let mut pedido = crate::domain::pedido::tests::pedido(StatusPedido::Recebido);
            let mut c = cobranca(&mut pedido);
            c.fields.operacao = Some(operacao);
            assert!(!c.begin(operacao, at(KEY_SECONDS - 1), || "second".into()));
            let renewed = c.begin(operacao, at(KEY_SECONDS), || "second".into());
            assert_eq!(renewed, operacao != Operacao::Criar, "{operacao:?}");
            // It has its own time from then on.
            assert!(!c.begin(operacao, at(2 * KEY_SECONDS - 1), || "third".into()));
        }
    }
}
