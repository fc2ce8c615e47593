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

const MORTES: usize = 5;
const CLIENTES: usize = 8;

/// About a third of the calls: each fault is drawn by itself.
fn tormenta() -> Faults {
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
enum Fim {
    Paga,
    PagaEDesiste,
    Desiste,
    Dinheiro,
    SomeSemPagar,
}

fn fim(n: usize) -> Fim {
    match n % 10 {
        0..=4 => Fim::Paga,
        5 | 6 => Fim::PagaEDesiste,
        7 => Fim::Desiste,
        8 => Fim::Dinheiro,
        _ => Fim::SomeSemPagar,
    }
}

/// Opens the restaurant again whenever it was killed; the fixed port keeps its address.
struct Dono<'a> {
    c: &'a Till,
    filial: Mutex<Option<Process>>,
}

impl Dono<'_> {
    fn matar_e_reabrir(&self) {
        let mut filial = self.filial.lock().unwrap();
        match filial.as_mut() {
            Some(filial) => filial.kill(),
            None => self.c.r.kill_while_in_use(),
        }
        let endereco = self.c.r.url().trim_start_matches("http://").to_owned();
        wait_until("the end of the process", || TcpListener::bind(&endereco).is_ok());
        *filial = Some(self.c.r.another_process());
    }
}

