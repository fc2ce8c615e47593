//! Outgoing webhooks: signed, at least once, under one id, whatever the receiver, the clock and the process do.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use ambrosia::{
    acts::outbox::Dispatcher, clock, domain::data_hora::DataHora, outgoing::Sender, store::Store,
};
use serde_json::{Value, json};
use ureq::unversioned::{
    resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
    transport::NextTimeout,
};

use crate::{
    Database, Restaurant,
    crew::Crew,
    on_both_databases,
    receiver::{Answer, Delivery, Receiver, crew},
    restaurant::wait_until,
};

on_both_databases!(
    events_are_told_signed_and_in_order,
    what_is_not_taken_is_sent_again_under_the_same_id,
    a_slow_receiver_holds_up_no_other,
    one_that_is_gone_is_switched_off,
    a_receiver_that_is_down_for_days_is_switched_off,
    an_event_that_is_never_taken_holds_up_no_other,
    one_process_at_a_time_tells_a_receiver,
    two_processes_share_the_work,
    a_killed_process_loses_nothing,
    both_secrets_sign_for_a_day,
    what_was_sent_is_sent_again_on_request,
);

fn types(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().map(Delivery::kind).collect()
}

/// Each id once, with the place in the log that it stands for.
fn sequences(deliveries: &[Delivery]) -> BTreeMap<String, i64> {
    deliveries.iter().map(|d| (d.id.clone(), d.sequencia())).collect()
}

fn events_are_told_signed_and_in_order(database: Database) {
    let crew = crew(database);
    crew.r.checkout(1);
    let (all, some) = (Receiver::always(Answer::Status(204)), Receiver::always(Answer::Status(200)));
    let (id, secret) = crew.subscribe_to_all(&all);
    crew.subscribe(json!({"url": some.url(), "tipos": ["pedido.pronto"]}));
    let cliente = json!({"cpf": "111.444.777-35", "nome": "Zulmira", "email": "z@exemplo.com.br", "telefone": "11 91234-5678"});
    let cliente = crew.manage("POST", "/clientes", Some(&cliente)).ok()["id"].clone();
    let order = json!({"cliente": cliente, "itens": [{"produto": 1, "quantidade": 2}]});
    let pedido = crew.manage("POST", "/pedidos/checkout", Some(&order)).ok();
    crew.move_to(&pedido, 2);
    crew.move_to(&pedido, 3);
    crew.move_to(&pedido, 2);
    let motivo = json!({"motivo": "Zulmira desistiu"});
    crew.manage("POST", &format!("/pedidos/{}/cancelamento", pedido["id"]), Some(&motivo)).ok();

    let expected = [
        "pedido.recebido",
        "pedido.em_preparacao",
        "pedido.pronto",
        "pedido.corrigido",
        "pedido.cancelado",
        "pagamento.recusado",
    ];
    let received = all.wait_for(expected.len());
    assert_eq!(types(&received), expected);
    assert_eq!(types(&some.wait_for(1)), ["pedido.pronto"]);
    let told = received[2].json();
    assert_eq!(told["data"]["pedido"], pedido["id"]);
    assert_eq!(told["data"]["senha"], pedido["senha"]);
    assert_eq!((&told["data"]["de"], &told["data"]["para"]), (&json!(2), &json!(3)));
    assert_eq!(told["data"]["valor_total"], pedido["valor_total"]);
    assert!(told["timestamp"].as_str().unwrap().parse::<DataHora>().is_ok());
    for delivery in &received {
        assert!(delivery.is_signed_by(&secret), "{delivery:?}");
        assert_eq!(delivery.content_type, "application/json");
        let now = clock::now().segundos();
        assert!((now - 300..=now).contains(&delivery.timestamp.parse().unwrap()));
        for personal in ["Zulmira", "11144477735", "444.777", "exemplo.com", "91234", "cliente"] {
            assert!(!delivery.body.contains(personal), "{}", delivery.body);
        }
    }
    assert_eq!(sequences(&received).len(), expected.len());
    let state = crew.wait_for_subscription(id, "atraso", json!(0));
    assert_eq!((&state["situacao"], &state["repeticoes"]), (&json!("ativa"), &json!(0)));
    assert!(state["ultimo_sucesso"].is_string() && state["ultimo_erro"].is_null());
    let metrics = crew.manage("GET", "/metrics", None).body;
    assert!(metrics.contains("ambrosia_webhook_delivery_seconds_count{outcome=\"ok\"} 7"), "{metrics}");
    assert!(metrics.contains("ambrosia_webhook_lag_seconds 0"), "{metrics}");
}

