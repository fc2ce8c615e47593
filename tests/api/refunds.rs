//! Cancellations, refunds, expiry and counter payments of orders with a charge: the customer gets back exactly what is due,
//! and no payment counts twice.

use serde_json::{Value, json};

use crate::{Database, Restaurant, on_both_databases, restaurant::wait_until, standin::Faults, till::Till};

on_both_databases!(
    cancelling_an_unpaid_order_cancels_its_charge,
    deleting_an_order_cancels_its_charge,
    cancelling_a_paid_order_refunds_it,
    a_refund_whose_response_is_lost_is_completed,
    a_refused_refund_becomes_a_pendencia,
    a_refund_made_by_hand_is_not_repeated,
    a_delivered_order_is_not_cancelled,
    expiry_cancels_order_and_charge,
    expiry_in_preparation_becomes_a_pendencia,
    an_expired_code_is_told_by_how_far_the_order_is,
    an_expiry_at_the_provider_cancels_the_order,
    a_late_payment_is_refunded,
    a_payment_during_cancellation_is_refunded,
    a_refund_made_at_the_provider_is_recorded,
    a_cancellation_made_at_the_provider_cancels_the_order,
    a_counter_payment_cancels_the_charge,
    a_double_payment_refunds_the_charge,
    counter_payment_and_refund_with_the_simulator,
    a_partial_refund_is_made_once,
    a_second_partial_refund_may_follow_the_first,
    a_briefly_locked_charge_recovers_silently,
    cancelling_an_expired_order_clears_its_pendencia,
    invalid_bodies_name_their_fields,
);

fn cancelling_an_unpaid_order_cancels_its_charge(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    let cancelled = till.cancel(&pedido, "o cliente desistiu").ok();
    assert_eq!(cancelled["status_pedido"], 5);
    assert_eq!(till.cobranca(&pedido).status, "canceled");
    assert_eq!(cancelled["status_pagamento"], 3);
    assert!(till.history(&pedido).contains(&("cancelamento".into(), "o cliente desistiu".into())));
    // A repeated cancellation changes nothing.
    assert_eq!(till.cancel(&pedido, "de novo").ok()["status_pedido"], 5);
    assert_eq!(till.cobranca(&pedido).version, 2, "the charge was not cancelled exactly once");
}

fn deleting_an_order_cancels_its_charge(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    assert_eq!(till.delete(&format!("/pedidos/{}", pedido["id"])).ok(), true);
    till.wait_for_cobranca(&pedido, "canceled");
}

fn cancelling_a_paid_order_refunds_it(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    till.delete(&format!("/pedidos/{}", pedido["id"]))
        .problem(409, "Pedido já pago: para cancelar é preciso reembolsar o cliente");
    let cancelled = till.cancel(&pedido, "acabou o pão").ok();
    assert_eq!((&cancelled["status_pedido"], &cancelled["status_pagamento"]), (&json!(5), &json!(4)));
    let cobranca = till.cobranca(&pedido);
    assert_eq!((cobranca.status, cobranca.refunded), ("refunded", cobranca.centavos));
    till.cancel(&pedido, "acabou o pão").ok();
    assert_eq!(till.cobranca(&pedido).version, 3, "the charge was not paid and refunded exactly once");
    assert_eq!(cancelled["valor_reembolsado"], cancelled["valor_total"]);
}

fn a_refund_whose_response_is_lost_is_completed(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    // The provider makes the refund, and its response is lost.
    till.mp.faults(|f| *f = Faults { cut_after: 1000, lost: 1000, ..Faults::default() });
    let cancelled = till.cancel(&pedido, "acabou o pão").ok();
    assert_eq!((&cancelled["status_pedido"], &cancelled["status_pagamento"]), (&json!(5), &json!(2)));
    assert!(till.get("/pedidos").ok().as_array().unwrap().iter().all(|p| p["id"] != pedido["id"]));
    till.mp.faults(|f| f.cut_after = 0);
    till.wait_for_pagamento(&pedido, 4);
    let cobranca = till.cobranca(&pedido);
    assert_eq!(cobranca.refunded, cobranca.centavos);
}

