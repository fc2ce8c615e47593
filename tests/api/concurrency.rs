//! Concurrent requests, also of two processes and across crashes: every order is stored once and whole, with a unique
//! `senha`; of conflicting changes exactly one wins.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Barrier, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use crate::{
    Database, Restaurant, on_both_databases,
    restaurant::{Process, centavos, without_secret},
};

on_both_databases!(
    two_hundred_concurrent_checkouts_are_numbered_once,
    a_bad_checkout_in_a_batch_fails_alone,
    an_unreadable_order_fails_only_its_readers,
    one_key_on_two_processes_makes_one_order,
    one_of_two_conflicting_moves_wins,
    one_of_eight_if_match_updates_wins,
    acknowledged_orders_survive_crashes_under_load,
    concurrent_notifications_approve_once,
);

fn itens(n: usize) -> Value {
    json!([{"produto": n % 12 + 1, "quantidade": n % 5 + 1}, {"produto": (n + 5) % 12 + 1, "quantidade": 1, "descricao": format!("cliente {n}")}])
}

/// The example menu, in centavos.
const PRICES: [i64; 12] = [1890, 2450, 1520, 1400, 1650, 1290, 950, 650, 400, 1100, 550, 1780];

fn total(n: usize) -> i64 {
    PRICES[n % 12] * (n as i64 % 5 + 1) + PRICES[(n + 5) % 12]
}

fn two_hundred_concurrent_checkouts_are_numbered_once(database: Database) {
    let r = Restaurant::with_environment(database, &[("POOL_WAIT_MS", "30000")]);
    let barrier = Barrier::new(200);
    let responses: Vec<(usize, crate::Response)> = thread::scope(|s| {
        let clients: Vec<_> = (0..200)
            .map(|n| {
                let (r, barrier) = (&r, &barrier);
                s.spawn(move || {
                    // The last ten repeat the keys, and the orders, of the first ten.
                    let n = if n >= 190 { n - 190 } else { n };
                    let body = json!({"id_cliente": n % 3 + 1, "itens": itens(n)}).to_string();
                    let key = format!("cliente-{n}");
                    barrier.wait();
                    loop {
                        let response =
                            r.request("POST", "/pedidos/checkout", &[("Idempotency-Key", &key)], Some(&body));
                        if response.status != 409 {
                            return (n, response);
                        }
                    }
                })
            })
            .collect();
        clients.into_iter().map(|c| c.join().unwrap()).collect()
    });
    let mut by_key: BTreeMap<usize, Value> = BTreeMap::new();
    for (n, response) in responses {
        let pedido = response.ok();
        assert_eq!(centavos(&pedido["valor_total"]), total(n));
        assert_eq!(by_key.entry(n).or_insert_with(|| pedido.clone()), &pedido, "one key has two responses");
    }
    assert_eq!(by_key.len(), 190);
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 6 + 190);
    let senhas: BTreeSet<i64> = by_key.values().map(|p| p["senha"].as_i64().unwrap()).collect();
    assert_eq!(senhas, (7..=196).collect());
    for pedido in by_key.values() {
        assert_eq!(r.get(&format!("/pedidos/{}", pedido["id"])).ok(), without_secret(pedido.clone()));
    }
}

