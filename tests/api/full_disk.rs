//! A MariaDB whose disk is full: what is refused is said to be, `/readyz` says so for as long as orders cannot be written,
//! and it heals. A full disk still takes what changes rows in place, and that proves nothing.

use serde_json::json;

use crate::{
    Database, Restaurant,
    database::{Folder, PrivateServer, Schema},
    disk::SmallDisk,
    restaurant::wait_until,
};

#[test]
fn a_full_disk_of_a_server_is_remembered_until_there_is_room() {
    if !PrivateServer::is_installed() {
        assert!(std::env::var_os("CI").is_none(), "no MariaDB: install mariadb-server");
        return eprintln!("not tested: a full disk under MariaDB; install mariadb-server");
    }
    let Some(disk) = SmallDisk::new(300) else { return };
    let folder = Folder(disk.folder().join("server"));
    std::fs::create_dir_all(&folder.0).unwrap();
    let server = PrivateServer::start_in(folder);
    let schema = Schema::new(&server.url());
    let r = Restaurant::on_schema(Database::Mysql, Some(schema), &[]);
    let lines = vec![json!({"produto": 1, "quantidade": 1, "descricao": "sem cebola ".repeat(9)}); 100];
    let buy = || r.post("/pedidos/checkout", json!({ "itens": lines }));
    buy().ok();
    disk.fill();
    let mut refused = buy();
    while refused.status == 200 {
        refused = buy();
    }
    assert_eq!(refused.json()["codigo"], "disco_cheio", "{}", refused.body);
    let not_ready = || {
        let ready = r.get("/readyz");
        ready.status == 503 && ready.body.contains("\"disco\"")
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
    disk.free();
    wait_until("it to notice that there is room", || r.get("/readyz").status == 200);
    buy().ok();
    // The probes left nothing.
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_name LIKE 'sonda%' AND table_schema = DATABASE()";
    wait_until("the last probe to end", || r.count(tables) == 0);
}
