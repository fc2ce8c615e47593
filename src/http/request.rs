//! A request as its handler sees it, and the rules by which bytes become one.

use std::{
    borrow::Cow,
    fmt,
    hash::{BuildHasher, RandomState},
    io::Write,
    mem::MaybeUninit,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use tiny_http::Method;

use super::{
    response::{self, Response},
    server::{Limits, Load},
};
use crate::error::Error;

pub struct Request<'a> {
    pub method: Method,
    /// As sent, without the query; for the log.
    pub raw_path: &'a str,
    /// Percent-decoded. One slash at the end does not count.
    pub segments: Vec<Cow<'a, str>>,
    pub query: &'a str,
    pub body: Cow<'a, [u8]>,
    pub id: RequestId,
    /// Whose it is: the address of the connection, or the one that a trusted proxy names.
    pub client: IpAddr,
    /// How busy the server is.
    pub load: Load,
    pub http_1_0: bool,
    pub keep_alive: bool,
    headers: Vec<httparse::Header<'a>>,
}

/// The request line and headers, understood as far as the connection needs.
pub struct Head<'a> {
    method: &'a str,
    target: &'a str,
    headers: Vec<httparse::Header<'a>>,
    http_1_0: bool,
    keep_alive: bool,
    pub expects_continue: bool,
}

/// What `MAX_HEADERS` can be.
pub const HEADERS_MAX: usize = 256;
const NOT_HTTP: &str = "A requisição não é HTTP/1.1 bem formado";
const OTHER_VERSION: &str = "Este servidor fala HTTP/1.1";

/// How the body is delimited.
pub enum Body {
    None,
    Length(usize),
    Chunked,
}

/// A request that is answered by the connection itself, which is closed after it.
#[derive(Debug)]
pub struct Refusal {
    pub status: u16,
    pub detail: &'static str,
}

impl<'a> Head<'a> {
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Head<'a>, Refusal> {
        let mut room = [const { MaybeUninit::uninit() }; HEADERS_MAX];
        let room = &mut room[..limits.max_headers.min(HEADERS_MAX)];
        let mut parsed = httparse::Request::new(&mut []);
        let parts = match parsed.parse_with_uninit_headers(bytes, room) {
            Ok(httparse::Status::Complete(n)) if n == bytes.len() => {
                (parsed.method, parsed.path, parsed.version)
            }
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Refusal::new(431, "A requisição tem cabeçalhos demais"));
            }
            Err(httparse::Error::Version) if is_other_version(bytes) => {
                return Err(Refusal::new(505, OTHER_VERSION));
            }
            _ => return Err(Refusal::new(400, NOT_HTTP)),
        };
        let (Some(method), Some(target), Some(version)) = parts else {
            return Err(Refusal::new(400, NOT_HTTP));
        };
        if target.len() > limits.max_uri_bytes {
            return Err(Refusal::new(414, "O endereço da requisição é longo demais"));
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
            Err(httparse::Error::Version) if is_other_version(bytes) => Err(Refusal::new(505, OTHER_VERSION)),
            Err(_) => Err(Refusal::new(400, NOT_HTTP)),
            Ok(_) => Ok(()),
        }
    }

    /// What must hold whatever the route.
    fn check(&mut self) -> Result<(), Refusal> {
        let hosts = self.all("host").count();
        if hosts > 1 || (hosts == 0 && !self.http_1_0) {
            return Err(Refusal::new(400, "A requisição deve ter exatamente um cabeçalho Host"));
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
            _ => return Err(Refusal::new(417, "Só se aceita Expect: 100-continue")),
        }
        Ok(())
    }

    /// RFC 9112, section 6.3, with every ambiguity refused.
    pub fn body(&self, limits: &Limits) -> Result<Body, Refusal> {
        let mut lengths = self.all("content-length");
        let mut encodings = self.all("transfer-encoding");
        match (lengths.next(), encodings.next()) {
            (Some(_), Some(_)) => {
                Err(Refusal::new(400, "Content-Length e Transfer-Encoding não podem vir juntos"))
            }
            (None, None) if matches!(self.method, "POST" | "PUT" | "PATCH") => {
                Err(Refusal::new(411, "A requisição deve dizer o tamanho do corpo (Content-Length)"))
            }
            (None, None) => Ok(Body::None),
            (Some(length), None) => {
                if lengths.next().is_some() || length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
                    return Err(Refusal::new(400, "Content-Length inválido"));
                }
                // More digits than a number holds is still a number, and too large.
                let length =
                    std::str::from_utf8(length).ok().and_then(|l| l.parse().ok()).unwrap_or(usize::MAX);
                match length {
                    0 => Ok(Body::None),
                    n if n > limits.max_body_bytes => Err(Refusal::body_too_large()),
                    n => Ok(Body::Length(n)),
                }
            }
            (None, Some(_)) if self.http_1_0 => {
                Err(Refusal::new(400, "Transfer-Encoding não existe em HTTP/1.0"))
            }
            (None, Some(encoding)) => {
                if encodings.next().is_none() && encoding.eq_ignore_ascii_case(b"chunked") {
                    Ok(Body::Chunked)
                } else {
                    Err(Refusal::new(501, "Só se aceita Transfer-Encoding: chunked"))
                }
            }
        }
    }

    /// Whose request it is that came over this connection.
    pub fn client(&self, connection: IpAddr, limits: &Limits) -> IpAddr {
        limits.trusted_proxies.client(connection, self.all("forwarded"), self.all("x-forwarded-for"))
    }

    fn all<'s>(&'s self, name: &'s str) -> impl DoubleEndedIterator<Item = &'a [u8]> + 's {
        self.headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value.trim_ascii())
    }

    fn list<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a str> + 's {
        self.all(name).filter_map(|v| std::str::from_utf8(v).ok()).flat_map(|v| v.split(',')).map(str::trim)
    }
}

