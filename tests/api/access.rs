//! Who may call what: every route, by everybody, in every mode, compared with a table that is written here by hand. A new
//! route without a line in it fails.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::{
    Database, Response, Restaurant, on_both_databases,
    restaurant::wait_until,
    staff::{Caller, MANY_ADDRESSES, create_key, id_of, rows},
};

on_both_databases!(auto_is_open_until_there_is_a_manager_and_then_closed);

/// Everybody.
const ALL: &str = "nobody owner stranger cozinha balcao gerente totem maquina revoked expired";
const KITCHEN: &str = "cozinha balcao gerente";
const COUNTER: &str = "balcao gerente";
const MANAGER: &str = "gerente";
/// Who has the order's secret, and the counter.
const OWNER: &str = "owner balcao gerente";
const MACHINE: &str = "maquina gerente";

/// Who may call what where doors are closed.
const TABLE: &[(&str, &str, &str)] = &[
    ("GET", "/pedidos", ALL),
    ("GET", "/pedidos/recebidos", ALL),
    ("GET", "/pedidos/empreparacao", ALL),
    ("GET", "/pedidos/prontos", ALL),
    ("GET", "/pedidos/fila", ALL),
    ("GET", "/pedidos/finalizados", KITCHEN),
    ("GET", "/pedidos/{id}", OWNER),
    ("DELETE", "/pedidos/{id}", OWNER),
    ("GET", "/pedidos/{id}/eventos", COUNTER),
    ("PUT", "/pedidos", KITCHEN),
    ("POST", "/pedidos/checkout", ALL),
    ("GET", "/pedidos/pendencias", MANAGER),
    ("DELETE", "/pedidos/{id}/pendencia", MANAGER),
    ("GET", "/pedidos/{id}/status_pagamento", OWNER),
    ("POST", "/pedidos/{id}/pagamento", COUNTER),
    ("POST", "/pedidos/{id}/cancelamento", COUNTER),
    ("POST", "/pedidos/{id}/reembolso", MANAGER),
    // Nothing signs what is sent to the simulator.
    ("POST", "/pedidos/status_pagamento", COUNTER),
    // The kitchen's board needs more (`live_access.rs`).
    ("GET", "/pedidos/ao-vivo", ALL),
    ("GET", "/pedidos/{id}/ao-vivo", OWNER),
    ("GET", "/eventos", "balcao gerente maquina"),
    ("GET", "/pedidos/{id}/qrcode.svg", OWNER),
    ("GET", "/pedidos/{id}/qrcode.png", OWNER),
    ("GET", "/produtos", ALL),
    ("POST", "/produtos", MANAGER),
    ("PUT", "/produtos", MANAGER),
    ("GET", "/produtos/{id}", ALL),
    ("DELETE", "/produtos/{id}", MANAGER),
    ("PUT", "/produtos/{id}/esgotado", KITCHEN),
    ("DELETE", "/produtos/{id}/esgotado", KITCHEN),
    ("GET", "/lanches", ALL),
    ("GET", "/acompanhamentos", ALL),
    ("GET", "/bebidas", ALL),
    ("GET", "/sobremesas", ALL),
    // The counter asks for one by the whole CPF (`personal_data.rs`).
    ("GET", "/clientes", MANAGER),
    ("POST", "/clientes", ALL),
    ("PUT", "/clientes", MANAGER),
    ("GET", "/clientes/{id}", MANAGER),
    ("DELETE", "/clientes/{id}", MANAGER),
    ("GET", "/clientes/{id}/pedidos", MANAGER),
    ("GET", "/clientes/{id}/dados", MANAGER),
    ("GET", "/restaurante", ALL),
    ("PUT", "/restaurante", MANAGER),
    ("PUT", "/restaurante/pausa", COUNTER),
    ("DELETE", "/restaurante/pausa", COUNTER),
    ("GET", "/vendas.json", MANAGER),
    ("GET", "/vendas.csv", MANAGER),
    ("GET", "/chaves", MANAGER),
    ("POST", "/chaves", MANAGER),
    ("DELETE", "/chaves/{id}", MANAGER),
    ("GET", "/auditoria", MANAGER),
    ("GET", "/pendencias", MANAGER),
    ("GET", "/assinaturas", MANAGER),
    ("POST", "/assinaturas", MANAGER),
    ("GET", "/assinaturas/{id}", MANAGER),
    ("PUT", "/assinaturas/{id}", MANAGER),
    ("DELETE", "/assinaturas/{id}", MANAGER),
    ("POST", "/assinaturas/{id}/segredo", MANAGER),
    ("POST", "/assinaturas/{id}/repetir", MANAGER),
    ("DELETE", "/assinaturas/{id}/pendencia", MANAGER),
    ("GET", "/funcionarios", MANAGER),
    ("POST", "/funcionarios", MANAGER),
    ("PUT", "/funcionarios/{id}", MANAGER),
    ("DELETE", "/funcionarios/{id}", MANAGER),
    ("DELETE", "/funcionarios/{id}/sessoes", MANAGER),
    ("GET", "/terminais", MANAGER),
    ("POST", "/terminais", MANAGER),
    ("DELETE", "/terminais/{id}", MANAGER),
    ("POST", "/terminais/{id}/codigo", MANAGER),
    // What is sent is the proof.
    ("POST", "/terminais/inscricao", ALL),
    ("POST", "/sessoes", ALL),
    ("GET", "/sessoes/atual", ALL),
    ("DELETE", "/sessoes/atual", ALL),
    ("PUT", "/sessoes/atual/pin", ALL),
    ("GET", "/terminais/atual/funcionarios", ALL),
    ("GET", "/gerencia", ALL),
    ("POST", "/gerencia", ALL),
    ("GET", "/", ALL),
    ("GET", "/cardapio", ALL),
    ("POST", "/cardapio", ALL),
    ("GET", "/totem", ALL),
    ("POST", "/totem", ALL),
    ("GET", "/acompanhar/{id}", ALL),
    ("POST", "/acompanhar/{id}/cancelamento", ALL),
    ("GET", "/painel", ALL),
    ("GET", "/caixa", COUNTER),
    ("POST", "/caixa", COUNTER),
    ("POST", "/caixa/entrega", COUNTER),
    ("POST", "/caixa/pagamento", COUNTER),
    ("POST", "/caixa/cancelamento", COUNTER),
    // With a manager who lets it through, the counter too (`tests/screens`).
    ("POST", "/caixa/reembolso", COUNTER),
    ("POST", "/caixa/pendencia", COUNTER),
    ("GET", "/cozinha", KITCHEN),
    ("POST", "/cozinha", KITCHEN),
    ("POST", "/cozinha/esgotado", KITCHEN),
    // What is sent is the proof.
    ("GET", "/vendas", MANAGER),
    ("GET", "/gerencia/qr", MANAGER),
    ("GET", "/gerencia/restaurante", MANAGER),
    ("POST", "/gerencia/restaurante", MANAGER),
    ("POST", "/gerencia/restaurante/horarios", MANAGER),
    ("POST", "/gerencia/restaurante/pausa", MANAGER),
    ("GET", "/gerencia/pessoas", MANAGER),
    ("GET", "/gerencia/aparelhos", MANAGER),
    ("GET", "/gerencia/chaves", MANAGER),
    ("POST", "/gerencia/pessoas", MANAGER),
    ("POST", "/gerencia/pessoas/sessoes", MANAGER),
    ("POST", "/gerencia/pessoas/desligamento", MANAGER),
    ("POST", "/gerencia/aparelhos", MANAGER),
    ("POST", "/gerencia/aparelhos/codigo", MANAGER),
    ("POST", "/gerencia/aparelhos/revogacao", MANAGER),
    ("POST", "/gerencia/chaves", MANAGER),
    ("POST", "/gerencia/chaves/revogacao", MANAGER),
    ("GET", "/gerencia/cardapio", MANAGER),
    ("POST", "/gerencia/cardapio", MANAGER),
    ("GET", "/entrar", ALL),
    ("POST", "/entrar", ALL),
    ("POST", "/entrar/terminal", ALL),
    ("POST", "/sair", ALL),
    ("GET", "/arquivos/{id}", ALL),
    ("GET", "/docs", ALL),
    ("GET", "/redoc", ALL),
    ("GET", "/openapi.json", ALL),
    ("GET", "/livez", ALL),
    ("GET", "/readyz", ALL),
    ("GET", "/metrics", MACHINE),
];

