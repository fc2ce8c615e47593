//! What one client may take of the restaurant; and that nothing it does hides an order of others.

use serde_json::{Value, json};

use crate::{Database, Response, Restaurant, on_both_databases, pages::percorrer, restaurant::wait_until};

on_both_databases!(
    checkouts_are_rate_limited_by_address,
    notifications_are_rate_limited_by_address,
    unpaid_orders_are_limited,
    the_simulator_has_no_limits,
    a_long_queue_is_paged_in_arrival_order,
    a_short_idempotency_key_is_scoped_to_its_address,
);

const PROXY: (&str, &str) = ("TRUSTED_PROXIES", "127.0.0.1");
const CORPO: &str = r#"{"itens":[{"produto":8,"quantidade":1}]}"#;

fn comprar_de(r: &Restaurant, endereco: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = [&[("X-Forwarded-For", endereco)], headers].concat();
    r.request("POST", "/pedidos/checkout", &headers, Some(body))
}

#[track_caller]
fn e_demais(resposta: &Response) {
    let detail = "Pedidos demais deste endereço em pouco tempo; tente de novo em instantes";
    let problema = resposta.problem(429, detail);
    assert_eq!(problema["codigo"], "limite_excedido");
    assert!((1..=60).contains(&resposta.header("retry-after").unwrap().parse::<u32>().unwrap()));
}

fn checkouts_are_rate_limited_by_address(banco: Database) {
    let r = Restaurant::with_environment(banco, &[PROXY, ("CHECKOUTS_PER_MINUTE", "2")]);
    let antes = r.count("SELECT COUNT(*) FROM pedidos");
    for mesmo in [["203.0.113.9"; 3], ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:3"]] {
        comprar_de(&r, mesmo[0], &[], CORPO).ok();
        comprar_de(&r, mesmo[1], &[], CORPO).ok();
        // Before anybody looks at what it says.
        e_demais(&comprar_de(&r, mesmo[2], &[], CORPO));
        e_demais(&comprar_de(&r, mesmo[2], &[], "lixo"));
    }
    comprar_de(&r, "203.0.113.10", &[], CORPO).ok();
    comprar_de(&r, "2001:db8:0:1::1", &[], CORPO).ok();
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), antes + 6);
    // All else is open to it.
    r.request("GET", "/pedidos", &[("X-Forwarded-For", "203.0.113.9")], None).ok();
}

fn notifications_are_rate_limited_by_address(banco: Database) {
    let r = Restaurant::with_environment(banco, &[PROXY, ("WEBHOOKS_PER_SECOND", "2")]);
    let notify = |endereco: &str| {
        let body = r#"{"id":"b715bik7-2726-4d51-a729-749cc7bda703","action":"nada"}"#;
        r.request("POST", "/pedidos/status_pagamento", &[("X-Forwarded-For", endereco)], Some(body))
    };
    notify("203.0.113.9").ok();
    let mut demais = None;
    wait_until("429", || {
        let resposta = notify("203.0.113.9");
        let recusada = resposta.status != 200;
        demais = recusada.then_some(resposta);
        recusada
    });
    e_demais(&demais.unwrap());
    notify("203.0.113.10").ok();
    // The tokens come back.
    wait_until("200", || notify("203.0.113.9").status == 200);
}

fn unpaid_orders_are_limited(banco: Database) {
    let r = Restaurant::with_environment(banco, &[("MAX_UNPAID_ORDERS", "5"), ("CHECKOUTS_PER_MINUTE", "0")]);
    let abertos =
        "SELECT COUNT(*) FROM pedidos WHERE status_pedido IN (1, 2, 3) AND status_pagamento IN (1, 3)";
    let repetida = [("Idempotency-Key", "mesa-7")];
    let primeira = comprar_de(&r, "", &repetida, CORPO);
    primeira.ok();
    let checkout = || r.request("POST", "/pedidos/checkout", &[], Some(CORPO));
    let cheia = (0..5).map(|_| checkout()).find(|resposta| resposta.status != 200).unwrap();
    let detail = "A loja tem pedidos demais por pagar; tente de novo em alguns minutos";
    let problema = cheia.problem(503, detail);
    assert_eq!((&problema["codigo"], cheia.header("retry-after")), (&json!("loja_cheia"), Some("60")));
    assert_eq!(r.count(abertos), 5);
    // So it is for an order of many lines, which is written alone.
    let linhas = json!({"itens": vec![json!({"produto": 1, "quantidade": 1}); 20]});
    r.post("/pedidos/checkout", linhas).problem(503, detail);
    // Whoever asks again for an order that there is gets it.
    let outra_vez = comprar_de(&r, "", &repetida, CORPO);
    assert_eq!((outra_vez.status, &outra_vez.body), (200, &primeira.body));
    // One that is paid, and one that is cancelled, make room for two.
    let id = primeira.json()["id"].clone();
    r.post(&format!("/pedidos/{id}/pagamento"), json!({"meio": "dinheiro", "responsavel": "Ana"})).ok();
    r.delete("/pedidos/5").ok();
    wait_until("room", || checkout().status == 200);
    checkout().ok();
    checkout().problem(503, detail);
    assert_eq!(r.count(abertos), 5);
}

