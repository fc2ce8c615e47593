//! Commands: every change of an order or of its charge. All that wait at the same time share one transaction and one flush
//! to disk (group commit, `batch`):
//!
//! ```text
//!   commands ──► load ──► decide, one after the other ──► save ──► commit ──► answers
//!                 │         pure, in memory: a later one     │
//!                 │         sees what an earlier one did     └ orders and charges by their versions, then the log
//!                 └ all orders, charges, keys, products in a few queries
//! ```
//!
//! Invariants:
//! - A command that is refused leaves nothing behind and is no other command's trouble.
//! - Optimistic concurrency: an order or charge that another process has changed since it was loaded is a conflict; the
//!   transaction begins again from the load, a bounded number of times with back-off (`Store::write`). So `decide` may run
//!   more than once and has no effect but on what it is given.
//! - A row that another transaction holds is the trouble of the commands that need it. After a second they are refused, and
//!   the others run without them (`held_rows`).
//! - Each changing command makes a version of its own, so no two states of an order have the same `ETag`.
//! - Numbers and places in the log are taken last: other processes wait from there to the commit (`store::restaurante`). So
//!   all rows that are changed, or referred to by foreign keys, are locked before.
//!
//! Tested in `tests/api/{concurrency,kitchen,checkout,row_locks}.rs`.

use std::{collections::HashMap, sync::Arc};

use super::{
    Context, Order,
    capacity::Capacity,
    charge_step::Step,
    checkout::{self, Checkout, Rules, Till},
    held_rows::HeldRows,
    hours::Hours,
};
use crate::{
    batch::Batch,
    bell::Bell,
    clock,
    domain::{
        cobranca::{Cobranca, Operacao},
        data_hora::DataHora,
        evento::Actor,
        pedido::Pedido,
    },
    error::{DbError, Error},
    payments::Payments,
    server::Threads,
    store::{
        Connection, Store, cobrancas,
        eventos::{self, Entry},
        locks::{self, LockWait},
        pedidos, restaurante,
    },
};

/// Commands of one transaction at most.
const TOGETHER: usize = 64;

/// What a command does to one order.
pub trait OrderAct: Send {
    /// Reads what else the decision needs; an error refuses the command.
    fn load(&self, _conn: &mut dyn Connection, _order: &Order) -> Result<(), Error> {
        Ok(())
    }

    /// The customer that the order is to name, if there is one.
    fn cliente(&self) -> Option<i64> {
        None
    }

    /// Changes the order and its charge in memory, or refuses. The step of the charge that it takes, if any, is asked of the
    /// provider after the commit, by the caller.
    fn decide(&self, order: &mut Order, context: Context) -> Result<Option<Operacao>, Error>;

    /// Writes what belongs to the command beside order, charge and log, in the same transaction; `order` is as the command
    /// leaves it.
    fn save(&self, _conn: &mut dyn Connection, _order: &Order, _context: Context) -> Result<(), Error> {
        Ok(())
    }
}

/// Something to be done, by whom.
pub enum Command {
    Checkout(Checkout),
    Order { id: i64, actor: Actor, act: Box<dyn OrderAct> },
}

/// What was done.
pub enum Done {
    Changed(Box<Changed>),
    /// A checkout that was done before: the answer that it was given, as JSON.
    Replayed(String),
}

/// An order as a command left it.
pub struct Changed {
    pub pedido: Pedido,
    /// The step of its charge that the command has taken.
    pub step: Option<Step>,
}

/// Runs commands, by group commit.
pub struct Commands {
    writer: Arc<Writer>,
    batch: Arc<Batch<Command, Done>>,
}

/// Writes the commands of one transaction.
struct Writer {
    store: Arc<Store>,
    payments: Arc<Payments>,
    capacity: Capacity,
    hours: Hours,
    /// Rung behind each commit.
    committed: Arc<Bell>,
}

impl Commands {
    /// Of this restaurant. `capacity` bounds the unpaid orders that checkouts add; `committed` is rung behind each commit.
    pub fn new(
        store: &Arc<Store>,
        payments: &Arc<Payments>,
        capacity: Capacity,
        committed: &Arc<Bell>,
        threads: &Arc<Threads>,
    ) -> Commands {
        let (store, payments, committed) = (store.clone(), payments.clone(), committed.clone());
        let writer = Arc::new(Writer { store, payments, capacity, hours: Hours::default(), committed });
        let leads = writer.clone();
        Commands { writer, batch: Batch::new(threads, TOGETHER, move |all: &[Command]| leads.write(all)) }
    }

