//! Charges at Mercado Pago, with a stand-in that injects faults: lost responses and notifications, errors, hangs, wrong
//! amounts; and the connection itself: token and TLS.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Database, on_both_databases,
    restaurant::wait_until,
    standin::Faults,
    till::{TOKEN, Till},
};

on_both_databases!(
    an_order_is_approved_by_its_notification,
    the_charge_describes_the_order,
    polling_replaces_a_lost_notification,
    a_lost_response_does_not_charge_twice,
    a_refused_key_finds_the_existing_charge,
    transient_failures_are_retried,
    orders_taken_while_the_provider_hangs_get_their_qr_code_later,
    a_hanging_provider_does_not_delay_checkout,
    a_repeated_checkout_charges_once,
    a_repeated_checkout_gives_the_answer_that_was_given,
    an_underpaid_charge_does_not_approve,
    a_charge_with_another_amount_shows_no_qr_code,
    a_wrong_point_of_sale_becomes_a_pendencia,
    processes_share_the_lookups,
    an_interrupted_charge_is_resumed_after_a_restart,
    the_token_is_never_logged,
    only_a_trusted_certificate_is_accepted,
);

fn an_order_is_approved_by_its_notification(database: Database) {
    // Polling is off: only the notification triggers a lookup.
    let till = Till::with_faults(database, Faults::default(), &[("MERCADO_PAGO_POLL_SECONDS", "3600")]);
    let pedido = till.checkout(1);
    assert_eq!((&pedido["status_pagamento"], &pedido["qr_situacao"]), (&json!(1), &json!("pronto")));
    assert_eq!(pedido["qr_data"], till.cobranca(&pedido).qr_data);
    assert!(pedido["datahora_expiracao"].is_string() && pedido["meio_pagamento"].is_null());
    assert_eq!(till.get(&format!("/pedidos/{}/qrcode.svg", pedido["id"])).status, 200);
    till.pay(&pedido);
    let paid = till.wait_for_pagamento(&pedido, 2);
    assert_eq!(
        (&paid["status_pagamento_descricao"], &paid["meio_pagamento"]),
        (&json!("Aprovado"), &json!("qr"))
    );
    assert_eq!((&paid["status_pedido"], &paid["qr_situacao"]), (&json!(1), &Value::Null));
    let tipos: Vec<String> = till.history(&pedido).into_iter().map(|(tipo, _)| tipo).collect();
    assert_eq!(tipos[..3], ["recebido", "perguntado", "respondido"]);
    assert_eq!(tipos[tipos.len() - 2..], ["respondido", "pagamento"]);
    assert!(tipos.contains(&"notificado".to_owned()));
    till.get(&format!("/pedidos/{}/qrcode.png", pedido["id"])).problem(409, "O pedido já foi pago");
}

fn the_charge_describes_the_order(database: Database) {
    let till = Till::new(database);
    // Twelve products, more than the ten items that the provider accepts.
    let itens: Vec<Value> = (1..=12).map(|p| json!({"produto": p, "quantidade": p})).collect();
    let pedido = till.post("/pedidos/checkout", json!({"itens": itens})).ok();
    let cobranca = till.cobranca(&pedido);
    assert_eq!(cobranca.centavos, crate::restaurant::centavos(&pedido["valor_total"]));
    assert_eq!(cobranca.description, format!("Pedido {}", pedido["id"]));
    let itens = cobranca.items.as_array().unwrap();
    assert_eq!((itens.len(), &itens[9]["title"]), (10, &json!("Outros itens")));
    // Two lines of one product are one item.
    let lines =
        json!([{"produto": 1, "quantidade": 1, "descricao": "sem sal"}, {"produto": 1, "quantidade": 2}]);
    let pedido = till.post("/pedidos/checkout", json!({"itens": lines})).ok();
    let itens = till.cobranca(&pedido).items;
    assert_eq!((itens.as_array().unwrap().len(), &itens[0]["quantity"]), (1, &json!(3)));
}

fn polling_replaces_a_lost_notification(database: Database) {
    let till = Till::with_faults(database, Faults { lost: 1000, ..Faults::default() }, &[]);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    assert!(till.history(&pedido).iter().all(|(tipo, _)| tipo != "notificado"));
}

