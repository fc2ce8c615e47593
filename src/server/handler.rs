//! The seam between the server and what it serves.

use super::{deferred::Deferred, refusal::Refusal, request::Request, response::Response};

/// What a handler makes of a request: an answer, or the promise of one.
pub enum Answer {
    /// Written by the connection's thread, which waits for a client that reads slowly.
    Ready(Response),
    /// Written by whichever thread completes it, which does not wait for the client.
    Deferred(Deferred),
}

impl From<Response> for Answer {
    fn from(response: Response) -> Answer {
        Answer::Ready(response)
    }
}

impl From<Deferred> for Answer {
    fn from(deferred: Deferred) -> Answer {
        Answer::Deferred(deferred)
    }
}

/// What answers requests. It may block and it may panic: both concern its own connection only.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request, on the thread of its connection.
    fn handle(&self, request: &Request<'_>) -> Answer;

    /// The response that tells of a refusal by the server itself; its status should be that of the refusal.
    fn refuse(&self, refusal: Refusal) -> Response {
        refusal.plain_text()
    }

    /// Chooses, while the request is at hand, among the sets of `common_headers`.
    fn header_set(&self, _: &Request<'_>) -> usize {
        0
    }

    /// Header lines, each with its CR LF, of every response to a request of this set.
    fn common_headers(&self, _set: usize) -> &[u8] {
        &[]
    }

    /// The path as the log shows it: one that names a secret is not shown.
    fn logged_path<'a>(&self, request: &Request<'a>) -> &'a str {
        request.raw_path
    }

    /// Whether a request is answered however many others run: a probe of the process.
    fn exempt(&self, _: &Request<'_>) -> bool {
        false
    }
}

/// How busy the server is at the moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Open connections, without streams.
    pub connections: usize,
    /// Streams that are held.
    pub streams: usize,
    /// Requests without an answer.
    pub running: usize,
    /// Bytes of the memory budget that are taken.
    pub buffered_bytes: usize,
    /// Connections closed because their clients read too slowly while the budget was spent.
    pub slow_readers_closed: u64,
    /// The server is going to stop: clients that can choose should go elsewhere.
    pub stopping: bool,
}
