//! `POST /pedidos/checkout`: the fields of the order, prices, `senhas`, invalid bodies, the Pix code, and idempotency keys.

use serde_json::{Value, json};

use crate::{
    Database, Restaurant, on_both_databases,
    restaurant::{centavos, without_secret},
};

on_both_databases!(
    the_response_has_the_documented_fields,
    prices_come_from_the_menu,
    a_customer_is_optional,
    the_same_product_may_be_on_two_lines,
    notes_keep_quotes_and_emoji,
    a_failed_checkout_leaves_nothing,
    invalid_bodies_name_their_fields,
    senhas_are_sequential_within_a_day,
    the_pix_code_is_well_formed,
    the_same_key_replays_the_response,
    the_same_key_with_another_body_is_refused,
    a_failed_checkout_releases_its_key,
    a_key_is_valid_for_24_hours,
);

fn the_response_has_the_documented_fields(database: Database) {
    let r = Restaurant::new(database);
    let body = json!({"id_cliente": 1, "itens": [{"produto": 3, "quantidade": 5, "descricao": "sem tomate", "valor": 15.2}]});
    let response = r.post("/pedidos/checkout/", body);
    assert_eq!(response.header("etag"), Some("\"1\""));
    let p = response.ok();
    let fields: Vec<&String> = p.as_object().unwrap().keys().collect();
    let expected = "id senha status_pedido status_pedido_descricao cliente itens datahora_recebido datahora_preparacao \
                     datahora_pronto datahora_finalizado status_pagamento status_pagamento_descricao id_pagamento qr_data \
                     valor_total versao meio_pagamento qr_situacao datahora_expiracao valor_reembolsado acompanhamento";
    let mut expected: Vec<&str> = expected.split_whitespace().collect();
    expected.sort_unstable();
    assert_eq!(fields, expected);
    assert_eq!((&p["status_pedido"], &p["status_pedido_descricao"]), (&json!(1), &json!("Recebido")));
    assert_eq!(
        (&p["status_pagamento"], &p["status_pagamento_descricao"]),
        (&json!(1), &json!("Pagamento enviado"))
    );
    assert_eq!((&p["cliente"], &p["versao"], &p["valor_total"]), (&json!(1), &json!(1), &json!(76.0)));
    let item = json!({"produto": 3, "nome": "Misto Quente na Chapa", "quantidade": 5, "descricao": "sem tomate", "valor": 15.2});
    assert_eq!(p["itens"], json!([item]));
    let received_at = p["datahora_recebido"].as_str().unwrap();
    assert!(
        received_at.len() == 20
            && received_at.ends_with('Z')
            && received_at.parse::<ambrosia::domain::data_hora::DataHora>().is_ok()
    );
    for later in ["datahora_preparacao", "datahora_pronto", "datahora_finalizado"] {
        assert_eq!(p[later], json!(null));
    }
    // The response is equal to the stored order.
    assert_eq!(r.get(&format!("/pedidos/{}", p["id"])).ok(), without_secret(p));
}

fn prices_come_from_the_menu(database: Database) {
    let r = Restaurant::new(database);
    for valor in [json!(0.01), json!(-5), json!("de graça"), json!(null)] {
        let body = json!({"itens": [{"produto": 3, "quantidade": 3, "valor": valor}]});
        assert_eq!(centavos(&r.post("/pedidos/checkout", body).ok()["valor_total"]), 3 * 1520);
    }
}

fn a_customer_is_optional(database: Database) {
    let r = Restaurant::new(database);
    let itens = json!([{"produto": 1, "quantidade": 1}]);
    for body in [json!({"itens": itens}), json!({"id_cliente": null, "itens": itens})] {
        let p = r.post("/pedidos/checkout", body).ok();
        assert_eq!(p["cliente"], json!(null));
        assert_eq!(p["itens"][0]["descricao"], json!(null));
    }
}

