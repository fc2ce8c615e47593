//! The simulator: a provider that needs no account. Every QR code is well formed and worth nothing, and
//! the webhook of the wire contract decides, unauthenticated, whether the customer has paid. It is stateless:
//! every answer is computed from the stored charge and the time.

use std::time::Duration;

use super::{NewCharge, News, Opened, Policy, Provider, Subject, Webhook, WebhookRequest, br_code};
use crate::{
    clock,
    domain::{
        charge_report::{ChargeReport, Outcome},
        cobranca::{Cobranca, Operacao, Situacao},
        data_hora::DataHora,
        dinheiro::Dinheiro,
        pedido::{Pedido, StatusPagamento},
    },
    error::Error,
};

/// The name by which its charges are stored.
pub const NAME: &str = "simulado";
/// The name that people read.
pub const DISPLAY_NAME: &str = "simulador";

/// A step takes no time; this is for a process that is stopped in the middle of one.
const STEP_TIMEOUT: Duration = Duration::from_secs(1);
/// Nothing changes between two looks but the time.
const FIRST_POLL_SECONDS: i64 = 60;

/// The provider that is used where none is set up.
#[derive(Clone, Copy, Debug)]
pub struct Simulator {
    validity_seconds: i64,
}

impl Simulator {
    /// QR codes can be paid for `validity_seconds`.
    pub fn new(validity_seconds: i64) -> Simulator {
        Simulator { validity_seconds }
    }

    /// `execute` at a given time.
    fn answer(self, operacao: Operacao, charge: &Cobranca, pedido: &Pedido, now: DataHora) -> Outcome {
        let report = report(operacao, charge, pedido, now);
        match (operacao, report) {
            // All charges of the reference are asked for, which ends the search for duplicates.
            (Operacao::Consultar, report) if charge.incerta_ate.is_some() => {
                Outcome::All(report.into_iter().collect())
            }
            (_, Some(report)) => Outcome::Report(report),
            (_, None) => Outcome::NotFound,
        }
    }
}

impl Provider for Simulator {
    fn name(&self) -> &'static str {
        NAME
    }

    fn display_name(&self) -> &'static str {
        DISPLAY_NAME
    }

    fn policy(&self) -> Policy {
        Policy {
            validity_seconds: self.validity_seconds,
            checkout_wait: STEP_TIMEOUT,
            step_timeout: STEP_TIMEOUT,
            first_poll_seconds: FIRST_POLL_SECONDS,
        }
    }

    fn is_away(&self) -> bool {
        false
    }

    fn notice(&self) -> Option<&'static str> {
        Some("Pagamentos simulados: nenhum código QR pode ser pago de verdade.")
    }

    fn announce(&self) {
        log::warn!(
            "payments are SIMULATED: no QR code can be paid, and whoever calls the webhook decides what is paid"
        );
    }

    fn at_once(&self, charge: &NewCharge<'_>) -> Option<Opened> {
        Some(Opened {
            id_externo: charge.reference.to_owned(),
            qr_data: br_code::simulated(charge.reference, charge.valor),
            expires_at: charge.now.mais(self.validity_seconds),
        })
    }

    fn answers_at_once(&self) -> bool {
        true
    }

    fn execute(&self, operacao: Operacao, charge: &Cobranca, pedido: &Pedido, _: Duration) -> Outcome {
        self.answer(operacao, charge, pedido, clock::now())
    }

    fn admits_subject(&self) -> bool {
        true
    }

    /// There is nothing but charges, and their ids are the references of the orders.
    fn subject(&self, _: &str, id: &str) -> Subject {
        Subject::Reference(id.to_owned())
    }

    fn read_webhook(&self, request: &dyn WebhookRequest) -> Result<Webhook, Error> {
        let notification = request.own_notification()?;
        Ok(Webhook::News(News { status: status(&notification.action), reference: notification.id }))
    }
}

