//! `/vendas`: what was sold on a day, in a week or in a month, for who runs the restaurant: pictures, and tables that say the
//! same. What is counted is `domain/vendas.rs`; without scripts.

use std::sync::Arc;

use askama::Template;
use jiff::{Span, ToSpan, civil::Date};

use super::{
    chart::{Bar, Chart, width_of},
    files,
    layout::{Layout, page, profile},
};
use crate::{
    api::{
        App,
        call::Call,
        endpoint::{Access::Gerente, Resource},
        openapi::{query, string},
        vendas::today,
    },
    domain::{
        dinheiro::Dinheiro,
        horario::Data,
        pedido::Meio,
        vendas::{Periodo, Valores, Vendas},
    },
    error::Error,
    server::Response,
};

const MONTHS: [&str; 12] = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];
const WEEK: [&str; 7] = ["segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo"];

/// Its endpoint.
pub fn resource() -> Resource {
    Resource::of_pages().get("/vendas", Gerente, show, |operation| {
        let which = string().enum_values(Some(LENGTHS.map(Length::name)));
        operation
            .about("What was sold on a day, in a week or in a month: pictures and tables.")
            .parameter(query("periodo", which, "How long; without it a day"))
            .parameter(query(
                "em",
                string(),
                "A day of it, as `2026-11-29`; without it, or where it is empty, today",
            ))
            .html()
            .page_of(422, "There is no such period")
    })
}

/// How long a period is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Day,
    Week,
    Month,
}

const LENGTHS: [Length; 3] = [Length::Day, Length::Week, Length::Month];

impl Length {
    fn name(self) -> &'static str {
        match self {
            Length::Day => "dia",
            Length::Week => "semana",
            Length::Month => "mes",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Length::Day => "Dia",
            Length::Week => "Semana",
            Length::Month => "Mês",
        }
    }

    fn span(self) -> Span {
        match self {
            Length::Day => 1.day(),
            Length::Week => 1.week(),
            Length::Month => 1.month(),
        }
    }

    /// The first and the last day of the one with this day.
    fn around(self, day: Date) -> (Date, Date) {
        match self {
            Length::Day => (day, day),
            Length::Week => {
                let monday = day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days());
                (monday, monday.saturating_add(6.days()))
            }
            Length::Month => (day.first_of_month(), day.last_of_month()),
        }
    }

    fn title(self, de: Date, ate: Date) -> String {
        match self {
            Length::Day => format!("{}, {}", week_day(de), in_full(de)),
            Length::Week => format!("de {} a {}", in_full(de), in_full(ate)),
            Length::Month => format!("{} de {}", month(de), de.year()),
        }
    }
}

fn month(day: Date) -> &'static str {
    usize::try_from(day.month() - 1).ok().and_then(|n| MONTHS.get(n)).unwrap_or(&"")
}

fn week_day(day: Date) -> &'static str {
    usize::try_from(day.weekday().to_monday_zero_offset()).ok().and_then(|n| WEEK.get(n)).unwrap_or(&"")
}

fn in_full(day: Date) -> String {
    format!("{} de {} de {}", day.day(), month(day), day.year())
}

/// A line of a table.
struct Line {
    name: String,
    valores: Valores,
}

#[derive(Template)]
#[template(path = "sales.html")]
struct Sales {
    layout: Layout,
    lengths: Vec<(String, &'static str, bool)>,
    length: Length,
    em: Data,
    title: String,
    before: String,
    after: Option<String>,
    sales: Arc<Vendas>,
    hours: Chart,
    by_hour: Vec<Line>,
    days: Chart,
    by_day: Vec<Line>,
    by_way: Vec<Line>,
}

impl Sales {
    /// Where a table is as a file.
    fn file(&self, table: &str) -> String {
        format!("/vendas.csv?por={table}&de={}&ate={}", self.sales.de, self.sales.ate)
    }

    /// How long the bar of a product is, of a hundred.
    fn share(&self, sold: &Dinheiro) -> String {
        width_of(*sold, self.sales.por_produto.first().map(|most| most.vendido).unwrap_or_default())
    }
}

/// Money in a column: `1.234,50`.
fn plain(amount: &Dinheiro) -> String {
    amount.em_reais().replacen("R$ ", "", 1)
}

fn address(length: Length, day: Date) -> String {
    format!("/vendas?periodo={}&em={}", length.name(), Data::from(day))
}

fn show(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let wanted = call.parameter("periodo").unwrap_or("dia".into());
    let length = LENGTHS.into_iter().find(|length| length.name() == wanted);
    let length = length.ok_or_else(|| Error::invalid("periodo", "deve ser dia, semana ou mes"))?;
    let em = match call.parameter("em").filter(|text| !text.is_empty()) {
        Some(text) => text.parse::<Data>().map_err(|e| Error::invalid("em", e))?.date(),
        None => today(),
    };
    let (de, ate) = length.around(em);
    let periodo = Periodo::new(de, ate).map_err(|e| Error::invalid("em", e))?;
    let sales = app.shared.sales.wait_for(periodo)?;
    let next = em.saturating_add(length.span());
    let shown = Sales {
        layout: Layout::of_staff(app, call, &profile(app)?)?,
        lengths: LENGTHS.iter().map(|l| (address(*l, em), l.words(), *l == length)).collect(),
        length,
        em: em.into(),
        title: length.title(de, ate),
        before: address(length, em.saturating_sub(length.span())),
        after: (length.around(next).0 <= today()).then(|| address(length, next)),
        hours: hours(&sales),
        by_hour: by_hour(&sales),
        days: days(&sales, length),
        by_day: by_day(&sales),
        by_way: by_way(&sales),
        sales,
    };
    page(200, &shown)
}

fn hours(sales: &Vendas) -> Chart {
    Chart::of(sales.por_hora.iter().map(|p| Bar {
        label: if p.hora % 6 == 0 { format!("{}h", p.hora) } else { String::new() },
        title: format!("{}h: {}", p.hora, p.valores.vendido.em_reais()),
        amount: p.valores.vendido,
    }))
}

fn days(sales: &Vendas, length: Length) -> Chart {
    Chart::of(sales.por_dia.iter().map(|p| {
        let day = p.dia.date();
        let label = match length {
            Length::Month if day.day() % 7 != 1 => String::new(),
            Length::Month => day.day().to_string(),
            _ => week_day(day).chars().take(3).collect(),
        };
        let title = format!("{}: {}", day.strftime("%d/%m"), p.valores.vendido.em_reais());
        Bar { label, title, amount: p.valores.vendido }
    }))
}

fn by_hour(sales: &Vendas) -> Vec<Line> {
    let moved = sales.por_hora.iter().filter(|p| p.valores != Valores::default());
    moved.map(|p| Line { name: format!("{}h", p.hora), valores: p.valores }).collect()
}

fn by_day(sales: &Vendas) -> Vec<Line> {
    let line =
        |day: Date, valores| Line { name: format!("{} {}", day.strftime("%d/%m"), week_day(day)), valores };
    sales.por_dia.iter().map(|p| line(p.dia.date(), p.valores)).collect()
}

fn by_way(sales: &Vendas) -> Vec<Line> {
    let name = |meio| match meio {
        Some(Meio::Qr) => "Pix (QR code)",
        Some(Meio::Dinheiro) => "Dinheiro",
        Some(Meio::Maquininha) => "Maquininha",
        None => "Não informado",
    };
    sales.por_meio.iter().map(|p| Line { name: name(p.meio).to_owned(), valores: p.valores }).collect()
}
