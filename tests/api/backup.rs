//! Backups are proved by restoring them: made while orders come in and are moved, put back, and held against what had been
//! acknowledged (three times, or as often as `BACKUPS` says). An SQLite file by `ambrosia copia` and `restaurar`; a MariaDB of the test's own by its tools, `restaurar`.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use ambrosia::{
    config::Config,
    store::backup::{self, Checked},
};
use serde_json::{Value, json};

use crate::{
    Database, Restaurant,
    database::{Folder, PrivateServer, Schema},
    disk::SmallDisk,
    on_both_databases,
    restaurant::{command, program, wait_until, without_secret},
    standin::Faults,
    till::Till,
};

on_both_databases!(
    a_backup_under_load_holds_what_was_acknowledged_before_it,
    what_the_provider_did_since_is_asked_about,
    what_was_known_of_lost_orders_opens_no_other,
    a_backup_that_is_restored_twice_gives_no_id_again,
    a_link_that_was_used_since_makes_no_other_manager,
);

/// What is wrong with the database of this restaurant, which may be in use.
pub fn check(r: &Restaurant) -> Checked {
    let lookup = |name: &str| (name == "DATABASE_URL").then(|| r.database_url.clone());
    let settings = Config::read(&lookup).map_err(|e| panic!("{e}")).ok().unwrap().store;
    backup::check(&mut *backup::open_to_look(&settings).unwrap(), &settings.database).unwrap()
}

#[track_caller]
fn ok(output: &Output) -> String {
    let said = String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

/// One line that says why, and exit code 1.
#[track_caller]
fn refused(output: &Output, why: &str) {
    let said = String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("ambrosia: ") && said.lines().count() == 1 && said.contains(why), "{said}");
}

/// A restaurant whose database can be dumped by the tools of MariaDB.
fn till(database: Database) -> (Option<PrivateServer>, Till) {
    let server = (database == Database::Mysql).then(PrivateServer::start);
    let schema = server.as_ref().map(|server| Schema::new(&server.url()));
    let till = Till::over(Faults::default(), &[], |all| Restaurant::on_schema(database, schema, all));
    (server, till)
}

/// One of MariaDB's tools, on the database with this URL.
fn mariadb(tool: &str, url: &str) -> Command {
    let url = mysql::Opts::from_url(url).unwrap();
    let mut command = Command::new(tool);
    command
        .args([
            "--no-defaults",
            "--host=127.0.0.1",
            "--protocol=tcp",
            "--user=ambrosia",
            "--password=segredo",
        ])
        .arg(format!("--port={}", url.get_tcp_port()));
    if tool == "mariadb-dump" {
        command.arg("--single-transaction");
    }
    command.arg(url.get_db_name().unwrap());
    command
}

/// By the README.
fn back_up(r: &Restaurant, name: &str) -> PathBuf {
    let file = r.folder.0.join(name);
    if r.database == Database::Sqlite {
        ok(&r.command(&["copia", file.to_str().unwrap()]));
    } else {
        let out = fs::File::create(&file).unwrap();
        let status = mariadb("mariadb-dump", &r.database_url).stdout(out).status().unwrap();
        assert!(status.success());
    }
    file
}

/// By the README, on a new database.
fn restore(r: &Restaurant, file: &Path) -> Restaurant {
    r.elsewhere(|url| match r.database {
        Database::Sqlite => {
            ok(&command(url, &["restaurar", file.to_str().unwrap()]));
        }
        Database::Mysql => {
            let dump = fs::File::open(file).unwrap();
            let loaded = mariadb("mariadb", url).stdin(Stdio::from(dump)).status().unwrap();
            assert!(loaded.success());
            ok(&command(url, &["restaurar"]));
        }
    })
}

/// Orders by their ids: `senha`, and the state that was acknowledged last.
type Acknowledged = Mutex<HashMap<i64, (i64, i64)>>;

/// Orders and moves them until it is to stop.
fn shop(r: &Restaurant, acknowledged: &Acknowledged, stop: &AtomicBool) {
    let mut produto = 0;
    while !stop.load(Ordering::Relaxed) {
        produto = produto % 12 + 1;
        let pedido = r.checkout(produto);
        let (id, senha) = (pedido["id"].as_i64().unwrap(), pedido["senha"].as_i64().unwrap());
        acknowledged.lock().unwrap().insert(id, (senha, 1));
        for status in [2, 3].iter().take(produto as usize % 3) {
            r.put("/pedidos", json!({"id": id, "status_pedido": status})).ok();
            acknowledged.lock().unwrap().insert(id, (senha, *status));
        }
    }
}

