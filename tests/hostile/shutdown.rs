//! SIGTERM: no new client, no lost request, no wait for those who have nothing running.

use std::{
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use crate::{
    deadline::eventually,
    process::Process,
    wire::{Client, get},
};

const NEVER: &str = "600000";
const GRACE: Duration = Duration::from_secs(20);

/// A connection whose last request has arrived up to here: `begun` is read together with the request before it, whose
/// answer is therefore the proof.
fn begun(address: SocketAddr, begun: &str) -> Client {
    let mut client = Client::connect(address);
    client.send([&get("/fim"), begun.as_bytes()].concat());
    assert_eq!(client.answer().status, 404);
    client
}

#[test]
fn what_has_begun_is_finished_and_all_else_ends() {
    let grace = GRACE.as_millis().to_string();
    let mut server = Process::start(&[
        ("GRACE_MS", &grace),
        ("IDLE_TIMEOUT_MS", NEVER),
        ("HEAD_TIMEOUT_MS", NEVER),
        ("BODY_TIMEOUT_MS", NEVER),
    ]);
    let address = server.address;
    let mut silent: Vec<Client> = (0..5).map(|_| Client::connect(address)).collect();
    let mut idle: Vec<Client> = (0..5).map(|_| begun(address, "")).collect();

    let mut waiting = Client::connect(address);
    waiting.send("POST /produtos HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(waiting.answer().status, 100);
    let mut unfinished = [
        (waiting, "{}", 422),
        (begun(address, "POST /produtos HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"), "{}", 422),
        (begun(address, "POST /produtos HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{"), "}", 422),
        (
            begun(address, "POST /produtos HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{"),
            "}\r\n0\r\n\r\n",
            422,
        ),
        (begun(address, "GET /lanches HTTP/1.1\r\nHo"), "st: a\r\n\r\n", 200),
    ];

    let stopped = Instant::now();
    server.signal("TERM");
    silent.iter_mut().chain(&mut idle).for_each(Client::ends);
    eventually("nobody is let in", || TcpStream::connect(address).is_err());
    for (client, rest, status) in &mut unfinished {
        client.send(*rest);
        assert_eq!(client.last_answer().status, *status, "{rest}");
    }
    assert_eq!(server.exit_code(), Some(0));
    assert!(stopped.elapsed() < GRACE, "it waited for nothing");
}

#[test]
fn nobody_holds_it_longer_than_the_other_limits_allow() {
    let grace = GRACE.as_millis().to_string();
    let mut server = Process::start(&[
        ("GRACE_MS", &grace),
        ("HEAD_TIMEOUT_MS", "500"),
        ("BODY_TIMEOUT_MS", "500"),
        ("WRITE_TIMEOUT_MS", "500"),
    ]);
    let mut head = begun(server.address, "GET / HTTP/1.1\r\n");
    let mut body = begun(server.address, "POST /produtos HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{");
    let mut deaf = Client::connect(server.address);
    deaf.offer(get("/openapi.json").repeat(200));
    let stopped = Instant::now();
    server.signal("TERM");
    assert_eq!(head.last_answer().status, 408);
    assert_eq!(body.last_answer().status, 408);
    assert_eq!(server.exit_code(), Some(0));
    assert!(stopped.elapsed() < GRACE, "it waited for nothing");
}

#[test]
fn the_grace_ends() {
    let mut server = Process::start(&[("GRACE_MS", "200"), ("BODY_TIMEOUT_MS", NEVER)]);
    let mut body = begun(server.address, "POST /produtos HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{");
    server.signal("TERM");
    // Not success: a request was given up.
    assert_eq!(server.exit_code(), Some(1));
    assert!(body.next(false).is_none());
}
