//! Notifications: in all the shapes that there are, repeated, forged, about things unknown. None is believed.

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

/// The real ones are lost, and nobody looks by himself: only what the test sends can move anything.
fn surda(banco: Database, environment: &[(&str, &str)]) -> Till {
    let mut tudo = vec![("MERCADO_PAGO_POLL_SECONDS", "3600")];
    tudo.extend_from_slice(environment);
    Till::with_environment(banco, Faults { lost: 1000, ..Faults::default() }, &tudo)
}

/// An order that is paid, which the restaurant does not know.
fn pago_sem_saber(c: &Till) -> (Value, String) {
    let pedido = c.checkout(1);
    c.pay(&pedido);
    let id = c.cobranca(&pedido).id;
    (pedido, id)
}

/// What a forged notification must leave behind: an answer 401, and no call to anybody.
#[track_caller]
fn nada_mudou(c: &Till, pedido: &Value, resposta: &crate::Response) {
    resposta.problem(401, "A assinatura da notificação falta ou está errada");
    let eventos = c.history(pedido);
    assert_eq!(eventos.len(), 3, "{eventos:?}");
    assert_eq!(c.reload(pedido)["status_pagamento"], 1);
    assert!(c.mp.calls().iter().all(|linha| !linha.starts_with("GET")));
    assert!(c.log().contains("notification refused"));
}

fn every_documented_shape_is_accepted(banco: Database) {
    let c = surda(banco, &[]);
    // The older APIs number payments by the order's place in the stand-in.
    type Forma<'a> = &'a dyn Fn(&str, usize, &Value) -> crate::Response;
    let formas: [Forma<'_>; 8] = [
        &|id, _, _| {
            let body = json!({"action": "order.processed", "type": "order", "data": {"id": id}});
            c.notify_signed(&id.to_lowercase(), &format!("?data.id={id}&type=order"), &body)
        },
        &|id, _, _| c.notify_signed(id, &format!("?data.id={id}&type=order"), &json!({"type": "order"})),
        &|_, n, _| {
            let body = json!({"id": 123, "live_mode": true, "type": "payment", "api_version": "v1",
                "action": "payment.updated", "user_id": 44444, "data": {"id": n.to_string()}});
            c.notify_signed(&n.to_string(), &format!("?data.id={n}&type=payment"), &body)
        },
        &|_, n, _| c.notify_signed("", &format!("?topic=merchant_order&id={n}"), &json!({})),
        &|_, n, _| {
            let recurso = json!({"resource": format!("https://api.mercadopago.com/merchant_orders/{n}"), "topic": "merchant_order"});
            c.notify_signed("", "", &recurso)
        },
        &|_, n, _| c.notify_signed("", &format!("?topic=payment&id={n}"), &Value::Null),
        &|_, n, _| c.notify_signed("", "", &json!({"type": "topic_merchant_order_wh", "data": {"id": n}})),
        &|_, _, pedido| {
            let body = json!({"id": pedido["id_pagamento"], "type": "payment", "date_created": "2015-03-25 10:04:58",
                "user_id": 44444, "api_version": "v1", "action": "state_FINISHED"});
            c.notify_signed("", "", &body)
        },
    ];
    for (n, forma) in formas.iter().enumerate() {
        let (pedido, id) = pago_sem_saber(&c);
        let resposta = forma(&id, n + 1, &pedido);
        assert_eq!(resposta.ok(), true, "shape {n}");
        wait_until(&format!("shape {n}"), || c.reload(&pedido)["status_pagamento"] == 2);
        assert!(c.history(&pedido).iter().any(|(tipo, _)| tipo == "notificado"));
    }
}

fn an_unsigned_notification_is_refused(banco: Database) {
    let c = surda(banco, &[]);
    let (pedido, id) = pago_sem_saber(&c);
    let body = json!({"type": "order", "data": {"id": id}});
    nada_mudou(&c, &pedido, &c.notify(&format!("?data.id={id}&type=order"), &[], &body));
    nada_mudou(&c, &pedido, &c.notify(&format!("?data.id={id}"), &[("x-signature", "")], &body));
    nada_mudou(&c, &pedido, &c.notify(&format!("?data.id={id}"), &[("x-signature", "ts=1,v1=é")], &body));
}

fn a_signature_with_another_secret_is_refused(banco: Database) {
    let c = surda(banco, &[]);
    let (pedido, id) = pago_sem_saber(&c);
    let assinatura = standin::sign("outro-segredo", Some(&id), Some("x"), "1742505638683");
    let headers = [("x-signature", assinatura.as_str()), ("x-request-id", "x")];
    nada_mudou(&c, &pedido, &c.notify(&format!("?data.id={id}&type=order"), &headers, &json!({})));
}

