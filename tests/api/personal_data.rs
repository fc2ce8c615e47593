//! Who sees what of a customer once doors are closed, what is noted of that, and the document of all that is stored about a
//! person.

use serde_json::{Value, json};

use crate::{
    Database, Restaurant, on_both_databases,
    profile::{by, key, trail},
    staff::lock,
};

on_both_databases!(
    lists_mask_the_cpf_once_doors_are_closed,
    the_counter_finds_a_customer_by_cpf,
    looks_by_key_are_noted_and_others_write_nothing,
    an_erasure_is_noted,
    an_anonymous_registration_tells_nothing,
    anonymous_registrations_are_limited_and_others_are_not,
    the_document_of_a_person_is_whole,
    a_long_document_leads_on,
    nothing_of_it_is_cacheable,
);

fn lists_mask_the_cpf_once_doors_are_closed(database: Database) {
    let r = Restaurant::new(database);
    let open = r.get("/clientes").ok();
    assert_eq!(open[0]["cpf"], "52998224725");
    r.sql("UPDATE clientes SET cpf = '111 #2' WHERE id = 2");
    let manager = lock(&r);
    let closed = by(&r, &manager, "GET", "/clientes", None).ok();
    assert_eq!([&closed[0]["cpf"], &closed[1]["cpf"]], [&json!("***.982.247-**"), &json!("***")]);
    assert_eq!(closed[0]["nome"], open[0]["nome"]);
    assert_eq!(by(&r, &manager, "GET", "/clientes/1", None).ok(), open[0]);
}

fn the_counter_finds_a_customer_by_cpf(database: Database) {
    let r = Restaurant::new(database);
    let whole = r.get("/clientes/1").ok();
    let paths = ["/clientes?cpf=52998224725", "/clientes/?cpf=529.982.247-25"];
    for path in paths {
        assert_eq!(r.get(path).ok(), json!([whole]));
    }
    let manager = lock(&r);
    let counter = key(&r, &manager, "balcao");
    let kitchen = key(&r, &manager, "cozinha");
    for path in paths {
        assert_eq!(by(&r, &counter, "GET", path, None).ok(), json!([whole]));
        assert_eq!(by(&r, &kitchen, "GET", path, None).status, 403);
        assert_eq!(r.get(path).status, 401);
    }
    assert_eq!(by(&r, &counter, "GET", "/clientes?cpf=11144477735", None).ok(), json!([]));
    by(&r, &counter, "GET", "/clientes?cpf=52998224724", None).problem(422, "CPF inválido");
    // Without a CPF, and by id, it is for the manager.
    for path in ["/clientes", "/clientes?limite=1", "/clientes/1", "/clientes/1/pedidos", "/clientes/1/dados"]
    {
        assert_eq!(by(&r, &counter, "GET", path, None).status, 403, "{path}");
    }
    by(&r, &manager, "DELETE", "/clientes/1", None).ok();
    assert_eq!(by(&r, &counter, "GET", paths[0], None).ok(), json!([]));
    let log = r.log();
    assert!(!log.contains("52998224725") && !log.contains("529.982"), "{log}");
}

fn looks_by_key_are_noted_and_others_write_nothing(database: Database) {
    let r = Restaurant::new(database);
    for path in ["/clientes/1", "/clientes/1/pedidos", "/clientes?cpf=52998224725", "/clientes"] {
        r.get(path).ok();
    }
    assert_eq!(r.count("SELECT COUNT(*) FROM auditoria"), 0);
    let manager = lock(&r);
    let counter = key(&r, &manager, "balcao");
    by(&r, &manager, "GET", "/clientes/1", None).ok();
    by(&r, &manager, "GET", "/clientes/2/pedidos", None).ok();
    by(&r, &counter, "GET", "/clientes?cpf=52998224725", None).ok();
    // Nobody was seen by these.
    by(&r, &counter, "GET", "/clientes?cpf=11144477735", None).ok();
    assert_eq!(by(&r, &manager, "GET", "/clientes/99", None).status, 404);
    assert_eq!(by(&r, &counter, "GET", "/clientes/1", None).status, 403);
    let expected = [
        [json!("chave:2"), json!("cliente:1"), json!("procurado pelo CPF")],
        [json!("chave:1"), json!("cliente:2"), json!("pedidos")],
        [json!("chave:1"), json!("cliente:1"), json!(null)],
    ];
    assert_eq!(trail(&r, &manager, "cliente_visto"), expected);
}