fn a_refused_refund_becomes_a_pendencia(database: Database) {
    let till = Till::with_faults(
        database,
        Faults { refuse_refunds: Some("in_store_payment_refund_order"), ..Faults::default() },
        &[],
    );
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    till.cancel(&pedido, "acabou o pão").ok();
    let pendencia = till.wait_for_pendencia(&pedido);
    assert_eq!(pendencia, "O Mercado Pago ainda não fez o reembolso (erro 400) e vai ser perguntado de novo");
    assert_eq!(till.reload(&pedido)["status_pagamento"], 2);
    till.mp.faults(|f| f.refuse_refunds = None);
    till.wait_for_pagamento(&pedido, 4);
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
}

fn a_refund_made_by_hand_is_not_repeated(database: Database) {
    let faults = Faults { refuse_refunds: Some("in_store_payment_refund_order"), ..Faults::default() };
    let till = Till::with_faults(database, faults, &[]);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    till.cancel(&pedido, "acabou o pão").ok();
    till.wait_for_pendencia(&pedido);
    let path = format!("/pedidos/{}/pendencia", pedido["id"]);
    // It cannot be resolved by hand while a call to the provider is running.
    wait_until("the pendencia can be resolved", || till.delete(&path).status == 200);
    let resolved = till.reload(&pedido);
    assert_eq!(resolved["status_pagamento"], 4);
    assert_eq!(resolved["valor_reembolsado"], resolved["valor_total"]);
    // The provider would accept a refund now, and a notification triggers a lookup.
    till.mp.faults(|f| f.refuse_refunds = None);
    let id = till.cobranca(&pedido).id;
    till.notify_signed(&id, &format!("?data.id={id}&type=order"), &json!({})).ok();
    wait_until("the charge is looked up", || {
        till.history(&pedido).last().unwrap().1.starts_with("consultar:")
    });
    assert_eq!(till.cobranca(&pedido).status, "processed");
    // A repeated cancellation makes no refund either.
    till.cancel(&pedido, "de novo").ok();
    assert_eq!(till.cobranca(&pedido).status, "processed");
}

fn a_delivered_order_is_not_cancelled(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    till.put("/pedidos", json!({"id": pedido["id"], "status_pedido": 4})).ok();
    let detail =
        "O pedido já foi entregue e não pode mais ser cancelado; para devolver dinheiro, use o reembolso";
    till.cancel(&pedido, "tarde").problem(409, detail);
    assert_eq!(till.cobranca(&pedido).status, "processed");
}

fn expiry_cancels_order_and_charge(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.expire(&pedido);
    till.wait_for_cobranca(&pedido, "canceled");
    let expired = till.wait_for_pagamento(&pedido, 3);
    assert_eq!((&expired["status_pedido"], &expired["qr_situacao"]), (&json!(5), &Value::Null));
    // An order without a charge at the provider expires the same way.
    till.mp.faults(|f| f.down = true);
    let pedido = till.checkout(1);
    till.expire(&pedido);
    till.mp.faults(|f| f.down = false);
    assert_eq!(till.wait_for_pagamento(&pedido, 3)["status_pedido"], 5);
    assert!(till.mp.of_reference(pedido["id_pagamento"].as_str().unwrap()).is_none());
}

fn an_expired_code_is_told_by_how_far_the_order_is(database: Database) {
    let till = Till::new(database);
    for (status, detail) in [
        (3, "O QR code expirou sem pagamento e o pedido já está pronto: cobre no balcão"),
        (4, "O QR code expirou sem pagamento e o pedido já foi entregue: cobre no balcão"),
    ] {
        let other = till.checkout(1);
        till.put("/pedidos", json!({"id": other["id"], "status_pedido": status})).ok();
        till.expire(&other);
        assert_eq!(till.wait_for_pendencia(&other), detail);
    }
    // What was not begun after all ends.
    let slip = till.checkout(1);
    till.put("/pedidos", json!({"id": slip["id"], "status_pedido": 2})).ok();
    till.expire(&slip);
    till.wait_for_pagamento(&slip, 3);
    till.put("/pedidos", json!({"id": slip["id"], "status_pedido": 1})).ok();
    wait_until("the order is cancelled", || till.reload(&slip)["status_pedido"] == 5);
}

