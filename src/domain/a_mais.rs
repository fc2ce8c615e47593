//! Charges too many: duplicates of a creation whose outcome was not known. A provider that forgets an
//! idempotency key makes a second charge of a repeated creation, and both can be paid. Whenever the outcome
//! of a creation was not known, all charges of the order's reference are looked at, again and again until
//! none can turn up any more (`incerta_ate`). One is kept; an open one beside it is cancelled, and a paid one
//! given back.
//!
//! The invariant: once every look has been settled, the provider keeps at most the amount of the order, or a
//! `pendencia` says what is too much. The kept charge is chosen while settling, against the state that is
//! stored; what costs money is asked for only after the choice was stored, so that two looks at the same time
//! cannot give back both.

use super::{
    charge_report::ChargeReport,
    cobranca::{Cobranca, Operacao, Situacao, is_wanted},
    data_hora::DataHora,
    dinheiro::Dinheiro,
    evento::Evento,
    pedido::Pedido,
    pendencia::Motivo,
};

/// How long, in seconds, a creation may be on its way, and clocks differ.
const MARGIN_SECONDS: i64 = 600;

/// A charge of the order beside the kept one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AMais {
    /// The provider's id of it.
    pub id_externo: String,
    /// `None` for a state that says nothing here.
    pub situacao: Option<Situacao>,
    /// What was paid, or is charged.
    pub valor: Dinheiro,
    /// What went back of it.
    pub reembolsado: Dinheiro,
    /// A person gave the money back; the provider is not asked to.
    pub resolvida: bool,
}

impl AMais {
    fn is_over(&self) -> bool {
        self.resolvida || self.situacao.is_some_and(|s| s > Situacao::Aberta && s != Situacao::Paga)
    }
}

impl Cobranca {
    /// Charges too many may be made from now on, or have been made.
    pub fn suspect_duplicates(&mut self, now: DataHora) {
        let ate = now.mais(self.validade + MARGIN_SECONDS);
        self.fields.incerta_ate = self.incerta_ate.max(Some(ate));
    }

    /// What was paid beside the kept charge and is not given back.
    pub fn overpaid(&self) -> Dinheiro {
        let paid = |c: &&AMais| c.situacao == Some(Situacao::Paga) && !c.resolvida;
        self.a_mais.iter().filter(paid).map(|c| c.valor.menos(c.reembolsado)).sum()
    }

    fn resolvida(&self, id: &str) -> bool {
        self.a_mais.iter().any(|c| c.id_externo == id && c.resolvida)
    }

