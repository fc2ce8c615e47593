//! A person saw to what there was to see to.

use std::sync::Arc;

use super::{Context, Order, commands::OrderAct};
use crate::{domain::cobranca::Operacao, error::Error, payments::Payments};

/// Takes the matter of an order off the list. Refused while the provider may still do the refund that it is about.
pub struct Resolve {
    pub payments: Arc<Payments>,
}

impl OrderAct for Resolve {
    fn decide(&self, order: &mut Order, context: Context) -> Result<Option<Operacao>, Error> {
        let Order { pedido, cobranca } = order;
        if let Some(cobranca) = cobranca {
            let resolved = cobranca.resolve(pedido, context.now);
            let name = self.payments.display_name(cobranca);
            resolved
                .map_err(|under_way| Error::conflict("reembolso_em_andamento", under_way.in_words(name)))?;
        }
        Ok(None)
    }
}
