//! Payments by Mercado Pago, through a stand-in that fails in the ways a provider fails.

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
    an_underpaid_charge_does_not_approve,
    a_charge_with_another_amount_shows_no_qr_code,
    a_wrong_point_of_sale_becomes_a_pendencia,
    processes_share_the_lookups,
    an_interrupted_charge_is_resumed_after_a_restart,
    the_token_is_never_logged,
    only_a_trusted_certificate_is_accepted,
);

fn an_order_is_approved_by_its_notification(banco: Database) {
    // Nobody looks by himself: it is the notification that tells.
    let c = Till::with_environment(banco, Faults::default(), &[("MERCADO_PAGO_POLL_SECONDS", "3600")]);
    let pedido = c.checkout(1);
    assert_eq!((&pedido["status_pagamento"], &pedido["qr_situacao"]), (&json!(1), &json!("pronto")));
    assert_eq!(pedido["qr_data"], c.cobranca(&pedido).qr_data);
    assert!(pedido["datahora_expiracao"].is_string() && pedido["meio_pagamento"].is_null());
    assert_eq!(c.get(&format!("/pedidos/{}/qrcode.svg", pedido["id"])).status, 200);
    c.pay(&pedido);
    let pago = c.wait_for_pagamento(&pedido, 2);
    assert_eq!(
        (&pago["status_pagamento_descricao"], &pago["meio_pagamento"]),
        (&json!("Aprovado"), &json!("qr"))
    );
    assert_eq!((&pago["status_pedido"], &pago["qr_situacao"]), (&json!(1), &Value::Null));
    let tipos: Vec<String> = c.history(&pedido).into_iter().map(|(tipo, _)| tipo).collect();
    assert_eq!(tipos[..3], ["recebido", "perguntado", "respondido"]);
    assert_eq!(tipos[tipos.len() - 2..], ["respondido", "pagamento"]);
    assert!(tipos.contains(&"notificado".to_owned()));
    c.get(&format!("/pedidos/{}/qrcode.png", pedido["id"])).problem(409, "O pedido já foi pago");
}

fn the_charge_describes_the_order(banco: Database) {
    let c = Till::new(banco);
    // Twelve kinds: more than the ten items that an order there may have.
    let itens: Vec<Value> = (1..=12).map(|p| json!({"produto": p, "quantidade": p})).collect();
    let pedido = c.post("/pedidos/checkout", json!({"itens": itens})).ok();
    let cobranca = c.cobranca(&pedido);
    assert_eq!(cobranca.centavos, crate::restaurant::centavos(&pedido["valor_total"]));
    assert_eq!(cobranca.description, format!("Pedido {}", pedido["id"]));
    let itens = cobranca.items.as_array().unwrap();
    assert_eq!((itens.len(), &itens[9]["title"]), (10, &json!("Outros itens")));
    // Two lines of one product are one kind.
    let linhas =
        json!([{"produto": 1, "quantidade": 1, "descricao": "sem sal"}, {"produto": 1, "quantidade": 2}]);
    let pedido = c.post("/pedidos/checkout", json!({"itens": linhas})).ok();
    let itens = c.cobranca(&pedido).items;
    assert_eq!((itens.as_array().unwrap().len(), &itens[0]["quantity"]), (1, &json!(3)));
}

fn polling_replaces_a_lost_notification(banco: Database) {
    let c = Till::with_environment(banco, Faults { lost: 1000, ..Faults::default() }, &[]);
    let pedido = c.checkout(1);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    assert!(c.history(&pedido).iter().all(|(tipo, _)| tipo != "notificado"));
}

fn a_lost_response_does_not_charge_twice(banco: Database) {
    for faults in [
        Faults { cut_after: 1000, ..Faults::default() },
        Faults { error_500_after: 1000, ..Faults::default() },
        Faults { garbage: 1000, ..Faults::default() },
        Faults { cut_after: 1000, strict_keys: true, ..Faults::default() },
    ] {
        let c = Till::with_environment(banco, faults.clone(), &[]);
        let pedido = c.checkout(1);
        assert_eq!(
            (&pedido["qr_data"], &pedido["qr_situacao"]),
            (&Value::Null, &json!("a_caminho")),
            "{faults:?}"
        );
        let figura = c.get(&format!("/pedidos/{}/qrcode.svg", pedido["id"]));
        figura.problem(409, "O QR code está a caminho; tente de novo em alguns segundos");
        c.mp.faults(|f| *f = Faults { strict_keys: f.strict_keys, ..Faults::default() });
        wait_until("the QR code", || c.reload(&pedido)["qr_situacao"] == "pronto");
        assert_eq!(c.mp.orders().len(), 1, "{faults:?}");
        assert_eq!(c.reload(&pedido)["qr_data"], c.cobranca(&pedido).qr_data);
    }
}