/// Pages: who may not see one is led to the way in.
const PAGES: [&str; 22] = [
    "/gerencia/restaurante",
    "/gerencia/restaurante/horarios",
    "/gerencia/restaurante/pausa",
    "/gerencia/pessoas",
    "/gerencia/pessoas/sessoes",
    "/gerencia/pessoas/desligamento",
    "/gerencia/aparelhos",
    "/gerencia/aparelhos/codigo",
    "/gerencia/aparelhos/revogacao",
    "/gerencia/chaves",
    "/gerencia/chaves/revogacao",
    "/vendas",
    "/gerencia/qr",
    "/gerencia/cardapio",
    "/caixa",
    "/caixa/entrega",
    "/caixa/pagamento",
    "/caixa/cancelamento",
    "/caixa/reembolso",
    "/caixa/pendencia",
    "/cozinha",
    "/cozinha/esgotado",
];

/// Routes that need a manager's key also where doors are open.
const LOCKED_ALWAYS: [&str; 22] = [
    "/gerencia/pessoas",
    "/gerencia/pessoas/sessoes",
    "/gerencia/pessoas/desligamento",
    "/gerencia/aparelhos",
    "/gerencia/aparelhos/codigo",
    "/gerencia/aparelhos/revogacao",
    "/gerencia/chaves",
    "/gerencia/chaves/revogacao",
    "/assinaturas",
    "/assinaturas/{id}",
    "/assinaturas/{id}/segredo",
    "/assinaturas/{id}/repetir",
    "/assinaturas/{id}/pendencia",
    "/chaves",
    "/chaves/{id}",
    "/auditoria",
    "/funcionarios",
    "/funcionarios/{id}",
    "/funcionarios/{id}/sessoes",
    "/terminais",
    "/terminais/{id}",
    "/terminais/{id}/codigo",
];

