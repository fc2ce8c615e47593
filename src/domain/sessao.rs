//! Sessions: for how long a person who has shown who it is need not do so again.

use super::{data_hora::DataHora, papel::Papel};

/// Seconds after its beginning at which a session ends.
pub const ABSOLUTE_SECONDS: i64 = 12 * 60 * 60;
/// Seconds without a request after which a session ends. Not in the kitchen, where hands are in the dough.
pub const IDLE_SECONDS: i64 = 30 * 60;

/// When a session began, and when it was last used.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub begun: DataHora,
    pub used: DataHora,
}

impl Times {
    /// Whether it has ended by itself, for one that acts with this role.
    pub fn are_over(self, papel: Papel, now: DataHora) -> bool {
        let idles = papel.includes(Papel::Balcao);
        now >= self.begun.mais(ABSOLUTE_SECONDS) || (idles && now >= self.used.mais(IDLE_SECONDS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_after_half_an_hour_without_a_request_or_half_a_day() {
        let begun: DataHora = "2026-11-24T02:48:36Z".parse().unwrap();
        let over = |papel, used, now| {
            let times = Times { begun, used: begun.mais(used) };
            times.are_over(papel, begun.mais(now))
        };
        assert!(!over(Papel::Balcao, 600, 600 + 1799) && over(Papel::Balcao, 600, 600 + 1800));
        assert!(!over(Papel::Cozinha, 0, 43_199) && over(Papel::Cozinha, 43_199, 43_200));
        assert!(over(Papel::Gerente, 43_199, 43_200));
    }
}
