//! The OpenAPI document, as bytes that are made once, and the two pages that show it. All of it is in the
//! binary. Tested by `tests/api/openapi.rs`.

use std::{
    io::{self, Read, Write},
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
};

use bytes::Bytes;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use sha2::{Digest, Sha256};
use utoipa::PartialSchema;

use super::{
    App,
    call::Call,
    endpoint::{Access::Todos, Resource},
    json::{JSON, matches_tag, redirect},
    openapi::{openapi, string},
};
use crate::{
    error::Error,
    server::{Request, Response},
};

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Documentação")
        .get("/", Todos, root, |operation| {
            operation.about("Leads to the documentation.").empty(307, "To /redoc").response_header(
                307,
                "Location",
                string(),
                "",
            )
        })
        .get(
            "/docs",
            Todos,
            |_, request| page(request, &SWAGGER_UI),
            |operation| operation.about("Swagger UI.").ok_as("text/html", String::schema()).empty(304, ""),
        )
        .get(
            "/redoc",
            Todos,
            |_, request| page(request, &REDOC),
            |operation| operation.about("ReDoc.").ok_as("text/html", String::schema()).empty(304, ""),
        )
        .get("/openapi.json", Todos, openapi_json, |operation| {
            operation.about("This document.").ok_as(JSON, serde_json::Value::schema()).empty(304, "")
        })
}

/// A file of the documentation, compressed once.
struct Asset {
    gzip: Bytes,
    etag: String,
    /// The same uncompressed, as long as some connection is being sent it: one copy for all of them.
    plain: Mutex<Weak<Vec<u8>>>,
}

impl Asset {
    fn new(gzip: Bytes) -> Asset {
        let digest = Sha256::digest(&gzip);
        let etag =
            digest[..8].iter().fold(String::from("\""), |tag, byte| tag + &format!("{byte:02x}")) + "\"";
        Asset { gzip, etag, plain: Mutex::default() }
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

static REDOC: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(Bytes::from_static(include_bytes!(concat!(env!("OUT_DIR"), "/redoc.html.gz"))))
});
static SWAGGER_UI: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(Bytes::from_static(include_bytes!(concat!(env!("OUT_DIR"), "/docs.html.gz"))))
});
static OPENAPI: LazyLock<Result<Asset, String>> = LazyLock::new(|| {
    // utoipa and the compressor need more stack than a connection has.
    let builder = std::thread::Builder::new().stack_size(8 * 1024 * 1024);
    let built = builder.spawn(|| -> io::Result<Vec<u8>> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&serde_json::to_vec(&openapi())?)?;
        gzip.finish()
    });
    match built.map(|thread| thread.join()) {
        Ok(Ok(Ok(gzip))) => Ok(Asset::new(gzip.into())),
        failed => Err(format!("cannot build the OpenAPI document: {failed:?}")),
    }
});

fn root(_: &App, _: &Call<'_>) -> Result<Response, Error> {
    Ok(redirect("/redoc"))
}

fn openapi_json(_: &App, request: &Call<'_>) -> Result<Response, Error> {
    let asset = OPENAPI.as_ref().map_err(|e| Error::Internal(e.clone()))?;
    serve(request, asset, JSON)
}

/// The pages need their own inline scripts and nothing from elsewhere.
fn page(request: &Request<'_>, asset: &'static Asset) -> Result<Response, Error> {
    let policy = "default-src 'self' 'unsafe-inline' data: blob:; frame-ancestors 'none'";
    Ok(serve(request, asset, "text/html; charset=utf-8")?.with("Content-Security-Policy", policy))
}

fn serve(
    request: &Request<'_>,
    asset: &'static Asset,
    content_type: &'static str,
) -> Result<Response, Error> {
    let cached = |response: Response| {
        response
            .with("ETag", asset.etag.as_str())
            .with("Cache-Control", "public, max-age=3600")
            .with("Vary", "Accept-Encoding")
    };
    if request.header("if-none-match")?.is_some_and(|header| matches_tag(header, &asset.etag)) {
        return Ok(cached(Response::new(304, content_type, "")));
    }
    if request.header("accept-encoding")?.is_some_and(|h| h.split(',').any(|e| accepts_gzip(e.trim()))) {
        let response = Response::new(200, content_type, asset.gzip.clone());
        return Ok(cached(response.with("Content-Encoding", "gzip")));
    }
    let plain = asset.plain().map_err(|e| Error::Internal(format!("asset: {e}")))?;
    Ok(cached(Response::new(200, content_type, plain)))
}

fn accepts_gzip(coding: &str) -> bool {
    let (name, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
    let refused = quality.trim().trim_start_matches("q=").parse::<f32>().is_ok_and(|q| q == 0.0);
    (name.trim().eq_ignore_ascii_case("gzip") || name.trim() == "*") && !refused
}
