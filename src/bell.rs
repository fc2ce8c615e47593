//! A bell wakes threads of this process when there is something to do (an auto-reset event). What other processes have done is
//! found by looking now and then.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// Rung by any thread, heard by one that waits, or by the next that will.
#[derive(Default)]
pub struct Bell {
    state: Mutex<State>,
    heard: Condvar,
}

#[derive(Default)]
struct State {
    rung: bool,
    waiting: usize,
}

impl Bell {
    /// There is something to do.
    pub fn ring(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.rung = true;
        // Where nobody waits, ringing costs no system call.
        if state.waiting > 0 {
            self.heard.notify_one();
        }
    }

    /// Waits until it is rung, for so long at most.
    pub fn wait(&self, at_most: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting += 1;
        let waited = self.heard.wait_timeout_while(state, at_most, |state| !state.rung);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.waiting -= 1;
        state.rung = false;
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;

    #[test]
    fn it_is_heard_by_who_waits_and_by_who_comes_later() {
        let bell = Arc::new(Bell::default());
        bell.ring();
        bell.wait(Duration::MAX);
        let rings = bell.clone();
        let ringer = thread::spawn(move || rings.ring());
        bell.wait(Duration::MAX);
        ringer.join().unwrap();
    }

    #[test]
    fn one_ring_is_heard_once() {
        let bell = Bell::default();
        bell.ring();
        bell.ring();
        bell.wait(Duration::MAX);
        bell.wait(Duration::from_millis(1));
        assert!(!bell.state.lock().unwrap().rung);
    }
}
