//! The OpenAPI document, as bytes that are made once, and the two pages that show it. All of it is in the
//! binary. Tested by `tests/api/openapi.rs`.

use std::{
    io::{self, Write},
    sync::LazyLock,
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use utoipa::PartialSchema;

use super::{
    App,
    asset::{AN_HOUR, Asset},
    call::Call,
    endpoint::{Access::Todos, Resource},
    json::JSON,
    openapi::{openapi, string},
    screens::home,
};
use crate::{
    error::Error,
    server::{Request, Response},
};

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Documentação")
        .get("/", Todos, home, |operation| {
            operation
                .about("Leads to the documentation; a browser (`Accept: text/html`) is shown the screens.")
                .ok_as("text/html", String::schema())
                .empty(307, "To /redoc")
                .response_header(307, "Location", string(), "")
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

fn openapi_json(_: &App, request: &Call<'_>) -> Result<Response, Error> {
    let asset = OPENAPI.as_ref().map_err(|e| Error::Internal(e.clone()))?;
    asset.serve(request, JSON, AN_HOUR)
}

/// The pages need their own inline scripts and nothing from elsewhere.
fn page(request: &Request<'_>, asset: &'static Asset) -> Result<Response, Error> {
    let policy = "default-src 'self' 'unsafe-inline' data: blob:; frame-ancestors 'none'";
    Ok(asset.serve(request, "text/html; charset=utf-8", AN_HOUR)?.with("Content-Security-Policy", policy))
}
