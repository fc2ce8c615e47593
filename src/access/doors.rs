//! The doors: whether they are open, and whose key is whose. Kept in memory, and reloaded when the version of access in the
//! database has moved (cache invalidation by version): a request with a key asks the database nothing. Of many requests that
//! find it stale at the same time one reads it for all (request coalescing, `batch`).

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use super::{
    Caller,
    hash::Hasher,
    key::{self, Key, Sha},
    roster::Roster,
    secret::OrderSecrets,
    uses::{LastUse, Uses},
};
use crate::{
    batch::Batch,
    clock,
    domain::{
        auditoria::Tipo,
        chave::{Chave, NewChave},
        data_hora::DataHora,
        papel::Papel,
    },
    error::Error,
    server::Threads,
    store::{
        Connection, Store, acesso,
        auditoria::{self, New},
        chaves, funcionarios, sessoes,
    },
    token_bucket::{Rate, TokenBucket},
};

/// How often the version is looked at, by a thread of its own: one row by its key.
pub const WATCH: Duration = Duration::from_millis(300);
/// Requests that one reading serves at most.
const LOADED_FOR: usize = 1024;
/// Tokens that are not known here and are looked up in the database: so many at once, and then one each `MISS`.
const MISSES: u32 = 100;
const MISS: Duration = Duration::from_millis(20);

/// Whether doors are open (`ACCESS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Open until there is a manager.
    Auto,
    /// Open: another gate stands before this one.
    Open,
    /// Closed from the start.
    Closed,
}

impl Mode {
    /// Whether doors are open, where there is a manager or none.
    fn opens(self, has_manager: bool) -> bool {
        match self {
            Mode::Auto => !has_manager,
            Mode::Open => true,
            Mode::Closed => false,
        }
    }
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(text: &str) -> Result<Mode, ()> {
        match text {
            "auto" => Ok(Mode::Auto),
            "open" => Ok(Mode::Open),
            "closed" => Ok(Mode::Closed),
            _ => Err(()),
        }
    }
}

/// The doors of a restaurant.
pub struct Doors {
    mode: Mode,
    pub(super) pepper: String,
    pub(super) store: Arc<Store>,
    known: Arc<Kept>,
    /// Reads it again, once for all that find it stale.
    loads: Arc<Batch<(), Arc<Known>>>,
    /// Of keys, by their ids.
    key_uses: Arc<Uses<i64>>,
    /// Of sessions, by the SHA-256 of their tokens.
    pub(super) session_uses: Uses<String>,
    /// Of PINs and passwords.
    pub(super) hasher: Hasher,
    /// Bounds what made-up tokens cost the database.
    pub(super) misses: TokenBucket,
}

/// What was read last; `None` before the first time.
type Kept = RwLock<Option<Arc<Known>>>;

/// What the database said at one version.
pub(super) struct Known {
    versao: i64,
    /// When it began to be read.
    since: Instant,
    keys: HashMap<Sha, Holder>,
    has_manager: bool,
    secrets: OrderSecrets,
    pub(super) roster: Roster,
}

struct Holder {
    id: i64,
    papel: Papel,
    expira_em: Option<DataHora>,
    used: Arc<LastUse>,
}

impl Doors {
    /// Of this restaurant. `pepper` is set beside the database, and may be empty. What is read for many at a time is read on
    /// these threads.
    pub fn new(store: &Arc<Store>, mode: Mode, pepper: String, threads: &Arc<Threads>) -> Doors {
        let (known, key_uses): (Arc<Kept>, Arc<Uses<i64>>) = Default::default();
        let load = {
            let (store, known, pepper) = (store.clone(), known.clone(), pepper.clone());
            let key_uses = key_uses.clone();
            move |all: &[()]| {
                let read = keep(&known, Arc::new(Known::read(&store, &pepper, &key_uses)?));
                Ok(vec![Ok(read); all.len()])
            }
        };
        Doors {
            mode,
            hasher: Hasher::new(&pepper),
            pepper,
            store: store.clone(),
            known,
            loads: Batch::new(threads, LOADED_FOR, load),
            key_uses,
            session_uses: Uses::default(),
            misses: TokenBucket::new(Rate::new(MISSES, MISS)),
        }
    }

