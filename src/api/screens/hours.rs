//! The service hours as a form: pairs of times for each day of the week, and dates on which others hold. What is typed becomes
//! the body of a `PUT /restaurante`, which reads it as that of any client.

use serde_json::{Value, json};

use crate::{
    domain::{
        horario::{Dia, Excecao, Turno},
        restaurante::Agora,
    },
    error::FieldError,
};

/// From and to, as typed.
type Span = (String, String);

/// As people write the days that `Dia` names.
const DAYS: [(&str, &str); 7] = [
    ("segunda", "Segunda"),
    ("terca", "Terça"),
    ("quarta", "Quarta"),
    ("quinta", "Quinta"),
    ("sexta", "Sexta"),
    ("sabado", "Sábado"),
    ("domingo", "Domingo"),
];

/// A day of the week.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// As it is sent.
    pub dia: &'static str,
    /// As people write it.
    pub name: &'static str,
    pub spans: Vec<Span>,
}

/// A date on which other hours hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Date {
    pub data: String,
    pub motivo: String,
    pub spans: Vec<Span>,
}

/// What the form shows, or what was typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    pub week: Vec<Day>,
    pub dates: Vec<Date>,
}

/// What the times of a form belong to that come next.
#[derive(Clone, Copy)]
enum Place {
    Day(usize),
    LastDate,
}

impl Hours {
    fn empty() -> Hours {
        let day = |(dia, name)| Day { dia, name, spans: Vec::new() };
        Hours { week: DAYS.map(day).to_vec(), dates: Vec::new() }
    }

    /// As it is stored, with room for one more of each.
    pub fn of(stored: &Agora) -> Hours {
        let span = |turno: &Turno| (turno.abre.to_string(), turno.fecha.to_string());
        let mut hours = Hours::empty();
        for day in &mut hours.week {
            let is_of = |dia: Dia| dia.to_string() == day.dia;
            day.spans = stored.horarios.iter().filter(|t| is_of(t.dia)).map(|t| span(&t.turno)).collect();
        }
        let date = |excecao: &Excecao| Date {
            data: excecao.data.to_string(),
            motivo: excecao.motivo.clone().unwrap_or_default(),
            spans: excecao.horarios.iter().map(span).collect(),
        };
        hours.dates = stored.excecoes.iter().map(date).collect();
        hours.with_room()
    }

    /// As it was sent: each `dia` or `data` stands before the times of it.
    pub fn sent(body: &[u8]) -> Hours {
        let mut hours = Hours::empty();
        let mut place = None;
        for (name, value) in form_urlencoded::parse(body) {
            let value = value.into_owned();
            match &*name {
                "dia" => place = hours.week.iter().position(|day| day.dia == value).map(Place::Day),
                "data" => {
                    hours.dates.push(Date { data: value, ..Date::default() });
                    place = Some(Place::LastDate);
                }
                "motivo" => {
                    hours.dates.iter_mut().last().into_iter().for_each(|date| date.motivo = value.clone())
                }
                "abre" => hours.spans(place).into_iter().for_each(|s| s.push((value.clone(), String::new()))),
                "fecha" => {
                    let last = hours.spans(place).and_then(|spans| spans.last_mut());
                    last.into_iter().for_each(|span| span.1 = value.clone());
                }
                _ => {}
            }
        }
        let is_typed = |span: &Span| !(span.0.is_empty() && span.1.is_empty());
        hours.week.iter_mut().for_each(|day| day.spans.retain(is_typed));
        hours.dates.iter_mut().for_each(|date| date.spans.retain(is_typed));
        hours.dates.retain(|date| !date.data.is_empty());
        hours
    }

    fn spans(&mut self, place: Option<Place>) -> Option<&mut Vec<Span>> {
        match place? {
            Place::Day(n) => self.week.get_mut(n).map(|day| &mut day.spans),
            Place::LastDate => self.dates.last_mut().map(|date| &mut date.spans),
        }
    }

