//! The built binary as a process of its own: started on a free port with a database of its own, measured, signalled,
//! and ended with the test.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use crate::{
    deadline::eventually,
    wire::{Client, get, post},
};

const BINARY: &str = env!("CARGO_BIN_EXE_ambrosia");

/// For tests that send a byte at a time: the machine may be slow, and that is not what they are about.
pub const PATIENT: &[(&str, &str)] = &[("HEAD_TIMEOUT_MS", "60000"), ("BODY_TIMEOUT_MS", "60000")];

pub struct Process {
    child: Child,
    pub address: SocketAddr,
    /// With no client.
    pub quiet: Usage,
    directory: PathBuf,
}

/// What the process holds at this moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub threads: usize,
    pub descriptors: usize,
    pub resident_kb: usize,
    pub peak_kb: usize,
    /// Of what is resident: pages of files, which is nearly all the program itself.
    pub file_kb: usize,
}

impl Process {
    pub fn start(settings: &[(&str, &str)]) -> Process {
        Process::spawn(new_directory(), Command::new(BINARY), settings)
    }

    /// With fewer resources than it wants: `limit` is an argument of `ulimit`.
    pub fn start_limited(limit: &str, settings: &[(&str, &str)]) -> Process {
        Process::spawn(new_directory(), limited(limit, Path::new(BINARY)), settings)
    }

    /// The same as a user who owns nothing but this process, since some limits are of a user and never of root.
    pub fn start_limited_as(user: u32, limit: &str, settings: &[(&str, &str)]) -> Process {
        let directory = new_directory();
        let copy = directory.join("ambrosia");
        // The user may have no way to where the original is.
        fs::copy(BINARY, &copy).unwrap();
        chown(&directory, Some(user), None).unwrap();
        let mut command = limited(limit, &copy);
        command.uid(user);
        Process::spawn(directory, command, settings)
    }

    fn spawn(directory: PathBuf, mut command: Command, settings: &[(&str, &str)]) -> Process {
        let log = fs::File::create(directory.join("log")).unwrap();
        let child = command
            .env_clear()
            .env("HOST", "127.0.0.1")
            .env("PORT", "0")
            .env("LOG_LEVEL", "warn")
            .env("DATABASE_URL", format!("sqlite:{}", directory.join("test.db").display()))
            // One for reading and one for writing: what the pool holds is then soon what it will ever hold.
            .env("POOL_SIZE", "1")
            .envs(settings.iter().copied())
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        // Whole from here on, so that it is cleaned up should it not start.
        let mut process = Process { child, address: ([0; 4], 0).into(), quiet: Usage::default(), directory };
        let mut line = String::new();
        BufReader::new(process.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("ambrosia listening on http://");
        process.address = address.expect("the server starts").parse().unwrap();
        process.open_database_connections();
        process
    }

    /// They are opened by use and then kept, and must not look like a leak. What the first client took must.
    fn open_database_connections(&mut self) {
        let threads = self.usage().threads;
        let mut client = Client::connect(self.address);
        let product = post("/produtos", r#"{"nome":"Coxinha","categoria":2,"valor":7.5}"#);
        client.send([get("/produtos"), product].concat());
        assert_eq!([client.answer().status, client.answer().status], [200; 2]);
        // SQLite closes a file that it opened on the way a moment later.
        self.rests();
        let usage = self.usage();
        self.quiet = Usage { threads, descriptors: usage.descriptors - 1, ..usage };
    }

    pub fn usage(&self) -> Usage {
        let proc = PathBuf::from(format!("/proc/{}", self.child.id()));
        let status = fs::read_to_string(proc.join("status")).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|l| l.strip_prefix(name)).unwrap();
            line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
        };
        Usage {
            threads: field("Threads"),
            descriptors: fs::read_dir(proc.join("fd")).unwrap().count(),
            resident_kb: field("VmRSS"),
            peak_kb: field("VmHWM"),
            file_kb: field("RssFile"),
        }
    }

    /// Those that a limit on their number counts: what was inherited may lie above it.
    pub fn descriptors_below(&self, limit: usize) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<usize>().ok();
        open.filter_map(|entry| number(entry.ok()?)).filter(|number| *number < limit).count()
    }

    /// Waits until nothing is held any more that was not held before.
    pub fn returns_to(&self, before: Usage) {
        eventually(&format!("back to {before:?}"), || {
            let now = self.usage();
            now.threads <= before.threads && now.descriptors <= before.descriptors
        });
    }

    /// Waits until every thread sleeps: whatever had arrived has then been read.
    pub fn rests(&self) {
        // Twice, since a thread may have started another, or handed it something, behind the first look.
        eventually("all threads sleep", || self.all_threads_sleep() && self.all_threads_sleep());
    }

    fn all_threads_sleep(&self) -> bool {
        fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap().all(|task| {
            // A thread that has ended since it was listed has no state.
            let stat = fs::read_to_string(task.unwrap().path().join("stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with('S'))
        })
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.unwrap().success(), "kill -s {name}");
    }

    pub fn exit_code(&mut self) -> Option<i32> {
        eventually("the process ends", || self.child.try_wait().unwrap().is_some());
        self.child.wait().unwrap().code()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.log();
        let _ = fs::remove_dir_all(&self.directory);
        if thread::panicking() {
            eprintln!("--- the server's log ---\n{log}");
        } else {
            assert!(!log.contains("panicked"), "a thread of the server panicked:\n{log}");
        }
    }
}

fn new_directory() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("ambrosia-hostile-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let directory = std::env::temp_dir().join(name);
    fs::create_dir(&directory).unwrap();
    directory
}

fn limited(limit: &str, binary: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{{ ulimit {limit}; }} && exec \"$0\"")]).arg(binary);
    command
}
