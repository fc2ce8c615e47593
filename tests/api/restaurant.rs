//! The harness: the built binary on a free port with its own database, and an HTTP client for it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::database::{self, Database, Folder, Schema};

/// A running process with its database; killed when dropped. Tests call it `r`.
pub struct Restaurant {
    pub database: Database,
    pub schema: Option<Schema>,
    pub folder: Folder,
    pub database_url: String,
    environment: Vec<(String, String)>,
    child: Child,
    url: String,
    client: ureq::Agent,
}

impl Restaurant {
    pub fn new(database: Database) -> Restaurant {
        Restaurant::with_environment(database, &[])
    }

    pub fn with_environment(database: Database, environment: &[(&str, &str)]) -> Restaurant {
        let schema = (database == Database::Mysql).then(|| Schema::new(database::server_url()));
        Restaurant::on_schema(database, schema, environment)
    }

    /// On this MySQL schema, or without one on a new SQLite file.
    pub fn on_schema(database: Database, schema: Option<Schema>, environment: &[(&str, &str)]) -> Restaurant {
        Restaurant::in_folder(database, Folder::new(), schema, environment)
    }

    /// On a database that these statements have made, without foreign keys checked meanwhile.
    pub fn on_dump(database: Database, dump: &str, environment: &[(&str, &str)]) -> Restaurant {
        use mysql::prelude::Queryable;
        let folder = Folder::new();
        let schema = (database == Database::Mysql).then(|| Schema::new(database::server_url()));
        match &schema {
            Some(schema) => {
                let mut conn = schema.connection();
                conn.query_drop("SET FOREIGN_KEY_CHECKS = 0").unwrap();
                for statement in dump.split(";\n").map(str::trim).filter(|s| !s.is_empty()) {
                    conn.query_drop(statement).unwrap();
                }
            }
            None => {
                let conn = rusqlite::Connection::open(folder.0.join("r.db")).unwrap();
                conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF;").unwrap();
                conn.execute_batch(dump).unwrap();
            }
        }
        Restaurant::in_folder(database, folder, schema, environment)
    }

    fn in_folder(
        database: Database,
        folder: Folder,
        schema: Option<Schema>,
        environment: &[(&str, &str)],
    ) -> Restaurant {
        let url = url_of(&folder, schema.as_ref());
        let environment: Vec<_> =
            environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let (child, address) = start(&folder, &url, &environment);
        Restaurant {
            database,
            schema,
            folder,
            database_url: url,
            environment,
            child,
            url: address,
            client: client(),
        }
    }

    /// Another restaurant with the same settings on a database of its own, which `fill` fills: it is told its URL.
    pub fn elsewhere(&self, fill: impl FnOnce(&str)) -> Restaurant {
        let (folder, schema) = (Folder::new(), self.schema.as_ref().map(Schema::beside));
        fill(&url_of(&folder, schema.as_ref()));
        let environment: Vec<_> = self.environment.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        Restaurant::in_folder(self.database, folder, schema, &environment)
    }

    /// What `ambrosia` does with these arguments, with the settings of the database.
    pub fn command(&self, arguments: &[&str]) -> Output {
        command(&self.database_url, arguments)
    }

    /// Another process on the same database, with the same settings.
    pub fn another_process(&self) -> Process {
        let (child, url) = start(&self.folder, &self.database_url, &self.environment);
        Process { child, url, client: client() }
    }

    /// Another process on the same database, with default settings.
    pub fn process_without_settings(&self) -> Process {
        let (child, url) = start(&self.folder, &self.database_url, &[]);
        Process { child, url, client: client() }
    }

