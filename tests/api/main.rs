//! The wire contract, over HTTP, against the built binary on a free port with a fresh database for each test: every
//! test on SQLite and on MySQL.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in a test that is how to fail")]

mod checkout;
mod cleaning;
mod client_address;
mod clientes;
mod concurrency;
mod conversions;
mod database;
mod delivered;
mod disk;
mod duplicate_charges;
mod errors;
mod expiry;
mod freshness;
mod kitchen;
mod limits;
mod log;
mod menu;
mod mercado_pago;
mod notifications;
mod openapi;
mod operation;
mod origins;
mod pages;
mod payments;
mod privacy;
mod provider_access;
mod refunds;
mod restaurant;
mod store;
mod storm;
mod takeover;
mod till;
mod wire;

#[allow(dead_code, reason = "the page uses more of it")]
#[path = "../../examples/mercado_pago/standin/mod.rs"]
mod standin;

pub use database::Banco;
pub use restaurant::{Resposta, Restaurante};

/// Makes two tests of each function: on SQLite and on MySQL. One that is not listed is dead code, which clippy refuses.
macro_rules! nos_dois {
    ($($teste:ident),* $(,)?) => {
        mod no_sqlite { $(#[test] fn $teste() { super::$teste($crate::Banco::Sqlite); })* }
        mod no_mysql { $(#[test] fn $teste() { if $crate::database::tem_mysql() { super::$teste($crate::Banco::Mysql); } })* }
    };
}
pub(crate) use nos_dois;
