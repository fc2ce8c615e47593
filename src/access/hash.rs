//! PINs and passwords at rest: Argon2id over HMAC-SHA256. No work factor protects 4 digits against an offline search; so the
//! HMAC is keyed with `PEPPER`, which is not in the database, and a copy of the database alone cannot be searched. Without a
//! pepper all PINs of 4 digits take 10,000 hashes a person: minutes. Each hash names its pepper (`keyid` of PHC's form), by 24
//! bits of an HMAC under it: enough to notice at a start that it is another, too few to find out one by.
//!
//! A hash takes 19 MB and some ten milliseconds, so the number that runs, and the number that waits, are bounded (`Gate`): a
//! thousand logins at once make a short queue and 503s, and no memory. Requests without a terminal have a shorter queue, lower
//! priority and one slot, so that strangers do not keep the staff out.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use hmac::{Hmac, Mac, digest::KeyInit};
use sha2::{Digest, Sha256};

use super::key::random;
use crate::{domain::funcionario::Proof, error::Error};

/// OWASP's minimum: KiB of memory, passes, lanes.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Bytes.
const SALT: usize = 16;
const HASH: usize = 32;
const KEY_ID: usize = 3;

/// Blocks of 1 KiB for which there is room, most of it never touched: beyond 32 MiB glibc takes memory from the kernel and
/// gives it back at once. Of less, each thread that ever computed a hash would keep its own.
const ROOM_BLOCKS: usize = 33 * 1024;

/// Hashes that are computed at a time.
const RUNNING: usize = 2;
/// Those of terminals and managers that wait for it, and those of everybody else.
const WAITING: usize = 64;
const WAITING_OUTSIDE: usize = 16;

/// HMAC-SHA256 of a text, for one use of the pepper.
pub fn keyed(pepper: &str, usage: &str, text: &str) -> [u8; 32] {
    // A key of the length of SHA-256's blocks is taken as it is.
    let mut key = [0; 64];
    match pepper.len() {
        0..=64 => key[..pepper.len()].copy_from_slice(pepper.as_bytes()),
        _ => key[..32].copy_from_slice(&Sha256::digest(pepper)),
    }
    let mac = <Hmac<Sha256> as KeyInit>::new(&key.into());
    mac.chain_update(usage).chain_update([0]).chain_update(text).finalize().into_bytes().into()
}

/// Computes and compares hashes.
pub struct Hasher {
    pepper: String,
    /// Names the pepper in what is stored.
    key_id: String,
    /// Of nothing that anybody knows: what is compared where there is no hash.
    dummy: String,
    gate: Gate,
}

/// Who asks for a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Somebody at a terminal, or a manager.
    Inside,
    /// Anybody.
    Outside,
}

impl Hasher {
    /// With this pepper, which may be empty.
    pub fn new(pepper: &str) -> Hasher {
        let key_id = BASE64_STANDARD_NO_PAD.encode(&keyed(pepper, "keyid", "")[..KEY_ID]);
        let dummy = encode(&key_id, &[0; SALT], &[0; HASH]);
        Hasher { pepper: pepper.to_owned(), key_id, dummy, gate: Gate::default() }
    }

    /// Whether this was stored under another pepper. One that names none may have been, or not.
    pub fn is_of_another_pepper(&self, stored: &str) -> bool {
        decode(stored).and_then(|stored| stored.key_id).is_some_and(|key_id| key_id != self.key_id)
    }

    /// A place among those that are computed now; `Unavailable` where too many wait.
    pub fn enter(&self, asker: Asker) -> Result<Permit<'_>, Error> {
        self.gate.enter(asker)
    }

    /// What is stored of it.
    pub fn hash(&self, proof: &Proof, _: &Permit<'_>) -> Result<String, Error> {
        let salt = &random()?[..SALT];
        let hash = self.compute(proof, salt)?;
        Ok(encode(&self.key_id, salt, &hash))
    }

    /// Whether it is the one that this is stored of. Takes as long when nothing is.
    pub fn matches(&self, proof: &Proof, stored: Option<&str>, _: &Permit<'_>) -> Result<bool, Error> {
        let Decoded { salt, hash, .. } = decode(stored.unwrap_or(&self.dummy))
            .ok_or_else(|| Error::Internal("a stored PIN or password has another form".into()))?;
        let differs = self.compute(proof, &salt)?.iter().zip(&hash).fold(0, |all, (a, b)| all | (a ^ b));
        Ok(stored.is_some() && hash.len() == HASH && differs == 0)
    }

    fn compute(&self, proof: &Proof, salt: &[u8]) -> Result<[u8; HASH], Error> {
        let usage = if matches!(proof, Proof::Pin(_)) { "pin" } else { "senha" };
        let failed = |e| Error::Internal(format!("argon2: {e}"));
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH)).map_err(failed)?;
        let mut memory = Vec::with_capacity(ROOM_BLOCKS.max(params.block_count()));
        memory.resize(params.block_count(), Block::new());
        let mut hash = [0; HASH];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                &keyed(&self.pepper, usage, proof.reveal()),
                salt,
                &mut hash,
                &mut memory,
            )
            .map_err(failed)?;
        Ok(hash)
    }
}

/// PHC's form, so that other parameters can be told from these one day.
fn encode(key_id: &str, salt: &[u8], hash: &[u8]) -> String {
    let [salt, hash] = [salt, hash].map(|bytes| BASE64_STANDARD_NO_PAD.encode(bytes));
    format!("{},keyid={key_id}${salt}${hash}", parameters())
}

fn parameters() -> String {
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}")
}

struct Decoded<'a> {
    /// None in what was stored before peppers were named.
    key_id: Option<&'a str>,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

