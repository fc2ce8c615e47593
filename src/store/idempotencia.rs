//! `idempotencia`: checkouts that carried an `Idempotency-Key`, and the answer that each got.

use std::collections::HashMap;

use super::{
    connection::Connection,
    statements::{insert_rows, placeholders},
};
use crate::{
    domain::data_hora::DataHora,
    error::{DbError, Error},
};

/// For how long the same key gives the same answer.
pub const LIFETIME_SECONDS: i64 = 24 * 60 * 60;

/// What a key was used for, and the answer that was given.
pub struct Use {
    pub pedido: i64,
    pub corpo: String,
    pub resposta: String,
}

/// The uses of these keys that still count; those that do not are forgotten.
pub fn uses(conn: &mut dyn Connection, keys: &[&str], now: DataHora) -> Result<HashMap<String, Use>, Error> {
    let mut uses = HashMap::new();
    if keys.is_empty() {
        return Ok(uses);
    }
    let (marks, values) = placeholders(keys);
    let sql = format!(
        "SELECT chave, corpo, resposta, criada_em, COALESCE(pedido, 0) FROM idempotencia WHERE chave IN ({marks})"
    );
    for row in conn.query(&sql, &values)? {
        let (chave, criada_em) = (row.text(0)?, row.time(3)?);
        if criada_em <= expired_before(now) {
            let sql = "DELETE FROM idempotencia WHERE chave = ? AND criada_em = ?";
            conn.execute(sql, &[chave.into(), criada_em.into()])?;
        } else {
            let used = Use {
                pedido: row.int(4)?,
                corpo: row.text(1)?.to_owned(),
                resposta: row.text(2)?.to_owned(),
            };
            uses.insert(chave.to_owned(), used);
        }
    }
    Ok(uses)
}

/// Claims the keys for their answers when the caller's transaction commits. One that somebody else has claimed since
/// `uses` makes the whole transaction run again, which then finds it.
pub fn claim(conn: &mut dyn Connection, uses: &[(&str, Use)], now: DataHora) -> Result<(), Error> {
    let row = |(chave, used): &(&str, Use)| {
        let Use { pedido, corpo, resposta } = used;
        [(*chave).into(), corpo.as_str().into(), resposta.as_str().into(), now.into(), (*pedido).into()]
    };
    let table = "idempotencia (chave, corpo, resposta, criada_em, pedido)";
    insert_rows(conn, table, uses.iter().map(row).collect()).map_err(|error| match error {
        DbError::Unique(key) => DbError::Retry(key).into(),
        other => other.into(),
    })
}

/// Another answer for a key that was claimed.
pub fn set_answer(conn: &mut dyn Connection, chave: &str, resposta: &str) -> Result<(), Error> {
    conn.execute("UPDATE idempotencia SET resposta = ? WHERE chave = ?", &[resposta.into(), chave.into()])?;
    Ok(())
}

/// Takes the notes out of the answers about these orders.
pub fn forget_notes(conn: &mut dyn Connection, pedidos: &[i64]) -> Result<(), Error> {
    let (marks, values) = placeholders(pedidos);
    let sql = format!("SELECT chave, resposta FROM idempotencia WHERE pedido IN ({marks})");
    for row in conn.query(&sql, &values)? {
        set_answer(conn, row.text(0)?, &without_notes(row.text(1)?))?;
    }
    Ok(())
}

/// The JSON of an order without the notes of its lines. Inside a text every quote is escaped, so `"descricao":"` is
/// nothing but the field.
fn without_notes(resposta: &str) -> String {
    const FIELD: &str = "\"descricao\":";
    let mut clean = String::with_capacity(resposta.len());
    let mut rest = resposta;
    while let Some((before, after)) = rest.split_once(&format!("{FIELD}\"")) {
        clean.push_str(before);
        clean.push_str(FIELD);
        clean.push_str("null");
        rest = after_text(after);
    }
    clean.push_str(rest);
    clean
}

/// What follows the quote that ends the JSON string that has begun.
fn after_text(json: &str) -> &str {
    let mut escaped = false;
    for (i, b) in json.bytes().enumerate() {
        match b {
            b'"' if !escaped => return &json[i + 1..],
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    ""
}

/// Writes something that means nothing, to find out whether there is room for as much. No client can send a key that begins
/// with a space.
pub fn write_probe(conn: &mut dyn Connection, content: &str, now: DataHora) -> Result<(), Error> {
    remove_probe(conn)?;
    let sql = "INSERT INTO idempotencia (chave, corpo, resposta, criada_em) VALUES (?, '', ?, ?)";
    conn.execute(sql, &[PROBE_KEY.into(), content.into(), now.into()])?;
    Ok(())
}

/// Takes away what `write_probe` has written.
pub fn remove_probe(conn: &mut dyn Connection) -> Result<(), Error> {
    conn.execute("DELETE FROM idempotencia WHERE chave = ?", &[PROBE_KEY.into()])?;
    Ok(())
}

const PROBE_KEY: &str = " sonda";

fn expired_before(now: DataHora) -> DataHora {
    now.mais(-LIFETIME_SECONDS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn an_answer_loses_its_notes_and_nothing_else(
            nome in "\\PC*", notes in prop::collection::vec(prop::option::of("\\PC*|[\"\\\\:a-z]*|.*descricao\":\".*"), 0..5),
        ) {
            let pedido = |notes: &[Option<String>]| {
                let itens: Vec<_> = notes.iter().map(|note| json!({"nome": nome, "descricao": note, "valor": 1})).collect();
                json!({"id": 1, "itens": itens, "versao": 1}).to_string()
            };
            let blank: Vec<_> = notes.iter().map(|_| None).collect();
            prop_assert_eq!(without_notes(&pedido(&notes)), pedido(&blank));
        }
    }
}