fn expiry_in_preparation_becomes_a_pendencia(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.put("/pedidos", json!({"id": pedido["id"], "status_pedido": 2})).ok();
    till.expire(&pedido);
    let pendencia = till.wait_for_pendencia(&pedido);
    assert_eq!(pendencia, "O QR code expirou sem pagamento e o pedido já está em preparo: cobre no balcão");
    let expired = till.reload(&pedido);
    assert_eq!((&expired["status_pedido"], &expired["status_pagamento"]), (&json!(2), &json!(3)));
    till.get(&format!("/pedidos/{}/qrcode.svg", pedido["id"]))
        .problem(409, "O QR code não vale mais; o pagamento é no balcão");
    // A counter payment clears the pendencia.
    let paid = till.pay_at_counter(&pedido, "dinheiro").ok();
    assert_eq!((&paid["status_pagamento"], &paid["meio_pagamento"]), (&json!(2), &json!("dinheiro")));
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
}

fn an_expiry_at_the_provider_cancels_the_order(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    assert!(till.mp.end(&till.cobranca(&pedido).id, "expired"));
    assert_eq!(till.wait_for_pagamento(&pedido, 3)["status_pedido"], 5);
}

fn a_late_payment_is_refunded(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.cancel(&pedido, "o cliente sumiu").ok();
    till.wait_for_cobranca(&pedido, "canceled");
    // The provider's documentation excludes a payment after cancellation; it is refunded anyway.
    assert!(till.mp.pay_late(&till.cobranca(&pedido).id));
    till.wait_for_cobranca(&pedido, "refunded");
    assert_eq!(till.wait_for_pagamento(&pedido, 4)["status_pedido"], 5);
    let tipos: Vec<_> = till.history(&pedido).into_iter().filter(|(t, _)| t == "pagamento").collect();
    assert_eq!(tipos.len(), 3, "expected refused, approved, refunded: {tipos:?}");
}

fn a_payment_during_cancellation_is_refunded(database: Database) {
    let till = Till::with_faults(database, Faults { pay_on_cancel: true, ..Faults::default() }, &[]);
    let pedido = till.checkout(1);
    till.cancel(&pedido, "o cliente desistiu").ok();
    assert_eq!(till.wait_for_pagamento(&pedido, 4)["status_pedido"], 5);
    assert_eq!(till.cobranca(&pedido).status, "refunded");
    // On expiry the payment comes before the order is cancelled, so the order stays.
    let pedido = till.checkout(1);
    till.expire(&pedido);
    let paid = till.wait_for_pagamento(&pedido, 2);
    assert_eq!((&paid["status_pedido"], till.cobranca(&pedido).status), (&json!(1), "processed"));
}

fn a_refund_made_at_the_provider_is_recorded(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    assert!(till.mp.end(&till.cobranca(&pedido).id, "refunded"));
    assert_eq!(till.wait_for_pagamento(&pedido, 4)["status_pedido"], 1);
}

fn a_cancellation_made_at_the_provider_cancels_the_order(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    assert!(till.mp.end(&till.cobranca(&pedido).id, "canceled"));
    assert_eq!(till.wait_for_pagamento(&pedido, 3)["status_pedido"], 5);
}

