//! Keyset pagination: a page is asked for by `limite` and `apos` (an opaque cursor, the sort keys of the
//! last row of the page before), and its `Link` header leads to the next. Tested by `tests/api/paginas.rs`.

use bytes::Bytes;
use serde::Serialize;
use utoipa::openapi::path::Parameter;

use super::{
    json::{encode, json_bytes},
    openapi::{integer, query, string},
};
use crate::{
    error::Error,
    server::{Request, Response},
    store::pagina::{Cursor, Pagina},
};

/// Rows of a page where the query does not say.
pub const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 500;

/// The page that the query asks for; of `default_limit` rows when it does not say.
pub fn requested<const N: usize>(request: &Request<'_>, default_limit: usize) -> Result<Pagina<N>, Error> {
    let limite = match request.parameter("limite") {
        None => default_limit,
        Some(text) => match text.parse() {
            Ok(n @ 1..=LIMIT_MAX) => n,
            _ => return Err(Error::invalid("limite", format!("deve ser um número de 1 a {LIMIT_MAX}"))),
        },
    };
    let apos = request.parameter("apos").map(|text| text.parse::<Cursor<N>>());
    Ok(Pagina { limite, apos: apos.transpose().map_err(|e| Error::invalid("apos", e))? })
}

/// The parameters that `requested` reads, for the document.
pub fn parameters() -> [Parameter; 2] {
    let limit = integer("int32").minimum(Some(1)).maximum(Some(LIMIT_MAX));
    [
        query("limite", limit, "Rows at most. Without it 100; of a list of open orders, all."),
        query("apos", string(), "Cursor from the `Link` header of the page before."),
    ]
}

/// A page of a list, encoded, and where the next begins.
pub struct Page<const N: usize> {
    rows: Bytes,
    next: Option<Cursor<N>>,
    /// Rows of the whole list, where this page does not show all of them and they were counted.
    total: Option<i64>,
}

impl<const N: usize> Page<N> {
    /// Of rows, and the cursor behind them when there are more.
    pub fn new<T: Serialize>((rows, next): (Vec<T>, Option<Cursor<N>>)) -> Result<Page<N>, Error> {
        Ok(Page { rows: encode(&rows)?.into(), next, total: None })
    }

    /// The same, of a list with so many rows in all.
    pub fn of(self, total: Option<i64>) -> Page<N> {
        Page { total, ..self }
    }

    /// The response to the request that asked for it.
    pub fn response(&self, request: &Request<'_>) -> Response {
        self.response_at(request.raw_path, request.parameter("limite").as_deref())
    }

    /// The response under this path: `Link` leads to the next page, with the path and the limit of this
    /// one, and `X-Total-Count` says how many rows there are in all.
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
