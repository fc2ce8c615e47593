//! Rows that another transaction holds: only the commands that need such a row fail, and nobody waits for one while
//! holding the row of the restaurant. A person who is being erased gets no order. On MySQL and MariaDB; SQLite has no
//! locks of rows.

use std::{
    sync::Barrier,
    thread::{self, ScopedJoinHandle},
};

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::{Database, Response, Restaurant, database, privacy, restaurant::wait_until, till::Till};

/// A transaction that holds the rows of this query until it is dropped.
fn hold(r: &Restaurant, query: &str) -> mysql::Conn {
    let mut conn = r.schema.as_ref().unwrap().connection();
    conn.query_drop("START TRANSACTION").unwrap();
    conn.query_drop(query).unwrap();
    conn
}

/// Transactions that wait for a row of this schema.
fn waiting(r: &Restaurant) -> usize {
    let schema = r.schema.as_ref().unwrap();
    let (_, _, status): (String, String, String) =
        schema.connection().query_first("SHOW ENGINE INNODB STATUS").unwrap().unwrap();
    let table = format!("of table `{}`.", schema.name);
    status.lines().filter(|line| line.contains(&table) && line.trim_end().ends_with(" waiting")).count()
}

fn restaurant() -> Restaurant {
    Restaurant::with_environment(Database::Mysql, &[("POOL_WAIT_MS", "30000")])
}

fn checkout(r: &Restaurant, cliente: i64, produto: i64) -> Response {
    let itens = json!([{"produto": produto, "quantidade": 1}]);
    r.post("/pedidos/checkout", json!({"id_cliente": cliente, "itens": itens}))
}

fn pay(r: &Restaurant, pedido: &Value) -> Response {
    let body = json!({"meio": "dinheiro", "responsavel": "Ana"});
    r.post(&format!("/pedidos/{}/pagamento", pedido["id"]), body)
}

/// Runs 24 requests at once, of which every third needs the row that is held.
#[track_caller]
fn only_those_fail(r: &Restaurant, held: &str, request: impl Fn(usize) -> Response + Sync) {
    let holder = hold(r, held);
    let barrier = Barrier::new(24);
    let status: Vec<(usize, u16)> = thread::scope(|s| {
        let (barrier, request) = (&barrier, &request);
        let ask = |n: usize| {
            s.spawn(move || {
                barrier.wait();
                (n, request(n).status)
            })
        };
        let all: Vec<ScopedJoinHandle<'_, _>> = (0..24).map(ask).collect();
        all.into_iter().map(|t| t.join().unwrap()).collect()
    });
    for (n, status) in status {
        assert_eq!(status, if n % 3 == 0 { 503 } else { 200 }, "{n}: {held}");
    }
    drop(holder);
    assert_eq!(request(0).status, 200, "{held}");
}

#[test]
fn a_held_row_fails_only_the_commands_that_need_it() {
    if !database::mysql_is_available() {
        return;
    }
    let r = restaurant();
    let pedidos: Vec<Value> = (0..24).map(|_| r.checkout(1)).collect();
    let held = pedidos[0]["id"].as_i64().unwrap();
    let order = |n: usize| if n.is_multiple_of(3) { &pedidos[0] } else { &pedidos[n] };
    only_those_fail(&r, "SELECT * FROM clientes WHERE id = 2 FOR UPDATE", |n| {
        checkout(&r, if n.is_multiple_of(3) { 2 } else { 1 }, 1)
    });
    only_those_fail(&r, "SELECT * FROM produtos WHERE id = 2 FOR UPDATE", |n| {
        checkout(&r, 1, if n.is_multiple_of(3) { 2 } else { 1 })
    });
    only_those_fail(&r, "SELECT * FROM clientes WHERE id = 2 FOR UPDATE", |n| {
        r.put("/pedidos", json!({"id": order(n)["id"], "cliente": if n.is_multiple_of(3) { 2 } else { 1 }}))
    });
    only_those_fail(&r, &format!("SELECT * FROM pedidos WHERE id = {held} FOR UPDATE"), |n| {
        r.put("/pedidos", json!({"id": order(n)["id"], "status_pedido": 2}))
    });
    only_those_fail(&r, &format!("SELECT * FROM cobrancas WHERE pedido = {held} FOR UPDATE"), |n| {
        pay(&r, order(n))
    });
}

