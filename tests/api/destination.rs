//! `local` and `mesa`: where an order is going to be eaten, from the checkout to every screen.

use serde_json::{Value, json};

use crate::{Database, Restaurant, listening::Listener, on_both_databases, restaurant::without_secret};

on_both_databases!(
    the_kitchen_is_told_by_list_and_stream_and_the_panel_is_not,
    what_is_not_said_is_left_out,
    wrong_ones_are_refused,
    it_stays_as_it_was_said,
    it_is_part_of_what_a_key_stands_for,
    the_log_proves_it,
);

fn order(more: &Value) -> Value {
    let mut body = json!({"itens": [{"produto": 3, "quantidade": 1}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// What it says of where it is eaten.
fn said(pedido: &Value) -> [Option<&Value>; 2] {
    ["local", "mesa"].map(|field| pedido.get(field))
}

fn the_kitchen_is_told_by_list_and_stream_and_the_panel_is_not(database: Database) {
    let r = Restaurant::new(database);
    let mut kitchen = Listener::open(r.url(), "/pedidos/ao-vivo?lista=cozinha", &[]);
    let mut panel = Listener::open(r.url(), "/pedidos/ao-vivo?lista=painel", &[]);
    kitchen.next_named("lista");
    panel.next_named("lista");
    let placed = r.post("/pedidos/checkout", order(&json!({"local": "aqui", "mesa": " varanda 2 "})));
    let pedido = without_secret(placed.ok());
    assert_eq!(said(&pedido), [Some(&json!("aqui")), Some(&json!("varanda 2"))]);
    let id = pedido["id"].as_i64().unwrap();
    for path in ["/pedidos", "/pedidos/recebidos", "/pedidos/fila", "/pedidos?limite=50"] {
        let list = r.get(path).ok();
        let listed = list.as_array().unwrap().iter().find(|p| p["id"] == id).unwrap();
        assert_eq!(listed, &pedido, "{path}");
    }
    assert_eq!(r.get(&format!("/pedidos/{id}")).ok(), pedido);
    assert_eq!(kitchen.next_named("mudanca").data["mudaram"], json!([pedido]));
    let entry = panel.next_named("mudanca").data["mudaram"][0].clone();
    assert_eq!((said(&entry), &entry["senha"]), ([None, None], &pedido["senha"]));
    let moved = r.put("/pedidos", json!({"id": id, "status_pedido": 2})).ok();
    assert_eq!(said(&moved), said(&pedido));
    assert_eq!(kitchen.next_named("mudanca").data["mudaram"], json!([moved]));
}

fn what_is_not_said_is_left_out(database: Database) {
    let r = Restaurant::new(database);
    for nothing in [json!({}), json!({"local": null, "mesa": null}), json!({"mesa": "  "})] {
        let pedido = r.post("/pedidos/checkout", order(&nothing)).ok();
        assert_eq!(said(&pedido), [None, None]);
    }
    let pedido = r.post("/pedidos/checkout", order(&json!({"local": "levar"}))).ok();
    assert_eq!(said(&pedido), [Some(&json!("levar")), None]);
    let pedido = r.post("/pedidos/checkout", order(&json!({"mesa": "7"}))).ok();
    assert_eq!(said(&pedido), [None, Some(&json!("7"))]);
    assert_eq!(said(&r.get("/pedidos/1").ok()), [None, None]);
}

fn wrong_ones_are_refused(database: Database) {
    let r = Restaurant::new(database);
    for local in [json!("casa"), json!("AQUI"), json!(""), json!(1), json!(["aqui"])] {
        assert_eq!(r.post("/pedidos/checkout", order(&json!({"local": local}))).invalid_fields(), ["local"]);
    }
    for mesa in [json!("ç".repeat(21)), json!("7\n8"), json!(7), json!({})] {
        assert_eq!(r.post("/pedidos/checkout", order(&json!({"mesa": mesa}))).invalid_fields(), ["mesa"]);
    }
    let mesa = "'; DROP TABLE 🍔".to_owned();
    assert_eq!(r.post("/pedidos/checkout", order(&json!({"mesa": mesa}))).ok()["mesa"], mesa);
    assert_eq!(r.post("/pedidos/checkout", order(&json!({"mesa": "ç".repeat(20)}))).status, 200);
}

fn it_stays_as_it_was_said(database: Database) {
    let r = Restaurant::new(database);
    let pedido =
        without_secret(r.post("/pedidos/checkout", order(&json!({"local": "aqui", "mesa": "7"}))).ok());
    let mut sent = pedido.clone();
    sent["status_pedido"] = json!(2);
    let moved = r.put("/pedidos", sent).ok();
    assert_eq!(said(&moved), said(&pedido));
    let other = json!({"id": pedido["id"], "local": "levar", "mesa": "8"});
    assert_eq!(r.put("/pedidos", other).invalid_fields(), ["local", "mesa"]);
    // Of an order that says nothing, anything is another.
    assert_eq!(r.put("/pedidos", json!({"id": 1, "mesa": "8"})).invalid_fields(), ["mesa"]);
}

fn it_is_part_of_what_a_key_stands_for(database: Database) {
    let r = Restaurant::new(database);
    let send = |more: Value| {
        let key = [("Idempotency-Key", "0123456789abcdef")];
        r.request("POST", "/pedidos/checkout", &key, Some(&order(&more).to_string()))
    };
    let first = send(json!({"mesa": "7"})).ok();
    assert_eq!(send(json!({"mesa": "7", "local": null})).ok(), first);
    for other in [json!({}), json!({"mesa": "8"}), json!({"mesa": "7", "local": "aqui"})] {
        assert_eq!(send(other).invalid_fields(), ["Idempotency-Key"]);
    }
}

fn the_log_proves_it(database: Database) {
    let r = Restaurant::new(database);
    let pedido = r.post("/pedidos/checkout", order(&json!({"local": "levar", "mesa": "7"}))).ok();
    let id = &pedido["id"];
    let events = r.get(&format!("/pedidos/{id}/eventos")).ok();
    assert_eq!(said(&events[0]["dados"]), said(&pedido));
    assert!(r.command(&["conferir"]).status.success());
    r.sql(&format!("UPDATE pedidos SET mesa = '8' WHERE id = {id}"));
    let checked = r.command(&["conferir"]);
    let told = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(!checked.status.success() && told.contains("mesa"), "{told}");
}
