//! The database: files and servers that are away, come and go; many that start at once.

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
    restaurant::wait_until,
    wire::restaurant_over_wire,
};

on_both_databases!(
    an_older_schema_is_migrated,
    data_survives_a_crash,
    example_data_is_loaded_once,
    list_queries_use_an_index,
    a_panic_inside_a_transaction_rolls_it_back
);

fn data_survives_a_crash(banco: Database) {
    let mut r = Restaurant::new(banco);
    let pedido = r.checkout(1);
    r.kill();
    r.restart();
    assert_eq!(r.get(&format!("/pedidos/{}", pedido["id"])).ok(), pedido);
}

fn example_data_is_loaded_once(banco: Database) {
    let mut r = Restaurant::with_environment(banco, &[("EXAMPLE_DATA", "false")]);
    r.kill();
    r.restart();
    assert_eq!(r.get("/produtos").ok(), json!([]));
    let mut r = Restaurant::new(banco);
    for id in 1..=12 {
        r.delete(&format!("/produtos/{id}")).ok();
    }
    r.kill();
    r.restart();
    assert_eq!(r.get("/produtos").ok(), json!([]));
}

/// The next to use that connection must not commit what the one who panicked began.
fn a_panic_inside_a_transaction_rolls_it_back(banco: Database) {
    let r = Restaurant::new(banco);
    let url = r.database_url.clone();
    let config = ambrosia::config::Config::read(&|nome| match nome {
        "DATABASE_URL" => Some(url.clone()),
        "POOL_SIZE" => Some("1".to_owned()),
        _ => None,
    });
    let store = ambrosia::store::Store::new(config.unwrap_or_else(|e| panic!("{e}")).store);
    store.migrate().unwrap();
    let panico = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.write(|conn| {
            conn.execute("UPDATE produtos SET valor = '0.01'", &[])?;
            if conn.last_id() >= 0 {
                panic!("in the middle");
            }
            Ok(())
        })
    }));
    assert!(panico.is_err());
    store.write(|conn| Ok(conn.execute("UPDATE clientes SET ativo = 0 WHERE id = 1", &[])?)).unwrap();
    assert_eq!(r.get("/produtos/3").ok()["valor"], 15.2);
    assert_eq!(r.get("/clientes/1").ok()["ativo"], false);
}

/// However many orders are finished, the kitchen's list reads the open ones only.
fn list_queries_use_an_index(banco: Database) {
    let r = Restaurant::new(banco);
    let linhas = vec!["(4)"; 500].join(", ");
    for _ in 0..20 {
        r.sql(&format!("INSERT INTO pedidos (status_pedido) VALUES {linhas}"));
    }
    let cozinha = "FROM pedidos WHERE status_pedido IN (1, 2, 3) ORDER BY status_pedido DESC, datahora_recebido, id LIMIT 5001";
    let finalizados = "FROM pedidos WHERE status_pedido = 4 ORDER BY datahora_recebido, id LIMIT 101";
    for consulta in [cozinha, finalizados] {
        let plano = match banco {
            Database::Sqlite => {
                let conn = rusqlite::Connection::open(r.pasta.0.join("r.db")).unwrap();
                let sql = format!("EXPLAIN QUERY PLAN SELECT id {consulta}");
                conn.query_row(&sql, [], |linha| linha.get::<_, String>(3)).unwrap()
            }
            Database::Mysql => {
                use mysql::prelude::Queryable;
                let mut conn = r.esquema.as_ref().unwrap().connection();
                conn.query_drop("ANALYZE TABLE pedidos").unwrap();
                let plano: String =
                    conn.query_first(format!("EXPLAIN FORMAT=JSON SELECT id {consulta}")).unwrap().unwrap();
                // Named among the possible ones it would prove nothing.
                let usado = |nome: &str| plano.contains(&format!("\"{nome}\": \"pedidos_da_cozinha\""));
                if usado("key") || usado("index_name") { "pedidos_da_cozinha".to_owned() } else { plano }
            }
        };
        assert!(plano.contains("pedidos_da_cozinha"), "{plano}");
    }
    assert_eq!(r.get("/pedidos").ok().as_array().unwrap().len(), 4);
}

