//! How the process is, and how it is stopped and replaced without losing a request.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use serde_json::json;

use crate::{
    Database, Restaurant,
    database::{PrivateServer, Schema},
    on_both_databases,
    restaurant::{Process, wait_until},
    till::Till,
};

on_both_databases!(
    the_probes_answer_ok,
    the_metrics_are_openmetrics,
    shutdown_is_announced_before_it_happens,
    a_rolling_replacement_loses_no_request,
    probes_answer_beside_a_thousand_slow_requests
);

fn the_probes_answer_ok(banco: Database) {
    let r = Restaurant::new(banco);
    for caminho in ["/livez", "/readyz", "/readyz/"] {
        let resposta = r.get(caminho);
        assert_eq!((resposta.status, resposta.body.as_str()), (200, "ok\n"), "{caminho}");
        assert_eq!(resposta.header("cache-control"), Some("no-store"));
        assert_eq!(r.request("HEAD", caminho, &[], None).status, 200);
        assert_eq!(r.request("POST", caminho, &[], Some("{}")).status, 405);
    }
}

#[test]
fn without_a_database_it_is_alive_and_not_ready() {
    let fechada = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("mysql://a:segredo@127.0.0.1:{fechada}/b");
    let r = Restaurant::with_environment(Database::Sqlite, &[("DATABASE_URL", &url)]);
    assert_eq!(r.get("/livez").status, 200);
    let resposta = r.get("/readyz");
    let problema = resposta.problem(503, "O sistema não está pronto");
    let campos: Vec<&str> =
        problema["erros"].as_array().unwrap().iter().map(|e| e["campo"].as_str().unwrap()).collect();
    assert_eq!(campos, ["banco", "migracoes"]);
    assert!(!resposta.body.contains("segredo") && !resposta.body.contains("127.0.0.1"));
    // The rest of the figures is told all the same.
    let figuras = r.get("/metrics");
    assert_eq!(figuras.status, 200);
    assert!(figuras.body.contains("ambrosia_build_info") && !figuras.body.contains("orders_open{"));
}

/// An alert can only be as true as the figures: while the database hangs the process says so, at once, and repeats no
/// number that it cannot know.
#[test]
fn a_frozen_database_is_reported_without_stale_metrics() {
    if !PrivateServer::is_installed() {
        assert!(std::env::var("CI").is_err(), "no MariaDB here");
        return;
    }
    let servidor = PrivateServer::start();
    let esquema = Schema::new(&servidor.url());
    let r = Restaurant::on_schema(Database::Mysql, Some(esquema), &[]);
    let do_restaurante =
        ["ambrosia_orders_open{", "ambrosia_oldest_open_order_seconds ", "ambrosia_payment_matters "];
    let estado = |pronto: u8, banco: u8| {
        let body = r.get("/metrics").body;
        body.contains(&format!("\nambrosia_ready {pronto}\n"))
            && body.contains(&format!("\nambrosia_check_ok{{check=\"banco\"}} {banco}\n"))
            && body.contains("\nambrosia_check_ok{check=\"migracoes\"} 1\n")
            && do_restaurante.iter().all(|figura| body.contains(figura) == (pronto == 1))
    };
    assert!(estado(1, 1), "{}", r.get("/metrics").body);
    servidor.freeze();
    wait_until("it to notice", || r.get("/readyz").status == 503);
    let antes = Instant::now();
    let dito = estado(0, 0);
    let demora = antes.elapsed();
    let body = r.get("/metrics").body;
    servidor.thaw();
    assert!(dito, "{body}");
    assert!(demora.as_secs() < 2, "{demora:?}");
    wait_until("the figures to be back", || estado(1, 1));
}

