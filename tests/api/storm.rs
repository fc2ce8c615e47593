//! The storm test: concurrent customers, a provider that fails a third of its calls in every known way, notifications
//! that are lost, duplicated and out of order, and a process that is killed again and again. In the end the money of both
//! sides agrees to the centavo, and every order is what a replay of its events makes of it.
//!
//! `STORM_ORDERS=2000 cargo test --release --test api storm -- --nocapture` runs it with more orders than the 60 of CI.

use std::{
    collections::HashMap,
    net::TcpListener,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use ambrosia::store::backup::Finding;

use crate::{
    Database, Response, backup, on_both_databases,
    restaurant::{Process, centavos, wait_until},
    standin::{Faults, Order},
    till::Till,
};

on_both_databases!(the_money_is_right_after_the_storm);

const KILLS: usize = 5;
const CLIENTS: usize = 8;

/// About a third of the calls fail; each fault is drawn independently, per thousand.
fn storm_faults() -> Faults {
    Faults {
        cut_before: 50,
        cut_after: 60,
        error_500: 50,
        error_500_after: 60,
        too_many_429: 30,
        garbage: 50,
        hang: 20,
        delay: 100,
        delay_ms: 300,
        lost: 330,
        doubled: 330,
        shuffled: 330,
        // A repeated idempotency key is forgotten.
        forget_keys: 1000,
        page_size: 1,
        ..Faults::default()
    }
}

/// What the customer does after the checkout.
#[derive(Clone, Copy, PartialEq)]
enum Ending {
    Pays,
    PaysAndCancels,
    Cancels,
    PaysCash,
    Disappears,
}

fn ending(n: usize) -> Ending {
    match n % 10 {
        0..=4 => Ending::Pays,
        5 | 6 => Ending::PaysAndCancels,
        7 => Ending::Cancels,
        8 => Ending::PaysCash,
        _ => Ending::Disappears,
    }
}

/// Kills and restarts the process, on a fixed port so that the address stays.
struct Supervisor<'a> {
    till: &'a Till,
    process: Mutex<Option<Process>>,
}

impl Supervisor<'_> {
    fn kill_and_restart(&self) {
        let mut process = self.process.lock().unwrap();
        match process.as_mut() {
            Some(process) => process.kill(),
            None => self.till.r.kill_while_in_use(),
        }
        let address = self.till.r.url().trim_start_matches("http://").to_owned();
        wait_until("the port of the killed process is free", || TcpListener::bind(&address).is_ok());
        *process = Some(self.till.r.another_process());
    }
}

/// Retries until there is a response below 500.
fn retry(till: &Till, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Response {
    let body = body.map(Value::to_string);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match till.try_request(method, path, headers, body.as_deref()) {
            Ok(response) if response.status < 500 => return response,
            other => assert!(Instant::now() < deadline, "{method} {path}: {other:?}"),
        }
        std::thread::yield_now();
    }
}

fn run_client(till: &Till, n: usize) -> Value {
    let key = format!("storm-{n}");
    let body = json!({"itens": [{"produto": n % 12 + 1, "quantidade": n % 3 + 1}]});
    let response = retry(till, "POST", "/pedidos/checkout", &[("Idempotency-Key", &key)], Some(&body));
    let pedido = response.ok();
    let id = &pedido["id"];
    if matches!(ending(n), Ending::Pays | Ending::PaysAndCancels) {
        // The customer pays if the QR code appears within three seconds.
        let gives_up_at = Instant::now() + Duration::from_secs(3);
        while Instant::now() < gives_up_at {
            let seen = retry(till, "GET", &format!("/pedidos/{id}"), &[], None).ok();
            if let Some(qr) = seen["qr_data"].as_str() {
                let reference = pedido["id_pagamento"].as_str().unwrap();
                // The charge of the shown QR code; for every fifth order, duplicates too.
                for cobranca in till.mp.all_of(reference) {
                    if cobranca.qr_data == qr || n.is_multiple_of(5) {
                        till.mp.pay(&cobranca.id);
                    }
                }
                break;
            }
            std::thread::yield_now();
        }
    }
    match ending(n) {
        Ending::PaysAndCancels | Ending::Cancels => {
            let motivo = json!({"motivo": "desistiu na tempestade"});
            retry(till, "POST", &format!("/pedidos/{id}/cancelamento"), &[], Some(&motivo)).ok();
        }
        Ending::PaysCash => {
            let body = json!({"meio": "dinheiro", "responsavel": "Ana"});
            retry(till, "POST", &format!("/pedidos/{id}/pagamento"), &[], Some(&body)).ok();
        }
        Ending::Pays | Ending::Disappears => {}
    }
    pedido
}

