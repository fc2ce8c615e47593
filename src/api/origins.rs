//! What pages of other origins may do (CORS, as the Fetch standard has it), and which hosts are answered.
//!
//! With the default `*` every page may call everything, as with the original system; once doors are closed (`access`) only
//! what everybody may call. With a list of
//! origins, answers are readable for pages of these, preflights are granted to these, and a write that a
//! browser sends for a page of any other origin is refused before its handler runs: CORS alone would let it
//! happen and only hide the answer, since a body of `text/plain` is sent without a preflight. Where a
//! request carries no `Origin` it does not come from a page, and CORS is not its lock.

use std::{borrow::Cow, str::FromStr};

use tiny_http::Method::{Get, Head, Options};

use crate::server::{Request, Response};

/// Names of headers that a preflight may ask for, in bytes.
const ASKED_MAX: usize = 1024;
const EXPOSED: &str = "ETag, Link, X-Total-Count, X-Request-Id, Idempotency-Replayed, Retry-After";

/// The origins whose pages may call.
pub struct Origins {
    /// Empty: any.
    listed: Vec<String>,
    /// Header lines, made once: for requests of no listed origin, and for those of each; of each two sets,
    /// the second for answers that may tell of a person.
    headers: Vec<String>,
}

impl Origins {
    /// Which of the sets of header lines the answer to this request carries. `public`: everybody may call what it calls.
    pub fn header_set(&self, request: &Request<'_>, public: bool) -> usize {
        let origin = match self.position(request) {
            Some(position) => position + 1,
            // Any page may read what everybody may; the rest only pages of an origin that is named.
            None => usize::from(self.listed.is_empty() && !public),
        };
        2 * origin + usize::from(is_personal(&request.segments))
    }

    /// The lines of a set, each with its end.
    pub fn headers(&self, set: usize) -> &[u8] {
        self.headers.get(set).map_or(&[], |lines| lines.as_bytes())
    }

    /// Whether a preflight of this origin is granted what it asks for. `public`: as for `header_set`.
    pub fn allow(&self, request: &Request<'_>, public: bool) -> bool {
        if self.listed.is_empty() { public } else { self.position(request).is_some() }
    }

    /// Whether this is a write that a browser sends for a page that may not call.
    pub fn refuse(&self, request: &Request<'_>) -> bool {
        let reads = matches!(request.method, Get | Head | Options);
        !reads && request.has_header("origin") && !self.allow(request, true) && !is_same_origin(request)
    }

    fn position(&self, request: &Request<'_>) -> Option<usize> {
        if self.listed.is_empty() {
            return None;
        }
        let origin = request.header("origin").ok().flatten()?;
        self.listed.iter().position(|listed| listed.eq_ignore_ascii_case(origin))
    }
}

impl FromStr for Origins {
    type Err = ();

    /// `*`, or origins separated by commas.
    fn from_str(list: &str) -> Result<Origins, ()> {
        let allow = |origin: &str| {
            format!("Access-Control-Allow-Origin: {origin}\r\nAccess-Control-Expose-Headers: {EXPOSED}\r\n")
        };
        if list == "*" {
            let headers = [allow("*"), String::new()].into_iter().flat_map(both_sets).collect();
            return Ok(Origins { listed: Vec::new(), headers });
        }
        let vary = "Vary: Origin\r\n";
        let listed: Vec<String> = list.split(',').map(|origin| origin.trim().to_owned()).collect();
        let of_each = listed.iter().map(|origin| allow(origin) + vary);
        let headers = std::iter::once(vary.to_owned()).chain(of_each).flat_map(both_sets).collect();
        listed.iter().all(|origin| is_origin(origin)).then_some(Origins { listed, headers }).ok_or(())
    }
}

fn both_sets(lines: String) -> [String; 2] {
    let personal = format!("{lines}Cache-Control: no-store\r\n");
    [lines, personal]
}

