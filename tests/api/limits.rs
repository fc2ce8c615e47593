//! Limits: checkouts and notifications by address, unpaid orders, and the scope of idempotency keys; and that a long queue
//! hides no order.

use serde_json::{Value, json};

use crate::{Database, Response, Restaurant, on_both_databases, pages::follow_pages, restaurant::wait_until};

on_both_databases!(
    checkouts_are_rate_limited_by_address,
    notifications_are_rate_limited_by_address,
    unpaid_orders_are_limited,
    the_simulator_has_no_limits,
    a_long_queue_is_paged_in_arrival_order,
    a_short_idempotency_key_is_scoped_to_its_address,
);

const PROXY: (&str, &str) = ("TRUSTED_PROXIES", "127.0.0.1");
const BODY: &str = r#"{"itens":[{"produto":8,"quantidade":1}]}"#;

fn checkout_from(r: &Restaurant, address: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = [&[("X-Forwarded-For", address)], headers].concat();
    r.request("POST", "/pedidos/checkout", &headers, Some(body))
}

#[track_caller]
fn assert_rate_limited(response: &Response) {
    let detail = "Pedidos demais deste endereço em pouco tempo; tente de novo em instantes";
    let problem = response.problem(429, detail);
    assert_eq!(problem["codigo"], "limite_excedido");
    assert!((1..=60).contains(&response.header("retry-after").unwrap().parse::<u32>().unwrap()));
}

fn checkouts_are_rate_limited_by_address(database: Database) {
    let r = Restaurant::with_environment(database, &[PROXY, ("CHECKOUTS_PER_MINUTE", "2")]);
    let before = r.count("SELECT COUNT(*) FROM pedidos");
    for same_client in [["203.0.113.9"; 3], ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:3"]] {
        checkout_from(&r, same_client[0], &[], BODY).ok();
        checkout_from(&r, same_client[1], &[], BODY).ok();
        // The limit comes before the body is parsed.
        assert_rate_limited(&checkout_from(&r, same_client[2], &[], BODY));
        assert_rate_limited(&checkout_from(&r, same_client[2], &[], "lixo"));
    }
    checkout_from(&r, "203.0.113.10", &[], BODY).ok();
    checkout_from(&r, "2001:db8:0:1::1", &[], BODY).ok();
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), before + 6);
    // Other routes are not limited.
    r.request("GET", "/pedidos", &[("X-Forwarded-For", "203.0.113.9")], None).ok();
}

fn notifications_are_rate_limited_by_address(database: Database) {
    let r = Restaurant::with_environment(database, &[PROXY, ("WEBHOOKS_PER_SECOND", "2")]);
    let notify = |address: &str| {
        let body = r#"{"id":"b715bik7-2726-4d51-a729-749cc7bda703","action":"nada"}"#;
        r.request("POST", "/pedidos/status_pagamento", &[("X-Forwarded-For", address)], Some(body))
    };
    notify("203.0.113.9").ok();
    let mut rejected = None;
    wait_until("a notification is answered 429", || {
        let response = notify("203.0.113.9");
        let refused = response.status != 200;
        rejected = refused.then_some(response);
        refused
    });
    assert_rate_limited(&rejected.unwrap());
    notify("203.0.113.10").ok();
    // The token bucket refills.
    wait_until("a notification is answered 200", || notify("203.0.113.9").status == 200);
}

fn unpaid_orders_are_limited(database: Database) {
    let r =
        Restaurant::with_environment(database, &[("MAX_UNPAID_ORDERS", "5"), ("CHECKOUTS_PER_MINUTE", "0")]);
    let unpaid_orders =
        "SELECT COUNT(*) FROM pedidos WHERE status_pedido IN (1, 2, 3) AND status_pagamento IN (1, 3)";
    let same_key = [("Idempotency-Key", "mesa-7")];
    let first = checkout_from(&r, "", &same_key, BODY);
    first.ok();
    let checkout = || r.request("POST", "/pedidos/checkout", &[], Some(BODY));
    let refused = (0..5).map(|_| checkout()).find(|response| response.status != 200).unwrap();
    let detail = "A loja tem pedidos demais por pagar; tente de novo em alguns minutos";
    let problem = refused.problem(503, detail);
    assert_eq!((&problem["codigo"], refused.header("retry-after")), (&json!("loja_cheia"), Some("60")));
    assert_eq!(r.count(unpaid_orders), 5);
    // The limit also holds for a large order, which is not batched.
    let lines = json!({"itens": vec![json!({"produto": 1, "quantidade": 1}); 20]});
    r.post("/pedidos/checkout", lines).problem(503, detail);
    // A replay of an existing order is not limited.
    let again = checkout_from(&r, "", &same_key, BODY);
    assert_eq!((again.status, &again.body), (200, &first.body));
    // One paid and one cancelled order make room for two.
    let id = first.json()["id"].clone();
    r.post(&format!("/pedidos/{id}/pagamento"), json!({"meio": "dinheiro", "responsavel": "Ana"})).ok();
    r.delete("/pedidos/5").ok();
    wait_until("there is room for an order", || checkout().status == 200);
    checkout().ok();
    checkout().problem(503, detail);
    assert_eq!(r.count(unpaid_orders), 5);
}

