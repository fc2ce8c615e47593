//! A provider that forgets idempotency keys makes duplicate charges: the order keeps one payment at most, extra charges
//! are cancelled, and extra payments are refunded.

use serde_json::{Value, json};

use crate::{
    Database, on_both_databases,
    restaurant::wait_until,
    standin::{Faults, Order},
    till::Till,
};

on_both_databases!(
    the_extra_charge_is_cancelled,
    a_paid_extra_charge_is_refunded,
    an_extra_charge_paid_while_no_process_ran_is_refunded,
    the_only_paid_charge_counts,
    both_charges_of_a_cancelled_order_are_refunded,
    a_refused_refund_of_an_extra_charge_becomes_a_pendencia,
    all_charges_of_an_order_paid_in_cash_are_refunded,
);

/// An order with duplicate charges: the responses to its creations were lost.
fn with_two_charges(database: Database) -> (Till, Value) {
    let faults = Faults { cut_after: 1000, forget_keys: 1000, page_size: 1, ..Faults::default() };
    let till = Till::with_faults(database, faults, &[]);
    let pedido = till.checkout(1);
    wait_until("there are two charges", || all_charges(&till, &pedido).len() > 1);
    till.mp.faults(|f| f.cut_after = 0);
    wait_until("the QR code is ready", || till.reload(&pedido)["qr_situacao"] == "pronto");
    (till, pedido)
}

fn all_charges(till: &Till, pedido: &Value) -> Vec<Order> {
    till.mp.all_of(pedido["id_pagamento"].as_str().unwrap())
}

/// What the provider keeps of this order, in centavos.
fn kept_centavos(till: &Till, pedido: &Value) -> i64 {
    let paid = all_charges(till, pedido).into_iter().filter(|o| matches!(o.status, "processed" | "refunded"));
    paid.map(|o| o.centavos - o.refunded).sum()
}

/// The charge whose QR code the order shows.
fn shown_charge(till: &Till, pedido: &Value) -> Order {
    let qr = till.reload(pedido)["qr_data"].clone();
    all_charges(till, pedido)
        .into_iter()
        .find(|o| qr == o.qr_data)
        .expect("no charge has the QR code of the order")
}

fn the_extra_charge_is_cancelled(database: Database) {
    let (till, pedido) = with_two_charges(database);
    let open_count = || all_charges(&till, &pedido).into_iter().filter(|o| o.status == "created").count();
    wait_until("one charge is left open", || open_count() == 1);
    let ours = shown_charge(&till, &pedido);
    assert_eq!(ours.status, "created");
    assert!(till.mp.pay(&ours.id));
    till.wait_for_pagamento(&pedido, 2);
    assert_eq!(kept_centavos(&till, &pedido), ours.centavos);
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
}

/// The extra charge is paid after its cancellation, or made long after the order was settled.
fn a_paid_extra_charge_is_refunded(database: Database) {
    let (till, pedido) = with_two_charges(database);
    let ours = shown_charge(&till, &pedido);
    till.mp.pay(&ours.id);
    till.wait_for_pagamento(&pedido, 2);
    for other in all_charges(&till, &pedido).iter().filter(|o| o.id != ours.id) {
        till.mp.pay_late(&other.id);
    }
    wait_until("the extra payments are refunded", || kept_centavos(&till, &pedido) == ours.centavos);
    assert_eq!(charge_by_id(&till, &ours.id).status, "processed", "the counted payment was refunded");
    wait_until("no pendencia is left", || till.get("/pedidos/pendencias").ok() == json!([]));
    // After the order is settled only a notification reports the extra charge.
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    let other = till.mp.make_again(&till.cobranca(&pedido).id).unwrap();
    assert!(till.mp.pay(&other));
    wait_until("the extra charge is refunded", || charge_by_id(&till, &other).status == "refunded");
    assert_eq!(
        (till.reload(&pedido)["status_pagamento"].as_i64(), kept_centavos(&till, &pedido)),
        (Some(2), 1890)
    );
    let is_recorded = |(tipo, detalhe): (String, String)| tipo == "respondido" && detalhe.contains(&other);
    wait_until("the refund is recorded", || till.history(&pedido).into_iter().any(is_recorded));
}

