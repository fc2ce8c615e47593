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
fn dobrada(banco: Database) -> (Till, Value) {
    let faults = Faults { cut_after: 1000, forget_keys: 1000, page_size: 1, ..Faults::default() };
    let c = Till::with_environment(banco, faults, &[]);
    let pedido = c.checkout(1);
    wait_until("two charges", || todas(&c, &pedido).len() > 1);
    c.mp.faults(|f| f.cut_after = 0);
    wait_until("the QR code", || c.reload(&pedido)["qr_situacao"] == "pronto");
    (c, pedido)
}

fn todas(c: &Till, pedido: &Value) -> Vec<Order> {
    c.mp.all_of(pedido["id_pagamento"].as_str().unwrap())
}

/// What the provider keeps of this order, in centavos.
fn fica(c: &Till, pedido: &Value) -> i64 {
    let pagas = todas(c, pedido).into_iter().filter(|o| matches!(o.status, "processed" | "refunded"));
    pagas.map(|o| o.centavos - o.refunded).sum()
}

/// The charge whose code is shown.
fn mostrada(c: &Till, pedido: &Value) -> Order {
    let qr = c.reload(pedido)["qr_data"].clone();
    todas(c, pedido).into_iter().find(|o| qr == o.qr_data).expect("it is shown")
}

fn the_extra_charge_is_cancelled(banco: Database) {
    let (c, pedido) = dobrada(banco);
    let abertas = || todas(&c, &pedido).into_iter().filter(|o| o.status == "created").count();
    wait_until("one to be left", || abertas() == 1);
    let nossa = mostrada(&c, &pedido);
    assert_eq!(nossa.status, "created");
    assert!(c.mp.pay(&nossa.id));
    c.wait_for_pagamento(&pedido, 2);
    assert_eq!(fica(&c, &pedido), nossa.centavos);
    assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]));
}

/// Paid, and paid again although it had ended; or made again when nobody looked any more.
fn a_paid_extra_charge_is_refunded(banco: Database) {
    let (c, pedido) = dobrada(banco);
    let nossa = mostrada(&c, &pedido);
    c.mp.pay(&nossa.id);
    c.wait_for_pagamento(&pedido, 2);
    for outra in todas(&c, &pedido).iter().filter(|o| o.id != nossa.id) {
        c.mp.pay_late(&outra.id);
    }
    wait_until("the rest to go back", || fica(&c, &pedido) == nossa.centavos);
    assert_eq!(mostrada_ou(&c, &nossa.id).status, "processed", "the one that counts stays");
    wait_until("the list to be empty", || c.get("/pedidos/pendencias").ok() == json!([]));
    // Of one that was quiet for long only a notification tells.
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    let outra = c.mp.make_again(&c.cobranca(&pedido).id).unwrap();
    assert!(c.mp.pay(&outra));
    wait_until("it to go back", || mostrada_ou(&c, &outra).status == "refunded");
    assert_eq!((c.reload(&pedido)["status_pagamento"].as_i64(), fica(&c, &pedido)), (Some(2), 1890));
    let contada = |(tipo, detalhe): (String, String)| tipo == "respondido" && detalhe.contains(&outra);
    wait_until("it to be told", || c.history(&pedido).into_iter().any(contada));
}

fn mostrada_ou(c: &Till, id: &str) -> Order {
    c.mp.orders().into_iter().find(|o| o.id == id).unwrap()
}

fn the_only_paid_charge_counts(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    let nossa = c.cobranca(&pedido).id;
    let outra = c.mp.make_again(&nossa).unwrap();
    assert!(c.mp.pay(&outra));
    c.wait_for_pagamento(&pedido, 2);
    wait_until("the first to be withdrawn", || mostrada_ou(&c, &nossa).status == "canceled");
    assert_eq!(fica(&c, &pedido), 1890);
    // It is the one that is given back from now on.
    c.cancel(&pedido, "acabou o pão").ok();
    c.wait_for_pagamento(&pedido, 4);
    assert_eq!(fica(&c, &pedido), 0);
}

fn both_charges_of_a_cancelled_order_are_refunded(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    let nossa = c.cobranca(&pedido).id;
    let outra = c.mp.make_again(&nossa).unwrap();
    c.cancel(&pedido, "desistiu").ok();
    assert!(c.mp.pay(&outra));
    assert!(c.mp.pay_late(&nossa));
    wait_until("all to go back", || fica(&c, &pedido) == 0);
    c.wait_for_pagamento(&pedido, 4);
}

fn all_charges_of_an_order_paid_in_cash_are_refunded(banco: Database) {
    let (c, pedido) = dobrada(banco);
    c.pay_at_counter(&pedido, "dinheiro").ok();
    for cobranca in todas(&c, &pedido) {
        c.mp.pay_late(&cobranca.id);
    }
    wait_until("all to go back", || fica(&c, &pedido) == 0);
    let visto = c.reload(&pedido);
    assert_eq!((&visto["status_pagamento"], &visto["meio_pagamento"]), (&json!(2), &json!("dinheiro")));
    wait_until("the list to be empty", || c.get("/pedidos/pendencias").ok() == json!([]));
}

fn a_refused_refund_of_an_extra_charge_becomes_a_pendencia(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    c.mp.faults(|f| f.refuse_refunds = Some("unsupported"));
    let outra = c.mp.make_again(&c.cobranca(&pedido).id).unwrap();
    c.mp.pay(&outra);
    let texto = format!(
        "O Mercado Pago recebeu mais de um pagamento por este pedido: R$ 18,90 a mais ({outra}), que ainda não voltou ao cliente"
    );
    assert_eq!(c.wait_for_pendencia(&pedido), texto);
    // Given back by hand: the provider is not asked any more, whatever is heard of it.
    let caminho = format!("/pedidos/{}/pendencia", pedido["id"]);
    wait_until("the staff to take it over", || c.delete(&caminho).status == 200);
    c.mp.faults(|f| f.refuse_refunds = None);
    let antes = c.mp.calls().len();
    c.notify_signed(&outra, &format!("?data.id={outra}&type=order"), &json!({})).ok();
    wait_until("a look at all", || c.mp.calls()[antes..].iter().filter(|l| l.contains(&outra)).count() >= 1);
    wait_until("it to be settled", || {
        c.count("SELECT COUNT(*) FROM cobrancas WHERE operacao IS NOT NULL AND chave IS NOT NULL") == 0
    });
    assert_eq!(mostrada_ou(&c, &outra).status, "processed");
    assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]));
}
