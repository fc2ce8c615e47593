//! Erasure of a customer: no personal data remains in the tables or in the bytes of the files; and only the owner can
//! read the files.

use std::{fs::Permissions, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::{
    Database, Restaurant, on_both_databases,
    restaurant::{wait_until, without_secret},
};

on_both_databases!(nothing_of_an_erased_customer_remains, data_of_others_remains);

/// A valid CPF: nine digits and two check digits.
fn cpf(n: u64) -> String {
    let mut digits: Vec<u64> =
        format!("{:09}", n % 1_000_000_000).bytes().map(|b| u64::from(b - b'0')).collect();
    for _ in 0..2 {
        let sum: u64 = digits.iter().rev().zip(2..).map(|(d, weight)| d * weight).sum();
        digits.push(if sum % 11 < 2 { 0 } else { 11 - sum % 11 });
    }
    digits.iter().map(ToString::to_string).collect()
}

/// The texts that occur in the files of the database.
pub fn found_in_files(r: &Restaurant, texts: &[String]) -> Vec<String> {
    let mut bytes = Vec::new();
    for suffix in ["", "-wal", "-shm"] {
        bytes.extend(std::fs::read(r.folder.0.join(format!("r.db{suffix}"))).unwrap_or_default());
    }
    let is_found = |text: &String| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    texts.iter().filter(|t| is_found(t)).cloned().collect()
}

pub fn checkout_with_note(r: &Restaurant, cliente: &Value, note: &str, key: &str) -> Value {
    let body = json!({"id_cliente": cliente, "itens": [{"produto": 3, "quantidade": 1, "descricao": note}]});
    r.request("POST", "/pedidos/checkout", &[("Idempotency-Key", key)], Some(&body.to_string())).ok()
}

/// Makes customers with an order each; returns their ids and their personal data. Many of them split and move B-tree
/// pages.
fn create_clientes(r: &Restaurant, start: u64, count: u64) -> (Vec<Value>, Vec<String>) {
    let (mut ids, mut personal_data) = (Vec::new(), Vec::new());
    for i in start..start + count {
        let n = i * 733_001_907 + 101;
        let [nome, old_email, email] = ["Zulmira", "antes", "depois"].map(|p| format!("{p}.{n:x}.q{i}"));
        let (cpf, telefone) = (cpf(n), format!("+55 {:011}", 90_000_000_000 + n % 10_000_000_000));
        let new_cliente =
            json!({"cpf": cpf, "nome": nome, "email": format!("{old_email}@x.com"), "telefone": telefone});
        let id = r.post("/clientes", new_cliente).ok()["id"].clone();
        r.put("/clientes", json!({"id": id, "email": format!("{email}@x.com")})).ok();
        let note = format!("para a {nome} \"do\" balcão");
        checkout_with_note(r, &id, &note, &format!("key-{n:x}"));
        ids.push(id);
        personal_data.extend([nome, old_email, email, cpf, telefone]);
    }
    (ids, personal_data)
}

fn nothing_of_an_erased_customer_remains(database: Database) {
    let mut r = Restaurant::new(database);
    let (ids, personal_data) = create_clientes(&r, 1, 40);
    if database == Database::Sqlite {
        // The search finds the data before the erasure.
        assert!(found_in_files(&r, &personal_data).len() > 100);
    }
    for id in &ids {
        r.delete(&format!("/clientes/{id}")).ok();
    }
    for (table, column) in [("itens", "descricao"), ("idempotencia", "resposta")] {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {column} LIKE '%Zulmira%'");
        assert_eq!(r.count(&sql), 0, "{table}");
    }
    // The stored response is replayed without the personal data.
    let (n, note) = (733_001_907 + 101, format!("para a Zulmira.{:x}.q1 \"do\" balcão", 733_001_907 + 101));
    let replayed = checkout_with_note(&r, &ids[0], &note, &format!("key-{n:x}"));
    assert_eq!((&replayed["cliente"], &replayed["itens"][0]["descricao"]), (&ids[0], &json!(null)));
    let pedido = r.get(&format!("/pedidos/{}", replayed["id"])).ok();
    assert_eq!((&pedido["itens"][0]["descricao"], &pedido["versao"]), (&json!(null), &json!(2)));
    assert!(!r.get("/pedidos").body.contains("Zulmira"));
    if database == Database::Sqlite {
        assert_eq!(
            found_in_files(&r, &personal_data),
            Vec::<String>::new(),
            "personal data is in the files while the process runs"
        );
        r.kill();
        assert_eq!(
            found_in_files(&r, &personal_data),
            Vec::<String>::new(),
            "personal data is in the files after the process ended"
        );
    }
}

fn data_of_others_remains(database: Database) {
    let r = Restaurant::new(database);
    let other = checkout_with_note(&r, &json!(3), "sem açúcar", "of-another");
    let anonymous_order = r.get("/pedidos/3").ok();
    let (ids, _) = create_clientes(&r, 1, 1);
    r.delete(&format!("/clientes/{}", ids[0])).ok();
    assert_eq!(checkout_with_note(&r, &json!(3), "sem açúcar", "of-another"), other);
    assert_eq!(r.get(&format!("/pedidos/{}", other["id"])).ok(), without_secret(other));
    assert_eq!(r.get("/pedidos/3").ok(), anonymous_order);
}

/// An open read transaction keeps the write-ahead log from being truncated; that is done later, when it ends.
#[test]
fn bytes_held_by_a_reader_are_removed_later() {
    let r = Restaurant::new(Database::Sqlite);
    let (ids, personal_data) = create_clientes(&r, 1, 1);
    let reader = rusqlite::Connection::open(r.folder.0.join("r.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT COUNT(*) FROM clientes;").unwrap();
    r.delete(&format!("/clientes/{}", ids[0])).ok();
    assert!(
        !found_in_files(&r, &personal_data).is_empty(),
        "the open read transaction does not hold the bytes"
    );
    r.checkout(1);
    reader.execute_batch("ROLLBACK").unwrap();
    wait_until("the bytes are removed", || found_in_files(&r, &personal_data).is_empty());
}

/// A file of an older version has deleted rows in its free pages.
#[test]
fn an_old_file_is_rewritten_once() {
    let mut r = Restaurant::new(Database::Sqlite);
    r.kill();
    let conn = rusqlite::Connection::open(r.folder.0.join("r.db")).unwrap();
    conn.execute_batch("PRAGMA secure_delete = OFF; PRAGMA user_version = 0").unwrap();
    let nome = format!("Zulmira-de-antes-{}", "x".repeat(2000));
    for n in 0..20 {
        conn.execute("INSERT INTO clientes (id, nome) VALUES (?, ?)", (100 + n, &nome)).unwrap();
    }
    conn.execute_batch("DELETE FROM clientes WHERE id >= 100; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(conn);
    let needle = ["Zulmira-de-antes".to_owned()];
    assert_eq!(found_in_files(&r, &needle).len(), 1);
    r.restart();
    assert_eq!(found_in_files(&r, &needle), Vec::<String>::new());
    assert_eq!(r.log().matches("rewritten once").count(), 1);
    assert_eq!(r.get("/clientes").ok().as_array().unwrap().len(), 3);
    r.kill();
    r.restart();
    assert_eq!(r.log().matches("rewritten once").count(), 1);
}

#[test]
fn only_the_owner_can_read_the_files() {
    let mut r = Restaurant::new(Database::Sqlite);
    let modes = |r: &Restaurant| {
        ["", "-wal", "-shm"].map(|suffix| {
            let file = std::fs::metadata(r.folder.0.join(format!("r.db{suffix}"))).unwrap();
            file.permissions().mode() & 0o777
        })
    };
    r.checkout(1);
    assert_eq!(modes(&r), [0o600; 3]);
    r.kill();
    for suffix in ["", "-wal", "-shm"] {
        std::fs::set_permissions(r.folder.0.join(format!("r.db{suffix}")), Permissions::from_mode(0o644))
            .unwrap();
    }
    r.restart();
    r.checkout(1);
    assert_eq!(modes(&r), [0o600; 3]);
}
