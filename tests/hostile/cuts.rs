//! Connections that end where they should not: half-closed, closed or reset behind every single byte, and before they
//! were even accepted.

use std::net::Shutdown;

use crate::{
    neighbour::Neighbour,
    process::Process,
    wire::{Client, get, post},
};

/// With a body that is refused by its route (422), so that it is told apart from one that is cut (400).
fn requests() -> [Vec<u8>; 2] {
    let chunked = "POST /produtos HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    [post("/produtos", "{}"), format!("{chunked}2;a=b\r\n{{}}\r\n0\r\nX: y\r\n\r\n").into_bytes()]
}

#[test]
fn half_closed_behind_every_byte() {
    let server = Process::start(&[]);
    let before = server.quiet;
    for request in requests() {
        for cut in 0..=request.len() {
            let mut client = Client::connect(server.address);
            client.send(&request[..cut]);
            client.half_close();
            if cut == request.len() {
                assert_eq!(client.answer().status, 422);
            } else if cut > 0 {
                let shown = String::from_utf8_lossy(&request[..cut]);
                assert_eq!(client.last_answer().status, 400, "{shown}");
            }
            client.ends();
        }
    }
    let mut client = Client::connect(server.address);
    client.send(get("/fim").repeat(100));
    client.half_close();
    (0..100).for_each(|_| assert_eq!(client.answer().status, 404));
    client.ends();
    server.returns_to(before);
    Neighbour::new(server.address).is_served();
}

#[test]
fn closed_or_reset_behind_every_byte() {
    let server = Process::start(&[]);
    let before = server.quiet;
    for request in requests() {
        for cut in 0..=request.len() {
            let [mut closed, mut reset, mut reset_later] = [(); 3].map(|()| Client::connect(server.address));
            closed.send(&request[..cut]);
            drop(closed);
            reset.send(&request[..cut]);
            reset.reset();
            reset_later.send(&request[..cut]);
            server.rests();
            reset_later.reset();
        }
    }
    server.returns_to(before);
    Neighbour::new(server.address).is_served();
}

#[test]
fn reset_inside_the_answer() {
    let server = Process::start(&[]);
    let before = server.quiet;
    for read in [0, 1, 100] {
        let mut client = Client::connect(server.address);
        client.send(get("/openapi.json").repeat(200));
        (0..read).for_each(|_| assert_eq!(client.answer().status, 200));
        client.reset();
        // Says that it will not read, and is told so.
        let mut client = Client::connect(server.address);
        client.stream.shutdown(Shutdown::Read).unwrap();
        client.send(get("/openapi.json"));
        client.offer(get("/openapi.json").repeat(200));
        drop(client);
    }
    server.returns_to(before);
    Neighbour::new(server.address).is_served();
}

#[test]
fn gone_before_they_were_accepted() {
    let server = Process::start(&[]);
    let before = server.quiet;
    // A stopped process accepts nothing, and the kernel completes connections all the same.
    server.signal("STOP");
    let mut waiting = Vec::new();
    for _ in 0..200 {
        let [reset, mut reset_with_request, mut closed, mut half_closed] =
            [(); 4].map(|()| Client::connect(server.address));
        reset.reset();
        reset_with_request.send(get("/fim"));
        reset_with_request.reset();
        closed.send(get("/fim"));
        drop(closed);
        half_closed.send(get("/fim"));
        half_closed.half_close();
        waiting.push(half_closed);
    }
    server.signal("CONT");
    for mut client in waiting {
        assert_eq!(client.answer().status, 404);
        client.ends();
    }
    server.returns_to(before);
    Neighbour::new(server.address).is_served();
}