/// Nobody looked until the QR code had expired and no further charge could turn up.
fn an_extra_charge_paid_while_no_process_ran_is_refunded(database: Database) {
    let (mut till, pedido) = with_two_charges(database);
    till.kill();
    till.mp.faults(|f| f.lost = 1000);
    for cobranca in all_charges(&till, &pedido) {
        till.mp.pay_late(&cobranca.id);
    }
    let past = "'2020-01-01 00:00:00'";
    till.sql(&format!("UPDATE pedidos SET datahora_expiracao = {past} WHERE id = {}", pedido["id"]));
    till.sql(&format!(
        "UPDATE cobrancas SET incerta_ate = {past}, proxima_em = {past} WHERE pedido = {}",
        pedido["id"]
    ));
    till.restart();
    till.wait_for_pagamento(&pedido, 2);
    wait_until("the extra payment is refunded", || kept_centavos(&till, &pedido) == 1890);
    wait_until("no pendencia is left", || till.get("/pedidos/pendencias").ok() == json!([]));
}

fn charge_by_id(till: &Till, id: &str) -> Order {
    till.mp.orders().into_iter().find(|o| o.id == id).unwrap()
}

fn the_only_paid_charge_counts(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    let ours = till.cobranca(&pedido).id;
    let other = till.mp.make_again(&ours).unwrap();
    assert!(till.mp.pay(&other));
    till.wait_for_pagamento(&pedido, 2);
    wait_until("the unpaid charge is cancelled", || charge_by_id(&till, &ours).status == "canceled");
    assert_eq!(kept_centavos(&till, &pedido), 1890);
    // A later refund goes to the charge that was paid.
    till.cancel(&pedido, "acabou o pão").ok();
    till.wait_for_pagamento(&pedido, 4);
    assert_eq!(kept_centavos(&till, &pedido), 0);
}

fn both_charges_of_a_cancelled_order_are_refunded(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    let ours = till.cobranca(&pedido).id;
    let other = till.mp.make_again(&ours).unwrap();
    till.cancel(&pedido, "desistiu").ok();
    assert!(till.mp.pay(&other));
    assert!(till.mp.pay_late(&ours));
    wait_until("everything is refunded", || kept_centavos(&till, &pedido) == 0);
    till.wait_for_pagamento(&pedido, 4);
}

fn all_charges_of_an_order_paid_in_cash_are_refunded(database: Database) {
    let (till, pedido) = with_two_charges(database);
    till.pay_at_counter(&pedido, "dinheiro").ok();
    for cobranca in all_charges(&till, &pedido) {
        till.mp.pay_late(&cobranca.id);
    }
    wait_until("everything is refunded", || kept_centavos(&till, &pedido) == 0);
    let seen = till.reload(&pedido);
    assert_eq!((&seen["status_pagamento"], &seen["meio_pagamento"]), (&json!(2), &json!("dinheiro")));
    wait_until("no pendencia is left", || till.get("/pedidos/pendencias").ok() == json!([]));
}

fn a_refused_refund_of_an_extra_charge_becomes_a_pendencia(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    till.mp.faults(|f| f.refuse_refunds = Some("unsupported"));
    let other = till.mp.make_again(&till.cobranca(&pedido).id).unwrap();
    till.mp.pay(&other);
    let text = format!(
        "O Mercado Pago recebeu mais de um pagamento por este pedido: R$ 18,90 a mais ({other}), que ainda não voltou ao cliente"
    );
    assert_eq!(till.wait_for_pendencia(&pedido), text);
    // Resolved by hand: later notifications make no further refund.
    let path = format!("/pedidos/{}/pendencia", pedido["id"]);
    wait_until("the pendencia can be resolved", || till.delete(&path).status == 200);
    till.mp.faults(|f| f.refuse_refunds = None);
    let before = till.mp.calls().len();
    till.notify_signed(&other, &format!("?data.id={other}&type=order"), &json!({})).ok();
    wait_until("the charge is looked up", || {
        till.mp.calls()[before..].iter().filter(|l| l.contains(&other)).count() >= 1
    });
    wait_until("the extra charge is settled", || {
        till.count("SELECT COUNT(*) FROM cobrancas WHERE operacao IS NOT NULL AND chave IS NOT NULL") == 0
    });
    assert_eq!(charge_by_id(&till, &other).status, "processed");
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
}