/// A request line that ends in a version that is not spoken here, as opposed to one that is wrong in anything else.
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

impl<'a> Request<'a> {
    pub fn new(head: Head<'a>, body: Cow<'a, [u8]>) -> Result<Request<'a>, Refusal> {
        let method = Method::from_str(head.method).map_err(|()| Refusal::new(400, "Método HTTP inválido"))?;
        let (raw_path, query) = split_target(head.target)?;
        let segments = segments(raw_path)?;
        let sent_id = head.all("x-request-id").next().and_then(RequestId::accept);
        let id = sent_id.unwrap_or_else(RequestId::new);
        Ok(Request {
            method,
            raw_path,
            segments,
            query,
            body,
            id,
            client: Ipv4Addr::UNSPECIFIED.into(),
            load: Load::default(),
            http_1_0: head.http_1_0,
            keep_alive: head.keep_alive,
            headers: head.headers,
        })
    }

    /// The first header of this name, trimmed. One that is not text is `Malformed`.
    pub fn header(&self, name: &str) -> Result<Option<&'a str>, Error> {
        let Some(header) = self.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name)) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(header.value.trim_ascii());
        text.map(Some).map_err(|_| Error::Malformed(format!("O cabeçalho {name} não é texto")))
    }

    pub fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|h| h.name.eq_ignore_ascii_case(name))
    }

    pub fn is_head(&self) -> bool {
        self.method == Method::Head
    }

    /// The last value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<Cow<'a, str>> {
        form_urlencoded::parse(self.query.as_bytes()).filter(|(n, _)| n == name).last().map(|(_, v)| v)
    }
}

/// Path and query of what stands in the request line: `/path?query`, `http://host/path?query` or `*`.
fn split_target(target: &str) -> Result<(&str, &str), Refusal> {
    let target = match target.split_once("://") {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") =>
        {
            rest.find(['/', '?']).map_or("/", |at| &rest[at..])
        }
        _ => target,
    };
    if !target.starts_with(['/', '?']) && target != "*" {
        return Err(Refusal::new(400, "O endereço da requisição é inválido"));
    }
    let target = target.split('#').next().unwrap_or(target);
    Ok(target.split_once('?').unwrap_or((target, "")))
}

fn segments(path: &str) -> Result<Vec<Cow<'_, str>>, Refusal> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let decode = |s| percent_encoding::percent_decode_str(s).decode_utf8();
    let segments: Result<_, _> = path.split('/').map(decode).collect();
    segments.map_err(|_| Refusal::new(400, "O endereço da requisição não é UTF-8"))
}

