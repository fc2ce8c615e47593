//! Ambrosia runs a restaurant: menu, customers, orders, payment by QR, kitchen. ARCHITECTURE.md is the map.

pub mod api;
mod backoff;
pub mod batch;
pub mod config;
pub mod domain;
pub mod error;
pub mod metrics;
pub mod pagamento;
pub mod self_check;
pub mod server;
pub mod store;
pub mod token_bucket;
pub mod use_cases;
