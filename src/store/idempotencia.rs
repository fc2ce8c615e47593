//! `idempotencia`: checkouts that carried an `Idempotency-Key`, and the answer that each got.

use std::collections::HashMap;

use super::{connection::Connection, inserir_linhas, marcas};
use crate::{
    domain::data_hora::DataHora,
    error::{DbError, Error},
};

pub const VALIDADE_SEGUNDOS: i64 = 24 * 60 * 60;

/// What a key was used for, and the answer that was given.
pub struct Uso {
    pub pedido: i64,
    pub corpo: String,
    pub resposta: String,
}

/// The uses of these keys that still count; those that do not are forgotten.
pub fn usos(
    conn: &mut dyn Connection,
    chaves: &[&str],
    agora: DataHora,
) -> Result<HashMap<String, Uso>, Error> {
    let mut usos = HashMap::new();
    if chaves.is_empty() {
        return Ok(usos);
    }
    let (marcas, valores) = marcas(chaves);
    let sql = format!(
        "SELECT chave, corpo, resposta, criada_em, COALESCE(pedido, 0) FROM idempotencia WHERE chave IN ({marcas})"
    );
    for linha in conn.query(&sql, &valores)? {
        let (chave, criada_em) = (linha.text(0)?, linha.time(3)?);
        if criada_em <= limite(agora) {
            let sql = "DELETE FROM idempotencia WHERE chave = ? AND criada_em = ?";
            conn.execute(sql, &[chave.into(), criada_em.into()])?;
        } else {
            let uso = Uso {
                pedido: linha.int(4)?,
                corpo: linha.text(1)?.to_owned(),
                resposta: linha.text(2)?.to_owned(),
            };
            usos.insert(chave.to_owned(), uso);
        }
    }
    Ok(usos)
}

/// Claims the keys for their answers when the caller's transaction commits. One that somebody else has claimed since
/// `usos` makes the whole transaction run again, which then finds it.
pub fn guardar(conn: &mut dyn Connection, usos: &[(&str, Uso)], agora: DataHora) -> Result<(), Error> {
    let linha = |(chave, uso): &(&str, Uso)| {
        let Uso { pedido, corpo, resposta } = uso;
        [(*chave).into(), corpo.as_str().into(), resposta.as_str().into(), agora.into(), (*pedido).into()]
    };
    let tabela = "idempotencia (chave, corpo, resposta, criada_em, pedido)";
    inserir_linhas(conn, tabela, usos.iter().map(linha).collect()).map_err(|erro| match erro {
        DbError::Unique(chave) => DbError::Retry(chave).into(),
        outro => outro.into(),
    })
}

/// Another answer for a key that was claimed.
pub fn responder(conn: &mut dyn Connection, chave: &str, resposta: &str) -> Result<(), Error> {
    conn.execute("UPDATE idempotencia SET resposta = ? WHERE chave = ?", &[resposta.into(), chave.into()])?;
    Ok(())
}

/// Takes the notes out of the answers about these orders.
pub fn apagar_observacoes(conn: &mut dyn Connection, pedidos: &[i64]) -> Result<(), Error> {
    let (marcas, valores) = marcas(pedidos);
    let sql = format!("SELECT chave, resposta FROM idempotencia WHERE pedido IN ({marcas})");
    for linha in conn.query(&sql, &valores)? {
        responder(conn, linha.text(0)?, &sem_observacoes(linha.text(1)?))?;
    }
    Ok(())
}

/// The JSON of an order without the notes of its lines. Inside a text every quote is escaped, so `"descricao":"` is
/// nothing but the field.
fn sem_observacoes(resposta: &str) -> String {
    const CAMPO: &str = "\"descricao\":";
    let mut limpa = String::with_capacity(resposta.len());
    let mut resto = resposta;
    while let Some((antes, depois)) = resto.split_once(&format!("{CAMPO}\"")) {
        limpa.push_str(antes);
        limpa.push_str(CAMPO);
        limpa.push_str("null");
        resto = apos_texto(depois);
    }
    limpa.push_str(resto);
    limpa
}

/// What follows the quote that ends the JSON string that has begun.
fn apos_texto(json: &str) -> &str {
    let mut escapado = false;
    for (i, b) in json.bytes().enumerate() {
        match b {
            b'"' if !escapado => return &json[i + 1..],
            b'\\' => escapado = !escapado,
            _ => escapado = false,
        }
    }
    ""
}

/// Writes something that means nothing, to find out whether there is room for as much. No client can send a key that begins
/// with a space.
pub fn write_probe(conn: &mut dyn Connection, content: &str, agora: DataHora) -> Result<(), Error> {
    remove_probe(conn)?;
    let sql = "INSERT INTO idempotencia (chave, corpo, resposta, criada_em) VALUES (?, '', ?, ?)";
    conn.execute(sql, &[PROBE_KEY.into(), content.into(), agora.into()])?;
    Ok(())
}

pub fn remove_probe(conn: &mut dyn Connection) -> Result<(), Error> {
    conn.execute("DELETE FROM idempotencia WHERE chave = ?", &[PROBE_KEY.into()])?;
    Ok(())
}

const PROBE_KEY: &str = " sonda";

fn limite(agora: DataHora) -> DataHora {
    agora.mais(-VALIDADE_SEGUNDOS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn an_answer_loses_its_notes_and_nothing_else(
            nome in "\\PC*", notas in prop::collection::vec(prop::option::of("\\PC*|[\"\\\\:a-z]*|.*descricao\":\".*"), 0..5),
        ) {
            let pedido = |notas: &[Option<String>]| {
                let itens: Vec<_> = notas.iter().map(|nota| json!({"nome": nome, "descricao": nota, "valor": 1})).collect();
                json!({"id": 1, "itens": itens, "versao": 1}).to_string()
            };
            let sem: Vec<_> = notas.iter().map(|_| None).collect();
            prop_assert_eq!(sem_observacoes(&pedido(&notas)), pedido(&sem));
        }
    }
}