    /// Whether doors are open, as it is set.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether everybody may do everything. `Unavailable` before the database has said whether there is a manager.
    pub fn are_open(&self) -> Result<bool, Error> {
        match self.mode {
            Mode::Open | Mode::Closed => Ok(self.mode.opens(false)),
            Mode::Auto => Ok(self.mode.opens(self.have_a_manager()?)),
        }
    }

    /// As `are_open`, and never waits: before anything is known they may be, and nobody is told anything yet.
    pub fn may_be_open(&self) -> bool {
        match self.mode {
            Mode::Open | Mode::Closed => self.mode.opens(false),
            Mode::Auto => self.mode.opens(self.loaded().is_some_and(|known| known.has_manager)),
        }
    }

    /// The holder of this key; `None` when it opens nothing: unknown, revoked or expired.
    pub fn holder(&self, key: &str) -> Result<Option<Caller>, Error> {
        let now = clock::now();
        self.look_up(&key::sha(key), now, |holder| holder.used.note(now))
    }

    /// The holder of the key with this SHA-256, without a use of it.
    pub(super) fn find_holder(&self, sha: &Sha, now: DataHora) -> Result<Option<Caller>, Error> {
        self.look_up(sha, now, |_| ())
    }

    fn look_up(&self, sha: &Sha, now: DataHora, found: impl Fn(&Holder)) -> Result<Option<Caller>, Error> {
        self.known_to(|known| {
            let holder = known.keys.get(sha).filter(|h| h.expira_em.is_none_or(|e| now < e))?;
            found(holder);
            let doors_are_open = self.mode.opens(known.has_manager);
            Some(Caller::Key { id: holder.id, papel: holder.papel, doors_are_open })
        })
    }

    /// What makes and checks the secrets of orders.
    pub fn secrets(&self) -> Result<OrderSecrets, Error> {
        Ok(self.known()?.secrets.clone())
    }

    /// Makes a key; `NewChave::criada_por` is the actor in the trail.
    pub fn create_key(&self, new: NewChave) -> Result<(Chave, Key), Error> {
        let placeholder = key::hex(&key::random()?);
        let made = self.store.write(|conn| {
            let id = chaves::insert(conn, &new, &placeholder)?;
            let key = Key::generate(id)?;
            chaves::set_digest(conn, id, &key.digest())?;
            let detalhe = Some(format!("{}: {}", new.papel.nome(), new.nome));
            let alvo = format!("chave:{id}");
            note(conn, Noted { tipo: Tipo::ChaveCriada, by: &new.criada_por, alvo, detalhe })?;
            acesso::note_change(conn)?;
            Ok((chaves::find(conn, id)?, key))
        })?;
        self.catch_up();
        Ok(made)
    }

    /// Takes a key back for good. `NotFound` when there is none with this id.
    pub fn revoke_key(&self, id: i64, by: &str) -> Result<(), Error> {
        self.store.write(|conn| {
            chaves::revoke(conn, id, clock::now())?;
            let alvo = format!("chave:{id}");
            note(conn, Noted { tipo: Tipo::ChaveRevogada, by, alvo, detalhe: None })?;
            acesso::note_change(conn)
        })?;
        self.catch_up();
        Ok(())
    }

    /// All keys, the newest first.
    pub fn list_keys(&self) -> Result<Vec<Chave>, Error> {
        self.store.read(|conn| chaves::list(conn))
    }

    /// Notes in the trail that a caller was refused.
    pub fn note_refusal(&self, caller: Caller, target: &str, detalhe: String) -> Result<(), Error> {
        let (ator, alvo) = (caller.name(), Some(target.to_owned()));
        let new = New { tipo: Tipo::AcessoNegado, ator, alvo, detalhe: Some(detalhe) };
        self.store.write(|conn| auditoria::append(conn, &new, clock::now()))
    }

    /// Reloads what has changed. To be called each `WATCH`.
    pub fn look(&self) -> Result<(), Error> {
        let acesso = self.store.read(|conn| acesso::read(conn))?;
        match self.loaded() {
            Some(known) if known.versao == acesso.versao => Ok(()),
            _ => self.loads.wait_for(()).map(drop),
        }
    }