fn the_same_product_may_be_on_two_lines(database: Database) {
    let r = Restaurant::new(database);
    let body = json!({"itens": [{"produto": 2, "quantidade": 1, "descricao": "sem cebola"}, {"produto": 1, "quantidade": 2},
        {"produto": 2, "quantidade": 3, "descricao": "bem passado"}]});
    let p = r.post("/pedidos/checkout", body).ok();
    let lines: Vec<(i64, i64, &Value)> = p["itens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| (i["produto"].as_i64().unwrap(), i["quantidade"].as_i64().unwrap(), &i["descricao"]))
        .collect();
    assert_eq!(lines, [(2, 1, &json!("sem cebola")), (1, 2, &json!(null)), (2, 3, &json!("bem passado"))]);
    assert_eq!(centavos(&p["valor_total"]), 4 * 2450 + 2 * 1890);
    assert_eq!(r.get(&format!("/pedidos/{}", p["id"])).ok(), without_secret(p));
}

fn notes_keep_quotes_and_emoji(database: Database) {
    let r = Restaurant::new(database);
    for note in
        ["p'ra viagem", "'; DROP TABLE pedidos; --", "\" OR 1=1 --", "sem 🧅, ça?", "\\' \\\\", "%s ? :a @b"]
    {
        let p = r
            .post("/pedidos/checkout", json!({"itens": [{"produto": 1, "quantidade": 1, "descricao": note}]}))
            .ok();
        assert_eq!(p["itens"][0]["descricao"], note);
        assert_eq!(r.get(&format!("/pedidos/{}", p["id"])).ok()["itens"][0]["descricao"], note);
    }
}

fn a_failed_checkout_leaves_nothing(database: Database) {
    let r = Restaurant::new(database);
    let before = r.count("SELECT COUNT(*) FROM pedidos");
    let body = json!({"id_cliente": 99, "itens": [{"produto": 1, "quantidade": 1}]});
    r.post("/pedidos/checkout", body).problem(404, "Cliente não encontrado");
    let body = json!({"id_cliente": 1, "itens": [{"produto": 1, "quantidade": 1}, {"produto": 99, "quantidade": 1}]});
    r.post("/pedidos/checkout", body).problem(404, "Produto não encontrado");
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), before);
    // No `senha` is used up either.
    let (a, b) = (r.checkout(1), r.checkout(1));
    assert_eq!(a["senha"].as_i64().unwrap() + 1, b["senha"].as_i64().unwrap());
    assert_eq!(a["senha"], 7);
}

fn invalid_bodies_name_their_fields(database: Database) {
    let r = Restaurant::new(database);
    let before = r.count("SELECT COUNT(*) FROM pedidos");
    let invalid_fields = |body: Value| r.post("/pedidos/checkout", body).invalid_fields();
    assert_eq!(invalid_fields(json!({})), ["itens"]);
    assert_eq!(invalid_fields(json!({"itens": null})), ["itens"]);
    assert_eq!(invalid_fields(json!({"itens": []})), ["itens"]);
    assert_eq!(invalid_fields(json!({"itens": {}})), ["itens"]);
    assert_eq!(
        invalid_fields(json!({"itens": vec![json!({"produto": 1, "quantidade": 1}); 101]})),
        ["itens"]
    );
    assert_eq!(invalid_fields(json!({"itens": [1]})), ["itens[0]"]);
    assert_eq!(
        invalid_fields(json!({"id_cliente": "um", "itens": [{}]})),
        ["id_cliente", "itens[0].produto", "itens[0].quantidade"]
    );
    let lines = json!([{"produto": 1, "quantidade": 1}, {"produto": 0, "quantidade": 1.5, "descricao": "x".repeat(101)}]);
    assert_eq!(
        invalid_fields(json!({"itens": lines})),
        ["itens[1].produto", "itens[1].quantidade", "itens[1].descricao"]
    );
    for quantidade in [json!(0), json!(-1), json!(1000), json!("2,5"), json!(true), json!(null)] {
        assert_eq!(
            invalid_fields(json!({"itens": [{"produto": 1, "quantidade": quantidade}]})),
            ["itens[0].quantidade"]
        );
    }
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), before);
    let largest =
        json!({"itens": vec![json!({"produto": 1, "quantidade": 999, "descricao": "ç".repeat(100)}); 100]});
    assert_eq!(centavos(&r.post("/pedidos/checkout", largest).ok()["valor_total"]), 100 * 999 * 1890);
}

