//! The servers of the database, of which one is used at a time: the first, in the order of the configuration, that takes
//! writes. All processes have the same order, so all write to the same node of a cluster, and none is in another's way;
//! where two disagree for a while, that costs conflicts and nothing else.
//!
//! ```text
//!   each second, and when a connection was lost:
//!     ask the node that is used ── it takes writes ───────────► ask those before it; one that has done
//!       │  by a statement, twice                                 so for a while is used again
//!       └─ it does not ──► ask the others in their order ──► the first that takes writes is used from now on
//! ```
//!
//! - One thread looks (`Store::watch`) and decides; requests that wait for a connection go where it leads.
//! - Each node has a pool of its own: connections that hang on a node that stands still take no room from those to the next.
//!   A pool opens connections only while its node is used.
//! - A node is returned to after 5 to 10 s, each process by its own chance: they do not all connect at the same moment.
//! - What was lost before its commit is run again, on the next node; what was lost during it is not (`Store::write`).
//! - Where there is one server only, it is used as it is: one that is read-only answers reads.
//!
//! Tested by `tests/api/nodes.rs` and, on real nodes, by `tests/cluster`.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Database, Settings,
    connection::{Connection, NodeState},
    pool::{Manager, Shared},
};
use crate::{backoff, bell::Bell, error::DbError, metrics::METRICS};

/// Time-out of a question to a node.
const ANSWER: Duration = Duration::from_secs(1);
/// For how long a node takes writes until it is returned to, and as long again by chance.
const PROVEN: Duration = Duration::from_secs(5);
/// A request that waits for a connection looks so often whether another node is used.
const TURN: Duration = Duration::from_millis(50);
/// Shortest time between two looks.
const REST: Duration = Duration::from_millis(50);

/// All servers of the database.
pub(super) struct Nodes {
    all: Vec<Node>,
    shared: Arc<Shared>,
}

struct Node {
    name: String,
    settings: Settings,
    readers: r2d2::Pool<Manager>,
    /// The same pool on MySQL. SQLite has one writer at a time: those who write queue here, and not inside SQLite.
    writers: r2d2::Pool<Manager>,
}

/// Which pool of a node.
#[derive(Clone, Copy)]
pub(super) enum Pool {
    Readers,
    Writers,
}

/// What the thread that looks knows of each node.
pub struct Watch(Vec<Watched>);

#[derive(Default)]
struct Watched {
    /// To ask again; of no pool.
    connection: Option<Box<dyn Connection>>,
    /// When it is returned to, if it takes writes until then.
    due: Option<Instant>,
}

/// Why the database cannot be used.
#[derive(Clone, Debug)]
pub enum Unusable {
    /// It does not answer.
    Silent(DbError),
    /// It answers that it does not take writes.
    State(NodeState),
}

impl Nodes {
    /// Connects to nothing yet.
    pub fn new(settings: &Settings) -> Nodes {
        let shared = Arc::new(Shared { used: AtomicUsize::new(0), lost: Bell::default() });
        let alone: Vec<Database> = match &settings.database {
            Database::Mysql(servers) => servers.alone().map(Database::Mysql).collect(),
            file => vec![file.clone()],
        };
        let several = alone.len() > 1;
        let node = |(number, database): (usize, Database)| {
            let name = database.to_string();
            let settings = Settings { database, ..settings.clone() };
            let epoch = Arc::new(AtomicU64::new(0));
            let pool = |size: u32| {
                r2d2::Pool::builder()
                    .max_size(size)
                    .min_idle(Some(0))
                    .connection_timeout(settings.wait)
                    .test_on_check_out(true)
                    // The manager tells the log.
                    .error_handler(Box::new(r2d2::NopErrorHandler))
                    .build_unchecked(Manager {
                        settings: settings.clone(),
                        epoch: epoch.clone(),
                        shared: shared.clone(),
                        number,
                        several,
                    })
            };
            let readers = pool(settings.pool);
            let writers = match settings.database {
                Database::Sqlite(_) => pool(1),
                Database::Mysql(_) => readers.clone(),
            };
            Node { name, readers, writers, settings }
        };
        let nodes = Nodes { all: alone.into_iter().enumerate().map(node).collect(), shared: shared.clone() };
        nodes.tell_figures();
        nodes
    }

    fn used(&self) -> usize {
        self.shared.used.load(Ordering::Acquire)
    }

    /// The number of the node that is used, from 1, and how many there are.
    pub fn place(&self) -> (usize, usize) {
        (self.used() + 1, self.all.len())
    }

    /// How the node that is used is reached.
    pub fn settings(&self) -> &Settings {
        &self.all[self.used()].settings
    }