    /// With an empty pair of times for each day, and an empty date.
    pub fn with_room(mut self) -> Hours {
        self.dates.push(Date::default());
        let days = self.week.iter_mut().map(|day| &mut day.spans);
        days.chain(self.dates.iter_mut().map(|date| &mut date.spans))
            .for_each(|spans| spans.push(Span::default()));
        self
    }

    /// The fields of the body.
    pub fn body(&self) -> Value {
        let span = |(abre, fecha): &Span| json!({"abre": abre, "fecha": fecha});
        let of_day = |day: &Day| {
            let dia = day.dia;
            day.spans
                .iter()
                .map(|(abre, fecha)| json!({"dia": dia, "abre": abre, "fecha": fecha}))
                .collect::<Vec<_>>()
        };
        let horarios: Vec<Value> = self.week.iter().flat_map(of_day).collect();
        let date = |date: &Date| {
            let horarios: Vec<Value> = date.spans.iter().map(span).collect();
            json!({"data": date.data, "motivo": date.motivo, "horarios": horarios})
        };
        let excecoes: Vec<Value> = self.dates.iter().map(date).collect();
        json!({"horarios": horarios, "excecoes": excecoes})
    }

    /// What is wrong with it, in a sentence that names the day.
    pub fn fault(&self, error: &FieldError) -> String {
        let days = self.week.iter().flat_map(|day| day.spans.iter().map(|_| day.name.to_owned()));
        let place = match error.campo.split_once('[').map(|(list, _)| list) {
            Some("horarios") => line_of(&error.campo).and_then(|n| days.into_iter().nth(n)),
            Some("excecoes") => {
                line_of(&error.campo).and_then(|n| self.dates.get(n)).map(|date| date.data.clone())
            }
            _ => None,
        };
        let what = match error.campo.rsplit('.').next() {
            Some("abre") => "a hora de abrir ",
            Some("fecha") => "a hora de fechar ",
            Some("data") => "a data ",
            Some("motivo") => "o motivo ",
            _ => "",
        };
        match place {
            Some(place) => format!("{place}: {what}{}.", error.mensagem),
            None => format!("{}.", error.sentence()),
        }
    }
}

/// The first number in brackets.
fn line_of(campo: &str) -> Option<usize> {
    campo.split_once('[')?.1.split_once(']')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_belong_to_what_stands_before_them() {
        let form = "abre=01:00&dia=segunda&abre=18:00&fecha=23:00&abre=&fecha=&dia=terca&abre=&fecha=&dia=nenhum&abre=02:00\
                    &data=2026-12-25&motivo=Natal&abre=&fecha=&data=2026-12-31&motivo=&abre=12:00&fecha=&data=&motivo=x&abre=03:00";
        let hours = Hours::sent(form.as_bytes());
        let body = hours.body();
        assert_eq!(body["horarios"], json!([{"dia": "segunda", "abre": "18:00", "fecha": "23:00"}]));
        let dates = json!([
            {"data": "2026-12-25", "motivo": "Natal", "horarios": []},
            {"data": "2026-12-31", "motivo": "", "horarios": [{"abre": "12:00", "fecha": ""}]},
        ]);
        assert_eq!(body["excecoes"], dates);
        let error = |campo: &str| FieldError { campo: campo.into(), mensagem: "falta".into() };
        assert_eq!(hours.fault(&error("horarios[0].fecha")), "Segunda: a hora de fechar falta.");
        assert_eq!(hours.fault(&error("excecoes[1].horarios[0].abre")), "2026-12-31: a hora de abrir falta.");
        assert_eq!(hours.fault(&error("horarios[9].fecha")), "«horarios[9].fecha» falta.");
    }

    proptest! {
        #[test]
        fn no_form_makes_it_panic(body in "[a-z=&:0-9]{0,60}", campo in "\\PC{0,20}") {
            let hours = Hours::sent(body.as_bytes()).with_room();
            let _ = (hours.body(), hours.fault(&FieldError { campo, mensagem: String::new() }));
        }
    }
}