fn what_is_not_taken_is_sent_again_under_the_same_id(database: Database) {
    let crew = crew(database);
    let trap = Receiver::always(Answer::Status(200));
    let answers = Mutex::new(vec![
        Answer::Status(500),
        Answer::Bytes(b"\x16\x03\x01 nonsense \r\n\r\n"),
        Answer::Redirect(trap.url()),
        Answer::Bytes(b""),
        Answer::Bytes(b"HTTP/1.1 200 OK\r\n"),
        Answer::Status(404),
    ]);
    let errors = ["HTTP 500", "a resposta não é HTTP", "HTTP 307", "a conexão falhou", "a", "HTTP 404"];
    let tries = answers.lock().unwrap().len();
    let receiver = Receiver::new(move |_| {
        let mut answers = answers.lock().unwrap();
        if answers.is_empty() { Answer::Status(200) } else { answers.remove(0) }
    });
    let (id, secret) = crew.subscribe_to_all(&receiver);
    crew.r.checkout(1);
    for (n, error) in errors.iter().enumerate() {
        receiver.wait_for(n + 1);
        wait_until("the failure is noted", || {
            let state = crew.subscription(id);
            let noted =
                crew.r.count("SELECT COALESCE(MAX(tentativas), 0) FROM webhook_repeticoes") == n as i64 + 1;
            noted && state["ultimo_erro"].as_str().is_some_and(|e| e.starts_with(error))
        });
        let state = crew.subscription(id);
        assert_eq!((&state["repeticoes"], &state["situacao"]), (&json!(1), &json!("ativa")));
        assert!(state["proxima_tentativa"].is_string() && state["falhando_desde"].is_string());
        crew.hurry();
    }
    let received = receiver.wait_for(tries + 1);
    assert_eq!(sequences(&received).len(), 1, "{received:?}");
    assert!(received.iter().all(|d| d.is_signed_by(&secret) && d.body == received[0].body));
    let state = crew.wait_for_subscription(id, "repeticoes", json!(0));
    assert!(state["falhando_desde"].is_null());
    assert_eq!(trap.connections(), 0, "a redirection was followed");
    let log = crew.r.log();
    assert!(!log.contains("oculta") && !log.contains("whsec_") && !log.contains("/avisos"), "{log}");
}

fn a_slow_receiver_holds_up_no_other(database: Database) {
    let crew = crew(database);
    let slow: Vec<Receiver> = (0..6).map(|_| Receiver::always(Answer::Silence)).collect();
    let quick = Receiver::always(Answer::Status(200));
    let ids: Vec<i64> = slow.iter().map(|slow| crew.subscribe_to_all(slow).0).collect();
    crew.subscribe_to_all(&quick);
    let pedido = crew.r.checkout(1);
    slow.iter().for_each(|slow| drop(slow.wait_for(1)));
    crew.move_to(&pedido, 2);
    crew.move_to(&pedido, 3);
    quick.wait_for(3);
    assert!(slow.iter().all(|slow| slow.received().len() == 1), "the slow were not at their first event");
    crew.wait_for_subscription(ids[0], "ultimo_erro", json!("não respondeu em 10 s"));
}

