//! A transaction is whole or not there, also where a node of a Galera cluster rolls one back in silence (`store/mysql.rs`): no
//! SELECT is prepared inside one, and what is not there any more is not committed.

use std::collections::{HashMap, HashSet};

use ambrosia::{config::Config, store::Store};
use mysql::prelude::Queryable;
use serde_json::json;

use crate::{
    Database, Restaurant,
    database::{PrivateServer, Schema},
    receiver::{Answer, Receiver},
    restaurant::wait_until,
    staff::create_key,
    standin::Faults,
    till::Till,
};

/// What a connection did, as the general log has it: `Query`, `Prepare` or `Execute`, and the statement.
type Said = (u64, String, String);

/// The tables that transactions wrote to, from what their connections did. None of them prepares or executes a SELECT, and
/// each checks before its commit that it is whole.
#[track_caller]
fn written(log: &[Said]) -> HashSet<String> {
    let (mut open, mut tables) = (HashMap::<u64, Vec<&str>>::new(), HashSet::new());
    for (connection, command, statement) in log {
        if statement.ends_with("; SAVEPOINT inteira") {
            open.insert(*connection, Vec::new());
        } else if let Some(statements) = open.get_mut(connection) {
            let is_prepared = command == "Prepare" || command == "Execute";
            let is_select = statement.trim_start_matches('(').starts_with("SELECT");
            assert!(!(is_prepared && is_select), "{command} {statement}\nafter {statements:#?}");
            if statement.starts_with("COMMIT") {
                assert_eq!(statements.last(), Some(&"RELEASE SAVEPOINT inteira"));
                open.remove(connection);
            } else if statement.starts_with("ROLLBACK") {
                open.remove(connection);
            } else {
                let words: Vec<&str> = statement.split_whitespace().collect();
                tables.extend(match words[..] {
                    ["INSERT", "INTO", table, ..] | ["DELETE", "FROM", table, ..] | ["UPDATE", table, ..] => {
                        Some(format!("{} {table}", words[0]))
                    }
                    ["SELECT", ..] => Some("SELECT".to_owned()),
                    _ => None,
                });
                statements.push(statement);
            }
        }
    }
    tables
}

#[test]
fn no_select_is_prepared_inside_a_transaction() {
    let Some(server) = PrivateServer::start_galera() else { return };
    let schema = Schema::new(&server.url());
    let mut admin = schema.connection();
    admin.query_drop("SET GLOBAL log_output = 'TABLE'").unwrap();
    admin.query_drop("SET GLOBAL general_log = ON").unwrap();
    let settings = [("WEBHOOKS_PRIVATE", "true"), ("MAX_UNPAID_ORDERS", "100")];
    let start = |all: &[(&str, &str)]| Restaurant::on_schema(Database::Mysql, Some(schema), all);
    let till = Till::over(Faults::default(), &settings, start);
    let receiver = Receiver::always(Answer::Status(204));
    let manager = [("Authorization", &*format!("Bearer {}", create_key(&till, "gerente")))];
    let body = json!({"url": receiver.url()}).to_string();
    wait_until("the key is known", || {
        till.request("POST", "/assinaturas", &manager, Some(&body)).status == 200
    });

    // Checkout with a key, charge, payment; kitchen; refund; cancellation; counter; the worker's steps; a person's erasure.
    let cliente = till.post("/clientes", json!({"cpf": "11144477735", "nome": "Zulmira"})).ok()["id"].clone();
    let body =
        json!({"id_cliente": cliente, "itens": [{"produto": 1, "quantidade": 1, "descricao": "é' \\ ?"}]});
    let key = [("Idempotency-Key", "a-key-that-is-used-twice")];
    let order = || till.request("POST", "/pedidos/checkout", &key, Some(&body.to_string()));
    let (paid, again) = (order().ok(), order().ok());
    assert_eq!((&paid["id"], &paid["itens"][0]["descricao"]), (&again["id"], &json!("é' \\ ?")));
    till.pay(&paid);
    till.wait_for_pagamento(&paid, 2);
    till.put("/pedidos", json!({"id": paid["id"], "status_pedido": 2, "cliente": 1})).ok();
    till.put("/pedidos", json!({"id": paid["id"], "status_pedido": 4})).ok();
    let refund = json!({"valor": 1.0, "motivo": "frio"}).to_string();
    wait_until("the refund is taken", || {
        let etag = format!("\"{}\"", till.reload(&paid)["versao"]);
        let path = format!("/pedidos/{}/reembolso", paid["id"]);
        till.request("POST", &path, &[("If-Match", &etag)], Some(&refund)).status == 200
    });
    let unpaid = till.checkout(1);
    till.pay_at_counter(&unpaid, "dinheiro").ok();
    let cancelled = till.checkout(1);
    till.cancel(&cancelled, "o cliente desistiu").ok();
    let expired = till.checkout(1);
    till.expire(&expired);
    wait_until("the order has expired", || till.reload(&expired)["status_pedido"] == 5);
    receiver.wait_for(8);
    till.delete(&format!("/clientes/{cliente}")).ok();

    let log: Vec<Said> = admin
        .query(
            "SELECT thread_id, command_type, CONVERT(argument USING utf8mb4) FROM mysql.general_log \
             WHERE command_type IN ('Query', 'Prepare', 'Execute')",
        )
        .unwrap();
    let written = written(&log);
    for what in [
        "SELECT",
        "INSERT pedidos",
        "UPDATE pedidos",
        "INSERT cobrancas",
        "UPDATE cobrancas",
        "INSERT idempotencia",
        "INSERT eventos",
        "UPDATE restaurante",
        "UPDATE webhooks",
        "UPDATE clientes",
    ] {
        assert!(written.contains(what), "{what} was not seen: {written:?}");
    }
}

/// A statement that rolls back stands for a server that does so in silence.
#[test]
fn a_transaction_is_whole_or_runs_again() {
    let Some(server) = PrivateServer::start_galera() else { return };
    let r = Restaurant::on_schema(Database::Mysql, Some(Schema::new(&server.url())), &[]);
    let url = r.database_url.clone();
    let config = Config::read(&|name| (name == "DATABASE_URL").then(|| url.clone()));
    let store = Store::new(config.unwrap_or_else(|e| panic!("{e}")).store);
    store.migrate().unwrap();
    let mut attempts = 0;
    store
        .write(|conn| {
            attempts += 1;
            conn.execute("UPDATE produtos SET valor = valor + 1 WHERE id = 1", &[])?;
            let seen = conn.query("SELECT valor FROM produtos WHERE id = ?", &[1.into()])?;
            assert_eq!(seen[0].money(0)?.to_string(), "19.90");
            if attempts == 1 {
                conn.script("ROLLBACK;")?;
            }
            Ok(conn.execute("UPDATE produtos SET valor = valor + 1 WHERE id = 2", &[])?)
        })
        .unwrap();
    assert_eq!(attempts, 2);
    // Each once, by the attempt that was whole.
    let valor = |id: i64| r.get(&format!("/produtos/{id}")).ok()["valor"].clone();
    assert_eq!((valor(1), valor(2)), (json!(19.9), json!(25.5)));
}
