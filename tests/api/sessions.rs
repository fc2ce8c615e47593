//! Terminals and sessions: where a PIN counts, what role a session has, how it ends, which pages may use it, and the manager
//! who lets one request through.

use serde_json::{Value, json};

use crate::{
    Database, Restaurant,
    crew::{Crew, Device, Server, Session, enrol},
    on_both_databases,
    restaurant::wait_until,
};

on_both_databases!(
    a_pin_counts_on_an_enrolled_terminal_only,
    a_code_enrols_one_device_once,
    a_session_has_the_lesser_role_of_person_and_terminal,
    a_kitchen_terminal_alone_is_the_kitchen,
    the_cookie_is_for_this_host_alone,
    a_token_that_a_client_made_up_is_never_adopted,
    a_login_counts_at_once_on_every_process,
    what_is_ended_ends_on_every_process,
    a_session_ends_by_itself,
    a_use_that_another_process_has_stored_counts,
    a_cookie_needs_a_page_of_this_host_to_write,
    a_manager_lets_one_request_through,
    a_person_chooses_another_pin,
    an_enrolled_terminal_shows_who_may_enter,
);

fn a_pin_counts_on_an_enrolled_terminal_only(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let chefe = crew.hire_manager("1593", "uma senha boa");
    let pin = json!({"funcionario": chefe, "pin": "1593"});
    for headers in [vec![], vec![("X-Terminal", "amt_1_inventado")], vec![("X-Terminal", &*crew.key)]] {
        let refused = crew.r.send("POST", "/sessoes", &headers, Some(&pin));
        refused.problem(403, "O PIN só vale num terminal inscrito pela gerência");
        assert_eq!(refused.header("set-cookie"), None);
    }
    let device = crew.device("gerente");
    let session = device.log_in(&crew.r, chefe, "1593");
    let who = session.send(&crew.r, "GET", "/sessoes/atual", None).ok();
    assert_eq!(
        who,
        json!({"funcionario": chefe, "nome": "Chefe", "papel": "gerente", "terminal": device.id})
    );
    // A password is for managers, and for anywhere.
    let senha = |person: i64, senha: &str| {
        let body = json!({"funcionario": person, "senha": senha});
        crew.r.send("POST", "/sessoes", &[], Some(&body))
    };
    let elsewhere = Session::of(&senha(chefe, "uma senha boa"));
    assert!(elsewhere.send(&crew.r, "GET", "/sessoes/atual", None).ok()["terminal"].is_null());
    senha(crew.hire("balcao", "2684"), "uma senha boa").problem(401, "Pessoa, PIN ou senha errados");
    senha(chefe, "uma senha ruim").problem(401, "Pessoa, PIN ou senha errados");
    for body in [
        json!({"funcionario": chefe}),
        json!({"funcionario": chefe, "pin": "1593", "senha": "uma senha boa"}),
    ] {
        assert_eq!(crew.r.send("POST", "/sessoes", &[], Some(&body)).status, 422);
    }
}

