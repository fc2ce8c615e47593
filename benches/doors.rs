//! What a key costs: reads per second with a key where doors are closed, beside the same reads where they are open, with a header
//! of the same size that says nothing (what it takes to send and to read those bytes is no cost of keys) and without it, in
//! interleaved rounds of one run, 64 clients, on MariaDB and on SQLite, with the log as by default. And what a login tells by its
//! time: with a number that is nobody's beside a wrong PIN of somebody, in turns, one at a time.
//!
//! `cargo bench --bench doors`. Needs `wrk` and `mariadb-server`. `ROUNDS` (5) and `SECONDS` (3) set the duration, `TERMINALS` (32)
//! how many logins there are, four of each kind on a terminal.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on should stop")]

use std::{process::Command, time::Instant};

use serde_json::{Value, json};

use support::{
    Server,
    database::{self, Folder, Schema},
    gets, median, number, spread, wrk,
};

#[allow(dead_code, reason = "other benchmarks use more of it")]
mod support;

const ROUTES: [&str; 3] = ["/pedidos/", "/pedidos/{}", "/produtos/"];
/// Wrong PINs of one person on one terminal: one fewer than make the next wait.
const TRIES: usize = 4;
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
    let sends = |name: &str| format!("wrk.headers['{name}'] = 'Bearer {}'\n", key.trim());
    let (with_key, with_header) = (sends("Authorization"), sends("X-Same-Length"));
    println!(
        "{name:<16}{:>28}{:>28}{:>28}{:>20}{:>20}",
        "closed, with a key", "open, same header", "open", "key / same header", "key / open"
    );
    for path in ROUTES {
        let script = gets(path, ORDERS);
        let url = |server: &Server| format!("http://{}{}", server.address, path.replace("{}", "1"));
        let cases = [(&closed, with_key.as_str()), (&open, with_header.as_str()), (&open, "")];
        // Requests a second, and what of the processor a request takes: that depends less on what else the machine does.
        let (mut rates, mut costs) = (<[Vec<f64>; 3]>::default(), <[Vec<f64>; 3]>::default());
        for _ in 0..rounds {
            for (case, (server, header)) in cases.iter().enumerate() {
                let before = server.ticks();
                let rate = wrk(folder, &url(server), &format!("{header}{script}"), seconds);
                costs[case].push((server.ticks() - before) / rate);
                rates[case].push(rate);
            }
        }
        let ratios = |to: usize| {
            let ratio = |of: &[Vec<f64>; 3]| median(&of[0]) / median(&of[to]);
            format!("×{:.3} cpu ×{:.3}", ratio(&rates), ratio(&costs))
        };
        let [with_key, with_header, without] = rates.each_ref().map(|rates| spread(rates));
        println!("{path:<16}{with_key:>28}{with_header:>28}{without:>28}{:>20}{:>20}", ratios(1), ratios(2));
    }
    drop((open, closed));
    compare_logins(url, key.trim());
}

fn compare_logins(url: &str, key: &str) {
    // Each terminal has an address of its own: only so many codes of one are looked at in a minute.
    let settings = [("DATABASE_URL", url), ("TRUSTED_PROXIES", "127.0.0.1")];
    let server = Server::start(env!("CARGO_BIN_EXE_ambrosia"), &settings);
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let post = |path: &str, headers: &[(&str, &str)], body: Value| {
        let mut request = agent.post(format!("http://{}{path}", server.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send_json(body).unwrap();
        (response.status().as_u16(), response.body_mut().read_json::<Value>().unwrap())
    };
    let bearer = format!("Bearer {key}");
    let manager = [("Authorization", bearer.as_str())];
    let (_, person) =
        post("/funcionarios", &manager, json!({"nome": "Ana", "papel": "balcao", "pin": "2684"}));
    let (mut unknown, mut wrong) = (Vec::new(), Vec::new());
    for terminal in 0..number("TERMINALS", 32) {
        let (_, made) = post("/terminais", &manager, json!({"nome": "Caixa", "papel": "balcao"}));
        let address = format!("10.0.{}.{}", terminal / 256, terminal % 256);
        let from = [("X-Forwarded-For", address.as_str())];
        let (_, enrolled) = post("/terminais/inscricao", &from, json!({"codigo": made["codigo"]}));
        let device = [("X-Terminal", enrolled["token"].as_str().unwrap())];
        for _ in 0..TRIES {
            let mut both = [(json!(999_999), &mut unknown), (person["id"].clone(), &mut wrong)];
            // Neither is always the first, on a terminal that has just been enrolled.
            both.rotate_left(usize::from(terminal % 2 == 1));
            for (id, times) in both {
                let begun = Instant::now();
                let (status, _) = post("/sessoes", &device, json!({"funcionario": id, "pin": "2685"}));
                times.push(begun.elapsed().as_secs_f64());
                assert_eq!(status, 401);
            }
        }
    }
    let ratio = median(&unknown) / median(&wrong);
    println!("login, unknown person / wrong PIN: ×{ratio:.3} of {} each", unknown.len());
}
