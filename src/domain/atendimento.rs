//! When the restaurant takes orders: hours of the week, dates with other hours, and a pause.
//!
//! - No hours: always, but on the dates with other hours.
//! - A span belongs to the day on which it begins, and may end on the next. A date with other hours has those and no others;
//!   what began on the day before runs to its end.
//! - Times of day become moments by the zone. One that the clocks jump over is as much later; of one that comes twice, where
//!   they are put back, the first counts.
//! - A pause goes before all hours.

use jiff::{
    civil::{Date, Time},
    tz::TimeZone,
};

use super::{
    data_hora::DataHora,
    horario::{Excecao, Turno, TurnoSemanal},
    prazo::Prazo,
};

/// A restaurant that is closed for longer does not say when it opens.
const CLOSED_DAYS: usize = 400;
/// One that is open for longer does not say when it closes: it may be open for ever.
const OPEN_SECONDS: i64 = 8 * 24 * 60 * 60;

/// What decides whether orders are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Atendimento {
    pub semana: Vec<TurnoSemanal>,
    pub excecoes: Vec<Excecao>,
    pub pausa: Option<Prazo>,
}

/// Whether orders are taken at a moment, and when that changes; `None` where that is not in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Situacao {
    Aberto { fecha: Option<DataHora> },
    Fechado { abre: Option<DataHora> },
    EmPausa { volta: Option<DataHora> },
}

impl Situacao {
    /// Whether orders are taken.
    pub fn is_open(self) -> bool {
        matches!(self, Situacao::Aberto { .. })
    }

    /// When that changes.
    pub fn changes_at(self) -> Option<DataHora> {
        match self {
            Situacao::Aberto { fecha: at }
            | Situacao::Fechado { abre: at }
            | Situacao::EmPausa { volta: at } => at,
        }
    }

    /// For a customer, in Portuguese.
    pub fn sentence(self, now: DataHora, zone: &TimeZone) -> String {
        let when = self.changes_at().map(|at| moment(at, now, zone));
        match (self, when) {
            (Situacao::Aberto { .. }, None) => "Estamos abertos".to_owned(),
            (Situacao::Aberto { .. }, Some(when)) => format!("Estamos abertos; fechamos {when}"),
            (Situacao::Fechado { .. }, None) => {
                "Estamos fechados e ainda não sabemos quando abrimos".to_owned()
            }
            (Situacao::Fechado { .. }, Some(when)) => format!("Estamos fechados; abrimos {when}"),
            (Situacao::EmPausa { .. }, None) => {
                "Estamos em pausa e não aceitamos pedidos agora; pergunte no balcão quando voltamos"
                    .to_owned()
            }
            (Situacao::EmPausa { .. }, Some(when)) => format!("Estamos em pausa; voltamos {when}"),
        }
    }
}

impl Atendimento {
    /// How it is at this moment, in this zone.
    pub fn at(&self, now: DataHora, zone: &TimeZone) -> Situacao {
        let Some(pausa) = self.pausa.filter(|pausa| pausa.holds(now)) else {
            return self.by_hours(now, zone);
        };
        let volta = pausa.end().and_then(|end| match self.by_hours(end, zone) {
            Situacao::Aberto { .. } => Some(end),
            closed => closed.changes_at(),
        });
        Situacao::EmPausa { volta }
    }

    /// As if there were no pause. Spans that overlap or meet are one.
    fn by_hours(&self, now: DataHora, zone: &TimeZone) -> Situacao {
        if self.semana.is_empty() && self.excecoes.is_empty() {
            return Situacao::Aberto { fecha: None };
        }
        let today = now.civil(zone).date();
        // What began before yesterday is over.
        let first = today.yesterday().unwrap_or(today);
        let in_sight = now.mais(OPEN_SECONDS);
        let mut open_until: Option<DataHora> = None;
        for (from, until) in days(first).flat_map(|day| self.spans(day, zone)) {
            match open_until {
                Some(end) if from > end || end > in_sight => break,
                Some(end) => open_until = Some(end.max(until)),
                None if from > now => return Situacao::Fechado { abre: Some(from) },
                None if until > now => open_until = Some(until),
                None => {}
            }
        }
        match open_until {
            Some(end) => Situacao::Aberto { fecha: Some(end).filter(|end| *end <= in_sight) },
            None => Situacao::Fechado { abre: None },
        }
    }

