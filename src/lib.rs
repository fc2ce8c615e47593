//! Ambrosia runs a restaurant: menu, customers, orders, payment by QR, kitchen. ARCHITECTURE.md is the map.

pub mod access;
pub mod acts;
pub mod api;
mod backoff;
pub mod batch;
pub mod bell;
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod live;
pub mod logging;
pub mod metrics;
pub mod open_orders;
pub mod outgoing;
pub mod payments;
pub mod self_check;
pub mod server;
pub mod store;
pub mod token_bucket;