/// Group commit: checkouts of one batch succeed or fail independently. Of every five, one is valid, one names an unknown
/// product, one an unknown customer, and two use one key for different bodies.
fn a_bad_checkout_in_a_batch_fails_alone(database: Database) {
    let r = Restaurant::with_environment(database, &[("POOL_WAIT_MS", "30000")]);
    let barrier = Barrier::new(100);
    let request = |n: usize| {
        let (body, key) = match n % 5 {
            0 => (json!({"itens": itens(n)}), format!("valid-{n}")),
            1 => (
                json!({"itens": [{"produto": 1, "quantidade": 1}, {"produto": 999, "quantidade": 1}]}),
                format!("produto-{n}"),
            ),
            2 => (json!({"id_cliente": 999, "itens": itens(n)}), format!("cliente-{n}")),
            _ => (json!({"itens": itens(n)}), format!("contested-{}", n / 5)),
        };
        barrier.wait();
        let headers = [("Idempotency-Key", &*key)];
        r.request("POST", "/pedidos/checkout", &headers, Some(&body.to_string()))
    };
    let responses: Vec<(usize, crate::Response)> = thread::scope(|s| {
        let request = &request;
        let clients: Vec<_> = (0..100).map(|n| s.spawn(move || (n, request(n)))).collect();
        clients.into_iter().map(|c| c.join().unwrap()).collect()
    });
    let mut contested: BTreeMap<usize, Vec<u16>> = BTreeMap::new();
    for (n, response) in &responses {
        match n % 5 {
            0 => assert_eq!(centavos(&response.ok()["valor_total"]), total(*n)),
            1 => drop(response.problem(404, "Produto não encontrado")),
            2 => drop(response.problem(404, "Cliente não encontrado")),
            _ => contested.entry(n / 5).or_default().push(response.status),
        }
    }
    for status in contested.values_mut() {
        status.sort_unstable();
        assert_eq!(*status, [200, 422]);
    }
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 6 + 40);
    assert_eq!(r.count("SELECT COUNT(DISTINCT senha) FROM pedidos"), 6 + 40);
    // A failed checkout releases its key.
    let headers = [("Idempotency-Key", "produto-1")];
    r.request("POST", "/pedidos/checkout", &headers, Some(&json!({"itens": itens(1)}).to_string())).ok();
}

/// Reads are coalesced; one of the rows read together holds an impossible status.
fn an_unreadable_order_fails_only_its_readers(database: Database) {
    let r = Restaurant::new(database);
    r.sql("UPDATE pedidos SET status_pagamento = 9 WHERE id = 1");
    let barrier = Barrier::new(40);
    thread::scope(|s| {
        for n in 0..40 {
            let (r, barrier) = (&r, &barrier);
            s.spawn(move || {
                barrier.wait();
                for turn in 0..10 {
                    let suffix = if turn % 2 == 0 { "" } else { "/status_pagamento" };
                    let response = r.get(&format!("/pedidos/{}{suffix}", n % 4 + 1));
                    assert_eq!(response.status, if n % 4 == 0 { 500 } else { 200 }, "{}", response.body);
                }
            });
        }
    });
}

fn one_key_on_two_processes_makes_one_order(database: Database) {
    let r = Restaurant::with_environment(database, &[("POOL_WAIT_MS", "30000")]);
    let process = r.another_process();
    for round in 0..20 {
        let body = json!({"itens": itens(round)}).to_string();
        let key = format!("round-{round}");
        let barrier = Barrier::new(2);
        let checkout = |r: Result<&Restaurant, &Process>| {
            let headers = [("Idempotency-Key", &*key)];
            barrier.wait();
            loop {
                let response = match r {
                    Ok(restaurant) => restaurant.request("POST", "/pedidos/checkout", &headers, Some(&body)),
                    Err(process) => process.request("POST", "/pedidos/checkout", &headers, Some(&body)),
                };
                // Writers of one process queue for SQLite; between two processes one may get 503.
                if !matches!(response.status, 409 | 503) {
                    return response.ok();
                }
            }
        };
        let (a, b) = thread::scope(|s| {
            let (a, b) = (s.spawn(|| checkout(Ok(&r))), s.spawn(|| checkout(Err(&process))));
            (a.join().unwrap(), b.join().unwrap())
        });
        assert_eq!(a, b);
    }
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 26);
    assert_eq!(r.count("SELECT COUNT(DISTINCT senha) FROM pedidos"), 26);
}

fn one_of_two_conflicting_moves_wins(database: Database) {
    let r = Restaurant::with_environment(database, &[("POOL_WAIT_MS", "30000")]);
    // One tablet moves the order on, the other moves it back; the second must see a conflict.
    for _ in 0..20 {
        let id = r.checkout(1)["id"].clone();
        r.put("/pedidos", json!({"id": id, "status_pedido": 2})).ok();
        let barrier = Barrier::new(2);
        let status = thread::scope(|s| {
            let move_to = |status: i64| {
                let (r, id, barrier) = (&r, &id, &barrier);
                s.spawn(move || {
                    barrier.wait();
                    r.put("/pedidos", json!({"id": id, "status_pedido": status, "versao": 2})).status
                })
            };
            let (a, b) = (move_to(3), move_to(1));
            [a.join().unwrap(), b.join().unwrap()]
        });
        assert!(status == [200, 409] || status == [409, 200], "{status:?}");
        assert_eq!(r.get(&format!("/pedidos/{id}")).ok()["versao"], 3);
    }
}

