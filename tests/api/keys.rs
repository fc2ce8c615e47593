//! Keys: made, listed and revoked on the command line and by the API; what they are worth at once and elsewhere; and the
//! trail that they leave.

use serde_json::{Value, json};

use crate::{
    Database, Restaurant, on_both_databases,
    restaurant::{Response, wait_until},
    staff::{Caller, MANY_ADDRESSES, chave, create_key, id_of, printed, rows},
};

on_both_databases!(
    a_key_made_on_the_command_line_is_printed_once_and_stored_nowhere,
    a_key_made_by_the_api_opens_what_its_role_may,
    another_process_sees_changes_within_a_second,
    the_doors_stay_closed_when_the_only_manager_key_is_revoked,
    the_trail_tells_of_keys_and_refusals,
    events_name_the_key_or_the_customer,
    the_kitchen_moves_orders_up_to_ready_and_back,
    the_counter_cancels_unpaid_orders_and_the_manager_paid_ones,
    everything_outlasts_a_restart,
    an_expired_key_opens_nothing,
);

const CLOSED: [(&str, &str); 2] = [MANY_ADDRESSES, ("ACCESS", "closed")];

fn closed(database: Database) -> (Restaurant, Caller) {
    let r = Restaurant::with_environment(database, &CLOSED);
    let gerente = with_role(&r, "gerente");
    (r, gerente)
}

/// With a new key of this role, once the running process knows it.
fn with_role(r: &Restaurant, papel: &str) -> Caller {
    let key = create_key(r, papel);
    // All from one address: only so many refusals are noted in the trail.
    let headers = [("X-Forwarded-For", "192.0.2.1"), ("Authorization", &format!("Bearer {key}"))];
    let status = || r.request("GET", "/pedidos/finalizados", &headers, None).status;
    wait_until("the key is known", || [200, 403].contains(&status()));
    Caller::with_key(key)
}

fn checkout(r: &Restaurant) -> Value {
    Caller::nobody().post(r, "/pedidos/checkout", json!({"itens": [{"produto": 1, "quantidade": 1}]})).ok()
}

fn owner_of(pedido: &Value) -> Caller {
    Caller::with_secret(pedido["acompanhamento"].as_str().unwrap())
}

fn path(pedido: &Value, rest: &str) -> String {
    format!("/pedidos/{}{rest}", pedido["id"])
}

/// Everything that the database holds of keys and of what was said about them.
fn stored(r: &Restaurant) -> String {
    ["chaves", "auditoria", "eventos", "idempotencia", "restaurante"]
        .iter()
        .flat_map(|table| rows(r, &format!("SELECT * FROM {table}")))
        .collect()
}

/// The part of a key that nobody else may know.
fn random_part(key: &str) -> &str {
    key.splitn(3, '_').nth(2).unwrap()
}

#[track_caller]
fn codigo(response: &Response, status: u16) -> String {
    assert_eq!(response.status, status, "{}", response.body);
    response.json()["codigo"].as_str().unwrap().to_owned()
}

fn a_key_made_on_the_command_line_is_printed_once_and_stored_nowhere(database: Database) {
    let r = Restaurant::with_environment(database, &[("ACCESS", "closed"), ("LOG_LEVEL", "trace")]);
    let key = printed(&chave(&r, &["criar", "gerente", "Dona", "Zilda"]));
    assert!(key.starts_with("amb_1_") && random_part(&key).len() == 43, "{key}");
    let gerente = Caller::with_key(&key);
    wait_until("the key is known", || gerente.get(&r, "/clientes").status == 200);
    let listed = gerente.get(&r, "/chaves");
    assert_eq!(listed.ok()[0]["nome"], "Dona Zilda");
    assert_eq!(listed.ok()[0]["criada_por"], "terminal");
    let listing = String::from_utf8(chave(&r, &["listar"]).stdout).unwrap();
    assert_eq!(listing, "1\tgerente\tvale\tDona Zilda\n");
    // Neither the whole nor its random part is anywhere.
    let secret = random_part(&key);
    for (place, text) in [
        ("/chaves", listed.body),
        ("/auditoria", gerente.get(&r, "/auditoria").body),
        ("the list", listing),
        ("the database", stored(&r)),
        ("the log", r.log()),
    ] {
        assert!(!text.contains(secret), "{place}: {text}");
    }
    if database == Database::Sqlite {
        assert_eq!(crate::privacy::found_in_files(&r, &[secret.to_owned()]), Vec::<String>::new());
    }
    printed_nothing(&chave(&r, &["revogar", "1"]));
    wait_until("the key opens nothing", || gerente.get(&r, "/clientes").status == 401);
    let listing = String::from_utf8(chave(&r, &["listar"]).stdout).unwrap();
    assert_eq!(listing, "1\tgerente\trevogada\tDona Zilda\n");
}

