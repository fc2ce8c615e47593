//! The OpenAPI document agrees with the routes and with the fields that are read; its pages are self-contained,
//! compressed and cacheable.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Database, Restaurant, crew::Crew};

fn document() -> Value {
    Restaurant::new(Database::Sqlite).get("/openapi.json").ok()
}

#[test]
fn the_document_lists_exactly_the_routes() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let documented: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |m| (m.to_uppercase(), path.clone()))
        })
        .collect();
    let routes = ambrosia::api::table().map(|(method, path)| (method.to_owned(), path.to_owned())).collect();
    assert_eq!(documented, routes);
}

#[test]
fn every_operation_is_described() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let location = format!("{method} {path}");
            assert!(
                names.insert(operation["operationId"].to_string()),
                "{location}: the operationId is not unique"
            );
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{location}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(
                    response["$ref"].is_string() || !response["description"].as_str().unwrap().is_empty(),
                    "{location} {status}"
                );
            }
            assert_eq!(
                path.contains("{id}"),
                operation["parameters"].to_string().contains("\"in\":\"path\""),
                "{location}"
            );
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (field, description) in schema["properties"].as_object().into_iter().flatten() {
            assert_ne!(description, &serde_json::json!({}), "{name}.{field} has no description");
        }
    }
}

/// A documented field with a wrong value is named in the 422; so is a missing required field.
#[test]
fn every_documented_field_is_read() {
    let crew = Crew::new(Restaurant::new(Database::Sqlite));
    let document = document();
    let bodies = [
        ("POST", "/clientes", "NovoCliente"),
        ("PUT", "/clientes", "EdicaoCliente"),
        ("PUT", "/restaurante", "EdicaoRestaurante"),
        ("POST", "/produtos", "NovoProduto"),
        ("PUT", "/produtos", "EdicaoProduto"),
        ("PUT", "/produtos/3/esgotado", "PrazoEnviado"),
        ("POST", "/pedidos/checkout", "Checkout"),
        ("PUT", "/pedidos", "EdicaoPedido"),
        ("POST", "/pedidos/status_pagamento", "Notificacao"),
        ("POST", "/pedidos/1/pagamento", "Recebimento"),
        ("POST", "/pedidos/1/cancelamento", "Cancelamento"),
        ("POST", "/pedidos/1/reembolso", "Reembolso"),
        ("POST", "/chaves", "NovaChave"),
        ("POST", "/assinaturas", "NovaAssinatura"),
        ("PUT", "/assinaturas/1", "EdicaoAssinatura"),
        ("POST", "/funcionarios", "NovoFuncionario"),
        ("PUT", "/funcionarios/1", "EdicaoFuncionario"),
        ("POST", "/terminais", "NovoTerminal"),
        ("POST", "/terminais/inscricao", "Inscricao"),
        ("POST", "/sessoes", "Entrada"),
        ("PUT", "/sessoes/atual/pin", "TrocaDePin"),
    ];
    let referenced: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|o| o["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str())
        .map(|r| r.rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(referenced, bodies.iter().map(|c| c.2.to_owned()).collect());
    for (method, path, name) in bodies {
        let schema = &document["components"]["schemas"][name];
        let ignored = |d: &Value| d.to_string().contains("Ignorado");
        let read_fields: BTreeSet<String> = schema["properties"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, d)| !ignored(d))
            .map(|(c, _)| c.clone())
            .collect();
        let wrong: serde_json::Map<String, Value> =
            read_fields.iter().map(|field| (field.clone(), serde_json::json!({"errado": true}))).collect();
        let named = crew.manage(method, path, Some(&Value::Object(wrong))).invalid_fields();
        assert_eq!(named.into_iter().collect::<BTreeSet<_>>(), read_fields, "{method} {path}");
        let required: BTreeSet<String> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|c| c.as_str().unwrap().to_owned())
            .collect();
        let empty = crew.manage(method, path, Some(&serde_json::json!({})));
        if required.is_empty() {
            // There may be no such row; nothing is wrong with the body.
            assert!([200, 404].contains(&empty.status), "{method} {path}");
        } else {
            let missing: BTreeSet<String> = empty.invalid_fields().into_iter().collect();
            assert_eq!(missing, required, "{method} {path}");
        }
    }
}

#[test]
fn the_pages_are_self_contained() {
    let r = Restaurant::new(Database::Sqlite);
    let root = r.get("/");
    assert_eq!((root.status, root.header("location")), (307, Some("/redoc")));
    for (path, marker) in [("/redoc", "Redoc.init(\"/openapi.json\""), ("/docs", "url: '/openapi.json'")] {
        let page = r.get(path);
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.body.contains(marker) && page.body.contains("<title>Ambrosia</title>"), "{path}");
        assert!(page.body.len() > 500_000, "{path} does not contain its script");
        // The policy allows no requests to other hosts.
        assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'self'"));
        for external in ["src=\"http", "href=\"http", "@import"] {
            assert!(!page.body.split("<script>").next().unwrap().contains(external), "{path} {external}");
        }
    }
}

#[test]
fn documents_are_compressed_and_cacheable() {
    let r = Restaurant::new(Database::Sqlite);
    for path in ["/redoc", "/docs", "/openapi.json"] {
        let whole = r.get(path);
        let length = |encoding: &str| {
            let response = r.request("HEAD", path, &[("Accept-Encoding", encoding)], None);
            let gzip = response.header("content-encoding") == Some("gzip");
            (gzip, response.header("content-length").unwrap().parse::<usize>().unwrap())
        };
        let (gzip, compressed) = length("br, gzip;q=0.8");
        assert!(gzip && compressed * 2 < whole.body.len(), "{path}: {compressed}");
        assert_eq!(length("gzip;q=0"), (false, whole.body.len()));
        let etag = whole.header("etag").unwrap();
        assert_eq!(r.request("GET", path, &[("If-None-Match", etag)], None).status, 304);
        assert!(whole.header("cache-control").unwrap().contains("max-age"));
    }
}