/// Tables that a denied request must not change. When a key was last used is no effect.
const CONTENTS: [&str; 12] = [
    "SELECT id, url, tipos, situacao, segredo, versao FROM webhooks ORDER BY id",
    "SELECT id, nome, papel, desligado_em FROM funcionarios ORDER BY id",
    "SELECT id, nome, papel, revogado_em FROM terminais ORDER BY id",
    "SELECT nome, cidade, pausa_ate FROM restaurante",
    "SELECT * FROM pedidos ORDER BY id",
    "SELECT * FROM itens ORDER BY id",
    "SELECT * FROM eventos ORDER BY id",
    "SELECT * FROM produtos ORDER BY id",
    "SELECT * FROM clientes ORDER BY id",
    "SELECT * FROM cobrancas ORDER BY pedido",
    "SELECT * FROM idempotencia ORDER BY chave",
    "SELECT id, nome, papel, resumo, expira_em, revogada_em FROM chaves ORDER BY id",
];

/// The restaurant with an order, and everybody who may call.
struct House<'a> {
    r: &'a Restaurant,
    callers: BTreeMap<&'static str, Caller>,
}

/// What a request is about; new for each that is allowed, since it may be gone afterwards.
struct Things {
    pedido: Value,
    produto: i64,
    cliente: i64,
    chave: i64,
}

