//! The built binary: without settings, with wrong settings, signals, the port for probes, `--help`, and `saude`.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    ops::{Deref, DerefMut},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use ambrosia::logging::{self, Format, Settings};

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

/// A process that ends with its test, also with one that fails.
struct Running(Child);

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts it and waits until it says where it listens.
fn start(folder: &Folder, environment: &[(&str, &str)]) -> (Running, String) {
    start_with(folder, environment, Stdio::piped())
}

fn start_with(folder: &Folder, environment: &[(&str, &str)], stderr: Stdio) -> (Running, String) {
    let mut command = ambrosia(folder, environment, &[]);
    let mut child = Running(command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap());
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
        let line = help.lines().find(|line| line.trim_start().starts_with(&format!("{name} ")));
        assert!(line.is_some_and(|line| line.contains(default)), "{name} and a space, and its default");
    }
    let version = String::from_utf8(run(&folder, &[], &["--version"]).stdout).unwrap();
    assert_eq!(version.trim(), format!("ambrosia {}", env!("CARGO_PKG_VERSION")));
    let unknown = run(&folder, &[], &["--frobnicate"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8(unknown.stderr).unwrap().contains("--frobnicate"));
}

/// The value of the header of an answer that arrived whole.
fn request_id(answer: &str) -> Option<String> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let header = |name: &str| head.lines().find_map(|l| l.strip_prefix(name)).map(str::to_owned);
    let length: usize = header("Content-Length: ")?.parse().ok()?;
    if body.len() == length { header("X-Request-Id: ") } else { None }
}

/// The lines of requests about `/x…` in a log, and how many lines it says were dropped.
fn counted(log: &str) -> (u64, u64) {
    let told = |line: &str| {
        line.split_once("WARN ] ")?
            .1
            .split_once(" of the log dropped here")?
            .0
            .split(' ')
            .next()?
            .parse::<u64>()
            .ok()
    };
    (log.matches(" GET /x").count() as u64, log.lines().filter_map(told).sum())
}

/// So many requests with long lines, over one connection, each answered.
fn ask_often(address: &str, requests: usize) {
    let mut stream = TcpStream::connect(address).unwrap();
    let path = "x".repeat(230);
    let mut answers = stream.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        answers.read_to_string(&mut text).unwrap();
        text.matches("HTTP/1.1 404 ").count()
    });
    for n in 1..=requests {
        let close = if n == requests { "Connection: close\r\n" } else { "" };
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: x\r\n{close}\r\n").unwrap();
    }
    assert_eq!(reader.join().unwrap(), requests);
}

