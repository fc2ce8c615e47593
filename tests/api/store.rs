//! The store: durability, migrations, indexes and rollback; and a database that is absent, cut off or killed under load.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::json;

use crate::{
    Database, Response, Restaurant,
    database::{self, PrivateServer, Schema},
    on_both_databases,
    restaurant::{wait_until, without_secret},
    wire::restaurant_over_wire,
};

on_both_databases!(
    an_older_schema_is_migrated,
    data_survives_a_crash,
    example_data_is_loaded_once,
    list_queries_use_an_index,
    a_panic_inside_a_transaction_rolls_it_back
);

fn data_survives_a_crash(database: Database) {
    let mut r = Restaurant::new(database);
    let pedido = r.checkout(1);
    r.kill();
    r.restart();
    assert_eq!(r.get(&format!("/pedidos/{}", pedido["id"])).ok(), pedido);
}

fn example_data_is_loaded_once(database: Database) {
    let mut r = Restaurant::with_environment(database, &[("EXAMPLE_DATA", "false")]);
    r.kill();
    r.restart();
    assert_eq!(r.get("/produtos").ok(), json!([]));
    let mut r = Restaurant::new(database);
    for id in 1..=12 {
        r.delete(&format!("/produtos/{id}")).ok();
    }
    r.kill();
    r.restart();
    assert_eq!(r.get("/produtos").ok(), json!([]));
}

/// The next user of the connection must not commit what a panicked transaction wrote.
fn a_panic_inside_a_transaction_rolls_it_back(database: Database) {
    let r = Restaurant::new(database);
    let url = r.database_url.clone();
    let config = ambrosia::config::Config::read(&|name| match name {
        "DATABASE_URL" => Some(url.clone()),
        "POOL_SIZE" => Some("1".to_owned()),
        _ => None,
    });
    let store = ambrosia::store::Store::new(config.unwrap_or_else(|e| panic!("{e}")).store);
    store.migrate().unwrap();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.write(|conn| {
            conn.execute("UPDATE produtos SET valor = '0.01'", &[])?;
            if conn.last_id() >= 0 {
                panic!("inside the transaction");
            }
            Ok(())
        })
    }));
    assert!(panic.is_err());
    store.write(|conn| Ok(conn.execute("UPDATE clientes SET ativo = 0 WHERE id = 1", &[])?)).unwrap();
    assert_eq!(r.get("/produtos/3").ok()["valor"], 15.2);
    assert_eq!(r.get("/clientes/1").ok()["ativo"], false);
}

/// The kitchen list reads only the open orders, however many are finished.
fn list_queries_use_an_index(database: Database) {
    let r = Restaurant::new(database);
    let rows = vec!["(4)"; 500].join(", ");
    for _ in 0..20 {
        r.sql(&format!("INSERT INTO pedidos (status_pedido) VALUES {rows}"));
    }
    let kitchen = "FROM pedidos WHERE status_pedido IN (1, 2, 3) ORDER BY status_pedido DESC, datahora_recebido, id LIMIT 5001";
    let finished = "FROM pedidos WHERE status_pedido = 4 ORDER BY datahora_recebido, id LIMIT 101";
    for query in [kitchen, finished] {
        let plan = match database {
            Database::Sqlite => {
                let conn = rusqlite::Connection::open(r.folder.0.join("r.db")).unwrap();
                let sql = format!("EXPLAIN QUERY PLAN SELECT id {query}");
                conn.query_row(&sql, [], |row| row.get::<_, String>(3)).unwrap()
            }
            Database::Mysql => {
                use mysql::prelude::Queryable;
                let mut conn = r.schema.as_ref().unwrap().connection();
                conn.query_drop("ANALYZE TABLE pedidos").unwrap();
                let plan: String =
                    conn.query_first(format!("EXPLAIN FORMAT=JSON SELECT id {query}")).unwrap().unwrap();
                // The index must be the one used, not only a possible one.
                let is_used = |name: &str| plan.contains(&format!("\"{name}\": \"pedidos_da_cozinha\""));
                if is_used("key") || is_used("index_name") { "pedidos_da_cozinha".to_owned() } else { plan }
            }
        };
        assert!(plan.contains("pedidos_da_cozinha"), "{plan}");
    }
    assert_eq!(r.get("/pedidos").ok().as_array().unwrap().len(), 4);
}

