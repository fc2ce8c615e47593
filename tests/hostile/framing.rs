//! Bytes that two readers could take for different requests, or for none: refused, the connection closed, and nothing
//! behind them answered.

use crate::{
    neighbour::Neighbour,
    process::{PATIENT, Process},
    wire::{Client, get, post},
};

/// Stands behind everything that is refused. An answer to it would be a request that was smuggled in.
const HIDDEN: &[u8] = b"GET /escondido HTTP/1.1\r\nHost: a\r\n\r\n";

/// What comes between the method and the body of a request whose framing is in doubt.
const LENGTHS: &[(&str, u16)] = &[
    ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
    ("Transfer-Encoding: chunked\r\nContent-Length: 5", 400),
    ("Transfer-Encoding: gzip\r\nContent-Length: 5", 400),
    ("Transfer-Encoding: \r\nContent-Length: 0", 400),
    ("Content-Length: 5\r\nContent-Length: 5", 400),
    ("Content-Length: 5\r\nContent-Length: 0", 400),
    ("Content-Length: 0\r\ncontent-length: 5", 400),
    ("Content-Length: +5", 400),
    ("Content-Length: -1", 400),
    ("Content-Length: -0", 400),
    ("Content-Length: 0x5", 400),
    ("Content-Length: 5, 5", 400),
    ("Content-Length: 5,5", 400),
    ("Content-Length: 5,", 400),
    ("Content-Length: 5 5", 400),
    ("Content-Length: 5;a=b", 400),
    ("Content-Length: 5.0", 400),
    ("Content-Length: 5e0", 400),
    ("Content-Length: \"5\"", 400),
    ("Content-Length: \u{ff15}", 400),
    ("Content-Length: ", 400),
    ("Content-Length:", 400),
    ("Content-Length: five", 400),
    ("Content-Length : 5", 400),
    ("Content-Length\t: 5", 400),
    (" Content-Length: 5", 400),
    ("Content-Length:\r\n 5", 400),
    ("Content-Length: 5\r\n\t5", 400),
    ("Content-Length: 5\r\n Transfer-Encoding: chunked", 400),
    ("X: y\r\n Content-Length: 5", 400),
    ("Content-Length: 5\nTransfer-Encoding: chunked", 400),
    ("Content-Length: 5\rTransfer-Encoding: chunked", 400),
    ("Content-Length: 5\0", 400),
    ("Content-Length\0: 5", 400),
    ("Transfer-Encoding: gzip", 501),
    ("Transfer-Encoding: identity", 501),
    ("Transfer-Encoding: gzip, chunked", 501),
    ("Transfer-Encoding: chunked, gzip", 501),
    ("Transfer-Encoding: chunked, chunked", 501),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 501),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", 501),
    ("Transfer-Encoding: chunked;q=1", 501),
    ("Transfer-Encoding: \"chunked\"", 501),
    ("Transfer-Encoding: xchunked", 501),
    ("Transfer-Encoding: chunked,", 501),
    ("Transfer-Encoding:", 501),
    ("Transfer-Encoding: \x0bchunked", 400),
    ("Transfer-Encoding : chunked", 400),
    ("Transfer-Encoding:\r\n chunked", 400),
    ("X: y", 411),
    ("Content-Length: 1048577", 413),
    ("Content-Length: 1000000000000", 413),
    ("Content-Length: 18446744073709551615", 413),
    ("Content-Length: 18446744073709551616", 413),
    ("Content-Length: 18446744073709551621", 413),
    ("Content-Length: 1000000000000000000000000000000", 413),
    ("Content-Length: 5\r\nExpect: 200-ok", 417),
    ("Content-Length: 5\r\nExpect: 100-continue\r\nExpect: 100-continue", 417),
    ("Content-Length: 5\r\nExpect:", 417),
    ("Content-Length: 1048577\r\nExpect: 100-continue", 413),
];