fn resident_kb(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn dropped(address: &str) -> u64 {
    let figures = get(address, "/metrics");
    let line = figures.lines().find_map(|l| l.strip_prefix("ambrosia_log_lines_dropped_total "));
    line.unwrap().trim().parse().unwrap()
}

const LOCAL: [(&str, &str); 2] = [("HOST", "127.0.0.1"), ("PORT", "0")];

#[test]
fn the_line_of_every_answered_request_survives_the_end() {
    let folder = Folder::new("end");
    let log = std::fs::File::create(folder.0.join("log")).unwrap();
    let (mut child, address) = start_with(&folder, &LOCAL, log.into());
    let client = |_| {
        let address = address.clone();
        thread::spawn(move || {
            let mut answered = Vec::new();
            // Until the listener is closed.
            while let Ok(mut stream) = TcpStream::connect(&address) {
                let mut answer = String::new();
                let asked = write!(stream, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
                if asked.and_then(|()| stream.read_to_string(&mut answer)).is_ok() {
                    answered.extend(request_id(&answer));
                }
            }
            answered
        })
    };
    let clients: Vec<_> = (0..8).map(client).collect();
    thread::sleep(Duration::from_millis(500));
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let answered: Vec<String> = clients.into_iter().flat_map(|c| c.join().unwrap()).collect();
    let log = std::fs::read_to_string(folder.0.join("log")).unwrap();
    let logged: std::collections::HashSet<&str> = log.lines().filter_map(|l| l.rsplit(' ').next()).collect();
    assert!(answered.len() > 100, "{} answers", answered.len());
    let missing = answered.iter().filter(|id| !logged.contains(id.as_str())).count();
    assert_eq!(missing, 0, "of {} lines", answered.len());
    assert!(log.contains("INFO ] signal 15: finishing"));
}

#[test]
fn a_start_that_fails_says_why_in_the_format_of_the_log() {
    let folder = Folder::new("words");
    std::fs::write(folder.0.join("empty.pem"), "no certificate").unwrap();
    let environment = [
        ("ACCESS", "open"),
        ("MERCADO_PAGO_TOKEN", "t"),
        ("MERCADO_PAGO_POS", "CAIXA01"),
        ("MERCADO_PAGO_WEBHOOK_UNSIGNED", "true"),
        ("MERCADO_PAGO_URL", "http://127.0.0.1:1"),
        ("MERCADO_PAGO_CA_FILE", "empty.pem"),
    ];
    for format in ["text", "json"] {
        let output = run(&folder, &[environment.as_slice(), &[("LOG_FORMAT", format)]].concat(), &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 1, "{said}");
        if format == "text" {
            assert!(lines[0].starts_with("ambrosia: MERCADO_PAGO_CA_FILE: "), "{said}");
        } else {
            let last: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
            let message = last["message"].as_str().unwrap();
            assert!(
                message.starts_with("ambrosia: MERCADO_PAGO_CA_FILE: ") && last["level"] == "ERROR",
                "{said}"
            );
        }
    }
}

#[test]
fn a_log_that_nobody_reads_holds_no_request_up_and_takes_little_memory() {
    let folder = Folder::new("unread");
    let (mut child, address) = start(&folder, &[LOCAL.as_slice(), &[("LOG_BUFFER_BYTES", "65536")]].concat());
    // The start logs too.
    let mut probes = 2;
    while !get(&address, "/readyz").starts_with("HTTP/1.1 200 ") {
        probes += 1;
        thread::sleep(Duration::from_millis(20));
    }
    ask_often(&address, 1000);
    let before = resident_kb(&child);
    ask_often(&address, 4000);
    let (grown, lost) = (resident_kb(&child).saturating_sub(before), dropped(&address));
    // The pipe has 64 KiB, and as much is buffered.
    assert!((4000..5000 + probes).contains(&lost), "{lost} lines dropped");
    assert!(grown < 1024, "{grown} KB for the lines of 4000 requests, 1400 KB long");

    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut log = String::new();
    while !log.contains("of the log dropped here") {
        assert!(stderr.read_line(&mut log).unwrap() > 0, "{log}");
    }
    let rest = thread::spawn(move || stderr.read_to_string(&mut log).map(|_| log));
    ask_often(&address, 10);
    let lost = dropped(&address);
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let log = rest.join().unwrap().unwrap();
    let (written, told) = counted(&log);
    // The lines of the probes may be among the dropped ones.
    let others = (written + told).checked_sub(5010);
    assert!(others.is_some_and(|n| n <= probes) && told == lost, "{written} + {told}, {lost}: {log}");
    assert!(log.contains("signal 15: finishing"));
}

#[test]
fn a_log_that_nobody_reads_does_not_keep_the_process_from_ending() {
    let folder = Folder::new("stuck");
    let (mut child, address) = start(&folder, &LOCAL);
    ask_often(&address, 1000);
    signal(&child, "-TERM");
    let begun = Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(30));
    drop(child.stderr.take());
}

#[test]
fn a_log_whose_reader_is_gone_costs_nothing() {
    let folder = Folder::new("gone");
    let (mut child, address) = start(&folder, &LOCAL);
    drop(child.stderr.take());
    ask_often(&address, 1000);
    let deadline = Instant::now() + Duration::from_secs(30);
    while dropped(&address) < 1000 {
        assert!(Instant::now() < deadline, "lost lines are not counted");
    }
    // User and system time, in hundredths of a second.
    let used = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        stat.rsplit(')').next().unwrap().split(' ').skip(12).take(2).map(|n| n.parse::<u64>().unwrap()).sum()
    };
    let before = used();
    thread::sleep(Duration::from_secs(1));
    assert!(used() - before < 30, "it spins");
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Runs itself as a process that panics in one of three ways.
#[test]
fn a_panic_is_in_the_log_however_it_ends() {
    struct PanicsAgain;
    impl Drop for PanicsAgain {
        fn drop(&mut self) {
            panic!("again\u{202e}");
        }
    }
    const WAY: &str = "AMBROSIA_TEST_PANIC";
    if let Ok(way) = std::env::var(WAY) {
        let settings = Settings { level: log::LevelFilter::Off, format: Format::Text, buffer_bytes: 1 << 20 };
        let _guard = logging::start(&settings).unwrap();
        let kitchen = thread::Builder::new().name("kitchen".into());
        match way.as_str() {
            "main" => panic!("in main"),
            "thread" => drop(kitchen.spawn(|| panic!("in a thread")).unwrap().join()),
            _ => drop(
                kitchen
                    .spawn(|| {
                        let _again = PanicsAgain;
                        panic!("first")
                    })
                    .unwrap()
                    .join(),
            ),
        }
        return;
    }
    for (way, expected, code) in [
        ("main", vec!["in main"], Some(101)),
        ("thread", vec!["thread 'kitchen' panicked at tests/binary.rs", ": in a thread"], Some(0)),
        ("twice", vec![": first", ": again\\u{202e}"], None),
    ] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_panic_is_in_the_log_however_it_ends", "--nocapture"])
            .env(WAY, way)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), code, "{said}");
        for part in expected {
            assert!(said.contains(part), "{way}: {said}");
        }
    }
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
