//! People of the staff: added, changed and dismissed by a manager; what they type is nowhere to be read.

use serde_json::json;

use crate::{
    Database, Restaurant,
    crew::{Crew, Server, Session},
    on_both_databases,
    restaurant::wait_until,
};

on_both_databases!(
    a_manager_adds_changes_and_dismisses_people,
    people_are_the_managers_business_also_where_doors_are_open,
    somebody_is_left_to_manage,
    of_two_managers_who_dismiss_each_other_one_is_left,
    a_manager_among_the_people_closes_the_doors,
    what_people_type_is_nowhere_to_be_read,
    what_is_done_is_in_the_trail,
);

fn a_manager_adds_changes_and_dismisses_people(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let ana = crew.manage(
        "POST",
        "/funcionarios",
        Some(&json!({"nome": " Ana ", "papel": "balcao", "pin": "0412"})),
    );
    assert_eq!(ana.header("cache-control"), Some("no-store"));
    let ana = ana.ok();
    assert_eq!(
        (ana["nome"].as_str(), ana["papel"].as_str(), ana["tem_senha"].as_bool()),
        (Some("Ana"), Some("balcao"), Some(false))
    );
    let id = ana["id"].as_i64().unwrap();
    let path = format!("/funcionarios/{id}");
    for (body, field) in [
        (json!({"nome": "B", "papel": "balcao", "pin": "123"}), "pin"),
        (json!({"nome": "B", "papel": "balcao", "pin": 1234}), "pin"),
        (json!({"nome": "B", "papel": "balcao", "pin": "12 45"}), "pin"),
        (json!({"nome": "B", "papel": "maquina", "pin": "1739"}), "papel"),
        (json!({"nome": "B", "papel": "balcao", "pin": "1739", "senha": "uma senha boa"}), "senha"),
        (json!({"nome": "B", "papel": "gerente", "pin": "1739", "senha": "1234567"}), "senha"),
        (json!({"nome": "", "papel": "gerente", "pin": "1739"}), "nome"),
    ] {
        let refused = crew.manage("POST", "/funcionarios", Some(&body));
        assert_eq!(refused.invalid_fields(), [field], "{body}");
    }
    let senha = crew.manage("PUT", &path, Some(&json!({"senha": "uma senha boa"})));
    assert_eq!(senha.invalid_fields(), ["senha"]);
    let manager = json!({"papel": "gerente", "senha": "uma senha boa"});
    assert_eq!(crew.manage("PUT", &path, Some(&manager)).ok()["tem_senha"], true);
    // Whoever manages no more has no password either.
    let changed = crew.manage("PUT", &path, Some(&json!({"nome": "Ana Lima", "papel": "cozinha"}))).ok();
    assert_eq!((changed["nome"].as_str(), changed["tem_senha"].as_bool()), (Some("Ana Lima"), Some(false)));
    assert!(
        crew.manage("DELETE", &path, None).ok() == true && crew.manage("DELETE", &path, None).ok() == true
    );
    let listed = crew.manage("GET", "/funcionarios", None).ok();
    assert!(listed[0]["id"] == id && listed[0]["desligado_em"].is_string(), "{listed}");
    crew.manage("PUT", &path, Some(&json!({"nome": "X"}))).problem(404, "Funcionário não encontrado");
    for path in ["/funcionarios/99", "/funcionarios/99/sessoes"] {
        crew.manage("DELETE", path, None).problem(404, "Funcionário não encontrado");
    }
}

fn people_are_the_managers_business_also_where_doors_are_open(database: Database) {
    let r = Restaurant::with_environment(database, &[("ACCESS", "open")]);
    let routes = [
        ("GET", "/funcionarios"),
        ("POST", "/funcionarios"),
        ("PUT", "/funcionarios/1"),
        ("DELETE", "/funcionarios/1"),
        ("DELETE", "/funcionarios/1/sessoes"),
        ("GET", "/terminais"),
        ("POST", "/terminais"),
        ("POST", "/terminais/1/codigo"),
        ("DELETE", "/terminais/1"),
    ];
    for (method, path) in routes {
        assert_eq!(r.send(method, path, &[], Some(&json!({}))).status, 403, "{method} {path}");
    }
    let crew = Crew::new(Restaurant::new(database));
    let device = crew.device("gerente");
    let balcao = device.log_in(&crew.r, crew.hire("balcao", "2684"), "2684");
    let gerente = device.log_in(&crew.r, crew.hire("gerente", "1593"), "1593");
    for (method, path) in routes {
        assert_eq!(crew.r.send(method, path, &[], Some(&json!({}))).status, 401, "{method} {path}");
        assert_eq!(balcao.send(&crew.r, method, path, Some(&json!({}))).status, 403, "{method} {path}");
    }
    gerente.send(&crew.r, "GET", "/funcionarios", None).ok();
}