impl House<'_> {
    /// Keys of these roles; the revoked and the expired one are of the highest of them.
    fn new<'a>(r: &'a Restaurant, roles: &[&'static str]) -> House<'a> {
        let mut callers: BTreeMap<_, _> =
            roles.iter().map(|papel| (*papel, Caller::with_key(create_key(r, papel)))).collect();
        let highest = if roles.contains(&"gerente") { "gerente" } else { "balcao" };
        let (revoked, expired) = (create_key(r, highest), create_key(r, highest));
        r.sql(&format!(
            "UPDATE chaves SET revogada_em = '2026-01-01 00:00:00' WHERE id = {}",
            id_of(&revoked)
        ));
        r.sql(&format!("UPDATE chaves SET expira_em = '2026-01-01 00:00:00' WHERE id = {}", id_of(&expired)));
        r.sql("UPDATE restaurante SET versao_acesso = versao_acesso + 1");
        // A key that is known is refused for its role, if at all; one that opens nothing as nobody is.
        let counts = |caller: &Caller| {
            let response = caller.get(r, "/chaves");
            response.status == 200 || response.body.contains("sem_permissao")
        };
        wait_until("the keys are known", || callers.values().all(&counts));
        wait_until("two open nothing", || {
            ![&revoked, &expired].iter().any(|k| counts(&Caller::with_key(k.as_str())))
        });
        callers.insert("revoked", Caller::with_key(revoked));
        callers.insert("expired", Caller::with_key(expired));
        let secret = |pedido: &Value| Caller::with_secret(pedido["acompanhamento"].as_str().unwrap());
        callers.insert("owner", secret(&checkout(r)));
        callers.insert("stranger", secret(&checkout(r)));
        callers.insert("nobody", Caller::nobody());
        House { r, callers }
    }

    fn caller(&self, name: &str) -> &Caller {
        &self.callers[name]
    }

    fn new_things(&self, route: &str) -> Things {
        // Who has begun a pause stands in nobody's way.
        self.r.sql("UPDATE restaurante SET pausa_ate = NULL");
        let pedido = checkout(self.r);
        let r = self.r;
        let chave = match route {
            "/chaves/{id}" => id_of(&create_key(r, "cozinha")),
            "/funcionarios/{id}" | "/funcionarios/{id}/sessoes" => {
                self.manage("/funcionarios", json!({"nome": "Davi", "papel": "cozinha", "pin": "4172"}))
            }
            "/terminais/{id}" | "/terminais/{id}/codigo" => {
                self.manage("/terminais", json!({"nome": "Tablet", "papel": "cozinha"}))
            }
            // Paused: nobody is called.
            _ if route.starts_with("/assinaturas/{id}") => {
                self.manage("/assinaturas", json!({"url": "https://erp.example/", "ativa": false}))
            }
            _ => 1,
        };
        let cliente = if route.starts_with("/clientes") { self.new_cliente() } else { 1 };
        Things { pedido, produto: 12, cliente, chave }
    }

    /// Waits until the workers have done what the calls before have left them.
    fn rests(&self) {
        let now = match self.r.database {
            Database::Mysql => "UTC_TIMESTAMP()",
            Database::Sqlite => "CURRENT_TIMESTAMP",
        };
        let due = format!("SELECT COUNT(*) FROM cobrancas WHERE proxima_em <= {now}");
        wait_until("no charge is due", || self.r.count(&due) == 0);
    }

    /// Calls a route about these things. Who has a secret has that of the order, and a stranger that of another.
    fn call(&self, name: &str, method: &str, route: &str, things: &Things) -> Response {
        let mut caller = self.caller(name).clone();
        if name == "owner" {
            caller.secret = things.pedido["acompanhamento"].as_str().map(str::to_owned);
        }
        let body = body_of(method, route, things);
        let tag = format!("\"{}\"", things.pedido["versao"]);
        let seen = [("If-Match", tag.as_str())];
        let more: &[_] = if route.ends_with("/reembolso") { &seen } else { &[] };
        let query = if route.ends_with("/repetir") { "?desde=0" } else { "" };
        caller.request_with(self.r, method, &(path_of(route, name, things) + query), more, body.as_ref())
    }

    /// Calls every route as everybody. `allowed` says who may.
    fn check(&self, allowed: impl Fn(&str, &str, &str) -> bool) {
        for (method, route, _) in TABLE {
            let things = self.new_things(route);
            self.rests();
            let before = contents(self.r);
            for name in self.callers.keys().filter(|name| !allowed(method, route, name)) {
                let response = self.call(name, method, route, &things);
                let what = format!("{method} {route} by {name}: {}", response.body);
                if PAGES.contains(route) {
                    let way_in = format!("/entrar?para={route}");
                    let led = (response.status, response.header("location"));
                    assert_eq!(led, (303, Some(way_in.as_str())), "{what}");
                } else {
                    assert_denied(&response, name, LOCKED_ALWAYS.contains(route) && self.is_open(), &what);
                    assert_eq!(response.status, denied_status(self, name, route), "{what}");
                }
                if *method == "GET" {
                    let head = self.call(name, "HEAD", route, &things);
                    assert_eq!((head.status, head.body.as_str()), (response.status, ""), "HEAD of {what}");
                }
            }
            assert_eq!(contents(self.r), before, "{method} {route} has an effect");
            // A stream has no end.
            let is_stream = *route == "/eventos" || route.ends_with("/ao-vivo");
            let (line_method, method) = (*method, if is_stream { "HEAD" } else { *method });
            for name in self.callers.keys().filter(|name| allowed(line_method, route, name)) {
                let response = self.call(name, method, route, &self.new_things(route));
                let expected = match *route {
                    "/pedidos/{id}/reembolso" => response.status == 409,
                    "/" => response.status == 307,
                    "/gerencia/qr" => response.status == 200,
                    // A form that does not say what it has seen.
                    "/gerencia/restaurante" | "/gerencia/restaurante/horarios" => {
                        response.status == if method == "GET" { 200 } else { 412 }
                    }
                    "/gerencia/restaurante/pausa" => response.status == 303,
                    path if path == "/gerencia" || path.starts_with("/gerencia/") => {
                        response.status == if method == "GET" { 200 } else { 422 }
                    }
                    "/entrar" | "/cozinha" | "/caixa" => {
                        response.status == if method == "GET" { 200 } else { 422 }
                    }
                    "/entrar/terminal" => response.status == 422,
                    "/cozinha/esgotado" => response.status == 422,
                    path if path.starts_with("/caixa/") => response.status == 422,
                    "/sair" => response.status == 303,
                    // A form without a choice.
                    "/cardapio" | "/totem" => response.status == if method == "GET" { 200 } else { 422 },
                    // The secret is in the path, and the page says that there is no such order.
                    "/acompanhar/{id}" | "/acompanhar/{id}/cancelamento" => {
                        let sees = self.is_open() || ["owner", "balcao", "gerente"].contains(name);
                        response.status
                            == if !sees {
                                404
                            } else if method == "GET" {
                                200
                            } else {
                                303
                            }
                    }
                    "/arquivos/{id}" => response.status == 404,
                    "/terminais/atual/funcionarios" => response.body.contains("sem_terminal"),
                    "/sessoes/atual/pin" => response.body.contains("sem_sessao"),
                    "/sessoes" | "/sessoes/atual" | "/terminais/inscricao" => {
                        let refused = ["sem_credencial", "sem_permissao", "chave_invalida", "sem_gerente"];
                        !refused.iter().any(|codigo| response.body.contains(codigo))
                    }
                    _ => response.status == 200,
                };
                assert!(expected, "{method} {route} by {name}: {} {}", response.status, response.body);
            }
        }
    }

    /// What the manager makes, by its id; 1 where there is no manager.
    fn manage(&self, route: &str, body: Value) -> i64 {
        let Some(manager) = self.callers.get("gerente") else { return 1 };
        manager.post(self.r, route, body).ok()["id"].as_i64().unwrap()
    }

    /// Registered by the manager, if there is one: nobody is told an id where doors are closed.
    fn new_cliente(&self) -> i64 {
        let nobody = Caller::nobody();
        let caller = self.callers.get("gerente").unwrap_or(&nobody);
        let cliente = caller.post(self.r, "/clientes", json!({"cpf": next_cpf(), "nome": "Ana"})).ok();
        cliente["id"].as_i64().unwrap()
    }

    /// Whether nobody may see a customer, say.
    fn is_open(&self) -> bool {
        Caller::nobody().get(self.r, "/clientes/1").status == 200
    }
}

