//! How many unpaid orders the restaurant takes on (`MAX_UNPAID_ORDERS`): orders that nobody
//! pays for must not bury the kitchen.
//!
//! Unpaid open orders are counted inside the transaction of a checkout, at most once a second in each process; in between
//! the orders that the process itself has written are added. So what others write within a second is not seen, and what
//! was paid within it neither: the limit can be passed by what all processes take on in a second, and no further.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    error::Error,
    store::{Connection, lists},
};

/// For which a count holds.
const HOLDS: Duration = Duration::from_secs(1);

/// No limit by default.
#[derive(Default)]
pub struct Capacity {
    max: Option<usize>,
    counted: Mutex<Option<Count>>,
}

#[derive(Clone, Copy)]
struct Count {
    at: Instant,
    /// Those that were counted, and those that were written here since.
    unpaid: usize,
}

/// How many more orders there is room for.
pub struct Room(usize);

impl Capacity {
    /// `max` open orders that are not paid; `None` for any number.
    pub fn new(max: Option<usize>) -> Capacity {
        Capacity { max, counted: Mutex::default() }
    }

    /// The room that there is, by a count that is a second old at most.
    pub fn room(&self, conn: &mut dyn Connection) -> Result<Room, Error> {
        let Some(max) = self.max else { return Ok(Room(usize::MAX)) };
        let counted = *self.counted();
        let unpaid = match counted.filter(|count| count.at.elapsed() < HOLDS) {
            Some(count) => count.unpaid,
            None => {
                let unpaid = lists::count_unpaid(conn, max)?;
                *self.counted() = Some(Count { at: Instant::now(), unpaid });
                if unpaid >= max {
                    log::warn!("{max} open orders are not paid: checkouts are refused (MAX_UNPAID_ORDERS)");
                }
                unpaid
            }
        };
        Ok(Room(max.saturating_sub(unpaid)))
    }

    /// So many orders were written.
    pub fn wrote(&self, orders: usize) {
        if let Some(count) = &mut *self.counted() {
            count.unpaid += orders;
        }
    }

    fn counted(&self) -> MutexGuard<'_, Option<Count>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// None at all.
    pub fn none() -> Room {
        Room(0)
    }

    /// For one more order; `Full` where there is none.
    pub fn take(&mut self) -> Result<(), Error> {
        self.0 = self.0.checked_sub(1).ok_or(Error::Full)?;
        Ok(())
    }
}
