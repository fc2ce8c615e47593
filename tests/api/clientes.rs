//! `/clientes`: registration, uniqueness of CPF and e-mail, edits, deletion and anonymization, orders of a customer.

use serde_json::json;

use crate::{Database, Restaurant, on_both_databases};

on_both_databases!(
    a_created_customer_is_read_back,
    a_duplicate_cpf_or_email_is_refused,
    only_sent_fields_change,
    invalid_data_names_its_fields,
    a_customer_without_orders_is_deleted,
    a_customer_with_orders_is_anonymized,
    orders_of_a_customer_are_newest_first,
    a_sent_password_is_never_stored,
);

fn a_created_customer_is_read_back(database: Database) {
    let r = Restaurant::new(database);
    assert_eq!(r.get("/clientes").ok().as_array().unwrap().len(), 3);
    let new_cliente = json!({"cpf": "195.826.304-42", "nome": " Zé da Silva ", "email": "Ze@Exemplo.com", "telefone": "11 90000-0000"});
    let cliente = r.post("/clientes", new_cliente).ok();
    let id = cliente["id"].as_i64().unwrap();
    let expected = json!({"id": id, "cpf": "19582630442", "nome": "Zé da Silva", "username": null, "email": "ze@exemplo.com",
        "telefone": "11 90000-0000", "ativo": true});
    assert_eq!(cliente, expected);
    assert_eq!(r.get(&format!("/clientes/{id}")).ok(), expected);
    assert_eq!(r.get("/clientes/").ok().as_array().unwrap().last(), Some(&expected));
    let minimal = r.post("/clientes", json!({"cpf": "11144477735", "nome": "Só CPF"})).ok();
    assert_eq!((&minimal["email"], &minimal["telefone"]), (&json!(null), &json!(null)));
}

fn a_duplicate_cpf_or_email_is_refused(database: Database) {
    let r = Restaurant::new(database);
    let create =
        |cpf: &str, email: &str| r.post("/clientes", json!({"cpf": cpf, "nome": "Ana", "email": email}));
    let p = create("529.982.247-25", "outro@exemplo.com.br").problem(409, "CPF já cadastrado");
    assert_eq!(p["codigo"], "cpf_ja_cadastrado");
    create("19582630442", "MARIA.LIMA@exemplo.com.br").problem(409, "E-mail já cadastrado");
    r.put("/clientes", json!({"id": 2, "cpf": "52998224725"})).problem(409, "CPF já cadastrado");
    r.put("/clientes", json!({"id": 2, "email": "maria.lima@exemplo.com.br"}))
        .problem(409, "E-mail já cadastrado");
    assert_eq!(r.get("/clientes").ok().as_array().unwrap().len(), 3);
    assert_eq!(r.get("/clientes/2").ok()["cpf"], "31074285905");
    // Setting the same CPF again is no duplicate.
    r.put("/clientes", json!({"id": 1, "cpf": "52998224725"})).ok();
}

fn only_sent_fields_change(database: Database) {
    let r = Restaurant::new(database);
    let before = r.get("/clientes/1").ok();
    let after = r.put("/clientes/", json!({"id": 1, "telefone": "11 95555-4444"})).ok();
    assert_eq!(after["telefone"], "11 95555-4444");
    for field in ["cpf", "nome", "email", "ativo"] {
        assert_eq!(after[field], before[field]);
    }
    assert_eq!(r.put("/clientes", json!({"id": 1, "email": ""})).ok()["email"], json!(null));
    assert_eq!(r.put("/clientes", json!({"id": 1, "ativo": false})).ok()["ativo"], false);
    assert_eq!(r.put("/clientes", json!({"id": 1})).ok()["nome"], before["nome"]);
    r.put("/clientes", json!({"id": 99, "nome": "Ninguém"})).problem(404, "Cliente não encontrado");
    r.put("/clientes", json!({"id": 99})).problem(404, "Cliente não encontrado");
}

