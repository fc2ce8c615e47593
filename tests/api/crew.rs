//! The harness for people: a manager by key, people, enrolled terminals and sessions.

use serde_json::{Value, json};

use crate::{Response, Restaurant, restaurant::Process, staff::lock};

/// What takes requests: one process of a restaurant.
pub trait Server {
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Response;
}

impl Server for Restaurant {
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Response {
        self.request(method, path, headers, body.map(Value::to_string).as_deref())
    }
}

impl Server for Process {
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Response {
        self.request(method, path, headers, body.map(Value::to_string).as_deref())
    }
}

/// A restaurant with a manager's key, which has closed its doors.
pub struct Crew {
    pub r: Restaurant,
    pub key: String,
}

impl Crew {
    pub fn new(r: Restaurant) -> Crew {
        Crew { key: lock(&r), r }
    }

    /// As the manager, with the key.
    pub fn manage(&self, method: &str, path: &str, body: Option<&Value>) -> Response {
        self.r.send(method, path, &[("Authorization", &format!("Bearer {}", self.key))], body)
    }

    /// The id of a new person.
    pub fn hire(&self, papel: &str, pin: &str) -> i64 {
        let body = json!({"nome": format!("Alguém de {papel}"), "papel": papel, "pin": pin});
        self.manage("POST", "/funcionarios", Some(&body)).ok()["id"].as_i64().unwrap()
    }

    /// The id of a new manager with a password.
    pub fn hire_manager(&self, pin: &str, senha: &str) -> i64 {
        let body = json!({"nome": "Chefe", "papel": "gerente", "pin": pin, "senha": senha});
        self.manage("POST", "/funcionarios", Some(&body)).ok()["id"].as_i64().unwrap()
    }

    /// A new terminal, and the code that enrols it.
    pub fn terminal(&self, papel: &str) -> (i64, String) {
        let body = json!({"nome": format!("Terminal de {papel}"), "papel": papel});
        let made = self.manage("POST", "/terminais", Some(&body)).ok();
        (made["id"].as_i64().unwrap(), made["codigo"].as_str().unwrap().to_owned())
    }

    /// A new terminal that is enrolled.
    pub fn device(&self, papel: &str) -> Device {
        let (id, code) = self.terminal(papel);
        let enrolled = enrol(&self.r, &code).ok();
        assert_eq!(enrolled["id"], id);
        Device { id, token: enrolled["token"].as_str().unwrap().to_owned() }
    }

    /// What was stored of who may do what moves on: processes load it again.
    pub fn note_change(&self) {
        self.r.sql("UPDATE restaurante SET versao_acesso = versao_acesso + 1");
    }
}

pub fn enrol(server: &impl Server, code: &str) -> Response {
    server.send("POST", "/terminais/inscricao", &[], Some(&json!({"codigo": code})))
}

/// A device that holds a terminal's token.
#[derive(Clone)]
pub struct Device {
    pub id: i64,
    pub token: String,
}

impl Device {
    pub fn try_log_in(&self, server: &impl Server, person: i64, pin: &str) -> Response {
        let body = json!({"funcionario": person, "pin": pin});
        server.send("POST", "/sessoes", &[("X-Terminal", &self.token)], Some(&body))
    }

    /// The cookie of a new session.
    #[track_caller]
    pub fn log_in(&self, server: &impl Server, person: i64, pin: &str) -> Session {
        Session::of(&self.try_log_in(server, person, pin))
    }
}

/// A session, as a browser holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Name and value.
    pub cookie: String,
}

impl Session {
    #[track_caller]
    pub fn of(response: &Response) -> Session {
        response.ok();
        let cookie = response.header("set-cookie").expect("a cookie").split(';').next().unwrap();
        Session { cookie: cookie.to_owned() }
    }

    /// As a page of the restaurant does.
    pub fn send(&self, server: &impl Server, method: &str, path: &str, body: Option<&Value>) -> Response {
        self.send_with(server, method, path, &[("Sec-Fetch-Site", "same-origin")], body)
    }

    /// With these headers beside the cookie.
    pub fn send_with(
        &self,
        server: &impl Server,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Response {
        server.send(method, path, &[&[("Cookie", self.cookie.as_str())], headers].concat(), body)
    }

    /// Whether it still counts there.
    pub fn lasts(&self, server: &impl Server) -> bool {
        let status = self.send(server, "GET", "/sessoes/atual", None).status;
        assert!([200, 401].contains(&status), "{status}");
        status == 200
    }
}