fn checkout(r: &Restaurant) -> Value {
    Caller::nobody().post(r, "/pedidos/checkout", json!({"itens": [{"produto": 1, "quantidade": 1}]})).ok()
}

/// A CPF that no other call has returned.
fn next_cpf() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(100_000_001);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut digits: Vec<u64> = n.to_string().bytes().map(|b| u64::from(b - b'0')).collect();
    for _ in 0..2 {
        let sum: u64 = digits.iter().rev().zip(2..).map(|(d, weight)| d * weight).sum();
        digits.push(if sum % 11 < 2 { 0 } else { 11 - sum % 11 });
    }
    digits.iter().map(ToString::to_string).collect()
}

fn path_of(route: &str, name: &str, things: &Things) -> String {
    if let Some(rest) = route.strip_prefix("/acompanhar/{id}") {
        let (id, secret) = (&things.pedido["id"], things.pedido["acompanhamento"].as_str().unwrap());
        return match name {
            "owner" => format!("/acompanhar/{id}-{secret}{rest}"),
            _ => format!("/acompanhar/{id}{rest}"),
        };
    }
    let id = match route.split('/').nth(1).unwrap() {
        "pedidos" => things.pedido["id"].as_i64().unwrap(),
        "produtos" => things.produto,
        "clientes" => things.cliente,
        _ => things.chave,
    };
    route.replace("{id}", &id.to_string())
}

