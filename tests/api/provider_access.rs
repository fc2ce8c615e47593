//! A refused access token: orders, metrics and log report it at once, and everything recovers when it is accepted again.

use serde_json::json;

use crate::{Database, on_both_databases, restaurant::wait_until, standin::Faults, till::Till};

on_both_databases!(
    a_refused_credential_is_reported_and_recovers,
    a_credential_refused_during_a_refund_delays_the_refund
);

fn is_token_refused(till: &Till) -> bool {
    till.get("/metrics").body.contains("ambrosia_provider_unauthorized 1\n")
}

fn a_refused_credential_is_reported_and_recovers(database: Database) {
    for status in [401, 403] {
        let till = Till::with_faults(database, Faults { unauthorized: status, ..Faults::default() }, &[]);
        assert!(!is_token_refused(&till));
        let pedidos: Vec<_> = (0..3).map(|_| till.checkout(1)).collect();
        for pedido in &pedidos {
            assert_eq!(pedido["qr_situacao"], "recusado");
            let text = "O Mercado Pago não aceita a credencial deste sistema e não faz QR codes: receba no balcão e avise o responsável";
            assert_eq!(till.wait_for_pendencia(pedido), text);
        }
        assert!(is_token_refused(&till));
        assert_eq!(till.get("/readyz").status, 200);
        assert_eq!(till.log().matches("refuses the access token").count(), 1);
        till.mp.faults(|f| f.unauthorized = 0);
        for pedido in &pedidos {
            wait_until("the QR code is ready", || till.reload(pedido)["qr_situacao"] == "pronto");
        }
        assert!(!is_token_refused(&till));
        assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
        assert_eq!(till.log().matches("accepts the access token again").count(), 1);
    }
}

fn a_credential_refused_during_a_refund_delays_the_refund(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    till.mp.faults(|f| f.unauthorized = 401);
    till.cancel(&pedido, "acabou o pão").ok();
    let text =
        "O Mercado Pago não aceita a credencial deste sistema, e o reembolso espera: avise o responsável";
    assert_eq!(till.wait_for_pendencia(&pedido), text);
    till.mp.faults(|f| f.unauthorized = 0);
    till.wait_for_pagamento(&pedido, 4);
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
}
