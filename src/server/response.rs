//! A response, and its encoding.
//!
//! Every response says its length, but for a stream, which is chunked. All carry `Date`, `X-Request-Id` and
//! `X-Content-Type-Options: nosniff`. Tested by `tests/hostile/semantics.rs` and, as every answer, by
//! `wire.rs`.

use std::{
    borrow::Cow,
    fmt,
    io::Write,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tiny_http::StatusCode;

use super::{request_id::RequestId, stream::Stream};

/// What a handler answers.
pub struct Response {
    status: StatusCode,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: Body,
}

enum Body {
    Bytes(Bytes),
    Stream(Open),
}

/// Takes over the stream once the head is on its way.
pub type Open = Box<dyn FnOnce(Stream) + Send>;

impl Response {
    /// A response of bytes. 204 and 304 have no body and say no type.
    pub fn new(status: u16, content_type: impl Into<Cow<'static, str>>, body: impl Into<Bytes>) -> Response {
        let response = Response::bare(status, Body::Bytes(body.into()));
        if response.is_bodiless() { response } else { response.with("Content-Type", content_type) }
    }

    /// A 200 whose body has no end yet. Once the head is written, `open` gets the stream, on the
    /// connection's thread, which is then done with the socket. `open` must not wait: it hands the stream
    /// to the thread that feeds it. For a `HEAD`, and where the head cannot be written, it is dropped. Only
    /// an `Answer::Ready` can be a stream.
    pub fn stream(
        content_type: impl Into<Cow<'static, str>>,
        open: impl FnOnce(Stream) + Send + 'static,
    ) -> Response {
        Response::bare(200, Body::Stream(Box::new(open))).with("Content-Type", content_type)
    }

    fn bare(status: u16, body: Body) -> Response {
        Response { status: StatusCode(status), headers: Vec::new(), body }
    }

    /// Adds a header. A value that is not printable ASCII could not be sent: it is left out, and logged.
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Response {
        let value = value.into();
        if value.is_ascii() && !value.bytes().any(|b| b.is_ascii_control()) {
            self.headers.push((name, value));
        } else {
            log::error!("header {name} cannot be sent");
        }
        self
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status.0
    }

    /// Names and values of the headers that the handler gave it.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, value.as_ref()))
    }

    /// The body; empty when it is a stream.
    pub fn body(&self) -> &[u8] {
        match &self.body {
            Body::Bytes(bytes) => bytes,
            Body::Stream(_) => &[],
        }
    }

    /// Whether the body is a stream.
    pub(super) fn is_stream(&self) -> bool {
        matches!(self.body, Body::Stream(_))
    }

    fn is_bodiless(&self) -> bool {
        matches!(self.status.0, 204 | 304)
    }
}

/// What the response says of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// `Connection: close`.
    Close,
    /// `Connection: keep-alive`, which HTTP/1.0 needs.
    KeepAlive,
    /// Nothing: HTTP/1.1 goes on by default.
    Default,
}

/// All that the encoding of a response depends on beside the response.
pub struct Encoding<'a> {
    pub id: &'a RequestId,
    pub persistence: Persistence,
    /// To a `HEAD`: the body is left out.
    pub head_only: bool,
    /// A stream is chunked, and not merely ended by the connection's end as in HTTP/1.0.
    pub chunked: bool,
    /// Header lines that are common to many responses, each with its end.
    pub common: &'a [u8],
}

impl Encoding<'_> {
    /// For an answer by the server itself, behind which the connection is closed.
    pub fn last(id: &RequestId) -> Encoding<'_> {
        Encoding { id, persistence: Persistence::Close, head_only: false, chunked: false, common: &[] }
    }

    /// The response as it is written.
    pub fn encode(&self, response: Response) -> Encoded {
        let mut head = Vec::with_capacity(512);
        let mut line = |line: fmt::Arguments<'_>| {
            // A Vec takes whatever is written to it.
            let _ = head.write_fmt(line);
            head.extend_from_slice(b"\r\n");
        };
        let status = response.status;
        line(format_args!("HTTP/1.1 {} {}", status.0, status.default_reason_phrase()));
        line(format_args!("Date: {}", date(SystemTime::now())));
        match &response.body {
            _ if response.is_bodiless() => {}
            Body::Bytes(bytes) => line(format_args!("Content-Length: {}", bytes.len())),
            Body::Stream(_) if self.chunked => line(format_args!("Transfer-Encoding: chunked")),
            Body::Stream(_) => {}
        }
        line(format_args!("X-Request-Id: {}\r\nX-Content-Type-Options: nosniff", self.id));
        match self.persistence {
            Persistence::Close => line(format_args!("Connection: close")),
            Persistence::KeepAlive => line(format_args!("Connection: keep-alive")),
            Persistence::Default => {}
        }
        for (name, value) in &response.headers {
            line(format_args!("{name}: {value}"));
        }
        head.extend_from_slice(self.common);
        head.extend_from_slice(b"\r\n");
        match response.body {
            Body::Bytes(body) if !self.head_only => Encoded { head, body, stream: None },
            Body::Stream(open) if !self.head_only => Encoded { head, body: Bytes::new(), stream: Some(open) },
            _ => Encoded { head, body: Bytes::new(), stream: None },
        }
    }
}

/// A response as it is written: head and body, or a head and what takes over the socket behind it.
pub struct Encoded {
    pub head: Vec<u8>,
    pub body: Bytes,
    pub stream: Option<Open>,
}

impl Encoded {
    /// Bytes of head and body.
    pub fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

/// A clock before 1970, or after the year 9999, has no date of HTTP's: making one would panic.
fn date(now: SystemTime) -> httpdate::HttpDate {
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(LAST_SECOND);
    now.clamp(SystemTime::UNIX_EPOCH, last).into()
}

/// 9999-12-31T23:59:59Z.
const LAST_SECOND: u64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_far_off_has_a_date() {
        let at = |seconds: u64| date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).to_string();
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(86_400);
        assert_eq!(date(before).to_string(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(at(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at(LAST_SECOND), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(at(LAST_SECOND + 1), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
