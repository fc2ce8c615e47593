//! How a call can fail: the provider refuses, it does not accept the token, or nobody knows.

use serde::de::DeserializeOwned;

use super::client::{Answer, NoAnswer, error_code};
use crate::domain::charge_report::Outcome;

/// What a call came to that did not end as it was meant to.
pub enum CallError {
    /// It understood, and will not.
    Refused(Refusal),
    /// It does not accept the token: the fault is in the settings, and not in this charge. The text is its
    /// code.
    Unauthorized(String),
    /// Nobody knows what happened there, or nobody was asked.
    NoAnswer(NoAnswer),
}

/// An answer that says no.
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Status and the provider's code, for the history.
    pub code: String,
    /// For people, in Portuguese.
    pub reason: String,
}

impl CallError {
    /// As the outcome of a step.
    pub fn into_outcome(self) -> Outcome {
        match self {
            CallError::Refused(refusal) => refusal.into_outcome(),
            CallError::Unauthorized(code) => Outcome::Unauthorized(code),
            CallError::NoAnswer(NoAnswer { cause, wait_seconds, sent }) => {
                Outcome::NoAnswer { cause, wait_seconds, sent }
            }
        }
    }

    /// Of a search, whose refusal says nothing about the charge that is searched for.
    pub fn of_search(self) -> CallError {
        match self {
            CallError::Refused(refusal) => CallError::NoAnswer(NoAnswer::of(&refusal.code)),
            other => other,
        }
    }
}

impl From<NoAnswer> for CallError {
    fn from(none: NoAnswer) -> CallError {
        CallError::NoAnswer(none)
    }
}

impl Refusal {
    /// By the code in the body, else the status.
    pub fn of(answer: &Answer) -> Refusal {
        let code = error_code(&answer.body).unwrap_or_default();
        let reason = match code.as_str() {
            "pos_not_found" => "o ponto de venda não foi encontrado".to_owned(),
            "user_not_authorized" => "esta conta não pode devolver este pagamento".to_owned(),
            "instore_order_locked_error" => "há um pagamento em andamento".to_owned(),
            _ => format!("erro {}", answer.status),
        };
        let code: String = code.chars().filter(|c| !c.is_control()).take(80).collect();
        let code = format!("{} {code}", answer.status).trim().to_owned();
        Refusal { status: answer.status, code, reason }
    }

    /// As the outcome of a step.
    pub fn into_outcome(self) -> Outcome {
        Outcome::Refused { code: self.code, reason: self.reason }
    }
}

/// Reads the body of an answer that says yes.
pub fn parse<T: DeserializeOwned>(answer: &Answer) -> Result<T, CallError> {
    match answer.status {
        200..=299 => serde_json::from_slice(&answer.body)
            .map_err(|e| NoAnswer::of(&format!("resposta ilegível: {e}")).into()),
        _ if answer.refuses_token() => Err(CallError::Unauthorized(Refusal::of(answer).code)),
        _ => Err(CallError::Refused(Refusal::of(answer))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_in_either_shape_and_in_none() {
        for (body, code) in [
            (r#"{"errors":[{"code":"pos_not_found","message":"m"}]}"#, "404 pos_not_found"),
            (r#"{"message":"m","error":"not_found","status":404,"cause":[]}"#, "404 not_found"),
            ("<html>", "404"),
        ] {
            let answer = Answer { status: 404, body: body.into(), repeated: false };
            assert_eq!(Refusal::of(&answer).code, code);
        }
    }
}
