//! One-time links: the first manager and further ones, by the command line and by the log of a process with closed doors; and the
//! page on which they are used.

use crate::{
    Database, Response, Restaurant,
    crew::{Server, Session},
    on_both_databases,
    restaurant::{command, wait_until},
    staff::{create_key, printed, rows},
};

on_both_databases!(
    a_link_makes_the_first_manager_and_closes_the_doors,
    a_link_counts_once_and_for_a_day,
    of_two_who_use_a_link_one_becomes_a_manager,
    the_first_manager_names_the_restaurant,
    what_is_wrong_with_the_form_is_told_and_nothing_is_done,
    of_processes_that_start_together_one_logs_a_link,
    pages_of_other_origins_cannot_use_a_link,
);

const SENHA: &str = "cavalo bateria grampo";

/// The link that `ambrosia gerente` prints.
#[track_caller]
fn invite(r: &Restaurant, nome: &str) -> String {
    let link = printed(&command(&r.database_url, &["gerente", nome]));
    assert!(link.starts_with("http://localhost:31000/gerencia#amc_"), "{link}");
    link
}

fn token(link: &str) -> &str {
    let token = link.split('#').nth(1).unwrap();
    assert_eq!(token.len(), 4 + 43, "{token}");
    token
}

fn form(convite: &str, nome: &str, senha: &str, pin: &str) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("convite", convite).append_pair("nome", nome);
    form.append_pair("senha", senha).append_pair("pin", pin).finish()
}

/// Sends the form as a page of the restaurant does.
fn send(r: &Restaurant, body: &str) -> Response {
    r.request("POST", "/gerencia", &[("Sec-Fetch-Site", "same-origin")], Some(body))
}

/// The session of somebody who has become a manager.
#[track_caller]
fn entered(response: &Response) -> Session {
    assert_eq!((response.status, response.header("location")), (303, Some("/gerencia")), "{}", response.body);
    let cookie = response.header("set-cookie").unwrap();
    assert!(cookie.starts_with("ambrosia=ams_") && cookie.ends_with("HttpOnly; SameSite=Strict"), "{cookie}");
    Session { cookie: cookie.split(';').next().unwrap().to_owned() }
}

#[track_caller]
fn refused(response: &Response, text: &str) {
    assert_eq!(response.status, 422, "{}", response.body);
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(response.body.contains(text), "{}", response.body);
    assert_eq!(response.header("set-cookie"), None);
}

const VOID: &str = "Este convite não vale";

fn people(r: &Restaurant) -> i64 {
    r.count("SELECT COUNT(*) FROM funcionarios")
}

fn a_link_makes_the_first_manager_and_closes_the_doors(database: Database) {
    let r = Restaurant::with_environment(database, &[("LOG_LEVEL", "trace")]);
    let other = r.another_process();
    r.get("/clientes/1").ok();
    let page = r.get("/gerencia").body;
    assert!(
        page.contains("as portas estão <strong>abertas</strong>") && page.contains("ambrosia gerente NOME")
    );
    let link = invite(&r, "Ana");
    // To have been invited changes nothing.
    r.get("/clientes/1").ok();
    let session = entered(&send(&r, &form(token(&link), "Ana Lima", SENHA, "2684")));
    assert_eq!(r.get("/clientes/1").status, 401);
    wait_until("doors are closed", || other.request("GET", "/clientes/1", &[], None).status == 401);
    session.send(&r, "GET", "/clientes/1", None).ok();
    session.send(&other, "GET", "/funcionarios", None).ok();
    let page = session.send(&r, "GET", "/gerencia", None).body;
    assert!(page.contains("Você entrou como <strong>Ana Lima</strong>, número <strong>1</strong>"), "{page}");
    // The password counts, and the page's way out.
    let body = serde_json::json!({"funcionario": 1, "senha": SENHA});
    Session::of(&r.send("POST", "/sessoes", &[], Some(&body)));
    let out = session.send(&r, "POST", "/sair", None);
    assert_eq!((out.status, out.header("location")), (303, Some("/entrar")));
    assert!(out.header("set-cookie").unwrap().starts_with("ambrosia=; Path=/; Max-Age=0"));
    assert!(!session.lasts(&r));
    assert!(r.get("/gerencia").body.contains("Este restaurante tem gerência, e as portas estão fechadas"));
    let trail = rows(&r, "SELECT tipo, ator, alvo, detalhe FROM auditoria ORDER BY id").concat();
    let said = ["convite_criado", "terminal", "convite:1", "Ana", "funcionario_criado", "gerente: Ana Lima"];
    assert!(said.iter().all(|text| trail.contains(text)), "{trail}");
    // What was shown once, or typed, is nowhere to be read.
    let all = ["convites", "funcionarios", "sessoes", "auditoria"]
        .map(|table| rows(&r, &format!("SELECT * FROM {table}")).concat())
        .concat();
    assert!(all.contains("argon2id"));
    for secret in [token(&link), SENHA, session.cookie.split('=').nth(1).unwrap()] {
        assert!(!all.contains(secret) && !r.log().contains(secret), "{secret}");
    }
}