/// Every event with this place or one before, whole.
fn log(r: &Restaurant, last: i64) -> Vec<String> {
    let sql = format!(
        "SELECT CONCAT_WS('|', sequencia, id, pedido, tipo, COALESCE(de, '-'), COALESCE(para, '-'), \
         COALESCE(dados, '-'), ator, datahora) FROM eventos WHERE sequencia <= {last} ORDER BY sequencia"
    );
    match &r.schema {
        Some(schema) => {
            use mysql::prelude::Queryable;
            schema.connection().query(sql).unwrap()
        }
        None => {
            let conn = rusqlite::Connection::open(r.folder.0.join("r.db")).unwrap();
            let mut statement = conn.prepare(&sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        }
    }
}

fn a_backup_under_load_holds_what_was_acknowledged_before_it(database: Database) {
    let times = std::env::var("BACKUPS").map_or(3, |n| n.parse().unwrap());
    let (_server, till) = till(database);
    let r = &till.r;
    let (acknowledged, stop) = (Acknowledged::default(), AtomicBool::new(false));
    let backups: Vec<_> = thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(|| shop(r, &acknowledged, &stop))));
        let backup = |n: usize| {
            wait_until("there are orders", || acknowledged.lock().unwrap().len() > 10 * n);
            let before = acknowledged.lock().unwrap().clone();
            (before, back_up(r, &format!("{n}.backup")))
        };
        let backups = (1..=times).map(backup).collect();
        stop.store(true, Ordering::Relaxed);
        backups
    });
    let all = acknowledged.into_inner().unwrap();
    assert!(check(r).is_whole());
    for (before, file) in backups {
        let restored = restore(r, &file);
        let checked = check(&restored);
        assert!(checked.is_whole(), "{}", checked.complaint());
        assert!(checked.replayed >= before.len() && before.len() > 10);
        // A prefix of the log.
        assert_eq!(log(&restored, checked.last_sequencia), log(r, checked.last_sequencia));
        for (id, (senha, status)) in &before {
            let pedido = restored.get(&format!("/pedidos/{id}")).ok();
            assert_eq!(pedido["senha"], *senha);
            assert!(pedido["status_pedido"].as_i64().unwrap() >= *status, "{pedido}");
        }
        let new = restored.checkout(1);
        assert!(all.values().all(|(senha, _)| new["senha"] != *senha), "{new}");
        assert!(all.keys().all(|id| new["id"] != *id), "{new}");
        assert!(check(&restored).is_whole());
        ok(&restored.command(&["conferir"]));
    }
}

fn what_the_provider_did_since_is_asked_about(database: Database) {
    let (_server, mut till) = till(database);
    let (open, paid, withdrawn) = (till.checkout(1), till.checkout(2), till.checkout(3));
    till.pay(&paid);
    till.wait_for_pagamento(&paid, 2);
    wait_until("nothing is asked any more of what is paid", || {
        let sql = format!(
            "SELECT COUNT(*) FROM cobrancas WHERE pedido = {} AND proxima_em IS NOT NULL",
            paid["id"]
        );
        till.count(&sql) == 0
    });
    let file = back_up(&till, "backup");
    // One is given back, another withdrawn, a third is paid while nobody listens.
    till.cancel(&paid, "acabou o bacon").ok();
    till.cancel(&withdrawn, "desistiu").ok();
    till.wait_for_cobranca(&paid, "refunded");
    till.wait_for_cobranca(&withdrawn, "canceled");
    till.kill();
    till.pay(&open);
    till.r = restore(&till, &file);
    till.wait_for_pagamento(&open, 2);
    till.wait_for_pagamento(&paid, 4);
    wait_until("the withdrawn charge is known to be", || {
        let sql = format!("SELECT situacao FROM cobrancas WHERE pedido = {}", withdrawn["id"]);
        till.count(&sql) == 2
    });
    assert!(check(&till).is_whole());
}