fn a_lost_response_does_not_charge_twice(database: Database) {
    for faults in [
        Faults { cut_after: 1000, ..Faults::default() },
        Faults { error_500_after: 1000, ..Faults::default() },
        Faults { garbage: 1000, ..Faults::default() },
        Faults { cut_after: 1000, strict_keys: true, ..Faults::default() },
    ] {
        let till = Till::with_faults(database, faults.clone(), &[]);
        let pedido = till.checkout(1);
        assert_eq!(
            (&pedido["qr_data"], &pedido["qr_situacao"]),
            (&Value::Null, &json!("a_caminho")),
            "{faults:?}"
        );
        let image = till.get(&format!("/pedidos/{}/qrcode.svg", pedido["id"]));
        image.problem(409, "O QR code está a caminho; tente de novo em alguns segundos");
        till.mp.faults(|f| *f = Faults { strict_keys: f.strict_keys, ..Faults::default() });
        wait_until("the QR code is ready", || till.reload(&pedido)["qr_situacao"] == "pronto");
        assert_eq!(till.mp.orders().len(), 1, "{faults:?}");
        assert_eq!(till.reload(&pedido)["qr_data"], till.cobranca(&pedido).qr_data);
    }
}

fn a_refused_key_finds_the_existing_charge(database: Database) {
    let faults = Faults { strict_keys: true, delay: 1000, delay_ms: 700, ..Faults::default() };
    let till = Till::with_faults(database, faults, &[("MERCADO_PAGO_CHECKOUT_MS", "300")]);
    let pedido = till.checkout(1);
    assert_eq!(pedido["qr_situacao"], "a_caminho");
    till.mp.faults(|f| f.delay = 0);
    wait_until("the QR code is ready", || till.reload(&pedido)["qr_situacao"] == "pronto");
    assert_eq!(till.mp.orders().len(), 1);
}

fn transient_failures_are_retried(database: Database) {
    let till =
        Till::with_faults(database, Faults { error_500: 300, cut_before: 200, ..Faults::default() }, &[]);
    for _ in 0..10 {
        let pedido = till.checkout(1);
        wait_until("the QR code is ready", || till.reload(&pedido)["qr_situacao"] == "pronto");
    }
    assert_eq!(till.mp.orders().len(), 10);
}

fn orders_taken_while_the_provider_hangs_get_their_qr_code_later(database: Database) {
    let faults = Faults { hang: 1000, ..Faults::default() };
    let till = Till::with_faults(database, faults, &[("MERCADO_PAGO_CHECKOUT_MS", "300")]);
    let mut pedidos = Vec::new();
    // After a few failures the circuit breaker opens, and checkouts no longer wait for the provider.
    let not_asked =
        ("sem_resposta".to_owned(), "criar cobrança: o provedor falha; não foi perguntado".to_owned());
    wait_until("the circuit breaker is open", || {
        let pedido = till.checkout(1);
        assert_eq!((&pedido["qr_situacao"], &pedido["status_pedido"]), (&json!("a_caminho"), &json!(1)));
        pedidos.push(pedido);
        till.history(&pedidos[pedidos.len() - 1]).contains(&not_asked)
    });
    till.mp.faults(|f| f.hang = 0);
    for pedido in &pedidos {
        wait_until("the QR code is ready", || till.reload(pedido)["qr_situacao"] == "pronto");
    }
    assert_eq!(till.mp.orders().len(), pedidos.len());
}

fn a_hanging_provider_does_not_delay_checkout(database: Database) {
    let faults = Faults { hang: 1000, ..Faults::default() };
    let till = Till::with_faults(database, faults, &[("MERCADO_PAGO_TIMEOUT_MS", "60000")]);
    for _ in 0..3 {
        let start = Instant::now();
        let pedido = till.checkout(1);
        // Who waited for the step would wait for a minute.
        assert!(start.elapsed() < Duration::from_secs(20), "took {:?}", start.elapsed());
        assert_eq!(pedido["qr_situacao"], "a_caminho");
    }
    // A checkout that waits for the provider holds no database connection, so a small pool is enough.
    let till = Till::with_faults(
        database,
        Faults { hang: 1000, ..Faults::default() },
        &[("POOL_SIZE", "2"), ("POOL_WAIT_MS", "900"), ("MERCADO_PAGO_CHECKOUT_MS", "3000")],
    );
    std::thread::scope(|s| {
        let checkouts: Vec<_> = (0..12).map(|_| s.spawn(|| till.checkout(1))).collect();
        wait_until("five checkouts wait for the provider", || {
            till.mp.calls().iter().filter(|l| l.starts_with("POST")).count() >= 5
        });
        while checkouts.iter().any(|t| !t.is_finished()) {
            till.get("/produtos").ok();
            till.get("/pedidos").ok();
        }
    });
}

