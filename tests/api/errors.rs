//! Errors of the HTTP interface: status and Portuguese text for bodies, paths, methods and ids; and what holds for every
//! route: `HEAD`, CORS, trailing slashes.

use serde_json::json;

use crate::{Database, Restaurant, on_both_databases};

on_both_databases!(
    bodies_that_are_not_json_objects_are_refused,
    unknown_paths_are_404_and_wrong_methods_405,
    ids_in_the_path_are_validated,
    head_has_the_headers_of_get,
    cors_is_open_by_default,
    a_trailing_slash_changes_nothing,
);

fn bodies_that_are_not_json_objects_are_refused(database: Database) {
    let r = Restaurant::new(database);
    let send = |body: &str| r.request("POST", "/clientes", &[], Some(body));
    send("").problem(400, "Nada foi enviado: faltam os dados");
    send("{").problem(400, "JSON inválido na linha 1, coluna 1");
    send("{\"cpf\": }").problem(400, "JSON inválido na linha 1, coluna 9");
    send("{} {}").problem(400, "JSON inválido na linha 1, coluna 4");
    send("{\"nome\": \"\\ud800\"}").problem(422, "«cpf» é obrigatório; «nome» deve ser um texto");
    for body in ["[]", "1", "null", "\"texto\"", "true"] {
        send(body).problem(422, "O que foi enviado deve ter campos com nome e valor");
    }
    send("{\"cpf\":\"1\",\"cpf\":\"2\"}").problem(422, "O que foi enviado tem um campo repetido");
    let nested = format!("{{\"cpf\": {}{}}}", "[".repeat(60_000), "]".repeat(60_000));
    assert!([400, 422].contains(&send(&nested).status));
    assert_eq!(send(&format!("{{\"x\":\"{}\"}}", "x".repeat(1 << 20))).status, 413);
    assert_eq!(r.get("/clientes").ok().as_array().unwrap().len(), 3);
}

fn unknown_paths_are_404_and_wrong_methods_405(database: Database) {
    let r = Restaurant::new(database);
    for path in ["/nada", "/pedidos/1/2/3", "/pedido", "/produtos/1/x", "/docs/x", "//pedidos", "/PEDIDOS"] {
        r.get(path).problem(404, "Este endereço não existe; veja /docs");
    }
    for (method, path, allow) in [
        ("DELETE", "/clientes", "GET, HEAD, POST, PUT, OPTIONS"),
        ("POST", "/clientes/1", "GET, HEAD, DELETE, OPTIONS"),
        ("GET", "/pedidos/checkout", "POST, OPTIONS"),
        ("PATCH", "/pedidos", "GET, HEAD, PUT, OPTIONS"),
        ("HEAD", "/pedidos/checkout", "POST, OPTIONS"),
        ("PUT", "/pedidos/fila", "GET, HEAD, OPTIONS"),
        ("TRACE", "/", "GET, HEAD, OPTIONS"),
        ("INVENTADO", "/pedidos/1", "GET, HEAD, DELETE, OPTIONS"),
    ] {
        let body = matches!(method, "POST" | "PUT" | "PATCH").then_some("{}");
        let response = r.request(method, path, &[], body);
        assert_eq!((response.status, response.header("allow")), (405, Some(allow)), "{method} {path}");
    }
}

fn ids_in_the_path_are_validated(database: Database) {
    let r = Restaurant::new(database);
    for path in
        ["/pedidos/abc", "/clientes/1x", "/produtos/1.0", "/pedidos/0x1/status_pagamento", "/clientes/%20"]
    {
        r.get(path).problem(422, "«id» deve ser um número inteiro");
    }
    for id in ["0", "-1", "2147483648", "9223372036854775807", "99999999999999999999999"] {
        r.get(&format!("/pedidos/{id}")).problem(404, "Pedido não encontrado");
        r.delete(&format!("/produtos/{id}")).problem(404, "Produto não encontrado");
        r.delete(&format!("/clientes/{id}")).problem(404, "Cliente não encontrado");
    }
    assert_eq!(r.get("/pedidos/%31").ok()["id"], 1);
    let huge = json!({"itens": [{"produto": i64::MAX, "quantidade": 1}]});
    r.post("/pedidos/checkout", huge).problem(404, "Produto não encontrado");
    let huge = json!({"id_cliente": i64::MAX, "itens": [{"produto": 1, "quantidade": 1}]});
    r.post("/pedidos/checkout", huge).problem(404, "Cliente não encontrado");
    r.put("/pedidos", json!({"id": i64::MAX, "status_pedido": 2})).problem(404, "Pedido não encontrado");
}

fn head_has_the_headers_of_get(database: Database) {
    let r = Restaurant::new(database);
    for path in ["/pedidos", "/produtos/3", "/pedidos/1", "/pedidos/99", "/openapi.json", "/"] {
        let (get, head) = (r.get(path), r.request("HEAD", path, &[], None));
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
        for name in ["content-length", "content-type", "etag", "location"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
}

fn cors_is_open_by_default(database: Database) {
    let r = Restaurant::new(database);
    let preflight = [
        ("Origin", "https://loja.exemplo"),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "if-match"),
    ];
    let response = r.request("OPTIONS", "/pedidos", &preflight, None);
    assert_eq!((response.status, response.body.as_str()), (204, ""));
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert_eq!(response.header("access-control-allow-methods"), Some("GET, HEAD, PUT, OPTIONS"));
    assert_eq!(response.header("access-control-allow-headers"), Some("if-match"));
    for response in
        [r.get("/pedidos"), r.get("/nada"), r.post("/clientes", json!({})), r.delete("/pedidos/2")]
    {
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        assert!(response.header("access-control-expose-headers").unwrap().contains("ETag"));
    }
    assert_eq!(
        r.request("OPTIONS", "/pedidos/1", &[], None).header("allow"),
        Some("GET, HEAD, DELETE, OPTIONS")
    );
    assert_eq!(r.request("OPTIONS", "/nada", &[], None).status, 404);
}

fn a_trailing_slash_changes_nothing(database: Database) {
    let r = Restaurant::new(database);
    for path in [
        "/clientes",
        "/clientes/1",
        "/clientes/1/pedidos",
        "/produtos",
        "/produtos/1",
        "/lanches",
        "/acompanhamentos",
        "/bebidas",
        "/sobremesas",
        "/pedidos",
        "/pedidos/1",
        "/pedidos/1/status_pagamento",
        "/pedidos/1/eventos",
        "/pedidos/recebidos",
        "/pedidos/empreparacao",
        "/pedidos/prontos",
        "/pedidos/finalizados",
        "/pedidos/fila",
        "/docs",
        "/redoc",
        "/openapi.json",
    ] {
        let (without, with) = (r.get(path), r.get(&format!("{path}/")));
        assert_eq!((without.status, with.status), (200, 200), "{path}");
        assert_eq!(without.body, with.body, "{path}");
    }
}