fn invalid_data_names_its_fields(database: Database) {
    let r = Restaurant::new(database);
    for cpf in ["", "123", "529.982.247-26", "11111111111", "52998224725x"] {
        r.post("/clientes", json!({"cpf": cpf, "nome": "Ana"})).problem(422, "CPF inválido");
    }
    assert_eq!(r.post("/clientes", json!({})).invalid_fields(), ["cpf", "nome"]);
    let all = json!({"cpf": 1, "nome": "", "email": "x", "telefone": true});
    assert_eq!(r.post("/clientes", all).invalid_fields(), ["cpf", "nome", "email", "telefone"]);
    let too_long = json!({"cpf": "19582630442", "nome": "x".repeat(101)});
    r.post("/clientes", too_long).problem(422, "«nome» deve ter no máximo 100 caracteres");
    assert_eq!(r.put("/clientes", json!({"nome": "Ana"})).invalid_fields(), ["id"]);
    assert_eq!(r.put("/clientes", json!({"id": 1, "cpf": "1"})).invalid_fields(), ["cpf"]);
    assert_eq!(r.get("/clientes").ok().as_array().unwrap().len(), 3);
    r.get("/clientes/99").problem(404, "Cliente não encontrado");
    r.delete("/clientes/99").problem(404, "Cliente não encontrado");
    r.get("/clientes/99/pedidos").problem(404, "Cliente não encontrado");
}

fn a_customer_without_orders_is_deleted(database: Database) {
    let r = Restaurant::new(database);
    let id = r.post("/clientes", json!({"cpf": "19582630442", "nome": "Ana"})).ok()["id"].as_i64().unwrap();
    assert_eq!(r.delete(&format!("/clientes/{id}")).body, "true");
    r.get(&format!("/clientes/{id}")).problem(404, "Cliente não encontrado");
    assert_eq!(r.count(&format!("SELECT COUNT(*) FROM clientes WHERE id = {id}")), 0);
    r.delete(&format!("/clientes/{id}")).problem(404, "Cliente não encontrado");
}

fn a_customer_with_orders_is_anonymized(database: Database) {
    let r = Restaurant::new(database);
    let pedido = r.get("/pedidos/1").ok();
    assert_eq!(r.delete("/clientes/1/").ok(), true);
    // The order is unchanged except for the version and the customer's note.
    let mut pedido = pedido;
    pedido["versao"] = json!(2);
    pedido["itens"][0]["descricao"] = json!(null);
    assert_eq!(r.get("/pedidos/1").ok(), pedido);
    r.get("/clientes/1").problem(404, "Cliente não encontrado");
    r.get("/clientes/1/pedidos").problem(404, "Cliente não encontrado");
    r.put("/clientes", json!({"id": 1, "nome": "De volta"})).problem(404, "Cliente não encontrado");
    let body = json!({"id_cliente": 1, "itens": [{"produto": 1, "quantidade": 1}]});
    r.post("/pedidos/checkout", body).problem(404, "Cliente não encontrado");
    assert_eq!(r.get("/clientes").ok().as_array().unwrap().len(), 2);
    let erased =
        "cpf IS NULL AND nome IS NULL AND email IS NULL AND telefone IS NULL AND hashed_password IS NULL";
    assert_eq!(r.count(&format!("SELECT COUNT(*) FROM clientes WHERE id = 1 AND {erased}")), 1);
    // The CPF can be registered again, as a new customer.
    r.post("/clientes", json!({"cpf": "52998224725", "nome": "Maria", "email": "maria.lima@exemplo.com.br"}))
        .ok();
}

fn orders_of_a_customer_are_newest_first(database: Database) {
    let r = Restaurant::new(database);
    let body = json!({"id_cliente": 2, "itens": [{"produto": 1, "quantidade": 1}]});
    let newest = r.post("/pedidos/checkout", body).ok()["id"].as_i64().unwrap();
    let list = r.get("/clientes/2/pedidos").ok();
    let ids: Vec<i64> = list.as_array().unwrap().iter().map(|p| p["id"].as_i64().unwrap()).collect();
    // Order 6 of the same customer is cancelled, and not listed.
    assert_eq!(ids, [newest, 2]);
    assert_eq!(list[1]["itens"].as_array().unwrap().len(), 3);
}

fn a_sent_password_is_never_stored(database: Database) {
    let r = Restaurant::new(database);
    let new_cliente =
        json!({"cpf": "19582630442", "nome": "Ana", "hashed_password": "segredo-da-ana", "username": "ana"});
    let response = r.post("/clientes", new_cliente);
    assert_eq!(response.ok()["username"], json!(null));
    assert!(!response.body.contains("segredo-da-ana") && !response.body.contains("hashed_password"));
    r.put("/clientes", json!({"id": 1, "hashed_password": "segredo-da-ana"})).ok();
    assert_eq!(r.count("SELECT COUNT(*) FROM clientes WHERE hashed_password IS NOT NULL"), 0);
    assert!(!r.log().contains("segredo-da-ana"));
}
