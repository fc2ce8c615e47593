//! Products that are sold out: who orders one is told which, and it can be ordered again when its time is over.

use serde_json::{Value, json};

use crate::{Database, Restaurant, on_both_databases};

on_both_databases!(
    a_product_is_sold_out_until_somebody_says_otherwise,
    an_end_comes_by_itself,
    a_checkout_names_what_is_sold_out_and_stores_nothing,
    a_repeated_checkout_is_answered_as_before,
    what_one_process_says_holds_on_another,
    of_checkouts_that_share_a_transaction_only_those_that_name_it_are_refused,
    wrong_ends_are_refused,
    the_menu_has_an_entity_tag,
);

fn order(lines: &[i64]) -> Value {
    let itens: Vec<Value> = lines.iter().map(|id| json!({"produto": id, "quantidade": 1})).collect();
    json!({ "itens": itens })
}

fn listed(r: &Restaurant, path: &str, id: i64) -> Value {
    r.get(path).ok().as_array().unwrap().iter().find(|p| p["id"] == id).unwrap().clone()
}

fn a_product_is_sold_out_until_somebody_says_otherwise(database: Database) {
    let r = Restaurant::new(database);
    let before = r.get("/produtos/3").ok();
    let mut expected = before.clone();
    expected["esgotado"] = json!(true);
    assert_eq!(r.put("/produtos/3/esgotado", json!({})).ok(), expected);
    // Again, and with what says nothing.
    assert_eq!(r.put("/produtos/3/esgotado/", json!({"ate": null, "minutos": null})).ok(), expected);
    for path in ["/produtos", "/lanches", "/produtos?limite=50"] {
        assert_eq!(listed(&r, path, 3), expected, "{path}");
    }
    assert_eq!(r.get("/produtos/3").ok(), expected);
    // A manager who changes its price says nothing of that.
    assert_eq!(r.put("/produtos", json!({"id": 3, "nome": "Misto Quente na Chapa"})).ok(), expected);
    r.post("/pedidos/checkout", order(&[3]))
        .problem(409, "Esgotado no momento: Misto Quente na Chapa; tire do pedido e envie de novo");
    assert_eq!(r.delete("/produtos/3/esgotado").ok(), before);
    assert_eq!(r.delete("/produtos/3/esgotado").ok(), before);
    assert_eq!(listed(&r, "/produtos", 3), before);
    assert_eq!(r.checkout(3)["itens"][0]["produto"], 3);
}

fn an_end_comes_by_itself(database: Database) {
    let r = Restaurant::new(database);
    let now = || jiff::Timestamp::now().as_second();
    let end = |produto: &Value| {
        produto["esgotado_ate"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second()
    };
    let before = now();
    let sold_out = r.put("/produtos/3/esgotado", json!({"minutos": "30"})).ok();
    assert!((before + 1800..=now() + 1800).contains(&end(&sold_out)), "{sold_out}");
    assert_eq!(listed(&r, "/lanches", 3), sold_out);
    let sold_out = r.put("/produtos/3/esgotado", json!({"ate": "amanha"})).ok();
    assert!((before..=now() + 24 * 3600).contains(&end(&sold_out)));
    // Midnight in São Paulo.
    assert!(sold_out["esgotado_ate"].as_str().unwrap().ends_with("T03:00:00Z"), "{sold_out}");
    assert_eq!(r.post("/pedidos/checkout", order(&[3])).status, 409);
    // The time is over, and nothing else has changed.
    r.sql("UPDATE produtos SET esgotado_ate = '2026-01-01 03:00:00' WHERE id = 3");
    for produto in [r.get("/produtos/3").ok(), listed(&r, "/produtos", 3), listed(&r, "/lanches", 3)] {
        assert!(produto.get("esgotado").is_none() && produto.get("esgotado_ate").is_none(), "{produto}");
    }
    r.checkout(3);
}

fn a_checkout_names_what_is_sold_out_and_stores_nothing(database: Database) {
    let r = Restaurant::new(database);
    for id in [3, 7] {
        r.put(&format!("/produtos/{id}/esgotado"), json!({})).ok();
    }
    let before = r.count("SELECT proxima_senha + proxima_sequencia * 1000 FROM restaurante");
    let problem = r.post("/pedidos/checkout", order(&[7, 1, 3, 7])).problem(
        409,
        "Esgotado no momento: Misto Quente na Chapa, Suco de Laranja; tire do pedido e envie de novo",
    );
    assert_eq!((&problem["codigo"], &problem["produtos"]), (&json!("esgotado"), &json!([3, 7])));
    assert_eq!(problem["erros"], json!([]));
    assert_eq!(r.count("SELECT proxima_senha + proxima_sequencia * 1000 FROM restaurante"), before);
    // What does not exist is told first, and other problems name no products.
    let problem = r.post("/pedidos/checkout", order(&[3, 99])).problem(404, "Produto não encontrado");
    assert!(problem.get("produtos").is_none());
    assert_eq!(r.checkout(1)["senha"], 7);
}

fn a_repeated_checkout_is_answered_as_before(database: Database) {
    let r = Restaurant::new(database);
    let key = [("Idempotency-Key", "0123456789abcdef")];
    let body = order(&[3]).to_string();
    let first = r.request("POST", "/pedidos/checkout", &key, Some(&body)).ok();
    r.put("/produtos/3/esgotado", json!({})).ok();
    assert_eq!(r.request("POST", "/pedidos/checkout", &key, Some(&body)).ok(), first);
    // One that was refused may be sent again under its key.
    let other = [("Idempotency-Key", "fedcba9876543210")];
    assert_eq!(r.request("POST", "/pedidos/checkout", &other, Some(&body)).status, 409);
    r.delete("/produtos/3/esgotado").ok();
    assert_ne!(r.request("POST", "/pedidos/checkout", &other, Some(&body)).ok()["id"], first["id"]);
}

fn what_one_process_says_holds_on_another(database: Database) {
    let r = Restaurant::new(database);
    let other = r.another_process();
    for _ in 0..5 {
        other.request("PUT", "/produtos/3/esgotado", &[], Some("{}")).ok();
        assert_eq!(r.post("/pedidos/checkout", order(&[3])).status, 409);
        assert_eq!(listed(&r, "/lanches", 3)["esgotado"], true);
        other.request("DELETE", "/produtos/3/esgotado", &[], None).ok();
        r.checkout(3);
        assert!(listed(&r, "/lanches", 3).get("esgotado").is_none());
    }
}

fn of_checkouts_that_share_a_transaction_only_those_that_name_it_are_refused(database: Database) {
    let r = Restaurant::new(database);
    r.put("/produtos/3/esgotado", json!({})).ok();
    std::thread::scope(|scope| {
        for n in 0..32 {
            let (r, id) = (&r, if n % 2 == 0 { 3 } else { 4 });
            scope.spawn(move || {
                let answer = r.post("/pedidos/checkout", order(&[id]));
                assert_eq!(answer.status, if id == 3 { 409 } else { 200 }, "{}", answer.body);
            });
        }
    });
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 6 + 16);
}

