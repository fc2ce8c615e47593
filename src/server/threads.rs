//! A thread pool without a bound of its own: as many threads as there are jobs, each kept for a moment
//! behind its job, since the next client usually comes soon and a new thread costs more than a request. A
//! job never waits for another; what bounds their number is the number of connections.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// Room for the libraries that put much on the stack (compressors do); only what is touched takes memory.
const STACK_BYTES: usize = 1024 * 1024;
/// How long a thread waits for its next job.
const IDLE: Duration = Duration::from_secs(1);

/// What a thread is to do.
pub type Job = Box<dyn FnOnce() + Send>;

/// The pool. Its threads end by themselves when there is nothing to do.
#[derive(Default)]
pub struct Threads {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    /// Never more than `idle`: each job here has a thread that will take it.
    jobs: VecDeque<Job>,
    /// Threads that wait for a job, or have been woken for one and not taken it yet.
    idle: usize,
}

impl Threads {
    /// Runs the job on a thread that is idle, or on a new one. An error means that there can be no more
    /// threads, and the job is dropped.
    pub fn run(self: &Arc<Self>, job: Job) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.idle > state.jobs.len() {
            state.jobs.push_back(job);
            self.arrived.notify_one();
            return Ok(());
        }
        drop(state);
        let threads = self.clone();
        let builder = thread::Builder::new().name("job".into()).stack_size(STACK_BYTES);
        builder.spawn(move || threads.work(job)).map(drop)
    }

    fn work(&self, mut job: Job) {
        loop {
            job();
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.idle += 1;
            let waited = self.arrived.wait_timeout_while(state, IDLE, |state| state.jobs.is_empty());
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.idle -= 1;
            match state.jobs.pop_front() {
                Some(next) => job = next,
                None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Each job waits for all the others: one that were queued behind another would never end.
    #[test]
    fn no_job_waits_for_another() {
        let threads = Arc::new(Threads::default());
        for _ in 0..50 {
            let together = Arc::new(std::sync::Barrier::new(16));
            let (done, all_done) = mpsc::channel();
            for _ in 0..16 {
                let (together, done) = (together.clone(), done.clone());
                threads
                    .run(Box::new(move || {
                        together.wait();
                        done.send(()).unwrap();
                    }))
                    .unwrap();
            }
            (0..16).for_each(|_| all_done.recv_timeout(Duration::from_secs(30)).unwrap());
        }
    }

    #[test]
    fn a_thread_is_used_again() {
        let threads = Arc::new(Threads::default());
        let (tell, told) = mpsc::channel();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..100 {
            let tell = tell.clone();
            threads.run(Box::new(move || tell.send(thread::current().id()).unwrap())).unwrap();
            seen.insert(told.recv_timeout(Duration::from_secs(30)).unwrap());
        }
        assert!(seen.len() < 100, "a new thread for each job");
    }
}