/// How the charge stands after a step; `None` when there is no such charge.
fn report(operacao: Operacao, charge: &Cobranca, pedido: &Pedido, now: DataHora) -> Option<ChargeReport> {
    let expired = pedido.datahora_expiracao.is_some_and(|end| end <= now);
    let open = charge.situacao <= Situacao::Aberta;
    let situacao = match operacao {
        Operacao::Criar => charge.situacao.max(Situacao::Aberta),
        Operacao::Consultar if charge.situacao == Situacao::Pedida => return None,
        Operacao::Consultar | Operacao::Cancelar if open && expired => Situacao::Expirada,
        Operacao::Cancelar if open => Situacao::Cancelada,
        Operacao::Reembolsar if charge.situacao == Situacao::Paga => {
            return Some(refunded(charge, pedido));
        }
        Operacao::Consultar | Operacao::Cancelar | Operacao::Reembolsar => charge.situacao,
    };
    Some(ChargeReport {
        validity_seconds: Some(charge.validade),
        qr_data: (situacao == Situacao::Aberta).then(|| br_code::simulated(reference(pedido), charge.valor)),
        ..as_it_is(charge, pedido, situacao)
    })
}

/// A paid charge of which all that is to go back has gone back.
fn refunded(charge: &Cobranca, pedido: &Pedido) -> ChargeReport {
    let goal = charge.reembolso_alvo.unwrap_or(charge.valor).min(charge.valor).max(charge.reembolsado);
    let situacao = if goal == charge.valor { Situacao::Reembolsada } else { Situacao::Paga };
    ChargeReport { reembolsado: goal, ..as_it_is(charge, pedido, situacao) }
}

fn as_it_is(charge: &Cobranca, pedido: &Pedido, situacao: Situacao) -> ChargeReport {
    let id = charge.id_externo.clone().unwrap_or_else(|| reference(pedido).to_owned());
    let paid = (situacao >= Situacao::Paga).then_some(charge.valor);
    let whole = if situacao == Situacao::Reembolsada { charge.valor } else { Dinheiro::default() };
    ChargeReport {
        reference: pedido.id_pagamento.clone(),
        valor: Some(charge.valor),
        paid,
        reembolsado: charge.reembolsado.max(whole),
        currency: Some("BRL".to_owned()),
        ..ChargeReport::new(id, situacao)
    }
}

fn reference(pedido: &Pedido) -> &str {
    pedido.id_pagamento.as_deref().unwrap_or_default()
}

