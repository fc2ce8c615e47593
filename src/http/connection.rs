//! One connection, from its first byte to its last: read a request, have it answered, write the answer, again.
//! Every read and write has an end, every size a bound, and what is not plainly HTTP/1 is refused and not guessed.

use std::{
    borrow::Cow,
    io,
    net::{IpAddr, Shutdown},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    buffer::{BUFFER_BYTES, Buffer},
    chunked::{Chunk, next_chunk},
    peer::Peer,
    reply::{self, Reply},
    request::{Body, Head, Refusal, Request, RequestId},
    response,
    server::{Limits, Shared},
};
use crate::foreign::{PATH, foreign};

/// Some clients end a body with one that is not part of it.
const EMPTY_LINES: usize = 8;
/// Lingering close: what a client still sends after a refusal is read and dropped, up to so many bytes, for so long in
/// all, and while the pauses are shorter than `LINGER_PAUSE`. Many clients look for the answer only when they have sent
/// everything, and a close before that resets the connection under it.
const LINGER_BYTES: usize = 256 * 1024 * 1024;
const LINGER: Duration = Duration::from_secs(10);
const LINGER_PAUSE: Duration = Duration::from_secs(1);
/// The raw bytes of a chunked body may exceed its content by this much.
const CHUNK_OVERHEAD_BYTES: usize = 64 * 1024;

pub fn serve(shared: &Arc<Shared>, peer: &Arc<Peer>) {
    let mut connection = Connection {
        shared,
        peer,
        limits: &shared.limits,
        client: peer.address,
        buffer: Buffer::new(&shared.budget),
        armed: None,
    };
    loop {
        match connection.exchange() {
            Ok(Next::KeepAlive) => {}
            Ok(Next::Close) => return connection.linger(),
            Err(_) => return,
        }
    }
}

struct Connection<'a> {
    shared: &'a Arc<Shared>,
    peer: &'a Arc<Peer>,
    limits: &'a Limits,
    /// Whose request is read.
    client: IpAddr,
    buffer: Buffer<'a>,
    /// The read time-out that the socket has now, when it is not the idle one that it was born with.
    armed: Option<Duration>,
}

enum Next {
    KeepAlive,
    Close,
}

/// Why no request is read: the client is to be told, or it is gone.
enum Stop {
    Refuse(Refusal),
    Gone(io::Error),
    /// It has been told that there will be no more.
    Closing,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Gone(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refuse(refusal)
    }
}

