//! Ambrosia beside the same service in axum and sqlx (`../shared/yardstick`), on the same database server in interleaved
//! rounds: requests per second with 64 clients, the tail latency at a load below the limit of both, the checkouts that the
//! database alone can do, and the requests that the machine can do without any lookup. Responses are compared first.
//!
//! `cargo bench --bench side_by_side` starts a private MariaDB; `TEST_DATABASE_URL=mysql://user:password@host:port` takes
//! another server. A word after `--` selects routes. Needs `wrk` and `mariadb-server`. `ROUNDS` (5) and `SECONDS` (3) set
//! the duration.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on should stop")]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use ambrosia::{config::Config, store::Store};
use serde_json::Value;
use support::{
    CLIENTS, Client, ORDER, Pace, Server, build,
    database::{self, Folder, Schema},
    get, median, number, request, spread,
};

#[allow(dead_code, reason = "other benchmarks use more of it")]
mod support;

/// The load for the tail, as a fraction of the yardstick's maximum.
const SHARE: f64 = 0.7;
const FINISHED: i64 = 100_000;
const OPEN: i64 = 50;

/// Name, path (`{}` is a different id in each request), and whether an order is sent.
const ROUTES: [(&str, &str, bool); 4] = [
    ("GET /pedidos/", "/pedidos/", false),
    ("GET /produtos/", "/produtos/", false),
    ("GET /pedidos/{id}/status_pagamento/", "/pedidos/{}/status_pagamento/", false),
    ("POST /pedidos/checkout/", "/pedidos/checkout/", true),
];
/// Routes that the yardstick lacks, each compared with the route beside it.
const OURS: [(&str, &str, &str); 2] = [
    ("GET /lanches/", "/lanches/", "/produtos/"),
    ("GET /pedidos/{id}", "/pedidos/{}", "/pedidos/{}/status_pagamento/"),
];

fn main() {
    assert!(database::mysql_is_available(), "install mariadb-server or set TEST_DATABASE_URL");
    let (rounds, seconds) = (number("ROUNDS", 5), number("SECONDS", 3));
    let word = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_default();
    let routes = || ROUTES.into_iter().filter(|(name, ..)| name.contains(&word));
    let folder = Folder::new();
    let source = std::env::var("YARDSTICK").unwrap_or_else(|_| "../shared/yardstick".to_owned());
    let yardstick = build(&source).join("yardstick");
    // Reads use a database that does not change; orders go to another one, which grows.
    let (reads, writes) = (Schema::new(database::server_url()), Schema::new(database::server_url()));
    fill(&reads.url());
    fill(&writes.url());
    let files = ["reads", "writes"].map(|name| format!("sqlite:{}/{name}.db", folder.0.display()));
    files.iter().for_each(|file| fill(file));
    let ours = [start_ours(&reads.url()), start_ours(&writes.url())];
    let theirs = [start_yardstick(&yardstick, &reads.url()), start_yardstick(&yardstick, &writes.url())];
    let embedded = files.map(|file| start_ours(&file));
    for (_, path, order) in ROUTES {
        if !order {
            let path = path.replace("{}", "1");
            let [a, b] = [&ours[0], &theirs[0]].map(|s| get(&s.address, &path));
            agree(&path, &a, &b);
        }
    }
    println!(
        "answers agree; {rounds} interleaved rounds of {seconds} s, {CLIENTS} clients; medians (least to most)\n"
    );
    println!(
        "{:<38}{:>28}{:>28}{:>8}{:>28}{:>8}",
        "requests a second", "Ambrosia", "axum + sqlx", "ratio", "Ambrosia on SQLite", "ratio"
    );
    let mut ceilings = Vec::new();
    for (name, path, order) in routes() {
        let at = usize::from(order);
        let (mut a, mut b, mut c, mut most) = (vec![], vec![], vec![], vec![]);
        let bare = (!order).then(|| bare(answer_of(&ours[at].address, path)));
        for _ in 0..rounds {
            most.extend(bare.iter().map(|bare| rate(&folder, bare, path, order, seconds)));
            a.push(rate(&folder, &ours[at].address, path, order, seconds));
            b.push(rate(&folder, &theirs[at].address, path, order, seconds));
            c.push(rate(&folder, &embedded[at].address, path, order, seconds));
        }
        ceilings.push(median(&b));
        row(name, &a, &b, &c);
        if bare.is_some() {
            let of_most = format!("×{:.2}", median(&a) / median(&most));
            println!("{:<38}{:>28}{of_most:>36}", "  its bytes, and nothing else", spread(&most));
        }
    }
    for (name, path, beside) in OURS.into_iter().filter(|(name, ..)| name.contains(&word)) {
        let (mut a, mut b, mut c) = (vec![], vec![], vec![]);
        for _ in 0..rounds {
            a.push(rate(&folder, &ours[0].address, path, false, seconds));
            b.push(rate(&folder, &theirs[0].address, beside, false, seconds));
            c.push(rate(&folder, &embedded[0].address, path, false, seconds));
        }
        row(&format!("{name} (to {beside})"), &a, &b, &c);
    }
    let raw: Vec<f64> = (0..rounds).map(|_| raw(&yardstick, &writes.url(), seconds)).collect();
    println!("{:<38}{:>56}", "the database alone (raw 16)", spread(&raw));

    println!(
        "\np99 in microseconds at {:.0} % of the ceiling of axum + sqlx, from when the request was due",
        SHARE * 100.0
    );
    for ((name, path, order), ceiling) in routes().zip(ceilings) {
        let at = usize::from(order);
        let (mut a, mut b, mut c) = (vec![], vec![], vec![]);
        for _ in 0..rounds {
            for (into, server) in [(&mut a, &ours[at]), (&mut b, &theirs[at]), (&mut c, &embedded[at])] {
                into.push(p99(&server.address, path, order, ceiling * SHARE, seconds));
            }
        }
        row(name, &a, &b, &c);
    }
}

