//! `x-signature`: an HMAC-SHA256 that proves that a notification comes from Mercado Pago and is about the id
//! in its address.
//!
//! Signed is the manifest `id:<data.id>;request-id:<x-request-id>;ts:<ts>;`, without the parts that a request
//! does not have. Known signatures are in the tests.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Characters of an id; real ones have about thirty.
const ID_MAX: usize = 64;
const REQUEST_ID_MAX: usize = 128;

/// Why a notification is not believed; for the log.
#[derive(Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no signature.
    Missing,
    /// The signature, or something that it signs, cannot be read in one way only.
    Malformed,
    /// It was made with another secret, or for something else.
    Wrong,
}

/// A signature that was checked. A copy of a notification has the same, and another notification has not.
#[derive(Debug, PartialEq, Eq)]
pub struct Proof {
    mac: Vec<u8>,
    /// The id is in the address, and so it is signed.
    id_is_signed: bool,
    /// When it was signed, in Unix seconds, as far as that can be read.
    signed_at: Option<i64>,
}

impl Proof {
    /// What tells this notification from all others, in hexadecimal: the signature alone where it covers the
    /// id, since one signature is good for many spellings of it; elsewhere the signature and what the
    /// notification is about.
    pub fn token(&self, about: &str) -> String {
        let about = if self.id_is_signed { "" } else { about };
        let sum = Sha256::new().chain_update(&self.mac).chain_update(about).finalize();
        sum.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Seconds since it was signed.
    pub fn age_seconds(&self, now: i64) -> Option<i64> {
        self.signed_at.map(|at| now.saturating_sub(at))
    }
}

/// Sources differ on the unit: 13 digits and more are milliseconds, fewer are seconds.
fn unix_seconds(ts: &str) -> Option<i64> {
    let number: i64 = ts.parse().ok()?;
    Some(if ts.len() >= 13 { number / 1000 } else { number })
}

/// What names a request; only the separator must not be in it.
fn is_request_id(text: &str) -> bool {
    (1..=REQUEST_ID_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b';')
}

/// Whether it can be an id of the provider's.
pub fn is_id(text: &str) -> bool {
    (1..=ID_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// The secrets that are in use: more than one while they are being changed.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

/// What a signature is about, as it came.
#[derive(Clone, Copy, Default)]
pub struct Signed<'a> {
    /// The header `x-signature`.
    pub signature: Option<&'a str>,
    /// `data.id` of the address.
    pub id: Option<&'a str>,
    /// The header `x-request-id`.
    pub request_id: Option<&'a str>,
}

impl Secrets {
    /// Of a list with commas.
    pub fn new(list: &str) -> Secrets {
        Secrets(list.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect())
    }

    /// Whether there is none, and notifications are taken without a signature.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is missing is left out of what is signed. Sources differ on whether the id is signed in lower
    /// case: both are right.
    pub fn verify(&self, signed: &Signed<'_>) -> Result<Proof, Reason> {
        let Signed { signature, id, request_id } = *signed;
        let (ts, mac) = parts(signature.ok_or(Reason::Missing)?).ok_or(Reason::Malformed)?;
        // A separator inside a value would make it several.
        if !id.is_none_or(is_id) || !request_id.is_none_or(is_request_id) {
            return Err(Reason::Malformed);
        }
        let lower_case = id.map(str::to_ascii_lowercase);
        let right = [id, lower_case.as_deref()].into_iter().any(|id| {
            let manifest = manifest(id, request_id, ts);
            self.0.iter().any(|secret| {
                Hmac::<Sha256>::new_from_slice(secret.as_bytes())
                    .is_ok_and(|hmac| hmac.chain_update(&manifest).verify_slice(&mac).is_ok())
            })
        });
        let proof = Proof { mac, id_is_signed: id.is_some(), signed_at: unix_seconds(ts) };
        if right { Ok(proof) } else { Err(Reason::Wrong) }
    }
}

/// The time as it stands there, and the bytes of `v1`.
fn parts(signature: &str) -> Option<(&str, Vec<u8>)> {
    let field = |name: &str| {
        signature
            .split(',')
            .filter_map(|part| part.split_once('='))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    let ts = field("ts").filter(|ts| !ts.is_empty() && ts.bytes().all(|b| b.is_ascii_digit()))?;
    let hex = field("v1")?.as_bytes();
    if hex.len() != 64 {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16);
    let mac = hex.chunks(2).map(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8));
    Some((ts, mac.collect::<Option<_>>()?))
}

fn manifest(id: Option<&str>, request_id: Option<&str>, ts: &str) -> String {
    let mut text = String::new();
    for (key, value) in [("id", id), ("request-id", request_id), ("ts", Some(ts))] {
        if let Some(value) = value {
            text += &format!("{key}:{value};");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REQUEST: &str = "2066ca19-c6f1-498a-be75-1923005edd06";
    const TS: &str = "1742505638683";
    const ID: &str = "ORD01JQ4S4KY8HWQ6NA5PXB65B3D3";
    const LOWER: &str = "d568551a3929afe312cfd5771e3fe9365a9ee7fbccd97712645be11c30059a51";
    const UPPER: &str = "9b10a4de21055ae4ee2e980e25decd6ced40cb12432e3ad11c01e3d94a84716e";

    fn verify(
        secrets: &str,
        signature: &str,
        id: Option<&str>,
        request_id: Option<&str>,
    ) -> Result<(), Reason> {
        Secrets::new(secrets).verify(&Signed { signature: Some(signature), id, request_id }).map(drop)
    }

    #[test]
    fn a_value_cannot_be_two() {
        // As the provider signs the id `ord1` with the call `r1`.
        let mac = Hmac::<Sha256>::new_from_slice(b"s").unwrap().chain_update("id:ord1;request-id:r1;ts:1;");
        let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        let signature = format!("ts=1,v1={hex}");
        assert_eq!(verify("s", &signature, Some("ord1"), Some("r1")), Ok(()));
        assert_eq!(verify("s", &signature, Some("ord1;request-id:r1"), None), Err(Reason::Malformed));
        assert_eq!(verify("s", &signature, None, Some("r1;id:x")), Err(Reason::Malformed));
        for crooked in ["", "a;b", "a:b", "a b", "ç", &"a".repeat(65)] {
            assert_eq!(
                verify("s", &signature, Some(crooked), Some("r1")),
                Err(Reason::Malformed),
                "{crooked}"
            );
        }
    }

    #[test]
    fn the_known_signatures_in_either_case() {
        for v1 in [LOWER, UPPER] {
            let signature = format!("ts={TS},v1={v1}");
            assert_eq!(verify("test-secret", &signature, Some(ID), Some(REQUEST)), Ok(()));
        }
        let without_request =
            "ts=1742505638,v1=a9c6cf20b9318bb5214022ff00c8c0b38fd21feabda7ee7f101d83af7f4e049e";
        assert_eq!(verify("test-secret", without_request, Some("999999999"), None), Ok(()));
    }

    #[test]
    fn spelling_does_not_matter_and_rotation_accepts_several() {
        let signature = format!(" V1 = {} , TS={TS}", LOWER.to_uppercase());
        assert_eq!(verify("novo, test-secret", &signature, Some(ID), Some(REQUEST)), Ok(()));
    }

    #[test]
    fn anything_else_is_refused() {
        let good = format!("ts={TS},v1={LOWER}");
        assert_eq!(verify("outro", &good, Some(ID), Some(REQUEST)), Err(Reason::Wrong));
        assert_eq!(verify("test-secret", &good, Some("ORD02"), Some(REQUEST)), Err(Reason::Wrong));
        assert_eq!(verify("test-secret", &good, None, Some(REQUEST)), Err(Reason::Wrong));
        assert_eq!(verify("test-secret", &good, Some(ID), Some("outro")), Err(Reason::Wrong));
        let other_ts = format!("ts=1742505638684,v1={LOWER}");
        assert_eq!(verify("test-secret", &other_ts, Some(ID), Some(REQUEST)), Err(Reason::Wrong));
        assert_eq!(
            Secrets::new("s").verify(&Signed { id: Some(ID), ..Signed::default() }),
            Err(Reason::Missing)
        );
        for crooked in ["", "ts=1", "v1=ab", "ts=,v1=ab", "ts=1,v1=é", &format!("ts=a,v1={LOWER}")] {
            assert_eq!(verify("test-secret", crooked, Some(ID), Some(REQUEST)), Err(Reason::Malformed));
        }
        // Without a secret nothing is right.
        assert_eq!(verify("", &good, Some(ID), Some(REQUEST)), Err(Reason::Wrong));
    }

    #[test]
    fn a_copy_is_known_by_what_is_signed() {
        let proof = |id: Option<&str>, v1: &str, request_id, ts: &str| {
            let signature = format!("ts={ts},v1={v1}");
            let signed = Signed { signature: Some(&signature), id, request_id };
            Secrets::new("test-secret").verify(&signed).unwrap()
        };
        let original = proof(Some(ID), LOWER, Some(REQUEST), TS);
        let spelled = proof(Some(&ID.replace("ORD", "oRd")), LOWER, Some(REQUEST), TS);
        assert_eq!(original.token("order ORD01"), spelled.token("payment oRd01"));
        assert_ne!(
            original.token("order ORD01"),
            proof(Some(ID), UPPER, Some(REQUEST), TS).token("order ORD01")
        );
        // The id in the body is not signed.
        let mac = Hmac::<Sha256>::new_from_slice(b"test-secret").unwrap().chain_update("ts:1742505638;");
        let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        let without_id = proof(None, &hex, None, "1742505638");
        assert_ne!(without_id.token("order A"), without_id.token("order B"));
        assert_eq!([original, without_id].map(|p| p.age_seconds(1_742_505_648)), [Some(10), Some(10)]);
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(signature in "\\PC{0,200}", id in "\\PC{0,40}") {
            let _ = verify("s", &signature, Some(&id), Some(&id));
            let _ = verify("s", &format!("ts=1,v1={signature:é<64}"), Some(&id), None);
        }
    }
}
