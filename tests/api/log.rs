//! The log: no secret at any level, no deceptive characters from requests, lines of bounded length.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::json;

use crate::{
    Database, Restaurant,
    restaurant::wait_until,
    standin::Faults,
    till::{SECRET, TOKEN, Till},
};

/// Sends a request line without encoding it, and waits for the response.
fn send_raw(r: &Restaurant, line: &str) {
    let mut connection = TcpStream::connect(r.url().trim_start_matches("http://")).unwrap();
    write!(connection, "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    connection.read_to_end(&mut Vec::new()).unwrap();
}

/// The bytes of all hex dumps in a text: every pair of hexadecimal digits.
fn dumped_bytes(log: &str) -> Vec<u8> {
    let pair = |word: &str| (word.len() == 2).then(|| u8::from_str_radix(word, 16).ok()).flatten();
    log.split(|c: char| !c.is_ascii_hexdigit()).filter_map(pair).collect()
}

#[test]
fn no_secret_is_logged_at_any_level() {
    let till = Till::with_faults(Database::Sqlite, Faults::default(), &[("LOG_LEVEL", "trace")]);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    let log = till.log();
    assert!(log.contains("POST /pedidos/checkout"));
    let dumped_bytes = dumped_bytes(&log);
    for secret in [TOKEN, SECRET] {
        for chunk in secret.as_bytes().windows(8) {
            let text = std::str::from_utf8(chunk).unwrap();
            assert!(!log.contains(text), "«{text}» is in the log");
            assert!(
                !dumped_bytes.windows(8).any(|window| window == chunk),
                "«{text}» is in a dump in the log"
            );
        }
    }
}

#[test]
fn deceptive_characters_are_escaped() {
    let r = Restaurant::new(Database::Sqlite);
    send_raw(&r, "GET /a\u{202e}b\u{2028}c\u{9b}31m\u{200b}d");
    send_raw(&r, &format!("GET /{}", "x".repeat(4000)));
    wait_until("the requests are logged", || r.log().contains("xxx"));
    let log = r.log();
    assert!(log.contains(r"/a\u{202e}b\u{2028}c\u{9b}31m\u{200b}d"), "{log}");
    assert!(!log.contains(|c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2028}\u{200b}".contains(c)));
    assert!(log.lines().all(|line| line.chars().count() < 400));
}

#[test]
fn an_unsigned_notification_logs_a_bounded_line() {
    let till = Till::new(Database::Sqlite);
    let id = "\u{202e}".repeat(600) + &"A".repeat(2000);
    let query = format!("?data.id={}", id.replace('\u{202e}', "%E2%80%AE"));
    assert_eq!(till.notify(&query, &[("x-signature", "ts=1,v1=ab")], &json!({})).status, 401);
    wait_until("the refusal is logged", || till.log().contains("notification refused"));
    let log = till.log();
    let line = log.lines().find(|line| line.contains("notification refused")).unwrap();
    assert_eq!(line.matches(r"\u{202e}").count(), 64, "{line}");
    assert!(!line.contains("AAAA"));
}

#[test]
fn invisible_characters_are_removed() {
    let r = Restaurant::new(Database::Sqlite);
    let new_cliente = json!({"cpf": "\u{202a}195.826.304-42\u{202c}", "nome": "Ana\u{200b}\u{202e} Lima\u{feff}",
        "email": "\u{2068}ana@exemplo.com\u{2069}", "telefone": "\u{202a}+55 11 91234-5678\u{202c}"});
    let cliente = r.post("/clientes", new_cliente).ok();
    assert_eq!(cliente["nome"], "Ana Lima");
    assert_eq!(
        (&cliente["email"], &cliente["telefone"]),
        (&json!("ana@exemplo.com"), &json!("+55 11 91234-5678"))
    );
    let stored_note = |note: &str| {
        let body = json!({"itens": [{"produto": 1, "quantidade": 1, "descricao": note}]});
        r.post("/pedidos/checkout", body).ok()["itens"][0]["descricao"].clone()
    };
    assert_eq!(stored_note("sem\u{ad} tomate\u{2066}"), "sem tomate");
    assert_eq!(stored_note("capriche 👨‍🍳 🌶️"), "capriche 👨‍🍳 🌶️");
    assert_eq!(stored_note("\u{200b}\u{3164}"), json!(null));
    assert_eq!(
        r.post("/clientes", json!({"cpf": "11144477735", "nome": "\u{200b}"})).invalid_fields(),
        ["nome"]
    );
}