fn senhas_are_sequential_within_a_day(database: Database) {
    let r = Restaurant::with_environment(database, &[("EXAMPLE_DATA", "false")]);
    assert_eq!(r.get("/produtos").ok(), json!([]));
    assert_eq!(r.get("/pedidos").ok(), json!([]));
    r.post("/produtos", json!({"nome": "Café", "categoria": 3, "valor": 5})).ok();
    let senhas: Vec<i64> = (0..5).map(|_| r.checkout(1)["senha"].as_i64().unwrap()).collect();
    assert_eq!(senhas, [1, 2, 3, 4, 5]);
    // The count starts again at 1 on another day.
    r.sql("UPDATE pedidos SET dia = '2020-01-01'");
    r.sql("UPDATE restaurante SET dia = '2020-01-01'");
    assert_eq!(r.checkout(1)["senha"], 1);
}

fn the_pix_code_is_well_formed(database: Database) {
    let r = Restaurant::new(database);
    let p = r.checkout(1);
    let qr = p["qr_data"].as_str().unwrap();
    let mut rest = qr;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (tag, length) = (&rest[..2], rest[2..4].parse::<usize>().unwrap());
        fields.push((tag, &rest[4..4 + length]));
        rest = &rest[4 + length..];
    }
    let tags: Vec<&str> = fields.iter().map(|c| c.0).collect();
    assert_eq!(tags, ["00", "01", "26", "52", "53", "54", "58", "59", "60", "62", "63"]);
    assert_eq!(fields[5].1, "18.90");
    assert!(fields[2].1.ends_with(p["id_pagamento"].as_str().unwrap()));
    assert!(fields[7].1.contains("SIMULADO"));
}

const BODY: &str = r#"{"id_cliente":1,"itens":[{"produto":1,"quantidade":2}]}"#;

fn the_same_key_replays_the_response(database: Database) {
    let r = Restaurant::new(database);
    let checkout =
        |body: &str| r.request("POST", "/pedidos/checkout", &[("Idempotency-Key", "mesa-7")], Some(body));
    let first = checkout(BODY);
    first.ok();
    assert_eq!(first.header("idempotency-replayed"), None);
    r.put("/pedidos", json!({"id": first.json()["id"], "status_pedido": 2})).ok();
    // The key covers the meaning of the body, not its spelling.
    for body in [BODY, r#"{ "itens": [ { "quantidade": 2, "produto": 1, "valor": 3 } ], "id_cliente": 1 }"#] {
        let replayed = checkout(body);
        assert_eq!((replayed.status, &replayed.body), (200, &first.body));
        assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
        assert_eq!(replayed.header("etag"), first.header("etag"));
    }
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 7);
}

fn the_same_key_with_another_body_is_refused(database: Database) {
    let r = Restaurant::new(database);
    let checkout = |key: &str, body: &str| {
        r.request("POST", "/pedidos/checkout", &[("Idempotency-Key", key)], Some(body))
    };
    checkout("k", BODY).ok();
    for other in [
        r#"{"itens":[{"produto":1,"quantidade":2}]}"#,
        r#"{"id_cliente":1,"itens":[{"produto":1,"quantidade":3}]}"#,
    ] {
        checkout("k", other).problem(422, "Esta chave já foi usada para outro pedido");
    }
    checkout("K", BODY).ok();
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 8);
    for key in ["", "a b", "ç", &"x".repeat(256)] {
        assert_eq!(checkout(key, BODY).status, 400, "{key}");
    }
    checkout(&"x".repeat(255), BODY).ok();
}

fn a_failed_checkout_releases_its_key(database: Database) {
    let r = Restaurant::new(database);
    let checkout =
        |body: &str| r.request("POST", "/pedidos/checkout", &[("Idempotency-Key", "k")], Some(body));
    checkout(r#"{"itens":[{"produto":99,"quantidade":1}]}"#).problem(404, "Produto não encontrado");
    checkout(r#"{"itens":[]}"#).invalid_fields();
    checkout(BODY).ok();
}

fn a_key_is_valid_for_24_hours(database: Database) {
    let r = Restaurant::new(database);
    let checkout =
        || r.request("POST", "/pedidos/checkout", &[("Idempotency-Key", "k")], Some(BODY)).ok()["id"].clone();
    let first = checkout();
    assert_eq!(checkout(), first);
    r.sql("UPDATE idempotencia SET criada_em = '2020-01-01 00:00:00'");
    let second = checkout();
    assert_ne!(second, first);
    assert_eq!(checkout(), second);
}
