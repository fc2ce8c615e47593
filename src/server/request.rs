//! A request as its handler sees it. Tested below and by `tests/hostile/semantics.rs`.

use std::{borrow::Cow, fmt, net::IpAddr, str::FromStr};

use tiny_http::Method;

use super::{handler::Load, head::Head, refusal::Refusal, request_id::RequestId};

/// One request, whole.
pub struct Request<'a> {
    /// GET, POST and so on.
    pub method: Method,
    /// The path as it was sent, without the query; for the log, through `foreign`.
    pub raw_path: &'a str,
    /// The path, split at its slashes and then percent-decoded. One slash at the end does not count.
    pub segments: Vec<Cow<'a, str>>,
    /// What stands behind `?`, as it was sent.
    pub query: &'a str,
    /// All of it.
    pub body: Cow<'a, [u8]>,
    /// Names it in the log and in its response.
    pub id: RequestId,
    /// The address of the connection, or the one that a trusted proxy names.
    pub client: IpAddr,
    /// A trusted proxy says that the client speaks TLS.
    pub is_https: bool,
    /// How busy the server is.
    pub load: Load,
    /// Its version is 1.0 and not 1.1.
    pub http_1_0: bool,
    /// The client takes another answer behind this one.
    pub keep_alive: bool,
    headers: Vec<httparse::Header<'a>>,
}

/// Who sends a request, as far as the connection and its proxies tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    pub client: IpAddr,
    pub is_https: bool,
}

/// A header whose value is not UTF-8; the name is the one that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotText(pub &'static str);

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the header {} is not text", self.0)
    }
}

impl<'a> Request<'a> {
    /// A request of this head and body.
    pub(super) fn new(
        head: Head<'a>,
        body: Cow<'a, [u8]>,
        sender: Sender,
        load: Load,
    ) -> Result<Request<'a>, Refusal> {
        let method = Method::from_str(head.method).map_err(|()| Refusal::MethodInvalid)?;
        let (raw_path, query) = split_target(head.target)?;
        let segments = segments(raw_path)?;
        let sent_id = head.all("x-request-id").next().and_then(RequestId::accept);
        let id = sent_id.unwrap_or_else(RequestId::new);
        let (http_1_0, keep_alive, headers) = (head.http_1_0, head.keep_alive, head.headers);
        Ok(Request {
            method,
            raw_path,
            segments,
            query,
            body,
            id,
            client: sender.client,
            is_https: sender.is_https,
            load,
            http_1_0,
            keep_alive,
            headers,
        })
    }

    /// The first header of this name, trimmed.
    pub fn header(&self, name: &'static str) -> Result<Option<&'a str>, NotText> {
        let Some(header) = self.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name)) else {
            return Ok(None);
        };
        std::str::from_utf8(header.value.trim_ascii()).map(Some).map_err(|_| NotText(name))
    }

    /// Whether there is a header of this name, whatever it holds.
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|h| h.name.eq_ignore_ascii_case(name))
    }

    /// Whether there is more than one header of this name.
    pub fn repeats_header(&self, name: &str) -> bool {
        self.headers.iter().filter(|h| h.name.eq_ignore_ascii_case(name)).count() > 1
    }

    /// Whether only the head of the response is asked for.
    pub fn is_head(&self) -> bool {
        self.method == Method::Head
    }

    /// The last value of a query parameter, decoded.
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
        return Err(Refusal::TargetInvalid);
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
    segments.map_err(|_| Refusal::TargetNotUtf8)
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use proptest::prelude::*;

    use super::{super::Limits, *};

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

    fn limits() -> Limits {
        let second = Duration::from_secs(1);
        Limits {
            max_connections: 1,
            max_requests: 1,
            max_head_bytes: 16384,
            max_uri_bytes: 8192,
            max_headers: 100,
            max_body_bytes: 1 << 17,
            max_buffered_bytes: 1 << 26,
            head_timeout: second,
            body_timeout: second,
            write_timeout: second,
            idle_timeout: second,
            backlog: 1,
            grace: second,
            drain: second,
            trusted_proxies: super::super::Proxies::default(),
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let limits = limits();
            if let Ok(head) = Head::parse(&bytes, &limits) {
                let _ = head.body(&limits);
                let nobody = Ipv4Addr::UNSPECIFIED.into();
                let sender = Sender { client: nobody, is_https: false };
                let _ = Request::new(head, Cow::Borrowed(&[]), sender, Load::default());
            }
        }
    }
}
