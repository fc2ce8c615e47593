//! Many who ask for a live stream and never read it, a part of them half-closed, and others whose request never ends: what the
//! process takes, what the kernel holds for it, and how good clients are served meanwhile, beside when there was nobody.
//!
//! `cargo bench --bench deaf`. `LISTENERS` (15,000), `DRIBBLERS` (1,000), `SECONDS` (10); needs as many descriptors, here and in
//! the server. On SQLite.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on should stop")]

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};
use support::{Client, ORDER, Pace, Server, database::Folder, number, open_loop, p99, request};

#[allow(dead_code, reason = "other benchmarks use more of it")]
mod support;

/// Changes of orders in a second.
const EVENTS: u64 = 100;
/// Requests of the good clients in a second.
const GOOD: f64 = 200.0;

fn main() {
    let (listeners, dribblers) = (number("LISTENERS", 15_000), number("DRIBBLERS", 1_000));
    let folder = Folder::new();
    let url = format!("sqlite:{}/r.db", folder.0.display());
    let settings = [("DATABASE_URL", url.as_str()), ("ACCESS", "open")];
    let server = Server::start(env!("CARGO_BIN_EXE_ambrosia"), &settings);
    let quiet = good_clients(&server);
    let before = (resident_kib(&server), kernel_kib());

    let ears: Vec<TcpStream> = (0..listeners).map(|n| deaf(&server.address, n % 3 == 0)).collect();
    let dribbling: Vec<TcpStream> = (0..dribblers).map(|_| connect(&server.address)).collect();
    let is_over = AtomicBool::new(false);
    let (tail, took, held) = thread::scope(|scope| {
        scope.spawn(|| dribble(&dribbling, &is_over));
        scope.spawn(|| change(&server.address, &is_over));
        let tail = good_clients(&server);
        let (took, held) = (resident_kib(&server) - before.0, kernel_kib() - before.1);
        is_over.store(true, Relaxed);
        (tail, took, held)
    });
    println!(
        "{listeners} streams that nobody reads, a third of them half-closed, and {dribblers} requests that never end; {EVENTS} \
         events/s"
    );
    println!("  the process took {:.1} MiB more, the kernel {:.1} MiB", took / 1024.0, held / 1024.0);
    println!("  {}", let_go(&server));
    for (name, quiet, tail) in [("GET /pedidos", quiet.0, tail.0), ("checkout", quiet.1, tail.1)] {
        println!(
            "  {name}: p99 {:.1} ms beside them, {:.1} ms before (×{:.1})",
            tail / 1e3,
            quiet / 1e3,
            tail / quiet
        );
    }
    drop(ears);
}

/// With little room to receive.
fn connect(address: &str) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.into()
}

/// Asks for a stream, sees that it begins, and reads no more.
fn deaf(address: &str, half_closed: bool) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(b"GET /eventos HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    if half_closed {
        stream.shutdown(Shutdown::Write).unwrap();
    }
    stream
}

/// A byte a second of a request that has no end. They are closed for it, sooner or later.
fn dribble(streams: &[TcpStream], is_over: &AtomicBool) {
    for byte in b"GET /produtos HTTP/1.1\r\nX-Long: ".iter().chain(std::iter::repeat(&b'x')) {
        streams.iter().for_each(|mut stream| drop(stream.write(&[*byte])));
        if is_over.load(Relaxed) {
            return;
        }
        thread::sleep(Duration::from_secs(1));
    }
}

fn change(address: &str, is_over: &AtomicBool) {
    let mut client = Client::connect(address);
    client.ask(&request("POST", "/pedidos/checkout", ORDER));
    let id = support::json(&client.answer)["id"].as_i64().unwrap();
    let started = Instant::now();
    for n in 0.. {
        if is_over.load(Relaxed) {
            return;
        }
        client.ask(&request("PUT", "/pedidos", &format!("{{\"id\":{id},\"cliente\":{}}}", 1 + n % 2)));
        let due = started + Duration::from_secs(1) * (n + 1) / EVENTS as u32;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// The p99 of reads and of checkouts, in microseconds.
fn good_clients(server: &Server) -> (f64, f64) {
    let pace = Pace { clients: 4, rate: GOOD / 2.0, seconds: number("SECONDS", 10) };
    thread::scope(|scope| {
        let reads =
            scope.spawn(|| open_loop(&server.address, pace, |_| |_: &[u8]| request("GET", "/pedidos", "")));
        let orders =
            open_loop(&server.address, pace, |_| |_: &[u8]| request("POST", "/pedidos/checkout", ORDER));
        (p99(reads.join().unwrap()), p99(orders))
    })
}

fn resident_kib(server: &Server) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// What all connections of this machine take, both ends.
fn kernel_kib() -> f64 {
    let stat = std::fs::read_to_string("/proc/net/sockstat").unwrap();
    let line = stat.lines().find(|line| line.starts_with("TCP:")).unwrap();
    line.split_whitespace().last().unwrap().parse::<f64>().unwrap() * 4.0
}

/// What became of them, by the server's figures.
fn let_go(server: &Server) -> String {
    let mut client = Client::connect(&server.address);
    client.ask(&request("GET", "/metrics", ""));
    let text = String::from_utf8_lossy(&client.answer).into_owned();
    let lines = text.lines().filter(|line| {
        line.starts_with("ambrosia_live_listeners_lost_total")
            || line.starts_with("ambrosia_live_listeners{topic=\"eventos\"")
    });
    lines.collect::<Vec<_>>().join(", ")
}
