//! Notifications (webhooks) of the provider: all documented shapes, unsigned, forged, replayed, duplicated, unknown and
//! oversized ones. A valid notification only triggers a lookup; its body is never trusted.

use serde_json::{Value, json};

use crate::{
    Database, on_both_databases,
    restaurant::wait_until,
    standin::{self, Faults},
    till::{SECRET, Till},
};

on_both_databases!(
    every_documented_shape_is_accepted,
    an_unsigned_notification_is_refused,
    a_signature_with_another_secret_is_refused,
    the_signature_of_another_order_is_refused,
    only_the_signed_id_is_looked_up,
    the_body_alone_approves_nothing,
    a_body_of_the_original_system_approves_nothing,
    two_secrets_are_valid_during_rotation,
    without_a_secret_it_only_triggers_a_lookup,
    unknown_ids_change_nothing,
    duplicates_out_of_order_count_once,
    a_notification_may_precede_the_creation_response,
    the_simulator_cannot_approve_a_real_charge,
    malformed_json_is_400_and_unexpected_json_is_accepted,
    a_replayed_notification_is_ignored,
    a_signature_is_not_valid_for_an_injected_id,
    a_flood_does_not_reach_the_provider,
    a_large_body_is_parsed_without_copying,
);

/// The stand-in's notifications are lost and polling is off: only a notification of the test triggers a lookup.
fn without_notifications(database: Database, environment: &[(&str, &str)]) -> Till {
    let mut all = vec![("MERCADO_PAGO_POLL_SECONDS", "3600")];
    all.extend_from_slice(environment);
    Till::with_faults(database, Faults { lost: 1000, ..Faults::default() }, &all)
}

/// An order that is paid at the provider, while the restaurant has not noticed; with the id of its charge.
fn paid_unnoticed(till: &Till) -> (Value, String) {
    let pedido = till.checkout(1);
    till.pay(&pedido);
    let id = till.cobranca(&pedido).id;
    (pedido, id)
}

/// A forged notification is answered 401, and makes no call to the provider.
#[track_caller]
fn assert_nothing_changed(till: &Till, pedido: &Value, response: &crate::Response) {
    response.problem(401, "A assinatura da notificação falta ou está errada");
    let eventos = till.history(pedido);
    assert_eq!(eventos.len(), 4, "{eventos:?}");
    assert_eq!(till.reload(pedido)["status_pagamento"], 1);
    assert!(till.mp.calls().iter().all(|line| !line.starts_with("GET")));
    assert!(till.log().contains("notification refused"));
}

fn every_documented_shape_is_accepted(database: Database) {
    let till = without_notifications(database, &[]);
    // Older APIs identify a payment by a number: in the stand-in, the position of the order.
    type Shape<'a> = &'a dyn Fn(&str, usize, &Value) -> crate::Response;
    let shapes: [Shape<'_>; 8] = [
        &|id, _, _| {
            let body = json!({"action": "order.processed", "type": "order", "data": {"id": id}});
            till.notify_signed(&id.to_lowercase(), &format!("?data.id={id}&type=order"), &body)
        },
        &|id, _, _| till.notify_signed(id, &format!("?data.id={id}&type=order"), &json!({"type": "order"})),
        &|_, n, _| {
            let body = json!({"id": 123, "live_mode": true, "type": "payment", "api_version": "v1",
                "action": "payment.updated", "user_id": 44444, "data": {"id": n.to_string()}});
            till.notify_signed(&n.to_string(), &format!("?data.id={n}&type=payment"), &body)
        },
        &|_, n, _| till.notify_signed("", &format!("?topic=merchant_order&id={n}"), &json!({})),
        &|_, n, _| {
            let resource = json!({"resource": format!("https://api.mercadopago.com/merchant_orders/{n}"), "topic": "merchant_order"});
            till.notify_signed("", "", &resource)
        },
        &|_, n, _| till.notify_signed("", &format!("?topic=payment&id={n}"), &Value::Null),
        &|_, n, _| till.notify_signed("", "", &json!({"type": "topic_merchant_order_wh", "data": {"id": n}})),
        &|_, _, pedido| {
            let body = json!({"id": pedido["id_pagamento"], "type": "payment", "date_created": "2015-03-25 10:04:58",
                "user_id": 44444, "api_version": "v1", "action": "state_FINISHED"});
            till.notify_signed("", "", &body)
        },
    ];
    for (n, shape) in shapes.iter().enumerate() {
        let (pedido, id) = paid_unnoticed(&till);
        let response = shape(&id, n + 1, &pedido);
        assert_eq!(response.ok(), true, "shape {n}");
        wait_until(&format!("shape {n} approves the order"), || {
            till.reload(&pedido)["status_pagamento"] == 2
        });
        assert!(till.history(&pedido).iter().any(|(tipo, _)| tipo == "notificado"));
    }
}

