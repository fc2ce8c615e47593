//! Ambrosia runs a restaurant: menu, customers, orders, payment by QR, kitchen. ARCHITECTURE.md is the map.

mod backoff;
pub mod batch;
pub mod config;
pub mod domain;
pub mod error;
mod foreign;
pub mod http;
pub mod metrics;
pub mod payments;
pub mod self_check;
pub mod store;
pub mod threads;
pub mod token_bucket;
pub mod use_cases;
