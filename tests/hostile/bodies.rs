//! Where a body ends: by its length or by its chunks, told truly, falsely, or never.

use std::sync::LazyLock;

use crate::{
    deadline::eventually,
    neighbour::Neighbour,
    process::{PATIENT, Process},
    wire::{Client, get, post},
};

const PRODUCT: &str = r#"{"nome":"Pastel de queijo","categoria":2,"valor":9.5}"#;
const CHUNKED: &str = "POST /produtos HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
/// Stands behind what is refused, and must not be answered.
const HIDDEN: &str = "GET /escondido HTTP/1.1\r\nHost: a\r\n\r\n";

/// The product, in two chunks of different sizes with all that may stand between them.
static DECORATED: LazyLock<String> = LazyLock::new(|| {
    let (first, second) = PRODUCT.split_at(5);
    let size = second.len();
    format!("{CHUNKED}05;a=\"b;c\"\r\n{first}\r\n{size:X};d\r\n{second}\r\n000;e\r\nX: y\r\nZ:\r\n\r\n")
});

fn is_created(client: &mut Client, how: &str) {
    let answer = client.answer();
    assert_eq!(answer.status, 200, "{how}: {}", answer.body);
    assert!(answer.body.contains("Pastel de queijo"), "{how}: {}", answer.body);
}

#[test]
fn chunked_bodies_are_put_together() {
    let size = PRODUCT.len();
    let of_single_bytes: String = PRODUCT.chars().map(|c| format!("1\r\n{c}\r\n")).collect();
    let long_extension = "e".repeat(200);
    let bodies = [
        format!("{size:x}\r\n{PRODUCT}\r\n0\r\n\r\n"),
        format!("{size:X}\r\n{PRODUCT}\r\n0\r\n\r\n"),
        format!("0000000{size:x}\r\n{PRODUCT}\r\n0000\r\n\r\n"),
        format!("{size:x};\r\n{PRODUCT}\r\n0;\r\n\r\n"),
        format!("{size:x};{long_extension}\r\n{PRODUCT}\r\n0\r\n\r\n"),
        format!("{size:x}\r\n{PRODUCT}\r\n0\r\nContent-Length: 5\r\nHost: b\r\n\r\n"),
        format!("{of_single_bytes}0\r\n\r\n"),
    ];
    let requests = bodies.map(|body| format!("{CHUNKED}{body}"));
    let server = Process::start(&[]);
    let mut client = Client::connect(server.address);
    for request in requests.iter().chain([&*DECORATED]) {
        // What follows in the same packets must not be counted as a part of the trailers.
        let next = [get("/fim"), post("/fim", &"a".repeat(4096))].concat();
        client.send([request.as_bytes(), &next].concat());
        is_created(&mut client, request);
        assert_eq!(client.answer().status, 404, "behind {request}");
        assert_eq!(client.answer().status, 404, "behind {request}");
    }
}

#[test]
fn a_chunked_body_may_be_split_anywhere() {
    let server = Process::start(PATIENT);
    let mut client = Client::connect(server.address);
    for at in 1..DECORATED.len() {
        let (first, second) = DECORATED.split_at(at);
        client.send(first);
        server.rests();
        client.send(second);
        is_created(&mut client, &format!("split at {at}"));
    }
    client.offer_each_byte(DECORATED.as_bytes(), &server);
    is_created(&mut client, "a byte at a time");
}

