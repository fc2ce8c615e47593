//! The words of service hours: times of day, days of the week, spans, and dates on which other hours hold.

use std::{fmt, str::FromStr};

use jiff::civil::{Date, Time, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::ToSchema;

/// Spans of a week, and of one date.
pub const TURNOS_MAX: usize = 50;
/// Dates with other hours.
pub const EXCECOES_MAX: usize = 100;
/// Characters of the reason for other hours.
pub const MOTIVO_MAX: usize = 60;

/// A time of day, to the minute: `18:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hora(Time);

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dia(Weekday);

/// A date of the calendar: `2026-12-25`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data(Date);

/// From a time of day to another; where that is not later it is on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Turno {
    #[schema(value_type = String, example = "18:00")]
    pub abre: Hora,
    /// On the next day where it is not later than `abre`.
    #[schema(value_type = String, example = "02:00")]
    pub fecha: Hora,
}

/// A span on a day of each week; it is of the day on which it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TurnoSemanal {
    /// `domingo`, `segunda`, `terca`, `quarta`, `quinta`, `sexta` or `sabado`.
    #[schema(value_type = String, example = "sexta")]
    pub dia: Dia,
    #[serde(flatten)]
    #[schema(inline)]
    pub turno: Turno,
}

/// A date on which other hours hold, or none: a holiday.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Excecao {
    #[schema(value_type = String, format = Date, example = "2026-12-25")]
    pub data: Data,
    /// For people.
    #[schema(example = "Natal")]
    pub motivo: Option<String>,
    /// None: closed all day.
    pub horarios: Vec<Turno>,
}

const DIAS: [(Weekday, &str); 7] = [
    (Weekday::Sunday, "domingo"),
    (Weekday::Monday, "segunda"),
    (Weekday::Tuesday, "terca"),
    (Weekday::Wednesday, "quarta"),
    (Weekday::Thursday, "quinta"),
    (Weekday::Friday, "sexta"),
    (Weekday::Saturday, "sabado"),
];

impl Hora {
    /// Of the calendar.
    pub fn time(self) -> Time {
        self.0
    }
}

impl Dia {
    /// All of them, as on the wire.
    pub fn names() -> [&'static str; 7] {
        DIAS.map(|(_, name)| name)
    }

    /// Of the calendar.
    pub fn weekday(self) -> Weekday {
        self.0
    }
}

impl Data {
    /// Of the calendar.
    pub fn date(self) -> Date {
        self.0
    }
}

impl From<Date> for Data {
    fn from(date: Date) -> Data {
        Data(date)
    }
}

impl FromStr for Hora {
    type Err = &'static str;

    fn from_str(texto: &str) -> Result<Hora, Self::Err> {
        let number = |part: &str| {
            let is_number = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            if is_number { part.parse::<i8>().ok() } else { None }
        };
        let parts = texto.trim().split_once(':').and_then(|(h, m)| Some((number(h)?, number(m)?)));
        let time = parts.and_then(|(hour, minute)| Time::new(hour, minute, 0, 0).ok());
        time.map(Hora).ok_or("deve ser uma hora do dia como 18:30")
    }
}

impl FromStr for Dia {
    type Err = String;

    fn from_str(texto: &str) -> Result<Dia, String> {
        let found = DIAS.iter().find(|(_, name)| *name == texto);
        found
            .map(|(day, _)| Dia(*day))
            .ok_or_else(|| format!("deve ser um destes: {}", Dia::names().join(", ")))
    }
}

impl FromStr for Data {
    type Err = &'static str;

    fn from_str(texto: &str) -> Result<Data, Self::Err> {
        let texto = texto.trim();
        let is_plain = texto.len() == 10 && texto.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = if is_plain { texto.parse().ok() } else { None };
        date.map(Data).ok_or("deve ser uma data como 2026-12-25")
    }
}

impl fmt::Display for Hora {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl fmt::Display for Dia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = DIAS.iter().find(|(day, _)| *day == self.0);
        f.write_str(found.map_or("", |(_, name)| name))
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Stored and shown as the text that is read.
macro_rules! as_text {
    ($($type:ty)*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}
as_text!(Hora Dia Data);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_time_day_or_date_is_refused() {
        for wrong in ["", "18", "18:3", "8:30", "24:00", "18:60", "18:30:00", "-1:30", "+1:30", "１８:30"] {
            assert!(wrong.parse::<Hora>().is_err(), "{wrong}");
        }
        for wrong in ["", "terça", "Sexta", "friday", "7"] {
            assert!(wrong.parse::<Dia>().is_err(), "{wrong}");
        }
        for wrong in ["", "2026-02-29", "25/12/2026", "2026-12-25T00:00", "20261225", "2026-W52-5"] {
            assert!(wrong.parse::<Data>().is_err(), "{wrong}");
        }
        assert_eq!(" 08:05 ".parse::<Hora>().map(|h| h.to_string()), Ok("08:05".to_owned()));
    }

    #[test]
    fn hours_survive_the_way_through_the_database() {
        let week = r#"[{"dia":"terca","abre":"18:00","fecha":"02:00"}]"#;
        let read: Vec<TurnoSemanal> = serde_json::from_str(week).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), week);
        let dates = r#"[{"data":"2026-12-25","motivo":"Natal","horarios":[]}]"#;
        let read: Vec<Excecao> = serde_json::from_str(dates).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), dates);
    }

    proptest! {
        #[test]
        fn no_text_makes_them_panic(texto in "\\PC{0,12}") {
            let _ = (texto.parse::<Hora>(), texto.parse::<Dia>(), texto.parse::<Data>());
        }
    }
}
