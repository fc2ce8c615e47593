//! The lists of orders, the moves of an order through the kitchen, edits, cancellation, and versions (`If-Match`).

use serde_json::{Value, json};

use crate::{Database, Restaurant, on_both_databases};

on_both_databases!(
    the_kitchen_list_is_sorted_by_state_and_arrival,
    each_state_has_its_list,
    the_example_of_the_original_readme_works,
    only_allowed_moves_succeed,
    a_step_back_clears_the_later_time,
    every_move_is_an_event,
    read_only_fields_are_refused,
    an_order_sent_back_in_full_is_checked_by_version,
    the_customer_can_be_changed,
    an_order_of_an_erased_customer_can_be_moved,
    invalid_edits_name_their_fields,
    a_cancelled_order_leaves_the_lists,
    a_paid_order_is_not_deleted,
    if_match_detects_a_stale_version,
    an_unchanged_order_is_304,
);

fn ids(list: &Value) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|p| p["id"].as_i64().unwrap()).collect()
}

fn the_kitchen_list_is_sorted_by_state_and_arrival(database: Database) {
    let r = Restaurant::with_environment(database, &[("EXAMPLE_DATA", "false")]);
    r.post("/produtos", json!({"nome": "Café", "categoria": 3, "valor": 5})).ok();
    for _ in 0..10 {
        r.checkout(1);
    }
    for (id, status) in [(3, 2), (4, 3), (5, 4), (6, 2), (7, 3)] {
        r.put("/pedidos", json!({"id": id, "status_pedido": status})).ok();
    }
    r.delete("/pedidos/8").ok();
    // Order 9 arrived first.
    r.sql("UPDATE pedidos SET datahora_recebido = '2020-01-01 00:00:00' WHERE id = 9");
    let list = r.get("/pedidos/").ok();
    assert_eq!(ids(&list), [4, 7, 3, 6, 9, 1, 2, 10]);
    assert!(list.as_array().unwrap().iter().all(|p| p["itens"].as_array().unwrap().len() == 1));
    assert_eq!(list[0], r.get("/pedidos/4").ok());
}

fn each_state_has_its_list(database: Database) {
    let r = Restaurant::new(database);
    for (path, expected) in [
        ("/pedidos", vec![3, 2, 1, 5]),
        ("/pedidos/recebidos", vec![1, 5]),
        ("/pedidos/fila", vec![1, 5]),
        ("/pedidos/empreparacao", vec![2]),
        ("/pedidos/prontos", vec![3]),
        ("/pedidos/finalizados", vec![4]),
    ] {
        let list = r.get(path).ok();
        assert_eq!(ids(&list), expected, "{path}");
        assert!(list[0]["itens"][0]["nome"].is_string());
        assert_eq!(r.get(&format!("{path}/")).ok(), list);
    }
    r.get("/pedidos/99").problem(404, "Pedido não encontrado");
    r.get("/pedidos/99/eventos").problem(404, "Pedido não encontrado");
}

fn the_example_of_the_original_readme_works(database: Database) {
    let r = Restaurant::new(database);
    let before = r.get("/pedidos/2").ok();
    let after = r.put("/pedidos/", json!({"id": 2, "status_pedido": 4})).ok();
    assert_eq!(after["status_pedido"], 4);
    assert!(after["datahora_finalizado"].is_string());
    for unchanged in [
        "cliente",
        "itens",
        "id_pagamento",
        "status_pagamento",
        "datahora_preparacao",
        "datahora_pronto",
        "valor_total",
    ] {
        assert_eq!(after[unchanged], before[unchanged], "{unchanged}");
    }
    assert_eq!(r.get("/pedidos/2").ok(), after);
    assert_eq!(ids(&r.get("/pedidos/finalizados").ok()), [4, 2]);
}

