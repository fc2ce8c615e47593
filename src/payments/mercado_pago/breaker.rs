//! A circuit breaker: after `FAILURES` failures in a row it opens, and calls are refused without being made.
//! After a pause one call is let through; it closes when that succeeds, and stays open for twice as long when
//! it fails. So while the provider is down a checkout waits for nothing.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// For how long the first time; it doubles with each trial that fails.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Closed by default.
#[derive(Default)]
pub struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    /// Closed when `None`. The first call after this moment is let through, and moves it on for the calls
    /// beside it.
    open_until: Option<Instant>,
}

impl Breaker {
    /// Whether a call may be made now.
    pub fn allows(&self, now: Instant) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                state.open_until = Some(now + pause(state.failures));
                true
            }
        }
    }

    /// Whether calls are held back, but for those that try.
    pub fn is_open(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).open_until.is_some()
    }

    /// A call was answered, whatever the answer.
    pub fn succeeded(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    /// A call was not answered, or with an error of the provider's own.
    pub fn failed(&self, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        if state.failures == FAILURES {
            log::warn!("the payment provider fails: calls are held back until it answers again");
        }
        if state.failures >= FAILURES {
            state.open_until = Some(now + pause(state.failures));
        }
    }
}

fn pause(failures: u32) -> Duration {
    (PAUSE * (1 << failures.saturating_sub(FAILURES).min(8))).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_failures_in_a_row_and_lets_one_try_at_a_time() {
        let breaker = Breaker::default();
        let start = Instant::now();
        for _ in 0..FAILURES - 1 {
            breaker.failed(start);
        }
        breaker.succeeded();
        for _ in 0..FAILURES - 1 {
            breaker.failed(start);
            assert!(breaker.allows(start));
        }
        breaker.failed(start);
        assert!(!breaker.allows(start), "open");
        assert!(breaker.is_open());
        let later = start + PAUSE;
        assert!(breaker.allows(later), "one tries");
        assert!(!breaker.allows(later), "the others wait for it");
        breaker.failed(later);
        assert!(!breaker.allows(later + PAUSE), "longer this time");
        assert!(breaker.allows(later + PAUSE * 2));
        breaker.succeeded();
        assert!(breaker.allows(later) && breaker.allows(later), "closed");
        assert!(!breaker.is_open());
    }

    #[test]
    fn the_pause_has_an_end() {
        assert_eq!(pause(u32::MAX), PAUSE_MAX);
    }
}