fn one_that_is_gone_is_switched_off(database: Database) {
    let crew = crew(database);
    let receiver = Receiver::always(Answer::Status(410));
    let (id, _) = crew.subscribe_to_all(&receiver);
    let pedido = crew.r.checkout(1);
    crew.wait_for_subscription(id, "situacao", json!("recusada"));
    let matters = crew.manage("GET", "/pendencias", None).ok();
    assert_eq!((&matters[0]["assunto"], &matters[0]["id"]), (&json!("assinatura"), &json!(id)));
    assert!(matters[0]["pendencia"].as_str().unwrap().contains("410"), "{matters}");
    let metrics = crew.manage("GET", "/metrics", None).body;
    assert!(metrics.contains("ambrosia_webhook_matters 1"), "{metrics}");
    crew.move_to(&pedido, 2);
    // Nothing is due: another receiver is told, and this one not.
    let other = Receiver::always(Answer::Status(200));
    crew.subscribe_to_all(&other);
    crew.move_to(&pedido, 3);
    other.wait_for(1);
    assert_eq!(receiver.received().len(), 1);
    crew.manage("DELETE", &format!("/assinaturas/{id}/pendencia"), None).ok();
    assert_eq!(crew.subscription(id)["situacao"], "pausada");
    assert_eq!(crew.manage("GET", "/pendencias", None).ok(), json!([]));
    receiver.answer(|_| Answer::Status(200));
    crew.manage("PUT", &format!("/assinaturas/{id}"), Some(&json!({"ativa": true}))).ok();
    let received = receiver.wait_for(4);
    let expected = ["pedido.recebido", "pedido.recebido", "pedido.em_preparacao", "pedido.pronto"];
    assert_eq!(types(&received), expected);
    assert_eq!(received[0].id, received[1].id);
}

thread_local! {
    static AHEAD: Cell<i64> = const { Cell::new(0) };
}

/// Of this thread: a test moves it.
fn moved_clock() -> DataHora {
    clock::now().mais(AHEAD.get())
}

/// A dispatcher inside the test, on the database of a restaurant whose process is not running.
fn dispatcher(r: &Restaurant, sender: Sender) -> Dispatcher {
    let url = r.database_url.clone();
    let config = ambrosia::config::Config::read(&|name| (name == "DATABASE_URL").then(|| url.clone()));
    let store = Arc::new(Store::new(config.unwrap_or_else(|e| panic!("{e}")).store));
    store.migrate().unwrap();
    Dispatcher { store, sender, clock: moved_clock, working: Mutex::default() }
}

/// Delivers what is due, then moves the clock to what is due next, until nothing is or the receiver is switched off. Gives how
/// far the clock was moved.
fn live_through(r: &Restaurant, dispatcher: &Dispatcher, id: i64) -> i64 {
    let seconds = match r.database {
        Database::Sqlite => "CAST(strftime('%s', MIN(proxima_em)) AS INTEGER)",
        Database::Mysql => "TIMESTAMPDIFF(SECOND, '1970-01-01', MIN(proxima_em))",
    };
    let next = format!(
        "SELECT COALESCE((SELECT {seconds} FROM webhook_repeticoes WHERE EXISTS (SELECT 1 FROM webhooks WHERE situacao = 1)), 0)"
    );
    let begun = AHEAD.get();
    loop {
        dispatcher.deliver(id).unwrap();
        let at = r.count(&next);
        if at == 0 {
            return AHEAD.get() - begun;
        }
        let now = moved_clock().segundos();
        AHEAD.set(AHEAD.get() + (at - now).max(0));
    }
}

const DAY: i64 = 24 * 60 * 60;

fn a_receiver_that_is_down_for_days_is_switched_off(database: Database) {
    let mut crew = crew(database);
    let receiver = Receiver::always(Answer::Status(503));
    let (id, _) = crew.subscribe_to_all(&receiver);
    crew.manage("PUT", &format!("/assinaturas/{id}"), Some(&json!({"ativa": false}))).ok();
    for _ in 0..10 {
        crew.r.checkout(1);
    }
    crew.r.sql("UPDATE webhooks SET situacao = 1");
    crew.r.kill();
    let before = receiver.received().len();
    let d = dispatcher(&crew.r, Sender::new(true));
    let took = live_through(&crew.r, &d, id);
    assert!((3 * DAY - 60..3 * DAY + DAY).contains(&took), "{took} s");
    let tries = receiver.received().len() - before;
    assert!((10..100).contains(&tries), "{tries} tries in three days");
    assert!(sequences(&receiver.received()).len() <= 3, "all is begun although nothing is taken");
    crew.r.restart();
    let state = crew.subscription(id);
    assert_eq!((&state["situacao"], &state["ultimo_erro"]), (&json!("desligada"), &json!("HTTP 503")));
    let matters = crew.manage("GET", "/pendencias", None).ok();
    assert!(matters[0]["pendencia"].as_str().unwrap().contains("três dias"), "{matters}");
    receiver.answer(|_| Answer::Status(200));
    crew.manage("PUT", &format!("/assinaturas/{id}"), Some(&json!({"ativa": true}))).ok();
    wait_until("all is told", || sequences(&receiver.received()).len() == 10);
    crew.wait_for_subscription(id, "repeticoes", json!(0));
    assert_eq!(crew.manage("GET", "/pendencias", None).ok(), json!([]));
}

