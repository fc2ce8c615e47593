//! Keys: `amb_<id>_<256 random bits in base64url>`. Shown once, stored as SHA-256: of so many random bits a plain hash is
//! enough, since nobody can try them all.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// A key in clear. It prints as nothing but its id.
pub struct Key {
    id: i64,
    text: String,
}

impl Key {
    /// A new one, for the row with this id.
    pub fn generate(id: i64) -> Result<Key, Error> {
        Ok(Key { id, text: format!("amb_{id}_{}", BASE64_URL_SAFE_NO_PAD.encode(random()?)) })
    }

    /// To be shown, once.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What is stored of it.
    pub fn digest(&self) -> String {
        digest(&self.text)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "amb_{}_…", self.id)
    }
}

/// SHA-256.
pub type Sha = [u8; 32];

/// Of what a caller sent.
pub fn sha(text: &str) -> Sha {
    Sha256::digest(text).into()
}

/// The same in hexadecimal, as it is stored.
pub fn digest(text: &str) -> String {
    hex(&sha(text))
}

/// What is stored, read; `None` where it is something else.
pub fn stored(digest: &str) -> Option<Sha> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = digest.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes?.try_into().ok().filter(|_| rest.is_empty())
}

/// In lower case.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half & 15)]);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(*byte));
    }
    text
}

/// From the operating system.
pub fn random() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| Error::Internal(format!("no random bytes: {e}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_two_digits_each_in_lower_case() {
        assert_eq!(hex(&[0x00, 0x0a, 0xc5, 0xff]), "000ac5ff");
        assert_eq!(
            stored(&format!("{}0ac5", "00".repeat(30))).map(|sha| sha[30..].to_vec()),
            Some(vec![0x0a, 0xc5])
        );
        for other in ["", "0ac5", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), &"0".repeat(66)] {
            assert_eq!(stored(other), None, "{other}");
        }
    }

    #[test]
    fn a_key_has_its_form_and_does_not_print() {
        let key = Key::generate(7).unwrap();
        let (id, random) = key.reveal().strip_prefix("amb_").unwrap().split_once('_').unwrap();
        assert_eq!((id, random.len()), ("7", 43));
        assert_eq!(stored(&key.digest()), Some(sha(key.reveal())));
        assert_ne!(Key::generate(7).unwrap().reveal(), key.reveal());
        assert_eq!(format!("{key:?}"), "amb_7_…");
    }
}
