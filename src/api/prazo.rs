//! The body that says how long something holds: until tomorrow, for some minutes, or until somebody says otherwise.

use super::{
    call::Call,
    fields::{AteQuando, Errors, Minutos, body, read_body},
};
use crate::{
    domain::{data_hora::DataHora, prazo::Prazo},
    error::Error,
};

body! {
    /// One of the two, or neither: until somebody says otherwise.
    PrazoEnviado {
        ate: Option<AteQuando>,
        minutos: Option<Minutos>,
    }
}

/// What the body of this request says.
pub fn read(request: &Call<'_>, now: DataHora) -> Result<Prazo, Error> {
    let body: PrazoEnviado = read_body(request)?;
    let mut errors = Errors::default();
    let ate = errors.optional("ate", body.ate).flatten();
    let minutes = errors.optional("minutos", body.minutos).flatten();
    if ate.is_some() && minutes.is_some() {
        errors.note("minutos", "não pode vir junto com «ate»");
    }
    errors.or(Some(until(ate, minutes, now).unwrap_or(Prazo::WITHOUT_END)))
}

/// Until the end that is said; `None` where none is.
pub fn until(ate: Option<AteQuando>, minutes: Option<Minutos>, now: DataHora) -> Option<Prazo> {
    match (ate, minutes) {
        (Some(AteQuando::Amanha), _) => Some(Prazo::until_tomorrow(now)),
        (None, Some(Minutos(minutes))) => Some(Prazo::of_minutes(minutes, now)),
        (None, None) => None,
    }
}
