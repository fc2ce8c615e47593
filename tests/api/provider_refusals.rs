//! What a token that the provider refuses means for a code that should not be paid any more; and a refusal that is not
//! about the token.

use serde_json::{Value, json};

use crate::{Database, on_both_databases, restaurant::wait_until, standin::Faults, till::Till};

on_both_databases!(
    a_code_that_cannot_be_withdrawn_is_told,
    a_code_that_was_never_shown_is_no_matter,
    a_refund_that_the_account_may_not_make_is_no_fault_of_the_token,
);

const WITHDRAW: &str = "O Mercado Pago não aceita a credencial deste sistema, e o QR code deste pedido ainda pode ser pago: recolha o código, cancele a cobrança no Mercado Pago e avise o responsável";

fn unauthorized(c: &Till) -> bool {
    c.get("/metrics").body.contains("ambrosia_provider_unauthorized 1\n")
}

fn a_code_that_cannot_be_withdrawn_is_told(database: Database) {
    let c = Till::new(database);
    type Act<'a> = &'a dyn Fn(&Till, &Value);
    let acts: [Act<'_>; 3] = [
        &|c, order| drop(c.cancel(order, "o cliente desistiu").ok()),
        &|c, order| drop(c.r.delete(&format!("/pedidos/{}", order["id"])).ok()),
        &|c, order| drop(c.pay_at_counter(order, "dinheiro").ok()),
    ];
    for act in acts {
        c.mp.faults(|f| f.unauthorized = 0);
        let order = c.checkout(1);
        assert_eq!(order["qr_situacao"], "pronto");
        c.mp.faults(|f| f.unauthorized = 401);
        act(&c, &order);
        assert_eq!(c.wait_for_pendencia(&order), WITHDRAW);
        assert!(unauthorized(&c));
        c.mp.faults(|f| f.unauthorized = 0);
        c.wait_for_cobranca(&order, "canceled");
        wait_until("nothing to do", || c.get("/pedidos/pendencias").ok() == json!([]));
    }
}

fn a_code_that_was_never_shown_is_no_matter(database: Database) {
    let c = Till::with_faults(database, Faults { unauthorized: 403, ..Faults::default() }, &[]);
    let order = c.checkout(1);
    assert_eq!(order["qr_situacao"], "recusado");
    c.cancel(&order, "o cliente desistiu").ok();
    wait_until("an attempt to withdraw it", || {
        c.history(&order).iter().any(|(_, detail)| detail.starts_with("cancelar cobrança: sem acesso"))
    });
    assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]));
}

fn a_refund_that_the_account_may_not_make_is_no_fault_of_the_token(database: Database) {
    let c = Till::new(database);
    let order = c.checkout(1);
    c.pay(&order);
    c.wait_for_pagamento(&order, 2);
    c.mp.faults(|f| f.refuse_refunds = Some("user_not_authorized"));
    c.cancel(&order, "acabou o pão").ok();
    let text = c.wait_for_pendencia(&order);
    assert!(text.contains("esta conta não pode devolver este pagamento"), "{text}");
    assert!(!unauthorized(&c));
    assert!(!c.log().contains("refuses the access token"), "{}", c.log());
    c.mp.faults(|f| f.refuse_refunds = None);
    c.wait_for_pagamento(&order, 4);
}