fn an_unsigned_notification_is_refused(database: Database) {
    let till = without_notifications(database, &[]);
    let (pedido, id) = paid_unnoticed(&till);
    let body = json!({"type": "order", "data": {"id": id}});
    assert_nothing_changed(&till, &pedido, &till.notify(&format!("?data.id={id}&type=order"), &[], &body));
    assert_nothing_changed(
        &till,
        &pedido,
        &till.notify(&format!("?data.id={id}"), &[("x-signature", "")], &body),
    );
    assert_nothing_changed(
        &till,
        &pedido,
        &till.notify(&format!("?data.id={id}"), &[("x-signature", "ts=1,v1=é")], &body),
    );
}

fn a_signature_with_another_secret_is_refused(database: Database) {
    let till = without_notifications(database, &[]);
    let (pedido, id) = paid_unnoticed(&till);
    let signature = standin::sign("outro-segredo", Some(&id), Some("x"), "1742505638683");
    let headers = [("x-signature", signature.as_str()), ("x-request-id", "x")];
    assert_nothing_changed(
        &till,
        &pedido,
        &till.notify(&format!("?data.id={id}&type=order"), &headers, &json!({})),
    );
}

fn the_signature_of_another_order_is_refused(database: Database) {
    let till = without_notifications(database, &[]);
    let other = till.checkout(1);
    let (pedido, id) = paid_unnoticed(&till);
    let signature = standin::sign(SECRET, Some(&till.cobranca(&other).id), Some("x"), "1742505638683");
    let headers = [("x-signature", signature.as_str()), ("x-request-id", "x")];
    assert_nothing_changed(
        &till,
        &pedido,
        &till.notify(&format!("?data.id={id}&type=order"), &headers, &json!({})),
    );
}

fn only_the_signed_id_is_looked_up(database: Database) {
    let till = without_notifications(database, &[]);
    let other = till.checkout(1);
    let (pedido, id) = paid_unnoticed(&till);
    let id_of_other = till.cobranca(&other).id;
    let signature = standin::sign(SECRET, Some(&id_of_other), Some("x"), "1742505638683");
    let headers = [("x-signature", signature.as_str()), ("x-request-id", "x")];
    // The query has the signed id, the body another one: only the signed one is looked up.
    let body =
        json!({"type": "order", "action": "order.processed", "data": {"id": id, "status": "processed"}});
    assert_eq!(till.notify(&format!("?data.id={id_of_other}&type=order"), &headers, &body).ok(), true);
    wait_until("the other order is looked up", || till.history(&other).len() > 5);
    assert_eq!(till.history(&pedido).len(), 4);
    assert_eq!(
        (&till.reload(&pedido)["status_pagamento"], &till.reload(&other)["status_pagamento"]),
        (&json!(1), &json!(1))
    );
    // Without the id in the query the signature does not match.
    assert_eq!(till.notify("?type=order", &headers, &body).status, 401);
    assert_eq!(till.history(&pedido).len(), 4);
}

