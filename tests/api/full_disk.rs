//! A MariaDB whose disk is full: what is refused is said to be, `/readyz` says so for as long as orders cannot be written,
//! and it heals. A full disk still takes what changes rows in place, and that proves nothing.

use serde_json::json;

use crate::{
    Banco, Restaurante,
    banco::{Esquema, Pasta, Privado},
    disco::Disco,
    restaurante::ate,
};

#[test]
fn a_full_disk_of_a_server_is_remembered_until_there_is_room() {
    if !Privado::instalado() {
        assert!(std::env::var_os("CI").is_none(), "no MariaDB: install mariadb-server");
        return eprintln!("not tested: a full disk under MariaDB; install mariadb-server");
    }
    let Some(disk) = Disco::novo(300) else { return };
    let folder = Pasta(disk.pasta().join("server"));
    std::fs::create_dir_all(&folder.0).unwrap();
    let server = Privado::iniciar_em(folder);
    let schema = Esquema::novo(&server.url());
    let r = Restaurante::no_esquema(Banco::Mysql, Some(schema), &[]);
    let lines = vec![json!({"produto": 1, "quantidade": 1, "descricao": "sem cebola ".repeat(9)}); 100];
    let buy = || r.post("/pedidos/checkout", json!({ "itens": lines }));
    buy().ok();
    disk.encher();
    let mut refused = buy();
    while refused.status == 200 {
        refused = buy();
    }
    assert_eq!(refused.json()["codigo"], "disco_cheio", "{}", refused.corpo);
    let not_ready = || {
        let ready = r.get("/readyz");
        ready.status == 503 && ready.corpo.contains("\"disco\"")
    };
    assert!(not_ready());
    // Rows that change in place, and half a minute of probes, change nothing of that.
    for second in 0..30 {
        for state in [2, 1] {
            r.put("/pedidos", json!({"id": 3, "status_pedido": state}));
        }
        assert!(not_ready(), "forgotten after {second} s");
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    disk.esvaziar();
    ate("it to notice that there is room", || r.get("/readyz").status == 200);
    buy().ok();
    // The probes left nothing.
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_name LIKE 'sonda%' AND table_schema = DATABASE()";
    ate("the last probe to end", || r.contar(tables) == 0);
}
