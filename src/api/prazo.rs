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
    let prazo = match (ate, minutes) {
        (None, None) => Prazo::WITHOUT_END,
        (Some(AteQuando::Amanha), None) => Prazo::until_tomorrow(now),
        (None, Some(Minutos(minutes))) => Prazo::of_minutes(minutes, now),
        (Some(_), Some(_)) => {
            errors.note("minutos", "não pode vir junto com «ate»");
            Prazo::WITHOUT_END
        }
    };
    errors.or(Some(prazo))
}
