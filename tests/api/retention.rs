//! `CUSTOMER_RETENTION_MONTHS`: customers without an order for so long are erased, and no others.

use serde_json::json;

use crate::{
    Database, Restaurant, on_both_databases, privacy::found_in_files, profile::trail, restaurant::wait_until,
    staff::lock,
};

on_both_databases!(who_has_not_ordered_for_long_is_erased, without_the_setting_everybody_stays);

const KEPT: &str = "SELECT COUNT(*) FROM clientes WHERE apagado_em IS NULL";

/// Five customers: 1 ordered long ago, 2 and 3 of late; 4 was registered long ago and 5 today, and neither ever ordered.
fn prepare(r: &Restaurant) {
    let person = |cpf: &str, nome: &str| r.post("/clientes", json!({"cpf": cpf, "nome": nome})).ok();
    person("19582630442", "Zulmira.4");
    person("11144477735", "Zoraide.5");
    let body =
        json!({"id_cliente": 1, "itens": [{"produto": 1, "quantidade": 1, "descricao": "para a Zulmira.1"}]});
    r.post("/pedidos/checkout", body).ok();
    r.sql("UPDATE clientes SET criado_em = '2020-01-01 00:00:00' WHERE id IN (2, 4)");
    r.sql("UPDATE pedidos SET datahora_recebido = '2020-01-02 00:00:00' WHERE cliente = 1");
}

fn who_has_not_ordered_for_long_is_erased(database: Database) {
    // Without the setting at first: where the machine is slow, a first process would clean while this is prepared.
    let mut r = Restaurant::new(database);
    prepare(&r);
    // More than a slice of them.
    for id in 100..145 {
        r.sql(&format!(
            "INSERT INTO clientes (id, nome, criado_em) VALUES ({id}, 'Zulmira.{id}', '2020-01-01 00:00:00')"
        ));
    }
    r.kill();
    r.restart_with("CUSTOMER_RETENTION_MONTHS", "24");
    wait_until("the old ones are erased", || r.count(KEPT) == 3);
    let kept = r.get("/clientes").ok();
    let ids: Vec<i64> = kept.as_array().unwrap().iter().map(|c| c["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [2, 3, 5]);
    for (table, column) in [("itens", "descricao"), ("clientes", "nome")] {
        assert_eq!(
            r.count(&format!("SELECT COUNT(*) FROM {table} WHERE {column} LIKE '%Zulmira%'")),
            0,
            "{table}"
        );
    }
    wait_until("it is logged", || {
        r.log().contains("47 customers without an order for 24 months were erased")
    });
    if database == Database::Sqlite {
        assert_eq!(found_in_files(&r, &["Zulmira".to_owned()]), Vec::<String>::new());
    }
    // The orders stay.
    assert_eq!(r.get("/pedidos/1").ok()["cliente"], 1);
    let manager = lock(&r);
    let noted = trail(&r, &manager, "cliente_apagado");
    assert_eq!(noted.len(), 47);
    assert_eq!(noted[46], [json!("relogio"), json!("cliente:1"), json!("sem pedidos há 24 meses")]);
}

fn without_the_setting_everybody_stays(database: Database) {
    let mut r = Restaurant::new(database);
    prepare(&r);
    r.sql("INSERT INTO idempotencia (chave, corpo, criada_em) VALUES ('old', 'x', '2020-01-01 00:00:00')");
    r.kill();
    r.restart();
    wait_until("it has been cleaned", || {
        r.count("SELECT COUNT(*) FROM idempotencia WHERE chave = 'old'") == 0
    });
    assert_eq!(r.count(KEPT), 5);
}