fn somebody_is_left_to_manage(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let chefe = crew.hire_manager("1593", "uma senha boa");
    let body = json!({"funcionario": chefe, "senha": "uma senha boa"});
    let session = Session::of(&crew.r.send("POST", "/sessoes", &[], Some(&body)));
    session.send(&crew.r, "DELETE", "/chaves/1", None).ok();
    let path = format!("/funcionarios/{chefe}");
    let detail = "Sem esta pessoa não haveria mais gerente; crie outro antes";
    session.send(&crew.r, "DELETE", &path, None).problem(409, detail);
    session.send(&crew.r, "PUT", &path, Some(&json!({"papel": "balcao"}))).problem(409, detail);
    let other = json!({"nome": "Outra", "papel": "gerente", "pin": "2684"});
    session.send(&crew.r, "POST", "/funcionarios", Some(&other)).ok();
    session.send(&crew.r, "DELETE", &path, None).ok();
    assert!(!session.lasts(&crew.r), "whoever is dismissed works on");
}

fn of_two_managers_who_dismiss_each_other_one_is_left(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let enter = |person: i64| {
        let body = json!({"funcionario": person, "senha": "uma senha boa"});
        Session::of(&crew.r.send("POST", "/sessoes", &[], Some(&body)))
    };
    let mut left = crew.hire_manager("1593", "uma senha boa");
    let mut session = enter(left);
    session.send(&crew.r, "DELETE", "/chaves/1", None).ok();
    for _ in 0..8 {
        let new = json!({"nome": "Outra", "papel": "gerente", "pin": "2684", "senha": "uma senha boa"});
        let other = session.send(&crew.r, "POST", "/funcionarios", Some(&new)).ok()["id"].as_i64().unwrap();
        let others = enter(other);
        let dismiss = |session: &Session, person: i64| {
            let status = session.send(&crew.r, "DELETE", &format!("/funcionarios/{person}"), None).status;
            assert!([200, 401, 409].contains(&status), "{status}");
        };
        std::thread::scope(|s| {
            s.spawn(|| dismiss(&session, other));
            s.spawn(|| dismiss(&others, left));
        });
        let working = "SELECT COUNT(*) FROM funcionarios WHERE papel = 'gerente' AND desligado_em IS NULL";
        assert_eq!(crew.r.count(working), 1);
        if !session.lasts(&crew.r) {
            (session, left) = (others, other);
        }
    }
}

fn a_manager_among_the_people_closes_the_doors(database: Database) {
    let r = Restaurant::new(database);
    r.get("/clientes").ok();
    let insert = |papel: &str| {
        r.sql(&format!(
            "INSERT INTO funcionarios (nome, papel, pin, criado_em) VALUES ('A', '{papel}', 'x', '2026-01-01 00:00:00')"
        ));
        r.sql("UPDATE restaurante SET versao_acesso = versao_acesso + 1");
    };
    insert("balcao");
    let other = r.another_process();
    other.request("GET", "/clientes", &[], None).ok();
    insert("gerente");
    wait_until("doors are closed", || r.get("/clientes").status == 401);
    wait_until("doors are closed", || other.request("GET", "/clientes", &[], None).status == 401);
}