fn a_counter_payment_cancels_the_charge(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    let paid = till.pay_at_counter(&pedido, "maquininha").ok();
    assert_eq!((&paid["status_pagamento"], &paid["meio_pagamento"]), (&json!(2), &json!("maquininha")));
    till.wait_for_cobranca(&pedido, "canceled");
    wait_until("no step of a charge is due", || {
        till.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    let after = till.reload(&pedido);
    assert_eq!((&after["status_pagamento"], &after["status_pedido"]), (&json!(2), &json!(1)));
    let evento = ("pagamento".to_owned(), "maquininha, recebido por Ana".to_owned());
    assert!(till.history(&pedido).contains(&evento));
    // The same payment repeated is accepted; another means of payment is refused.
    assert_eq!(till.pay_at_counter(&pedido, "maquininha").status, 200);
    till.pay_at_counter(&pedido, "dinheiro").problem(409, "O pedido já foi pago");
}

fn a_double_payment_refunds_the_charge(database: Database) {
    let till = Till::with_faults(
        database,
        Faults { lost: 1000, ..Faults::default() },
        &[("MERCADO_PAGO_POLL_SECONDS", "3600")],
    );
    let pedido = till.checkout(1);
    till.pay(&pedido);
    // The charge is paid unnoticed, and the counter takes cash.
    till.pay_at_counter(&pedido, "dinheiro").ok();
    till.wait_for_cobranca(&pedido, "refunded");
    wait_until("no step of a charge is due", || {
        till.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    let after = till.reload(&pedido);
    assert_eq!((&after["status_pagamento"], &after["meio_pagamento"]), (&json!(2), &json!("dinheiro")));
}

fn counter_payment_and_refund_with_the_simulator(database: Database) {
    let r = Restaurant::new(database);
    let pedido = r.checkout(1);
    let path = format!("/pedidos/{}", pedido["id"]);
    let pay = |meio: &str| r.post(&format!("{path}/pagamento"), json!({"meio": meio, "responsavel": "Zé"}));
    assert_eq!(pay("dinheiro").ok()["status_pagamento"], 2);
    let cancelled = r.post(&format!("{path}/cancelamento"), json!({"motivo": "acabou o pão"})).ok();
    assert_eq!((&cancelled["status_pedido"], &cancelled["status_pagamento"]), (&json!(5), &json!(4)));
    pay("dinheiro").problem(409, "O pedido está cancelado; não há o que pagar");
    let eventos = r.get(&format!("{path}/eventos")).ok();
    let last = eventos.as_array().unwrap().last().unwrap();
    assert_eq!(last["detalhe"], "dinheiro: devolvido no balcão");
    r.post("/pedidos/999/pagamento", json!({"meio": "dinheiro", "responsavel": "Zé"}))
        .problem(404, "Pedido não encontrado");
    // A counter payment with a stale version is refused.
    let other = r.checkout(1);
    r.put("/pedidos", json!({"id": other["id"], "status_pedido": 2})).ok();
    let body = json!({"meio": "dinheiro", "responsavel": "Zé"}).to_string();
    let stale = r.request(
        "POST",
        &format!("/pedidos/{}/pagamento", other["id"]),
        &[("If-Match", "\"1\"")],
        Some(&body),
    );
    assert_eq!(stale.status, 412);
}

fn a_partial_refund_is_made_once(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    let path = format!("/pedidos/{}/reembolso", pedido["id"]);
    let refund = |valor: f64, etag: &str| {
        let body = json!({"valor": valor, "motivo": "faltou o queijo"}).to_string();
        till.request("POST", &path, &[("If-Match", etag)], Some(&body))
    };
    let etag = || format!("\"{}\"", till.reload(&pedido)["versao"]);
    refund(1.5, &etag()).problem(
        409,
        "Só um pagamento por QR code pode ser devolvido aqui; outro volta ao cliente no balcão",
    );
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    wait_until("no step of a charge is due", || {
        till.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    let without_if_match = till.post(&path, json!({"valor": 1.5, "motivo": "x"}));
    assert_eq!(without_if_match.invalid_fields(), ["If-Match"]);
    refund(18.91, &etag()).problem(409, "O reembolso não pode ser maior que R$ 18,90, que é o que resta");
    // The response may be lost; the refund is made once.
    till.mp.faults(|f| f.cut_after = 300);
    let seen = etag();
    assert_eq!(refund(1.5, &seen).ok()["status_pagamento"], 2);
    till.mp.faults(|f| f.cut_after = 0);
    assert_eq!(refund(1.5, &seen).status, 412, "a repeated refund with a stale version was accepted");
    wait_until("the refund is recorded", || {
        till.history(&pedido).contains(&("reembolso".into(), "R$ 1,50 devolvidos".into()))
    });
    assert_eq!(till.cobranca(&pedido).refunded, 150);
    assert_eq!(till.reload(&pedido)["valor_reembolsado"], 1.5);
    // Cancelling the order refunds the rest.
    till.cancel(&pedido, "acabou tudo").ok();
    till.wait_for_pagamento(&pedido, 4);
    let cobranca = till.cobranca(&pedido);
    assert_eq!((cobranca.status, cobranca.refunded), ("refunded", cobranca.centavos));
}

fn a_second_partial_refund_may_follow_the_first(database: Database) {
    // No polling, no notifications.
    let faults = Faults { lost: 1000, ..Faults::default() };
    let till = Till::with_faults(database, faults, &[("MERCADO_PAGO_POLL_SECONDS", "3600")]);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    let id = till.cobranca(&pedido).id;
    till.notify_signed(&id, &format!("?data.id={id}&type=order"), &json!({})).ok();
    till.wait_for_pagamento(&pedido, 2);
    wait_until("no step of a charge is due", || {
        till.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    let refund = || {
        let etag = format!("\"{}\"", till.reload(&pedido)["versao"]);
        let body = json!({"valor": 1.5, "motivo": "faltou o queijo"}).to_string();
        till.request(
            "POST",
            &format!("/pedidos/{}/reembolso", pedido["id"]),
            &[("If-Match", &etag)],
            Some(&body),
        )
    };
    till.mp.faults(|f| f.slow_refunds = true);
    refund().ok();
    refund().problem(409, "Já há um reembolso em andamento; veja os eventos do pedido");
    assert_eq!(till.cobranca(&pedido).refunded, 0);
    till.mp.faults(|f| f.slow_refunds = false);
    assert_eq!(refund().ok()["valor_reembolsado"], 3.0);
    assert_eq!(till.cobranca(&pedido).refunded, 300);
}

fn a_briefly_locked_charge_recovers_silently(database: Database) {
    let till = Till::with_faults(database, Faults { lock_and_hide: 1, ..Faults::default() }, &[]);
    let pedido = till.checkout(1);
    till.cancel(&pedido, "desistiu").ok();
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
    till.mp.faults(|f| f.lock_and_hide = 0);
    till.wait_for_cobranca(&pedido, "canceled");
    till.wait_for_pagamento(&pedido, 3);
    let history = till.history(&pedido);
    assert!(history.iter().all(|(tipo, _)| tipo != "pendencia"), "{history:?}");
}

fn cancelling_an_expired_order_clears_its_pendencia(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.put("/pedidos", json!({"id": pedido["id"], "status_pedido": 2})).ok();
    till.expire(&pedido);
    till.wait_for_pendencia(&pedido);
    till.cancel(&pedido, "foi embora").ok();
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
}

fn invalid_bodies_name_their_fields(database: Database) {
    let r = Restaurant::new(database);
    let pedido = r.checkout(1);
    let path = |action: &str| format!("/pedidos/{}/{action}", pedido["id"]);
    assert_eq!(r.post(&path("pagamento"), json!({})).invalid_fields(), ["meio", "responsavel"]);
    for meio in [json!("qr"), json!("cheque"), json!(1)] {
        assert_eq!(
            r.post(&path("pagamento"), json!({"meio": meio, "responsavel": "Ana"})).invalid_fields(),
            ["meio"]
        );
    }
    assert_eq!(r.post(&path("cancelamento"), json!({"motivo": " "})).invalid_fields(), ["motivo"]);
    assert_eq!(r.post(&path("reembolso"), json!({"valor": 0, "motivo": "x"})).invalid_fields(), ["valor"]);
    assert_eq!(r.get(&path("")).ok()["status_pagamento"], 1);
}
