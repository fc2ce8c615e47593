//! Thousands at once that hold what they can: one after the other all kinds of them, with the well-behaved client
//! served throughout, and everything given back when they go.

use std::{fs, net::SocketAddr};

use crate::{deadline::eventually, neighbour::Neighbour, process::Process, wire::Client};

/// Far fewer than come.
const PLACES: usize = 512;
/// Between two visits of the well-behaved client. More than there are places, and it would rightly be forgotten.
const BATCH: usize = 50;

struct Kind {
    name: &'static str,
    connect: fn(SocketAddr) -> Client,
    count: usize,
    says: &'static str,
    /// How often, at first.
    times: usize,
    /// And then, again and again.
    drop: &'static str,
}

const KINDS: &[Kind] = &[
    Kind { name: "silent", connect: Client::connect, count: 3000, says: "", times: 0, drop: "" },
    Kind {
        name: "idle",
        connect: Client::connect,
        count: 1000,
        says: "GET /fim HTTP/1.1\r\nHost: a\r\n\r\n",
        times: 1,
        drop: "",
    },
    Kind {
        name: "dribble a head",
        connect: Client::connect,
        count: 1000,
        says: "GET / HTTP/1.1\r\nX: ",
        times: 1,
        drop: "x",
    },
    Kind {
        name: "dribble a body",
        connect: Client::connect,
        count: 1000,
        says: "POST /produtos HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
        times: 1,
        drop: " ",
    },
    Kind {
        name: "dribble chunks",
        connect: Client::connect,
        count: 1000,
        says: "POST /produtos HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        times: 1,
        drop: "1\r\n \r\n",
    },
    Kind {
        name: "never read",
        connect: Client::connect_narrow,
        count: 600,
        says: "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n",
        times: 100,
        drop: "",
    },
];

#[test]
fn crowds_keep_nobody_out_and_leave_nothing_behind() {
    // Time-outs that never come: only the places themselves are at stake.
    let never = "600000";
    let server = Process::start(&[
        ("MAX_CONNECTIONS", &PLACES.to_string()),
        ("IDLE_TIMEOUT_MS", never),
        ("HEAD_TIMEOUT_MS", never),
        ("BODY_TIMEOUT_MS", never),
        ("WRITE_TIMEOUT_MS", never),
    ]);
    let before = server.quiet;
    for kind in KINDS {
        let mut neighbour = Neighbour::new(server.address);
        let mut crowd: Vec<Client> = Vec::new();
        let count = kind.count.min(descriptors_to_spare());
        while crowd.len() < count {
            crowd.extend((0..BATCH).map(|_| {
                let mut client = (kind.connect)(server.address);
                client.offer(kind.says.repeat(kind.times));
                client
            }));
            crowd.iter_mut().for_each(|client| client.offer(kind.drop));
            // Whoever has asked and is not answered yet would count as active, and the neighbour as idle.
            server.rests();
            neighbour.is_served();
        }
        let places = count.min(PLACES);
        eventually(&format!("all places are taken by those who {}", kind.name), || {
            server.usage().descriptors >= before.descriptors + places - 2
        });
        for _ in 0..20 {
            crowd.iter_mut().for_each(|client| client.offer(kind.drop));
            neighbour.is_served();
        }
        let full = server.usage();
        // A thread gives its place back a moment before it ends.
        assert!(full.threads <= before.threads + PLACES + BATCH, "{}: {full:?}", kind.name);
        assert!(full.descriptors <= before.descriptors + PLACES + BATCH, "{}: {full:?}", kind.name);
        drop((crowd, neighbour));
        server.returns_to(before);
    }
    let grown = server.usage().peak_kb - before.resident_kb;
    // Those who never read cost an answer each, of 50 KB, and what building it took; not all that they asked for.
    assert!(grown < PLACES * 512, "{grown} KB for {PLACES} connections");
    Neighbour::new(server.address).is_served();
}

/// Of this process, whose other tests need some too.
fn descriptors_to_spare() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|l| l.strip_prefix("Max open files")).unwrap();
    let soft = line.split_whitespace().next().unwrap();
    soft.parse::<usize>().unwrap_or(usize::MAX).saturating_sub(400)
}