fn one_of_eight_if_match_updates_wins(database: Database) {
    let r = Restaurant::with_environment(database, &[("POOL_WAIT_MS", "30000")]);
    let id = r.checkout(1)["id"].clone();
    let barrier = Barrier::new(8);
    let body = json!({"id": id, "status_pedido": 2}).to_string();
    let mut status: Vec<u16> = thread::scope(|s| {
        let tablets: Vec<_> = (0..8)
            .map(|_| {
                s.spawn(|| {
                    barrier.wait();
                    r.request("PUT", "/pedidos", &[("If-Match", "\"1\"")], Some(&body)).status
                })
            })
            .collect();
        tablets.into_iter().map(|t| t.join().unwrap()).collect()
    });
    status.sort_unstable();
    assert_eq!(status, [200, 412, 412, 412, 412, 412, 412, 412]);
    assert_eq!(
        r.count(&format!("SELECT COUNT(*) FROM eventos WHERE pedido = {id} AND tipo = 'movimento'")),
        1
    );
}

fn acknowledged_orders_survive_crashes_under_load(database: Database) {
    let mut r = Restaurant::with_environment(database, &[("POOL_WAIT_MS", "30000")]);
    let acknowledged: Mutex<Vec<Value>> = Mutex::default();
    for crash in 0..3 {
        let stop = AtomicBool::new(false);
        let target = 40 * (crash + 1);
        thread::scope(|s| {
            for n in 0..8 {
                let (r, acknowledged, stop) = (&r, &acknowledged, &stop);
                s.spawn(move || {
                    let body = json!({"itens": itens(n)}).to_string();
                    while !stop.load(Ordering::Relaxed) {
                        match r.try_request("POST", "/pedidos/checkout", &[], Some(&body)) {
                            Ok(response) => acknowledged.lock().unwrap().push(response.ok()),
                            Err(_) => return,
                        }
                    }
                });
            }
            crate::restaurant::wait_until("enough orders are acknowledged", || {
                acknowledged.lock().unwrap().len() >= target
            });
            r.kill_while_in_use();
            stop.store(true, Ordering::Relaxed);
        });
        r.restart();
        for pedido in acknowledged.lock().unwrap().iter() {
            assert_eq!(r.get(&format!("/pedidos/{}", pedido["id"])).ok(), without_secret(pedido.clone()));
        }
        let partial = "SELECT COUNT(*) FROM pedidos p WHERE (SELECT COUNT(*) FROM itens i WHERE i.pedido = p.id) <> 2 AND id > 6";
        assert_eq!(r.count(partial), 0);
        assert_eq!(r.count("SELECT COUNT(*) FROM pedidos p WHERE NOT EXISTS (SELECT 1 FROM eventos e WHERE e.pedido = p.id)"), 0);
        assert_eq!(r.count("SELECT COUNT(*) - COUNT(DISTINCT senha) FROM pedidos"), 0);
    }
}

fn concurrent_notifications_approve_once(database: Database) {
    let r = Restaurant::with_environment(database, &[("POOL_WAIT_MS", "30000")]);
    let id = r.checkout(1)["id_pagamento"].clone();
    thread::scope(|s| {
        for n in 0..16 {
            let (r, id) = (&r, &id);
            let action = if n % 2 == 0 { "state_FINISHED" } else { "state_CANCELED" };
            s.spawn(move || r.post("/pedidos/status_pagamento", json!({"id": id, "action": action})).ok());
        }
    });
    assert_eq!(r.get("/pedidos/7/status_pagamento").body, "\"2\"");
    let approvals = "SELECT COUNT(*) FROM eventos WHERE pedido = 7 AND tipo = 'pagamento' AND para = 2";
    assert_eq!(r.count(approvals), 1);
}
