//! One connection, from its first byte to its last: read a request, have it answered, read the next.
//!
//! The handler runs on the connection's thread. What it gives is written there (`Answer::Ready`), or
//! started there and written by whichever thread completes it (`Answer::Deferred`). A request that cannot
//! be understood is answered here and ends the connection. Tested by `tests/hostile`.

use std::{
    borrow::Cow,
    io,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use super::{
    core::Core,
    foreign::{PATH, foreign},
    handler::Answer,
    head::{Body, Head},
    peer::Peer,
    pending::Pending,
    reader::{Reader, Stop},
    refusal::Refusal,
    request::{Request, Sender},
    request_id::RequestId,
    response::Encoding,
    write::write_all,
};

/// Serves a connection to its end, or until its socket is a stream's.
pub fn serve(core: &Arc<Core>, peer: &Arc<Peer>) {
    let mut connection = Connection { core, peer, client: peer.address, reader: Reader::new(core, peer) };
    while connection.exchange() {}
}

struct Connection<'a> {
    core: &'a Arc<Core>,
    peer: &'a Arc<Peer>,
    /// The client of the request that is being read.
    client: IpAddr,
    reader: Reader<'a>,
}

impl Connection<'_> {
    /// One request and its answer. `false` when there will be no other.
    fn exchange(&mut self) -> bool {
        self.client = self.peer.address;
        let begun = self.reader.read_head();
        let started = begun.as_ref().map_or_else(|_| Instant::now(), |(_, first_byte)| *first_byte);
        let answered = begun.and_then(|(head_len, _)| self.answer(head_len, started));
        match answered {
            Ok(()) => return true,
            Err(Stop::Gone | Stop::LetGo) => {}
            Err(Stop::Finished) => self.reader.linger(),
            Err(Stop::Refuse(refusal)) => {
                if self.refuse(refusal, started).is_ok() {
                    self.reader.linger();
                }
            }
        }
        false
    }

    /// Answers a request that is not handled.
    fn refuse(&self, refusal: Refusal, started: Instant) -> io::Result<()> {
        let id = RequestId::new();
        let encoded = Encoding::last(&id).encode(self.core.handler.refuse(refusal));
        log::info!(
            "{} - - {} {}us {}B {id} {refusal}",
            self.client,
            refusal.status(),
            started.elapsed().as_micros(),
            encoded.len(),
        );
        write_all(&self.peer.stream, self.core.limits.write_timeout, &encoded.head, &encoded.body, &|n| {
            self.peer.takes(n)
        })
    }

    /// Reads the body behind a head, and has the request answered.
    fn answer(&mut self, head_len: usize, started: Instant) -> Result<(), Stop> {
        let core = self.core;
        let head = Head::parse(&self.reader.buffer.unread()[..head_len], &core.limits)?;
        self.client = head.client(self.peer.address, &core.limits);
        let (head, body, used) = match head.body(&core.limits)? {
            Body::None => (head, &[][..], head_len),
            framing => {
                let expects_continue = head.expects_continue;
                let (length, used) = self.read_body(head_len, framing, expects_continue)?;
                // The buffer may have moved.
                let (head, body) = self.reader.buffer.unread()[..head_len + length].split_at(head_len);
                (Head::parse(head, &core.limits)?, body, used)
            }
        };
        let is_https = head.is_https(self.peer.address, &core.limits);
        let sender = Sender { client: self.client, is_https };
        let request = Request::new(head, Cow::Borrowed(body), sender, core.load())?;
        if !self.peer.begins_to_work(self.reader.buffer.len() > used) {
            return Err(Stop::Gone);
        }
        let keep_alive = request.keep_alive;
        self.call_handler(&request, started);
        drop(request);
        self.reader.buffer.consume(used);
        // What is owed to a client that goes on may be written while its next request is waited for.
        if keep_alive && self.peer.owes_answer() { Ok(()) } else { self.reader.settle() }
    }

    /// Returns the length of the body, and how many bytes of the buffer head and body took.
    fn read_body(
        &mut self,
        head_len: usize,
        framing: Body,
        goes_ahead: bool,
    ) -> Result<(usize, usize), Stop> {
        match framing {
            Body::None => Ok((0, head_len)),
            Body::Length(length) => {
                if goes_ahead && self.reader.buffer.len() < head_len + length {
                    self.reader.send_continue()?;
                }
                self.reader.read_length(head_len, length)?;
                Ok((length, head_len + length))
            }
            Body::Chunked => {
                if goes_ahead {
                    self.reader.send_continue()?;
                }
                self.reader.read_chunked(head_len)
            }
        }
    }

    /// Runs the handler, unless too many run already; probes of the process are always answered, and take
    /// no place.
    fn call_handler(&self, request: &Request<'_>, started: Instant) {
        let handler = &self.core.handler;
        let mut pending = Pending::new(self.core, self.peer, request, started);
        let refused = !handler.exempt(request) && pending.count() > self.core.limits.max_requests;
        let answer = catch_unwind(AssertUnwindSafe(|| match refused {
            true => handler.refuse(Refusal::TooManyRequests).into(),
            false => handler.handle(request),
        }));
        let delivered = catch_unwind(AssertUnwindSafe(|| match answer {
            Ok(Answer::Ready(response)) => pending.send(response),
            Ok(Answer::Deferred(deferred)) => deferred.start(pending),
            Err(_) => {
                panicked(request);
                pending.refuse(Refusal::NoAnswer);
            }
        }));
        // What is owed went down with it: it was answered with 500, or the connection was closed.
        if delivered.is_err() {
            panicked(request);
        }
    }
}

fn panicked(request: &Request<'_>) {
    log::error!("a handler panicked: {} {} {}", request.method, foreign(request.raw_path, PATH), request.id);
}