fn the_body_alone_approves_nothing(database: Database) {
    let till = without_notifications(database, &[]);
    let pedido = till.checkout(1);
    let cobranca = till.cobranca(&pedido);
    // A signed body claims that the charge is paid, which it is not at the provider.
    let body = json!({"type": "order", "action": "order.processed", "data": {"id": cobranca.id, "status": "processed",
        "external_reference": cobranca.reference, "total_paid_amount": "999.00"}});
    assert_eq!(
        till.notify_signed(&cobranca.id, &format!("?data.id={}&type=order", cobranca.id), &body).ok(),
        true
    );
    wait_until("the charge is looked up", || {
        till.history(&pedido).iter().any(|(_, d)| d.starts_with("consultar:"))
    });
    assert_eq!(till.reload(&pedido)["status_pagamento"], 1);
}

fn a_body_of_the_original_system_approves_nothing(database: Database) {
    let till = without_notifications(database, &[]);
    let pedido = till.checkout(1);
    let body = json!({"id": pedido["id_pagamento"], "type": "payment", "action": "state_FINISHED"});
    assert_eq!(till.notify("", &[], &body).status, 401);
    assert_eq!(till.notify_signed("", "", &body).ok(), true);
    wait_until("the charge is looked up", || {
        till.history(&pedido).iter().any(|(_, d)| d.starts_with("consultar:"))
    });
    assert_eq!(till.reload(&pedido)["status_pagamento"], 1);
}

fn two_secrets_are_valid_during_rotation(database: Database) {
    let secrets = format!("novo, {SECRET}");
    let till = without_notifications(database, &[("MERCADO_PAGO_WEBHOOK_SECRET", &secrets)]);
    for secret in [SECRET, "novo"] {
        let (pedido, id) = paid_unnoticed(&till);
        let signature = standin::sign(secret, Some(&id), None, "1742505638");
        let query = format!("?data.id={id}&type=order");
        till.notify(&query, &[("x-signature", &signature)], &json!({})).ok();
        till.wait_for_pagamento(&pedido, 2);
    }
}

const UNSIGNED: [(&str, &str); 2] =
    [("MERCADO_PAGO_WEBHOOK_SECRET", ""), ("MERCADO_PAGO_WEBHOOK_UNSIGNED", "true")];

fn without_a_secret_it_only_triggers_a_lookup(database: Database) {
    let till = without_notifications(database, &UNSIGNED);
    assert!(till.log().contains("notifications are not signed"));
    let unpaid = till.checkout(1);
    let (paid, id) = paid_unnoticed(&till);
    let body = json!({"id": unpaid["id_pagamento"], "action": "state_FINISHED"});
    assert_eq!(till.notify("", &[], &body).ok(), true);
    assert_eq!(till.notify(&format!("?data.id={id}&type=order"), &[], &json!({})).ok(), true);
    till.wait_for_pagamento(&paid, 2);
    wait_until("the charge is looked up", || {
        till.history(&unpaid).iter().any(|(_, d)| d.starts_with("consultar:"))
    });
    assert_eq!(till.reload(&unpaid)["status_pagamento"], 1);
}

fn unknown_ids_change_nothing(database: Database) {
    let till = without_notifications(database, &[]);
    let pedido = till.checkout(1);
    for id in ["ORD01NAOEXISTE", "ORD02-nao_existe", "404"] {
        let query = format!("?data.id={id}&type=order");
        assert_eq!(till.notify_signed(id, &query, &json!({})).ok(), true);
    }
    for id in ["' OR ''='", "../../v1/orders", "ord1;request-id:chamada-1"] {
        let query = format!("?data.id={}&type=order", id.replace(' ', "%20"));
        assert_eq!(till.notify_signed(id, &query, &json!({})).status, 401, "{id}");
    }
    let unknown = json!({"id": "desconhecido", "action": "state_FINISHED"});
    assert_eq!(till.notify_signed("", "", &unknown).ok(), true);
    assert_eq!(till.notify_signed("", "", &json!({"type": "plan", "data": {"id": "1"}})).ok(), true);
    assert_eq!(till.notify_signed("", "", &Value::Null).ok(), true);
    wait_until("three notifications are judged unknown", || {
        till.count("SELECT COUNT(*) FROM notificacoes WHERE veredito = 'desconhecida'") == 3
    });
    assert_eq!(till.history(&pedido).len(), 4);
}