fn row(name: &str, ours: &[f64], theirs: &[f64], embedded: &[f64]) {
    let ratio = |a: &[f64]| format!("×{:.2}", median(a) / median(theirs));
    let [a, b, c] = [ours, theirs, embedded].map(spread);
    println!("{name:<38}{a:>28}{b:>28}{:>8}{c:>28}{:>8}", ratio(ours), ratio(embedded));
}

/// The example menu and customers; finished orders and open ones, of two lines each, as checkouts leave them.
fn fill(url: &str) {
    let config = Config::read(&|name| match name {
        "DATABASE_URL" => Some(url.to_owned()),
        "STATEMENT_TIMEOUT_MS" => Some("3600000".to_owned()),
        _ => None,
    });
    let store = Store::new(config.unwrap_or_else(|e| panic!("{e}")).store);
    store.migrate().unwrap();
    let run = |sql: &str| {
        store.write(|conn| Ok(conn.execute(sql, &[])?)).unwrap();
    };
    for table in ["eventos", "itens", "pedidos"] {
        run(&format!("DELETE FROM {table}"));
    }
    let orders = |ids: std::ops::RangeInclusive<i64>, state: i64| {
        for ids in ids.collect::<Vec<_>>().chunks(1000) {
            let values =
                |f: &dyn Fn(i64) -> String| ids.iter().map(|id| f(*id)).collect::<Vec<_>>().join(", ");
            let order = |id| {
                let at = format!("2026-01-0{} 12:{:02}:{:02}", 5 - state, id / 60 % 60, id % 60);
                format!(
                    "({id}, {id}, '2026-01-0{}', {}, {state}, '{at}', 2, 'pagamento-{id:026}')",
                    5 - state,
                    1 + id % 3
                )
            };
            run(&format!(
                "INSERT INTO pedidos (id, senha, dia, cliente, status_pedido, datahora_recebido, status_pagamento, id_pagamento) VALUES {}",
                values(&order)
            ));
            let lines = |id| {
                format!(
                    "({id}, 3, 'X-Salada', 5, '15.20', 'sem tomate'), ({id}, 2, 'X-Burger', 3, '12.10', 'com tomate')"
                )
            };
            run(&format!(
                "INSERT INTO itens (pedido, produto, nome, quantidade, valor, descricao) VALUES {}",
                values(&lines)
            ));
        }
    };
    orders(1..=FINISHED, 4);
    for state in 1..=3 {
        let from = FINISHED + (state - 1) * OPEN / 3;
        orders(from + 1..=FINISHED + state * OPEN / 3, state);
    }
    if url.starts_with("sqlite") {
        return run("ANALYZE");
    }
    // sqlx takes a column of a binary collation for bytes, and the yardstick wants a text.
    run("ALTER TABLE pedidos MODIFY COLUMN id_pagamento VARCHAR(255) COLLATE utf8mb4_unicode_ci NULL");
    run("ANALYZE TABLE pedidos, itens");
}

