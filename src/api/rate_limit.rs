//! A token bucket for each client.
//!
//! A bucket that is full is the same as none, and is dropped when room is needed; of the others those that
//! are nearest to full. So memory is bounded, and many addresses that ask a little do not push out one that
//! asks a lot. Buckets are those of one process: behind N of them a client gets up to N times as much.

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{error::Error, server::network, token_bucket::Rate};

/// Clients that are remembered at most: about a megabyte.
const CLIENTS_MAX: usize = 16_384;

/// Whose bucket it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// All addresses of a network.
    Network(IpAddr),
    /// The holder of the key with this id.
    Key(i64),
    /// The terminal with this id, whoever works on it.
    Terminal(i64),
    /// The person with this id, where there is no terminal.
    Person(i64),
}

impl From<IpAddr> for Subject {
    fn from(address: IpAddr) -> Subject {
        Subject::Network(network(address))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Network(address) => address.fmt(f),
            Subject::Key(id) => write!(f, "chave:{id}"),
            Subject::Terminal(id) => write!(f, "terminal:{id}"),
            Subject::Person(id) => write!(f, "funcionario:{id}"),
        }
    }
}

/// Keys that open nothing which one address may try in a minute.
const WRONG_KEYS: u32 = 5;
/// Codes of terminals, and invitations, that one address may send in a minute.
const ENROLMENTS: u32 = 10;
/// Logins without a terminal that one address may ask for in a minute.
const PASSWORDS: u32 = 20;

/// How often one address may try what opens doors, in a minute.
pub struct TryRates {
    /// Keys that open nothing.
    pub wrong_key: RateLimit,
    /// Codes of terminals, and invitations.
    pub enrolment: RateLimit,
    /// Passwords, where there is no terminal.
    pub password: RateLimit,
}

impl Default for TryRates {
    fn default() -> TryRates {
        let a_minute = |tries| RateLimit::new(Some(tries), Duration::from_secs(60));
        TryRates {
            wrong_key: a_minute(WRONG_KEYS),
            enrolment: a_minute(ENROLMENTS),
            password: a_minute(PASSWORDS),
        }
    }
}

/// No limit by default.
#[derive(Default)]
pub struct RateLimit {
    rate: Option<Rate>,
    full_at: Mutex<HashMap<Subject, Instant>>,
}

impl RateLimit {
    /// `tokens` at once, and as many in each `period` from then on; without them, no limit.
    pub fn new(tokens: Option<u32>, period: Duration) -> RateLimit {
        let rate = |tokens: u32| Rate::new(tokens, period / tokens.max(1));
        RateLimit { rate: tokens.map(rate), full_at: Mutex::default() }
    }

    /// `TooMany` when the client has asked too often.
    pub fn admit(&self, client: impl Into<Subject>) -> Result<(), Error> {
        self.take(client.into(), Instant::now()).map_err(|wait| Error::TooMany { wait })
    }

    /// The error is how long it takes until the next request is let in.
    fn take(&self, client: Subject, now: Instant) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = buckets.get(&client).copied();
        let full_at = rate.take(seen, now)?;
        if seen.is_none() && buckets.len() >= CLIENTS_MAX {
            drop_fullest(&mut buckets, now);
        }
        buckets.insert(client, full_at);
        Ok(())
    }
}

/// At least half of them, so that it is not done again for each that comes.
fn drop_fullest(buckets: &mut HashMap<Subject, Instant>, now: Instant) {
    buckets.retain(|_, full_at| *full_at > now);
    if buckets.len() > CLIENTS_MAX / 2 {
        let mut instants: Vec<Instant> = buckets.values().copied().collect();
        let middle = instants.len() / 2;
        let (_, median, _) = instants.select_nth_unstable(middle);
        buckets.retain(|_, full_at| *full_at > *median);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const ME: Subject = Subject::Network(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));

    #[test]
    fn so_many_at_once_and_then_as_they_come_back() {
        let (limit, start) = (RateLimit::new(Some(6), Duration::from_secs(60)), Instant::now());
        let take = |seconds| limit.take(ME, start + Duration::from_secs(seconds));
        (0..6).for_each(|_| assert_eq!(take(0), Ok(())));
        assert_eq!(take(0), Err(Duration::from_secs(10)));
        assert_eq!(take(9), Err(Duration::from_secs(1)));
        assert_eq!(take(10), Ok(()));
        assert_eq!(take(10), Err(Duration::from_secs(10)));
        // Others have their own.
        assert_eq!(limit.take(IpAddr::from([192, 0, 2, 2]).into(), start), Ok(()));
        // What is refused costs nothing, and a long silence saves up no more than the bucket holds.
        (0..6).for_each(|_| assert_eq!(take(1000), Ok(())));
        assert!(take(1000).is_err());
    }

    #[test]
    fn the_addresses_of_a_64_are_one_client() {
        let (limit, now) = (RateLimit::new(Some(1), Duration::from_secs(60)), Instant::now());
        let of = |n: u128| IpAddr::from(Ipv6Addr::from_bits((0x2001_0db8 << 96) | n)).into();
        assert_eq!(limit.take(of(1), now), Ok(()));
        assert!(limit.take(of(u64::MAX.into()), now).is_err());
        assert_eq!(limit.take(of(1 << 64), now), Ok(()));
    }

    #[test]
    fn many_addresses_take_no_more_memory_and_push_out_nobody_that_asks_a_lot() {
        let (limit, now) = (RateLimit::new(Some(3), Duration::from_secs(60)), Instant::now());
        (0..3).for_each(|_| assert_eq!(limit.take(ME, now), Ok(())));
        for n in 0..3 * CLIENTS_MAX as u32 {
            assert_eq!(limit.take(IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + n)).into(), now), Ok(()));
        }
        assert!(limit.full_at.lock().unwrap().len() <= CLIENTS_MAX);
        assert!(limit.take(ME, now).is_err(), "its bucket was dropped");
    }

    #[test]
    fn without_a_rate_there_is_no_limit() {
        let limit = RateLimit::new(None, Duration::from_secs(1));
        (0..1000).for_each(|_| assert!(limit.admit(ME).is_ok()));
        assert!(limit.full_at.lock().unwrap().is_empty());
    }
}