    /// The spans that begin on this day, as moments, in their order.
    fn spans(&self, day: Date, zone: &TimeZone) -> Vec<(DataHora, DataHora)> {
        let exception = self.excecoes.iter().find(|excecao| excecao.data.date() == day);
        let hours: Vec<(Time, Time)> = match exception {
            Some(excecao) => excecao.horarios.iter().map(times).collect(),
            None if self.semana.is_empty() => vec![(Time::midnight(), Time::midnight())],
            None => {
                let of_day = self.semana.iter().filter(|turno| turno.dia.weekday() == day.weekday());
                of_day.map(|turno| times(&turno.turno)).collect()
            }
        };
        let moments = |(opens, closes): (Time, Time)| {
            let last = if closes > opens { day } else { day.tomorrow().ok()? };
            let from = DataHora::of_civil(day.to_datetime(opens), zone)?;
            Some((from, DataHora::of_civil(last.to_datetime(closes), zone)?))
        };
        let mut spans: Vec<_> =
            hours.into_iter().filter_map(moments).filter(|(from, until)| from < until).collect();
        spans.sort_unstable();
        spans
    }
}

fn times(turno: &Turno) -> (Time, Time) {
    (turno.abre.time(), turno.fecha.time())
}

/// This day and those behind it, as far as is looked.
fn days(first: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |day| day.tomorrow().ok()).take(CLOSED_DAYS)
}

/// A moment ahead as people say it: `hoje às 18:00`.
fn moment(at: DataHora, now: DataHora, zone: &TimeZone) -> String {
    const DAYS: [&str; 7] = [
        "na segunda-feira",
        "na terça-feira",
        "na quarta-feira",
        "na quinta-feira",
        "na sexta-feira",
        "no sábado",
        "no domingo",
    ];
    let (then, today) = (at.civil(zone), now.civil(zone).date());
    let day = match days(today).position(|day| day == then.date()) {
        Some(0) => "hoje".to_owned(),
        Some(1) => "amanhã".to_owned(),
        Some(2..=6) => DAYS[then.weekday().to_monday_zero_offset() as usize].to_owned(),
        _ => format!("em {:02}/{:02}", then.day(), then.month()),
    };
    let at = if then.hour() == 1 { "à" } else { "às" };
    format!("{day} {at} {:02}:{:02}", then.hour(), then.minute())
}

#[cfg(test)]
mod tests {
    use jiff::civil::DateTime;
    use proptest::prelude::*;

    use super::{
        super::{data_hora::SAO_PAULO, horario::Dia},
        *,
    };

    static NEW_YORK: TimeZone = jiff::tz::get!("America/New_York");

    fn turno(abre: &str, fecha: &str) -> Turno {
        Turno { abre: abre.parse().unwrap(), fecha: fecha.parse().unwrap() }
    }

    fn week(spans: &[(&str, &str, &str)]) -> Atendimento {
        let span = |(dia, abre, fecha): &(&str, &str, &str)| TurnoSemanal {
            dia: dia.parse().unwrap(),
            turno: turno(abre, fecha),
        };
        Atendimento { semana: spans.iter().map(span).collect(), ..Atendimento::default() }
    }

    fn except(mut hours: Atendimento, data: &str, horarios: Vec<Turno>) -> Atendimento {
        hours.excecoes.push(Excecao { data: data.parse().unwrap(), motivo: None, horarios });
        hours
    }

