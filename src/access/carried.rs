//! The credentials that a request carries, kept for as long as its answer lasts (live streams), so that they can be checked
//! again. That is no use of them: a page that is merely open keeps no session alive. Only their SHA-256 is kept.

use super::{
    Access, Caller, Doors,
    key::{Sha, digest, sha},
};
use crate::{clock, error::Error};

/// Any of these may be what lets the request in.
#[derive(Default)]
pub struct Carried {
    key: Option<Sha>,
    session: Option<String>,
    terminal: Option<String>,
}

impl Carried {
    /// Of these tokens.
    pub fn new(key: Option<&str>, session: Option<&str>, terminal: Option<&str>) -> Carried {
        Carried { key: key.map(sha), session: session.map(digest), terminal: terminal.map(digest) }
    }
}

impl Doors {
    /// Whether they, or doors that are open, still give this access. What cannot be found out now is taken to be as it was.
    pub fn still_admit(&self, carried: &Carried, access: Access) -> bool {
        self.callers(carried).map_or(true, |callers| callers.iter().any(|caller| caller.may(access)))
    }

    fn callers(&self, carried: &Carried) -> Result<Vec<Caller>, Error> {
        let mut callers = Vec::new();
        if self.are_open()? {
            callers.push(Caller::Open);
        }
        if let Some(sha) = &carried.key {
            callers.extend(self.find_holder(sha, clock::now())?);
        }
        if let Some(resumo) = &carried.session {
            callers.extend(self.find_person(resumo, clock::now())?.as_ref().map(Caller::from));
        }
        if let Some(resumo) = &carried.terminal {
            let terminal = self.known()?.roster.terminal(resumo);
            callers.extend(terminal.map(|t| Caller::Terminal { id: t.id, papel: t.papel }));
        }
        Ok(callers)
    }
}
