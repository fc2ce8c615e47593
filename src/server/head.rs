//! The head of a request: the rules by which bytes become a request line and headers, and how its body is
//! delimited.
//!
//! What may be read in two ways (RFC 9112, section 6.3 and 11) is refused: a proxy in front may have read
//! it in the other. Tested by `tests/hostile/framing.rs` and `bodies.rs`, and below with arbitrary bytes.

use std::{mem::MaybeUninit, net::IpAddr};

use super::{
    limits::{HEADERS_MAX, Limits},
    refusal::Refusal,
};

/// The request line and headers, understood as far as the connection needs.
pub struct Head<'a> {
    pub method: &'a str,
    pub target: &'a str,
    pub headers: Vec<httparse::Header<'a>>,
    pub http_1_0: bool,
    /// The client takes another answer behind this one.
    pub keep_alive: bool,
    /// The client waits for 100 before it sends the body.
    pub expects_continue: bool,
}

/// How the body is delimited.
pub enum Body {
    /// There is none.
    None,
    /// It has this many bytes.
    Length(usize),
    /// It comes in chunks (`chunked.rs`).
    Chunked,
}

impl<'a> Head<'a> {
    /// Parses a whole head, empty line included.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Head<'a>, Refusal> {
        let mut room = [const { MaybeUninit::uninit() }; HEADERS_MAX];
        let room = &mut room[..limits.max_headers.min(HEADERS_MAX)];
        let mut parsed = httparse::Request::new(&mut []);
        let parts = match parsed.parse_with_uninit_headers(bytes, room) {
            Ok(httparse::Status::Complete(n)) if n == bytes.len() => {
                (parsed.method, parsed.path, parsed.version)
            }
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Refusal::TooManyHeaders);
            }
            Err(httparse::Error::Version) if is_other_version(bytes) => {
                return Err(Refusal::OtherVersion);
            }
            _ => return Err(Refusal::Malformed),
        };
        let (Some(method), Some(target), Some(version)) = parts else {
            return Err(Refusal::Malformed);
        };
        if target.len() > limits.max_uri_bytes {
            return Err(Refusal::TargetTooLong);
        }
        let mut head = Head {
            method,
            target,
            headers: parsed.headers.to_vec(),
            http_1_0: version == 0,
            keep_alive: false,
            expects_continue: false,
        };
        head.check()?;
        Ok(head)
    }

    /// Checks the request line, if it is complete.
    pub fn check_beginning(bytes: &[u8]) -> Result<(), Refusal> {
        let Some(end) = bytes.windows(2).position(|w| w == b"\r\n") else { return Ok(()) };
        match httparse::Request::new(&mut []).parse(&bytes[..end + 2]) {
            Err(httparse::Error::Version) if is_other_version(bytes) => Err(Refusal::OtherVersion),
            Err(_) => Err(Refusal::Malformed),
            Ok(_) => Ok(()),
        }
    }

    /// Checks what must hold whatever is asked for.
    fn check(&mut self) -> Result<(), Refusal> {
        let hosts = self.all("host").count();
        if hosts > 1 || (hosts == 0 && !self.http_1_0) {
            return Err(Refusal::HostCount);
        }
        let connection = |token: &str| self.list("connection").any(|t| t.eq_ignore_ascii_case(token));
        self.keep_alive = !connection("close") && (!self.http_1_0 || connection("keep-alive"));
        let mut expectations = self.all("expect");
        match (expectations.next(), expectations.next()) {
            (None, _) => {}
            (Some(one), None) if one.eq_ignore_ascii_case(b"100-continue") => {
                drop(expectations);
                self.expects_continue = !self.http_1_0;
            }
            _ => return Err(Refusal::Expectation),
        }
        Ok(())
    }

    /// RFC 9112, section 6.3, with every ambiguity refused.
    pub fn body(&self, limits: &Limits) -> Result<Body, Refusal> {
        let mut lengths = self.all("content-length");
        let mut encodings = self.all("transfer-encoding");
        match (lengths.next(), encodings.next()) {
            (Some(_), Some(_)) => Err(Refusal::LengthAndEncoding),
            (None, None) if matches!(self.method, "POST" | "PUT" | "PATCH") => Err(Refusal::LengthRequired),
            (None, None) => Ok(Body::None),
            (Some(length), None) => {
                if lengths.next().is_some() || length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
                    return Err(Refusal::LengthInvalid);
                }
                // More digits than a number holds is still a number, and too large.
                let length =
                    std::str::from_utf8(length).ok().and_then(|l| l.parse().ok()).unwrap_or(usize::MAX);
                match length {
                    0 => Ok(Body::None),
                    n if n > limits.max_body_bytes => Err(Refusal::BodyTooLarge),
                    n => Ok(Body::Length(n)),
                }
            }
            (None, Some(_)) if self.http_1_0 => Err(Refusal::EncodingInHttp10),
            (None, Some(encoding)) => {
                if encodings.next().is_none() && encoding.eq_ignore_ascii_case(b"chunked") {
                    Ok(Body::Chunked)
                } else {
                    Err(Refusal::OtherEncoding)
                }
            }
        }
    }

    /// The client, of a request that came from `connection`.
    pub fn client(&self, connection: IpAddr, limits: &Limits) -> IpAddr {
        limits.trusted_proxies.client(connection, self.all("forwarded"), self.all("x-forwarded-for"))
    }

    /// Whether the client speaks TLS, as far as a trusted proxy says.
    pub fn is_https(&self, connection: IpAddr, limits: &Limits) -> bool {
        limits.trusted_proxies.say_https(connection, self.all("forwarded"), self.all("x-forwarded-proto"))
    }

    /// The values of all headers of this name, trimmed.
    pub fn all<'s>(&'s self, name: &'s str) -> impl DoubleEndedIterator<Item = &'a [u8]> + 's {
        self.headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value.trim_ascii())
    }

    fn list<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a str> + 's {
        self.all(name).filter_map(|v| std::str::from_utf8(v).ok()).flat_map(|v| v.split(',')).map(str::trim)
    }
}

/// Whether a request line ends in a version that is not spoken here, as opposed to one that is wrong in
/// anything else.
fn is_other_version(bytes: &[u8]) -> bool {
    let line = bytes.split(|b| *b == b'\r').next().unwrap_or_default();
    let version = line.rsplit(|b| *b == b' ').next().unwrap_or_default();
    version.strip_prefix(b"HTTP/").is_some_and(|v| match v {
        b"1.0" | b"1.1" => false,
        [major] => major.is_ascii_digit(),
        [major, b'.', minor] => major.is_ascii_digit() && minor.is_ascii_digit(),
        _ => false,
    })
}

/// A head that fills its room: the fault is the target, if the first line alone is too long.
pub fn too_large(seen: &[u8], limits: &Limits) -> Refusal {
    let line = seen.iter().position(|b| *b == b'\n').unwrap_or(seen.len());
    if line > limits.max_uri_bytes { Refusal::TargetTooLong } else { Refusal::HeadTooLarge }
}

/// The length of the head, empty line included, once it is all there. A line that ends in a bare LF is
/// refused: others on the way may have read it differently.
pub fn head_length(seen: &[u8], scanned: &mut usize) -> Result<Option<usize>, Refusal> {
    for at in *scanned..seen.len() {
        if seen[at] != b'\n' {
            continue;
        }
        if at == 0 || seen[at - 1] != b'\r' {
            return Err(Refusal::BareLineFeed);
        }
        if seen[..at + 1].ends_with(b"\r\n\r\n") {
            return Ok(Some(at + 1));
        }
    }
    *scanned = seen.len();
    Ok(None)
}