fn a_backup_that_is_restored_twice_gives_no_id_again(database: Database) {
    let (_server, mut till) = till(database);
    // The folder of what is replaced is removed.
    let folder = Folder::new();
    let file = folder.0.join("kept");
    fs::copy(back_up(&till, "backup"), &file).unwrap();
    till.kill();
    till.r = restore(&till, &file);
    let now = || ambrosia::clock::now().segundos();
    let restored_at = now();
    let body = json!({"itens": [{"produto": 2, "quantidade": 1}]});
    let lost: Vec<Value> = (0..3).map(|_| till.post("/pedidos/checkout", body.clone()).ok()).collect();
    till.kill();
    wait_until("another second has begun", || now() > restored_at);
    till.r = restore(&till, &file);
    let new: Vec<Value> = (0..3).map(|_| till.checkout(2)).collect();
    for lost in &lost {
        assert!(new.iter().all(|new| new["id"] != lost["id"]), "{lost} {new:?}");
        let (path, secret) = (format!("/pedidos/{}", lost["id"]), lost["acompanhamento"].as_str().unwrap());
        assert_eq!(till.request("GET", &path, &[("X-Acompanhamento", secret)], None).status, 404);
    }
}

fn what_was_known_of_lost_orders_opens_no_other(database: Database) {
    let (_server, mut till) = till(database);
    let kept = till.checkout(1);
    let file = back_up(&till, "backup");
    let moved = till.put("/pedidos", json!({"id": kept["id"], "status_pedido": 2}));
    let tag = moved.header("etag").unwrap().to_owned();
    let body = json!({"itens": [{"produto": 2, "quantidade": 1}]});
    let lost = till.post("/pedidos/checkout", body).ok();
    let secret = lost["acompanhamento"].as_str().unwrap().to_owned();
    till.kill();
    till.r = restore(&till, &file);
    // Another version two of the same order.
    till.put("/pedidos", json!({"id": kept["id"], "status_pedido": 3})).ok();
    let path = format!("/pedidos/{}", kept["id"]);
    assert_eq!(till.request("GET", &path, &[("If-None-Match", &tag)], None).ok()["status_pedido"], 3);
    let back = json!({"id": kept["id"], "status_pedido": 2}).to_string();
    assert_eq!(till.request("PUT", "/pedidos", &[("If-Match", &tag)], Some(&back)).status, 412);
    let new: Vec<Value> = (0..3).map(|_| till.checkout(3)).collect();
    assert!(new.iter().all(|new| new["id"] != lost["id"] && new["senha"] != lost["senha"]));
    let path = format!("/pedidos/{}", lost["id"]);
    assert_eq!(till.request("GET", &path, &[("X-Acompanhamento", &secret)], None).status, 404);
    let restored = "SELECT COUNT(*) FROM auditoria WHERE tipo = 'banco_restaurado'";
    assert_eq!(till.count(restored), 1);
}

fn a_link_that_was_used_since_makes_no_other_manager(database: Database) {
    let (_server, mut till) = till(database);
    let link = ok(&command(&till.database_url, &["gerente", "Ana"]));
    let token = link.trim().split('#').nth(1).unwrap();
    let form = format!("convite={token}&nome=Ana&senha=cavalo+bateria+grampo&pin=1593");
    let accept = |till: &Till| {
        till.request("POST", "/gerencia", &[("Sec-Fetch-Site", "same-origin")], Some(&form)).status
    };
    let file = back_up(&till, "backup");
    assert_eq!((accept(&till), accept(&till)), (303, 422));
    till.kill();
    till.r = restore(&till, &file);
    assert_eq!((accept(&till), till.count("SELECT COUNT(*) FROM funcionarios")), (422, 0));
}

