//! A delivered order cannot be cancelled, even after a step back in the kitchen; it can be refunded. A cancelled order
//! keeps its customer.

use serde_json::{Value, json};

use crate::{Database, Restaurant, on_both_databases, restaurant::wait_until, till::Till};

on_both_databases!(
    a_delivered_unpaid_order_is_not_cancelled,
    a_step_back_does_not_make_a_delivered_order_cancellable,
    a_delivered_order_paid_by_qr_code_can_be_refunded_in_full,
    a_cancelled_order_keeps_its_customer,
);

const UNPAID_DETAIL: &str =
    "O pedido já foi entregue e não pode mais ser cancelado; receba o pagamento no balcão";

/// The kitchen took it back from Finalizado: whether the customer has it, it does not say.
const UNPAID_MOVED_BACK: &str =
    "O pedido já foi dado como entregue e não pode mais ser cancelado; receba o pagamento no balcão";

fn hand_over(r: &Restaurant, pedido: &Value) {
    r.put("/pedidos", json!({"id": pedido["id"], "status_pedido": 4})).ok();
}

fn a_delivered_unpaid_order_is_not_cancelled(database: Database) {
    let r = Restaurant::new(database);
    let pedido = r.checkout(1);
    let path = format!("/pedidos/{}", pedido["id"]);
    hand_over(&r, &pedido);
    for status in [4, 3, 2, 1] {
        r.put("/pedidos", json!({"id": pedido["id"], "status_pedido": status})).ok();
        let detail = if status == 4 { UNPAID_DETAIL } else { UNPAID_MOVED_BACK };
        assert_eq!(r.delete(&path).problem(409, detail)["codigo"], "pedido_finalizado");
        r.post(&format!("{path}/cancelamento"), json!({"motivo": "x"})).problem(409, detail);
    }
    // Expiry does not cancel it either.
    r.expire_all();
    let other = r.checkout(1);
    r.expire_all();
    wait_until("the other order expires", || {
        r.get(&format!("/pedidos/{}", other["id"])).ok()["status_pedido"] == 5
    });
    assert_eq!(r.get(&path).ok()["status_pedido"], 1);
    let paid = r.post(&format!("{path}/pagamento"), json!({"meio": "dinheiro", "responsavel": "Ana"})).ok();
    assert_eq!(paid["status_pagamento"], 2);
}

fn a_step_back_does_not_make_a_delivered_order_cancellable(database: Database) {
    let r = Restaurant::new(database);
    // Order 4 of the example data is delivered and paid.
    r.put("/pedidos", json!({"id": 4, "status_pedido": 3})).ok();
    let before = r.get("/pedidos/4").ok();
    let detail = "O pedido já foi dado como entregue e não pode mais ser cancelado; o que for devido ao cliente volta no balcão";
    r.post("/pedidos/4/cancelamento", json!({"motivo": "x"})).problem(409, detail);
    r.delete("/pedidos/4").problem(409, detail);
    assert_eq!(r.get("/pedidos/4").ok(), before);
}

fn a_delivered_order_paid_by_qr_code_can_be_refunded_in_full(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    hand_over(&till, &pedido);
    let detail =
        "O pedido já foi entregue e não pode mais ser cancelado; para devolver dinheiro, use o reembolso";
    till.cancel(&pedido, "estava frio").problem(409, detail);
    wait_until("no step of the charge is due", || {
        till.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    let refund = |valor: f64| {
        let etag = format!("\"{}\"", till.reload(&pedido)["versao"]);
        let body = json!({"valor": valor, "motivo": "estava frio"}).to_string();
        till.request(
            "POST",
            &format!("/pedidos/{}/reembolso", pedido["id"]),
            &[("If-Match", &etag)],
            Some(&body),
        )
    };
    let nothing = "O valor a devolver deve ser maior que zero, com no máximo duas casas decimais";
    assert_eq!(refund(0.0).problem(422, nothing)["erros"][0]["campo"], "valor");
    refund(0.001).problem(422, nothing);
    refund(100_000.0).problem(409, "O reembolso não pode ser maior que R$ 18,90, que é o que resta");
    // Two partial refunds: the second is limited to the rest.
    refund(8.9).ok();
    wait_until("the first part is refunded", || till.cobranca(&pedido).refunded == 890);
    refund(10.01).problem(409, "O reembolso não pode ser maior que R$ 10,00, que é o que resta");
    refund(10.0).ok();
    let last = till.wait_for_pagamento(&pedido, 4);
    assert_eq!((&last["status_pedido"], &last["valor_reembolsado"]), (&json!(4), &last["valor_total"]));
    assert_eq!(till.cobranca(&pedido).status, "refunded");
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
    refund(1.0).problem(409, "O pagamento deste pedido já foi todo devolvido");
    let detail = "O pedido já foi entregue e não pode mais ser cancelado; o dinheiro já voltou ao cliente";
    till.cancel(&pedido, "estava frio").problem(409, detail);
}

fn a_cancelled_order_keeps_its_customer(database: Database) {
    let r = Restaurant::new(database);
    let before = r.get("/pedidos/6").ok();
    assert_eq!((&before["status_pedido"], &before["cliente"]), (&json!(5), &json!(2)));
    let detail =
        "O pedido está cancelado e não pode mais mudar de cliente; faça um pedido novo para o cliente certo";
    for cliente in [json!(1), Value::Null] {
        r.put("/pedidos", json!({"id": 6, "cliente": cliente})).problem(409, detail);
    }
    assert_eq!(r.put("/pedidos", json!({"id": 6, "cliente": 2})).ok(), before);
}
