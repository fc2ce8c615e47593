//! A provider that forgets idempotency keys makes charges too many: of what they bring, one amount is kept.

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
    the_only_paid_charge_counts,
    both_charges_of_a_cancelled_order_are_refunded,
    a_refused_refund_of_an_extra_charge_becomes_a_pendencia,
    all_charges_of_an_order_paid_in_cash_are_refunded,
);

/// An order whose creation was answered to nobody, again and again.
fn with_two_charges(database: Database) -> (Till, Value) {
    let faults = Faults { cut_after: 1000, forget_keys: 1000, page_size: 1, ..Faults::default() };
    let till = Till::with_faults(database, faults, &[]);
    let pedido = till.checkout(1);
    wait_until("two charges", || all(&till, &pedido).len() > 1);
    till.mp.faults(|f| f.cut_after = 0);
    wait_until("the QR code", || till.reload(&pedido)["qr_situacao"] == "pronto");
    (till, pedido)
}

fn all(till: &Till, pedido: &Value) -> Vec<Order> {
    till.mp.all_of(pedido["id_pagamento"].as_str().unwrap())
}

/// What the provider keeps of this order, in centavos.
fn kept_centavos(till: &Till, pedido: &Value) -> i64 {
    let paid = all(till, pedido).into_iter().filter(|o| matches!(o.status, "processed" | "refunded"));
    paid.map(|o| o.centavos - o.refunded).sum()
}

/// The charge whose code is shown.
fn shown(till: &Till, pedido: &Value) -> Order {
    let qr = till.reload(pedido)["qr_data"].clone();
    all(till, pedido).into_iter().find(|o| qr == o.qr_data).expect("it is shown")
}

fn the_extra_charge_is_cancelled(database: Database) {
    let (till, pedido) = with_two_charges(database);
    let open_count = || all(&till, &pedido).into_iter().filter(|o| o.status == "created").count();
    wait_until("one to be left", || open_count() == 1);
    let ours = shown(&till, &pedido);
    assert_eq!(ours.status, "created");
    assert!(till.mp.pay(&ours.id));
    till.wait_for_pagamento(&pedido, 2);
    assert_eq!(kept_centavos(&till, &pedido), ours.centavos);
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
}

/// Paid, and paid again although it had ended; or made again when nobody looked any more.
fn a_paid_extra_charge_is_refunded(database: Database) {
    let (till, pedido) = with_two_charges(database);
    let ours = shown(&till, &pedido);
    till.mp.pay(&ours.id);
    till.wait_for_pagamento(&pedido, 2);
    for other in all(&till, &pedido).iter().filter(|o| o.id != ours.id) {
        till.mp.pay_late(&other.id);
    }
    wait_until("the rest to go back", || kept_centavos(&till, &pedido) == ours.centavos);
    assert_eq!(charge_by_id(&till, &ours.id).status, "processed", "the one that counts stays");
    wait_until("the list to be empty", || till.get("/pedidos/pendencias").ok() == json!([]));
    // Of one that was quiet for long only a notification tells.
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    let other = till.mp.make_again(&till.cobranca(&pedido).id).unwrap();
    assert!(till.mp.pay(&other));
    wait_until("it to go back", || charge_by_id(&till, &other).status == "refunded");
    assert_eq!(
        (till.reload(&pedido)["status_pagamento"].as_i64(), kept_centavos(&till, &pedido)),
        (Some(2), 1890)
    );
    let is_recorded = |(tipo, detalhe): (String, String)| tipo == "respondido" && detalhe.contains(&other);
    wait_until("it to be told", || till.history(&pedido).into_iter().any(is_recorded));
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
    wait_until("the first to be withdrawn", || charge_by_id(&till, &ours).status == "canceled");
    assert_eq!(kept_centavos(&till, &pedido), 1890);
    // It is the one that is given back from now on.
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
    wait_until("all to go back", || kept_centavos(&till, &pedido) == 0);
    till.wait_for_pagamento(&pedido, 4);
}

fn all_charges_of_an_order_paid_in_cash_are_refunded(database: Database) {
    let (till, pedido) = with_two_charges(database);
    till.pay_at_counter(&pedido, "dinheiro").ok();
    for cobranca in all(&till, &pedido) {
        till.mp.pay_late(&cobranca.id);
    }
    wait_until("all to go back", || kept_centavos(&till, &pedido) == 0);
    let seen = till.reload(&pedido);
    assert_eq!((&seen["status_pagamento"], &seen["meio_pagamento"]), (&json!(2), &json!("dinheiro")));
    wait_until("the list to be empty", || till.get("/pedidos/pendencias").ok() == json!([]));
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
    // Given back by hand: the provider is not asked any more, whatever is heard of it.
    let path = format!("/pedidos/{}/pendencia", pedido["id"]);
    wait_until("the staff to take it over", || till.delete(&path).status == 200);
    till.mp.faults(|f| f.refuse_refunds = None);
    let before = till.mp.calls().len();
    till.notify_signed(&other, &format!("?data.id={other}&type=order"), &json!({})).ok();
    wait_until("a look at all", || {
        till.mp.calls()[before..].iter().filter(|l| l.contains(&other)).count() >= 1
    });
    wait_until("it to be settled", || {
        till.count("SELECT COUNT(*) FROM cobrancas WHERE operacao IS NOT NULL AND chave IS NOT NULL") == 0
    });
    assert_eq!(charge_by_id(&till, &other).status, "processed");
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
}
