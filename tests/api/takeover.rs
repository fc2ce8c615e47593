//! The takeover of a database of the original system: no row is lost, also when it is interrupted at any point.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use ambrosia::{config::Config, store::Store};
use mysql::prelude::Queryable;
use serde_json::json;

use crate::{
    Database, Restaurant,
    database::{self, Schema},
    restaurant::wait_until,
    staff::rows,
    wire::Wire,
};

const ORIGINAL: &str = "
CREATE TABLE categoria_produto (id INT AUTO_INCREMENT PRIMARY KEY, descricao VARCHAR(50));
CREATE TABLE produtos (id INT AUTO_INCREMENT PRIMARY KEY, nome VARCHAR(50), categoria INT, valor DECIMAL(7,2), descricao VARCHAR(200),
  ativo INT, FOREIGN KEY (categoria) REFERENCES categoria_produto (id));
CREATE TABLE clientes (id INT AUTO_INCREMENT PRIMARY KEY, cpf VARCHAR(14) UNIQUE, nome VARCHAR(80), username VARCHAR(50), email VARCHAR(80),
  telefone VARCHAR(20), hashed_password VARCHAR(200), ativo INT);
CREATE TABLE pedidos (id INT AUTO_INCREMENT PRIMARY KEY, cliente INT NOT NULL, status_pedido INT, datahora_recebido DATETIME,
  datahora_preparacao DATETIME, datahora_pronto DATETIME, datahora_finalizado DATETIME, status_pagamento INT, id_pagamento VARCHAR(100),
  CONSTRAINT pedidos_de_um_cliente FOREIGN KEY (cliente) REFERENCES clientes (id));
CREATE TABLE itens (pedido INT, produto INT, quantidade INT, valor DECIMAL(7,2), descricao VARCHAR(100), PRIMARY KEY (pedido, produto),
  FOREIGN KEY (pedido) REFERENCES pedidos (id) ON DELETE CASCADE, FOREIGN KEY (produto) REFERENCES produtos (id) ON DELETE CASCADE);
INSERT INTO categoria_produto VALUES (1, 'Lanche'), (2, 'Acompanhamento'), (3, 'Bebida'), (4, 'Sobremesa');
INSERT INTO produtos VALUES (1, 'X-Velho', 1, 15.20, 'clássico', 1), (2, 'Suco', 3, 7.05, NULL, 1), (3, 'Sem preço', 2, NULL, '', 1),
  (7, 'Retirado', 4, 3.00, 'antigo', 0), (8, 'Desconto', 1, -5.00, NULL, 1);
INSERT INTO clientes VALUES (1, '529.982.247-25', 'Ana', 'ana', 'Ana@Exemplo.com', '11 1', '$2b$segredo', 1),
  (2, '52998224725', 'Ana de novo', NULL, 'ana@exemplo.com', NULL, NULL, 1), (3, '123', 'CPF de brincadeira', NULL, NULL, NULL, NULL, NULL);
INSERT INTO pedidos VALUES (1, 1, 1, '2024-01-01 10:00:00', NULL, NULL, NULL, 1, 'b715bik7-2726-4d51-a729-749cc7bda703'),
  (2, 1, 99, '2024-01-02 10:00:00', NULL, NULL, NULL, 2, ''), (3, 3, 3, NULL, NULL, '2024-01-03 10:00:00', NULL, NULL, NULL),
  (40, 2, 4, '2024-01-04 10:00:00', '0000-00-00 00:00:00', NULL, '2024-01-04 11:00:00', 3, 'x');
INSERT INTO itens VALUES (1, 1, 5, 15.20, 'sem tomate'), (1, 2, 1, 7.05, NULL), (2, 7, 2, 3.00, ''), (3, 3, NULL, NULL, NULL), (40, 2, 3, 6.50, 'preço de antes'), (40, 8, 1, -5.00, NULL), (40, 1, -1, 15.20, 'devolvido');
";

fn original() -> Schema {
    let schema = Schema::new(database::server_url());
    let mut conn = schema.connection();
    // Old servers accepted a date of zeros in place of NULL.
    conn.query_drop("SET SESSION sql_mode = ''").unwrap();
    for statement in ORIGINAL.split(";\n").map(str::trim).filter(|c| !c.is_empty()) {
        conn.query_drop(statement).unwrap();
    }
    schema
}

