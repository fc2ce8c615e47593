//! The seam to whoever takes the customer's money.

pub mod assinatura;
mod breaker;
mod client;
mod mercado_pago;
mod ordem;
pub mod simulado;

pub use mercado_pago::{Assunto, MercadoPago, Settings};

use std::sync::Arc;

/// Who takes it. The two have nothing in common that a caller could leave open: the simulator knows its QR codes by
/// itself and believes whoever calls; the provider has to be asked, and believed only about itself.
#[derive(Clone)]
pub enum Gateway {
    Simulado {
        /// Seconds for which a QR code can be paid.
        validade: i64,
    },
    MercadoPago(Arc<MercadoPago>),
}
