//! An HTTP/1.1 server over blocking threads. It knows nothing of what is served: it could be a crate of its
//! own, and `tests/tidy.rs` proves that it imports nothing else of this one.
//!
//! ```text
//!            accept              one thread a connection                    any thread
//!  client ─▶ listener ─▶ connection ─▶ reader: head, body ─▶ Handler ─┬─▶ Response ─▶ Pending ─▶ client
//!               │            ▲         (buffer, chunked)              │                  ▲
//!               │            └───────────── next request ◀────────────┤                  │
//!               │                                                     └─▶ Deferred ─▶ Responder
//!              core: limits, open connections, budget of memory
//! ```
//!
//! - **Every wait has an end and every size a bound** (`Limits`); what is not plainly HTTP/1 is refused and
//!   never guessed at (`Refusal`).
//! - **A connection is in one state, behind one mutex** (`peer.rs` has the diagram). At the cap the
//!   connection that has waited longest for its client is closed; one with a request in work never is.
//! - **A handler gives a `Response` or a `Deferred`.** The thread that completes a deferred answer writes
//!   it without waiting for the client (`pending.rs`), while the connection's own thread already waits for
//!   the next request.
//! - **A `Response` has a body of bytes or a `Stream`**, which takes the socket away from the connection's
//!   thread.
//! - **A panic of a handler is a 500** for its client, and nothing for the others.
//!
//! Tested from outside by `tests/hostile`.

mod budget;
mod buffer;
mod chunked;
mod connection;
mod core;
mod deferred;
mod foreign;
mod forwarded;
mod handler;
mod head;
mod limits;
mod listener;
mod peer;
mod pending;
mod reader;
mod refusal;
mod request;
mod request_id;
mod response;
mod stream;
mod threads;
mod write;

pub use self::{
    deferred::{Deferred, Responder},
    foreign::{PATH, SHORT, foreign},
    forwarded::{Proxies, network},
    handler::{Answer, Handler, Load},
    limits::{HEADERS_MAX, Limits},
    listener::{Server, Stopper},
    refusal::Refusal,
    request::{NotText, Request},
    request_id::RequestId,
    response::Response,
    stream::{Delivery, Frame, Lost, Stream},
    threads::{Job, Threads},
};
