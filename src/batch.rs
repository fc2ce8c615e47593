//! One act for all who wait for the same kind of thing. While one batch is at the database the next one gathers: nobody
//! waits for a timer, and who is alone is served at once, on his own thread.

use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::{DbError, Error},
    metrics::METRICS,
};

/// How long one waits for his turn before he goes alone.
const PATIENCE: Duration = Duration::from_secs(1);

/// Questions of type `Q`, answered together, each with an `A` or an error of its own.
pub struct Batch<Q, A> {
    /// How many are answered at a time.
    at_most: usize,
    state: Mutex<State<Q, A>>,
}

struct State<Q, A> {
    /// Somebody is answering, or has been told to.
    led: bool,
    waiting: Vec<(Q, Arc<Seat<A>>)>,
}

/// Where the one who asked waits.
struct Seat<A> {
    turn: Mutex<Option<Turn<A>>>,
    came: Condvar,
}

/// How a wait ends.
enum Outcome<Q, A> {
    /// With the question taken back.
    Alone(Q),
    Turn(Turn<A>),
}

enum Turn<A> {
    /// To answer the batch that has gathered, his own question in it.
    Lead,
    Answer(Result<A, Error>),
}

impl<Q, A> Batch<Q, A> {
    pub fn of(at_most: usize) -> Batch<Q, A> {
        Batch { at_most, state: Mutex::new(State { led: false, waiting: Vec::new() }) }
    }

    /// Answers the question together with those of others that came before `answer_all` begins. So what it reads is as
    /// fresh as if each had read it himself. It gives an answer for each question, in their order. Where the whole fails
    /// for a reason that may be one's own, each is asked alone, so that one bad question is nobody else's trouble.
    /// Of the `answer_all` of those who ask together one runs: they must all do the same.
    pub fn ask(
        &self,
        question: Q,
        mut answer_all: impl FnMut(&[Q]) -> Result<Vec<Result<A, Error>>, Error>,
    ) -> Result<A, Error> {
        let seat = Arc::new(Seat { turn: Mutex::new(None), came: Condvar::new() });
        let mut state = self.state();
        state.waiting.push((question, seat.clone()));
        let led = mem::replace(&mut state.led, true);
        drop(state);
        if led {
            let start = Instant::now();
            let outcome = seat.wait(PATIENCE).map_or_else(|| self.give_up(&seat), Outcome::Turn);
            METRICS.batch_wait(start.elapsed());
            match outcome {
                Outcome::Turn(Turn::Answer(answer)) => return answer,
                Outcome::Turn(Turn::Lead) => {}
                Outcome::Alone(question) => return answer_all(&[question]).and_then(only),
            }
        }
        // Whoever is about to ask comes along, if the machine has others to run; if not, this is nothing.
        thread::yield_now();
        let mut state = self.state();
        let size = state.waiting.len().min(self.at_most);
        let (questions, seats): (Vec<Q>, Vec<Arc<Seat<A>>>) = state.waiting.drain(..size).unzip();
        drop(state);
        // The leader's own is the first: nobody was waiting when he came, or he was the first to wait.
        let mut led = Led { batch: self, seats, handed_over: false };
        let answers = match answer_all(&questions) {
            Err(error) if questions.len() > 1 && may_be_of_one(&error) => {
                Ok(one_by_one(&questions, answer_all))
            }
            whole => whole,
        };
        // First, so that the next batch is at the database while the answers of this one are being written.
        led.hand_over();
        led.give(answers)
    }

