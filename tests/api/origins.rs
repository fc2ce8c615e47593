//! Allowed origins (CORS) and hosts, and `Cache-Control` for personal data.

use serde_json::json;

use crate::{Database, Response, Restaurant, on_both_databases};

on_both_databases!(
    the_preflight_allows_the_requested_headers,
    only_listed_origins_are_allowed,
    writes_from_other_origins_are_refused,
    by_default_every_origin_may_write,
    only_listed_hosts_are_served,
    personal_data_is_not_cacheable,
);

fn preflight(r: &Restaurant, path: &str, origin: &str, method: &str, headers: &str) -> Response {
    let requested = [
        ("Origin", origin),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", headers),
    ];
    r.request("OPTIONS", path, &requested, None)
}

/// The preflights of the original system's app (axios).
fn the_preflight_allows_the_requested_headers(database: Database) {
    let r = Restaurant::new(database);
    // Until it was read who may do what, doors count as closed; this request waits for it.
    r.get("/clientes/1").ok();
    for (method, path) in [
        ("GET", "/produtos"),
        ("GET", "/clientes/1"),
        ("GET", "/clientes/1/pedidos"),
        ("POST", "/clientes/"),
        ("PUT", "/pedidos"),
        ("DELETE", "/produtos/3"),
    ] {
        let requested = "access-control-allow-origin,content-type,x-de-amanha";
        let response = preflight(&r, path, "http://localhost:8081", method, requested);
        assert_eq!((response.status, response.body.as_str()), (204, ""));
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        assert_eq!(response.header("access-control-allow-headers"), Some(requested));
        assert_eq!(response.header("vary"), Some("Access-Control-Request-Headers"));
        let methods = response.header("access-control-allow-methods").unwrap();
        assert!(methods.split(", ").any(|m| m == method), "{methods}");
    }
    // A malformed list of names is not echoed.
    for bad in ["a b", "a,,b", "a:b", &"a".repeat(2000)] {
        let response = preflight(&r, "/produtos", "http://localhost:8081", "GET", bad);
        assert_eq!((response.status, response.header("access-control-allow-headers")), (204, None), "{bad}");
    }
}

const ALLOWED_ORIGINS: &[(&str, &str)] =
    &[("CORS_ORIGIN", "https://loja.exemplo, https://balcao.exemplo:8443")];

fn only_listed_origins_are_allowed(database: Database) {
    let r = Restaurant::with_environment(database, ALLOWED_ORIGINS);
    for origin in ["https://loja.exemplo", "https://balcao.exemplo:8443"] {
        let response = r.request("GET", "/produtos", &[("Origin", origin)], None);
        assert_eq!(response.header("access-control-allow-origin"), Some(origin));
        assert!(response.header("access-control-expose-headers").unwrap().contains("ETag"));
        assert_eq!(response.header("vary"), Some("Origin"));
        let response = preflight(&r, "/clientes", origin, "POST", "content-type");
        assert_eq!(response.header("access-control-allow-origin"), Some(origin));
        assert_eq!(response.header("access-control-allow-headers"), Some("content-type"));
    }
    for origin in ["https://loja.exemplo:444", "http://loja.exemplo", "https://loja.exemplo.ladrao", "null"] {
        let fetched = r.request("GET", "/produtos", &[("Origin", origin)], None);
        assert_eq!((fetched.status, fetched.header("vary")), (200, Some("Origin")));
        let preflighted = preflight(&r, "/clientes", origin, "POST", "content-type");
        assert_eq!(preflighted.status, 204);
        for response in [fetched, preflighted] {
            for name in ["origin", "methods", "headers"] {
                assert_eq!(response.header(&format!("access-control-allow-{name}")), None, "{origin}");
            }
        }
    }
    assert_eq!(r.get("/produtos").header("vary"), Some("Origin"));
}

