//! Fixtures: an empty database for each test, as a SQLite file or as a schema on a MySQL or MariaDB server. The server is
//! the one at `TEST_DATABASE_URL`, or a private MariaDB that ends with this process.

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

/// `mysql://user:password@host:port` of a user with the right to create databases.
static SERVER: LazyLock<Option<String>> = LazyLock::new(|| match std::env::var("TEST_DATABASE_URL") {
    Ok(url) => Some(url.trim_end_matches('/').to_owned()),
    Err(_) => PrivateServer::is_installed().then(|| {
        let server = PrivateServer::start();
        let url = server.url();
        // It is never dropped; it ends when its standard input closes, with this process.
        std::mem::forget(server);
        url
    }),
});

/// Whether there is a server. Without one the tests on MySQL are skipped, which is a failure under `CI`.
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

/// An empty database on the server, removed when dropped.
pub struct Schema {
    pub name: String,
    server: String,
}

impl Schema {
    pub fn new(server: &str) -> Schema {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("ambrosia_test_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let schema = Schema { name, server: server.to_owned() };
        schema.admin().query_drop(format!("CREATE DATABASE {} CHARACTER SET utf8mb4", schema.name)).unwrap();
        schema
    }

    pub fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    pub fn connection(&self) -> mysql::Conn {
        mysql::Conn::new(mysql::Opts::from_url(&self.url()).unwrap()).unwrap()
    }

    /// An empty database on the same server.
    pub fn beside(&self) -> Schema {
        Schema::new(&self.server)
    }

    fn admin(&self) -> mysql::Conn {
        mysql::Conn::new(mysql::Opts::from_url(&self.server).unwrap()).unwrap()
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // Some tests stop the server.
        if let Ok(mut admin) =
            mysql::Opts::from_url(&self.server).map_err(mysql::Error::from).and_then(mysql::Conn::new)
        {
            let _ = admin.query_drop(format!("DROP DATABASE IF EXISTS {}", self.name));
        }
    }
}

/// A MariaDB server in a temporary folder, on a free port.
pub struct PrivateServer {
    folder: Folder,
    port: u16,
    child: Child,
    options: Vec<String>,
}

const MARIADBD: &str = "/usr/sbin/mariadbd";

impl PrivateServer {
    pub fn is_installed() -> bool {
        Path::new(MARIADBD).exists()
    }

    pub fn start() -> PrivateServer {
        PrivateServer::start_in(Folder::new())
    }

    /// With its data in this folder.
    pub fn start_in(folder: Folder) -> PrivateServer {
        PrivateServer::start_with(folder, vec![])
    }

    /// The only node of a Galera cluster; `None` where that is not installed.
    pub fn start_galera() -> Option<PrivateServer> {
        const PROVIDER: &str = "/usr/lib/galera/libgalera_smm.so";
        if !PrivateServer::is_installed() || !Path::new(PROVIDER).exists() {
            assert!(std::env::var_os("CI").is_none(), "no Galera: install galera-4");
            eprintln!("not tested: no Galera; install galera-4");
            return None;
        }
        let group = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let options = [
            "--wsrep-on=ON".to_owned(),
            format!("--wsrep-provider={PROVIDER}"),
            "--wsrep-cluster-address=gcomm://".to_owned(),
            format!("--wsrep-provider-options=gmcast.listen_addr=tcp://{group};gcache.size=16M"),
            "--binlog-format=ROW".to_owned(),
            "--innodb-autoinc-lock-mode=2".to_owned(),
        ];
        Some(PrivateServer::start_with(Folder::new(), options.to_vec()))
    }

    /// `start_in`, with these options too.
    pub fn start_with(folder: Folder, options: Vec<String>) -> PrivateServer {
        let installed = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .arg(format!("--datadir={}", folder.0.join("data").display()))
            // In /tmp the names of its temporary tables are those of another container's.
            .arg(format!("--tmpdir={}", folder.0.display()))
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(installed.success());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = PrivateServer::spawn_server(&folder, port, &options);
        let server = PrivateServer { folder, port, child, options };
        let mut root = server.wait_for_connection("root", "");
        // A user with a password, as in production.
        root.query_drop("CREATE USER ambrosia@'%' IDENTIFIED BY 'segredo'").unwrap();
        root.query_drop("GRANT ALL ON *.* TO ambrosia@'%' WITH GRANT OPTION").unwrap();
        server
    }

    pub fn url(&self) -> String {
        format!("mysql://ambrosia:segredo@127.0.0.1:{}", self.port)
    }

    /// Ends the server with SIGKILL.
    pub fn kill(&mut self) {
        self.signal("-KILL");
        self.child.wait().unwrap();
    }

    /// Stops the server with SIGSTOP: it still accepts connections, and answers nothing.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let pid = std::fs::read_to_string(self.folder.0.join("pid")).unwrap();
        assert!(Command::new("kill").args([name, pid.trim()]).status().unwrap().success());
    }

    pub fn restart(&mut self) {
        self.child = PrivateServer::spawn_server(&self.folder, self.port, &self.options);
        drop(self.wait_for_connection("ambrosia", "segredo"));
    }

    /// The shell ends the server when its standard input closes, that is, when this process ends in any way.
    fn spawn_server(folder: &Folder, port: u16, options: &[String]) -> Child {
        let script = r#"p=$1; shift; exec 3<&0; "$0" "$@" </dev/null >"$p/log" 2>&1 & s=$!
            (read -r _ <&3; kill $s 2>/dev/null) & wait $s"#;
        let dir = folder.0.display();
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
            .args([format!("--datadir={dir}/data"), format!("--port={port}"), format!("--socket={dir}/sock")])
            .args([
                format!("--pid-file={dir}/pid"),
                format!("--tmpdir={dir}"),
                "--max-connections=500".into(),
                "--innodb-buffer-pool-size=64M".into(),
            ])
            .args(options)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn wait_for_connection(&self, user: &str, pass: &str) -> mysql::Conn {
        let url = format!("mysql://{user}:{pass}@127.0.0.1:{}", self.port);
        let opts = mysql::Opts::from_url(&url).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match mysql::Conn::new(mysql::OptsBuilder::from_opts(opts.clone()).prefer_socket(false)) {
                Ok(conn) => return conn,
                Err(e) if Instant::now() > deadline => {
                    let mut log = String::new();
                    let _ = std::fs::File::open(self.folder.0.join("log"))
                        .map(|mut f| f.read_to_string(&mut log));
                    panic!("MariaDB does not start: {e}\n{log}");
                }
                Err(_) => std::thread::yield_now(),
            }
        }
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        // A failed test may leave the server frozen; a killed server has no process.
        if let Ok(pid) = std::fs::read_to_string(self.folder.0.join("pid")) {
            let _ = Command::new("kill").args(["-CONT", pid.trim()]).stderr(Stdio::null()).status();
        }
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A temporary folder, removed when dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = format!("ambrosia-api-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
