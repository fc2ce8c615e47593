//! One act for all who ask for the same kind of thing. While one batch is at the database the next one gathers: nobody
//! waits for a timer, and who is alone is served at once, on his own thread.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::{DbError, Error},
    metrics::METRICS,
    server::Threads,
};

/// How long those who wait put up with a leader who does not come back.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// What one answer takes to be given, about.
const GIVING: Duration = Duration::from_micros(10);

/// Questions of type `Q`, answered together, each with an `A` or an error of its own.
pub struct Batch<Q, A> {
    /// How many are answered at a time.
    at_most: usize,
    answer_all: Box<AnswerAll<Q, A>>,
    threads: Arc<Threads>,
    state: Mutex<State<Q, A>>,
}

/// Gives an answer for each question, in their order.
type AnswerAll<Q, A> = dyn Fn(&[Q]) -> Answers<A> + Send + Sync;
type Answers<A> = Result<Vec<Result<A, Error>>, Error>;
type Then<A> = Box<dyn FnOnce(Result<A, Error>) + Send>;

struct State<Q, A> {
    /// Since when the one who answers has been away with his batch; `None` when nobody answers.
    led_since: Option<Instant>,
    waiting: Vec<(Q, Seat<A>)>,
}

struct Seat<A> {
    since: Instant,
    then: Then<A>,
}

impl<Q: Send + 'static, A: Send + 'static> Batch<Q, A> {
    /// Where the whole fails for a reason that may be one's own, each is asked alone, so that one bad question is nobody
    /// else's trouble.
    pub fn new(
        threads: &Arc<Threads>,
        at_most: usize,
        answer_all: impl Fn(&[Q]) -> Answers<A> + Send + Sync + 'static,
    ) -> Arc<Batch<Q, A>> {
        let state = Mutex::new(State { led_since: None, waiting: Vec::new() });
        Arc::new(Batch { at_most, answer_all: Box::new(answer_all), threads: threads.clone(), state })
    }

    /// Answers the question together with those of others that came before `answer_all` begins. So what it reads is as
    /// fresh as if each had read it himself. `then` gets the answer on the thread of whoever answers, which is this one
    /// when nobody is at it. It must not wait for anything, since others wait for it.
    pub fn ask(self: &Arc<Self>, question: Q, then: impl FnOnce(Result<A, Error>) + Send + 'static) {
        let then: Then<A> = Box::new(then);
        let mut state = self.state();
        let now = Instant::now();
        state.waiting.push((question, Seat { since: now, then }));
        if state.is_led() {
            return;
        }
        state.led_since = Some(now);
        drop(state);
        self.lead(now);
    }

    /// As `ask`, and waits for the answer.
    pub fn wait_for(self: &Arc<Self>, question: Q) -> Result<A, Error> {
        let (tell, told) = mpsc::sync_channel(1);
        self.ask(question, move |answer| drop(tell.send(answer)));
        told.recv().unwrap_or_else(|_| Err(unanswered()))
    }

    /// To be called now and then: those who have waited too long get another leader.
    pub fn relieve(self: &Arc<Self>) {
        let state = self.state();
        if !state.is_led() {
            self.lead_elsewhere(state);
        }
    }

    /// Answers the batch that has gathered.
    fn lead(self: &Arc<Self>, turn: Instant) {
        // Whoever is about to ask comes along, if the machine has others to run; if not, this is nothing.
        thread::yield_now();
        let (questions, seats) = self.close();
        if questions.is_empty() {
            // Somebody has lost patience and taken them along.
            return self.hand_over(turn);
        }
        let begun = Instant::now();
        let answers = match self.answer_all(&questions) {
            Err(error) if questions.len() > 1 && may_be_of_one(&error) => Ok(self.one_by_one(&questions)),
            whole => whole,
        };
        self.give(seats, answers, begun.elapsed(), turn);
    }

    /// To each his answer. The turn goes to the next as late as his trip, if it takes as long as this one did, can be over
    /// when all here have theirs: by then more have gathered for it. Where that is at once, it is before the first answer,
    /// for whoever gets one may run in our place.
    fn give(self: &Arc<Self>, seats: Vec<Seat<A>>, answers: Answers<A>, trip: Duration, turn: Instant) {
        let (mut answers, mut turn) = (answers.map(Vec::into_iter), Some(turn));
        for (left, Seat { since, then }) in (1..=seats.len() as u32).rev().zip(seats) {
            if let Some(turn) = turn.take_if(|_| GIVING * left <= trip) {
                self.hand_over(turn);
            }
            let answer = match &mut answers {
                Ok(answers) => answers.next().unwrap_or_else(|| Err(unanswered())),
                Err(error) => Err(error.clone()),
            };
            METRICS.batch_wait(since.elapsed());
            // What one makes of his answer is not the others' business.
            if catch_unwind(AssertUnwindSafe(|| then(answer))).is_err() {
                log::error!("a panic over the answer of a batch");
            }
        }
        if let Some(turn) = turn {
            self.hand_over(turn);
        }
    }

