//! A database of the version before (e90412e), with orders in every state and open charges, is brought up to date: nothing
//! of it is lost, its log is numbered, and its orders go on. `upgrade/` holds what that version left behind.

use serde_json::{Value, json};

use crate::{Database, Restaurant, on_both_databases, restaurant::wait_until, standin::Faults, till::Till};

on_both_databases!(
    its_orders_go_on,
    its_log_is_numbered_and_goes_on,
    numbers_that_it_takes_meanwhile_are_passed_over,
);

/// Id, `status_pedido`, `status_pagamento`, `meio_pagamento` and `valor_reembolsado` of the orders in it.
const ORDERS: [(i64, i64, i64, Option<&str>, f64); 11] = [
    (7, 1, 1, None, 0.0),
    (8, 1, 2, Some("qr"), 0.0),
    (9, 2, 2, Some("qr"), 0.0),
    (10, 3, 2, Some("qr"), 0.0),
    (11, 4, 2, Some("qr"), 0.0),
    (12, 3, 1, None, 0.0),
    (13, 1, 2, Some("dinheiro"), 0.0),
    (14, 1, 2, Some("qr"), 1.5),
    (15, 5, 4, Some("qr"), 8.0),
    (16, 5, 3, None, 0.0),
    (17, 1, 1, None, 0.0),
];

fn upgraded(database: Database) -> Till {
    let dump = match database {
        Database::Sqlite => include_str!("upgrade/e90412e.sqlite.sql"),
        Database::Mysql => include_str!("upgrade/e90412e.mysql.sql"),
    };
    Till::over(Faults::default(), &[], |all| Restaurant::on_dump(database, dump, all))
}

fn seen(pedido: &Value) -> (i64, i64, i64, Option<&str>, f64) {
    let number = |field: &str| pedido[field].as_i64().unwrap();
    let refunded = pedido["valor_reembolsado"].as_f64().unwrap();
    (
        number("id"),
        number("status_pedido"),
        number("status_pagamento"),
        pedido["meio_pagamento"].as_str(),
        refunded,
    )
}

fn its_orders_go_on(database: Database) {
    let till = upgraded(database);
    for order in &ORDERS[1..10] {
        assert_eq!(seen(&till.get(&format!("/pedidos/{}", order.0)).ok()), *order);
    }
    let open = till.get("/pedidos").ok();
    let ids: Vec<i64> = open.as_array().unwrap().iter().map(|p| p["id"].as_i64().unwrap()).collect();
    for order in &ORDERS[1..10] {
        assert_eq!(ids.contains(&order.0), order.1 < 4, "{}", order.0);
    }
    // Notes and customers are where they were.
    let noted = till.get("/pedidos/9").ok();
    assert_eq!((&noted["cliente"], &noted["itens"][0]["descricao"]), (&json!(2), &json!("bem passado")));
    // Open charges are looked after at the provider that has them, by the ids of then.
    assert_eq!(till.count("SELECT COUNT(*) FROM cobrancas WHERE provedor <> 'mercado_pago'"), 0);
    let known = |id: i64| {
        let open = till
            .count(&format!("SELECT COUNT(*) FROM cobrancas WHERE pedido = {id} AND id_externo IS NOT NULL"));
        assert_eq!(open, 1, "{id}");
    };
    [7, 12, 17].into_iter().for_each(known);
    till.expire_all();
    wait_until("the provider is asked about all of them", || {
        let calls = till.mp.calls();
        calls.iter().filter(|call| call.contains("/cancel")).count() >= 3
    });
    // An order of then is moved, given back and answered to its key.
    till.put("/pedidos", json!({"id": 9, "status_pedido": 3})).ok();
    let again = till.request(
        "POST",
        "/pedidos/checkout",
        &[("Idempotency-Key", "chave-de-antes-0001")],
        Some(
            &json!({"id_cliente": 1, "itens": [{"produto": 1, "quantidade": 2, "descricao": "sem cebola"}]})
                .to_string(),
        ),
    );
    // The answer of then is given again for a day.
    let fresh = till
        .count("SELECT COUNT(*) FROM idempotencia WHERE chave = 'chave-de-antes-0001' AND pedido = 7")
        == 1;
    assert_eq!(again.ok()["id"] == 7, fresh);
}

