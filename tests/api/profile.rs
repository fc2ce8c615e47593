//! `/restaurante`: everybody reads it, a manager changes it, and the trail tells which fields.

use serde_json::{Value, json};

use crate::{Database, Response, Restaurant, on_both_databases, staff::lock};

on_both_databases!(
    the_profile_is_read_and_changed,
    an_empty_text_takes_a_field_away,
    the_kitchen_has_limits_of_age,
    the_categories_have_an_order,
    wrong_fields_are_named_and_nothing_changes,
    only_a_manager_changes_it_and_the_trail_tells,
);

/// A key of this role.
pub fn key(r: &Restaurant, manager: &str, role: &str) -> String {
    let made = by(r, manager, "POST", "/chaves", Some(json!({"papel": role, "nome": role})));
    made.ok()["chave"].as_str().unwrap().to_owned()
}

/// A request with a key.
pub fn by(r: &Restaurant, key: &str, method: &str, path: &str, body: Option<Value>) -> Response {
    let authorization = format!("Bearer {key}");
    let body = body.map(|b| b.to_string());
    r.request(method, path, &[("Authorization", &authorization)], body.as_deref())
}

/// What the trail tells of this kind, the newest first: actor, target and detail.
pub fn trail(r: &Restaurant, manager: &str, tipo: &str) -> Vec<[Value; 3]> {
    let entries = by(r, manager, "GET", "/auditoria?limite=500", None).ok();
    let of_kind = entries.as_array().unwrap().iter().filter(|e| e["tipo"] == tipo);
    of_kind.map(|e| ["ator", "alvo", "detalhe"].map(|field| e[field].clone())).collect()
}

fn the_profile_is_read_and_changed(database: Database) {
    let r = Restaurant::new(database);
    let fresh = json!({"nome": "Ambrosia", "cnpj": null, "endereco": null, "cidade": "São Paulo", "telefone": null,
        "logo": null, "cor_primaria": null, "cor_secundaria": null, "fuso": "America/Sao_Paulo", "aberto": true, "muda_em": null,
        "pausado": false, "pausado_ate": null, "horarios": [], "excecoes": [], "minutos_amarelo": 10, "minutos_vermelho": 20,
        "categorias": [1, 2, 3, 4]});
    assert_eq!(r.get("/restaurante").ok(), fresh);
    let sent = json!({"nome": " Cantina da Praça ", "cnpj": "12abc34501de35", "endereco": "Rua das Flores, 10",
        "cidade": "Santos", "telefone": "13 3456-7890", "logo": "https://exemplo.com.br/logo.png",
        "cor_primaria": "#A03020", "cor_secundaria": "#fff4e0", "fuso": "America/Sao_Paulo"});
    let expected = json!({"nome": "Cantina da Praça", "cnpj": "12.ABC.345/01DE-35", "endereco": "Rua das Flores, 10",
        "cidade": "Santos", "telefone": "13 3456-7890", "logo": "https://exemplo.com.br/logo.png",
        "cor_primaria": "#a03020", "cor_secundaria": "#fff4e0", "fuso": "America/Sao_Paulo", "aberto": true,
        "muda_em": null, "pausado": false, "pausado_ate": null, "horarios": [], "excecoes": [], "minutos_amarelo": 10, "minutos_vermelho": 20,
        "categorias": [1, 2, 3, 4]});
    assert_eq!(r.put("/restaurante", sent).ok(), expected);
    assert_eq!(r.get("/restaurante/").ok(), expected);
    assert_eq!(r.count("SELECT COUNT(*) FROM restaurante WHERE cnpj = '12ABC34501DE35'"), 1);
    // Orders are numbered as before.
    assert_eq!(r.checkout(1)["senha"], 7);
}

fn an_empty_text_takes_a_field_away(database: Database) {
    let r = Restaurant::new(database);
    let sent = json!({"cnpj": "11.222.333/0001-81", "telefone": "13 3456-7890", "cor_primaria": "#a03020"});
    assert_eq!(r.put("/restaurante", sent).ok()["cnpj"], "11.222.333/0001-81");
    let after = r.put("/restaurante", json!({"cnpj": "", "telefone": null, "endereco": "  "})).ok();
    assert_eq!(
        [&after["cnpj"], &after["telefone"], &after["endereco"], &after["cor_primaria"]],
        [&json!(null), &json!("13 3456-7890"), &json!(null), &json!("#a03020")]
    );
}

