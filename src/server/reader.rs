//! Reads requests from a connection: every wait has an end, every size a bound.
//!
//! While an answer is still owed, one read may wait for the next request; nothing of it is looked at before
//! the answer is written (`settle`). Tested by `tests/hostile`: `timeouts.rs`, `bodies.rs`,
//! `pipelining.rs`, `cuts.rs`.

use std::{
    io,
    net::Shutdown,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::{
    buffer::{BUFFER_BYTES, Buffer},
    chunked::{Chunk, next_chunk},
    core::Core,
    head::{self, Head, head_length},
    limits::Limits,
    peer::{Peer, Settled},
    refusal::Refusal,
    write::write_all,
};

/// Some clients end a body with one that is not part of it.
const EMPTY_LINES_MAX: usize = 8;
/// Lingering close: what a client still sends after a refusal is read and dropped, up to so many bytes, for
/// so long in all, and while the pauses are shorter than `LINGER_PAUSE`. Many clients look for the answer
/// only when they have sent everything, and a close before that resets the connection under it.
const LINGER_BYTES: usize = 256 * 1024 * 1024;
const LINGER: Duration = Duration::from_secs(10);
const LINGER_PAUSE: Duration = Duration::from_secs(1);
/// The raw bytes of a chunked body may exceed its content by this much.
const CHUNK_OVERHEAD_BYTES: usize = 64 * 1024;
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Why no request is read.
pub enum Stop {
    /// The client is told why, and the connection ends.
    Refuse(Refusal),
    /// The client is gone.
    Gone,
    /// The client has its last answer.
    Finished,
    /// The socket is a stream's.
    LetGo,
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Stop {
        Stop::Gone
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refuse(refusal)
    }
}

/// The reading side of a connection.
pub struct Reader<'a> {
    core: &'a Core,
    peer: &'a Peer,
    limits: &'a Limits,
    /// What is read and not used.
    pub buffer: Buffer<'a>,
    /// The read time-out of the socket, when it is not the idle one that it was born with.
    armed: Option<Duration>,
}

/// How far the reading of a head has come.
#[derive(Default)]
struct Progress {
    /// Bytes that were searched for the end of the head.
    scanned: usize,
    empty_lines: usize,
    /// When the first byte of the request was seen.
    first_byte: Option<Instant>,
    /// Until when the client may be idle, if that is not as long as the socket waits.
    idle_deadline: Option<Instant>,
}