fn duplicates_out_of_order_count_once(database: Database) {
    let faults = Faults { doubled: 1000, shuffled: 500, ..Faults::default() };
    let till = Till::with_faults(database, faults, &[]);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    till.cancel(&pedido, "o cliente desistiu").ok();
    till.wait_for_pagamento(&pedido, 4);
    // A late "paid" notification comes after the refund.
    let id = till.cobranca(&pedido).id;
    for _ in 0..5 {
        till.notify_signed(&id, &format!("?data.id={id}&type=order"), &json!({"action": "order.processed"}))
            .ok();
    }
    wait_until("no step of a charge is due", || {
        till.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    assert_eq!(till.reload(&pedido)["status_pagamento"], 4);
    let payments: Vec<_> =
        till.history(&pedido).into_iter().filter(|(tipo, _)| tipo == "pagamento").collect();
    assert_eq!(payments.len(), 2, "{payments:?}");
}

fn a_notification_may_precede_the_creation_response(database: Database) {
    // The provider makes the charge and its response is lost: a notification about it comes before its id is known here.
    let till = Till::with_faults(database, Faults { cut_after: 1000, lost: 1000, ..Faults::default() }, &[]);
    let pedido = till.checkout(1);
    let id = till.cobranca(&pedido).id;
    till.mp.faults(|f| f.cut_after = 0);
    assert_eq!(till.notify_signed(&id, &format!("?data.id={id}&type=order"), &json!({})).ok(), true);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    assert_eq!(till.mp.orders().len(), 1);
}

fn the_simulator_cannot_approve_a_real_charge(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    // A process on the same database, started without the token.
    let simulated = till.r.process_without_settings();
    let body = json!({"id": pedido["id_pagamento"], "action": "state_FINISHED"}).to_string();
    let response = simulated.request("POST", "/pedidos/status_pagamento", &[], Some(&body));
    response.problem(409, "A cobrança deste pedido está no Mercado Pago, e só ele a confirma");
    assert_eq!(till.reload(&pedido)["status_pagamento"], 1);
}

fn malformed_json_is_400_and_unexpected_json_is_accepted(database: Database) {
    let till = without_notifications(database, &[]);
    let signature = standin::sign(SECRET, None, None, "1");
    for body in ["{", "é só texto", "{\"data\":"] {
        let response =
            till.request("POST", "/pedidos/status_pagamento", &[("x-signature", &signature)], Some(body));
        assert_eq!(response.status, 400, "{body}");
    }
    for body in ["[]", "1", "{\"data\":[1]}", "{\"data\":{\"id\":{}}}", "{\"id\":{}}", "\"x\""] {
        let response =
            till.request("POST", "/pedidos/status_pagamento", &[("x-signature", &signature)], Some(body));
        assert_eq!(response.ok(), true, "{body}");
    }
}

fn lookups(till: &Till) -> usize {
    till.mp.calls().iter().filter(|line| line.starts_with("GET")).count()
}

fn a_replayed_notification_is_ignored(database: Database) {
    let till = without_notifications(database, &[]);
    let process = till.r.another_process();
    let (pedido, id) = paid_unnoticed(&till);
    let query = format!("?data.id={id}&type=order");
    till.notify_signed(&id, &query, &json!({})).ok();
    till.wait_for_pagamento(&pedido, 2);
    wait_until("no step of a charge is due", || {
        till.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    let (history, calls) = (till.history(&pedido), till.mp.calls().len());
    // Replayed with another body, and to another process.
    let signature = standin::sign(SECRET, Some(&id), Some("chamada-1"), "1742505638683");
    let headers = [("x-signature", signature.as_str()), ("x-request-id", "chamada-1")];
    for _ in 0..5 {
        assert_eq!(till.notify_signed(&id, &query, &json!({"action": "order.refunded"})).ok(), true);
        let path = format!("/pedidos/status_pagamento{query}");
        assert_eq!(process.request("POST", &path, &headers, Some("{}")).ok(), true);
    }
    // A new notification makes a lookup; any lookup of a replay would come before it.
    let replacement = standin::sign(SECRET, Some(&id), Some("chamada-2"), "1742505638683");
    till.notify(&query, &[("x-signature", &replacement), ("x-request-id", "chamada-2")], &json!({})).ok();
    wait_until("the new notification is looked up", || till.history(&pedido).len() >= history.len() + 2);
    wait_until("no step of a charge is due", || {
        till.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    assert_eq!(till.history(&pedido).len(), history.len() + 2);
    assert_eq!(till.mp.calls().len(), calls + 1);
}

fn a_signature_is_not_valid_for_an_injected_id(database: Database) {
    let till = without_notifications(database, &[]);
    let signature = standin::sign(SECRET, Some("ord1"), Some("r1"), "1742505638683");
    for query in ["?data.id=ord1;request-id:r1&type=order", "?data.id=ord1%3Brequest-id%3Ar1&type=order"] {
        let response = till.notify(query, &[("x-signature", &signature)], &json!({}));
        response.problem(401, "A assinatura da notificação falta ou está errada");
    }
    assert_eq!(till.count("SELECT COUNT(*) FROM notificacoes"), 0);
}

/// Unsigned notifications make few calls to the provider, and a real order is still settled.
fn a_flood_does_not_reach_the_provider(database: Database) {
    const NOTIFICATIONS: usize = 2000;
    let till = without_notifications(database, &UNSIGNED);
    let (paid, id) = paid_unnoticed(&till);
    let (before, start) = (lookups(&till), std::time::Instant::now());
    std::thread::scope(|scope| {
        for part in 0..8 {
            let till = &till;
            scope.spawn(move || {
                for n in 0..NOTIFICATIONS / 8 {
                    let query = format!("?data.id=ORDFALSO{part}x{n}&type=order");
                    assert_eq!(till.notify(&query, &[], &json!({})).ok(), true);
                }
            });
        }
    });
    assert_eq!(till.count("SELECT COUNT(*) FROM notificacoes"), NOTIFICATIONS as i64);
    assert_eq!(till.notify(&format!("?data.id={id}&type=order"), &[], &json!({})).ok(), true);
    till.wait_for_pagamento(&paid, 2);
    let calls = lookups(&till) - before;
    // A burst of five and two a second for unknown ids, and the calls for the order itself.
    let limit = 10 + 2 * (start.elapsed().as_secs() as usize + 1);
    assert!(calls <= limit, "{calls} calls, more than {limit}");
    assert!(calls < NOTIFICATIONS / 4, "the flood was too slow to prove a limit: {calls} calls");
    // Lookups of one order are rate limited too.
    let history = till.history(&paid).len();
    for _ in 0..200 {
        till.notify(&format!("?data.id={id}&type=order"), &[], &json!({})).ok();
    }
    let new_events = till.history(&paid).len() - history;
    let limit = 2 * (20 + 5 * (start.elapsed().as_secs() as usize + 1));
    assert!(new_events <= limit, "{new_events} events, more than {limit}");
}

fn a_large_body_is_parsed_without_copying(database: Database) {
    let till = without_notifications(database, &UNSIGNED);
    let (paid, id) = paid_unnoticed(&till);
    let peak_kilobytes = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", till.r.pid())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap().to_owned();
        line.split_whitespace().nth(1).unwrap().parse::<i64>().unwrap()
    };
    let body = format!(r#"{{"lixo":[{}1],"type":"order","data":{{"id":"{id}"}}}}"#, "{},".repeat(30_000));
    let before = peak_kilobytes();
    for _ in 0..4 {
        let response = till.request("POST", "/pedidos/status_pagamento", &[], Some(&body));
        assert_eq!(response.ok(), true);
    }
    till.wait_for_pagamento(&paid, 2);
    // Parsing into JSON values would take eighty times the length, about seven megabytes.
    assert!(peak_kilobytes() - before < 3_000, "{} KB more", peak_kilobytes() - before);
}
