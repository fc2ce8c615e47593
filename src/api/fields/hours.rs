//! The types of the fields that say when the restaurant takes orders: lists of spans, each of whose fields is read on its own.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Object, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type,
        schema::{ArrayBuilder, KnownFormat},
    },
};

use super::{
    Errors, Fault, FromJson, body, read_list, read_object,
    types::{described, fields, read_text, text, text_or_none},
};
use crate::domain::horario::{
    Data, Dia, EXCECOES_MAX, Excecao, Hora, MOTIVO_MAX, TURNOS_MAX, Turno, TurnoSemanal,
};

const TIME: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";

fields! {
    HoraEnviada: json => Ok(HoraEnviada(read_text(json)?.parse()?)),
        text(5, 5).pattern(Some(TIME)).examples(["18:00"]);
    DiaEnviado: json => Ok(DiaEnviado(read_text(json)?.parse()?)),
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Dia::names())).examples(["sexta"]);
    DataEnviada: json => Ok(DataEnviada(read_text(json)?.parse()?)),
        ObjectBuilder::new().schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).examples(["2026-12-25"]);
    MotivoDaExcecao: json => Ok(MotivoDaExcecao(text_or_none(json, MOTIVO_MAX)?)),
        text(0, MOTIVO_MAX).description(Some("For people.")).examples(["Natal"]);
}

/// A time of day.
pub struct HoraEnviada(Hora);
/// A day of the week.
pub struct DiaEnviado(Dia);
/// A date.
pub struct DataEnviada(Data);
/// Why other hours hold; `None` when the text is empty.
pub struct MotivoDaExcecao(Option<String>);

body! {
    /// A span on a day of each week. It ends on the next day where `fecha` is not later than `abre`.
    TurnoSemanalEnviado {
        #[schema(required)]
        dia: DiaEnviado,
        #[schema(required)]
        abre: HoraEnviada,
        #[schema(required)]
        fecha: HoraEnviada,
    }
}

body! {
    /// A span on a date. It ends on the next day where `fecha` is not later than `abre`.
    TurnoEnviado {
        #[schema(required)]
        abre: HoraEnviada,
        #[schema(required)]
        fecha: HoraEnviada,
    }
}

body! {
    /// A date on which other hours hold than in other weeks.
    ExcecaoEnviada {
        #[schema(required)]
        data: DataEnviada,
        motivo: Option<MotivoDaExcecao>,
        /// None: closed all day.
        horarios: Option<Turnos>,
    }
}

/// The hours of a week.
pub struct Semana(pub Vec<TurnoSemanal>);
/// The spans of a date.
pub struct Turnos(Vec<Turno>);
/// The dates on which other hours hold.
pub struct Excecoes(pub Vec<Excecao>);

/// Declares a list of bodies: how each is read and described.
macro_rules! list {
    ($list:ident of $item:ident, $max:expr, $read:expr, $description:expr) => {
        impl FromJson for $list {
            fn from_json(json: &str) -> Result<Self, Fault> {
                read_list(json, 0..=$max, $read).and_then($list::checked)
            }
        }

        impl PartialSchema for $list {
            fn schema() -> RefOr<Schema> {
                let items = Ref::from_schema_name($item::name());
                ArrayBuilder::new().items(items).max_items(Some($max)).description(Some($description)).into()
            }
        }

        impl ToSchema for $list {
            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                schemas.push(($item::name().into(), $item::schema()));
                $item::schemas(schemas);
            }
        }
    };
}
list!(Semana of TurnoSemanalEnviado, TURNOS_MAX, weekly_span, "Every week. None: always open.");
list!(Turnos of TurnoEnviado, TURNOS_MAX, span, "None: closed all day.");
list!(Excecoes of ExcecaoEnviada, EXCECOES_MAX, exception, "Each date once. What began on the day before runs to its end.");

impl Semana {
    fn checked(turnos: Vec<TurnoSemanal>) -> Result<Semana, Fault> {
        Ok(Semana(turnos))
    }
}

impl Turnos {
    fn checked(turnos: Vec<Turno>) -> Result<Turnos, Fault> {
        Ok(Turnos(turnos))
    }
}

impl Excecoes {
    /// Of two that name one date nobody could tell which holds.
    fn checked(excecoes: Vec<Excecao>) -> Result<Excecoes, Fault> {
        let mut errors = Errors::default();
        for (n, excecao) in excecoes.iter().enumerate() {
            if excecoes[..n].iter().any(|before| before.data == excecao.data) {
                errors.note(&format!("[{n}].data"), "já está na lista");
            }
        }
        errors.or_inside(Some(Excecoes(excecoes)))
    }
}

fn weekly_span(json: &str) -> Result<TurnoSemanal, Fault> {
    let sent: TurnoSemanalEnviado = read_object(json)?;
    let mut errors = Errors::default();
    let dia = errors.required("dia", sent.dia);
    let turno = turno(&mut errors, TurnoEnviado { abre: sent.abre, fecha: sent.fecha });
    errors.or_inside(dia.zip(turno).map(|(DiaEnviado(dia), turno)| TurnoSemanal { dia, turno }))
}

fn span(json: &str) -> Result<Turno, Fault> {
    let sent: TurnoEnviado = read_object(json)?;
    let mut errors = Errors::default();
    let turno = turno(&mut errors, sent);
    errors.or_inside(turno)
}

fn turno(errors: &mut Errors, sent: TurnoEnviado) -> Option<Turno> {
    let abre = errors.required("abre", sent.abre);
    let fecha = errors.required("fecha", sent.fecha);
    abre.zip(fecha).map(|(HoraEnviada(abre), HoraEnviada(fecha))| Turno { abre, fecha })
}

fn exception(json: &str) -> Result<Excecao, Fault> {
    let sent: ExcecaoEnviada = read_object(json)?;
    let mut errors = Errors::default();
    let data = errors.required("data", sent.data);
    let motivo = errors.optional("motivo", sent.motivo).flatten().and_then(|MotivoDaExcecao(motivo)| motivo);
    let horarios =
        errors.optional("horarios", sent.horarios).flatten().map_or(vec![], |Turnos(turnos)| turnos);
    errors.or_inside(data.map(|DataEnviada(data)| Excecao { data, motivo, horarios }))
}
