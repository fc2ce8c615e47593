//! Sessions: a person who has proved an identity gets a token, generated at each login and never taken from the client. Its
//! SHA-256 is stored; it ends by itself (`domain::sessao`), by logging out, or when a manager ends it.
//!
//! Other processes load a new session within `WATCH`, as any change; until then the first request with it looks it up. Only
//! so many look-ups are made in a second: a client that sends made-up tokens costs the database little, and delays others by
//! no more than `WATCH`.

use std::net::IpAddr;

use super::{
    Caller, Doors, Person, Place, Token,
    doors::{Noted, note},
    key,
    tries::Claim,
};
use crate::{
    clock,
    domain::{
        auditoria::Tipo, data_hora::DataHora, evento::Actor, funcionario::Proof, papel::Papel, sessao::Times,
    },
    error::{Denied, Error},
    store::{
        acesso, funcionarios,
        sessoes::{self, Sessao},
    },
};

/// Somebody who wants a session.
pub struct Login<'a> {
    pub funcionario: i64,
    pub proof: Proof,
    /// The enrolled terminal on which it is asked for.
    pub terminal: Option<i64>,
    pub client: IpAddr,
    /// The token of the session that ends with it: another person takes over.
    pub replaces: Option<&'a str>,
}

/// A session that has just begun.
pub struct Begun {
    pub token: Token,
    pub person: Person,
}

impl Doors {
    /// The person with the session of this token; `None` when it is none, or over.
    pub fn person(&self, token: &str) -> Result<Option<Person>, Error> {
        let (resumo, now) = (key::digest(token), clock::now());
        if let Some(person) = self.present(&resumo, now)? {
            return Ok(Some(person));
        }
        if !self.misses.take() {
            return Ok(None);
        }
        // It may have begun, or been used, on another process.
        let Some(row) = self.store.read(|conn| sessoes::find(conn, &resumo))? else { return Ok(None) };
        // Its person or terminal may be as new.
        self.catch_up();
        self.adopt(&row)?;
        self.present(&resumo, now)
    }

    /// The person, where the session is known here and not over; that is a use of it.
    fn present(&self, resumo: &str, now: DataHora) -> Result<Option<Person>, Error> {
        let person = self.known()?.roster.person(resumo, self.session_uses.last(resumo), now);
        if person.is_some() {
            self.session_uses.note(resumo.to_owned(), now);
        }
        Ok(person)
    }

    /// Adds a session that the database has, unless it has ended meanwhile: that may have been loaded before it was added.
    fn adopt(&self, row: &Sessao) -> Result<(), Error> {
        let known = self.known()?;
        known.roster.adopt(row);
        if self.store.read(|conn| sessoes::find(conn, &row.resumo))?.is_none() {
            known.roster.forget(&row.resumo);
        }
        Ok(())
    }

    /// Begins a session. `Denied` without the right PIN or password, or for a PIN without a terminal.
    pub fn log_in(&self, login: &Login<'_>) -> Result<Begun, Error> {
        let place = match (login.terminal, &login.proof) {
            (Some(terminal), _) => Place::Terminal(terminal),
            (None, Proof::Senha(_)) => Place::Elsewhere(login.client),
            (None, Proof::Pin(_)) => return Err(Error::Denied(Denied::NoTerminal)),
        };
        let (token, now) = (Token::of_session()?, clock::now());
        let row = Sessao {
            resumo: token.digest(),
            funcionario: login.funcionario,
            terminal: login.terminal,
            times: Times { begun: now, used: now },
        };
        let replaced = login.replaces.map(key::digest);
        let claim = Claim { funcionario: login.funcionario, proof: &login.proof, place };
        self.prove(&claim, |conn, _| {
            if let Some(resumo) = &replaced {
                sessoes::end(conn, resumo, now)?;
            }
            sessoes::insert(conn, &row)?;
            let by = Actor::Person { id: row.funcionario, approved_by: None }.name();
            note(conn, Noted { tipo: Tipo::SessaoIniciada, by: &by, alvo: place.name(), detalhe: None })?;
            acesso::note_change(conn)
        })?;
        let known = self.known()?;
        replaced.iter().for_each(|resumo| known.roster.forget(resumo));
        self.adopt(&row)?;
        let person = self.person(token.reveal())?.ok_or(Error::Denied(Denied::SessionOver))?;
        Ok(Begun { token, person })
    }

    /// Ends the session of this token, if there is one.
    pub fn log_out(&self, token: &str) -> Result<(), Error> {
        let resumo = key::digest(token);
        self.store.write(|conn| {
            if sessoes::end(conn, &resumo, clock::now())? {
                acesso::note_change(conn)?;
            }
            Ok(())
        })?;
        self.known()?.roster.forget(&resumo);
        self.catch_up();
        Ok(())
    }

    /// Ends all sessions of a person. `NotFound` when there is none with this id.
    pub fn end_sessions(&self, funcionario: i64, by: &str) -> Result<(), Error> {
        self.store.write(|conn| {
            funcionarios::find(conn, funcionario)?;
            sessoes::end_of(conn, funcionario, clock::now())?;
            let alvo = format!("funcionario:{funcionario}");
            note(conn, Noted { tipo: Tipo::SessoesEncerradas, by, alvo, detalhe: None })?;
            acesso::note_change(conn)
        })?;
        self.catch_up();
        Ok(())
    }

    /// The person as a caller, with the role of the manager who lets this one request through by a PIN on the same terminal.
    /// `Denied` when it is none, or not the manager's PIN.
    pub fn approved(&self, person: &Person, manager: i64, pin: &Proof) -> Result<Caller, Error> {
        let terminal = person.terminal.ok_or(Error::Denied(Denied::NoTerminal))?;
        let claim = Claim { funcionario: manager, proof: pin, place: Place::Terminal(terminal) };
        // With another's PIN it counts as wrong too: nobody finds out here whether it is right.
        let is_manager = |papel| match papel {
            Papel::Gerente => Ok(papel),
            _ => Err(Error::Denied(Denied::WrongLogin)),
        };
        let papel = self.prove(&claim, |_, papel| is_manager(papel)).map_err(|error| match error {
            Error::Denied(Denied::WrongLogin) => Error::Denied(Denied::WrongApprover),
            other => other,
        })?;
        let (id, approved_by) = (person.id, Some(manager));
        Ok(Caller::Person { id, papel, terminal: person.terminal, approved_by })
    }
}

impl From<&Person> for Caller {
    fn from(person: &Person) -> Caller {
        let Person { id, papel, terminal, .. } = *person;
        Caller::Person { id, papel, terminal, approved_by: None }
    }
}
