//! When keys and sessions were last used: in memory, and now and then in the database. It is kept apart from what is loaded,
//! so that a reload takes nothing from it. Who looks something up again and again, as keys are by each request, keeps its
//! `LastUse`, and notes uses without a lock.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use crate::domain::{data_hora::DataHora, sessao::ABSOLUTE_SECONDS};

/// The last uses, by what was used.
pub struct Uses<K>(Mutex<HashMap<K, Arc<LastUse>>>);

/// Of one key or session, in seconds of the epoch; nothing else is published by them, so their order does not matter.
#[derive(Default)]
pub struct LastUse {
    /// 0 before the first.
    at: AtomicI64,
    /// That the database knows.
    stored: AtomicI64,
}

impl LastUse {
    /// Notes a use.
    pub fn note(&self, now: DataHora) {
        let now = now.segundos();
        // A store that changes nothing would take the cache line from the other threads all the same.
        if self.at.load(Relaxed) < now {
            self.at.fetch_max(now, Relaxed);
        }
    }

    fn last(&self) -> Option<DataHora> {
        Some(self.at.load(Relaxed)).filter(|at| *at > 0).and_then(DataHora::de_segundos)
    }

    /// The last use, where the database does not know it; it is told now.
    fn take_unstored(&self) -> Option<DataHora> {
        let last = self.last()?;
        (self.stored.swap(last.segundos(), Relaxed) < last.segundos()).then_some(last)
    }
}

impl<K> Default for Uses<K> {
    fn default() -> Uses<K> {
        Uses(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone> Uses<K> {
    /// The last use of this, to be kept.
    pub fn of(&self, used: K) -> Arc<LastUse> {
        self.lock().entry(used).or_default().clone()
    }

    /// Notes a use.
    pub fn note(&self, used: K, now: DataHora) {
        self.of(used).note(now);
    }

    /// The last use by this process; `None` where it has seen none.
    pub fn last<Q: Hash + Eq + ?Sized>(&self, used: &Q) -> Option<DataHora>
    where
        K: Borrow<Q>,
    {
        self.lock().get(used)?.last()
    }

    /// Those that the database does not know, which it is told now. Uses that no session can outlast are forgotten, unless
    /// somebody keeps them.
    pub fn take_unstored(&self, now: DataHora) -> Vec<(K, DataHora)> {
        let mut uses = self.lock();
        let taken = uses.iter().filter_map(|(used, last)| Some((used.clone(), last.take_unstored()?)));
        let taken = taken.collect();
        let is_recent = |last: &LastUse| last.last().is_some_and(|at| now < at.mais(ABSOLUTE_SECONDS));
        uses.retain(|_, last| Arc::strong_count(last) > 1 || is_recent(last));
        taken
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<LastUse>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DataHora {
        DataHora::de_segundos(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_use_is_stored_once_and_the_last_one_counts() {
        let uses = Uses::default();
        assert_eq!((uses.last(&1), uses.take_unstored(at(0))), (None, vec![]));
        uses.note(1, at(60));
        uses.note(1, at(50));
        assert_eq!(uses.take_unstored(at(61)), [(1, at(60))]);
        uses.note(1, at(60));
        assert_eq!((uses.take_unstored(at(62)), uses.last(&1)), (vec![], Some(at(60))));
        uses.note(1, at(63));
        assert_eq!(uses.take_unstored(at(64)), [(1, at(63))]);
        let kept = uses.of(2);
        kept.note(at(1));
        uses.take_unstored(at(63 + ABSOLUTE_SECONDS));
        assert_eq!(uses.last(&1), None, "it is kept for ever");
        kept.note(at(64 + ABSOLUTE_SECONDS));
        assert_eq!(uses.last(&2), Some(at(64 + ABSOLUTE_SECONDS)), "a use that is kept was forgotten");
    }
}
