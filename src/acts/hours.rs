//! The service hours as this process remembers them. A checkout costs no statement for them while the restaurant is open.
//!
//! Optimistic concurrency: each change of the hours leaves another version in the row of the restaurant. A transaction with
//! checkouts decides by what is remembered, and compares the version when it holds the lock of that row: where it is another,
//! the hours are forgotten and the transaction begins again. That the restaurant is closed is never taken from memory: who is
//! refused does not come to the lock. Tested by `tests/api/hours.rs`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    domain::{
        atendimento::Situacao,
        data_hora::{DataHora, SAO_PAULO},
    },
    error::{DbError, Error},
    store::{
        Connection,
        perfil::{self, Hours as Stored},
    },
};

/// What is remembered, if anything is.
#[derive(Default)]
pub struct Hours(Mutex<Option<Arc<Stored>>>);

/// What the checkouts of a transaction are decided by.
pub struct Now {
    /// Whether orders are taken.
    pub situacao: Situacao,
    versao: i64,
}

impl Hours {
    /// How it is at this moment.
    pub fn at(&self, conn: &mut dyn Connection, now: DataHora) -> Result<Now, Error> {
        let of =
            |hours: &Stored| Now { situacao: hours.atendimento.at(now, &SAO_PAULO), versao: hours.versao };
        let remembered = self.remembered().clone();
        if let Some(open) = remembered.map(|hours| of(&hours)).filter(|now| now.situacao.is_open()) {
            return Ok(open);
        }
        let hours = Arc::new(perfil::hours(conn)?);
        *self.remembered() = Some(hours.clone());
        Ok(of(&hours))
    }

    /// `Retry` where the hours that were decided by are not of this version, which the lock keeps until the commit.
    pub fn check(&self, decided_by: &Now, versao: i64) -> Result<(), Error> {
        if decided_by.versao == versao {
            return Ok(());
        }
        *self.remembered() = None;
        Err(DbError::Retry("the service hours changed".to_owned()).into())
    }

    fn remembered(&self) -> MutexGuard<'_, Option<Arc<Stored>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
