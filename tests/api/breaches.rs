//! What an attack on the doors has found, each held shut.

use serde_json::{Value, json};

use crate::{
    Database, Restaurant,
    crew::{Crew, Device, enrol},
    on_both_databases,
    restaurant::wait_until,
};

on_both_databases!(
    sessions_do_not_follow_a_terminal_to_its_next_device,
    a_cut_off_terminal_comes_back_without_its_sessions,
    a_manager_who_approves_gives_no_lasting_power_away,
    looks_at_customers_by_people_are_in_the_trail,
    nobody_orders_on_the_name_of_somebody,
    a_short_key_that_two_share_tells_no_secret,
    a_password_that_is_taken_away_ends_the_sessions,
    a_dead_credential_does_not_hide_the_secret_of_an_order,
    two_lines_that_say_who_calls_are_refused,
    the_kitchen_is_not_shown_a_cancelled_order_by_changing_nothing,
    refusals_push_nothing_else_out_of_the_trail,
    another_pepper_is_told_at_the_start,
);

fn closed(database: Database) -> Crew {
    Crew::new(Restaurant::new(database))
}

/// Another device in place of the one that a terminal has.
fn enrol_again(crew: &Crew, device: &Device) -> Device {
    let made = crew.manage("POST", &format!("/terminais/{}/codigo", device.id), Some(&json!({}))).ok();
    let enrolled = enrol(&crew.r, made["codigo"].as_str().unwrap()).ok();
    Device { id: device.id, token: enrolled["token"].as_str().unwrap().to_owned() }
}

fn order() -> Value {
    json!({"itens": [{"produto": 1, "quantidade": 1}]})
}

fn sessions_do_not_follow_a_terminal_to_its_next_device(database: Database) {
    let crew = closed(database);
    let (ana, other) = (crew.hire("gerente", "2580"), crew.r.another_process());
    let lost = crew.device("gerente");
    let session = lost.log_in(&crew.r, ana, "2580");
    assert!(session.lasts(&crew.r) && session.lasts(&other));
    let next = enrol_again(&crew, &lost);
    assert!(!session.lasts(&crew.r));
    wait_until("it is over on the other process", || !session.lasts(&other));
    assert!(next.log_in(&crew.r, ana, "2580").lasts(&crew.r) && !session.lasts(&crew.r));
}

fn a_cut_off_terminal_comes_back_without_its_sessions(database: Database) {
    let crew = closed(database);
    let ana = crew.hire("balcao", "2580");
    let device = crew.device("balcao");
    let session = device.log_in(&crew.r, ana, "2580");
    for _ in 0..4 {
        let person = crew.hire("cozinha", "1379");
        (0..5).for_each(|_| drop(device.try_log_in(&crew.r, person, "0000")));
    }
    assert!(!session.lasts(&crew.r), "the terminal is not cut off");
    enrol_again(&crew, &device);
    assert!(!session.lasts(&crew.r));
}

fn a_manager_who_approves_gives_no_lasting_power_away(database: Database) {
    let crew = closed(database);
    let (cook, chief) = (crew.hire("cozinha", "1379"), crew.hire("gerente", "2580"));
    let session = crew.device("cozinha").log_in(&crew.r, cook, "1379");
    let approved = format!("{chief}:2580");
    let headers = [("Sec-Fetch-Site", "same-origin"), ("X-Aprovador", approved.as_str())];
    let key = json!({"papel": "gerente", "nome": "minha"});
    let person = json!({"nome": "Eu", "papel": "gerente", "pin": "1379"});
    for (path, body) in [("/chaves", key), ("/funcionarios", person)] {
        let response = session.send_with(&crew.r, "POST", path, &headers, Some(&body));
        assert_eq!(
            (response.status, response.json()["codigo"].as_str()),
            (403, Some("so_gerente")),
            "{path}"
        );
    }
    session.send_with(&crew.r, "GET", "/clientes/1", &headers, None).ok();
}

