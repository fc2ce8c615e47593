//! The roster: who works here, at which terminals, in which sessions. In memory, as keys are, and loaded with them; a session
//! that another process has begun since is adopted when it is first seen here.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use crate::{
    domain::{
        data_hora::DataHora,
        papel::Papel,
        sessao::{ABSOLUTE_SECONDS, Times},
    },
    error::Error,
    store::{
        Connection, funcionarios,
        sessoes::{self, Sessao},
        terminais,
    },
};

/// What the database said of people, terminals and sessions at one version.
#[derive(Default)]
pub struct Roster {
    people: HashMap<i64, Worker>,
    /// By the SHA-256 of their tokens.
    terminals: HashMap<String, Terminal>,
    papel_of_terminal: HashMap<i64, Papel>,
    /// By the SHA-256 of their tokens.
    sessions: RwLock<HashMap<String, Sessao>>,
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
            sessions: RwLock::new(sessions.into_iter().map(|s| (s.resumo.clone(), s)).collect()),
        })
    }

    /// The terminal with the token of this SHA-256.
    pub fn terminal(&self, resumo: &str) -> Option<Terminal> {
        self.terminals.get(resumo).copied()
    }

    /// The person with the session of this SHA-256, which this process has last seen in use at `last`. `None` where it is
    /// over: by itself, or since the person or the terminal is gone.
    pub fn person(&self, resumo: &str, last: Option<DataHora>, now: DataHora) -> Option<Person> {
        let Sessao { funcionario, terminal, times, .. } = self.session(resumo)?;
        let worker = self.people.get(&funcionario)?;
        let papel = match terminal {
            Some(terminal) => worker.papel.at_most(*self.papel_of_terminal.get(&terminal)?),
            None => worker.papel,
        };
        let used = times.used.max(last.unwrap_or(times.used));
        if (Times { used, ..times }).are_over(papel, now) {
            return None;
        }
        Some(Person { id: funcionario, nome: worker.nome.clone(), papel, terminal })
    }

    /// Those who work here, by name, each with the role that it has anywhere.
    pub fn people(&self) -> Vec<Person> {
        let person = |(id, worker): (&i64, &Worker)| Person {
            id: *id,
            nome: worker.nome.clone(),
            papel: worker.papel,
            terminal: None,
        };
        let mut people: Vec<Person> = self.people.iter().map(person).collect();
        people.sort_by_cached_key(|person| (person.nome.to_lowercase(), person.id));
        people
    }

    /// Adds a session that the database has.
    pub fn adopt(&self, row: &Sessao) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        sessions.insert(row.resumo.clone(), row.clone());
    }

    /// Takes out a session that has ended.
    pub fn forget(&self, resumo: &str) {
        self.sessions.write().unwrap_or_else(PoisonError::into_inner).remove(resumo);
    }

    fn session(&self, resumo: &str) -> Option<Sessao> {
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
    fn a_use_that_the_database_does_not_know_counts() {
        let roster = roster();
        assert_eq!(roster.person("a", None, at(60)).unwrap().papel, Papel::Balcao);
        assert!(roster.person("a", Some(at(60)), at(60 + 1799)).is_some(), "the use is forgotten");
        assert!(roster.person("a", Some(at(60)), at(60 + 1800)).is_none());
        assert!(roster.person("a", None, at(1800)).is_none());
    }

    #[test]
    fn who_or_what_is_gone_takes_its_sessions_along() {
        let (mut roster, now) = (roster(), at(1));
        assert!(roster.person("a", None, now).is_some() && roster.person("b", None, now).is_none());
        roster.papel_of_terminal.clear();
        assert!(roster.person("a", None, now).is_none());
        let mut roster = self::roster();
        roster.people.clear();
        assert!(roster.person("a", None, now).is_none());
        let roster = self::roster();
        roster.forget("a");
        assert!(roster.person("a", None, now).is_none());
    }
}