fn a_refused_key_finds_the_existing_charge(banco: Database) {
    let faults = Faults { strict_keys: true, delay: 1000, delay_ms: 700, ..Faults::default() };
    let c = Till::with_environment(banco, faults, &[("MERCADO_PAGO_CHECKOUT_MS", "300")]);
    let pedido = c.checkout(1);
    assert_eq!(pedido["qr_situacao"], "a_caminho");
    c.mp.faults(|f| f.delay = 0);
    wait_until("the QR code", || c.reload(&pedido)["qr_situacao"] == "pronto");
    assert_eq!(c.mp.orders().len(), 1);
}

fn transient_failures_are_retried(banco: Database) {
    let c =
        Till::with_environment(banco, Faults { error_500: 300, cut_before: 200, ..Faults::default() }, &[]);
    for _ in 0..10 {
        let pedido = c.checkout(1);
        wait_until("the QR code", || c.reload(&pedido)["qr_situacao"] == "pronto");
    }
    assert_eq!(c.mp.orders().len(), 10);
}

fn orders_taken_while_the_provider_hangs_get_their_qr_code_later(banco: Database) {
    let faults = Faults { hang: 1000, ..Faults::default() };
    let c = Till::with_environment(banco, faults, &[("MERCADO_PAGO_CHECKOUT_MS", "300")]);
    let mut pedidos = Vec::new();
    // After a few nobody is asked any more: a checkout waits for nothing.
    let sem_perguntar =
        ("sem_resposta".to_owned(), "criar cobrança: o provedor falha; não foi perguntado".to_owned());
    wait_until("the breaker to open", || {
        let pedido = c.checkout(1);
        assert_eq!((&pedido["qr_situacao"], &pedido["status_pedido"]), (&json!("a_caminho"), &json!(1)));
        pedidos.push(pedido);
        c.history(&pedidos[pedidos.len() - 1]).contains(&sem_perguntar)
    });
    c.mp.faults(|f| f.hang = 0);
    for pedido in &pedidos {
        wait_until("the QR code", || c.reload(pedido)["qr_situacao"] == "pronto");
    }
    assert_eq!(c.mp.orders().len(), pedidos.len());
}

fn a_hanging_provider_does_not_delay_checkout(banco: Database) {
    let c = Till::with_environment(banco, Faults { hang: 1000, ..Faults::default() }, &[]);
    for _ in 0..3 {
        let inicio = Instant::now();
        let pedido = c.checkout(1);
        assert!(inicio.elapsed() < Duration::from_secs(2), "took {:?}", inicio.elapsed());
        assert_eq!(pedido["qr_situacao"], "a_caminho");
    }
    // Whoever hangs holds no connection: the smallest pool serves all the same.
    let c = Till::with_environment(
        banco,
        Faults { hang: 1000, ..Faults::default() },
        &[("POOL_SIZE", "2"), ("POOL_WAIT_MS", "900"), ("MERCADO_PAGO_CHECKOUT_MS", "3000")],
    );
    std::thread::scope(|s| {
        let comprando: Vec<_> = (0..12).map(|_| s.spawn(|| c.checkout(1))).collect();
        wait_until("all to be asking", || c.mp.calls().iter().filter(|l| l.starts_with("POST")).count() >= 5);
        while comprando.iter().any(|t| !t.is_finished()) {
            c.get("/produtos").ok();
            c.get("/pedidos").ok();
        }
    });
}