fn the_kitchen_has_limits_of_age(database: Database) {
    let r = Restaurant::new(database);
    let limits =
        |profile: Value| ["minutos_amarelo", "minutos_vermelho"].map(|f| profile[f].as_i64().unwrap());
    let sent = json!({"minutos_amarelo": 5, "minutos_vermelho": "9"});
    assert_eq!(limits(r.put("/restaurante", sent).ok()), [5, 9]);
    assert_eq!(limits(r.put("/restaurante", json!({"minutos_amarelo": 8, "nome": "Cantina"})).ok()), [8, 9]);
    for (wrong, field) in [
        (json!({"minutos_amarelo": 9, "nome": "Outra"}), "minutos_vermelho"),
        (json!({"minutos_vermelho": 8}), "minutos_vermelho"),
        (json!({"minutos_amarelo": 0}), "minutos_amarelo"),
        (json!({"minutos_vermelho": 241}), "minutos_vermelho"),
    ] {
        assert_eq!(r.put("/restaurante", wrong).invalid_fields(), [field]);
    }
    r.put("/restaurante", json!({"minutos_amarelo": 30}))
        .problem(422, "«minutos_vermelho» deve ser maior que «minutos_amarelo»");
    let profile = r.get("/restaurante").ok();
    assert_eq!((limits(profile.clone()), &profile["nome"]), ([8, 9], &json!("Cantina")));
}

fn the_categories_have_an_order(database: Database) {
    let r = Restaurant::new(database);
    let sent = json!({"categorias": [3, "1", 4, 2]});
    assert_eq!(r.put("/restaurante", sent).ok()["categorias"], json!([3, 1, 4, 2]));
    for wrong in [json!([]), json!([1, 2, 3]), json!([1, 2, 3, 3]), json!([1, 2, 3, 4, 1]), json!("3142")] {
        assert_eq!(r.put("/restaurante", json!({"categorias": wrong})).invalid_fields(), ["categorias"]);
    }
    let unknown = r.put("/restaurante", json!({"categorias": [1, 2, 3, 5]}));
    assert_eq!(unknown.invalid_fields(), ["categorias[3]"]);
    assert_eq!(r.get("/restaurante").ok()["categorias"], json!([3, 1, 4, 2]));
}

fn wrong_fields_are_named_and_nothing_changes(database: Database) {
    let r = Restaurant::new(database);
    let before = r.get("/restaurante").ok();
    let wrong = json!({"nome": "", "cnpj": "12.ABC.345/01DE-34", "cidade": " ", "telefone": "x",
        "logo": "http://exemplo.com/a.png", "cor_primaria": "red", "cor_secundaria": "#12345", "fuso": "America/Manaus",
        "endereco": "x".repeat(201)});
    let named = r.put("/restaurante", wrong).invalid_fields();
    let order =
        ["nome", "cnpj", "endereco", "cidade", "telefone", "logo", "cor_primaria", "cor_secundaria", "fuso"];
    assert_eq!(named, order);
    r.put("/restaurante", json!({"cnpj": "11222333000180"})).problem(422, "CNPJ inválido");
    r.put("/restaurante", json!({"fuso": "America/Manaus"}))
        .problem(422, "«fuso» ainda não pode mudar: é America/Sao_Paulo");
    assert_eq!(r.get("/restaurante").ok(), before);
}

fn only_a_manager_changes_it_and_the_trail_tells(database: Database) {
    let r = Restaurant::new(database);
    r.put("/restaurante", json!({"nome": "Cantina"})).ok();
    let manager = lock(&r);
    assert_eq!(r.get("/restaurante").ok()["nome"], "Cantina");
    let change = json!({"nome": "Bar", "cidade": "São Paulo", "telefone": "13 3456-7890"});
    assert_eq!(r.put("/restaurante", change.clone()).status, 401);
    let counter = key(&r, &manager, "balcao");
    assert_eq!(by(&r, &counter, "PUT", "/restaurante", Some(change.clone())).status, 403);
    assert_eq!(by(&r, &manager, "PUT", "/restaurante", Some(change.clone())).ok()["nome"], "Bar");
    // Again changes nothing, and nothing is noted.
    by(&r, &manager, "PUT", "/restaurante", Some(change)).ok();
    let noted = trail(&r, &manager, "restaurante_alterado");
    let expected = [
        [json!("chave:1"), json!("restaurante"), json!("nome, telefone")],
        [json!("equipe"), json!("restaurante"), json!("nome")],
    ];
    assert_eq!(noted, expected);
}