fn the_money_is_right_after_the_storm(database: Database) {
    let order_count: usize = std::env::var("STORM_ORDERS").map_or(60, |n| n.parse().unwrap());
    // Below the ephemeral ports: an outgoing connection on this port would prevent the restart.
    let first_port =
        20_000 + (std::process::id() % 5_000) as u16 * 2 + u16::from(database == Database::Mysql);
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let port = (first_port..32_000).step_by(2).find(is_free).unwrap().to_string();
    let environment =
        [("PORT", port.as_str()), ("MERCADO_PAGO_CHECKOUT_MS", "400"), ("MERCADO_PAGO_TIMEOUT_MS", "1000")];
    let till = Till::with_faults(database, storm_faults(), &environment);
    let supervisor = Supervisor { till: &till, process: Mutex::new(None) };
    let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let done = AtomicBool::new(false);
    let pedidos = Mutex::new(Vec::new());
    std::thread::scope(|s| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                s.spawn(|| {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= order_count {
                            break;
                        }
                        let pedido = run_client(&till, n);
                        pedidos.lock().unwrap().push((n, pedido));
                        finished.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        s.spawn(|| {
            for kill in 1..=KILLS {
                while finished.load(Ordering::Relaxed) < order_count * kill / (KILLS + 1) {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    std::thread::yield_now();
                }
                supervisor.kill_and_restart();
                // Half of the time the provider refuses repeated keys instead of forgetting them.
                till.mp.faults(|f| {
                    f.strict_keys = kill % 2 == 1;
                    f.forget_keys = if f.strict_keys { 0 } else { 1000 };
                });
                till.mp.faults(|f| f.pay_on_cancel = kill == KILLS);
            }
        });
        let results: Vec<_> = clients.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(results.iter().all(Result::is_ok), "the thread of a customer panicked");
    });
    let pedidos = pedidos.into_inner().unwrap();

    // The faults end, and every pending step and expiry is made due now, to save the waiting.
    till.mp.faults(|f| *f = Faults { strict_keys: f.strict_keys, ..Faults::default() });
    let deadline = Instant::now() + Duration::from_secs(60 + order_count as u64 / 10);
    let unsettled = || till.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL");
    let any_open = || till.mp.orders().iter().any(|o| o.status == "created");
    while unsettled() > 0 || any_open() {
        if unsettled() == 0 {
            // Making steps due early may have ended the lookups before a delayed creation arrived; look again.
            let past = "'2020-01-01 00:00:00'";
            till.sql(&format!(
                "UPDATE cobrancas SET incerta_ate = {past}, proxima_em = {past}, versao = versao + 1"
            ));
        }
        // The end of a code, of the time in which duplicate charges may appear, and every pause that is longer than the lease
        // of a running step (6 s) are brought forward; repeatedly, since a running step may save what it has read before.
        let soon = ambrosia::clock::now().mais(8).sql();
        for (table, column) in
            [("pedidos", "datahora_expiracao"), ("cobrancas", "incerta_ate"), ("cobrancas", "proxima_em")]
        {
            till.sql(&format!(
                "UPDATE {table} SET {column} = '2020-01-01 00:00:00' WHERE {column} > '{soon}'"
            ));
        }
        if Instant::now() > deadline {
            let pedido = till.count("SELECT MIN(pedido) FROM cobrancas WHERE proxima_em IS NOT NULL");
            let of = |column| {
                till.count(&format!("SELECT COALESCE({column}, -1) FROM cobrancas WHERE pedido = {pedido}"))
            };
            panic!(
                "{} charges are not settled; order {pedido}: state {}, operation {}, attempt {}, searching {}: {:?}",
                unsettled(),
                of("situacao"),
                of("operacao"),
                of("tentativas"),
                of("incerta_ate IS NOT NULL"),
                till.history(&json!({"id": pedido})),
            );
        }
        std::thread::yield_now();
    }
    verify(&till, &pedidos, order_count);
    drop(supervisor);
}

fn verify(till: &Till, pedidos: &[(usize, Value)], order_count: usize) {
    assert_eq!(pedidos.len(), order_count);
    let examples = 6;
    assert_eq!(
        till.count("SELECT COUNT(*) FROM pedidos"),
        order_count as i64 + examples,
        "the number of orders is wrong"
    );
    let mut at_provider: HashMap<String, Vec<Order>> = HashMap::new();
    for cobranca in till.mp.orders() {
        at_provider.entry(cobranca.reference.clone()).or_default().push(cobranca);
    }
    let (mut our_total, mut their_total, mut paid, mut charged_twice) = (0, 0, 0, 0);
    for (n, pedido) in pedidos {
        let ending = ending(*n);
        let stored = retry(till, "GET", &format!("/pedidos/{}", pedido["id"]), &[], None).ok();
        let cobrancas = at_provider.remove(stored["id_pagamento"].as_str().unwrap()).unwrap_or_default();
        let payable = cobrancas.iter().any(|o| o.status == "created");
        assert!(
            !payable,
            "order {} can still be paid: {cobrancas:?}\n{:?}",
            pedido["id"],
            till.history(pedido)
        );
        charged_twice += usize::from(cobrancas.len() > 1);
        let any_with = |status: &str| cobrancas.iter().any(|o| o.status == status);
        let kept = cobrancas.iter().filter(|o| o.status == "processed").count();
        assert!(kept <= 1, "order {} keeps {kept} payments: {:?}", pedido["id"], till.history(pedido));
        let situation = match () {
            () if any_with("processed") => "processed",
            () if any_with("refunded") => "refunded",
            () => cobrancas.first().map_or("none", |o| o.status),
        };
        let status = stored["status_pagamento"].as_i64().unwrap();
        let in_cash = stored["meio_pagamento"] == "dinheiro";
        let consistent = match situation {
            "processed" => status == 2 && stored["meio_pagamento"] == "qr",
            // The payment by QR code beside the cash was refunded.
            "refunded" => {
                if in_cash {
                    status == 2
                } else {
                    status == 4
                }
            }
            "none" | "canceled" | "expired" => {
                if in_cash {
                    status == 2
                } else {
                    status == 3
                }
            }
            _ => false,
        };
        let history = || till.history(pedido);
        assert!(
            consistent,
            "the charge is {situation} at the provider, the order is {stored}\n{:?}",
            history()
        );
        // A duplicate charge can be paid while it is being cancelled, even when the customer has left.
        let stands = matches!(ending, Ending::Pays | Ending::PaysCash | Ending::Disappears) && status == 2;
        assert_eq!(stored["status_pedido"] == 5, !stands, "{stored}\n{:?}", history());
        assert!(ending != Ending::PaysCash || in_cash);
        their_total += cobrancas
            .iter()
            .map(|o| if matches!(o.status, "processed" | "refunded") { o.centavos - o.refunded } else { 0 })
            .sum::<i64>();
        our_total += if status == 2 && !in_cash { centavos(&stored["valor_total"]) } else { 0 };
        paid += i64::from(status == 2 && !in_cash);
    }
    verify_log(till, order_count);
    assert!(at_provider.is_empty(), "charges without an order: {at_provider:?}");
    assert_eq!(our_total, their_total, "the totals of both sides differ");
    assert_eq!(
        till.get("/pedidos/pendencias").ok(),
        json!([]),
        "a pendencia is left although all is settled"
    );
    assert!(paid * 4 > order_count as i64, "too few orders were paid to prove anything: {paid}");
    println!(
        "{order_count} checkouts, {charged_twice} charged twice, {} calls, {paid} paid by QR code, {their_total} centavos on both sides",
        till.mp.calls().len()
    );
}

/// The log has no hole, and every order is what its events make of it; but for the ends of codes, which were brought forward
/// by SQL.
fn verify_log(till: &Till, order_count: usize) {
    let checked = backup::check(&till.r);
    let other = |finding: &&Finding| !matches!(finding, Finding::Order { fields, .. } if fields.iter().all(|f| *f == "datahora_expiracao"));
    assert_eq!(checked.findings.iter().find(other), None);
    assert_eq!(checked.wrong, checked.findings.len());
    assert_eq!(checked.replayed + checked.wrong, order_count);
}