fn a_repeated_checkout_charges_once(banco: Database) {
    let c = Till::with_environment(banco, Faults { delay: 1000, delay_ms: 200, ..Faults::default() }, &[]);
    let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
    let request = || c.request("POST", "/pedidos/checkout", &[("Idempotency-Key", "toque")], Some(&body));
    let respostas: Vec<_> = std::thread::scope(|s| {
        let toques: Vec<_> = (0..6).map(|_| s.spawn(request)).collect();
        toques.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let ids: Vec<Value> = respostas.iter().map(|r| r.ok()["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(c.mp.orders().len(), 1);
    // The answer that is given again is the one with the QR code, and names its version.
    let de_novo = request();
    assert_eq!(de_novo.header("idempotency-replayed"), Some("true"));
    assert_eq!(de_novo.ok()["qr_situacao"], "pronto");
    assert_eq!(de_novo.header("etag"), Some(format!("\"{}\"", de_novo.ok()["versao"]).as_str()));
}

fn an_underpaid_charge_does_not_approve(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.mp.faults(|f| f.short_by = 1);
    c.pay(&pedido);
    let pendencia = c.wait_for_pendencia(&pedido);
    assert!(
        pendencia.starts_with("O Mercado Pago cobra R$ ") && pendencia.contains("e o pedido é de R$ "),
        "{pendencia}"
    );
    assert_eq!(c.reload(&pedido)["status_pagamento"], 1);
    // Whoever saw to it says so, and it is kept.
    let caminho = format!("/pedidos/{}/pendencia", pedido["id"]);
    assert_eq!(c.delete(&caminho).ok(), true);
    assert_eq!(c.delete(&caminho).ok(), true);
    assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]));
    assert_eq!(c.history(&pedido).last().unwrap(), &("pendencia".to_owned(), "resolvida".to_owned()));
    c.delete("/pedidos/999/pendencia").problem(404, "Pedido não encontrado");
}

fn a_charge_with_another_amount_shows_no_qr_code(banco: Database) {
    let c = Till::with_environment(banco, Faults { short_by: 500, ..Faults::default() }, &[]);
    let pedido = c.checkout(1);
    assert_eq!(pedido["qr_data"], Value::Null);
    c.wait_for_pendencia(&pedido);
}

fn a_wrong_point_of_sale_becomes_a_pendencia(banco: Database) {
    let c = Till::with_environment(banco, Faults::default(), &[("MERCADO_PAGO_POS", "OUTRO")]);
    let pedido = c.checkout(1);
    assert_eq!(pedido["qr_situacao"], "recusado");
    for figura in ["qrcode.svg", "qrcode.png"] {
        let problema = c
            .get(&format!("/pedidos/{}/{figura}", pedido["id"]))
            .problem(409, "O QR code deste pedido foi recusado; receba o pagamento no balcão");
        assert_eq!(problema["codigo"], "qr_recusado");
    }
    assert_eq!(
        c.wait_for_pendencia(&pedido),
        "O Mercado Pago recusou criar o QR code (o ponto de venda não foi encontrado): receba no balcão"
    );
    // What is paid in another way, or cancelled, is settled.
    let outro = c.checkout(1);
    c.wait_for_pendencia(&outro);
    c.pay_at_counter(&pedido, "dinheiro").ok();
    c.cancel(&outro, "desistiu").ok();
    assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]));
}

fn processes_share_the_lookups(banco: Database) {
    let c = Till::with_environment(
        banco,
        Faults { lost: 1000, delay: 1000, delay_ms: 50, ..Faults::default() },
        &[],
    );
    let filiais: Vec<_> = (0..3).map(|_| c.another_process()).collect();
    let pedidos: Vec<Value> = (0..12).map(|_| c.checkout(1)).collect();
    for pedido in &pedidos {
        c.pay(pedido);
    }
    for pedido in &pedidos {
        c.wait_for_pagamento(pedido, 2);
        let pagos = c.history(pedido).into_iter().filter(|(tipo, _)| tipo == "pagamento").count();
        assert_eq!(pagos, 1);
    }
    // Each look is one process's: the answers on record are the calls that were made.
    let olhares = c.mp.calls().iter().filter(|l| l.starts_with("GET")).count() as i64;
    let contados =
        c.count("SELECT COUNT(*) FROM eventos WHERE tipo = 'respondido' AND detalhe LIKE 'consultar%'");
    assert_eq!(olhares, contados);
    drop(filiais);
}