    /// The one to keep of all charges of the reference: the one that is known, unless only another one was
    /// paid.
    pub fn choose<'a>(&self, pedido: &Pedido, all: &'a [ChargeReport]) -> Option<&'a ChargeReport> {
        let ours = all.iter().find(|v| self.id_externo.as_ref() == Some(&v.id_externo));
        let paid = |v: &&ChargeReport| {
            v.situacao == Some(Situacao::Paga)
                && v.check(self, pedido).is_ok()
                && !self.resolvida(&v.id_externo)
        };
        // Given back by somebody else, and the order has the money of another one.
        let refunded_there = self.situacao == Situacao::Paga
            && ours.is_some_and(|v| v.situacao == Some(Situacao::Reembolsada))
            && is_wanted(pedido)
            && self.reembolso_alvo.is_none()
            && self.reembolsado == Dinheiro::default();
        if (self.situacao >= Situacao::Paga && !refunded_there) || ours.filter(&paid).is_some() {
            return ours;
        }
        let first = |fits: &dyn Fn(&&ChargeReport) -> bool| {
            all.iter().filter(fits).min_by(|a, b| a.id_externo.cmp(&b.id_externo))
        };
        first(&paid)
            .or(ours)
            .or_else(|| first(&|v| v.situacao == Some(Situacao::Aberta)))
            .or_else(|| first(&|_| true))
    }

    /// What is to be asked of charges too many: nothing before the choice is stored, and no refund before the
    /// kept one is known to be paid.
    pub fn to_withdraw<'a>(
        &self,
        pedido: &Pedido,
        all: &'a [ChargeReport],
    ) -> Vec<(&'a ChargeReport, Operacao)> {
        let Some(kept) = self.choose(pedido, all) else { return vec![] };
        if self.id_externo.as_ref() != Some(&kept.id_externo) {
            return vec![];
        }
        let others = all.iter().filter(|v| v.id_externo != kept.id_externo && !self.resolvida(&v.id_externo));
        others
            .filter_map(|v| match v.situacao {
                Some(Situacao::Aberta) => Some((v, Operacao::Cancelar)),
                Some(Situacao::Paga) if self.situacao >= Situacao::Paga => Some((v, Operacao::Reembolsar)),
                _ => None,
            })
            .collect()
    }

    /// Notes what is known of all charges but the kept one, `id`; an event for each that is new or has changed.
    pub fn note_others(&mut self, pedido: &mut Pedido, all: &[ChargeReport], id: Option<&str>) {
        self.fields.a_mais.retain(|c| id != Some(c.id_externo.as_str()));
        for report in all.iter().filter(|v| id != Some(v.id_externo.as_str())) {
            let noted = AMais {
                id_externo: report.id_externo.clone(),
                situacao: report.situacao,
                valor: report.paid.or(report.valor).unwrap_or(self.valor),
                reembolsado: report.reembolsado,
                resolvida: self.resolvida(&report.id_externo),
            };
            if !self.a_mais.contains(&noted) {
                let (state, valor) = (report.state_name(), noted.valor.em_reais());
                let texto = format!("cobrança a mais: {} {state}, {valor}", noted.id_externo);
                pedido.note(Evento::Respondido(texto));
            }
            self.fields.a_mais.retain(|c| c.id_externo != noted.id_externo);
            self.fields.a_mais.push(noted);
        }
    }

    /// After a look at all charges, and after nothing else: whether it was the last. An answer about one charge, or none,
    /// says nothing of the others, however late it comes.
    pub fn end_search(&mut self, now: DataHora) {
        if self.incerta_ate.is_some_and(|ate| ate <= now) && self.a_mais.iter().all(AMais::is_over) {
            self.fields.incerta_ate = None;
        }
    }

    /// Puts money that is too much on the list of what people have to look at, for as long as it is there. `provider` is
    /// the name that they know.
    pub fn raise_overpaid(&mut self, pedido: &mut Pedido, provider: &str, now: DataHora) {
        let sum = self.overpaid();
        let free = self.pendente_desde.is_none() || self.motivo == Some(Motivo::AMais);
        if sum <= Dinheiro::default() || !free {
            return;
        }
        let paid = |c: &&AMais| c.situacao == Some(Situacao::Paga) && !c.resolvida;
        let ids: Vec<&str> = self.a_mais.iter().filter(paid).map(|c| c.id_externo.as_str()).collect();
        let texto = format!(
            "O {provider} recebeu mais de um pagamento por este pedido: {} a mais ({}), que ainda não voltou ao cliente",
            sum.em_reais(),
            ids.join(", ")
        );
        self.raise(pedido, Motivo::AMais, texto, now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        charge_report::Outcome,
        cobranca::tests::cobranca,
        pedido::{Meio, PaymentNews, QrCode, StatusPagamento, StatusPedido, tests::pedido as pedido_em},
        settlement::{Question, Terms},
    };

    fn reais(texto: &str) -> Dinheiro {
        texto.parse().unwrap()
    }

    fn momento(segundos: i64) -> DataHora {
        DataHora::de_segundos(segundos).unwrap()
    }

    fn verdade(numero: usize, situacao: Situacao) -> ChargeReport {
        let total = reais("57.80");
        ChargeReport {
            id_externo: format!("ORD{numero}"),
            situacao: Some(situacao),
            state: "em um estado desconhecido",
            reference: Some("referencia".into()),
            valor: Some(total),
            paid: (situacao >= Situacao::Paga).then_some(total),
            reembolsado: if situacao == Situacao::Reembolsada { total } else { Dinheiro::default() },
            currency: None,
            qr_data: None,
            validity_seconds: None,
            uncertain: false,
        }
    }

    /// A provider with any number of charges for one order, and our side of it.
    struct Mundo {
        la: Vec<Situacao>,
        pedido: Pedido,
        cobranca: Cobranca,
        agora: i64,
    }

    /// What was seen and done in a look, on its way to be settled.
    struct Olhar(Operacao, Cobranca, Outcome);

    impl Mundo {
        fn novo(quantas: usize) -> Mundo {
            let mut pedido = pedido_em(StatusPedido::Recebido);
            pedido.show_qr(QrCode { expiry: Some(momento(900)), ..QrCode::default() }, momento(0));
            let mut cobranca = cobranca(&mut pedido);
            cobranca.suspect_duplicates(momento(0));
            Mundo { la: vec![Situacao::Aberta; quantas], pedido, cobranca, agora: 0 }
        }

        fn numero(&self, id: &str) -> usize {
            id.trim_start_matches("ORD").parse().unwrap()
        }

        fn withdraw(&mut self, numero: usize, operacao: Operacao) {
            self.la[numero] = match (operacao, self.la[numero]) {
                (Operacao::Cancelar, Situacao::Aberta) => Situacao::Cancelada,
                (Operacao::Reembolsar, Situacao::Paga) => Situacao::Reembolsada,
                (_, como_esta) => como_esta,
            };
        }

        /// Takes the step that is wanted and asks; as `Provider::execute` does.
        fn begin(&mut self) -> Option<Olhar> {
            let agora = momento(self.agora);
            let operacao = self.cobranca.next_operation(&self.pedido, agora)?;
            let chave = format!("chave {}", self.agora);
            self.cobranca.begin(operacao, agora, || chave);
            let passo = self.cobranca.clone();
            let ver = |m: &Mundo| -> Vec<ChargeReport> {
                m.la.iter().enumerate().map(|(n, s)| verdade(n, *s)).collect()
            };
            let resultado = match (operacao, &passo.id_externo) {
                (Operacao::Consultar, _) => {
                    let todas = ver(self);
                    for (v, operacao) in passo.to_withdraw(&self.pedido, &todas) {
                        self.withdraw(self.numero(&v.id_externo), operacao);
                    }
                    Outcome::All(ver(self))
                }
                (Operacao::Criar, _) | (_, None) => {
                    Outcome::Report(ChargeReport { uncertain: true, ..ver(self).remove(0) })
                }
                (Operacao::Cancelar | Operacao::Reembolsar, Some(id)) => {
                    let numero = self.numero(id);
                    self.withdraw(numero, operacao);
                    Outcome::Report(ver(self).remove(numero))
                }
            };
            Some(Olhar(operacao, passo, resultado))
        }

        fn settle(&mut self, Olhar(operacao, passo, resultado): Olhar) {
            let question = Question { operacao, charge: &passo };
            let terms =
                Terms { provider: "provedor", first_poll_seconds: 5, now: momento(self.agora), quiet: false };
            self.cobranca.settle(&mut self.pedido, &question, &resultado, &terms);
        }

        fn pagar(&mut self, n: usize) {
            let n = n % self.la.len();
            if self.la[n] == Situacao::Aberta {
                self.la[n] = Situacao::Paga;
            }
        }

        fn fica(&self) -> usize {
            self.la.iter().filter(|s| **s == Situacao::Paga).count()
        }
    }

    /// Nobody asks until the code has expired and the search is over by the clock: the first answer is about one charge.
    #[test]
    fn only_a_look_at_all_ends_the_search() {
        let mut m = Mundo::novo(2);
        let criada = m.begin().unwrap();
        m.settle(criada);
        (m.la[0], m.la[1]) = (Situacao::Paga, Situacao::Paga);
        m.agora = 10_000;
        while let Some(olhar) = m.begin() {
            m.settle(olhar);
            m.agora += 1;
            assert!(m.agora < 10_020, "it does not end");
        }
        assert_eq!((m.fica(), m.cobranca.incerta_ate), (1, None));
    }

    #[derive(Clone, Debug)]
    enum Acontece {
        Pagam(usize),
        PagamTarde(usize),
        OutraChega,
        Olham,
        /// Two at the same time, settled in either order, and one is paid between them.
        OlhamADois(usize, bool),
        /// It is done there, and the process dies.
        Morrem,
        Cancelam,
        Dinheiro,
        Passa(i64),
    }

    fn acontece() -> impl Strategy<Value = Acontece> {
        prop_oneof![
            3 => (0..5usize).prop_map(Acontece::Pagam),
            2 => (0..5usize).prop_map(Acontece::PagamTarde),
            1 => Just(Acontece::OutraChega),
            4 => Just(Acontece::Olham),
            3 => (0..5usize, any::<bool>()).prop_map(|(n, ordem)| Acontece::OlhamADois(n, ordem)),
            1 => Just(Acontece::Morrem),
            1 => Just(Acontece::Cancelam),
            1 => Just(Acontece::Dinheiro),
            1 => (1..=400i64).prop_map(Acontece::Passa),
        ]
    }

    proptest! {
        #[test]
        fn whatever_happens_one_amount_is_kept_at_most(quantas in 1..4usize, historia in prop::collection::vec(acontece(), 0..25)) {
            let mut m = Mundo::novo(quantas);
            for fato in historia {
                m.agora += 1;
                match fato {
                    Acontece::Pagam(n) => m.pagar(n),
                    Acontece::PagamTarde(n) => { let n = n % m.la.len(); if m.la[n] != Situacao::Reembolsada { m.la[n] = Situacao::Paga; } }
                    Acontece::OutraChega if m.la.len() < 5 => m.la.push(Situacao::Aberta),
                    Acontece::OutraChega => {}
                    Acontece::Olham => { if let Some(olhar) = m.begin() { m.settle(olhar); } }
                    Acontece::OlhamADois(n, ordem) => {
                        let primeiro = m.begin();
                        m.pagar(n);
                        let segundo = m.begin();
                        let olhares = if ordem { [primeiro, segundo] } else { [segundo, primeiro] };
                        olhares.into_iter().flatten().for_each(|olhar| m.settle(olhar));
                    }
                    Acontece::Morrem => { m.begin(); }
                    Acontece::Cancelam => { m.pedido.cancel(None, momento(m.agora)); }
                    Acontece::Dinheiro => {
                        if m.pedido.status_pedido != StatusPedido::Cancelado {
                            let news = PaymentNews { meio: Some(Meio::Dinheiro), ..PaymentNews::of(StatusPagamento::Aprovado) };
                            m.pedido.pay(news, momento(m.agora));
                        }
                    }
                    Acontece::Passa(segundos) => m.agora += segundos,
                }
            }
            // A notification of the last of it, and looks until there is nothing left to do.
            m.cobranca.suspect_duplicates(momento(m.agora));
            for _ in 0..40 {
                m.agora += 100;
                if let Some(olhar) = m.begin() { m.settle(olhar); }
            }
            prop_assert_eq!(m.cobranca.next_operation(&m.pedido, momento(m.agora)), None);
            prop_assert!(m.la.iter().all(|s| *s != Situacao::Aberta), "{:?}", m.la);
            let devido = usize::from(m.pedido.status_pagamento == StatusPagamento::Aprovado && m.pedido.meio_pagamento == Some(Meio::Qr));
            prop_assert_eq!(m.fica(), devido, "{:?} {:?}", m.la, m.pedido);
            prop_assert_eq!(m.cobranca.overpaid(), Dinheiro::default());
            // And an order that stands keeps one that was paid.
            let paga = m.la.iter().any(|s| *s >= Situacao::Paga);
            prop_assert!(!(paga && is_wanted(&m.pedido)) || devido == 1, "{:?} {:?}", m.la, m.pedido);
        }
    }
}
