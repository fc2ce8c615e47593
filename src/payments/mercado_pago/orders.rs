//! An order as the Orders API answers it. It is read with patience, since its pages contradict each other in
//! places: an amount may be a text or a number, a field may be missing, a state may be new.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::NoAnswer;
use crate::domain::{
    charge_report::{ChargeReport, UNKNOWN_STATE},
    cobranca::Situacao,
    dinheiro::Dinheiro,
};

/// Characters of an id that is stored; real ones have about thirty.
const ID_MAX: usize = 64;

/// An order of the Orders API.
#[derive(Deserialize)]
pub struct Order {
    id: String,
    status: Option<String>,
    external_reference: Option<String>,
    total_amount: Option<Amount>,
    currency: Option<String>,
    expiration_time: Option<String>,
    transactions: Option<Transactions>,
    type_response: Option<TypeResponse>,
}

#[derive(Deserialize)]
struct Transactions {
    #[serde(default)]
    payments: Vec<Payment>,
}

#[derive(Deserialize)]
struct Payment {
    id: Option<String>,
    amount: Option<Amount>,
    paid_amount: Option<Amount>,
    refunded_amount: Option<Amount>,
}

#[derive(Deserialize)]
struct TypeResponse {
    qr_data: Option<String>,
}

/// `"57.80"` or `57.8`, read digit by digit either way; `None` where that cannot be done exactly.
struct Amount(Option<Dinheiro>);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Amount(text.get().trim_matches('"').parse().ok()))
    }
}

impl Order {
    fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.transactions.iter().flat_map(|t| &t.payments)
    }

    /// Whether it has this reference.
    pub fn is_of(&self, reference: &str) -> bool {
        self.external_reference.as_deref() == Some(reference)
    }

    /// The provider's id of the payment that a refund names.
    pub fn payment_id(&self) -> Option<&str> {
        self.payments().next()?.id.as_deref()
    }

    /// What it says of the charge. Without an id that can be stored it says nothing.
    pub fn into_report(self) -> Result<ChargeReport, NoAnswer> {
        if self.id.is_empty() || self.id.len() > ID_MAX || !self.id.is_ascii() {
            return Err(NoAnswer::of("resposta sem um id que sirva"));
        }
        let sum = |field: fn(&Payment) -> Option<&Amount>| {
            let amounts: Vec<Dinheiro> = self.payments().filter_map(|p| field(p)?.0).collect();
            (!amounts.is_empty()).then(|| amounts.into_iter().sum::<Dinheiro>())
        };
        let situacao = match self.status.as_deref() {
            Some("created") => Some(Situacao::Aberta),
            Some("canceled" | "cancelled") => Some(Situacao::Cancelada),
            Some("expired") => Some(Situacao::Expirada),
            Some("processed") => Some(Situacao::Paga),
            Some("refunded") => Some(Situacao::Reembolsada),
            _ => None,
        };
        let refunded = match situacao {
            Some(Situacao::Reembolsada) => sum(|p| p.refunded_amount.as_ref()).or(sum(|p| p.amount.as_ref())),
            _ => sum(|p| p.refunded_amount.as_ref()),
        };
        let total = self.total_amount.as_ref().and_then(|v| v.0);
        Ok(ChargeReport {
            valor: total.or_else(|| sum(|p| p.amount.as_ref())),
            paid: sum(|p| p.paid_amount.as_ref()),
            reembolsado: refunded.unwrap_or_default(),
            situacao,
            state: self.status.as_deref().map_or(UNKNOWN_STATE, in_portuguese),
            uncertain: false,
            validity_seconds: self.expiration_time.as_deref().and_then(seconds),
            qr_data: self.type_response.and_then(|r| r.qr_data).filter(|qr| !qr.is_empty()),
            reference: self.external_reference,
            currency: self.currency,
            id_externo: self.id,
        })
    }
}

/// A state that says nothing of the money, for people.
fn in_portuguese(status: &str) -> &'static str {
    match status {
        "failed" => "em falha",
        "at_terminal" | "action_required" | "in_process" | "pending" => "em andamento",
        _ => UNKNOWN_STATE,
    }
}

/// The seconds of an ISO 8601 duration such as `PT15M`.
fn seconds(duration: &str) -> Option<i64> {
    duration.parse::<jiff::SignedDuration>().ok().map(|d| d.as_secs()).filter(|s| *s > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(json: &str) -> ChargeReport {
        serde_json::from_str::<Order>(json).unwrap().into_report().ok().unwrap()
    }

    #[test]
    fn amounts_are_read_as_texts_and_as_numbers_and_never_as_floats() {
        for total in ["\"57.80\"", "57.8", "57.80"] {
            let report = report(&format!(
                r#"{{"id":"ORD1","status":"processed","external_reference":"r","total_amount":{total},
                "transactions":{{"payments":[{{"id":"PAY1","amount":{total},"paid_amount":{total},"novo":[]}}]}},"outro":{{}}}}"#
            ));
            assert_eq!(report.valor.map(Dinheiro::centavos), Some(5780));
            assert_eq!(report.paid.map(Dinheiro::centavos), Some(5780));
            assert_eq!(report.situacao, Some(Situacao::Paga));
        }
        // What cannot be read exactly is as good as absent.
        assert_eq!(report(r#"{"id":"ORD1","total_amount":5.78e1}"#).valor, None);
    }

    #[test]
    fn an_order_in_its_shortest_form() {
        let report = report(r#"{"id":"ORD1","status":"at_terminal"}"#);
        assert_eq!((report.situacao, report.valor, report.qr_data), (None, None, None));
    }

    #[test]
    fn people_read_no_word_of_the_providers() {
        let state = |status: &str| report(&format!(r#"{{"id":"ORD1","status":"{status}"}}"#)).state_name();
        assert_eq!(state("processed"), "paga");
        assert_eq!(state("at_terminal"), "em andamento");
        assert_eq!(state("charged_back_partially"), "em um estado desconhecido");
        assert_eq!(report(r#"{"id":"ORD1"}"#).state_name(), "em um estado desconhecido");
    }

    #[test]
    fn durations() {
        assert_eq!(seconds("PT15M"), Some(900));
        assert_eq!(seconds("PT30S"), Some(30));
        assert_eq!(seconds("PT3600H"), Some(12_960_000));
        assert_eq!(seconds("tomorrow"), None);
    }
}