fn only_allowed_moves_succeed(database: Database) {
    let r = Restaurant::new(database);
    // Rows: from 1..4; columns: to 1..5. '=' stays, '>' moves, '.' is refused.
    for (from, row) in (1..).zip(["=>>>.", ">=>>.", ".>=>.", "..>=."]) {
        for (to, expected) in (1..).zip(row.chars()) {
            let id = r.checkout(1)["id"].clone();
            r.put("/pedidos", json!({"id": id, "status_pedido": from})).ok();
            let before = r.get(&format!("/pedidos/{id}")).ok();
            let response = r.put("/pedidos", json!({"id": id, "status_pedido": to}));
            let after = r.get(&format!("/pedidos/{id}")).ok();
            match expected {
                '.' => assert_eq!(
                    (response.status, &response.json()["codigo"]),
                    (409, &json!("movimento_invalido"))
                ),
                _ => assert_eq!(response.ok(), after),
            }
            assert_eq!(after["status_pedido"], if expected == '>' { json!(to) } else { json!(from) });
            assert_eq!(after == before, expected != '>');
        }
    }
    r.put("/pedidos", json!({"id": 6, "status_pedido": 1}))
        .problem(409, "O pedido está cancelado e não pode mais mudar");
    let detail = "O pedido está em «Finalizado» e não pode ir para «Recebido»";
    r.put("/pedidos", json!({"id": 4, "status_pedido": 1})).problem(409, detail);
    for number in [json!(0), json!(6), json!(99), json!(-1)] {
        r.put("/pedidos", json!({"id": 1, "status_pedido": number}))
            .problem(422, "Status do pedido inválido");
    }
}

fn a_step_back_clears_the_later_time(database: Database) {
    let r = Restaurant::new(database);
    let moved_back = r.put("/pedidos", json!({"id": 3, "status_pedido": 2})).ok();
    assert_eq!((&moved_back["status_pedido"], &moved_back["datahora_pronto"]), (&json!(2), &json!(null)));
    assert!(moved_back["datahora_preparacao"].is_string());
}

fn every_move_is_an_event(database: Database) {
    let r = Restaurant::new(database);
    let id = r.checkout(1)["id"].clone();
    for status in [2, 2, 3, 2, 4] {
        r.put("/pedidos", json!({"id": id, "status_pedido": status})).ok();
    }
    let eventos = r.get(&format!("/pedidos/{id}/eventos")).ok();
    let steps: Vec<(&str, &Value, &Value)> = eventos
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["tipo"].as_str().unwrap(), &e["de"], &e["para"]))
        .collect();
    assert_eq!(
        steps,
        [
            ("recebido", &json!(null), &json!(1)),
            ("movimento", &json!(1), &json!(2)),
            ("movimento", &json!(2), &json!(3)),
            ("movimento", &json!(3), &json!(2)),
            ("movimento", &json!(2), &json!(4)),
        ]
    );
    assert!(eventos.as_array().unwrap().iter().all(|e| e["datahora"].as_str().unwrap().ends_with('Z')));
    assert_eq!(r.get(&format!("/pedidos/{id}")).ok()["versao"], 5);
}

fn read_only_fields_are_refused(database: Database) {
    let r = Restaurant::new(database);
    let before = r.get("/pedidos/1").ok();
    for (field, valor) in [
        ("status_pagamento", json!(2)),
        ("id_pagamento", json!("outro")),
        ("datahora_recebido", json!("2020-01-01T00:00:00Z")),
        ("datahora_pronto", json!("2020-01-01T00:00:00Z")),
        ("valor_total", json!(0.01)),
        ("senha", json!(99)),
    ] {
        let mut body = json!({"id": 1, "status_pedido": 2});
        body[field] = valor;
        let problem = r.put("/pedidos", body).problem(422, &format!("«{field}» não pode ser alterado"));
        assert_eq!(problem["erros"][0]["campo"], field);
    }
    assert_eq!(r.get("/pedidos/1").ok(), before);
}

fn an_order_sent_back_in_full_is_checked_by_version(database: Database) {
    let r = Restaurant::new(database);
    // Clients of the original system read the whole order, change one field, and send it back whole.
    let mut pedido = r.get("/pedidos/2").ok();
    pedido["status_pedido"] = json!(3);
    assert_eq!(r.put("/pedidos", pedido.clone()).ok()["status_pedido"], 3);
    let detail = "O pedido mudou desde que foi lido; leia de novo e repita";
    r.put("/pedidos", pedido).problem(409, detail);
}

fn the_customer_can_be_changed(database: Database) {
    let r = Restaurant::new(database);
    assert_eq!(r.put("/pedidos", json!({"id": 5, "cliente": 3})).ok()["cliente"], 3);
    assert_eq!(
        r.put("/pedidos", json!({"id": 5, "cliente": null, "status_pedido": 2})).ok()["cliente"],
        json!(null)
    );
    r.put("/pedidos", json!({"id": 5, "cliente": 99})).problem(404, "Cliente não encontrado");
    let eventos = r.get("/pedidos/5/eventos").ok();
    assert!(eventos.as_array().unwrap().iter().any(|e| e["tipo"] == "cliente" && e["para"] == 3));
}

