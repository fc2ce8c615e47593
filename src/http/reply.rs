//! The answer that a request is owed, given by whoever has it, on any thread.

use std::{
    fmt,
    io::{self, IoSlice, Write},
    mem,
    net::Shutdown,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    thread::{self, Thread},
    time::Instant,
};

use bytes::Bytes;
use socket2::SockRef;

use super::{
    peer::Peer,
    request::{Request, RequestId},
    response::{self, Response},
    server::Shared,
};
use crate::foreign::{PATH, foreign};

/// Room for most lines of the log, in bytes, so that they do not grow part by part.
const LINE: usize = 128;

/// One that is dropped says 500.
pub struct Reply {
    shared: Arc<Shared>,
    peer: Arc<Peer>,
    /// The thread of the connection, which may wait for this.
    home: Thread,
    id: RequestId,
    http_1_0: bool,
    head_only: bool,
    /// See `Handler::header_set`.
    header_set: usize,
    runs: bool,
    started: Instant,
    /// What the log says first.
    line: Option<String>,
    progress: Progress,
}

enum Progress {
    Owed,
    /// Some of it may be on its way.
    Begun,
    Done,
}

impl Reply {
    /// To be called on the thread of the connection.
    pub fn owed(shared: &Arc<Shared>, peer: &Arc<Peer>, request: &Request<'_>, started: Instant) -> Reply {
        peer.owed.store(true, Ordering::SeqCst);
        peer.closing.store(!request.keep_alive, Ordering::Release);
        let line = || {
            let mut line = String::with_capacity(LINE);
            let path = foreign(request.raw_path, PATH);
            let _ =
                fmt::write(&mut line, format_args!("{} {} {path}", request.client, request.method.as_str()));
            line
        };
        Reply {
            shared: shared.clone(),
            peer: peer.clone(),
            home: thread::current(),
            id: request.id,
            http_1_0: request.http_1_0,
            head_only: request.is_head(),
            header_set: shared.handler.header_set(request),
            runs: false,
            started,
            line: log::log_enabled!(log::Level::Info).then(line),
            progress: Progress::Owed,
        }
    }

    /// From here until there is an answer to send, the request counts as running. Gives how many there are.
    pub fn runs(&mut self) -> usize {
        self.runs = true;
        self.shared.running.fetch_add(1, Ordering::AcqRel) + 1
    }

    pub fn id(&self) -> &RequestId {
        &self.id
    }

    /// Waits for a client that reads slowly.
    pub fn send(mut self, response: Response) {
        let (head, body) = self.begin(response);
        match write_at_once(&self.peer, &head, &body) {
            Ok(sent) if sent < head.len() + body.len() => self.send_rest(&head, &body, sent),
            sent => self.finish(sent.map(drop)),
        }
    }

    /// Waits for nobody: should the client read slowly, a thread of its own does.
    pub fn send_at_once(mut self, response: Response) {
        let (head, body) = self.begin(response);
        match write_at_once(&self.peer, &head, &body) {
            Ok(sent) if sent < head.len() + body.len() => {
                let threads = self.shared.threads.clone();
                if let Err(e) = threads.run(Box::new(move || self.send_rest(&head, &body, sent))) {
                    log::warn!("no thread for a client that reads slowly: {e}");
                }
            }
            sent => self.finish(sent.map(drop)),
        }
    }

    /// Waits for the client; what is left counts in the memory budget until it is taken.
    fn send_rest(self, head: &[u8], body: &Bytes, sent: usize) {
        let (head_sent, body_sent) = (sent.min(head.len()), sent.saturating_sub(head.len()));
        let unsent = self.shared.budget.unsent(&self.peer, body);
        let written = write(&self.shared, &self.peer, &head[head_sent..], &body[body_sent..]);
        drop(unsent);
        self.finish(written);
    }

    /// The encoded answer. From here on the request runs no more, and it is the client that is waited for.
    fn begin(&mut self, response: Response) -> (Vec<u8>, Bytes) {
        // A panic from here on ends the connection: what cannot be encoded once is not tried again.
        self.progress = Progress::Begun;
        let status = response.status_code().0;
        let close = self.peer.closing.load(Ordering::Acquire) || self.shared.is_closing();
        let kept = self.http_1_0 && !close;
        let common = self.shared.handler.common_headers(self.header_set);
        let mut head = Vec::with_capacity(512);
        let body = response::encode(response, &self.id, close, kept, self.head_only, common, &mut head);
        if let Some(line) = &mut self.line {
            let took = self.started.elapsed().as_micros();
            let bytes = head.len() + body.len();
            let _ = fmt::write(line, format_args!(" {status} {took}us {bytes}B {}", self.id));
        }
        self.peer.closing.store(close, Ordering::Release);
        self.runs_no_more();
        self.peer.waits(self.shared.now());
        (head, body)
    }

    fn finish(mut self, written: io::Result<()>) {
        if written.is_ok() {
            self.progress = Progress::Done;
        }
        self.peer.waits(self.shared.now());
        if self.peer.closing.load(Ordering::Acquire) {
            // Its thread may be waiting for what the client says next.
            let _ = self.peer.stream.shutdown(Shutdown::Write);
        }
    }

    fn runs_no_more(&mut self) {
        if mem::take(&mut self.runs) {
            self.shared.running.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        match self.progress {
            Progress::Owed => {
                log::error!("{} got no answer from its handler", self.id);
                let again = Reply {
                    shared: self.shared.clone(),
                    peer: self.peer.clone(),
                    home: self.home.clone(),
                    id: self.id,
                    line: self.line.take(),
                    runs: mem::take(&mut self.runs),
                    progress: Progress::Owed,
                    ..*self
                };
                // During a panic another one that leaves a destructor would end the process.
                let answered =
                    catch_unwind(AssertUnwindSafe(|| again.send_at_once(response::internal_error())));
                if answered.is_err() {
                    log::error!("{} cannot be answered at all", self.id);
                }
                return;
            }
            // Nobody knows how much of it arrived.
            Progress::Begun => {
                self.runs_no_more();
                self.peer.closing.store(true, Ordering::Release);
                let _ = self.peer.stream.shutdown(Shutdown::Both);
            }
            Progress::Done => {}
        }
        if let Some(line) = &self.line {
            let gone = if let Progress::Begun = self.progress { " (client gone)" } else { "" };
            log::info!("{line}{gone}");
        }
        self.peer.is_answered(&self.shared.stopping);
        self.home.unpark();
    }
}

/// Head and body in one call; waits for the client.
pub fn write(shared: &Shared, peer: &Peer, head: &[u8], body: &[u8]) -> io::Result<()> {
    let mut parts = [IoSlice::new(head), IoSlice::new(body)];
    let mut parts = &mut parts[..];
    // The socket's own time-out bounds each wait, this one a client that takes a byte at a time.
    let deadline = Instant::now() + shared.limits.write_timeout;
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        match (&peer.stream).write_vectored(parts) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => IoSlice::advance_slices(&mut parts, n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
        if !parts.is_empty() && Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    Ok(())
}

/// As much as goes without waiting.
fn write_at_once(peer: &Peer, head: &[u8], body: &[u8]) -> io::Result<usize> {
    let parts = [IoSlice::new(head), IoSlice::new(body)];
    match SockRef::from(&peer.stream)
        .send_vectored_with_flags(&parts, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
    {
        Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
        sent => sent,
    }
}
