//! Which pages may call (CORS), which hosts are answered, and what no cache may keep.

use serde_json::json;

use crate::{Banco, Resposta, Restaurante, nos_dois};

nos_dois!(
    a_previa_concede_o_que_se_pede,
    so_as_origens_da_lista,
    escritas_de_outras_origens_sao_recusadas,
    com_asterisco_tudo_fica_aberto,
    so_os_hosts_da_lista,
    dados_pessoais_nao_ficam_em_cache,
);

fn previa(r: &Restaurante, caminho: &str, origem: &str, metodo: &str, cabecalhos: &str) -> Resposta {
    let pedida = [
        ("Origin", origem),
        ("Access-Control-Request-Method", metodo),
        ("Access-Control-Request-Headers", cabecalhos),
    ];
    r.pedir("OPTIONS", caminho, &pedida, None)
}

/// What axios of the original's app asks for, on its four calls.
fn a_previa_concede_o_que_se_pede(banco: Banco) {
    let r = Restaurante::novo(banco);
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
        assert_eq!((resposta.status, resposta.corpo.as_str()), (204, ""));
        assert_eq!(resposta.cabecalho("access-control-allow-origin"), Some("*"));
        assert_eq!(resposta.cabecalho("access-control-allow-headers"), Some(pedidos));
        assert_eq!(resposta.cabecalho("vary"), Some("Access-Control-Request-Headers"));
        let metodos = resposta.cabecalho("access-control-allow-methods").unwrap();
        assert!(metodos.split(", ").any(|m| m == metodo), "{metodos}");
    }
    // What is no list of names is not echoed.
    for ruim in ["a b", "a,,b", "a:b", &"a".repeat(2000)] {
        let resposta = previa(&r, "/produtos", "http://localhost:8081", "GET", ruim);
        assert_eq!(
            (resposta.status, resposta.cabecalho("access-control-allow-headers")),
            (204, None),
            "{ruim}"
        );
    }
}

const LISTA: &[(&str, &str)] = &[("CORS_ORIGIN", "https://loja.exemplo, https://balcao.exemplo:8443")];

fn so_as_origens_da_lista(banco: Banco) {
    let r = Restaurante::com(banco, LISTA);
    for origem in ["https://loja.exemplo", "https://balcao.exemplo:8443"] {
        let resposta = r.pedir("GET", "/produtos", &[("Origin", origem)], None);
        assert_eq!(resposta.cabecalho("access-control-allow-origin"), Some(origem));
        assert!(resposta.cabecalho("access-control-expose-headers").unwrap().contains("ETag"));
        assert_eq!(resposta.cabecalho("vary"), Some("Origin"));
        let resposta = previa(&r, "/clientes", origem, "POST", "content-type");
        assert_eq!(resposta.cabecalho("access-control-allow-origin"), Some(origem));
        assert_eq!(resposta.cabecalho("access-control-allow-headers"), Some("content-type"));
    }
    for origem in ["https://loja.exemplo:444", "http://loja.exemplo", "https://loja.exemplo.ladrao", "null"] {
        let lida = r.pedir("GET", "/produtos", &[("Origin", origem)], None);
        assert_eq!((lida.status, lida.cabecalho("vary")), (200, Some("Origin")));
        let prevista = previa(&r, "/clientes", origem, "POST", "content-type");
        assert_eq!(prevista.status, 204);
        for resposta in [lida, prevista] {
            for nome in ["origin", "methods", "headers"] {
                assert_eq!(resposta.cabecalho(&format!("access-control-allow-{nome}")), None, "{origem}");
            }
        }
    }
    assert_eq!(r.get("/produtos").cabecalho("vary"), Some("Origin"));
}