fn a_link_counts_once_and_for_a_day(database: Database) {
    let r = Restaurant::new(database);
    let link = invite(&r, "Zilda");
    // The whole link may be pasted, and the name left to it.
    entered(&send(&r, &form(&link, "", SENHA, "2684")));
    assert_eq!(r.count("SELECT COUNT(*) FROM funcionarios WHERE nome = 'Zilda' AND papel = 'gerente'"), 1);
    refused(&send(&r, &form(token(&link), "Outra", SENHA, "2684")), VOID);
    // A further manager.
    entered(&send(&r, &form(&invite(&r, "Bia"), "Bia", SENHA, "2684")));
    let late = invite(&r, "Caio");
    r.sql("UPDATE convites SET expira_em = '2020-01-01 00:00:00' WHERE nome = 'Caio'");
    refused(&send(&r, &form(&late, "Caio", SENHA, "2684")), VOID);
    let made_up = format!("amc_{}", "A".repeat(43));
    refused(&send(&r, &form(&made_up, "Caio", SENHA, "2684")), VOID);
    assert_eq!(people(&r), 2);
    let life = "SELECT COUNT(*) FROM convites WHERE nome <> 'Caio'";
    assert_eq!(r.count(life), 2);
    // Links are not for guessing.
    wait_until("an address is refused", || {
        let answer = send(&r, &form(&made_up, "Caio", SENHA, "2684"));
        answer.status == 429
            && answer.header("retry-after").is_some()
            && answer.body.contains("tente de novo")
    });
}

fn of_two_who_use_a_link_one_becomes_a_manager(database: Database) {
    let r = Restaurant::new(database);
    let other = r.another_process();
    let link = invite(&r, "Ana");
    let form = |nome: &str| form(&link, nome, SENHA, "2684");
    let statuses = std::thread::scope(|s| {
        let here = s.spawn(|| send(&r, &form("Ana")).status);
        let there = s.spawn(|| other.request("POST", "/gerencia", &[], Some(&form("Eva"))).status);
        let mut both = [here.join().unwrap(), there.join().unwrap()];
        both.sort_unstable();
        both
    });
    assert_eq!((statuses, people(&r)), ([303, 422], 1));
}

fn the_first_manager_names_the_restaurant(database: Database) {
    let r = Restaurant::new(database);
    let other = r.another_process();
    let links = [invite(&r, "Ana"), invite(&r, "Eva")];
    let named = |n: usize, restaurante: &str, cidade: &str| {
        let more = form_urlencoded::Serializer::new(String::new())
            .append_pair("restaurante", restaurante)
            .append_pair("cidade", cidade)
            .finish();
        format!("{}&{more}", form(&links[n], "", SENHA, "2684"))
    };
    let house = || {
        let house = r.get("/restaurante").ok();
        [house["nome"].as_str().unwrap().to_owned(), house["cidade"].as_str().unwrap().to_owned()]
    };
    // Nothing of it is done where something is wrong.
    let long = "a".repeat(121);
    refused(&send(&r, &named(0, &long, "Olinda")), "Nome do restaurante deve ter no máximo 120 caracteres.");
    assert_eq!((house(), people(&r)), (["Ambrosia".to_owned(), "São Paulo".to_owned()], 0));
    assert!(r.get("/gerencia").body.contains("name=\"restaurante\""));
    // Of two who are first at the same time one is, and both are managers.
    let statuses = std::thread::scope(|s| {
        let here = s.spawn(|| send(&r, &named(0, "Cantina <Ana>", "Olinda")).status);
        let there = s
            .spawn(|| other.request("POST", "/gerencia", &[], Some(&named(1, "Bar da Eva", "Natal"))).status);
        [here.join().unwrap(), there.join().unwrap()]
    });
    assert_eq!((statuses, people(&r)), ([303, 303], 2));
    let ana_was_first = r.count("SELECT COUNT(*) FROM funcionarios WHERE id = 1 AND nome = 'Ana'") == 1;
    let of_first = if ana_was_first { ["Cantina <Ana>", "Olinda"] } else { ["Bar da Eva", "Natal"] };
    assert_eq!(house(), of_first);
    let trail =
        "SELECT COUNT(*) FROM auditoria WHERE tipo = 'restaurante_alterado' AND ator = 'funcionario:1'";
    assert_eq!(r.count(trail), 1);
    // Only the first manager names the restaurant.
    assert!(!r.get("/gerencia").body.contains("name=\"restaurante\""));
    let late = format!("{}&restaurante=Outro&cidade=Outra", form(&invite(&r, "Caio"), "", SENHA, "2684"));
    entered(&send(&r, &late));
    assert_eq!(house(), of_first);
}

