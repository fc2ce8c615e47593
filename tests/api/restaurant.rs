//! One restaurant: the built binary on a free port, its database, and a client that asks it things.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::database::{self, Database, Folder, Schema};

pub struct Restaurant {
    pub banco: Database,
    pub esquema: Option<Schema>,
    pub pasta: Folder,
    pub database_url: String,
    environment: Vec<(String, String)>,
    processo: Child,
    url: String,
    cliente: ureq::Agent,
}

impl Restaurant {
    pub fn new(banco: Database) -> Restaurant {
        Restaurant::with_environment(banco, &[])
    }

    pub fn with_environment(banco: Database, environment: &[(&str, &str)]) -> Restaurant {
        let esquema = (banco == Database::Mysql).then(|| Schema::new(database::server_url()));
        Restaurant::on_schema(banco, esquema, environment)
    }

    /// On a MySQL database that is there already, or on a new SQLite file.
    pub fn on_schema(banco: Database, esquema: Option<Schema>, environment: &[(&str, &str)]) -> Restaurant {
        let pasta = Folder::new();
        let url = esquema.as_ref().map_or_else(|| format!("sqlite:{}/r.db", pasta.0.display()), Schema::url);
        let environment: Vec<_> =
            environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let (processo, endereco) = start(&pasta, &url, &environment);
        Restaurant {
            banco,
            esquema,
            pasta,
            database_url: url,
            environment,
            processo,
            url: endereco,
            cliente: cliente(),
        }
    }

    /// A second process on the same database.
    pub fn another_process(&self) -> Process {
        let (processo, url) = start(&self.pasta, &self.database_url, &self.environment);
        Process { processo, url, cliente: cliente() }
    }

    /// A second process on another's database, with no settings of its own.
    pub fn process_without_settings(outro: &Restaurant) -> Process {
        let (processo, url) = start(&outro.pasta, &outro.database_url, &[]);
        Process { processo, url, cliente: cliente() }
    }

    /// As when the power goes.
    pub fn kill(&mut self) {
        self.processo.kill().unwrap();
        self.processo.wait().unwrap();
    }

    /// The same, while others are still talking to it.
    pub fn kill_while_in_use(&self) {
        assert!(
            Command::new("kill").args(["-9", &self.processo.id().to_string()]).status().unwrap().success()
        );
    }

    /// After `matar` or `interromper`.
    pub fn restart(&mut self) {
        self.processo.wait().unwrap();
        (self.processo, self.url) = start(&self.pasta, &self.database_url, &self.environment);
        self.cliente = cliente();
    }

    pub fn get(&self, caminho: &str) -> Response {
        self.request("GET", caminho, &[], None)
    }

    pub fn delete(&self, caminho: &str) -> Response {
        self.request("DELETE", caminho, &[], None)
    }

    pub fn post(&self, caminho: &str, body: Value) -> Response {
        self.request("POST", caminho, &[], Some(&body.to_string()))
    }

    pub fn put(&self, caminho: &str, body: Value) -> Response {
        self.request("PUT", caminho, &[], Some(&body.to_string()))
    }

