//! The limits of the Kubernetes manifest under siege, but for what listeners take: a process with 192 MiB (a memory cgroup,
//! where this user may make one) and 1,024 connections, 500 open orders, and 5,000 hostile clients of every kind at once:
//! idle ones, heads and bodies that never end, pages and lists that are never read, bodies that are too large. They come
//! back when they are closed. Beside them a few good clients read and order; their tail is compared with their quiet one.
//!
//! `cargo bench --bench siege`. `SECONDS` (10) a phase, `LIMIT_MB` (192), `BINARY` for another build.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// The settings of the manifest and the image.
const LIMITS: [(&str, &str); 3] =
    [("MAX_CONNECTIONS", "1024"), ("MAX_BUFFERED_BYTES", "25165824"), ("MALLOC_ARENA_MAX", "2")];
const HOSTILE: usize = 5000;
const ATTACKERS: usize = 8;
const GOOD: usize = 4;
const ORDER: &str =
    r#"{"itens":[{"produto":3,"quantidade":5,"descricao":"sem tomate"},{"produto":2,"quantidade":3}]}"#;

struct Server {
    child: Child,
    address: String,
    folder: PathBuf,
    cgroup: Option<PathBuf>,
}

impl Server {
    fn start() -> Server {
        let folder = std::env::temp_dir().join(format!("ambrosia-siege-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let cgroup = cgroup();
        let binary = std::env::var("BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_ambrosia").to_owned());
        let mut command = match &cgroup {
            // The shell enters the group and becomes the server.
            Some(group) => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", "echo $$ >\"$1/cgroup.procs\" && exec \"$0\"", &binary]).arg(group);
                shell
            }
            None => Command::new(binary),
        };
        let mut child = command
            .env_clear()
            .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("LOG_LEVEL", "warn")])
            .envs(LIMITS)
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Server { child, address: line.trim().rsplit('/').next().unwrap().to_owned(), folder, cgroup }
    }

    fn megabytes(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with(name)).unwrap_or("x 0");
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
        if let Some(group) = &self.cgroup {
            let _ = fs::remove_dir(group);
        }
    }
}

fn limit_mb() -> u64 {
    std::env::var("LIMIT_MB").map_or(192, |n| n.parse().unwrap())
}

/// A memory cgroup of its own, of either version.
fn cgroup() -> Option<PathBuf> {
    let name = format!("ambrosia-siege-{}", std::process::id());
    for (root, file) in [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")]
    {
        let group = PathBuf::from(root).join(&name);
        if fs::create_dir(&group).is_ok() {
            if group.join(file).exists()
                && fs::write(group.join(file), (limit_mb() << 20).to_string()).is_ok()
            {
                return Some(group);
            }
            let _ = fs::remove_dir(&group);
        }
    }
    None
}

/// What each kind of hostile client sends first, and then repeatedly.
fn kinds() -> Vec<(Vec<u8>, &'static [u8])> {
    let post = |framing: &str, body: usize| {
        let head = format!("POST /pedidos/checkout HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n");
        [head.as_bytes(), &vec![b' '; body]].concat()
    };
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
    vec![
        (b"".to_vec(), b""),
        (b"GET / HTTP/1.1\r\n".to_vec(), b"X"),
        (post("Content-Length: 131072", 100_000), b" "),
        (post("Transfer-Encoding: chunked", 0), b"1\r\n \r\n"),
        (post("Transfer-Encoding: chunked\r\n\r\n1f000", 100_000), b" "),
        (post("Content-Length: 8388608", 200_000), b" "),
        (get("/redoc"), b""),
        (get("/docs").repeat(4), b""),
        (get("/pedidos").repeat(8), b""),
        (get("/pedidos?limite=500").repeat(4), b""),
        (get("/pedidos/recebidos").repeat(4), b""),
        (get("/clientes/1/pedidos?limite=500"), b""),
        (get("/openapi.json").repeat(2), b""),
    ]
}

/// Keeps a share of the hostile clients connected and sending.
fn attack(address: &str, share: usize, stop: &AtomicBool, connected: &AtomicUsize) {
    let kinds = kinds();
    let mut clients: Vec<Option<TcpStream>> = (0..share).map(|_| None).collect();
    while !stop.load(Ordering::Relaxed) {
        let turn = Instant::now();
        for (number, client) in clients.iter_mut().enumerate() {
            let (first, then) = &kinds[number % kinds.len()];
            let gone = match client {
                Some(stream) if then.is_empty() => stream.peek(&mut [0]).is_ok_and(|n| n == 0),
                Some(stream) => stream.write(then).is_err_and(|e| e.kind() != std::io::ErrorKind::WouldBlock),
                None => true,
            };
            if !gone || stop.load(Ordering::Relaxed) {
                continue;
            }
            *client = TcpStream::connect(address).ok();
            connected.fetch_add(1, Ordering::Relaxed);
            if let Some(stream) = client {
                stream.set_nonblocking(true).unwrap();
                let _ = stream.write(first);
            }
        }
        thread::sleep(Duration::from_secs(1).saturating_sub(turn.elapsed()));
    }
}

/// Times of good requests in microseconds, and the number that failed.
fn good(address: &str, time: Duration) -> (Vec<u64>, usize) {
    let end = Instant::now() + time;
    let one = |number: usize| {
        let (mut times, mut failed, mut kept) = (Vec::new(), 0, None);
        let order = format!(
            "POST /pedidos/checkout HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{ORDER}",
            ORDER.len()
        );
        let requests = [order.as_str(), "GET /produtos HTTP/1.1\r\nHost: a\r\n\r\n"];
        for turn in number.. {
            if Instant::now() >= end {
                break;
            }
            let start = Instant::now();
            match ask(address, requests[usize::from(turn % 8 != 7)].as_bytes(), &mut kept) {
                Ok(()) => times.push(start.elapsed().as_micros() as u64),
                Err(_) => {
                    failed += 1;
                    kept = None;
                }
            }
            // Good clients pause between requests.
            thread::sleep(Duration::from_millis(5));
        }
        (times, failed)
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..GOOD).map(|number| scope.spawn(move || one(number))).collect();
        let mut all = (Vec::new(), 0);
        for (times, failed) in clients.into_iter().map(|c| c.join().unwrap()) {
            all.0.extend(times);
            all.1 += failed;
        }
        all.0.sort_unstable();
        all
    })
}

