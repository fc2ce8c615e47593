//! An erasure reaches all orders that a person ever had, and what the staff typed about them.

use serde_json::{Value, json};

use crate::{
    Database, Restaurant, on_both_databases,
    privacy::{checkout_with_note, found_in_files},
    restaurant::without_secret,
    till::Till,
};

on_both_databases!(
    an_order_that_changed_hands_loses_note_and_answer,
    reasons_of_the_staff_go_and_amounts_stay,
);

const NOTE: &str = "para a Zulmira.1 da portaria";
const REASON: &str = "a Zulmira.2 desistiu";

fn person(r: &Restaurant) -> Value {
    r.post("/clientes", json!({"cpf": "19582630442", "nome": "Zulmira.0"})).ok()["id"].clone()
}

#[track_caller]
fn nothing_is_left(r: &Restaurant) {
    for (table, column) in
        [("itens", "descricao"), ("idempotencia", "resposta"), ("eventos", "detalhe"), ("clientes", "nome")]
    {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {column} LIKE '%Zulmira%'");
        assert_eq!(r.count(&sql), 0, "{table}");
    }
    if r.database == Database::Sqlite {
        assert_eq!(found_in_files(r, &["Zulmira".to_owned()]), Vec::<String>::new());
    }
}

fn an_order_that_changed_hands_loses_note_and_answer(database: Database) {
    let r = Restaurant::new(database);
    let id = person(&r);
    let anonymous = checkout_with_note(&r, &id, NOTE, "key-of-the-anonymous-one");
    r.put("/pedidos", json!({"id": anonymous["id"], "cliente": null})).ok();
    let cancelled = r.post(&format!("/pedidos/{}/cancelamento", anonymous["id"]), json!({"motivo": REASON}));
    cancelled.ok();
    // One that went on to somebody else, and one that came and went.
    let passed_on = checkout_with_note(&r, &id, NOTE, "key-of-the-one-passed-on");
    r.put("/pedidos", json!({"id": passed_on["id"], "cliente": 2})).ok();
    let visiting = checkout_with_note(&r, &json!(2), NOTE, "key-of-the-visiting-one");
    r.put("/pedidos", json!({"id": visiting["id"], "cliente": id})).ok();
    r.put("/pedidos", json!({"id": visiting["id"], "cliente": 2})).ok();
    let others = checkout_with_note(&r, &json!(2), "sem cebola", "key-of-another-customer");
    if database == Database::Sqlite {
        assert!(!found_in_files(&r, &[NOTE.to_owned()]).is_empty(), "else the search would prove nothing");
    }
    r.delete(&format!("/clientes/{id}")).ok();
    nothing_is_left(&r);
    assert_eq!(r.get(&format!("/pedidos/{}", others["id"])).ok(), without_secret(others));
}

fn reasons_of_the_staff_go_and_amounts_stay(database: Database) {
    let c = Till::new(database);
    let id = person(&c);
    let body = json!({"id_cliente": id, "itens": [{"produto": 1, "quantidade": 2}]});
    let order = c.post("/pedidos/checkout", body).ok();
    c.pay(&order);
    let paid = c.wait_for_pagamento(&order, 2);
    let tag = format!("\"{}\"", paid["versao"]);
    let refund = json!({"valor": 1, "motivo": REASON}).to_string();
    let path = format!("/pedidos/{}/reembolso", order["id"]);
    c.request("POST", &path, &[("If-Match", &tag)], Some(&refund)).ok();
    c.cancel(&order, REASON).ok();
    c.wait_for_pagamento(&order, 4);
    let before = c.history(&order);
    assert_eq!(before.iter().filter(|(_, detail)| detail.contains(REASON)).count(), 2);
    c.r.delete(&format!("/clientes/{id}")).ok();
    nothing_is_left(&c);
    let after = c.history(&order);
    // Nothing that happened is gone; the provider's notifications may still add to it.
    let kinds = |events: &[(String, String)]| events.iter().map(|(kind, _)| kind.clone()).collect::<Vec<_>>();
    assert!(kinds(&after).starts_with(&kinds(&before)));
    assert!(after.iter().any(|(kind, detail)| kind == "reembolso" && detail == "R$ 1,00 a devolver"));
}
