//! Money that goes back, comes late or comes at the counter: nothing is swallowed, nothing paid twice.

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

fn cancelling_an_unpaid_order_cancels_its_charge(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    let cancelado = c.cancel(&pedido, "o cliente desistiu").ok();
    assert_eq!(cancelado["status_pedido"], 5);
    assert_eq!(c.cobranca(&pedido).status, "canceled");
    assert_eq!(cancelado["status_pagamento"], 3);
    assert!(c.history(&pedido).contains(&("cancelamento".into(), "o cliente desistiu".into())));
    // Again is the same.
    assert_eq!(c.cancel(&pedido, "de novo").ok()["status_pedido"], 5);
    assert_eq!(c.cobranca(&pedido).version, 2, "it was cancelled once");
}

fn deleting_an_order_cancels_its_charge(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    assert_eq!(c.delete(&format!("/pedidos/{}", pedido["id"])).ok(), true);
    c.wait_for_cobranca(&pedido, "canceled");
}

fn cancelling_a_paid_order_refunds_it(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    c.delete(&format!("/pedidos/{}", pedido["id"]))
        .problem(409, "Pedido já pago: para cancelar é preciso reembolsar o cliente");
    let cancelado = c.cancel(&pedido, "acabou o pão").ok();
    assert_eq!((&cancelado["status_pedido"], &cancelado["status_pagamento"]), (&json!(5), &json!(4)));
    let cobranca = c.cobranca(&pedido);
    assert_eq!((cobranca.status, cobranca.refunded), ("refunded", cobranca.centavos));
    c.cancel(&pedido, "acabou o pão").ok();
    assert_eq!(c.cobranca(&pedido).version, 3, "it was paid once and refunded once");
    assert_eq!(cancelado["valor_reembolsado"], cancelado["valor_total"]);
}

fn a_refund_whose_response_is_lost_is_completed(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    // It is done there, and we do not hear of it.
    c.mp.faults(|f| *f = Faults { cut_after: 1000, lost: 1000, ..Faults::default() });
    let cancelado = c.cancel(&pedido, "acabou o pão").ok();
    assert_eq!((&cancelado["status_pedido"], &cancelado["status_pagamento"]), (&json!(5), &json!(2)));
    assert!(c.get("/pedidos").ok().as_array().unwrap().iter().all(|p| p["id"] != pedido["id"]));
    c.mp.faults(|f| f.cut_after = 0);
    c.wait_for_pagamento(&pedido, 4);
    let cobranca = c.cobranca(&pedido);
    assert_eq!(cobranca.refunded, cobranca.centavos);
}

fn a_refused_refund_becomes_a_pendencia(banco: Database) {
    let c = Till::with_environment(
        banco,
        Faults { refuse_refunds: Some("in_store_payment_refund_order"), ..Faults::default() },
        &[],
    );
    let pedido = c.checkout(1);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    c.cancel(&pedido, "acabou o pão").ok();
    let pendencia = c.wait_for_pendencia(&pedido);
    assert_eq!(pendencia, "O Mercado Pago ainda não fez o reembolso (erro 400) e vai ser perguntado de novo");
    assert_eq!(c.reload(&pedido)["status_pagamento"], 2);
    c.mp.faults(|f| f.refuse_refunds = None);
    c.wait_for_pagamento(&pedido, 4);
    assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]));
}

fn a_refund_made_by_hand_is_not_repeated(banco: Database) {
    let faults = Faults { refuse_refunds: Some("in_store_payment_refund_order"), ..Faults::default() };
    let c = Till::with_environment(banco, faults, &[]);
    let pedido = c.checkout(1);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    c.cancel(&pedido, "acabou o pão").ok();
    c.wait_for_pendencia(&pedido);
    let caminho = format!("/pedidos/{}/pendencia", pedido["id"]);
    // While a question is in the air it may still be done there: that is not for a person.
    wait_until("the staff to take it over", || c.delete(&caminho).status == 200);
    let resolvido = c.reload(&pedido);
    assert_eq!(resolvido["status_pagamento"], 4);
    assert_eq!(resolvido["valor_reembolsado"], resolvido["valor_total"]);
    // The provider would do it by now, and is told of the payment once more.
    c.mp.faults(|f| f.refuse_refunds = None);
    let id = c.cobranca(&pedido).id;
    c.notify_signed(&id, &format!("?data.id={id}&type=order"), &json!({})).ok();
    wait_until("it to be looked at", || c.history(&pedido).last().unwrap().1.starts_with("consultar:"));
    assert_eq!(c.cobranca(&pedido).status, "processed");
    // Who wants it all the same says so; but it is settled.
    c.cancel(&pedido, "de novo").ok();
    assert_eq!(c.cobranca(&pedido).status, "processed");
}

