//! The seam to whoever takes the customer's money.

mod simulado;

pub use simulado::Simulado;

use crate::domain::{dinheiro::Dinheiro, pedido::StatusPagamento};

/// What is to be paid. The id is ours, made before anyone is asked, so that asking again cannot charge twice.
pub struct Cobranca<'a> {
    pub id_pagamento: &'a str,
    pub valor: Dinheiro,
}

/// A provider's word on a payment.
pub struct Noticia {
    pub id_pagamento: String,
    /// `None` when it changes nothing.
    pub status: Option<StatusPagamento>,
}

pub trait Gateway: Send + Sync {
    /// The text of the QR code, from those who know it without asking anybody; it is saved with the order. From the
    /// others `None`: they are asked after the order is safe, with no transaction and no connection held.
    fn qr_data(&self, cobranca: &Cobranca<'_>) -> Option<String>;

    /// Reads a notification.
    fn noticia(&self, id: &str, action: &str) -> Noticia;
}
