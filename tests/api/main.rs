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

pub use database::Database;
pub use restaurant::{Response, Restaurant};

/// Makes two tests of each function: on SQLite and on MySQL. One that is not listed is dead code, which clippy refuses.
macro_rules! on_both_databases {
    ($($test:ident),* $(,)?) => {
        mod on_sqlite { $(#[test] fn $test() { super::$test($crate::Database::Sqlite); })* }
        mod on_mysql { $(#[test] fn $test() { if $crate::database::mysql_is_available() { super::$test($crate::Database::Mysql); } })* }
    };
}
pub(crate) use on_both_databases;
