//! Live streams: every event once and in order, on any process, across cuts and ends of processes; boards that stay equal to
//! the lists; an order that is told until it is over. Who may listen is in `live_access.rs`.

use std::{
    collections::BTreeMap,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use crate::{
    Database, Restaurant,
    listening::{Event, Listener},
    on_both_databases,
    restaurant::wait_until,
    wire::restaurant_over_wire,
};

on_both_databases!(
    every_event_is_told_once_and_in_order_by_any_process,
    a_cursor_of_another_log_begins_anew,
    boards_stay_equal_to_the_lists,
    a_long_board_arrives_whole,
    a_board_goes_on_behind_a_cursor_or_begins_anew,
    an_order_is_told_until_it_is_over,
    steps_of_the_charge_alone_are_nobodys_news_but_the_logs,
    the_end_of_a_process_ends_streams_in_good_order,
    what_is_asked_wrongly_is_told_before_the_stream,
    a_restored_database_begins_anew,
    listeners_of_dying_processes_miss_nothing_and_see_nothing_twice,
);

const OF_MANY: &str = "/eventos?pulso=1";

fn move_to(r: &Restaurant, pedido: &Value, status: i64) {
    r.put("/pedidos", json!({"id": pedido["id"], "status_pedido": status})).ok();
}

fn sequencia(event: &Event) -> i64 {
    let sequencia = event.data["sequencia"].as_i64().unwrap();
    assert_eq!(event.id.as_deref().map(place), Some(sequencia), "{event:?}");
    sequencia
}

/// The place in the log that a cursor names.
fn place(cursor: &str) -> i64 {
    cursor.split('-').next().unwrap().parse().unwrap()
}

/// What the log says, as (sequencia, pedido, tipo).
fn logged(r: &Restaurant, from: i64) -> Vec<(i64, i64, String)> {
    let last = r.count("SELECT proxima_sequencia FROM restaurante");
    let row = |n: i64| {
        let pedido = r.count(&format!("SELECT pedido FROM eventos WHERE sequencia = {n}"));
        let tipos = ["recebido", "movimento", "cancelamento", "pagamento"];
        let is = |tipo: &str| {
            r.count(&format!("SELECT COUNT(*) FROM eventos WHERE sequencia = {n} AND tipo = '{tipo}'"))
        };
        let tipo = tipos.into_iter().find(|tipo| is(tipo) == 1).unwrap_or("other");
        (n, pedido, tipo.to_owned())
    };
    (from..last).map(row).collect()
}

fn every_event_is_told_once_and_in_order_by_any_process(database: Database) {
    let r = Restaurant::new(database);
    let other = r.another_process();
    let first = r.count("SELECT proxima_sequencia FROM restaurante");
    let mut here = Listener::open(r.url(), OF_MANY, &[]);
    let mut there = Listener::open(other.url(), OF_MANY, &[]);
    assert!(here.head.contains("text/event-stream; charset=utf-8"), "{}", here.head);
    assert!(here.head.contains("X-Accel-Buffering: no"), "{}", here.head);
    // Both listen from here on: the first pulse says so.
    assert_eq!(here.next_named("pulso").data, json!({"sequencia": first - 1}));
    there.next_named("pulso");
    for n in 0..5 {
        let pedido = r.checkout(n + 1);
        move_to(&r, &pedido, 2);
        let body = json!({"id": pedido["id"], "status_pedido": 3}).to_string();
        assert_eq!(other.request("PUT", "/pedidos", &[], Some(&body)).status, 200);
    }
    let expected = logged(&r, first);
    assert_eq!(expected.len(), 15);
    for listener in [&mut here, &mut there] {
        for line in &expected {
            let event = listener.news();
            let told = (sequencia(&event), event.data["pedido"].as_i64().unwrap(), event.name.clone());
            assert_eq!((&told, event.data["tipo"].as_str()), (line, Some(&*event.name)));
        }
    }
    // Another process goes on behind any event, by header or by query; the header is the newer of the two.
    let seen = (first + 6).to_string();
    let by_query = format!("/eventos?desde={seen}");
    let ways: [(&str, &[(&str, &str)]); 3] = [
        ("/eventos", &[("Last-Event-ID", &seen)]),
        (&by_query, &[]),
        ("/eventos?desde=1", &[("Last-Event-ID", &seen)]),
    ];
    for (path, headers) in ways {
        let mut back = Listener::open(other.url(), path, headers);
        let told: Vec<i64> = (first + 7..first + 15).map(|_| sequencia(&back.news())).collect();
        assert_eq!(told, (first + 7..first + 15).collect::<Vec<_>>(), "{path} {headers:?}");
    }
    let mut all = Listener::open(r.url(), "/eventos?desde=0", &[]);
    assert_eq!(
        (1..first + 15).map(|_| sequencia(&all.news())).collect::<Vec<_>>(),
        (1..first + 15).collect::<Vec<_>>()
    );
}

fn a_cursor_of_another_log_begins_anew(database: Database) {
    let r = Restaurant::new(database);
    let pedido = r.checkout(1);
    let id = pedido["id"].as_i64().unwrap();
    for cursor in ["999999", "9223372036854775807", "1,5", "abc", "-1"] {
        let mut log = Listener::open(r.url(), OF_MANY, &[("Last-Event-ID", cursor)]);
        let event = log.news();
        assert_eq!((event.name.as_str(), event.id.as_deref()), ("recomeço", Some("")), "{cursor}");
        let mut board =
            Listener::open(r.url(), "/pedidos/ao-vivo?lista=cozinha", &[("Last-Event-ID", cursor)]);
        assert_eq!((board.news().name, board.news().name), ("recomeço".into(), "lista".into()), "{cursor}");
        let path = format!("/pedidos/{id}/ao-vivo");
        let mut order = Listener::open(r.url(), &path, &[("Last-Event-ID", cursor)]);
        assert_eq!(
            (order.news().name, order.news().data),
            ("recomeço".into(), r.get(&format!("/pedidos/{id}")).ok())
        );
        // What happens from now on is told.
        r.put("/pedidos", json!({"id": id, "cliente": 1})).ok();
        assert_eq!(log.news().name, "cliente");
        r.put("/pedidos", json!({"id": id, "cliente": 2})).ok();
        log.news();
    }
}

/// A board as a page keeps it.
#[derive(Default)]
struct Board(BTreeMap<String, Value>);

impl Board {
    fn take_in(&mut self, event: &Event) {
        let key = |entry: &Value| match entry["id"].as_i64() {
            Some(id) => id.to_string(),
            None => format!("{} {}", entry["senha"], entry["datahora_recebido"]),
        };
        match event.name.as_str() {
            "lista" => {
                self.0 =
                    event.data.as_array().unwrap().iter().map(|entry| (key(entry), entry.clone())).collect();
            }
            "mudanca" => {
                for entry in event.data["mudaram"].as_array().unwrap() {
                    self.0.insert(key(entry), entry.clone());
                }
                for entry in event.data["sairam"].as_array().unwrap() {
                    let gone = entry.as_i64().map_or_else(|| key(entry), |id| id.to_string());
                    // What came and went between two looks was never shown.
                    self.0.remove(&gone);
                }
            }
            other => panic!("{other}"),
        }
    }
}

fn boards_stay_equal_to_the_lists(database: Database) {
    let r = Restaurant::new(database);
    let mut kitchen = (Listener::open(r.url(), "/pedidos/ao-vivo?lista=cozinha", &[]), Board::default());
    let mut panel = (Listener::open(r.url(), "/pedidos/ao-vivo", &[]), Board::default());
    let orders: Vec<Value> = (1..=6).map(|produto| r.checkout(produto)).collect();
    for (n, pedido) in orders.iter().enumerate() {
        for status in 2..=n.min(4) {
            move_to(&r, pedido, status as i64);
        }
    }
    r.delete(&format!("/pedidos/{}", orders[0]["id"])).ok();
    r.put("/pedidos", json!({"id": orders[1]["id"], "cliente": 1})).ok();
    let last = r.count("SELECT proxima_sequencia - 1 FROM restaurante");
    let list = r.get("/pedidos").ok();
    let list: BTreeMap<i64, &Value> =
        list.as_array().unwrap().iter().map(|order| (order["id"].as_i64().unwrap(), order)).collect();
    // The panel is not told of names; its last news is the cancellation.
    for (board, until) in [(&mut kitchen, last), (&mut panel, last - 1)] {
        loop {
            let event = board.0.news();
            board.1.take_in(&event);
            if place(&board.0.last_id) >= until {
                break;
            }
        }
    }
    let shown: BTreeMap<i64, &Value> =
        kitchen.1.0.values().map(|order| (order["id"].as_i64().unwrap(), order)).collect();
    assert_eq!(shown, list);
    let public = |order: &Value| {
        let names = ["senha", "status_pedido", "status_pedido_descricao", "datahora_recebido"];
        names.iter().map(|name| ((*name).to_owned(), order[*name].clone())).collect::<serde_json::Map<_, _>>()
    };
    let expected: Vec<Value> = list.values().map(|order| Value::Object(public(order))).collect();
    assert_eq!(panel.1.0.len(), expected.len());
    assert!(expected.iter().all(|entry| panel.1.0.values().any(|shown| shown == entry)));
}

/// More than a socket takes at once: a screen reads it in its time, and is told what happened meanwhile.
fn a_long_board_arrives_whole(database: Database) {
    let r = Restaurant::new(database);
    let line = json!({"produto": 1, "quantidade": 1, "descricao": "x".repeat(100)});
    let long = json!({"itens": vec![line; 100]});
    for _ in 0..60 {
        r.post("/pedidos/checkout", long.clone()).ok();
    }
    let mut board = Listener::open(r.url(), "/pedidos/ao-vivo?lista=cozinha", &[]);
    let pedido = r.checkout(2);
    assert!(board.next_named("lista").data.as_array().unwrap().len() >= 60);
    assert_eq!(board.next_named("mudanca").data["mudaram"][0]["id"], pedido["id"]);
}

fn a_board_goes_on_behind_a_cursor_or_begins_anew(database: Database) {
    let r = Restaurant::new(database);
    let path = "/pedidos/ao-vivo?lista=cozinha";
    let mut board = Listener::open(r.url(), path, &[]);
    board.next_named("lista");
    let seen = board.last_id.clone();
    drop(board);
    let pedido = r.checkout(1);
    move_to(&r, &pedido, 2);
    let mut back = Listener::open(r.url(), path, &[("Last-Event-ID", &seen)]);
    let event = back.news();
    assert_eq!((event.name.as_str(), event.data["mudaram"].as_array().unwrap().len()), ("mudanca", 1));
    assert_eq!(event.data["mudaram"][0]["status_pedido"], 2);
    let mut same = Listener::open(
        r.url(),
        "/pedidos/ao-vivo?lista=cozinha&pulso=1",
        &[("Last-Event-ID", &back.last_id)],
    );
    // Nothing is told twice.
    for _ in 0..3 {
        assert_eq!(same.try_next().unwrap().unwrap().name, "pulso");
    }
    for n in 0..60 {
        r.put("/pedidos", json!({"id": pedido["id"], "cliente": 1 + n % 2})).ok();
    }
    let mut late = Listener::open(r.url(), path, &[("Last-Event-ID", &seen)]);
    assert_eq!((late.news().name, late.news().name), ("recomeço".to_owned(), "lista".to_owned()));
}

fn an_order_is_told_until_it_is_over(database: Database) {
    let r = Restaurant::new(database);
    let other = r.another_process();
    let pedido = r.checkout(1);
    let path = format!("/pedidos/{}/ao-vivo", pedido["id"]);
    let mut here = Listener::open(r.url(), &path, &[]);
    let mut there = Listener::open(other.url(), &path, &[]);
    let first = here.news();
    assert_eq!((first.name.as_str(), &first.data), ("pedido", &pedido));
    there.news();
    r.checkout(2);
    for status in [2, 3] {
        move_to(&r, &pedido, status);
        for listener in [&mut here, &mut there] {
            let event = listener.news();
            assert_eq!((event.name.as_str(), &event.data["status_pedido"]), ("pedido", &json!(status)));
        }
    }
    let seen = here.last_id.clone();
    move_to(&r, &pedido, 4);
    for listener in [&mut here, &mut there] {
        let rest: Vec<Event> = listener.rest().into_iter().filter(|event| event.name != "pulso").collect();
        assert_eq!(rest.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(), ["pedido", "fim"]);
        assert_eq!(rest[0].data["status_pedido"], 4);
    }
    // Who missed the end is told of it; who has seen it is told to stay away.
    let mut back = Listener::open(r.url(), &path, &[("Last-Event-ID", &seen)]);
    assert_eq!(back.rest().iter().map(|event| event.name.as_str()).collect::<Vec<_>>(), ["pedido", "fim"]);
    assert_eq!(Listener::open(r.url(), &path, &[("Last-Event-ID", &back.last_id)]).status, 204);
    assert_eq!(Listener::open(r.url(), "/pedidos/999999/ao-vivo", &[]).status, 404);
}

fn steps_of_the_charge_alone_are_nobodys_news_but_the_logs(database: Database) {
    let r = Restaurant::new(database);
    let pedido = r.checkout(1);
    let mut order = Listener::open(r.url(), &format!("/pedidos/{}/ao-vivo?pulso=1", pedido["id"]), &[]);
    let mut kitchen = Listener::open(r.url(), "/pedidos/ao-vivo?lista=cozinha&pulso=1", &[]);
    let mut log = Listener::open(r.url(), OF_MANY, &[]);
    order.news();
    kitchen.news();
    log.next_named("pulso");
    let next = r.count("SELECT proxima_sequencia FROM restaurante");
    let id = &pedido["id"];
    r.sql(&format!(
        "INSERT INTO eventos (sequencia, pedido, tipo, ator, datahora) VALUES \
         ({next}, {id}, 'perguntado', 'relogio', '2026-01-01 00:00:00'); \
         UPDATE restaurante SET proxima_sequencia = proxima_sequencia + 1"
    ));
    assert_eq!(log.news().name, "perguntado");
    for listener in [&mut order, &mut kitchen] {
        // A pulse that is newer than the event, and nothing before it.
        loop {
            let event = listener.try_next().unwrap().unwrap();
            assert_eq!(event.name, "pulso");
            if event.data["sequencia"] == json!(next) {
                break;
            }
        }
    }
}

fn the_end_of_a_process_ends_streams_in_good_order(database: Database) {
    let r = Restaurant::with_environment(database, &[("DRAIN_MS", "1500")]);
    let mut ends = r.another_process();
    let mut listeners: Vec<Listener> =
        (0..40).map(|_| Listener::open(ends.url(), "/pedidos/ao-vivo?pulso=1", &[])).collect();
    listeners.iter_mut().for_each(|listener| drop(listener.next_named("lista")));
    ends.send_sigterm();
    // Those that are still there are told what happens until they are let go.
    let pedido = r.checkout(1);
    let mut told = 0;
    let mut waits = std::collections::HashSet::new();
    for listener in &mut listeners {
        listener.retry = None;
        told += listener.rest().iter().filter(|event| event.name == "mudanca").count();
        assert!(listener.retry.is_some(), "nobody is told when to come back");
        waits.insert(listener.retry);
    }
    assert!(told > 0 && waits.len() > 8, "{told} told, {} different waits", waits.len());
    // What comes during the drain is sent elsewhere without an error, which a browser would not come back from.
    assert_eq!(ends.terminate(), Some(0));
    let mut back = Listener::open(r.url(), "/pedidos/ao-vivo", &[("Last-Event-ID", &listeners[0].last_id)]);
    r.delete(&format!("/pedidos/{}", pedido["id"])).ok();
    loop {
        let event = back.news();
        if event.data["sairam"].as_array().is_some_and(|gone| !gone.is_empty()) {
            break;
        }
    }
}

fn what_is_asked_wrongly_is_told_before_the_stream(database: Database) {
    let r = Restaurant::new(database);
    for (path, field) in [
        ("/pedidos/ao-vivo?lista=tudo", "lista"),
        ("/pedidos/ao-vivo?pulso=0", "pulso"),
        ("/eventos?pulso=16", "pulso"),
        ("/eventos?pulso=x", "pulso"),
        ("/eventos?desde=-1", "desde"),
        ("/eventos?desde=ontem", "desde"),
    ] {
        assert_eq!(r.get(path).invalid_fields(), [field], "{path}");
    }
}

fn a_restored_database_begins_anew(database: Database) {
    let r = Restaurant::new(database);
    r.checkout(1);
    let mut log = Listener::open(r.url(), OF_MANY, &[]);
    let mut board = Listener::open(r.url(), "/pedidos/ao-vivo?pulso=1", &[]);
    log.next_named("pulso");
    board.news();
    // As a backup from before the last event.
    let last = r.count("SELECT MAX(sequencia) FROM eventos");
    r.sql(&format!(
        "DELETE FROM eventos WHERE sequencia = {last}; UPDATE restaurante SET proxima_sequencia = proxima_sequencia - 1"
    ));
    for listener in [&mut log, &mut board] {
        let rest = listener.rest();
        assert!(rest.iter().any(|event| event.name == "recomeço"), "{rest:?}");
        assert_eq!(listener.last_id, "");
    }
}

/// Two processes, one of them killed or ended again and again, and listeners that come back to any of them with what they saw
/// last. `LISTENERS` (24) and `ROUNDS` (6) extend it.
fn listeners_of_dying_processes_miss_nothing_and_see_nothing_twice(database: Database) {
    let setting = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<usize>().ok());
    let (listeners, rounds) = (setting("LISTENERS").unwrap_or(24), setting("ROUNDS").unwrap_or(6));
    let r = Restaurant::new(database);
    let first = r.count("SELECT proxima_sequencia FROM restaurante");
    let urls = std::sync::Mutex::new(vec![r.url().to_owned()]);
    let (is_over, last) = (AtomicBool::new(false), AtomicI64::new(i64::MAX));
    let ready = Barrier::new(listeners + 1);
    thread::scope(|scope| {
        let told: Vec<_> = (0..listeners)
            .map(|n| {
                let (urls, last, ready) = (&urls, &last, &ready);
                scope.spawn(move || {
                    let (mut seen, mut told, mut begun) = (first - 1, Vec::new(), false);
                    let mut cursor = seen.to_string();
                    while seen < last.load(Ordering::Acquire) {
                        let url = {
                            let urls = urls.lock().unwrap();
                            urls[(n + told.len()) % urls.len()].clone()
                        };
                        let Ok(mut listener) =
                            Listener::try_open(&url, OF_MANY, &[("Last-Event-ID", &cursor)])
                        else {
                            continue;
                        };
                        if listener.status != 200 {
                            continue;
                        }
                        if !std::mem::replace(&mut begun, true) {
                            ready.wait();
                        }
                        // Some hang up by themselves.
                        let mut patience = 5 + (n * 7 + told.len()) % 40;
                        while let Ok(Some(event)) = listener.try_next() {
                            if event.name != "pulso" {
                                seen = sequencia(&event);
                                cursor.clone_from(&listener.last_id);
                                told.push(seen);
                            }
                            patience -= 1;
                            if patience == 0 || seen >= last.load(Ordering::Acquire) {
                                break;
                            }
                        }
                    }
                    told
                })
            })
            .collect();
        ready.wait();
        let writer = scope.spawn(|| {
            let mut number = 0;
            while !is_over.load(Ordering::Acquire) {
                let pedido = r.checkout(1 + number % 10);
                move_to(&r, &pedido, 2);
                number += 1;
            }
            last.store(r.count("SELECT proxima_sequencia - 1 FROM restaurante"), Ordering::Release);
        });
        for round in 0..rounds {
            let mut process = r.another_process();
            urls.lock().unwrap().push(process.url().to_owned());
            let from = r.count("SELECT proxima_sequencia FROM restaurante");
            wait_until("something happens", || {
                r.count("SELECT proxima_sequencia FROM restaurante") > from + 30
            });
            if round % 2 == 0 {
                process.kill()
            } else {
                assert_eq!(process.terminate(), Some(0))
            }
            urls.lock().unwrap().pop();
        }
        is_over.store(true, Ordering::Release);
        writer.join().unwrap();
        let expected: Vec<i64> = (first..=last.load(Ordering::Acquire)).collect();
        assert!(expected.len() > 100);
        for told in told {
            assert_eq!(told.join().unwrap(), expected);
        }
    });
}

/// A page that hears a pulse shows what is current. Without the database nobody knows.
#[test]
fn a_pulse_is_no_lie_while_the_database_is_away() {
    if !crate::database::mysql_is_available() {
        return;
    }
    let (wire, r) = restaurant_over_wire(false, &[("POOL_WAIT_MS", "300")]);
    let mut board = Listener::open(r.url(), "/pedidos/ao-vivo?pulso=1", &[]);
    let (pulses, is_over) = (AtomicI64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                board.next_named("pulso");
                pulses.fetch_add(1, Ordering::AcqRel);
            }
        });
        let heard = || pulses.load(Ordering::Acquire);
        wait_until("there is a pulse", || heard() > 0);
        wire.cut();
        let fail = |times: usize| {
            for _ in 0..times {
                assert_eq!(r.get("/pedidos").status, 503);
            }
        };
        // Each waits for a connection: what was read before the cut is old by then.
        fail(10);
        let before = heard();
        fail(10);
        assert_eq!(heard(), before);
        wire.restore();
        wait_until("there is a pulse again", || heard() > before);
        is_over.store(true, Ordering::Release);
    });
}
