//! `/produtos` and the menu by category.

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

fn the_example_menu_is_listed_by_category(banco: Database) {
    let r = Restaurant::new(banco);
    let tudo = r.get("/produtos/").ok();
    assert_eq!(tudo.as_array().unwrap().len(), 12);
    let mut soma = 0;
    for (caminho, categoria) in
        [("/lanches", 1), ("/acompanhamentos", 2), ("/bebidas", 3), ("/sobremesas", 4)]
    {
        let lista = r.get(caminho).ok();
        assert!(lista.as_array().unwrap().iter().all(|p| p["categoria"] == categoria), "{caminho}");
        assert_eq!(lista, r.get(&format!("{caminho}/")).ok());
        soma += lista.as_array().unwrap().len();
    }
    assert_eq!(soma, 12);
    let esperado = json!({"id": 3, "nome": "Misto Quente na Chapa", "categoria": 1, "valor": 15.2,
        "descricao": "Pão de forma na manteiga, presunto, queijo e tomate", "ativo": true});
    assert_eq!(r.get("/produtos/3").ok(), esperado);
}

fn a_created_product_is_read_back(banco: Database) {
    let r = Restaurant::new(banco);
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

fn prices_are_exact_decimals(banco: Database) {
    let r = Restaurant::new(banco);
    // As text: a client's JSON parser is not under test.
    for (enviado, lido) in [
        ("0.01", "0.01"),
        ("19.90", "19.90"),
        ("19.9", "19.90"),
        ("7", "7.00"),
        ("99999.99", "99999.99"),
        ("0.290", "0.29"),
    ] {
        let body = format!(r#"{{"nome":"Exato","categoria":1,"valor":{enviado}}}"#);
        let resposta = r.request("POST", "/produtos", &[], Some(&body));
        assert_eq!(resposta.status, 200, "{}", resposta.body);
        assert!(resposta.body.contains(&format!(r#""valor":{lido},"#)), "{enviado}: {}", resposta.body);
    }
}

fn invalid_products_are_refused(banco: Database) {
    let r = Restaurant::new(banco);
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
    let longo = json!({"nome": "ç".repeat(101), "categoria": 1, "valor": 1, "descricao": "x".repeat(256)});
    assert_eq!(r.post("/produtos", longo).invalid_fields(), ["nome", "descricao"]);
    r.put("/produtos", json!({"id": 3, "valor": -1})).problem(422, "Valor do produto inválido");
    r.put("/produtos", json!({"id": 99, "valor": 1})).problem(404, "Produto não encontrado");
    r.put("/produtos", json!({"id": 99})).problem(404, "Produto não encontrado");
    r.get("/produtos/99").problem(404, "Produto não encontrado");
    r.delete("/produtos/99").problem(404, "Produto não encontrado");
    assert_eq!(r.get("/produtos").ok().as_array().unwrap().len(), 12);
}

fn only_sent_fields_change(banco: Database) {
    let r = Restaurant::new(banco);
    let antes = r.get("/produtos/3").ok();
    let mut esperado = antes.clone();
    esperado["valor"] = json!(16.0);
    assert_eq!(r.put("/produtos/", json!({"id": 3, "valor": 16})).ok(), esperado);
    // Writing what is there already is no error: MySQL counts such a row as not affected.
    assert_eq!(r.put("/produtos", json!({"id": 3, "valor": 16})).ok(), esperado);
    assert_eq!(r.put("/produtos", json!({"id": 3})).ok(), esperado);
    assert_eq!(r.put("/produtos", json!({"id": 3, "descricao": null})).ok()["descricao"], json!(null));
}

fn a_product_never_ordered_is_deleted(banco: Database) {
    let r = Restaurant::new(banco);
    assert_eq!(r.delete("/produtos/5").body, "true");
    r.get("/produtos/5").problem(404, "Produto não encontrado");
    assert_eq!(r.get("/produtos").ok().as_array().unwrap().len(), 11);
}

fn an_ordered_product_is_deactivated_and_orders_keep_it(banco: Database) {
    let r = Restaurant::new(banco);
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

fn a_deactivated_product_can_be_reactivated(banco: Database) {
    let r = Restaurant::new(banco);
    r.delete("/produtos/3").ok();
    assert_eq!(r.put("/produtos", json!({"id": 3, "ativo": true})).ok()["ativo"], true);
    assert!(r.get("/lanches").ok().as_array().unwrap().iter().any(|p| p["id"] == 3));
}