fn its_log_is_numbered_and_goes_on(database: Database) {
    let till = upgraded(database);
    let numbered = || {
        let count = till.count("SELECT COUNT(*) FROM eventos");
        assert_eq!(till.count("SELECT COUNT(DISTINCT sequencia) FROM eventos"), count);
        assert_eq!(till.count("SELECT MIN(sequencia) FROM eventos"), 1);
        till.count("SELECT MAX(sequencia) FROM eventos") == count
            && till.count("SELECT proxima_sequencia FROM restaurante") == count + 1
    };
    wait_until("the log is quiet and without gaps", numbered);
    let listed = || {
        let open = till.get("/pedidos").ok();
        open.as_array().unwrap().iter().find(|p| p["id"] == 9).unwrap()["status_pedido"].clone()
    };
    assert_eq!(listed(), 2);
    // As the version before writes it, in the middle of a rolling update.
    let last = till.count("SELECT MAX(id) FROM eventos");
    till.sql("UPDATE pedidos SET status_pedido = 3, datahora_pronto = '2026-11-29 10:00:02', versao = versao + 1 WHERE id = 9");
    till.sql(
        "INSERT INTO eventos (pedido, tipo, de, para, datahora) VALUES (9, 'movimento', 2, 3, '2026-11-29 10:00:00'), \
         (9, 'movimento', 3, 2, '2026-11-29 10:00:01'), (9, 'movimento', 2, 3, '2026-11-29 10:00:02')",
    );
    wait_until("the event of an older process is numbered", || {
        till.count("SELECT COUNT(*) FROM eventos WHERE sequencia IS NULL") == 0
    });
    // In the order in which it wrote them, and lists follow.
    let out_of_order = format!(
        "SELECT COUNT(*) FROM eventos a JOIN eventos b ON b.id > a.id AND b.sequencia < a.sequencia \
         WHERE a.id > {last} AND a.pedido = 9 AND a.ator IS NULL AND b.pedido = 9 AND b.ator IS NULL"
    );
    assert_eq!(till.count(&out_of_order), 0);
    assert_eq!(listed(), 3);
    let pedido = till.checkout(1);
    till.put("/pedidos", json!({"id": pedido["id"], "status_pedido": 2})).ok();
    wait_until("the log is quiet and without gaps", numbered);
    let events = till.get(&format!("/pedidos/{}/eventos", pedido["id"])).ok();
    let moved = events.as_array().unwrap().iter().find(|e| e["tipo"] == "movimento").unwrap();
    assert_eq!((&moved["ator"], &moved["de"], &moved["para"]), (&json!("equipe"), &json!(1), &json!(2)));
    assert!(moved["sequencia"].as_i64().unwrap() > 1);
    // What is older has no actor.
    assert_eq!(till.get("/pedidos/9/eventos").ok()[0]["ator"], Value::Null);
}

/// During a rolling update a process of the version before counts the day's orders for itself.
fn numbers_that_it_takes_meanwhile_are_passed_over(database: Database) {
    let r = Restaurant::new(database);
    let today = ambrosia::clock::now().dia();
    r.sql("UPDATE pedidos SET dia = NULL, senha = NULL");
    r.sql("UPDATE restaurante SET dia = '2020-01-01', proxima_senha = 7");
    let took = |senha: i64, id: i64| {
        r.sql(&format!("UPDATE pedidos SET dia = '{today}', senha = {senha} WHERE id = {id}"));
    };
    took(1, 1);
    assert_eq!(r.checkout(1)["senha"], 502);
    assert_eq!(r.checkout(1)["senha"], 503);
    took(504, 2);
    assert_eq!(r.checkout(1)["senha"], 1005);
    assert_eq!(r.checkout(1)["senha"], 1006);
    let kept_away = format!("SELECT COUNT(*) FROM senhas WHERE dia = '{today}' AND ultima >= 500");
    assert_eq!(r.count(&kept_away), 1);
}