    /// A connection to the node that is used, also where that changes meanwhile.
    pub fn connection(
        &self,
        pool: Pool,
        wait: Duration,
    ) -> Result<r2d2::PooledConnection<Manager>, r2d2::Error> {
        let deadline = Instant::now() + wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let node = &self.all[self.used()];
            let pool = match pool {
                Pool::Readers => &node.readers,
                Pool::Writers => &node.writers,
            };
            let turn = if self.all.len() > 1 { left.min(TURN) } else { left };
            match pool.get_timeout(turn) {
                Err(_) if Instant::now() < deadline => {}
                got => return got,
            }
        }
    }

    /// The pools of the node that is used.
    pub fn pools(&self) -> Vec<&r2d2::Pool<Manager>> {
        let Node { readers, writers, settings, .. } = &self.all[self.used()];
        match settings.database {
            Database::Sqlite(_) => vec![readers, writers],
            Database::Mysql(_) => vec![readers],
        }
    }

    /// Waits until it is time to look again: a second, or until a connection is lost.
    pub fn wait(&self, at_most: Duration) {
        std::thread::sleep(REST);
        self.shared.lost.wait(at_most.saturating_sub(REST));
    }

    /// Finds the node to begin with.
    pub fn choose(&self) -> Result<(), Unusable> {
        if self.all.len() == 1 { Ok(()) } else { self.look(&mut Watch::new(self)) }
    }

    /// Asks the node that is used, and goes on to another where that is better.
    pub fn look(&self, watch: &mut Watch) -> Result<(), Unusable> {
        let used = self.used();
        let Err(why) = watch.ask(self, used).or_else(|_| watch.ask(self, used)) else {
            if let Database::Mysql(_) = self.all[used].settings.database {
                watch.time_read(used);
            }
            self.go_back(watch, used);
            return Ok(());
        };
        for other in (0..self.all.len()).filter(|other| *other != used) {
            match watch.ask(self, other) {
                Ok(()) => {
                    log::warn!(
                        "{}: {why}; from now on {} is used",
                        self.all[used].name,
                        self.all[other].name
                    );
                    self.switch(watch, other);
                    return Ok(());
                }
                Err(too) => log::debug!("{}: {too}", self.all[other].name),
            }
        }
        Err(why)
    }

    /// To a node before this one, where it has taken writes for a while.
    fn go_back(&self, watch: &mut Watch, used: usize) {
        for before in 0..used {
            if watch.ask(self, before).is_err() {
                watch.0[before].due = None;
                continue;
            }
            let after = backoff::pause(2 * PROVEN, 2 * PROVEN, 1);
            if Instant::now() >= *watch.0[before].due.get_or_insert_with(|| Instant::now() + after) {
                log::info!("{} takes writes again, and is used from now on", self.all[before].name);
                self.switch(watch, before);
                return;
            }
        }
    }

    fn switch(&self, watch: &mut Watch, to: usize) {
        self.shared.used.store(to, Ordering::Release);
        METRICS.database.switched();
        self.tell_figures();
        for (number, watched) in watch.0.iter_mut().enumerate() {
            watched.due = None;
            // Those behind it are not asked for now.
            if number > to {
                watched.connection = None;
            }
        }
    }

    fn tell_figures(&self) {
        for (number, node) in self.all.iter().enumerate() {
            METRICS.database.used(&node.name, number == self.used());
        }
    }
}

impl Watch {
    pub(super) fn new(nodes: &Nodes) -> Watch {
        Watch(nodes.all.iter().map(|_| Watched::default()).collect())
    }

    /// Whether the node takes writes, over the connection of before or over a new one. One that failed is not kept.
    fn ask(&mut self, nodes: &Nodes, number: usize) -> Result<(), Unusable> {
        let kept = &mut self.0[number].connection;
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => {
                let settings = nodes.all[number].settings.clone();
                Manager::once(Settings { wait: ANSWER, statement: ANSWER, ..settings })?
            }
        };
        match connection.state()? {
            NodeState::Writable => {
                *kept = Some(connection);
                Ok(())
            }
            other => Err(Unusable::State(other)),
        }
    }
}

impl Watch {
    /// How long a read takes, which on a cluster waits for what was committed on other nodes. Where it takes long the figures
    /// tell, and the node is used all the same: the others would keep it waiting as well.
    fn time_read(&mut self, number: usize) {
        let kept = &mut self.0[number].connection;
        let Some(mut connection) = kept.take() else { return };
        let begun = Instant::now();
        let read = connection.query("SELECT proxima_sequencia FROM restaurante WHERE id = 1", &[]);
        METRICS.database.read(begun.elapsed());
        // Before the first migration there is no such table.
        if matches!(read, Ok(_) | Err(DbError::Other(_))) {
            *kept = Some(connection);
        }
    }
}

impl From<DbError> for Unusable {
    fn from(error: DbError) -> Unusable {
        Unusable::Silent(error)
    }
}

impl From<Unusable> for DbError {
    fn from(why: Unusable) -> DbError {
        match why {
            Unusable::Silent(error) => error,
            Unusable::State(state) => DbError::Lost(state.to_string()),
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Silent(error) => error.fmt(f),
            Unusable::State(state) => state.fmt(f),
        }
    }
}
