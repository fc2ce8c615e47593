//! Ten thousand who listen: the memory of each, and from a commit to the last of them, on the process that commits and on
//! another; and what checkouts and reads keep of their speed beside them. Beside that the same by axum (`benches/axum_sse`), which
//! stores nothing. Server, listeners and load share the machine.
//!
//! `cargo bench --bench live`. Needs `wrk` and `mariadb-server`, and as many descriptors as `LISTENERS` (10,000) in each
//! process. `SECONDS` (5) for each rate, `ROUNDS` (3) for each speed. Prints milliseconds and ratios.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on should stop")]

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use support::{
    Client, ORDER, Server, build, checkouts,
    database::{self, Folder, Schema},
    get, gets, median, number, request, wrk,
};

#[allow(dead_code, reason = "other benchmarks use more of it")]
mod support;

/// Events of a second.
const RATES: [u64; 3] = [10, 100, 1000];
/// Those who change orders.
const WRITERS: u64 = 4;

fn main() {
    let folder = Folder::new();
    let listeners = number("LISTENERS", 10_000) as usize;
    let schema = Schema::new(database::server_url());
    let axum = build("benches/axum_sse").join("axum_sse");
    println!("axum, {listeners} listeners");
    memory(&Server::start(&axum, &[]), listeners);
    let theirs = Server::start(&axum, &[]);
    latencies("the same process", &theirs, &theirs, listeners);
    for (name, url) in [("SQLite", format!("sqlite:{}/r.db", folder.0.display())), ("MariaDB", schema.url())]
    {
        let settings = [("DATABASE_URL", url.as_str()), ("ACCESS", "open")];
        let here = Server::start(env!("CARGO_BIN_EXE_ambrosia"), &settings);
        let there = Server::start(env!("CARGO_BIN_EXE_ambrosia"), &settings);
        println!("{name}, {listeners} listeners");
        memory(&here, listeners);
        wait_until_nobody_listens(&here);
        latencies("the same process", &here, &here, listeners);
        latencies("another process", &here, &there, listeners);
        beside(&folder, &here, listeners);
    }
}

/// A socket that listens, and how many events it has heard.
struct Ear {
    stream: TcpStream,
    heard: usize,
    /// Bytes of `MARK` that the last read ended with.
    matched: usize,
    /// The server let it go, since it was too far behind: more is written than this machine can carry.
    gone: bool,
}

/// Each event of the log has one.
const MARK: &[u8] = b"\nid: ";

impl Ear {
    fn open(server: &Server, path: &str) -> Ear {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200");
        Ear { stream, heard: 0, matched: 0, gone: false }
    }

