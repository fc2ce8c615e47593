//! Databases to test on: a SQLite file, or a database of its own on a MySQL or MariaDB server. The server is the one at
//! `TEST_DATABASE_URL`, or a private one that lives as long as this process.

use std::{
    io::Read,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use mysql::prelude::Queryable;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Banco {
    Sqlite,
    Mysql,
}

/// `mysql://user:password@host:port`, of a user who may create databases.
static SERVIDOR: LazyLock<Option<String>> = LazyLock::new(|| match std::env::var("TEST_DATABASE_URL") {
    Ok(url) => Some(url.trim_end_matches('/').to_owned()),
    Err(_) => Privado::instalado().then(|| {
        let servidor = Privado::iniciar();
        let url = servidor.url();
        // It ends with this process, by its standard input.
        std::mem::forget(servidor);
        url
    }),
});

/// Whether there is a server. Without one the tests on MySQL prove nothing, which CI does not accept.
pub fn tem_mysql() -> bool {
    if SERVIDOR.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "no MySQL: install mariadb-server or set TEST_DATABASE_URL"
        );
        eprintln!("not tested: no MySQL; install mariadb-server or set TEST_DATABASE_URL");
    }
    SERVIDOR.is_some()
}

pub fn servidor() -> &'static str {
    SERVIDOR.as_deref().expect("a MySQL server")
}

/// A fresh, empty database on the server; dropped in the end.
pub struct Esquema {
    pub nome: String,
    servidor: String,
}

impl Esquema {
    pub fn novo(servidor: &str) -> Esquema {
        static CONTAGEM: AtomicU32 = AtomicU32::new(0);
        let nome =
            format!("ambrosia_teste_{}_{}", std::process::id(), CONTAGEM.fetch_add(1, Ordering::Relaxed));
        let esquema = Esquema { nome, servidor: servidor.to_owned() };
        esquema
            .admin()
            .query_drop(format!("CREATE DATABASE {} CHARACTER SET utf8mb4", esquema.nome))
            .unwrap();
        esquema
    }

    pub fn url(&self) -> String {
        format!("{}/{}", self.servidor, self.nome)
    }

    pub fn conexao(&self) -> mysql::Conn {
        mysql::Conn::new(mysql::Opts::from_url(&self.url()).unwrap()).unwrap()
    }

    fn admin(&self) -> mysql::Conn {
        mysql::Conn::new(mysql::Opts::from_url(&self.servidor).unwrap()).unwrap()
    }
}

impl Drop for Esquema {
    fn drop(&mut self) {
        // The server may be gone, which some tests are about.
        if let Ok(mut admin) =
            mysql::Opts::from_url(&self.servidor).map_err(mysql::Error::from).and_then(mysql::Conn::new)
        {
            let _ = admin.query_drop(format!("DROP DATABASE IF EXISTS {}", self.nome));
        }
    }
}

/// A MariaDB of our own, in a folder of its own on a free port.
pub struct Privado {
    pasta: Pasta,
    porta: u16,
    processo: Child,
}

const MARIADBD: &str = "/usr/sbin/mariadbd";

impl Privado {
    pub fn instalado() -> bool {
        Path::new(MARIADBD).exists()
    }

    pub fn iniciar() -> Privado {
        let pasta = Pasta::nova();
        let instalado = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .arg(format!("--datadir={}", pasta.0.join("dados").display()))
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(instalado.success());
        let porta = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let processo = Privado::executar(&pasta, porta);
        let privado = Privado { pasta, porta, processo };
        let mut root = privado.esperar("root", "");
        // A user with a password, as in the world.
        root.query_drop("CREATE USER ambrosia@'%' IDENTIFIED BY 'segredo'").unwrap();
        root.query_drop("GRANT ALL ON *.* TO ambrosia@'%'").unwrap();
        privado
    }

    pub fn url(&self) -> String {
        format!("mysql://ambrosia:segredo@127.0.0.1:{}", self.porta)
    }

    /// As when the power goes.
    pub fn matar(&mut self) {
        self.sinal("-KILL");
        self.processo.wait().unwrap();
    }

    /// It accepts connections, and says nothing.
    pub fn congelar(&self) {
        self.sinal("-STOP");
    }

    pub fn descongelar(&self) {
        self.sinal("-CONT");
    }

    fn sinal(&self, nome: &str) {
        let pid = std::fs::read_to_string(self.pasta.0.join("pid")).unwrap();
        assert!(Command::new("kill").args([nome, pid.trim()]).status().unwrap().success());
    }

    pub fn religar(&mut self) {
        self.processo = Privado::executar(&self.pasta, self.porta);
        drop(self.esperar("ambrosia", "segredo"));
    }

    /// The shell ends the server when its standard input closes, and that is when we end, however we end.
    fn executar(pasta: &Pasta, porta: u16) -> Child {
        let script = r#"p=$1; shift; exec 3<&0; "$0" "$@" </dev/null >"$p/log" 2>&1 & s=$!
            (read -r _ <&3; kill $s 2>/dev/null) & wait $s"#;
        let dir = pasta.0.display();
        Command::new("sh")
            .args([
                "-c",
                script,
                MARIADBD,
                &dir.to_string(),
                "--no-defaults",
                "--user=root",
                "--bind-address=127.0.0.1",
            ])
            .args([
                format!("--datadir={dir}/dados"),
                format!("--port={porta}"),
                format!("--socket={dir}/sock"),
            ])
            .args([
                format!("--pid-file={dir}/pid"),
                "--max-connections=500".into(),
                "--innodb-buffer-pool-size=64M".into(),
            ])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn esperar(&self, user: &str, pass: &str) -> mysql::Conn {
        let url = format!("mysql://{user}:{pass}@127.0.0.1:{}", self.porta);
        let opts = mysql::Opts::from_url(&url).unwrap();
        let prazo = Instant::now() + Duration::from_secs(60);
        loop {
            match mysql::Conn::new(mysql::OptsBuilder::from_opts(opts.clone()).prefer_socket(false)) {
                Ok(conn) => return conn,
                Err(e) if Instant::now() > prazo => {
                    let mut log = String::new();
                    let _ =
                        std::fs::File::open(self.pasta.0.join("log")).map(|mut f| f.read_to_string(&mut log));
                    panic!("MariaDB does not start: {e}\n{log}");
                }
                Err(_) => std::thread::yield_now(),
            }
        }
    }
}

impl Drop for Privado {
    fn drop(&mut self) {
        // A test that fails may leave it frozen; one that was killed has no such process any more.
        if let Ok(pid) = std::fs::read_to_string(self.pasta.0.join("pid")) {
            let _ = Command::new("kill").args(["-CONT", pid.trim()]).stderr(Stdio::null()).status();
        }
        drop(self.processo.stdin.take());
        let _ = self.processo.wait();
    }
}

/// A folder of one test, removed in the end.
pub struct Pasta(pub PathBuf);

impl Pasta {
    pub fn nova() -> Pasta {
        static CONTAGEM: AtomicU32 = AtomicU32::new(0);
        let nome =
            format!("ambrosia-api-{}-{}", std::process::id(), CONTAGEM.fetch_add(1, Ordering::Relaxed));
        let pasta = std::env::temp_dir().join(nome);
        std::fs::create_dir_all(&pasta).unwrap();
        Pasta(pasta)
    }
}

impl Drop for Pasta {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
