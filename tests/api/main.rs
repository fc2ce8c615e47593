//! The HTTP contract of the built binary, on a free port with an empty database for each test, on SQLite and on MySQL.
//!
//! The harness: `restaurant` starts the binary and talks to it, `database` makes the databases, `crew` hires people, `staff`
//! makes keys, `listening` hears live streams, `receiver` takes webhooks, `till` adds a stand-in for Mercado Pago, `wire`
//! puts a TCP proxy before MySQL. All other modules are tests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod access;
mod backup;
mod breaches;
mod checkout;
mod cleaning;
mod client_address;
mod clientes;
mod concurrency;
mod conversions;
mod crew;
mod database;
mod database_tls;
mod delivered;
mod destination;
mod disk;
mod doors;
mod duplicate_charges;
mod erasure;
mod errors;
mod expiry;
mod freshness;
mod full_disk;
mod hours;
mod invitations;
mod keys;
mod kitchen;
mod large_lists;
mod least_rights;
mod limits;
mod listening;
mod live;
mod live_access;
mod log;
mod menu;
mod mercado_pago;
mod nodes;
mod notification_copies;
mod notifications;
mod openapi;
mod operation;
mod origins;
mod pages;
mod payments;
mod people;
mod personal_data;
mod privacy;
mod profile;
mod provider_access;
mod provider_refusals;
mod receiver;
mod refunds;
mod restaurant;
mod restored;
mod retention;
mod row_locks;
mod sales;
mod sessions;
mod sold_out;
mod staff;
mod store;
mod storm;
mod subscriptions;
mod takeover;
mod till;
mod tries;
mod upgrade;
mod webhooks;
mod wire;
mod write_path;

#[allow(dead_code, reason = "the example uses more of it")]
#[path = "../../examples/mercado_pago/standin/mod.rs"]
mod standin;

pub use database::Database;
pub use restaurant::{Response, Restaurant};

/// Makes two tests of each function, one on SQLite and one on MySQL. A function that is not listed is dead code, which
/// clippy refuses.
macro_rules! on_both_databases {
    ($($test:ident),* $(,)?) => {
        mod on_sqlite { $(#[test] fn $test() { super::$test($crate::Database::Sqlite); })* }
        mod on_mysql { $(#[test] fn $test() { if $crate::database::mysql_is_available() { super::$test($crate::Database::Mysql); } })* }
    };
}
pub(crate) use on_both_databases;
