//! The secret of an order (`acompanhamento`), which its customer gets with the checkout's answer: 128 bits of
//! HMAC-SHA256 over the order's id. Derived and not stored: an order needs no column for it, and a repeated checkout gets the
//! same one. What it is derived from is in the row of the restaurant (`segredo`), and in `PEPPER` where that is set. A change
//! of either invalidates every secret: with `segredo` NULL a new one is made at the next start. An id is never given out
//! again, also where a backup was restored (`store::backup::resume`); else the old secret would open another order.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac, digest::KeyInit};
use sha2::Sha256;

use super::hash::keyed;

/// Bytes of HMAC-SHA256 that are shown.
const BYTES: usize = 16;

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
}
