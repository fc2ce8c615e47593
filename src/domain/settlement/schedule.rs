//! When the next step of a charge is due: exponential back-off, and never nothing while anything is owed.

use super::{REFUSALS_MAX, Settlement};
use crate::domain::{
    cobranca::{Operacao, Situacao},
    data_hora::DataHora,
};

/// Seconds between two questions, at most: while a customer may pay, and when only the end is left to be
/// done.
pub const PAUSE_MAX: i64 = 60;
const PAUSE_MAX_AT_THE_END: i64 = 3600;

impl Settlement<'_> {
    /// `failed` is whether nobody could tell how the charge stands.
    pub fn next_step_at(&self, failed: bool) -> Option<DataHora> {
        let now = self.terms.now;
        let later = |max: i64| now.mais(self.backoff_seconds(max).max(self.wait_seconds.min(max)));
        match self.charge.next_operation(self.pedido, now) {
            // To look is never urgent; the rest is.
            Some(next) if next != self.operacao && next != Operacao::Consultar => Some(now),
            Some(Operacao::Criar | Operacao::Consultar) => {
                let incerta_ate = self.charge.incerta_ate;
                let late =
                    self.charge.situacao >= Situacao::Cancelada && incerta_ate.is_none_or(|end| end <= now);
                let due = later(if late { PAUSE_MAX_AT_THE_END } else { PAUSE_MAX });
                // When its time ends the charge is looked at, however long the pause.
                let ends = [self.pedido.datahora_expiracao, incerta_ate];
                ends.into_iter().flatten().filter(|end| *end > now).chain([due]).min()
            }
            Some(Operacao::Cancelar | Operacao::Reembolsar) => Some(later(PAUSE_MAX_AT_THE_END)),
            // The look failed, so that it is not known what the news was: it is looked again.
            None if failed && self.charge.tentativas < REFUSALS_MAX => {
                Some(now.mais(self.backoff_seconds(PAUSE_MAX_AT_THE_END)))
            }
            None => None,
        }
    }

    /// Doubles each time; the odd seconds keep orders of one moment apart.
    fn backoff_seconds(&self, max: i64) -> i64 {
        let doubled = self.terms.first_poll_seconds.saturating_mul(1 << self.charge.tentativas.clamp(0, 20));
        doubled.min(max) + if doubled > 4 { self.charge.pedido % 3 } else { 0 }
    }
}
