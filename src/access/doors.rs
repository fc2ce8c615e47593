//! The doors: whether they are open, and whose key is whose. Kept in memory, and reloaded when the version of access in the
//! database has moved (cache invalidation by version): a request with a key asks the database nothing.

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use super::{
    Caller,
    key::{self, Key},
    secret::OrderSecrets,
};
use crate::{
    clock,
    domain::{
        auditoria::Tipo,
        chave::{Chave, NewChave},
        data_hora::DataHora,
        papel::Papel,
    },
    error::Error,
    store::{
        Connection, Store, acesso,
        auditoria::{self, New},
        chaves,
    },
};

/// How often the version is looked at, by a thread of its own: one row by its key.
pub const WATCH: Duration = Duration::from_millis(300);
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
    pepper: String,
    store: Arc<Store>,
    /// `None` before it was first read.
    known: RwLock<Option<Arc<Known>>>,
    /// Uses that are not stored yet, by key.
    uses: Mutex<HashMap<i64, DataHora>>,
}

/// What the database said at one version.
struct Known {
    versao: i64,
    keys: HashMap<String, Holder>,
    has_manager: bool,
    secrets: OrderSecrets,
}

#[derive(Clone, Copy)]
struct Holder {
    id: i64,
    papel: Papel,
    expira_em: Option<DataHora>,
}

impl Doors {
    /// Of this restaurant. `pepper` is set beside the database, and may be empty.
    pub fn new(store: &Arc<Store>, mode: Mode, pepper: String) -> Doors {
        let (known, uses) = (RwLock::default(), Mutex::default());
        Doors { mode, pepper, store: store.clone(), known, uses }
    }

    /// Whether everybody may do everything. `Unavailable` before the database has said whether there is a manager.
    pub fn are_open(&self) -> Result<bool, Error> {
        match self.mode {
            Mode::Open => Ok(true),
            Mode::Closed => Ok(false),
            Mode::Auto => Ok(!self.known()?.has_manager),
        }
    }

    /// As `are_open`, and never waits: before anything is known they may be, and nobody is told anything yet.
    pub fn may_be_open(&self) -> bool {
        match self.mode {
            Mode::Open => true,
            Mode::Closed => false,
            Mode::Auto => self.loaded().is_none_or(|known| !known.has_manager),
        }
    }

    /// The holder of this key; `None` when it opens nothing: unknown, revoked or expired.
    pub fn holder(&self, key: &str) -> Result<Option<Caller>, Error> {
        let (known, now) = (self.known()?, clock::now());
        let holder = known.keys.get(&key::digest(key)).copied();
        let Some(Holder { id, papel, .. }) = holder.filter(|h| h.expira_em.is_none_or(|e| now < e)) else {
            return Ok(None);
        };
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).insert(id, now);
        Ok(Some(Caller::Key { id, papel, doors_are_open: self.are_open()? }))
    }

    /// What makes and checks the secrets of orders.
    pub fn secrets(&self) -> Result<OrderSecrets, Error> {
        Ok(self.known()?.secrets.clone())
    }

    /// Makes a key. `by` is for the trail: `terminal`, or whoever called.
    pub fn create_key(&self, new: NewChave) -> Result<(Chave, Key), Error> {
        let placeholder = key::hex(&key::random()?);
        let made = self.store.write(|conn| {
            let id = chaves::insert(conn, &new, &placeholder)?;
            let key = Key::generate(id)?;
            chaves::set_digest(conn, id, &key.digest())?;
            let detalhe = Some(format!("{}: {}", new.papel.nome(), new.nome));
            self.note(conn, Tipo::ChaveCriada, &new.criada_por, id, detalhe)?;
            acesso::note_change(conn)?;
            Ok((chaves::find(conn, id)?, key))
        })?;
        self.look()?;
        Ok(made)
    }

    /// Takes a key back for good. `NotFound` when there is none with this id.
    pub fn revoke_key(&self, id: i64, by: &str) -> Result<(), Error> {
        self.store.write(|conn| {
            chaves::revoke(conn, id, clock::now())?;
            self.note(conn, Tipo::ChaveRevogada, by, id, None)?;
            acesso::note_change(conn)
        })?;
        self.look()
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
        if self.loaded().is_none_or(|known| known.versao != acesso.versao) {
            self.load()?;
        }
        Ok(())
    }

    /// Stores when keys were last used, those that were not stored for a while.
    pub fn store_uses(&self) -> Result<(), Error> {
        let uses: Vec<(i64, DataHora)> =
            self.uses.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        if uses.is_empty() {
            return Ok(());
        }
        self.store.write(|conn| chaves::note_use(conn, &uses))
    }

    fn note(
        &self,
        conn: &mut dyn Connection,
        tipo: Tipo,
        by: &str,
        id: i64,
        detalhe: Option<String>,
    ) -> Result<(), Error> {
        let new = New { tipo, ator: by.to_owned(), alvo: Some(format!("chave:{id}")), detalhe };
        auditoria::append(conn, &new, clock::now())
    }

    fn known(&self) -> Result<Arc<Known>, Error> {
        match self.loaded() {
            Some(known) => Ok(known),
            None => self.load(),
        }
    }

    fn loaded(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn load(&self) -> Result<Arc<Known>, Error> {
        let known = Arc::new(self.read()?);
        let mut kept = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Of two that load at the same time the later version stays; a smaller one is of a restored database.
        *kept = Some(known.clone());
        Ok(known)
    }

    fn read(&self) -> Result<Known, Error> {
        let read = |conn: &mut dyn Connection| {
            // The version first: a change behind it is found by the next look.
            Ok((acesso::read(conn)?, chaves::active(conn)?, chaves::any_manager(conn)?))
        };
        let (mut acesso, keys, has_manager) = self.store.read(read)?;
        if acesso.segredo.is_none() {
            let made = key::hex(&key::random()?);
            self.store.write(|conn| acesso::set_secret_once(conn, &made))?;
            acesso.segredo = self.store.read(|conn| acesso::read(conn))?.segredo;
        }
        let secrets = OrderSecrets::new(acesso.segredo.as_deref().unwrap_or_default(), &self.pepper);
        let holder =
            |k: chaves::Active| (k.resumo, Holder { id: k.id, papel: k.papel, expira_em: k.expira_em });
        Ok(Known {
            versao: acesso.versao,
            keys: keys.into_iter().map(holder).collect(),
            has_manager,
            secrets,
        })
    }
}