fn escritas_de_outras_origens_sao_recusadas(banco: Banco) {
    let r = Restaurante::com(banco, LISTA);
    let produto = json!({"nome": "Café", "categoria": 3, "valor": 5}).to_string();
    let produtos = r.contar("SELECT COUNT(*) FROM produtos");
    // A body of this type needs no preflight.
    let de = |origem| [("Origin", origem), ("Content-Type", "text/plain")];
    for origem in ["https://ladrao.exemplo", "null", "http://loja.exemplo", "http://127.0.0.1:1", ""] {
        for (metodo, caminho, corpo) in [
            ("POST", "/produtos", Some(produto.as_str())),
            ("PUT", "/produtos", Some(r#"{"id":1,"valor":0.01}"#)),
            ("DELETE", "/produtos/1", None),
            ("POST", "/pedidos/checkout", Some(r#"{"itens":[{"produto":1,"quantidade":1}]}"#)),
        ] {
            let detail = "Páginas deste endereço não podem fazer alterações aqui";
            let problema = r.pedir(metodo, caminho, &de(origem), corpo).problema(403, detail);
            assert_eq!(problema["codigo"], "origem_recusada");
        }
    }
    assert_eq!(r.contar("SELECT COUNT(*) FROM produtos"), produtos);
    assert_eq!(r.contar("SELECT COUNT(*) FROM pedidos"), 6);
    // Those of the list, of the server's own pages, and of no page at all.
    for origem in ["https://loja.exemplo", "https://balcao.exemplo:8443", r.url()] {
        r.pedir("POST", "/produtos", &de(origem), Some(&produto)).ok();
    }
    r.post("/produtos", json!({"nome": "Café", "categoria": 3, "valor": 5})).ok();
    let aviso = json!({"id": "b715bik7-2726-4d51-a729-749cc7bda703", "action": "state_FINISHED"});
    r.post("/pedidos/status_pagamento", aviso).ok();
}

fn com_asterisco_tudo_fica_aberto(banco: Banco) {
    let r = Restaurante::novo(banco);
    let de = [("Origin", "https://qualquer.exemplo"), ("Content-Type", "text/plain")];
    r.pedir("POST", "/produtos", &de, Some(r#"{"nome":"Café","categoria":3,"valor":5}"#)).ok();
}

fn so_os_hosts_da_lista(banco: Banco) {
    let r = Restaurante::com(banco, &[("ALLOWED_HOSTS", "loja.exemplo, balcao.exemplo:8443")]);
    let a = |host: &str, caminho: &str| r.pedir("GET", caminho, &[("Host", host)], None);
    for host in ["loja.exemplo", "LOJA.exemplo:31000", "balcao.exemplo:8443"] {
        a(host, "/produtos").ok();
    }
    for host in ["ladrao.exemplo", "balcao.exemplo", "balcao.exemplo:80", "loja.exemplo.ladrao", "127.0.0.1"]
    {
        let problema = a(host, "/produtos").problema(421, "Este endereço não é atendido aqui");
        assert_eq!(problema["codigo"], "host_desconhecido");
        // The kubelet calls a pod by its address.
        for caminho in ["/livez", "/readyz", "/metrics"] {
            assert_eq!(a(host, caminho).status, 200, "{host} {caminho}");
        }
    }
}

fn dados_pessoais_nao_ficam_em_cache(banco: Banco) {
    let r = Restaurante::novo(banco);
    for (metodo, caminho) in ambrosia::api::table() {
        let pessoal = caminho.starts_with("/clientes") || caminho.starts_with("/pedidos");
        let caminho = caminho.replace("{id}", "2");
        let corpo = ["POST", "PUT"].contains(&metodo).then_some("{}");
        let resposta = r.pedir(metodo, &caminho, &[], corpo);
        let guardavel = resposta.cabecalho("cache-control") != Some("no-store");
        let operacao = ["/livez", "/readyz", "/metrics"].contains(&caminho.as_str());
        assert_eq!(guardavel, !pessoal && !operacao, "{metodo} {caminho}");
    }
    // An order's state goes along with an error.
    let antiga = r.pedir("PUT", "/pedidos/", &[("If-Match", "\"9\"")], Some(r#"{"id":2,"status_pedido":3}"#));
    assert_eq!((antiga.status, antiga.cabecalho("cache-control")), (412, Some("no-store")));
    // It forbids no conditional request.
    let etag = r.get("/pedidos/2").cabecalho("etag").unwrap().to_owned();
    assert_eq!(r.pedir("GET", "/pedidos/2", &[("If-None-Match", &etag)], None).status, 304);
}