fn a_delivered_order_is_not_cancelled(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    c.put("/pedidos", json!({"id": pedido["id"], "status_pedido": 4})).ok();
    let detail =
        "O pedido já foi entregue e não pode mais ser cancelado; para devolver dinheiro, use o reembolso";
    c.cancel(&pedido, "tarde").problem(409, detail);
    assert_eq!(c.cobranca(&pedido).status, "processed");
}

fn expiry_cancels_order_and_charge(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.expire(&pedido);
    c.wait_for_cobranca(&pedido, "canceled");
    let vencido = c.wait_for_pagamento(&pedido, 3);
    assert_eq!((&vencido["status_pedido"], &vencido["qr_situacao"]), (&json!(5), &Value::Null));
    // One for which the provider never made a charge ends the same way.
    c.mp.faults(|f| f.down = true);
    let pedido = c.checkout(1);
    c.expire(&pedido);
    c.mp.faults(|f| f.down = false);
    assert_eq!(c.wait_for_pagamento(&pedido, 3)["status_pedido"], 5);
    assert!(c.mp.of_reference(pedido["id_pagamento"].as_str().unwrap()).is_none());
}

fn expiry_in_preparation_becomes_a_pendencia(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.put("/pedidos", json!({"id": pedido["id"], "status_pedido": 2})).ok();
    c.expire(&pedido);
    let pendencia = c.wait_for_pendencia(&pedido);
    assert_eq!(pendencia, "O QR code expirou sem pagamento e o pedido já está em preparo: cobre no balcão");
    let vencido = c.reload(&pedido);
    assert_eq!((&vencido["status_pedido"], &vencido["status_pagamento"]), (&json!(2), &json!(3)));
    c.get(&format!("/pedidos/{}/qrcode.svg", pedido["id"]))
        .problem(409, "O QR code não vale mais; o pagamento é no balcão");
    // The counter collects, and there is nothing left to see to.
    let pago = c.pay_at_counter(&pedido, "dinheiro").ok();
    assert_eq!((&pago["status_pagamento"], &pago["meio_pagamento"]), (&json!(2), &json!("dinheiro")));
    assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]));
}

fn an_expiry_at_the_provider_cancels_the_order(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    assert!(c.mp.end(&c.cobranca(&pedido).id, "expired"));
    assert_eq!(c.wait_for_pagamento(&pedido, 3)["status_pedido"], 5);
}

fn a_late_payment_is_refunded(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.cancel(&pedido, "o cliente sumiu").ok();
    c.wait_for_cobranca(&pedido, "canceled");
    // The pages exclude it; should it happen all the same, the money goes back.
    assert!(c.mp.pay_late(&c.cobranca(&pedido).id));
    c.wait_for_cobranca(&pedido, "refunded");
    assert_eq!(c.wait_for_pagamento(&pedido, 4)["status_pedido"], 5);
    let tipos: Vec<_> = c.history(&pedido).into_iter().filter(|(t, _)| t == "pagamento").collect();
    assert_eq!(tipos.len(), 3, "refused, approved, refunded: {tipos:?}");
}

fn a_payment_during_cancellation_is_refunded(banco: Database) {
    let c = Till::with_environment(banco, Faults { pay_on_cancel: true, ..Faults::default() }, &[]);
    let pedido = c.checkout(1);
    c.cancel(&pedido, "o cliente desistiu").ok();
    assert_eq!(c.wait_for_pagamento(&pedido, 4)["status_pedido"], 5);
    assert_eq!(c.cobranca(&pedido).status, "refunded");
    // The same when the time was up: the money is there, and the order was not cancelled yet: it stands.
    let pedido = c.checkout(1);
    c.expire(&pedido);
    let pago = c.wait_for_pagamento(&pedido, 2);
    assert_eq!((&pago["status_pedido"], c.cobranca(&pedido).status), (&json!(1), "processed"));
}

fn a_refund_made_at_the_provider_is_recorded(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    assert!(c.mp.end(&c.cobranca(&pedido).id, "refunded"));
    assert_eq!(c.wait_for_pagamento(&pedido, 4)["status_pedido"], 1);
}

