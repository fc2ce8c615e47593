//! The cost of a year of orders: the hot routes with a thousand and with a million finished orders, and 50 open ones.
//!
//! `cargo bench --bench growth` on SQLite; with `DATABASE_URL=mysql://…/DATABASE`, on that database, which is emptied.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Instant,
};

use ambrosia::{
    config::Config,
    store::{Database, Store},
};

const REQUESTS: usize = 400;
const ROUNDS: usize = 5;
const ROUTES: [&str; 4] = ["/pedidos", "/pedidos/finalizados", "/pedidos/1", "/pedidos/1/status_pagamento"];

fn main() {
    let folder = std::env::temp_dir().join(format!("ambrosia-growth-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| format!("sqlite:{}/r.db", folder.display()));
    let config = Config::read(&|name| match name {
        "DATABASE_URL" => Some(url.clone()),
        "STATEMENT_TIMEOUT_MS" => Some("3600000".to_owned()),
        _ => None,
    });
    let settings = config.unwrap_or_else(|e| panic!("{e}")).store;
    println!(
        "{}; microseconds a request, median of {ROUNDS} rounds of {REQUESTS} (least to most)",
        settings.database
    );
    let mysql = matches!(settings.database, Database::Mysql(_));
    let store = Store::new(settings);
    store.migrate().unwrap();
    let mut before: Option<Vec<f64>> = None;
    for doublings in [10, 20] {
        fill(&store, doublings, mysql);
        let (mut server, address) = start(&url);
        let medians: Vec<f64> = ROUTES.iter().map(|route| measure(&address, route, 1 << doublings)).collect();
        server.kill().unwrap();
        server.wait().unwrap();
        for (i, route) in ROUTES.iter().enumerate() {
            if let Some(before) = &before {
                println!("{route:<34} ×{:.2}", medians[i] / before[i]);
            }
        }
        before = Some(medians);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// 2^doublings finished orders of two lines each, then 50 open ones.
fn fill(store: &Store, doublings: u32, mysql: bool) {
    let lines = "INSERT INTO itens (pedido, produto, nome, quantidade, valor) SELECT id, {n}, 'Item', {n}, '18.90' FROM pedidos";
    let run = |sql: &str| {
        store.write(|conn| Ok(conn.execute(sql, &[])?)).unwrap();
    };
    for table in ["eventos", "idempotencia", "itens", "pedidos"] {
        run(&format!("DELETE FROM {table}"));
    }
    run("INSERT INTO pedidos (id, status_pedido, datahora_recebido) VALUES (1, 4, '2026-01-01 12:00:00')");
    for _ in 0..doublings {
        run(
            "INSERT INTO pedidos (status_pedido, datahora_recebido) SELECT 4, datahora_recebido FROM pedidos",
        );
    }
    for _ in 0..50 {
        run("INSERT INTO pedidos (status_pedido, datahora_recebido) VALUES (1, '2026-01-02 12:00:00')");
    }
    run(&lines.replace("{n}", "1"));
    run(&lines.replace("{n}", "2"));
    run(if mysql { "ANALYZE TABLE pedidos" } else { "ANALYZE" });
}

fn start(url: &str) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ambrosia"))
        .env_clear()
        .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("LOG_LEVEL", "off"), ("DATABASE_URL", url)])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().rsplit('/').next().unwrap().to_owned())
}

fn measure(address: &str, route: &str, orders: usize) -> f64 {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {route} HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut rounds: Vec<f64> = (0..=ROUNDS)
        .map(|_| {
            let start = Instant::now();
            (0..REQUESTS).for_each(|_| exchange(&mut stream, &request));
            start.elapsed().as_micros() as f64 / REQUESTS as f64
        })
        // The first round warms the caches.
        .skip(1)
        .collect();
    rounds.sort_by(f64::total_cmp);
    let median = rounds[ROUNDS / 2];
    println!("{route:<34}{orders:>9} finished {median:>8.0} ({:.0} to {:.0})", rounds[0], rounds[ROUNDS - 1]);
    median
}

fn exchange(stream: &mut TcpStream, request: &str) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut bytes = [0; 64 * 1024];
    loop {
        let n = stream.read(&mut bytes).unwrap();
        answer.extend_from_slice(&bytes[..n]);
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let length = head.lines().find_map(|l| l.strip_prefix("Content-Length: ")).unwrap();
            if body.len() >= length.parse().unwrap() {
                return;
            }
        }
    }
}
