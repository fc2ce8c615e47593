//! Answers that are not there yet when the handler returns.
//!
//! A `Deferred` is what a handler wants started; the server starts it, on the connection's thread, with a
//! `Responder`. That goes wherever the answer will be known (a batch hands it to its leader), and whichever
//! thread sends it writes to the client, without waiting for it and without waking the connection's thread,
//! which waits for the next request already. The server begins no other request of the connection before
//! the answer is written.
//!
//! - Started inline: what is known at once is written at once, on the connection's thread.
//! - A `Responder` that is dropped sends a 500; a panic while the deferred answer is started drops it.
//!
//! Tested by `tests/hostile/handlers.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{pending::Pending, refusal::Refusal, request_id::RequestId, response::Response};

/// The promise of an answer.
pub struct Deferred {
    start: Box<dyn FnOnce(Responder)>,
}

impl Deferred {
    /// `start` is called once the server is ready for the answer, and must see to it that the responder is
    /// used.
    pub fn new(start: impl FnOnce(Responder) + 'static) -> Deferred {
        Deferred { start: Box::new(start) }
    }

    /// To be called on the connection's thread.
    pub(super) fn start(self, pending: Pending) {
        (self.start)(Responder { id: pending.id(), pending: Some(pending) });
    }
}

/// Sends one answer, from any thread.
pub struct Responder {
    id: RequestId,
    /// `None` once it is used.
    pending: Option<Pending>,
}

impl Responder {
    /// The id of the request that is answered.
    pub fn id(&self) -> &RequestId {
        &self.id
    }

    /// Writes the answer, without waiting for the client. It cannot be a stream: that is a 500.
    pub fn send(mut self, response: Response) {
        if let Some(pending) = self.pending.take() {
            pending.send_at_once(response);
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        log::error!("{} got no answer from its handler", self.id);
        // During a panic another one that left a destructor would end the process.
        if catch_unwind(AssertUnwindSafe(|| pending.refuse(Refusal::NoAnswer))).is_err() {
            log::error!("{} cannot be answered at all", self.id);
        }
    }
}
