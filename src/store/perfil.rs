//! The row of the restaurant as its profile.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    columns::{Columns, Record},
    connection::{Connection, Row, Value},
    statements::{Target, update_columns},
};
use crate::{
    domain::{
        atendimento::Atendimento,
        data_hora::{DataHora, SAO_PAULO},
        prazo::Prazo,
        produto::Categoria,
        restaurante::{Agora, Alteracao, Cnpj, Restaurante},
    },
    error::{DbError, Error},
};

const COLUMNS: Columns = Columns(&[
    "nome",
    "cnpj",
    "endereco",
    "cidade",
    "telefone",
    "logo",
    "cor_primaria",
    "cor_secundaria",
    "fuso",
    "minutos_amarelo",
    "minutos_vermelho",
    "categorias",
    "horarios",
    "excecoes",
    "pausa_ate",
]);

/// A field that is not as it is stored.
pub struct Change {
    /// Its name, on the wire and in the table.
    pub field: &'static str,
    value: Value,
}

/// The service hours.
pub struct Hours {
    /// Another number after each change.
    pub versao: i64,
    pub atendimento: Atendimento,
}

/// As it is stored.
pub fn find(conn: &mut dyn Connection) -> Result<Restaurante, Error> {
    Ok(profile(&COLUMNS.of(&row(conn)?))?)
}

/// The same, and whether orders are taken at this moment.
pub fn at(conn: &mut dyn Connection, now: DataHora) -> Result<Agora, Error> {
    let row = row(conn)?;
    let r = COLUMNS.of(&row);
    let atendimento = atendimento(&r)?;
    let situacao = atendimento.at(now, &SAO_PAULO);
    let Atendimento { semana, excecoes, pausa } = atendimento;
    let pausa = pausa.filter(|pausa| pausa.holds(now));
    Ok(Agora {
        perfil: profile(&r)?,
        aberto: situacao.is_open(),
        muda_em: situacao.changes_at(),
        pausado: pausa.is_some(),
        pausado_ate: pausa.and_then(Prazo::end),
        horarios: semana,
        excecoes,
    })
}

fn profile(r: &Record<'_>) -> Result<Restaurante, DbError> {
    let categoria = |numero: i64| {
        Categoria::try_from(numero).map_err(|_| DbError::Other(format!("there is no category {numero}")))
    };
    Ok(Restaurante {
        nome: r.string("nome")?,
        cnpj: r.string_or_null("cnpj")?.map(|stored| Cnpj::formatted(&stored)),
        endereco: r.string_or_null("endereco")?,
        cidade: r.string("cidade")?,
        telefone: r.string_or_null("telefone")?,
        logo: r.string_or_null("logo")?,
        cor_primaria: r.string_or_null("cor_primaria")?,
        cor_secundaria: r.string_or_null("cor_secundaria")?,
        fuso: r.string("fuso")?,
        minutos_amarelo: r.int("minutos_amarelo")?,
        minutos_vermelho: r.int("minutos_vermelho")?,
        categorias: list(r, "categorias")?.into_iter().map(categoria).collect::<Result<_, _>>()?,
    })
}

/// The service hours.
pub fn hours(conn: &mut dyn Connection) -> Result<Hours, Error> {
    const OF_HOURS: Columns = Columns(&["horarios", "excecoes", "pausa_ate", "atendimento_versao"]);
    let rows = conn.query(&format!("SELECT {} FROM restaurante WHERE id = 1", OF_HOURS.list()), &[])?;
    let r = OF_HOURS.of(rows.first().ok_or_else(gone)?);
    Ok(Hours { versao: r.int("atendimento_versao")?, atendimento: atendimento(&r)? })
}

/// Begins a pause, or ends it. To be called last in a transaction: the row is a hot spot.
pub fn set_pause(conn: &mut dyn Connection, pause: Option<Prazo>) -> Result<(), Error> {
    let sql = "UPDATE restaurante SET pausa_ate = ?, atendimento_versao = ? WHERE id = 1";
    conn.execute(sql, &[pause.map(Prazo::until).into(), new_version().into()])?;
    Ok(())
}

/// By chance, so that it is no version that the hours have had before: also not in a database that was restored, where a count
/// would come again to numbers that processes remember.
fn new_version() -> i64 {
    (uuid::Uuid::new_v4().as_u64_pair().1 >> 2) as i64
}

