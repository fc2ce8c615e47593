//! The built binary: without settings, with wrong settings, signals, the port for probes, `--help`, and `saude`.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("ambrosia-binary-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn ambrosia(folder: &Folder, environment: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ambrosia"));
    command
        .env_clear()
        .envs(environment.iter().copied())
        .args(arguments)
        .current_dir(&folder.0)
        .stdin(Stdio::null());
    command
}

fn run(folder: &Folder, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    ambrosia(folder, environment, arguments).output().unwrap()
}

/// Starts the binary and waits until it prints its address.
fn start(folder: &Folder, environment: &[(&str, &str)]) -> (Child, String) {
    let mut child =
        ambrosia(folder, environment, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("ambrosia listening on http://").unwrap().to_owned();
    (child, address)
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn with_no_settings_it_is_a_working_restaurant() {
    let folder = Folder::new("none");
    // Only the port is set, because 31000 may be in use on this machine.
    let (mut child, address) = start(&folder, &[("PORT", "0")]);
    assert!(address.starts_with("0.0.0.0:"));
    let answer = get(&address.replace("0.0.0.0", "127.0.0.1"), "/pedidos");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\"senha\":1"), "{answer}");
    assert!(folder.0.join("ambrosia.db").exists());
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    // All data is in the one file, so that a copy of it is complete; and the next start finds it.
    let left = std::fs::metadata(folder.0.join("ambrosia.db-wal")).map_or(0, |wal| wal.len());
    assert_eq!(left, 0, "bytes are left in the write-ahead log");
    let (mut child, address) = start(&folder, &[("PORT", "0"), ("HOST", "127.0.0.1")]);
    assert!(get(&address, "/pedidos").contains("\"senha\":1"));
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_silent_database_blocks_neither_startup_nor_shutdown() {
    let folder = Folder::new("silent");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("mysql://ana@{}/b", silent.local_addr().unwrap());
    let (mut child, address) = start(
        &folder,
        &[("HOST", "127.0.0.1"), ("PORT", "0"), ("DATABASE_URL", &url), ("STATEMENT_TIMEOUT_MS", "3600000")],
    );
    let connected = silent.accept().unwrap();
    assert!(get(&address, "/livez").starts_with("HTTP/1.1 200 OK\r\n"));
    let ready = get(&address, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 503 ") && ready.contains("migrando há"), "{ready}");
    assert!(get(&address, "/produtos").starts_with("HTTP/1.1 503 "));
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(connected);
}

#[test]
fn probes_and_metrics_can_have_their_own_port() {
    let folder = Folder::new("ops");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (mut child, address) = start(
        &folder,
        &[
            ("HOST", "127.0.0.1"),
            ("PORT", "0"),
            ("OPS_PORT", &free.port().to_string()),
            ("DRAIN_MS", "60000"),
        ],
    );
    let ops = free.to_string();
    assert!(get(&address, "/produtos").starts_with("HTTP/1.1 200 "));
    for path in ["/livez", "/readyz", "/metrics", "/%6detrics"] {
        assert!(get(&ops, path).starts_with("HTTP/1.1 200 "), "{path}");
        assert!(get(&address, path).starts_with("HTTP/1.1 404 "), "{path}");
    }
    for path in ["/", "/produtos", "/clientes/1"] {
        assert!(get(&ops, path).starts_with("HTTP/1.1 404 "), "{path}");
    }
    signal(&child, "-TERM");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !get(&ops, "/readyz").contains("encerrando") {
        assert!(Instant::now() < deadline, "the shutdown is not announced");
    }
    assert!(
        get(&address, "/produtos").starts_with("HTTP/1.1 200 "),
        "a request during the shutdown is not served"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_wrong_value_is_one_line_that_names_the_variable_and_exit_2() {
    let folder = Folder::new("wrong");
    for (name, value) in [
        ("PORT", "x"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("POOL_SIZE", "0"),
        ("POOL_WAIT_MS", "soon"),
        ("MAX_BODY_BYTES", "1MB"),
        ("MAX_CONNECTIONS", ""),
        ("LOG_LEVEL", "verbose"),
        ("EXAMPLE_DATA", "maybe"),
        ("DATABASE_URL", "postgres://ana:segredo@db/x"),
        ("DATABASE_URL", "mysql://ana:segredo@:x/y"),
        ("MYSQL_USER", "ana"),
        ("CORS_ORIGIN", "a\nb"),
    ] {
        // An empty value counts as unset, so another variable is wrong then.
        let environment = [(name, value), ("GRACE_MS", if value.is_empty() { "x" } else { "1000" })];
        let named = if value.is_empty() { "GRACE_MS" } else { name };
        let output = run(&folder, &environment, &[]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}={value}: {error}");
        assert!(
            error.starts_with("ambrosia: ") && error.contains(named) && !error.contains("panicked"),
            "{error}"
        );
        assert!(value.contains('\n') || error.lines().count() == 1, "{error}");
        assert!(!error.contains("segredo"), "{error}");
    }
}

#[test]
fn a_database_or_address_that_cannot_be_opened_is_one_line_and_exit_1() {
    let folder = Folder::new("closed");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for environment in [
        [("DATABASE_URL", "sqlite:/nowhere/at/all.db"), ("PORT", "0")],
        [("HOST", "127.0.0.1"), ("PORT", &port)],
        [("HOST", "no.such.host.invalid"), ("PORT", "0")],
    ] {
        let output = run(&folder, &environment, &[]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        let last = error.lines().last().unwrap();
        assert!(last.starts_with("ambrosia: cannot ") && !error.contains("panicked"), "{error}");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = Folder::new("text");
    let file = folder.0.join("ambrosia.db");
    std::fs::write(&file, "this is a letter and not a database, and long enough to be looked at").unwrap();
    let output = run(&folder, &[("PORT", "0")], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot open sqlite:ambrosia.db"));
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("this is a letter"));
}

#[test]
fn help_and_version() {
    let folder = Folder::new("help");
    let help = String::from_utf8(run(&folder, &[], &["--help"]).stdout).unwrap();
    for (name, default, _) in ambrosia::config::VARIABLES {
        assert!(help.contains(name) && help.contains(default), "{name}");
    }
    let version = String::from_utf8(run(&folder, &[], &["--version"]).stdout).unwrap();
    assert_eq!(version.trim(), format!("ambrosia {}", env!("CARGO_PKG_VERSION")));
    let unknown = run(&folder, &[], &["--frobnicate"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8(unknown.stderr).unwrap().contains("--frobnicate"));
}

/// The Dockerfile and the manifests repeat the version of Cargo.toml.
#[test]
fn the_image_has_the_version_of_the_package() {
    let read = |file: &str| {
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
    };
    let version = env!("CARGO_PKG_VERSION");
    let dockerfile = read("Dockerfile");
    assert!(dockerfile.contains(&format!("\nARG VERSION={version}\n")), "{dockerfile}");
    assert!(dockerfile.contains(&format!("image.licenses=\"{}\"", env!("CARGO_PKG_LICENSE"))));
    assert!(read("k8s/producao/kustomization.yaml").contains(&format!("newTag: {version}}}")));
}

/// `ambrosia saude` is the health check of a container, with the environment of the server.
#[test]
fn saude_asks_the_process_that_runs_here() {
    let folder = Folder::new("saude");
    let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let check = |environment: &[(&str, &str)]| {
        let output = run(&folder, environment, &["saude"]);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        (output.status.code(), said.trim().to_owned())
    };
    let here = port();
    let (code, said) = check(&[("PORT", &here)]);
    assert!(code == Some(1) && said.starts_with("ambrosia: no answer from 127.0.0.1:"), "{said}");

    let (mut child, address) = start(&folder, &[("PORT", &here)]);
    let deadline = Instant::now() + Duration::from_secs(30);
    while !get(&address.replace("0.0.0.0", "127.0.0.1"), "/readyz").starts_with("HTTP/1.1 200 ") {
        assert!(Instant::now() < deadline, "the server is never ready");
    }
    assert_eq!(check(&[("PORT", &here)]), (Some(0), "ready".into()));
    assert_eq!(check(&[("PORT", &here), ("HOST", "localhost")]), (Some(0), "ready".into()));
    assert_eq!(check(&[("PORT", "0"), ("OPS_PORT", &here)]), (Some(0), "ready".into()));
    // A frozen server is not healthy.
    signal(&child, "-STOP");
    let (code, said) = check(&[("PORT", &here)]);
    signal(&child, "-CONT");
    assert!(code == Some(1) && said.starts_with("ambrosia: no answer"), "{said}");
    signal(&child, "-TERM");
    child.wait().unwrap();

    let away = format!("mysql://ana:segredo@127.0.0.1:{}/b", port());
    let environment = [("PORT", here.as_str()), ("DATABASE_URL", &away)];
    let (mut child, _) = start(&folder, &environment);
    let (code, said) = check(&environment);
    signal(&child, "-TERM");
    child.wait().unwrap();
    assert!(code == Some(1) && said.starts_with("ambrosia: not ready: banco: "), "{said}");
    assert!(!said.contains("segredo"), "{said}");

    let (code, said) = check(&[("PORT", "0")]);
    assert!(code == Some(1) && said.contains("port 0"), "{said}");
    assert_eq!(check(&[("PORT", "x")]).0, Some(2));
}