fn decode(stored: &str) -> Option<Decoded<'_>> {
    let rest = stored.strip_prefix(&parameters())?;
    let (key_id, rest) = match rest.strip_prefix(",keyid=") {
        Some(rest) => rest.split_once('$').map(|(key_id, rest)| (Some(key_id), rest))?,
        None => (None, rest.strip_prefix('$')?),
    };
    let (salt, hash) = rest.split_once('$')?;
    let bytes = |text| BASE64_STANDARD_NO_PAD.decode(text).ok();
    Some(Decoded { key_id, salt: bytes(salt)?, hash: bytes(hash)? })
}

/// Lets few in at a time, and few wait.
#[derive(Default)]
struct Gate {
    crowd: Mutex<Crowd>,
    left: Condvar,
}

#[derive(Default)]
struct Crowd {
    running: usize,
    running_outside: usize,
    waiting: usize,
    waiting_inside: usize,
    /// Of those that wait, and of those that run.
    outside: usize,
}

/// A slot of the gate: its holder may compute a hash. It is given back when it is dropped.
pub struct Permit<'a> {
    gate: &'a Gate,
    asker: Asker,
}

impl Crowd {
    /// Those inside go first, and one place of those that run is always theirs.
    fn admits(&self, asker: Asker) -> bool {
        let their_turn = match asker {
            Asker::Inside => true,
            Asker::Outside => self.running_outside == 0 && self.waiting_inside == 0,
        };
        self.running < RUNNING && their_turn
    }
}

impl Gate {
    fn enter(&self, asker: Asker) -> Result<Permit<'_>, Error> {
        let mut crowd = self.crowd();
        let outside = usize::from(asker == Asker::Outside);
        let full = crowd.waiting >= WAITING || (outside == 1 && crowd.outside >= WAITING_OUTSIDE);
        if crowd.running >= RUNNING && full {
            return Err(Error::Unavailable("too many want to log in at the same time".into()));
        }
        crowd.outside += outside;
        crowd.waiting += 1;
        crowd.waiting_inside += 1 - outside;
        while !crowd.admits(asker) {
            crowd = self.left.wait(crowd).unwrap_or_else(PoisonError::into_inner);
        }
        crowd.waiting -= 1;
        crowd.waiting_inside -= 1 - outside;
        crowd.running += 1;
        crowd.running_outside += outside;
        Ok(Permit { gate: self, asker })
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut crowd = self.gate.crowd();
        crowd.running -= 1;
        crowd.outside -= usize::from(self.asker == Asker::Outside);
        crowd.running_outside -= usize::from(self.asker == Asker::Outside);
        drop(crowd);
        // All: one alone might be outside, and has to wait for those inside.
        self.gate.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;

    fn pin(text: &str) -> Proof {
        Proof::pin(text.into()).unwrap()
    }

    #[test]
    fn a_hash_is_of_its_pin_and_pepper_and_of_no_other() {
        let hasher = Hasher::new("pepper");
        let permit = hasher.enter(Asker::Inside).unwrap();
        let stored = hasher.hash(&pin("1234"), &permit).unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1,keyid=") && stored.len() < 160,
            "{stored}"
        );
        let matches_as = |stored: &str| hasher.matches(&pin("1234"), Some(stored), &permit).unwrap();
        let matches = |proof: &Proof| hasher.matches(proof, Some(&stored), &permit).unwrap();
        assert!(matches(&pin("1234")) && !matches(&pin("1235")));
        assert!(!matches(&Proof::Senha("1234".into())), "a PIN is no password");
        assert!(!hasher.matches(&pin("1234"), None, &permit).unwrap());
        assert_ne!(hasher.hash(&pin("1234"), &permit).unwrap(), stored, "no salt");
        let other = Hasher::new("other");
        assert!(!other.matches(&pin("1234"), Some(&stored), &other.enter(Asker::Inside).unwrap()).unwrap());
        assert!(other.is_of_another_pepper(&stored) && !hasher.is_of_another_pepper(&stored));
        // As it was stored before peppers were named.
        let nameless = stored.replace(&format!(",keyid={}", hasher.key_id), "");
        assert!(matches_as(&nameless) && !other.is_of_another_pepper(&nameless) && nameless != stored);
        assert!(hasher.matches(&pin("1234"), Some("$argon2id$v=19$m=1,t=1,p=1$AA$AA"), &permit).is_err());
    }

    #[test]
    fn few_are_computed_at_a_time_and_few_wait() {
        let gate = Arc::new(Gate::default());
        let running = (gate.enter(Asker::Inside).unwrap(), gate.enter(Asker::Outside).unwrap());
        let wait = |asker| {
            let gate = gate.clone();
            thread::spawn(move || gate.enter(asker).map(|_| ()).is_ok())
        };
        let until = |waiting| {
            while gate.crowd().waiting < waiting {
                thread::yield_now();
            }
        };
        let mut all: Vec<_> = (1..WAITING_OUTSIDE).map(|_| wait(Asker::Outside)).collect();
        until(WAITING_OUTSIDE - 1);
        assert!(gate.enter(Asker::Outside).is_err(), "strangers take all places");
        all.extend((WAITING_OUTSIDE..=WAITING).map(|_| wait(Asker::Inside)));
        until(WAITING);
        assert!(gate.enter(Asker::Inside).is_err(), "all wait that like");
        assert_eq!(gate.crowd().running, RUNNING);
        drop(running);
        assert!(all.into_iter().all(|t| t.join().unwrap()));
        let left = gate.crowd();
        assert_eq!((left.running, left.waiting, left.outside), (0, 0, 0));
    }
}
