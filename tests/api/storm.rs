//! The storm: many customers, a provider of which a third of the calls fail in every way it knows, notifications lost,
//! doubled and out of order, and our process killed again and again. In the end the money must be right to the centavo.
//!
//! `TEMPESTADE=2000 cargo test --release --test api tempestade -- --nocapture` runs it large.

use std::{
    collections::HashMap,
    net::TcpListener,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use ambrosia::domain::data_hora::DataHora;
use serde_json::{Value, json};

use crate::{
    Database, Response, on_both_databases,
    restaurant::{Process, centavos, wait_until},
    standin::{Faults, Order},
    till::Till,
};

on_both_databases!(the_money_is_right_after_the_storm);

const KILLS: usize = 5;
const CLIENTS: usize = 8;

/// About a third of the calls: each fault is drawn by itself.
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
        // And a key that comes again is not known any more.
        forget_keys: 1000,
        page_size: 1,
        ..Faults::default()
    }
}

/// How an order ends, as its customer wants it.
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

/// Opens the restaurant again whenever it was killed; the fixed port keeps its address.
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
        wait_until("the end of the process", || TcpListener::bind(&address).is_ok());
        *process = Some(self.till.r.another_process());
    }
}

/// Asks until somebody answers.
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
    let key = format!("tempestade-{n}");
    let body = json!({"itens": [{"produto": n % 12 + 1, "quantidade": n % 3 + 1}]});
    let response = retry(till, "POST", "/pedidos/checkout", &[("Idempotency-Key", &key)], Some(&body));
    let pedido = response.ok();
    let id = &pedido["id"];
    if matches!(ending(n), Ending::Pays | Ending::PaysAndCancels) {
        // He pays what he is shown, if he is shown it before he loses patience.
        let gives_up_at = Instant::now() + Duration::from_secs(3);
        while Instant::now() < gives_up_at {
            let seen = retry(till, "GET", &format!("/pedidos/{id}"), &[], None).ok();
            if let Some(qr) = seen["qr_data"].as_str() {
                let reference = pedido["id_pagamento"].as_str().unwrap();
                // The one that is shown; and sometimes every one that there is, shown or not.
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
    let order_count: usize = std::env::var("TEMPESTADE").map_or(60, |n| n.parse().unwrap());
    // Below the ports that the system gives to outgoing connections, one of which would keep us from opening again.
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
                // Half of the storm is one in which any key that comes twice is refused.
                till.mp.faults(|f| {
                    f.strict_keys = kill % 2 == 1;
                    f.forget_keys = if f.strict_keys { 0 } else { 1000 };
                });
                till.mp.faults(|f| f.pay_on_cancel = kill == KILLS);
            }
        });
        let results: Vec<_> = clients.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(results.iter().all(Result::is_ok), "a customer failed");
    });
    let pedidos = pedidos.into_inner().unwrap();

    // The sky clears. Nobody waits for the pauses and the quarter of an hour: what is left is due now.
    till.mp.faults(|f| *f = Faults { strict_keys: f.strict_keys, ..Faults::default() });
    till.sql(
        "UPDATE pedidos SET datahora_expiracao = '2020-01-01 00:00:00' WHERE datahora_expiracao IS NOT NULL",
    );
    till.sql("UPDATE cobrancas SET proxima_em = '2020-01-01 00:00:00' WHERE proxima_em IS NOT NULL");
    let deadline = Instant::now() + Duration::from_secs(60 + order_count as u64 / 10);
    let unsettled = || till.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL");
    let any_open = || till.mp.orders().iter().any(|o| o.status == "created");
    while unsettled() > 0 || any_open() {
        if unsettled() == 0 {
            // A creation arrived after the look that was the last because of what this test did to the clock.
            let past = "'2020-01-01 00:00:00'";
            till.sql(&format!(
                "UPDATE cobrancas SET incerta_ate = {past}, proxima_em = {past}, versao = versao + 1"
            ));
        }
        // Neither for the time in which charges too many may turn up. An answer that was under way may set it again.
        let soon = DataHora::agora().mais(3).sql();
        till.sql(&format!("UPDATE cobrancas SET incerta_ate = '2020-01-01 00:00:00', proxima_em = '2020-01-01 00:00:00' WHERE incerta_ate > '{soon}'"));
        if Instant::now() > deadline {
            let far = DataHora::agora().mais(600).sql();
            let sql = format!("SELECT COUNT(*) FROM cobrancas WHERE proxima_em > '{far}'");
            panic!("{} charges are not settled, {} of them put off for long", unsettled(), till.count(&sql));
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
        "an order more, or less"
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
        assert!(kept <= 1, "order {} was paid {kept} times: {:?}", pedido["id"], till.history(pedido));
        let situation = match () {
            () if any_with("processed") => "processed",
            () if any_with("refunded") => "refunded",
            () => cobrancas.first().map_or("none", |o| o.status),
        };
        let status = stored["status_pagamento"].as_i64().unwrap();
        let in_cash = stored["meio_pagamento"] == "dinheiro";
        let consistent = match situation {
            "processed" => status == 2 && stored["meio_pagamento"] == "qr",
            // What the phone paid beside the counter went back.
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
        assert!(consistent, "there it is {situation}, here {stored}\n{:?}", history());
        // A charge too many can be paid in the moment in which it is withdrawn, also for a customer that is gone.
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
    assert!(at_provider.is_empty(), "charges of no order: {at_provider:?}");
    assert_eq!(our_total, their_total, "the sums differ");
    assert_eq!(till.get("/pedidos/pendencias").ok(), json!([]), "all is settled, and somebody is called");
    assert!(paid * 4 > order_count as i64, "hardly anybody paid: {paid}");
    println!(
        "{order_count} checkouts, {charged_twice} charged twice, {} calls, {paid} paid by QR code, {their_total} centavos on both sides",
        till.mp.calls().len()
    );
}
