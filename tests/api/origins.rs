//! Which pages may call (CORS), which hosts are answered, and what no cache may keep.

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

fn previa(r: &Restaurant, caminho: &str, origem: &str, metodo: &str, headers: &str) -> Response {
    let pedida = [
        ("Origin", origem),
        ("Access-Control-Request-Method", metodo),
        ("Access-Control-Request-Headers", headers),
    ];
    r.request("OPTIONS", caminho, &pedida, None)
}

/// What axios of the original's app asks for, on its four calls.
fn the_preflight_allows_the_requested_headers(banco: Database) {
    let r = Restaurant::new(banco);
    for (metodo, caminho) in [
        ("GET", "/produtos"),
        ("GET", "/clientes/1"),
        ("GET", "/clientes/1/pedidos"),
        ("POST", "/clientes/"),
        ("PUT", "/pedidos"),
        ("DELETE", "/produtos/3"),
    ] {
        let pedidos = "access-control-allow-origin,content-type,x-de-amanha";
        let resposta = previa(&r, caminho, "http://localhost:8081", metodo, pedidos);
        assert_eq!((resposta.status, resposta.body.as_str()), (204, ""));
        assert_eq!(resposta.header("access-control-allow-origin"), Some("*"));
        assert_eq!(resposta.header("access-control-allow-headers"), Some(pedidos));
        assert_eq!(resposta.header("vary"), Some("Access-Control-Request-Headers"));
        let metodos = resposta.header("access-control-allow-methods").unwrap();
        assert!(metodos.split(", ").any(|m| m == metodo), "{metodos}");
    }
    // What is no list of names is not echoed.
    for ruim in ["a b", "a,,b", "a:b", &"a".repeat(2000)] {
        let resposta = previa(&r, "/produtos", "http://localhost:8081", "GET", ruim);
        assert_eq!((resposta.status, resposta.header("access-control-allow-headers")), (204, None), "{ruim}");
    }
}

const LISTA: &[(&str, &str)] = &[("CORS_ORIGIN", "https://loja.exemplo, https://balcao.exemplo:8443")];

fn only_listed_origins_are_allowed(banco: Database) {
    let r = Restaurant::with_environment(banco, LISTA);
    for origem in ["https://loja.exemplo", "https://balcao.exemplo:8443"] {
        let resposta = r.request("GET", "/produtos", &[("Origin", origem)], None);
        assert_eq!(resposta.header("access-control-allow-origin"), Some(origem));
        assert!(resposta.header("access-control-expose-headers").unwrap().contains("ETag"));
        assert_eq!(resposta.header("vary"), Some("Origin"));
        let resposta = previa(&r, "/clientes", origem, "POST", "content-type");
        assert_eq!(resposta.header("access-control-allow-origin"), Some(origem));
        assert_eq!(resposta.header("access-control-allow-headers"), Some("content-type"));
    }
    for origem in ["https://loja.exemplo:444", "http://loja.exemplo", "https://loja.exemplo.ladrao", "null"] {
        let lida = r.request("GET", "/produtos", &[("Origin", origem)], None);
        assert_eq!((lida.status, lida.header("vary")), (200, Some("Origin")));
        let prevista = previa(&r, "/clientes", origem, "POST", "content-type");
        assert_eq!(prevista.status, 204);
        for resposta in [lida, prevista] {
            for nome in ["origin", "methods", "headers"] {
                assert_eq!(resposta.header(&format!("access-control-allow-{nome}")), None, "{origem}");
            }
        }
    }
    assert_eq!(r.get("/produtos").header("vary"), Some("Origin"));
}