fn an_event_that_is_never_taken_holds_up_no_other(database: Database) {
    let mut crew = crew(database);
    let receiver = Receiver::always(Answer::Status(200));
    let (id, _) = crew.subscribe_to_all(&receiver);
    let first = crew.r.checkout(1);
    let poison = receiver.wait_for(1)[0].sequencia() + 1;
    receiver.answer(move |d| Answer::Status(if d.sequencia() == poison { 422 } else { 200 }));
    crew.move_to(&first, 2);
    crew.move_to(&first, 3);
    crew.r.checkout(1);
    wait_until("the others are told", || sequences(&receiver.received()).len() == 4);
    crew.wait_for_subscription(id, "repeticoes", json!(1));
    crew.r.kill();
    let d = dispatcher(&crew.r, Sender::new(true));
    AHEAD.set(0);
    // A process that was killed may hold the lease.
    crew.r.sql("UPDATE webhooks SET arrendada_ate = NULL");
    // What other events succeed meanwhile keeps the receiver on.
    crew.r.sql("UPDATE webhooks SET falhando_desde = NULL, falhas = 0");
    let took = three_days_with_successes(&crew.r, &d, id);
    assert!(took >= 3 * DAY - 60, "{took} s");
    crew.r.restart();
    let state = crew.subscription(id);
    assert_eq!((&state["situacao"], &state["desistidas"]), (&json!("ativa"), &json!(1)), "{state}");
    assert_eq!(state["desistidas_desde"], poison - 1);
    let matters = crew.manage("GET", "/pendencias", None).ok();
    assert!(matters[0]["pendencia"].as_str().unwrap().contains(&poison.to_string()), "{matters}");
    let tried = receiver.received().iter().filter(|d| d.sequencia() == poison).count();
    receiver.answer(|_| Answer::Status(200));
    crew.manage("POST", &format!("/assinaturas/{id}/repetir?desde={}", poison - 1), None).ok();
    wait_until("it is sent again", || {
        receiver.received().iter().filter(|d| d.sequencia() == poison).count() > tried
    });
    assert_eq!(crew.manage("GET", "/pendencias", None).ok(), json!([]));
}

/// As `live_through`, where between two tries something else is taken.
fn three_days_with_successes(r: &Restaurant, d: &Dispatcher, id: i64) -> i64 {
    let begun = AHEAD.get();
    while r.count("SELECT COUNT(*) FROM webhook_repeticoes") > 0 {
        AHEAD.set(AHEAD.get() + 7 * 60 * 60);
        r.sql("UPDATE webhooks SET falhando_desde = NULL, falhas = 0");
        d.deliver(id).unwrap();
    }
    AHEAD.get() - begun
}