fn a_repeated_checkout_charges_once(database: Database) {
    let till = Till::with_faults(database, Faults { delay: 1000, delay_ms: 200, ..Faults::default() }, &[]);
    let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
    let request = || till.request("POST", "/pedidos/checkout", &[("Idempotency-Key", "tap")], Some(&body));
    let responses: Vec<_> = std::thread::scope(|s| {
        let taps: Vec<_> = (0..6).map(|_| s.spawn(request)).collect();
        taps.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let ids: Vec<Value> = responses.iter().map(|r| r.ok()["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(till.mp.orders().len(), 1);
    // The replayed response has the QR code and its version.
    let again = request();
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.ok()["qr_situacao"], "pronto");
    assert_eq!(again.header("etag"), Some(format!("\"{}\"", again.ok()["versao"]).as_str()));
}

/// The provider does not answer, so that the step of the charge leaves the order as it is; the kitchen may change it
/// meanwhile.
fn a_repeated_checkout_gives_the_answer_that_was_given(database: Database) {
    let till = Till::with_faults(database, Faults { hang: 1000, ..Faults::default() }, &[]);
    let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
    for (key, moved) in [("left-alone-0000000", false), ("moved-meanwhile-00", true)] {
        let request = || till.request("POST", "/pedidos/checkout", &[("Idempotency-Key", key)], Some(&body));
        let before = till.count("SELECT COUNT(*) FROM pedidos");
        let first = std::thread::scope(|s| {
            let first = s.spawn(request);
            wait_until("the order is stored", || till.count("SELECT COUNT(*) FROM pedidos") > before);
            if moved {
                let id = till.count("SELECT MAX(id) FROM pedidos");
                till.put("/pedidos", json!({"id": id, "status_pedido": 2})).ok();
            }
            first.join().unwrap()
        });
        assert_eq!(first.ok()["qr_situacao"], "a_caminho");
        assert_eq!(first.ok()["status_pedido"], if moved { 2 } else { 1 });
        let again = request();
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!((&again.body, again.header("etag")), (&first.body, first.header("etag")), "{key}");
    }
}

fn an_underpaid_charge_does_not_approve(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.mp.faults(|f| f.short_by = 1);
    till.pay(&pedido);
    let pendencia = till.wait_for_pendencia(&pedido);
    assert!(
        pendencia.starts_with("O Mercado Pago cobra R$ ") && pendencia.contains("e o pedido é de R$ "),
        "{pendencia}"
    );
    assert_eq!(till.reload(&pedido)["status_pagamento"], 1);
    // Resolving the pendencia is recorded.
    let path = format!("/pedidos/{}/pendencia", pedido["id"]);
    assert_eq!(till.delete(&path).ok(), true);
    assert_eq!(till.delete(&path).ok(), true);
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
    assert_eq!(till.history(&pedido).last().unwrap(), &("pendencia".to_owned(), "resolvida".to_owned()));
    till.delete("/pedidos/999/pendencia").problem(404, "Pedido não encontrado");
}

fn a_charge_with_another_amount_shows_no_qr_code(database: Database) {
    let till = Till::with_faults(database, Faults { short_by: 500, ..Faults::default() }, &[]);
    let pedido = till.checkout(1);
    assert_eq!(pedido["qr_data"], Value::Null);
    till.wait_for_pendencia(&pedido);
}

fn a_wrong_point_of_sale_becomes_a_pendencia(database: Database) {
    let till = Till::with_faults(database, Faults::default(), &[("MERCADO_PAGO_POS", "OUTRO")]);
    let pedido = till.checkout(1);
    assert_eq!(pedido["qr_situacao"], "recusado");
    for image in ["qrcode.svg", "qrcode.png"] {
        let problem = till
            .get(&format!("/pedidos/{}/{image}", pedido["id"]))
            .problem(409, "O QR code deste pedido foi recusado; receba o pagamento no balcão");
        assert_eq!(problem["codigo"], "qr_recusado");
    }
    assert_eq!(
        till.wait_for_pendencia(&pedido),
        "O Mercado Pago recusou criar o QR code (o ponto de venda não foi encontrado): receba no balcão"
    );
    // A counter payment or a cancellation clears the pendencia.
    let other = till.checkout(1);
    till.wait_for_pendencia(&other);
    till.pay_at_counter(&pedido, "dinheiro").ok();
    till.cancel(&other, "desistiu").ok();
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]));
}

