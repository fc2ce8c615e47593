//! Expiry with the simulator: unpaid orders are cancelled at their deadline, and a payment for a cancelled order is
//! refunded.

use serde_json::{Value, json};

use crate::{Database, Restaurant, on_both_databases, restaurant::wait_until};

on_both_databases!(
    an_expired_order_is_cancelled_once,
    an_order_in_preparation_or_without_a_deadline_stays,
    an_order_moved_back_after_its_code_expired_is_cancelled,
    a_payment_after_cancellation_is_refunded_at_once,
    concurrent_payment_and_cancellation_agree,
    a_refused_order_still_shows_its_qr_code,
);

fn approve(r: &Restaurant, pedido: &Value) -> Value {
    r.post("/pedidos/status_pagamento", json!({"id": pedido["id_pagamento"], "action": "state_FINISHED"}))
        .ok()
}

fn reload(r: &Restaurant, pedido: &Value) -> Value {
    r.get(&format!("/pedidos/{}", pedido["id"])).ok()
}

fn an_expired_order_is_cancelled_once(database: Database) {
    let r = Restaurant::new(database);
    let processes = [r.another_process(), r.another_process()];
    // Expiry works in slices; this is more than one.
    let pedidos: Vec<Value> = (0..60).map(|_| r.checkout(1)).collect();
    assert!(pedidos[0]["datahora_expiracao"].is_string());
    let paid = r.checkout(1);
    approve(&r, &paid);
    r.expire_all();
    for pedido in &pedidos {
        wait_until("the order expires", || reload(&r, pedido)["status_pedido"] == 5);
    }
    let expired = reload(&r, &pedidos[0]);
    assert_eq!((&expired["status_pagamento"], &expired["qr_situacao"]), (&json!(3), &Value::Null));
    let expired_events =
        "SELECT COUNT(*) FROM eventos WHERE tipo = 'cancelamento' AND detalhe = 'não foi pago no prazo'";
    assert_eq!(r.count(expired_events), 60);
    assert_eq!(reload(&r, &paid)["status_pedido"], 1);
    // A payment after expiry is refunded.
    let late = approve(&r, &pedidos[0]);
    assert_eq!((&late["status_pedido"], &late["status_pagamento"]), (&json!(5), &json!(4)));
    drop(processes);
}

fn an_order_in_preparation_or_without_a_deadline_stays(database: Database) {
    let r = Restaurant::new(database);
    let (in_preparation, expired) = (r.checkout(1), r.checkout(1));
    r.put("/pedidos", json!({"id": in_preparation["id"], "status_pedido": 2})).ok();
    let example = r.get("/pedidos/1").ok();
    assert_eq!((&example["status_pagamento"], &example["datahora_expiracao"]), (&json!(1), &Value::Null));
    r.expire_all();
    wait_until("the other order expires", || reload(&r, &expired)["status_pedido"] == 5);
    assert_eq!(reload(&r, &in_preparation)["status_pedido"], 2);
    assert_eq!(r.get("/pedidos/1").ok(), example);
    // A person is told, until it is paid.
    wait_until("the unpaid order is listed", || {
        let listed = r.get("/pedidos/pendencias").ok();
        listed.as_array().unwrap().iter().any(|p| p["pedido"] == in_preparation["id"])
    });
    assert_eq!(approve(&r, &in_preparation)["status_pagamento"], 2);
    assert_eq!(r.get("/pedidos/pendencias").ok(), json!([]));
}

fn an_order_moved_back_after_its_code_expired_is_cancelled(database: Database) {
    let r = Restaurant::new(database);
    let (unpaid, delivered, paid) = (r.checkout(1), r.checkout(1), r.checkout(1));
    let to = |pedido: &Value, status: i64| {
        r.put("/pedidos", json!({"id": pedido["id"], "status_pedido": status})).ok();
    };
    for pedido in [&unpaid, &delivered, &paid] {
        to(pedido, 2);
    }
    to(&delivered, 4);
    r.expire_all();
    for pedido in [&unpaid, &delivered, &paid] {
        wait_until("the payment is refused", || reload(&r, pedido)["status_pagamento"] == 3);
    }
    let body = json!({"meio": "dinheiro", "responsavel": "Ana"});
    r.post(&format!("/pedidos/{}/pagamento", paid["id"]), body).ok();
    [3, 2, 1].into_iter().for_each(|status| to(&delivered, status));
    to(&paid, 1);
    to(&unpaid, 1);
    wait_until("the order is cancelled", || reload(&r, &unpaid)["status_pedido"] == 5);
    let events = r.get(&format!("/pedidos/{}/eventos", unpaid["id"])).ok();
    let last = events.as_array().unwrap().last().unwrap();
    assert_eq!((&last["tipo"], &last["detalhe"]), (&json!("cancelamento"), &json!("não foi pago no prazo")));
    // The customer has it, or has paid.
    assert_eq!(reload(&r, &delivered)["status_pedido"], 1);
    assert_eq!(reload(&r, &paid)["status_pedido"], 1);
    let listed = r.get("/pedidos/pendencias").ok();
    let listed: Vec<&Value> = listed.as_array().unwrap().iter().map(|p| &p["pedido"]).collect();
    assert_eq!(listed, [&delivered["id"]]);
}

fn a_payment_after_cancellation_is_refunded_at_once(database: Database) {
    let r = Restaurant::new(database);
    let pedido = r.checkout(1);
    r.delete(&format!("/pedidos/{}", pedido["id"])).ok();
    let refunded = approve(&r, &pedido);
    assert_eq!((&refunded["status_pedido"], &refunded["status_pagamento"]), (&json!(5), &json!(4)));
    assert_eq!(refunded["valor_reembolsado"], refunded["valor_total"]);
    let eventos = r.get(&format!("/pedidos/{}/eventos", pedido["id"])).ok();
    let last = eventos.as_array().unwrap().last().unwrap();
    assert_eq!((&last["de"], &last["para"]), (&json!(2), &json!(4)));
    assert_eq!(last["detalhe"], "pago depois do cancelamento: devolvido");
    // A repeated approval changes nothing.
    assert_eq!(approve(&r, &pedido), refunded);
}

fn concurrent_payment_and_cancellation_agree(database: Database) {
    let r = Restaurant::new(database);
    for n in 0..20 {
        let pedido = r.checkout(1);
        let cancelled = std::thread::scope(|s| {
            let paying = s.spawn(|| approve(&r, &pedido));
            let cancelled = r.delete(&format!("/pedidos/{}", pedido["id"])).status == 200;
            paying.join().unwrap();
            cancelled
        });
        let seen = reload(&r, &pedido);
        let expected = if cancelled { (5, 4) } else { (1, 2) };
        let seen = (seen["status_pedido"].as_i64().unwrap(), seen["status_pagamento"].as_i64().unwrap());
        assert_eq!(seen, expected, "{n}");
    }
}

fn a_refused_order_still_shows_its_qr_code(database: Database) {
    let r = Restaurant::new(database);
    let pedido = r.checkout(1);
    let refused = r
        .post("/pedidos/status_pagamento", json!({"id": pedido["id_pagamento"], "action": "state_CANCELED"}))
        .ok();
    assert_eq!((&refused["status_pagamento"], &refused["qr_situacao"]), (&json!(3), &json!("pronto")));
    assert_eq!(r.get(&format!("/pedidos/{}/qrcode.svg", pedido["id"])).status, 200);
    assert_eq!(approve(&r, &pedido)["status_pagamento"], 2);
}
