//! A request with its caller (`credentials`), and the check against the access of its endpoint. Every
//! endpoint is checked here, by its matched route, before its handler runs. Tested by `tests/api/access.rs`.
//!
//! - 401 without a credential, or with one that opens nothing; 403 where the role is not enough; 404 where the secret is
//!   that of another order.
//! - What is public asks nobody who he is: a key that opens nothing is no obstacle there.

use std::{borrow::Cow, cell::OnceCell, ops::Deref};

use tiny_http::Method::{Get, Head};

use super::{App, credentials, routes};
use crate::{
    access::{Access, Caller},
    error::Error,
    server::Request,
    store::pedidos,
};

/// The header with the secret of an order.
pub const SECRET: &str = "x-acompanhamento";
/// The parameter with the same.
const SECRET_PARAMETER: &str = "acompanhamento";

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
    /// Of a request to a port with doors.
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
        let caller = credentials::caller(app, self.request)?;
        Ok(*self.caller.get_or_init(|| caller))
    }

    /// As `caller`, for what is public: a credential that opens nothing, or counts only on pages of this host, is as good as
    /// none.
    pub fn visitor(&self, app: &App) -> Result<Caller, Error> {
        if let Some(caller) = self.caller.get() {
            return Ok(*caller);
        }
        if let Some(caller) = credentials::known(app, self.request)? {
            return Ok(caller);
        }
        if app.doors.are_open()? {
            return Ok(Caller::Open);
        }
        let terminal = credentials::terminal(app, self.request)?;
        Ok(terminal.map_or(Caller::Nobody, |t| Caller::Terminal { id: t.id, papel: t.papel }))
    }

    /// Who calls, as far as anybody has asked.
    pub fn known_caller(&self) -> Caller {
        self.caller.get().copied().unwrap_or(Caller::Nobody)
    }

    /// Refuses a caller who may not do this; see `Caller::may`.
    pub fn check(&self, app: &App, access: Access) -> Result<(), Error> {
        // Figures are told also while there is no database that could say whether doors are open.
        if matches!(access, Access::Todos | Access::Prova)
            || (access == Access::Maquina && app.doors.may_be_open())
        {
            return Ok(());
        }
        let with_secret = access == Access::DonoDoPedido && self.secret()?.is_some();
        if with_secret && self.has_secret(app)? {
            return Ok(());
        }
        let caller = self.caller(app)?;
        match caller.may(access) {
            true => Ok(()),
            // The secret of another order: this one may not even be known to exist.
            false if with_secret => Err(pedidos::NOT_FOUND),
            false => Err(Error::Denied(caller.lacks(access))),
        }
    }

    /// Whether the secret is that of the order that the path names.
    pub fn has_secret(&self, app: &App) -> Result<bool, Error> {
        let Some(secret) = self.secret()? else { return Ok(false) };
        Ok(app.doors.secrets()?.opens(&secret, routes::id(self)?))
    }

    /// The secret of an order that came along: in the header, or where a browser reads by itself (`EventSource`, pictures),
    /// which sends no header, in the query.
    fn secret(&self) -> Result<Option<Cow<'a, str>>, Error> {
        if let Some(secret) = self.header(SECRET)? {
            return Ok(Some(secret.into()));
        }
        Ok(self.parameter(SECRET_PARAMETER).filter(|_| matches!(self.method, Get | Head)))
    }
}