fn processes_share_the_lookups(database: Database) {
    let till = Till::with_faults(
        database,
        Faults { lost: 1000, delay: 1000, delay_ms: 50, ..Faults::default() },
        &[],
    );
    let processes: Vec<_> = (0..3).map(|_| till.another_process()).collect();
    let pedidos: Vec<Value> = (0..12).map(|_| till.checkout(1)).collect();
    for pedido in &pedidos {
        till.pay(pedido);
    }
    for pedido in &pedidos {
        till.wait_for_pagamento(pedido, 2);
        let payments = till.history(pedido).into_iter().filter(|(tipo, _)| tipo == "pagamento").count();
        assert_eq!(payments, 1);
    }
    // Each lookup is made by one process: there are as many recorded responses as calls.
    let lookups = || till.mp.calls().iter().filter(|l| l.starts_with("GET")).count() as i64;
    let sql = "SELECT COUNT(*) FROM eventos WHERE tipo = 'respondido' AND detalhe LIKE 'consultar%'";
    wait_until("the last responses are recorded", || lookups() == till.count(sql));
    drop(processes);
}

fn an_interrupted_charge_is_resumed_after_a_restart(database: Database) {
    let mut till = Till::with_faults(database, Faults { hang: 1000, ..Faults::default() }, &[]);
    std::thread::scope(|s| {
        let r = &till.r;
        let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
        let checkout = s.spawn(move || r.try_request("POST", "/pedidos/checkout", &[], Some(&body)));
        wait_until("the provider is called", || !till.mp.calls().is_empty());
        r.kill_while_in_use();
        assert!(checkout.join().unwrap().is_err(), "a killed process answered");
    });
    till.mp.faults(|f| f.hang = 0);
    till.r.restart();
    let pedidos = till.get("/pedidos/recebidos").ok();
    let pedido = pedidos.as_array().unwrap().last().unwrap().clone();
    wait_until("the QR code is ready", || till.reload(&pedido)["qr_situacao"] == "pronto");
    assert_eq!(till.mp.orders().len(), 1);
}

fn the_token_is_never_logged(database: Database) {
    let till = Till::with_faults(
        database,
        Faults { error_500: 300, ..Faults::default() },
        &[("LOG_LEVEL", "trace")],
    );
    let pedido = till.checkout(1);
    wait_until("the QR code is ready", || till.reload(&pedido)["qr_situacao"] == "pronto");
    till.mp.faults(|f| f.down = true);
    till.checkout(1);
    let log = till.log();
    assert!(log.contains("payments by Mercado Pago"));
    assert!(!log.contains(TOKEN) && !log.contains(crate::till::SECRET));
}

/// Terminates TLS before the stand-in, with one request per connection; returns its URL.
fn start_tls_terminator(upstream: &str, key: &rcgen::CertifiedKey<rcgen::KeyPair>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let upstream = upstream.trim_start_matches("http://").to_owned();
    let private_key = rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private_key)
        .unwrap();
    let config = std::sync::Arc::new(config);
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let (config, upstream) = (config.clone(), upstream.clone());
            std::thread::spawn(move || {
                let session = rustls::ServerConnection::new(config).unwrap();
                let mut tls = rustls::StreamOwned::new(session, connection);
                let mut request = Vec::new();
                let mut block = [0; 4096];
                // A client that does not trust the certificate closes the connection here.
                while !is_complete(&request) {
                    match tls.read(&mut block) {
                        Ok(n) if n > 0 => request.extend_from_slice(&block[..n]),
                        _ => return,
                    }
                }
                let mut provider = TcpStream::connect(upstream).unwrap();
                provider.write_all(&request).unwrap();
                let mut response = Vec::new();
                provider.read_to_end(&mut response).unwrap();
                let _ = tls.write_all(&response);
                tls.conn.send_close_notify();
                let _ = tls.flush();
            });
        }
    });
    address
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn only_a_trusted_certificate_is_accepted(database: Database) {
    let trusted = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let untrusted = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let folder = crate::database::Folder::new();
    let file = |name: &str, pem: &str| {
        let file = folder.0.join(name);
        std::fs::write(&file, pem).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let cases = [
        (Some(file("trusted.pem", &trusted.cert.pem())), "pronto"),
        (Some(file("untrusted.pem", &untrusted.cert.pem())), "a_caminho"),
        (None, "a_caminho"),
    ];
    // Only its stand-in is used, behind the TLS terminator.
    let behind_tls = Till::new(database);
    let url = start_tls_terminator(&behind_tls.mp.url(), &trusted);
    for (ca, situacao) in cases {
        let ca = ca.unwrap_or_default();
        let till = Till::with_faults(
            database,
            Faults::default(),
            &[("MERCADO_PAGO_URL", url.as_str()), ("MERCADO_PAGO_CA_FILE", ca.as_str())],
        );
        assert_eq!(till.checkout(1)["qr_situacao"], situacao, "{ca}: {}", till.log());
    }
    assert_eq!(behind_tls.mp.orders().len(), 1, "an untrusted server received a charge");
}
