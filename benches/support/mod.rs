//! What the benchmarks that compare share: a server under test, the loads (closed with `wrk`, open-loop here), databases,
//! and medians. A request that fails ends the benchmark.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use database::Folder;
use serde_json::Value;

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/api/database.rs"]
pub mod database;

pub const CLIENTS: usize = 64;
pub const ORDER: &str = r#"{"id_cliente": 1, "itens": [{"produto": 3, "quantidade": 5, "descricao": "sem tomate"}, {"produto": 2, "quantidade": 3, "descricao": "com tomate"}]}"#;

/// A process that is killed when dropped.
pub struct Server {
    pub child: Child,
    pub address: String,
}

impl Server {
    /// Starts a binary of Ambrosia on a free port, with these settings and no others.
    pub fn start(binary: impl AsRef<Path>, settings: &[(&str, &str)]) -> Server {
        let binary = binary.as_ref();
        let mut child = Command::new(binary)
            .env_clear()
            .envs([("HOST", "127.0.0.1"), ("PORT", "0")])
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            // Where the log goes is not what is compared.
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", binary.display()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let server = Server { child, address: line.trim().rsplit('/').next().unwrap().to_owned() };
        assert!(!server.address.is_empty(), "{} does not start", binary.display());
        server
    }
}

impl Server {
    /// Ticks of the processor that it has taken, in user mode and in the kernel.
    pub fn ticks(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name, which may have spaces, ends with the last parenthesis.
        let fields = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
        fields.map(|ticks| ticks.parse::<f64>().unwrap()).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds another program, of the crate in this folder; gives the folder of its binary.
pub fn build(source: &str) -> PathBuf {
    let name = Path::new(source).file_name().unwrap().to_string_lossy();
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned()) + "/" + &name;
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--manifest-path", &format!("{source}/Cargo.toml")])
        .args(["--target-dir", &target])
        .status()
        .unwrap();
    assert!(built.success(), "{source}");
    PathBuf::from(target).join("release")
}

/// A kept connection that sends a request at a time, and the last answer, with its head.
pub struct Client {
    stream: TcpStream,
    pub answer: Vec<u8>,
}

impl Client {
    pub fn connect(address: &str) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, answer: Vec::new() }
    }

    /// Waits for the whole answer, which must have the status 200.
    pub fn ask(&mut self, request: &str) {
        self.stream.write_all(request.as_bytes()).unwrap();
        self.answer.clear();
        let mut whole = None;
        let mut bytes = [0; 64 * 1024];
        while whole.is_none_or(|w| self.answer.len() < w) {
            let n = self.stream.read(&mut bytes).unwrap();
            assert!(n > 0, "closed instead of an answer to {request}");
            self.answer.extend_from_slice(&bytes[..n]);
            whole = whole.or_else(|| self.length(request));
        }
    }

    /// Bytes of the answer, as soon as its head is there.
    fn length(&self, request: &str) -> Option<usize> {
        let end = self.answer.windows(4).position(|w| w == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&self.answer[..end]).to_ascii_lowercase();
        let text = || String::from_utf8_lossy(&self.answer).into_owned();
        assert!(head.starts_with("http/1.1 200"), "{request}\n\n{}", text());
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap();
        Some(end + 4 + length.parse::<usize>().unwrap())
    }
}

/// The JSON of an answer with its head.
pub fn json(answer: &[u8]) -> Value {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    serde_json::from_slice(&answer[end + 4..]).unwrap()
}

/// The JSON at a path.
pub fn get(address: &str, path: &str) -> Value {
    let mut client = Client::connect(address);
    client.ask(&request("GET", path, ""));
    json(&client.answer)
}

/// A request with a body, or without one where it is empty.
pub fn request(method: &str, path: &str, body: &str) -> String {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n");
    match body.len() {
        0 => head + "\r\n",
        length => {
            format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        }
    }
}

/// The script with which `wrk` gets a path; `{}` in it is a different id in each request, from 1 to `ids`.
pub fn gets(path: &str, ids: i64) -> String {
    path.split_once("{}").map_or(String::new(), |(before, after)| {
        format!(
            "local id = 0\nrequest = function() id = (id * 7919 + 12345) % {ids}; return wrk.format('GET', '{before}' .. id + 1 .. '{after}') end"
        )
    })
}

/// The script with which `wrk` sends orders.
pub fn checkouts() -> String {
    format!("wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = '{ORDER}'")
}

/// Requests per second of 64 clients that each send the next request when they have an answer.
pub fn wrk(folder: &Folder, url: &str, script: &str, seconds: u64) -> f64 {
    let file = folder.0.join("wrk.lua");
    let done = "done = function(s, l, r) print('FAILED', s.errors.status + s.errors.read + s.errors.write + s.errors.connect) end";
    std::fs::write(&file, format!("{script}\n{done}\n")).unwrap();
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{CLIENTS}"), &format!("-d{seconds}s"), "-s"])
        .args([file.as_os_str(), url.replace("{}", "1").as_ref()])
        .output()
        .expect("wrk");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("FAILED\t0\n"), "{url}: {text}");
    let line = text.lines().find_map(|l| l.strip_prefix("Requests/sec:")).unwrap();
    line.trim().parse().unwrap()
}

/// An open-loop load: `rate` requests per second of all clients together.
#[derive(Clone, Copy)]
pub struct Pace {
    pub clients: usize,
    pub rate: f64,
    pub seconds: u64,
}

/// Clients that each send at set times, whether or not the last answer was late: the times from then to the answer.
/// `client` makes what a client sends next out of its last answer, which is empty at first.
pub fn open_loop<C>(address: &str, pace: Pace, client: impl Fn(usize) -> C + Sync) -> Vec<Duration>
where
    C: FnMut(&[u8]) -> String,
{
    let interval = Duration::from_secs_f64(pace.clients as f64 / pace.rate);
    let start = Instant::now() + Duration::from_millis(50);
    let run = |n: usize| {
        let (mut next, mut connection) = (client(n), Client::connect(address));
        let mut times = Vec::new();
        let mut due = start + interval * n as u32 / pace.clients as u32;
        while due < start + Duration::from_secs(pace.seconds) {
            let request = next(&connection.answer);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            connection.ask(&request);
            times.push(due.elapsed());
            due += interval;
        }
        times
    };
    thread::scope(|s| {
        let run = &run;
        let clients: Vec<_> = (0..pace.clients).map(|n| s.spawn(move || run(n))).collect();
        clients.into_iter().flat_map(|c| c.join().unwrap()).collect()
    })
}

/// In microseconds.
pub fn p99(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() * 99 / 100].as_secs_f64() * 1e6
}

/// A number of the environment.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |n| n.parse().unwrap())
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

pub fn spread(values: &[f64]) -> String {
    let (least, most) = values.iter().fold((f64::MAX, 0_f64), |(l, m), v| (l.min(*v), m.max(*v)));
    format!("{:.0} ({least:.0} to {most:.0})", median(values))
}
