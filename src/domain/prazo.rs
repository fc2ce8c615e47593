//! How long something holds that somebody has said: that a product is sold out, that the restaurant makes a pause. It ends by
//! itself, with nothing written: whoever asks compares it with the clock.

use super::data_hora::DataHora;

/// Minutes at most; what lasts longer is until tomorrow, or without an end.
pub const MINUTOS_MAX: i64 = 24 * 60;

/// Until a moment, or until somebody says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prazo(DataHora);

impl Prazo {
    /// Until somebody says otherwise; stored as the end of the calendar.
    pub const WITHOUT_END: Prazo = Prazo(DataHora::LAST);

    /// For so long from now on.
    pub fn of_minutes(minutes: i64, now: DataHora) -> Prazo {
        Prazo(now.mais(minutes.saturating_mul(60)))
    }

    /// Until the next day begins.
    pub fn until_tomorrow(now: DataHora) -> Prazo {
        Prazo(now.tomorrow())
    }

    /// As it was stored.
    pub fn stored(until: DataHora) -> Prazo {
        Prazo(until)
    }

    /// What is stored.
    pub fn until(self) -> DataHora {
        self.0
    }

    /// Whether it still holds.
    pub fn holds(self, now: DataHora) -> bool {
        now < self.0
    }

    /// When it ends by itself.
    pub fn end(self) -> Option<DataHora> {
        // What is stored has no fraction of the last second.
        (self.0.segundos() < DataHora::LAST.segundos()).then_some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(t: &str) -> DataHora {
        t.parse().unwrap()
    }

    #[test]
    fn it_holds_until_its_end_and_no_longer() {
        let now = at("2026-11-24T02:30:00Z");
        let half_an_hour = Prazo::of_minutes(30, now);
        assert!(half_an_hour.holds(now) && half_an_hour.holds(at("2026-11-24T02:59:59Z")));
        assert!(!half_an_hour.holds(at("2026-11-24T03:00:00Z")));
        assert_eq!(half_an_hour.end(), Some(at("2026-11-24T03:00:00Z")));
        // In São Paulo it is half past eleven at night.
        assert_eq!(Prazo::until_tomorrow(now).end(), Some(at("2026-11-24T03:00:00Z")));
        assert_eq!(Prazo::until_tomorrow(at("2026-11-24T03:00:00Z")).end(), Some(at("2026-11-25T03:00:00Z")));
    }

    #[test]
    fn what_has_no_end_has_none_after_it_was_stored_either() {
        let stored = DataHora::de_sql(&Prazo::WITHOUT_END.until().sql()).unwrap();
        assert_eq!(Prazo::stored(stored).end(), None);
        assert!(Prazo::stored(stored).holds(at("9999-12-30T21:59:58Z")));
    }
}