fn looks_at_customers_by_people_are_in_the_trail(database: Database) {
    let crew = closed(database);
    let (chief, counter) = (crew.hire("gerente", "2580"), crew.hire("balcao", "1379"));
    let device = crew.device("gerente");
    let looks = || crew.r.count("SELECT COUNT(*) FROM auditoria WHERE tipo = 'cliente_visto'");
    device.log_in(&crew.r, chief, "2580").send(&crew.r, "GET", "/clientes/1", None).ok();
    assert_eq!(looks(), 1);
    let session = device.log_in(&crew.r, counter, "1379");
    session.send(&crew.r, "GET", "/clientes?cpf=52998224725", None).ok();
    assert_eq!(looks(), 2);
    let by = format!(
        "SELECT COUNT(*) FROM auditoria WHERE tipo = 'cliente_visto' AND ator = 'funcionario:{chief}'"
    );
    assert_eq!(crew.r.count(&by), 1);
}

fn nobody_orders_on_the_name_of_somebody(database: Database) {
    let crew = closed(database);
    let of = |cliente: i64| json!({"id_cliente": cliente, "itens": [{"produto": 1, "quantidade": 1}]});
    for cliente in [1, 999_999] {
        assert_eq!(crew.r.post("/pedidos/checkout", of(cliente)).invalid_fields(), ["id_cliente"]);
    }
    crew.r.post("/pedidos/checkout", order()).ok();
    assert_eq!(crew.manage("POST", "/pedidos/checkout", Some(&of(1))).ok()["cliente"], 1);
}

fn a_short_key_that_two_share_tells_no_secret(database: Database) {
    let crew = closed(database);
    let ask = |key: &str| {
        let headers = [("Idempotency-Key", key)];
        crew.r.request("POST", "/pedidos/checkout", &headers, Some(&order().to_string())).ok()
    };
    let (first, again) = (ask("1"), ask("1"));
    assert_eq!(first["id"], again["id"]);
    assert!(first["acompanhamento"].is_string() && again.get("acompanhamento").is_none());
    let long = "a-key-that-nobody-hits-upon";
    assert_eq!(ask(long), ask(long));
}

fn a_password_that_is_taken_away_ends_the_sessions(database: Database) {
    let crew = closed(database);
    let chief = crew.hire_manager("2580", "uma senha comprida");
    let body = json!({"funcionario": chief, "senha": "uma senha comprida"});
    let begun = crew.r.post("/sessoes", body);
    let session = crate::crew::Session::of(&begun);
    assert!(session.lasts(&crew.r));
    crew.manage("PUT", &format!("/funcionarios/{chief}"), Some(&json!({"senha": null}))).ok();
    assert!(!session.lasts(&crew.r));
    let noted = "SELECT COUNT(*) FROM auditoria WHERE tipo = 'funcionario_alterado' AND detalhe = 'senha'";
    assert_eq!(crew.r.count(noted), 1);
}

fn a_dead_credential_does_not_hide_the_secret_of_an_order(database: Database) {
    let crew = closed(database);
    let order = crew.r.post("/pedidos/checkout", order()).ok();
    let path = format!("/pedidos/{}", order["id"]);
    let secret = order["acompanhamento"].as_str().unwrap();
    let headers = [("X-Acompanhamento", secret), ("Authorization", "Bearer amb_9_nothing")];
    assert_eq!(crew.r.request("GET", &path, &headers, None).ok()["id"], order["id"]);
    crew.r.request("DELETE", &path, &headers, None).ok();
    let events = crew.manage("GET", &format!("{path}/eventos"), None).ok();
    assert_eq!(events.as_array().unwrap().last().unwrap()["ator"], "cliente");
}

fn two_lines_that_say_who_calls_are_refused(database: Database) {
    let crew = closed(database);
    let ana = crew.hire("balcao", "2684");
    let session = crew.device("balcao").log_in(&crew.r, ana, "2684");
    let bearer = format!("Bearer {}", crew.key);
    let get = |headers: &[(&str, &str)]| crew.r.request("GET", "/pedidos/1", headers, None);
    for (name, good, bad) in [
        ("Cookie", session.cookie.as_str(), "ambrosia=ams_outra"),
        ("Authorization", bearer.as_str(), "Bearer amb_9_outra"),
    ] {
        get(&[(name, good)]).ok();
        for two in [[good, bad], [bad, good], [good, good]] {
            let refused = get(&[(name, two[0]), (name, two[1])]);
            refused.problem(400, &format!("O cabeçalho {name} deve vir uma só vez"));
        }
    }
    let public = crew.r.request("GET", "/produtos", &[("Cookie", "a=1"), ("cookie", "b=2")], None);
    assert_eq!(public.status, 400);
}

