//! Answers: JSON, problems (RFC 9457), and their encoding.

use std::{
    fmt,
    io::{Cursor, Write},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use serde::Serialize;
use tiny_http::{Header, StatusCode};

use super::request::{Request, RequestId};
use crate::{
    domain::pedido::Pedido,
    error::{DbError, Error, FieldError},
    store::pagina::Cursor as ListCursor,
};

pub type Response = tiny_http::Response<Cursor<Bytes>>;

/// How every error looks (RFC 9457, `application/problem+json`).
#[derive(Serialize, utoipa::ToSchema)]
pub struct Problema<'a> {
    /// Always `about:blank`: `codigo` tells the kinds of error apart.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "about:blank")]
    tipo: &'static str,
    /// The status in words.
    #[schema(example = "Not Found")]
    title: &'static str,
    #[schema(example = 404)]
    status: u16,
    /// What went wrong, in Portuguese.
    #[schema(example = "Pedido não encontrado")]
    detail: &'a str,
    /// The kind of error, stable.
    #[schema(example = "nao_encontrado")]
    codigo: &'a str,
    /// The fields, parameters or headers at fault; empty when it is none of them.
    erros: &'a [FieldError],
    /// With 412: the order as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pedido: Option<&'a Pedido>,
}

pub fn json(value: &impl Serialize) -> Result<Response, Error> {
    encoded(value).map(json_bytes)
}

fn encoded(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    // Room for an order of two lines.
    let mut json = Vec::with_capacity(1024);
    append(&mut json, value)?;
    Ok(json)
}

