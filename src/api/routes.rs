//! The routes: from the path of a request to its endpoint, and what follows where there is none: 404, 405
//! with `Allow`, HEAD and OPTIONS. Tested below and by `tests/api/origins.rs`.

use std::{borrow::Cow, sync::LazyLock, time::Instant};

use tiny_http::Method::{self, Get, Head, Options};

use super::{
    App, answer, assinaturas, auditoria,
    call::Call,
    chaves, clientes, dados, docs,
    endpoint::{Access, Endpoint},
    funcionarios, health, is_probe, live, origins, pagamentos, pedidos, pendencias,
    problem::problem,
    produtos, qrcode, restaurante, screens, sessoes, terminais,
    trail::Refused,
    vendas, webhook,
};
use crate::{
    error::{Denied, Error},
    metrics::Route,
    server::{self, Request, Response},
};

/// Every endpoint that there is.
pub static ENDPOINTS: LazyLock<Vec<Endpoint>> = LazyLock::new(|| {
    [
        pedidos::resource(),
        pagamentos::resource(),
        live::resource(),
        webhook::resource(),
        qrcode::resource(),
        produtos::resource(),
        clientes::resource(),
        dados::resource(),
        restaurante::resource(),
        vendas::resource(),
        chaves::resource(),
        funcionarios::resource(),
        terminais::resource(),
        sessoes::resource(),
        auditoria::resource(),
        assinaturas::resource(),
        pendencias::resource(),
        docs::resource(),
        health::resource(),
    ]
    .into_iter()
    .chain(screens::resources())
    .flat_map(|resource| resource.endpoints())
    .collect()
});

/// A path, in its parts, and what can be done with it.
struct Pattern {
    path: &'static str,
    parts: Vec<&'static str>,
    endpoints: Vec<&'static Endpoint>,
}

/// Every path once; those with a capture last, so that of two that fit the one that is all literal is found.
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let mut patterns: Vec<Pattern> = Vec::new();
    for endpoint in ENDPOINTS.iter() {
        match patterns.iter_mut().find(|pattern| pattern.path == endpoint.path) {
            Some(pattern) => pattern.endpoints.push(endpoint),
            None => {
                let parts = endpoint.path.split('/').filter(|part| !part.is_empty()).collect();
                patterns.push(Pattern { path: endpoint.path, parts, endpoints: vec![endpoint] });
            }
        }
    }
    patterns.sort_by_key(|pattern| pattern.path.contains("{id}"));
    patterns
});

/// Method and path of every endpoint.
pub fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
    ENDPOINTS.iter().map(|endpoint| (endpoint.method.as_str(), endpoint.path))
}

/// The path of the page that is shown under this address, if there is one.
pub fn page_at(path: &str) -> Option<&'static Endpoint> {
    let shows = |e: &&Endpoint| e.is_page && e.method == Get && e.path == path && !e.path.contains("{id}");
    ENDPOINTS.iter().find(shows)
}

/// Runs the endpoint of a request, or refuses it. Where there are doors, it is checked who calls.
pub fn dispatch(app: &App, request: &Request<'_>, has_doors: bool) -> server::Answer {
    let started = Instant::now();
    let refused = |response: Response, route| {
        answer::finish(Ok(response.into()), Route { method: "-", route }, &request.id, started)
    };
    if let Some(refusal) = refusal(app, request) {
        return refused(refusal, "-");
    }
    let Some(pattern) = pattern_of(&request.segments) else {
        return refused(no_route(request), "-");
    };
    let Some(endpoint) = pattern.endpoint_of(&request.method) else {
        return refused(no_method(app, request, pattern), pattern.path);
    };
    let call = if has_doors { Call::new(request) } else { Call::inside(request) };
    let result = endpoint.call(app, &call);
    // Who opens a page without having entered is led to the way in.
    if let Err(Error::Denied(why)) = result
        && !(endpoint.is_page && endpoint.method == Get)
    {
        note_refusal(app, &call, why);
    }
    let result = result.or_else(|error| endpoint.instead(app, &call, error));
    answer::finish(result, endpoint.route(), &request.id, started)
}

/// Notes in the trail that a call was refused.
pub fn note_refusal(app: &App, call: &Call<'_>, why: Denied) {
    let called = pattern_of(&call.segments).and_then(|pattern| pattern.endpoint_of(&call.method));
    let Some(route) = called.map(|endpoint| endpoint.route()) else { return };
    app.trail
        .note(&app.doors, &Refused { client: call.client, caller: call.known_caller(), route: &route, why });
}

/// As where there is no such route.
pub fn refuse(request: &Request<'_>) -> server::Answer {
    let route = Route { method: "-", route: "-" };
    answer::finish(Ok(no_route(request).into()), route, &request.id, Instant::now())
}

/// The key of a row that the path names. It is the second segment of every path with a capture.
pub fn id(request: &Request<'_>) -> Result<i64, Error> {
    let text = request.segments.get(1).map_or("", |s| s);
    match text.parse::<i64>() {
        Ok(id) => Ok(id),
        // Nothing has a number that large, and the text is one all the same.
        Err(e) if *e.kind() == std::num::IntErrorKind::PosOverflow => Ok(i64::MAX),
        Err(_) => Err(Error::invalid("id", "deve ser um número inteiro")),
    }
}

