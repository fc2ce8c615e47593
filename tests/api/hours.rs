//! Service hours and the pause: whoever orders outside of them is told when it opens; the counter may all the same. What
//! holds at which time is tested in `src/domain/atendimento.rs`.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{ToSpan, civil::Date};
use serde_json::{Value, json};

use crate::{
    Database, Restaurant, on_both_databases,
    profile::{by, key, trail},
    restaurant::wait_until,
    staff::lock,
};

on_both_databases!(
    hours_are_read_and_changed,
    whoever_orders_when_it_is_closed_is_told_when_it_opens,
    a_date_with_other_hours_goes_before_those_of_the_week,
    the_counter_pauses_and_orders_all_the_same,
    a_pause_ends_by_itself,
    what_one_process_says_holds_on_another,
    no_order_is_taken_once_a_pause_is_answered,
    what_was_ordered_before_goes_on,
    wrong_hours_are_named_and_nothing_changes,
);

fn order() -> Value {
    json!({"itens": [{"produto": 3, "quantidade": 1}]})
}

fn today() -> Date {
    let zone = jiff::tz::get!("America/Sao_Paulo");
    zone.to_datetime(jiff::Timestamp::now()).date()
}

fn name_of(day: Date) -> &'static str {
    let names = ["segunda", "terca", "quarta", "quinta", "sexta", "sabado", "domingo"];
    names[day.weekday().to_monday_zero_offset() as usize]
}

/// Closed now, and for a day at least, whatever the time is and however long the test takes.
fn closed() -> Value {
    let day = today().checked_add(3.days()).unwrap();
    json!({"horarios": [{"dia": name_of(day), "abre": "11:00", "fecha": "15:00"}]})
}

/// Open on each day from now on for a week, by hours.
fn open() -> Value {
    let days = (0..7).map(|n| name_of(today().checked_add(n.days()).unwrap()));
    json!({"horarios": days.map(|dia| json!({"dia": dia, "abre": "00:00", "fecha": "00:00"})).collect::<Vec<_>>()})
}

fn numbers(r: &Restaurant) -> i64 {
    r.count("SELECT proxima_senha + proxima_sequencia * 1000 FROM restaurante")
}

fn hours_are_read_and_changed(database: Database) {
    let r = Restaurant::new(database);
    let fresh = r.get("/restaurante").ok();
    let of_hours = ["aberto", "muda_em", "pausado", "pausado_ate", "horarios", "excecoes"];
    assert_eq!(json!(of_hours.map(|f| fresh[f].clone())), json!([true, null, false, null, [], []]));
    let horarios = json!([{"dia": "sexta", "abre": "18:00", "fecha": "02:00"},
        {"dia": "sabado", "abre": "11:30", "fecha": "15:00"}]);
    let excecoes = json!([{"data": "2030-12-25", "motivo": "Natal", "horarios": []},
        {"data": "2030-12-24", "motivo": null, "horarios": [{"abre": "08:00", "fecha": "12:00"}]}]);
    let changed = r.put("/restaurante", json!({"horarios": horarios, "excecoes": excecoes})).ok();
    assert_eq!((&changed["horarios"], &changed["excecoes"]), (&horarios, &excecoes));
    assert!(changed["muda_em"].is_string(), "{changed}");
    // What is not sent, or is null, stays; an empty list takes it away.
    let renamed = r.put("/restaurante", json!({"nome": "Cantina", "horarios": null})).ok();
    assert_eq!((&renamed["horarios"], &renamed["excecoes"]), (&horarios, &excecoes));
    assert_eq!(r.get("/restaurante").ok(), renamed);
    let without = r.put("/restaurante", json!({"horarios": [], "excecoes": []})).ok();
    assert_eq!(json!(of_hours.map(|f| without[f].clone())), json!([true, null, false, null, [], []]));
    assert_eq!(r.count("SELECT COUNT(*) FROM restaurante WHERE horarios IS NULL AND excecoes IS NULL"), 1);
}

