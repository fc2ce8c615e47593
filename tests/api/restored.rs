//! A backup is put back under a process that runs: what it knew of the lost orders counts for nothing, also where the log
//! has come as far again by other orders.

use serde_json::{Value, json};

use crate::{Database, Response, Restaurant, listening::Listener, on_both_databases, restaurant::wait_until};

on_both_databases!(
    lists_and_their_tags_follow_a_restored_backup,
    a_list_that_goes_on_from_a_restored_backup_is_read_again,
    a_listener_that_comes_back_to_a_restored_backup_begins_anew,
);

/// Parents first.
const TABLES: [&str; 6] = ["pedidos", "itens", "cobrancas", "idempotencia", "eventos", "restaurante"];

/// Runs statements on one connection.
fn run(r: &Restaurant, statements: &[String]) {
    use mysql::prelude::Queryable;
    match &r.schema {
        Some(schema) => {
            let mut conn = schema.connection();
            statements.iter().for_each(|sql| conn.query_drop(sql).unwrap());
        }
        None => r.sql(&format!("{};", statements.join(";\n"))),
    }
}

fn back_up(r: &Restaurant) {
    run(r, &TABLES.map(|table| format!("CREATE TABLE copia_{table} AS SELECT * FROM {table}")));
}

/// Puts all rows back, and so the numbers that the database gives: what is new takes the ids of what was lost.
fn restore(r: &Restaurant) {
    let mut all = vec![if r.schema.is_some() { "START TRANSACTION" } else { "BEGIN IMMEDIATE" }.to_owned()];
    all.extend(TABLES.iter().rev().map(|table| format!("DELETE FROM {table}")));
    all.extend(TABLES.iter().map(|table| format!("INSERT INTO {table} SELECT * FROM copia_{table}")));
    all.push("COMMIT".to_owned());
    let numbered = ["pedidos", "itens", "eventos"];
    all.extend(numbered.iter().map(|table| match r.database {
        Database::Mysql => format!("ALTER TABLE {table} AUTO_INCREMENT = 1"),
        Database::Sqlite => {
            format!("UPDATE sqlite_sequence SET seq = (SELECT MAX(id) FROM {table}) WHERE name = '{table}'")
        }
    }));
    run(r, &all);
}

/// Makes an order and moves it: two events. A clock has gone on since those before, as in any restoration.
fn order(r: &Restaurant, produto: i64, status: i64) -> Value {
    let last = r.count("SELECT COUNT(*) FROM eventos");
    assert!(last > 0);
    let second = ambrosia::clock::now().segundos();
    wait_until("the next second has come", || ambrosia::clock::now().segundos() > second);
    let pedido = r.checkout(produto);
    r.put("/pedidos", json!({"id": pedido["id"], "status_pedido": status})).ok()
}

fn list(r: &Restaurant, seen: Option<&str>) -> Response {
    let seen: Vec<_> = seen.map(|tag| ("If-None-Match", tag)).into_iter().collect();
    r.request("GET", "/pedidos", &seen, None)
}

/// As a process that was started after the restoration shows it.
fn fresh(r: &Restaurant) -> Value {
    r.another_process().request("GET", "/pedidos", &[], None).ok()
}

fn lists_and_their_tags_follow_a_restored_backup(database: Database) {
    let r = Restaurant::new(database);
    back_up(&r);
    let lost = order(&r, 1, 2);
    let seen = list(&r, None);
    let tag = seen.header("etag").unwrap();
    assert_eq!(list(&r, Some(tag)).status, 304);
    restore(&r);
    let new = order(&r, 2, 3);
    assert_eq!(new["id"], lost["id"]);
    let after = list(&r, Some(tag));
    assert_eq!(after.ok(), fresh(&r));
    assert_ne!(after.header("etag"), Some(tag));
    assert_eq!(list(&r, after.header("etag")).status, 304);
    // Another process gives the same tag to the same list.
    let other = r.another_process();
    let known = [("If-None-Match", after.header("etag").unwrap())];
    assert_eq!(other.request("GET", "/pedidos", &known, None).status, 304);
}

fn a_list_that_goes_on_from_a_restored_backup_is_read_again(database: Database) {
    let r = Restaurant::new(database);
    back_up(&r);
    order(&r, 1, 2);
    list(&r, None).ok();
    restore(&r);
    order(&r, 2, 4);
    order(&r, 3, 2);
    assert_eq!(list(&r, None).ok(), fresh(&r));
    // And back to where it is shorter than what is known.
    restore(&r);
    assert_eq!(list(&r, None).ok(), fresh(&r));
}

fn a_listener_that_comes_back_to_a_restored_backup_begins_anew(database: Database) {
    let r = Restaurant::new(database);
    back_up(&r);
    let lost = order(&r, 1, 2);
    let paths = ["/eventos", "/pedidos/ao-vivo?lista=cozinha", &format!("/pedidos/{}/ao-vivo", lost["id"])];
    let last = r.count("SELECT proxima_sequencia - 1 FROM restaurante");
    let mut log = Listener::open(r.url(), &format!("/eventos?desde={}", last - 1), &[]);
    assert_eq!(log.news().data["sequencia"], last);
    let seen = log.last_id;
    let back = |path: &str| Listener::open(r.url(), path, &[("Last-Event-ID", &seen)]);
    for path in paths {
        assert_eq!(back(path).next_named("pulso").name, "pulso", "{path}: it has seen all");
    }
    restore(&r);
    // As far again, by other events.
    let new = order(&r, 2, 3);
    assert_eq!(new["id"], lost["id"]);
    for path in paths {
        assert_eq!(back(path).news().name, "recomeço", "{path}");
    }
}