#[test]
fn lost_connections_are_replaced_without_errors() {
    if !database::mysql_is_available() {
        return;
    }
    let (fio, r) = restaurant_over_wire(false, &[]);
    for _ in 0..10 {
        thread::scope(|s| (0..8).for_each(|_| drop(s.spawn(|| r.get("/pedidos").ok()))));
        // All of the pool is dead at once.
        fio.drop_connections();
        assert_eq!(r.get("/pedidos").status, 200);
        fio.drop_connections();
        r.checkout(1);
    }
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 16);
}

#[test]
fn a_stuck_connection_blocks_only_its_own_request() {
    if !database::mysql_is_available() {
        return;
    }
    let (fio, r) = restaurant_over_wire(false, &[("STATEMENT_TIMEOUT_MS", "60000")]);
    let pedidos = || r.count("SELECT COUNT(*) FROM pedidos");
    let antes = pedidos();
    let itens = json!({"itens": [{"produto": 1, "quantidade": 1}]});
    // What each says to the database the first time.
    let perguntas: [(&str, &(dyn Fn() -> Response + Sync)); 4] = [
        ("FROM pedidos WHERE status_pedido IN", &|| r.get("/pedidos")),
        ("FROM produtos WHERE ativo = 1", &|| r.get("/produtos")),
        ("SELECT id, status_pagamento FROM pedidos", &|| r.get("/pedidos/1/status_pagamento")),
        ("SELECT id, nome, valor FROM produtos", &|| r.post("/pedidos/checkout", itens.clone())),
    ];
    for (isto, pergunta) in perguntas {
        fio.freeze_on(isto);
        thread::scope(|s| {
            let primeiro = s.spawn(pergunta);
            wait_until("the first is at the database", || fio.is_frozen());
            let segundo = pergunta();
            assert!(!primeiro.is_finished(), "{isto}");
            fio.thaw();
            assert_eq!(primeiro.join().unwrap().status, segundo.status, "{isto}");
        });
    }
    assert_eq!(pedidos(), antes + 2);
}

#[test]
fn acknowledged_orders_survive_a_cut_network() {
    if !database::mysql_is_available() {
        return;
    }
    let (fio, r) = restaurant_over_wire(false, &[("POOL_WAIT_MS", "300")]);
    let confirmados = sob_carga(&r, |status| {
        for _ in 0..3 {
            status.ate_ver(200);
            fio.cut();
            status.ate_ver(503);
            fio.restore();
        }
        status.ate_ver(200);
    });
    conferir(&r, &confirmados);
    let ausente = "O sistema está indisponível no momento; tente de novo em instantes";
    fio.cut();
    let resposta = r.get("/pedidos");
    resposta.problem(503, ausente);
    assert_eq!(resposta.header("retry-after"), Some("1"));
    r.post("/pedidos/checkout", json!({"itens": [{"produto": 1, "quantidade": 1}]})).problem(503, ausente);
    assert_eq!(r.get("/redoc").status, 200);
    // Neither answers nor log tell where the database is, or how to get in.
    assert!(!r.log().contains("segredo"));
}

#[test]
fn acknowledged_orders_survive_a_killed_server() {
    if !database::mysql_is_available() || !PrivateServer::is_installed() {
        return;
    }
    let mut servidor = PrivateServer::start();
    let esquema = Schema::new(&servidor.url());
    let r = Restaurant::on_schema(Database::Mysql, Some(esquema), &[("POOL_WAIT_MS", "300")]);
    let confirmados = sob_carga(&r, |status| {
        for _ in 0..2 {
            status.ate_ver(200);
            servidor.kill();
            status.ate_ver(503);
            servidor.restart();
        }
        status.ate_ver(200);
    });
    conferir(&r, &confirmados);
}

