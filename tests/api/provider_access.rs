//! What a token that the provider refuses means for a code that should not be paid any more; and a refusal that is not
//! about the token.

use serde_json::{Value, json};

use crate::{Banco, caixa::Caixa, nos_dois, restaurante::ate, standin::Faults};

nos_dois!(
    a_code_that_cannot_be_withdrawn_is_told,
    a_code_that_was_never_shown_is_no_matter,
    a_refund_that_the_account_may_not_make_is_no_fault_of_the_token,
);

const WITHDRAW: &str = "O Mercado Pago não aceita a credencial deste sistema, e o QR code deste pedido ainda pode ser pago: recolha o código, cancele a cobrança no Mercado Pago e avise o responsável";

fn unauthorized(c: &Caixa) -> bool {
    c.get("/metrics").corpo.contains("ambrosia_provider_unauthorized 1\n")
}

fn a_code_that_cannot_be_withdrawn_is_told(banco: Banco) {
    let c = Caixa::nova(banco);
    type Act<'a> = &'a dyn Fn(&Caixa, &Value);
    let acts: [Act<'_>; 3] = [
        &|c, order| drop(c.cancelar(order, "o cliente desistiu").ok()),
        &|c, order| drop(c.r.delete(&format!("/pedidos/{}", order["id"])).ok()),
        &|c, order| drop(c.receber(order, "dinheiro").ok()),
    ];
    for act in acts {
        c.mp.faults(|f| f.unauthorized = 0);
        let order = c.comprar(1);
        assert_eq!(order["qr_situacao"], "pronto");
        c.mp.faults(|f| f.unauthorized = 401);
        act(&c, &order);
        assert_eq!(c.ate_pendencia(&order), WITHDRAW);
        assert!(unauthorized(&c));
        c.mp.faults(|f| f.unauthorized = 0);
        c.ate_cobranca(&order, "canceled");
        ate("nothing to do", || c.get("/pedidos/pendencias").ok() == json!([]));
    }
}

fn a_code_that_was_never_shown_is_no_matter(banco: Banco) {
    let c = Caixa::com(banco, Faults { unauthorized: 403, ..Faults::default() }, &[]);
    let order = c.comprar(1);
    assert_eq!(order["qr_situacao"], "recusado");
    c.cancelar(&order, "o cliente desistiu").ok();
    ate("an attempt to withdraw it", || {
        c.historia(&order).iter().any(|(_, detail)| detail.starts_with("cancelar cobrança: sem acesso"))
    });
    assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]));
}

fn a_refund_that_the_account_may_not_make_is_no_fault_of_the_token(banco: Banco) {
    let c = Caixa::nova(banco);
    let order = c.comprar(1);
    c.pagar(&order);
    c.ate_pagamento(&order, 2);
    c.mp.faults(|f| f.refuse_refunds = Some("user_not_authorized"));
    c.cancelar(&order, "acabou o pão").ok();
    let text = c.ate_pendencia(&order);
    assert!(text.contains("esta conta não pode devolver este pagamento"), "{text}");
    assert!(!unauthorized(&c));
    assert!(!c.log().contains("refuses the access token"), "{}", c.log());
    c.mp.faults(|f| f.refuse_refunds = None);
    c.ate_pagamento(&order, 4);
}