fn what_is_wrong_with_the_form_is_told_and_nothing_is_done(database: Database) {
    let r = Restaurant::new(database);
    let link = invite(&r, "Ana");
    for (body, text) in [
        ("".to_owned(), "id=\"convite-erro\">Preencha este campo."),
        (form(&link, "Ana", "", ""), "id=\"senha-erro\">Preencha este campo."),
        (form(&link, "Ana", "1234567", "2684"), "Senha deve ter de 8 a 128 caracteres."),
        (form(&link, "Ana", SENHA, "12"), "PIN deve ter de 4 a 8 algarismos."),
        (form(&link, "Ana", SENHA, "4321"), "PIN é fácil demais de adivinhar"),
        (form(&link, &"a".repeat(81), SENHA, "2684"), "Seu nome deve ter no máximo 80 caracteres."),
        ("%ff=%&&==&convite=%C3".to_owned(), "id=\"senha-erro\">Preencha este campo."),
    ] {
        refused(&send(&r, &body), text);
    }
    // What was typed is shown again, but for secrets, and is no markup.
    let answer = send(&r, &form(&link, "<b>\"Ana\"</b>", SENHA, "4321"));
    refused(&answer, "value=\"&#60;b&#62;&#34;Ana&#34;&#60;/b&#62;\"");
    assert!(
        answer.body.contains(&format!("value=\"{link}\"")) && !answer.body.contains(SENHA),
        "{}",
        answer.body
    );
    for text in ["<title>Erro: ", "role=\"alert\"", "aria-invalid=\"true\" autofocus"] {
        assert!(answer.body.contains(text), "{text}: {}", answer.body);
    }
    assert_eq!(people(&r), 0);
    r.get("/clientes/1").ok();
    // It still counts.
    entered(&send(&r, &form(&link, "<b>Ana</b>", SENHA, "2684")));
    // A link of the log names nobody.
    let closed = Restaurant::with_environment(database, &[("ACCESS", "closed")]);
    let link = logged_links(&closed, 1).pop().unwrap();
    refused(&send(&closed, &form(&link, "", SENHA, "2684")), "id=\"nome-erro\">Preencha este campo.");
    entered(&send(&closed, &form(&link, "Ana", SENHA, "2684")));
}

/// So many links that the processes have logged, and no more.
#[track_caller]
fn logged_links(r: &Restaurant, count: usize) -> Vec<String> {
    let links = || -> Vec<String> {
        let log = r.log();
        let lines = log.lines().filter(|line| line.contains("/gerencia#amc_") && line.contains("WARN"));
        lines
            .map(|line| line.split(" opens ").nth(1).unwrap().split(' ').next().unwrap().to_owned())
            .collect()
    };
    wait_until("a link is logged", || links().len() >= count);
    assert_eq!(links().len(), count);
    links()
}

