//! Token buckets (the generic cell rate algorithm): so many at once, then as many as come back with time. A bucket is one
//! instant, that at which it is full again; a token moves it on by the time in which it comes back, and is refused if that
//! leads further ahead than the bucket is deep. A leaf: it knows nobody.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How fast tokens come back, and how many there are at most.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// For one token to come back.
    token: Duration,
    /// For an empty bucket to fill.
    depth: Duration,
}

impl Rate {
    /// `burst` at once, and one more each `token`.
    pub fn new(burst: u32, token: Duration) -> Rate {
        Rate { token, depth: token * burst }
    }

    /// When a bucket is full again of which one more token is taken. The error is how long it takes until there is one.
    pub fn take(self, full_at: Option<Instant>, now: Instant) -> Result<Instant, Duration> {
        let taken = full_at.unwrap_or(now).max(now) + self.token;
        let wait = taken.saturating_duration_since(now + self.depth);
        if wait.is_zero() { Ok(taken) } else { Err(wait) }
    }
}

/// One bucket, shared by all callers.
pub struct TokenBucket {
    rate: Rate,
    full_at: Mutex<Option<Instant>>,
}

impl TokenBucket {
    /// A full one.
    pub fn new(rate: Rate) -> TokenBucket {
        TokenBucket { rate, full_at: Mutex::default() }
    }

    /// Whether there was a token to take.
    pub fn take(&self) -> bool {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = self.rate.take(*full_at, Instant::now());
        if let Ok(later) = taken {
            *full_at = Some(later);
        }
        taken.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_so_many_a_second() {
        let rate = Rate::new(3, Duration::from_millis(500));
        let start = Instant::now();
        let mut full_at = None;
        let mut taken = |from: u64, to: u64| {
            let take = |ms: &u64| match rate.take(full_at, start + Duration::from_millis(*ms)) {
                Ok(later) => {
                    full_at = Some(later);
                    true
                }
                Err(_) => false,
            };
            (from..to).filter(take).count()
        };
        assert_eq!(taken(0, 100), 3);
        assert_eq!(taken(100, 5_100), 10);
        // What is not used for long is one burst, and no more.
        assert_eq!(taken(100_000, 100_100), 3);
    }
}
