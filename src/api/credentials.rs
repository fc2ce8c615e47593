//! What a request carries to say who sends it, and who that is. In this order: a key, a session, a terminal.
//!
//! - A key stands in `Authorization`; a session in a cookie, which no script can read; a terminal in `X-Terminal` or a cookie.
//!   Over TLS the cookies are `__Host-…`: no other host and no page without TLS can have set them.
//! - Where a cookie decides, a write must come from a page of this host (CSRF): `Sec-Fetch-Site: same-origin`, or where a
//!   browser does not send that, an `Origin` that names this host.
//! - `X-Aprovador: 1:4172`: the manager 1, who stands beside the person, lets this one request through by the PIN 4172.
//! - Where doors are open a credential counts if it is one, and is otherwise ignored: clients of the original may send their
//!   own.
//!
//! Tested by `tests/api/sessions.rs`.

use tiny_http::Method::{Get, Head};

use super::{App, origins};
use crate::{
    access::{Caller, Carried, OF_SESSION, OF_TERMINAL, Terminal},
    domain::funcionario::Proof,
    error::{Denied, Error},
    server::{Request, Response},
};

/// The header with the token of a terminal.
pub const TERMINAL: &str = "x-terminal";
/// The header with a manager and its PIN.
pub const APPROVER: &str = "x-aprovador";
/// Seconds that a browser keeps the cookie of a terminal: as long as it keeps any.
const TERMINAL_COOKIE_SECONDS: i64 = 400 * 24 * 60 * 60;

/// A cookie of this system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// With the token of a session.
    Session,
    /// With the token of a terminal.
    Terminal,
}

impl Cookie {
    fn name(self, request: &Request<'_>) -> &'static str {
        match (self, request.is_https) {
            (Cookie::Session, true) => "__Host-ambrosia",
            (Cookie::Session, false) => "ambrosia",
            (Cookie::Terminal, true) => "__Host-ambrosia-terminal",
            (Cookie::Terminal, false) => "ambrosia-terminal",
        }
    }

    /// The token that the request carries in it. Of two cookies of one name neither counts: one of them was smuggled in.
    pub fn of<'a>(self, request: &Request<'a>) -> Option<&'a str> {
        let name = self.name(request);
        let begins = match self {
            Cookie::Session => OF_SESSION,
            Cookie::Terminal => OF_TERMINAL,
        };
        let pairs = request.header("cookie").ok().flatten()?.split(';');
        let mut values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(n, _)| *n == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) if value.starts_with(begins) => Some(value),
            _ => None,
        }
    }

    /// Has the client keep this token, for so many seconds.
    fn set(self, response: Response, request: &Request<'_>, token: &str, seconds: i64) -> Response {
        let (name, secure) = (self.name(request), if request.is_https { "; Secure" } else { "" });
        let attributes = format!("Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        response.with("Set-Cookie", format!("{name}={token}; {attributes}"))
    }

    /// Has the client keep this token.
    pub fn give(self, response: Response, request: &Request<'_>, token: &str) -> Response {
        let seconds = match self {
            Cookie::Session => crate::domain::sessao::ABSOLUTE_SECONDS,
            Cookie::Terminal => TERMINAL_COOKIE_SECONDS,
        };
        self.set(response, request, token, seconds)
    }

    /// Has the client forget it.
    pub fn take(self, response: Response, request: &Request<'_>) -> Response {
        self.set(response, request, "", 0)
    }
}

/// Who sends the request. `Denied` where a credential opens nothing, or a page of another origin sends it.
pub fn caller(app: &App, request: &Request<'_>) -> Result<Caller, Error> {
    if let Some(caller) = known(app, request)? {
        return Ok(caller);
    }
    let admitted = match key(request)? {
        Some(key) => app.tries.wrong_key.admit(request.client).map(|()| Some(key)),
        None => Ok(None),
    };
    if let Ok(Some(key)) = admitted {
        // The key may be so new that this process has not seen it.
        app.doors.look()?;
        if let Some(holder) = holder(app, request, key)? {
            return Ok(holder);
        }
    }
    if app.doors.are_open()? {
        return Ok(Caller::Open);
    }
    if admitted?.is_some() {
        return Err(Error::Denied(Denied::WrongKey));
    }
    if let Some(Terminal { id, papel }) = terminal(app, request)? {
        return Ok(Caller::Terminal { id, papel });
    }
    match Cookie::Session.of(request) {
        Some(_) => Err(Error::Denied(Denied::SessionOver)),
        None => Ok(Caller::Nobody),
    }
}