fn the_metrics_are_openmetrics(banco: Database) {
    let c = Till::new(banco);
    let pedido = c.checkout(1);
    c.pay(&pedido);
    c.wait_for_pagamento(&pedido, 2);
    c.get("/nada/disso");
    c.notify("?data.id=ORD1&type=order", &[], &json!({}));
    let texto = c.get("/metrics");
    assert_eq!(
        texto.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    let valor = |serie: &str| -> f64 {
        let linha = texto.body.lines().find(|l| l.starts_with(serie)).unwrap_or_else(|| panic!("no {serie}"));
        linha.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let rota = r#"method="POST",route="/pedidos/checkout""#;
    assert_eq!(valor(&format!("ambrosia_http_requests_total{{{rota},status=\"200\"}}")), 1.0);
    assert_eq!(valor(&format!("ambrosia_http_request_seconds_count{{{rota}}}")), 1.0);
    // Made-up paths are one series, or anyone could fill the memory.
    assert_eq!(valor(r#"ambrosia_http_requests_total{method="-",route="-",status="404"}"#), 1.0);
    assert_eq!(valor(r#"ambrosia_orders_open{status_pedido="Recebido"}"#), 3.0);
    assert_eq!(valor(r#"ambrosia_notifications_total{verdict="unsigned"}"#), 1.0);
    assert!(valor(r#"ambrosia_notifications_total{verdict="taken"}"#) >= 1.0);
    assert_eq!(valor(r#"ambrosia_payment_answers_total{verdict="aberta"}"#), 1.0);
    assert!(valor(r#"ambrosia_payment_answers_total{verdict="paga"}"#) >= 1.0);
    assert!(valor(r#"ambrosia_provider_call_seconds_count{method="POST",outcome="ok"}"#) >= 1.0);
    for serie in [
        "ambrosia_build_info{version=",
        "ambrosia_connections ",
        "ambrosia_requests_running ",
        "ambrosia_threads ",
        "ambrosia_resident_memory_bytes ",
        "ambrosia_pool_connections{state=\"used\"}",
        "ambrosia_pool_wait_seconds_count ",
        "ambrosia_pool_timeouts_total ",
        "ambrosia_oldest_open_order_seconds ",
        "ambrosia_payment_matters ",
    ] {
        valor(serie);
    }
    assert!(valor("ambrosia_threads ") > 4.0 && valor("ambrosia_resident_memory_bytes ") > 1e6);
    assert!(texto.body.ends_with("# EOF\n"));
}

fn shutdown_is_announced_before_it_happens(banco: Database) {
    let r = Restaurant::with_environment(banco, &[("DRAIN_MS", "1500")]);
    let mut filial = r.another_process();
    assert_eq!(filial.request("GET", "/readyz", &[], None).status, 200);
    filial.send_sigterm();
    wait_until("it to say so", || filial.request("GET", "/readyz", &[], None).status == 503);
    let resposta = filial.request("GET", "/readyz", &[], None);
    assert!(resposta.body.contains("\"encerramento\""), "{}", resposta.body);
    // Whoever is still sent here is served, and told to go elsewhere next time.
    let compra = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
    let resposta = filial.request("POST", "/pedidos/checkout", &[], Some(&compra));
    assert_eq!((resposta.status, resposta.header("connection")), (200, Some("close")));
    assert_eq!(filial.terminate(), Some(0));
}

/// A balancer in miniature: requests go to those that say that they are ready.
#[derive(Default)]
struct Balanceador {
    filiais: Mutex<Vec<String>>,
    vez: AtomicUsize,
}

impl Balanceador {
    fn escolher(&self) -> String {
        let filiais = self.filiais.lock().unwrap();
        filiais[self.vez.fetch_add(1, Ordering::Relaxed) % filiais.len()].clone()
    }

    fn por(&self, filial: &Process) {
        wait_until("a new process to be ready", || filial.request("GET", "/readyz", &[], None).status == 200);
        self.filiais.lock().unwrap().push(filial.url().to_owned());
    }

    /// Asks each whether it is ready, and sends nothing more to those that are not.
    fn vigiar(&self) {
        let agente = agente();
        let filiais = self.filiais.lock().unwrap().clone();
        for url in filiais {
            let pronta = agente.get(format!("{url}/readyz")).call().is_ok_and(|r| r.status() == 200);
            if !pronta {
                self.filiais.lock().unwrap().retain(|f| *f != url);
            }
        }
    }
}

fn agente() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent()
}

/// Stops the threads of a test also when it fails.
struct Fim<'a>(&'a AtomicBool);

impl Drop for Fim<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn a_rolling_replacement_loses_no_request(banco: Database) {
    let r = Restaurant::with_environment(banco, &[("DRAIN_MS", "500"), ("LOG_LEVEL", "warn")]);
    let balanceador = Balanceador::default();
    let acabou = AtomicBool::new(false);
    let (feitos, falhas) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let mut filiais = vec![r.another_process(), r.another_process()];
    filiais.iter().for_each(|f| balanceador.por(f));
    thread::scope(|s| {
        let _fim = Fim(&acabou);
        for cliente in 0..4 {
            let (balanceador, acabou, feitos, falhas) = (&balanceador, &acabou, &feitos, &falhas);
            s.spawn(move || {
                let agente = agente();
                let compra = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
                while !acabou.load(Ordering::Relaxed) {
                    let url = balanceador.escolher();
                    let resposta = if cliente == 0 {
                        agente.post(format!("{url}/pedidos/checkout")).send(&compra)
                    } else {
                        agente.get(format!("{url}/produtos")).call()
                    };
                    let lida = resposta.and_then(|mut r| {
                        r.body_mut().read_to_vec()?;
                        Ok(r.status().as_u16())
                    });
                    match lida {
                        Ok(200) => {
                            feitos.fetch_add(1, Ordering::Relaxed);
                        }
                        outra => falhas.lock().unwrap().push(format!("{outra:?}")),
                    }
                }
            });
        }
        s.spawn(|| {
            while !acabou.load(Ordering::Relaxed) {
                balanceador.vigiar();
            }
        });
        for _ in 0..20 {
            let antes = feitos.load(Ordering::Relaxed);
            let nova = r.another_process();
            balanceador.por(&nova);
            filiais.push(nova);
            assert_eq!(filiais.remove(0).terminate(), Some(0));
            wait_until("traffic", || feitos.load(Ordering::Relaxed) > antes + 20);
        }
    });
    let falhas = falhas.into_inner().unwrap();
    assert!(falhas.is_empty(), "{} of {}: {:?}", falhas.len(), feitos.load(Ordering::Relaxed), falhas[0]);
}

fn probes_answer_beside_a_thousand_slow_requests(banco: Database) {
    let r = Restaurant::with_environment(
        banco,
        &[
            ("MAX_REQUESTS", "1000"),
            ("POOL_SIZE", "2"),
            ("POOL_WAIT_MS", "60000"),
            ("STATEMENT_TIMEOUT_MS", "60000"),
            ("LOG_LEVEL", "warn"),
        ],
    );
    // Somebody holds the counter of the day's numbers: no checkout goes on, and behind two of them all wait for a
    // connection.
    r.checkout(1);
    let trava = Trava::new(&r);
    let endereco = r.url().trim_start_matches("http://").to_owned();
    let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
    let pedido =
        format!("POST /pedidos/checkout HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let lentos: Vec<TcpStream> = (0..1000)
        .map(|_| {
            let mut conexao = TcpStream::connect(&endereco).unwrap();
            conexao.write_all(pedido.as_bytes()).unwrap();
            conexao
        })
        .collect();
    // The figures are told beside them, and take no place.
    wait_until("all places to be taken", || {
        r.get("/metrics").body.contains("\nambrosia_requests_running 1000\n")
    });
    assert_eq!(r.get("/openapi.json").status, 503);
    let inicio = Instant::now();
    assert_eq!(r.get("/readyz").status, 200);
    println!("/readyz beside 1,000 slow requests: {:?}", inicio.elapsed());
    assert_eq!(r.get("/livez").status, 200);
    let esperam = lentos.iter().filter(|l| {
        l.set_nonblocking(true).unwrap();
        matches!((&**l).read(&mut [0; 1]), Err(e) if e.kind() == std::io::ErrorKind::WouldBlock)
    });
    assert_eq!(esperam.count(), 1000, "they were not slow");
    drop(trava);
}

/// Holds a lock that every checkout needs.
enum Trava {
    Sqlite(#[expect(dead_code, reason = "it is held")] rusqlite::Connection),
    Mysql(#[expect(dead_code, reason = "it is held")] mysql::Conn),
}

impl Trava {
    fn new(r: &Restaurant) -> Trava {
        use mysql::prelude::Queryable;
        match &r.esquema {
            None => {
                let conn = rusqlite::Connection::open(r.pasta.0.join("r.db")).unwrap();
                conn.execute_batch("BEGIN IMMEDIATE").unwrap();
                Trava::Sqlite(conn)
            }
            Some(esquema) => {
                let mut conn = esquema.connection();
                // A lock on the table has no time-out of seconds, as one on a row has.
                conn.query_drop("LOCK TABLES senhas WRITE").unwrap();
                Trava::Mysql(conn)
            }
        }
    }
}
