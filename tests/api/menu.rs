//! `/produtos` and the menu by category: exact prices, validation, edits, and removal from the menu.

use serde_json::json;

use crate::{Database, Restaurant, on_both_databases};

on_both_databases!(
    the_example_menu_is_listed_by_category,
    a_created_product_is_read_back,
    prices_are_exact_decimals,
    invalid_products_are_refused,
    only_sent_fields_change,
    menus_come_by_their_order,
    a_page_of_the_menu_goes_on_behind_the_one_before,
    a_product_never_ordered_is_deleted,
    an_ordered_product_is_deactivated_and_orders_keep_it,
    a_deactivated_product_can_be_reactivated,
);

fn the_example_menu_is_listed_by_category(database: Database) {
    let r = Restaurant::new(database);
    let all = r.get("/produtos/").ok();
    assert_eq!(all.as_array().unwrap().len(), 12);
    let mut sum = 0;
    for (path, categoria) in [("/lanches", 1), ("/acompanhamentos", 2), ("/bebidas", 3), ("/sobremesas", 4)] {
        let list = r.get(path).ok();
        assert!(list.as_array().unwrap().iter().all(|p| p["categoria"] == categoria), "{path}");
        assert_eq!(list, r.get(&format!("{path}/")).ok());
        sum += list.as_array().unwrap().len();
    }
    assert_eq!(sum, 12);
    let expected = json!({"id": 3, "nome": "Misto Quente na Chapa", "categoria": 1, "valor": 15.2,
        "descricao": "Pão de forma na manteiga, presunto, queijo e tomate", "ativo": true});
    assert_eq!(r.get("/produtos/3").ok(), expected);
}

fn a_created_product_is_read_back(database: Database) {
    let r = Restaurant::new(database);
    let p = r.post("/produtos", json!({"nome": "Pastel d'água «ção» 🍔", "categoria": 1, "valor": 12.5, "descricao": "com'aspas\""})).ok();
    assert_eq!(p["nome"], "Pastel d'água «ção» 🍔");
    assert_eq!(p["descricao"], "com'aspas\"");
    assert_eq!(p["ativo"], true);
    assert_eq!(r.get(&format!("/produtos/{}", p["id"])).ok(), p);
    assert_eq!(r.get("/lanches").ok().as_array().unwrap().last(), Some(&p));
    assert_eq!(
        r.post("/produtos", json!({"nome": "X", "categoria": 4, "valor": 1})).ok()["descricao"],
        json!(null)
    );
}

