//! Every bound of the server, as one value. What happens at each is said by the settings of the program
//! that makes it.

use std::time::Duration;

use super::forwarded::Proxies;

/// What `Limits::max_headers` can be at most.
pub const HEADERS_MAX: usize = 256;

/// The bounds of a server. Times are from the event named to the one that ends the wait.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections, a thread each; streams do not count. Beyond it the one that waits longest is closed.
    pub max_connections: usize,
    /// Requests in work; beyond it 503.
    pub max_requests: usize,
    /// Bytes of request line and headers; beyond it 431.
    pub max_head_bytes: usize,
    /// Bytes of the target; beyond it 414.
    pub max_uri_bytes: usize,
    /// Headers of a request, `HEADERS_MAX` at most; beyond it 431.
    pub max_headers: usize,
    /// Bytes of a body; beyond it 413.
    pub max_body_bytes: usize,
    /// Bytes of requests that arrive and of answers that are not taken, of all connections together.
    pub max_buffered_bytes: usize,
    /// From the first byte of a request to the end of its head; then 408.
    pub head_timeout: Duration,
    /// From the end of the head to the end of the body; then 408.
    pub body_timeout: Duration,
    /// For a client to take an answer; then its connection is closed.
    pub write_timeout: Duration,
    /// Between two requests of a connection; then it is closed.
    pub idle_timeout: Duration,
    /// Connections that wait to be accepted.
    pub backlog: i32,
    /// For running requests to finish once the server stops.
    pub grace: Duration,
    /// Between the announcement that the server will stop and the stop itself.
    pub drain: Duration,
    /// The proxies whose `Forwarded` and `X-Forwarded-For` count.
    pub trusted_proxies: Proxies,
}
