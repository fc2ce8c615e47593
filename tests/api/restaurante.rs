//! One restaurant: the built binary on a free port, its database, and a client that asks it things.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::banco::{self, Banco, Esquema, Pasta};

pub struct Restaurante {
    pub banco: Banco,
    pub esquema: Option<Esquema>,
    pub pasta: Pasta,
    pub url_do_banco: String,
    ambiente: Vec<(String, String)>,
    processo: Child,
    url: String,
    cliente: ureq::Agent,
}

impl Restaurante {
    pub fn novo(banco: Banco) -> Restaurante {
        Restaurante::com(banco, &[])
    }

    pub fn com(banco: Banco, ambiente: &[(&str, &str)]) -> Restaurante {
        let esquema = (banco == Banco::Mysql).then(|| Esquema::novo(banco::servidor()));
        Restaurante::no_esquema(banco, esquema, ambiente)
    }

    /// On a MySQL database that is there already, or on a new SQLite file.
    pub fn no_esquema(banco: Banco, esquema: Option<Esquema>, ambiente: &[(&str, &str)]) -> Restaurante {
        let pasta = Pasta::nova();
        let url = esquema.as_ref().map_or_else(|| format!("sqlite:{}/r.db", pasta.0.display()), Esquema::url);
        let ambiente: Vec<_> = ambiente.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let (processo, endereco) = iniciar(&pasta, &url, &ambiente);
        Restaurante {
            banco,
            esquema,
            pasta,
            url_do_banco: url,
            ambiente,
            processo,
            url: endereco,
            cliente: cliente(),
        }
    }

    /// A second process on the same database.
    pub fn filial(&self) -> Filial {
        let (processo, url) = iniciar(&self.pasta, &self.url_do_banco, &self.ambiente);
        Filial { processo, url, cliente: cliente() }
    }

    /// A second process on another's database, with no settings of its own.
    pub fn sobre(outro: &Restaurante) -> Filial {
        let (processo, url) = iniciar(&outro.pasta, &outro.url_do_banco, &[]);
        Filial { processo, url, cliente: cliente() }
    }

    /// As when the power goes.
    pub fn matar(&mut self) {
        self.processo.kill().unwrap();
        self.processo.wait().unwrap();
    }

    /// The same, while others are still talking to it.
    pub fn interromper(&self) {
        assert!(
            Command::new("kill").args(["-9", &self.processo.id().to_string()]).status().unwrap().success()
        );
    }

    /// After `matar` or `interromper`.
    pub fn reabrir(&mut self) {
        self.processo.wait().unwrap();
        (self.processo, self.url) = iniciar(&self.pasta, &self.url_do_banco, &self.ambiente);
        self.cliente = cliente();
    }

    pub fn get(&self, caminho: &str) -> Resposta {
        self.pedir("GET", caminho, &[], None)
    }

    pub fn delete(&self, caminho: &str) -> Resposta {
        self.pedir("DELETE", caminho, &[], None)
    }

    pub fn post(&self, caminho: &str, corpo: Value) -> Resposta {
        self.pedir("POST", caminho, &[], Some(&corpo.to_string()))
    }

    pub fn put(&self, caminho: &str, corpo: Value) -> Resposta {
        self.pedir("PUT", caminho, &[], Some(&corpo.to_string()))
    }

    pub fn pedir(
        &self,
        metodo: &str,
        caminho: &str,
        cabecalhos: &[(&str, &str)],
        corpo: Option<&str>,
    ) -> Resposta {
        self.tentar(metodo, caminho, cabecalhos, corpo).unwrap_or_else(|e| panic!("{metodo} {caminho}: {e}"))
    }

    /// For those who expect that nobody may answer.
    pub fn tentar(
        &self,
        metodo: &str,
        caminho: &str,
        cabecalhos: &[(&str, &str)],
        corpo: Option<&str>,
    ) -> Result<Resposta, ureq::Error> {
        pedir(&self.cliente, &self.url, metodo, caminho, cabecalhos, corpo)
    }

    /// Orders one of this product.
    pub fn comprar(&self, produto: i64) -> Value {
        let corpo = serde_json::json!({"itens": [{"produto": produto, "quantidade": 1}]});
        self.post("/pedidos/checkout", corpo).ok()
    }

    /// Runs a statement on the database, behind the restaurant's back.
    pub fn sql(&self, sql: &str) {
        use mysql::prelude::Queryable;
        match &self.esquema {
            Some(esquema) => esquema.conexao().query_drop(sql).unwrap(),
            None => {
                let conn = rusqlite::Connection::open(self.pasta.0.join("r.db")).unwrap();
                conn.busy_timeout(Duration::from_secs(10)).unwrap();
                conn.execute_batch(sql).unwrap();
            }
        }
    }

