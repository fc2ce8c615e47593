//! Who reads slowly what many ask for together is nobody else's trouble.

use serde_json::json;

use crate::{
    neighbour::Neighbour,
    process::Process,
    wire::{Client, get, post},
};

/// Enough that the list is larger than what a socket takes at once.
const ORDERS: usize = 2000;

#[test]
fn who_does_not_read_a_list_that_many_ask_for_keeps_it_from_nobody() {
    let server = Process::start(&[("WRITE_TIMEOUT_MS", "3600000"), ("LOG_LEVEL", "warn")]);
    let lines: Vec<_> = (0..16).map(|_| json!({"produto": 1, "quantidade": 1})).collect();
    let order = post("/pedidos/checkout", &json!({ "itens": lines }).to_string());
    let mut customer = Client::connect(server.address);
    customer.send(order.repeat(ORDERS));
    (0..ORDERS).for_each(|_| assert_eq!(customer.answer().status, 200));
    let slow: Vec<Client> = (0..16)
        .map(|_| {
            let mut client = Client::connect_narrow(server.address);
            client.send(get("/pedidos"));
            client
        })
        .collect();
    let mut others: Vec<Client> = (0..16).map(|_| Client::connect(server.address)).collect();
    for _ in 0..5 {
        others.iter_mut().for_each(|client| client.send(get("/pedidos")));
        others.iter_mut().for_each(|client| assert_eq!(client.answer().status, 200));
    }
    Neighbour::new(server.address).is_served();
    for mut client in slow {
        let list: Vec<serde_json::Value> = serde_json::from_str(&client.answer().body).unwrap();
        assert!(list.len() >= ORDERS);
    }
}