    pub fn request(
        &self,
        metodo: &str,
        caminho: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Response {
        self.try_request(metodo, caminho, headers, body).unwrap_or_else(|e| panic!("{metodo} {caminho}: {e}"))
    }

    /// For those who expect that nobody may answer.
    pub fn try_request(
        &self,
        metodo: &str,
        caminho: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Result<Response, ureq::Error> {
        request(&self.cliente, &self.url, metodo, caminho, headers, body)
    }

    /// Orders one of this product.
    pub fn checkout(&self, produto: i64) -> Value {
        let body = serde_json::json!({"itens": [{"produto": produto, "quantidade": 1}]});
        self.post("/pedidos/checkout", body).ok()
    }

    /// Runs a statement on the database, behind the restaurant's back.
    pub fn sql(&self, sql: &str) {
        use mysql::prelude::Queryable;
        match &self.esquema {
            Some(esquema) => esquema.connection().query_drop(sql).unwrap(),
            None => {
                let conn = rusqlite::Connection::open(self.pasta.0.join("r.db")).unwrap();
                conn.busy_timeout(Duration::from_secs(10)).unwrap();
                conn.execute_batch(sql).unwrap();
            }
        }
    }

    /// The first column of the first row, as a number.
    pub fn count(&self, sql: &str) -> i64 {
        use mysql::prelude::Queryable;
        match &self.esquema {
            Some(esquema) => esquema.connection().query_first::<i64, _>(sql).unwrap().unwrap(),
            None => {
                let conn = rusqlite::Connection::open(self.pasta.0.join("r.db")).unwrap();
                conn.query_row(sql, [], |linha| linha.get(0)).unwrap()
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.processo.id()
    }

    /// Where it can be reached; another place after `reabrir`.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.pasta.0.join("log")).unwrap_or_default()
    }
}

impl Drop for Restaurant {
    fn drop(&mut self) {
        let _ = self.processo.kill();
        let _ = self.processo.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the restaurant\n{}", self.log());
        }
    }
}

pub struct Process {
    processo: Child,
    url: String,
    cliente: ureq::Agent,
}

impl Process {
    pub fn url(&self) -> &str {
        &self.url
    }

    /// As Kubernetes does it. Gives the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.send_sigterm();
        self.processo.wait().unwrap().code()
    }

    pub fn send_sigterm(&self) {
        let pid = self.processo.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// As when the power goes.
    pub fn kill(&mut self) {
        self.processo.kill().unwrap();
        self.processo.wait().unwrap();
    }

    pub fn request(
        &self,
        metodo: &str,
        caminho: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Response {
        request(&self.cliente, &self.url, metodo, caminho, headers, body).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.processo.kill();
        let _ = self.processo.wait();
    }
}

fn start(pasta: &Folder, url: &str, environment: &[(String, String)]) -> (Child, String) {
    let log = std::fs::File::options().create(true).append(true).open(pasta.0.join("log")).unwrap();
    // Another build of it, such as the one of the image, can be tested the same way.
    let programa =
        std::env::var("AMBROSIA_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_ambrosia").to_owned());
    let mut processo = Command::new(programa)
        .env_clear()
        .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("DATABASE_URL", url)])
        .envs(environment.iter().map(|(n, v)| (n, v)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut linha = String::new();
    BufReader::new(processo.stdout.take().unwrap()).read_line(&mut linha).unwrap();
    let endereco = linha.trim().rsplit(' ').next().unwrap_or_default().to_owned();
    assert!(endereco.starts_with("http://"), "{}", std::fs::read_to_string(pasta.0.join("log")).unwrap());
    wait_for_first_migration(&endereco);
    (processo, endereco)
}

/// Waits until the first attempt to bring the database up to date is over, however it ended.
fn wait_for_first_migration(url: &str) {
    let cliente = cliente();
    let migrando = || cliente.get(format!("{url}/readyz")).call()?.body_mut().read_to_string();
    wait_until("the first attempt to migrate", || !migrando().is_ok_and(|body| body.contains("migrando")));
}

fn cliente() -> ureq::Agent {
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
    cliente: &ureq::Agent,
    url: &str,
    metodo: &str,
    caminho: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Result<Response, ureq::Error> {
    let mut pedido = ureq::http::Request::builder().method(metodo).uri(format!("{url}{caminho}"));
    for (nome, valor) in headers {
        pedido = pedido.header(*nome, *valor);
    }
    let mut resposta = match body {
        Some(body) => cliente.run(pedido.header("content-type", "application/json").body(body)?)?,
        None => cliente.run(pedido.body(())?)?,
    };
    let bytes = resposta.body_mut().with_config().limit(64 << 20).read_to_vec()?;
    let body = String::from_utf8_lossy(&bytes).into_owned();
    let (partes, _) = resposta.into_parts();
    Ok(Response { status: partes.status.as_u16(), headers: partes.headers, body, bytes })
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub body: String,
    pub bytes: Vec<u8>,
    headers: ureq::http::HeaderMap,
}

impl Response {
    pub fn header(&self, nome: &str) -> Option<&str> {
        self.headers.get(nome).map(|v| v.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The body of an answer that must be 200.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()
    }

    /// An answer that must be this problem: status, Portuguese text, and the shape of every problem.
    #[track_caller]
    pub fn problem(&self, status: u16, detail: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problema = self.json();
        assert_eq!(problema["detail"], detail);
        assert_eq!(problema["status"], status);
        assert_eq!(problema["type"], "about:blank");
        assert!(
            problema["title"].is_string() && problema["codigo"].is_string() && problema["erros"].is_array()
        );
        problema
    }

    /// The fields that a 422 names.
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

/// An amount of a JSON answer, in centavos.
pub fn centavos(valor: &Value) -> i64 {
    (valor.as_f64().unwrap() * 100.0).round() as i64
}

/// Waits until it is so, and fails when it takes absurdly long.
#[track_caller]
pub fn wait_until(que: &str, mut condicao: impl FnMut() -> bool) {
    let prazo = Instant::now() + Duration::from_secs(60);
    while !condicao() {
        assert!(Instant::now() < prazo, "never came: {que}");
        std::thread::yield_now();
    }
}