fn the_signature_of_another_order_is_refused(banco: Database) {
    let c = surda(banco, &[]);
    let outro = c.checkout(1);
    let (pedido, id) = pago_sem_saber(&c);
    let assinatura = standin::sign(SECRET, Some(&c.cobranca(&outro).id), Some("x"), "1742505638683");
    let headers = [("x-signature", assinatura.as_str()), ("x-request-id", "x")];
    nada_mudou(&c, &pedido, &c.notify(&format!("?data.id={id}&type=order"), &headers, &json!({})));
}

fn only_the_signed_id_is_looked_up(banco: Database) {
    let c = surda(banco, &[]);
    let outro = c.checkout(1);
    let (pedido, id) = pago_sem_saber(&c);
    let de_outro = c.cobranca(&outro).id;
    let assinatura = standin::sign(SECRET, Some(&de_outro), Some("x"), "1742505638683");
    let headers = [("x-signature", assinatura.as_str()), ("x-request-id", "x")];
    // The address is as it was signed, the body names another: the signed one counts, and is looked up in vain.
    let body =
        json!({"type": "order", "action": "order.processed", "data": {"id": id, "status": "processed"}});
    assert_eq!(c.notify(&format!("?data.id={de_outro}&type=order"), &headers, &body).ok(), true);
    wait_until("the other order to be looked at", || c.history(&outro).len() > 4);
    assert_eq!(c.history(&pedido).len(), 3);
    assert_eq!(
        (&c.reload(&pedido)["status_pagamento"], &c.reload(&outro)["status_pagamento"]),
        (&json!(1), &json!(1))
    );
    // And with the id left out of the address.
    assert_eq!(c.notify("?type=order", &headers, &body).status, 401);
    assert_eq!(c.history(&pedido).len(), 3);
}

fn the_body_alone_approves_nothing(banco: Database) {
    let c = surda(banco, &[]);
    let pedido = c.checkout(1);
    let cobranca = c.cobranca(&pedido);
    // Signed, and all that it says is that all is paid; the provider says otherwise.
    let body = json!({"type": "order", "action": "order.processed", "data": {"id": cobranca.id, "status": "processed",
        "external_reference": cobranca.reference, "total_paid_amount": "999.00"}});
    assert_eq!(
        c.notify_signed(&cobranca.id, &format!("?data.id={}&type=order", cobranca.id), &body).ok(),
        true
    );
    wait_until("it to be looked at", || c.history(&pedido).iter().any(|(_, d)| d.starts_with("consultar:")));
    assert_eq!(c.reload(&pedido)["status_pagamento"], 1);
}

fn a_body_of_the_original_system_approves_nothing(banco: Database) {
    let c = surda(banco, &[]);
    let pedido = c.checkout(1);
    let body = json!({"id": pedido["id_pagamento"], "type": "payment", "action": "state_FINISHED"});
    assert_eq!(c.notify("", &[], &body).status, 401);
    assert_eq!(c.notify_signed("", "", &body).ok(), true);
    wait_until("it to be looked at", || c.history(&pedido).iter().any(|(_, d)| d.starts_with("consultar:")));
    assert_eq!(c.reload(&pedido)["status_pagamento"], 1);
}

fn two_secrets_are_valid_during_rotation(banco: Database) {
    let segredos = format!("novo, {SECRET}");
    let c = surda(banco, &[("MERCADO_PAGO_WEBHOOK_SECRET", &segredos)]);
    for segredo in [SECRET, "novo"] {
        let (pedido, id) = pago_sem_saber(&c);
        let assinatura = standin::sign(segredo, Some(&id), None, "1742505638");
        let consulta = format!("?data.id={id}&type=order");
        c.notify(&consulta, &[("x-signature", &assinatura)], &json!({})).ok();
        c.wait_for_pagamento(&pedido, 2);
    }
}

const SEM_SEGREDO: [(&str, &str); 2] =
    [("MERCADO_PAGO_WEBHOOK_SECRET", ""), ("MERCADO_PAGO_WEBHOOK_UNSIGNED", "true")];

fn without_a_secret_it_only_triggers_a_lookup(banco: Database) {
    let c = surda(banco, &SEM_SEGREDO);
    assert!(c.log().contains("notifications are not signed"));
    let aberto = c.checkout(1);
    let (pago, id) = pago_sem_saber(&c);
    let body = json!({"id": aberto["id_pagamento"], "action": "state_FINISHED"});
    assert_eq!(c.notify("", &[], &body).ok(), true);
    assert_eq!(c.notify(&format!("?data.id={id}&type=order"), &[], &json!({})).ok(), true);
    c.wait_for_pagamento(&pago, 2);
    wait_until("it to be looked at", || c.history(&aberto).iter().any(|(_, d)| d.starts_with("consultar:")));
    assert_eq!(c.reload(&aberto)["status_pagamento"], 1);
}

