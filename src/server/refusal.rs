//! Why the server itself answers a request, or a connection: most of these close the connection behind the
//! answer.

use std::fmt;

use super::response::Response;

/// A fault of the request, or of the moment. `Display` is one line of English, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400: too many empty lines before the request line.
    EmptyLines,
    /// 400: a line of the head does not end in CR LF.
    BareLineFeed,
    /// 400: the head ends in the middle.
    HeadIncomplete,
    /// 408: the head did not arrive within `Limits::head_timeout`.
    HeadTimeout,
    /// 431: beyond `Limits::max_head_bytes`.
    HeadTooLarge,
    /// 431: beyond `Limits::max_headers`.
    TooManyHeaders,
    /// 414: beyond `Limits::max_uri_bytes`.
    TargetTooLong,
    /// 400: the target is neither a path nor a URL nor `*`.
    TargetInvalid,
    /// 400: the decoded path is not UTF-8.
    TargetNotUtf8,
    /// 400: not well-formed HTTP/1.1.
    Malformed,
    /// 400: the method is no token.
    MethodInvalid,
    /// 505: another version than 1.0 or 1.1.
    OtherVersion,
    /// 400: no `Host`, or more than one.
    HostCount,
    /// 417: an expectation other than `100-continue`.
    Expectation,
    /// 400: both `Content-Length` and `Transfer-Encoding`.
    LengthAndEncoding,
    /// 411: a method with a body, and no length.
    LengthRequired,
    /// 400: `Content-Length` is not one number.
    LengthInvalid,
    /// 400: `Transfer-Encoding` in HTTP/1.0.
    EncodingInHttp10,
    /// 501: a transfer encoding other than `chunked`.
    OtherEncoding,
    /// 400: the framing of a chunked body is wrong.
    ChunksMalformed,
    /// 431: too many trailers behind a chunked body.
    TrailersTooLarge,
    /// 413: beyond `Limits::max_body_bytes`.
    BodyTooLarge,
    /// 400: the body ends early.
    BodyIncomplete,
    /// 408: the body did not arrive within `Limits::body_timeout`.
    BodyTimeout,
    /// 503: the memory budget is spent.
    NoMemory,
    /// 503: `Limits::max_requests` requests are in work.
    TooManyRequests,
    /// 503: there is no room, or no thread, for one more connection.
    NoRoom,
    /// 500: the handler panicked, or dropped its `Responder`.
    NoAnswer,
}

impl Refusal {
    /// The status that goes with it.
    pub fn status(self) -> u16 {
        use Refusal::*;
        match self {
            EmptyLines | BareLineFeed | HeadIncomplete | TargetInvalid | TargetNotUtf8 | Malformed
            | MethodInvalid | HostCount | LengthAndEncoding | LengthInvalid | EncodingInHttp10
            | ChunksMalformed | BodyIncomplete => 400,
            HeadTimeout | BodyTimeout => 408,
            LengthRequired => 411,
            BodyTooLarge => 413,
            TargetTooLong => 414,
            Expectation => 417,
            HeadTooLarge | TooManyHeaders | TrailersTooLarge => 431,
            NoAnswer => 500,
            OtherEncoding => 501,
            NoMemory | TooManyRequests | NoRoom => 503,
            OtherVersion => 505,
        }
    }

    /// The response of a handler that has no words of its own for it.
    pub fn plain_text(self) -> Response {
        let response = Response::new(self.status(), "text/plain; charset=utf-8", format!("{self}\n"));
        if self.status() == 503 { response.with("Retry-After", "1") } else { response }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Refusal::*;
        f.write_str(match self {
            EmptyLines => "too many empty lines before the request",
            BareLineFeed => "a line of the head does not end in CR LF",
            HeadIncomplete => "the head ends in the middle",
            HeadTimeout => "the head took too long",
            HeadTooLarge => "the head is too large",
            TooManyHeaders => "too many headers",
            TargetTooLong => "the target is too long",
            TargetInvalid => "the target is invalid",
            TargetNotUtf8 => "the target is not UTF-8",
            Malformed => "not well-formed HTTP/1.1",
            MethodInvalid => "the method is invalid",
            OtherVersion => "HTTP/1.1 is spoken here",
            HostCount => "there must be exactly one Host",
            Expectation => "no expectation but 100-continue is met",
            LengthAndEncoding => "Content-Length and Transfer-Encoding together",
            LengthRequired => "Content-Length is missing",
            LengthInvalid => "Content-Length is invalid",
            EncodingInHttp10 => "Transfer-Encoding in HTTP/1.0",
            OtherEncoding => "no transfer encoding but chunked is known",
            ChunksMalformed => "the chunked body is malformed",
            TrailersTooLarge => "too many trailers",
            BodyTooLarge => "the body is too large",
            BodyIncomplete => "the body ends early",
            BodyTimeout => "the body took too long",
            NoMemory => "too much data is under way",
            TooManyRequests => "too many requests at the same time",
            NoRoom => "no room for a connection",
            NoAnswer => "internal error",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_of_the_moment_asks_to_be_repeated() {
        for (refusal, status, repeat) in [
            (Refusal::NoMemory, 503, true),
            (Refusal::NoAnswer, 500, false),
            (Refusal::Malformed, 400, false),
        ] {
            let response = refusal.plain_text();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers().any(|(name, _)| name == "Retry-After"), repeat);
        }
    }
}
