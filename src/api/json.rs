//! JSON responses, entity tags, and the redirection.

use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{domain::pedido::Pedido, error::Error, server::Response};

/// The media type of all that is not a problem, a page or a picture.
pub const JSON: &str = "application/json";

/// 200 with this value.
pub fn json(value: &impl Serialize) -> Result<Response, Error> {
    encode(value).map(json_bytes)
}

/// The value as JSON.
pub fn encode(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    // Room for an order of two lines.
    let mut json = Vec::with_capacity(1024);
    append(&mut json, value)?;
    Ok(json)
}

/// Adds the value to JSON that is being written.
pub fn append(json: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Error> {
    serde_json::to_writer(json, value).map_err(|e| Error::Internal(format!("cannot encode: {e}")))
}

/// 200 with JSON that is encoded already.
pub fn json_bytes(body: impl Into<Bytes>) -> Response {
    Response::new(200, JSON, body)
}

/// An order, with its version as `ETag`, so that a client can say which one it has seen; 304 when
/// `if_none_match` names the version that it has.
pub fn order(pedido: &Pedido, if_none_match: Option<&str>) -> Result<Response, Error> {
    let tag = etag(pedido.versao);
    let seen = if_none_match.is_some_and(|header| matches_tag(header, &tag));
    let response = if seen { Response::new(304, JSON, "") } else { json(pedido)? };
    Ok(response.with("ETag", tag))
}

/// The entity tag of a version.
pub fn etag(versao: i64) -> String {
    format!("\"{versao}\"")
}

/// The entity tags of a header, without the mark that a proxy puts before them when it compresses.
pub fn tags(header: &str) -> impl Iterator<Item = &str> {
    header.split(',').map(|t| t.trim().trim_start_matches("W/"))
}

/// Whether `If-None-Match` names this tag.
pub fn matches_tag(header: &str, tag: &str) -> bool {
    tags(header).any(|t| t == "*" || t == tag)
}

/// Of this content: what differs has another, and what is the same the same.
pub fn fingerprint(content: &[u8]) -> String {
    Sha256::digest(content).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// 307 to another path.
pub fn redirect(to: &'static str) -> Response {
    Response::new(307, "text/plain; charset=utf-8", "").with("Location", to)
}