fn writes_from_other_origins_are_refused(banco: Database) {
    let r = Restaurant::with_environment(banco, LISTA);
    let produto = json!({"nome": "Café", "categoria": 3, "valor": 5}).to_string();
    let produtos = r.count("SELECT COUNT(*) FROM produtos");
    // A body of this type needs no preflight.
    let de = |origem| [("Origin", origem), ("Content-Type", "text/plain")];
    for origem in ["https://ladrao.exemplo", "null", "http://loja.exemplo", "http://127.0.0.1:1", ""] {
        for (metodo, caminho, body) in [
            ("POST", "/produtos", Some(produto.as_str())),
            ("PUT", "/produtos", Some(r#"{"id":1,"valor":0.01}"#)),
            ("DELETE", "/produtos/1", None),
            ("POST", "/pedidos/checkout", Some(r#"{"itens":[{"produto":1,"quantidade":1}]}"#)),
        ] {
            let detail = "Páginas deste endereço não podem fazer alterações aqui";
            let problema = r.request(metodo, caminho, &de(origem), body).problem(403, detail);
            assert_eq!(problema["codigo"], "origem_recusada");
        }
    }
    assert_eq!(r.count("SELECT COUNT(*) FROM produtos"), produtos);
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 6);
    // Those of the list, of the server's own pages, and of no page at all.
    for origem in ["https://loja.exemplo", "https://balcao.exemplo:8443", r.url()] {
        r.request("POST", "/produtos", &de(origem), Some(&produto)).ok();
    }
    r.post("/produtos", json!({"nome": "Café", "categoria": 3, "valor": 5})).ok();
    let aviso = json!({"id": "b715bik7-2726-4d51-a729-749cc7bda703", "action": "state_FINISHED"});
    r.post("/pedidos/status_pagamento", aviso).ok();
}

fn by_default_every_origin_may_write(banco: Database) {
    let r = Restaurant::new(banco);
    let de = [("Origin", "https://qualquer.exemplo"), ("Content-Type", "text/plain")];
    r.request("POST", "/produtos", &de, Some(r#"{"nome":"Café","categoria":3,"valor":5}"#)).ok();
}

fn only_listed_hosts_are_served(banco: Database) {
    let r = Restaurant::with_environment(banco, &[("ALLOWED_HOSTS", "loja.exemplo, balcao.exemplo:8443")]);
    let a = |host: &str, caminho: &str| r.request("GET", caminho, &[("Host", host)], None);
    for host in ["loja.exemplo", "LOJA.exemplo:31000", "balcao.exemplo:8443"] {
        a(host, "/produtos").ok();
    }
    for host in ["ladrao.exemplo", "balcao.exemplo", "balcao.exemplo:80", "loja.exemplo.ladrao", "127.0.0.1"]
    {
        let problema = a(host, "/produtos").problem(421, "Este endereço não é atendido aqui");
        assert_eq!(problema["codigo"], "host_desconhecido");
        // The kubelet calls a pod by its address.
        for caminho in ["/livez", "/readyz", "/metrics"] {
            assert_eq!(a(host, caminho).status, 200, "{host} {caminho}");
        }
    }
}

fn personal_data_is_not_cacheable(banco: Database) {
    let r = Restaurant::new(banco);
    for (metodo, caminho) in ambrosia::http::table() {
        let pessoal = caminho.starts_with("/clientes") || caminho.starts_with("/pedidos");
        let caminho = caminho.replace("{id}", "2");
        let body = ["POST", "PUT"].contains(&metodo).then_some("{}");
        let resposta = r.request(metodo, &caminho, &[], body);
        let guardavel = resposta.header("cache-control") != Some("no-store");
        let operacao = ["/livez", "/readyz", "/metrics"].contains(&caminho.as_str());
        assert_eq!(guardavel, !pessoal && !operacao, "{metodo} {caminho}");
    }
    // An order's state goes along with an error.
    let antiga =
        r.request("PUT", "/pedidos/", &[("If-Match", "\"9\"")], Some(r#"{"id":2,"status_pedido":3}"#));
    assert_eq!((antiga.status, antiga.header("cache-control")), (412, Some("no-store")));
    // It forbids no conditional request.
    let etag = r.get("/pedidos/2").header("etag").unwrap().to_owned();
    assert_eq!(r.request("GET", "/pedidos/2", &[("If-None-Match", &etag)], None).status, 304);
}