#[test]
fn lost_connections_are_replaced_without_errors() {
    if !database::mysql_is_available() {
        return;
    }
    let (wire, r) = restaurant_over_wire(false, &[]);
    for _ in 0..10 {
        thread::scope(|s| (0..8).for_each(|_| drop(s.spawn(|| r.get("/pedidos").ok()))));
        // All connections of the pool are dead at once.
        wire.drop_connections();
        assert_eq!(r.get("/pedidos").status, 200);
        wire.drop_connections();
        r.checkout(1);
    }
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 16);
}

#[test]
fn a_stuck_connection_blocks_only_its_own_request() {
    if !database::mysql_is_available() {
        return;
    }
    let (wire, r) = restaurant_over_wire(false, &[("STATEMENT_TIMEOUT_MS", "60000")]);
    let pedidos = || r.count("SELECT COUNT(*) FROM pedidos");
    let before = pedidos();
    let itens = json!({"itens": [{"produto": 1, "quantidade": 1}]});
    // The first statement of each request.
    let requests: [(&str, &(dyn Fn() -> Response + Sync)); 4] = [
        ("SELECT r.proxima_sequencia", &|| r.get("/pedidos")),
        ("FROM produtos WHERE ativo = 1", &|| r.get("/produtos")),
        ("SELECT id, status_pagamento FROM pedidos", &|| r.get("/pedidos/1/status_pagamento")),
        ("SELECT id, nome, valor, ", &|| r.post("/pedidos/checkout", itens.clone())),
    ];
    for (text, request) in requests {
        wire.freeze_on(text);
        thread::scope(|s| {
            let first = s.spawn(request);
            wait_until("the first request is frozen", || wire.is_frozen());
            let second = request();
            assert!(!first.is_finished(), "{text}");
            wire.thaw();
            assert_eq!(first.join().unwrap().status, second.status, "{text}");
        });
    }
    assert_eq!(pedidos(), before + 2);
}

#[test]
fn acknowledged_orders_survive_a_cut_network() {
    if !database::mysql_is_available() {
        return;
    }
    let (wire, r) = restaurant_over_wire(false, &[("POOL_WAIT_MS", "300")]);
    let acknowledged = under_load(&r, |status| {
        for _ in 0..3 {
            status.wait_for_status(200);
            wire.cut();
            status.wait_for_status(503);
            wire.restore();
        }
        status.wait_for_status(200);
    });
    verify(&r, &acknowledged);
    let unavailable = "O sistema está indisponível no momento; tente de novo em instantes";
    wire.cut();
    let response = r.get("/pedidos");
    response.problem(503, unavailable);
    assert_eq!(response.header("retry-after"), Some("1"));
    r.post("/pedidos/checkout", json!({"itens": [{"produto": 1, "quantidade": 1}]}))
        .problem(503, unavailable);
    assert_eq!(r.get("/redoc").status, 200);
    // The log has no password of the database.
    assert!(!r.log().contains("segredo"));
}

#[test]
fn acknowledged_orders_survive_a_killed_server() {
    if !database::mysql_is_available() || !PrivateServer::is_installed() {
        return;
    }
    let mut server = PrivateServer::start();
    let schema = Schema::new(&server.url());
    let r = Restaurant::on_schema(Database::Mysql, Some(schema), &[("POOL_WAIT_MS", "300")]);
    let acknowledged = under_load(&r, |status| {
        for _ in 0..2 {
            status.wait_for_status(200);
            server.kill();
            status.wait_for_status(503);
            server.restart();
        }
        status.wait_for_status(200);
    });
    verify(&r, &acknowledged);
}