    fn local(text: &str, zone: &TimeZone) -> DataHora {
        DataHora::of_civil(text.parse().unwrap(), zone).unwrap()
    }

    /// What holds at a local time of this zone, and when it changes, in local time.
    fn in_zone(hours: &Atendimento, text: &str, zone: &TimeZone) -> (char, Option<String>) {
        let situacao = hours.at(local(text, zone), zone);
        let letter = match situacao {
            Situacao::Aberto { .. } => 'a',
            Situacao::Fechado { .. } => 'f',
            Situacao::EmPausa { .. } => 'p',
        };
        (letter, situacao.changes_at().map(|at| at.civil(zone).strftime("%m-%d %H:%M").to_string()))
    }

    #[track_caller]
    fn check(hours: &Atendimento, expected: &[(&str, char, &str)]) {
        for (text, letter, change) in expected {
            let change = (!change.is_empty()).then(|| (*change).to_owned());
            assert_eq!(in_zone(hours, text, &SAO_PAULO), (*letter, change), "{text}");
        }
    }

    #[test]
    fn without_hours_it_is_always_open() {
        check(&Atendimento::default(), &[("2026-11-24 03:00", 'a', "")]);
        let every_day: Vec<_> = Dia::names().iter().map(|dia| (*dia, "00:00", "00:00")).collect();
        check(&week(&every_day), &[("2026-11-24 03:00", 'a', ""), ("2026-11-24 00:00", 'a', "")]);
    }

    #[test]
    fn several_spans_a_day_and_past_midnight() {
        // The 24th of November 2026 is a Tuesday.
        let hours = week(&[
            ("terca", "18:00", "02:00"),
            ("terca", "11:00", "15:00"),
            ("quarta", "02:00", "03:00"),
            ("sabado", "22:00", "22:00"),
        ]);
        check(
            &hours,
            &[
                ("2026-11-24 10:59:59", 'f', "11-24 11:00"),
                ("2026-11-24 11:00", 'a', "11-24 15:00"),
                ("2026-11-24 14:59:59", 'a', "11-24 15:00"),
                ("2026-11-24 15:00", 'f', "11-24 18:00"),
                // Spans that meet are one.
                ("2026-11-24 18:00", 'a', "11-25 03:00"),
                ("2026-11-25 02:30", 'a', "11-25 03:00"),
                ("2026-11-25 03:00", 'f', "11-28 22:00"),
                // A day and a night.
                ("2026-11-29 21:59", 'a', "11-29 22:00"),
                ("2026-11-29 22:00", 'f', "12-01 11:00"),
            ],
        );
    }

    #[test]
    fn a_holiday_takes_the_hours_of_its_date_and_not_of_the_night_before() {
        let hours = week(&[("quinta", "18:00", "02:00"), ("sexta", "18:00", "02:00")]);
        // Christmas of 2026 is a Friday.
        let closed = except(hours.clone(), "2026-12-25", vec![]);
        check(
            &closed,
            &[
                ("2026-12-24 20:00", 'a', "12-25 02:00"),
                ("2026-12-25 01:00", 'a', "12-25 02:00"),
                ("2026-12-25 02:00", 'f', "12-31 18:00"),
                ("2026-12-25 20:00", 'f', "12-31 18:00"),
            ],
        );
        let lunch = except(hours, "2026-12-25", vec![turno("12:00", "16:00")]);
        check(&lunch, &[("2026-12-25 02:00", 'f', "12-25 12:00"), ("2026-12-25 20:00", 'f', "12-31 18:00")]);
        // Where there are no hours, a holiday alone closes.
        let only = except(Atendimento::default(), "2026-12-25", vec![]);
        check(
            &only,
            &[
                ("2026-12-01 12:00", 'a', ""),
                ("2026-12-24 12:00", 'a', "12-25 00:00"),
                ("2026-12-25 00:00", 'f', "12-26 00:00"),
            ],
        );
    }

