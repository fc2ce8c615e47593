//! Time is bounded on the server's side too: whoever waits for the server to give up sees it do so, with nothing left
//! behind while all their sockets are still open.

use std::io::{ErrorKind, Read};

use crate::{
    deadline::eventually,
    neighbour::Neighbour,
    process::Process,
    wire::{Client, get},
};

const LONG: (&str, &str) = ("IDLE_TIMEOUT_MS", "60000");

/// Starts of requests that get no further. All have bytes that arrived, so all are answered.
const STARTS: &[&str] = &[
    "G",
    "\r\nG",
    "GET / HTTP/1.1",
    "GET / HTTP/1.1\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r",
    "POST /produtos HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n",
    "POST /produtos HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{",
    "POST /produtos HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST /produtos HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a",
    "POST /produtos HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "POST /produtos HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
];

#[test]
fn what_stops_halfway_is_answered_408() {
    let server = Process::start(&[("HEAD_TIMEOUT_MS", "200"), ("BODY_TIMEOUT_MS", "200"), LONG]);
    let before = server.quiet;
    let begin = |start: &&str| {
        let mut client = Client::connect(server.address);
        client.send(start);
        client
    };
    let mut clients: Vec<Client> = STARTS.iter().map(begin).collect();
    for (client, start) in clients.iter_mut().zip(STARTS) {
        assert_eq!(client.last_answer().status, 408, "{start}");
    }
    server.returns_to(before);
    Neighbour::new(server.address).is_served();
}

#[test]
fn what_dribbles_is_answered_408_all_the_same() {
    let server = Process::start(&[("HEAD_TIMEOUT_MS", "200"), ("BODY_TIMEOUT_MS", "200"), LONG]);
    for (start, drop, status) in [
        ("GET / HTTP/1.1\r\nHost: a\r\nX: ", "x", 408),
        // Empty lines begin no request that could be late; too many of them are no request at all.
        ("", "\r\n", 400),
        ("POST /produtos HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", " ", 408),
        ("POST /produtos HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", 408),
    ] {
        let mut client = Client::connect(server.address);
        client.send(start);
        client.stream.set_nonblocking(true).unwrap();
        eventually("the dribbler is told to go", || {
            client.offer(drop);
            client.stream.peek(&mut [0]).is_ok()
        });
        client.stream.set_nonblocking(false).unwrap();
        assert_eq!(client.last_answer().status, status, "{start}");
    }
}

#[test]
fn who_says_nothing_is_left_without_a_word() {
    let server = Process::start(&[("IDLE_TIMEOUT_MS", "500")]);
    let before = server.quiet;
    let mut silent = Client::connect(server.address);
    let mut served = Client::connect(server.address);
    served.send(get("/produtos"));
    assert_eq!(served.answer().status, 200);
    silent.ends();
    served.ends();
    server.returns_to(before);
}

#[test]
fn who_never_reads_is_left() {
    let server = Process::start(&[("WRITE_TIMEOUT_MS", "200"), LONG]);
    let before = server.quiet;
    let deaf: Vec<Client> = (0..20)
        .map(|_| {
            let mut client = Client::connect_narrow(server.address);
            client.offer(get("/openapi.json").repeat(200));
            client
        })
        .collect();
    server.returns_to(before);
    Neighbour::new(server.address).is_served();
    drop(deaf);
}

/// Each piece is taken well within the time for a write; all of them together are not.
#[test]
fn who_reads_too_slowly_is_left() {
    let server = Process::start(&[("WRITE_TIMEOUT_MS", "500"), LONG]);
    let before = server.quiet;
    let mut client = Client::connect_narrow(server.address);
    client.send(get("/redoc"));
    let mut taken = 0;
    eventually("it is left", || {
        match client.stream.read(&mut [0; 800]) {
            Ok(n) => taken += n,
            Err(e) => assert_eq!(e.kind(), ErrorKind::ConnectionReset),
        }
        server.usage().descriptors == before.descriptors
    });
    let mut whole = Client::connect(server.address);
    whole.send(get("/redoc"));
    assert!(taken < whole.answer().body.len(), "it got all of it");
}

/// The time that an idle connection has is not one that the listener has for the next client.
#[test]
fn a_quiet_hour_ends_no_request() {
    let server = Process::start(&[("IDLE_TIMEOUT_MS", "500")]);
    let mut uploading = Client::connect(server.address);
    uploading.send("POST /produtos HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{");
    let mut patient = Client::connect(server.address);
    patient.send("GET /produtos HTTP/1.1\r\nHost: a\r\n");
    // Its end is the measure of the time in which nobody connects.
    Client::connect(server.address).ends();
    patient.send("\r\n");
    assert_eq!(patient.answer().status, 200);
    patient.ends();
    uploading.send("}");
    assert_eq!(uploading.answer().status, 422);
    assert!(!server.log().contains("cannot accept"), "{}", server.log());
}

/// Old clients end a body with an empty line of their own: the connection is idle after it, and not late.
#[test]
fn an_empty_line_after_a_body_begins_nothing() {
    let server = Process::start(&[("HEAD_TIMEOUT_MS", "1"), LONG]);
    let mut client = Client::connect(server.address);
    client.send("PUT /pedidos HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n{\"id\":1}\r\n");
    assert_eq!(client.answer().status, 200);
    // Longer than a millisecond, by whatever clock.
    (0..20).for_each(|_| Neighbour::new(server.address).is_served());
    client.send(get("/produtos"));
    assert_eq!(client.answer().status, 200);
}