    /// The first column of the first row, as a number.
    pub fn contar(&self, sql: &str) -> i64 {
        use mysql::prelude::Queryable;
        match &self.esquema {
            Some(esquema) => esquema.conexao().query_first::<i64, _>(sql).unwrap().unwrap(),
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

    /// What has been logged by now: a line may be in memory for 50 ms.
    pub fn log(&self) -> String {
        std::thread::sleep(Duration::from_millis(150));
        std::fs::read_to_string(self.pasta.0.join("log")).unwrap_or_default()
    }
}

impl Drop for Restaurante {
    fn drop(&mut self) {
        let _ = self.processo.kill();
        let _ = self.processo.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the restaurant\n{}", self.log());
        }
    }
}

pub struct Filial {
    processo: Child,
    url: String,
    cliente: ureq::Agent,
}

impl Filial {
    pub fn url(&self) -> &str {
        &self.url
    }

    /// As Kubernetes does it. Gives the exit code.
    pub fn terminar(&mut self) -> Option<i32> {
        self.pedir_fim();
        self.processo.wait().unwrap().code()
    }

    pub fn pedir_fim(&self) {
        let pid = self.processo.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// As when the power goes.
    pub fn matar(&mut self) {
        self.processo.kill().unwrap();
        self.processo.wait().unwrap();
    }

    pub fn pedir(
        &self,
        metodo: &str,
        caminho: &str,
        cabecalhos: &[(&str, &str)],
        corpo: Option<&str>,
    ) -> Resposta {
        pedir(&self.cliente, &self.url, metodo, caminho, cabecalhos, corpo).unwrap()
    }
}

impl Drop for Filial {
    fn drop(&mut self) {
        let _ = self.processo.kill();
        let _ = self.processo.wait();
    }
}

fn iniciar(pasta: &Pasta, url: &str, ambiente: &[(String, String)]) -> (Child, String) {
    let log = std::fs::File::options().create(true).append(true).open(pasta.0.join("log")).unwrap();
    // Another build of it, such as the one of the image, can be tested the same way.
    let programa =
        std::env::var("AMBROSIA_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_ambrosia").to_owned());
    let mut processo = Command::new(programa)
        .env_clear()
        .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("DATABASE_URL", url)])
        .envs(ambiente.iter().map(|(n, v)| (n, v)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut linha = String::new();
    BufReader::new(processo.stdout.take().unwrap()).read_line(&mut linha).unwrap();
    let endereco = linha.trim().rsplit(' ').next().unwrap_or_default().to_owned();
    assert!(endereco.starts_with("http://"), "{}", std::fs::read_to_string(pasta.0.join("log")).unwrap());
    preparado(&endereco);
    (processo, endereco)
}

/// Waits until the first attempt to bring the database up to date is over, however it ended.
fn preparado(url: &str) {
    let cliente = cliente();
    let migrando = || cliente.get(format!("{url}/readyz")).call()?.body_mut().read_to_string();
    ate("the first attempt to migrate", || !migrando().is_ok_and(|corpo| corpo.contains("migrando")));
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

fn pedir(
    cliente: &ureq::Agent,
    url: &str,
    metodo: &str,
    caminho: &str,
    cabecalhos: &[(&str, &str)],
    corpo: Option<&str>,
) -> Result<Resposta, ureq::Error> {
    let mut pedido = ureq::http::Request::builder().method(metodo).uri(format!("{url}{caminho}"));
    for (nome, valor) in cabecalhos {
        pedido = pedido.header(*nome, *valor);
    }
    let mut resposta = match corpo {
        Some(corpo) => cliente.run(pedido.header("content-type", "application/json").body(corpo)?)?,
        None => cliente.run(pedido.body(())?)?,
    };
    let bytes = resposta.body_mut().with_config().limit(64 << 20).read_to_vec()?;
    let corpo = String::from_utf8_lossy(&bytes).into_owned();
    let (partes, _) = resposta.into_parts();
    Ok(Resposta { status: partes.status.as_u16(), cabecalhos: partes.headers, corpo, bytes })
}

#[derive(Debug)]
pub struct Resposta {
    pub status: u16,
    pub corpo: String,
    pub bytes: Vec<u8>,
    cabecalhos: ureq::http::HeaderMap,
}

impl Resposta {
    pub fn cabecalho(&self, nome: &str) -> Option<&str> {
        self.cabecalhos.get(nome).map(|v| v.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.corpo).unwrap_or_else(|e| panic!("{e}: {}", self.corpo))
    }

    /// The body of an answer that must be 200.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.corpo);
        self.json()
    }

    /// An answer that must be this problem: status, Portuguese text, and the shape of every problem.
    #[track_caller]
    pub fn problema(&self, status: u16, detail: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.corpo);
        assert_eq!(self.cabecalho("content-type"), Some("application/problem+json"));
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
    pub fn campos(&self) -> Vec<String> {
        assert_eq!(self.status, 422, "{}", self.corpo);
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
pub fn ate(que: &str, mut condicao: impl FnMut() -> bool) {
    let prazo = Instant::now() + Duration::from_secs(60);
    while !condicao() {
        assert!(Instant::now() < prazo, "never came: {que}");
        std::thread::yield_now();
    }
}