fn an_erasure_is_noted(database: Database) {
    let r = Restaurant::new(database);
    r.delete("/clientes/3").ok();
    let manager = lock(&r);
    by(&r, &manager, "DELETE", "/clientes/1", None).ok();
    assert_eq!(by(&r, &manager, "DELETE", "/clientes/1", None).status, 404);
    let expected = [
        [json!("chave:1"), json!("cliente:1"), json!(null)],
        [json!("equipe"), json!("cliente:3"), json!(null)],
    ];
    assert_eq!(trail(&r, &manager, "cliente_apagado"), expected);
    // The history of the order names the key too.
    let events = by(&r, &manager, "GET", "/pedidos/1/eventos", None).ok();
    let last = events.as_array().unwrap().last().unwrap();
    assert_eq!((&last["tipo"], &last["ator"]), (&json!("esquecimento"), &json!("chave:1")));
}

fn an_anonymous_registration_tells_nothing(database: Database) {
    let r = Restaurant::new(database);
    let person = |cpf: &str, email: &str| json!({"cpf": cpf, "nome": "Ana", "email": email});
    r.post("/clientes", person("52998224725", "a@b.com")).problem(409, "CPF já cadastrado");
    let manager = lock(&r);
    let echo = |cpf: &str, email: &str| json!({"id": null, "cpf": cpf, "nome": "Ana", "username": null, "email": email, "telefone": null, "ativo": true});
    // New; the same again; with somebody's e-mail; with somebody's CPF.
    for (cpf, email) in [
        ("19582630442", "ana@exemplo.com"),
        ("19582630442", "ana@exemplo.com"),
        ("11144477735", "maria.lima@exemplo.com.br"),
        ("52998224725", "outra@exemplo.com"),
    ] {
        let response = r.post("/clientes", person(cpf, email));
        assert_eq!(response.ok(), echo(cpf, email));
    }
    assert_eq!(r.post("/clientes", json!({"cpf": "52998224724"})).invalid_fields(), ["cpf", "nome"]);
    // Only the first is somebody new, and nobody else has changed.
    assert_eq!(r.count("SELECT COUNT(*) FROM clientes"), 4);
    let of = |cpf: &str| by(&r, &manager, "GET", &format!("/clientes?cpf={cpf}"), None).ok();
    assert_eq!(of("19582630442")[0]["email"], "ana@exemplo.com");
    assert_eq!(of("52998224725")[0]["email"], "maria.lima@exemplo.com.br");
    assert_eq!(of("11144477735"), json!([]));
    // Who has a key is told.
    let counter = key(&r, &manager, "balcao");
    by(&r, &counter, "POST", "/clientes", Some(person("52998224725", "x@y.com")))
        .problem(409, "CPF já cadastrado");
    assert!(
        by(&r, &counter, "POST", "/clientes", Some(person("11144477735", "x@y.com"))).ok()["id"].is_i64()
    );
}

fn anonymous_registrations_are_limited_and_others_are_not(database: Database) {
    let r = Restaurant::with_environment(database, &[("CHECKOUTS_PER_MINUTE", "2")]);
    let manager = lock(&r);
    let cpfs = ["11144477735", "19582630442", "28625587887"];
    let body = |cpf: &str| json!({"cpf": cpf, "nome": "Zé"});
    let statuses = cpfs.map(|cpf| r.post("/clientes", body(cpf)).status);
    assert_eq!(statuses, [200, 200, 429]);
    by(&r, &manager, "POST", "/clientes", Some(body(cpfs[2]))).ok();
}

