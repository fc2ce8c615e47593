//! A request with its caller: the credential that it carries, and the check against the access of its endpoint. Every
//! endpoint is checked here, by its matched route, before its handler runs. Tested by `tests/api/access.rs`.
//!
//! - 401 without a credential, or with one that opens nothing; 403 where the role is not enough; 404 where the secret is
//!   that of another order.
//! - What is public asks nobody who he is: a key that opens nothing is no obstacle there.
//! - Where doors are open a key says who calls, and takes nothing away; one that opens nothing is ignored: clients of the
//!   original may send their own.

use std::{cell::OnceCell, ops::Deref};

use super::{App, routes};
use crate::{
    access::{Access, Caller},
    error::{Denied, Error},
    server::Request,
    store::pedidos,
};

/// The header with the secret of an order.
pub const SECRET: &str = "x-acompanhamento";

/// A request, and who sends it.
pub struct Call<'a> {
    request: &'a Request<'a>,
    /// Known once somebody asks: what is public needs no database to say who calls.
    caller: OnceCell<Caller>,
}

impl<'a> Deref for Call<'a> {
    type Target = Request<'a>;

    fn deref(&self) -> &Request<'a> {
        self.request
    }
}

impl<'a> Call<'a> {
    /// Of a request to a port with doors, and with doors of this app.
    pub fn new(request: &'a Request<'a>) -> Call<'a> {
        Call { request, caller: OnceCell::new() }
    }

    /// Of a request to a port that has no doors.
    pub fn inside(request: &'a Request<'a>) -> Call<'a> {
        Call { request, caller: OnceCell::from(Caller::Open) }
    }

    /// Who calls. `Denied` where the key opens nothing, and `Unavailable` before the doors are known.
    pub fn caller(&self, app: &App) -> Result<Caller, Error> {
        if let Some(caller) = self.caller.get() {
            return Ok(*caller);
        }
        let caller = caller(app, self.request)?;
        Ok(*self.caller.get_or_init(|| caller))
    }

    /// As `caller`, for what is public: a key that opens nothing is as good as none.
    pub fn visitor(&self, app: &App) -> Result<Caller, Error> {
        if let Some(caller) = self.caller.get() {
            return Ok(*caller);
        }
        Ok(match holder(app, self.request)? {
            Some(holder) => holder,
            None if app.doors.are_open()? => Caller::Open,
            None => Caller::Nobody,
        })
    }

    /// Who calls, as far as anybody has asked.
    pub fn known_caller(&self) -> Caller {
        self.caller.get().copied().unwrap_or(Caller::Nobody)
    }

    /// Refuses a caller who may not do this; see `Caller::may`.
    pub fn check(&self, app: &App, access: Access) -> Result<(), Error> {
        // Figures are told also while there is no database that could say whether doors are open.
        if access == Access::Todos || (access == Access::Maquina && app.doors.may_be_open()) {
            return Ok(());
        }
        let caller = self.caller(app)?;
        if caller.may(access) {
            return Ok(());
        }
        if access == Access::DonoDoPedido && self.has_header(SECRET) {
            return self.check_secret(app);
        }
        Err(Error::Denied(match caller {
            Caller::Nobody => Denied::NoCredential,
            Caller::Open => Denied::NoManager,
            Caller::Key { .. } => Denied::Role(access.name()),
        }))
    }

    /// `NotFound` where the secret is not that of the order that the path names: who has it knows of that order only.
    fn check_secret(&self, app: &App) -> Result<(), Error> {
        let secret = self.header(SECRET)?.unwrap_or_default();
        let opens = app.doors.secrets()?.opens(secret, routes::id(self)?);
        if opens { Ok(()) } else { Err(pedidos::NOT_FOUND) }
    }
}

fn caller(app: &App, request: &Request<'_>) -> Result<Caller, Error> {
    if let Some(holder) = holder(app, request)? {
        return Ok(holder);
    }
    if key(request)?.is_none() {
        return Ok(if app.doors.are_open()? { Caller::Open } else { Caller::Nobody });
    }
    let admitted = app.wrong_key_rate.admit(request.client);
    if admitted.is_ok() {
        // The key may be so new that this process has not seen it.
        app.doors.look()?;
        if let Some(holder) = holder(app, request)? {
            return Ok(holder);
        }
    }
    if app.doors.are_open()? {
        return Ok(Caller::Open);
    }
    admitted?;
    Err(Error::Denied(Denied::WrongKey))
}

/// The holder of the key that the request carries; `None` without a key, or when it opens nothing.
fn holder(app: &App, request: &Request<'_>) -> Result<Option<Caller>, Error> {
    key(request)?.map_or(Ok(None), |key| app.doors.holder(key))
}

/// Another scheme, or another token, is that of a proxy before us or of a client of the original.
fn key<'a>(request: &'a Request<'_>) -> Result<Option<&'a str>, Error> {
    Ok(bearer(request)?.filter(|token| token.starts_with("amb_")))
}

/// What stands behind `Bearer`.
fn bearer<'a>(request: &'a Request<'_>) -> Result<Option<&'a str>, Error> {
    let Some(header) = request.header("authorization")? else { return Ok(None) };
    let Some((scheme, token)) = header.split_once(' ') else { return Ok(None) };
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()))
}
