//! The log: no secret at any level, and nothing of others that deceives who reads it.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::{
    Banco, Restaurante,
    caixa::{Caixa, SEGREDO, TOKEN},
    restaurante::{Resposta, ate},
    standin::Faults,
};

/// Sends a request line as it stands, and waits for the answer.
fn pedir_cru(r: &Restaurante, linha: &str) {
    let mut conexao = TcpStream::connect(r.url().trim_start_matches("http://")).unwrap();
    write!(conexao, "{linha} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").unwrap();
    conexao.read_to_end(&mut Vec::new()).unwrap();
}

/// The bytes that hex dumps in a text show: pairs of digits, whatever is between the lines.
fn despejado(log: &str) -> Vec<u8> {
    let par = |palavra: &str| (palavra.len() == 2).then(|| u8::from_str_radix(palavra, 16).ok()).flatten();
    log.split(|c: char| !c.is_ascii_hexdigit()).filter_map(par).collect()
}

#[test]
fn nenhum_segredo_em_nivel_algum() {
    let c = Caixa::com(Banco::Sqlite, Faults::default(), &[("LOG_LEVEL", "trace")]);
    let pedido = c.comprar(1);
    c.pagar(&pedido);
    c.ate_pagamento(&pedido, 2);
    let log = c.log();
    assert!(log.contains("POST /pedidos/checkout"));
    let despejado = despejado(&log);
    for segredo in [TOKEN, SEGREDO] {
        for pedaco in segredo.as_bytes().windows(8) {
            let texto = std::str::from_utf8(pedaco).unwrap();
            assert!(!log.contains(texto), "«{texto}» is in the log");
            assert!(
                !despejado.windows(8).any(|janela| janela == pedaco),
                "«{texto}» is in a dump in the log"
            );
        }
    }
}

#[test]
fn o_que_engana_o_leitor_e_escapado() {
    let r = Restaurante::novo(Banco::Sqlite);
    pedir_cru(&r, "GET /a\u{202e}b\u{2028}c\u{9b}31m\u{200b}d");
    pedir_cru(&r, &format!("GET /{}", "x".repeat(4000)));
    ate("the lines", || r.log().contains("xxx"));
    let log = r.log();
    assert!(log.contains(r"/a\u{202e}b\u{2028}c\u{9b}31m\u{200b}d"), "{log}");
    assert!(!log.contains(|c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2028}\u{200b}".contains(c)));
    assert!(log.lines().all(|linha| linha.chars().count() < 400));
}

/// Also holds the server to the shape by which `src/logging/line.rs` knows a request line.
#[test]
fn em_json_cada_linha_e_um_objeto_e_a_de_um_pedido_tem_campos() {
    let r = Restaurante::com(Banco::Sqlite, &[("LOG_FORMAT", "json")]);
    let id = |resposta: &Resposta| resposta.cabecalho("x-request-id").unwrap().to_owned();
    let produtos = r.get("/produtos");
    let nenhum = r.pedir("PUT", "/a\"b?c=d", &[], Some("{}"));
    pedir_cru(&r, "GET /a\u{202e}b\u{2028}c\u{9b}31m\u{200b}d");
    pedir_cru(&r, "isto não é um pedido");
    ate("the lines", || r.log().contains("31m") && r.log().contains("- - 4"));
    let log = r.log();
    assert!(!log.contains(|c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2028}\u{200b}".contains(c)));
    let linhas: Vec<Value> = log.lines().map(|linha| serde_json::from_str(linha).unwrap()).collect();
    for linha in &linhas {
        let instante = linha["timestamp"].as_str().unwrap();
        assert!(instante.parse::<jiff::Timestamp>().is_ok() && instante.ends_with('Z'), "{linha}");
        assert!(linha["level"].is_string() && linha["message"].is_string(), "{linha}");
    }
    let com = |campo: &str, valor: Value| linhas.iter().find(|l| l[campo] == valor).unwrap();
    let linha = com("request_id", json!(id(&produtos)));
    assert_eq!((&linha["method"], &linha["path"]), (&json!("GET"), &json!("/produtos")));
    assert_eq!((&linha["status"], &linha["client"]), (&json!(200), &json!("127.0.0.1")));
    assert!(
        linha["took_us"].is_u64() && linha["bytes"].as_u64() > Some(produtos.bytes.len() as u64),
        "{linha}"
    );
    assert_eq!((&linha["level"], &linha["message"]), (&json!("INFO"), &json!("GET /produtos 200")));
    assert_eq!(com("request_id", json!(id(&nenhum)))["status"], nenhum.status);
    assert_eq!(com("path", json!(r"/a\u{202e}b\u{2028}c\u{9b}31m\u{200b}d"))["status"], 404);
    assert!(com("method", json!("-"))["message"].as_str().unwrap().starts_with("- - 4"));
    assert_eq!(com("level", json!("WARN"))["status"], json!(null));
}

#[test]
fn um_aviso_sem_assinatura_escreve_pouco() {
    let c = Caixa::nova(Banco::Sqlite);
    let id = "\u{202e}".repeat(600) + &"A".repeat(2000);
    let consulta = format!("?data.id={}", id.replace('\u{202e}', "%E2%80%AE"));
    assert_eq!(c.avisar(&consulta, &[("x-signature", "ts=1,v1=ab")], &json!({})).status, 401);
    ate("the line", || c.log().contains("notification refused"));
    let log = c.log();
    let linha = log.lines().find(|linha| linha.contains("notification refused")).unwrap();
    assert_eq!(linha.matches(r"\u{202e}").count(), 64, "{linha}");
    assert!(!linha.contains("AAAA"));
}

#[test]
fn o_invisivel_nao_entra() {
    let r = Restaurante::novo(Banco::Sqlite);
    let novo = json!({"cpf": "\u{202a}195.826.304-42\u{202c}", "nome": "Ana\u{200b}\u{202e} Lima\u{feff}",
        "email": "\u{2068}ana@exemplo.com\u{2069}", "telefone": "\u{202a}+55 11 91234-5678\u{202c}"});
    let cliente = r.post("/clientes", novo).ok();
    assert_eq!(cliente["nome"], "Ana Lima");
    assert_eq!(
        (&cliente["email"], &cliente["telefone"]),
        (&json!("ana@exemplo.com"), &json!("+55 11 91234-5678"))
    );
    let nota = |nota: &str| {
        let corpo = json!({"itens": [{"produto": 1, "quantidade": 1, "descricao": nota}]});
        r.post("/pedidos/checkout", corpo).ok()["itens"][0]["descricao"].clone()
    };
    assert_eq!(nota("sem\u{ad} tomate\u{2066}"), "sem tomate");
    assert_eq!(nota("capriche 👨‍🍳 🌶️"), "capriche 👨‍🍳 🌶️");
    assert_eq!(nota("\u{200b}\u{3164}"), json!(null));
    assert_eq!(r.post("/clientes", json!({"cpf": "11144477735", "nome": "\u{200b}"})).campos(), ["nome"]);
}
