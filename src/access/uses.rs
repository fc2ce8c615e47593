//! When keys and sessions were last used: in memory, and now and then in the database. It is kept apart from what is loaded,
//! so that a reload takes nothing from it.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::domain::{data_hora::DataHora, sessao::ABSOLUTE_SECONDS};

/// The last uses, by what was used.
pub struct Uses<K>(Mutex<HashMap<K, Use>>);

struct Use {
    at: DataHora,
    /// The database knows it.
    stored: bool,
}

impl<K> Default for Uses<K> {
    fn default() -> Uses<K> {
        Uses(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone> Uses<K> {
    /// Notes a use.
    pub fn note(&self, used: K, now: DataHora) {
        let mut uses = self.lock();
        if uses.get(&used).is_none_or(|last| last.at < now) {
            uses.insert(used, Use { at: now, stored: false });
        }
    }

    /// The last use by this process; `None` where it has seen none.
    pub fn last<Q: Hash + Eq + ?Sized>(&self, used: &Q) -> Option<DataHora>
    where
        K: Borrow<Q>,
    {
        self.lock().get(used).map(|last| last.at)
    }

    /// Those that the database does not know, which it is told now. Uses that no session can outlast are forgotten.
    pub fn take_unstored(&self, now: DataHora) -> Vec<(K, DataHora)> {
        let mut uses = self.lock();
        let unstored = uses.iter_mut().filter(|(_, last)| !last.stored);
        let taken = unstored.map(|(used, last)| {
            last.stored = true;
            (used.clone(), last.at)
        });
        let taken = taken.collect();
        uses.retain(|_, last| now < last.at.mais(ABSOLUTE_SECONDS));
        taken
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Use>> {
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
        uses.take_unstored(at(63 + ABSOLUTE_SECONDS));
        assert_eq!(uses.last(&1), None, "it is kept for ever");
    }
}