/// While `request` waits for the row that is held, the row of the restaurant can be had.
#[track_caller]
fn others_go_on(r: &Restaurant, held: &str, request: impl Fn() + Sync) {
    let holder = hold(r, held);
    thread::scope(|s| {
        let waits = s.spawn(&request);
        wait_until("a transaction waits for the row", || waits.is_finished() || waiting(r) > 0);
        let other = hold(r, "SELECT * FROM restaurante WHERE id = 1 FOR UPDATE NOWAIT");
        drop((other, holder));
        waits.join().unwrap();
    });
}

#[test]
fn the_row_of_the_restaurant_is_not_held_while_another_is_waited_for() {
    if !database::mysql_is_available() {
        return;
    }
    let r = restaurant();
    let id = r.checkout(1)["id"].clone();
    others_go_on(&r, "SELECT * FROM clientes WHERE id = 2 FOR UPDATE", || drop(checkout(&r, 2, 1)));
    others_go_on(&r, "SELECT * FROM produtos WHERE id = 2 FOR UPDATE", || drop(checkout(&r, 1, 2)));
    others_go_on(&r, &format!("SELECT * FROM pedidos WHERE id = {id} FOR UPDATE"), || {
        drop(r.put("/pedidos", json!({"id": id, "status_pedido": 2})));
    });
}

/// Such an event belongs to the history of an order that stays as it is.
#[test]
fn an_event_that_changes_no_order_waits_for_it_before_the_restaurant() {
    if !database::mysql_is_available() {
        return;
    }
    let till = Till::new(Database::Mysql);
    let pedido = till.checkout(1);
    till.sql("UPDATE cobrancas SET proxima_em = '2100-01-01 00:00:00'");
    let id = till.cobranca(&pedido).id;
    let body = json!({"action": "order.action_required", "type": "order", "data": {"id": id}});
    let query = format!("?data.id={id}&type=order");
    let held = format!("SELECT * FROM pedidos WHERE id = {} FOR UPDATE", pedido["id"]);
    others_go_on(&till, &held, || drop(till.notify_signed(&id, &query, &body)));
}

/// Erases a person while this request, which names the person, is under way; gives what is answered to it. The erasure
/// holds the customer's row and waits for that of an order when the request comes.
fn during_the_erasure(r: &Restaurant, cpf: &str, request: impl Fn(&Value) -> Response + Sync) -> Response {
    let id = r.post("/clientes", json!({"cpf": cpf, "nome": "Zulmira"})).ok()["id"].clone();
    let with_note =
        privacy::checkout_with_note(r, &id, "para a Zulmira", &format!("the-first-order-of-{cpf}"));
    let holder = hold(r, &format!("SELECT * FROM pedidos WHERE id = {} FOR UPDATE", with_note["id"]));
    let response = thread::scope(|s| {
        let erasure = s.spawn(|| r.delete(&format!("/clientes/{id}")));
        wait_until("the erasure is in flight", || waiting(r) == 1);
        let late = s.spawn(|| {
            loop {
                let response = request(&id);
                // On a slow machine it may have waited for too long.
                if response.status != 503 {
                    return response;
                }
            }
        });
        let schema = &r.schema.as_ref().unwrap().name;
        let reading = format!(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{schema}' \
             AND info LIKE 'SELECT id FROM clientes%'"
        );
        wait_until("the request waits for the erasure", || late.is_finished() || r.count(&reading) == 1);
        drop(holder);
        erasure.join().unwrap().ok();
        late.join().unwrap()
    });
    assert_eq!(r.count("SELECT COUNT(*) FROM itens WHERE descricao LIKE '%Zulmira%'"), 0);
    assert_eq!(r.count(&format!("SELECT COUNT(*) FROM pedidos WHERE cliente = {id}")), 1);
    response
}

#[test]
fn a_person_who_is_being_erased_gets_no_order() {
    if !database::mysql_is_available() {
        return;
    }
    let r = restaurant();
    let ordered = during_the_erasure(&r, "19582630442", |id| {
        let itens = json!([{"produto": 1, "quantidade": 1, "descricao": "para a Zulmira"}]);
        r.post("/pedidos/checkout", json!({"id_cliente": id, "itens": itens}))
    });
    ordered.problem(404, "Cliente não encontrado");
    let other = r.checkout(1);
    let assigned = during_the_erasure(&r, "11144477735", |id| {
        r.put("/pedidos", json!({"id": other["id"], "cliente": id}))
    });
    assigned.problem(404, "Cliente não encontrado");
}