    /// For one who has waited too long, for those at the database hang: he takes his question back and asks it himself;
    /// unless they have it already, or he is told to lead.
    fn give_up(&self, seat: &Arc<Seat<A>>) -> Outcome<Q, A> {
        let mut state = self.state();
        if let Some(turn) = seat.take() {
            return Outcome::Turn(turn);
        }
        if let Some(at) = state.waiting.iter().position(|(_, s)| Arc::ptr_eq(s, seat)) {
            return Outcome::Alone(state.waiting.remove(at).0);
        }
        drop(state);
        loop {
            if let Some(turn) = seat.wait(PATIENCE) {
                return Outcome::Turn(turn);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State<Q, A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Not those of a database that is away or busy: that is so for everybody, and each would wait for it again.
fn may_be_of_one(error: &Error) -> bool {
    use DbError::{Busy, Lost, Unknown};
    !matches!(error, Error::Unavailable(_) | Error::Database(Lost(_) | Unknown(_) | Busy(_)))
}

fn unanswered() -> Error {
    Error::Internal("nobody answered this one of a batch".into())
}

/// Once the database is away, so it is for the rest.
fn one_by_one<Q, A>(
    questions: &[Q],
    mut answer_all: impl FnMut(&[Q]) -> Result<Vec<Result<A, Error>>, Error>,
) -> Vec<Result<A, Error>> {
    let mut common = None;
    let alone = |question| {
        if let Some(error) = &common {
            return Err(Error::clone(error));
        }
        let answer = answer_all(std::slice::from_ref(question)).and_then(only);
        common = answer.as_ref().err().filter(|e| !may_be_of_one(e)).cloned();
        answer
    };
    questions.iter().map(alone).collect()
}

/// The batch that is being answered. However that ends, everybody in it gets an answer and the next batch a leader.
struct Led<'a, Q, A> {
    batch: &'a Batch<Q, A>,
    seats: Vec<Arc<Seat<A>>>,
    handed_over: bool,
}

impl<Q, A> Led<'_, Q, A> {
    fn hand_over(&mut self) {
        self.handed_over = true;
        let mut state = self.batch.state();
        match state.waiting.first() {
            Some((_, next)) => next.give(Turn::Lead),
            None => state.led = false,
        }
    }

    /// To each of the others his own, and the leader's back.
    fn give(&mut self, answers: Result<Vec<Result<A, Error>>, Error>) -> Result<A, Error> {
        let mut answers = match answers {
            Ok(answers) => answers.into_iter(),
            Err(error) => {
                self.seats.drain(..).skip(1).for_each(|seat| seat.give(Turn::Answer(Err(error.clone()))));
                return Err(error);
            }
        };
        let own = answers.next().unwrap_or_else(|| Err(unanswered()));
        let others = self.seats.len().min(answers.len() + 1);
        for (seat, answer) in self.seats.drain(..others).skip(1).zip(answers) {
            seat.give(Turn::Answer(answer));
        }
        own
    }
}

fn only<A>(mut answers: Vec<Result<A, Error>>) -> Result<A, Error> {
    answers.pop().unwrap_or_else(|| Err(unanswered()))
}

impl<Q, A> Drop for Led<'_, Q, A> {
    fn drop(&mut self) {
        if !self.handed_over {
            self.hand_over();
        }
        for seat in self.seats.drain(..) {
            seat.give(Turn::Answer(Err(unanswered())));
        }
    }
}

impl<A> Seat<A> {
    fn give(&self, turn: Turn<A>) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn);
        self.came.notify_one();
    }

    fn take(&self) -> Option<Turn<A>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn wait(&self, at_most: Duration) -> Option<Turn<A>> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.came.wait_timeout_while(turn, at_most, |turn| turn.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.take()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::atomic::{AtomicBool, AtomicUsize, Ordering},
        thread,
    };

    use super::*;

    fn waiting(batch: &Batch<usize, usize>, count: usize) {
        while batch.state().waiting.len() < count {
            thread::yield_now();
        }
    }

    #[test]
    fn who_come_while_one_is_answered_are_answered_together_and_each_gets_his_own() {
        let batch = Batch::of(100);
        let sizes = Mutex::new(Vec::new());
        let inside = AtomicBool::new(false);
        thread::scope(|s| {
            let ask = |n: usize| {
                batch.ask(n, |all| {
                    if n == 0 {
                        inside.store(true, Ordering::SeqCst);
                        waiting(&batch, 10);
                    }
                    sizes.lock().unwrap().push(all.len());
                    Ok(all
                        .iter()
                        .map(|n| if n % 2 == 0 { Ok(n * 10) } else { Err(Error::NotFound("odd")) })
                        .collect())
                })
            };
            let first = s.spawn(move || ask(0));
            while !inside.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            let others: Vec<_> = (1..=10).map(|n| s.spawn(move || (n, ask(n)))).collect();
            assert_eq!(first.join().unwrap().unwrap(), 0);
            for other in others {
                let (n, answer) = other.join().unwrap();
                assert_eq!(answer.ok(), (n % 2 == 0).then_some(n * 10));
            }
        });
        assert_eq!(*sizes.lock().unwrap(), [1, 10]);
        assert!(!batch.state().led);
    }

    #[test]
    fn a_batch_has_a_largest_size_and_nobody_is_forgotten() {
        let batch = Batch::of(3);
        let answered = AtomicUsize::new(0);
        thread::scope(|s| {
            for n in 0..64 {
                let (batch, answered) = (&batch, &answered);
                s.spawn(move || {
                    for _ in 0..200 {
                        let answer = batch.ask(n, |all| {
                            assert!(all.len() <= 3);
                            Ok(all.iter().map(|n| Ok(n + 1)).collect())
                        });
                        assert_eq!(answer.unwrap(), n + 1);
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(answered.into_inner(), 64 * 200);
        assert!(!batch.state().led && batch.state().waiting.is_empty());
    }

    #[test]
    fn who_panics_while_leading_leaves_an_error_to_his_batch_and_a_leader_to_the_next() {
        let batch: Batch<usize, usize> = Batch::of(100);
        let inside = AtomicBool::new(false);
        thread::scope(|s| {
            let first = s.spawn(|| {
                batch.ask(0, |_| {
                    inside.store(true, Ordering::SeqCst);
                    waiting(&batch, 2);
                    Ok(vec![Ok(0)])
                })
            });
            while !inside.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            let followers: Vec<_> = (1..=2)
                .map(|n| {
                    s.spawn({
                        let batch = &batch;
                        move || catch_unwind(AssertUnwindSafe(|| batch.ask(n, |_| panic!("while leading"))))
                    })
                })
                .collect();
            first.join().unwrap().unwrap();
            let outcomes: Vec<_> = followers.into_iter().map(|f| f.join().unwrap()).collect();
            assert_eq!(outcomes.iter().filter(|o| o.is_err()).count(), 1);
            assert!(outcomes.iter().any(|o| matches!(o, Ok(Err(Error::Internal(_))))));
        });
        assert_eq!(batch.ask(7, |all| Ok(all.iter().map(|n| Ok(*n)).collect())).unwrap(), 7);
    }

    /// Ten that are answered together, and how often somebody tried.
    fn ten(
        answer_all: impl Fn(&[usize]) -> Result<Vec<Result<usize, Error>>, Error> + Sync,
    ) -> (Vec<Result<usize, Error>>, usize) {
        let batch = Batch::of(100);
        let tries = AtomicUsize::new(0);
        let inside = AtomicBool::new(false);
        let ask = |n: usize| {
            batch.ask(n, |all| {
                if n == 0 {
                    inside.store(true, Ordering::SeqCst);
                    waiting(&batch, 10);
                    return Ok(vec![Ok(0)]);
                }
                tries.fetch_add(1, Ordering::Relaxed);
                answer_all(all)
            })
        };
        let answers = thread::scope(|s| {
            let first = s.spawn(|| ask(0));
            while !inside.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            let ask = &ask;
            let others: Vec<_> = (1..=10).map(|n| s.spawn(move || ask(n))).collect();
            first.join().unwrap().unwrap();
            others.into_iter().map(|o| o.join().unwrap()).collect()
        });
        (answers, tries.into_inner())
    }

    #[test]
    fn a_database_that_is_away_is_so_for_everybody_and_is_asked_once() {
        let (answers, tries) = ten(|_| Err(Error::Unavailable("away".into())));
        assert!(answers.iter().all(|a| matches!(a, Err(Error::Unavailable(_)))));
        assert_eq!(tries, 1);
    }

    #[test]
    fn who_waits_too_long_goes_alone_and_the_rest_goes_on() {
        let batch: Batch<usize, usize> = Batch::of(100);
        let (inside, released) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|s| {
            let first = s.spawn(|| {
                batch.ask(0, |_| {
                    inside.store(true, Ordering::SeqCst);
                    while !released.load(Ordering::SeqCst) {
                        thread::yield_now();
                    }
                    Ok(vec![Ok(0)])
                })
            });
            while !inside.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            let ask = |n| {
                let batch = &batch;
                s.spawn(move || batch.ask(n, |all| Ok(all.iter().map(|n| Ok(n + 1)).collect())).unwrap())
            };
            let others: Vec<_> = (1..=10).map(ask).collect();
            for (n, other) in (1..).zip(others) {
                assert_eq!(other.join().unwrap(), n + 1);
            }
            assert!(batch.state().waiting.is_empty());
            released.store(true, Ordering::SeqCst);
            assert_eq!(first.join().unwrap().unwrap(), 0);
        });
        assert!(!batch.state().led);
    }

    #[test]
    fn one_that_spoils_the_whole_fails_alone() {
        let (answers, tries) = ten(|all| match all.contains(&7) {
            true => Err(DbError::ForeignKey("of the seventh".into()).into()),
            false => Ok(all.iter().map(|n| Ok(n + 1)).collect()),
        });
        for (n, answer) in (1..).zip(answers) {
            assert_eq!(answer.ok(), (n != 7).then_some(n + 1));
        }
        assert_eq!(tries, 11);
    }
}
