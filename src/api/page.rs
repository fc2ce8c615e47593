//! Keyset pagination: a page is asked for by `limite` and `apos` (an opaque cursor, the sort keys of the
//! last row of the page before), and its `Link` header leads to the next. Tested by `tests/api/pages.rs`.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::path::Parameter};

use super::{
    json::{JSON, encode, fingerprint, json_bytes, matches_tag},
    openapi::{integer, query, string},
};
use crate::{
    access::Doors,
    error::Error,
    open_orders,
    server::{Request, Response},
    store::{
        log_place::{Fingerprint, LogPlace},
        page::{Cursor, NO_SUCH_PAGE, PageRequest},
    },
};

/// Rows of a page where the query does not say.
pub const LIMIT_DEFAULT: usize = 100;
/// Rows of a page at most.
pub const LIMIT_MAX: usize = 500;

/// The page that the query asks for; of `default_limit` rows when it does not say.
pub fn requested<const N: usize>(
    request: &Request<'_>,
    default_limit: usize,
) -> Result<PageRequest<N>, Error> {
    let after = request.parameter("apos").map(|text| text.parse::<Cursor<N>>());
    Ok(PageRequest {
        limit: limit(request, default_limit)?,
        after: after.transpose().map_err(|e| Error::invalid("apos", e))?,
    })
}

/// As `requested`, for a list that everybody may see: its cursors are sealed.
pub fn requested_by_public(
    request: &Request<'_>,
    default_limit: usize,
    doors: &Doors,
) -> Result<PageRequest<3>, Error> {
    let limit = limit(request, default_limit)?;
    let Some(sealed) = request.parameter("apos") else { return Ok(PageRequest { limit, after: None }) };
    let keys = doors.secrets()?.unseal(&sealed).ok_or_else(|| Error::invalid("apos", NO_SUCH_PAGE))?;
    Ok(PageRequest { limit, after: Some(Cursor(keys)) })
}

fn limit(request: &Request<'_>, default_limit: usize) -> Result<usize, Error> {
    match request.parameter("limite").map(|text| text.parse()) {
        None => Ok(default_limit),
        Some(Ok(n @ 1..=LIMIT_MAX)) => Ok(n),
        Some(_) => Err(Error::invalid("limite", format!("deve ser um número de 1 a {LIMIT_MAX}"))),
    }
}

/// The parameters that `requested` reads, for the document.
pub fn parameters() -> [Parameter; 2] {
    let limit = integer("int32").minimum(Some(1)).maximum(Some(LIMIT_MAX));
    [
        query(
            "limite",
            limit,
            "Rows at most. Without it 100; of a list of open orders, all. A page of long orders ends earlier: \
             `Link` leads on.",
        ),
        query("apos", string(), "Cursor from the `Link` header of the page before."),
    ]
}

impl Page<3> {
    /// Of open orders as they are at one place in the log, which is the entity tag of the list: with the event before it, so
    /// that a tag from before a backup was restored names no list.
    pub fn of_open_orders(page: &open_orders::Page) -> Page<3> {
        let LogPlace { next_sequencia, last: Fingerprint(last) } = page.place;
        let tag = Some(format!("\"{next_sequencia}-{last:016x}\""));
        Page { rows: page.json.clone(), next: None, total: None, tag }
    }
}

impl Page<3> {
    /// The same list as everybody may see it: numbers and states. Its entity tag differs, since its body does; and its cursor
    /// is sealed, since that holds an id.
    pub fn public(&self, doors: &Doors) -> Result<Page<3>, Error> {
        let rows: Vec<PublicView<'_>> =
            serde_json::from_slice(&self.rows).map_err(|e| Error::Internal(e.to_string()))?;
        let tag = self.tag.as_ref().map(|tag| tag.replacen('"', "\"p", 1));
        let next = match &self.next {
            Some(Next::Plain(Cursor(keys))) => Some(Next::Sealed(doors.secrets()?.seal(*keys))),
            other => other.clone(),
        };
        Ok(Page { rows: encode(&rows)?.into(), next, total: self.total, tag })
    }

    /// The numbers of its orders; of those that have one.
    pub fn numbers(&self) -> Result<Vec<i64>, Error> {
        let rows: Vec<PublicView<'_>> =
            serde_json::from_slice(&self.rows).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(rows.iter().filter_map(|row| row.senha).collect())
    }
}

/// Where the next page begins, as its `Link` says it.
#[derive(Clone)]
enum Next<const N: usize> {
    Plain(Cursor<N>),
    Sealed(String),
}

impl<const N: usize> fmt::Display for Next<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Next::Plain(cursor) => cursor.fmt(f),
            Next::Sealed(text) => text.fmt(f),
        }
    }
}

/// An order on a list that everybody may see.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = PedidoNoPainel)]
pub struct PublicView<'a> {
    /// The number that is called.
    #[schema(example = 12)]
    senha: Option<i64>,
    #[schema(example = 3)]
    status_pedido: i64,
    #[serde(borrow)]
    #[schema(example = "Pronto")]
    status_pedido_descricao: Cow<'a, str>,
}

/// A page of a list, encoded, and where the next begins.
pub struct Page<const N: usize> {
    rows: Bytes,
    next: Option<Next<N>>,
    /// Rows of the whole list, where this page does not show all of them and they were counted.
    total: Option<i64>,
    /// The entity tag, where the list has one.
    tag: Option<String>,
}

impl<const N: usize> Page<N> {
    /// Of rows, and the cursor behind them when there are more.
    pub fn new<T: Serialize>(rows: &[T], next: Option<Cursor<N>>) -> Result<Page<N>, Error> {
        Ok(Page::encoded(encode(&rows)?, next))
    }

    /// Of rows that are JSON already.
    pub fn encoded(rows: Vec<u8>, next: Option<Cursor<N>>) -> Page<N> {
        Page { rows: rows.into(), next: next.map(Next::Plain), total: None, tag: None }
    }

    /// With an entity tag that is made of the rows, where nothing else tells one state of the list from another.
    pub fn tagged(self) -> Page<N> {
        let tag = fingerprint(&self.rows);
        Page { tag: Some(format!("\"{tag}\"")), ..self }
    }

    /// The same, of a list with so many rows in all.
    pub fn of(self, total: Option<i64>) -> Page<N> {
        Page { total, ..self }
    }

    /// The response to the request that asked for it.
    pub fn response(&self, request: &Request<'_>) -> Response {
        self.response_at(request.raw_path, request.parameter("limite").as_deref())
    }

    /// The response of the first page under this path; 304 when `if_none_match` names the list as it is.
    pub fn first(&self, path: &str, if_none_match: Option<&str>) -> Response {
        let Some(tag) = &self.tag else { return self.response_at(path, None) };
        let response = match if_none_match {
            Some(header) if matches_tag(header, tag) => Response::new(304, JSON, ""),
            _ => self.response_at(path, None),
        };
        response.with("ETag", tag.clone())
    }

    /// The response under this path: `Link` leads to the next page, with the path and the limit of this one, and
    /// `X-Total-Count` says how many rows there are in all.
    pub fn response_at(&self, path: &str, limit: Option<&str>) -> Response {
        let response = json_bytes(self.rows.clone());
        let Some(next) = &self.next else { return response };
        let response = match self.total {
            Some(total) => response.with("X-Total-Count", total.to_string()),
            None => response,
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(limit) = limit {
            query.append_pair("limite", limit);
        }
        let query = query.append_pair("apos", &next.to_string()).finish();
        response.with("Link", format!("<{path}?{query}>; rel=\"next\""))
    }
}