#[test]
fn hostile_chunks_are_refused() {
    let cases = [
        ("ffffffffffffffff\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("fffffffffffffffff\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("10000000000000005\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("fffffffffffffff\r\nhello\r\n0\r\n\r\n".into(), 413),
        ("7fffffffffffffff\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("3e9\r\nhello\r\n0\r\n\r\n".into(), 413),
        (format!("3e8\r\n{}\r\n1\r\na\r\n0\r\n\r\n", "a".repeat(1000)), 413),
        ("1\r\na\r\n".repeat(1001), 413),
        (format!("1;{}\r\na\r\n", "e".repeat(200)).repeat(400), 413),
        ("-5\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("-0\r\n\r\n".into(), 400),
        ("+5\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("0x5\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("x5\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("5h\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("5.0\r\nhello\r\n0\r\n\r\n".into(), 400),
        (" 5\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("5 \r\nhello\r\n0\r\n\r\n".into(), 400),
        ("5,5\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("\u{ff15}\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("hello".into(), 400),
        (";a=b\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("5\nhello\r\n0\r\n\r\n".into(), 400),
        ("5\rhello\r\n0\r\n\r\n".into(), 400),
        ("5;a\nb\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("5;a\rb\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("5;a\0b\r\nhello\r\n0\r\n\r\n".into(), 400),
        ("5\r\nhello0\r\n\r\n".into(), 400),
        ("5\r\nhelloXX0\r\n\r\n".into(), 400),
        ("5\r\nhello\n0\r\n\r\n".into(), 400),
        ("5\r\nhello\r0\r\n\r\n".into(), 400),
        ("5\r\nhello, world\r\n0\r\n\r\n".into(), 400),
        ("5\r\nhell\r\n0\r\n\r\n".into(), 400),
        ("5\r\nhello\r\n\r\n".into(), 400),
        ("5\r\nhello\r\n0\n\r\n".into(), 400),
        ("5\r\nhello\r\n0\r\n\n".into(), 400),
        ("5\r\nhello\r\n0\r\nX: y\n\r\n".into(), 400),
        ("5\r\nhello\r\n0\r\nX: y\r\n\n".into(), 400),
        ("5\r\nhello\r\n0\r\nX: a\rb\r\n\r\n".into(), 400),
        ("5\r\nhello\r\n0\r\nX: a\0b\r\n\r\n".into(), 400),
        ("5\r\nhello\r\n0\r\nX: y\r\n folded\r\n\r\n".into(), 400),
        ("5\r\nhello\r\n0\r\nX : y\r\n\r\n".into(), 400),
        ("5\r\nhello\r\n0\r\nGET / HTTP/1.1\r\n\r\n".into(), 400),
        (format!("5;{}", "e".repeat(64 << 10)), 400),
        ("0".repeat(64 << 10), 400),
        (format!("0\r\n{}", "X: y\r\n".repeat(10_000)), 431),
        (format!("0\r\nX: {}", "y".repeat(64 << 10)), 431),
    ];
    let server = Process::start(&[("MAX_BODY_BYTES", "1000")]);
    let mut wrong = Vec::new();
    for (body, expected) in cases {
        let mut client = Client::connect(server.address);
        client.offer(format!("{CHUNKED}{body}{HIDDEN}"));
        let answer = client.answer();
        let more = client.next(false).map(|a| a.status);
        if (answer.status, answer.closes(), client.was_reset) != (expected, true, false) || more.is_some() {
            let shown = body.get(..40).unwrap_or(&body).to_owned();
            wrong.push((shown, expected, answer.status, more));
        }
    }
    assert!(wrong.is_empty(), "(body, expected, answered, smuggled): {wrong:#?}");
    Neighbour::new(server.address).is_served();
}

#[test]
fn a_body_shorter_than_declared_is_refused_at_its_end() {
    let server = Process::start(&[]);
    let head = "POST /produtos HTTP/1.1\r\nHost: a\r\n";
    for request in [
        format!("{head}Content-Length: 1000\r\n\r\n{PRODUCT}"),
        format!("{head}Content-Length: {}\r\n\r\n{PRODUCT}", PRODUCT.len() + 1),
        format!("{head}Content-Length: 131072\r\n\r\n"),
        format!("{CHUNKED}400\r\n{PRODUCT}"),
    ] {
        let mut client = Client::connect(server.address);
        client.send(&request);
        client.half_close();
        assert_eq!(client.last_answer().status, 400, "{request}");
    }
}

#[test]
fn what_is_behind_a_body_is_the_next_request() {
    let server = Process::start(&[]);
    let created = post("/produtos", PRODUCT);
    let mut client = Client::connect(server.address);
    client.send([&created[..], &get("/fim")].concat());
    is_created(&mut client, "with a request behind it");
    assert_eq!(client.answer().status, 404);
    client.send([&created[..], b"a few bytes too many\r\n\r\n"].concat());
    is_created(&mut client, "with more behind it than it declared");
    assert_eq!(client.last_answer().status, 400);
    // A body that was not declared is no body.
    let mut client = Client::connect(server.address);
    client.send(format!("GET /fim HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n{PRODUCT}\r\n\r\n"));
    assert_eq!(client.answer().status, 404);
    assert_eq!(client.last_answer().status, 400);
}

#[test]
fn memory_is_taken_for_what_comes_and_not_for_what_is_declared() {
    const CLIENTS: usize = 200;
    let server = Process::start(&[]);
    let before = server.quiet;
    let clients: Vec<Client> = (0..CLIENTS)
        .map(|i| {
            let mut client = Client::connect(server.address);
            let framing = ["Content-Length: 131072\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n20000\r\n{"];
            client.send(format!("POST /produtos HTTP/1.1\r\nHost: a\r\n{}", framing[i % 2]));
            client
        })
        .collect();
    eventually("all are being read", || server.usage().descriptors >= before.descriptors + CLIENTS);
    server.rests();
    let grown = server.usage().peak_kb - before.resident_kb;
    assert!(grown < CLIENTS * 64, "{grown} KB for {CLIENTS} bodies of which one byte came");
    drop(clients);
    server.returns_to(before);
}
