//! `/assinaturas`: what a manager sets, and what is refused.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    Database, Restaurant,
    crew::Crew,
    on_both_databases,
    receiver::{Answer, Receiver, crew},
    staff::rows,
};

on_both_databases!(
    a_subscription_is_made_shown_changed_and_taken_away,
    what_is_wrong_is_refused,
    a_paused_subscription_is_told_everything_later,
    there_is_a_limit,
);

fn a_subscription_is_made_shown_changed_and_taken_away(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let url = "https://erp.example:8443/ambrosia?chave=oculta";
    let made =
        crew.subscribe(json!({"url": url, "tipos": ["pedido.pronto", "pedido.pronto"], "ativa": false}));
    let (id, secret) = (made["id"].as_i64().unwrap(), made["segredo"].as_str().unwrap());
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    assert_eq!((&made["url"], &made["tipos"]), (&json!(url), &json!(["pedido.pronto"])));
    assert_eq!((&made["situacao"], &made["criada_por"]), (&json!("pausada"), &json!("chave:1")));
    let shown = crew.subscription(id);
    assert!(shown.get("segredo").is_none());
    assert_eq!(crew.manage("GET", "/assinaturas", None).ok(), json!([shown]));

    let path = format!("/assinaturas/{id}");
    let changed = crew
        .manage("PUT", &path, Some(&json!({"url": "http://10.0.0.7/x", "tipos": [], "ativa": "on"})))
        .ok();
    assert_eq!((&changed["url"], &changed["tipos"]), (&json!("http://10.0.0.7/x"), &json!([])));
    assert_eq!(changed["situacao"], "ativa");
    assert_eq!(crew.manage("PUT", &path, Some(&json!({}))).ok(), changed);
    let other = crew.manage("POST", &format!("{path}/segredo"), None).ok();
    assert_ne!(other["segredo"], secret);

    crew.manage("DELETE", &path, None).ok();
    for (method, path) in [
        ("GET", path.clone()),
        ("PUT", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/segredo")),
        ("POST", format!("{path}/repetir?desde=0")),
        ("DELETE", format!("{path}/pendencia")),
    ] {
        let body = (method == "PUT").then(|| json!({}));
        crew.manage(method, &path, body.as_ref()).problem(404, "Assinatura não encontrada");
    }
    let trail = crew.manage("GET", "/auditoria", None).ok();
    let kinds: BTreeSet<&str> =
        trail.as_array().unwrap().iter().map(|e| e["tipo"].as_str().unwrap()).collect();
    assert!(kinds.is_superset(&["assinatura_criada", "assinatura_alterada", "assinatura_apagada"].into()));
    assert!(!trail.to_string().contains("oculta") && !trail.to_string().contains("whsec_"), "{trail}");
    assert!(trail.to_string().contains("https://erp.example:8443"), "{trail}");
    assert_eq!(crew.r.count("SELECT COUNT(*) FROM webhook_repeticoes"), 0);
}

fn what_is_wrong_is_refused(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let create = |body| crew.manage("POST", "/assinaturas", Some(&body));
    assert_eq!(create(json!({})).invalid_fields(), ["url"]);
    for url in ["ftp://a", "https://ana:senha@a", "https://a/#b", "https://a b", "//a", "javascript:alert(1)"]
    {
        assert_eq!(create(json!({"url": url})).invalid_fields(), ["url"], "{url}");
    }
    let long = format!("https://a/{}", "x".repeat(500));
    assert_eq!(create(json!({"url": long})).invalid_fields(), ["url"]);
    let wrong = json!({"url": "https://a", "tipos": ["pedido.comido"], "ativa": "talvez"});
    assert_eq!(create(wrong).invalid_fields(), ["tipos", "ativa"]);
    assert_eq!(create(json!({"url": "https://a", "tipos": "pedido.pronto"})).invalid_fields(), ["tipos"]);
    assert_eq!(crew.manage("GET", "/assinaturas", None).ok(), json!([]));
    assert_eq!(rows(&crew.r, "SELECT * FROM webhooks"), Vec::<String>::new());
}

fn a_paused_subscription_is_told_everything_later(database: Database) {
    let crew = crew(database);
    let (paused, other) = (Receiver::always(Answer::Status(200)), Receiver::always(Answer::Status(200)));
    let id = crew.subscribe(json!({"url": paused.url(), "ativa": false}))["id"].as_i64().unwrap();
    crew.subscribe_to_all(&other);
    let pedido = crew.r.checkout(1);
    crew.move_to(&pedido, 2);
    other.wait_for(2);
    assert_eq!(paused.connections(), 0);
    assert_eq!(crew.subscription(id)["atraso"], 2);
    crew.manage("PUT", &format!("/assinaturas/{id}"), Some(&json!({"ativa": true}))).ok();
    let ids = |receiver: &Receiver| receiver.wait_for(2).iter().map(|d| d.sequencia()).collect::<Vec<_>>();
    assert_eq!(ids(&paused), ids(&other));
}

fn there_is_a_limit(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let body = json!({"url": "https://erp.example/", "ativa": false});
    for _ in 0..32 {
        crew.subscribe(body.clone());
    }
    let refused = crew.manage("POST", "/assinaturas", Some(&body));
    assert_eq!((refused.status, &refused.json()["codigo"]), (409, &json!("assinaturas_demais")));
    assert_eq!(crew.manage("GET", "/assinaturas", None).ok().as_array().unwrap().len(), 32);
}
