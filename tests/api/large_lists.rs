//! Lists of long orders: each page is bounded by its size, nothing is hidden silently, and every page arrives.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{Database, Restaurant, on_both_databases, pages::follow_pages};

on_both_databases!(every_list_of_long_orders_arrives_in_pages, a_small_budget_makes_small_pages);

/// The manifest's.
const BUDGET: usize = 25_165_824;
const LINES: usize = 100;

/// Orders of a hundred lines with notes, from `first` on, on the name of customer 2.
fn fill(r: &Restaurant, state: i64, first: usize, orders: usize) {
    let ids: Vec<usize> = (first..first + orders).collect();
    for some in ids.chunks(50) {
        let rows: Vec<String> = some
            .iter()
            .map(|id| format!("({id}, 2, {state}, '2020-01-01 {:02}:{:02}:00')", id / 60 % 24, id % 60))
            .collect();
        r.sql(&format!(
            "INSERT INTO pedidos (id, cliente, status_pedido, datahora_recebido) VALUES {}",
            rows.join(", ")
        ));
        let lines: Vec<String> = some
            .iter()
            .flat_map(|id| (0..LINES).map(move |n| (id, n)))
            .map(|(id, n)| {
                format!("({id}, 1, 'X-Burger', 1, '10.00', '{}')", "sem cebola ".repeat(8) + &n.to_string())
            })
            .collect();
        r.sql(&format!(
            "INSERT INTO itens (pedido, produto, nome, quantidade, valor, descricao) VALUES {}",
            lines.join(", ")
        ));
    }
}

/// A page arrives whole, within the bound, and says what is behind it.
#[track_caller]
fn page(r: &Restaurant, path: &str, bound: usize, total: Option<&str>) -> Vec<Value> {
    let answer = r.get(path);
    let rows = answer.ok().as_array().unwrap().clone();
    assert!(!rows.is_empty() && answer.body.len() <= bound, "{path}: {} bytes", answer.body.len());
    assert!(answer.header("link").is_some(), "{path} has no Link");
    assert_eq!(answer.header("x-total-count"), total, "{path}");
    assert!(rows.iter().all(|order| order["itens"].as_array().unwrap().len() == LINES), "{path}");
    rows
}

fn every_list_of_long_orders_arrives_in_pages(database: Database) {
    const ORDERS: usize = 400;
    let budget = BUDGET.to_string();
    let r =
        Restaurant::with_environment(database, &[("EXAMPLE_DATA", "false"), ("MAX_BUFFERED_BYTES", &budget)]);
    r.sql("INSERT INTO clientes (id, nome) VALUES (2, 'Ana')");
    r.sql("INSERT INTO produtos (id, nome, categoria, valor) VALUES (1, 'X-Burger', 1, '10.00')");
    fill(&r, 1, 1, ORDERS);
    fill(&r, 4, 1 + ORDERS, 60);
    // About four megabytes for a list that is read for many, one for a page that is read for one.
    let (shared, own) = ((4 << 20) + 100_000, (1 << 20) + 100_000);
    for path in ["/pedidos", "/pedidos/fila", "/pedidos/recebidos"] {
        assert!(page(&r, path, shared, Some("400")).len() > 100);
        for query in ["?x=1", "?limite=500"] {
            assert!(page(&r, &format!("{path}{query}"), own, Some("400")).len() <= 21);
        }
    }
    assert!(r.log().contains("400 open orders"), "the log does not say that the list is cut");
    page(&r, "/pedidos/finalizados", own, None);
    page(&r, "/clientes/2/pedidos", own, None);
    for (path, orders) in [
        ("/pedidos", ORDERS),
        ("/pedidos/fila?limite=500", ORDERS),
        ("/pedidos/finalizados", 60),
        ("/clientes/2/pedidos", ORDERS + 60),
    ] {
        let (rows, pages) = follow_pages(&r, path);
        let mut ids: Vec<i64> = rows.iter().map(|order| order["id"].as_i64().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((rows.len(), ids.len()), (orders, orders), "{path}");
        assert!(pages > 2, "{path}");
    }
    // A page that holds all there is has no link, however long its orders are.
    r.sql("UPDATE pedidos SET status_pedido = 5, versao = versao + 1 WHERE id > 3 AND status_pedido = 1");
    assert_eq!(r.get("/pedidos").ok().as_array().unwrap().len(), 3);
    assert_eq!(r.get("/pedidos").header("link"), None);
    assert_eq!(r.get("/pedidos?limite=3").header("link"), None);
}

/// With the smallest budget there is, a quarter of it makes a page; and four readers at a time get theirs.
fn a_small_budget_makes_small_pages(database: Database) {
    let r = Restaurant::with_environment(database, &[("MAX_BUFFERED_BYTES", "1048576")]);
    r.sql("DELETE FROM eventos; DELETE FROM itens; DELETE FROM pedidos");
    fill(&r, 1, 1, 60);
    let bound = (1 << 18) + 40_000;
    page(&r, "/pedidos", bound, Some("60"));
    std::thread::scope(|scope| {
        for path in ["/pedidos", "/pedidos?limite=500", "/pedidos/fila?limite=400", "/pedidos/fila"] {
            let r = &r;
            scope.spawn(move || {
                for _ in 0..5 {
                    page(r, path, bound, Some("60"));
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        }
    });
    assert_eq!(follow_pages(&r, "/pedidos").0.len(), 60);
    assert!(json!(r.log()).as_str().is_some_and(|log| !log.contains("reads slowly")));
}