    /// The batch that has gathered: who comes now belongs to the next.
    fn close(&self) -> (Vec<Q>, Vec<Seat<A>>) {
        let mut state = self.state();
        let size = state.waiting.len().min(self.at_most);
        state.waiting.drain(..size).unzip()
    }

    /// To another thread, since the one who leads on his own has a client who may go on talking.
    fn hand_over(self: &Arc<Self>, turn: Instant) {
        let mut state = self.state();
        // Unless somebody has lost patience and leads now.
        if state.led_since == Some(turn) {
            state.led_since = None;
            self.lead_elsewhere(state);
        }
    }

    fn lead_elsewhere(self: &Arc<Self>, mut state: MutexGuard<'_, State<Q, A>>) {
        if state.waiting.is_empty() {
            return;
        }
        let (turn, batch) = (Instant::now(), self.clone());
        state.led_since = Some(turn);
        drop(state);
        if let Err(error) = self.threads.run(Box::new(move || batch.lead(turn))) {
            log::warn!("no thread for those who ask together: {error}");
            let mut state = self.state();
            // For the next who asks, or to be relieved.
            state.led_since.take_if(|since| *since == turn);
        }
    }

    fn answer_all(&self, questions: &[Q]) -> Answers<A> {
        catch_unwind(AssertUnwindSafe(|| (self.answer_all)(questions))).unwrap_or_else(|_| Err(unanswered()))
    }

    /// Once the database is away, so it is for the rest.
    fn one_by_one(&self, questions: &[Q]) -> Vec<Result<A, Error>> {
        let mut common = None;
        let alone = |question| {
            if let Some(error) = &common {
                return Err(Error::clone(error));
            }
            let answers = self.answer_all(std::slice::from_ref(question));
            let answer = answers.and_then(|mut a| a.pop().unwrap_or_else(|| Err(unanswered())));
            common = answer.as_ref().err().filter(|e| !may_be_of_one(e)).cloned();
            answer
        };
        questions.iter().map(alone).collect()
    }

    fn state(&self) -> MutexGuard<'_, State<Q, A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q, A> State<Q, A> {
    fn is_led(&self) -> bool {
        self.led_since.is_some_and(|since| since.elapsed() < PATIENCE)
    }
}

/// Not those of a database that is away or busy: that is so for everybody, and each would wait for it again.
fn may_be_of_one(error: &Error) -> bool {
    use DbError::{Busy, Full, Lost, Unknown};
    !matches!(error, Error::Unavailable(_) | Error::Database(Lost(_) | Unknown(_) | Busy(_) | Full(_)))
}

