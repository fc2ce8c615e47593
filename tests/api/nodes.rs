//! Several servers of one database: which one is used, and what happens to requests while that changes. Two ways to one
//! server stand for two nodes here; real nodes are in `tests/cluster`.

use std::{
    collections::HashSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::{
    Database, Restaurant,
    database::{self, PrivateServer, Schema},
    restaurant::wait_until,
    wire::Wire,
};

/// A restaurant whose server is reached by either of two ways, the first of which may be cut from the start.
fn by_two_ways(is_cut: bool) -> (Wire, Wire, Restaurant) {
    let (user, upstream) = database::server_url().rsplit_once('@').unwrap();
    let (first, second) = (Wire::to(upstream.to_owned()), Wire::to(upstream.to_owned()));
    if is_cut {
        first.cut();
    }
    let schema = Schema::new(database::server_url());
    let url = format!("{user}@127.0.0.1:{},127.0.0.1:{}/{}", first.port, second.port, schema.name);
    let r = Restaurant::on_schema(Database::Mysql, Some(schema), &[("DATABASE_URL", &url)]);
    (first, second, r)
}

#[track_caller]
fn wait_for_server(r: &Restaurant, place: usize) {
    let expected = format!("ok\nbanco: servidor {place} de 2\n");
    wait_until(&expected, || r.get("/readyz").body == expected);
}

/// Whether the figures say that this server is used.
fn is_used(r: &Restaurant, wire: &Wire) -> bool {
    let name = format!("ambrosia_database_used{{node=\"mysql://127.0.0.1:{}/", wire.port);
    let text = r.get("/metrics").body;
    let line = text.lines().find(|line| line.starts_with(&name)).unwrap_or_else(|| panic!("{name}: {text}"));
    line.ends_with(" 1")
}

#[test]
fn where_a_server_is_lost_the_next_is_used_and_the_first_again_when_it_is_back() {
    if !database::mysql_is_available() {
        return;
    }
    let (first, second, r) = by_two_ways(false);
    wait_for_server(&r, 1);
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let body = json!({"itens": [{"produto": 1, "quantidade": 1}]});
                    let response = r.post("/pedidos/checkout", body);
                    if response.status == 200 {
                        acknowledged.lock().unwrap().push(response.ok()["id"].as_i64().unwrap());
                    }
                }
            });
        }
        let more = || {
            let so_far = acknowledged.lock().unwrap().len();
            wait_until("there are more orders", || acknowledged.lock().unwrap().len() > so_far + 20);
        };
        more();
        first.cut();
        wait_for_server(&r, 2);
        more();
        assert!(is_used(&r, &second) && !is_used(&r, &first));
        first.restore();
        wait_for_server(&r, 1);
        more();
        assert!(is_used(&r, &first) && !is_used(&r, &second));
        stop.store(true, Ordering::Relaxed);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    let once: HashSet<i64> = acknowledged.iter().copied().collect();
    assert_eq!(once.len(), acknowledged.len(), "an order was acknowledged twice");
    let mut conn = r.schema.as_ref().unwrap().connection();
    let stored: HashSet<i64> = conn.query("SELECT id FROM pedidos").unwrap().into_iter().collect();
    assert!(once.is_subset(&stored), "an acknowledged order is gone");
    let log = r.log();
    assert!(log.contains(&format!("from now on mysql://127.0.0.1:{}/", second.port)), "{log}");
    assert!(log.contains("takes writes again, and is used from now on"), "{log}");
}

/// It was under way when the server was lost, and it is not known whether it happened.
#[test]
fn a_commit_of_unknown_outcome_is_not_repeated_on_the_next_server() {
    if !database::mysql_is_available() {
        return;
    }
    let (first, _second, r) = by_two_ways(false);
    wait_for_server(&r, 1);
    // What the process writes at its start is behind it.
    wait_until("doors are told of", || r.log().contains("doors are OPEN"));
    let before = r.count("SELECT COUNT(*) FROM pedidos");
    let status = thread::scope(|s| {
        first.freeze_on("COMMIT");
        let body = json!({"itens": [{"produto": 1, "quantidade": 1}]});
        let request = s.spawn(|| r.post("/pedidos/checkout", body).status);
        wait_until("the commit is under way", || first.is_frozen());
        first.cut();
        first.thaw();
        request.join().unwrap()
    });
    assert_eq!(status, 503);
    wait_for_server(&r, 2);
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), before, "it was done again");
    r.checkout(1);
}

#[test]
fn a_server_that_is_away_at_the_start_is_passed_over() {
    if !database::mysql_is_available() {
        return;
    }
    let (_first, _second, r) = by_two_ways(true);
    wait_for_server(&r, 2);
    r.checkout(1);
}

fn set_read_only(server: &PrivateServer, on: bool) {
    let mut conn = mysql::Conn::new(mysql::Opts::from_url(&server.url()).unwrap()).unwrap();
    conn.query_drop(format!("SET GLOBAL read_only = {}", u8::from(on))).unwrap();
}

fn fault(r: &Restaurant) -> Value {
    let response = r.get("/readyz");
    if response.status == 200 { Value::Null } else { response.json()["erros"][0].clone() }
}

/// A primary of before, after a fail-over.
#[test]
fn a_read_only_server_is_not_ready_and_answers_reads_where_there_is_no_other() {
    if !database::mysql_is_available() || !PrivateServer::is_installed() {
        return;
    }
    let (spare, server) = (PrivateServer::start(), PrivateServer::start());
    let mut r = Restaurant::on_schema(Database::Mysql, Some(Schema::new(&server.url())), &[]);
    set_read_only(&server, true);
    let expected = json!({"campo": "banco", "mensagem": "só aceita leitura"});
    wait_until("it is not ready", || fault(&r) == expected);
    assert_eq!(r.get("/produtos").status, 200);
    set_read_only(&server, false);
    wait_until("it is ready", || fault(&r) == Value::Null);

    // The other server is the first of the list, has no such database, and is read-only.
    set_read_only(&spare, true);
    let url = |server: &PrivateServer| server.url().rsplit_once('@').unwrap().1.to_owned();
    let (user, name) = ("mysql://ambrosia:segredo", &r.schema.as_ref().unwrap().name);
    let list = format!("{user}@{},{}/{name}", url(&spare), url(&server));
    let database = format!("CREATE DATABASE {name}");
    let mut admin = mysql::Conn::new(mysql::Opts::from_url(&spare.url()).unwrap()).unwrap();
    admin.query_drop(database).unwrap();
    r.kill();
    r.restart_with("DATABASE_URL", &list);
    wait_for_server(&r, 2);
    r.checkout(1);
}