    /// Reloads behind a change of this process. The change is made: where it cannot be loaded now the next look will.
    pub(super) fn catch_up(&self) {
        if let Err(error) = self.look() {
            log::warn!("cannot read who may do what after a change: {error:?}");
        }
    }

    /// Whether there is a manager, or ever was. `Unavailable` before the database has said it.
    pub fn have_a_manager(&self) -> Result<bool, Error> {
        self.known_to(|known| known.has_manager)
    }

    /// Grows with every change of who may do what. `Unavailable` before the database has said it.
    pub fn version(&self) -> Result<i64, Error> {
        Ok(self.known()?.versao)
    }

    /// Stores when keys and sessions were last used, those that were not stored for a while.
    pub fn store_uses(&self) -> Result<(), Error> {
        let now = clock::now();
        let (uses, sessions) = (self.key_uses.take_unstored(now), self.session_uses.take_unstored(now));
        if uses.is_empty() && sessions.is_empty() {
            return Ok(());
        }
        self.store.write(|conn| {
            chaves::note_use(conn, &uses)?;
            sessions.iter().try_for_each(|(resumo, used)| sessoes::note_use(conn, resumo, *used))
        })
    }

    /// See `Batch::relieve`.
    pub fn relieve(&self) {
        self.loads.relieve();
    }

    pub(super) fn known(&self) -> Result<Arc<Known>, Error> {
        self.loaded().map_or_else(|| self.loads.wait_for(()), Ok)
    }

    /// What is known, to look something up: a count of references that all requests change costs as much as looking up.
    fn known_to<T>(&self, look_up: impl Fn(&Known) -> T) -> Result<T, Error> {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).as_deref() {
            return Ok(look_up(known));
        }
        Ok(look_up(&*self.loads.wait_for(())?))
    }

    fn loaded(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Keeps what was read, unless something that was read later is kept already: a leader that hung for a while.
fn keep(known: &Kept, read: Arc<Known>) -> Arc<Known> {
    let mut kept = known.write().unwrap_or_else(PoisonError::into_inner);
    let later = kept.clone().filter(|kept| kept.since > read.since).unwrap_or(read);
    *kept = Some(later.clone());
    later
}

impl Known {
    fn read(store: &Store, pepper: &str, uses: &Uses<i64>) -> Result<Known, Error> {
        let since = Instant::now();
        let read = |conn: &mut dyn Connection| {
            // The version first: a change behind it is found by the next look. Keys and people after it is known that doors
            // are closed: then the manager who has closed them is among them.
            let acesso = acesso::read(conn)?;
            let has_manager = chaves::any_manager(conn)? || funcionarios::any_manager(conn)?;
            Ok((acesso, chaves::active(conn)?, has_manager, Roster::read(conn, clock::now())?))
        };
        let (mut acesso, keys, has_manager, roster) = store.read(read)?;
        if acesso.segredo.is_none() {
            let made = key::hex(&key::random()?);
            store.write(|conn| acesso::set_secret_once(conn, &made))?;
            acesso.segredo = store.read(|conn| acesso::read(conn))?.segredo;
        }
        let secrets = OrderSecrets::new(acesso.segredo.as_deref().unwrap_or_default(), pepper);
        let holder = |k: &chaves::Active| Holder {
            id: k.id,
            papel: k.papel,
            expira_em: k.expira_em,
            used: uses.of(k.id),
        };
        let keys = keys.iter().filter_map(|k| Some((key::stored(&k.resumo)?, holder(k)))).collect();
        Ok(Known { versao: acesso.versao, since, keys, has_manager, secrets, roster })
    }
}

/// What goes to the trail: what was done, by whom, to what.
pub(super) struct Noted<'a> {
    pub(super) tipo: Tipo,
    pub(super) by: &'a str,
    pub(super) alvo: String,
    pub(super) detalhe: Option<String>,
}

/// Notes it in the trail, in the transaction that does it.
pub(super) fn note(conn: &mut dyn Connection, noted: Noted<'_>) -> Result<(), Error> {
    let Noted { tipo, by, alvo, detalhe } = noted;
    auditoria::append(conn, &New { tipo, ator: by.to_owned(), alvo: Some(alvo), detalhe }, clock::now())
}
