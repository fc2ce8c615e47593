//! One step of a charge at Mercado Pago: create, look, cancel, refund.
//!
//! A step may be repeated, by another process too, and after a day its idempotency key is forgotten. So
//! whatever costs or gives back money looks first where the key does not protect it, and looks again
//! afterwards: the outcome is how the charge stands, and not how one call ended. Tested in
//! `tests/api/mercado_pago.rs`, `refunds.rs` and `duplicate_charges.rs`, against the stand-in with its faults.

use std::time::Instant;

use serde::de::DeserializeOwned;

use super::{
    MercadoPago,
    client::Call,
    encoded,
    failure::{CallError, Refusal, parse},
    new_order::NewOrder,
    orders::Order,
};
use crate::domain::{
    charge_report::{ChargeReport, Outcome},
    cobranca::{Cobranca, KEY_SECONDS, Operacao, Situacao},
    pedido::Pedido,
};

/// What a step is about, and until when it has to be done.
#[derive(Clone, Copy)]
pub struct Step<'a> {
    /// The charge as it was when the step was taken.
    pub charge: &'a Cobranca,
    /// Its order.
    pub pedido: &'a Pedido,
    /// No call is begun after this.
    pub deadline: Instant,
}

/// A change of an order at the provider.
struct Change<'a> {
    /// The provider's id of the order.
    id: &'a str,
    /// `cancel` or `refund`.
    verb: &'static str,
    /// JSON; `None` for the whole.
    body: Option<String>,
}

impl MercadoPago {
    /// Does one step, and reports how the charge stands afterwards.
    pub(super) fn step(&self, operacao: Operacao, step: &Step<'_>) -> Result<Outcome, CallError> {
        match operacao {
            Operacao::Criar => self.create(step),
            Operacao::Consultar if step.charge.incerta_ate.is_some() => self.look_at_all(step),
            Operacao::Consultar => self.look(step),
            Operacao::Cancelar => self.cancel(step),
            Operacao::Reembolsar => self.refund(step),
        }
    }

    fn create(&self, step: &Step<'_>) -> Result<Outcome, CallError> {
        let Step { charge, pedido, deadline } = *step;
        let age_seconds = crate::clock::now().segundos() - pedido.datahora_recebido.segundos();
        if age_seconds > KEY_SECONDS
            && let Some(report) = self.find(step)?
        {
            return Ok(Outcome::Report(report));
        }
        let body = NewOrder::new(charge, pedido, &self.settings.point_of_sale).to_json()?;
        let key = charge.chave.as_deref();
        let call = Call { method: "POST", path: "/v1/orders", key, body: Some(&body) };
        let answer = self.client.call(&call, deadline)?;
        match parse::<Order>(&answer) {
            Ok(order) => {
                Ok(Outcome::Report(ChargeReport { uncertain: answer.repeated, ..order.into_report()? }))
            }
            // The key was used: what it made may be there all the same.
            Err(CallError::Refused(refusal)) if refusal.status == 409 => match self.find(step)? {
                Some(report) => Ok(Outcome::Report(report)),
                None => Err(CallError::Refused(refusal).of_search()),
            },
            Err(error) => Err(error),
        }
    }

    /// That the provider refuses to show the charge is an outcome here, and no error.
    fn look(&self, step: &Step<'_>) -> Result<Outcome, CallError> {
        match &step.charge.id_externo {
            Some(id) => self.look_at(id, step),
            None => Ok(self.find(step)?.map_or(Outcome::NotFound, Outcome::Report)),
        }
    }

    fn look_at(&self, id: &str, step: &Step<'_>) -> Result<Outcome, CallError> {
        match self.order(id, step.deadline) {
            Ok(order) => Ok(Outcome::Report(order.into_report()?)),
            Err(CallError::Refused(Refusal { status: 404, .. })) => Ok(Outcome::NotFound),
            Err(CallError::Refused(refusal)) => Ok(refusal.into_outcome()),
            Err(error) => Err(error),
        }
    }