#[track_caller]
fn printed_nothing(output: &std::process::Output) {
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_wrong_command_says_so_in_one_line_and_makes_no_key() {
    let r = Restaurant::new(Database::Sqlite);
    for (arguments, code) in [
        (&["criar"][..], 2),
        (&["criar", "gerente"], 2),
        (&["criar", "gerente", ""], 2),
        (&["criar", "Gerente", "Ana"], 2),
        (&["criar", "dono", "Ana"], 2),
        (&["listar", "tudo"], 2),
        (&["revogar"], 2),
        (&["revogar", "um"], 2),
        (&["revogar", "99"], 1),
        (&[], 2),
    ] {
        let output = chave(&r, arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty() && errors.matches('\n').count() == 1, "{arguments:?}: {errors}");
    }
    assert_eq!(r.count("SELECT COUNT(*) FROM chaves"), 0);
    assert_eq!(r.get("/clientes").status, 200);
}

fn a_key_made_by_the_api_opens_what_its_role_may(database: Database) {
    let (r, gerente) = closed(database);
    let made = gerente.post(&r, "/chaves", json!({"papel": "cozinha", "nome": "Tablet", "validade_dias": 2}));
    let key = made.ok()["chave"].as_str().unwrap().to_owned();
    let cozinha = Caller::with_key(&key);
    // At once in this process.
    cozinha.get(&r, "/pedidos/finalizados").ok();
    assert_eq!(codigo(&cozinha.get(&r, "/clientes"), 403), "sem_permissao");
    assert_eq!(codigo(&cozinha.get(&r, "/chaves"), 403), "sem_permissao");
    let listed = gerente.get(&r, "/chaves").ok();
    assert_eq!((&listed[0]["nome"], &listed[0]["papel"]), (&json!("Tablet"), &json!("cozinha")));
    assert_eq!(listed[0]["criada_por"], "chave:1");
    assert!(listed[0]["expira_em"].is_string() && listed[0]["chave"].is_null());
    assert!(!(stored(&r) + &r.log()).contains(random_part(&key)));
    for (body, fields) in [
        (json!({}), vec!["papel", "nome"]),
        (json!({"papel": "dono", "nome": "x"}), vec!["papel"]),
        (json!({"papel": "gerente", "nome": ""}), vec!["nome"]),
        (json!({"papel": "gerente", "nome": "x", "validade_dias": 0}), vec!["validade_dias"]),
    ] {
        assert_eq!(gerente.post(&r, "/chaves", body).invalid_fields(), fields);
    }
    let revoke = format!("/chaves/{}", id_of(&key));
    assert_eq!(gerente.delete(&r, &revoke).ok(), true);
    assert_eq!(codigo(&cozinha.get(&r, "/pedidos/finalizados"), 401), "chave_invalida");
    // Again is the same, and keeps when it was first.
    let first = gerente.get(&r, "/chaves").ok()[0]["revogada_em"].clone();
    gerente.delete(&r, &revoke).ok();
    assert_eq!(gerente.get(&r, "/chaves").ok()[0]["revogada_em"], first);
    gerente.delete(&r, "/chaves/99").problem(404, "Chave não encontrada");
}

fn another_process_sees_changes_within_a_second(database: Database) {
    let r = Restaurant::with_environment(database, &[]);
    let other = r.another_process();
    let status = |path: &str, key: &str| {
        other.request("GET", path, &[("Authorization", &format!("Bearer {key}"))], None).status
    };
    assert_eq!(status("/clientes", ""), 200);
    // Closed by the command line.
    let key = create_key(&r, "gerente");
    let changed = std::time::Instant::now();
    wait_until("the other process closes its doors", || status("/clientes", "") == 401);
    assert!(changed.elapsed().as_millis() < 3000, "{:?}", changed.elapsed());
    assert_eq!(status("/clientes", &key), 200);
    // Made and revoked by the API of the first process.
    wait_until("the first process closes its doors", || r.get("/clientes").status == 401);
    let gerente = Caller::with_key(&key);
    let made = gerente.post(&r, "/chaves", json!({"papel": "balcao", "nome": "Caixa"})).ok();
    let balcao = made["chave"].as_str().unwrap();
    wait_until("the other process knows the key", || status("/pedidos/finalizados", balcao) == 200);
    gerente.delete(&r, &format!("/chaves/{}", made["id"])).ok();
    wait_until("the other process knows that it is revoked", || {
        status("/pedidos/finalizados", balcao) != 200
    });
    // Revoked by the command line.
    let second = create_key(&r, "gerente");
    wait_until("the other process knows the second key", || status("/clientes", &second) == 200);
    printed_nothing(&chave(&r, &["revogar", &id_of(&second).to_string()]));
    let changed = std::time::Instant::now();
    wait_until("the other process refuses the second key", || status("/clientes", &second) != 200);
    assert!(changed.elapsed().as_millis() < 3000, "{:?}", changed.elapsed());
    assert_eq!(status("/clientes", &key), 200);
}

fn the_doors_stay_closed_when_the_only_manager_key_is_revoked(database: Database) {
    let mut r = Restaurant::with_environment(database, &[MANY_ADDRESSES]);
    let gerente = Caller::with_key(create_key(&r, "gerente"));
    wait_until("the doors are closed", || r.get("/clientes").status == 401);
    gerente.delete(&r, "/chaves/1").ok();
    assert_eq!(codigo(&gerente.get(&r, "/clientes"), 401), "chave_invalida");
    assert_eq!(codigo(&r.get("/clientes"), 401), "sem_credencial");
    r.kill();
    r.restart();
    assert_eq!(codigo(&r.get("/clientes"), 401), "sem_credencial");
    // The command line is the way back in.
    let again = with_role(&r, "gerente");
    again.get(&r, "/clientes").ok();
}

fn the_trail_tells_of_keys_and_refusals(database: Database) {
    let (r, gerente) = closed(database);
    let made = gerente.post(&r, "/chaves", json!({"papel": "cozinha", "nome": "Tablet"})).ok();
    let cozinha = Caller::with_key(made["chave"].as_str().unwrap());
    cozinha.get(&r, "/clientes/1").problem(403, "Esta chave não dá acesso a isto: é preciso ser «gerente»");
    // Who opens a page is led to the way in; the form of one is refused.
    assert_eq!(cozinha.get(&r, "/caixa").status, 303);
    assert_eq!(cozinha.post(&r, "/caixa/entrega", json!({})).status, 303);
    gerente.delete(&r, "/chaves/2").ok();
    cozinha.get(&r, "/pedidos/finalizados");
    Caller::nobody().delete(&r, "/produtos/1");
    let trail = gerente.get(&r, "/auditoria").ok();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let entries: Vec<_> = trail.as_array().unwrap().iter().rev().collect();
    // Waiting for the first key was refused now and then.
    let entries: Vec<[String; 3]> = entries
        .into_iter()
        .map(|e| [text(&e["tipo"]), text(&e["ator"]), text(&e["alvo"])])
        .filter(|[_, ator, alvo]| !(ator == "anonimo" && alvo == "GET /pedidos/finalizados"))
        // Whether there is a manager before the process invites one is a race.
        .filter(|[tipo, ..]| tipo != "convite_criado")
        .collect();
    let expected = [
        ["chave_criada", "terminal", "chave:1"],
        ["chave_criada", "chave:1", "chave:2"],
        ["acesso_negado", "chave:2", "GET /clientes/{id}"],
        ["acesso_negado", "chave:2", "POST /caixa/entrega"],
        ["chave_revogada", "chave:1", "chave:2"],
        ["acesso_negado", "anonimo", "DELETE /produtos/{id}"],
    ];
    assert_eq!(entries, expected);
    let last = &trail[0];
    assert!(text(&last["detalhe"]).starts_with("10.") && text(&last["detalhe"]).ends_with(": sem chave"));
    assert_eq!(gerente.get(&r, "/auditoria?limite=2").ok().as_array().unwrap().len(), 2);
}

#[test]
fn a_thousand_refusals_of_one_address_write_a_handful() {
    let r = Restaurant::with_environment(Database::Sqlite, &[("ACCESS", "closed"), ("LOG_LEVEL", "warn")]);
    for _ in 0..1000 {
        assert_eq!(r.get("/clientes").status, 401);
    }
    let written = r.count("SELECT COUNT(*) FROM auditoria");
    assert!((1..20).contains(&written), "{written}");
}

fn events_name_the_key_or_the_customer(database: Database) {
    let (r, gerente) = closed(database);
    let (cozinha, balcao) = (with_role(&r, "cozinha"), with_role(&r, "balcao"));
    let actors = |pedido: &Value| -> Vec<String> {
        let events = gerente.get(&r, &path(pedido, "/eventos")).ok();
        let words = |e: &Value| format!("{} {}", e["tipo"], e["ator"]).replace('"', "");
        events.as_array().unwrap().iter().map(words).filter(|e| !e.starts_with("qr ")).collect()
    };
    let pedido = checkout(&r);
    balcao.post(&r, &path(&pedido, "/pagamento"), json!({"meio": "dinheiro", "responsavel": "Ana"})).ok();
    cozinha.put(&r, "/pedidos", json!({"id": pedido["id"], "status_pedido": 2})).ok();
    balcao.put(&r, "/pedidos", json!({"id": pedido["id"], "cliente": 1})).ok();
    gerente.post(&r, &path(&pedido, "/cancelamento"), json!({"motivo": "acabou"})).ok();
    let (cozinha, balcao) = [&cozinha, &balcao].map(|c| id_of(c.key.as_ref().unwrap())).into();
    let expected = [
        "recebido cliente".to_owned(),
        format!("pagamento chave:{balcao}"),
        format!("movimento chave:{cozinha}"),
        format!("cliente chave:{balcao}"),
        "cancelamento chave:1".to_owned(),
        "pagamento chave:1".to_owned(),
    ];
    assert_eq!(actors(&pedido), expected);
    let own = checkout(&r);
    assert_eq!(owner_of(&own).delete(&r, &path(&own, "")).ok(), true);
    assert_eq!(actors(&own)[..2], ["recebido cliente", "cancelamento cliente"]);
}

fn the_kitchen_moves_orders_up_to_ready_and_back(database: Database) {
    let (r, gerente) = closed(database);
    let cozinha = with_role(&r, "cozinha");
    let pedido = checkout(&r);
    let id = &pedido["id"];
    let see = || {
        let mut now = gerente.get(&r, &path(&pedido, "")).ok();
        now.as_object_mut().unwrap().remove("acompanhamento");
        now
    };
    let to = |status: i64| cozinha.put(&r, "/pedidos", json!({"id": id, "status_pedido": status}));
    let refused = |body: Value| {
        let before = see();
        let response = cozinha.put(&r, "/pedidos", body);
        response.problem(403, "Esta chave não dá acesso a isto: é preciso ser «balcão»");
        assert_eq!(see(), before);
    };
    for status in [2, 1, 3, 2, 3] {
        assert_eq!(to(status).ok()["status_pedido"], status);
    }
    refused(json!({"id": id, "status_pedido": 4}));
    refused(json!({"id": id, "status_pedido": 5}));
    refused(json!({"id": id, "cliente": 1}));
    refused(json!({"id": id, "status_pedido": 2, "cliente": 2}));
    // The whole order, sent back as it is, is no change.
    cozinha.put(&r, "/pedidos", see()).ok();
    with_role(&r, "balcao").put(&r, "/pedidos", json!({"id": id, "status_pedido": 4, "cliente": 1})).ok();
    refused(json!({"id": id, "status_pedido": 3}));
    refused(json!({"id": id, "cliente": null}));
    cozinha
        .put(&r, "/pedidos", json!({"id": 99999, "status_pedido": 2}))
        .problem(404, "Pedido não encontrado");
    gerente.put(&r, "/pedidos", json!({"id": id, "status_pedido": 3})).ok();
}

fn the_counter_cancels_unpaid_orders_and_the_manager_paid_ones(database: Database) {
    let (r, gerente) = closed(database);
    let balcao = with_role(&r, "balcao");
    let motivo = json!({"motivo": "desistiu"});
    let unpaid = checkout(&r);
    let cancelled = balcao.post(&r, &path(&unpaid, "/cancelamento"), motivo.clone()).ok();
    assert_eq!(cancelled["status_pedido"], 5);
    let paid = checkout(&r);
    let payment = json!({"meio": "dinheiro", "responsavel": "Ana"});
    balcao.post(&r, &path(&paid, "/pagamento"), payment).ok();
    let before = gerente.get(&r, &path(&paid, "")).ok();
    balcao
        .post(&r, &path(&paid, "/cancelamento"), motivo.clone())
        .problem(403, "Esta chave não dá acesso a isto: é preciso ser «gerente»");
    for caller in [&balcao, &owner_of(&paid), &gerente] {
        let detail = "Pedido já pago: para cancelar é preciso reembolsar o cliente";
        caller.delete(&r, &path(&paid, "")).problem(409, detail);
    }
    assert_eq!(gerente.get(&r, &path(&paid, "")).ok(), before);
    let cancelled = gerente.post(&r, &path(&paid, "/cancelamento"), motivo).ok();
    assert_eq!((&cancelled["status_pedido"], &cancelled["status_pagamento"]), (&json!(5), &json!(4)));
}

#[test]
fn wrong_keys_are_limited_and_right_ones_of_the_same_address_are_not() {
    let mut r = Restaurant::with_environment(Database::Sqlite, &[("ACCESS", "closed")]);
    let key = create_key(&r, "gerente");
    // Asking whether the running process knows the key would count as a wrong try.
    r.kill();
    r.restart();
    let get =
        |key: &str, path: &str| r.request("GET", path, &[("Authorization", &format!("Bearer {key}"))], None);
    let last = if key.ends_with('A') { 'E' } else { 'A' };
    let wrong = format!("{}{last}", &key[..key.len() - 1]);
    for _ in 0..5 {
        assert_eq!(codigo(&get(&wrong, "/clientes"), 401), "chave_invalida");
    }
    for _ in 0..3 {
        let limited = get(&wrong, "/clientes");
        assert_eq!(codigo(&limited, 429), "limite_excedido");
        let seconds: u64 = limited.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
    get(&key, "/clientes").ok();
    // What is public is not held back, and tells nothing.
    assert_eq!(get(&wrong, "/pedidos").ok(), r.get("/pedidos").ok());
    assert_eq!(codigo(&r.get("/clientes"), 401), "sem_credencial");
    assert_eq!(get("token-de-outro-sistema", "/clientes").status, 401);
}

#[test]
fn a_key_counts_in_its_header_only() {
    let (r, gerente) = closed(Database::Sqlite);
    let key = gerente.key.as_deref().unwrap();
    for name in ["chave", "key", "token", "access_token", "authorization", "Authorization", "bearer"] {
        for path in [format!("/clientes?{name}={key}"), format!("/clientes?{name}=Bearer%20{key}")] {
            assert_eq!(codigo(&r.get(&path), 401), "sem_credencial", "{path}");
        }
    }
    for (name, value) in [
        ("Authorization", key.to_owned()),
        ("Authorization", format!("Basic {key}")),
        ("Authorization", format!("Bearer {key} x")),
        ("Authorization", format!("Bearer {}", key.to_uppercase())),
        ("Authorization", format!("Bearer {}", &key[..key.len() - 1])),
        ("Cookie", format!("chave={key}; authorization=Bearer {key}")),
        ("X-Acompanhamento", key.to_owned()),
        ("Proxy-Authorization", format!("Bearer {key}")),
        ("X-Forwarded-Authorization", format!("Bearer {key}")),
    ] {
        let headers = [("X-Forwarded-For", "198.51.100.9"), (name, value.as_str())];
        let status = r.request("GET", "/clientes", &headers, None).status;
        assert!([401, 429].contains(&status), "{name}: {value}: {status}");
    }
    // The scheme in any case.
    r.request("GET", "/clientes", &[("authorization", &format!("bEARER  {key}"))], None).ok();
    assert!(!r.log().contains(random_part(key)));
}

fn everything_outlasts_a_restart(database: Database) {
    let mut r = Restaurant::with_environment(database, &[MANY_ADDRESSES]);
    let gerente = with_role(&r, "gerente");
    wait_until("the doors are closed", || r.get("/clientes").status == 401);
    let revoked = with_role(&r, "balcao");
    gerente.delete(&r, "/chaves/2").ok();
    let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
    // The addresses of the requests differ, and a long key is the same for all.
    let key = [("Idempotency-Key", "uma-chave-bem-comprida")];
    let order = |r: &Restaurant| r.request("POST", "/pedidos/checkout", &key, Some(&body));
    let first = order(&r).ok();
    let again = order(&r);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.ok()["acompanhamento"], first["acompanhamento"]);
    assert_eq!(first["acompanhamento"].as_str().unwrap().len(), 22);
    let trail = gerente.get(&r, "/auditoria").ok();
    r.kill();
    r.restart();
    assert_eq!(gerente.get(&r, "/auditoria").ok(), trail);
    assert_eq!(revoked.get(&r, "/pedidos/finalizados").status, 401);
    assert_eq!(order(&r).ok()["acompanhamento"], first["acompanhamento"]);
    owner_of(&first).get(&r, &path(&first, "")).ok();
    // A second process knows the secret too; and no other answer tells it.
    let other = r.another_process();
    let secret = first["acompanhamento"].as_str().unwrap();
    let seen = other.request("GET", &path(&first, ""), &[("X-Acompanhamento", secret)], None);
    assert!(seen.ok()["acompanhamento"].is_null());
    assert!(!gerente.get(&r, "/pedidos").body.contains("acompanhamento"));
    assert!(!stored(&r).contains(secret) && !r.log().contains(secret));
}

fn an_expired_key_opens_nothing(database: Database) {
    let (r, gerente) = closed(database);
    let made =
        gerente.post(&r, "/chaves", json!({"papel": "balcao", "nome": "Festa", "validade_dias": 1})).ok();
    let balcao = Caller::with_key(made["chave"].as_str().unwrap());
    balcao.get(&r, "/pedidos/finalizados").ok();
    r.sql("UPDATE chaves SET expira_em = '2026-01-01 00:00:00' WHERE id = 2");
    r.sql("UPDATE restaurante SET versao_acesso = versao_acesso + 1");
    wait_until("the key has expired", || balcao.get(&r, "/pedidos/finalizados").status == 401);
}

#[test]
fn it_is_known_when_a_key_was_last_used() {
    let r = Restaurant::with_environment(Database::Sqlite, &CLOSED);
    let (used, unused) = (create_key(&r, "gerente"), create_key(&r, "gerente"));
    let mut other = r.another_process();
    other.request("GET", "/clientes", &[("Authorization", &format!("Bearer {used}"))], None).ok();
    // Uses are stored now and then, and when a process ends.
    assert_eq!(other.terminate(), Some(0));
    let caller = Caller::with_key(&unused);
    wait_until("the key is known", || caller.get(&r, "/chaves").status == 200);
    let listed = caller.get(&r, "/chaves").ok();
    assert!(listed[1]["usada_em"].is_string(), "{listed}");
    assert!(listed[0]["usada_em"].is_null(), "{listed}");
}

#[test]
fn with_closed_doors_a_simulated_payment_needs_the_counter() {
    let (r, _) = closed(Database::Sqlite);
    let pedido = checkout(&r);
    let news = json!({"id": pedido["id_pagamento"], "action": "state_FINISHED"});
    let tell = |caller: &Caller| caller.post(&r, "/pedidos/status_pagamento", news.clone());
    assert_eq!(codigo(&tell(&Caller::nobody()), 401), "sem_credencial");
    assert_eq!(codigo(&tell(&owner_of(&pedido)), 401), "sem_credencial");
    for papel in ["cozinha", "totem", "maquina"] {
        assert_eq!(codigo(&tell(&with_role(&r, papel)), 403), "sem_permissao", "{papel}");
    }
    let seen = || owner_of(&pedido).get(&r, &path(&pedido, "")).ok()["status_pagamento"].clone();
    assert_eq!(seen(), 1);
    assert_eq!(tell(&with_role(&r, "balcao")).ok()["status_pagamento"], 2);
    assert_eq!(seen(), 2);
}
