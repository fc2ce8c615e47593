//! Cleaning deletes expired rows only, and in slices: checkouts run meanwhile, and the write-ahead log stays small.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{Database, Restaurant, on_both_databases, restaurant::wait_until};

on_both_databases!(only_expired_rows_are_deleted);

const EXPIRED: &str = "SELECT COUNT(*) FROM idempotencia WHERE criada_em < '2021-01-01 00:00:00'";

fn only_expired_rows_are_deleted(database: Database) {
    let mut r = Restaurant::new(database);
    let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
    let checkout = |r: &Restaurant| {
        r.request("POST", "/pedidos/checkout", &[("Idempotency-Key", "fresh")], Some(&body)).ok()
    };
    let pedido = checkout(&r);
    r.kill();
    for n in 0..1200 {
        r.sql(&format!("INSERT INTO idempotencia (chave, corpo, resposta, criada_em) VALUES ('old-{n}', 'x', '{{}}', '2020-01-01 00:00:00')"));
    }
    r.sql("INSERT INTO notificacoes (topico, id_externo, recebida_em) VALUES ('order', 'A', '2020-01-01 00:00:00'), ('order', 'B', '2040-01-01 00:00:00')");
    r.sql("INSERT INTO assinaturas (mac, recebida_em) VALUES ('A', '2020-01-01 00:00:00'), ('B', '2040-01-01 00:00:00')");
    r.restart();
    wait_until("all expired keys are deleted", || r.count(EXPIRED) == 0);
    wait_until("expired notifications are deleted", || r.count("SELECT COUNT(*) FROM notificacoes") == 1);
    wait_until("expired signatures are deleted", || r.count("SELECT COUNT(*) FROM assinaturas") == 1);
    assert_eq!(checkout(&r), pedido);
}

#[test]
fn cleaning_200_000_keys_blocks_no_checkout() {
    const KEYS: i64 = 200_000;
    /// Bytes: one slice with its stored responses, in a log that is reused from the start.
    const MAX_WAL_BYTES: u64 = 32 << 20;
    let mut r = Restaurant::new(Database::Sqlite);
    r.kill();
    let conn = rusqlite::Connection::open(r.folder.0.join("r.db")).unwrap();
    conn.execute_batch("PRAGMA synchronous = OFF").unwrap();
    conn.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO idempotencia (chave, corpo, resposta, criada_em)
         SELECT hex(randomblob(16)), hex(randomblob(32)), hex(zeroblob(400)), '2020-01-01 00:00:00' FROM n",
        [KEYS],
    )
    .unwrap();
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(conn);
    r.restart();
    let (mut checkouts, mut log) = (0, 0);
    let deadline = Instant::now() + Duration::from_secs(300);
    loop {
        r.checkout(1);
        checkouts += 1;
        log = std::fs::metadata(r.folder.0.join("r.db-wal")).map_or(log, |wal| log.max(wal.len()));
        if checkouts % 20 == 0 && r.count(EXPIRED) == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "timed out: {} expired keys are left", r.count(EXPIRED));
    }
    // Every checkout succeeded, and many ran during the cleaning.
    assert!(checkouts > 100, "only {checkouts} checkouts ran while {KEYS} keys were deleted");
    assert!(log < MAX_WAL_BYTES, "the write-ahead log grew to {log} bytes");
    let log = r.log();
    // Only `/readyz` may be 503, while the process starts.
    assert!(log.lines().all(|line| line.contains("/readyz") || !line.contains(" 503 ")));
}