/// Whole heads.
const HEADS: &[(&[u8], u16)] = &[
    (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\nb\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x7fb\r\n\r\n", 400),
    (b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"G\0T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\tX: y\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tfolded\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\n: no name\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nN\xc3\xa3o: x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX(y): x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400),
    (b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET http://a/ HTTP/1.1\r\n\r\n", 400),
    (b"GET /\r\n", 400),
    (b"GET /\r\n\r\n", 400),
    (b"GET\r\n\r\n", 400),
    (b"/\r\n\r\n", 400),
    (b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    (b"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"G{T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/1\r\nHost: a\r\n\r\n", 505),
    (b"GET / HTTP/1.\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/11.1\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/-1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET / SIP/2.0\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    (b"GET / HTTP/2\r\nHost: a\r\n\r\n", 505),
    (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    (b"\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"\r\nGET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"HTTP/1.1 200 OK\r\nHost: a\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    (b"GET pedidos HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /\xc3\x28 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /pedidos/%c3%28 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
    (b"HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    (b"PUT / HTTP/1.1\r\nHost: a\r\n\r\n", 411),
    (b"PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", 411),
];

/// Unusual and right: these must not be refused by the zeal that refuses the others.
const ACCEPTED: &[&[u8]] = &[
    b"GET /produtos HTTP/1.1\r\nhost:a\r\n\r\n",
    b"GET /produtos HTTP/1.1\r\nHOST: \t a \t \r\nX:\r\n\r\n",
    b"GET /produtos HTTP/1.1\r\nHost:\r\n\r\n",
    b"GET /produtos HTTP/1.1\r\nHost: a\r\nX: caf\xc3\xa9 \xff\r\n\r\n",
    b"GET /produtos HTTP/1.1\r\nHost: a\r\nX!#$%&'*+-.^_`|~9: y\r\n\r\n",
    b"\r\nGET /produtos HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\r\n\r\n\r\nGET /produtos HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /produtos HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"GET /produtos HTTP/1.1\r\nHost: a\r\nContent-Length: 0000000000000000000000005\r\n\r\nhello",
    b"GET /produtos HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"GET /produtos HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \tCHUNKED \r\n\r\n0\r\n\r\n",
    b"GET /produtos HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
    b"GET /produtos HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
];

#[test]
fn what_is_ambiguous_is_refused_and_hides_nothing() {
    let server = Process::start(PATIENT);
    let lengths = LENGTHS.iter().map(|(headers, status)| {
        let head = format!("POST /pedidos/checkout HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n");
        // Some would take this for five bytes of body, some for the end of a chunked one.
        ([head.as_bytes(), b"0\r\n\r\n"].concat(), *status)
    });
    let heads = HEADS.iter().map(|(head, status)| (head.to_vec(), *status));
    let mut wrong = Vec::new();
    for (bytes, expected) in lengths.chain(heads) {
        let bytes = [&bytes, HIDDEN].concat();
        let mut whole = Client::connect(server.address);
        whole.offer(&bytes);
        let mut in_pieces = Client::connect(server.address);
        in_pieces.offer_each_byte(&bytes, &server);
        let got = [whole, in_pieces].map(|mut client| client.last_answer().status);
        if got != [expected; 2] {
            wrong.push((String::from_utf8_lossy(&bytes).into_owned(), expected, got));
        }
    }
    assert!(wrong.is_empty(), "(bytes, expected, answered whole and a byte at a time): {wrong:#?}");
    Neighbour::new(server.address).is_served();
}

#[test]
fn what_is_unusual_and_right_is_served() {
    let server = Process::start(PATIENT);
    for bytes in ACCEPTED {
        let shown = String::from_utf8_lossy(bytes);
        let mut client = Client::connect(server.address);
        client.send(bytes);
        assert_eq!(client.answer().status, 200, "{shown}");
        client.offer_each_byte(bytes, &server);
        assert_eq!(client.answer().status, 200, "a byte at a time: {shown}");
        client.send(get("/fim"));
        assert_eq!(client.answer().status, 404, "what follows {shown}");
        client.half_close();
        client.ends();
    }
}

/// The limits are the defaults of the settings.
#[test]
fn what_is_too_large_is_refused_before_it_is_all_there() {
    let server = Process::start(&[]);
    let before = server.quiet;
    let start = "GET / HTTP/1.1\r\nHost: a\r\n";
    let many = |n: usize| (0..n).map(|i| format!("X-{i}: {i}\r\n")).collect::<String>();
    let long = |n: usize| "a".repeat(n);
    let cases = [
        ("a URI of 64 KB", get(&format!("/{}", long(64 << 10))), 414),
        ("a URI one byte too long", get(&format!("/{}", long(8192))), 414),
        ("a query of 64 KB", get(&format!("/?{}", long(64 << 10))), 414),
        ("a URI without end", format!("GET /{}", long(1 << 20)).into_bytes(), 414),
        ("a method without end", long(1 << 20).into_bytes(), 414),
        ("10,000 headers", format!("{start}{}\r\n", many(10_000)).into_bytes(), 431),
        ("100 headers and the Host", format!("{start}{}\r\n", many(100)).into_bytes(), 431),
        ("a header line without end", format!("{start}X: {}", long(1 << 20)).into_bytes(), 431),
        ("a header name without end", format!("{start}{}", long(1 << 20)).into_bytes(), 431),
        ("a large header", format!("{start}X: {}\r\n\r\n", long(16 << 10)).into_bytes(), 431),
    ];
    for (name, bytes, status) in cases {
        let mut client = Client::connect(server.address);
        client.offer(bytes);
        assert_eq!(client.last_answer().status, status, "{name}");
    }
    for (name, bytes) in [
        ("a URI of the very limit", get(&format!("/{}", long(8191)))),
        ("99 headers and the Host", format!("GET /x HTTP/1.1\r\nHost: a\r\n{}\r\n", many(99)).into_bytes()),
        ("a body of the very limit", post("/x", &long(128 << 10))),
    ] {
        let mut client = Client::connect(server.address);
        client.send(bytes);
        assert_eq!(client.answer().status, 404, "{name}");
    }
    server.returns_to(before);
    let grown = server.usage().peak_kb - before.resident_kb;
    assert!(grown < 16 << 10, "{grown} KB for requests of at most 128 KB");
}
