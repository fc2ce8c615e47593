//! What a key costs: reads per second with a key where doors are closed, beside the same reads where they are open, in
//! interleaved rounds of one run, 64 clients, on MariaDB and on SQLite, with the log as by default.
//!
//! `cargo bench --bench doors`. Needs `wrk` and `mariadb-server`. `ROUNDS` (5) and `SECONDS` (3) set the duration.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on should stop")]

use std::process::Command;

use support::{
    Server,
    database::{self, Folder, Schema},
    gets, median, number, spread, wrk,
};

#[allow(dead_code, reason = "other benchmarks use more of it")]
mod support;

const ROUTES: [&str; 3] = ["/pedidos/", "/pedidos/{}", "/produtos/"];
/// Orders of the example data.
const ORDERS: i64 = 6;

fn main() {
    let folder = Folder::new();
    let schema = Schema::new(database::server_url());
    for (name, url) in [("MariaDB", schema.url()), ("SQLite", format!("sqlite:{}/r.db", folder.0.display()))]
    {
        compare(&folder, name, &url);
    }
}

fn compare(folder: &Folder, name: &str, url: &str) {
    let (rounds, seconds) = (number("ROUNDS", 5), number("SECONDS", 3));
    let binary = env!("CARGO_BIN_EXE_ambrosia");
    let open = Server::start(binary, &[("DATABASE_URL", url), ("ACCESS", "open")]);
    let closed = Server::start(binary, &[("DATABASE_URL", url), ("ACCESS", "closed")]);
    let made =
        Command::new(binary).args(["chave", "criar", "gerente", "wrk"]).env("DATABASE_URL", url).output();
    let key = String::from_utf8(made.unwrap().stdout).unwrap();
    let header = format!("wrk.headers['Authorization'] = 'Bearer {}'", key.trim());
    println!("{name:<16}{:>28}{:>28}{:>14}", "closed, with a key", "open", "closed / open");
    for path in ROUTES {
        let script = gets(path, ORDERS);
        let (mut with_key, mut without) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let url = |server: &Server| format!("http://{}{}", server.address, path.replace("{}", "1"));
            with_key.push(wrk(folder, &url(&closed), &format!("{header}\n{script}"), seconds));
            without.push(wrk(folder, &url(&open), &script, seconds));
        }
        let ratio = median(&with_key) / median(&without);
        println!("{path:<16}{:>28}{:>28}{:>14}", spread(&with_key), spread(&without), format!("×{ratio:.3}"));
    }
}