fn the_simulator_has_no_limits(banco: Database) {
    let r = Restaurant::new(banco);
    for _ in 0..150 {
        r.request("POST", "/pedidos/checkout", &[], Some(CORPO)).ok();
    }
}

fn a_long_queue_is_paged_in_arrival_order(banco: Database) {
    const ANTES: i64 = 12_000;
    let r = Restaurant::new(banco);
    r.sql("DELETE FROM eventos; DELETE FROM itens; DELETE FROM pedidos");
    for inicio in (0..ANTES).step_by(1000) {
        // Twenty in each second, and those of later numbers came first.
        let linha = |n: i64| {
            let (minuto, segundo) = ((ANTES - n) / 20 / 60, (ANTES - n) / 20 % 60);
            format!("(1, '2020-01-01 00:{minuto:02}:{segundo:02}')")
        };
        let linhas: Vec<String> = (inicio..inicio + 1000).map(linha).collect();
        r.sql(&format!(
            "INSERT INTO pedidos (status_pedido, datahora_recebido) VALUES {}",
            linhas.join(", ")
        ));
    }
    let novo = r.checkout(1)["id"].clone();
    for caminho in ["/pedidos/fila", "/pedidos", "/pedidos/recebidos", "/pedidos/fila?limite=500"] {
        let primeira = r.get(caminho);
        assert_eq!(primeira.header("x-total-count"), Some("12001"), "{caminho}");
        assert!(primeira.header("access-control-expose-headers").unwrap().contains("X-Total-Count"));
        let (linhas, paginas) = percorrer(&r, caminho);
        assert_eq!(paginas, if caminho.contains("limite") { 25 } else { 3 }, "{caminho}");
        assert_eq!(linhas.len(), 12_001, "{caminho}");
        assert_eq!(linhas.last().unwrap()["id"], novo, "{caminho}");
        let ordem =
            |p: &Value| (p["datahora_recebido"].as_str().unwrap().to_owned(), p["id"].as_i64().unwrap());
        assert!(linhas.windows(2).all(|par| ordem(&par[0]) < ordem(&par[1])), "{caminho}");
    }
    // The log says it, and not at every look.
    assert_eq!(r.log().matches("12001 open orders").count(), 1);
    // Where nothing is cut there is nothing to say.
    r.sql("UPDATE pedidos SET status_pedido = 4, versao = versao + 1 WHERE datahora_recebido < '2020-01-02'");
    assert_eq!(r.get("/pedidos/fila").header("x-total-count"), None);
}

fn a_short_idempotency_key_is_scoped_to_its_address(banco: Database) {
    let r = Restaurant::with_environment(banco, &[PROXY]);
    let checkout = |endereco: &str, chave: &str, body: &str| {
        comprar_de(&r, endereco, &[("Idempotency-Key", chave)], body)
    };
    let (meu, outro) = ("203.0.113.9", "203.0.113.10");
    let outro_corpo = r#"{"itens":[{"produto":1,"quantidade":2}]}"#;
    let novo = |resposta: Response| {
        assert_eq!(resposta.header("idempotency-replayed"), None);
        resposta.ok()["id"].clone()
    };
    let repetido = |resposta: Response| {
        assert_eq!(resposta.header("idempotency-replayed"), Some("true"));
        resposta.ok()["id"].clone()
    };
    let primeiro = novo(checkout(meu, "mesa-7", CORPO));
    // Another learns nothing: neither the order, nor that there is one.
    assert_ne!(novo(checkout(outro, "mesa-7", CORPO)), primeiro);
    novo(checkout("203.0.113.11", "mesa-7", outro_corpo));
    assert_eq!(repetido(checkout(meu, "mesa-7", CORPO)), primeiro);
    // An IPv6 client is its /64.
    let sexto = novo(checkout("2001:db8::1", "mesa-7", CORPO));
    assert_eq!(repetido(checkout("2001:db8::2", "mesa-7", CORPO)), sexto);
    novo(checkout("2001:db8:0:1::1", "mesa-7", CORPO));
    // A long key is nobody else's: a phone that changes from Wi-Fi to mobile finds its order.
    let longa = "0123456789abcdef";
    let deste = novo(checkout(meu, longa, CORPO));
    assert_eq!(repetido(checkout(outro, longa, CORPO)), deste);
    novo(checkout(meu, &longa[1..], CORPO));
    novo(checkout(outro, &longa[1..], CORPO));
    // No key can be made up that is another's.
    assert_eq!(checkout(outro, "203.0.113.9 mesa-7", CORPO).status, 400);
}
