//! The table of routes, and what follows from it: 404, 405 with `Allow`, HEAD and OPTIONS.

use std::{borrow::Cow, collections::HashSet, sync::LazyLock};

use tiny_http::Method::{self, Delete, Get, Head, Options, Post, Put};

use super::{
    App, Owed, clientes, docs, health, is_probe, origins, pagamentos, pedidos, produtos, qrcode,
    reply::Reply,
    request::Request,
    response::{self, Response},
};
use crate::{error::Error, metrics::Route};

/// A path has at most one capture, and it is the key of a row.
enum Act {
    Plain(fn(&App, &Request<'_>) -> Result<Response, Error>),
    OfId(fn(&App, &Request<'_>, i64) -> Result<Response, Error>),
    /// Sees to its answer itself, for it may be given together with others, on the thread of one of them.
    Shared(fn(&App, &Request<'_>, Owed)),
    SharedOfId(fn(&App, &Request<'_>, i64, Owed)),
}
use Act::{OfId, Plain, Shared, SharedOfId};

#[rustfmt::skip]
static ROUTES: &[(Method, &str, Act)] = &[
    (Get,    "/",                              Plain(docs::root)),
    (Get,    "/docs",                          Plain(docs::swagger_ui)),
    (Get,    "/redoc",                         Plain(docs::redoc)),
    (Get,    "/livez",                         Plain(health::livez)),
    (Get,    "/readyz",                        Plain(health::readyz)),
    (Get,    "/metrics",                       Plain(health::metrics)),
    (Get,    "/openapi.json",                  Plain(docs::openapi_json)),
    (Get,    "/clientes",                      Plain(clientes::listar)),
    (Post,   "/clientes",                      Plain(clientes::criar)),
    (Put,    "/clientes",                      Plain(clientes::alterar)),
    (Get,    "/clientes/{id}",                 OfId(clientes::buscar)),
    (Delete, "/clientes/{id}",                 OfId(clientes::apagar)),
    (Get,    "/clientes/{id}/pedidos",         OfId(clientes::pedidos)),
    (Get,    "/produtos",                      Shared(produtos::listar)),
    (Post,   "/produtos",                      Plain(produtos::criar)),
    (Put,    "/produtos",                      Plain(produtos::alterar)),
    (Get,    "/produtos/{id}",                 OfId(produtos::buscar)),
    (Delete, "/produtos/{id}",                 OfId(produtos::retirar)),
    (Get,    "/lanches",                       Shared(produtos::lanches)),
    (Get,    "/acompanhamentos",               Shared(produtos::acompanhamentos)),
    (Get,    "/bebidas",                       Shared(produtos::bebidas)),
    (Get,    "/sobremesas",                    Shared(produtos::sobremesas)),
    (Get,    "/pedidos",                       Shared(pedidos::em_aberto)),
    (Put,    "/pedidos",                       Plain(pedidos::alterar)),
    (Get,    "/pedidos/recebidos",             Shared(pedidos::recebidos)),
    (Get,    "/pedidos/empreparacao",          Shared(pedidos::em_preparacao)),
    (Get,    "/pedidos/prontos",               Shared(pedidos::prontos)),
    (Get,    "/pedidos/finalizados",           Shared(pedidos::finalizados)),
    (Get,    "/pedidos/fila",                  Shared(pedidos::fila)),
    (Post,   "/pedidos/checkout",              Plain(pedidos::checkout)),
    (Post,   "/pedidos/status_pagamento",      Plain(pagamentos::webhook)),
    (Get,    "/pedidos/{id}",                  SharedOfId(pedidos::buscar)),
    (Delete, "/pedidos/{id}",                  OfId(pedidos::cancelar)),
    (Get,    "/pedidos/{id}/status_pagamento", SharedOfId(pagamentos::status)),
    (Post,   "/pedidos/{id}/pagamento",        OfId(pagamentos::receber)),
    (Post,   "/pedidos/{id}/cancelamento",     OfId(pagamentos::cancelar)),
    (Post,   "/pedidos/{id}/reembolso",        OfId(pagamentos::reembolsar)),
    (Delete, "/pedidos/{id}/pendencia",        OfId(pagamentos::resolver)),
    (Get,    "/pedidos/pendencias",            Plain(pagamentos::pendencias)),
    (Get,    "/pedidos/{id}/qrcode.svg",       OfId(qrcode::svg)),
    (Get,    "/pedidos/{id}/qrcode.png",       OfId(qrcode::png)),
    (Get,    "/pedidos/{id}/eventos",          OfId(pedidos::eventos)),
];

/// Method and path of every route, for the test that holds them against the OpenAPI document.
pub fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|(method, path, _)| (method.as_str(), *path))
}

pub fn dispatch(app: &App, request: &Request<'_>, reply: Reply) {
    if let Some(refusal) = refusal(app, request) {
        return Owed::to(reply, Route { method: "-", route: "-" }).give(Ok(refusal));
    }
    let Some(pattern) = pattern_of(&request.segments) else {
        return refuse(request, reply);
    };
    let wanted = if request.method == Head { &Get } else { &request.method };
    match ROUTES.iter().find(|(method, path, _)| method == wanted && *path == pattern) {
        Some((method, path, act)) => {
            let owed = Owed::to(reply, Route { method: method.as_str(), route: path });
            match act {
                Plain(act) => owed.give(act(app, request)),
                OfId(act) => owed.give(id(request).and_then(|id| act(app, request, id))),
                Shared(act) => act(app, request, owed),
                SharedOfId(act) => match id(request) {
                    Ok(id) => act(app, request, id, owed),
                    Err(error) => owed.give(Err(error)),
                },
            }
        }
        None => {
            Owed::to(reply, Route { method: "-", route: pattern }).give(Ok(no_method(app, request, pattern)))
        }
    }
}

/// As where there is no such route.
pub fn refuse(request: &Request<'_>, reply: Reply) {
    Owed::to(reply, Route { method: "-", route: "-" }).give(no_route(request));
}

/// What is refused whatever the route. Those that ask how the process is may know it by its address only.
fn refusal(app: &App, request: &Request<'_>) -> Option<Response> {
    if app.origins.refuse(request) {
        let detail = "Páginas deste endereço não podem fazer alterações aqui";
        return Some(response::problem(403, "origem_recusada", detail, &[]));
    }
    let answers = app.hosts.answer(request) || is_probe(request);
    (!answers).then(|| response::problem(421, "host_desconhecido", "Este endereço não é atendido aqui", &[]))
}

fn no_route(request: &Request<'_>) -> Result<Response, Error> {
    if request.raw_path == "*" && request.method == Options {
        return Ok(response::with(
            response::respond(204, "", ""),
            "Allow",
            "GET, HEAD, POST, PUT, DELETE, OPTIONS",
        ));
    }
    Ok(response::problem(404, "rota_inexistente", "Este endereço não existe; veja /docs", &[]))
}

fn no_method(app: &App, request: &Request<'_>, pattern: &str) -> Response {
    if request.method == Options {
        return preflight(app, request, pattern);
    }
    let problem = response::problem(405, "metodo_nao_permitido", "Este endereço não aceita este método", &[]);
    response::with(problem, "Allow", &allowed(pattern))
}

/// The path of the table that these segments are: of two that fit, the one that is all literal.
fn pattern_of(segments: &[Cow<'_, str>]) -> Option<&'static str> {
    let fits = |parts: &[&str]| {
        parts.len() == segments.len() && parts.iter().zip(segments).all(|(p, s)| *p == "{id}" || p == s)
    };
    PATTERNS.iter().find(|(_, parts)| fits(parts)).map(|(path, _)| *path)
}

/// Every path once, in its parts; those with a capture last.
static PATTERNS: LazyLock<Vec<(&str, Vec<&str>)>> = LazyLock::new(|| {
    let mut paths: Vec<&str> = ROUTES.iter().map(|(_, path, _)| *path).collect();
    paths.sort_by_key(|path| path.contains("{id}"));
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(*path));
    paths.into_iter().map(|path| (path, path.split('/').filter(|p| !p.is_empty()).collect())).collect()
});

/// In every path with a capture it is the second segment.
fn id(request: &Request<'_>) -> Result<i64, Error> {
    let text = request.segments.get(1).map_or("", |s| s);
    match text.parse::<i64>() {
        Ok(id) => Ok(id),
        // Nothing has a number that large, and the text is one all the same.
        Err(e) if *e.kind() == std::num::IntErrorKind::PosOverflow => Ok(i64::MAX),
        Err(_) => Err(Error::invalid("id", "deve ser um número inteiro")),
    }
}

fn allowed(pattern: &str) -> String {
    let mut methods: Vec<&str> = ROUTES.iter().filter(|r| r.1 == pattern).map(|r| r.0.as_str()).collect();
    if let Some(get) = methods.iter().position(|m| *m == "GET") {
        methods.insert(get + 1, "HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

fn preflight(app: &App, request: &Request<'_>, pattern: &str) -> Response {
    let methods = allowed(pattern);
    let response = response::with(response::respond(204, "", ""), "Allow", &methods);
    let asks = request.has_header("access-control-request-method");
    if asks && app.origins.allow(request) { origins::grant(response, request, &methods) } else { response }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(path: &str) -> Option<&'static str> {
        let segments: Vec<Cow<'_, str>> =
            path.split('/').filter(|s| !s.is_empty()).map(Cow::Borrowed).collect();
        pattern_of(&segments)
    }

    #[test]
    fn literals_beat_captures() {
        assert_eq!(pattern("/pedidos/fila"), Some("/pedidos/fila"));
        assert_eq!(pattern("/pedidos/7"), Some("/pedidos/{id}"));
        assert_eq!(pattern("/pedidos/status_pagamento"), Some("/pedidos/status_pagamento"));
        assert_eq!(pattern("/pedidos/7/status_pagamento"), Some("/pedidos/{id}/status_pagamento"));
        assert_eq!(pattern("/"), Some("/"));
        assert_eq!(pattern("/pedidos/7/8"), None);
        assert_eq!(pattern("/pedido"), None);
    }

    #[test]
    fn the_capture_is_where_id_looks_for_it() {
        for (_, path) in table().filter(|(_, p)| p.contains('{')) {
            assert_eq!(path.split('/').nth(2), Some("{id}"), "{path}");
        }
    }

    #[test]
    fn allow_names_what_there_is() {
        assert_eq!(allowed("/clientes"), "GET, HEAD, POST, PUT, OPTIONS");
        assert_eq!(allowed("/pedidos/checkout"), "POST, OPTIONS");
    }
}