/// A copy of a restaurant that took some orders, in the folder of the restaurant.
fn copied() -> (Restaurant, PathBuf) {
    let r = Restaurant::new(Database::Sqlite);
    for produto in 1..=3 {
        let pedido = r.checkout(produto);
        r.put("/pedidos", json!({"id": pedido["id"], "status_pedido": 2})).ok();
    }
    let file = back_up(&r, "copia.db");
    (r, file)
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

/// Changes a file by SQL.
fn with_sql(file: &Path, sql: &str) {
    rusqlite::Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn what_is_no_whole_backup_is_refused_and_nothing_is_changed() {
    let (mut r, whole) = copied();
    r.kill();
    let folder = Folder::new();
    let spoiled = |name: &str, spoil: &dyn Fn(&Path)| {
        let file = folder.0.join(name);
        fs::copy(&whole, &file).unwrap();
        spoil(&file);
        file
    };
    let cut =
        |to: u64| move |file: &Path| fs::File::options().write(true).open(file).unwrap().set_len(to).unwrap();
    let damaged = |file: &Path| {
        let mut bytes = fs::read(file).unwrap();
        let end = bytes.len();
        bytes[4096..end].chunks_mut(4096).for_each(|page| page[..64].fill(0x5a));
        fs::write(file, bytes).unwrap();
    };
    let sql = |sql: &'static str| move |file: &Path| with_sql(file, sql);
    let foreign = |file: &Path| {
        fs::remove_file(file).unwrap();
        with_sql(file, "CREATE TABLE migracoes_do_vizinho (x); CREATE TABLE pedidos (id INTEGER);");
    };
    let half = fs::metadata(&whole).unwrap().len() / 2 / 4096 * 4096;
    let cases: Vec<(PathBuf, &str)> = vec![
        (
            spoiled("text", &|file| fs::write(file, "isto é uma carta, e não um banco de dados").unwrap()),
            "not a database",
        ),
        (spoiled("empty", &cut(0)), "no database of Ambrosia"),
        (spoiled("head", &cut(100)), "malformed"),
        (spoiled("half", &cut(half)), "malformed"),
        (spoiled("damaged", &damaged), "damaged"),
        (spoiled("foreign", &foreign), "no database of Ambrosia"),
        (
            spoiled("newer", &sql("INSERT INTO migracoes VALUES (9999, '2030-01-01 00:00:00')")),
            "newer version",
        ),
        (spoiled("hole", &sql("DELETE FROM eventos WHERE sequencia = 5")), "5 is missing"),
        (
            spoiled(
                "end",
                &sql("DELETE FROM eventos WHERE sequencia = (SELECT MAX(sequencia) FROM eventos)"),
            ),
            "goes on at",
        ),
        (
            spoiled("changed", &sql("UPDATE pedidos SET status_pedido = 4 WHERE id = 8")),
            "order 8 is not what",
        ),
        (spoiled("senha", &sql("UPDATE restaurante SET proxima_senha = 3")), "given out already"),
        (
            spoiled("orphan", &sql("PRAGMA foreign_keys = OFF; UPDATE itens SET pedido = 99 WHERE id = 1")),
            "not there",
        ),
        (folder.0.join("absent"), "No such file"),
        (folder.0.clone(), "it is no file"),
        (r.folder.0.join("r.db"), "the database itself"),
    ];
    let before = (fs::read(r.folder.0.join("r.db")).unwrap(), names(&r.folder.0));
    for (file, why) in &cases {
        let contents = fs::read(file).unwrap_or_default();
        refused(&r.command(&["restaurar", file.to_str().unwrap()]), why);
        assert_eq!(fs::read(file).unwrap_or_default(), contents, "{} was changed", file.display());
        assert_eq!((fs::read(r.folder.0.join("r.db")).unwrap(), names(&r.folder.0)), before, "{why}");
    }
    // Also with the log of a process that was killed beside it.
    let crashed = r.folder.0.join("crashed.db");
    fs::copy(&whole, &crashed).unwrap();
    fs::write(r.folder.0.join("crashed.db-wal"), "x").unwrap();
    refused(&r.command(&["restaurar", crashed.to_str().unwrap()]), "write-ahead log");
    // Faults of the log can be accepted, a damaged file cannot.
    let accept = |name: &str| r.command(&["restaurar", folder.0.join(name).to_str().unwrap(), "mesmo-assim"]);
    for name in ["damaged", "half", "foreign", "newer", "orphan"] {
        assert_eq!(accept(name).status.code(), Some(1), "{name}");
    }
    ok(&accept("changed"));
    r.restart();
    assert_eq!(r.get("/pedidos/8").ok()["status_pedido"], 4);
    refused(&r.command(&["conferir"]), "order 8 is not what its events make of it");
}

#[test]
fn a_database_in_use_is_not_replaced_and_one_that_is_not_keeps_another_name() {
    let (mut r, file) = copied();
    let since = r.checkout(4);
    refused(&r.command(&["restaurar", file.to_str().unwrap()]), "in use");
    assert_eq!(r.get(&format!("/pedidos/{}", since["id"])).status, 200);
    r.kill();
    // SIGKILL leaves the last orders in the log beside the file, which goes with it.
    let said = ok(&r.command(&["restaurar", file.to_str().unwrap()]));
    let aside = PathBuf::from(said.trim().rsplit(' ').next().unwrap());
    assert!(aside.file_name().unwrap().to_str().unwrap().starts_with("r.db.antes-2"), "{said}");
    let kept = names(&r.folder.0);
    let expected = ["copia.db", "log", "r.db", aside.file_name().unwrap().to_str().unwrap()];
    assert_eq!(kept, expected, "nothing is left beside the files");
    assert_eq!(fs::metadata(r.folder.0.join("r.db")).unwrap().permissions().mode() & 0o777, 0o600);
    let count = |file: &Path| -> i64 {
        let conn = rusqlite::Connection::open(file).unwrap();
        conn.query_row("SELECT COUNT(*) FROM pedidos", [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count(&r.folder.0.join("r.db")), count(&aside)), (9, 10));
    // One that SQLite cannot read goes aside too, and its log is not taken for the new one's.
    let target = r.folder.0.join("r.db");
    fs::write(&target, "lixo, e bastante para que se olhe".repeat(100)).unwrap();
    fs::write(r.folder.0.join("r.db-wal"), "lixo").unwrap();
    // Its name is by the second.
    let second = ambrosia::clock::now();
    wait_until("the next second has come", || ambrosia::clock::now() > second);
    let said = ok(&r.command(&["restaurar", file.to_str().unwrap()]));
    let aside = said.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(fs::read_to_string(aside).unwrap().starts_with("lixo"));
    assert!(!names(&r.folder.0).contains(&"r.db-wal".to_owned()));
    // Nor is one that was left alone.
    fs::remove_file(&target).unwrap();
    fs::write(r.folder.0.join("r.db-wal"), "lixo").unwrap();
    ok(&r.command(&["restaurar", file.to_str().unwrap()]));
    assert!(!names(&r.folder.0).contains(&"r.db-wal".to_owned()));
    r.restart();
    assert_eq!(r.get("/pedidos/9").status, 200);
}

#[test]
fn an_older_backup_is_brought_up_to_date() {
    let r = Restaurant::new(Database::Sqlite);
    let old = r.folder.0.join("old.db");
    with_sql(&old, &format!("PRAGMA foreign_keys = OFF;\n{}", include_str!("upgrade/e90412e.sqlite.sql")));
    // A copy is made of it as it is.
    let copy = r.folder.0.join("copy.db");
    ok(&command(&format!("sqlite:{}", old.display()), &["copia", copy.to_str().unwrap()]));
    let restored = restore(&r, &copy);
    assert_eq!(restored.get("/pedidos/9").ok()["status_pedido"], 2);
    assert!(check(&restored).is_whole());
}

#[test]
fn a_copy_that_cannot_be_made_leaves_nothing() {
    let (r, file) = copied();
    let before = (fs::read(&file).unwrap(), names(&r.folder.0));
    refused(&r.command(&["copia", file.to_str().unwrap()]), "exists already");
    refused(&r.command(&["copia", "/proc/copia.db"]), "cannot write");
    refused(&r.command(&["copia", "/nowhere/copia.db"]), "No such file");
    let none = format!("sqlite:{}/none.db", r.folder.0.display());
    refused(&command(&none, &["copia", r.folder.0.join("x.db").to_str().unwrap()]), "none.db");
    refused(&command(&none, &["conferir"]), "none.db");
    assert_eq!((fs::read(&file).unwrap(), names(&r.folder.0)), before);
    for arguments in
        [&["copia"][..], &["copia", ""], &["copia", "a", "b"], &["restaurar"], &["conferir", "x"]]
    {
        assert_eq!(r.command(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let Some(disk) = SmallDisk::new(1) else { return };
    fs::write(disk.folder().join("ballast"), vec![0; 900_000]).unwrap();
    refused(&r.command(&["copia", disk.folder().join("copia.db").to_str().unwrap()]), "full");
    assert_eq!(names(disk.folder()), ["ballast"]);
}

#[test]
fn nothing_that_was_erased_is_copied() {
    let r = Restaurant::new(Database::Sqlite);
    let nome = "Fulano Que Se Apaga";
    let new = json!({"cpf": "195.826.304-42", "nome": nome});
    let cliente = r.post("/clientes", new).ok();
    let holds =
        |file: &Path| fs::read(file).unwrap().windows(nome.len()).any(|bytes| bytes == nome.as_bytes());
    assert!(holds(&back_up(&r, "before.db")));
    r.delete(&format!("/clientes/{}", cliente["id"])).ok();
    let copy = back_up(&r, "after.db");
    assert!(!holds(&copy));
    assert_eq!(fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_copy_that_is_killed_has_not_the_name_of_a_whole_one() {
    let r = Restaurant::new(Database::Sqlite);
    // So much that a copy takes a while.
    r.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) \
         INSERT INTO auditoria (datahora, tipo, ator, detalhe) \
         SELECT '2026-11-29 10:00:00', 'x', 'y', hex(randomblob(250)) FROM n",
    );
    let folder = Folder::new();
    let copy = folder.0.join("copia.db");
    let mut child = Command::new(program())
        .env_clear()
        .env("DATABASE_URL", &r.database_url)
        .args(["copia", copy.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let written =
        || fs::read_dir(&folder.0).unwrap().any(|e| e.unwrap().metadata().is_ok_and(|m| m.len() > 0));
    wait_until("there is something of the copy", written);
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.stdout.is_empty(), "it was done before it was killed");
    let left = names(&folder.0);
    let unfinished = |name: &String| name.ends_with(".parcial") || name.ends_with(".parcial-journal");
    assert!(!left.is_empty() && left.iter().all(unfinished), "{left:?}");
    ok(&r.command(&["copia", copy.to_str().unwrap()]));
}

/// The scheduled copies of a restaurant with these settings, in the folder `copias` of `folder`.
fn scheduled(folder: &Path, keep: &str) -> Restaurant {
    let copies = folder.join("copias");
    let environment =
        [("BACKUP_EVERY_MINUTES", "60"), ("BACKUP_FOLDER", copies.to_str().unwrap()), ("BACKUP_KEEP", keep)];
    Restaurant::with_environment(Database::Sqlite, &environment)
}

fn figure(r: &Restaurant, name: &str) -> i64 {
    let text = r.get("/metrics").body;
    let line =
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {text}"));
    line.trim().parse().unwrap()
}

#[test]
fn the_newest_copies_are_kept_and_nothing_else_is_touched() {
    let folder = Folder::new();
    let copies = folder.0.join("copias");
    fs::create_dir(&copies).unwrap();
    let old = |name: &str| {
        let file = fs::File::create(copies.join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(2 * 60 * 60)).unwrap();
    };
    // The clock was put back.
    let future = fs::File::create(copies.join("ambrosia-20990101T120000Z.db")).unwrap();
    future.set_modified(SystemTime::now() + Duration::from_secs(24 * 60 * 60)).unwrap();
    (1..=5).for_each(|day| old(&format!("ambrosia-2026010{day}T120000Z.db")));
    let mine = ["ambrosia.db", "carta.txt", "minha-copia.db.parcial"];
    mine.iter().for_each(|name| old(name));
    old("ambrosia-20260106T120000Z.db.0123.parcial");
    old("ambrosia-20260106T120000Z.db.0123.parcial-journal");
    let r = scheduled(&folder.0, "3");
    wait_until("there is a new copy", || figure(&r, "ambrosia_backup_age_seconds ") < 60 * 60);
    let (kept, others): (Vec<_>, Vec<_>) =
        names(&copies).into_iter().partition(|name| name.starts_with("ambrosia-"));
    assert_eq!(others, mine);
    let expected = ["ambrosia-20260105T120000Z.db", &kept[1], "ambrosia-20990101T120000Z.db"];
    assert_eq!(kept, expected);
    assert_eq!(figure(&r, "ambrosia_backup_failures_total "), 0);
    assert_eq!(figure(&r, "ambrosia_backup_interval_seconds "), 3600);
    let restored = restore(&r, &copies.join(&kept[1]));
    assert_eq!(restored.get("/pedidos/1").status, 200);
}

#[test]
fn a_copy_that_fails_is_told_and_stops_nothing() {
    let folder = Folder::new();
    fs::write(folder.0.join("copias"), "no folder").unwrap();
    let r = scheduled(&folder.0, "3");
    wait_until("the failure is counted", || figure(&r, "ambrosia_backup_failures_total ") > 0);
    assert!(r.log().contains("ERROR] there is no new backup: cannot make "), "{}", r.log());
    without_secret(r.post("/pedidos/checkout", json!({"itens": [{"produto": 1, "quantidade": 1}]})).ok());
    assert_eq!(fs::read_to_string(folder.0.join("copias")).unwrap(), "no folder");
}