impl Connection<'_> {
    /// One request and its answer. An error means that there is nobody to talk to any more.
    fn exchange(&mut self) -> io::Result<Next> {
        self.client = self.peer.address;
        let started;
        let result = match self.read_head() {
            Ok((head_len, first_byte)) => {
                started = first_byte;
                self.answer(head_len, started)
            }
            Err(stop) => {
                started = Instant::now();
                Err(stop)
            }
        };
        match result {
            Ok(()) => Ok(Next::KeepAlive),
            Err(Stop::Gone(error)) => Err(error),
            Err(Stop::Closing) => Ok(Next::Close),
            Err(Stop::Refuse(refusal)) => {
                let id = RequestId::new();
                let mut out = Vec::with_capacity(1024);
                let body = response::encode(refusal.response(), &id, true, false, false, &[], &mut out);
                log::info!(
                    "{} - - {} {}us {}B {id} {}",
                    self.client,
                    refusal.status,
                    started.elapsed().as_micros(),
                    out.len() + body.len(),
                    refusal.detail
                );
                reply::write(self.shared, self.peer, &out, &body)?;
                Ok(Next::Close)
            }
        }
    }

    fn answer(&mut self, head_len: usize, started: Instant) -> Result<(), Stop> {
        let head = Head::parse(&self.buffer.unread()[..head_len], self.limits)?;
        self.client = head.client(self.peer.address, self.limits);
        let (head, body, used) = match head.body(self.limits)? {
            Body::None => (head, Cow::Borrowed(&[][..]), head_len),
            Body::Length(length) => {
                let goes_ahead = head.expects_continue;
                self.read_length(head_len, length, goes_ahead)?;
                let whole = &self.buffer.unread()[..head_len + length];
                let (head, body) = whole.split_at(head_len);
                (Head::parse(head, self.limits)?, Cow::Borrowed(body), head_len + length)
            }
            Body::Chunked => {
                let goes_ahead = head.expects_continue;
                let (length, used) = self.read_chunked(head_len, goes_ahead)?;
                let whole = &self.buffer.unread()[..head_len + length];
                let (head, body) = whole.split_at(head_len);
                (Head::parse(head, self.limits)?, Cow::Borrowed(body), used)
            }
        };
        let mut request = Request::new(head, body)?;
        if !self.peer.works() {
            return Err(io::Error::from(io::ErrorKind::ConnectionAborted).into());
        }
        request.client = self.client;
        request.load = self.shared.load();
        self.call_handler(&request, started);
        drop(request);
        self.buffer.consume(used);
        self.goes_on()
    }

    /// Runs the handler, unless too many run already; those that tell how the process is are always answered.
    fn call_handler(&self, request: &Request<'_>, started: Instant) {
        let handler = &self.shared.handler;
        let mut reply = Reply::owed(self.shared, self.peer, request, started);
        // They take no place of the others either.
        if !handler.exempt(request) && reply.runs() > self.limits.max_requests {
            return reply.send(response::busy());
        }
        // Its reply goes down with it, and says so.
        if catch_unwind(AssertUnwindSafe(|| handler.handle(request, reply))).is_err() {
            log::error!(
                "a handler panicked: {} {} {}",
                request.method,
                foreign(request.raw_path, PATH),
                request.id
            );
        }
    }

    /// Until the last request has its answer, whoever gives it.
    fn settle(&self) {
        while self.peer.owed.load(Ordering::Acquire) {
            thread::park();
        }
    }

    /// Unless the client is told that there will be no more; then it has its last answer when this returns.
    fn goes_on(&self) -> Result<(), Stop> {
        if self.peer.closing.load(Ordering::Acquire) {
            self.settle();
            return Err(Stop::Closing);
        }
        Ok(())
    }

    /// Reads until the empty line. Gives the length of the head and when its first byte was seen.
    fn read_head(&mut self) -> Result<(usize, Instant), Stop> {
        let (mut scanned, mut empty_lines) = (0, 0);
        if !self.buffer.is_empty() {
            self.settle();
            self.goes_on()?;
        }
        let mut first_byte = (!self.buffer.is_empty()).then(Instant::now);
        if first_byte.is_none() {
            self.peer.idles(&self.shared.stopping);
        }
        let mut idle_deadline = None;
        loop {
            // An empty line before a request is tolerated, as RFC 9112 asks, and begins nothing.
            while self.buffer.unread().starts_with(b"\r\n") {
                self.buffer.consume(2);
                scanned = 0;
                empty_lines += 1;
                if empty_lines > EMPTY_LINES {
                    return Err(Refusal::new(400, "A requisição começa com linhas vazias demais").into());
                }
                if self.buffer.is_empty() {
                    first_byte = None;
                    self.peer.idles(&self.shared.stopping);
                }
            }
            let seen = self.buffer.unread();
            if let Some(length) = head_length(seen, &mut scanned)? {
                return Ok((length, first_byte.unwrap_or_else(Instant::now)));
            }
            // What can never become a request is refused at once, and not when its time is up.
            Head::check_beginning(seen)?;
            if seen.len() >= self.limits.max_head_bytes {
                return Err(Refusal::head_too_large(seen, self.limits).into());
            }
            let deadline = first_byte.map(|t| t + self.limits.head_timeout).or(idle_deadline);
            let filled = self.fill(deadline, self.limits.max_head_bytes);
            self.settle();
            self.goes_on()?;
            match filled {
                Ok(0) if first_byte.is_none() => {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                Ok(0) => return Err(Refusal::new(400, "A requisição terminou no meio do cabeçalho").into()),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::OutOfMemory => return Err(Refusal::no_memory().into()),
                Err(e) if timed_out(&e) && first_byte.is_some() => {
                    return Err(Refusal::new(408, "O cabeçalho demorou demais para chegar").into());
                }
                Err(e) if timed_out(&e) => {
                    let waited = self.peer.waited(self.shared.now());
                    // For a while it was not the client that was waited for, but its last answer.
                    match self.limits.idle_timeout.checked_sub(waited) {
                        Some(left) if !left.is_zero() => idle_deadline = Some(Instant::now() + left),
                        _ => return Err(e.into()),
                    }
                    continue;
                }
                Err(e) => return Err(e.into()),
            }
            if first_byte.is_none() {
                // Whoever has just begun to speak is not the one that has waited longest.
                self.peer.waits(self.shared.now());
                self.peer.begins();
                first_byte = Some(Instant::now());
            }
        }
    }

    fn read_length(&mut self, head_len: usize, length: usize, goes_ahead: bool) -> Result<(), Stop> {
        let deadline = Instant::now() + self.limits.body_timeout;
        if goes_ahead && self.buffer.len() < head_len + length {
            reply::write(self.shared, self.peer, CONTINUE, &[])?;
        }
        while self.buffer.len() < head_len + length {
            self.fill_body(deadline, head_len + length)?;
        }
        Ok(())
    }

    /// Decodes in place: the content ends up behind the head. Gives its length, and how many bytes of the buffer head and
    /// body took.
    fn read_chunked(&mut self, head_len: usize, goes_ahead: bool) -> Result<(usize, usize), Stop> {
        let deadline = Instant::now() + self.limits.body_timeout;
        if goes_ahead {
            reply::write(self.shared, self.peer, CONTINUE, &[])?;
        }
        let max = head_len + self.limits.max_body_bytes;
        // From the start of the head: where the content ends, and where the bytes begin that are not decoded yet.
        let (mut content, mut raw) = (head_len, head_len);
        let mut overhead = 0;
        loop {
            let rest = &self.buffer.unread()[raw..];
            match next_chunk(rest)? {
                Some(Chunk::Data { length, .. }) if length > max - content => {
                    return Err(Refusal::body_too_large().into());
                }
                Some(Chunk::Data { skip, length }) if rest.len() >= skip + length + 2 => {
                    if !rest[skip + length..].starts_with(b"\r\n") {
                        return Err(Refusal::new(400, "O corpo em partes (chunked) está malformado").into());
                    }
                    self.buffer.copy(raw + skip..raw + skip + length, content);
                    content += length;
                    raw += skip + length + 2;
                    overhead += skip + 2;
                    if overhead > CHUNK_OVERHEAD_BYTES {
                        return Err(Refusal::body_too_large().into());
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

    fn fill_body(&mut self, deadline: Instant, at_most: usize) -> Result<(), Stop> {
        match self.fill(Some(deadline), at_most) {
            Ok(0) => Err(Refusal::new(400, "O corpo da requisição veio incompleto").into()),
            Ok(_) => Ok(()),
            Err(e) if timed_out(&e) => {
                Err(Refusal::new(408, "O corpo da requisição demorou demais para chegar").into())
            }
            Err(e) if e.kind() == io::ErrorKind::OutOfMemory => Err(Refusal::no_memory().into()),
            Err(e) => Err(e.into()),
        }
    }

    /// Reads once, keeping at most `at_most` unused bytes. Without a deadline the idle time-out holds. `OutOfMemory` when
    /// the budget has no room for more.
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
    fn linger(&mut self) {
        let _ = self.peer.stream.shutdown(Shutdown::Write);
        let end = Instant::now() + LINGER;
        let mut drained = 0;
        while drained < LINGER_BYTES && !self.shared.stopping.load(Ordering::Acquire) {
            self.buffer.clear();
            match self.fill(Some(end.min(Instant::now() + LINGER_PAUSE)), BUFFER_BYTES) {
                Ok(n) if n > 0 => drained += n,
                _ => return,
            }
        }
    }
}

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Linux says WouldBlock when a socket's time-out has passed.
fn timed_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// The length of the head, empty line included, once it is all there. A line that ends in a bare LF is refused:
/// others on the way may have read it differently.
pub fn head_length(seen: &[u8], scanned: &mut usize) -> Result<Option<usize>, Refusal> {
    for at in *scanned..seen.len() {
        if seen[at] != b'\n' {
            continue;
        }
        if at == 0 || seen[at - 1] != b'\r' {
            return Err(Refusal::new(400, "As linhas do cabeçalho devem terminar em CR LF"));
        }
        if seen[..at + 1].ends_with(b"\r\n\r\n") {
            return Ok(Some(at + 1));
        }
    }
    *scanned = seen.len();
    Ok(None)
}