pub fn append(json: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Error> {
    serde_json::to_writer(json, value).map_err(|e| Error::Internal(format!("cannot encode: {e}")))
}

pub fn json_bytes(body: impl Into<Bytes>) -> Response {
    respond(200, "application/json", body)
}

/// An order goes out with its version as `ETag`, so that a client can say which one it has seen, in the `If-None-Match` of
/// a read.
pub fn pedido(pedido: &Pedido, if_none_match: Option<&str>) -> Result<Response, Error> {
    let tag = etag(pedido.versao);
    let seen = if_none_match.is_some_and(|h| tags(h).any(|t| t == "*" || t == tag));
    let response = if seen { respond(304, "application/json", "") } else { json(pedido)? };
    Ok(with(response, "ETag", &tag))
}

pub fn etag(versao: i64) -> String {
    format!("\"{versao}\"")
}

/// The entity tags of a header, without the mark that a proxy puts before them when it compresses.
pub fn tags(header: &str) -> impl Iterator<Item = &str> {
    header.split(',').map(|t| t.trim().trim_start_matches("W/"))
}

/// A page of a list, encoded, and where the next begins.
pub struct Page<const N: usize> {
    rows: Bytes,
    next: Option<ListCursor<N>>,
    /// Rows of the whole list, where this page does not show all of them and they were counted.
    total: Option<i64>,
}

impl<const N: usize> Page<N> {
    pub fn new<T: Serialize>((rows, next): (Vec<T>, Option<ListCursor<N>>)) -> Result<Page<N>, Error> {
        Ok(Page::encoded(encoded(&rows)?, next))
    }

    /// Of rows that are JSON already.
    pub fn encoded(rows: Vec<u8>, next: Option<ListCursor<N>>) -> Page<N> {
        Page { rows: rows.into(), next, total: None }
    }

    pub fn of(self, total: Option<i64>) -> Page<N> {
        Page { total, ..self }
    }
}

pub fn page<const N: usize>(request: &Request<'_>, page: &Page<N>) -> Result<Response, Error> {
    Ok(page_at(request.raw_path, request.parameter("limite").as_deref(), page))
}

/// The `Link` of a page leads to the next, with the path and the limit of this one; `X-Total-Count` says how many rows
/// there are in all.
pub fn page_at<const N: usize>(path: &str, limit: Option<&str>, page: &Page<N>) -> Response {
    let response = json_bytes(page.rows.clone());
    let Some(next) = &page.next else { return response };
    let response = match page.total {
        Some(total) => with(response, "X-Total-Count", &total.to_string()),
        None => response,
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(limit) = limit {
        query.append_pair("limite", limit);
    }
    let query = query.append_pair("apos", &next.to_string()).finish();
    with(response, "Link", &format!("<{path}?{query}>; rel=\"next\""))
}

pub fn redirect(to: &str) -> Response {
    with(respond(307, "text/plain; charset=utf-8", ""), "Location", to)
}

pub fn respond(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response {
    let body = body.into();
    let length = body.len();
    let response = Response::new(StatusCode(status), Vec::new(), Cursor::new(body), Some(length), None);
    if status == 204 || status == 304 { response } else { with(response, "Content-Type", content_type) }
}

/// Adds a header. The values are ours; one that is not ASCII is left out, since it could not be sent.
pub fn with(response: Response, name: &'static str, value: &str) -> Response {
    match Header::from_bytes(name, value) {
        Ok(header) if !value.bytes().any(|b| b.is_ascii_control()) => response.with_header(header),
        _ => {
            log::error!("header {name} cannot be sent");
            response
        }
    }
}

pub fn problem(status: u16, codigo: &str, detail: &str, erros: &[FieldError]) -> Response {
    encode_problem(status, codigo, detail, erros, None)
}

fn encode_problem(
    status: u16,
    codigo: &str,
    detail: &str,
    erros: &[FieldError],
    pedido: Option<&Pedido>,
) -> Response {
    let title = StatusCode(status).default_reason_phrase();
    let problema = Problema { tipo: "about:blank", title, status, detail, codigo, erros, pedido };
    // A struct of texts and numbers always encodes.
    let body = serde_json::to_vec(&problema).unwrap_or_default();
    respond(status, "application/problem+json", body)
}

/// The one place where an error becomes an answer, and where its cause is logged.
pub fn error(error: Error, id: &RequestId) -> Response {
    match error {
        Error::NotFound(detail) => problem(404, "nao_encontrado", detail, &[]),
        Error::Conflict { codigo, detail } => problem(409, codigo, &detail, &[]),
        Error::Unsigned(cause) => {
            log::warn!("{id} notification refused: {cause}");
            problem(401, "assinatura_invalida", "A assinatura da notificação falta ou está errada", &[])
        }
        Error::PreconditionFailed(pedido) => {
            let detail = "O pedido mudou desde que foi lido; veja como ele está em «pedido»";
            let response = encode_problem(412, "versao_antiga", detail, &[], Some(&pedido));
            with(response, "ETag", &etag(pedido.versao))
        }
        Error::Invalid(erros) => {
            let detail: Vec<String> = erros.iter().map(FieldError::sentence).collect();
            let detail = detail.join("; ");
            problem(422, "invalido", &detail, &erros)
        }
        Error::Malformed(detail) => problem(400, "malformado", &detail, &[]),
        Error::Database(e @ (DbError::Lost(_) | DbError::Retry(_) | DbError::Busy(_))) => {
            unavailable(&e.to_string(), id)
        }
        Error::Database(e @ DbError::Unknown(_)) => {
            log::error!("{id} {e}");
            let detail = "Não foi possível confirmar se a operação foi concluída; verifique antes de repetir";
            // No `Retry-After`: who repeats without looking may order twice.
            problem(503, "resultado_desconhecido", detail, &[])
        }
        Error::Database(e @ DbError::Full(_)) => {
            log::error!("{id} {e}");
            try_again(
                "disco_cheio",
                "O disco do banco de dados está cheio e nada foi gravado; avise quem cuida do sistema",
            )
        }
        Error::Unavailable(cause) => unavailable(&cause, id),
        Error::TooMany { wait } => {
            let detail = "Pedidos demais deste endereço em pouco tempo; tente de novo em instantes";
            let problem = problem(429, "limite_excedido", detail, &[]);
            with(problem, "Retry-After", &wait.as_secs().saturating_add(1).to_string())
        }
        Error::Full => {
            let detail = "A loja tem pedidos demais por pagar; tente de novo em alguns minutos";
            with(problem(503, "loja_cheia", detail, &[]), "Retry-After", "60")
        }
        Error::Database(e) => internal(&e.to_string(), id),
        Error::Internal(cause) => internal(&cause, id),
    }
}

fn unavailable(cause: &str, id: &RequestId) -> Response {
    log::warn!("{id} unavailable: {cause}");
    try_again("indisponivel", "O sistema está indisponível no momento; tente de novo em instantes")
}

fn internal(cause: &str, id: &RequestId) -> Response {
    log::error!("{id} internal error: {cause}");
    internal_error()
}

pub fn internal_error() -> Response {
    problem(500, "erro_interno", "Erro interno; o ocorrido foi registrado", &[])
}

/// 503, and when to come again.
pub fn try_again(codigo: &str, detail: &str) -> Response {
    with(problem(503, codigo, detail, &[]), "Retry-After", "1")
}

/// Too many requests are in work.
pub fn busy() -> Response {
    try_again("ocupado", "Há pedidos demais ao mesmo tempo; tente de novo em instantes")
}

/// For a connection that gets no thread.
pub fn overloaded(id: &RequestId) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let body = encode(busy(), id, true, false, false, &[], &mut out);
    out.extend_from_slice(&body);
    out
}

/// Appends the head of the answer, with the headers that are `common` to all, and gives its body. `close` and
/// `keep_alive` (for HTTP/1.0) are announced; `head_only` leaves the body out.
pub fn encode(
    response: Response,
    id: &RequestId,
    close: bool,
    keep_alive: bool,
    head_only: bool,
    common: &[u8],
    out: &mut Vec<u8>,
) -> Bytes {
    let status = response.status_code();
    let mut line = |line: fmt::Arguments<'_>| {
        // A Vec takes whatever is written to it.
        let _ = out.write_fmt(line);
        out.extend_from_slice(b"\r\n");
    };
    line(format_args!("HTTP/1.1 {} {}", status.0, status.default_reason_phrase()));
    line(format_args!("Date: {}", date(SystemTime::now())));
    if !matches!(status.0, 204 | 304) {
        line(format_args!("Content-Length: {}", response.data_length().unwrap_or(0)));
    }
    line(format_args!("X-Request-Id: {id}\r\nX-Content-Type-Options: nosniff"));
    if close {
        line(format_args!("Connection: close"));
    } else if keep_alive {
        line(format_args!("Connection: keep-alive"));
    }
    for header in response.headers() {
        line(format_args!("{}: {}", header.field.as_str(), header.value));
    }
    out.extend_from_slice(common);
    out.extend_from_slice(b"\r\n");
    if head_only { Bytes::new() } else { response.into_reader().into_inner() }
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

    #[test]
    fn each_kind_of_error_has_its_status_and_only_the_harmless_ask_to_be_repeated() {
        let text = || "cause".to_owned();
        for (error, status, repeat) in [
            (Error::NotFound("Pedido não encontrado"), 404, false),
            (Error::conflict("codigo", "detail"), 409, false),
            (Error::Unsigned(text()), 401, false),
            (Error::invalid("campo", "mensagem"), 422, false),
            (Error::Malformed(text()), 400, false),
            (Error::Unavailable(text()), 503, true),
            (Error::TooMany { wait: Duration::ZERO }, 429, true),
            (Error::Full, 503, true),
            (DbError::Lost(text()).into(), 503, true),
            (DbError::Retry(text()).into(), 503, true),
            (DbError::Busy(text()).into(), 503, true),
            (DbError::Full(text()).into(), 503, true),
            // It may have happened: who repeats it may order twice.
            (DbError::Unknown(text()).into(), 503, false),
            (DbError::Unique(text()).into(), 500, false),
            (DbError::Other(text()).into(), 500, false),
            (Error::Internal(text()), 500, false),
        ] {
            let name = format!("{error:?}");
            let response = super::error(error, &RequestId::new());
            assert_eq!(response.status_code().0, status, "{name}");
            assert_eq!(response.headers().iter().any(|h| h.field.equiv("Retry-After")), repeat, "{name}");
            let body = response.into_reader().into_inner();
            assert!(
                status < 500 || !String::from_utf8_lossy(&body).contains("cause"),
                "{name} tells its cause"
            );
        }
    }
}