fn the_document_of_a_person_is_whole(database: Database) {
    let r = Restaurant::new(database);
    let person =
        r.post("/clientes", json!({"cpf": "19582630442", "nome": "Zé", "email": "ze@exemplo.com"})).ok();
    let order = |note: &str| {
        let body = json!({"id_cliente": person["id"], "itens": [{"produto": 3, "quantidade": 2, "descricao": note}]});
        r.post("/pedidos/checkout", body).ok()["id"].clone()
    };
    let (paid, cancelled, passed_on) = (order("sem tomate"), order("sem sal"), order("bem passado"));
    r.post(&format!("/pedidos/{paid}/pagamento"), json!({"meio": "dinheiro", "responsavel": "Ana"})).ok();
    r.post(&format!("/pedidos/{cancelled}/cancelamento"), json!({"motivo": "desistiu"})).ok();
    r.put("/pedidos", json!({"id": passed_on, "cliente": 2})).ok();
    let document = r.get(&format!("/clientes/{}/dados", person["id"])).ok();
    assert_eq!(document["cliente"], person);
    assert!(document["gerado_em"].is_string() && document["cadastrado_em"].is_string());
    assert_eq!(document["proxima"], json!(null));
    let orders = document["pedidos"].as_array().unwrap();
    assert_eq!(orders.iter().map(|o| &o["id"]).collect::<Vec<_>>(), [&cancelled, &paid]);
    assert_eq!(orders[1]["itens"][0]["descricao"], "sem tomate");
    assert_eq!(orders[1]["valor_total"], json!(30.40));
    let kinds = |order: &Value| -> Vec<String> {
        let events = order["eventos"].as_array().unwrap();
        events.iter().map(|e| e["tipo"].as_str().unwrap().to_owned()).collect()
    };
    assert!(kinds(&orders[1]).contains(&"pagamento".to_owned()));
    assert!(kinds(&orders[0]).contains(&"cancelamento".to_owned()));
    assert_eq!(document["pedidos_de_antes"], json!([passed_on]));
    // Nobody knows since when the customers of the example are registered.
    assert_eq!(r.get("/clientes/1/dados").ok()["cadastrado_em"], json!(null));
    r.get("/clientes/99/dados").problem(404, "Cliente não encontrado");
    let manager = lock(&r);
    by(&r, &manager, "GET", "/clientes/2/dados", None).ok();
    assert_eq!(r.get("/clientes/2/dados").status, 401);
    let noted = trail(&r, &manager, "cliente_exportado");
    let expected = [("chave:1", json!(2)), ("equipe", json!(1)), ("equipe", person["id"].clone())]
        .map(|(actor, id)| [json!(actor), json!(format!("cliente:{id}")), json!(null)]);
    assert_eq!(noted, expected);
    by(&r, &manager, "DELETE", &format!("/clientes/{}", person["id"]), None).ok();
    assert_eq!(by(&r, &manager, "GET", &format!("/clientes/{}/dados", person["id"]), None).status, 404);
}

fn a_long_document_leads_on(database: Database) {
    let r = Restaurant::new(database);
    for _ in 0..5 {
        r.post("/pedidos/checkout", json!({"id_cliente": 3, "itens": [{"produto": 1, "quantidade": 1}]}))
            .ok();
    }
    let ids = |document: &Value| -> Vec<i64> {
        document["pedidos"].as_array().unwrap().iter().map(|o| o["id"].as_i64().unwrap()).collect()
    };
    let all = ids(&r.get("/clientes/3/dados").ok());
    assert_eq!(all.len(), 6);
    let (mut path, mut seen) = ("/clientes/3/dados?limite=4".to_owned(), Vec::new());
    loop {
        let document = r.get(&path).ok();
        seen.extend(ids(&document));
        let Some(next) = document["proxima"].as_str() else { break };
        path = next.to_owned();
    }
    assert_eq!(seen, all);
}

fn nothing_of_it_is_cacheable(database: Database) {
    let r = Restaurant::new(database);
    let manager = lock(&r);
    for path in [
        "/clientes",
        "/clientes/1",
        "/clientes/1/dados",
        "/clientes?cpf=52998224725",
        "/chaves",
        "/auditoria",
    ] {
        let response = by(&r, &manager, "GET", path, None);
        assert_eq!((response.status, response.header("cache-control")), (200, Some("no-store")), "{path}");
    }
}