fn the_simulator_has_no_limits(database: Database) {
    let r = Restaurant::new(database);
    for _ in 0..150 {
        r.request("POST", "/pedidos/checkout", &[], Some(BODY)).ok();
    }
}

fn a_long_queue_is_paged_in_arrival_order(database: Database) {
    const OLDER: i64 = 12_000;
    let r = Restaurant::new(database);
    r.sql("DELETE FROM eventos; DELETE FROM itens; DELETE FROM pedidos");
    for start in (0..OLDER).step_by(1000) {
        // Twenty orders in each second; higher ids arrived earlier.
        let row = |n: i64| {
            let (minute, second) = ((OLDER - n) / 20 / 60, (OLDER - n) / 20 % 60);
            format!("(1, '2020-01-01 00:{minute:02}:{second:02}')")
        };
        let rows: Vec<String> = (start..start + 1000).map(row).collect();
        r.sql(&format!("INSERT INTO pedidos (status_pedido, datahora_recebido) VALUES {}", rows.join(", ")));
    }
    let newest = r.checkout(1)["id"].clone();
    for path in ["/pedidos/fila", "/pedidos", "/pedidos/recebidos", "/pedidos/fila?limite=500"] {
        let first = r.get(path);
        assert_eq!(first.header("x-total-count"), Some("12001"), "{path}");
        assert!(first.header("access-control-expose-headers").unwrap().contains("X-Total-Count"));
        let (rows, pages) = follow_pages(&r, path);
        assert!(if path.contains("limite") { pages == 25 } else { pages > 2 }, "{path}: {pages}");
        assert_eq!(rows.len(), 12_001, "{path}");
        assert_eq!(rows.last().unwrap()["id"], newest, "{path}");
        let sort_key =
            |p: &Value| (p["datahora_recebido"].as_str().unwrap().to_owned(), p["id"].as_i64().unwrap());
        assert!(rows.windows(2).all(|pair| sort_key(&pair[0]) < sort_key(&pair[1])), "{path}");
    }
    // It is logged once, not at every request.
    assert_eq!(r.log().matches("12001 open orders").count(), 1);
    // A list that is not cut has no total.
    r.sql("UPDATE pedidos SET status_pedido = 4, versao = versao + 1 WHERE datahora_recebido < '2020-01-02'");
    assert_eq!(r.get("/pedidos/fila").header("x-total-count"), None);
}

fn a_short_idempotency_key_is_scoped_to_its_address(database: Database) {
    let r = Restaurant::with_environment(database, &[PROXY]);
    let checkout =
        |address: &str, key: &str, body: &str| checkout_from(&r, address, &[("Idempotency-Key", key)], body);
    let (mine, other) = ("203.0.113.9", "203.0.113.10");
    let other_body = r#"{"itens":[{"produto":1,"quantidade":2}]}"#;
    let first_time = |response: Response| {
        assert_eq!(response.header("idempotency-replayed"), None);
        response.ok()["id"].clone()
    };
    let replayed = |response: Response| {
        assert_eq!(response.header("idempotency-replayed"), Some("true"));
        response.ok()["id"].clone()
    };
    let first = first_time(checkout(mine, "mesa-7", BODY));
    // The same key from another address neither shows the order nor that it exists.
    assert_ne!(first_time(checkout(other, "mesa-7", BODY)), first);
    first_time(checkout("203.0.113.11", "mesa-7", other_body));
    assert_eq!(replayed(checkout(mine, "mesa-7", BODY)), first);
    // An IPv6 client is identified by its /64.
    let of_ipv6 = first_time(checkout("2001:db8::1", "mesa-7", BODY));
    assert_eq!(replayed(checkout("2001:db8::2", "mesa-7", BODY)), of_ipv6);
    first_time(checkout("2001:db8:0:1::1", "mesa-7", BODY));
    // A long key is global: a phone that changes from Wi-Fi to mobile finds its order.
    let long_key = "0123456789abcdef";
    let with_long_key = first_time(checkout(mine, long_key, BODY));
    assert_eq!(replayed(checkout(other, long_key, BODY)), with_long_key);
    first_time(checkout(mine, &long_key[1..], BODY));
    first_time(checkout(other, &long_key[1..], BODY));
    // A key cannot imitate the internal form of another address's key.
    assert_eq!(checkout(other, "203.0.113.9 mesa-7", BODY).status, 400);
}