/// A body that does something.
fn body_of(method: &str, route: &str, things: &Things) -> Option<Value> {
    Some(match (method, route) {
        ("PUT", "/pedidos") => json!({"id": things.pedido["id"], "status_pedido": 2}),
        ("POST", "/pedidos/checkout") => json!({"itens": [{"produto": 2, "quantidade": 1}]}),
        ("POST", "/pedidos/{id}/pagamento") => json!({"meio": "dinheiro", "responsavel": "Ana"}),
        ("POST", "/pedidos/{id}/cancelamento") => json!({"motivo": "desistiu"}),
        ("POST", "/pedidos/{id}/reembolso") => json!({"valor": 1, "motivo": "frio"}),
        ("POST", "/pedidos/status_pagamento") => {
            json!({"id": things.pedido["id_pagamento"], "action": "state_FINISHED"})
        }
        ("POST", "/produtos") => json!({"nome": "Café", "categoria": 3, "valor": 5}),
        ("PUT", "/produtos") => json!({"id": 2, "valor": 24}),
        ("PUT", "/produtos/{id}/esgotado") => json!({"minutos": 30}),
        ("POST", "/clientes") => json!({"cpf": next_cpf(), "nome": "Bia"}),
        ("PUT", "/clientes") => json!({"id": things.cliente, "nome": "Bia"}),
        ("PUT", "/restaurante") => json!({"nome": format!("Cantina {}", next_cpf())}),
        ("PUT", "/restaurante/pausa") => json!({"minutos": 30}),
        ("POST", "/funcionarios") => json!({"nome": "Eva", "papel": "cozinha", "pin": "4172"}),
        ("PUT", "/funcionarios/{id}") => json!({"nome": "Davi Luz"}),
        ("POST", "/terminais") => json!({"nome": "Outro tablet", "papel": "balcao"}),
        ("POST", "/terminais/{id}/codigo" | "/assinaturas/{id}/segredo" | "/assinaturas/{id}/repetir") => {
            return None;
        }
        ("POST", "/assinaturas") => json!({"url": "https://erp.example/", "ativa": false}),
        ("PUT", "/assinaturas/{id}") => json!({"tipos": ["pedido.pronto"]}),
        ("POST", "/terminais/inscricao") => json!({"codigo": "ABCDEFGH"}),
        ("PUT", "/sessoes/atual/pin") => json!({"pin_atual": "4172", "pin": "1739"}),
        (
            "POST",
            "/gerencia" | "/entrar" | "/entrar/terminal" | "/cozinha" | "/caixa" | "/cardapio" | "/totem",
        ) => json!({}),
        ("POST", "/cozinha/esgotado") => json!({}),
        ("POST", path) if path.starts_with("/caixa/") || path.starts_with("/gerencia/") => json!({}),
        ("POST", "/sair" | "/acompanhar/{id}/cancelamento") => return None,
        ("POST", "/sessoes") => json!({"funcionario": 1, "senha": "nenhuma destas"}),
        ("POST", "/chaves") => json!({"papel": "gerente", "nome": "Outra"}),
        ("POST" | "PUT", _) => panic!("{method} {route} has no body here"),
        _ => return None,
    })
}

fn contents(r: &Restaurant) -> Vec<String> {
    CONTENTS.iter().flat_map(|sql| rows(r, sql)).collect()
}

fn may(method: &str, route: &str, name: &str) -> bool {
    let line = TABLE.iter().find(|line| (line.0, line.1) == (method, route)).unwrap();
    line.2.split(' ').any(|who| who == name)
}

/// Where doors are open everybody may do everything, but for what gives out keys and tells of them.
fn may_where_open(_: &str, route: &str, name: &str) -> bool {
    !LOCKED_ALWAYS.contains(&route) || name == "gerente"
}

