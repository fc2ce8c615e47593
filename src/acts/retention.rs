//! Customers without an order for so many months are erased, as if they had asked for it: a restaurant needs no longer to know
//! them. In slices, each a transaction of its own; one that cannot be erased is nobody else's trouble.
//!
//! Tested by `tests/api/retention.rs`.

use std::{thread, time::Duration};

use super::erasure::{self, Cause};
use crate::{
    clock,
    domain::{data_hora::DataHora, evento::Actor},
    error::Error,
    store::{Store, clientes},
};

/// Customers of one transaction at most.
const SLICE: i64 = 20;
/// Between two slices: the time in which others write.
const PAUSE: Duration = Duration::from_millis(10);

/// Erases all who have had no order for so many months, and were registered before that.
pub fn erase_inactive(store: &Store, months: u16) -> Result<(), Error> {
    let Some(limit) = clock::now().months_before(months) else { return Ok(()) };
    let detalhe = Some(format!("sem pedidos há {months} meses"));
    let cause = Cause { actor: Actor::Clock, name: Actor::Clock.name(), detalhe };
    let mut erased = 0;
    let result = erase_slices(store, limit, &cause, &mut erased);
    if erased > 0 {
        log::info!("{erased} customers without an order for {months} months were erased");
    }
    result
}

fn erase_slices(store: &Store, limit: DataHora, cause: &Cause, erased: &mut usize) -> Result<(), Error> {
    let mut after = 0;
    loop {
        let ids = store.read(|conn| clientes::inactive(conn, limit, after, SLICE))?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = *last;
        match erasure::erase_inactive(store, &ids, limit, cause) {
            Ok(count) => *erased += count,
            Err(_) => {
                for id in &ids {
                    match erasure::erase_inactive(store, &[*id], limit, cause) {
                        Ok(count) => *erased += count,
                        Err(error) => log::warn!("cannot erase customer {id}: {error:?}"),
                    }
                }
            }
        }
        thread::sleep(PAUSE);
    }
}
