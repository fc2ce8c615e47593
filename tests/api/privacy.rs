//! What is left of a person who was erased: nothing, in the tables and in the bytes of the files; and who may read those.

use std::{fs::Permissions, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::{Database, Restaurant, on_both_databases, restaurant::wait_until};

on_both_databases!(nothing_of_an_erased_customer_remains, data_of_others_remains);

/// Eleven digits of which the last two check the others.
fn cpf(n: u64) -> String {
    let mut digitos: Vec<u64> =
        format!("{:09}", n % 1_000_000_000).bytes().map(|b| u64::from(b - b'0')).collect();
    for _ in 0..2 {
        let soma: u64 = digitos.iter().rev().zip(2..).map(|(d, peso)| d * peso).sum();
        digitos.push(if soma % 11 < 2 { 0 } else { 11 - soma % 11 });
    }
    digitos.iter().map(ToString::to_string).collect()
}

/// Which of these texts are in the files of the database.
fn achados(r: &Restaurant, textos: &[String]) -> Vec<String> {
    let mut bytes = Vec::new();
    for fim in ["", "-wal", "-shm"] {
        bytes.extend(std::fs::read(r.pasta.0.join(format!("r.db{fim}"))).unwrap_or_default());
    }
    let ha = |texto: &String| bytes.windows(texto.len()).any(|janela| janela == texto.as_bytes());
    textos.iter().filter(|t| ha(t)).cloned().collect()
}

fn comprar_com_nota(r: &Restaurant, cliente: &Value, nota: &str, chave: &str) -> Value {
    let body = json!({"id_cliente": cliente, "itens": [{"produto": 3, "quantidade": 1, "descricao": nota}]});
    r.request("POST", "/pedidos/checkout", &[("Idempotency-Key", chave)], Some(&body.to_string())).ok()
}

/// Customers with an order each; gives their ids and all that is theirs alone. So many that pages are split and moved.
fn pessoas(r: &Restaurant, de: u64, quantas: u64) -> (Vec<Value>, Vec<String>) {
    let (mut ids, mut segredos) = (Vec::new(), Vec::new());
    for i in de..de + quantas {
        let n = i * 733_001_907 + 101;
        let [nome, velho, email] = ["Zulmira", "antes", "depois"].map(|p| format!("{p}.{n:x}.q{i}"));
        let (cpf, telefone) = (cpf(n), format!("+55 {:011}", 90_000_000_000 + n % 10_000_000_000));
        let novo = json!({"cpf": cpf, "nome": nome, "email": format!("{velho}@x.com"), "telefone": telefone});
        let id = r.post("/clientes", novo).ok()["id"].clone();
        r.put("/clientes", json!({"id": id, "email": format!("{email}@x.com")})).ok();
        let nota = format!("para a {nome} \"do\" balcão");
        comprar_com_nota(r, &id, &nota, &format!("chave-{n:x}"));
        ids.push(id);
        segredos.extend([nome, velho, email, cpf, telefone]);
    }
    (ids, segredos)
}

fn nothing_of_an_erased_customer_remains(banco: Database) {
    let mut r = Restaurant::new(banco);
    let (ids, segredos) = pessoas(&r, 1, 40);
    if banco == Database::Sqlite {
        // Else the search would prove nothing.
        assert!(achados(&r, &segredos).len() > 100);
    }
    for id in &ids {
        r.delete(&format!("/clientes/{id}")).ok();
    }
    for (tabela, coluna) in [("itens", "descricao"), ("idempotencia", "resposta")] {
        let sql = format!("SELECT COUNT(*) FROM {tabela} WHERE {coluna} LIKE '%Zulmira%'");
        assert_eq!(r.count(&sql), 0, "{tabela}");
    }
    // The answer is repeated, without the person.
    let (n, nota) = (733_001_907 + 101, format!("para a Zulmira.{:x}.q1 \"do\" balcão", 733_001_907 + 101));
    let repetido = comprar_com_nota(&r, &ids[0], &nota, &format!("chave-{n:x}"));
    assert_eq!((&repetido["cliente"], &repetido["itens"][0]["descricao"]), (&ids[0], &json!(null)));
    let pedido = r.get(&format!("/pedidos/{}", repetido["id"])).ok();
    assert_eq!((&pedido["itens"][0]["descricao"], &pedido["versao"]), (&json!(null), &json!(2)));
    assert!(!r.get("/pedidos").body.contains("Zulmira"));
    if banco == Database::Sqlite {
        assert_eq!(achados(&r, &segredos), Vec::<String>::new(), "while it runs");
        r.kill();
        assert_eq!(achados(&r, &segredos), Vec::<String>::new(), "after it ended");
    }
}

fn data_of_others_remains(banco: Database) {
    let r = Restaurant::new(banco);
    let outro = comprar_com_nota(&r, &json!(3), "sem açúcar", "de-outro");
    let anonimo = r.get("/pedidos/3").ok();
    let (ids, _) = pessoas(&r, 1, 1);
    r.delete(&format!("/clientes/{}", ids[0])).ok();
    assert_eq!(comprar_com_nota(&r, &json!(3), "sem açúcar", "de-outro"), outro);
    assert_eq!(r.get(&format!("/pedidos/{}", outro["id"])).ok(), outro);
    assert_eq!(r.get("/pedidos/3").ok(), anonimo);
}

/// A reader that stays at what it saw keeps the log from being emptied; that is made up for when it is gone.
#[test]
fn bytes_held_by_a_reader_are_removed_later() {
    let r = Restaurant::new(Database::Sqlite);
    let (ids, segredos) = pessoas(&r, 1, 1);
    let leitor = rusqlite::Connection::open(r.pasta.0.join("r.db")).unwrap();
    leitor.execute_batch("BEGIN; SELECT COUNT(*) FROM clientes;").unwrap();
    r.delete(&format!("/clientes/{}", ids[0])).ok();
    assert!(!achados(&r, &segredos).is_empty(), "nothing holds it back: the test proves nothing");
    r.checkout(1);
    leitor.execute_batch("ROLLBACK").unwrap();
    wait_until("the bytes to be gone", || achados(&r, &segredos).is_empty());
}

/// As an older version left it: deleted rows in the free pages.
#[test]
fn an_old_file_is_rewritten_once() {
    let mut r = Restaurant::new(Database::Sqlite);
    r.kill();
    let conn = rusqlite::Connection::open(r.pasta.0.join("r.db")).unwrap();
    conn.execute_batch("PRAGMA secure_delete = OFF; PRAGMA user_version = 0").unwrap();
    let nome = format!("Zulmira-de-antes-{}", "x".repeat(2000));
    for n in 0..20 {
        conn.execute("INSERT INTO clientes (id, nome) VALUES (?, ?)", (100 + n, &nome)).unwrap();
    }
    conn.execute_batch("DELETE FROM clientes WHERE id >= 100; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(conn);
    let segredo = ["Zulmira-de-antes".to_owned()];
    assert_eq!(achados(&r, &segredo).len(), 1);
    r.restart();
    assert_eq!(achados(&r, &segredo), Vec::<String>::new());
    assert_eq!(r.log().matches("rewritten once").count(), 1);
    assert_eq!(r.get("/clientes").ok().as_array().unwrap().len(), 3);
    r.kill();
    r.restart();
    assert_eq!(r.log().matches("rewritten once").count(), 1);
}

#[test]
fn only_the_owner_can_read_the_files() {
    let mut r = Restaurant::new(Database::Sqlite);
    let modos = |r: &Restaurant| {
        ["", "-wal", "-shm"].map(|fim| {
            let arquivo = std::fs::metadata(r.pasta.0.join(format!("r.db{fim}"))).unwrap();
            arquivo.permissions().mode() & 0o777
        })
    };
    r.checkout(1);
    assert_eq!(modos(&r), [0o600; 3]);
    r.kill();
    for fim in ["", "-wal", "-shm"] {
        std::fs::set_permissions(r.pasta.0.join(format!("r.db{fim}")), Permissions::from_mode(0o644))
            .unwrap();
    }
    r.restart();
    r.checkout(1);
    assert_eq!(modos(&r), [0o600; 3]);
}
