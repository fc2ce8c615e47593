//! Simulated orders end as real ones do: unpaid when their time is up, and money that comes for a cancelled one goes back.

use serde_json::{Value, json};

use crate::{Database, Restaurant, on_both_databases, restaurant::wait_until};

on_both_databases!(
    an_expired_order_is_cancelled_once,
    an_order_in_preparation_or_without_a_deadline_stays,
    a_payment_after_cancellation_is_refunded_at_once,
    concurrent_payment_and_cancellation_agree,
    a_refused_order_still_shows_its_qr_code,
);

fn aprovar(r: &Restaurant, pedido: &Value) -> Value {
    r.post("/pedidos/status_pagamento", json!({"id": pedido["id_pagamento"], "action": "state_FINISHED"}))
        .ok()
}

fn reload(r: &Restaurant, pedido: &Value) -> Value {
    r.get(&format!("/pedidos/{}", pedido["id"])).ok()
}

fn expire(r: &Restaurant) {
    r.sql(
        "UPDATE pedidos SET datahora_expiracao = '2020-01-01 00:00:00' WHERE datahora_expiracao IS NOT NULL",
    );
}

fn an_expired_order_is_cancelled_once(banco: Database) {
    let r = Restaurant::new(banco);
    let filiais = [r.another_process(), r.another_process()];
    // More than one slice.
    let pedidos: Vec<Value> = (0..60).map(|_| r.checkout(1)).collect();
    assert!(pedidos[0]["datahora_expiracao"].is_string());
    let pago = r.checkout(1);
    aprovar(&r, &pago);
    expire(&r);
    for pedido in &pedidos {
        wait_until("the end", || reload(&r, pedido)["status_pedido"] == 5);
    }
    let vencido = reload(&r, &pedidos[0]);
    assert_eq!((&vencido["status_pagamento"], &vencido["qr_situacao"]), (&json!(3), &Value::Null));
    let por_prazo =
        "SELECT COUNT(*) FROM eventos WHERE tipo = 'cancelamento' AND detalhe = 'não foi pago no prazo'";
    assert_eq!(r.count(por_prazo), 60);
    assert_eq!(reload(&r, &pago)["status_pedido"], 1);
    // Paid after all: it goes back.
    let tarde = aprovar(&r, &pedidos[0]);
    assert_eq!((&tarde["status_pedido"], &tarde["status_pagamento"]), (&json!(5), &json!(4)));
    drop(filiais);
}

fn an_order_in_preparation_or_without_a_deadline_stays(banco: Database) {
    let r = Restaurant::new(banco);
    let (em_preparo, vencido) = (r.checkout(1), r.checkout(1));
    r.put("/pedidos", json!({"id": em_preparo["id"], "status_pedido": 2})).ok();
    let exemplo = r.get("/pedidos/1").ok();
    assert_eq!((&exemplo["status_pagamento"], &exemplo["datahora_expiracao"]), (&json!(1), &Value::Null));
    expire(&r);
    wait_until("the end of the other", || reload(&r, &vencido)["status_pedido"] == 5);
    assert_eq!(reload(&r, &em_preparo)["status_pedido"], 2);
    assert_eq!(r.get("/pedidos/1").ok(), exemplo);
    assert_eq!(aprovar(&r, &em_preparo)["status_pagamento"], 2);
}

fn a_payment_after_cancellation_is_refunded_at_once(banco: Database) {
    let r = Restaurant::new(banco);
    let pedido = r.checkout(1);
    r.delete(&format!("/pedidos/{}", pedido["id"])).ok();
    let volta = aprovar(&r, &pedido);
    assert_eq!((&volta["status_pedido"], &volta["status_pagamento"]), (&json!(5), &json!(4)));
    assert_eq!(volta["valor_reembolsado"], volta["valor_total"]);
    let eventos = r.get(&format!("/pedidos/{}/eventos", pedido["id"])).ok();
    let ultimo = eventos.as_array().unwrap().last().unwrap();
    assert_eq!((&ultimo["de"], &ultimo["para"]), (&json!(2), &json!(4)));
    assert_eq!(ultimo["detalhe"], "pago depois do cancelamento: devolvido");
    // Again is the same.
    assert_eq!(aprovar(&r, &pedido), volta);
}

fn concurrent_payment_and_cancellation_agree(banco: Database) {
    let r = Restaurant::new(banco);
    for n in 0..20 {
        let pedido = r.checkout(1);
        let cancelado = std::thread::scope(|s| {
            let pagando = s.spawn(|| aprovar(&r, &pedido));
            let cancelado = r.delete(&format!("/pedidos/{}", pedido["id"])).status == 200;
            pagando.join().unwrap();
            cancelado
        });
        let visto = reload(&r, &pedido);
        let esperado = if cancelado { (5, 4) } else { (1, 2) };
        let visto = (visto["status_pedido"].as_i64().unwrap(), visto["status_pagamento"].as_i64().unwrap());
        assert_eq!(visto, esperado, "{n}");
    }
}

fn a_refused_order_still_shows_its_qr_code(banco: Database) {
    let r = Restaurant::new(banco);
    let pedido = r.checkout(1);
    let recusado = r
        .post("/pedidos/status_pagamento", json!({"id": pedido["id_pagamento"], "action": "state_CANCELED"}))
        .ok();
    assert_eq!((&recusado["status_pagamento"], &recusado["qr_situacao"]), (&json!(3), &json!("pronto")));
    assert_eq!(r.get(&format!("/pedidos/{}/qrcode.svg", pedido["id"])).status, 200);
    assert_eq!(aprovar(&r, &pedido)["status_pagamento"], 2);
}