fn a_cancellation_made_at_the_provider_cancels_the_order(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    assert!(c.mp.end(&c.cobranca(&pedido).id, "canceled"));
    assert_eq!(c.wait_for_pagamento(&pedido, 3)["status_pedido"], 5);
}

fn a_counter_payment_cancels_the_charge(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    let pago = c.pay_at_counter(&pedido, "maquininha").ok();
    assert_eq!((&pago["status_pagamento"], &pago["meio_pagamento"]), (&json!(2), &json!("maquininha")));
    c.wait_for_cobranca(&pedido, "canceled");
    wait_until("it to be settled", || {
        c.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    let depois = c.reload(&pedido);
    assert_eq!((&depois["status_pagamento"], &depois["status_pedido"]), (&json!(2), &json!(1)));
    let evento = ("pagamento".to_owned(), "maquininha, recebido por Ana".to_owned());
    assert!(c.history(&pedido).contains(&evento));
    // A second tap is the same; another way is a second payment.
    assert_eq!(c.pay_at_counter(&pedido, "maquininha").status, 200);
    c.pay_at_counter(&pedido, "dinheiro").problem(409, "O pedido já foi pago");
}

fn a_double_payment_refunds_the_charge(banco: Database) {
    let c = Till::with_environment(
        banco,
        Faults { lost: 1000, ..Faults::default() },
        &[("MERCADO_PAGO_POLL_SECONDS", "3600")],
    );
    let pedido = c.checkout(1);
    c.pay(&pedido);
    // The phone has paid, nobody knows yet, and the counter takes the money.
    c.pay_at_counter(&pedido, "dinheiro").ok();
    c.wait_for_cobranca(&pedido, "refunded");
    wait_until("it to be settled", || {
        c.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    let depois = c.reload(&pedido);
    assert_eq!((&depois["status_pagamento"], &depois["meio_pagamento"]), (&json!(2), &json!("dinheiro")));
}

fn counter_payment_and_refund_with_the_simulator(banco: Database) {
    let r = Restaurant::new(banco);
    let pedido = r.checkout(1);
    let caminho = format!("/pedidos/{}", pedido["id"]);
    let pay =
        |meio: &str| r.post(&format!("{caminho}/pagamento"), json!({"meio": meio, "responsavel": "Zé"}));
    assert_eq!(pay("dinheiro").ok()["status_pagamento"], 2);
    let cancelado = r.post(&format!("{caminho}/cancelamento"), json!({"motivo": "acabou o pão"})).ok();
    assert_eq!((&cancelado["status_pedido"], &cancelado["status_pagamento"]), (&json!(5), &json!(4)));
    pay("dinheiro").problem(409, "O pedido está cancelado; não há o que pagar");
    let eventos = r.get(&format!("{caminho}/eventos")).ok();
    let ultimo = eventos.as_array().unwrap().last().unwrap();
    assert_eq!(ultimo["detalhe"], "dinheiro: devolvido no balcão");
    r.post("/pedidos/999/pagamento", json!({"meio": "dinheiro", "responsavel": "Zé"}))
        .problem(404, "Pedido não encontrado");
    // With a tablet that has seen an older state nothing is taken twice.
    let outro = r.checkout(1);
    r.put("/pedidos", json!({"id": outro["id"], "status_pedido": 2})).ok();
    let body = json!({"meio": "dinheiro", "responsavel": "Zé"}).to_string();
    let velho = r.request(
        "POST",
        &format!("/pedidos/{}/pagamento", outro["id"]),
        &[("If-Match", "\"1\"")],
        Some(&body),
    );
    assert_eq!(velho.status, 412);
}

fn a_partial_refund_is_made_once(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    let caminho = format!("/pedidos/{}/reembolso", pedido["id"]);
    let devolver = |valor: f64, etag: &str| {
        let body = json!({"valor": valor, "motivo": "faltou o queijo"}).to_string();
        c.request("POST", &caminho, &[("If-Match", etag)], Some(&body))
    };
    let etag = || format!("\"{}\"", c.reload(&pedido)["versao"]);
    devolver(1.5, &etag())
        .problem(409, "Só um pagamento por QR code no Mercado Pago pode ser devolvido aqui");
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    wait_until("all to be quiet", || {
        c.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    let sem = c.post(&caminho, json!({"valor": 1.5, "motivo": "x"}));
    assert_eq!(sem.invalid_fields(), ["If-Match"]);
    devolver(18.91, &etag()).problem(409, "O reembolso não pode ser maior que R$ 18,90, que é o que resta");
    // The answer is lost once; the money goes back once.
    c.mp.faults(|f| f.cut_after = 300);
    let visto = etag();
    assert_eq!(devolver(1.5, &visto).ok()["status_pagamento"], 2);
    c.mp.faults(|f| f.cut_after = 0);
    assert_eq!(devolver(1.5, &visto).status, 412, "a second tap");
    wait_until("the refund", || {
        c.history(&pedido).contains(&("reembolso".into(), "R$ 1,50 devolvidos".into()))
    });
    assert_eq!(c.cobranca(&pedido).refunded, 150);
    assert_eq!(c.reload(&pedido)["valor_reembolsado"], 1.5);
    // The rest goes back with the order.
    c.cancel(&pedido, "acabou tudo").ok();
    c.wait_for_pagamento(&pedido, 4);
    let cobranca = c.cobranca(&pedido);
    assert_eq!((cobranca.status, cobranca.refunded), ("refunded", cobranca.centavos));
}

fn a_second_partial_refund_may_follow_the_first(banco: Database) {
    // Nobody looks by himself, and nobody is told.
    let faults = Faults { lost: 1000, ..Faults::default() };
    let c = Till::with_environment(banco, faults, &[("MERCADO_PAGO_POLL_SECONDS", "3600")]);
    let pedido = c.checkout(1);
    c.pay(&pedido);
    let id = c.cobranca(&pedido).id;
    c.notify_signed(&id, &format!("?data.id={id}&type=order"), &json!({})).ok();
    c.wait_for_pagamento(&pedido, 2);
    wait_until("all to be quiet", || {
        c.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    let devolver = || {
        let etag = format!("\"{}\"", c.reload(&pedido)["versao"]);
        let body = json!({"valor": 1.5, "motivo": "faltou o queijo"}).to_string();
        c.request(
            "POST",
            &format!("/pedidos/{}/reembolso", pedido["id"]),
            &[("If-Match", &etag)],
            Some(&body),
        )
    };
    c.mp.faults(|f| f.slow_refunds = true);
    devolver().ok();
    devolver().problem(409, "Já há um reembolso em andamento; veja os eventos do pedido");
    assert_eq!(c.cobranca(&pedido).refunded, 0);
    c.mp.faults(|f| f.slow_refunds = false);
    assert_eq!(devolver().ok()["valor_reembolsado"], 3.0);
    assert_eq!(c.cobranca(&pedido).refunded, 300);
}

fn a_briefly_locked_charge_recovers_silently(banco: Database) {
    let c = Till::with_environment(banco, Faults { lock_and_hide: 1, ..Faults::default() }, &[]);
    let pedido = c.checkout(1);
    c.cancel(&pedido, "desistiu").ok();
    assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]));
    c.mp.faults(|f| f.lock_and_hide = 0);
    c.wait_for_cobranca(&pedido, "canceled");
    c.wait_for_pagamento(&pedido, 3);
    let history = c.history(&pedido);
    assert!(history.iter().all(|(tipo, _)| tipo != "pendencia"), "{history:?}");
}

fn cancelling_an_expired_order_clears_its_pendencia(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.put("/pedidos", json!({"id": pedido["id"], "status_pedido": 2})).ok();
    c.expire(&pedido);
    c.wait_for_pendencia(&pedido);
    c.cancel(&pedido, "foi embora").ok();
    assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]));
}

fn invalid_bodies_name_their_fields(banco: Database) {
    let r = Restaurant::new(banco);
    let pedido = r.checkout(1);
    let caminho = |ato: &str| format!("/pedidos/{}/{ato}", pedido["id"]);
    assert_eq!(r.post(&caminho("pagamento"), json!({})).invalid_fields(), ["meio", "responsavel"]);
    for meio in [json!("qr"), json!("cheque"), json!(1)] {
        assert_eq!(
            r.post(&caminho("pagamento"), json!({"meio": meio, "responsavel": "Ana"})).invalid_fields(),
            ["meio"]
        );
    }
    assert_eq!(r.post(&caminho("cancelamento"), json!({"motivo": " "})).invalid_fields(), ["motivo"]);
    assert_eq!(r.post(&caminho("reembolso"), json!({"valor": 0, "motivo": "x"})).invalid_fields(), ["valor"]);
    assert_eq!(r.get(&caminho("")).ok()["status_pagamento"], 1);
}