fn wrong_ends_are_refused(database: Database) {
    let r = Restaurant::new(database);
    let before = r.get("/produtos/3").ok();
    for minutes in [json!(0), json!(-1), json!(1441), json!(1.5), json!("meia hora"), json!(i64::MAX)] {
        let sent = r.put("/produtos/3/esgotado", json!({"minutos": minutes}));
        assert_eq!(sent.invalid_fields(), ["minutos"], "{minutes}");
    }
    for ate in [json!("hoje"), json!("Amanhã"), json!(1), json!("2026-12-01T00:00:00Z")] {
        let sent = r.put("/produtos/3/esgotado", json!({"ate": ate}));
        sent.problem(
            422,
            if ate.is_string() { "«ate» deve ser «amanha»" } else { "«ate» deve ser um texto" },
        );
    }
    r.put("/produtos/3/esgotado", json!({"ate": "amanha", "minutos": 30}))
        .problem(422, "«minutos» não pode vir junto com «ate»");
    assert_eq!(r.request("PUT", "/produtos/3/esgotado", &[], Some("")).status, 400);
    assert_eq!(r.get("/produtos/3").ok(), before);
    r.put("/produtos/99/esgotado", json!({})).problem(404, "Produto não encontrado");
    r.delete("/produtos/99/esgotado").problem(404, "Produto não encontrado");
    assert_eq!(r.get("/produtos/3/esgotado").header("allow"), Some("PUT, DELETE, OPTIONS"));
}

fn the_menu_has_an_entity_tag(database: Database) {
    let r = Restaurant::new(database);
    let tag = |path: &str| r.get(path).header("etag").unwrap().to_owned();
    let status = |path: &str, tag: &str| {
        let response = r.request("GET", path, &[("If-None-Match", tag)], None);
        assert!(response.header("etag").is_some());
        response.status
    };
    let (all, lanches, bebidas) = (tag("/produtos"), tag("/lanches"), tag("/bebidas"));
    assert_eq!((tag("/produtos"), status("/produtos", &all)), (all.clone(), 304));
    r.put("/produtos/3/esgotado", json!({})).ok();
    assert_eq!((status("/produtos", &all), status("/lanches", &lanches)), (200, 200));
    assert_eq!(status("/bebidas", &bebidas), 304);
    r.delete("/produtos/3/esgotado").ok();
    assert_eq!((status("/produtos", &all), status("/lanches", &lanches)), (304, 304));
    r.put("/produtos", json!({"id": 3, "valor": 16})).ok();
    assert_eq!(status("/lanches", &lanches), 200);
}