fn an_interrupted_charge_is_resumed_after_a_restart(banco: Database) {
    let mut c = Till::with_environment(banco, Faults { hang: 1000, ..Faults::default() }, &[]);
    std::thread::scope(|s| {
        let r = &c.r;
        let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
        let compra = s.spawn(move || r.try_request("POST", "/pedidos/checkout", &[], Some(&body)));
        wait_until("the provider to be asked", || !c.mp.calls().is_empty());
        r.kill_while_in_use();
        assert!(compra.join().unwrap().is_err(), "it answered after its death");
    });
    c.mp.faults(|f| f.hang = 0);
    c.r.restart();
    let pedidos = c.get("/pedidos/recebidos").ok();
    let pedido = pedidos.as_array().unwrap().last().unwrap().clone();
    wait_until("the QR code", || c.reload(&pedido)["qr_situacao"] == "pronto");
    assert_eq!(c.mp.orders().len(), 1);
}

fn the_token_is_never_logged(banco: Database) {
    let c = Till::with_environment(
        banco,
        Faults { error_500: 300, ..Faults::default() },
        &[("LOG_LEVEL", "trace")],
    );
    let pedido = c.checkout(1);
    wait_until("the QR code", || c.reload(&pedido)["qr_situacao"] == "pronto");
    c.mp.faults(|f| f.down = true);
    c.checkout(1);
    let log = c.log();
    assert!(log.contains("payments by Mercado Pago"));
    assert!(!log.contains(TOKEN) && !log.contains(crate::till::SECRET));
}

/// A door with a lock before the stand-in: one request a connection.
fn porta_tls(destino: &str, chave: &rcgen::CertifiedKey<rcgen::KeyPair>) -> String {
    let porta = TcpListener::bind("127.0.0.1:0").unwrap();
    let endereco = format!("https://localhost:{}", porta.local_addr().unwrap().port());
    let destino = destino.trim_start_matches("http://").to_owned();
    let privada = rustls::pki_types::PrivateKeyDer::try_from(chave.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chave.cert.der().clone()], privada)
        .unwrap();
    let config = std::sync::Arc::new(config);
    std::thread::spawn(move || {
        for ligacao in porta.incoming().flatten() {
            let (config, destino) = (config.clone(), destino.clone());
            std::thread::spawn(move || {
                let sessao = rustls::ServerConnection::new(config).unwrap();
                let mut tls = rustls::StreamOwned::new(sessao, ligacao);
                let mut pedido = Vec::new();
                let mut bloco = [0; 4096];
                // Whoever does not trust us hangs up here.
                while !completo(&pedido) {
                    match tls.read(&mut bloco) {
                        Ok(n) if n > 0 => pedido.extend_from_slice(&bloco[..n]),
                        _ => return,
                    }
                }
                let mut la = TcpStream::connect(destino).unwrap();
                la.write_all(&pedido).unwrap();
                let mut resposta = Vec::new();
                la.read_to_end(&mut resposta).unwrap();
                let _ = tls.write_all(&resposta);
                tls.conn.send_close_notify();
                let _ = tls.flush();
            });
        }
    });
    endereco
}

fn completo(pedido: &[u8]) -> bool {
    let texto = String::from_utf8_lossy(pedido).to_lowercase();
    let Some((header, body)) = texto.split_once("\r\n\r\n") else { return false };
    let tamanho = header.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= tamanho.unwrap_or(0)
}

fn only_a_trusted_certificate_is_accepted(banco: Database) {
    let certa = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let outra = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let pasta = crate::database::Folder::new();
    let arquivo = |nome: &str, pem: &str| {
        let arquivo = pasta.0.join(nome);
        std::fs::write(&arquivo, pem).unwrap();
        arquivo.to_str().unwrap().to_owned()
    };
    let confiadas = [
        (Some(arquivo("certa.pem", &certa.cert.pem())), "pronto"),
        (Some(arquivo("outra.pem", &outra.cert.pem())), "a_caminho"),
        (None, "a_caminho"),
    ];
    // The stand-in of one that is not asked itself, for its address.
    let la = Till::new(banco);
    let url = porta_tls(&la.mp.url(), &certa);
    for (ca, situacao) in confiadas {
        let ca = ca.unwrap_or_default();
        let c = Till::with_environment(
            banco,
            Faults::default(),
            &[("MERCADO_PAGO_URL", url.as_str()), ("MERCADO_PAGO_CA_FILE", ca.as_str())],
        );
        assert_eq!(c.checkout(1)["qr_situacao"], situacao, "{ca}: {}", c.log());
    }
    assert_eq!(la.mp.orders().len(), 1, "who is not trusted is told nothing");
}
