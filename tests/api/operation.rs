//! Operation: probes, metrics, announced shutdown, and rolling replacement without a lost request.

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

fn the_probes_answer_ok(database: Database) {
    let r = Restaurant::new(database);
    for path in ["/livez", "/readyz", "/readyz/"] {
        let response = r.get(path);
        assert_eq!((response.status, response.body.as_str()), (200, "ok\n"), "{path}");
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(r.request("HEAD", path, &[], None).status, 200);
        assert_eq!(r.request("POST", path, &[], Some("{}")).status, 405);
    }
}

#[test]
fn without_a_database_it_is_alive_and_not_ready() {
    let closed_port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("mysql://a:segredo@127.0.0.1:{closed_port}/b");
    let r = Restaurant::with_environment(Database::Sqlite, &[("DATABASE_URL", &url)]);
    assert_eq!(r.get("/livez").status, 200);
    let response = r.get("/readyz");
    let problem = response.problem(503, "O sistema não está pronto");
    let fields: Vec<&str> =
        problem["erros"].as_array().unwrap().iter().map(|e| e["campo"].as_str().unwrap()).collect();
    assert_eq!(fields, ["banco", "migracoes"]);
    assert!(!response.body.contains("segredo") && !response.body.contains("127.0.0.1"));
    // Metrics that need no database are still reported.
    let metrics = r.get("/metrics");
    assert_eq!(metrics.status, 200);
    assert!(metrics.body.contains("ambrosia_build_info") && !metrics.body.contains("orders_open{"));
}

/// Alerts depend on this: while the database hangs, the metrics report it at once and repeat no stale value.
#[test]
fn a_frozen_database_is_reported_without_stale_metrics() {
    if !PrivateServer::is_installed() {
        assert!(std::env::var("CI").is_err(), "no MariaDB is installed");
        return;
    }
    let server = PrivateServer::start();
    let schema = Schema::new(&server.url());
    let r = Restaurant::on_schema(Database::Mysql, Some(schema), &[]);
    let database_metrics =
        ["ambrosia_orders_open{", "ambrosia_oldest_open_order_seconds ", "ambrosia_payment_matters "];
    let state = |ready: u8, database: u8| {
        let body = r.get("/metrics").body;
        body.contains(&format!("\nambrosia_ready {ready}\n"))
            && body.contains(&format!("\nambrosia_check_ok{{check=\"banco\"}} {database}\n"))
            && body.contains("\nambrosia_check_ok{check=\"migracoes\"} 1\n")
            && database_metrics.iter().all(|metric| body.contains(metric) == (ready == 1))
    };
    assert!(state(1, 1), "{}", r.get("/metrics").body);
    server.freeze();
    wait_until("the process is not ready", || r.get("/readyz").status == 503);
    let before = Instant::now();
    let reported = state(0, 0);
    let took = before.elapsed();
    let body = r.get("/metrics").body;
    server.thaw();
    assert!(reported, "{body}");
    assert!(took.as_secs() < 2, "{took:?}");
    wait_until("all metrics are reported again", || state(1, 1));
}