fn one_process_at_a_time_tells_a_receiver(database: Database) {
    let crew = crew(database);
    let ((holds, held), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
    let receiver = Receiver::new(move |_| {
        let _ = holds.send(());
        // Until the test lets go.
        let _ = released.recv();
        Answer::Status(200)
    });
    let (id, _) = crew.subscribe_to_all(&receiver);
    crew.r.checkout(1);
    held.recv().unwrap();
    dispatcher(&crew.r, Sender::new(true)).deliver(id).unwrap();
    assert_eq!(receiver.connections(), 1, "another process tells it meanwhile");
    drop(release);
    crew.wait_for_subscription(id, "atraso", json!(0));
    assert_eq!(receiver.received().len(), 1);
}

fn two_processes_share_the_work(database: Database) {
    let crew = crew(database);
    let other = crew.r.another_process();
    let receivers: Vec<Receiver> = (0..4).map(|_| Receiver::always(Answer::Status(200))).collect();
    receivers.iter().for_each(|receiver| drop(crew.subscribe_to_all(receiver)));
    let order = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
    for _ in 0..15 {
        crew.r.request("POST", "/pedidos/checkout", &[], Some(&order)).ok();
        other.request("POST", "/pedidos/checkout", &[], Some(&order)).ok();
    }
    for receiver in &receivers {
        let received = receiver.wait_for(30);
        assert_eq!((received.len(), sequences(&received).len()), (30, 30), "something was told twice");
        let order: Vec<i64> = received.iter().map(Delivery::sequencia).collect();
        assert!(order.is_sorted(), "{order:?}");
    }
}

fn a_killed_process_loses_nothing(database: Database) {
    let mut crew = crew(database);
    let (holds, held) = mpsc::channel();
    let holds = Mutex::new(holds);
    let receiver = Receiver::new(move |_| {
        holds.lock().unwrap().send(()).unwrap();
        Answer::Silence
    });
    let (id, _) = crew.subscribe_to_all(&receiver);
    let pedido = crew.r.checkout(1);
    held.recv().unwrap();
    crew.move_to(&pedido, 2);
    crew.r.kill();
    receiver.answer(|_| Answer::Status(200));
    // Others wait for the lease to end.
    assert_eq!(crew.r.count("SELECT COUNT(*) FROM webhooks WHERE arrendada_ate IS NOT NULL"), 1);
    crew.r.restart();
    crew.move_to(&pedido, 3);
    assert_eq!(crew.subscription(id)["atraso"], 3);
    crew.r.sql("UPDATE webhooks SET arrendada_ate = '2020-01-01 00:00:00'");
    let received = receiver.wait_for(4);
    assert_eq!(received[0].id, received[1].id);
    let expected = ["pedido.recebido", "pedido.recebido", "pedido.em_preparacao", "pedido.pronto"];
    assert_eq!(types(&received), expected);
}

fn both_secrets_sign_for_a_day(database: Database) {
    let crew = crew(database);
    let receiver = Receiver::always(Answer::Status(200));
    let (id, before) = crew.subscribe_to_all(&receiver);
    let rotated = crew.manage("POST", &format!("/assinaturas/{id}/segredo"), None).ok();
    let after = rotated["segredo"].as_str().unwrap();
    assert!(rotated["segredo_anterior_ate"].is_string() && after != before);
    let pedido = crew.r.checkout(1);
    let both = &receiver.wait_for(1)[0];
    assert!(both.is_signed_by(&before) && both.is_signed_by(after));
    assert_eq!(both.signature.split(' ').count(), 2);
    // What was sent is settled: that writes the whole row.
    crew.wait_for_subscription(id, "atraso", json!(0));
    crew.r.sql("UPDATE webhooks SET anterior_ate = '2020-01-01 00:00:00'");
    crew.move_to(&pedido, 2);
    let one = &receiver.wait_for(2)[1];
    assert!(one.is_signed_by(after) && !one.is_signed_by(&before));
}

fn what_was_sent_is_sent_again_on_request(database: Database) {
    let crew = crew(database);
    let receiver = Receiver::always(Answer::Status(200));
    let pedido = crew.r.checkout(1);
    let (id, _) = crew.subscribe_to_all(&receiver);
    crew.move_to(&pedido, 2);
    crew.move_to(&pedido, 3);
    let received = receiver.wait_for(2);
    let after = received[0].sequencia();
    let repeat = |desde: &str| crew.manage("POST", &format!("/assinaturas/{id}/repetir{desde}"), None);
    repeat(&format!("?desde={after}")).ok();
    let received = receiver.wait_for(3);
    assert_eq!(received[2].id, received[1].id);
    crew.wait_for_subscription(id, "atraso", json!(0));
    // Also what was before the subscription.
    repeat("?desde=0").ok();
    let end = crew.r.count("SELECT proxima_sequencia - 1 FROM restaurante");
    crew.wait_for_subscription(id, "atraso", json!(0));
    let known =
        crew.r.count("SELECT COUNT(*) FROM eventos WHERE tipo IN ('recebido', 'movimento', 'pagamento')");
    let all: BTreeSet<i64> = receiver.wait_for(3 + known as usize).iter().map(Delivery::sequencia).collect();
    assert!(all.len() as i64 >= known, "{all:?}");
    for wrong in ["", "?desde=x", "?desde=-1", &format!("?desde={}", end + 1)] {
        assert_eq!(repeat(wrong).invalid_fields(), ["desde"], "{wrong}");
    }
}

#[test]
fn private_addresses_are_not_called() {
    let crew = Crew::new(Restaurant::new(Database::Sqlite));
    let receiver = Receiver::always(Answer::Status(200));
    let hosts = [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "10.0.0.1",
        "169.254.169.254",
    ];
    let subscribe = |host: &&str| {
        let url = format!("http://{host}:{}/", receiver.port);
        crew.subscribe(json!({"url": url}))["id"].as_i64().unwrap()
    };
    let ids: Vec<i64> = hosts.iter().map(subscribe).collect();
    crew.r.checkout(1);
    for (id, host) in ids.into_iter().zip(hosts) {
        wait_until("it is tried", || crew.subscription(id)["ultimo_erro"].is_string());
        let error = crew.subscription(id)["ultimo_erro"].as_str().unwrap().to_owned();
        assert!(error.starts_with("o endereço é privado"), "{host}: {error}");
    }
    assert_eq!(receiver.connections(), 0);
}

/// Names this address as public at the first look-up, and as private from then on.
#[derive(Debug)]
struct Rebinding {
    looked_up: Arc<AtomicUsize>,
    port: u16,
}

const PUBLIC: &str = "127.0.0.2";
const PRIVATE: &str = "127.0.0.1";

impl Resolver for Rebinding {
    fn resolve(
        &self,
        _: &ureq::http::Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let first = self.looked_up.fetch_add(1, Ordering::SeqCst) == 0;
        let address: IpAddr = if first { PUBLIC } else { PRIVATE }.parse().unwrap();
        let mut addresses = DefaultResolver::default().empty();
        addresses.push(SocketAddr::new(address, self.port));
        Ok(addresses)
    }
}

/// In this test 127.0.0.2 is taken for public: the connection is made to the address that was checked, and the next one is
/// checked again.
#[test]
fn a_name_that_resolves_to_another_address_a_moment_later_gains_nothing() {
    let mut crew = crew(Database::Sqlite);
    let public = Receiver::on(PUBLIC.parse().unwrap(), 0, |_| Answer::Status(200));
    let trap = Receiver::on(PRIVATE.parse().unwrap(), public.port, |_| Answer::Status(200));
    let made = crew.subscribe(json!({"url": format!("http://erp.example:{}/", public.port), "ativa": false}));
    let id = made["id"].as_i64().unwrap();
    let pedido = crew.r.checkout(1);
    crew.move_to(&pedido, 2);
    crew.r.sql("UPDATE webhooks SET situacao = 1");
    crew.r.kill();
    let looked_up = Arc::new(AtomicUsize::new(0));
    let resolver = Rebinding { looked_up: looked_up.clone(), port: public.port };
    let sender = Sender::resolving(resolver, |address| address == PUBLIC.parse::<IpAddr>().unwrap());
    dispatcher(&crew.r, sender).deliver(id).unwrap();
    assert_eq!(types(&public.received()), ["pedido.recebido"]);
    assert_eq!(trap.connections(), 0, "a private address was called");
    assert_eq!(looked_up.load(Ordering::SeqCst), 2, "a name is looked up once for a connection");
    crew.r.restart();
    let state: Value = crew.subscription(id);
    assert!(state["ultimo_erro"].as_str().unwrap().starts_with("o endereço é privado"), "{state}");
}
