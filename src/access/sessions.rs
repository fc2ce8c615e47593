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
        Connection, acesso, funcionarios,
        sessoes::{self, Sessao},
    },
};

/// Where a session is asked for.
#[derive(Clone, Copy)]
pub struct Entrance<'a> {
    /// The enrolled terminal.
    pub terminal: Option<i64>,
    pub client: IpAddr,
    /// The token of the session that ends with it: another person takes over.
    pub replaces: Option<&'a str>,
}

impl Entrance<'_> {
    fn place(&self) -> Place {
        self.terminal.map_or(Place::Elsewhere(self.client), Place::Terminal)
    }
}

/// Somebody who wants a session.
pub struct Login<'a> {
    pub funcionario: i64,
    pub proof: Proof,
    pub entrance: Entrance<'a>,
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
        let person = self.find_person(&resumo, now)?;
        if person.is_some() {
            self.session_uses.note(resumo, now);
        }
        Ok(person)
    }

    /// The person with the session of this SHA-256, without a use of it.
    pub(super) fn find_person(&self, resumo: &str, now: DataHora) -> Result<Option<Person>, Error> {
        let present = || Ok(self.known()?.roster.person(resumo, self.session_uses.last(resumo), now));
        if let Some(person) = present()? {
            return Ok(Some(person));
        }
        if !self.misses.take() {
            return Ok(None);
        }
        // It may have begun, or been used, on another process.
        let Some(row) = self.store.read(|conn| sessoes::find(conn, resumo))? else { return Ok(None) };
        // Its person or terminal may be as new.
        self.catch_up();
        self.adopt(&row)?;
        present()
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
        let Login { funcionario, proof, entrance } = login;
        if entrance.terminal.is_none() && matches!(proof, Proof::Pin(_)) {
            return Err(Error::Denied(Denied::NoTerminal));
        }
        let session = NewSession::at(entrance)?;
        let claim = Claim { funcionario: *funcionario, proof, place: session.place };
        self.prove(&claim, |conn, _| session.begin(conn, *funcionario))?;
        self.enter(session, *funcionario)
    }

    /// The person of a session that has been written is there.
    pub(super) fn enter(&self, session: NewSession, funcionario: i64) -> Result<Begun, Error> {
        let known = self.known()?;
        session.replaced.iter().for_each(|resumo| known.roster.forget(resumo));
        self.adopt(&session.row(funcionario))?;
        let person = self.person(session.token.reveal())?.ok_or(Error::Denied(Denied::SessionOver))?;
        Ok(Begun { token: session.token, person })
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

/// A session that is about to begin.
pub(super) struct NewSession {
    token: Token,
    /// SHA-256 of the token of the session that it replaces.
    replaced: Option<String>,
    terminal: Option<i64>,
    place: Place,
    now: DataHora,
}

impl NewSession {
    /// With a new token.
    pub(super) fn at(entrance: &Entrance<'_>) -> Result<NewSession, Error> {
        let Entrance { terminal, replaces, .. } = *entrance;
        let (token, replaced) = (Token::of_session()?, replaces.map(key::digest));
        Ok(NewSession { token, replaced, terminal, place: entrance.place(), now: clock::now() })
    }

    /// Writes it, and that in the trail. To be called last in a transaction, as `acesso::note_change`.
    pub(super) fn begin(&self, conn: &mut dyn Connection, funcionario: i64) -> Result<(), Error> {
        if let Some(resumo) = &self.replaced {
            sessoes::end(conn, resumo, self.now)?;
        }
        sessoes::insert(conn, &self.row(funcionario))?;
        let by = Actor::Person { id: funcionario, approved_by: None }.name();
        note(conn, Noted { tipo: Tipo::SessaoIniciada, by: &by, alvo: self.place.name(), detalhe: None })?;
        acesso::note_change(conn)
    }

    fn row(&self, funcionario: i64) -> Sessao {
        let (resumo, times) = (self.token.digest(), Times { begun: self.now, used: self.now });
        Sessao { resumo, funcionario, terminal: self.terminal, times }
    }
}

impl From<&Person> for Caller {
    fn from(person: &Person) -> Caller {
        let Person { id, papel, terminal, .. } = *person;
        Caller::Person { id, papel, terminal, approved_by: None }
    }
}