const REQUEST_ID_MAX: usize = 64;

/// Names a request in the log and in the answer: the client's own, when it is short and plain, or one made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// ASCII, filled up with zeros.
    text: [u8; REQUEST_ID_MAX],
}

impl RequestId {
    /// Unique in this process by a counter, among processes by a random start.
    #[allow(clippy::new_without_default)]
    pub fn new() -> RequestId {
        static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(std::process::id()));
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut text = [0; REQUEST_ID_MAX];
        // It fits.
        let _ = write!(&mut text[..], "{:016x}{:08x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed));
        RequestId { text }
    }

    fn accept(sent: &[u8]) -> Option<RequestId> {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_.:".contains(b);
        let acceptable = (1..=REQUEST_ID_MAX).contains(&sent.len()) && sent.iter().all(plain);
        acceptable.then(|| {
            let mut text = [0; REQUEST_ID_MAX];
            text[..sent.len()].copy_from_slice(sent);
            RequestId { text }
        })
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.text.iter().position(|b| *b == 0).unwrap_or(REQUEST_ID_MAX);
        f.write_str(std::str::from_utf8(&self.text[..length]).unwrap_or_default())
    }
}

impl Refusal {
    pub fn new(status: u16, detail: &'static str) -> Refusal {
        Refusal { status, detail }
    }

    pub fn body_too_large() -> Refusal {
        Refusal::new(413, "O corpo da requisição é grande demais")
    }

    /// The memory budget is spent.
    pub fn no_memory() -> Refusal {
        Refusal::new(503, "Há dados demais a caminho ao mesmo tempo; tente de novo em instantes")
    }

    /// A head that fills its room: the fault is the address, if the first line alone is too long.
    pub fn head_too_large(seen: &[u8], limits: &Limits) -> Refusal {
        let line = seen.iter().position(|b| *b == b'\n').unwrap_or(seen.len());
        if line > limits.max_uri_bytes {
            Refusal::new(414, "O endereço da requisição é longo demais")
        } else {
            Refusal::new(431, "O cabeçalho da requisição é grande demais")
        }
    }

    pub fn response(&self) -> Response {
        match self.status {
            503 => response::try_again("ocupado", self.detail),
            status => response::problem(status, "requisicao_recusada", self.detail, &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn targets_in_all_their_forms() {
        let of = |t| split_target(t).map(|(p, q)| (p.to_owned(), q.to_owned())).ok();
        let some = |p: &str, q: &str| Some((p.to_owned(), q.to_owned()));
        assert_eq!(of("/pedidos/?limite=1"), some("/pedidos/", "limite=1"));
        assert_eq!(of("http://loja:31000/pedidos"), some("/pedidos", ""));
        assert_eq!(of("http://loja?x=1"), some("", "x=1"));
        assert_eq!(of("http://loja"), some("/", ""));
        assert_eq!(of("*"), some("*", ""));
        assert_eq!(of("pedidos"), None);
    }

    #[test]
    fn segments_are_decoded_after_the_split() {
        assert_eq!(segments("/pedidos/%31/").unwrap(), ["pedidos", "1"]);
        assert_eq!(segments("/a%2Fb").unwrap(), ["a/b"]);
        assert_eq!(segments("/").unwrap(), Vec::<String>::new());
        assert_eq!(segments("//").unwrap(), Vec::<String>::new());
        assert_eq!(segments("//pedidos").unwrap(), ["", "pedidos"]);
        assert!(segments("/%ff").is_err());
    }

    #[test]
    fn a_sent_request_id_is_plain_or_replaced() {
        assert!(RequestId::accept(b"2066ca19-c6f1-498a-be75-1923005edd06").is_some());
        for bad in [&b""[..], b"a b", b"a\"b", "ç".as_bytes(), &[b'a'; 65]] {
            assert!(RequestId::accept(bad).is_none());
        }
        assert_ne!(RequestId::new(), RequestId::new());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let limits = crate::config::Config::read(&|_| None).unwrap().limits;
            if let Ok(head) = Head::parse(&bytes, &limits) {
                let _ = head.body(&limits);
                let _ = Request::new(head, Cow::Borrowed(&[]));
            }
        }
    }
}
