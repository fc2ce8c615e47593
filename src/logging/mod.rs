//! Asynchronous logging through a bounded buffer: the thread that logs formats the line and copies it into the buffer;
//! a single consumer thread writes the buffered bytes to stderr in blocks.
//!
//! ```text
//!   any thread ──▶ filter ──▶ Format::write ──▶ Buffer::push ──▶ consumer "log" ──▶ stderr
//!                 env_logger   line.rs           buffer.rs        a block every 50 ms, or a quarter of the buffer
//! ```
//!
//! Invariants:
//! - A line costs the thread that logs no system call, but for the wake-up of a consumer that sleeps. It never waits for
//!   stderr: what does not fit in the buffer is dropped, counted and told (`buffer.rs`).
//! - Nothing else in the process writes to stderr once this has begun: neither panics nor the last words of `main`, which
//!   could hang there.
//! - The end of `main`, by return or by panic, writes what is buffered (`Guard`), and waits for that at most `END`. A panic
//!   elsewhere waits at most `PANIC`, since a second one may end the process. `process::exit` and `abort` would skip
//!   this; `tests/tidy.rs` keeps them out of `src`.
//! - Lost is what was buffered, 50 ms at most where stderr takes it, if the process ends without running code of its own:
//!   SIGKILL, a signal that is not handled, the end of memory.
//!
//! Tested in `buffer.rs` and `line.rs`, and with the real process in `tests/binary.rs` and `tests/api/log.rs`.

mod buffer;
mod line;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    cell::RefCell,
    fmt,
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    panic::{self, PanicHookInfo},
    sync::OnceLock,
    thread,
    time::Duration,
};

use log::{Level, LevelFilter, Log, Metadata, Record};

use self::buffer::Buffer;
pub use self::line::Format;
use crate::server::foreign;

/// For stderr to take what is buffered, at the end of the process.
const END: Duration = Duration::from_secs(2);
/// The same, of a thread that panics.
const PANIC: Duration = Duration::from_millis(100);
/// What is shown of the message of a panic, in characters.
const CAUSE: usize = 1024;
/// What a thread keeps of the memory for its longest line, in bytes.
const KEPT: usize = 1024;

static LOGGER: OnceLock<Logger> = OnceLock::new();

/// What the environment says of the log.
pub struct Settings {
    /// Of this program; other crates stay at warn, for what they trace has the access token in it.
    pub level: LevelFilter,
    pub format: Format,
    /// Bytes of lines that wait for stderr, at most.
    pub buffer_bytes: usize,
}

/// Writes what is buffered when it is dropped.
pub struct Guard(&'static Logger);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.flush();
    }
}

struct Logger {
    filter: env_logger::Logger,
    format: Format,
    buffer: Buffer,
}

/// Sends all that is logged, and the messages of panics, to stderr by way of the buffer. To be called once, and the guard kept
/// to the end of `main`. The error says what is missing.
pub fn start(settings: &Settings) -> Result<Guard, String> {
    // Not by way of `io::stderr`, whose lock would be held for as long as a write hangs.
    let stderr = io::stderr().as_fd().try_clone_to_owned().map_err(|e| format!("cannot use stderr: {e}"))?;
    let logger = LOGGER.get_or_init(|| Logger {
        filter: env_logger::Builder::new()
            .filter_level(settings.level.min(LevelFilter::Warn))
            .filter_module("ambrosia", settings.level)
            .build(),
        format: settings.format,
        buffer: Buffer::new(settings.buffer_bytes),
    });
    thread::Builder::new()
        .name("log".into())
        .spawn(|| logger.buffer.write_to(&mut File::from(stderr), &|out, count| logger.tell(out, count)))
        .map_err(|e| format!("cannot start the thread that writes the log: {e}"))?;
    log::set_logger(logger).map_err(|e| e.to_string())?;
    log::set_max_level(logger.filter.filter());
    panic::set_hook(Box::new(|info| logger.panicked(info)));
    Ok(Guard(logger))
}

/// Says on stderr why the process ends: after the lines of the log where it has begun, and at any `LOG_LEVEL`.
pub fn last_words(message: &str) {
    match LOGGER.get() {
        Some(logger) if logger.format == Format::Json => {
            logger.write(Level::Error, format_args!("{message}"))
        }
        Some(logger) => logger.buffer.push(format!("{message}\n").as_bytes(), true),
        // Unlike `eprintln`, this does not panic where nobody listens.
        None => drop(writeln!(io::stderr(), "{message}")),
    }
}

impl Logger {
    fn write(&self, level: Level, message: fmt::Arguments<'_>) {
        thread_local! {
            static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        let write = |line: &mut Vec<u8>| {
            line.clear();
            self.format.write(line, level, message);
            self.buffer.push(line, level <= Level::Warn);
            line.shrink_to(KEPT);
        };
        let written = LINE.try_with(|line| line.try_borrow_mut().map(|mut line| write(&mut line)).is_ok());
        if written != Ok(true) {
            // Something that is being formatted logs itself, or the thread is at its end.
            write(&mut Vec::new());
        }
    }

    fn tell(&self, out: &mut Vec<u8>, count: u64) {
        let lines = if count == 1 { "line" } else { "lines" };
        let message = format_args!(
            "{count} {lines} of the log dropped here: stderr took too little (LOG_BUFFER_BYTES)"
        );
        self.format.write(out, Level::Warn, message);
    }

    fn panicked(&self, info: &PanicHookInfo<'_>) {
        let thread = thread::current();
        let name = thread.name().unwrap_or("<unnamed>");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let cause = foreign(info.payload_as_str().unwrap_or("no message"), CAUSE);
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            self.write(
                Level::Error,
                format_args!("thread '{name}' panicked at {place}: {cause}\n{backtrace}"),
            );
        } else {
            self.write(Level::Error, format_args!("thread '{name}' panicked at {place}: {cause}"));
        }
        if !self.buffer.is_stuck(PANIC) {
            self.buffer.flush(PANIC);
        }
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.filter.matches(record) {
            self.write(record.level(), *record.args());
        }
    }

    /// Waits `END` at most.
    fn flush(&self) {
        self.buffer.flush(END);
    }
}
