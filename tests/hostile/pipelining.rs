//! Many requests on one connection before the first answer: answered in their order, and at nobody's cost.

use std::{io::Write, thread};

use crate::{neighbour::Neighbour, process::Process, wire::Client};

const REQUESTS: usize = 100_000;
const BETWEEN_VISITS: usize = 5_000;

#[test]
fn a_hundred_thousand_are_answered_in_order() {
    let server = Process::start(&[]);
    let before = server.quiet;
    let mut neighbour = Neighbour::new(server.address);
    let mut client = Client::connect(server.address);
    let mut sender = client.stream.try_clone().unwrap();
    let sending = thread::spawn(move || {
        for first in (0..REQUESTS).step_by(1000) {
            let request = |n| format!("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: {n}\r\n\r\n");
            let batch: String = (first..first + 1000).map(request).collect();
            sender.write_all(batch.as_bytes()).unwrap();
        }
    });
    for n in 0..REQUESTS {
        let answer = client.answer();
        assert_eq!(answer.status, 307);
        assert_eq!(answer.header("x-request-id"), Some(n.to_string().as_str()));
        if n % BETWEEN_VISITS == 0 {
            neighbour.is_served();
        }
    }
    sending.join().unwrap();
    client.half_close();
    client.ends();
    drop(neighbour);
    server.returns_to(before);
    let grown = server.usage().peak_kb - before.resident_kb;
    assert!(grown < 16 << 10, "{grown} KB for requests of 50 bytes");
}