fn a_code_enrols_one_device_once(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let detail = "Este código não vale; peça outro à gerência";
    let (id, code) = crew.terminal("balcao");
    assert_eq!(code.len(), 8);
    assert_eq!(crew.manage("GET", "/terminais", None).ok()[0]["inscrito"], false);
    // As people type it.
    let typed = format!("{} {}", &code[..4].to_lowercase(), &code[4..]);
    let enrolled = enrol(&crew.r, &typed);
    let token = enrolled.ok()["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with(&format!("amt_{id}_")) && token.len() > 43);
    let cookie = enrolled.header("set-cookie").unwrap();
    assert!(cookie.starts_with(&format!("ambrosia-terminal={token}; Path=/; Max-Age=")), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
    enrol(&crew.r, &code).problem(401, detail);
    enrol(&crew.r, "ABCDEFGH").problem(401, detail);
    // Another code, for another device: the one before counts no more.
    let ana = crew.hire("balcao", "2684");
    let before = Device { id, token };
    before.log_in(&crew.r, ana, "2684");
    let recode = || {
        let made = crew.manage("POST", &format!("/terminais/{id}/codigo"), None);
        made.ok()["codigo"].as_str().unwrap().to_owned()
    };
    let after = enrol(&crew.r, &recode()).ok()["token"].as_str().unwrap().to_owned();
    assert_eq!(before.try_log_in(&crew.r, ana, "2684").status, 403);
    Device { id, token: after }.log_in(&crew.r, ana, "2684");
    // Ten minutes.
    let code = recode();
    crew.r.sql("UPDATE terminais SET codigo_expira_em = '2020-01-01 00:00:00'");
    enrol(&crew.r, &code).problem(401, detail);
    let code = recode();
    crew.manage("DELETE", &format!("/terminais/{id}"), None).ok();
    enrol(&crew.r, &code).problem(401, detail);
    crew.manage("POST", &format!("/terminais/{id}/codigo"), None).problem(404, "Terminal não encontrado");
    // Codes are not for guessing.
    wait_until("an address is refused", || enrol(&crew.r, "ABCDEFGH").status == 429);
}

fn a_session_has_the_lesser_role_of_person_and_terminal(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let roles = ["cozinha", "balcao", "gerente"];
    let people = roles.map(|papel| crew.hire(papel, "1739"));
    for (highest, papel) in roles.iter().enumerate() {
        let device = crew.device(papel);
        for (rank, person) in people.iter().enumerate() {
            let session = device.log_in(&crew.r, *person, "1739");
            let who = session.send(&crew.r, "GET", "/sessoes/atual", None).ok();
            let role = rank.min(highest);
            assert_eq!(who["papel"], roles[role]);
            let status = |path| session.send(&crew.r, "GET", path, None).status;
            assert_eq!(status("/pedidos/1"), if role >= 1 { 200 } else { 403 }, "{rank} on {papel}");
            assert_eq!(status("/funcionarios"), if role >= 2 { 200 } else { 403 }, "{rank} on {papel}");
            session.send(&crew.r, "GET", "/pedidos", None).ok();
        }
    }
}

fn a_kitchen_terminal_alone_is_the_kitchen(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let (kitchen, counter) = (crew.device("cozinha"), crew.device("balcao"));
    let order = crew.r.checkout(1)["id"].as_i64().unwrap();
    let step = json!({"id": order, "status_pedido": 2});
    let put = |device: &Device, body: &Value| {
        crew.r.send("PUT", "/pedidos", &[("X-Terminal", &device.token)], Some(body))
    };
    put(&kitchen, &step).ok();
    put(&counter, &step).problem(401, "Ninguém entrou neste terminal; escolha a pessoa e digite o PIN");
    assert_eq!(put(&kitchen, &json!({"id": order, "status_pedido": 4})).status, 401);
    let events = crew.manage("GET", &format!("/pedidos/{order}/eventos"), None).ok();
    let by_terminal =
        events.as_array().unwrap().iter().any(|e| e["ator"] == format!("terminal:{}", kitchen.id));
    assert!(by_terminal, "{events}");
    // By its cookie too, from a page of this host.
    let cookie = Session { cookie: format!("ambrosia-terminal={}", kitchen.token) };
    cookie.send(&crew.r, "PUT", "/pedidos", Some(&json!({"id": order, "status_pedido": 3}))).ok();
    assert_eq!(cookie.send_with(&crew.r, "PUT", "/pedidos", &[], Some(&step)).status, 403);
    // A session that is over leaves the board where it was.
    let stale = Session { cookie: format!("{}; ambrosia=ams_inventado", cookie.cookie) };
    stale.send(&crew.r, "GET", "/pedidos", None).ok();
}

fn the_cookie_is_for_this_host_alone(database: Database) {
    let crew = Crew::new(Restaurant::with_environment(database, &[("TRUSTED_PROXIES", "127.0.0.1")]));
    let chefe = crew.hire_manager("1593", "uma senha boa");
    let body = json!({"funcionario": chefe, "senha": "uma senha boa"});
    let log_in = |headers: &[(&str, &str)]| crew.r.send("POST", "/sessoes", headers, Some(&body));
    let plain = log_in(&[]);
    let cookie = plain.header("set-cookie").unwrap();
    assert!(cookie.starts_with("ambrosia=ams_"), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"), "{cookie}");
    for tls in [("X-Forwarded-Proto", "https"), ("Forwarded", "for=203.0.113.9;proto=https")] {
        let secure = log_in(&[tls]);
        let cookie = secure.header("set-cookie").unwrap();
        assert!(cookie.starts_with("__Host-ambrosia=ams_"), "{cookie}");
        assert!(cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
        let session = Session::of(&secure);
        assert_eq!(session.send_with(&crew.r, "GET", "/clientes", &[tls], None).status, 200);
        // Without TLS anybody on the way may have set it.
        let smuggled = Session { cookie: session.cookie.replace("__Host-", "") };
        assert_eq!(smuggled.send_with(&crew.r, "GET", "/clientes", &[tls], None).status, 401);
        assert_eq!(session.send(&crew.r, "GET", "/clientes", None).status, 401);
    }
    // Nobody trusted says so.
    let direct = Crew::new(Restaurant::new(database));
    let chefe = direct.hire_manager("1593", "uma senha boa");
    let body = json!({"funcionario": chefe, "senha": "uma senha boa"});
    let begun = direct.r.send("POST", "/sessoes", &[("X-Forwarded-Proto", "https")], Some(&body));
    assert!(begun.header("set-cookie").unwrap().starts_with("ambrosia="));
}

fn a_token_that_a_client_made_up_is_never_adopted(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let (device, ana) = (crew.device("balcao"), crew.hire("balcao", "2684"));
    let made_up = Session { cookie: format!("ambrosia=ams_{}", "A".repeat(43)) };
    made_up.send(&crew.r, "GET", "/clientes", None).problem(401, "Esta sessão terminou; entre de novo");
    let log_in = |cookie: &str| {
        let headers = [("X-Terminal", &*device.token), ("Cookie", cookie), ("Sec-Fetch-Site", "same-origin")];
        Session::of(&crew.r.send(
            "POST",
            "/sessoes",
            &headers,
            Some(&json!({"funcionario": ana, "pin": "2684"})),
        ))
    };
    let first = log_in(&made_up.cookie);
    assert_ne!(first, made_up);
    assert!(!made_up.lasts(&crew.r) && first.lasts(&crew.r));
    // Whoever enters next ends the session before.
    let second = log_in(&first.cookie);
    assert_ne!(first, second);
    assert!(!first.lasts(&crew.r) && second.lasts(&crew.r));
    // Two cookies of one name: one of them was smuggled in.
    let twice = Session { cookie: format!("{}; {}", made_up.cookie, second.cookie) };
    assert_eq!(twice.send(&crew.r, "GET", "/clientes", None).status, 401);
    // In a header or an address it is nothing.
    let (_, token) = second.cookie.split_once('=').unwrap();
    let bearer = format!("Bearer {token}");
    assert_eq!(crew.r.send("GET", "/clientes", &[("Authorization", &bearer)], None).status, 401);
    assert_eq!(crew.r.get(&format!("/clientes?ambrosia={token}")).status, 401);
}

fn a_login_counts_at_once_on_every_process(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let others = [crew.r.another_process(), crew.r.another_process()];
    for other in &others {
        assert_eq!(other.send("GET", "/clientes", &[], None).status, 401);
    }
    for _ in 0..5 {
        // All of it is younger than what the others know.
        let (device, ana) = (crew.device("balcao"), crew.hire("balcao", "2684"));
        let session = device.log_in(&others[0], ana, "2684");
        assert!(session.lasts(&others[1]) && session.lasts(&crew.r));
    }
}

fn what_is_ended_ends_on_every_process(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let other = crew.r.another_process();
    let ana = crew.hire("balcao", "2684");
    let enter = |device: &Device| {
        let session = device.log_in(&crew.r, ana, "2684");
        assert!(session.lasts(&crew.r) && session.lasts(&other));
        session
    };
    let over = |what: &str, session: &Session| {
        let begun = std::time::Instant::now();
        assert!(!session.lasts(&crew.r), "{what} does not end it here");
        wait_until(what, || !session.lasts(&other));
        assert!(begun.elapsed().as_millis() < 1500, "{what} took {:?}", begun.elapsed());
    };
    let device = crew.device("balcao");
    let (session, bystander) = (enter(&device), enter(&device));
    let gone = session.send(&crew.r, "DELETE", "/sessoes/atual", None);
    gone.ok();
    assert!(gone.header("set-cookie").unwrap().starts_with("ambrosia=; Path=/; Max-Age=0;"));
    over("logging out", &session);
    assert!(bystander.lasts(&other), "another session has ended too");
    session.send(&crew.r, "DELETE", "/sessoes/atual", None).ok();
    crew.r.delete("/sessoes/atual").ok();
    crew.manage("DELETE", &format!("/funcionarios/{ana}/sessoes"), None).ok();
    over("the manager", &bystander);
    let session = enter(&device);
    crew.manage("PUT", &format!("/funcionarios/{ana}"), Some(&json!({"pin": "2684"}))).ok();
    over("another PIN", &session);
    let session = enter(&device);
    crew.manage("DELETE", &format!("/terminais/{}", device.id), None).ok();
    over("the end of the terminal", &session);
    assert_eq!(device.try_log_in(&crew.r, ana, "2684").status, 403);
    let device = crew.device("balcao");
    let session = enter(&device);
    crew.manage("DELETE", &format!("/funcionarios/{ana}"), None).ok();
    over("dismissal", &session);
    device.try_log_in(&other, ana, "2684").problem(401, "Pessoa, PIN ou senha errados");
}

fn a_session_ends_by_itself(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let device = crew.device("balcao");
    let (cook, ana) = (crew.hire("cozinha", "1593"), crew.hire("balcao", "2684"));
    let sessions = || [(cook, "1593"), (ana, "2684")].map(|(id, pin)| device.log_in(&crew.r, id, pin));
    // Half an hour without a request, but in the kitchen.
    let [kitchen, counter] = sessions();
    crew.r.sql("UPDATE sessoes SET usada_em = '2020-01-01 00:00:00'");
    let other = crew.r.another_process();
    assert!(kitchen.lasts(&other) && !counter.lasts(&other));
    // The process that was asked a moment ago knows better.
    assert!(counter.lasts(&crew.r));
    // Half a day, whatever is asked meanwhile.
    let [kitchen, counter] = sessions();
    crew.r.sql("UPDATE sessoes SET criada_em = '2020-01-01 00:00:00'");
    crew.note_change();
    for server in [&crew.r as &dyn Asked, &other] {
        wait_until("both are over", || !server.lasts(&kitchen) && !server.lasts(&counter));
    }
}

/// Either kind of process.
trait Asked {
    fn lasts(&self, session: &Session) -> bool;
}

impl<S: Server> Asked for S {
    fn lasts(&self, session: &Session) -> bool {
        session.lasts(self)
    }
}

/// What one process sees keeps a session alive on another, once it is in the database.
fn a_use_that_another_process_has_stored_counts(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let session = crew.device("balcao").log_in(&crew.r, crew.hire("balcao", "2684"), "2684");
    crew.r.sql("UPDATE sessoes SET usada_em = '2020-01-01 00:00:00'");
    let other = crew.r.another_process();
    assert!(!session.lasts(&other));
    // As if the first had stored it.
    crew.r.sql("UPDATE sessoes SET usada_em = criada_em");
    assert!(session.lasts(&other), "a process does not see what another has stored");
}

fn a_cookie_needs_a_page_of_this_host_to_write(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let device = crew.device("balcao");
    let ana = crew.hire("balcao", "2684");
    let session = device.log_in(&crew.r, ana, "2684");
    let host = crew.r.url().strip_prefix("http://").unwrap().to_owned();
    let (ours, tls) = (format!("http://{host}"), format!("https://{host}"));
    let order = crew.r.checkout(1)["id"].as_i64().unwrap();
    let body = json!({"meio": "dinheiro", "responsavel": "Ana"});
    let path = format!("/pedidos/{order}/pagamento");
    let pay = |headers: &[(&str, &str)]| session.send_with(&crew.r, "POST", &path, headers, Some(&body));
    let detail = "Páginas de outro endereço não podem agir em nome de quem entrou aqui";
    for headers in [
        vec![],
        vec![("Origin", "http://ladrao.exemplo")],
        vec![("Origin", "null")],
        vec![("Sec-Fetch-Site", "cross-site")],
        vec![("Sec-Fetch-Site", "same-site")],
        vec![("Sec-Fetch-Site", "none")],
        // What the browser says of the page counts more than what the page is called.
        vec![("Sec-Fetch-Site", "cross-site"), ("Origin", &*ours)],
    ] {
        pay(&headers).problem(403, detail);
    }
    // Reading is for CORS to hide, and a page that is opened brings no such header.
    session.send_with(&crew.r, "GET", &format!("/pedidos/{order}"), &[], None).ok();
    // Nor does a page of elsewhere log anybody in or out.
    let log_in = |headers: &[(&str, &str)]| {
        let body = json!({"funcionario": ana, "pin": "2684"});
        crew.r.send("POST", "/sessoes", headers, Some(&body))
    };
    let cookie = format!("ambrosia-terminal={}", device.token);
    for headers in [
        vec![("Cookie", &*cookie)],
        vec![("X-Terminal", &*device.token), ("Origin", "http://ladrao.exemplo")],
        vec![("Cookie", &*cookie), ("Sec-Fetch-Site", "cross-site")],
    ] {
        log_in(&headers).problem(403, detail);
    }
    log_in(&[("Cookie", &cookie), ("Origin", &ours)]).ok();
    session.send_with(&crew.r, "DELETE", "/sessoes/atual", &[], None).problem(403, detail);
    assert!(session.lasts(&crew.r));
    pay(&[("Origin", &tls)]).ok();
    // With a key there is no cookie that a page could use.
    assert_eq!(crew.manage("DELETE", "/produtos/1", None).status, 200);
}

fn a_manager_lets_one_request_through(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let (device, ana, chefe) =
        (crew.device("balcao"), crew.hire("balcao", "2684"), crew.hire("gerente", "1593"));
    let session = device.log_in(&crew.r, ana, "2684");
    let order = crew.r.checkout(1)["id"].as_i64().unwrap();
    let send = |path: &str, approver: &str, body: &Value| {
        let seen = session.send(&crew.r, "GET", &format!("/pedidos/{order}"), None);
        let mut headers = vec![("Sec-Fetch-Site", "same-origin"), ("If-Match", seen.header("etag").unwrap())];
        headers.extend((!approver.is_empty()).then_some(("X-Aprovador", approver)));
        session.send_with(&crew.r, "POST", path, &headers, Some(body))
    };
    let path = |act: &str| format!("/pedidos/{order}/{act}");
    send(&path("pagamento"), "", &json!({"meio": "dinheiro", "responsavel": "Ana"})).ok();
    let cancel = json!({"motivo": "frio"});
    let detail = "É preciso ser «gerente»; um gerente pode autorizar aqui com o próprio PIN";
    send(&path("cancelamento"), "", &cancel).problem(403, detail);
    send(&path("reembolso"), "", &json!({"valor": 1, "motivo": "frio"})).problem(403, detail);
    let detail = "A aprovação não vale: a pessoa não é gerente, ou o PIN está errado";
    for approver in [format!("{chefe}:9999"), format!("{ana}:2684"), "99:1593".to_owned()] {
        send(&path("cancelamento"), &approver, &cancel).problem(403, detail);
    }
    for approver in [format!("{chefe}"), format!("{chefe}:"), "x:1593".to_owned(), format!("{chefe}:11")] {
        assert_eq!(send(&path("cancelamento"), &approver, &cancel).status, 400, "{approver}");
    }
    send(&path("cancelamento"), &format!("{chefe}:1593"), &cancel).ok();
    // One request, and no more.
    assert_eq!(session.send(&crew.r, "GET", "/funcionarios", None).status, 403);
    let events = crew.manage("GET", &path("eventos"), None).ok();
    let actors: Vec<&str> = events.as_array().unwrap().iter().filter_map(|e| e["ator"].as_str()).collect();
    let approved = format!("funcionario:{ana} aprovado por funcionario:{chefe}");
    assert!(actors.contains(&&*format!("funcionario:{ana}")) && actors.contains(&&*approved), "{actors:?}");
    // An approved request is another one than the same without approval, and than that of somebody else.
    let cart = json!({"itens": [{"produto": 1, "quantidade": 1}]});
    let order = |session: &Session, approver: Option<&str>| {
        let mut headers =
            vec![("Sec-Fetch-Site", "same-origin"), ("Idempotency-Key", "0123456789abcdef-0123")];
        headers.extend(approver.map(|approver| ("X-Aprovador", approver)));
        session.send_with(&crew.r, "POST", "/pedidos/checkout", &headers, Some(&cart)).ok()["id"]
            .as_i64()
            .unwrap()
    };
    let approver = format!("{chefe}:1593");
    let other = device.log_in(&crew.r, crew.hire("balcao", "3571"), "3571");
    let ids = [order(&session, None), order(&session, Some(&approver)), order(&other, None)];
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
    assert_eq!([order(&session, None), order(&session, Some(&approver)), order(&other, None)], ids);
    // Where there is no terminal there is nobody beside.
    let key = [("Authorization", &*format!("Bearer {}", crew.key)), ("X-Aprovador", &approver)];
    assert_eq!(crew.r.send("GET", "/clientes", &key, None).status, 403);
}

fn a_person_chooses_another_pin(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let (ana, device, other) = (crew.hire("balcao", "2684"), crew.device("balcao"), crew.device("balcao"));
    let (here, there) = (device.log_in(&crew.r, ana, "2684"), other.log_in(&crew.r, ana, "2684"));
    let put = |session: &Session, old: &str, new: &str| {
        session.send(&crew.r, "PUT", "/sessoes/atual/pin", Some(&json!({"pin_atual": old, "pin": new})))
    };
    for trivial in ["7777", "1234", "876543", "890123"] {
        let refused = put(&here, "2684", trivial);
        assert_eq!(refused.invalid_fields(), ["pin"]);
        assert!(refused.body.contains("é fácil demais de adivinhar"), "{}", refused.body);
    }
    put(&here, "2685", "1379").problem(401, "Pessoa, PIN ou senha errados");
    let body = json!({"pin_atual": "2684", "pin": "1379"});
    let evil = [("Sec-Fetch-Site", "cross-site")];
    assert_eq!(here.send_with(&crew.r, "PUT", "/sessoes/atual/pin", &evil, Some(&body)).status, 403);
    assert_eq!(crew.r.send("PUT", "/sessoes/atual/pin", &[], Some(&body)).status, 401);
    assert!(here.lasts(&crew.r) && there.lasts(&crew.r));
    // All sessions end, and another begins here.
    let after = Session::of(&put(&here, "2684", "1379"));
    assert!(after.lasts(&crew.r) && !here.lasts(&crew.r) && !there.lasts(&crew.r));
    assert_eq!(after.send(&crew.r, "GET", "/sessoes/atual", None).ok()["terminal"], device.id);
    assert_eq!(device.try_log_in(&crew.r, ana, "2684").status, 401);
    device.log_in(&crew.r, ana, "1379");
    let noted = format!(
        "SELECT COUNT(*) FROM auditoria WHERE tipo = 'funcionario_alterado' AND ator = 'funcionario:{ana}' \
         AND alvo = 'funcionario:{ana}' AND detalhe = 'pin'"
    );
    assert_eq!(crew.r.count(&noted), 1);
    // A PIN is not for guessing here either, and a session without a terminal has none.
    let session = device.log_in(&crew.r, ana, "1379");
    (0..5).for_each(|_| assert_eq!(put(&session, "2580", "1593").status, 401));
    assert_eq!(put(&session, "1379", "1593").status, 429);
    let chefe = crew.hire_manager("2580", "uma senha boa");
    let elsewhere = json!({"funcionario": chefe, "senha": "uma senha boa"});
    let elsewhere = Session::of(&crew.r.send("POST", "/sessoes", &[], Some(&elsewhere)));
    put(&elsewhere, "2580", "1593").problem(403, "O PIN só vale num terminal inscrito pela gerência");
}

fn an_enrolled_terminal_shows_who_may_enter(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let hire = |nome: &str, papel: &str| {
        let body = json!({"nome": nome, "papel": papel, "pin": "2684"});
        crew.manage("POST", "/funcionarios", Some(&body)).ok()["id"].as_i64().unwrap()
    };
    let (zilda, ana, gone) = (hire("Zilda", "gerente"), hire("ana", "cozinha"), hire("Davi", "balcao"));
    crew.manage("DELETE", &format!("/funcionarios/{gone}"), None).ok();
    let (path, device) = ("/terminais/atual/funcionarios", crew.device("cozinha"));
    let expected = json!([
        {"id": ana, "nome": "ana", "papel": "cozinha"},
        {"id": zilda, "nome": "Zilda", "papel": "gerente"},
    ]);
    let shown = crew.r.send("GET", path, &[("X-Terminal", &device.token)], None);
    assert_eq!((shown.ok(), shown.header("cache-control")), (expected.clone(), Some("no-store")));
    let cookie = format!("ambrosia-terminal={}", device.token);
    assert_eq!(crew.r.send("GET", path, &[("Cookie", &cookie)], None).ok(), expected);
    // With nothing else: a key, a session without its terminal.
    assert_eq!(crew.manage("GET", path, None).status, 403);
    let session = device.log_in(&crew.r, ana, "2684");
    assert_eq!(session.send(&crew.r, "GET", path, None).status, 403);
    assert_eq!(crew.r.send("GET", path, &[], None).status, 403);
    crew.manage("DELETE", &format!("/terminais/{}", device.id), None).ok();
    let revoked = crew.r.send("GET", path, &[("X-Terminal", &device.token)], None);
    revoked.problem(403, "O PIN só vale num terminal inscrito pela gerência");
}