/// Asks until somebody answers.
fn insistir(
    c: &Till,
    metodo: &str,
    caminho: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Response {
    let body = body.map(Value::to_string);
    let prazo = Instant::now() + Duration::from_secs(60);
    loop {
        match c.try_request(metodo, caminho, headers, body.as_deref()) {
            Ok(resposta) if resposta.status < 500 => return resposta,
            outra => assert!(Instant::now() < prazo, "{metodo} {caminho}: {outra:?}"),
        }
        std::thread::yield_now();
    }
}

fn cliente(c: &Till, n: usize) -> Value {
    let chave = format!("tempestade-{n}");
    let body = json!({"itens": [{"produto": n % 12 + 1, "quantidade": n % 3 + 1}]});
    let compra = insistir(c, "POST", "/pedidos/checkout", &[("Idempotency-Key", &chave)], Some(&body));
    let pedido = compra.ok();
    let id = &pedido["id"];
    if matches!(fim(n), Fim::Paga | Fim::PagaEDesiste) {
        // He pays what he is shown, if he is shown it before he loses patience.
        let paciencia = Instant::now() + Duration::from_secs(3);
        while Instant::now() < paciencia {
            let visto = insistir(c, "GET", &format!("/pedidos/{id}"), &[], None).ok();
            if let Some(qr) = visto["qr_data"].as_str() {
                let referencia = pedido["id_pagamento"].as_str().unwrap();
                // The one that is shown; and sometimes every one that there is, shown or not.
                for cobranca in c.mp.all_of(referencia) {
                    if cobranca.qr_data == qr || n.is_multiple_of(5) {
                        c.mp.pay(&cobranca.id);
                    }
                }
                break;
            }
            std::thread::yield_now();
        }
    }
    match fim(n) {
        Fim::PagaEDesiste | Fim::Desiste => {
            let motivo = json!({"motivo": "desistiu na tempestade"});
            insistir(c, "POST", &format!("/pedidos/{id}/cancelamento"), &[], Some(&motivo)).ok();
        }
        Fim::Dinheiro => {
            let body = json!({"meio": "dinheiro", "responsavel": "Ana"});
            insistir(c, "POST", &format!("/pedidos/{id}/pagamento"), &[], Some(&body)).ok();
        }
        Fim::Paga | Fim::SomeSemPagar => {}
    }
    pedido
}

fn the_money_is_right_after_the_storm(banco: Database) {
    let quantos: usize = std::env::var("TEMPESTADE").map_or(60, |n| n.parse().unwrap());
    // Below the ports that the system gives to outgoing connections, one of which would keep us from opening again.
    let inicio = 20_000 + (std::process::id() % 5_000) as u16 * 2 + u16::from(banco == Database::Mysql);
    let livre = |porta: &u16| TcpListener::bind(("127.0.0.1", *porta)).is_ok();
    let porta = (inicio..32_000).step_by(2).find(livre).unwrap().to_string();
    let environment =
        [("PORT", porta.as_str()), ("MERCADO_PAGO_CHECKOUT_MS", "400"), ("MERCADO_PAGO_TIMEOUT_MS", "1000")];
    let c = Till::with_environment(banco, tormenta(), &environment);
    let dono = Dono { c: &c, filial: Mutex::new(None) };
    let (proximo, feitos) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let acabou = AtomicBool::new(false);
    let pedidos = Mutex::new(Vec::new());
    std::thread::scope(|s| {
        let clientes: Vec<_> = (0..CLIENTES)
            .map(|_| {
                s.spawn(|| {
                    loop {
                        let n = proximo.fetch_add(1, Ordering::Relaxed);
                        if n >= quantos {
                            break;
                        }
                        let pedido = cliente(&c, n);
                        pedidos.lock().unwrap().push((n, pedido));
                        feitos.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        s.spawn(|| {
            for morte in 1..=MORTES {
                while feitos.load(Ordering::Relaxed) < quantos * morte / (MORTES + 1) {
                    if acabou.load(Ordering::Relaxed) {
                        return;
                    }
                    std::thread::yield_now();
                }
                dono.matar_e_reabrir();
                // Half of the storm is one in which any key that comes twice is refused.
                c.mp.faults(|f| {
                    f.strict_keys = morte % 2 == 1;
                    f.forget_keys = if f.strict_keys { 0 } else { 1000 };
                });
                c.mp.faults(|f| f.pay_on_cancel = morte == MORTES);
            }
        });
        let bem: Vec<_> = clientes.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        acabou.store(true, Ordering::Relaxed);
        assert!(bem.iter().all(Result::is_ok), "a customer failed");
    });
    let pedidos = pedidos.into_inner().unwrap();

    // The sky clears. Nobody waits for the pauses and the quarter of an hour: what is left is due now.
    c.mp.faults(|f| *f = Faults { strict_keys: f.strict_keys, ..Faults::default() });
    c.sql(
        "UPDATE pedidos SET datahora_expiracao = '2020-01-01 00:00:00' WHERE datahora_expiracao IS NOT NULL",
    );
    c.sql("UPDATE cobrancas SET proxima_em = '2020-01-01 00:00:00' WHERE proxima_em IS NOT NULL");
    let prazo = Instant::now() + Duration::from_secs(60 + quantos as u64 / 10);
    let restam = || c.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL");
    let abertas = || c.mp.orders().iter().any(|o| o.status == "created");
    while restam() > 0 || abertas() {
        if restam() == 0 {
            // A creation arrived after the look that was the last because of what this test did to the clock.
            let agora = "'2020-01-01 00:00:00'";
            c.sql(&format!(
                "UPDATE cobrancas SET incerta_ate = {agora}, proxima_em = {agora}, versao = versao + 1"
            ));
        }
        // Neither for the time in which charges too many may turn up. An answer that was under way may set it again.
        let daqui_a_pouco = DataHora::agora().mais(3).sql();
        c.sql(&format!("UPDATE cobrancas SET incerta_ate = '2020-01-01 00:00:00', proxima_em = '2020-01-01 00:00:00' WHERE incerta_ate > '{daqui_a_pouco}'"));
        if Instant::now() > prazo {
            let longe = DataHora::agora().mais(600).sql();
            let sql = format!("SELECT COUNT(*) FROM cobrancas WHERE proxima_em > '{longe}'");
            panic!("{} charges are not settled, {} of them put off for long", restam(), c.count(&sql));
        }
        std::thread::yield_now();
    }
    conferir(&c, &pedidos, quantos);
    drop(dono);
}

fn conferir(c: &Till, pedidos: &[(usize, Value)], quantos: usize) {
    assert_eq!(pedidos.len(), quantos);
    let exemplos = 6;
    assert_eq!(c.count("SELECT COUNT(*) FROM pedidos"), quantos as i64 + exemplos, "an order more, or less");
    let mut la: HashMap<String, Vec<Order>> = HashMap::new();
    for cobranca in c.mp.orders() {
        la.entry(cobranca.reference.clone()).or_default().push(cobranca);
    }
    let (mut nosso, mut deles, mut pagos, mut dobradas) = (0, 0, 0, 0);
    for (n, pedido) in pedidos {
        let fim = fim(*n);
        let aqui = insistir(c, "GET", &format!("/pedidos/{}", pedido["id"]), &[], None).ok();
        let cobrancas = la.remove(aqui["id_pagamento"].as_str().unwrap()).unwrap_or_default();
        let abertas = cobrancas.iter().any(|o| o.status == "created");
        assert!(!abertas, "order {} can still be paid: {cobrancas:?}\n{:?}", pedido["id"], c.history(pedido));
        dobradas += usize::from(cobrancas.len() > 1);
        let ha = |status: &str| cobrancas.iter().any(|o| o.status == status);
        let guardadas = cobrancas.iter().filter(|o| o.status == "processed").count();
        assert!(guardadas <= 1, "order {} was paid {guardadas} times: {:?}", pedido["id"], c.history(pedido));
        let situacao = match () {
            () if ha("processed") => "processed",
            () if ha("refunded") => "refunded",
            () => cobrancas.first().map_or("none", |o| o.status),
        };
        let status = aqui["status_pagamento"].as_i64().unwrap();
        let dinheiro = aqui["meio_pagamento"] == "dinheiro";
        let certo = match situacao {
            "processed" => status == 2 && aqui["meio_pagamento"] == "qr",
            // What the phone paid beside the counter went back.
            "refunded" => {
                if dinheiro {
                    status == 2
                } else {
                    status == 4
                }
            }
            "none" | "canceled" | "expired" => {
                if dinheiro {
                    status == 2
                } else {
                    status == 3
                }
            }
            _ => false,
        };
        let history = || c.history(pedido);
        assert!(certo, "there it is {situacao}, here {aqui}\n{:?}", history());
        // A charge too many can be paid in the moment in which it is withdrawn, also for a customer that is gone.
        let vive = matches!(fim, Fim::Paga | Fim::Dinheiro | Fim::SomeSemPagar) && status == 2;
        assert_eq!(aqui["status_pedido"] == 5, !vive, "{aqui}\n{:?}", history());
        assert!(fim != Fim::Dinheiro || dinheiro);
        deles += cobrancas
            .iter()
            .map(|o| if matches!(o.status, "processed" | "refunded") { o.centavos - o.refunded } else { 0 })
            .sum::<i64>();
        nosso += if status == 2 && !dinheiro { centavos(&aqui["valor_total"]) } else { 0 };
        pagos += i64::from(status == 2 && !dinheiro);
    }
    assert!(la.is_empty(), "charges of no order: {la:?}");
    assert_eq!(nosso, deles, "the sums differ");
    assert_eq!(c.get("/pedidos/pendencias").ok(), json!([]), "all is settled, and somebody is called");
    assert!(pagos * 4 > quantos as i64, "hardly anybody paid: {pagos}");
    println!(
        "{quantos} checkouts, {dobradas} charged twice, {} calls, {pagos} paid by QR code, {deles} centavos on both sides",
        c.mp.calls().len()
    );
}
