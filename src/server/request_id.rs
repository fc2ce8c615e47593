//! What names a request in the log and in its response. Tested below and by `tests/hostile/semantics.rs`.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    io::Write,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// Bytes of an id at most.
const BYTES_MAX: usize = 64;

/// The id of a request: the client's own (`X-Request-Id`) when it is short and plain, or one made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// ASCII, filled up with zeros.
    text: [u8; BYTES_MAX],
}

impl RequestId {
    /// An id that is unique in this process by a counter, and among processes by a random start.
    #[allow(clippy::new_without_default, reason = "each is another")]
    pub fn new() -> RequestId {
        static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(std::process::id()));
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut text = [0; BYTES_MAX];
        // It fits.
        let _ = write!(&mut text[..], "{:016x}{:08x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed));
        RequestId { text }
    }

    /// The id that a client sent; `None` where it is empty, long, or holds anything but letters, digits and
    /// `-_.:`.
    pub(super) fn accept(sent: &[u8]) -> Option<RequestId> {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_.:".contains(b);
        let acceptable = (1..=BYTES_MAX).contains(&sent.len()) && sent.iter().all(plain);
        acceptable.then(|| {
            let mut text = [0; BYTES_MAX];
            text[..sent.len()].copy_from_slice(sent);
            RequestId { text }
        })
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.text.iter().position(|b| *b == 0).unwrap_or(BYTES_MAX);
        f.write_str(std::str::from_utf8(&self.text[..length]).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_request_id_is_plain_or_replaced() {
        assert!(RequestId::accept(b"2066ca19-c6f1-498a-be75-1923005edd06").is_some());
        for bad in [&b""[..], b"a b", b"a\"b", "ç".as_bytes(), &[b'a'; 65]] {
            assert!(RequestId::accept(bad).is_none());
        }
        assert_ne!(RequestId::new(), RequestId::new());
    }
}