fn whoever_orders_when_it_is_closed_is_told_when_it_opens(database: Database) {
    let r = Restaurant::new(database);
    let key = [("Idempotency-Key", "0123456789abcdef")];
    let first = r.request("POST", "/pedidos/checkout", &key, Some(&order().to_string())).ok();
    let profile = r.put("/restaurante", closed()).ok();
    assert_eq!(profile["aberto"], false);
    let before = numbers(&r);
    let refused = r.post("/pedidos/checkout", order());
    assert_eq!(refused.status, 409, "{}", refused.body);
    let problem = refused.json();
    assert_eq!((&problem["codigo"], &problem["abre_em"]), (&json!("fechado"), &profile["muda_em"]));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.starts_with("Estamos fechados; abrimos n") && detail.ends_with(" às 11:00"), "{detail}");
    assert_eq!(numbers(&r), before);
    // Who has ordered already is answered as before.
    assert_eq!(r.request("POST", "/pedidos/checkout", &key, Some(&order().to_string())).ok(), first);
    assert_eq!(r.put("/restaurante", open()).ok()["aberto"], true);
    assert_eq!(r.checkout(3)["senha"].as_i64(), first["senha"].as_i64().map(|senha| senha + 1));
}

fn a_date_with_other_hours_goes_before_those_of_the_week(database: Database) {
    let r = Restaurant::new(database);
    let dates = |horarios: Value| {
        let date = |n: i64| today().checked_add(n.days()).unwrap().to_string();
        json!([-1, 0, 1].map(|n| json!({"data": date(n), "horarios": horarios})))
    };
    let mut sent = open();
    sent["excecoes"] = dates(json!([]));
    assert_eq!(r.put("/restaurante", sent).ok()["aberto"], false);
    assert_eq!(r.post("/pedidos/checkout", order()).json()["codigo"], "fechado");
    let mut sent = closed();
    sent["excecoes"] =
        dates(json!([{"abre": "00:00", "fecha": "12:00"}, {"abre": "12:00", "fecha": "00:00"}]));
    assert_eq!(r.put("/restaurante", sent).ok()["aberto"], true);
    r.checkout(3);
}

fn the_counter_pauses_and_orders_all_the_same(database: Database) {
    let r = Restaurant::new(database);
    // Where doors are open nobody is known to be of the counter.
    let paused = r.put("/restaurante/pausa", json!({})).ok();
    assert_eq!([&paused["aberto"], &paused["pausado"]], [&json!(false), &json!(true)]);
    assert_eq!([&paused["muda_em"], &paused["pausado_ate"]], [&json!(null), &json!(null)]);
    let detail = "Estamos em pausa e não aceitamos pedidos agora; pergunte no balcão quando voltamos";
    assert!(r.post("/pedidos/checkout", order()).problem(409, detail).get("abre_em").is_none());
    let manager = lock(&r);
    let [kitchen, counter, totem] = ["cozinha", "balcao", "totem"].map(|role| key(&r, &manager, role));
    for who in [&kitchen, &totem] {
        assert_eq!(by(&r, who, "DELETE", "/restaurante/pausa", None).status, 403);
        assert_eq!(by(&r, who, "POST", "/pedidos/checkout", Some(order())).status, 409);
    }
    for who in [&counter, &manager] {
        by(&r, who, "POST", "/pedidos/checkout", Some(order())).ok();
    }
    // Together with one that is refused.
    std::thread::scope(|scope| {
        for n in 0..16 {
            let (r, counter) = (&r, &counter);
            scope.spawn(move || match n % 2 {
                0 => assert_eq!(by(r, counter, "POST", "/pedidos/checkout", Some(order())).status, 200),
                _ => assert_eq!(r.post("/pedidos/checkout", order()).status, 409),
            });
        }
    });
    let ended = by(&r, &counter, "DELETE", "/restaurante/pausa", None).ok();
    assert_eq!([&ended["aberto"], &ended["pausado"]], [&json!(true), &json!(false)]);
    assert_eq!(r.post("/pedidos/checkout", order()).status, 200);
    let told: Vec<Value> =
        trail(&r, &manager, "restaurante_alterado").into_iter().map(|[_, _, detail]| detail).collect();
    assert_eq!(told, ["fim da pausa", "pausa"]);
}

fn a_pause_ends_by_itself(database: Database) {
    let r = Restaurant::new(database);
    let paused = r.put("/restaurante/pausa", json!({"minutos": 30})).ok();
    assert!(paused["pausado_ate"].is_string() && paused["pausado_ate"] == paused["muda_em"], "{paused}");
    let problem = r.post("/pedidos/checkout", order());
    assert_eq!((problem.status, &problem.json()["abre_em"]), (409, &paused["muda_em"]));
    assert!(problem.json()["detail"].as_str().unwrap().starts_with("Estamos em pausa; voltamos "));
    r.sql("UPDATE restaurante SET pausa_ate = '2026-01-01 00:00:00'");
    let profile = r.get("/restaurante").ok();
    assert_eq!([&profile["aberto"], &profile["pausado"]], [&json!(true), &json!(false)]);
    r.checkout(3);
    r.put("/restaurante/pausa", json!({"minutos": 0}))
        .problem(422, "«minutos» deve ser um número de 1 a 1440");
    r.checkout(3);
}