impl<'a> Reader<'a> {
    /// The reader of a connection that has just been accepted.
    pub fn new(core: &'a Core, peer: &'a Peer) -> Reader<'a> {
        Reader { core, peer, limits: &core.limits, buffer: Buffer::new(&core.budget), armed: None }
    }

    /// Waits until the last request has its answer, whichever thread gives it. An error when no other may
    /// follow.
    pub fn settle(&self) -> Result<(), Stop> {
        match self.peer.settle() {
            Settled::Open => Ok(()),
            Settled::Finished => Err(Stop::Finished),
            Settled::Streaming => Err(Stop::LetGo),
            Settled::Closed => Err(Stop::Gone),
        }
    }

    /// Reads until the empty line. Returns the length of the head and when its first byte was seen.
    pub fn read_head(&mut self) -> Result<(usize, Instant), Stop> {
        let mut progress = Progress::default();
        if self.buffer.is_empty() {
            self.peer.becomes_idle(&self.core.stopping);
        } else {
            self.settle()?;
            progress.first_byte = Some(Instant::now());
        }
        loop {
            self.skip_empty_lines(&mut progress)?;
            let seen = self.buffer.unread();
            if let Some(length) = head_length(seen, &mut progress.scanned)? {
                return Ok((length, progress.first_byte.unwrap_or_else(Instant::now)));
            }
            // What can never become a request is refused at once, and not when its time is up.
            Head::check_beginning(seen)?;
            if seen.len() >= self.limits.max_head_bytes {
                return Err(head::too_large(seen, self.limits).into());
            }
            self.read_more_of_head(&mut progress)?;
        }
    }

    /// An empty line before a request is tolerated, as RFC 9112 asks, and begins nothing.
    fn skip_empty_lines(&mut self, progress: &mut Progress) -> Result<(), Stop> {
        while self.buffer.unread().starts_with(b"\r\n") {
            self.buffer.consume(2);
            progress.scanned = 0;
            progress.empty_lines += 1;
            if progress.empty_lines > EMPTY_LINES_MAX {
                return Err(Refusal::EmptyLines.into());
            }
            if self.buffer.is_empty() {
                progress.first_byte = None;
                self.peer.becomes_idle(&self.core.stopping);
            }
        }
        Ok(())
    }

    /// Reads once. On return no answer is owed any more.
    fn read_more_of_head(&mut self, progress: &mut Progress) -> Result<(), Stop> {
        let begun = progress.first_byte;
        let deadline = begun.map(|t| t + self.limits.head_timeout).or(progress.idle_deadline);
        let filled = self.fill(deadline, self.limits.max_head_bytes);
        self.settle()?;
        match filled {
            Ok(0) if begun.is_none() => Err(Stop::Gone),
            Ok(0) => Err(Refusal::HeadIncomplete.into()),
            Ok(_) => {
                if begun.is_none() {
                    self.peer.begins_to_read();
                    progress.first_byte = Some(Instant::now());
                }
                Ok(())
            }
            Err(e) if e.kind() == io::ErrorKind::OutOfMemory => Err(Refusal::NoMemory.into()),
            Err(e) if timed_out(&e) && begun.is_some() => Err(Refusal::HeadTimeout.into()),
            Err(e) if timed_out(&e) => {
                // For a while it was not the client that was waited for, but its last answer.
                match self.limits.idle_timeout.checked_sub(self.peer.idle_for()) {
                    Some(left) if !left.is_zero() => progress.idle_deadline = Some(Instant::now() + left),
                    _ => return Err(Stop::Gone),
                }
                Ok(())
            }
            Err(_) => Err(Stop::Gone),
        }
    }

    /// Reads a body of `length` bytes behind a head of `head_len`.
    pub fn read_length(&mut self, head_len: usize, length: usize) -> Result<(), Stop> {
        let deadline = Instant::now() + self.limits.body_timeout;
        while self.buffer.len() < head_len + length {
            self.fill_body(deadline, head_len + length)?;
        }
        Ok(())
    }

    /// Reads a chunked body and decodes it in place: the content ends up behind the head. Returns its
    /// length, and how many bytes of the buffer head and body took.
    pub fn read_chunked(&mut self, head_len: usize) -> Result<(usize, usize), Stop> {
        let deadline = Instant::now() + self.limits.body_timeout;
        let max = head_len + self.limits.max_body_bytes;
        // From the start of the head: where the content ends, and where the bytes begin that are not
        // decoded yet.
        let (mut content, mut raw) = (head_len, head_len);
        let mut overhead = 0;
        loop {
            let rest = &self.buffer.unread()[raw..];
            match next_chunk(rest)? {
                Some(Chunk::Data { length, .. }) if length > max - content => {
                    return Err(Refusal::BodyTooLarge.into());
                }
                Some(Chunk::Data { skip, length }) if rest.len() >= skip + length + 2 => {
                    if !rest[skip + length..].starts_with(b"\r\n") {
                        return Err(Refusal::ChunksMalformed.into());
                    }
                    self.buffer.copy(raw + skip..raw + skip + length, content);
                    content += length;
                    raw += skip + length + 2;
                    overhead += skip + 2;
                    if overhead > CHUNK_OVERHEAD_BYTES {
                        return Err(Refusal::BodyTooLarge.into());
                    }
                }
                Some(Chunk::End { skip }) => return Ok((content - head_len, raw + skip)),
                _ => {
                    self.buffer.remove(content..raw);
                    raw = content;
                    self.fill_body(deadline, max + CHUNK_OVERHEAD_BYTES)?;
                }
            }
        }
    }

    /// Tells a client that waits for it to send the body.
    pub fn send_continue(&self) -> io::Result<()> {
        write_all(&self.peer.stream, self.limits.write_timeout, CONTINUE, &[], &|_| ())
    }

    fn fill_body(&mut self, deadline: Instant, at_most: usize) -> Result<(), Stop> {
        match self.fill(Some(deadline), at_most) {
            Ok(0) => Err(Refusal::BodyIncomplete.into()),
            Ok(_) => Ok(()),
            Err(e) if timed_out(&e) => Err(Refusal::BodyTimeout.into()),
            Err(e) if e.kind() == io::ErrorKind::OutOfMemory => Err(Refusal::NoMemory.into()),
            Err(e) => Err(e.into()),
        }
    }

    /// Reads once, keeping at most `at_most` unused bytes. Without a deadline the idle time-out holds.
    /// `OutOfMemory` when the budget has no room for more.
    fn fill(&mut self, deadline: Option<Instant>, at_most: usize) -> io::Result<usize> {
        let timeout = match deadline {
            None => self.limits.idle_timeout,
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                left
            }
        };
        if timeout != self.armed.unwrap_or(self.limits.idle_timeout) {
            self.peer.stream.set_read_timeout(Some(timeout))?;
            self.armed = Some(timeout);
        }
        self.buffer.read(&self.peer.stream, at_most)
    }

    /// Closes so that the answer arrives.
    pub fn linger(&mut self) {
        let _ = self.peer.stream.shutdown(Shutdown::Write);
        let end = Instant::now() + LINGER;
        let mut drained = 0;
        while drained < LINGER_BYTES && !self.core.stopping.load(Ordering::Acquire) {
            self.buffer.clear();
            match self.fill(Some(end.min(Instant::now() + LINGER_PAUSE)), BUFFER_BYTES) {
                Ok(n) if n > 0 => drained += n,
                _ => return,
            }
        }
    }
}

/// Linux says WouldBlock when a socket's time-out has passed.
fn timed_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