    /// Runs an act on an order, together with the commands of others, and waits for the commit.
    pub fn run(
        &self,
        id: i64,
        actor: Actor,
        act: impl OrderAct + 'static,
    ) -> Result<(Pedido, Option<Step>), Error> {
        match self.batch.wait_for(Command::Order { id, actor, act: Box::new(act) })? {
            Done::Changed(changed) => Ok((changed.pedido, changed.step)),
            Done::Replayed(_) => Err(Error::Internal("an act was answered as a checkout".into())),
        }
    }

    /// Runs a checkout. One of many lines has a transaction of its own: others should not wait for it.
    pub fn check_out(&self, checkout: Checkout) -> Result<Done, Error> {
        if checkout.fits_together() {
            return self.batch.wait_for(Command::Checkout(checkout));
        }
        let mut done = self.writer.write(&[Command::Checkout(checkout)])?;
        done.pop().unwrap_or_else(|| Err(Error::Internal("a checkout was not answered".into())))
    }

    /// See `Batch::relieve`.
    pub fn relieve(&self) {
        self.batch.relieve();
    }
}

impl Writer {
    /// What checkouts are decided by.
    fn rules(&self) -> Rules<'_> {
        Rules { payments: &self.payments, capacity: &self.capacity, hours: &self.hours }
    }

    fn write(&self, commands: &[Command]) -> Result<Vec<Result<Done, Error>>, Error> {
        let all =
            |conn: &mut dyn Connection| self.write_in(conn, commands, &HeldRows::default(), LockWait::Short);
        let without_held = |conn: &mut dyn Connection| {
            let held = HeldRows::find(conn, commands)?;
            self.write_in(conn, commands, &held, LockWait::Long)
        };
        let done = match self.store.write_within(LockWait::Short, all) {
            Err(Error::Database(DbError::Locked(_))) => {
                self.store.write_within(LockWait::Short, without_held)?
            }
            done => done?,
        };
        self.committed.ring();
        let is_new = |(done, command): &(&Result<Done, Error>, &Command)| {
            matches!((done, command), (Ok(Done::Changed(_)), Command::Checkout(_)))
        };
        self.capacity.wrote(done.iter().zip(commands).filter(is_new).count());
        Ok(done)
    }

    /// Inside a transaction. Commands that need a row of `held` are refused; `wait` is for the row of the restaurant.
    fn write_in(
        &self,
        conn: &mut dyn Connection,
        commands: &[Command],
        held: &HeldRows,
        wait: LockWait,
    ) -> Result<Vec<Result<Done, Error>>, Error> {
        let now = clock::now();
        let free: Vec<&Command> = commands.iter().filter(|command| held.check(command).is_ok()).collect();
        let mut desk = Desk::load(conn, self, &free, now)?;
        let mut outcomes = Vec::with_capacity(commands.len());
        for command in commands {
            let outcome = match held.check(command) {
                Ok(()) => match desk.decide(conn, command, now) {
                    // The transaction is broken, and no command can go on in it.
                    Err(broken @ Error::Database(_)) => return Err(broken),
                    outcome => outcome,
                },
                Err(held) => Err(held),
            };
            outcomes.push(outcome);
        }
        desk.save(conn, wait, now)?;
        Ok(desk.answer(outcomes))
    }
}

/// What the commands of one transaction see of the database, and change.
struct Desk<'a> {
    orders: HashMap<i64, Result<Loaded, Error>>,
    till: Till<'a>,
    log: Vec<Entry>,
}

/// An order, and the versions that the database has of it and its charge.
struct Loaded {
    order: Order,
    pedido_versao: i64,
    cobranca_versao: Option<i64>,
}

/// What became of a command before the save.
enum Outcome {
    Done(Done),
    /// A new order, by its place among those of the till.
    Placed(usize),
    /// The same checkout again, in the same transaction.
    SameAs(usize),
}