/// What is refused whatever the route. Probes of the process may know it by its address only.
fn refusal(app: &App, request: &Request<'_>) -> Option<Response> {
    if app.origins.refuse(request) {
        let detail = "Páginas deste endereço não podem fazer alterações aqui";
        return Some(problem(403, "origem_recusada", detail, &[]));
    }
    // Of two that say who calls, a proxy before us may have checked the other.
    if let Some(name) = ["Cookie", "Authorization"].into_iter().find(|name| request.repeats_header(name)) {
        return Some(problem(400, "malformado", &format!("O cabeçalho {name} deve vir uma só vez"), &[]));
    }
    let answers = app.hosts.answer(request) || is_probe(request);
    (!answers).then(|| problem(421, "host_desconhecido", "Este endereço não é atendido aqui", &[]))
}

fn no_route(request: &Request<'_>) -> Response {
    if request.raw_path == "*" && request.method == Options {
        return no_content("GET, HEAD, POST, PUT, DELETE, OPTIONS".to_owned());
    }
    problem(404, "rota_inexistente", "Este endereço não existe; veja /docs", &[])
}

fn no_method(app: &App, request: &Request<'_>, pattern: &Pattern) -> Response {
    let methods = pattern.allowed();
    if request.method != Options {
        let detail = "Este endereço não aceita este método";
        return problem(405, "metodo_nao_permitido", detail, &[]).with("Allow", methods);
    }
    let response = no_content(methods.clone());
    let asks = request.has_header("access-control-request-method");
    if asks && app.origins.allow(request, is_public(app, request)) {
        origins::grant(response, request, methods)
    } else {
        response
    }
}

/// Whether everybody may call what the request calls, or asks for in a preflight.
pub fn is_public(app: &App, request: &Request<'_>) -> bool {
    if app.doors.may_be_open() {
        return true;
    }
    let method = match request.method {
        Options => request.header("access-control-request-method").ok().flatten().unwrap_or("GET"),
        Head => "GET",
        _ => request.method.as_str(),
    };
    let called = |e: &&&Endpoint| e.method.as_str().eq_ignore_ascii_case(method);
    let endpoint = pattern_of(&request.segments).and_then(|pattern| pattern.endpoints.iter().find(called));
    endpoint.is_none_or(|endpoint| endpoint.access == Access::Todos)
}

fn no_content(methods: String) -> Response {
    Response::new(204, "", "").with("Allow", methods)
}

fn pattern_of(segments: &[Cow<'_, str>]) -> Option<&'static Pattern> {
    PATTERNS.iter().find(|pattern| {
        pattern.parts.len() == segments.len()
            && pattern.parts.iter().zip(segments).all(|(part, segment)| *part == "{id}" || part == segment)
    })
}

impl Pattern {
    /// What is run for this method.
    fn endpoint_of(&self, method: &Method) -> Option<&'static Endpoint> {
        let wanted = if *method == Head { &Get } else { method };
        self.endpoints.iter().find(|endpoint| endpoint.method == *wanted).copied()
    }

    /// The methods that there are, as `Allow` names them.
    fn allowed(&self) -> String {
        let mut methods: Vec<&str> = Vec::new();
        for endpoint in &self.endpoints {
            methods.push(endpoint.method.as_str());
            if endpoint.method == Method::Get {
                methods.push("HEAD");
            }
        }
        methods.push("OPTIONS");
        methods.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(path: &str) -> Option<&'static Pattern> {
        let segments: Vec<Cow<'_, str>> =
            path.split('/').filter(|s| !s.is_empty()).map(Cow::Borrowed).collect();
        pattern_of(&segments)
    }

    #[test]
    fn literals_beat_captures() {
        let path = |path| pattern(path).map(|pattern| pattern.path);
        assert_eq!(path("/pedidos/fila"), Some("/pedidos/fila"));
        assert_eq!(path("/pedidos/7"), Some("/pedidos/{id}"));
        assert_eq!(path("/pedidos/status_pagamento"), Some("/pedidos/status_pagamento"));
        assert_eq!(path("/pedidos/7/status_pagamento"), Some("/pedidos/{id}/status_pagamento"));
        assert_eq!(path("/"), Some("/"));
        assert_eq!(path("/pedidos/7/8"), None);
        assert_eq!(path("/pedido"), None);
    }

    #[test]
    fn the_capture_is_where_id_looks_for_it() {
        for (_, path) in table().filter(|(_, p)| p.contains('{')) {
            assert_eq!(path.split('/').nth(2), Some("{id}"), "{path}");
        }
    }

    #[test]
    fn an_endpoint_is_declared_once() {
        let mut seen = std::collections::HashSet::new();
        table().for_each(|endpoint| assert!(seen.insert(endpoint), "{endpoint:?}"));
    }

    #[test]
    fn allow_names_what_there_is() {
        let allowed = |path| pattern(path).unwrap().allowed();
        assert_eq!(allowed("/clientes"), "GET, HEAD, POST, PUT, OPTIONS");
        assert_eq!(allowed("/pedidos/checkout"), "POST, OPTIONS");
    }
}