fn an_order_of_an_erased_customer_can_be_moved(database: Database) {
    let r = Restaurant::new(database);
    r.delete("/clientes/1").ok();
    assert_eq!(
        r.put("/pedidos", json!({"id": 1, "cliente": 1, "status_pedido": 2})).ok()["status_pedido"],
        2
    );
    r.put("/pedidos", json!({"id": 5, "cliente": 1})).problem(404, "Cliente não encontrado");
}

fn invalid_edits_name_their_fields(database: Database) {
    let r = Restaurant::new(database);
    r.put("/pedidos", json!({"id": 99, "status_pedido": 2})).problem(404, "Pedido não encontrado");
    assert_eq!(r.put("/pedidos", json!({"status_pedido": 2})).invalid_fields(), ["id"]);
    let body =
        json!({"id": "dois", "status_pedido": "4,0", "cliente": 0, "datahora_pronto": "ontem", "versao": 0});
    assert_eq!(
        r.put("/pedidos", body).invalid_fields(),
        ["id", "status_pedido", "cliente", "versao", "datahora_pronto"]
    );
    assert_eq!(r.put("/pedidos", json!({"id": 1})).ok(), r.get("/pedidos/1").ok());
}

fn a_cancelled_order_leaves_the_lists(database: Database) {
    let r = Restaurant::new(database);
    assert_eq!(r.delete("/pedidos/1").body, "true");
    for list in
        ["/pedidos", "/pedidos/recebidos", "/pedidos/fila", "/pedidos/finalizados", "/clientes/1/pedidos"]
    {
        assert!(!ids(&r.get(list).ok()).contains(&1), "{list}");
    }
    let pedido = r.get("/pedidos/1").ok();
    assert_eq!(
        (&pedido["status_pedido"], &pedido["status_pedido_descricao"]),
        (&json!(5), &json!("Cancelado"))
    );
    assert_eq!(pedido["itens"].as_array().unwrap().len(), 2);
    // A repeated cancellation changes nothing.
    assert_eq!(r.delete("/pedidos/1/").ok(), true);
    assert_eq!(r.get("/pedidos/1").ok(), pedido);
    r.delete("/pedidos/99").problem(404, "Pedido não encontrado");
}

fn a_paid_order_is_not_deleted(database: Database) {
    let r = Restaurant::new(database);
    let before = r.get("/pedidos/2").ok();
    let problem =
        r.delete("/pedidos/2").problem(409, "Pedido já pago: para cancelar é preciso reembolsar o cliente");
    assert_eq!(problem["codigo"], "pedido_pago");
    assert_eq!(r.get("/pedidos/2").ok(), before);
}

fn if_match_detects_a_stale_version(database: Database) {
    let r = Restaurant::new(database);
    let read = r.get("/pedidos/1");
    assert_eq!(read.header("etag"), Some("\"1\""));
    let move_to = |etag: &str, status: i64| {
        let body = json!({"id": 1, "status_pedido": status}).to_string();
        r.request("PUT", "/pedidos", &[("If-Match", etag)], Some(&body))
    };
    let moved = move_to("\"1\"", 2);
    assert_eq!((moved.ok()["versao"].as_i64(), moved.header("etag")), (Some(2), Some("\"2\"")));
    let stale = move_to("\"1\"", 3);
    let problem = stale.problem(412, "O pedido mudou desde que foi lido; veja como ele está em «pedido»");
    assert_eq!(problem["pedido"], r.get("/pedidos/1").ok());
    assert_eq!(stale.header("etag"), Some("\"2\""));
    for (etag, status) in [("\"7\", \"2\"", 3), ("*", 2), ("W/\"4\"", 3)] {
        move_to(etag, status).ok();
    }
    assert_eq!(move_to("abc", 4).status, 412);
    assert_eq!(r.request("DELETE", "/pedidos/1", &[("If-Match", "\"1\"")], None).status, 412);
    assert_eq!(r.request("DELETE", "/pedidos/1", &[("If-Match", "\"5\"")], None).status, 200);
}

fn an_unchanged_order_is_304(database: Database) {
    let r = Restaurant::new(database);
    let get_if_changed = |etag: &str| r.request("GET", "/pedidos/1", &[("If-None-Match", etag)], None);
    let response = get_if_changed("\"1\"");
    assert_eq!((response.status, response.body.as_str(), response.header("etag")), (304, "", Some("\"1\"")));
    assert_eq!(get_if_changed("\"2\"").status, 200);
    r.put("/pedidos", json!({"id": 1, "status_pedido": 2})).ok();
    assert_eq!(get_if_changed("\"1\"").status, 200);
}