/// The holder of the key, or the person of the session, that the request carries; `None` where it carries neither, or it
/// opens nothing.
pub fn known(app: &App, request: &Request<'_>) -> Result<Option<Caller>, Error> {
    match key(request)? {
        Some(key) => holder(app, request, key),
        None => person(app, request),
    }
}

fn holder(app: &App, request: &Request<'_>, key: &str) -> Result<Option<Caller>, Error> {
    let holder = app.doors.holder(key)?;
    if holder.is_some() && request.has_header(APPROVER) {
        return Err(Error::Denied(Denied::NoTerminal));
    }
    Ok(holder)
}

/// Another scheme, or another token, is that of a proxy before us or of a client of the original.
fn key<'a>(request: &'a Request<'_>) -> Result<Option<&'a str>, Error> {
    Ok(bearer(request)?.filter(|token| token.starts_with("amb_")))
}

fn person(app: &App, request: &Request<'_>) -> Result<Option<Caller>, Error> {
    let Some(token) = Cookie::Session.of(request) else { return Ok(None) };
    let Some(person) = app.doors.person(token)? else { return Ok(None) };
    refuse_cross_site(request)?;
    let Some(approver) = request.header(APPROVER)? else { return Ok(Some(Caller::from(&person))) };
    let (manager, pin) = read_approver(approver)?;
    app.doors.approved(&person, manager, &pin).map(Some)
}

/// As `X-Aprovador` does it, for a form: the person with the session, let through this once by this manager.
pub fn approved(app: &App, request: &Request<'_>, manager: i64, pin: &Proof) -> Result<Caller, Error> {
    let token = Cookie::Session.of(request).ok_or(Error::Denied(Denied::NoSession))?;
    refuse_cross_site(request)?;
    let person = app.doors.person(token)?.ok_or(Error::Denied(Denied::SessionOver))?;
    app.doors.approved(&person, manager, pin)
}

fn read_approver(header: &str) -> Result<(i64, Proof), Error> {
    let malformed =
        || Error::Malformed("X-Aprovador deve ser como 1:4172, o número do gerente e o PIN".into());
    let (manager, pin) = header.split_once(':').ok_or_else(malformed)?;
    let manager = manager.trim().parse().map_err(|_| malformed())?;
    Ok((manager, Proof::pin(pin.trim().to_owned()).map_err(|_| malformed())?))
}

/// The enrolled terminal that sends the request. `Denied` where a page of another origin has it do so.
pub fn terminal(app: &App, request: &Request<'_>) -> Result<Option<Terminal>, Error> {
    let Some(token) = terminal_token(request)? else { return Ok(None) };
    let terminal = app.doors.terminal(token)?;
    if terminal.is_some() && header_of_terminal(request)?.is_none() {
        refuse_cross_site(request)?;
    }
    Ok(terminal)
}

fn terminal_token<'a>(request: &Request<'a>) -> Result<Option<&'a str>, Error> {
    Ok(header_of_terminal(request)?.or_else(|| Cookie::Terminal.of(request)))
}

fn header_of_terminal<'a>(request: &Request<'a>) -> Result<Option<&'a str>, Error> {
    Ok(request.header(TERMINAL)?.filter(|token| token.starts_with(OF_TERMINAL)))
}

/// Refuses a write that a page of another origin may have sent with a cookie of this one.
pub fn refuse_cross_site(request: &Request<'_>) -> Result<(), Error> {
    let site = request.header("sec-fetch-site")?;
    let is_ours = site.map_or_else(|| origins::is_same_origin(request), |site| site == "same-origin");
    if is_ours || matches!(request.method, Get | Head) {
        Ok(())
    } else {
        Err(Error::Denied(Denied::CrossSite))
    }
}

/// As `refuse_cross_site`, where no cookie is needed: what is no browser says nothing of a page.
pub fn refuse_other_pages(request: &Request<'_>) -> Result<(), Error> {
    if request.has_header("sec-fetch-site") || request.has_header("origin") {
        return refuse_cross_site(request);
    }
    Ok(())
}

/// The credentials that the request carries, to be checked again later.
pub fn carried(request: &Request<'_>) -> Result<Carried, Error> {
    Ok(Carried::new(key(request)?, Cookie::Session.of(request), terminal_token(request)?))
}

/// What stands behind `Bearer`.
fn bearer<'a>(request: &'a Request<'_>) -> Result<Option<&'a str>, Error> {
    let Some(header) = request.header("authorization")? else { return Ok(None) };
    let Some((scheme, token)) = header.split_once(' ') else { return Ok(None) };
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()))
}
