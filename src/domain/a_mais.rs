//! Charges too many. A provider that forgets an idempotency key makes a second charge of a repeated creation, and both
//! can be paid. Whenever the outcome of a creation was not known, all charges of the order's reference are looked at,
//! again and again until none can turn up any more (`incerta_ate`). One is kept; an open one beside it is cancelled,
//! and a paid one given back.
//!
//! The invariant: once every look has been settled, the provider keeps at most the amount of the order, or a `pendencia`
//! says what is too much. The kept charge is chosen while settling, against the state that is stored; what costs money
//! is asked for only after the choice was stored, so that two looks at the same time cannot give back both.

use super::{
    cobranca::{Cobranca, Operacao, Situacao, querida},
    data_hora::DataHora,
    dinheiro::Dinheiro,
    pedido::{Evento, Pedido},
    pendencia::Motivo,
    verdade::Verdade,
};

/// How long, in seconds, a creation may be on its way, and clocks differ.
const FOLGA_SEGUNDOS: i64 = 600;

/// A charge of the order beside the kept one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AMais {
    pub id_externo: String,
    /// `None` for a state that says nothing here.
    pub situacao: Option<Situacao>,
    pub valor: Dinheiro,
    pub reembolsado: Dinheiro,
    /// A person gave the money back; the provider is not asked to.
    pub resolvida: bool,
}

impl AMais {
    fn encerrada(&self) -> bool {
        self.resolvida || self.situacao.is_some_and(|s| s > Situacao::Aberta && s != Situacao::Paga)
    }
}

impl Cobranca {
    /// Charges too many may be made from now on, or have been made.
    pub fn desconfiar(&mut self, agora: DataHora) {
        let ate = agora.mais(self.validade + FOLGA_SEGUNDOS);
        self.incerta_ate = self.incerta_ate.max(Some(ate));
    }

    /// What was paid beside the kept charge and is not given back.
    pub fn pago_a_mais(&self) -> Dinheiro {
        let paga = |c: &&AMais| c.situacao == Some(Situacao::Paga) && !c.resolvida;
        self.a_mais.iter().filter(paga).map(|c| c.valor.menos(c.reembolsado)).sum()
    }

    fn resolvida(&self, id: &str) -> bool {
        self.a_mais.iter().any(|c| c.id_externo == id && c.resolvida)
    }

    /// The one to keep of all charges of the reference: the one that is known, unless only another one was paid.
    pub fn escolher<'a>(&self, pedido: &Pedido, todas: &'a [Verdade]) -> Option<&'a Verdade> {
        let nossa = todas.iter().find(|v| self.id_externo.as_ref() == Some(&v.id_externo));
        let paga = |v: &&Verdade| {
            v.situacao == Some(Situacao::Paga)
                && v.conferir(self, pedido).is_ok()
                && !self.resolvida(&v.id_externo)
        };
        // Given back by somebody else, and the order has the money of another one.
        let devolvida_la = self.situacao == Situacao::Paga
            && nossa.is_some_and(|v| v.situacao == Some(Situacao::Reembolsada))
            && querida(pedido)
            && self.reembolso_alvo.is_none()
            && self.reembolsado == Dinheiro::default();
        if (self.situacao >= Situacao::Paga && !devolvida_la) || nossa.filter(&paga).is_some() {
            return nossa;
        }
        let primeira = |serve: &dyn Fn(&&Verdade) -> bool| {
            todas.iter().filter(serve).min_by(|a, b| a.id_externo.cmp(&b.id_externo))
        };
        primeira(&paga)
            .or(nossa)
            .or_else(|| primeira(&|v| v.situacao == Some(Situacao::Aberta)))
            .or_else(|| primeira(&|_| true))
    }

    /// What is to be asked of charges too many: nothing before the choice is stored, and no refund before the kept
    /// one is known to be paid.
    pub fn retirar<'a>(&self, pedido: &Pedido, todas: &'a [Verdade]) -> Vec<(&'a Verdade, Operacao)> {
        let Some(escolhida) = self.escolher(pedido, todas) else { return vec![] };
        if self.id_externo.as_ref() != Some(&escolhida.id_externo) {
            return vec![];
        }
        let outras =
            todas.iter().filter(|v| v.id_externo != escolhida.id_externo && !self.resolvida(&v.id_externo));
        outras
            .filter_map(|v| match v.situacao {
                Some(Situacao::Aberta) => Some((v, Operacao::Cancelar)),
                Some(Situacao::Paga) if self.situacao >= Situacao::Paga => Some((v, Operacao::Reembolsar)),
                _ => None,
            })
            .collect()
    }

    /// Notes what is known of all charges but the kept one, `id`.
    pub fn anotar(
        &mut self,
        todas: &[Verdade],
        id: Option<&str>,
        eventos: &mut Vec<Evento>,
        agora: DataHora,
    ) {
        self.a_mais.retain(|c| id != Some(c.id_externo.as_str()));
        for verdade in todas.iter().filter(|v| id != Some(v.id_externo.as_str())) {
            let nova = AMais {
                id_externo: verdade.id_externo.clone(),
                situacao: verdade.situacao,
                valor: verdade.pago.or(verdade.valor).unwrap_or(self.valor),
                reembolsado: verdade.reembolsado,
                resolvida: self.resolvida(&verdade.id_externo),
            };
            if !self.a_mais.contains(&nova) {
                let (estado, valor) = (verdade.estado(), nova.valor.em_reais());
                let texto = format!("cobrança a mais: {} {estado}, {valor}", nova.id_externo);
                eventos.push(Evento::novo("respondido", agora).com(texto));
            }
            self.a_mais.retain(|c| c.id_externo != nova.id_externo);
            self.a_mais.push(nova);
        }
    }

    /// After a look at all charges: whether it was the last, and what a person has to know.
    pub fn concluir_busca(&mut self, agora: DataHora) {
        if self.incerta_ate.is_some_and(|ate| ate <= agora) && self.a_mais.iter().all(AMais::encerrada) {
            self.incerta_ate = None;
        }
    }

    /// Money that is too much is on the list for as long as it is there.
    pub fn chamar_pelo_que_sobra(&mut self, eventos: &mut Vec<Evento>, agora: DataHora) {
        let sobra = self.pago_a_mais();
        if sobra > Dinheiro::default()
            && (self.pendente_desde.is_none() || self.motivo == Some(Motivo::AMais))
        {
            let paga = |c: &&AMais| c.situacao == Some(Situacao::Paga) && !c.resolvida;
            let ids: Vec<&str> = self.a_mais.iter().filter(paga).map(|c| c.id_externo.as_str()).collect();
            let texto = format!(
                "O Mercado Pago recebeu mais de um pagamento por este pedido: {} a mais ({}), que ainda não voltou ao cliente",
                sobra.em_reais(),
                ids.join(", ")
            );
            self.chamar(Motivo::AMais, texto, eventos, agora);
        }
    }
}