fn denied_status(house: &House<'_>, name: &str, route: &str) -> u16 {
    if house.is_open() {
        return 403;
    }
    match name {
        "stranger" if may("GET", "/pedidos/{id}", "owner") && is_of_owner(route) => 404,
        "nobody" | "revoked" | "expired" | "owner" | "stranger" => 401,
        _ => 403,
    }
}

fn is_of_owner(route: &str) -> bool {
    TABLE.iter().any(|line| line.1 == route && line.2 == OWNER)
}

/// The form of a refusal: problem+json, and what to send where nothing was sent.
fn assert_denied(response: &Response, name: &str, without_manager: bool, what: &str) {
    assert_eq!(response.header("content-type"), Some("application/problem+json"), "{what}");
    let asks = response.header("www-authenticate").is_some_and(|header| header.starts_with("Bearer"));
    assert_eq!(asks, response.status == 401, "{what}");
    let codigo = response.json()["codigo"].as_str().unwrap().to_owned();
    let expected = match (response.status, name) {
        (404, _) => "nao_encontrado",
        (401, "revoked" | "expired") => "chave_invalida",
        (401, _) => "sem_credencial",
        (_, "nobody" | "owner" | "stranger" | "revoked" | "expired") if without_manager => "sem_gerente",
        _ => "sem_permissao",
    };
    assert_eq!(codigo, expected, "{what}");
}

#[test]
fn every_route_has_a_line() {
    let mut routes: Vec<_> = ambrosia::api::table().collect();
    let mut lines: Vec<_> = TABLE.iter().map(|(method, route, _)| (*method, *route)).collect();
    routes.sort_unstable();
    lines.sort_unstable();
    assert_eq!(routes, lines);
}

const ROLES: [&str; 5] = ["cozinha", "balcao", "gerente", "totem", "maquina"];

fn auto_is_open_until_there_is_a_manager_and_then_closed(database: Database) {
    let r = Restaurant::with_environment(database, &[MANY_ADDRESSES]);
    House::new(&r, &["cozinha", "balcao", "totem", "maquina"]).check(may_where_open);
    let house = House::new(&r, &ROLES);
    wait_until("the doors are closed", || !house.is_open());
    house.check(may);
}

/// In a restaurant whose doors are closed.
pub fn every_route_answers_who_may(r: &Restaurant) {
    House::new(r, &ROLES).check(may);
}

#[test]
fn closed_is_closed_from_the_start() {
    let r = Restaurant::with_environment(Database::Sqlite, &[MANY_ADDRESSES, ("ACCESS", "closed")]);
    assert_eq!(Caller::nobody().get(&r, "/clientes").status, 401);
    House::new(&r, &ROLES).check(may);
}

#[test]
fn open_stays_open_with_a_manager() {
    let r = Restaurant::with_environment(Database::Sqlite, &[MANY_ADDRESSES, ("ACCESS", "open")]);
    House::new(&r, &ROLES).check(may_where_open);
}

/// A request whose target is sent exactly so; returns the status and the response.
fn raw(r: &Restaurant, method: &str, target: &str, key: Option<&str>) -> (u16, String) {
    let address = r.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let authorization = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
    let head =
        format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{authorization}");
    let (length, body) = if ["POST", "PUT"].contains(&method) { (2, "{}") } else { (0, "") };
    write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}").unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let response = String::from_utf8_lossy(&response).into_owned();
    (response.split(' ').nth(1).unwrap().parse().unwrap(), response)
}

/// The same path, with its second character and its last one percent-encoded.
fn encoded(path: &str) -> String {
    let encode = |c: char| format!("%{:02x}", u32::from(c));
    let last = path.chars().next_back().unwrap();
    let middle = &path[2..path.len() - last.len_utf8()];
    format!("/{}{middle}{}", encode(path.chars().nth(1).unwrap()), encode(last).to_uppercase())
}