fn writes_from_other_origins_are_refused(database: Database) {
    let r = Restaurant::with_environment(database, ALLOWED_ORIGINS);
    let produto = json!({"nome": "Café", "categoria": 3, "valor": 5}).to_string();
    let produtos = r.count("SELECT COUNT(*) FROM produtos");
    // A `text/plain` body needs no preflight.
    let from_origin = |origin| [("Origin", origin), ("Content-Type", "text/plain")];
    for origin in ["https://ladrao.exemplo", "null", "http://loja.exemplo", "http://127.0.0.1:1", ""] {
        for (method, path, body) in [
            ("POST", "/produtos", Some(produto.as_str())),
            ("PUT", "/produtos", Some(r#"{"id":1,"valor":0.01}"#)),
            ("DELETE", "/produtos/1", None),
            ("POST", "/pedidos/checkout", Some(r#"{"itens":[{"produto":1,"quantidade":1}]}"#)),
        ] {
            let detail = "Páginas deste endereço não podem fazer alterações aqui";
            let problem = r.request(method, path, &from_origin(origin), body).problem(403, detail);
            assert_eq!(problem["codigo"], "origem_recusada");
        }
    }
    assert_eq!(r.count("SELECT COUNT(*) FROM produtos"), produtos);
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 6);
    // Listed origins, the server's own origin, and requests without an origin are accepted.
    for origin in ["https://loja.exemplo", "https://balcao.exemplo:8443", r.url()] {
        r.request("POST", "/produtos", &from_origin(origin), Some(&produto)).ok();
    }
    r.post("/produtos", json!({"nome": "Café", "categoria": 3, "valor": 5})).ok();
    let notification = json!({"id": "b715bik7-2726-4d51-a729-749cc7bda703", "action": "state_FINISHED"});
    r.post("/pedidos/status_pagamento", notification).ok();
}

fn by_default_every_origin_may_write(database: Database) {
    let r = Restaurant::new(database);
    let from_origin = [("Origin", "https://qualquer.exemplo"), ("Content-Type", "text/plain")];
    r.request("POST", "/produtos", &from_origin, Some(r#"{"nome":"Café","categoria":3,"valor":5}"#)).ok();
}

fn only_listed_hosts_are_served(database: Database) {
    let r = Restaurant::with_environment(database, &[("ALLOWED_HOSTS", "loja.exemplo, balcao.exemplo:8443")]);
    let get_with_host = |host: &str, path: &str| r.request("GET", path, &[("Host", host)], None);
    for host in ["loja.exemplo", "LOJA.exemplo:31000", "balcao.exemplo:8443"] {
        get_with_host(host, "/produtos").ok();
    }
    for host in ["ladrao.exemplo", "balcao.exemplo", "balcao.exemplo:80", "loja.exemplo.ladrao", "127.0.0.1"]
    {
        let problem = get_with_host(host, "/produtos").problem(421, "Este endereço não é atendido aqui");
        assert_eq!(problem["codigo"], "host_desconhecido");
        // The kubelet calls a pod by its IP address.
        for path in ["/livez", "/readyz", "/metrics"] {
            assert_eq!(get_with_host(host, path).status, 200, "{host} {path}");
        }
    }
}

fn personal_data_is_not_cacheable(database: Database) {
    let r = Restaurant::new(database);
    for (method, path) in ambrosia::api::table() {
        let personal = [
            "clientes",
            "pedidos",
            "eventos",
            "chaves",
            "auditoria",
            "funcionarios",
            "terminais",
            "sessoes",
            "vendas.json",
            "vendas.csv",
        ]
        .iter()
        .any(|p| path.split('/').nth(1) == Some(*p))
            || [
                "gerencia",
                "painel",
                "entrar",
                "sair",
                "cozinha",
                "caixa",
                "cardapio",
                "totem",
                "acompanhar",
                "vendas",
            ]
            .iter()
            .any(|page| path.split('/').nth(1) == Some(*page) && !path.contains('.'));
        let path = path.replace("{id}", "2");
        let body = ["POST", "PUT"].contains(&method).then_some("{}");
        // A stream has no end.
        let method = if method == "GET" { "HEAD" } else { method };
        let response = r.request(method, &path, &[], body);
        let cacheable = response.header("cache-control") != Some("no-store");
        let operational = ["/livez", "/readyz", "/metrics"].contains(&path.as_str());
        assert_eq!(cacheable, !personal && !operational, "{method} {path}");
    }
    // This error contains the order.
    let stale =
        r.request("PUT", "/pedidos/", &[("If-Match", "\"9\"")], Some(r#"{"id":2,"status_pedido":3}"#));
    assert_eq!((stale.status, stale.header("cache-control")), (412, Some("no-store")));
    // `no-store` does not prevent conditional requests.
    let etag = r.get("/pedidos/2").header("etag").unwrap().to_owned();
    assert_eq!(r.request("GET", "/pedidos/2", &[("If-None-Match", &etag)], None).status, 304);
}
