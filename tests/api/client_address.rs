//! The client's address in the log: the peer's, or the one that a trusted proxy names; also for refused requests.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use crate::{Database, Restaurant, restaurant::wait_until};

/// Waits for the log line that contains this text.
fn log_line(r: &Restaurant, containing: &str) -> String {
    let found = || r.log().lines().find(|l| l.contains(containing)).map(str::to_owned);
    wait_until(&format!("the log contains {containing}"), || found().is_some());
    found().unwrap()
}

fn log_line_of_get(r: &Restaurant, tag: &str, headers: &[(&str, &str)]) -> String {
    let headers = [&[("X-Request-Id", tag)], headers].concat();
    r.request("GET", "/produtos", &headers, None).ok();
    log_line(r, tag)
}

#[test]
fn without_a_trusted_proxy_the_peer_address_is_logged() {
    let r = Restaurant::new(Database::Sqlite);
    let line = log_line_of_get(
        &r,
        "direct",
        &[("X-Forwarded-For", "203.0.113.9"), ("Forwarded", "for=203.0.113.9")],
    );
    assert!(line.contains("] 127.0.0.1 GET /produtos 200 "), "{line}");
}

#[test]
fn a_trusted_proxy_names_the_client() {
    let r = Restaurant::with_environment(Database::Sqlite, &[("TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8")]);
    for (tag, header, value, expected) in [
        ("one", "X-Forwarded-For", "1.1.1.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("two", "Forwarded", "for=1.1.1.1, for=\"[2001:db8::17]:4711\";proto=https", "2001:db8::17"),
        ("three", "Forwarded", "for=203.0.113.9, for=unknown", "127.0.0.1"),
    ] {
        let line = log_line_of_get(&r, tag, &[(header, value)]);
        assert!(line.contains(&format!("] {expected} GET /produtos 200 ")), "{line}");
    }
}

#[test]
fn refused_requests_are_logged_with_their_address() {
    let r = Restaurant::with_environment(Database::Sqlite, &[("TRUSTED_PROXIES", "127.0.0.1")]);
    let send = |bytes: &[u8]| {
        let mut connection = TcpStream::connect(r.url().strip_prefix("http://").unwrap()).unwrap();
        connection.write_all(bytes).unwrap();
        let _ = connection.read_to_end(&mut Vec::new());
    };
    send(b"garbage\r\n\r\n");
    let garbage = log_line(&r, " 400 ");
    assert!(garbage.contains("] 127.0.0.1 - - 400 "), "{garbage}");
    send(
        b"POST /produtos HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Length: 99999999\r\n\r\n",
    );
    let too_large = log_line(&r, " 413 ");
    assert!(too_large.contains("] 203.0.113.9 - - 413 "), "{too_large}");
}

#[test]
fn connections_over_the_limit_are_logged_with_their_address() {
    let r = Restaurant::with_environment(Database::Sqlite, &[("MAX_CONNECTIONS", "1")]);
    let send = |bytes: &[u8]| {
        let mut connection = TcpStream::connect(r.url().strip_prefix("http://").unwrap()).unwrap();
        let _ = connection.write_all(bytes);
        connection
    };
    // A write waits for this lock, so its connection is busy and cannot be closed to make room.
    let database = rusqlite::Connection::open(r.folder.0.join("r.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    wait_until("a connection over the limit is answered 503", || {
        let _busy = send(b"DELETE /produtos/1 HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut response = Vec::new();
        let other = b"GET /produtos HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let _ = send(other).read_to_end(&mut response);
        response.starts_with(b"HTTP/1.1 503")
    });
    database.execute_batch("ROLLBACK").unwrap();
    let no_room = log_line(&r, "no room for a connection");
    assert!(no_room.contains("] 127.0.0.1 - - 503 "), "{no_room}");
}
