//! The secret of an order (`acompanhamento`), which its customer gets with the checkout's answer: 128 bits of
//! HMAC-SHA256 over the order's id. Derived and not stored: an order needs no column for it, and a repeated checkout gets the
//! same one. What it is derived from is in the row of the restaurant (`segredo`), and in `PEPPER` where that is set. A change
//! of either invalidates every secret: with `segredo` NULL a new one is made at the next start. An id is never given out
//! again, also where a backup was restored (`store::backup::resume`); else the old secret would open another order.
//!
//! The same key seals the cursors of the lists that everybody may see: they hold ids. Synthetic IV, by HMAC-SHA256: the tag
//! over the numbers is the input of the mask over them. The same numbers give the same cursor, and nobody else can make one.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac, digest::KeyInit};
use sha2::Sha256;

use super::hash::keyed;

/// Bytes of HMAC-SHA256 that are shown.
const BYTES: usize = 16;

/// Bytes of the numbers of a cursor: no more than HMAC-SHA256 masks.
const SEALED: usize = 24;

/// Makes and checks the secrets of orders.
#[derive(Clone)]
pub struct OrderSecrets {
    keyed: Hmac<Sha256>,
}

impl OrderSecrets {
    /// Of the restaurant with this stored secret, and what is set beside the database.
    pub fn new(stored: &str, pepper: &str) -> OrderSecrets {
        // A key of the length of SHA-256's blocks is taken as it is.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&keyed(pepper, "acompanhamento", stored));
        OrderSecrets { keyed: <Hmac<Sha256> as KeyInit>::new(&key.into()) }
    }

    /// That of the order with this id, in base64url: 22 characters.
    pub fn of(&self, pedido: i64) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&self.mac(pedido).finalize().into_bytes()[..BYTES])
    }

    /// Whether this is it. Takes as long whatever is wrong with it.
    pub fn opens(&self, secret: &str, pedido: i64) -> bool {
        let sent = BASE64_URL_SAFE_NO_PAD.decode(secret).unwrap_or_default();
        sent.len() == BYTES && self.mac(pedido).verify_truncated_left(&sent).is_ok()
    }

    /// The numbers as nobody can read them.
    pub fn seal(&self, numbers: [i64; 3]) -> String {
        let mut plain = [0; SEALED];
        for (bytes, number) in plain.chunks_exact_mut(8).zip(numbers) {
            bytes.copy_from_slice(&number.to_be_bytes());
        }
        let tag = self.tag(&plain);
        BASE64_URL_SAFE_NO_PAD.encode([&tag[..], &self.masked(plain, &tag)].concat())
    }

    /// The numbers of `seal`; `None` for anything else.
    pub fn unseal(&self, sealed: &str) -> Option<[i64; 3]> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (tag, masked) = bytes.split_at_checked(BYTES)?;
        let plain = self.masked(masked.try_into().ok()?, tag);
        self.keyed.clone().chain_update(b"cursor ").chain_update(plain).verify_truncated_left(tag).ok()?;
        let mut numbers = [0; 3];
        for (number, bytes) in numbers.iter_mut().zip(plain.chunks_exact(8)) {
            *number = i64::from_be_bytes(bytes.try_into().ok()?);
        }
        Some(numbers)
    }

    fn tag(&self, plain: &[u8; SEALED]) -> [u8; BYTES] {
        let mac = self.keyed.clone().chain_update(b"cursor ").chain_update(plain).finalize().into_bytes();
        let mut tag = [0; BYTES];
        tag.copy_from_slice(&mac[..BYTES]);
        tag
    }

    /// Masked, or what was masked before.
    fn masked(&self, mut bytes: [u8; SEALED], tag: &[u8]) -> [u8; SEALED] {
        let mask = self.keyed.clone().chain_update(b"mascara ").chain_update(tag).finalize().into_bytes();
        bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        bytes
    }

    fn mac(&self, pedido: i64) -> Hmac<Sha256> {
        self.keyed.clone().chain_update(b"pedido ").chain_update(pedido.to_be_bytes())
    }
}

impl fmt::Debug for OrderSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrderSecrets")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_its_order_and_no_other() {
        let secrets = OrderSecrets::new("stored", "");
        let seven = secrets.of(7);
        assert_eq!(seven.len(), 22);
        assert!(secrets.opens(&seven, 7));
        assert!(!secrets.opens(&seven, 8) && !secrets.opens("", 7) && !secrets.opens(&seven[..21], 7));
        assert!(!OrderSecrets::new("stored", "pepper").opens(&seven, 7));
        assert!(!OrderSecrets::new("store", "d").opens(&OrderSecrets::new("stored", "").of(7), 7));
    }

    #[test]
    fn what_is_sealed_tells_nothing_and_nobody_else_can_make_it() {
        let secrets = OrderSecrets::new("stored", "");
        let numbers = [3, 1_800_000_000, 7];
        let sealed = secrets.seal(numbers);
        assert_eq!((secrets.unseal(&sealed), secrets.seal(numbers)), (Some(numbers), sealed.clone()));
        assert_eq!(secrets.unseal(&secrets.seal([0, i64::MAX, -1])), Some([0, i64::MAX, -1]));
        assert_eq!(OrderSecrets::new("other", "").unseal(&sealed), None);
        let raw = BASE64_URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        for position in 0..raw.len() {
            let mut other = raw.clone();
            other[position] ^= 1;
            assert_eq!(secrets.unseal(&BASE64_URL_SAFE_NO_PAD.encode(&other)), None, "{position}");
        }
        for bad in ["", "A", &sealed[..20], &format!("{sealed}AAAA"), "ç"] {
            assert_eq!(secrets.unseal(bad), None, "{bad}");
        }
        // Neighbours have nothing in common, so that nothing is counted by them.
        let next = BASE64_URL_SAFE_NO_PAD.decode(secrets.seal([3, 1_800_000_000, 8])).unwrap();
        assert!(raw.iter().zip(&next).filter(|(a, b)| a == b).count() < 12);
    }
}