    fn listen(&mut self, bytes: &mut [u8]) {
        while !self.gone {
            match self.stream.read(bytes) {
                Ok(0) => self.gone = true,
                Ok(n) => {
                    for byte in &bytes[..n] {
                        self.matched = match *byte == MARK[self.matched] {
                            true => self.matched + 1,
                            false => usize::from(*byte == MARK[0]),
                        };
                        if self.matched == MARK.len() {
                            (self.heard, self.matched) = (self.heard + 1, 0);
                        }
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                Err(e) if e.kind() == ErrorKind::ConnectionReset => self.gone = true,
                Err(e) => panic!("{e}"),
            }
        }
    }
}

/// Ears that have heard what came before, and wait for nothing from now on.
fn ears(server: &Server, path: &str, count: usize) -> Vec<Ear> {
    let ears: Vec<Ear> = (0..count).map(|_| Ear::open(server, path)).collect();
    ears.iter().for_each(|ear| ear.stream.set_nonblocking(true).unwrap());
    ears
}

fn memory(server: &Server, count: usize) {
    let used = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap()
    };
    drop(ears(server, "/eventos", 100));
    let before = used();
    let _ears = ears(server, "/eventos", count);
    println!("  memory of a listener: {:.2} KiB", (used() - before) / count as f64);
}

fn wait_until_nobody_listens(server: &Server) {
    let listening = || {
        let mut client = Client::connect(&server.address);
        client.ask(&request("GET", "/metrics", ""));
        let text = String::from_utf8_lossy(&client.answer).into_owned();
        let line = text.lines().find(|line| line.starts_with("ambrosia_live_listeners{topic=\"eventos\"}"));
        line.is_some_and(|line| !line.ends_with(" 0"))
    };
    while listening() {
        thread::sleep(Duration::from_millis(50));
    }
}

/// From the answer to a change until the last of all has heard of it.
fn latencies(process: &str, writes: &Server, server: &Server, count: usize) {
    let mut ears = ears(server, "/eventos", count);
    for rate in RATES {
        let seconds = number("SECONDS", 5);
        let already = ears[0].heard;
        let (committed, commits) = mpsc::channel::<Instant>();
        let mut late: Vec<f64> = thread::scope(|scope| {
            for writer in 0..WRITERS {
                let committed = committed.clone();
                scope.spawn(move || write(&writes.address, writer, rate, seconds, &committed));
            }
            drop(committed);
            let (mut at, mut late, mut bytes) = (Vec::new(), Vec::new(), vec![0; 256 * 1024]);
            let mut writing = true;
            while writing || late.len() < at.len() {
                loop {
                    match commits.try_recv() {
                        Ok(commit) => at.push(commit),
                        Err(mpsc::TryRecvError::Empty) => break,
                        Err(mpsc::TryRecvError::Disconnected) => {
                            writing = false;
                            break;
                        }
                    }
                }
                ears.iter_mut().for_each(|ear| ear.listen(&mut bytes));
                ears.retain(|ear| !ear.gone);
                let all = ears.iter().map(|ear| ear.heard).min().expect("somebody listens") - already;
                let now = Instant::now();
                while late.len() < all.min(at.len()) {
                    late.push(now.saturating_duration_since(at[late.len()]).as_secs_f64() * 1000.0);
                }
            }
            late
        });
        late.sort_by(f64::total_cmp);
        let quantile = |part: f64| late[((late.len() - 1) as f64 * part) as usize];
        println!(
            "  {process}, {rate} events/s: to the last of all in p50 {:.0} ms, p99 {:.0} ms, max {:.0} ms{}",
            quantile(0.5),
            quantile(0.99),
            quantile(1.0),
            match count - ears.len() {
                0 => String::new(),
                gone => format!("; {gone} listeners were let go"),
            }
        );
    }
}

/// Moves an order of its own forth and back, at its share of the rate.
fn write(address: &str, writer: u64, rate: u64, seconds: u64, committed: &mpsc::Sender<Instant>) {
    let mut client = Client::connect(address);
    client.ask(&request("POST", "/pedidos/checkout", ORDER));
    let _ = committed.send(Instant::now());
    let id = support::json(&client.answer)["id"].as_i64().unwrap();
    let pause = Duration::from_secs_f64(WRITERS as f64 / rate as f64);
    let started = Instant::now();
    for n in 0..(seconds * rate / WRITERS) as u32 {
        let due = started + pause * n + pause * writer as u32 / WRITERS as u32;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        // The customer of the order is the first.
        let cliente = 2 - n % 2;
        client.ask(&request("PUT", "/pedidos", &format!("{{\"id\":{id},\"cliente\":{cliente}}}")));
        let _ = committed.send(Instant::now());
    }
}

/// Checkouts and reads a second while all watch an order, beside nobody who does.
fn beside(folder: &Folder, server: &Server, count: usize) {
    let order = get(&server.address, "/pedidos")[0]["id"].as_i64().unwrap();
    let url = |path: &str| format!("http://{}{path}", server.address);
    for (name, path, script) in [
        ("checkouts", "/pedidos/checkout".to_owned(), checkouts()),
        ("GET /pedidos/{id}", format!("/pedidos/{order}"), gets("/pedidos/{}", order)),
    ] {
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..number("ROUNDS", 3) {
            without.push(wrk(folder, &url(&path), &script, 3));
            let ears = ears(server, &format!("/pedidos/{order}/ao-vivo"), count);
            with.push(wrk(folder, &url(&path), &script, 3));
            drop(ears);
            thread::sleep(Duration::from_secs(3));
        }
        println!("  {name} beside them / without: ×{:.2}", median(&with) / median(&without));
    }
}
