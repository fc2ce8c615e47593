//! The signature of Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, in base64 behind `v1,`; several,
//! separated by spaces, while a secret is being changed. The official libraries verify it in `tests/webhooks`.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::Message;
use crate::{domain::webhook::Segredo, error::Error};

const PREFIX: &str = "whsec_";
/// Random bytes of a secret.
const BYTES: usize = 32;

/// A new secret.
pub fn new_secret() -> Result<Segredo, Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|e| Error::Internal(format!("no random bytes: {e}")))?;
    Ok(Segredo::stored(format!("{PREFIX}{}", BASE64_STANDARD.encode(bytes))))
}

/// `webhook-signature`: one by each secret.
pub fn sign(message: &Message<'_>, secrets: &[&Segredo]) -> String {
    let one = |secret: &&Segredo| {
        let encoded = secret.reveal().strip_prefix(PREFIX).unwrap_or_default();
        // A secret that cannot be read signs with nothing, and no receiver takes that.
        let key = BASE64_STANDARD.decode(encoded).ok().filter(|key| key.len() == BYTES)?;
        let mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).ok()?;
        let Message { id, seconds, body } = message;
        let signed = mac.chain_update(format!("{id}.{seconds}.")).chain_update(body).finalize();
        Some(format!("v1,{}", BASE64_STANDARD.encode(signed.into_bytes())))
    };
    secrets.iter().filter_map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac` and `standardwebhooks` 1.0.0.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let secret = Segredo::stored("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into());
        let other = Segredo::stored("whsec_//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=".into());
        let message =
            Message { id: "msg_3_341_6743", seconds: 1_800_000_000, body: r#"{"type":"pedido.pronto"}"# };
        assert_eq!(sign(&message, &[&secret]), "v1,8WoGClNKgct0oUW+Z0ATyhOnoR9DOte4RUu9k/IgD6I=");
        assert_eq!(
            sign(&message, &[&other, &secret]),
            "v1,COeIsAO5XlwlDHCgBD8gFchvzM2O2oZupL5qb2v7pr0= v1,8WoGClNKgct0oUW+Z0ATyhOnoR9DOte4RUu9k/IgD6I="
        );
        assert_eq!(sign(&message, &[&Segredo::stored("whsec_AA==".into())]), "");
    }

    #[test]
    fn a_new_secret_has_its_form() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_eq!(one.reveal().len(), 50);
        assert_ne!(one.reveal(), other.reveal());
        let message = Message { id: "a", seconds: 1, body: "{}" };
        assert!(sign(&message, &[&one]).starts_with("v1,"));
    }
}
