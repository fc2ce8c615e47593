//! The client's address, as the log shows it.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use crate::{Database, Restaurant, restaurant::wait_until};

/// Waits for the line of the log that holds this.
fn linha(r: &Restaurant, com: &str) -> String {
    let achada = || r.log().lines().find(|l| l.contains(com)).map(str::to_owned);
    wait_until(com, || achada().is_some());
    achada().unwrap()
}

fn buscar(r: &Restaurant, marca: &str, headers: &[(&str, &str)]) -> String {
    let headers = [&[("X-Request-Id", marca)], headers].concat();
    r.request("GET", "/produtos", &headers, None).ok();
    linha(r, marca)
}

#[test]
fn without_a_trusted_proxy_the_peer_address_is_logged() {
    let r = Restaurant::new(Database::Sqlite);
    let linha = buscar(&r, "direto", &[("X-Forwarded-For", "203.0.113.9"), ("Forwarded", "for=203.0.113.9")]);
    assert!(linha.contains("] 127.0.0.1 GET /produtos 200 "), "{linha}");
}

#[test]
fn a_trusted_proxy_names_the_client() {
    let r = Restaurant::with_environment(Database::Sqlite, &[("TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8")]);
    for (marca, header, valor, esperado) in [
        ("um", "X-Forwarded-For", "1.1.1.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("dois", "Forwarded", "for=1.1.1.1, for=\"[2001:db8::17]:4711\";proto=https", "2001:db8::17"),
        ("tres", "Forwarded", "for=203.0.113.9, for=unknown", "127.0.0.1"),
    ] {
        let linha = buscar(&r, marca, &[(header, valor)]);
        assert!(linha.contains(&format!("] {esperado} GET /produtos 200 ")), "{linha}");
    }
}

#[test]
fn refused_requests_are_logged_with_their_address() {
    let r = Restaurant::with_environment(Database::Sqlite, &[("TRUSTED_PROXIES", "127.0.0.1")]);
    let recusar = |bytes: &[u8]| {
        let mut conexao = TcpStream::connect(r.url().strip_prefix("http://").unwrap()).unwrap();
        conexao.write_all(bytes).unwrap();
        let _ = conexao.read_to_end(&mut Vec::new());
    };
    recusar(b"lixo\r\n\r\n");
    let lixo = linha(&r, " 400 ");
    assert!(lixo.contains("] 127.0.0.1 - - 400 "), "{lixo}");
    recusar(
        b"POST /produtos HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Length: 99999999\r\n\r\n",
    );
    let grande = linha(&r, " 413 ");
    assert!(grande.contains("] 203.0.113.9 - - 413 "), "{grande}");
}

#[test]
fn connections_over_the_limit_are_logged_with_their_address() {
    let r = Restaurant::with_environment(Database::Sqlite, &[("MAX_CONNECTIONS", "1")]);
    let enviar = |bytes: &[u8]| {
        let mut conexao = TcpStream::connect(r.url().strip_prefix("http://").unwrap()).unwrap();
        let _ = conexao.write_all(bytes);
        conexao
    };
    // A write waits for this, and its connection is then in nobody's way and makes no room.
    let banco = rusqlite::Connection::open(r.pasta.0.join("r.db")).unwrap();
    banco.execute_batch("BEGIN IMMEDIATE").unwrap();
    wait_until("503", || {
        let _ocupada = enviar(b"DELETE /produtos/1 HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut resposta = Vec::new();
        let outra = b"GET /produtos HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let _ = enviar(outra).read_to_end(&mut resposta);
        resposta.starts_with(b"HTTP/1.1 503")
    });
    banco.execute_batch("ROLLBACK").unwrap();
    let sem_lugar = linha(&r, "no room for a connection");
    assert!(sem_lugar.contains("] 127.0.0.1 - - 503 "), "{sem_lugar}");
}
