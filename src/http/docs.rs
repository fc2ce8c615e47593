//! The OpenAPI document, made from the handlers, and the two pages that show it. All of it is in the binary.

use std::{
    io::{self, Read, Write},
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
};

use bytes::Bytes;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use sha2::{Digest, Sha256};
use utoipa::{
    OpenApi,
    openapi::{Content, Ref, RefOr, ResponseBuilder, Schema},
};

use super::{
    App, clientes, health, pagamentos, pedidos, produtos, qrcode,
    request::Request,
    response::{self, Response},
};
use crate::error::Error;

#[derive(OpenApi)]
#[openapi(
    info(title = "Ambrosia", description = "Order system for restaurants: menu, checkout, payment by QR code, kitchen list."),
    paths(
        clientes::listar, clientes::criar, clientes::alterar, clientes::buscar, clientes::apagar, clientes::pedidos,
        produtos::listar, produtos::criar, produtos::alterar, produtos::buscar, produtos::retirar,
        produtos::lanches, produtos::acompanhamentos, produtos::bebidas, produtos::sobremesas,
        pedidos::em_aberto, pedidos::alterar, pedidos::recebidos, pedidos::em_preparacao, pedidos::prontos,
        pedidos::finalizados, pedidos::fila, pedidos::checkout, pagamentos::webhook, pedidos::buscar, pedidos::cancelar,
        pagamentos::status, pagamentos::receber, pagamentos::cancelar, pagamentos::reembolsar, pagamentos::pendencias,
        pagamentos::resolver, qrcode::svg, qrcode::png, pedidos::eventos,
        root, swagger_ui, redoc, openapi_json, health::livez, health::readyz, health::metrics,
    ),
    tags((name = "Pedidos"), (name = "Pagamentos"), (name = "Produtos"), (name = "Clientes"), (name = "Documentação"), (name = "Operação")),
)]
struct Document;

/// The document: what the handlers declare, and the errors that any request may get.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation else { continue };
            let name = path.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            operation.operation_id = Some(format!("{method}{}", name.trim_end_matches('_')));
            let with_body = operation.request_body.is_some();
            let responses = &mut operation.responses.responses;
            responses.iter_mut().for_each(|(status, response)| complete(status, response));
            let possible = |(status, _): &&(&str, &str)| match *status {
                "411" | "413" => with_body,
                "403" => method != "get",
                _ => true,
            };
            for (status, _) in ANY_REQUEST.iter().filter(possible) {
                responses
                    .entry((*status).to_owned())
                    .or_insert_with(|| Ref::from_response_name(*status).into());
            }
        }
    }
    let components = document.components.get_or_insert_default();
    for (status, description) in ANY_REQUEST {
        let schema = RefOr::<Schema>::Ref(Ref::from_schema_name("Problema"));
        let content = Content::new(Some(schema));
        let response = ResponseBuilder::new().description(*description).content(PROBLEM, content).build();
        components.responses.insert((*status).to_owned(), response.into());
    }
    document
}

const PROBLEM: &str = "application/problem+json";

const ANY_REQUEST: &[(&str, &str)] = &[
    ("400", "The request is malformed"),
    ("403", "A write that a browser sends for a page of an origin that `CORS_ORIGIN` does not name"),
    ("408", "The request took too long to arrive"),
    ("411", "The length of the body is missing"),
    ("413", "The body is too large"),
    ("414", "The address is too long"),
    ("417", "An expectation other than 100-continue"),
    ("421", "A host that `ALLOWED_HOSTS` does not name"),
    ("431", "The headers are too large"),
    ("500", "A defect"),
    ("501", "A transfer encoding other than chunked"),
    ("503", "Cannot be done now; try again after `Retry-After` seconds"),
    ("505", "A version of HTTP other than 1.x"),
];

/// Says of a response what its status says already; and that an error is a problem, where utoipa writes plain JSON.
fn complete(status: &str, response: &mut RefOr<utoipa::openapi::Response>) {
    let RefOr::T(response) = response else { return };
    if response.description.is_empty() {
        let code = tiny_http::StatusCode(status.parse().unwrap_or(0));
        response.description = code.default_reason_phrase().to_owned();
    }
    if status.starts_with(['4', '5'])
        && let Some(content) = response.content.shift_remove("application/json")
    {
        response.content.insert(PROBLEM.to_owned(), content);
    }
}

struct Asset {
    gzip: Bytes,
    etag: String,
    /// The same uncompressed, as long as somebody is being sent it: one copy for all of them.
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

/// Leads to the documentation.
#[utoipa::path(get, path = "/", tag = "Documentação", responses((status = 307, description = "To /redoc", headers(("Location" = String)))))]
pub fn root(_: &App, _: &Request<'_>) -> Result<Response, Error> {
    Ok(response::redirect("/redoc"))
}

/// Swagger UI.
#[utoipa::path(get, path = "/docs", tag = "Documentação", responses((status = 200, body = String, content_type = "text/html"), (status = 304)))]
pub fn swagger_ui(_: &App, request: &Request<'_>) -> Result<Response, Error> {
    page(request, &SWAGGER_UI)
}

/// ReDoc.
#[utoipa::path(get, path = "/redoc", tag = "Documentação", responses((status = 200, body = String, content_type = "text/html"), (status = 304)))]
pub fn redoc(_: &App, request: &Request<'_>) -> Result<Response, Error> {
    page(request, &REDOC)
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "Documentação", responses((status = 200, body = serde_json::Value), (status = 304)))]
pub fn openapi_json(_: &App, request: &Request<'_>) -> Result<Response, Error> {
    let asset = OPENAPI.as_ref().map_err(|e| Error::Internal(e.clone()))?;
    serve(request, asset, "application/json")
}

/// The pages need their own inline scripts and nothing from elsewhere.
fn page(request: &Request<'_>, asset: &'static Asset) -> Result<Response, Error> {
    let policy = "default-src 'self' 'unsafe-inline' data: blob:; frame-ancestors 'none'";
    Ok(response::with(serve(request, asset, "text/html; charset=utf-8")?, "Content-Security-Policy", policy))
}

fn serve(request: &Request<'_>, asset: &'static Asset, content_type: &str) -> Result<Response, Error> {
    let cached = |response| {
        let response = response::with(response, "ETag", &asset.etag);
        response::with(
            response::with(response, "Cache-Control", "public, max-age=3600"),
            "Vary",
            "Accept-Encoding",
        )
    };
    if request
        .header("if-none-match")?
        .is_some_and(|h| response::tags(h).any(|t| t == "*" || t == asset.etag))
    {
        return Ok(cached(response::respond(304, content_type, "")));
    }
    if request.header("accept-encoding")?.is_some_and(|h| h.split(',').any(|e| accepts_gzip(e.trim()))) {
        let response = response::respond(200, content_type, asset.gzip.clone());
        return Ok(cached(response::with(response, "Content-Encoding", "gzip")));
    }
    let plain = asset.plain().map_err(|e| Error::Internal(format!("asset: {e}")))?;
    Ok(cached(response::respond(200, content_type, plain)))
}

fn accepts_gzip(coding: &str) -> bool {
    let (name, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
    let refused = quality.trim().trim_start_matches("q=").parse::<f32>().is_ok_and(|q| q == 0.0);
    (name.trim().eq_ignore_ascii_case("gzip") || name.trim() == "*") && !refused
}
