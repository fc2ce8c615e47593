//! The bounded buffer between the threads that log and the thread that writes: one queue of bytes, two allocations that
//! change places (double buffering).
//!
//! ```text
//!   push ──▶ [ pending ───────────┐            ┌─▶ [ block ] ──▶ write(2)
//!            [                    └── swap ────┘               one writer
//!            ◀─────────── at most `limit` bytes in both ──────────────▶
//! ```
//!
//! Invariants:
//! - `push` waits for a lock that is held for a copy of one line or a swap, never for the output.
//! - `done <= accepted`, and `accepted - done` (pending and in flight) never exceeds the limit. The last
//!   eighth of it is a reserve for urgent lines: an ordinary line is dropped before a warning is.
//! - Whole lines are accepted or dropped; accepted lines are written in the order of acceptance.
//! - Every line that is dropped, or lost to a failed write, is counted once in `/metrics`, and told once by the notice
//!   that follows the next block.
//!
//! Tested below, and with the real process in `tests/api/log.rs`.

use std::{
    io::{ErrorKind, Write},
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::metrics::METRICS;

/// From one block to the next, unless a quarter of the buffer fills sooner. The first line after a pause is written at once.
const GATHER: Duration = Duration::from_millis(50);
/// Between two attempts to write to an output that is not blocking and has no room.
const FULL: Duration = Duration::from_millis(10);

/// Bytes that wait to be written, bounded; lines beyond the bound are dropped and counted.
pub struct Buffer {
    limit: usize,
    state: Mutex<State>,
    /// There may be something to write, sooner than the writer was going to look.
    filled: Condvar,
    /// A block is done with.
    written: Condvar,
}

struct State {
    pending: Vec<u8>,
    /// Bytes ever accepted, and those of them that are written or lost.
    accepted: u64,
    done: u64,
    /// Lines dropped or lost that no notice has told yet.
    dropped: u64,
    /// The last write failed: nothing is tried before there is another line.
    failing: bool,
    /// Calls of `flush` that wait.
    flushing: usize,
    /// When the write in flight began.
    writing_since: Option<Instant>,
}

impl State {
    fn is_due(&self) -> bool {
        !self.pending.is_empty() || (self.dropped > 0 && !self.failing)
    }
}

impl Buffer {
    /// `limit` is in bytes.
    pub fn new(limit: usize) -> Buffer {
        let state = State {
            // Address space only: pages are taken as they are first used.
            pending: Vec::with_capacity(limit),
            accepted: 0,
            done: 0,
            dropped: 0,
            failing: false,
            flushing: 0,
            writing_since: None,
        };
        Buffer { limit, state: Mutex::new(state), filled: Condvar::new(), written: Condvar::new() }
    }

    /// Accepts a whole line, or drops and counts it; never waits for the output. An urgent line may use the reserve.
    pub fn push(&self, line: &[u8], urgent: bool) {
        let room = if urgent { self.limit } else { self.limit - self.limit / 8 };
        let mut state = self.lock();
        let held = (state.accepted - state.done) as usize;
        if held + line.len() > room {
            state.dropped += 1;
            let wakes = state.pending.is_empty() && state.writing_since.is_none();
            drop(state);
            METRICS.log_dropped(1);
            if wakes {
                self.filled.notify_one();
            }
            return;
        }
        let before = state.pending.len();
        state.pending.extend_from_slice(line);
        state.accepted += line.len() as u64;
        let quarter = self.limit / 4;
        let wakes = before == 0 || (before < quarter && state.pending.len() >= quarter);
        drop(state);
        if wakes {
            self.filled.notify_one();
        }
    }

    /// Waits until what was accepted before the call is written or lost, `wait` at most. Whether it is.
    pub fn flush(&self, wait: Duration) -> bool {
        let mut state = self.lock();
        let mark = state.accepted;
        state.flushing += 1;
        self.filled.notify_one();
        let unfinished = |s: &mut State| s.done < mark || (s.dropped > 0 && !s.failing);
        let (mut state, timeout) =
            self.written.wait_timeout_while(state, wait, unfinished).unwrap_or_else(PoisonError::into_inner);
        state.flushing -= 1;
        !timeout.timed_out()
    }

    /// Whether a write has been going on for longer than `limit`: nobody takes what is written.
    pub fn is_stuck(&self, limit: Duration) -> bool {
        self.lock().writing_since.is_some_and(|since| since.elapsed() > limit)
    }

    /// The writer's loop. `notice` appends a line that tells of so many dropped ones.
    pub fn write_to(&self, output: &mut dyn Write, notice: &dyn Fn(&mut Vec<u8>, u64)) -> ! {
        let mut block = Vec::with_capacity(self.limit);
        let mut not_before = Instant::now();
        loop {
            self.wait(not_before);
            not_before = Instant::now() + GATHER;
            self.write_block(&mut block, output, notice);
        }
    }

    /// Until there is something to write and it is time.
    fn wait(&self, not_before: Instant) {
        let state =
            self.filled.wait_while(self.lock(), |s| !s.is_due()).unwrap_or_else(PoisonError::into_inner);
        let pause = not_before.saturating_duration_since(Instant::now());
        let early = |s: &mut State| s.flushing == 0 && s.pending.len() < self.limit / 4;
        drop(self.filled.wait_timeout_while(state, pause, early));
    }

    /// Writes all that is pending, by way of `block`, which is empty before and after.
    fn write_block(&self, block: &mut Vec<u8>, output: &mut dyn Write, notice: &dyn Fn(&mut Vec<u8>, u64)) {
        let mut state = self.lock();
        mem::swap(&mut state.pending, block);
        let told = mem::take(&mut state.dropped);
        state.writing_since = Some(Instant::now());
        drop(state);
        let accepted = block.len();
        if told > 0 {
            // After the lines that filled the buffer, before those that come now.
            notice(block, told);
        }
        let written = write(output, block);
        let failed = written < block.len();
        let lost = block[written.min(accepted)..accepted].iter().filter(|b| **b == b'\n').count() as u64;
        let untold = if failed { told } else { 0 };
        if failed && written > 0 && block[written - 1] != b'\n' {
            // The next block must not begin inside of a line.
            let _ = output.write(b"\n");
        }
        block.clear();
        METRICS.log_dropped(lost);
        let mut state = self.lock();
        state.done += accepted as u64;
        state.dropped += lost + untold;
        state.failing = failed;
        state.writing_since = None;
        drop(state);
        self.written.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of `block` that were written before the output failed: all of them unless it did.
fn write(output: &mut dyn Write, block: &[u8]) -> usize {
    let mut written = 0;
    while written < block.len() {
        match output.write(&block[written..]) {
            Ok(0) => break,
            Ok(n) => written += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => thread::sleep(FULL),
            Err(_) => break,
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, mpsc},
    };

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn notice(out: &mut Vec<u8>, count: u64) {
        out.extend_from_slice(format!("dropped {count}\n").as_bytes());
    }

    /// What one turn of the writer writes.
    fn block(buffer: &Buffer) -> String {
        let (mut block, mut out) = (Vec::new(), Vec::new());
        buffer.write_block(&mut block, &mut out, &notice);
        assert!(block.is_empty());
        String::from_utf8(out).unwrap()
    }

    fn start(buffer: &Arc<Buffer>, mut output: impl Write + Send + 'static) {
        let buffer = buffer.clone();
        thread::spawn(move || buffer.write_to(&mut output, &notice));
    }

    /// An output that hands on each write, and takes none before it is let.
    struct Gate {
        open: mpsc::Receiver<()>,
        taken: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.open.recv();
            let _ = self.taken.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gate() -> (mpsc::Sender<()>, mpsc::Receiver<Vec<u8>>, Gate) {
        let ((opener, open), (taken, blocks)) = (mpsc::channel(), mpsc::channel());
        (opener, blocks, Gate { open, taken })
    }

    /// An output that takes so many bytes, and then fails as long as it is broken.
    struct Broken(usize);

    impl Write for Broken {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let n = mem::take(&mut self.0).min(bytes.len());
            if n == 0 { Err(ErrorKind::BrokenPipe.into()) } else { Ok(n) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_told_once() {
        let buffer = Buffer::new(64);
        for _ in 0..100 {
            buffer.push(b"1234567\n", false);
        }
        // Seven of eight: the rest is the reserve.
        assert_eq!(block(&buffer), "1234567\n".repeat(7) + "dropped 93\n");
        buffer.push(b"later\n", false);
        assert_eq!(block(&buffer), "later\n");
        buffer.push(&[b'x'; 65], true);
        assert_eq!(block(&buffer), "dropped 1\n", "a line that never fits");
    }

    #[test]
    fn a_warning_still_fits_where_no_other_line_does() {
        let buffer = Buffer::new(64);
        for _ in 0..100 {
            buffer.push(b"1234567\n", false);
        }
        buffer.push(b"warning\n", true);
        buffer.push(b"1234567\n", false);
        buffer.push(b"another\n", true);
        assert_eq!(block(&buffer), "1234567\n".repeat(7) + "warning\ndropped 95\n");
    }

    #[test]
    fn lines_of_many_threads_come_whole_and_in_order() {
        let buffer = Arc::new(Buffer::new(1 << 20));
        let (open, blocks, gate) = gate();
        start(&buffer, gate);
        let push = |t: usize| {
            let buffer = buffer.clone();
            thread::spawn(move || (0..1000).for_each(|n| buffer.push(format!("{t} {n}\n").as_bytes(), false)))
        };
        (0..4).map(push).collect::<Vec<_>>().into_iter().for_each(|t| t.join().unwrap());
        drop(open);
        assert!(buffer.flush(LONG));
        let text = String::from_utf8(blocks.try_iter().flatten().collect()).unwrap();
        assert_eq!(text.lines().count(), 4000);
        for thread in 0..4 {
            let numbers = text.lines().filter_map(|l| l.strip_prefix(&format!("{thread} "))?.parse().ok());
            assert_eq!(numbers.collect::<Vec<usize>>(), (0..1000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_output_that_takes_nothing_holds_nobody_up_and_memory_is_bounded() {
        let buffer = Arc::new(Buffer::new(4096));
        let (open, blocks, gate) = gate();
        start(&buffer, gate);
        buffer.push(b"first\n", false);
        assert!(!buffer.flush(Duration::from_millis(20)), "nothing is written yet");
        assert!(buffer.is_stuck(Duration::ZERO));
        let begun = Instant::now();
        (0..100_000).for_each(|_| buffer.push(b"0123456789\n", false));
        assert!(begun.elapsed() < LONG);
        let state = buffer.lock();
        assert!(state.accepted - state.done <= 4096 && state.pending.capacity() <= 4096);
        drop(state);
        drop(open);
        assert!(buffer.flush(LONG));
        let text = String::from_utf8(blocks.try_iter().flatten().collect()).unwrap();
        let told: u64 = text.lines().filter_map(|l| l.strip_prefix("dropped ")?.parse::<u64>().ok()).sum();
        assert_eq!(told + text.matches("0123456789\n").count() as u64, 100_000, "{text}");
        assert!(text.starts_with("first\n") && text.ends_with(&format!("dropped {told}\n")), "{text}");
    }

    #[test]
    fn lines_gather_for_a_moment_and_not_longer() {
        let buffer = Arc::new(Buffer::new(1 << 20));
        let (open, blocks, gate) = gate();
        drop(open);
        start(&buffer, gate);
        buffer.push(b"at once\n", false);
        assert_eq!(blocks.recv_timeout(LONG).unwrap(), b"at once\n");
        // Unless this thread is held up for longer than lines gather.
        let gathered = (0..100).any(|_| {
            buffer.push(b"a\n", false);
            buffer.push(b"b\n", false);
            assert!(buffer.flush(LONG));
            buffer.push(b"c\n", false);
            buffer.push(b"d\n", false);
            thread::sleep(GATHER * 2);
            blocks.try_iter().last().is_some_and(|block| block == b"c\nd\n")
        });
        assert!(gathered, "a block for each line");
        // A quarter of the buffer waits for nothing, however long the pause is.
        buffer.push(&[b'c'; 300 << 10], false);
        assert_eq!(blocks.recv_timeout(LONG).unwrap().len(), 300 << 10);
    }

    #[test]
    fn a_failed_write_loses_its_lines_once_and_is_not_repeated() {
        let buffer = Buffer::new(4096);
        ["one\n", "two\n", "three\n"].iter().for_each(|l| buffer.push(l.as_bytes(), false));
        let mut spare = Vec::new();
        buffer.write_block(&mut spare, &mut Broken(5), &notice);
        assert!(!buffer.lock().is_due(), "nothing to try again");
        assert!(buffer.flush(Duration::ZERO));
        buffer.push(b"four\n", false);
        buffer.write_block(&mut spare, &mut Broken(0), &notice);
        buffer.push(b"five\n", false);
        assert_eq!(block(&buffer), "five\ndropped 3\n", "two, three and four");
    }

    #[test]
    fn a_panic_while_the_lock_is_held_spoils_nothing() {
        let buffer = Arc::new(Buffer::new(4096));
        let held = buffer.clone();
        let panicked = thread::spawn(move || {
            let _state = held.lock();
            panic!("as a test");
        });
        assert!(panicked.join().is_err());
        buffer.push(b"after\n", false);
        assert_eq!(block(&buffer), "after\n");
    }
}