fn verify(r: &Restaurant) {
    assert_eq!(r.count("SELECT COUNT(*) FROM produtos"), 5);
    assert_eq!(r.count("SELECT COUNT(*) FROM clientes"), 3);
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 4);
    assert_eq!(r.count("SELECT COUNT(*) FROM itens"), 7);
    // Nothing of the original but the fence, which is empty.
    let tables = "SELECT GROUP_CONCAT(table_name) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE 'original%'";
    assert_eq!(rows(r, tables), ["'original_pedidos'|"]);
    assert_eq!(r.count("SELECT COUNT(*) FROM original_pedidos"), 0);

    let produto = r.get("/produtos/1").ok();
    assert_eq!(
        produto,
        json!({"id": 1, "nome": "X-Velho", "categoria": 1, "valor": 15.2, "descricao": "clássico", "ativo": true})
    );
    assert_eq!(r.get("/produtos").ok().as_array().unwrap().len(), 2);
    // A product without a price is kept, inactive.
    assert_eq!(r.get("/produtos/3").ok()["ativo"], false);

    let clientes = r.get("/clientes").ok();
    assert_eq!(
        (&clientes[0]["cpf"], &clientes[0]["email"]),
        (&json!("52998224725"), &json!("ana@exemplo.com"))
    );
    assert_eq!(
        (&clientes[1]["cpf"], &clientes[1]["email"]),
        (&json!("52998224725 #2"), &json!("ana@exemplo.com #2"))
    );
    assert_eq!((&clientes[2]["cpf"], &clientes[2]["ativo"]), (&json!("123"), &json!(true)));

    let pedido = r.get("/pedidos/1").ok();
    assert_eq!(
        (&pedido["valor_total"], &pedido["senha"], &pedido["cliente"]),
        (&json!(83.05), &json!(null), &json!(1))
    );
    let item =
        json!({"produto": 1, "nome": "X-Velho", "quantidade": 5, "descricao": "sem tomate", "valor": 15.2});
    assert_eq!(pedido["itens"][0], item);
    assert_eq!(pedido["datahora_recebido"], "2024-01-01T10:00:00Z");
    let open_ids: Vec<_> =
        r.get("/pedidos").ok().as_array().unwrap().iter().map(|p| p["id"].clone()).collect();
    assert_eq!(open_ids, [3, 1]);
    assert_eq!(r.get("/pedidos/3").ok()["datahora_recebido"], "2024-01-03T10:00:00Z");
    assert_eq!(r.get("/pedidos/2").ok()["status_pedido"], 4);
    // The original accepted negative prices and quantities; they are kept and shown.
    let returned = r.get("/pedidos/40").ok();
    assert_eq!(returned["valor_total"], json!(-0.7));
    let valor = |produto: i64| {
        let itens = returned["itens"].as_array().unwrap().clone();
        itens.into_iter().find(|i| i["produto"] == produto).unwrap()["valor"].clone()
    };
    assert_eq!((valor(2), valor(8)), (json!(6.5), json!(-5.0)));
    assert_eq!(r.get("/pedidos/finalizados").ok().as_array().unwrap().len(), 2);
    assert_eq!(r.get("/produtos/8").ok()["ativo"], false);
    assert_eq!(r.get("/pedidos/40").ok()["datahora_preparacao"], json!(null));
    assert_eq!(r.get("/pedidos/40/status_pagamento").body, "\"3\"");
}

#[test]
fn a_database_of_the_original_keeps_working() {
    if !database::mysql_is_available() {
        return;
    }
    let mut r = Restaurant::on_schema(Database::Mysql, Some(original()), &[]);
    verify(&r);
    let notification = json!({"id": "b715bik7-2726-4d51-a729-749cc7bda703", "action": "state_FINISHED"});
    assert_eq!(r.post("/pedidos/status_pagamento", notification).ok()["status_pagamento"], 2);
    r.put("/pedidos", json!({"id": 3, "status_pedido": 4})).ok();
    let new_pedido = r.checkout(1);
    assert_eq!((&new_pedido["id"], &new_pedido["senha"]), (&json!(41), &json!(1)));
    r.kill();
    r.restart();
    assert_eq!(r.get("/pedidos/41").ok(), new_pedido);
    assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 5);
}

/// Interrupted at any statement, the takeover resumes where it was.
#[test]
fn an_interrupted_takeover_resumes() {
    if !database::mysql_is_available() {
        return;
    }
    let rename = "RENAME TABLE itens TO original_itens, pedidos TO original_pedidos, produtos TO original_produtos, \
                    clientes TO original_clientes, categoria_produto TO original_categoria_produto";
    let base = include_str!("../../sql/mysql/0001_base.sql");
    let copy = include_str!("../../sql/mysql/original_copia.sql");
    let base: Vec<&str> = base.split(";\n").map(str::trim).filter(|c| !c.is_empty()).collect();
    let copy: Vec<&str> = copy.split(";\n").map(str::trim).filter(|c| !c.is_empty()).collect();
    for executed in [0, 1, 3, 6, base.len(), base.len() + 5, base.len() + copy.len()] {
        let schema = original();
        let mut conn = schema.connection();
        // The mode of Ambrosia's sessions: strict, but with zeros in dates.
        conn.query_drop("SET SESSION sql_mode = 'STRICT_ALL_TABLES'").unwrap();
        let statements = std::iter::once(rename).chain(base.iter().copied()).chain(copy.iter().copied());
        for statement in statements.take(executed + 1) {
            conn.query_drop(statement).unwrap();
        }
        let r = Restaurant::on_schema(Database::Mysql, Some(schema), &[]);
        verify(&r);
    }
}