#[test]
fn it_starts_without_a_database_and_recovers() {
    if !database::mysql_is_available() {
        return;
    }
    let (fio, r) = restaurant_over_wire(true, &[]);
    assert_eq!(r.get("/produtos").status, 503);
    assert_eq!(r.get("/docs").status, 200);
    fio.restore();
    wait_until("the database", || r.get("/produtos").status == 200);
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
    r.sql("DROP TABLE cobrancas_a_mais, cobrancas, notificacoes, assinaturas, idempotencia, senhas, eventos, itens, pedidos, clientes, produtos, categoria_produto, migracoes");
    let filiais: Vec<_> = thread::scope(|s| {
        let filiais: Vec<_> = (0..20).map(|_| s.spawn(|| r.another_process())).collect();
        filiais.into_iter().map(|f| f.join().unwrap()).collect()
    });
    for filial in &filiais {
        wait_until("every process", || filial.request("GET", "/produtos", &[], None).status == 200);
        assert_eq!(filial.request("GET", "/produtos", &[], None).ok().as_array().unwrap().len(), 12);
    }
    let pasta = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/mysql")).unwrap();
    let numerada = |nome: String| nome.starts_with(|c: char| c.is_ascii_digit());
    let scripts = pasta.filter(|f| numerada(f.as_ref().unwrap().file_name().into_string().unwrap())).count();
    // And the example data.
    assert_eq!(r.count("SELECT COUNT(*) FROM migracoes"), scripts as i64 + 1);
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 6);
}

/// As many as the HPA may start, each with the pool of the config map, against a server with the limit of the manifest.
#[test]
fn twenty_processes_fit_the_connection_limit() {
    use mysql::prelude::Queryable;
    if !database::mysql_is_available() || !PrivateServer::is_installed() {
        return;
    }
    let servidor = PrivateServer::start();
    let esquema = Schema::new(&servidor.url());
    esquema.connection().query_drop("SET GLOBAL max_connections = 250").unwrap();
    let r = Restaurant::on_schema(Database::Mysql, Some(esquema), &[("POOL_SIZE", "8")]);
    let filiais: Vec<_> = (0..20).map(|_| r.another_process()).collect();
    thread::scope(|s| {
        for filial in &filiais {
            for _ in 0..24 {
                s.spawn(|| {
                    for _ in 0..4 {
                        let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
                        filial.request("POST", "/pedidos/checkout", &[], Some(&body)).ok();
                        filial.request("GET", "/clientes", &[], None).ok();
                    }
                });
            }
        }
    });
    let (_, usadas): (String, i64) = r
        .esquema
        .as_ref()
        .unwrap()
        .connection()
        .query_first("SHOW STATUS LIKE 'Max_used_connections'")
        .unwrap()
        .unwrap();
    // The pools, a connection for the probe each, and those of this test.
    assert!((20..=21 * 9 + 3).contains(&usadas), "{usadas} connections");
}

/// As it was before there were charges: nothing of what is there is lost, and the work can be cut off.
fn an_older_schema_is_migrated(banco: Database) {
    let mut r = Restaurant::new(banco);
    let (pedidos, eventos) = (r.get("/pedidos").ok(), r.get("/pedidos/2/eventos").ok());
    r.kill();
    let colunas = [
        ("pedidos", "meio_pagamento"),
        ("pedidos", "datahora_expiracao"),
        ("pedidos", "valor_reembolsado"),
        ("eventos", "detalhe"),
        ("pedidos", "entregue_em"),
        ("pedidos", "qr_recusado"),
    ];
    for (tabela, coluna) in colunas {
        r.sql(&format!("ALTER TABLE {tabela} DROP COLUMN {coluna}"));
    }
    r.sql("DROP TABLE cobrancas_a_mais");
    r.sql("DROP TABLE cobrancas");
    r.sql("DROP TABLE notificacoes");
    r.sql("DELETE FROM migracoes WHERE versao IN (2, 4)");
    r.restart();
    assert_eq!((r.get("/pedidos").ok(), r.get("/pedidos/2/eventos").ok()), (pedidos.clone(), eventos));
    if banco == Database::Mysql {
        // Cut off after the first change of a table: MySQL keeps that.
        r.kill();
        r.sql("DROP TABLE cobrancas_a_mais");
        r.sql("DROP TABLE cobrancas");
        r.sql("DELETE FROM migracoes WHERE versao IN (2, 4)");
        r.restart();
        assert_eq!(r.get("/pedidos").ok(), pedidos);
        assert_eq!(r.count("SELECT COUNT(*) FROM cobrancas"), 0);
    }
}

