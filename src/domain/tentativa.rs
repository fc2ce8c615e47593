//! Wrong PINs and passwords, and how long they keep the next one waiting. Counted for a person at one place, so that nobody
//! is locked out by what others type elsewhere; and for a terminal, which is in the wrong hands if all of it is wrong.

use super::data_hora::DataHora;

/// Wrong tries for one person at one place before the next has to wait.
pub const FREE: i64 = 5;
/// Seconds of the first wait; each further wrong try doubles it.
const WAIT_SECONDS: i64 = 30;
/// Seconds of the longest wait.
const WAIT_MAX_SECONDS: i64 = 15 * 60;
/// Seconds after which a wrong try does not count for a person any more.
pub const COUNTED_SECONDS: i64 = 24 * 60 * 60;
/// Wrong tries within `TERMINAL_SECONDS` after which a terminal must be enrolled again.
pub const TERMINAL_MAX: i64 = 20;
/// An hour.
pub const TERMINAL_SECONDS: i64 = 60 * 60;

/// When the next try is allowed after so many wrong ones, the last of them at `last`. `None`: at once.
pub fn allowed_from(wrong: i64, last: DataHora) -> Option<DataHora> {
    let beyond = u32::try_from(wrong - FREE).ok()?;
    let wait = WAIT_SECONDS.saturating_mul(1 << beyond.min(10)).min(WAIT_MAX_SECONDS);
    Some(last.mais(wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_are_free_and_then_the_wait_doubles_up_to_a_quarter_of_an_hour() {
        let last: DataHora = "2026-11-24T02:48:36Z".parse().unwrap();
        let wait = |wrong| allowed_from(wrong, last).map_or(0, |from| from.segundos() - last.segundos());
        let waits = [0, 4, 5, 6, 7, 8, 9, 10, 11, 1_000_000].map(wait);
        assert_eq!(waits, [0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
    }
}
