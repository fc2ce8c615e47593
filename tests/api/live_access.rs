//! Who may listen to live streams, and how many: a stream lasts as long as the credential that opened it, strangers leave places
//! to the staff, and listeners leave descriptors to connections.

use std::{
    io::BufReader,
    process::{Command, Stdio},
};

use serde_json::json;

use crate::{
    Database, Restaurant,
    crew::Crew,
    database::Folder,
    listening::Listener,
    on_both_databases,
    restaurant::{program, wait_until},
    staff::{create_key, id_of},
};

on_both_databases!(
    what_a_credential_let_in_goes_with_it,
    a_session_is_told_until_it_ends,
    open_doors_that_close_let_go_of_strangers,
    an_order_is_told_to_whom_has_its_secret,
    no_more_listen_than_there_is_room_for,
    strangers_leave_places_to_the_staff,
);

const OF_MANY: &str = "/eventos?pulso=1";

fn key_headers(key: &str) -> [(&'static str, String); 1] {
    [("Authorization", format!("Bearer {key}"))]
}

fn open_with(url: &str, path: &str, key: &str) -> Listener {
    let headers = key_headers(key);
    Listener::open(url, path, &[(headers[0].0, &headers[0].1)])
}

fn what_a_credential_let_in_goes_with_it(database: Database) {
    let r = Restaurant::with_environment(database, &[("ACCESS", "closed")]);
    let other = r.another_process();
    let [manager, counter, kitchen, program] =
        ["gerente", "balcao", "cozinha", "maquina"].map(|papel| create_key(&r, papel));
    assert_eq!(Listener::open(r.url(), "/eventos", &[]).status, 401);
    assert_eq!(Listener::open(r.url(), "/pedidos/ao-vivo?lista=cozinha", &[]).status, 401);
    wait_until("the keys are known", || open_with(other.url(), "/eventos", &program).status == 200);
    assert_eq!(open_with(r.url(), "/eventos", &kitchen).status, 403);
    assert_eq!(open_with(r.url(), "/pedidos/ao-vivo?lista=cozinha", &program).status, 403);
    let mut stays = open_with(other.url(), OF_MANY, &counter);
    let mut goes = open_with(other.url(), OF_MANY, &program);
    let mut public = Listener::open(other.url(), "/pedidos/ao-vivo?pulso=1", &[]);
    stays.next_named("pulso");
    goes.next_named("pulso");
    public.next_named("lista");
    let authorization = key_headers(&manager);
    let path = format!("/chaves/{}", id_of(&program));
    r.request("DELETE", &path, &[(authorization[0].0, &authorization[0].1)], None).ok();
    goes.rest();
    assert_eq!(open_with(other.url(), "/eventos", &program).status, 401);
    stays.next_named("pulso");
    public.next_named("pulso");
}

/// What others do to their sessions is nothing to it.
fn a_session_is_told_until_it_ends(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let device = crew.device("balcao");
    let (ana, davi) = (crew.hire("balcao", "1593"), crew.hire("balcao", "2684"));
    let session = device.log_in(&crew.r, ana, "1593");
    let kitchen = crew.device("cozinha");
    let board_path = "/pedidos/ao-vivo?lista=cozinha&pulso=1";
    // The board of the kitchen is let in by its terminal, whatever a session was that is over.
    let dead = [("Cookie", "ambrosia=ams_acabou"), ("X-Terminal", kitchen.token.as_str())];
    let mut board = Listener::open(crew.r.url(), board_path, &dead);
    let mut log = Listener::open(crew.r.url(), OF_MANY, &[("Cookie", &session.cookie)]);
    log.next_named("pulso");
    board.next_named("lista");
    crew.device("balcao").log_in(&crew.r, davi, "2684");
    log.next_named("pulso");
    session.send(&crew.r, "DELETE", "/sessoes/atual", None).ok();
    log.rest();
    board.next_named("pulso");
    crew.manage("DELETE", &format!("/terminais/{}", kitchen.id), None).ok();
    board.rest();
}

fn open_doors_that_close_let_go_of_strangers(database: Database) {
    let r = Restaurant::new(database);
    let mut log = Listener::open(r.url(), OF_MANY, &[]);
    let mut order = Listener::open(r.url(), "/pedidos/1/ao-vivo?pulso=1", &[]);
    log.next_named("pulso");
    order.news();
    create_key(&r, "gerente");
    log.rest();
    order.rest();
    assert_eq!(Listener::open(r.url(), OF_MANY, &[]).status, 401);
}

fn an_order_is_told_to_whom_has_its_secret(database: Database) {
    let r = Restaurant::with_environment(database, &[("ACCESS", "closed")]);
    let checkout = |produto: i64| {
        r.post("/pedidos/checkout", json!({"itens": [{"produto": produto, "quantidade": 1}]})).ok()
    };
    let (mine, other) = (checkout(1), checkout(2));
    let (secret, wrong) =
        (mine["acompanhamento"].as_str().unwrap(), other["acompanhamento"].as_str().unwrap());
    let path = format!("/pedidos/{}/ao-vivo", mine["id"]);
    assert_eq!(Listener::open(r.url(), &path, &[]).status, 401);
    assert_eq!(Listener::open(r.url(), &path, &[("X-Acompanhamento", wrong)]).status, 404);
    assert_eq!(Listener::open(r.url(), &format!("{path}?acompanhamento={wrong}"), &[]).status, 404);
    let mut by_query = Listener::open(r.url(), &format!("{path}?acompanhamento={secret}&pulso=1"), &[]);
    let mut by_header = Listener::open(r.url(), &path, &[("X-Acompanhamento", secret)]);
    assert_eq!(
        (by_query.news().data["id"].clone(), by_header.news().data["id"].clone()),
        (mine["id"].clone(), mine["id"].clone())
    );
    // Access changes, and what the secret opened stays open; so do pictures, which a browser asks for in the same way.
    create_key(&r, "gerente");
    for _ in 0..2 {
        by_query.next_named("pulso");
    }
    let picture = format!("/pedidos/{}/qrcode.svg", mine["id"]);
    assert_eq!(r.get(&format!("{picture}?acompanhamento={secret}")).status, 200);
    assert_eq!(r.get(&picture).status, 401);
    // A write is not opened by what stands in an address.
    assert_eq!(r.delete(&format!("/pedidos/{}?acompanhamento={secret}", mine["id"])).status, 401);
    assert!(!r.log().contains(secret), "the secret is in the log");
}

fn no_more_listen_than_there_is_room_for(database: Database) {
    let r = Restaurant::with_environment(database, &[("MAX_LISTENERS", "2")]);
    let mut first = Listener::open(r.url(), OF_MANY, &[]);
    // A HEAD takes no place.
    for _ in 0..5 {
        assert_eq!(r.request("HEAD", "/eventos", &[], None).status, 200);
    }
    let second = Listener::open(r.url(), "/pedidos/ao-vivo", &[]);
    let third = Listener::open(r.url(), "/pedidos/ao-vivo", &[]);
    assert_eq!((second.status, third.status), (200, 503));
    assert!(third.head.contains("Retry-After: 5"), "{}", third.head);
    assert_eq!(third.problem()["codigo"], "ouvintes_demais");
    let figures = r.get("/metrics").body;
    assert!(figures.contains("ambrosia_live_listeners{topic=\"eventos\"} 1"), "{figures}");
    drop(second);
    wait_until("the one that hung up is noticed", || {
        Listener::open(r.url(), "/pedidos/ao-vivo", &[]).status == 200
    });
    first.next_named("pulso");
}

fn strangers_leave_places_to_the_staff(database: Database) {
    let r = Restaurant::with_environment(database, &[("MAX_LISTENERS", "10"), ("ACCESS", "closed")]);
    let key = create_key(&r, "cozinha");
    wait_until("the key is known", || {
        open_with(r.url(), "/pedidos/ao-vivo?lista=cozinha", &key).status == 200
    });
    let mut strangers = Vec::new();
    wait_until("strangers have all that they may", || {
        strangers.push(Listener::open(r.url(), "/pedidos/ao-vivo", &[]));
        strangers.pop_if(|last| last.status == 503).is_some()
    });
    assert!(strangers.len() <= 9 && strangers.iter().all(|stranger| stranger.status == 200));
    assert_eq!(open_with(r.url(), "/pedidos/ao-vivo?lista=cozinha", &key).status, 200);
}

/// Streams leave descriptors to everybody else.
#[test]
fn without_descriptors_fewer_listen_and_requests_are_served() {
    let folder = Folder::new();
    let mut child = Command::new("bash")
        .args(["-c", "ulimit -n 300; exec \"$0\"", &program()])
        .env_clear()
        .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("MAX_CONNECTIONS", "100"), ("LOG_LEVEL", "error")])
        .current_dir(&folder.0)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let url = line.trim().rsplit(' ').next().unwrap();
    let listeners: Vec<Listener> = (0..200).map(|_| Listener::open(url, "/pedidos/ao-vivo", &[])).collect();
    let listening = listeners.iter().filter(|listener| listener.status == 200).count();
    assert!((30..=72).contains(&listening), "{listening}");
    for _ in 0..50 {
        assert_eq!(Listener::open(url, "/livez", &[]).status, 200);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
