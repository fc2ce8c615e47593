//! Ambrosia beside the same service in axum and sqlx (`../shared/yardstick`), on the same database server in interleaved
//! rounds: requests per second with 64 clients, the tail latency at a load below the limit of both, the checkouts that the
//! database alone can do, and the requests that the machine can do without any lookup. Responses are compared first.
//!
//! `cargo bench --bench side_by_side` starts a private MariaDB; `TEST_DATABASE_URL=mysql://user:password@host:port` takes
//! another server. A word after `--` selects routes. Needs `wrk` and `mariadb-server`. `ROUNDS` (5) and `SECONDS` (3) set
//! the duration.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on should stop")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use ambrosia::{config::Config, store::Store};
use database::{Folder, Schema};
use serde_json::Value;

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/api/database.rs"]
mod database;

const CLIENTS: usize = 64;
/// The load for the tail, as a fraction of the yardstick's maximum.
const SHARE: f64 = 0.7;
const FINISHED: i64 = 100_000;
const OPEN: i64 = 50;
const ORDER: &str = r#"{"id_cliente": 1, "itens": [{"produto": 3, "quantidade": 5, "descricao": "sem tomate"}, {"produto": 2, "quantidade": 3, "descricao": "com tomate"}]}"#;

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

struct Server {
    child: Child,
    address: String,
}

fn main() {
    assert!(database::mysql_is_available(), "install mariadb-server or set TEST_DATABASE_URL");
    let (rounds, seconds) = (number("ROUNDS", 5), number("SECONDS", 3));
    let word = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_default();
    let routes = || ROUTES.into_iter().filter(|(name, ..)| name.contains(&word));
    let folder = Folder::new();
    let yardstick = build_yardstick();
    // Reads use a database that does not change; orders go to another one, which grows.
    let (reads, writes) = (Schema::new(database::server_url()), Schema::new(database::server_url()));
    fill(&reads.url());
    fill(&writes.url());
    let files = ["reads", "writes"].map(|name| format!("sqlite:{}/{name}.db", folder.0.display()));
    files.iter().for_each(|file| fill(file));
    let on = |address: &str, path: &str| format!("http://{address}{path}");
    let ours = [Server::ours(&reads.url()), Server::ours(&writes.url())];
    let theirs = [Server::yardstick(&yardstick, &reads.url()), Server::yardstick(&yardstick, &writes.url())];
    let embedded = files.map(|file| Server::ours(&file));
    for (_, path, order) in ROUTES {
        if !order {
            let path = path.replace("{}", "1");
            let [a, b] = [&ours[0], &theirs[0]].map(|s| get(&on(&s.address, &path)));
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
            most.extend(bare.iter().map(|bare| wrk(&folder, &on(bare, path), order, seconds)));
            a.push(wrk(&folder, &on(&ours[at].address, path), order, seconds));
            b.push(wrk(&folder, &on(&theirs[at].address, path), order, seconds));
            c.push(wrk(&folder, &on(&embedded[at].address, path), order, seconds));
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
            a.push(wrk(&folder, &on(&ours[0].address, path), false, seconds));
            b.push(wrk(&folder, &on(&theirs[0].address, beside), false, seconds));
            c.push(wrk(&folder, &on(&embedded[0].address, path), false, seconds));
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

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |n| n.parse().unwrap())
}

fn build_yardstick() -> PathBuf {
    let source = std::env::var("YARDSTICK").unwrap_or_else(|_| "../shared/yardstick".to_owned());
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned()) + "/yardstick";
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--manifest-path", &format!("{source}/Cargo.toml")])
        .args(["--target-dir", &target])
        .status()
        .unwrap();
    assert!(built.success());
    PathBuf::from(target).join("release/yardstick")
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

impl Server {
    fn ours(database: &str) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ambrosia"))
            .env_clear()
            .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("DATABASE_URL", database)])
            .stdout(Stdio::piped())
            // The log is on, as by default; where it goes is not what is compared.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Server { child, address: line.trim().rsplit('/').next().unwrap().to_owned() }
    }

    fn yardstick(binary: &PathBuf, database: &str) -> Server {
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
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(url: &str) -> Value {
    let mut answer = ureq::get(url).call().unwrap();
    serde_json::from_slice(&answer.body_mut().read_to_vec().unwrap()).unwrap()
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
    let mut stream = TcpStream::connect(address).unwrap();
    let path = path.replace("{}", "1");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    read_answer(&mut stream, &mut answer);
    answer
}

/// Requests per second.
fn wrk(folder: &Folder, url: &str, order: bool, seconds: u64) -> f64 {
    let script = folder.0.join("wrk.lua");
    let ids = url.split_once("{}").map(|(before, after)| {
        let path = |part: &str| part.split_once("//").map_or(part, |p| &p.1[p.1.find('/').unwrap()..]).to_owned();
        format!(
            "local id = 0\nrequest = function() id = (id * 7919 + 12345) % {FINISHED}; return wrk.format('GET', '{}' .. id + 1 .. '{after}') end",
            path(before)
        )
    });
    let post = format!(
        "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = '{ORDER}'"
    );
    let done = "done = function(s, l, r) print('FAILED', s.errors.status + s.errors.read + s.errors.write + s.errors.connect) end";
    std::fs::write(&script, format!("{}\n{done}\n", if order { post } else { ids.unwrap_or_default() }))
        .unwrap();
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{CLIENTS}"), &format!("-d{seconds}s"), "-s"])
        .args([script.as_os_str(), url.replace("{}", "1").as_ref()])
        .output()
        .expect("wrk");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("FAILED\t0\n"), "{url}: {text}");
    let line = text.lines().find_map(|l| l.strip_prefix("Requests/sec:")).unwrap();
    line.trim().parse().unwrap()
}

