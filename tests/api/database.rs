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
pub enum Database {
    Sqlite,
    Mysql,
}

/// `mysql://user:password@host:port`, of a user who may create databases.
static SERVER: LazyLock<Option<String>> = LazyLock::new(|| match std::env::var("TEST_DATABASE_URL") {
    Ok(url) => Some(url.trim_end_matches('/').to_owned()),
    Err(_) => PrivateServer::is_installed().then(|| {
        let servidor = PrivateServer::start();
        let url = servidor.url();
        // It ends with this process, by its standard input.
        std::mem::forget(servidor);
        url
    }),
});

/// Whether there is a server. Without one the tests on MySQL prove nothing, which CI does not accept.
pub fn mysql_is_available() -> bool {
    if SERVER.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "no MySQL: install mariadb-server or set TEST_DATABASE_URL"
        );
        eprintln!("not tested: no MySQL; install mariadb-server or set TEST_DATABASE_URL");
    }
    SERVER.is_some()
}

pub fn server_url() -> &'static str {
    SERVER.as_deref().expect("a MySQL server")
}

/// A fresh, empty database on the server; dropped in the end.
pub struct Schema {
    pub nome: String,
    servidor: String,
}

impl Schema {
    pub fn new(servidor: &str) -> Schema {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let nome =
            format!("ambrosia_teste_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let esquema = Schema { nome, servidor: servidor.to_owned() };
        esquema
            .admin()
            .query_drop(format!("CREATE DATABASE {} CHARACTER SET utf8mb4", esquema.nome))
            .unwrap();
        esquema
    }

    pub fn url(&self) -> String {
        format!("{}/{}", self.servidor, self.nome)
    }

    pub fn connection(&self) -> mysql::Conn {
        mysql::Conn::new(mysql::Opts::from_url(&self.url()).unwrap()).unwrap()
    }

    fn admin(&self) -> mysql::Conn {
        mysql::Conn::new(mysql::Opts::from_url(&self.servidor).unwrap()).unwrap()
    }
}

impl Drop for Schema {
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
pub struct PrivateServer {
    pasta: Folder,
    porta: u16,
    processo: Child,
}

const MARIADBD: &str = "/usr/sbin/mariadbd";

impl PrivateServer {
    pub fn is_installed() -> bool {
        Path::new(MARIADBD).exists()
    }

    pub fn start() -> PrivateServer {
        let pasta = Folder::new();
        let instalado = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .arg(format!("--datadir={}", pasta.0.join("dados").display()))
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(instalado.success());
        let porta = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let processo = PrivateServer::spawn_server(&pasta, porta);
        let privado = PrivateServer { pasta, porta, processo };
        let mut root = privado.wait_for_connection("root", "");
        // A user with a password, as in the world.
        root.query_drop("CREATE USER ambrosia@'%' IDENTIFIED BY 'segredo'").unwrap();
        root.query_drop("GRANT ALL ON *.* TO ambrosia@'%'").unwrap();
        privado
    }

    pub fn url(&self) -> String {
        format!("mysql://ambrosia:segredo@127.0.0.1:{}", self.porta)
    }

    /// As when the power goes.
    pub fn kill(&mut self) {
        self.signal("-KILL");
        self.processo.wait().unwrap();
    }

    /// It accepts connections, and says nothing.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, nome: &str) {
        let pid = std::fs::read_to_string(self.pasta.0.join("pid")).unwrap();
        assert!(Command::new("kill").args([nome, pid.trim()]).status().unwrap().success());
    }

    pub fn restart(&mut self) {
        self.processo = PrivateServer::spawn_server(&self.pasta, self.porta);
        drop(self.wait_for_connection("ambrosia", "segredo"));
    }

    /// The shell ends the server when its standard input closes, and that is when we end, however we end.
    fn spawn_server(pasta: &Folder, porta: u16) -> Child {
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

    fn wait_for_connection(&self, user: &str, pass: &str) -> mysql::Conn {
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

impl Drop for PrivateServer {
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
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let nome = format!("ambrosia-api-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let pasta = std::env::temp_dir().join(nome);
        std::fs::create_dir_all(&pasta).unwrap();
        Folder(pasta)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