    #[test]
    fn who_never_opens_again_says_nothing() {
        let never = except(Atendimento::default(), "2026-12-25", vec![]);
        let closed_for_good = (0..500).fold(never, |hours, n| {
            let day = "2026-12-26".parse::<Date>().unwrap().checked_add(jiff::ToSpan::days(n)).unwrap();
            except(hours, &day.to_string(), vec![])
        });
        check(&closed_for_good, &[("2026-12-25 12:00", 'f', "")]);
    }

    #[test]
    fn a_pause_ends_into_the_hours_that_hold_then() {
        let hours = week(&[("terca", "11:00", "15:00"), ("quarta", "11:00", "15:00")]);
        let now = local("2026-11-24 14:00", &SAO_PAULO);
        let paused = |pausa| Atendimento { pausa: Some(pausa), ..hours.clone() };
        check(&paused(Prazo::of_minutes(30, now)), &[("2026-11-24 14:00", 'p', "11-24 14:30")]);
        check(&paused(Prazo::of_minutes(30, now)), &[("2026-11-24 14:30", 'a', "11-24 15:00")]);
        check(&paused(Prazo::of_minutes(60, now)), &[("2026-11-24 14:00", 'p', "11-25 11:00")]);
        check(&paused(Prazo::WITHOUT_END), &[("2026-11-24 14:00", 'p', ""), ("2026-11-25 16:00", 'p', "")]);
    }

    #[test]
    fn where_clocks_jump_forward_the_hour_that_is_not_there_is_later() {
        // On the 8th of March 2026, a Sunday, it is three o'clock after two.
        let hours = week(&[("domingo", "02:30", "05:00"), ("sabado", "22:00", "02:15")]);
        let zone = &NEW_YORK;
        assert_eq!(in_zone(&hours, "2026-03-07 23:00", zone), ('a', Some("03-08 03:15".into())));
        assert_eq!(in_zone(&hours, "2026-03-08 03:20", zone), ('f', Some("03-08 03:30".into())));
        assert_eq!(in_zone(&hours, "2026-03-08 04:00", zone), ('a', Some("03-08 05:00".into())));
        // In São Paulo it was midnight that was not there.
        let night = week(&[("domingo", "00:00", "04:00")]);
        assert_eq!(in_zone(&night, "2018-11-03 20:00", &SAO_PAULO), ('f', Some("11-04 01:00".into())));
    }

    #[test]
    fn where_clocks_are_put_back_the_first_of_two_counts() {
        // On the 1st of November 2026, a Sunday, it is one o'clock twice.
        let hours = week(&[("sabado", "22:00", "01:30")]);
        let end = hours.at(local("2026-10-31 23:00", &NEW_YORK), &NEW_YORK).changes_at().unwrap();
        assert_eq!(end.to_string(), "2026-11-01T05:30:00Z");
        assert!(!hours.at(end.mais(3600), &NEW_YORK).is_open());
    }

    #[test]
    fn people_are_told_when() {
        let hours = week(&[("terca", "11:00", "15:00"), ("sabado", "01:00", "02:00")]);
        let say = |hours: &Atendimento, text: &str| {
            let now = local(text, &SAO_PAULO);
            hours.at(now, &SAO_PAULO).sentence(now, &SAO_PAULO)
        };
        assert_eq!(say(&hours, "2026-11-24 09:00"), "Estamos fechados; abrimos hoje às 11:00");
        assert_eq!(say(&hours, "2026-11-23 09:00"), "Estamos fechados; abrimos amanhã às 11:00");
        assert_eq!(say(&hours, "2026-11-24 16:00"), "Estamos fechados; abrimos no sábado à 01:00");
        let closed = except(except(hours, "2026-11-28", vec![]), "2026-12-01", vec![]);
        assert_eq!(say(&closed, "2026-11-24 16:00"), "Estamos fechados; abrimos em 05/12 à 01:00");
        assert_eq!(say(&closed, "2026-11-24 12:00"), "Estamos abertos; fechamos hoje às 15:00");
    }