fn what_people_type_is_nowhere_to_be_read(database: Database) {
    let crew =
        Crew::new(Restaurant::with_environment(database, &[("LOG_LEVEL", "debug"), ("PEPPER", "pimenta")]));
    let (pin, senha, wrong) = ("90817263", "cavalo bateria grampo", "81726354");
    let made = json!({"nome": "Chefe", "papel": "gerente", "pin": pin, "senha": senha});
    let chefe = crew.manage("POST", "/funcionarios", Some(&made));
    let id = chefe.ok()["id"].as_i64().unwrap();
    let (terminal, code) = crew.terminal("balcao");
    let device = crew.device("balcao");
    let begun = device.try_log_in(&crew.r, id, pin);
    let session = Session::of(&begun);
    let refused = device.try_log_in(&crew.r, id, wrong);
    assert_eq!(refused.status, 401);
    let approver = [("X-Aprovador", &*format!("{id}:{pin}")), ("Sec-Fetch-Site", "same-origin")];
    let listed = session.send_with(&crew.r, "GET", "/funcionarios", &approver, None);
    let terminals = crew.manage("GET", "/terminais", None);
    let by_password = json!({"funcionario": id, "senha": senha});
    let elsewhere = Session::of(&crew.r.send("POST", "/sessoes", &[], Some(&by_password)));
    assert_ne!(terminal, device.id);
    let (_, token) = session.cookie.split_once('=').unwrap();
    let (_, other) = elsewhere.cookie.split_once('=').unwrap();
    let secrets = [pin, senha, wrong, token, other, &device.token, &code];
    for text in
        [&chefe, &begun, &refused, &listed, &terminals].map(|r| r.body.clone()).iter().chain([&crew.r.log()])
    {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let dump = dump(&crew.r);
    assert!(dump.contains("$argon2id$v=19$m=19456,t=2,p=1,keyid="), "no hashes in what is looked through");
    for secret in secrets {
        assert!(!dump.contains(secret), "{secret} is stored");
    }
}

/// Every text of every table that has to do with access.
fn dump(r: &Restaurant) -> String {
    use mysql::prelude::Queryable;
    let tables = ["funcionarios", "terminais", "sessoes", "tentativas", "auditoria", "chaves", "eventos"];
    let mut dump = String::new();
    for table in tables {
        let sql = format!("SELECT * FROM {table}");
        match &r.schema {
            Some(schema) => {
                let rows: Vec<mysql::Row> = schema.connection().query(sql).unwrap();
                assert!(table == "eventos" || !rows.is_empty(), "{table}");
                for value in rows.iter().flat_map(|row| row.clone().unwrap()) {
                    if let mysql::Value::Bytes(bytes) = value {
                        dump += &format!("{}\n", String::from_utf8_lossy(&bytes));
                    }
                }
            }
            None => {
                let conn = rusqlite::Connection::open(r.folder.0.join("r.db")).unwrap();
                let mut statement = conn.prepare(&sql).unwrap();
                let columns = statement.column_count();
                let mut rows = statement.query([]).unwrap();
                while let Some(row) = rows.next().unwrap() {
                    let value = |i| row.get::<_, rusqlite::types::Value>(i).unwrap();
                    (0..columns).for_each(|i| dump += &format!("{:?}\n", value(i)));
                }
            }
        }
    }
    dump
}

fn what_is_done_is_in_the_trail(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let ana = crew.hire("balcao", "2684");
    let device = crew.device("balcao");
    device.log_in(&crew.r, ana, "2684");
    crew.manage("PUT", &format!("/funcionarios/{ana}"), Some(&json!({"pin": "3571"}))).ok();
    crew.manage("DELETE", &format!("/funcionarios/{ana}/sessoes"), None).ok();
    crew.manage("DELETE", &format!("/funcionarios/{ana}"), None).ok();
    crew.manage("DELETE", &format!("/terminais/{}", device.id), None).ok();
    let trail = crew.manage("GET", "/auditoria", None).ok();
    let entry = |e: &serde_json::Value| {
        [&e["tipo"], &e["ator"], &e["alvo"], &e["detalhe"]].map(|v| v.as_str().map(str::to_owned))
    };
    let (person, terminal) = (format!("funcionario:{ana}"), format!("terminal:{}", device.id));
    let wanted = [
        ["terminal_revogado", "chave:1", &terminal, ""],
        ["funcionario_desligado", "chave:1", &person, ""],
        ["sessoes_encerradas", "chave:1", &person, ""],
        ["funcionario_alterado", "chave:1", &person, "pin"],
        ["sessao_iniciada", &person, &terminal, ""],
        ["terminal_inscrito", &terminal, &terminal, ""],
        ["terminal_criado", "chave:1", &terminal, "balcao: Terminal de balcao"],
        ["funcionario_criado", "chave:1", &person, "balcao: Alguém de balcao"],
    ];
    let wanted = wanted.map(|e| e.map(|text| (!text.is_empty()).then(|| text.to_owned())));
    let found: Vec<_> = trail.as_array().unwrap().iter().map(entry).take(wanted.len()).collect();
    assert_eq!(found, wanted);
}
