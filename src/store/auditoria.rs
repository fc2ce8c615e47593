//! `auditoria`: the trail of what concerns access and persons. Rows are added and never changed; cleaning drops old ones,
//! and refusals beyond a number.

use super::{
    Store,
    columns::Columns,
    connection::{Connection, Row, Value},
    page::{Cursor, PageRequest, cut},
};
use crate::{
    domain::{
        auditoria::{Registro, Tipo},
        data_hora::DataHora,
    },
    error::{DbError, Error},
};

const COLUMNS: Columns = Columns(&["id", "datahora", "tipo", "ator", "alvo", "detalhe"]);
/// How long an entry is kept. The Marco Civil da Internet asks for six months.
pub const LIFETIME_SECONDS: i64 = 365 * 24 * 60 * 60;
/// Characters of `alvo` and `detalhe` that are kept.
const ALVO_MAX: usize = 80;
const DETALHE_MAX: usize = 500;

/// What happened, on its way to the trail.
pub struct New {
    pub tipo: Tipo,
    /// Who did it, as events name an actor.
    pub ator: String,
    /// To whom or what.
    pub alvo: Option<String>,
    pub detalhe: Option<String>,
}

impl New {
    /// What somebody did to a customer, or learned of one.
    pub fn of_cliente(tipo: Tipo, ator: String, cliente: i64, detalhe: Option<&str>) -> New {
        New { tipo, ator, alvo: Some(format!("cliente:{cliente}")), detalhe: detalhe.map(str::to_owned) }
    }
}

/// Adds to the trail.
pub fn append(conn: &mut dyn Connection, new: &New, now: DataHora) -> Result<(), Error> {
    let short = |text: &Option<String>, max: usize| {
        Value::from(text.as_ref().map(|text| text.chars().take(max).collect::<String>()))
    };
    let sql = "INSERT INTO auditoria (datahora, tipo, ator, alvo, detalhe) VALUES (?, ?, ?, ?, ?)";
    let values: [Value; 5] = [
        now.into(),
        new.tipo.nome().into(),
        new.ator.as_str().into(),
        short(&new.alvo, ALVO_MAX),
        short(&new.detalhe, DETALHE_MAX),
    ];
    conn.execute(sql, &values)?;
    Ok(())
}

/// Refusals that are kept of each sort: those of strangers do not push out those of keys and people.
const REFUSALS_MAX: i64 = 10_000;
const REFUSALS: [&str; 2] =
    ["tipo = 'acesso_negado' AND ator = 'anonimo'", "tipo = 'acesso_negado' AND ator <> 'anonimo'"];

/// Drops so many of the oldest refusals at most, where there are too many; whether there may be more. Refusals are what
/// anybody can cause: they take no room without bound, and no entry of another kind goes for them.
pub fn forget_refusals(store: &Store, slice: i64) -> Result<bool, Error> {
    let mut more = false;
    for of_sort in REFUSALS {
        let sql = format!("SELECT COUNT(*) FROM auditoria WHERE {of_sort}");
        let count =
            store.read(|conn| Ok(conn.query(&sql, &[])?.first().map_or(Ok(0), |row| row.int(0))?))?;
        let too_many = (count - REFUSALS_MAX).min(slice);
        if too_many <= 0 {
            continue;
        }
        more |= too_many == slice;
        let sql = format!("SELECT id FROM auditoria WHERE {of_sort} ORDER BY id LIMIT ?");
        let oldest = store.read(|conn| Ok(conn.query(&sql, &[too_many.into()])?))?;
        let ids: Vec<Value> = oldest.into_iter().filter_map(|row| row.0.into_iter().next()).collect();
        let sql = format!("DELETE FROM auditoria WHERE id IN ({})", vec!["?"; ids.len()].join(", "));
        store.write(|conn| Ok(conn.execute(&sql, &ids)?))?;
    }
    Ok(more)
}

/// A page of the trail, the newest first.
pub fn list(
    conn: &mut dyn Connection,
    page: &PageRequest<1>,
) -> Result<(Vec<Registro>, Option<Cursor<1>>), Error> {
    let sql = format!("SELECT {} FROM auditoria WHERE id < ? ORDER BY id DESC LIMIT ?", COLUMNS.list());
    let before = page.after.as_ref().map_or(i64::MAX, |c| c.0[0]);
    let rows = conn.query(&sql, &[before.into(), Value::Int(page.limit as i64 + 1)])?;
    let mut found: Vec<Registro> = rows.iter().map(registro).collect::<Result<_, _>>()?;
    let next = cut(&mut found, page.limit, |r| [r.id]);
    Ok((found, next))
}

fn registro(row: &Row) -> Result<Registro, DbError> {
    let r = COLUMNS.of(row);
    Ok(Registro {
        id: r.int("id")?,
        datahora: r.time("datahora")?,
        tipo: r.string("tipo")?,
        ator: r.string("ator")?,
        alvo: r.string_or_null("alvo")?,
        detalhe: r.string_or_null("detalhe")?,
    })
}
