//! Group commit, or request coalescing: what many callers ask for at the same time is done once for all of
//! them.
//!
//! ```text
//!  caller 1 ─▶ ask ─▶ leader, on its own thread ─▶ answer_all([1]) ─▶ answers 1
//!  caller 2 ─▶ ask ─▶ waiting ┐                                      │ hands over
//!  caller 3 ─▶ ask ─▶ waiting ┼─▶ leader, on another thread ──▶ answer_all([2, 3, 4]) ─▶ answers 2, 3, 4
//!  caller 4 ─▶ ask ─▶ waiting ┘
//! ```
//!
//! - **No timer.** A caller that finds no leader becomes the leader at once; what is asked while it is away
//!   gathers, and is the next batch. The busier it gets, the more each batch carries.
//! - **A batch is closed before `answer_all` begins.** So what is read is as fresh for each as if it had
//!   read alone.
//! - **The leader answers its followers itself**, without waking them: a continuation (`then`) runs on its
//!   thread, and must not wait.
//! - **One leader at a time, each named by a generation.** The next batch is handed to another thread,
//!   because a leader on a connection's own thread has a client to serve. It is handed over as late as it
//!   can be back when the last of this batch has its answer: by then more has gathered.
//! - **A leader that does not come back within `PATIENCE` is superseded** by the next caller, or by
//!   `relieve`. When it comes back it still answers its own batch, and hands over nothing, since its
//!   generation has passed.
//! - **A question that fails is answered alone.** If a batch fails for a reason that may be that of one question,
//!   each is asked alone; if the database is away, all hear it once. A panic is an error of its batch.
//!
//! Tested below, and by `tests/api/freshness.rs` as a check of linearizability.

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

/// How long followers wait for a leader that does not come back.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Questions that fail alone for a row that is held, before the rest of their batch is given up.
const LOCKED_MAX: u32 = 2;

/// What it takes to give one answer, about.
const GIVING: Duration = Duration::from_micros(10);

/// Questions of type `Q`, answered together, each with an `A` or an error of its own.
pub struct Batch<Q, A> {
    /// Questions of one batch at most.
    at_most: usize,
    answer_all: Box<AnswerAll<Q, A>>,
    threads: Arc<Threads>,
    state: Mutex<State<Q, A>>,
}

/// Answers for all questions, in their order.
type AnswerAll<Q, A> = dyn Fn(&[Q]) -> Answers<A> + Send + Sync;
type Answers<A> = Result<Vec<Result<A, Error>>, Error>;
type Then<A> = Box<dyn FnOnce(Result<A, Error>) + Send>;

struct State<Q, A> {
    /// Of the leader that was appointed last.
    generation: u64,
    /// When that leader was appointed; `None` when there is none.
    led_since: Option<Instant>,
    waiting: Vec<(Q, Follower<A>)>,
}

/// A caller that waits for its answer.
struct Follower<A> {
    since: Instant,
    then: Then<A>,
}

/// The right to lead, until a leader of a later generation is appointed.
#[derive(Clone, Copy)]
struct Lead {
    generation: u64,
}

impl<Q: Send + 'static, A: Send + 'static> Batch<Q, A> {
    /// `answer_all` answers up to `at_most` questions at a time, each in its place; an error is that of all
    /// of them. It is run on the thread of a caller, or on one of `threads`.
    pub fn new(
        threads: &Arc<Threads>,
        at_most: usize,
        answer_all: impl Fn(&[Q]) -> Answers<A> + Send + Sync + 'static,
    ) -> Arc<Batch<Q, A>> {
        let state = Mutex::new(State { generation: 0, led_since: None, waiting: Vec::new() });
        Arc::new(Batch { at_most, answer_all: Box::new(answer_all), threads: threads.clone(), state })
    }

    /// Answers the question together with those that others asked before `answer_all` begins. `then` gets
    /// the answer on the leader's thread, which is this one when there is no leader yet. It must not wait,
    /// since others wait behind it.
    pub fn ask(self: &Arc<Self>, question: Q, then: impl FnOnce(Result<A, Error>) + Send + 'static) {
        let then: Then<A> = Box::new(then);
        let mut state = self.state();
        state.waiting.push((question, Follower { since: Instant::now(), then }));
        if state.is_led() {
            return;
        }
        let lead = state.appoint();
        drop(state);
        self.lead(lead);
    }

    /// As `ask`, and waits for the answer.
    pub fn wait_for(self: &Arc<Self>, question: Q) -> Result<A, Error> {
        let (tell, told) = mpsc::sync_channel(1);
        self.ask(question, move |answer| drop(tell.send(answer)));
        told.recv().unwrap_or_else(|_| Err(unanswered()))
    }

    /// To be called now and then, more often than once in `PATIENCE`: followers of a leader that does not
    /// come back get another.
    pub fn relieve(self: &Arc<Self>) {
        let state = self.state();
        if !state.is_led() {
            self.lead_elsewhere(state);
        }
    }

    /// Answers the batch that has gathered.
    fn lead(self: &Arc<Self>, lead: Lead) {
        // Callers that are about to ask come along, if the machine has others to run; if not, this is
        // nothing.
        thread::yield_now();
        let (questions, followers) = self.close();
        if questions.is_empty() {
            // A later leader has taken them along.
            return self.hand_over(lead);
        }
        let begun = Instant::now();
        let answers = match self.answer_all(&questions) {
            Err(error) if questions.len() > 1 && may_be_of_one(&error) => Ok(self.one_by_one(&questions)),
            whole => whole,
        };
        self.give(followers, answers, begun.elapsed(), lead);
    }