fn prices_are_exact_decimals(database: Database) {
    let r = Restaurant::new(database);
    // Compared as text, because a JSON parser would round.
    for (sent, answered) in [
        ("0.01", "0.01"),
        ("19.90", "19.90"),
        ("19.9", "19.90"),
        ("7", "7.00"),
        ("99999.99", "99999.99"),
        ("0.290", "0.29"),
    ] {
        let body = format!(r#"{{"nome":"Exato","categoria":1,"valor":{sent}}}"#);
        let response = r.request("POST", "/produtos", &[], Some(&body));
        assert_eq!(response.status, 200, "{}", response.body);
        assert!(response.body.contains(&format!(r#""valor":{answered},"#)), "{sent}: {}", response.body);
    }
}

fn invalid_products_are_refused(database: Database) {
    let r = Restaurant::new(database);
    for valor in [
        "0",
        "-1",
        "1.999",
        "100000",
        "1e2",
        "\"15,5\"",
        "\"\"",
        "null",
        "true",
        "[]",
        "99999999999999999999999",
    ] {
        let body = format!(r#"{{"nome":"X","categoria":1,"valor":{valor}}}"#);
        r.request("POST", "/produtos", &[], Some(&body)).problem(422, "Valor do produto inválido");
    }
    for categoria in [json!(0), json!(5), json!(-1)] {
        r.post("/produtos", json!({"nome": "X", "categoria": categoria, "valor": 1}))
            .problem(422, "Categoria inválida");
    }
    assert_eq!(
        r.post("/produtos", json!({"categoria": "um", "valor": 1, "nome": " "})).invalid_fields(),
        ["nome", "categoria"]
    );
    assert_eq!(r.post("/produtos", json!({})).invalid_fields(), ["nome", "categoria", "valor"]);
    let too_long = json!({"nome": "ç".repeat(101), "categoria": 1, "valor": 1, "descricao": "x".repeat(256)});
    assert_eq!(r.post("/produtos", too_long).invalid_fields(), ["nome", "descricao"]);
    r.put("/produtos", json!({"id": 3, "valor": -1})).problem(422, "Valor do produto inválido");
    r.put("/produtos", json!({"id": 99, "valor": 1})).problem(404, "Produto não encontrado");
    r.put("/produtos", json!({"id": 99})).problem(404, "Produto não encontrado");
    r.get("/produtos/99").problem(404, "Produto não encontrado");
    r.delete("/produtos/99").problem(404, "Produto não encontrado");
    assert_eq!(r.get("/produtos").ok().as_array().unwrap().len(), 12);
}

fn only_sent_fields_change(database: Database) {
    let r = Restaurant::new(database);
    let before = r.get("/produtos/3").ok();
    let mut expected = before.clone();
    expected["valor"] = json!(16.0);
    assert_eq!(r.put("/produtos/", json!({"id": 3, "valor": 16})).ok(), expected);
    // Writing the same value is no error, although MySQL reports no affected row.
    assert_eq!(r.put("/produtos", json!({"id": 3, "valor": 16})).ok(), expected);
    assert_eq!(r.put("/produtos", json!({"id": 3})).ok(), expected);
    assert_eq!(r.put("/produtos", json!({"id": 3, "descricao": null})).ok()["descricao"], json!(null));
}

fn menus_come_by_their_order(database: Database) {
    let r = Restaurant::new(database);
    let ids = |path: &str| {
        r.get(path).ok().as_array().unwrap().iter().map(|p| p["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(r.put("/produtos", json!({"id": 3, "ordem": 20})).ok()["ordem"], 20);
    r.put("/produtos", json!({"id": 2, "ordem": "20"})).ok();
    let first = json!({"nome": "Coxinha", "categoria": 1, "valor": 8, "ordem": 0});
    assert_eq!(r.post("/produtos", first).ok()["ordem"], 0);
    assert_eq!(ids("/lanches"), [13, 2, 3, 1]);
    assert_eq!(ids("/produtos"), [13, 2, 3, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    // What is not sent stays, and `null` takes the place away.
    assert_eq!(r.put("/produtos", json!({"id": 3, "valor": 16})).ok()["ordem"], 20);
    assert!(r.put("/produtos", json!({"id": 2, "ordem": null})).ok().get("ordem").is_none());
    assert_eq!(ids("/lanches"), [13, 3, 1, 2]);
    assert_eq!(ids("/bebidas"), [7, 8, 9]);
    for wrong in [json!(-1), json!(10000), json!("primeiro"), json!(1.5), json!(true)] {
        let sent = r.put("/produtos", json!({"id": 1, "ordem": wrong}));
        assert_eq!(sent.invalid_fields(), ["ordem"], "{wrong}");
    }
    let wrong = json!({"nome": "X", "categoria": 1, "valor": 1, "ordem": -1});
    assert_eq!(r.post("/produtos", wrong).invalid_fields(), ["ordem"]);
}

fn a_page_of_the_menu_goes_on_behind_the_one_before(database: Database) {
    let r = Restaurant::new(database);
    for (id, ordem) in [(12, 1), (11, 5), (2, 5), (7, 5), (4, 9999)] {
        r.put("/produtos", json!({"id": id, "ordem": ordem})).ok();
    }
    for path in ["/produtos", "/lanches"] {
        let whole = r.get(path).ok();
        let (mut next, mut seen) = (Some(format!("{path}?limite=2")), Vec::new());
        while let Some(page) = next {
            let answer = r.get(&page);
            seen.extend(answer.ok().as_array().unwrap().clone());
            next = answer.header("link").map(|link| link.split(['<', '>']).nth(1).unwrap().to_owned());
        }
        assert_eq!(json!(seen), whole, "{path}");
    }
    let first: Vec<_> =
        r.get("/produtos").ok().as_array().unwrap()[..6].iter().map(|p| p["id"].clone()).collect();
    assert_eq!(first, [12, 2, 7, 11, 4, 1]);
}

fn a_product_never_ordered_is_deleted(database: Database) {
    let r = Restaurant::new(database);
    assert_eq!(r.delete("/produtos/5").body, "true");
    r.get("/produtos/5").problem(404, "Produto não encontrado");
    assert_eq!(r.get("/produtos").ok().as_array().unwrap().len(), 11);
}

fn an_ordered_product_is_deactivated_and_orders_keep_it(database: Database) {
    let r = Restaurant::new(database);
    let pedido = r.get("/pedidos/1").ok();
    r.put("/produtos", json!({"id": 3, "nome": "Outro nome", "valor": 99})).ok();
    assert_eq!(r.delete("/produtos/3").ok(), true);
    assert_eq!(r.get("/produtos/3").ok()["ativo"], false);
    assert!(r.get("/produtos").ok().as_array().unwrap().iter().all(|p| p["id"] != 3));
    assert!(r.get("/lanches").ok().as_array().unwrap().iter().all(|p| p["id"] != 3));
    assert_eq!(r.get("/pedidos/1").ok(), pedido);
    let body = json!({"itens": [{"produto": 3, "quantidade": 1}]});
    r.post("/pedidos/checkout", body).problem(404, "Produto não encontrado");
    assert_eq!(r.delete("/produtos/3").ok(), true);
}

fn a_deactivated_product_can_be_reactivated(database: Database) {
    let r = Restaurant::new(database);
    r.delete("/produtos/3").ok();
    assert_eq!(r.put("/produtos", json!({"id": 3, "ativo": true})).ok()["ativo"], true);
    assert!(r.get("/lanches").ok().as_array().unwrap().iter().any(|p| p["id"] == 3));
}