fn what_one_process_says_holds_on_another(database: Database) {
    let r = Restaurant::new(database);
    let other = r.another_process();
    for _ in 0..5 {
        r.checkout(3);
        other.request("PUT", "/restaurante/pausa", &[], Some("{}")).ok();
        assert_eq!(r.post("/pedidos/checkout", order()).status, 409);
        other.request("DELETE", "/restaurante/pausa", &[], None).ok();
        r.checkout(3);
        other.request("PUT", "/restaurante", &[], Some(&closed().to_string())).ok();
        assert_eq!(r.post("/pedidos/checkout", order()).status, 409);
        other.request("PUT", "/restaurante", &[], Some(r#"{"horarios":[]}"#)).ok();
    }
}

/// Tells the threads of a test to end, also where it fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn no_order_is_taken_once_a_pause_is_answered(database: Database) {
    let r = Restaurant::new(database);
    let other = r.another_process();
    let is_over = AtomicBool::new(false);
    let count = || r.count("SELECT COUNT(*) FROM pedidos");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let answer = r.post("/pedidos/checkout", order());
                    assert!([200, 409].contains(&answer.status), "{}", answer.body);
                }
            });
        }
        let _stop = Stop(&is_over);
        for _ in 0..20 {
            let before = count();
            wait_until("orders are taken", || count() > before + 3);
            other.request("PUT", "/restaurante/pausa", &[], Some("{}")).ok();
            let taken = count();
            for _ in 0..5 {
                assert_eq!(r.post("/pedidos/checkout", order()).status, 409);
            }
            let later = count();
            other.request("DELETE", "/restaurante/pausa", &[], None).ok();
            assert_eq!(later, taken);
        }
    });
}

fn what_was_ordered_before_goes_on(database: Database) {
    let r = Restaurant::new(database);
    let pedido = r.checkout(3);
    r.put("/restaurante", closed()).ok();
    r.put("/restaurante/pausa", json!({"ate": "amanha"})).ok();
    assert_eq!(r.put("/pedidos", json!({"id": pedido["id"], "status_pedido": 2})).ok()["status_pedido"], 2);
    let paid = json!({"meio": "dinheiro", "responsavel": "Ana"});
    assert_eq!(r.post(&format!("/pedidos/{}/pagamento", pedido["id"]), paid).status, 200);
}

fn wrong_hours_are_named_and_nothing_changes(database: Database) {
    let r = Restaurant::new(database);
    let before = r.get("/restaurante").ok();
    let named = |body: Value| r.put("/restaurante", body).invalid_fields();
    let wrong = json!({"horarios": [{"dia": "terça", "abre": "8:00"}, {"dia": "terca", "abre": "08:00", "fecha": "24:00"}, 7]});
    assert_eq!(
        named(wrong),
        ["horarios[0].dia", "horarios[0].abre", "horarios[0].fecha", "horarios[1].fecha", "horarios[2]"]
    );
    let wrong = json!({"excecoes": [{"data": "25/12/2026"}, {}, {"data": "2026-12-25", "motivo": "x".repeat(61)},
        {"data": "2026-12-25", "horarios": [{"abre": "12:00"}]}]});
    let expected =
        ["excecoes[0].data", "excecoes[1].data", "excecoes[2].motivo", "excecoes[3].horarios[0].fecha"];
    assert_eq!(named(wrong), expected);
    let twice = json!({"excecoes": [{"data": "2026-12-25"}, {"data": "2026-12-26"}, {"data": "2026-12-25"}]});
    assert_eq!(named(twice), ["excecoes[2].data"]);
    let span = json!({"dia": "terca", "abre": "08:00", "fecha": "09:00"});
    r.put("/restaurante", json!({"horarios": vec![span; 51]}))
        .problem(422, "«horarios» deve ter de 0 a 50 itens");
    for no_list in [json!("sempre"), json!({}), json!(1)] {
        assert_eq!(named(json!({"horarios": no_list, "excecoes": no_list})), ["horarios", "excecoes"]);
    }
    assert_eq!(r.get("/restaurante").ok(), before);
}