#[test]
fn missing_columns_and_tables_are_tolerated() {
    if !database::mysql_is_available() {
        return;
    }
    let schema = original();
    let mut conn = schema.connection();
    conn.query_drop("ALTER TABLE clientes DROP COLUMN username, DROP COLUMN hashed_password").unwrap();
    conn.query_drop("ALTER TABLE produtos DROP FOREIGN KEY produtos_ibfk_1").unwrap();
    conn.query_drop("DROP TABLE categoria_produto").unwrap();
    let r = Restaurant::on_schema(Database::Mysql, Some(schema), &[]);
    verify(&r);
}

/// Lines of orders are kept when the removal of the original tables is interrupted, and also when they belong to no order.
#[test]
fn an_interrupted_removal_does_not_repeat_the_copy() {
    if !database::mysql_is_available() {
        return;
    }
    let schema = original();
    let mut conn = schema.connection();
    conn.query_drop("ALTER TABLE itens DROP FOREIGN KEY itens_ibfk_1").unwrap();
    conn.query_drop("INSERT INTO itens VALUES (777, 1, 1, 1.00, 'de pedido nenhum')").unwrap();
    let mut r = Restaurant::on_schema(Database::Mysql, Some(schema), &[]);
    verify_with_leftover(&r);
    r.kill();
    // As if interrupted after the table of lines was removed and before that of orders.
    r.sql("DROP TABLE original_pedidos");
    r.sql("CREATE TABLE original_pedidos AS SELECT id, cliente, status_pedido FROM pedidos");
    r.restart();
    verify_with_leftover(&r);
}

fn verify_with_leftover(r: &Restaurant) {
    assert_eq!(r.count("SELECT COUNT(*) FROM original_itens_sem_pedido WHERE pedido = 777"), 1);
    r.sql("RENAME TABLE original_itens_sem_pedido TO leftover");
    verify(r);
    r.sql("RENAME TABLE leftover TO original_itens_sem_pedido");
}

/// It goes on when another process has done all of it, and customers have ordered since.
#[test]
fn a_process_that_stood_still_before_it_set_tables_aside_erases_nothing() {
    if !database::mysql_is_available() {
        return;
    }
    let schema = original();
    let (user, upstream) = database::server_url().rsplit_once('@').unwrap();
    let wire = Wire::to(upstream.to_owned());
    let url = format!("{user}@127.0.0.1:{}/{}", wire.port, schema.name);
    let config = Config::read(&|name| (name == "DATABASE_URL").then(|| url.clone()));
    let late = Store::new(config.unwrap_or_else(|e| panic!("{e}")).store);
    wire.freeze_on("RENAME TABLE");
    let started = AtomicBool::new(false);
    thread::scope(|s| {
        let migration = s.spawn(|| late.migrate());
        wait_until("it is about to set the tables aside", || wire.is_frozen());
        let mut conn = schema.connection();
        let owner: String = conn.query_first("SELECT dono FROM arrendamentos").unwrap().unwrap();
        // A process that stands still renews nothing. This one has a thread that does, so it is undone.
        let run_out = format!("UPDATE arrendamentos SET ate = '2000-01-01' WHERE dono = '{owner}'");
        let deadline = Instant::now() + Duration::from_secs(60);
        let started = &started;
        s.spawn(move || {
            while !started.load(Ordering::Relaxed) && Instant::now() < deadline {
                conn.query_drop(&run_out).unwrap();
            }
        });
        let r = Restaurant::on_schema(Database::Mysql, Some(schema), &[]);
        started.store(true, Ordering::Relaxed);
        verify(&r);
        let pedido = r.checkout(1);
        wire.thaw();
        let error = migration.join().unwrap().unwrap_err().to_string();
        assert!(error.contains("original_pedidos"), "{error}");
        assert_eq!(r.get(&format!("/pedidos/{}", pedido["id"])).ok(), pedido);
        assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 5);
        assert_eq!(r.count("SELECT COUNT(*) FROM original_pedidos"), 0);
        // What it tries next is to look whether anything is left to do.
        late.migrate().unwrap();
        assert_eq!(r.count("SELECT COUNT(*) FROM pedidos"), 5);
    });
}
