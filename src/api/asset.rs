//! Files that come out of the binary: compressed, sent as they are to those who take that, and cached by their `ETag`.
//! Tested by `tests/api/openapi.rs`.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use bytes::Bytes;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use super::json::matches_tag;
use crate::{
    error::Error,
    server::{Request, Response},
};

/// Of what keeps its address when its content changes: asked for again after an hour.
pub const AN_HOUR: &str = "public, max-age=3600";
/// Of what has another address when its content changes.
pub const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A file, compressed once.
pub struct Asset {
    gzip: Bytes,
    etag: String,
    /// The same uncompressed, as long as some connection is being sent it: one copy for all of them.
    plain: Mutex<Weak<Vec<u8>>>,
}

impl Asset {
    /// Of what was compressed with gzip.
    pub fn new(gzip: Bytes) -> Asset {
        let digest = Sha256::digest(&gzip);
        let etag =
            digest[..8].iter().fold(String::from("\""), |tag, byte| tag + &format!("{byte:02x}")) + "\"";
        Asset { gzip, etag, plain: Mutex::default() }
    }

    /// The response to a request for it, which may be kept for so long (`Cache-Control`).
    pub fn serve(
        &'static self,
        request: &Request<'_>,
        content_type: &'static str,
        kept: &'static str,
    ) -> Result<Response, Error> {
        let cached = |response: Response| {
            response
                .with("ETag", self.etag.as_str())
                .with("Cache-Control", kept)
                .with("Vary", "Accept-Encoding")
        };
        if request.header("if-none-match")?.is_some_and(|header| matches_tag(header, &self.etag)) {
            return Ok(cached(Response::new(304, content_type, "")));
        }
        if takes_gzip(request)? {
            let response = Response::new(200, content_type, self.gzip.clone());
            return Ok(cached(response.with("Content-Encoding", "gzip")));
        }
        let plain = self.plain().map_err(|e| Error::Internal(format!("asset: {e}")))?;
        Ok(cached(Response::new(200, content_type, plain)))
    }

    fn plain(&self) -> io::Result<Bytes> {
        let mut plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = match plain.upgrade() {
            Some(shared) => shared,
            None => {
                let mut inflated = Vec::new();
                GzDecoder::new(&*self.gzip).read_to_end(&mut inflated)?;
                let inflated = Arc::new(inflated);
                *plain = Arc::downgrade(&inflated);
                inflated
            }
        };
        Ok(Bytes::from_owner(Shared(shared)))
    }
}

struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Whether the client takes what is compressed with gzip.
pub fn takes_gzip(request: &Request<'_>) -> Result<bool, Error> {
    let header = request.header("accept-encoding")?;
    Ok(header.is_some_and(|codings| codings.split(',').any(|coding| accepts_gzip(coding.trim()))))
}

fn accepts_gzip(coding: &str) -> bool {
    let (name, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
    let refused = quality.trim().trim_start_matches("q=").parse::<f32>().is_ok_and(|q| q == 0.0);
    (name.trim().eq_ignore_ascii_case("gzip") || name.trim() == "*") && !refused
}