/// A scheme and an authority, with nothing behind them.
fn is_origin(text: &str) -> bool {
    let authority = text.split_once("://").map_or("", |(_, authority)| authority);
    let clean = |b: u8| b.is_ascii_graphic() && !b"/?#*".contains(&b);
    !authority.is_empty() && authority.bytes().all(clean) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// The hosts that are answered: a name, with any port, or a name and a port.
#[derive(Default)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Whether the host that the request names is one of them.
    pub fn answer(&self, request: &Request<'_>) -> bool {
        let known = |host: &str| {
            let fits =
                |listed: &String| [host, without_port(host)].iter().any(|h| listed.eq_ignore_ascii_case(h));
            self.0.iter().any(fits)
        };
        self.0.is_empty() || request.header("host").ok().flatten().is_some_and(known)
    }
}

impl FromStr for Hosts {
    type Err = ();

    /// Separated by commas; empty is any.
    fn from_str(list: &str) -> Result<Hosts, ()> {
        let hosts: Vec<String> =
            list.split(',').map(str::trim).filter(|h| !h.is_empty()).map(str::to_owned).collect();
        let clean = |host: &String| host.bytes().all(|b| b.is_ascii_graphic() && !b"/?#*@".contains(&b));
        hosts.iter().all(clean).then_some(Hosts(hosts)).ok_or(())
    }
}

/// Whether answers under this path may tell of a person: customers, orders with their names and notes, the staff with what
/// lets it in, and who did what.
fn is_personal(segments: &[Cow<'_, str>]) -> bool {
    let first = segments.first().map(AsRef::as_ref);
    let of_staff = ["chaves", "funcionarios", "terminais", "sessoes", "auditoria", "eventos"];
    first.is_some_and(|first| matches!(first, "clientes" | "pedidos") || of_staff.contains(&first))
}

/// Whether the page that sends the request is of the host that gets it. The scheme is not compared: a proxy may have ended
/// TLS.
pub fn is_same_origin(request: &Request<'_>) -> bool {
    let (Ok(Some(origin)), Ok(Some(host))) = (request.header("origin"), request.header("host")) else {
        return false;
    };
    origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Grants a preflight the methods of the route and the headers that it asks for.
pub fn grant(response: Response, request: &Request<'_>, methods: String) -> Response {
    let response = response
        .with("Access-Control-Allow-Methods", methods)
        .with("Access-Control-Max-Age", "86400")
        .with("Vary", "Access-Control-Request-Headers");
    match request.header("access-control-request-headers") {
        Ok(Some(asked)) if are_header_names(asked) => {
            response.with("Access-Control-Allow-Headers", asked.to_owned())
        }
        _ => response,
    }
}

fn are_header_names(list: &str) -> bool {
    let token = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    list.len() <= ASKED_MAX && list.split(',').map(|name| name.trim_matches([' ', '\t'])).all(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_any_or_a_list_and_a_slip_is_told() {
        for good in
            ["*", "https://loja.exemplo", "https://a.b:8443, capacitor://localhost", "http://[::1]:80"]
        {
            assert!(good.parse::<Origins>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "loja",
            "https://",
            "https://loja/",
            "https://a,*",
            "https://*.loja",
            "https://a,,b",
            "é://a",
        ] {
            assert!(bad.parse::<Origins>().is_err(), "{bad}");
        }
        for bad in ["loja/x", "http://loja", "lo ja", "*"] {
            assert!(bad.parse::<Hosts>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_port_is_digits_after_the_last_colon() {
        let hosts = ["loja:31000", "loja", "[::1]:31000", "[::1]"].map(without_port);
        assert_eq!(hosts, ["loja", "loja", "[::1]", "[::1]"]);
    }

    #[test]
    fn only_names_of_headers_are_echoed() {
        assert!(are_header_names("access-control-allow-origin,content-type, x_y"));
        for bad in ["", "a,,b", "a b", "a\r\nSet-Cookie: x", "a:b", "ç", &"a".repeat(1025)] {
            assert!(!are_header_names(bad), "{bad}");
        }
    }
}