/// What clients see while something happens to the database.
struct Visto<'a> {
    ultimos: &'a Mutex<Vec<u16>>,
}

impl Visto<'_> {
    /// From now on, an answer with this status comes.
    fn ate_ver(&self, status: u16) {
        self.ultimos.lock().unwrap().clear();
        wait_until(&format!("a {status}"), || self.ultimos.lock().unwrap().contains(&status));
    }
}

/// Orders without pause from four clients, each with a key that it repeats until it has an answer.
fn sob_carga(r: &Restaurant, acontece: impl FnOnce(&Visto<'_>)) -> Vec<(String, serde_json::Value)> {
    let (parar, ultimos) = (AtomicBool::new(false), Mutex::<Vec<u16>>::default());
    let confirmados: Mutex<Vec<(String, serde_json::Value)>> = Mutex::default();
    thread::scope(|s| {
        for cliente in 0..4 {
            let (parar, ultimos, confirmados) = (&parar, &ultimos, &confirmados);
            s.spawn(move || {
                for n in 0.. {
                    let chave = format!("{cliente}-{n}");
                    let body = json!({"itens": [{"produto": n % 12 + 1, "quantidade": 1}]}).to_string();
                    loop {
                        let resposta = r.request(
                            "POST",
                            "/pedidos/checkout",
                            &[("Idempotency-Key", &chave)],
                            Some(&body),
                        );
                        ultimos.lock().unwrap().push(resposta.status);
                        match resposta.status {
                            200 => break confirmados.lock().unwrap().push((chave, resposta.json())),
                            409 | 503 => thread::sleep(Duration::from_millis(5)),
                            status => panic!("{status} {}", resposta.body),
                        }
                        if parar.load(Ordering::SeqCst) {
                            return;
                        }
                    }
                    if parar.load(Ordering::SeqCst) {
                        return;
                    }
                }
            });
        }
        // Also when what happens is that an assertion fails.
        let _fim = AoSair(&parar);
        acontece(&Visto { ultimos: &ultimos });
    });
    confirmados.into_inner().unwrap()
}

struct AoSair<'a>(&'a AtomicBool);

impl Drop for AoSair<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Every acknowledged order is there, once, whole.
fn conferir(r: &Restaurant, confirmados: &[(String, serde_json::Value)]) {
    assert!(!confirmados.is_empty());
    for (chave, pedido) in confirmados {
        assert_eq!(&r.get(&format!("/pedidos/{}", pedido["id"])).ok(), pedido, "{chave}");
    }
    let feitos = r.count("SELECT COUNT(*) FROM pedidos") - 6;
    let chaves = r.count("SELECT COUNT(*) FROM idempotencia");
    assert_eq!(feitos, chaves, "an order without its key, or a key without its order");
    assert_eq!(
        r.count(
            "SELECT COUNT(*) FROM pedidos p WHERE NOT EXISTS (SELECT 1 FROM itens i WHERE i.pedido = p.id)"
        ),
        0
    );
    assert_eq!(r.count("SELECT COUNT(*) - COUNT(DISTINCT senha) FROM pedidos"), 0);
}