    /// Without the provider's id nobody knows whether there is anything to cancel. A repetition looks first,
    /// since the provider may have forgotten its key.
    fn cancel(&self, step: &Step<'_>) -> Result<Outcome, CallError> {
        let charge = step.charge;
        if charge.id_externo.is_some() && charge.tentativas > 0 {
            let before = self.look(step)?;
            if matches!(&before, Outcome::Report(r) if r.situacao > Some(Situacao::Aberta)) {
                return Ok(before);
            }
        }
        let found;
        let id = match &charge.id_externo {
            Some(id) => id,
            None => match self.find(step)? {
                Some(report) if report.situacao == Some(Situacao::Aberta) => {
                    found = report.id_externo;
                    &found
                }
                Some(report) => return Ok(Outcome::Report(report)),
                None => return Ok(Outcome::NotFound),
            },
        };
        self.change_and_look(&Change { id, verb: "cancel", body: None }, step)
    }

    /// Looks first: what went back already, by an answer that was lost or by somebody in the provider's
    /// panel, does not go back again, however old the key.
    fn refund(&self, step: &Step<'_>) -> Result<Outcome, CallError> {
        let charge = step.charge;
        let Some(id) = &charge.id_externo else { return self.look(step) };
        let order = self.order(id, step.deadline)?;
        let payment = order.payment_id().map(str::to_owned);
        let now = order.into_report()?;
        if now.situacao != Some(Situacao::Paga) || now.reembolsado != charge.reembolsado {
            return Ok(Outcome::Report(now));
        }
        let part = charge.reembolso_alvo.filter(|goal| *goal < charge.valor);
        let body = part.map(|goal| {
            let amount = goal.menos(charge.reembolsado).to_string();
            serde_json::json!({"transactions": [{"id": payment, "amount": amount}]}).to_string()
        });
        self.change_and_look(&Change { id, verb: "refund", body }, step)
    }

    /// Whatever the answer, what counts is how the charge stands afterwards: the refusal of something that is
    /// done already is no refusal.
    fn change_and_look(&self, change: &Change<'_>, step: &Step<'_>) -> Result<Outcome, CallError> {
        let charge = step.charge;
        let path = format!("/v1/orders/{}/{}", encoded(change.id), change.verb);
        let (key, body) = (charge.chave.as_deref(), change.body.as_deref());
        let answer = self.client.call(&Call { method: "POST", path: &path, key, body }, step.deadline)?;
        let after = self.look_at(change.id, step)?;
        match (answer.status, &after) {
            (200..=299 | 409, _) => Ok(after),
            (_, Outcome::Report(r))
                if r.situacao > Some(charge.situacao) || r.reembolsado > charge.reembolsado =>
            {
                Ok(after)
            }
            _ => Ok(Refusal::of(&answer).into_outcome()),
        }
    }

    /// All charges of the order; those that are too many are cancelled or given back, and looked at again.
    fn look_at_all(&self, step: &Step<'_>) -> Result<Outcome, CallError> {
        let Step { charge, pedido, deadline } = *step;
        let mut all = self.find_all(step)?;
        if let Some(id) = charge.id_externo.as_ref().filter(|id| all.iter().all(|r| r.id_externo != **id))
            && let Outcome::Report(kept) = self.look(step)?
            && kept.id_externo == *id
        {
            all.push(kept);
        }
        let withdrawn: Vec<(String, Operacao)> =
            charge.to_withdraw(pedido, &all).into_iter().map(|(r, o)| (r.id_externo.clone(), o)).collect();
        for (id, operacao) in withdrawn {
            let verb = if operacao == Operacao::Cancelar { "cancel" } else { "refund" };
            let path = format!("/v1/orders/{}/{verb}", encoded(&id));
            // A refund of the whole cannot be done twice, and it was just seen not to be done: a new key each
            // time.
            let key = uuid::Uuid::new_v4().to_string();
            let call = Call { method: "POST", path: &path, key: Some(&key), body: None };
            // What is not done now is done after the next look.
            if self.client.call(&call, deadline).is_ok()
                && let Ok(order) = self.order(&id, deadline)
                && let Ok(after) = order.into_report()
                && let Some(report) = all.iter_mut().find(|r| r.id_externo == id)
            {
                *report = after;
            }
        }
        Ok(Outcome::All(all))
    }

    pub(super) fn order(&self, id: &str, deadline: Instant) -> Result<Order, CallError> {
        self.get(&format!("/v1/orders/{}", encoded(id)), deadline)
    }

    pub(super) fn get<T: DeserializeOwned>(&self, path: &str, deadline: Instant) -> Result<T, CallError> {
        let call = Call { method: "GET", path, key: None, body: None };
        parse(&self.client.call(&call, deadline)?)
    }
}