fn of_processes_that_start_together_one_logs_a_link(database: Database) {
    let mut r = Restaurant::with_environment(database, &[("ACCESS", "closed"), ("LOG_LEVEL", "warn")]);
    r.kill();
    r.sql("DELETE FROM convites");
    r.sql("DELETE FROM auditoria");
    std::fs::write(r.folder.0.join("log"), "").unwrap();
    let processes: Vec<_> = std::thread::scope(|s| {
        let all: Vec<_> = (0..4).map(|_| s.spawn(|| r.another_process())).collect();
        all.into_iter().map(|process| process.join().unwrap()).collect()
    });
    // Each has looked: it has loaded who may do what.
    let served = |p: &crate::restaurant::Process| p.request("GET", "/clientes/1", &[], None).status == 401;
    wait_until("all are ready", || processes.iter().all(served));
    let link = logged_links(&r, 1).pop().unwrap();
    let port = link.strip_prefix("http://localhost:").unwrap().split('/').next().unwrap();
    assert!(processes.iter().any(|p| p.url().ends_with(&format!(":{port}"))), "{link}");
    assert_eq!(r.count("SELECT COUNT(*) FROM convites"), 1);
    // A start after it makes none, but when it has expired.
    r.restart();
    logged_links(&r, 1);
    r.kill();
    r.sql("UPDATE convites SET expira_em = '2020-01-01 00:00:00'");
    r.restart();
    let second = logged_links(&r, 2).pop().unwrap();
    assert_ne!(second, link);
    // Nor where there is a manager.
    create_key(&r, "gerente");
    r.kill();
    r.sql("UPDATE convites SET expira_em = '2020-01-01 00:00:00'");
    r.restart();
    wait_until("it is ready", || r.get("/readyz").status == 200 && r.get("/clientes/1").status == 401);
    logged_links(&r, 2);
    refused(&send(&r, &form(&second, "Ana", SENHA, "2684")), VOID);
    // Open doors invite nobody.
    drop(processes);
    for access in ["auto", "open"] {
        let r = Restaurant::with_environment(database, &[("ACCESS", access)]);
        wait_until("it says how doors are", || r.log().contains("doors are OPEN"));
        assert!(!r.log().contains("amc_"));
        assert_eq!(r.count("SELECT COUNT(*) FROM convites"), 0);
    }
}

fn pages_of_other_origins_cannot_use_a_link(database: Database) {
    let r = Restaurant::new(database);
    let link = invite(&r, "Ana");
    let body = form(&link, "Ana", SENHA, "2684");
    let evil = [
        vec![("Sec-Fetch-Site", "cross-site")],
        vec![("Sec-Fetch-Site", "same-site")],
        vec![("Sec-Fetch-Site", "none")],
        vec![("Origin", "https://ladrao.exemplo")],
        vec![("Origin", "null")],
        vec![("Origin", r.url()), ("Sec-Fetch-Site", "cross-site")],
    ];
    for headers in &evil {
        assert_eq!(r.request("POST", "/gerencia", headers, Some(&body)).status, 403, "{headers:?}");
    }
    assert_eq!(people(&r), 0);
    let session = entered(&r.request("POST", "/gerencia", &[("Origin", r.url())], Some(&body)));
    for headers in &evil {
        let headers = [&[("Cookie", session.cookie.as_str())], &headers[..]].concat();
        assert_eq!(r.request("POST", "/sair", &headers, None).status, 403, "{headers:?}");
    }
    assert!(session.lasts(&r));
}

#[test]
fn the_page_brings_nothing_inline_and_nothing_from_elsewhere() {
    let r = Restaurant::new(Database::Sqlite);
    let page = r.get("/gerencia/");
    assert_eq!(page.status, 200);
    let policy =
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
    assert_eq!(page.header("content-security-policy"), Some(policy));
    // With `no-referrer` browsers would send `Origin: null` with the form.
    assert_eq!(
        (page.header("referrer-policy"), page.header("cache-control")),
        (Some("strict-origin"), Some("no-store"))
    );
    for inline in ["<style", " style=", "<script>", " onclick", "javascript:", "://"] {
        assert!(!page.body.contains(inline), "{inline}");
    }
    for label in ["convite", "nome", "senha", "pin"] {
        assert!(
            page.body.contains(&format!("<label for=\"{label}\">"))
                && page.body.contains(&format!(" id=\"{label}\""))
        );
    }
}

#[test]
fn the_command_says_how_it_is_called() {
    let r = Restaurant::new(Database::Sqlite);
    for arguments in [&["gerente"][..], &["gerente", " "]] {
        let output = command(&r.database_url, arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("usage: ambrosia gerente NOME"),
            "{output:?}"
        );
    }
    let help = command(&r.database_url, &["--help"]);
    assert!(String::from_utf8_lossy(&help.stdout).contains("gerente NOME"));
    // With more than one word; `PORT` is where the link leads.
    assert!(printed(&command(&r.database_url, &["gerente", "Dona", "Zilda"])).contains("#amc_"));
    assert_eq!(r.count("SELECT COUNT(*) FROM convites WHERE nome = 'Dona Zilda'"), 1);
}
