//! Doors: real money needs a decision about them; what pages of other origins may do once they are closed; the port of the
//! operation; and what everybody sees of the orders.

use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    Database, Response, Restaurant,
    database::Folder,
    on_both_databases,
    restaurant::wait_until,
    staff::{Caller, chave_on, create_key, printed},
};

on_both_databases!(
    everybody_sees_numbers_and_states_and_the_staff_sees_orders,
    the_public_list_has_an_entity_tag_of_its_own,
    the_public_list_has_pages,
);

const REAL: [(&str, &str); 4] = [
    ("MERCADO_PAGO_TOKEN", "APP_USR-token"),
    ("MERCADO_PAGO_POS", "CAIXA01"),
    ("MERCADO_PAGO_WEBHOOK_SECRET", "segredo"),
    // Nobody is there; nothing is asked before there is an order.
    ("MERCADO_PAGO_URL", "http://127.0.0.1:1"),
];

/// For pages of this host, though nobody is asked who calls: what is sent is the proof.
const OWN_PAGES: [(&str, &str); 6] = [
    ("/sessoes", "POST"),
    ("/sessoes/atual", "GET"),
    ("/sessoes/atual/pin", "PUT"),
    ("/terminais/inscricao", "POST"),
    ("/terminais/atual/funcionarios", "GET"),
    ("/gerencia", "POST"),
];

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(url: &str, environment: &[(&str, &str)]) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ambrosia"));
    command.env_clear().envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("DATABASE_URL", url)]);
    let command = command.envs(environment.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped());
    Running(command.stderr(Stdio::piped()).spawn().unwrap())
}

/// Exit code and standard error of a process that ends by itself.
fn ends(url: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut running = spawn(url, environment);
    let mut errors = String::new();
    running.0.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    (running.0.wait().unwrap().code(), errors)
}

