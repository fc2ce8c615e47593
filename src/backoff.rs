//! Exponential back-off with jitter: pauses double up to a bound, and a random part keeps callers that failed together
//! from failing together again.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// The pause after the `failures`-th failure in a row (from 1): `first`, doubled with each, at most `longest`; of that a
/// random share between a half and the whole.
pub fn pause(first: Duration, longest: Duration, failures: u32) -> Duration {
    let whole = first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(longest);
    let share = RandomState::new().hash_one(failures) % 512;
    whole * (512 + share as u32) / 1024
}

/// The whole pause, and of half as much again a random share: for schedules that are no doubling.
pub fn stretched(whole: Duration) -> Duration {
    whole + pause(whole, whole, 1) - whole / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_bound_and_differ() {
        let (first, longest) = (Duration::from_millis(4), Duration::from_millis(100));
        for (failures, whole) in [(1, 4), (2, 8), (3, 16), (5, 64), (6, 100), (1000, 100)] {
            let whole = Duration::from_millis(whole);
            let pauses: Vec<Duration> = (0..50).map(|_| pause(first, longest, failures)).collect();
            assert!(pauses.iter().all(|p| whole / 2 <= *p && *p <= whole), "{failures}: {pauses:?}");
            assert!(pauses.iter().any(|p| *p != pauses[0]), "no jitter after {failures}");
        }
    }

    #[test]
    fn a_stretched_pause_is_never_shorter_and_half_as_long_again_at_most() {
        let whole = Duration::from_secs(10);
        let pauses: Vec<Duration> = (0..50).map(|_| stretched(whole)).collect();
        assert!(pauses.iter().all(|p| whole <= *p && *p <= whole * 3 / 2), "{pauses:?}");
        assert!(pauses.iter().any(|p| *p != pauses[0]), "no jitter");
    }
}
