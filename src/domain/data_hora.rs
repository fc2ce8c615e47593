//! A moment, to the second, in UTC; and the restaurant's day, which is São Paulo's.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, ToSpan, civil::DateTime, tz::TimeZone};
use serde::{Serialize, Serializer};

/// The zone in which the restaurant lives; another cannot be set yet.
pub static SAO_PAULO: TimeZone = jiff::tz::get!("America/Sao_Paulo");

/// A moment: whole seconds, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataHora(Timestamp);

impl DataHora {
    /// The end of the calendar.
    pub const LAST: DataHora = DataHora(Timestamp::MAX);

    /// Since 1970.
    pub fn segundos(self) -> i64 {
        self.0.as_second()
    }

    /// That much later; the end of the calendar is as late as it gets.
    pub fn mais(self, segundos: i64) -> DataHora {
        DataHora::de_segundos(self.segundos().saturating_add(segundos)).unwrap_or(DataHora::LAST)
    }

    /// So many months of the calendar before; the last day of the month where it has no such day.
    pub fn months_before(self, months: u16) -> Option<DataHora> {
        let before = TimeZone::UTC.to_datetime(self.0).checked_sub(i64::from(months).months()).ok()?;
        DataHora::de_civil(before)
    }

    /// `None` outside the calendar.
    pub fn de_segundos(segundos: i64) -> Option<DataHora> {
        Timestamp::from_second(segundos).ok().map(DataHora)
    }

    /// As both databases keep it: `2026-11-24 02:48:36`.
    pub fn sql(self) -> String {
        self.0.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// For names of files, which it puts in order: `20261124T024836Z`.
    pub fn compact(self) -> String {
        self.0.strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// Reads what `sql` writes; a fraction of a second is dropped.
    pub fn de_sql(texto: &str) -> Option<DataHora> {
        DataHora::de_civil(texto.split('.').next()?.parse().ok()?)
    }

    /// Of a date and time of day in UTC. `None` beyond the calendar.
    pub fn de_civil(civil: DateTime) -> Option<DataHora> {
        DataHora::of_civil(civil, &TimeZone::UTC)
    }

    /// Date and time of day in this zone.
    pub fn civil(self, zone: &TimeZone) -> DateTime {
        zone.to_datetime(self.0)
    }

    /// Of a date and time of day in this zone: as much later where the clocks jump over it, the first where it comes twice.
    /// `None` beyond the calendar.
    pub fn of_civil(civil: DateTime, zone: &TimeZone) -> Option<DataHora> {
        zone.to_timestamp(civil).ok().map(DataHora)
    }

    /// When the next day begins in São Paulo: at midnight, or, where the clocks jump over that, right behind it.
    pub fn tomorrow(self) -> DataHora {
        let tomorrow = self.civil(&SAO_PAULO).date().tomorrow().ok();
        let start = tomorrow.and_then(|day| DataHora::of_civil(day.at(0, 0, 0, 0), &SAO_PAULO));
        start.unwrap_or(DataHora::LAST)
    }

    /// The time of day in São Paulo, for people: `23:48`.
    pub fn hora(self) -> String {
        self.0.to_zoned_datetime(SAO_PAULO.clone()).strftime("%H:%M").to_string()
    }

    /// The business day in São Paulo: `2026-11-23`.
    pub fn dia(self) -> String {
        self.0.to_zoned_datetime(SAO_PAULO.clone()).date().to_string()
    }
}

/// Reads RFC 3339; without an offset it is UTC, as the original wrote its times.
impl FromStr for DataHora {
    type Err = &'static str;

    fn from_str(texto: &str) -> Result<DataHora, Self::Err> {
        let momento = texto.parse::<Timestamp>().or_else(|_| format!("{texto}Z").parse::<Timestamp>());
        let inteiro = momento.and_then(|m| Timestamp::from_second(m.as_second()));
        inteiro.map(DataHora).map_err(|_| "deve ser uma data e hora como 2026-11-24T02:48:36Z")
    }
}

impl fmt::Display for DataHora {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for DataHora {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_moment_in_sql_on_the_wire_and_in_seconds() {
        let momento: DataHora = "2026-11-24T02:48:36Z".parse().unwrap();
        assert_eq!(momento.to_string(), "2026-11-24T02:48:36Z");
        assert_eq!(momento.sql(), "2026-11-24 02:48:36");
        assert_eq!(momento.compact(), "20261124T024836Z");
        assert_eq!(DataHora::de_sql("2026-11-24 02:48:36"), Some(momento));
        assert_eq!(DataHora::de_sql("2026-11-24 02:48:36.000000"), Some(momento));
        assert_eq!(DataHora::de_segundos(momento.segundos()), Some(momento));
        assert_eq!("2026-11-24T02:48:36".parse(), Ok(momento));
        assert_eq!("2026-11-23T23:48:36-03:00".parse(), Ok(momento));
    }

    #[test]
    fn months_before_are_those_of_the_calendar() {
        let before =
            |t: &str, months| t.parse::<DataHora>().unwrap().months_before(months).unwrap().to_string();
        assert_eq!(before("2026-11-24T02:48:36Z", 24), "2024-11-24T02:48:36Z");
        assert_eq!(before("2026-03-31T12:00:00Z", 1), "2026-02-28T12:00:00Z");
    }

    #[test]
    fn the_day_turns_at_midnight_in_sao_paulo() {
        let dia = |t: &str| t.parse::<DataHora>().unwrap().dia();
        assert_eq!(dia("2026-11-24T02:59:59Z"), "2026-11-23");
        assert_eq!(dia("2026-11-24T03:00:00Z"), "2026-11-24");
        // In the summer of 2018 the clocks were one hour ahead.
        assert_eq!(dia("2018-12-24T01:59:59Z"), "2018-12-23");
        assert_eq!(dia("2018-12-24T02:00:00Z"), "2018-12-24");
    }

    #[test]
    fn the_next_day_begins_where_the_clocks_jump_over_midnight_too() {
        let tomorrow = |t: &str| t.parse::<DataHora>().unwrap().tomorrow().to_string();
        assert_eq!(tomorrow("2026-11-24T02:59:59Z"), "2026-11-24T03:00:00Z");
        assert_eq!(tomorrow("2026-11-24T03:00:00Z"), "2026-11-25T03:00:00Z");
        // On the 4th of November 2018 there was no hour from midnight to one.
        assert_eq!(tomorrow("2018-11-03T12:00:00Z"), "2018-11-04T03:00:00Z");
    }
}