fn ask(address: &str, request: &[u8], kept: &mut Option<TcpStream>) -> std::io::Result<()> {
    let mut stream = match kept.take() {
        Some(stream) => stream,
        None => TcpStream::connect(address)?,
    };
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(request)?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let n = stream.read(&mut buffer)?;
        answer.extend_from_slice(&buffer[..n]);
        if n == 0 || !answer.starts_with(b"HTTP/1.1 200") {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|l| l.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
        if body.len() >= length.unwrap_or(0) {
            *kept = Some(stream);
            return Ok(());
        }
    }
}

fn main() {
    let seconds = std::env::var("SECONDS").map_or(10, |n| n.parse().unwrap());
    let phase = Duration::from_secs(seconds);
    let mut server = Server::start();
    let mut kept = None;
    let order = format!(
        "POST /pedidos/checkout HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{ORDER}",
        ORDER.len()
    );
    for _ in 0..500 {
        ask(&server.address, order.as_bytes(), &mut kept).unwrap();
    }
    let limit = if server.cgroup.is_some() { "in a memory cgroup" } else { "NOT LIMITED: no cgroup here" };
    println!("{} MiB {limit}, 1,024 connections, {HOSTILE} hostile clients, {seconds} s a phase", limit_mb());
    let at = |times: &[u64], part: f64| times[((times.len().max(1) - 1) as f64 * part) as usize];
    let (quiet, failed) = good(&server.address, phase);
    println!(
        "quiet      p50 {:>7} µs  p99 {:>7} µs  of {:>6}, {failed} failed; {} MB",
        at(&quiet, 0.5),
        at(&quiet, 0.99),
        quiet.len(),
        server.megabytes("VmRSS")
    );
    let (stop, connected) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (siege, failed) = thread::scope(|scope| {
        for _ in 0..ATTACKERS {
            scope.spawn(|| attack(&server.address, HOSTILE / ATTACKERS, &stop, &connected));
        }
        // Until all hostile clients have connected once.
        while connected.load(Ordering::Relaxed) < HOSTILE / ATTACKERS * ATTACKERS {
            thread::sleep(Duration::from_millis(10));
        }
        let siege = good(&server.address, phase);
        stop.store(true, Ordering::Relaxed);
        siege
    });
    assert!(server.lives(), "the process has ended");
    println!(
        "under siege p50 {:>6} µs  p99 {:>7} µs  of {:>6}, {failed} failed; {} MB, at most {} MB; {} hostile connections",
        at(&siege, 0.5),
        at(&siege, 0.99),
        siege.len(),
        server.megabytes("VmRSS"),
        server.megabytes("VmHWM"),
        connected.load(Ordering::Relaxed)
    );
    println!(
        "ratio      p50 ×{:.2}  p99 ×{:.2}",
        at(&siege, 0.5) as f64 / at(&quiet, 0.5) as f64,
        at(&siege, 0.99) as f64 / at(&quiet, 0.99) as f64
    );
    let (after, failed) = good(&server.address, phase);
    println!(
        "afterwards p50 {:>7} µs  p99 {:>7} µs  of {:>6}, {failed} failed; {} MB",
        at(&after, 0.5),
        at(&after, 0.99),
        after.len(),
        server.megabytes("VmRSS")
    );
}
