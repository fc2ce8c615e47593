//! The provider does not accept the access token: everybody knows at once, and it heals by itself.

use serde_json::json;

use crate::{Database, on_both_databases, restaurant::wait_until, standin::Faults, till::Till};

on_both_databases!(
    a_refused_credential_is_reported_and_recovers,
    a_credential_refused_during_a_refund_delays_the_refund
);

fn recusa(c: &Till) -> bool {
    c.get("/metrics").body.contains("ambrosia_provider_unauthorized 1\n")
}

fn a_refused_credential_is_reported_and_recovers(banco: Database) {
    for status in [401, 403] {
        let c = Till::with_environment(banco, Faults { unauthorized: status, ..Faults::default() }, &[]);
        assert!(!recusa(&c));
        let pedidos: Vec<_> = (0..3).map(|_| c.checkout(1)).collect();
        for pedido in &pedidos {
            assert_eq!(pedido["qr_situacao"], "recusado");
            let texto = "O Mercado Pago não aceita a credencial deste sistema e não faz QR codes: receba no balcão e avise o responsável";
            assert_eq!(c.wait_for_pendencia(pedido), texto);
        }
        assert!(recusa(&c));
        assert_eq!(c.get("/readyz").status, 200);
        assert_eq!(c.log().matches("refuses the access token").count(), 1);
        c.mp.faults(|f| f.unauthorized = 0);
        for pedido in &pedidos {
            wait_until("the QR code", || c.reload(pedido)["qr_situacao"] == "pronto");
        }
        assert!(!recusa(&c));
        assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]));
        assert_eq!(c.log().matches("accepts the access token again").count(), 1);
    }
}

fn a_credential_refused_during_a_refund_delays_the_refund(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    c.mp.faults(|f| f.unauthorized = 401);
    c.cancel(&pedido, "acabou o pão").ok();
    let texto =
        "O Mercado Pago não aceita a credencial deste sistema, e o reembolso espera: avise o responsável";
    assert_eq!(c.wait_for_pendencia(&pedido), texto);
    c.mp.faults(|f| f.unauthorized = 0);
    c.wait_for_pagamento(&pedido, 4);
    assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]));
}