fn raw(yardstick: &PathBuf, database: &str, seconds: u64) -> f64 {
    let output = Command::new(yardstick)
        .args(["raw", "16", &seconds.to_string()])
        .envs([("DATABASE_URL", database), ("POOL", "16")])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap().parse().unwrap()
}

/// Clients that each send at set times, whether or not the last answer was late: microseconds from then to the answer.
fn p99(address: &str, path: &str, order: bool, rate: f64, seconds: u64) -> f64 {
    let interval = Duration::from_secs_f64(CLIENTS as f64 / rate);
    let start = Instant::now() + Duration::from_millis(50);
    let client = |n: usize| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut times = Vec::new();
        let mut due = start + interval * n as u32 / CLIENTS as u32;
        let mut id = n as i64;
        let mut answer = Vec::new();
        while due < start + Duration::from_secs(seconds) {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            id = (id * 7919 + 12345) % FINISHED;
            let path = path.replace("{}", &(id + 1).to_string());
            let request = if order {
                format!(
                    "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{ORDER}",
                    ORDER.len()
                )
            } else {
                format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
            };
            stream.write_all(request.as_bytes()).unwrap();
            read_answer(&mut stream, &mut answer);
            times.push(due.elapsed());
            due += interval;
        }
        times
    };
    let mut times: Vec<Duration> = thread::scope(|s| {
        let clients: Vec<_> = (0..CLIENTS).map(|n| s.spawn(move || client(n))).collect();
        clients.into_iter().flat_map(|c| c.join().unwrap()).collect()
    });
    times.sort_unstable();
    times[times.len() * 99 / 100].as_secs_f64() * 1e6
}

fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) {
    answer.clear();
    let mut whole = None;
    let mut bytes = [0; 64 * 1024];
    while whole.is_none_or(|w| answer.len() < w) {
        let n = stream.read(&mut bytes).unwrap();
        assert!(n > 0, "closed");
        answer.extend_from_slice(&bytes[..n]);
        if whole.is_none()
            && let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
            assert!(head.starts_with("http/1.1 200"), "{head}");
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap();
            whole = Some(end + 4 + length.parse::<usize>().unwrap());
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn spread(values: &[f64]) -> String {
    let (least, most) = values.iter().fold((f64::MAX, 0_f64), |(l, m), v| (l.min(*v), m.max(*v)));
    format!("{:.0} ({least:.0} to {most:.0})", median(values))
}