/// The log is on, as by default.
fn start_ours(database: &str) -> Server {
    Server::start(env!("CARGO_BIN_EXE_ambrosia"), &[("DATABASE_URL", database)])
}

fn start_yardstick(binary: &PathBuf, database: &str) -> Server {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let child = Command::new(binary)
        .arg("serve")
        .envs([("DATABASE_URL", database), ("PORT", &port), ("POOL", "16")])
        .spawn()
        .unwrap();
    let address = format!("127.0.0.1:{port}");
    let deadline = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(&address).is_err() {
        assert!(Instant::now() < deadline, "the yardstick does not start");
        thread::yield_now();
    }
    Server { child, address }
}

/// Ambrosia's response contains the yardstick's, which writes money as text, true as 1, and omits the time zone.
fn agree(path: &str, ours: &Value, theirs: &Value) {
    match (ours, theirs) {
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{path}");
            a.iter().zip(b).for_each(|(a, b)| agree(path, a, b));
        }
        (Value::Object(a), Value::Object(b)) => {
            b.iter().for_each(|(key, b)| agree(&format!("{path} {key}"), &a[key], b))
        }
        (Value::Bool(a), b) => assert_eq!(i64::from(*a), b.as_i64().unwrap(), "{path}"),
        (Value::Number(a), Value::String(b)) => assert_eq!(a.as_f64(), b.parse().ok(), "{path}"),
        (Value::String(a), Value::String(b)) => {
            assert!(a == b || a.strip_suffix('Z') == Some(b), "{path}: {a}, {b}")
        }
        (a, b) => assert_eq!(a, b, "{path}"),
    }
}

/// A server that answers every request with these bytes, with a thread per connection: the maximum of this machine.
fn bare(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serve = move |mut stream: TcpStream, answer: Arc<Vec<u8>>| {
        let mut request = [0; 4096];
        while stream.read(&mut request).is_ok_and(|n| n > 0) && stream.write_all(&answer).is_ok() {}
    };
    thread::spawn(move || {
        let answer = Arc::new(answer);
        for stream in listener.incoming() {
            let (stream, answer) = (stream.unwrap(), answer.clone());
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || serve(stream, answer));
        }
    });
    address
}

fn answer_of(address: &str, path: &str) -> Vec<u8> {
    let mut client = Client::connect(address);
    client.ask(&request("GET", &path.replace("{}", "1"), ""));
    client.answer
}

/// Requests per second.
fn rate(folder: &Folder, address: &str, path: &str, order: bool, seconds: u64) -> f64 {
    let script = if order { support::checkouts() } else { support::gets(path, FINISHED) };
    support::wrk(folder, &format!("http://{address}{path}"), &script, seconds)
}

fn raw(yardstick: &PathBuf, database: &str, seconds: u64) -> f64 {
    let output = Command::new(yardstick)
        .args(["raw", "16", &seconds.to_string()])
        .envs([("DATABASE_URL", database), ("POOL", "16")])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap().parse().unwrap()
}

/// In microseconds, at this load.
fn p99(address: &str, path: &str, order: bool, rate: f64, seconds: u64) -> f64 {
    let client = |n: usize| {
        let mut id = n as i64;
        move |_: &[u8]| {
            id = (id * 7919 + 12345) % FINISHED;
            let path = path.replace("{}", &(id + 1).to_string());
            if order { request("POST", &path, ORDER) } else { request("GET", &path, "") }
        }
    };
    support::p99(support::open_loop(address, Pace { clients: CLIENTS, rate, seconds }, client))
}
