//! `/vendas.json` and `/vendas.csv`: what was sold, for programs and for spreadsheets. What is counted, and when, is in
//! `domain/vendas.rs`. A process makes one report after the other, for all that ask for the same period meanwhile, so that
//! the database has the rest of its connections for orders; beside one that takes longer than a second the next may begin.
//! Tested by `tests/api/sales.rs`.

use std::sync::Arc;

use jiff::civil::Date;
use utoipa::{
    PartialSchema,
    openapi::{KnownFormat, SchemaFormat},
};

use super::{
    App,
    answer::Deferred,
    call::Call,
    csv::Csv,
    endpoint::{Access::Gerente, Resource},
    json::json,
    openapi::{query, string},
    operation::Operation,
};
use crate::{
    batch::Batch,
    clock,
    domain::{
        data_hora::SAO_PAULO,
        horario::Data,
        vendas::{Periodo, Valores, Vendas},
    },
    error::Error,
    server::{Request, Response, Threads},
    store::{Store, vendas},
};

/// Reports, by their period.
pub type Sales = Arc<Batch<Periodo, Arc<Vendas>>>;

/// Periods that are read one after the other before the next that ask have a turn.
const TOGETHER: usize = 8;

const CSV: &str = "text/csv; charset=utf-8";

const TABLES: [&str; 4] = ["dia", "hora", "produto", "meio"];

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Vendas")
        .get("/vendas.json", Gerente, report, |operation| {
            let about = "What was sold from one day to another, in all and by hour, day, product and means of payment. Money \
                         counts when it came in or went back.";
            of_period(operation.about(about).ok::<Vendas>())
        })
        .get("/vendas.csv", Gerente, table, |operation| {
            let about = "One of these tables for a spreadsheet: UTF-8, semicolons, decimal commas.";
            let which = "The table; without it that of days";
            of_period(operation.about(about).ok_as("text/csv", String::schema()))
                .parameter(query("por", string().enum_values(Some(TABLES)), which))
                .ok_header("Content-Disposition", string(), "A name for the file")
        })
}

fn of_period(operation: Operation) -> Operation {
    let date = || string().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
    let parameter = |name, about| query(name, date(), about);
    operation
        .parameter(parameter("de", "The first day; without it the last"))
        .parameter(parameter("ate", "The last day, at most a year later; without it today"))
        .problem(422, "")
}

/// Makes the reports of this store.
pub fn sales(store: &Arc<Store>, threads: &Arc<Threads>) -> Sales {
    let store = store.clone();
    Batch::new(threads, TOGETHER, move |periods: &[Periodo]| {
        let mut made: Vec<(Periodo, Result<Arc<Vendas>, Error>)> = Vec::new();
        for periodo in periods {
            if !made.iter().any(|(other, _)| other == periodo) {
                let found = store.read(|conn| vendas::read(conn, *periodo));
                made.push((*periodo, found.map(|found| Arc::new(Vendas::of(*periodo, found)))));
            }
        }
        let of =
            |periodo: &Periodo| made.iter().find(|(other, _)| other == periodo).map(|(_, made)| made.clone());
        Ok(periods.iter().map(|p| of(p).unwrap_or(Err(Error::Internal("no report".into())))).collect())
    })
}

/// The day of the restaurant.
pub fn today() -> Date {
    clock::now().civil(&SAO_PAULO).date()
}

fn report(app: &App, call: &Call<'_>) -> Result<Deferred, Error> {
    let respond = |sales: Arc<Vendas>| json(&*sales).map(kept_by_nobody);
    Ok(Deferred::ask(&app.shared.sales, period(call)?, move |sales| respond(sales?)))
}

fn table(app: &App, call: &Call<'_>) -> Result<Deferred, Error> {
    let wanted = call.parameter("por").unwrap_or("dia".into());
    let table = TABLES.into_iter().find(|table| *table == wanted);
    let table =
        table.ok_or_else(|| Error::invalid("por", format!("deve ser um de: {}", TABLES.join(", "))))?;
    Ok(Deferred::ask(&app.shared.sales, period(call)?, move |sales| {
        let sales = sales?;
        let name = format!("attachment; filename=\"vendas-por-{table}-{}-{}.csv\"", sales.de, sales.ate);
        let file = Response::new(200, CSV, in_rows(table, &sales).finish());
        Ok(kept_by_nobody(file).with("Content-Disposition", name))
    }))
}

fn kept_by_nobody(response: Response) -> Response {
    response.with("Cache-Control", "no-store")
}

/// The period that the query asks for.
fn period(request: &Request<'_>) -> Result<Periodo, Error> {
    let date = |name: &'static str, default: Date| match request.parameter(name) {
        None => Ok(default),
        Some(text) => text.parse::<Data>().map(Data::date).map_err(|e| Error::invalid(name, e)),
    };
    let ate = date("ate", today())?;
    Periodo::new(date("de", ate)?, ate).map_err(|e| Error::invalid("ate", e))
}

fn in_rows(table: &str, sales: &Vendas) -> Csv {
    let mut csv = Csv::default();
    let heads = ["pedidos", "vendido", "devolvido", "liquido"];
    if table == "produto" {
        csv.row(["produto", "nome", "quantidade", "vendido"].map(Into::into));
        for sold in &sales.por_produto {
            csv.row([
                sold.produto.into(),
                sold.nome.as_str().into(),
                sold.quantidade.into(),
                sold.vendido.into(),
            ]);
        }
        return csv;
    }
    csv.row([table].into_iter().chain(heads).map(Into::into));
    let mut row = |name: &str, v: Valores| {
        csv.row([name.into(), v.pedidos.into(), v.vendido.into(), v.devolvido.into(), v.liquido.into()]);
    };
    match table {
        "hora" => sales.por_hora.iter().for_each(|p| row(&format!("{:02}:00", p.hora), p.valores)),
        "meio" => sales.por_meio.iter().for_each(|p| row(p.meio.map_or("", |meio| meio.nome()), p.valores)),
        _ => sales.por_dia.iter().for_each(|p| row(&p.dia.to_string(), p.valores)),
    }
    csv
}
