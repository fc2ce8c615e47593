//! The cost of a hanging payment provider: the tail latency of other routes, alone and beside customers whose checkouts
//! wait for a QR code that never comes; and the duration of those checkouts.
//!
//! `cargo bench --bench provider`
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use standin::{Faults, Settings};

#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../examples/mercado_pago/standin/mod.rs"]
mod standin;

const ROUNDS: usize = 5;
const REQUESTS: usize = 3000;
const CUSTOMERS: usize = 16;
const ROUTES: [&str; 3] = ["/produtos", "/pedidos", "/pedidos/1/status_pagamento"];

fn main() {
    let standin = standin::start(Settings {
        address: "127.0.0.1:0".into(),
        webhook: "http://127.0.0.1:1/".into(),
        token: "TESTE".into(),
        secret: String::new(),
        pos: "CAIXA01".into(),
        faults: Faults { hang: 1000, ..Faults::default() },
        seed: 1,
    })
    .unwrap();
    let folder = std::env::temp_dir().join(format!("ambrosia-provider-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let database =
        std::env::var("DATABASE_URL").unwrap_or_else(|_| format!("sqlite:{}/r.db", folder.display()));
    let mut server = Command::new(env!("CARGO_BIN_EXE_ambrosia"))
        .env_clear()
        .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("LOG_LEVEL", "off"), ("DATABASE_URL", &database)])
        .envs([
            ("MERCADO_PAGO_URL", standin.url().as_str()),
            ("MERCADO_PAGO_TOKEN", "TESTE"),
            ("ACCESS", "open"),
        ])
        .env("MERCADO_PAGO_POS", "CAIXA01")
        .envs([("CHECKOUTS_PER_MINUTE", "0"), ("WEBHOOKS_PER_SECOND", "0"), ("MAX_UNPAID_ORDERS", "0")])
        .env("MERCADO_PAGO_WEBHOOK_UNSIGNED", "true")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().rsplit(' ').next().unwrap().to_owned();

    println!("p99 in microseconds of {REQUESTS} requests one after the other, {ROUNDS} interleaved rounds");
    println!("beside: {CUSTOMERS} customers whose checkouts find a provider that hangs");
    let mut quiet = vec![Vec::new(); ROUTES.len()];
    let mut beside = vec![Vec::new(); ROUTES.len()];
    let mut checkouts = Vec::new();
    for _ in 0..ROUNDS {
        for (i, route) in ROUTES.iter().enumerate() {
            quiet[i].push(p99(&url, route));
        }
        let stop = AtomicBool::new(false);
        let times = Mutex::new(Vec::new());
        thread::scope(|s| {
            for _ in 0..CUSTOMERS {
                s.spawn(|| {
                    let agent = agent();
                    while !stop.load(Ordering::Relaxed) {
                        let start = Instant::now();
                        let order = r#"{"itens":[{"produto":1,"quantidade":1}]}"#;
                        let answer = agent.post(format!("{url}/pedidos/checkout")).send(order).unwrap();
                        assert_eq!(answer.status(), 200);
                        times.lock().unwrap().push(start.elapsed());
                        // Customers pause between orders.
                        thread::sleep(Duration::from_millis(500));
                    }
                });
            }
            for (i, route) in ROUTES.iter().enumerate() {
                beside[i].push(p99(&url, route));
            }
            stop.store(true, Ordering::Relaxed);
        });
        checkouts.append(&mut times.into_inner().unwrap());
    }
    server.kill().unwrap();
    server.wait().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    for (i, route) in ROUTES.iter().enumerate() {
        let (quiet, beside) = (median(&mut quiet[i]), median(&mut beside[i]));
        println!("{route:<30} quiet {quiet:>6}, beside {beside:>6}: ×{:.2}", beside as f64 / quiet as f64);
    }
    checkouts.sort_unstable();
    println!(
        "checkout: {} of them, median {} ms, slowest {} ms",
        checkouts.len(),
        checkouts[checkouts.len() / 2].as_millis(),
        checkouts[checkouts.len() - 1].as_millis()
    );
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().proxy(None).build().new_agent()
}

fn p99(url: &str, route: &str) -> u128 {
    let agent = agent();
    let mut times: Vec<u128> = (0..REQUESTS)
        .map(|_| {
            let start = Instant::now();
            let mut answer = agent.get(format!("{url}{route}")).call().unwrap();
            answer.body_mut().read_to_vec().unwrap();
            start.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    times[REQUESTS * 99 / 100]
}

fn median(values: &mut [u128]) -> u128 {
    values.sort_unstable();
    values[values.len() / 2]
}
