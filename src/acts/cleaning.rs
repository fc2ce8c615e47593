//! What has expired is forgotten, in slices; and what an erasure left in the write-ahead log.

use std::{thread, time::Duration};

use crate::{
    clock,
    error::Error,
    store::{Store, expiry},
};

/// Between two slices: the time in which others write.
const PAUSE: Duration = Duration::from_millis(10);

/// Forgets all that has expired.
pub fn clean(store: &Store) -> Result<(), Error> {
    store.scrub_if_due();
    while expiry::forget_slice(store, clock::now())? {
        thread::sleep(PAUSE);
    }
    Ok(())
}