fn the_kitchen_is_not_shown_a_cancelled_order_by_changing_nothing(database: Database) {
    let crew = closed(database);
    let cook = crew.hire("cozinha", "1379");
    let session = crew.device("cozinha").log_in(&crew.r, cook, "1379");
    let id = crew.r.post("/pedidos/checkout", order()).ok()["id"].as_i64().unwrap();
    let put = |body: Value, more: &[(&str, &str)]| {
        let headers = [&[("Sec-Fetch-Site", "same-origin")], more].concat();
        session.send_with(&crew.r, "PUT", "/pedidos", &headers, Some(&body))
    };
    // On the kitchen's list it may be seen.
    assert_eq!(put(json!({"id": id}), &[]).ok()["id"], id);
    crew.manage("DELETE", &format!("/pedidos/{id}"), None).ok();
    let detail = "O pedido está cancelado e não pode mais mudar";
    for body in [json!({"id": id}), json!({"id": id, "status_pedido": 5}), json!({"id": id, "cliente": 1})] {
        for more in [&[][..], &[("If-Match", "\"0\"")], &[("If-Match", "*")]] {
            let refused = put(body.clone(), more);
            let problem = refused.problem(409, detail);
            assert!(problem.get("pedido").is_none() && refused.header("etag").is_none(), "{problem}");
        }
    }
    let counter = crew.manage("PUT", "/pedidos", Some(&json!({"id": id})));
    assert_eq!(counter.ok()["status_pedido"], 5);
}

fn refusals_push_nothing_else_out_of_the_trail(database: Database) {
    let mut crew = closed(database);
    let count = |crew: &Crew, of: &str| crew.r.count(&format!("SELECT COUNT(*) FROM auditoria WHERE {of}"));
    crew.r.kill();
    crew.r.sql("DELETE FROM auditoria WHERE tipo = 'acesso_negado'");
    let kept = count(&crew, "1 = 1");
    let insert = |tipo: &str, ator: &str, rows: usize| {
        let row = format!("('2039-01-01 00:00:00', '{tipo}', '{ator}', 'x')");
        let sql = "INSERT INTO auditoria (datahora, tipo, ator, alvo) VALUES ";
        crew.r.sql(&format!("{sql}{}", vec![row; rows].join(", ")));
    };
    // Before the flood, and so the oldest.
    insert("acesso_negado", "chave:7", 3);
    insert("cliente_apagado", "funcionario:7", 2);
    (0..12).for_each(|_| insert("acesso_negado", "anonimo", 1000));
    crew.r.restart();
    let strangers = "tipo = 'acesso_negado' AND ator = 'anonimo'";
    wait_until("the flood is cut", || count(&crew, strangers) <= 10_000);
    assert_eq!(count(&crew, strangers), 10_000);
    assert_eq!(count(&crew, "ator = 'chave:7'"), 3);
    assert_eq!(count(&crew, "tipo <> 'acesso_negado'"), kept + 2);
}

fn another_pepper_is_told_at_the_start(database: Database) {
    let crew = Crew::new(Restaurant::with_environment(database, &[("PEPPER", "pimenta")]));
    crew.hire("balcao", "2684");
    let gone = crew.hire("cozinha", "2684");
    crew.manage("DELETE", &format!("/funcionarios/{gone}"), None).ok();
    let told = |log: &str| log.matches("PEPPER is not what the PINs").count();
    let other = crew.r.process_without_settings();
    wait_until("it is told", || told(&crew.r.log()) == 1);
    assert!(crew.r.log().contains("of 1 people were made with"), "{}", crew.r.log());
    drop(other);
    // With the same one nothing is.
    let same = crew.r.another_process();
    wait_until("it has started", || crew.r.log().matches("data in").count() >= 3);
    assert_eq!(same.request("GET", "/sessoes/atual", &[], None).status, 401);
    assert_eq!(told(&crew.r.log()), 1);
}
