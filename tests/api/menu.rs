//! `/produtos` and the menu by category: exact prices, validation, edits, and removal from the menu.

use serde_json::json;

use crate::{Database, Restaurant, on_both_databases};

on_both_databases!(
    the_example_menu_is_listed_by_category,
    a_created_product_is_read_back,
    prices_are_exact_decimals,
    invalid_products_are_refused,
    only_sent_fields_change,
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
