//! From the start of the process to the first 200 of `/readyz`, and memory: at rest and with 500 connections.
//!
//! `cargo bench --bench startup` on SQLite; with `DATABASE_URL=mysql://…/DATABASE`, on that database.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const STARTS: usize = 21;
const CONNECTIONS: usize = 500;

fn main() {
    let folder = std::env::temp_dir().join(format!("ambrosia-startup-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let url = |name: &str| {
        std::env::var("DATABASE_URL").unwrap_or_else(|_| format!("sqlite:{}/{name}.db", folder.display()))
    };
    let times = |name: &dyn Fn(usize) -> String| {
        let mut times: Vec<Duration> = (0..STARTS).map(|n| start(&url(&name(n))).2).collect();
        times.sort_unstable();
        times
    };
    let (mut first, _, _) = start(&url("kept"));
    end(&mut first.0);
    show("existing database", &times(&|_| "kept".to_owned()));
    if std::env::var_os("DATABASE_URL").is_none() {
        show("new SQLite file, tables and example menu made", &times(&|n| n.to_string()));
    }

    let (mut server, address, _) = start(&url("kept"));
    println!("memory at rest: {} KB", memory(&server.0));
    let mut connections: Vec<TcpStream> =
        (0..CONNECTIONS).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for connection in &mut connections {
        connection.write_all(b"GET /pedidos HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    }
    for connection in &mut connections {
        connection.read_exact(&mut [0; 64]).unwrap();
    }
    println!(
        "memory with {CONNECTIONS} connections that have just read the kitchen list: {} KB",
        memory(&server.0)
    );
    end(&mut server.0);
    std::fs::remove_dir_all(&folder).unwrap();
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// The process, its address, and the time until it was ready.
fn start(url: &str) -> (Server, String, Duration) {
    let begin = Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_ambrosia"))
        .env_clear()
        .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("LOG_LEVEL", "off"), ("DATABASE_URL", url)])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut server = Server(child);
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit('/').next().unwrap().to_owned();
    loop {
        let mut connection = TcpStream::connect(&address).unwrap();
        connection.write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        if answer.starts_with("HTTP/1.1 200") {
            return (server, address, begin.elapsed());
        }
    }
}

fn show(what: &str, times: &[Duration]) {
    let ms = |d: Duration| d.as_secs_f64() * 1000.0;
    println!(
        "start to ready, {what}: {:.1} ms, median of {STARTS} ({:.1} to {:.1})",
        ms(times[STARTS / 2]),
        ms(times[0]),
        ms(times[STARTS - 1])
    );
}

fn memory(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
