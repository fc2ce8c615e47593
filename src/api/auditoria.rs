//! `/auditoria`: the trail of what concerns access and persons, for the manager. Tested by `tests/api/keys.rs`.

use super::{
    App,
    call::Call,
    endpoint::{Access::GerenteSempre, Resource},
    page::{self, LIMIT_DEFAULT, Page},
};
use crate::{domain::auditoria::Registro, error::Error, server::Response, store::auditoria};

/// Its endpoint.
pub fn resource() -> Resource {
    Resource::new("Acesso").get("/auditoria", GerenteSempre, list, |operation| {
        operation
            .about("Who was refused, who gave out or took back a key, who looked at a customer: the newest first.")
            .page::<Registro>()
    })
}

fn list(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let page = page::requested(call, LIMIT_DEFAULT)?;
    let (rows, next) = app.store.read(|conn| auditoria::list(conn, &page))?;
    Ok(Page::new(&rows, next)?.response(call))
}
