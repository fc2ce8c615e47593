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
    let sql = format!("SELECT chave, corpo, resposta, criada_em FROM idempotencia WHERE chave IN ({marcas})");
    for linha in conn.query(&sql, &valores)? {
        let (chave, criada_em) = (linha.text(0)?, linha.time(3)?);
        if criada_em <= limite(agora) {
            let sql = "DELETE FROM idempotencia WHERE chave = ? AND criada_em = ?";
            conn.execute(sql, &[chave.into(), criada_em.into()])?;
        } else {
            let uso = Uso { corpo: linha.text(1)?.to_owned(), resposta: linha.text(2)?.to_owned() };
            usos.insert(chave.to_owned(), uso);
        }
    }
    Ok(usos)
}

/// Claims the keys for their answers when the caller's transaction commits. One that somebody else has claimed since
/// `usos` makes the whole transaction run again, which then finds it.
pub fn guardar(conn: &mut dyn Connection, usos: &[(&str, Uso)], agora: DataHora) -> Result<(), Error> {
    let linha = |(chave, uso): &(&str, Uso)| {
        [(*chave).into(), uso.corpo.as_str().into(), uso.resposta.as_str().into(), agora.into()]
    };
    let tabela = "idempotencia (chave, corpo, resposta, criada_em)";
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

/// Forgets what is older than a day.
pub fn limpar(conn: &mut dyn Connection, agora: DataHora) -> Result<u64, Error> {
    Ok(conn.execute("DELETE FROM idempotencia WHERE criada_em <= ?", &[limite(agora).into()])?)
}

/// Writes something that means nothing, to find out whether there is room. No client can send a key with a space.
pub fn write_probe(conn: &mut dyn Connection, agora: DataHora) -> Result<(), Error> {
    const KEY: &str = " sonda";
    conn.execute("DELETE FROM idempotencia WHERE chave = ?", &[KEY.into()])?;
    let sql = "INSERT INTO idempotencia (chave, corpo, resposta, criada_em) VALUES (?, '', '', ?)";
    conn.execute(sql, &[KEY.into(), agora.into()])?;
    Ok(())
}

fn limite(agora: DataHora) -> DataHora {
    agora.mais(-VALIDADE_SEGUNDOS)
}
