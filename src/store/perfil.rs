//! The row of the restaurant as its profile.

use super::{
    columns::Columns,
    connection::{Connection, Row, Value},
    statements::{Target, update_columns},
};
use crate::{
    domain::restaurante::{Alteracao, Cnpj, Restaurante},
    error::Error,
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
]);

/// A field that is not as it is stored.
pub struct Change {
    /// Its name, on the wire and in the table.
    pub field: &'static str,
    value: Option<String>,
}

/// As it is now.
pub fn find(conn: &mut dyn Connection) -> Result<Restaurante, Error> {
    let row = row(conn)?;
    let r = COLUMNS.of(&row);
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
    })
}

/// Which of the fields that are to be set are not so yet.
pub fn changes(conn: &mut dyn Connection, wanted: &Alteracao) -> Result<Vec<Change>, Error> {
    let row = row(conn)?;
    let stored = COLUMNS.of(&row);
    let mut changes = Vec::new();
    for (field, value) in texts(wanted) {
        if let Some(value) = value
            && stored.string_or_null(field)? != value
        {
            changes.push(Change { field, value });
        }
    }
    Ok(changes)
}

/// Sets these fields, and only those. To be called last in a transaction: the row is a hot spot.
pub fn save(conn: &mut dyn Connection, changes: &[Change]) -> Result<(), Error> {
    let columns = changes.iter().map(|c| (c.field, Some(Value::from(c.value.clone())))).collect();
    update_columns(conn, Target { table: "restaurante", condition: "", id: 1 }, columns)?;
    Ok(())
}

fn row(conn: &mut dyn Connection) -> Result<Row, Error> {
    let rows = conn.query(&format!("SELECT {} FROM restaurante WHERE id = 1", COLUMNS.list()), &[])?;
    rows.into_iter().next().ok_or_else(|| Error::Internal("the row of the restaurant is gone".into()))
}

/// The fields as they are stored; `None` for those that stay.
fn texts(wanted: &Alteracao) -> [(&'static str, Option<Option<String>>); 8] {
    let Alteracao { nome, cnpj, endereco, cidade, telefone, logo, cor_primaria, cor_secundaria } = wanted;
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