#[test]
fn other_forms_of_a_path_are_guarded_as_it_is() {
    let r = Restaurant::with_environment(Database::Sqlite, &[MANY_ADDRESSES, ("ACCESS", "closed")]);
    let house = House::new(&r, &ROLES);
    let before = contents(&r);
    // The webhook has to read what was sent before it knows that somebody has to sign it.
    let guarded = TABLE.iter().filter(|line| line.2 != ALL && line.1 != "/pedidos/status_pagamento");
    for (method, route, _) in guarded {
        let path = route.replace("{id}", "1");
        let same = [
            encoded(&path),
            format!("{path}/"),
            format!("{path}?x=/livez"),
            format!("{path}/?x-acompanhamento=x"),
            format!("{path}#/docs"),
            format!("http://127.0.0.1{path}"),
            format!("http://outra.exemplo{}", encoded(&path)),
        ];
        for target in same {
            let (status, response) = raw(&r, method, &target, None);
            let refused = if PAGES.contains(route) { 303 } else { 401 };
            assert_eq!(status, refused, "{method} {target}: {response}");
            if *method == "GET" {
                assert_eq!(raw(&r, "HEAD", &target, None).0, refused, "HEAD {target}");
            }
        }
        let others = [
            format!("/{path}"),
            path.replacen('/', "//", 2),
            format!("{path}//"),
            format!("/.{path}"),
            format!("/livez/..{path}"),
            format!("/%2e{path}"),
            format!("/livez/%2e%2e{path}"),
            path.replacen('/', "/%2f", 1),
            format!("{path}%00"),
            format!("{path};x=1"),
            format!("{path}%20"),
            format!("{path}\\"),
            path.to_uppercase(),
        ];
        for target in others {
            let (status, response) = raw(&r, method, &target, None);
            let body = response.split("\r\n\r\n").nth(1).unwrap_or_default();
            let leads_nowhere = status == 400 || body.contains("rota_inexistente");
            let refused = status == 401 || (status == 404 && leads_nowhere) || status == 400 || status == 405;
            assert!(refused, "{method} {target}: {response}");
        }
        let cozinha = house.caller("cozinha").key.as_deref();
        if !may(method, route, "cozinha") {
            let refused = if PAGES.contains(route) { 303 } else { 403 };
            assert_eq!(raw(&r, method, &encoded(&path), cozinha).0, refused, "{method} {path}");
        }
    }
    assert_eq!(contents(&r), before);
    let maquina = house.caller("maquina").key.as_deref();
    for target in ["/metrics", "/%6detrics", "/metrics/"] {
        assert_eq!(raw(&r, "GET", target, maquina).0, 200, "{target}");
    }
}

/// The secret of an order opens that order, however its number is written, and no other.
#[test]
fn a_secret_opens_one_order_however_its_number_is_written() {
    let r = Restaurant::with_environment(Database::Sqlite, &[("ACCESS", "closed")]);
    let (mine, other) = (checkout(&r), checkout(&r));
    let owner = Caller::with_secret(mine["acompanhamento"].as_str().unwrap());
    let (mine, other) = (mine["id"].as_i64().unwrap(), other["id"].as_i64().unwrap());
    for path in [format!("/pedidos/{mine}"), format!("/pedidos/0{mine}"), format!("/%70edidos/{mine}/")] {
        assert_eq!(owner.get(&r, &path).ok()["id"], mine, "{path}");
    }
    let paths = [
        format!("/pedidos/{other}"),
        format!("/pedidos/{other}?id={mine}"),
        format!("/pedidos/{other}/status_pagamento"),
        format!("/pedidos/{other}/qrcode.svg"),
        "/pedidos/999999".to_owned(),
        "/pedidos/99999999999999999999".to_owned(),
    ];
    for path in paths {
        owner.get(&r, &path).problem(404, "Pedido não encontrado");
    }
    owner.delete(&r, &format!("/pedidos/{other}")).problem(404, "Pedido não encontrado");
    let secret = owner.secret.unwrap();
    for wrong in
        ["", " ", "AAAAAAAAAAAAAAAAAAAAAA", &secret[..21], &format!("{secret}A"), &secret.to_lowercase()]
    {
        let response = Caller::with_secret(wrong).get(&r, &format!("/pedidos/{mine}"));
        response.problem(404, "Pedido não encontrado");
    }
    let two = [("X-Acompanhamento", "AAAAAAAAAAAAAAAAAAAAAA"), ("X-Acompanhamento", secret.as_str())];
    assert_eq!(r.request("GET", &format!("/pedidos/{other}"), &two, None).status, 404);
}
