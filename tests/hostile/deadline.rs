//! How long a test waits for what must happen: long enough for any machine, and short enough that a hang fails.

use std::{
    thread,
    time::{Duration, Instant},
};

pub const DEADLINE: Duration = Duration::from_secs(30);

pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        match started.elapsed() {
            // Most waits are over before a sleep would be.
            waited if waited < Duration::from_millis(1) => thread::yield_now(),
            waited if waited < DEADLINE => thread::sleep(Duration::from_millis(2)),
            _ => panic!("not within {DEADLINE:?}: {what}"),
        }
    }
}