fn the_metrics_are_openmetrics(database: Database) {
    let till = Till::new(database);
    let pedido = till.checkout(1);
    till.pay(&pedido);
    till.wait_for_pagamento(&pedido, 2);
    till.get("/nada/disso");
    till.notify("?data.id=ORD1&type=order", &[], &json!({}));
    let text = till.get("/metrics");
    assert_eq!(
        text.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    let value = |series: &str| -> f64 {
        let line = text.body.lines().find(|l| l.starts_with(series)).unwrap_or_else(|| panic!("no {series}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let route = r#"method="POST",route="/pedidos/checkout""#;
    assert_eq!(value(&format!("ambrosia_http_requests_total{{{route},status=\"200\"}}")), 1.0);
    assert_eq!(value(&format!("ambrosia_http_request_seconds_count{{{route}}}")), 1.0);
    // Unknown paths share one series, so that requests cannot fill the memory.
    assert_eq!(value(r#"ambrosia_http_requests_total{method="-",route="-",status="404"}"#), 1.0);
    assert_eq!(value(r#"ambrosia_orders_open{status_pedido="Recebido"}"#), 3.0);
    assert_eq!(value(r#"ambrosia_notifications_total{verdict="unsigned"}"#), 1.0);
    assert!(value(r#"ambrosia_notifications_total{verdict="taken"}"#) >= 1.0);
    assert_eq!(value(r#"ambrosia_payment_answers_total{verdict="aberta"}"#), 1.0);
    assert!(value(r#"ambrosia_payment_answers_total{verdict="paga"}"#) >= 1.0);
    assert!(value(r#"ambrosia_provider_call_seconds_count{method="POST",outcome="ok"}"#) >= 1.0);
    for series in [
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
        value(series);
    }
    assert!(value("ambrosia_threads ") > 4.0 && value("ambrosia_resident_memory_bytes ") > 1e6);
    assert!(text.body.ends_with("# EOF\n"));
}

fn shutdown_is_announced_before_it_happens(database: Database) {
    let r = Restaurant::with_environment(database, &[("DRAIN_MS", "1500")]);
    let mut process = r.another_process();
    assert_eq!(process.request("GET", "/readyz", &[], None).status, 200);
    process.send_sigterm();
    wait_until("the shutdown is announced", || process.request("GET", "/readyz", &[], None).status == 503);
    let response = process.request("GET", "/readyz", &[], None);
    assert!(response.body.contains("\"encerramento\""), "{}", response.body);
    // Requests that still arrive are served, and their connections closed.
    let checkout = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
    let response = process.request("POST", "/pedidos/checkout", &[], Some(&checkout));
    assert_eq!((response.status, response.header("connection")), (200, Some("close")));
    assert_eq!(process.terminate(), Some(0));
}

/// A load balancer: round robin over the ready processes.
#[derive(Default)]
struct Balancer {
    processes: Mutex<Vec<String>>,
    next: AtomicUsize,
}

impl Balancer {
    fn pick(&self) -> String {
        let processes = self.processes.lock().unwrap();
        processes[self.next.fetch_add(1, Ordering::Relaxed) % processes.len()].clone()
    }

    fn add(&self, process: &Process) {
        wait_until("a new process is ready", || process.request("GET", "/readyz", &[], None).status == 200);
        self.processes.lock().unwrap().push(process.url().to_owned());
    }

    /// Checks the readiness of each process, and removes those that are not ready.
    fn drop_unready(&self) {
        let agent = agent();
        let processes = self.processes.lock().unwrap().clone();
        for url in processes {
            let ready = agent.get(format!("{url}/readyz")).call().is_ok_and(|r| r.status() == 200);
            if !ready {
                self.processes.lock().unwrap().retain(|f| *f != url);
            }
        }
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent()
}

/// Stops the threads of a test, also when the test fails.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn a_rolling_replacement_loses_no_request(database: Database) {
    let r = Restaurant::with_environment(database, &[("DRAIN_MS", "500"), ("LOG_LEVEL", "warn")]);
    let balancer = Balancer::default();
    let done = AtomicBool::new(false);
    let (served, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let mut processes = vec![r.another_process(), r.another_process()];
    processes.iter().for_each(|f| balancer.add(f));
    thread::scope(|s| {
        let _guard = SetOnDrop(&done);
        for client in 0..4 {
            let (balancer, done, served, failures) = (&balancer, &done, &served, &failures);
            s.spawn(move || {
                let agent = agent();
                let checkout = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
                while !done.load(Ordering::Relaxed) {
                    let url = balancer.pick();
                    let response = if client == 0 {
                        agent.post(format!("{url}/pedidos/checkout")).send(&checkout)
                    } else {
                        agent.get(format!("{url}/produtos")).call()
                    };
                    let outcome = response.and_then(|mut r| {
                        r.body_mut().read_to_vec()?;
                        Ok(r.status().as_u16())
                    });
                    match outcome {
                        Ok(200) => {
                            served.fetch_add(1, Ordering::Relaxed);
                        }
                        other => failures.lock().unwrap().push(format!("{other:?}")),
                    }
                }
            });
        }
        s.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                balancer.drop_unready();
            }
        });
        for _ in 0..20 {
            let before = served.load(Ordering::Relaxed);
            let replacement = r.another_process();
            balancer.add(&replacement);
            processes.push(replacement);
            assert_eq!(processes.remove(0).terminate(), Some(0));
            wait_until("twenty more requests are served", || served.load(Ordering::Relaxed) > before + 20);
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {}: {:?}",
        failures.len(),
        served.load(Ordering::Relaxed),
        failures[0]
    );
}

fn probes_answer_beside_a_thousand_slow_requests(database: Database) {
    let r = Restaurant::with_environment(
        database,
        &[
            ("MAX_REQUESTS", "1000"),
            ("POOL_SIZE", "2"),
            ("POOL_WAIT_MS", "60000"),
            ("STATEMENT_TIMEOUT_MS", "60000"),
            ("LOG_LEVEL", "warn"),
        ],
    );
    // The lock blocks every checkout: two hold the connections of the pool, the others wait for one.
    r.checkout(1);
    let lock = HeldLock::new(&r);
    let address = r.url().trim_start_matches("http://").to_owned();
    let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
    let request =
        format!("POST /pedidos/checkout HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let slow: Vec<TcpStream> = (0..1000)
        .map(|_| {
            let mut connection = TcpStream::connect(&address).unwrap();
            connection.write_all(request.as_bytes()).unwrap();
            connection
        })
        .collect();
    // `/metrics` does not count against `MAX_REQUESTS`.
    wait_until("1,000 requests are running", || {
        r.get("/metrics").body.contains("\nambrosia_requests_running 1000\n")
    });
    assert_eq!(r.get("/openapi.json").status, 503);
    let start = Instant::now();
    assert_eq!(r.get("/readyz").status, 200);
    println!("/readyz beside 1,000 slow requests: {:?}", start.elapsed());
    assert_eq!(r.get("/livez").status, 200);
    let waiting = slow.iter().filter(|l| {
        l.set_nonblocking(true).unwrap();
        matches!((&**l).read(&mut [0; 1]), Err(e) if e.kind() == std::io::ErrorKind::WouldBlock)
    });
    assert_eq!(waiting.count(), 1000, "some requests were answered");
    drop(lock);
}

/// A database lock that every checkout needs, released when dropped.
enum HeldLock {
    Sqlite(#[expect(dead_code, reason = "held for its lock")] rusqlite::Connection),
    Mysql(#[expect(dead_code, reason = "held for its lock")] mysql::Conn),
}

impl HeldLock {
    fn new(r: &Restaurant) -> HeldLock {
        use mysql::prelude::Queryable;
        match &r.schema {
            None => {
                let conn = rusqlite::Connection::open(r.folder.0.join("r.db")).unwrap();
                conn.execute_batch("BEGIN IMMEDIATE").unwrap();
                HeldLock::Sqlite(conn)
            }
            Some(schema) => {
                let mut conn = schema.connection();
                // Waiting for a table lock has no short time-out, unlike waiting for a row lock.
                conn.query_drop("LOCK TABLES restaurante WRITE").unwrap();
                HeldLock::Mysql(conn)
            }
        }
    }
}
