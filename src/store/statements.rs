//! SQL of variable length: values for `IN (…)`, rows of one INSERT, columns of one UPDATE.

use super::connection::{Connection, Value};
use crate::error::DbError;

/// Placeholders and values for `IN (…)`. Their number is rounded up to a power of two by repeating the last, so that a
/// connection keeps a handful of prepared statements and not one for each length.
pub(super) fn marcas<T: Copy + Into<Value>>(valores: &[T]) -> (String, Vec<Value>) {
    let Some(ultimo) = valores.last() else { return ("NULL".to_owned(), Vec::new()) };
    let completos = valores.len().next_power_of_two();
    let repetidos = valores.iter().chain(std::iter::repeat(ultimo)).take(completos);
    (vec!["?"; completos].join(", "), repetidos.map(|v| (*v).into()).collect())
}

/// Inserts rows, some at a time: in powers of two, so that a connection keeps a handful of prepared statements and not
/// one for each number of rows. `tabela` names the columns too.
pub(super) fn inserir_linhas<const N: usize>(
    conn: &mut dyn Connection,
    tabela: &str,
    linhas: Vec<[Value; N]>,
) -> Result<(), DbError> {
    let marca = format!("({})", vec!["?"; N].join(", "));
    let mut linhas = linhas.into_iter();
    while linhas.len() > 0 {
        let quantas = 1 << linhas.len().min(LINHAS_JUNTAS).ilog2();
        let sql = format!("INSERT INTO {tabela} VALUES {}", vec![&*marca; quantas].join(", "));
        let valores: Vec<Value> = linhas.by_ref().take(quantas).flatten().collect();
        conn.execute(&sql, &valores)?;
    }
    Ok(())
}

/// Rows of one INSERT at most.
const LINHAS_JUNTAS: usize = 128;

/// Sets those of the columns that have a value, on the one row that the condition leaves of this id. Gives whether
/// there is such a row.
pub(super) fn alterar_colunas(
    conn: &mut dyn Connection,
    (tabela, condicao): (&str, &str),
    id: i64,
    colunas: Vec<(&str, Option<Value>)>,
) -> Result<bool, DbError> {
    let (nomes, mut valores): (Vec<_>, Vec<_>) =
        colunas.into_iter().filter_map(|(nome, valor)| Some((format!("{nome} = ?"), valor?))).unzip();
    valores.push(id.into());
    if nomes.is_empty() {
        let linhas = conn.query(&format!("SELECT id FROM {tabela} WHERE id = ?{condicao}"), &valores)?;
        return Ok(!linhas.is_empty());
    }
    let sql = format!("UPDATE {tabela} SET {} WHERE id = ?{condicao}", nomes.join(", "));
    Ok(conn.execute(&sql, &valores)? == 1)
}