/// What a notification's `action` says of the payment; `None` when it changes nothing.
fn status(action: &str) -> Option<StatusPagamento> {
    match action {
        "state_FINISHED" => Some(StatusPagamento::Aprovado),
        "state_CANCELED" => Some(StatusPagamento::Recusado),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        cobranca::{Fields, tests::cobranca},
        pedido::{QrCode, StatusPedido, tests::pedido as pedido_em},
    };

    const SIMULATOR: Simulator = Simulator { validity_seconds: 900 };

    fn at(seconds: i64) -> DataHora {
        DataHora::de_segundos(seconds).unwrap()
    }

    fn reais(text: &str) -> Dinheiro {
        text.parse().unwrap()
    }

    /// An order and its charge, which can be paid until second 900.
    fn charged(situacao: Situacao) -> (Pedido, Cobranca) {
        charged_with(|c| c.situacao = situacao)
    }

    fn charged_with(change: impl FnOnce(&mut Fields)) -> (Pedido, Cobranca) {
        let mut pedido = pedido_em(StatusPedido::Recebido);
        pedido.show_qr(QrCode { expiry: Some(at(900)), ..QrCode::default() }, at(0));
        let mut fields = Fields::clone(&cobranca(&mut pedido));
        change(&mut fields);
        if fields.situacao != Situacao::Pedida {
            fields.id_externo = Some("referencia".into());
        }
        (pedido, Cobranca::stored(fields))
    }

    fn answered(operacao: Operacao, (pedido, charge): &(Pedido, Cobranca), now: i64) -> ChargeReport {
        match SIMULATOR.answer(operacao, charge, pedido, at(now)) {
            Outcome::Report(report) => report,
            other => panic!("{operacao:?}: {other:?}"),
        }
    }

    #[test]
    fn only_the_two_words_of_the_contract_decide() {
        assert_eq!(status("state_FINISHED"), Some(StatusPagamento::Aprovado));
        assert_eq!(status("state_CANCELED"), Some(StatusPagamento::Recusado));
        assert_eq!(status("state_ERROR"), None);
    }

    #[test]
    fn a_charge_is_open_at_once_and_the_same_when_it_is_asked_for() {
        let facts = NewCharge { reference: "referencia", valor: reais("57.80"), now: at(0) };
        let opened = SIMULATOR.at_once(&facts).unwrap();
        assert_eq!((opened.id_externo.as_str(), opened.expires_at), ("referencia", at(900)));
        let created = answered(Operacao::Criar, &charged(Situacao::Pedida), 0);
        assert_eq!(created.situacao, Some(Situacao::Aberta));
        assert_eq!(created.qr_data, Some(opened.qr_data));
        assert_eq!((created.id_externo, created.validity_seconds), (opened.id_externo, Some(900)));
    }

    #[test]
    fn a_look_changes_nothing_but_for_the_time() {
        for situacao in [Situacao::Cancelada, Situacao::Expirada, Situacao::Paga, Situacao::Reembolsada] {
            let seen = answered(Operacao::Consultar, &charged(situacao), 901);
            assert_eq!(seen.situacao, Some(situacao));
        }
        let open = charged(Situacao::Aberta);
        assert_eq!(answered(Operacao::Consultar, &open, 899).situacao, Some(Situacao::Aberta));
        assert_eq!(answered(Operacao::Consultar, &open, 900).situacao, Some(Situacao::Expirada));
        let (pedido, charge) = charged(Situacao::Pedida);
        assert_eq!(SIMULATOR.answer(Operacao::Consultar, &charge, &pedido, at(1)), Outcome::NotFound);
    }

    #[test]
    fn a_search_for_duplicates_finds_the_one_charge() {
        let (pedido, charge) = charged_with(|c| {
            (c.situacao, c.incerta_ate) = (Situacao::Paga, Some(at(1500)));
        });
        match SIMULATOR.answer(Operacao::Consultar, &charge, &pedido, at(1)) {
            Outcome::All(all) => assert_eq!(all.len(), 1),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_open_is_cancelled_and_money_that_came_is_not() {
        for situacao in [Situacao::Pedida, Situacao::Aberta] {
            let charge = charged(situacao);
            assert_eq!(answered(Operacao::Cancelar, &charge, 1).situacao, Some(Situacao::Cancelada));
            assert_eq!(answered(Operacao::Cancelar, &charge, 900).situacao, Some(Situacao::Expirada));
        }
        assert_eq!(answered(Operacao::Cancelar, &charged(Situacao::Paga), 1).situacao, Some(Situacao::Paga));
    }

    #[test]
    fn a_refund_is_done_at_once_in_part_or_as_a_whole() {
        let paid = |reembolsado: &str, goal: Option<&str>| {
            charged_with(|c| {
                (c.situacao, c.reembolsado) = (Situacao::Paga, reais(reembolsado));
                c.reembolso_alvo = goal.map(reais);
            })
        };
        let part = answered(Operacao::Reembolsar, &paid("0", Some("7.80")), 1);
        assert_eq!((part.situacao, part.reembolsado), (Some(Situacao::Paga), reais("7.80")));
        for goal in [None, Some("57.80")] {
            let whole = answered(Operacao::Reembolsar, &paid("7.80", goal), 1);
            assert_eq!((whole.situacao, whole.reembolsado), (Some(Situacao::Reembolsada), reais("57.80")));
        }
        let open = answered(Operacao::Reembolsar, &charged(Situacao::Aberta), 1);
        assert_eq!((open.situacao, open.reembolsado), (Some(Situacao::Aberta), Dinheiro::default()));
    }

    #[test]
    fn every_answer_is_one_that_the_charge_accepts() {
        for operacao in [Operacao::Criar, Operacao::Consultar, Operacao::Cancelar, Operacao::Reembolsar] {
            for situacao in [Situacao::Pedida, Situacao::Aberta, Situacao::Cancelada, Situacao::Paga] {
                let (pedido, charge) = charged(situacao);
                if let Outcome::Report(report) = SIMULATOR.answer(operacao, &charge, &pedido, at(1)) {
                    assert_eq!(report.check(&charge, &pedido), Ok(()), "{operacao:?} {situacao:?}");
                }
            }
        }
    }
}
