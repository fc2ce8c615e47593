//! This version of Ambrosia beside another binary of it, in interleaved rounds of one run, on MariaDB (which flushes every
//! commit) and on SQLite: reads, checkouts, counter payments and kitchen moves per second with 64 clients, and the tail
//! latency of the kitchen list beside 300 writes a second. Each version has databases of its own, with the example data.
//!
//! `BEFORE=/path/to/ambrosia cargo bench --bench versions` starts a private MariaDB;
//! `TEST_DATABASE_URL=mysql://user:password@host:port` takes another server. `mariadb` or `sqlite` after `--` selects a
//! database. Needs `wrk` and `mariadb-server`. `ROUNDS` (5, better odd) and `SECONDS` (3) set the duration, `LOG` (warn) the
//! `LOG_LEVEL` of both versions. The files are in `TMPDIR`, which should be on a disk.
//!
//! `wrk` sends reads and checkouts. Payments and moves have clients here: there is a last order to pay, where `wrk` could
//! not stop, and an order is moved by one client only, so that no two requests for it are under way.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on should stop")]

use std::{
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use mysql::prelude::Queryable;
use support::{
    CLIENTS, Client, ORDER, Pace, Server,
    database::{self, Database, Folder, Schema},
    get, json, median, number, request, spread,
};

#[allow(dead_code, reason = "other benchmarks use more of it")]
mod support;

/// Orders that are open, beside those of the example data, while the list is read.
const OPEN: usize = 50;
/// Orders that are moved in a round, at most.
const MOVED: usize = 320;
const READS: [&str; 4] = ["/pedidos/", "/produtos/", "/pedidos/{}/status_pagamento", "/pedidos/{}"];
/// Clients and requests per second, of all of them together.
const READERS: (usize, f64) = (16, 400.0);
/// Each has an order at a time and 20 writes a second: four orders from the checkout to the customer, and none is left over.
const WRITERS: (usize, f64) = (15, 300.0);

/// The orders that are to be paid, and those that are to be moved: paid, and not begun.
const UNPAID: &str = "status_pagamento = 1 AND status_pedido = 1";
const PAID: &str = "status_pagamento = 2 AND status_pedido = 1";

/// How often, how long, and of what: now, and before.
struct Run {
    folder: Folder,
    versions: [(&'static str, String); 2],
    log: String,
    rounds: usize,
    seconds: u64,
}

/// A version at work. The server ends before its database is removed.
struct Side {
    server: Server,
    data: Data,
}

enum Data {
    Mysql(Schema),
    /// The path of the file.
    Sqlite(String),
}

fn main() {
    let before = std::env::var("BEFORE").expect("BEFORE=/path/to/ambrosia names the binary to compare with");
    let run = Run {
        folder: Folder::new(),
        versions: [("now", env!("CARGO_BIN_EXE_ambrosia").to_owned()), ("before", before)],
        log: std::env::var("LOG").unwrap_or_else(|_| "warn".to_owned()),
        rounds: number("ROUNDS", 5) as usize,
        seconds: number("SECONDS", 3),
    };
    let word = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_default();
    println!("before: {}; LOG_LEVEL={}", run.versions[1].1, run.log);
    println!(
        "{} interleaved rounds of {} s, {CLIENTS} clients; medians (least to most)",
        run.rounds, run.seconds
    );
    for (name, database) in [("MariaDB", Database::Mysql), ("SQLite", Database::Sqlite)] {
        if name.to_lowercase().contains(&word.to_lowercase()) {
            let available = database == Database::Sqlite || database::mysql_is_available();
            assert!(available, "install mariadb-server or set TEST_DATABASE_URL");
            println!("\n{name:<44}{:>28}{:>28}{:>14}", "now", "before", "now / before");
            run.compare(database);
        }
    }
}

impl Run {
    /// Reads use databases that change little; orders go to others, which grow.
    fn compare(&self, database: Database) {
        let pair = self.start(database, "reads");
        let last = pair.each_ref().map(open_orders);
        assert_eq!(last[0], last[1], "the ids of the versions differ");
        let lists =
            pair.each_ref().map(|side| get(&side.server.address, "/pedidos/").as_array().unwrap().len());
        assert_eq!(lists[0], lists[1], "the lists of the versions differ");
        println!("requests a second, {} orders in the list", lists[0]);
        for path in READS {
            self.rows(&pair, [&format!("GET {}", path.replace("{}", "{id}"))], |side| {
                [self.wrk(side, path, &support::gets(path, last[0]))]
            });
        }
        println!("p99 in microseconds, open-loop, from when the request was due");
        let names = ["GET /pedidos/, 400 a second", "  the 300 writes a second beside it"];
        self.rows(&pair, names, |side| self.tails(side));
        drop(pair);
        println!("requests a second, into a database that grows");
        self.writes(database);
    }

    fn writes(&self, database: Database) {
        let pair = self.start(database, "writes");
        let names = [
            "POST /pedidos/checkout/",
            "POST /pedidos/{id}/pagamento, an order each",
            "PUT /pedidos/, moves",
        ];
        self.rows(&pair, names, |side| {
            let path = "/pedidos/checkout/";
            [self.wrk(side, path, &support::checkouts()), self.payments(side), self.moves(side)]
        });
    }

    /// Both versions on fresh databases, with settings that stop no order: neither for being one of many unpaid ones,
    /// nor for not being paid while this takes.
    fn start(&self, database: Database, name: &str) -> [Side; 2] {
        self.versions.each_ref().map(|(version, binary)| {
            let data = match database {
                Database::Mysql => Data::Mysql(Schema::new(database::server_url())),
                Database::Sqlite => Data::Sqlite(format!("{}/{name}-{version}.db", self.folder.0.display())),
            };
            let settings = [
                ("DATABASE_URL", &*data.url()),
                ("LOG_LEVEL", &self.log),
                ("MAX_UNPAID_ORDERS", "1000000"),
                ("QR_SECONDS", "86400"),
            ];
            Side { server: Server::start(binary, &settings), data }
        })
    }

    /// Measures in rounds, in which the versions take turns to be first; prints a row for each of the measures.
    fn rows<const N: usize>(&self, pair: &[Side; 2], names: [&str; N], measure: impl Fn(&Side) -> [f64; N]) {
        let mut values = [(); N].map(|()| [vec![], vec![]]);
        for round in 0..self.rounds {
            for version in [round % 2, (round + 1) % 2] {
                for (values, value) in values.iter_mut().zip(measure(&pair[version])) {
                    values[version].push(value);
                }
            }
        }
        for (name, [now, before]) in names.iter().zip(&values) {
            let ratio = format!("×{:.2}", median(now) / median(before));
            println!("{name:<44}{:>28}{:>28}{ratio:>14}", spread(now), spread(before));
        }
    }

    fn wrk(&self, side: &Side, path: &str, script: &str) -> f64 {
        support::wrk(&self.folder, &format!("http://{}{path}", side.server.address), script, self.seconds)
    }

    /// Payments at the counter per second, each of another order, until all are paid or the time is over.
    fn payments(&self, side: &Side) -> f64 {
        let ids = Mutex::new(side.data.ids(UNPAID).into_iter());
        let next = || ids.lock().unwrap().next().map(payment);
        closed_loop(&side.server.address, self.seconds, |_| std::iter::from_fn(next))
    }

    /// Moves per second: each client has orders of its own, and moves them all to 2, all to 3, and again.
    fn moves(&self, side: &Side) -> f64 {
        let mut ids = side.data.ids(PAID);
        ids.truncate(MOVED);
        assert!(ids.len() >= CLIENTS, "{} paid orders are too few to move: set SECONDS", ids.len());
        closed_loop(&side.server.address, self.seconds, |n| {
            let own: Vec<i64> = ids.iter().skip(n).step_by(CLIENTS).copied().collect();
            [2, 3]
                .into_iter()
                .cycle()
                .flat_map(move |to| own.clone().into_iter().map(move |id| a_move(id, to)))
        })
    }

    /// Of the list, and of the writes beside it.
    fn tails(&self, side: &Side) -> [f64; 2] {
        let address = &side.server.address;
        let pace = |(clients, rate): (usize, f64)| Pace { clients, rate, seconds: self.seconds };
        thread::scope(|s| {
            let writes = s.spawn(|| support::open_loop(address, pace(WRITERS), |_| life_cycle()));
            let list = |_: &[u8]| request("GET", "/pedidos/", "");
            let reads = support::open_loop(address, pace(READERS), |_| list);
            [reads, writes.join().unwrap()].map(support::p99)
        })
    }
}

impl Data {
    fn url(&self) -> String {
        match self {
            Data::Mysql(schema) => schema.url(),
            Data::Sqlite(path) => format!("sqlite:{path}"),
        }
    }

    /// Of the orders that are so, oldest first. SQL, because the list of thousands of orders has pages.
    fn ids(&self, condition: &str) -> Vec<i64> {
        let sql = format!("SELECT id FROM pedidos WHERE {condition} ORDER BY id");
        match self {
            Data::Mysql(schema) => schema.connection().query(sql).unwrap(),
            Data::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                let mut statement = connection.prepare(&sql).unwrap();
                let ids = statement.query_map([], |row| row.get(0)).unwrap();
                ids.map(Result::unwrap).collect()
            }
        }
    }
}

/// Checks orders out one after another: the highest id.
fn open_orders(side: &Side) -> i64 {
    let mut client = Client::connect(&side.server.address);
    (0..OPEN).for_each(|_| client.ask(&checkout()));
    id_of(&client.answer)
}

fn checkout() -> String {
    request("POST", "/pedidos/checkout/", ORDER)
}

fn payment(id: i64) -> String {
    let body = r#"{"meio":"dinheiro","responsavel":"Ana"}"#;
    request("POST", &format!("/pedidos/{id}/pagamento"), body)
}

fn a_move(id: i64, to: i64) -> String {
    request("PUT", "/pedidos/", &format!(r#"{{"id":{id},"status_pedido":{to}}}"#))
}

fn id_of(answer: &[u8]) -> i64 {
    json(answer)["id"].as_i64().unwrap()
}

/// What a writer sends: a checkout, the payment of that order, its moves to 2, 3 and 4; then the next order.
fn life_cycle() -> impl FnMut(&[u8]) -> String {
    let mut steps = (0..5).cycle();
    move |answer| match steps.next().unwrap() {
        0 => checkout(),
        1 => payment(id_of(answer)),
        to => a_move(id_of(answer), to),
    }
}

/// Answers per second of 64 clients that each send the next of their requests when they have an answer, until they have
/// no more or the time is over.
fn closed_loop<R>(address: &str, seconds: u64, requests: impl Fn(usize) -> R + Sync) -> f64
where
    R: Iterator<Item = String>,
{
    let clients: Vec<Client> = (0..CLIENTS).map(|_| Client::connect(address)).collect();
    let start = Instant::now();
    let run = |n: usize, mut client: Client| {
        let in_time = |_: &String| start.elapsed() < Duration::from_secs(seconds);
        requests(n).take_while(in_time).map(|request| client.ask(&request)).count()
    };
    let answers: usize = thread::scope(|s| {
        let run = &run;
        let clients: Vec<_> =
            clients.into_iter().enumerate().map(|(n, client)| s.spawn(move || run(n, client))).collect();
        clients.into_iter().map(|c| c.join().unwrap()).sum()
    });
    answers as f64 / start.elapsed().as_secs_f64()
}
