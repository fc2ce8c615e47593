//! Rows that are kept for a time only: keys of checkouts, notifications and their signatures, the
//! trail of access, sessions, wrong tries and invitations. They go in slices, so that
//! a write meanwhile waits for one slice and not for all of them.

use super::{Store, Value, auditoria};
use crate::{domain::data_hora::DataHora, error::Error};

/// Rows of one transaction at most.
const SLICE: i64 = 500;

/// A table with a key and the time from which its rows count.
struct Kept {
    oldest: &'static str,
    delete: &'static str,
    /// Seconds.
    lifetime: i64,
}

const KEPT: [Kept; 7] = [
    Kept {
        oldest: "SELECT chave FROM idempotencia WHERE criada_em <= ? ORDER BY criada_em LIMIT ?",
        delete: "DELETE FROM idempotencia WHERE criada_em <= ? AND chave IN",
        lifetime: super::idempotencia::LIFETIME_SECONDS,
    },
    Kept {
        oldest: "SELECT id FROM notificacoes WHERE recebida_em <= ? ORDER BY recebida_em LIMIT ?",
        delete: "DELETE FROM notificacoes WHERE recebida_em <= ? AND id IN",
        lifetime: super::notificacoes::LIFETIME_SECONDS,
    },
    Kept {
        oldest: "SELECT mac FROM assinaturas WHERE recebida_em <= ? ORDER BY recebida_em LIMIT ?",
        delete: "DELETE FROM assinaturas WHERE recebida_em <= ? AND mac IN",
        lifetime: super::assinaturas::LIFETIME_SECONDS,
    },
    Kept {
        oldest: "SELECT id FROM auditoria WHERE datahora <= ? ORDER BY datahora LIMIT ?",
        delete: "DELETE FROM auditoria WHERE datahora <= ? AND id IN",
        lifetime: super::auditoria::LIFETIME_SECONDS,
    },
    Kept {
        oldest: "SELECT resumo FROM sessoes WHERE criada_em <= ? ORDER BY criada_em LIMIT ?",
        delete: "DELETE FROM sessoes WHERE criada_em <= ? AND resumo IN",
        lifetime: super::sessoes::LIFETIME_SECONDS,
    },
    Kept {
        oldest: "SELECT id FROM tentativas WHERE feita_em <= ? ORDER BY feita_em LIMIT ?",
        delete: "DELETE FROM tentativas WHERE feita_em <= ? AND id IN",
        lifetime: super::tentativas::LIFETIME_SECONDS,
    },
    Kept {
        oldest: "SELECT id FROM convites WHERE criado_em <= ? ORDER BY criado_em LIMIT ?",
        delete: "DELETE FROM convites WHERE criado_em <= ? AND id IN",
        lifetime: super::convites::LIFETIME_SECONDS,
    },
];

/// Forgets one slice of each table; whether there may be more.
pub fn forget_slice(store: &Store, now: DataHora) -> Result<bool, Error> {
    let mut more = auditoria::forget_refusals(store, SLICE)?;
    for kept in &KEPT {
        let limit = now.mais(-kept.lifetime);
        // Found without the writer's turn, which is taken for the deletion only.
        let rows = store.read(|conn| Ok(conn.query(kept.oldest, &[limit.into(), SLICE.into()])?))?;
        if rows.is_empty() {
            continue;
        }
        more |= rows.len() as i64 == SLICE;
        let keys: Vec<Value> = rows.into_iter().filter_map(|row| row.0.into_iter().next()).collect();
        let marks = vec!["?"; keys.len()].join(", ");
        // A key that was used again since is not that old.
        let sql = format!("{} ({marks})", kept.delete);
        let values: Vec<Value> = std::iter::once(limit.into()).chain(keys).collect();
        store.write(|conn| Ok(conn.execute(&sql, &values)?))?;
    }
    Ok(more)
}
