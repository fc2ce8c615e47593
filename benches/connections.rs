//! The HTTP layer with many connections and no database: `GET /` over 64 kept connections and over a new connection for
//! each request; alone, beside idle connections, and beside clients that send a byte per second.
//!
//! `cargo bench --bench connections -- [BINARY…]` compares binaries in interleaved rounds; without any, this one.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

const CLIENTS: usize = 64;
const CROWD: usize = 1500;
const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

struct Server {
    child: Child,
    address: String,
    folder: std::path::PathBuf,
}

impl Server {
    fn start(binary: &str) -> Server {
        let folder = std::env::temp_dir().join(format!("ambrosia-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut child = Command::new(binary)
            .env_clear()
            .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("LOG_LEVEL", "off")])
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Server { child, address: line.trim().rsplit('/').next().unwrap().to_owned(), folder }
    }

    /// A field of /proc/PID/status.
    fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn crowd(&self, send: &[u8]) -> Vec<TcpStream> {
        let connect = |_| {
            let mut stream = TcpStream::connect(&self.address).unwrap();
            stream.write_all(send).unwrap();
            stream
        };
        (0..CROWD).map(connect).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// Requests per second, and the median and 99th percentile of their time in microseconds.
fn load(address: &str, keep: bool) -> [f64; 3] {
    let stop = AtomicBool::new(false);
    let mut times: Vec<u64> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| client(address, keep, &stop))).collect();
        thread::sleep(ROUND);
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|c| c.join().unwrap()).collect()
    });
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize] as f64 / 1000.0;
    [times.len() as f64 / ROUND.as_secs_f64(), at(0.5), at(0.99)]
}

fn client(address: &str, keep: bool, stop: &AtomicBool) -> Vec<u64> {
    let request: &[u8] = if keep {
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    } else {
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    };
    let mut times = Vec::new();
    let mut kept = None;
    let mut answer = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        let mut stream = kept.take().unwrap_or_else(|| TcpStream::connect(address).unwrap());
        stream.write_all(request).unwrap();
        let n = stream.read(&mut answer).unwrap();
        assert!(answer[..n].starts_with(b"HTTP/1.1 307"), "{}", String::from_utf8_lossy(&answer[..n]));
        times.push(start.elapsed().as_nanos() as u64);
        kept = keep.then_some(stream);
    }
    times
}

type Figure = (&'static str, f64);

/// All measurements of one new process.
fn round(binary: &str) -> Vec<Figure> {
    let server = Server::start(binary);
    let mut figures = vec![("memory at rest, KB", server.status("VmRSS") as f64)];
    let mut measure = |names: [&'static str; 3], keep| {
        figures.extend(names.into_iter().zip(load(&server.address, keep)));
    };
    measure(["kept: requests/s", "kept: p50 µs", "kept: p99 µs"], true);
    measure(["new each: requests/s", "new each: p50 µs", "new each: p99 µs"], false);
    let idle = server.crowd(b"");
    measure(["beside idle: requests/s", "beside idle: p50 µs", "beside idle: p99 µs"], true);
    figures.push(("beside idle: memory, KB", server.status("VmRSS") as f64));
    figures.push(("beside idle: threads", server.status("Threads") as f64));
    drop(idle);
    let slow = server.crowd(b"GET / HTTP/1.1\r\n");
    let stop = AtomicBool::new(false);
    let slow_load = thread::scope(|scope| {
        scope.spawn(|| {
            let mut turn = 0;
            while !stop.load(Ordering::Relaxed) {
                // Each connection once per second.
                for mut stream in slow.iter().skip(turn % 10).step_by(10) {
                    let _ = stream.write_all(b"x");
                }
                turn += 1;
                thread::sleep(Duration::from_millis(100));
            }
        });
        let figures = load(&server.address, true);
        stop.store(true, Ordering::Relaxed);
        figures
    });
    figures.extend(
        ["beside slow: requests/s", "beside slow: p50 µs", "beside slow: p99 µs"].into_iter().zip(slow_load),
    );
    figures.push(("beside slow: memory, KB", server.status("VmRSS") as f64));
    figures
}

fn main() {
    let mut binaries: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    if binaries.is_empty() {
        binaries.push(env!("CARGO_BIN_EXE_ambrosia").to_owned());
    }
    let mut rounds: Vec<Vec<Vec<Figure>>> = vec![Vec::new(); binaries.len()];
    for _ in 0..ROUNDS {
        for (binary, rounds) in binaries.iter().zip(&mut rounds) {
            rounds.push(round(binary));
        }
    }
    let names: Vec<&str> = rounds[0][0].iter().map(|f| f.0).collect();
    println!(
        "median of {ROUNDS} rounds (least to most), {CLIENTS} clients, a crowd of {CROWD}; the ratio is to the first"
    );
    for (i, name) in names.iter().enumerate() {
        let medians: Vec<(f64, f64, f64)> = rounds
            .iter()
            .map(|rounds| {
                let mut values: Vec<f64> = rounds.iter().map(|figures| figures[i].1).collect();
                values.sort_by(f64::total_cmp);
                (values[values.len() / 2], values[0], values[values.len() - 1])
            })
            .collect();
        let cell = |(m, least, most): &(f64, f64, f64)| {
            format!("{m:>9.0} ({least:.0} to {most:.0}) ×{:.2}", m / medians[0].0)
        };
        println!("{name:<26}{}", medians.iter().map(cell).collect::<Vec<_>>().join("   "));
    }
}