#[test]
fn it_starts_without_a_database_and_recovers() {
    if !database::mysql_is_available() {
        return;
    }
    let (wire, r) = restaurant_over_wire(true, &[]);
    assert_eq!(r.get("/produtos").status, 503);
    assert_eq!(r.get("/docs").status, 200);
    wire.restore();
    wait_until("the database answers", || r.get("/produtos").status == 200);
    assert_eq!(r.get("/produtos").ok().as_array().unwrap().len(), 12);
    r.checkout(1);
}

#[test]
fn twenty_processes_migrate_at_once() {
    if !database::mysql_is_available() {
        return;
    }
    let url = Schema::new(database::server_url());
    let pool = [("POOL_SIZE", "2")];
    let r = Restaurant::on_schema(Database::Mysql, Some(url), &pool);
    r.sql("DROP TABLE cobrancas_a_mais, cobrancas, notificacoes, assinaturas, idempotencia, senhas, restaurante, eventos, itens, pedidos, clientes, produtos, categoria_produto, migracoes");
    let processes: Vec<_> = thread::scope(|s| {
        let processes: Vec<_> = (0..20).map(|_| s.spawn(|| r.another_process())).collect();
        processes.into_iter().map(|f| f.join().unwrap()).collect()
    });
    for process in &processes {
        wait_until("every process has migrated", || {
            process.request("GET", "/produtos", &[], None).status == 200
        });
        assert_eq!(process.request("GET", "/produtos", &[], None).ok().as_array().unwrap().len(), 12);
    }
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/mysql")).unwrap();
    let is_numbered = |name: String| name.starts_with(|c: char| c.is_ascii_digit());
    let scripts =
        folder.filter(|f| is_numbered(f.as_ref().unwrap().file_name().into_string().unwrap())).count();
    // One more for the example data.
    assert_eq!(r.count("SELECT COUNT(*) FROM migracoes"), scripts as i64 + 1);
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 6);
}

/// The maximum of the HPA, each process with the pool of the config map, on a server with the limit of the manifest.
#[test]
fn twenty_processes_fit_the_connection_limit() {
    use mysql::prelude::Queryable;
    if !database::mysql_is_available() || !PrivateServer::is_installed() {
        return;
    }
    let server = PrivateServer::start();
    let schema = Schema::new(&server.url());
    schema.connection().query_drop("SET GLOBAL max_connections = 250").unwrap();
    let r = Restaurant::on_schema(Database::Mysql, Some(schema), &[("POOL_SIZE", "8")]);
    let processes: Vec<_> = (0..20).map(|_| r.another_process()).collect();
    thread::scope(|s| {
        for process in &processes {
            for _ in 0..24 {
                s.spawn(|| {
                    for _ in 0..4 {
                        let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
                        process.request("POST", "/pedidos/checkout", &[], Some(&body)).ok();
                        process.request("GET", "/clientes", &[], None).ok();
                    }
                });
            }
        }
    });
    let (_, used): (String, i64) = r
        .schema
        .as_ref()
        .unwrap()
        .connection()
        .query_first("SHOW STATUS LIKE 'Max_used_connections'")
        .unwrap()
        .unwrap();
    // The pools, one connection per process for the probe, and those of this test.
    assert!((20..=21 * 9 + 3).contains(&used), "{used} connections");
}