impl<'a> Desk<'a> {
    fn load(
        conn: &mut dyn Connection,
        writer: &'a Writer,
        all: &[&Command],
        now: DataHora,
    ) -> Result<Desk<'a>, Error> {
        let (mut ids, mut checkouts) = (Vec::new(), Vec::new());
        for command in all {
            match command {
                Command::Order { id, .. } => ids.push(*id),
                Command::Checkout(checkout) => checkouts.push(checkout),
            }
        }
        ids.sort_unstable();
        ids.dedup();
        let pedidos = pedidos::find_all(conn, &ids)?;
        let mut cobrancas = cobrancas::of_pedidos(conn, &ids)?;
        let loaded = |(id, pedido): (i64, Result<Pedido, Error>)| {
            let cobranca = cobrancas.remove(&id);
            let loaded = pedido.map(|pedido| Loaded {
                pedido_versao: pedido.versao,
                cobranca_versao: cobranca.as_ref().map(|c: &Cobranca| c.versao),
                order: Order { pedido, cobranca },
            });
            (id, loaded)
        };
        let orders = pedidos.into_iter().map(loaded).collect();
        let till = checkout::load(conn, &checkouts, writer.rules(), now)?;
        Ok(Desk { orders, till, log: Vec::new() })
    }

    fn decide(
        &mut self,
        conn: &mut dyn Connection,
        command: &Command,
        now: DataHora,
    ) -> Result<Outcome, Error> {
        match command {
            Command::Checkout(checkout) => self.till.decide(checkout, now).map(Outcome::from),
            Command::Order { id, actor, act } => {
                self.decide_order(conn, *id, &**act, Context { actor: *actor, now }).map(Outcome::Done)
            }
        }
    }

    fn decide_order(
        &mut self,
        conn: &mut dyn Connection,
        id: i64,
        act: &dyn OrderAct,
        context: Context,
    ) -> Result<Done, Error> {
        let loaded = self.orders.get_mut(&id).ok_or(pedidos::NOT_FOUND)?;
        let order = &mut loaded.as_mut().map_err(|error| error.clone())?.order;
        act.load(conn, order)?;
        let mut after = order.clone();
        let step = act.decide(&mut after, context)?;
        if after.pedido.is_changed() {
            after.pedido.next_version();
        }
        if let Some(cobranca) = &mut after.cobranca {
            cobranca.review(&after.pedido);
            if Some(&*cobranca) != order.cobranca.as_ref() {
                cobranca.next_version();
            }
        }
        let events = after.pedido.take_events();
        act.save(conn, &after, context)?;
        self.log.extend(events.into_iter().map(|event| Entry { pedido: id, actor: context.actor, event }));
        // Of the charge as it is saved.
        let step = step.and_then(|operacao| Step::of(&after, operacao));
        *order = after;
        Ok(Done::Changed(Box::new(Changed { pedido: order.pedido.clone(), step })))
    }

    /// Orders by their ids, so that two processes lock them in the same order; what others wait for comes last, and is
    /// waited for so long.
    fn save(&mut self, conn: &mut dyn Connection, wait: LockWait, now: DataHora) -> Result<(), Error> {
        let mut changed: Vec<&Loaded> = self.orders.values().flatten().collect();
        changed.sort_unstable_by_key(|loaded| loaded.order.pedido.id);
        for Loaded { order, pedido_versao, cobranca_versao } in changed {
            let id = order.pedido.id;
            if order.pedido.versao != *pedido_versao {
                pedidos::save(conn, &order.pedido, *pedido_versao)?;
            } else if self.log.iter().any(|entry| entry.pedido == id) {
                locks::keep_pedido(conn, id)?;
            }
            if let (Some(cobranca), Some(loaded)) = (&order.cobranca, cobranca_versao)
                && cobranca.versao != *loaded
            {
                cobrancas::save(conn, cobranca, *loaded)?;
            }
        }
        let places = self.log.len() + self.till.events();
        if places == 0 {
            return Ok(());
        }
        conn.wait_for_rows(wait)?;
        let numbers = restaurante::take_numbers(conn, &now.dia(), self.till.orders(), places);
        let numbers = numbers.map_err(|error| match error {
            // Every command needs this row.
            Error::Database(DbError::Locked(text)) if wait == LockWait::Long => DbError::Busy(text).into(),
            other => other,
        })?;
        self.log.extend(self.till.save(conn, &numbers, now)?);
        eventos::append(conn, numbers.first_sequencia, &self.log, now)
    }

    fn answer(self, outcomes: Vec<Result<Outcome, Error>>) -> Vec<Result<Done, Error>> {
        let done = |outcome: Result<Outcome, Error>| match outcome? {
            Outcome::Done(done) => Ok(done),
            Outcome::Placed(number) => self.till.placed(number),
            Outcome::SameAs(number) => self.till.same_as(number),
        };
        outcomes.into_iter().map(done).collect()
    }
}

impl From<checkout::Decision> for Outcome {
    fn from(decision: checkout::Decision) -> Outcome {
        match decision {
            checkout::Decision::Replayed(answer) => Outcome::Done(Done::Replayed(answer)),
            checkout::Decision::New(number) => Outcome::Placed(number),
            checkout::Decision::SameAs(number) => Outcome::SameAs(number),
        }
    }
}
