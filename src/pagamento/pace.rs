//! A token bucket: so many at once, and then so many a second.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

pub struct Pace {
    per_second: f64,
    burst: f64,
    /// Tokens that were there, and when.
    left: Mutex<(f64, Instant)>,
}

impl Pace {
    pub fn new(per_second: u32, burst: u32) -> Pace {
        Pace {
            per_second: per_second.into(),
            burst: burst.into(),
            left: Mutex::new((burst.into(), Instant::now())),
        }
    }

    /// Takes a token, if there is one.
    pub fn take(&self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let grown = left.0 + now.saturating_duration_since(left.1).as_secs_f64() * self.per_second;
        let tokens = grown.min(self.burst);
        let taken = tokens >= 1.0;
        *left = (if taken { tokens - 1.0 } else { tokens }, now);
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_and_then_so_many_a_second() {
        let pace = Pace::new(2, 3);
        let start = Instant::now();
        let taken = |from: u64, to: u64| {
            (from..to).filter(|ms| pace.take_at(start + Duration::from_millis(*ms))).count()
        };
        assert_eq!(taken(0, 100), 3);
        assert_eq!(taken(100, 5_100), 10);
        // What is not used for long is one burst, and no more.
        assert_eq!(taken(100_000, 100_100), 3);
    }
}
