//! What well-formed clients may ask of a connection, and what the answer says about it.

use crate::{
    process::Process,
    wire::{Client, get, post},
};

/// Request; status; `Connection` in the answer.
const CONNECTIONS: &[(&str, u16, Option<&str>)] = &[
    ("GET /lanches HTTP/1.1\r\nHost: a\r\n\r\n", 200, None),
    ("GET /lanches HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", 200, None),
    ("GET /lanches HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", 200, None),
    ("GET /lanches HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200, Some("close")),
    ("GET /lanches HTTP/1.1\r\nHost: a\r\nCONNECTION: CLOSE\r\n\r\n", 200, Some("close")),
    ("GET /lanches HTTP/1.1\r\nHost: a\r\nConnection: TE ,\tclose\r\n\r\n", 200, Some("close")),
    ("GET /lanches HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nConnection: close\r\n\r\n", 200, Some("close")),
    ("GET /lanches HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", 200, Some("close")),
    ("GET /fim HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404, Some("close")),
    ("GET /lanches HTTP/1.0\r\n\r\n", 200, Some("close")),
    ("GET /lanches HTTP/1.0\r\nHost: a\r\nConnection: TE\r\n\r\n", 200, Some("close")),
    ("GET /lanches HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, Some("keep-alive")),
    ("GET /lanches HTTP/1.0\r\nConnection: TE, Keep-Alive\r\n\r\n", 200, Some("keep-alive")),
    ("GET /lanches HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", 200, Some("close")),
    ("POST /produtos HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}", 422, Some("close")),
    (
        "POST /produtos HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}",
        422,
        Some("keep-alive"),
    ),
    ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204, None),
    ("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 204, Some("close")),
    (
        "GET /lanches HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        200,
        None,
    ),
    (
        "POST /produtos HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\n{}",
        422,
        None,
    ),
];

#[test]
fn a_connection_is_kept_or_closed_as_announced() {
    let server = Process::start(&[]);
    for (request, status, connection) in CONNECTIONS {
        let mut client = Client::connect(server.address);
        client.send(request);
        let answer = client.answer();
        assert_eq!((answer.status, answer.header("connection")), (*status, *connection), "{request}");
        if answer.closes() {
            client.ends();
        } else {
            client.send(get("/fim"));
            assert_eq!(client.answer().status, 404, "behind {request}");
        }
    }
}

#[test]
fn one_address_in_all_its_forms() {
    let server = Process::start(&[]);
    let mut client = Client::connect(server.address);
    client.send(get("/pedidos/1"));
    let order = client.answer();
    assert_eq!(order.status, 200);
    for target in [
        "/pedidos/%31",
        "/%70edidos/1",
        "/%70%65%64%69%64%6f%73/%31/",
        "/pedidos/1?",
        "/pedidos/1?a=%ff#b",
        "http://a/pedidos/1",
        "http://another:80/pedidos/%31?x",
        "HTTPS://a/pedidos/1",
    ] {
        client.send(get(target));
        let answer = client.answer();
        assert_eq!((answer.status, &answer.body), (200, &order.body), "{target}");
    }
    for (target, status) in [
        ("/pedidos%2F1", 404),
        ("/pedidos/%2531", 422),
        ("/pedidos/%3", 422),
        ("/pedidos/%zz", 422),
        ("/pedidos/1%00", 422),
        ("/../pedidos/1", 404),
        ("/a/http://a/pedidos/1", 404),
        ("*", 404),
    ] {
        client.send(get(target));
        assert_eq!(client.answer().status, status, "{target}");
    }
}

#[test]
fn head_is_get_without_the_body() {
    let server = Process::start(&[]);
    let mut client = Client::connect(server.address);
    for path in ["/lanches", "/openapi.json", "/docs", "/fim", "/pedidos/x", "/"] {
        client.send(get(path));
        let whole = client.answer();
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let head = client.answer_to_head();
        assert_eq!(head.status, whole.status, "{path}");
        for name in ["content-length", "content-type", "etag", "location"] {
            assert_eq!(head.header(name), whole.header(name), "{name} of {path}");
        }
        assert_eq!(whole.header("content-length"), Some(whole.body.len().to_string().as_str()));
    }
}

#[test]
fn options_of_everything() {
    let server = Process::start(&[]);
    let mut client = Client::connect(server.address);
    client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("allow"), Some("GET, HEAD, POST, PUT, DELETE, OPTIONS"));
}

#[test]
fn who_waits_to_send_a_body_is_told_to_go_ahead() {
    let server = Process::start(&[]);
    let mut client = Client::connect(server.address);
    for (head, body) in [
        ("POST /produtos HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", "{}"),
        ("POST /produtos HTTP/1.1\r\nHost: a\r\nexpect: 100-CONTINUE\r\ncontent-length: 2\r\n\r\n", "{}"),
        (
            "POST /produtos HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
            "2\r\n{}\r\n0\r\n\r\n",
        ),
    ] {
        client.send(head);
        assert_eq!(client.answer().status, 100, "{head}");
        client.send(body);
        assert_eq!(client.answer().status, 422, "{head}");
        // Who does not wait after all need not be told, and may be.
        client.send([head, body].concat());
        let mut answer = client.answer();
        if answer.status == 100 {
            answer = client.answer();
        }
        assert_eq!(answer.status, 422, "{head}");
    }
    // HTTP/1.0 does not know it, and would take it for the answer.
    let head = "POST /produtos HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    client.send(head);
    server.rests();
    client.send("{}");
    assert_eq!(client.last_answer().status, 422);
}

#[test]
fn a_request_is_named_as_its_client_names_it_if_that_is_sane() {
    let server = Process::start(&[]);
    let mut client = Client::connect(server.address);
    let longest = "a".repeat(64);
    let too_long = "a".repeat(65);
    let mut seen = Vec::new();
    for (sent, echoed) in [
        ("1", true),
        ("2066ca19-c6f1-498a-be75-1923005edd06", true),
        ("A.b:c_d-1", true),
        (&longest, true),
        (&too_long, false),
        ("", false),
        ("a b", false),
        ("a,b", false),
        ("a\tb", false),
        ("<script>", false),
        ("\"", false),
        ("caf\u{e9}", false),
    ] {
        client.send(format!("GET /fim HTTP/1.1\r\nHost: a\r\nX-Request-Id: {sent}\r\n\r\n"));
        let answer = client.answer();
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert_eq!(id == sent, echoed, "{sent:?} became {id:?}");
        assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b)), "{id:?}");
        assert!(!seen.contains(&id), "{id:?} comes twice");
        seen.push(id);
    }
    client.send(post("/fim", ""));
    assert!(!seen.contains(&client.answer().header("x-request-id").unwrap().to_owned()));
}