fn unanswered() -> Error {
    Error::Internal("nobody answered this one of a batch".into())
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Condvar,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, channel},
    };

    use super::*;

    /// Where the leader of question 0 waits.
    #[derive(Default)]
    struct Gate {
        arrived_and_open: Mutex<(bool, bool)>,
        changed: Condvar,
    }

    impl Gate {
        fn pass(&self) {
            let mut state = self.arrived_and_open.lock().unwrap();
            state.0 = true;
            self.changed.notify_all();
            drop(self.changed.wait_while(state, |s| !s.1).unwrap());
        }

        fn wait_for_arrival(&self) {
            drop(self.changed.wait_while(self.arrived_and_open.lock().unwrap(), |s| !s.0).unwrap());
        }

        fn open(&self) {
            self.arrived_and_open.lock().unwrap().1 = true;
            self.changed.notify_all();
        }
    }

    type Numbers = Arc<Batch<usize, usize>>;

    fn batch(
        at_most: usize,
        answer_all: impl Fn(&[usize]) -> Answers<usize> + Send + Sync + 'static,
    ) -> (Numbers, Arc<Gate>) {
        let gate = Arc::new(Gate::default());
        let closed = gate.clone();
        let answer_all = move |all: &[usize]| {
            if all == [0] {
                closed.pass();
            }
            answer_all(all)
        };
        (Batch::new(&Arc::default(), at_most, answer_all), gate)
    }

    /// A thread whose question 0 is at the database and does not come back before the gate opens.
    fn leader(batch: &Numbers, gate: &Gate) -> thread::JoinHandle<Result<usize, Error>> {
        let asking = batch.clone();
        let leader = thread::spawn(move || asking.wait_for(0));
        gate.wait_for_arrival();
        leader
    }

    /// Asks without waiting.
    fn ask(batch: &Numbers, question: usize) -> Receiver<Result<usize, Error>> {
        let (tell, told) = channel();
        batch.ask(question, move |answer| tell.send(answer).unwrap());
        told
    }

    /// Ten that ask while a leader is away, and in how many batches of which sizes they were answered.
    fn ten(
        answer_all: impl Fn(&[usize]) -> Answers<usize> + Send + Sync + 'static,
    ) -> (Vec<Result<usize, Error>>, Vec<usize>) {
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let seen = sizes.clone();
        let (batch, gate) = batch(100, move |all| {
            seen.lock().unwrap().push(all.len());
            if all == [0] { Ok(vec![Ok(0)]) } else { answer_all(all) }
        });
        let leader = leader(&batch, &gate);
        let asked: Vec<_> = (1..=10).map(|n| ask(&batch, n)).collect();
        gate.open();
        leader.join().unwrap().unwrap();
        let answers = asked.into_iter().map(|a| a.recv().unwrap()).collect();
        let sizes = sizes.lock().unwrap().split_off(1);
        (answers, sizes)
    }

    #[test]
    fn who_come_while_one_is_answered_are_answered_together_and_each_gets_his_own() {
        let (answers, sizes) = ten(|all| {
            Ok(all
                .iter()
                .map(|n| if n % 2 == 0 { Ok(n * 10) } else { Err(Error::NotFound("odd")) })
                .collect())
        });
        for (n, answer) in (1..).zip(answers) {
            assert_eq!(answer.ok(), (n % 2 == 0).then_some(n * 10));
        }
        assert_eq!(sizes, [10]);
    }

    #[test]
    fn a_batch_has_a_largest_size_and_nobody_is_forgotten() {
        let (batch, gate) = batch(3, |all| {
            assert!(all.len() <= 3);
            Ok(all.iter().map(|n| Ok(n + 1)).collect())
        });
        gate.open();
        let ask = |n| {
            let batch = batch.clone();
            thread::spawn(move || (0..200).for_each(|_| assert_eq!(batch.wait_for(n).unwrap(), n + 1)))
        };
        let all: Vec<_> = (0..64).map(ask).collect();
        all.into_iter().for_each(|t| t.join().unwrap());
        assert!(batch.state().waiting.is_empty());
    }

    #[test]
    fn who_led_is_not_kept_by_the_next_batch() {
        let stuck = Arc::new(Gate::default());
        let next = stuck.clone();
        let (batch, gate) = batch(100, move |all| {
            if all == [1] {
                next.pass();
            }
            Ok(all.iter().map(|n| Ok(*n)).collect())
        });
        let leader = leader(&batch, &gate);
        let second = ask(&batch, 1);
        gate.open();
        assert_eq!(leader.join().unwrap().unwrap(), 0);
        stuck.wait_for_arrival();
        stuck.open();
        assert_eq!(second.recv().unwrap().unwrap(), 1);
    }

    #[test]
    fn the_next_trip_begins_while_the_answers_of_a_long_one_are_given() {
        let (batch, gate) = batch(100, |all| {
            let begun = Instant::now();
            while all.len() > 1 && begun.elapsed() < Duration::from_millis(50) {
                thread::yield_now();
            }
            Ok(all.iter().map(|n| Ok(*n)).collect())
        });
        let leader = leader(&batch, &gate);
        let (tell, told) = channel();
        let (tell_next, next) = channel();
        let again = batch.clone();
        batch.ask(1, move |_| again.ask(4, move |answer| tell_next.send(answer).unwrap()));
        let last = ask(&batch, 2);
        batch.ask(3, move |_| tell.send(next.recv_timeout(Duration::from_secs(30)).is_ok()).unwrap());
        gate.open();
        leader.join().unwrap().unwrap();
        last.recv().unwrap().unwrap();
        assert!(told.recv().unwrap(), "the next trip waits for all answers of the one before");
    }

    #[test]
    fn a_panic_is_an_error_to_its_batch_and_nothing_to_the_next() {
        let (answers, sizes) = ten(|_| panic!("at the database"));
        assert!(answers.iter().all(|a| matches!(a, Err(Error::Internal(_)))));
        assert_eq!(sizes, [[10].as_slice(), &[1; 10]].concat());

        let (batch, gate) = batch(100, |all| Ok(all.iter().map(|n| Ok(*n)).collect()));
        let leader = leader(&batch, &gate);
        batch.ask(1, |_| panic!("over the answer"));
        let other = ask(&batch, 2);
        gate.open();
        leader.join().unwrap().unwrap();
        assert_eq!(other.recv().unwrap().unwrap(), 2);
        assert_eq!(batch.wait_for(3).unwrap(), 3);
    }

    #[test]
    fn a_database_that_is_away_is_so_for_everybody_and_is_asked_once() {
        let (answers, sizes) = ten(|_| Err(Error::Unavailable("away".into())));
        assert!(answers.iter().all(|a| matches!(a, Err(Error::Unavailable(_)))));
        assert_eq!(sizes, [10]);
    }

    #[test]
    fn one_that_spoils_the_whole_fails_alone() {
        let (answers, sizes) = ten(|all| match all.contains(&7) {
            true => Err(DbError::ForeignKey("of the seventh".into()).into()),
            false => Ok(all.iter().map(|n| Ok(n + 1)).collect()),
        });
        for (n, answer) in (1..).zip(answers) {
            assert_eq!(answer.ok(), (n != 7).then_some(n + 1));
        }
        assert_eq!(sizes.len(), 11);
    }

    #[test]
    fn the_one_that_comes_back_too_late_takes_nothing_from_the_leader_after_him() {
        let second = Arc::new(Gate::default());
        let closed = second.clone();
        let (batch, gate) = batch(100, move |all| {
            if all == [1] {
                closed.pass();
            }
            Ok(all.iter().map(|n| Ok(n + 1)).collect())
        });
        let first = leader(&batch, &gate);
        while batch.state().is_led() {
            thread::yield_now();
        }
        let asking = batch.clone();
        let after_him = thread::spawn(move || asking.wait_for(1));
        second.wait_for_arrival();
        gate.open();
        assert_eq!(first.join().unwrap().unwrap(), 1);
        assert!(batch.state().led_since.is_some());
        second.open();
        assert_eq!(after_him.join().unwrap().unwrap(), 2);
        assert!(batch.state().led_since.is_none());
    }

    #[test]
    fn who_waits_too_long_gets_another_leader() {
        let (batch, gate) = batch(100, |all| Ok(all.iter().map(|n| Ok(n + 1)).collect()));
        let leader = leader(&batch, &gate);
        let asked: Vec<_> = (1..=10).map(|n| ask(&batch, n)).collect();
        batch.relieve();
        assert_eq!(batch.state().waiting.len(), 10, "relieved too soon");
        while !batch.state().waiting.is_empty() {
            batch.relieve();
            thread::yield_now();
        }
        for (n, answer) in (1..).zip(asked) {
            assert_eq!(answer.recv().unwrap().unwrap(), n + 1);
        }
        gate.open();
        assert_eq!(leader.join().unwrap().unwrap(), 1);
        assert_eq!(batch.wait_for(11).unwrap(), 12);
    }

    #[test]
    fn without_a_relief_the_next_who_asks_leads_those_who_waited_too_long() {
        let (batch, gate) = batch(100, |all| Ok(all.iter().map(|n| Ok(n + 1)).collect()));
        let leader = leader(&batch, &gate);
        let early = ask(&batch, 1);
        while batch.state().is_led() {
            thread::yield_now();
        }
        assert_eq!(batch.wait_for(2).unwrap(), 3);
        assert_eq!(early.recv().unwrap().unwrap(), 2);
        gate.open();
        leader.join().unwrap().unwrap();
    }

    #[test]
    fn each_answer_is_newer_than_its_question() {
        let clock = Arc::new(AtomicUsize::new(0));
        let read = clock.clone();
        let (batch, gate) = batch(100, move |all| {
            Ok(vec![read.load(Ordering::SeqCst); all.len()].into_iter().map(Ok).collect())
        });
        gate.open();
        let ask = || {
            let (batch, clock) = (batch.clone(), clock.clone());
            thread::spawn(move || {
                for n in 0..500 {
                    let before = clock.fetch_add(1, Ordering::SeqCst) + 1;
                    assert!(batch.wait_for(n).unwrap() >= before);
                }
            })
        };
        let all: Vec<_> = (0..16).map(|_| ask()).collect();
        all.into_iter().for_each(|t| t.join().unwrap());
    }
}