fn unknown_ids_change_nothing(banco: Database) {
    let c = surda(banco, &[]);
    let pedido = c.checkout(1);
    for id in ["ORD01NAOEXISTE", "ORD02-nao_existe", "404"] {
        let consulta = format!("?data.id={id}&type=order");
        assert_eq!(c.notify_signed(id, &consulta, &json!({})).ok(), true);
    }
    for id in ["' OR ''='", "../../v1/orders", "ord1;request-id:chamada-1"] {
        let consulta = format!("?data.id={}&type=order", id.replace(' ', "%20"));
        assert_eq!(c.notify_signed(id, &consulta, &json!({})).status, 401, "{id}");
    }
    let sem_dono = json!({"id": "desconhecido", "action": "state_FINISHED"});
    assert_eq!(c.notify_signed("", "", &sem_dono).ok(), true);
    assert_eq!(c.notify_signed("", "", &json!({"type": "plan", "data": {"id": "1"}})).ok(), true);
    assert_eq!(c.notify_signed("", "", &Value::Null).ok(), true);
    wait_until("a verdict", || {
        c.count("SELECT COUNT(*) FROM notificacoes WHERE veredito = 'desconhecida'") == 3
    });
    assert_eq!(c.history(&pedido).len(), 3);
}

fn duplicates_out_of_order_count_once(banco: Database) {
    let faults = Faults { doubled: 1000, shuffled: 500, ..Faults::default() };
    let c = Till::with_environment(banco, faults, &[]);
    let pedido = c.checkout(1);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    c.cancel(&pedido, "o cliente desistiu").ok();
    c.wait_for_pagamento(&pedido, 4);
    // The late "paid" comes after the refund.
    let id = c.cobranca(&pedido).id;
    for _ in 0..5 {
        c.notify_signed(&id, &format!("?data.id={id}&type=order"), &json!({"action": "order.processed"}))
            .ok();
    }
    wait_until("the last to be looked into", || {
        c.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    assert_eq!(c.reload(&pedido)["status_pagamento"], 4);
    let movimentos: Vec<_> = c.history(&pedido).into_iter().filter(|(tipo, _)| tipo == "pagamento").collect();
    assert_eq!(movimentos.len(), 2, "{movimentos:?}");
}

fn a_notification_may_precede_the_creation_response(banco: Database) {
    // The creation is done there, and its answer lost: the customer cannot pay yet, but the notification of anything
    // about it comes before we know its id.
    let c = Till::with_environment(banco, Faults { cut_after: 1000, lost: 1000, ..Faults::default() }, &[]);
    let pedido = c.checkout(1);
    let id = c.cobranca(&pedido).id;
    c.mp.faults(|f| f.cut_after = 0);
    assert_eq!(c.notify_signed(&id, &format!("?data.id={id}&type=order"), &json!({})).ok(), true);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    assert_eq!(c.mp.orders().len(), 1);
}

fn the_simulator_cannot_approve_a_real_charge(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    // The same database, and somebody forgot the token.
    let simulado = crate::Restaurant::process_without_settings(&c.r);
    let body = json!({"id": pedido["id_pagamento"], "action": "state_FINISHED"}).to_string();
    let resposta = simulado.request("POST", "/pedidos/status_pagamento", &[], Some(&body));
    resposta.problem(409, "A cobrança deste pedido está no Mercado Pago, e só ele a confirma");
    assert_eq!(c.reload(&pedido)["status_pagamento"], 1);
}

fn malformed_json_is_400_and_unexpected_json_is_accepted(banco: Database) {
    let c = surda(banco, &[]);
    let assinatura = standin::sign(SECRET, None, None, "1");
    for body in ["{", "é só texto", "{\"data\":"] {
        let resposta =
            c.request("POST", "/pedidos/status_pagamento", &[("x-signature", &assinatura)], Some(body));
        assert_eq!(resposta.status, 400, "{body}");
    }
    for body in ["[]", "1", "{\"data\":[1]}", "{\"data\":{\"id\":{}}}", "{\"id\":{}}", "\"x\""] {
        let resposta =
            c.request("POST", "/pedidos/status_pagamento", &[("x-signature", &assinatura)], Some(body));
        assert_eq!(resposta.ok(), true, "{body}");
    }
}

fn consultas(c: &Till) -> usize {
    c.mp.calls().iter().filter(|linha| linha.starts_with("GET")).count()
}

fn a_replayed_notification_is_ignored(banco: Database) {
    let c = surda(banco, &[]);
    let filial = c.r.another_process();
    let (pedido, id) = pago_sem_saber(&c);
    let consulta = format!("?data.id={id}&type=order");
    c.notify_signed(&id, &consulta, &json!({})).ok();
    c.wait_for_pagamento(&pedido, 2);
    wait_until("the step to be settled", || {
        c.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
    let (history, chamadas) = (c.history(&pedido), c.mp.calls().len());
    // As it was, with the id in other letters, with another body, and to another process.
    let assinatura = standin::sign(SECRET, Some(&id), Some("chamada-1"), "1742505638683");
    let headers = [("x-signature", assinatura.as_str()), ("x-request-id", "chamada-1")];
    for _ in 0..5 {
        assert_eq!(c.notify_signed(&id, &consulta, &json!({"action": "order.refunded"})).ok(), true);
        let caminho = format!("/pedidos/status_pagamento{consulta}");
        assert_eq!(filial.request("POST", &caminho, &headers, Some("{}")).ok(), true);
    }
    // One that is new is looked into, which comes after whatever a copy had begun.
    let nova = standin::sign(SECRET, Some(&id), Some("chamada-2"), "1742505638683");
    c.notify(&consulta, &[("x-signature", &nova), ("x-request-id", "chamada-2")], &json!({})).ok();
    wait_until("the new one to be looked into", || c.history(&pedido).len() >= history.len() + 2);
    wait_until("and settled", || c.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0);
    assert_eq!(c.history(&pedido).len(), history.len() + 2);
    assert_eq!(c.mp.calls().len(), chamadas + 1);
}

fn a_signature_is_not_valid_for_an_injected_id(banco: Database) {
    let c = surda(banco, &[]);
    let assinatura = standin::sign(SECRET, Some("ord1"), Some("r1"), "1742505638683");
    for consulta in ["?data.id=ord1;request-id:r1&type=order", "?data.id=ord1%3Brequest-id%3Ar1&type=order"] {
        let resposta = c.notify(consulta, &[("x-signature", &assinatura)], &json!({}));
        resposta.problem(401, "A assinatura da notificação falta ou está errada");
    }
    assert_eq!(c.count("SELECT COUNT(*) FROM notificacoes"), 0);
}

/// Anyone can send these; the provider hears of a few of them, and a real order is settled meanwhile.
fn a_flood_does_not_reach_the_provider(banco: Database) {
    const AVISOS: usize = 2000;
    let c = surda(banco, &SEM_SEGREDO);
    let (pago, id) = pago_sem_saber(&c);
    let (antes, inicio) = (consultas(&c), std::time::Instant::now());
    std::thread::scope(|escopo| {
        for parte in 0..8 {
            let c = &c;
            escopo.spawn(move || {
                for n in 0..AVISOS / 8 {
                    let consulta = format!("?data.id=ORDFALSO{parte}x{n}&type=order");
                    assert_eq!(c.notify(&consulta, &[], &json!({})).ok(), true);
                }
            });
        }
    });
    assert_eq!(c.count("SELECT COUNT(*) FROM notificacoes"), AVISOS as i64);
    assert_eq!(c.notify(&format!("?data.id={id}&type=order"), &[], &json!({})).ok(), true);
    c.wait_for_pagamento(&pago, 2);
    let chamadas = consultas(&c) - antes;
    // Five at once and two a second for what is unknown, and those for the order itself.
    let teto = 10 + 2 * (inicio.elapsed().as_secs() as usize + 1);
    assert!(chamadas <= teto, "{chamadas} calls, more than {teto}");
    assert!(chamadas < AVISOS / 4, "so slow that it proves nothing");
    // What is spoken of all the time is looked at all the same, and not all the time.
    let history = c.history(&pago).len();
    for _ in 0..200 {
        c.notify(&format!("?data.id={id}&type=order"), &[], &json!({})).ok();
    }
    let novos = c.history(&pago).len() - history;
    let teto = 2 * (20 + 5 * (inicio.elapsed().as_secs() as usize + 1));
    assert!(novos <= teto, "{novos} events, more than {teto}");
}

fn a_large_body_is_parsed_without_copying(banco: Database) {
    let c = surda(banco, &SEM_SEGREDO);
    let (pago, id) = pago_sem_saber(&c);
    let memoria = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", c.r.pid())).unwrap();
        let linha = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap().to_owned();
        linha.split_whitespace().nth(1).unwrap().parse::<i64>().unwrap()
    };
    let body = format!(r#"{{"lixo":[{}1],"type":"order","data":{{"id":"{id}"}}}}"#, "{},".repeat(30_000));
    let antes = memoria();
    for _ in 0..4 {
        let resposta = c.request("POST", "/pedidos/status_pagamento", &[], Some(&body));
        assert_eq!(resposta.ok(), true);
    }
    c.wait_for_pagamento(&pago, 2);
    // In kilobytes: as values it took eighty times its length, seven megabytes.
    assert!(memoria() - antes < 3_000, "{} KB more", memoria() - antes);
}