/// The schema before charges existed: no data is lost, and the migration can be interrupted.
fn an_older_schema_is_migrated(database: Database) {
    let mut r = Restaurant::new(database);
    let (pedidos, eventos) = (r.get("/pedidos").ok(), r.get("/pedidos/2/eventos").ok());
    r.kill();
    let columns = [
        ("pedidos", "meio_pagamento"),
        ("pedidos", "datahora_expiracao"),
        ("pedidos", "valor_reembolsado"),
        ("eventos", "detalhe"),
        ("pedidos", "entregue_em"),
        ("pedidos", "qr_recusado"),
    ];
    for (table, column) in columns {
        r.sql(&format!("ALTER TABLE {table} DROP COLUMN {column}"));
    }
    r.sql("DROP TABLE cobrancas_a_mais");
    r.sql("DROP TABLE cobrancas");
    r.sql("DROP TABLE notificacoes");
    r.sql("DELETE FROM migracoes WHERE versao IN (2, 4)");
    r.restart();
    assert_eq!((r.get("/pedidos").ok(), r.get("/pedidos/2/eventos").ok()), (pedidos.clone(), eventos));
    if database == Database::Mysql {
        // As if interrupted after the first change of a table, which MySQL does not roll back.
        r.kill();
        r.sql("DROP TABLE cobrancas_a_mais");
        r.sql("DROP TABLE cobrancas");
        r.sql("DELETE FROM migracoes WHERE versao IN (2, 4)");
        r.restart();
        assert_eq!(r.get("/pedidos").ok(), pedidos);
        assert_eq!(r.count("SELECT COUNT(*) FROM cobrancas"), 0);
    }
}

/// The latest statuses that the clients of `under_load` received.
struct Observer<'a> {
    latest: &'a Mutex<Vec<u16>>,
}

impl Observer<'_> {
    /// Waits for a response with this status from now on.
    fn wait_for_status(&self, status: u16) {
        self.latest.lock().unwrap().clear();
        wait_until(&format!("a response has status {status}"), || {
            self.latest.lock().unwrap().contains(&status)
        });
    }
}

/// Four clients order continuously, retrying each key until it succeeds, while `during` runs; returns the acknowledged
/// keys and orders.
fn under_load(r: &Restaurant, during: impl FnOnce(&Observer<'_>)) -> Vec<(String, serde_json::Value)> {
    let (stop, latest) = (AtomicBool::new(false), Mutex::<Vec<u16>>::default());
    let acknowledged: Mutex<Vec<(String, serde_json::Value)>> = Mutex::default();
    thread::scope(|s| {
        for client in 0..4 {
            let (stop, latest, acknowledged) = (&stop, &latest, &acknowledged);
            s.spawn(move || {
                for n in 0.. {
                    let key = format!("{client}-{n}");
                    let body = json!({"itens": [{"produto": n % 12 + 1, "quantidade": 1}]}).to_string();
                    loop {
                        let response =
                            r.request("POST", "/pedidos/checkout", &[("Idempotency-Key", &key)], Some(&body));
                        latest.lock().unwrap().push(response.status);
                        match response.status {
                            200 => break acknowledged.lock().unwrap().push((key, response.json())),
                            409 | 503 => thread::sleep(Duration::from_millis(5)),
                            status => panic!("{status} {}", response.body),
                        }
                        if stop.load(Ordering::SeqCst) {
                            return;
                        }
                    }
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                }
            });
        }
        // The clients also stop when an assertion fails.
        let _guard = SetOnDrop(&stop);
        during(&Observer { latest: &latest });
    });
    acknowledged.into_inner().unwrap()
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Every acknowledged order is stored once and whole.
fn verify(r: &Restaurant, acknowledged: &[(String, serde_json::Value)]) {
    assert!(!acknowledged.is_empty());
    for (key, pedido) in acknowledged {
        let stored = r.get(&format!("/pedidos/{}", pedido["id"])).ok();
        assert_eq!(stored, without_secret(pedido.clone()), "{key}");
    }
    let order_count = r.count("SELECT COUNT(*) FROM pedidos") - 6;
    let keys = r.count("SELECT COUNT(*) FROM idempotencia");
    assert_eq!(order_count, keys, "an order has no key, or a key has no order");
    assert_eq!(
        r.count(
            "SELECT COUNT(*) FROM pedidos p WHERE NOT EXISTS (SELECT 1 FROM itens i WHERE i.pedido = p.id)"
        ),
        0
    );
    assert_eq!(r.count("SELECT COUNT(*) - COUNT(DISTINCT senha) FROM pedidos"), 0);
}
