//! What a customer chose, and the fingerprint by which an `Idempotency-Key` knows it again.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{domain::pedido::Destino, error::Error};

/// What the customer chose. Prices are not asked for: they are on the menu.
#[derive(Serialize)]
pub struct Choice {
    pub cliente: Option<i64>,
    /// Under this name in the fingerprints that are stored.
    #[serde(rename = "linhas")]
    pub lines: Vec<Line>,
    /// Where nothing is said of it, fingerprints are as they were before it was there.
    #[serde(flatten)]
    pub destino: Destino,
    /// The counter takes the order, which may when no orders are taken from customers.
    #[serde(skip)]
    pub by_counter: bool,
}

/// So much of a product.
#[derive(Serialize)]
pub struct Line {
    pub produto: i64,
    pub quantidade: i64,
    pub descricao: Option<String>,
}

impl Choice {
    /// Tells one choice from another, whatever the spelling of its JSON: SHA-256 in hexadecimal.
    pub fn fingerprint(&self) -> Result<String, Error> {
        let text = serde_json::to_vec(self).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_that_are_stored_stay_what_they_were() {
        let line = || Line { produto: 3, quantidade: 5, descricao: None };
        let choice = |destino| Choice { cliente: Some(1), lines: vec![line()], destino, by_counter: false };
        let before = r#"{"cliente":1,"linhas":[{"produto":3,"quantidade":5,"descricao":null}]}"#;
        let digest =
            |text: &str| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(choice(Destino::default()).fingerprint().unwrap(), digest(before));
        let at_a_table = choice(Destino { local: None, mesa: Some("7".into()) });
        assert_ne!(at_a_table.fingerprint().unwrap(), digest(before));
    }
}
