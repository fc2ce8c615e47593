//! The acts that decide over more than one thing; one file, one act.

pub mod cancelamento;
pub mod capacity;
pub mod checkout;
pub mod cleaning;
pub mod cobranca;
pub mod conciliacao;
pub mod confirmacao;
pub mod erasure;
pub mod expiracao;
pub mod preparo;
pub mod recebimento;

use crate::{domain::pedido::Pedido, error::Error};

/// The version that a client says it has seen; `None` when it did not say.
pub type Vista = Option<Vec<i64>>;

fn conferir_vista(pedido: &Pedido, vista: &Vista) -> Result<(), Error> {
    match vista {
        Some(versoes) if !versoes.contains(&pedido.versao) => {
            Err(Error::PreconditionFailed(Box::new(pedido.clone())))
        }
        _ => Ok(()),
    }
}