    /// Ends the process with SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// `kill` without exclusive access: other threads may have requests running.
    pub fn kill_while_in_use(&self) {
        assert!(Command::new("kill").args(["-9", &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Starts again after `kill` or `kill_while_in_use`, on another port unless `PORT` is set.
    pub fn restart(&mut self) {
        self.child.wait().unwrap();
        (self.child, self.url) = start(&self.folder, &self.database_url, &self.environment);
        self.client = client();
    }

    /// `restart`, with this setting from now on.
    pub fn restart_with(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
        self.restart();
    }

    pub fn get(&self, path: &str) -> Response {
        self.request("GET", path, &[], None)
    }

    pub fn delete(&self, path: &str) -> Response {
        self.request("DELETE", path, &[], None)
    }

    pub fn post(&self, path: &str, body: Value) -> Response {
        self.request("POST", path, &[], Some(&body.to_string()))
    }

    pub fn put(&self, path: &str, body: Value) -> Response {
        self.request("PUT", path, &[], Some(&body.to_string()))
    }

    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Response {
        self.try_request(method, path, headers, body).unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// `request`, with an error when there is no response.
    pub fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Result<Response, ureq::Error> {
        request(&self.client, &self.url, method, path, headers, body)
    }

    /// Orders one unit of this product; returns the order.
    pub fn checkout(&self, produto: i64) -> Value {
        let body = serde_json::json!({"itens": [{"produto": produto, "quantidade": 1}]});
        without_secret(self.post("/pedidos/checkout", body).ok())
    }

    /// Executes statements on the database directly.
    pub fn sql(&self, sql: &str) {
        use mysql::prelude::Queryable;
        match &self.schema {
            Some(schema) => schema.connection().query_drop(sql).unwrap(),
            None => {
                let conn = rusqlite::Connection::open(self.folder.0.join("r.db")).unwrap();
                conn.busy_timeout(Duration::from_secs(10)).unwrap();
                conn.execute_batch(sql).unwrap();
            }
        }
    }

    /// The time to pay is over for every order that has a deadline.
    pub fn expire_all(&self) {
        self.sql(
            "UPDATE pedidos SET datahora_expiracao = '2020-01-01 00:00:00' WHERE datahora_expiracao IS NOT NULL",
        );
        self.sql("UPDATE cobrancas SET proxima_em = '2020-01-01 00:00:00' WHERE proxima_em IS NOT NULL");
    }

    /// The first column of the first row, usually a `COUNT(*)`.
    pub fn count(&self, sql: &str) -> i64 {
        use mysql::prelude::Queryable;
        match &self.schema {
            Some(schema) => schema.connection().query_first::<i64, _>(sql).unwrap().unwrap(),
            None => {
                let conn = rusqlite::Connection::open(self.folder.0.join("r.db")).unwrap();
                conn.query_row(sql, [], |row| row.get(0)).unwrap()
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `http://address:port`; changes with `restart`.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn log(&self) -> String {
        // Lines are written by a thread, in their order: with the line of this request all before it are there. A process
        // that logs no requests, or has ended, has nothing more to say.
        static MARKS: AtomicUsize = AtomicUsize::new(0);
        let mark = format!("mark-{}", MARKS.fetch_add(1, Ordering::Relaxed));
        let read = || std::fs::read_to_string(self.folder.0.join("log")).unwrap_or_default();
        let asked = self.try_request("GET", "/livez", &[("X-Request-Id", &mark)], None).is_ok();
        let deadline = Instant::now() + Duration::from_secs(if asked { 1 } else { 0 });
        while !read().contains(&mark) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        read()
    }
}

impl Drop for Restaurant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the restaurant\n{}", self.log());
        }
    }
}

fn url_of(folder: &Folder, schema: Option<&Schema>) -> String {
    schema.map_or_else(|| format!("sqlite:{}/r.db", folder.0.display()), Schema::url)
}

/// What `ambrosia` does with these arguments on this database.
pub fn command(database_url: &str, arguments: &[&str]) -> Output {
    Command::new(program())
        .env_clear()
        .env("DATABASE_URL", database_url)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Another process on the database of a `Restaurant`; killed when dropped.
pub struct Process {
    child: Child,
    url: String,
    client: ureq::Agent,
}

impl Process {
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends the process with SIGTERM, as Kubernetes does; returns the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.send_sigterm();
        self.child.wait().unwrap().code()
    }

    pub fn send_sigterm(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Ends the process with SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Response {
        request(&self.client, &self.url, method, path, headers, body).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(folder: &Folder, url: &str, environment: &[(String, String)]) -> (Child, String) {
    let log = std::fs::File::options().create(true).append(true).open(folder.0.join("log")).unwrap();
    // Another build, such as that of the image, can be tested the same way.
    let mut child = Command::new(program())
        .env_clear()
        .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("DATABASE_URL", url)])
        .envs(environment.iter().map(|(n, v)| (n, v)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
    assert!(address.starts_with("http://"), "{}", std::fs::read_to_string(folder.0.join("log")).unwrap());
    wait_for_first_migration(&address);
    (child, address)
}

/// Waits until the first attempt to migrate has ended, successfully or not.
fn wait_for_first_migration(url: &str) {
    let client = client();
    let ready_body = || client.get(format!("{url}/readyz")).call()?.body_mut().read_to_string();
    wait_until("the first attempt to migrate has ended", || {
        !ready_body().is_ok_and(|body| body.contains("migrando"))
    });
}

fn client() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(256)
        .max_idle_connections_per_host(256)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into()
}

fn request(
    client: &ureq::Agent,
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Result<Response, ureq::Error> {
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{url}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = match body {
        Some(body) => client.run(request.header("content-type", "application/json").body(body)?)?,
        None => client.run(request.body(())?)?,
    };
    let bytes = response.body_mut().with_config().limit(64 << 20).read_to_vec()?;
    let body = String::from_utf8_lossy(&bytes).into_owned();
    let (parts, _) = response.into_parts();
    Ok(Response { status: parts.status.as_u16(), headers: parts.headers, body, bytes })
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub body: String,
    pub bytes: Vec<u8>,
    headers: ureq::http::HeaderMap,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|v| v.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The JSON body; the status must be 200.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()
    }

    /// The body of a problem+json response, which must have this status and `detail` and the members of every problem.
    #[track_caller]
    pub fn problem(&self, status: u16, detail: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["detail"], detail);
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert!(problem["title"].is_string() && problem["codigo"].is_string() && problem["erros"].is_array());
        problem
    }

    /// The fields that a 422 response names.
    #[track_caller]
    pub fn invalid_fields(&self) -> Vec<String> {
        assert_eq!(self.status, 422, "{}", self.body);
        self.json()["erros"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["campo"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// The binary under test: the one that cargo has built, or that of an image (`AMBROSIA_BIN`).
pub fn program() -> String {
    std::env::var("AMBROSIA_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_ambrosia").to_owned())
}

/// The order of a checkout's answer, as every other answer shows it.
pub fn without_secret(mut answer: Value) -> Value {
    let secret = answer.as_object_mut().unwrap().remove("acompanhamento");
    assert!(secret.is_some_and(|s| s.as_str().unwrap().len() == 22));
    answer
}

/// An amount of a JSON response, in centavos.
pub fn centavos(value: &Value) -> i64 {
    (value.as_f64().unwrap() * 100.0).round() as i64
}

/// Waits until the condition holds, described by `what`; fails after a minute.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !condition() {
        assert!(Instant::now() < deadline, "timed out waiting until {what}");
        // What is waited for needs the processor too.
        std::thread::sleep(Duration::from_millis(2));
    }
}
