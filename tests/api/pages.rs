//! Keyset pagination: every list in pages, by `Link`, `limite` and `apos`.

use serde_json::{Value, json};

use crate::{Database, Restaurant, on_both_databases};

on_both_databases!(
    every_list_is_paged,
    the_default_page_size_is_100,
    invalid_page_parameters_are_refused,
    open_orders_are_not_cut_to_the_default_page,
    an_order_that_arrives_between_pages_is_listed,
);

/// Follows `Link` from page to page; returns all rows and the number of pages.
pub fn follow_pages(r: &Restaurant, start: &str) -> (Vec<Value>, usize) {
    let (mut rows, mut pages, mut next) = (Vec::new(), 0, Some(start.to_owned()));
    while let Some(path) = next {
        let response = r.get(&path);
        rows.extend(response.ok().as_array().unwrap().clone());
        pages += 1;
        next = response.header("link").map(|link| {
            let (address, rel) = link.split_once(';').unwrap();
            assert_eq!(rel.trim(), "rel=\"next\"");
            address.trim_start_matches('<').trim_end_matches('>').to_owned()
        });
    }
    (rows, pages)
}

fn every_list_is_paged(database: Database) {
    let r = Restaurant::new(database);
    for i in 0..23 {
        let body = json!({"id_cliente": 3, "itens": [{"produto": 1, "quantidade": i % 3 + 1}]});
        let id = r.post("/pedidos/checkout", body).ok()["id"].clone();
        r.put("/pedidos", json!({"id": id, "status_pedido": i % 4 + 1})).ok();
    }
    for path in [
        "/pedidos",
        "/pedidos/recebidos",
        "/pedidos/fila",
        "/pedidos/empreparacao",
        "/pedidos/prontos",
        "/pedidos/finalizados",
        "/clientes/3/pedidos",
        "/produtos",
        "/lanches",
        "/bebidas",
        "/clientes",
    ] {
        let all = r.get(path).ok().as_array().unwrap().clone();
        for limite in [1, 2, 3, 500] {
            let (rows, pages) = follow_pages(&r, &format!("{path}?limite={limite}"));
            assert_eq!(rows, all, "{path} {limite}");
            assert_eq!(pages, all.len().div_ceil(limite).max(1), "{path} {limite}");
        }
    }
}

fn the_default_page_size_is_100(database: Database) {
    let r = Restaurant::with_environment(database, &[("EXAMPLE_DATA", "false")]);
    for i in 0..101 {
        r.sql(&format!("INSERT INTO clientes (nome) VALUES ('{i}')"));
    }
    assert_eq!(r.get("/clientes").ok().as_array().unwrap().len(), 100);
    assert_eq!(follow_pages(&r, "/clientes").0.len(), 101);
}

fn invalid_page_parameters_are_refused(database: Database) {
    let r = Restaurant::new(database);
    for limite in ["0", "501", "-1", "x", "", "1.5"] {
        r.get(&format!("/produtos?limite={limite}")).problem(422, "«limite» deve ser um número de 1 a 500");
    }
    for apos in ["x", "-1", "", "1.2.3", "%00", "99999999999999999999"] {
        assert_eq!(r.get(&format!("/produtos?apos={apos}")).invalid_fields(), ["apos"], "{apos}");
    }
    assert_eq!(r.get("/pedidos?apos=1").invalid_fields(), ["apos"]);
    // Unknown parameters are ignored.
    assert_eq!(r.get("/produtos?cor=azul").ok(), r.get("/produtos").ok());
}

fn open_orders_are_not_cut_to_the_default_page(database: Database) {
    let r = Restaurant::with_environment(database, &[("EXAMPLE_DATA", "false")]);
    for _ in 0..30 {
        let rows = vec!["(1)"; 20].join(", ");
        r.sql(&format!("INSERT INTO pedidos (status_pedido) VALUES {rows}"));
    }
    let response = r.get("/pedidos");
    assert_eq!((response.ok().as_array().unwrap().len(), response.header("link")), (600, None));
    assert_eq!(r.get("/pedidos/fila").ok().as_array().unwrap().len(), 600);
    assert_eq!(follow_pages(&r, "/pedidos?limite=499").0.len(), 600);
}

fn an_order_that_arrives_between_pages_is_listed(database: Database) {
    let r = Restaurant::new(database);
    let first = r.get("/pedidos/recebidos?limite=1");
    let newest = r.checkout(1)["id"].clone();
    let link = first.header("link").unwrap();
    let (rows, _) = follow_pages(&r, link.trim_start_matches('<').split('>').next().unwrap());
    assert_eq!(rows.last().unwrap()["id"], newest);
}