    /// Gives each follower its answer. The next batch is handed over when giving the answers that are left
    /// takes as long as this query did (`trip`), so that it comes back when all here have their answers. A
    /// short query is handed over before the first answer: a client that gets one may keep this thread busy.
    fn give(self: &Arc<Self>, followers: Vec<Follower<A>>, answers: Answers<A>, trip: Duration, lead: Lead) {
        let (mut answers, mut lead) = (answers.map(Vec::into_iter), Some(lead));
        for (left, Follower { since, then }) in (1..=followers.len() as u32).rev().zip(followers) {
            if let Some(lead) = lead.take_if(|_| GIVING * left <= trip) {
                self.hand_over(lead);
            }
            let answer = match &mut answers {
                Ok(answers) => answers.next().unwrap_or_else(|| Err(unanswered())),
                Err(error) => Err(error.clone()),
            };
            METRICS.batch_wait(since.elapsed());
            // What a caller makes of its answer does not concern the others.
            if catch_unwind(AssertUnwindSafe(|| then(answer))).is_err() {
                log::error!("a panic over the answer of a batch");
            }
        }
        if let Some(lead) = lead {
            self.hand_over(lead);
        }
    }

    /// Takes the batch that has gathered: what is asked from here on belongs to the next.
    fn close(&self) -> (Vec<Q>, Vec<Follower<A>>) {
        let mut state = self.state();
        let size = state.waiting.len().min(self.at_most);
        state.waiting.drain(..size).unzip()
    }

    /// Ends this lead, and has what has gathered answered on another thread; unless a later leader is at it.
    fn hand_over(self: &Arc<Self>, lead: Lead) {
        let mut state = self.state();
        if state.resign(lead) {
            self.lead_elsewhere(state);
        }
    }

    fn lead_elsewhere(self: &Arc<Self>, mut state: MutexGuard<'_, State<Q, A>>) {
        if state.waiting.is_empty() {
            return;
        }
        let (lead, batch) = (state.appoint(), self.clone());
        drop(state);
        if let Err(error) = self.threads.run(Box::new(move || batch.lead(lead))) {
            log::warn!("no thread for the leader of a batch: {error}");
            // The next caller leads, or `relieve` appoints another.
            self.state().resign(lead);
        }
    }

    fn answer_all(&self, questions: &[Q]) -> Answers<A> {
        catch_unwind(AssertUnwindSafe(|| (self.answer_all)(questions))).unwrap_or_else(|_| Err(unanswered()))
    }

    /// Once the database is away, so it is for the rest. Who waits for a row that is held takes a second or two of all.
    fn one_by_one(&self, questions: &[Q]) -> Vec<Result<A, Error>> {
        let (mut common, mut locked) = (None, 0);
        let alone = |question| {
            if let Some(error) = &common {
                return Err(Error::clone(error));
            }
            let answers = self.answer_all(std::slice::from_ref(question));
            let answer = answers.and_then(|mut a| a.pop().unwrap_or_else(|| Err(unanswered())));
            let failed = answer.as_ref().err();
            locked += u32::from(matches!(failed, Some(Error::Database(DbError::Locked(_)))));
            common = failed.filter(|e| !may_be_of_one(e) || locked == LOCKED_MAX).cloned();
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

    /// A new leader, which supersedes any other.
    fn appoint(&mut self) -> Lead {
        self.generation += 1;
        self.led_since = Some(Instant::now());
        Lead { generation: self.generation }
    }

    /// Whether it was the leader until now.
    fn resign(&mut self, lead: Lead) -> bool {
        let leads = lead.generation == self.generation && self.led_since.is_some();
        if leads {
            self.led_since = None;
        }
        leads
    }
}

/// Whether the error of a batch may be that of one question. A database that is away or busy is so for all
/// of them, and each would wait for it again.
fn may_be_of_one(error: &Error) -> bool {
    use DbError::{Busy, Full, Lost, Unknown};
    !matches!(error, Error::Unavailable(_) | Error::Database(Lost(_) | Unknown(_) | Busy(_) | Full(_)))
}

fn unanswered() -> Error {
    Error::Internal("a question of a batch got no answer".into())
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

    /// Ten questions that are asked while a leader is away: their answers, and the sizes of the batches
    /// that they came in.
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
    fn questions_that_gather_are_one_batch_and_each_gets_its_own_answer() {
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
    fn a_batch_has_a_largest_size_and_no_question_is_lost() {
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
    fn a_leader_is_not_kept_by_the_next_batch() {
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
    fn the_next_batch_begins_while_the_answers_of_a_long_one_are_given() {
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
        assert!(told.recv().unwrap(), "the next batch waits for all answers of the one before");
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
    fn a_database_that_is_away_is_asked_once_for_all() {
        let (answers, sizes) = ten(|_| Err(Error::Unavailable("away".into())));
        assert!(answers.iter().all(|a| matches!(a, Err(Error::Unavailable(_)))));
        assert_eq!(sizes, [10]);
    }

    #[test]
    fn a_question_that_fails_the_batch_fails_alone() {
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
    fn a_superseded_leader_takes_nothing_from_its_successor() {
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
        let successor = thread::spawn(move || asking.wait_for(1));
        second.wait_for_arrival();
        gate.open();
        assert_eq!(first.join().unwrap().unwrap(), 1);
        assert!(batch.state().led_since.is_some());
        second.open();
        assert_eq!(successor.join().unwrap().unwrap(), 2);
        assert!(batch.state().led_since.is_none());
    }

    #[test]
    fn followers_of_a_leader_that_does_not_come_back_get_another() {
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
    fn without_relieve_the_next_caller_supersedes_a_leader_that_does_not_come_back() {
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
