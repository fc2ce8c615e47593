//! The OpenAPI document and its pages.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Banco, Restaurante};

fn documento() -> Value {
    Restaurante::novo(Banco::Sqlite).get("/openapi.json").ok()
}

#[test]
fn rotas_e_documento_dizem_o_mesmo() {
    let documento = documento();
    assert_eq!(documento["openapi"], "3.1.0");
    let documentadas: BTreeSet<(String, String)> = documento["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(caminho, item)| {
            item.as_object().unwrap().keys().map(move |m| (m.to_uppercase(), caminho.clone()))
        })
        .collect();
    let rotas =
        ambrosia::api::table().map(|(metodo, caminho)| (metodo.to_owned(), caminho.to_owned())).collect();
    assert_eq!(documentadas, rotas);
}

#[test]
fn toda_operacao_e_descrita() {
    let documento = documento();
    let mut nomes = BTreeSet::new();
    for (caminho, item) in documento["paths"].as_object().unwrap() {
        for (metodo, operacao) in item.as_object().unwrap() {
            let onde = format!("{metodo} {caminho}");
            assert!(nomes.insert(operacao["operationId"].to_string()), "{onde}: the name is taken");
            assert!(!operacao["summary"].as_str().unwrap().is_empty(), "{onde}");
            for (status, resposta) in operacao["responses"].as_object().unwrap() {
                assert!(
                    resposta["$ref"].is_string() || !resposta["description"].as_str().unwrap().is_empty(),
                    "{onde} {status}"
                );
            }
            assert_eq!(
                caminho.contains("{id}"),
                operacao["parameters"].to_string().contains("\"in\":\"path\""),
                "{onde}"
            );
        }
    }
    for (nome, esquema) in documento["components"]["schemas"].as_object().unwrap() {
        for (campo, descricao) in esquema["properties"].as_object().into_iter().flatten() {
            assert_ne!(descricao, &serde_json::json!({}), "{nome}.{campo} says nothing");
        }
    }
}

/// Each field that the document names is read: sent wrong, it is named in the answer.
#[test]
fn todo_campo_documentado_e_lido() {
    let r = Restaurante::novo(Banco::Sqlite);
    let documento = documento();
    let corpos = [
        ("POST", "/clientes", "NovoCliente"),
        ("PUT", "/clientes", "EdicaoCliente"),
        ("POST", "/produtos", "NovoProduto"),
        ("PUT", "/produtos", "EdicaoProduto"),
        ("POST", "/pedidos/checkout", "Checkout"),
        ("PUT", "/pedidos", "EdicaoPedido"),
        ("POST", "/pedidos/status_pagamento", "Notificacao"),
        ("POST", "/pedidos/1/pagamento", "Recebimento"),
        ("POST", "/pedidos/1/cancelamento", "Cancelamento"),
        ("POST", "/pedidos/1/reembolso", "Reembolso"),
    ];
    let referidos: BTreeSet<String> = documento["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|o| o["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str())
        .map(|r| r.rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(referidos, corpos.iter().map(|c| c.2.to_owned()).collect());
    for (metodo, caminho, nome) in corpos {
        let esquema = &documento["components"]["schemas"][nome];
        let ignorado = |d: &Value| d.to_string().contains("Ignorado");
        let lidos: BTreeSet<String> = esquema["properties"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, d)| !ignorado(d))
            .map(|(c, _)| c.clone())
            .collect();
        let errado: serde_json::Map<String, Value> =
            lidos.iter().map(|campo| (campo.clone(), serde_json::json!({"errado": true}))).collect();
        let nomeados = r.pedir(metodo, caminho, &[], Some(&Value::Object(errado).to_string())).campos();
        assert_eq!(nomeados.into_iter().collect::<BTreeSet<_>>(), lidos, "{metodo} {caminho}");
        let obrigatorios: BTreeSet<String> = esquema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|c| c.as_str().unwrap().to_owned())
            .collect();
        let faltantes = r.pedir(metodo, caminho, &[], Some("{}")).campos();
        assert_eq!(faltantes.into_iter().collect::<BTreeSet<_>>(), obrigatorios, "{metodo} {caminho}");
    }
}

#[test]
fn as_paginas_vem_do_binario() {
    let r = Restaurante::novo(Banco::Sqlite);
    let raiz = r.get("/");
    assert_eq!((raiz.status, raiz.cabecalho("location")), (307, Some("/redoc")));
    for (caminho, sinal) in [("/redoc", "Redoc.init(\"/openapi.json\""), ("/docs", "url: '/openapi.json'")] {
        let pagina = r.get(caminho);
        assert_eq!(pagina.status, 200);
        assert_eq!(pagina.cabecalho("content-type"), Some("text/html; charset=utf-8"));
        assert!(
            pagina.corpo.contains(sinal) && pagina.corpo.contains("<title>Ambrosia</title>"),
            "{caminho}"
        );
        assert!(pagina.corpo.len() > 500_000, "{caminho} carries its script");
        // The policy keeps the browser from asking anyone else.
        assert!(pagina.cabecalho("content-security-policy").unwrap().starts_with("default-src 'self'"));
        for fora in ["src=\"http", "href=\"http", "@import"] {
            assert!(!pagina.corpo.split("<script>").next().unwrap().contains(fora), "{caminho} {fora}");
        }
    }
}

#[test]
fn comprimido_e_guardado_pelo_navegador() {
    let r = Restaurante::novo(Banco::Sqlite);
    for caminho in ["/redoc", "/docs", "/openapi.json"] {
        let inteiro = r.get(caminho);
        let tamanho = |codificacao: &str| {
            let resposta = r.pedir("HEAD", caminho, &[("Accept-Encoding", codificacao)], None);
            let gzip = resposta.cabecalho("content-encoding") == Some("gzip");
            (gzip, resposta.cabecalho("content-length").unwrap().parse::<usize>().unwrap())
        };
        let (gzip, comprimido) = tamanho("br, gzip;q=0.8");
        assert!(gzip && comprimido * 2 < inteiro.corpo.len(), "{caminho}: {comprimido}");
        assert_eq!(tamanho("gzip;q=0"), (false, inteiro.corpo.len()));
        let etag = inteiro.cabecalho("etag").unwrap();
        assert_eq!(r.pedir("GET", caminho, &[("If-None-Match", etag)], None).status, 304);
        assert!(inteiro.cabecalho("cache-control").unwrap().contains("max-age"));
    }
}
