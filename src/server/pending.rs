//! The answer that one request is owed: how it is framed, counted, logged and written, by whichever thread
//! has it.
//!
//! A `Pending` is made on the connection's thread and consumed by the write. Should it be dropped before
//! that (a panic in the encoding, no thread for a slow reader), it is not known how much arrived, and the
//! connection is closed.
//!
//! Tested by `tests/hostile/handlers.rs`, on the connection's thread and on others.

use std::{
    io::{self, IoSlice},
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use super::{
    core::Core,
    foreign::{PATH, foreign},
    peer::{Outcome, Peer},
    refusal::Refusal,
    request::Request,
    request_id::RequestId,
    response::{Encoded, Encoding, Open, Persistence, Response},
    stream::Stream,
    write::{write_all, write_at_once},
};

/// The answer that a request is owed.
pub struct Pending {
    core: Arc<Core>,
    peer: Arc<Peer>,
    id: RequestId,
    http_1_0: bool,
    /// The client takes another answer behind this one.
    keep_alive: bool,
    head_only: bool,
    /// See `Handler::header_set`.
    header_set: usize,
    /// It is one of `Core::running`.
    counted: bool,
    started: Instant,
    /// What the log says, unless it says nothing at this level.
    log_line: Option<String>,
    outcome: Outcome,
}

impl Pending {
    /// The answer owed to a request that was begun at `started`.
    pub fn new(core: &Arc<Core>, peer: &Arc<Peer>, request: &Request<'_>, started: Instant) -> Pending {
        let path = || core.handler.logged_path(request);
        let line = || format!("{} {} {}", request.client, request.method.as_str(), foreign(path(), PATH));
        Pending {
            core: core.clone(),
            peer: peer.clone(),
            id: request.id,
            http_1_0: request.http_1_0,
            keep_alive: request.keep_alive,
            head_only: request.is_head(),
            header_set: core.handler.header_set(request),
            counted: false,
            started,
            log_line: log::log_enabled!(log::Level::Info).then(line),
            outcome: Outcome::Failed,
        }
    }

    /// From here until there is an answer to send, the request counts as running. Returns how many do.
    pub fn count(&mut self) -> usize {
        self.counted = true;
        self.core.running.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// The id of the request.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// Writes the response, and waits for a client that reads slowly. To be called on the connection's
    /// thread.
    pub fn send(mut self, response: Response) {
        let encoded = self.encode(response);
        match at_once(&self.peer, &encoded) {
            Ok(sent) if sent < encoded.len() => self.send_rest(encoded, sent),
            sent => self.finish(sent.map(drop), encoded.stream),
        }
    }

    /// Writes the response, on any thread, without waiting for the client: should the client read slowly, a
    /// thread of its own does.
    pub fn send_at_once(mut self, response: Response) {
        if response.is_stream() {
            // The connection's thread may be reading, and cannot be told to let go of the socket.
            log::error!("{} a stream cannot be a deferred answer", self.id);
            return self.refuse(Refusal::NoAnswer);
        }
        let encoded = self.encode(response);
        match at_once(&self.peer, &encoded) {
            Ok(sent) if sent < encoded.len() => {
                let threads = self.core.threads.clone();
                if let Err(e) = threads.run(Box::new(move || self.send_rest(encoded, sent))) {
                    log::warn!("no thread for a client that reads slowly: {e}");
                }
            }
            sent => self.finish(sent.map(drop), None),
        }
    }

    /// Tells of a refusal in the handler's words, as `send_at_once` does.
    pub fn refuse(self, refusal: Refusal) {
        let response = self.core.handler.refuse(refusal);
        self.send_at_once(response);
    }

    /// Waits for the client; what is left counts in the memory budget until it is taken.
    fn send_rest(self, encoded: Encoded, sent: usize) {
        self.peer.begins_to_write();
        let Encoded { head, body, stream } = encoded;
        let (head_sent, body_sent) = (sent.min(head.len()), sent.saturating_sub(head.len()));
        let unsent = self.core.budget.unsent(&self.peer, &body);
        let timeout = self.core.limits.write_timeout;
        let written = write_all(&self.peer.stream, timeout, &head[head_sent..], &body[body_sent..], &|n| {
            self.peer.takes(n)
        });
        drop(unsent);
        self.finish(written, stream);
    }

    /// From here on the request runs no more, and it is the client that is waited for.
    fn encode(&mut self, response: Response) -> Encoded {
        let status = response.status();
        // The end of a stream is the end of its connection.
        self.keep_alive &= !self.core.is_closing() && (self.head_only || !response.is_stream());
        let encoding = Encoding {
            id: &self.id,
            persistence: match self.keep_alive {
                false => Persistence::Close,
                true if self.http_1_0 => Persistence::KeepAlive,
                true => Persistence::Default,
            },
            head_only: self.head_only,
            chunked: !self.http_1_0,
            common: self.core.handler.common_headers(self.header_set),
        };
        let encoded = encoding.encode(response);
        if let Some(line) = &mut self.log_line {
            let took = self.started.elapsed().as_micros();
            *line += &format!(" {status} {took}us {}B {}", encoded.len(), self.id);
        }
        self.uncount();
        // The head of a stream nearly always goes at once: evicted behind it, the stream would begin dead.
        if encoded.stream.is_none() {
            self.peer.begins_to_write();
        }
        encoded
    }

    fn finish(mut self, written: io::Result<()>, stream: Option<Open>) {
        self.outcome = match written {
            Err(_) => Outcome::Failed,
            Ok(()) if stream.is_some() => Outcome::Streaming,
            Ok(()) if self.keep_alive => Outcome::Written,
            Ok(()) => Outcome::Last,
        };
        if let (Outcome::Streaming, Some(open)) = (self.outcome, stream) {
            let stream = Stream::new(&self.core, &self.peer, !self.http_1_0);
            drop(self);
            open(stream);
        }
    }

    fn uncount(&mut self) {
        if std::mem::take(&mut self.counted) {
            self.core.running.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.uncount();
        if let Some(line) = &self.log_line {
            let gone = if self.outcome == Outcome::Failed { " (client gone)" } else { "" };
            log::info!("{line}{gone}");
        }
        self.peer.ends_answer(self.outcome, &self.core.stopping);
    }
}

fn at_once(peer: &Peer, encoded: &Encoded) -> io::Result<usize> {
    write_at_once(&peer.stream, &[IoSlice::new(&encoded.head), IoSlice::new(&encoded.body)])
}