fn atendimento(r: &Record<'_>) -> Result<Atendimento, DbError> {
    Ok(Atendimento {
        semana: list(r, "horarios")?,
        excecoes: list(r, "excecoes")?,
        pausa: r.time_or_null("pausa_ate")?.map(Prazo::stored),
    })
}

fn list<T: DeserializeOwned>(r: &Record<'_>, column: &str) -> Result<Vec<T>, DbError> {
    let Some(json) = r.string_or_null(column)? else { return Ok(Vec::new()) };
    serde_json::from_str(&json).map_err(|e| DbError::Other(format!("{column} cannot be read: {e}")))
}

/// Which of the fields that are to be set are not so yet.
pub fn changes(conn: &mut dyn Connection, wanted: &Alteracao) -> Result<Vec<Change>, Error> {
    let row = row(conn)?;
    let stored = COLUMNS.of(&row);
    let mut changes = Vec::new();
    let texts = texts(wanted).into_iter().map(|(field, value)| (field, value.map(Value::from)));
    let minutes =
        [("minutos_amarelo", wanted.minutos_amarelo), ("minutos_vermelho", wanted.minutos_vermelho)];
    let minutes = minutes.into_iter().map(|(field, value)| (field, value.map(Value::from)));
    for (field, value) in texts.chain(minutes).chain(lists(wanted)?) {
        if let Some(value) = value
            && *stored.value(field)? != value
        {
            changes.push(Change { field, value });
        }
    }
    Ok(changes)
}

/// Sets these fields, and only those. To be called last in a transaction: the row is a hot spot.
pub fn save(conn: &mut dyn Connection, changes: &[Change]) -> Result<(), Error> {
    let mut columns: Vec<_> = changes.iter().map(|c| (c.field, Some(c.value.clone()))).collect();
    if changes.iter().any(|c| ["horarios", "excecoes"].contains(&c.field)) {
        columns.push(("atendimento_versao", Some(new_version().into())));
    }
    update_columns(conn, Target { table: "restaurante", condition: "", id: 1 }, columns)?;
    Ok(())
}

fn row(conn: &mut dyn Connection) -> Result<Row, Error> {
    let rows = conn.query(&format!("SELECT {} FROM restaurante WHERE id = 1", COLUMNS.list()), &[])?;
    rows.into_iter().next().ok_or_else(gone)
}

fn gone() -> Error {
    Error::Internal("the row of the restaurant is gone".into())
}

/// The lists as they are stored, an empty one as NULL; `None` for those that stay.
fn lists(wanted: &Alteracao) -> Result<[(&'static str, Option<Value>); 3], Error> {
    fn stored<T: Serialize>(list: Option<&Vec<T>>) -> Result<Option<Value>, Error> {
        let json = |list: &Vec<T>| match list.is_empty() {
            true => Ok(Value::Null),
            false => serde_json::to_string(list).map(Value::from),
        };
        list.map(json).transpose().map_err(|e| Error::Internal(e.to_string()))
    }
    Ok([
        ("categorias", stored(wanted.categorias.as_ref())?),
        ("horarios", stored(wanted.horarios.as_ref())?),
        ("excecoes", stored(wanted.excecoes.as_ref())?),
    ])
}

/// The fields as they are stored; `None` for those that stay.
fn texts(wanted: &Alteracao) -> [(&'static str, Option<Option<String>>); 8] {
    let Alteracao { nome, cnpj, endereco, cidade, telefone, logo, cor_primaria, cor_secundaria, .. } = wanted;
    let owned = |text: &str| text.to_owned();
    [
        ("nome", nome.clone().map(Some)),
        ("cnpj", cnpj.as_ref().map(|c| c.as_ref().map(|c| owned(c.as_str())))),
        ("endereco", endereco.clone()),
        ("cidade", cidade.clone().map(Some)),
        ("telefone", telefone.as_ref().map(|t| t.as_ref().map(|t| owned(t.as_str())))),
        ("logo", logo.as_ref().map(|l| l.as_ref().map(|l| owned(l.as_str())))),
        ("cor_primaria", cor_primaria.as_ref().map(|c| c.as_ref().map(|c| owned(c.as_str())))),
        ("cor_secundaria", cor_secundaria.as_ref().map(|c| c.as_ref().map(|c| owned(c.as_str())))),
    ]
}
