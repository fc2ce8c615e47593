//! The roster: who works here, at which terminals, in which sessions. In memory, as keys are, and loaded with them; a session
//! that another process has begun since is adopted when it is first seen here.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use crate::{
    domain::{
        data_hora::DataHora,
        papel::Papel,
        sessao::{ABSOLUTE_SECONDS, Times},
    },
    error::Error,
    store::{Connection, funcionarios, sessoes, terminais},
};

/// What the database said of people, terminals and sessions at one version.
#[derive(Default)]
pub struct Roster {
    people: HashMap<i64, Worker>,
    /// By the SHA-256 of their tokens.
    terminals: HashMap<String, Terminal>,
    papel_of_terminal: HashMap<i64, Papel>,
    /// By the SHA-256 of their tokens.
    sessions: RwLock<HashMap<String, Arc<Session>>>,
}

struct Worker {
    nome: String,
    papel: Papel,
}

/// An enrolled terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Of its row.
    pub id: i64,
    /// The highest role that a session on it has.
    pub papel: Papel,
}

/// A person with a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Of the person's row.
    pub id: i64,
    /// As colleagues say it.
    pub nome: String,
    /// What the person may do here: no more than the terminal.
    pub papel: Papel,
    /// Where; none for a manager that has entered with a password elsewhere.
    pub terminal: Option<i64>,
}

struct Session {
    funcionario: i64,
    terminal: Option<i64>,
    begun: DataHora,
    /// Seconds since 1970.
    used: AtomicI64,
    /// What the database knows of `used`.
    stored: AtomicI64,
}

impl Session {
    fn of(row: &sessoes::Sessao) -> Session {
        let used = row.times.used.segundos();
        Session {
            funcionario: row.funcionario,
            terminal: row.terminal,
            begun: row.times.begun,
            used: AtomicI64::new(used),
            stored: AtomicI64::new(used),
        }
    }

    fn times(&self) -> Times {
        let used = DataHora::de_segundos(self.used.load(Ordering::Relaxed));
        Times { begun: self.begun, used: used.unwrap_or(self.begun) }
    }
}

impl Roster {
    /// As the database says it now.
    pub fn read(conn: &mut dyn Connection, now: DataHora) -> Result<Roster, Error> {
        let sessions = sessoes::active(conn, now.mais(-ABSOLUTE_SECONDS))?;
        let (people, terminals) = (funcionarios::active(conn)?, terminais::active(conn)?);
        let worker = |p: funcionarios::Active| (p.id, Worker { nome: p.nome, papel: p.papel });
        Ok(Roster {
            people: people.into_iter().map(worker).collect(),
            papel_of_terminal: terminals.iter().map(|t| (t.id, t.papel)).collect(),
            terminals: terminals
                .into_iter()
                .map(|t| (t.resumo, Terminal { id: t.id, papel: t.papel }))
                .collect(),
            sessions: RwLock::new(
                sessions.into_iter().map(|s| (s.resumo.clone(), Arc::new(Session::of(&s)))).collect(),
            ),
        })
    }

    /// What only this process knows of the sessions that both have: when they were used.
    pub fn take_uses(&self, before: &Roster) {
        let (mine, its) = (self.sessions.read(), before.sessions.read());
        let mine = mine.unwrap_or_else(PoisonError::into_inner);
        for (resumo, session) in its.unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(same) = mine.get(resumo) {
                same.used.fetch_max(session.used.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
    }

    /// The terminal with the token of this SHA-256.
    pub fn terminal(&self, resumo: &str) -> Option<Terminal> {
        self.terminals.get(resumo).copied()
    }

    /// The person with the session of this SHA-256, and notes that it is used. `None` where it is over: by itself, or since
    /// the person or the terminal is gone.
    pub fn person(&self, resumo: &str, now: DataHora) -> Option<Person> {
        let session = self.session(resumo)?;
        let worker = self.people.get(&session.funcionario)?;
        let papel = match session.terminal {
            Some(terminal) => worker.papel.at_most(*self.papel_of_terminal.get(&terminal)?),
            None => worker.papel,
        };
        if session.times().are_over(papel, now) {
            return None;
        }
        session.used.fetch_max(now.segundos(), Ordering::Relaxed);
        let (id, nome) = (session.funcionario, worker.nome.clone());
        Some(Person { id, nome, papel, terminal: session.terminal })
    }

    /// Adds a session that the database has.
    pub fn adopt(&self, row: &sessoes::Sessao) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        sessions.insert(row.resumo.clone(), Arc::new(Session::of(row)));
    }

    /// Takes out a session that has ended.
    pub fn forget(&self, resumo: &str) {
        self.sessions.write().unwrap_or_else(PoisonError::into_inner).remove(resumo);
    }

    /// When sessions were last used, where the database does not know it yet.
    pub fn unstored_uses(&self) -> Vec<(String, DataHora)> {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        let unstored = |(resumo, session): (&String, &Arc<Session>)| {
            let used = session.used.load(Ordering::Relaxed);
            let known = session.stored.swap(used, Ordering::Relaxed);
            (used > known).then(|| Some((resumo.clone(), DataHora::de_segundos(used)?))).flatten()
        };
        sessions.iter().filter_map(unstored).collect()
    }

    fn session(&self, resumo: &str) -> Option<Arc<Session>> {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner).get(resumo).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: i64 = 7;

    fn at(seconds: i64) -> DataHora {
        DataHora::de_segundos(1_800_000_000 + seconds).unwrap()
    }

    fn row(resumo: &str) -> sessoes::Sessao {
        let times = Times { begun: at(0), used: at(0) };
        sessoes::Sessao { resumo: resumo.to_owned(), funcionario: ANA, terminal: Some(3), times }
    }

    fn roster() -> Roster {
        let roster = Roster {
            people: HashMap::from([(ANA, Worker { nome: "Ana".into(), papel: Papel::Gerente })]),
            papel_of_terminal: HashMap::from([(3, Papel::Balcao)]),
            ..Roster::default()
        };
        roster.adopt(&row("a"));
        roster
    }

    #[test]
    fn a_use_is_stored_once_and_outlives_a_reload() {
        let before = roster();
        assert!(before.unstored_uses().is_empty());
        assert_eq!(before.person("a", at(60)).unwrap().papel, Papel::Balcao);
        assert_eq!(before.unstored_uses(), [("a".to_owned(), at(60))]);
        assert!(before.unstored_uses().is_empty());
        let after = roster();
        after.take_uses(&before);
        assert!(after.person("a", at(60 + 1799)).is_some(), "the use is forgotten");
        assert!(after.person("a", at(60 + 1799 + 1800)).is_none());
    }

    #[test]
    fn who_or_what_is_gone_takes_its_sessions_along() {
        let (mut roster, now) = (roster(), at(1));
        assert!(roster.person("a", now).is_some() && roster.person("b", now).is_none());
        roster.papel_of_terminal.clear();
        assert!(roster.person("a", now).is_none());
        let mut roster = self::roster();
        roster.people.clear();
        assert!(roster.person("a", now).is_none());
        let roster = self::roster();
        roster.forget("a");
        assert!(roster.person("a", now).is_none());
    }
}