    fn any_turno() -> impl Strategy<Value = Turno> {
        let hour = (0..24i8, prop::sample::select(vec![0i8, 15, 30, 59]));
        (hour.clone(), hour)
            .prop_map(|((a, b), (c, d))| turno(&format!("{a:02}:{b:02}"), &format!("{c:02}:{d:02}")))
    }

    prop_compose! {
        /// Hours, with other hours about the days on which clocks change in New York.
        fn any_hours()(
            spans in prop::collection::vec((0..7usize, any_turno()), 0..8),
            dates in prop::collection::btree_map(
                prop::sample::select(vec!["2026-03-07", "2026-03-08", "2026-03-09", "2026-11-01", "2026-11-02"]),
                prop::collection::vec(any_turno(), 0..3),
                0..4,
            ),
        ) -> Atendimento {
            let semana = spans.into_iter().map(|(day, turno)| TurnoSemanal { dia: Dia::names()[day].parse().unwrap(), turno });
            let excecoes = dates.into_iter().map(|(data, horarios)| Excecao { data: data.parse().unwrap(), motivo: None, horarios });
            Atendimento { semana: semana.collect(), excecoes: excecoes.collect(), pausa: None }
        }
    }

    /// By the words of the rule, in a week in which no clock is changed.
    fn is_open_by_the_clock_on_the_wall(hours: &Atendimento, now: DateTime) -> bool {
        let on = |day: Date| match hours.excecoes.iter().find(|e| e.data.date() == day) {
            Some(excecao) => excecao.horarios.clone(),
            None if hours.semana.is_empty() => vec![turno("00:00", "00:00")],
            None => {
                let of_day = hours.semana.iter().filter(|t| t.dia.weekday() == day.weekday());
                of_day.map(|t| t.turno).collect()
            }
        };
        let (today, yesterday) = (now.date(), now.date().yesterday().unwrap());
        let time = now.time();
        let today = on(today).iter().any(|turno| {
            let (abre, fecha) = times(turno);
            time >= abre && (fecha <= abre || time < fecha)
        });
        let since_yesterday = on(yesterday).iter().any(|turno| {
            let (abre, fecha) = times(turno);
            fecha <= abre && time < fecha
        });
        today || since_yesterday
    }

    proptest! {
        #[test]
        fn it_is_open_when_the_clock_on_the_wall_says_so(hours in any_hours(), minute in 0..7 * 24 * 60i64) {
            let now = local("2026-03-05 00:00", &SAO_PAULO).mais(minute * 60);
            let expected = is_open_by_the_clock_on_the_wall(&hours, now.civil(&SAO_PAULO));
            prop_assert_eq!(hours.at(now, &SAO_PAULO).is_open(), expected);
        }

        #[test]
        fn it_changes_when_it_says_so_and_not_before(hours in any_hours(), minute in 0..4 * 24 * 60i64, autumn in any::<bool>()) {
            let start = if autumn { "2026-10-30 00:00" } else { "2026-03-06 00:00" };
            let now = local(start, &NEW_YORK).mais(minute * 60 + 7);
            let situacao = hours.at(now, &NEW_YORK);
            if let Some(change) = situacao.changes_at() {
                prop_assert!(change > now);
                prop_assert_ne!(hours.at(change, &NEW_YORK).is_open(), situacao.is_open());
                let mut between = now;
                while between < change && between < now.mais(3 * 86_400) {
                    prop_assert_eq!(hours.at(between, &NEW_YORK).is_open(), situacao.is_open());
                    between = between.mais(13 * 60);
                }
                prop_assert_eq!(hours.at(change.mais(-1), &NEW_YORK).is_open(), situacao.is_open());
            }
        }
    }
}
