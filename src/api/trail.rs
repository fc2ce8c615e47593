//! Refusals in the trail (`/auditoria`). They are bounded, by client and in all: a client that is refused a
//! thousand times fills no table. Strangers have one bound and keys and people another, so that a crowd of strangers does not
//! hide what a key was refused. What is beyond the bound is in the log of requests only; how many are kept is bounded by
//! `store::auditoria`.

use std::{net::IpAddr, time::Duration};

use super::rate_limit::RateLimit;
use crate::{
    access::{Caller, Doors},
    error::Denied,
    metrics::Route,
    token_bucket::{Rate, TokenBucket},
};

/// Of one client a minute.
const OF_CLIENT: u32 = 6;
/// Of all clients of a sort: so many at once, and then one each second.
const OF_ALL: u32 = 60;

/// What bounds the refusals that are noted.
pub struct Trail {
    of_client: RateLimit,
    of_strangers: TokenBucket,
    of_known: TokenBucket,
}

impl Default for Trail {
    fn default() -> Trail {
        Trail {
            of_client: RateLimit::new(Some(OF_CLIENT), Duration::from_secs(60)),
            of_strangers: TokenBucket::new(Rate::new(OF_ALL, Duration::from_secs(1))),
            of_known: TokenBucket::new(Rate::new(OF_ALL, Duration::from_secs(1))),
        }
    }
}

impl Trail {
    /// Notes that a caller was refused, and why.
    pub fn note(&self, doors: &Doors, refused: &Refused<'_>) {
        let Refused { client, caller, route, why } = refused;
        let of_all = match caller {
            Caller::Nobody | Caller::Open => &self.of_strangers,
            _ => &self.of_known,
        };
        if self.of_client.admit(*client).is_err() || !of_all.take() {
            return;
        }
        let target = format!("{} {}", route.method, route.route);
        let detalhe = format!("{client}: {}", why.cause());
        if let Err(error) = doors.note_refusal(*caller, &target, detalhe) {
            log::warn!("cannot note a refusal in the trail: {error:?}");
        }
    }
}

/// Who was refused, where, and why.
pub struct Refused<'a> {
    pub client: IpAddr,
    pub caller: Caller,
    pub route: &'a Route,
    pub why: Denied,
}