/// The first line of its log that has one of these texts, which it must have.
fn says(url: &str, environment: &[(&str, &str)], texts: &[&str]) -> String {
    let mut running = spawn(url, environment);
    let lines = BufReader::new(running.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut all = Vec::new();
    for line in lines {
        if texts.iter().any(|text| line.contains(text)) {
            return line;
        }
        all.push(line);
    }
    panic!("{texts:?}: {all:?}");
}

#[test]
fn real_money_behind_doors_that_nobody_decided_about_is_refused() {
    let folder = Folder::new();
    let url = format!("sqlite:{}/r.db", folder.0.display());
    let (code, errors) = ends(&url, &[&REAL[..], &[("LOG_LEVEL", "error")]].concat());
    assert_eq!((code, errors.matches('\n').count()), (Some(2), 1), "{errors}");
    assert!(
        errors.contains("ambrosia chave criar gerente NOME") && errors.contains("ACCESS=open"),
        "{errors}"
    );
    // A key of a lower role is no manager's.
    printed(&chave_on(&url, &["criar", "balcao", "Caixa"]));
    assert_eq!(ends(&url, &REAL).0, Some(2));
    let open = "doors are OPEN";
    for access in ["open", "auto"] {
        assert!(says(&url, &[&REAL[..], &[("ACCESS", access)]].concat(), &[open]).contains("WARN"));
    }
    let started = ["listening", "data in"];
    says(&url, &[&REAL[..], &[("ACCESS", "closed")]].concat(), &started);
    printed(&chave_on(&url, &["criar", "gerente", "Zilda"]));
    let mut running = spawn(&url, &REAL);
    let address = first_line(&mut running).rsplit(' ').next().unwrap().to_owned();
    wait_until("the doors are closed", || status(&address, "/clientes") == 401);
    assert_eq!(status(&address, "/produtos"), 200);
    let (code, errors) = ends(&url, &[("ACCESS", "locked")]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("ACCESS=locked is wrong: it must be auto, open or closed"), "{errors}");
}

fn first_line(running: &mut Running) -> String {
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

fn status(address: &str, path: &str) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    agent.get(format!("{address}{path}")).call().map_or(0, |response| response.status().as_u16())
}

const ORIGIN: &str = "https://app.exemplo";

fn preflight(r: &Restaurant, path: &str, method: &str) -> Response {
    let asks = [
        ("Origin", ORIGIN),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ];
    r.request("OPTIONS", path, &asks, None)
}

/// Of a GET and of a preflight: the origin that may read, and the headers that may be sent.
fn grants(r: &Restaurant, path: &str, method: &str) -> [Option<String>; 3] {
    let get = r.request("GET", path, &[("Origin", ORIGIN)], None);
    let preflight = preflight(r, path, method);
    assert_eq!(preflight.status, 204, "{path}");
    [
        get.header("access-control-allow-origin"),
        preflight.header("access-control-allow-origin"),
        preflight.header("access-control-allow-headers"),
    ]
    .map(|header| header.map(str::to_owned))
}

fn some(origin: &str) -> [Option<String>; 3] {
    [origin, origin, "authorization,content-type"].map(|text| Some(text.to_owned()))
}

const PUBLIC: [(&str, &str); 6] = [
    ("/produtos", "GET"),
    ("/pedidos", "GET"),
    ("/pedidos/fila", "HEAD"),
    ("/openapi.json", "GET"),
    ("/%70rodutos/1", "GET"),
    ("/livez", "GET"),
];
const GUARDED: [(&str, &str); 7] = [
    ("/clientes/1", "GET"),
    ("/clientes/1", "DELETE"),
    ("/%63lientes/1/", "GET"),
    ("/pedidos/1", "GET"),
    ("/pedidos/1/status_pagamento", "GET"),
    ("/metrics", "GET"),
    ("/chaves", "GET"),
];

#[test]
fn with_open_doors_pages_of_every_origin_may_call_everything() {
    let r = Restaurant::new(Database::Sqlite);
    // Until it was read who may do what, doors count as closed; this request waits for it.
    r.get("/clientes/1").ok();
    for (path, method) in PUBLIC.iter().chain(&GUARDED) {
        assert_eq!(grants(&r, path, method), some("*"), "{method} {path}");
    }
    assert_eq!(preflight(&r, "/produtos", "PUT").header("access-control-allow-origin"), Some("*"));
}

#[test]
fn with_closed_doors_pages_of_other_origins_may_call_what_is_public() {
    let r = Restaurant::with_environment(Database::Sqlite, &[("ACCESS", "closed")]);
    for (path, method) in PUBLIC {
        assert_eq!(grants(&r, path, method), some("*"), "{method} {path}");
    }
    assert_eq!(preflight(&r, "/pedidos/checkout", "POST").header("access-control-allow-origin"), Some("*"));
    for (path, method) in GUARDED {
        assert_eq!(grants(&r, path, method), [None, None, None], "{method} {path}");
    }
    for (path, method) in OWN_PAGES {
        assert_eq!(
            preflight(&r, path, method).header("access-control-allow-origin"),
            None,
            "{method} {path}"
        );
        let answer = r.request(method, path, &[("Origin", ORIGIN)], Some("{}"));
        assert_eq!(answer.header("access-control-allow-origin"), None, "{method} {path}");
    }
    // One path, and what may be done with it differs.
    for (path, method) in [("/produtos", "PUT"), ("/produtos", "POST"), ("/pedidos", "PUT")] {
        let granted = preflight(&r, path, method);
        for name in ["origin", "methods", "headers"] {
            let header = granted.header(&format!("access-control-allow-{name}"));
            assert_eq!(header, None, "{method} {path}");
        }
    }
}

#[test]
fn the_manager_closes_the_doors_for_pages_of_other_origins() {
    let r = Restaurant::new(Database::Sqlite);
    // Until it was read who may do what, doors count as closed; this request waits for it.
    r.get("/clientes/1").ok();
    assert_eq!(grants(&r, "/clientes/1", "GET"), some("*"));
    create_key(&r, "gerente");
    wait_until("the doors are closed", || r.get("/clientes").status == 401);
    assert_eq!(grants(&r, "/clientes/1", "GET"), [None, None, None]);
    assert_eq!(grants(&r, "/produtos", "GET"), some("*"));
}

#[test]
fn an_origin_that_is_named_may_call_everything_with_a_key() {
    let environment = [("ACCESS", "closed"), ("CORS_ORIGIN", ORIGIN)];
    let r = Restaurant::with_environment(Database::Sqlite, &environment);
    for (path, method) in PUBLIC.iter().chain(&GUARDED) {
        assert_eq!(grants(&r, path, method), some(ORIGIN), "{method} {path}");
        let other = r.request("GET", path, &[("Origin", "https://ladrao.exemplo")], None);
        assert_eq!(other.header("access-control-allow-origin"), None, "{path}");
    }
}

#[test]
fn figures_need_a_key_on_the_public_port_and_none_on_that_of_the_operation() {
    let r = Restaurant::with_environment(Database::Sqlite, &[("ACCESS", "closed")]);
    assert_eq!(r.get("/metrics").status, 401);
    assert_eq!([r.get("/livez").status, r.get("/readyz").status], [200, 200]);
    let maquina = Caller::with_key(create_key(&r, "maquina"));
    wait_until("the key is known", || maquina.get(&r, "/metrics").status == 200);
    // A port that was free a moment ago.
    let ops = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let r = Restaurant::with_environment(Database::Sqlite, &[("ACCESS", "closed"), ("OPS_PORT", &ops)]);
    let ops = format!("http://127.0.0.1:{ops}");
    wait_until("the process is ready", || status(&ops, "/readyz") == 200);
    assert_eq!(["/metrics", "/livez", "/readyz"].map(|path| status(&ops, path)), [200, 200, 200]);
    for path in ["/clientes", "/pedidos", "/chaves", "/auditoria", "/"] {
        assert_eq!(status(&ops, path), 404, "{path}");
    }
    for path in ["/metrics", "/%6detrics", "/metrics/"] {
        assert_eq!(r.get(path).status, 404, "{path}");
    }
}

/// A restaurant with closed doors, and a key of its kitchen.
fn closed(database: Database) -> (Restaurant, Caller) {
    let r = Restaurant::with_environment(database, &[("ACCESS", "closed")]);
    let cozinha = Caller::with_key(create_key(&r, "cozinha"));
    wait_until("the key is known", || cozinha.get(&r, "/pedidos/finalizados").status == 200);
    (r, cozinha)
}

const LISTS: [&str; 6] = [
    "/pedidos",
    "/pedidos/",
    "/pedidos/fila",
    "/pedidos/recebidos",
    "/pedidos/empreparacao",
    "/pedidos/prontos",
];

fn everybody_sees_numbers_and_states_and_the_staff_sees_orders(database: Database) {
    let (r, cozinha) = closed(database);
    let totem = Caller::with_key(create_key(&r, "totem"));
    wait_until("the key is known", || totem.get(&r, "/pedidos/finalizados").status == 403);
    for list in LISTS {
        let (public, staff) = (r.get(list).ok(), cozinha.get(&r, list).ok());
        let staff = staff.as_array().unwrap();
        assert!(!staff.is_empty() && staff.iter().all(|order| order["itens"].is_array()), "{list}");
        let names = ["senha", "status_pedido", "status_pedido_descricao"];
        let view = |order: &Value| -> Value {
            names.map(|n| (n.to_owned(), order[n].clone())).into_iter().collect()
        };
        let expected: Vec<Value> = staff.iter().map(view).collect();
        assert_eq!(public, json!(expected), "{list}");
        assert_eq!(totem.get(&r, list).ok(), public, "{list}");
        // With parameters too.
        assert_eq!(r.get(&format!("{list}?limite=100")).ok(), public, "{list}");
        assert_eq!(r.get(&format!("{list}?x")).ok(), public, "{list}");
    }
    // The secret of one order opens no list.
    let pedido = r.post("/pedidos/checkout", json!({"itens": [{"produto": 1, "quantidade": 1}]})).ok();
    let owner = Caller::with_secret(pedido["acompanhamento"].as_str().unwrap());
    assert_eq!(owner.get(&r, "/pedidos").ok(), r.get("/pedidos").ok());
    assert_eq!(owner.get(&r, "/pedidos/finalizados").status, 401);
}

fn the_public_list_has_an_entity_tag_of_its_own(database: Database) {
    let (r, cozinha) = closed(database);
    for list in LISTS {
        let tag = |caller: &Caller| caller.get(&r, list).header("etag").unwrap().to_owned();
        let (public, staff) = (tag(&Caller::nobody()), tag(&cozinha));
        assert_ne!(public, staff, "{list}");
        let status = |caller: &Caller, tag: &str| {
            caller.request_with(&r, "GET", list, &[("If-None-Match", tag)], None).status
        };
        assert_eq!([status(&Caller::nobody(), &public), status(&cozinha, &staff)], [304, 304], "{list}");
        // What one has seen is not what the other would see.
        assert_eq!([status(&Caller::nobody(), &staff), status(&cozinha, &public)], [200, 200], "{list}");
        r.post("/pedidos/checkout", json!({"itens": [{"produto": 1, "quantidade": 1}]})).ok();
        assert_eq!([status(&Caller::nobody(), &public), status(&cozinha, &staff)], [200, 200], "{list}");
    }
}

fn the_public_list_has_pages(database: Database) {
    let (r, cozinha) = closed(database);
    let all = r.get("/pedidos").ok();
    let count = all.as_array().unwrap().len();
    let next = |page: &Response| {
        let link = page.header("link")?;
        Some(link.strip_prefix('<').unwrap().split('>').next().unwrap().to_owned())
    };
    let first = "/pedidos?limite=1".to_owned();
    let (mut path, mut staffs, mut seen) = (first.clone(), first, Vec::new());
    loop {
        let (page, whole) = (r.get(&path), cozinha.get(&r, &staffs));
        let rows = page.ok().as_array().unwrap().clone();
        assert_eq!(rows.len(), 1);
        let id = whole.ok()[0]["id"].as_i64().unwrap();
        assert_eq!(page.header("etag"), None);
        seen.extend(rows);
        assert_eq!(page.header("link").is_some(), whole.header("link").is_some());
        let (Some(link), Some(of_staff)) = (next(&page), next(&whole)) else { break };
        assert_eq!(page.header("x-total-count"), Some(count.to_string().as_str()));
        // The staff's cursor tells the id of the last order; everybody's tells nothing, and is worth nothing changed.
        let cursor = |path: &str| path.split("apos=").nth(1).unwrap().to_owned();
        assert!(cursor(&of_staff).ends_with(&format!(".{id:x}")), "{of_staff}");
        assert!(cursor(&link).len() == 54 && !cursor(&link).contains('.'), "{link}");
        assert_eq!(r.get(&of_staff).invalid_fields(), ["apos"]);
        assert_eq!(cozinha.get(&r, &link).invalid_fields(), ["apos"]);
        let changed: String = link.chars().rev().collect();
        assert_eq!(r.get(&format!("/pedidos?limite=1&apos={}", &changed[..54])).invalid_fields(), ["apos"]);
        (path, staffs) = (link, of_staff);
    }
    assert_eq!(json!(seen), all);
    assert_eq!(r.get("/pedidos?limite=0").status, 422);
}
