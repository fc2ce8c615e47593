//! Two processes behind a balancer are replaced while many listen to the log: how long until all are back, and how many come at
//! once. The balancer knows each 100 ms who is ready, as the endpoints of a service do; listeners come back as browsers do,
//! when `retry` says, with the cursor of what they have seen.
//!
//! `cargo bench --bench rollout`. `LISTENERS` (2,000), `DRAIN_MS` (5,000). Needs `mariadb-server`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on should stop")]

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use support::{
    Server,
    database::{self, Schema},
    number, request,
};

#[allow(dead_code, reason = "other benchmarks use more of it")]
mod support;

/// In which returns are counted for the peak.
const SPAN: Duration = Duration::from_millis(100);
const STACK: usize = 128 * 1024;

/// What the balancer and those who listen share.
struct Scene {
    /// Every process that runs, by its address.
    running: Mutex<Vec<String>>,
    /// Those that are ready.
    ready: Mutex<Vec<String>>,
    listening: AtomicUsize,
    /// When each came back.
    returns: Mutex<Vec<Instant>>,
    is_over: AtomicBool,
}

fn main() {
    let (count, drain) = (number("LISTENERS", 2_000) as usize, number("DRAIN_MS", 5_000));
    let schema = Schema::new(database::server_url());
    let scene = Scene {
        running: Mutex::default(),
        ready: Mutex::default(),
        listening: AtomicUsize::new(0),
        returns: Mutex::default(),
        is_over: AtomicBool::new(false),
    };
    let begin = || {
        let drain = drain.to_string();
        let settings = [("DATABASE_URL", schema.url()), ("ACCESS", "open".into()), ("DRAIN_MS", drain)];
        let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
        let server = Server::start(env!("CARGO_BIN_EXE_ambrosia"), &settings);
        scene.running.lock().unwrap().push(server.address.clone());
        server
    };
    let mut old = vec![begin(), begin()];
    let scene = &scene;
    thread::scope(|scope| {
        scope.spawn(|| balance(scene));
        for n in 0..count {
            let listener = thread::Builder::new().stack_size(STACK);
            listener.spawn_scoped(scope, move || listen(n, scene)).unwrap();
        }
        wait_until(|| scene.listening.load(SeqCst) == count);
        println!("{count} listeners on two processes, a drain of {drain} ms");
        for nth in ["first", "second"] {
            let new = begin();
            wait_until(|| scene.ready.lock().unwrap().contains(&new.address));
            replace(nth, old.remove(0), count, drain, scene);
            old.push(new);
        }
        scene.is_over.store(true, SeqCst);
        drop(old);
    });
}

/// Ends one process, and says how its listeners come back.
fn replace(nth: &str, mut server: Server, count: usize, drain: u64, scene: &Scene) {
    scene.returns.lock().unwrap().clear();
    let begun = Instant::now();
    let ended = Command::new("kill").arg(server.child.id().to_string()).status().unwrap();
    assert!(ended.success());
    assert!(server.child.wait().unwrap().success(), "it was not drained");
    let exit = begun.elapsed();
    wait_until(|| scene.listening.load(SeqCst) == count);
    let returns = scene.returns.lock().unwrap();
    let at: Vec<Duration> = returns.iter().map(|at| at.duration_since(begun)).collect();
    let last = at.iter().max().copied().unwrap_or_default();
    let spans = at.iter().fold(std::collections::HashMap::<u128, usize>::new(), |mut spans, at| {
        *spans.entry(at.as_millis() / SPAN.as_millis()).or_default() += 1;
        spans
    });
    let peak = spans.values().max().copied().unwrap_or_default();
    println!(
        "  the {nth}: {} came back, the last {:.1} s after SIGTERM (drain + 3 s: {:.1}), {peak} at most in {} ms; the \
         process ended after {:.1} s",
        at.len(),
        last.as_secs_f64(),
        drain as f64 / 1000.0 + 3.0,
        SPAN.as_millis(),
        exit.as_secs_f64(),
    );
}

/// Asks each process whether it is ready, again and again.
fn balance(scene: &Scene) {
    while !scene.is_over.load(SeqCst) {
        let running = scene.running.lock().unwrap().clone();
        let ready: Vec<String> = running.into_iter().filter(|address| is_ready(address)).collect();
        *scene.ready.lock().unwrap() = ready;
        thread::sleep(SPAN);
    }
}

fn is_ready(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let mut line = String::new();
    stream.write_all(request("GET", "/readyz", "").as_bytes()).is_ok()
        && BufReader::new(stream).read_line(&mut line).is_ok()
        && line.starts_with("HTTP/1.1 200")
}

/// As an `EventSource`, until all is over.
fn listen(number: usize, scene: &Scene) {
    let (mut seen, mut retry, mut turn) = (String::new(), Duration::from_secs(1), number);
    while !scene.is_over.load(SeqCst) {
        let address = {
            let ready = scene.ready.lock().unwrap();
            ready.get(turn % ready.len().max(1)).cloned()
        };
        turn += 1;
        if let Some(address) = address {
            follow(&address, &mut seen, &mut retry, scene);
        }
        if !scene.is_over.load(SeqCst) {
            thread::sleep(retry);
        }
    }
}

/// One connection, to its end.
fn follow(address: &str, seen: &mut String, retry: &mut Duration, scene: &Scene) {
    let Ok(mut stream) = TcpStream::connect(address) else { return };
    let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
    let head = format!("GET /eventos?pulso=1 HTTP/1.1\r\nHost: x\r\nLast-Event-ID: {seen}\r\n\r\n");
    if stream.write_all(head.as_bytes()).is_err() {
        return;
    }
    let (mut stream, mut line, mut listens) = (BufReader::with_capacity(1024, stream), String::new(), false);
    while !scene.is_over.load(SeqCst) {
        match stream.read_line(&mut line) {
            Ok(0) => break,
            Ok(_) if line.ends_with('\n') => {}
            Ok(_) => continue,
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                continue;
            }
            Err(_) => break,
        }
        let text = line.trim_end();
        if text.starts_with("retry: ") && !std::mem::replace(&mut listens, true) {
            scene.listening.fetch_add(1, SeqCst);
            scene.returns.lock().unwrap().push(Instant::now());
        }
        if let Some(id) = text.strip_prefix("id: ") {
            id.clone_into(seen);
        }
        if let Some(milliseconds) = text.strip_prefix("retry: ") {
            *retry = Duration::from_millis(milliseconds.parse().unwrap());
        }
        line.clear();
    }
    if listens {
        scene.listening.fetch_sub(1, SeqCst);
    }
}

fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !condition() {
        assert!(Instant::now() < deadline, "waited for two minutes");
        thread::sleep(Duration::from_millis(20));
    }
}
