//! The people of the staff: added, changed and dismissed by a manager. Dismissal, and another PIN, password or role, end the
//! sessions of the person, on any process, within a second.

use super::{
    Begun, Caller, Doors, Entrance, Person, Place,
    doors::{Noted, note},
    hash::Asker,
    sessions::NewSession,
    tries::Claim,
};
use crate::{
    clock,
    domain::{
        auditoria::Tipo,
        funcionario::{Change, Funcionario, NewFuncionario, Proof},
        papel::Papel,
    },
    error::{Denied, Error},
    store::{
        Connection, acesso,
        funcionarios::{self, Columned},
        sessoes,
    },
};

/// A PIN in place of another, by the person who has both.
pub struct OwnPin<'a> {
    pub old: &'a Proof,
    pub new: &'a Proof,
    pub entrance: Entrance<'a>,
}

impl Doors {
    /// Everybody, the newest first, also those who were dismissed.
    pub fn list_people(&self) -> Result<Vec<Funcionario>, Error> {
        self.store.read(|conn| funcionarios::list(conn))
    }

    /// Adds a person. `by` is for the trail. `Invalid` for a password of somebody who is no manager.
    pub fn create_person(&self, new: NewFuncionario, by: &str) -> Result<Funcionario, Error> {
        if new.senha.is_some() && new.papel != Papel::Gerente {
            return Err(not_a_managers_password());
        }
        let senha = new.senha.map(|senha| self.hash(&senha)).transpose()?;
        let row = funcionarios::New { nome: new.nome, papel: new.papel, pin: self.hash(&new.pin)?, senha };
        let made = self.store.write(|conn| {
            let id = add(conn, &row, by)?;
            acesso::note_change(conn)?;
            funcionarios::find(conn, id)
        })?;
        self.catch_up();
        Ok(made)
    }

    /// Changes a person that works here. Another PIN, password or role ends the person's sessions. `Invalid` for a password
    /// of somebody who is no manager, `Conflict` where nobody would be left to manage.
    pub fn change_person(&self, id: i64, change: Change, by: &str) -> Result<Funcionario, Error> {
        let mut columns = Columned {
            nome: change.nome,
            papel: change.papel,
            pin: change.pin.map(|pin| self.hash(&pin)).transpose()?,
            senha: change.senha.map(|senha| senha.map(|s| self.hash(&s)).transpose()).transpose()?,
        };
        let changed = self.store.write(|conn| {
            // First, for its lock: of two managers who demote each other one has to see the other's change.
            acesso::note_change(conn)?;
            let before = funcionarios::find(conn, id)?;
            let papel = columns.papel.unwrap_or(before.papel);
            let (changes_proof, detalhe) =
                (columns.pin.is_some() || columns.senha.is_some(), names_of(&columns));
            if papel != Papel::Gerente {
                if let Some(Some(_)) = columns.senha {
                    return Err(not_a_managers_password());
                }
                columns.senha = Some(None);
                if before.papel == Papel::Gerente {
                    someone_else_manages(conn, id)?;
                }
            }
            funcionarios::update(conn, id, columns.clone())?;
            if changes_proof || papel != before.papel {
                sessoes::end_of(conn, id, clock::now())?;
            }
            let alvo = format!("funcionario:{id}");
            let detalhe = Some(detalhe);
            note(conn, Noted { tipo: Tipo::FuncionarioAlterado, by, alvo, detalhe })?;
            funcionarios::find(conn, id)
        })?;
        self.catch_up();
        Ok(changed)
    }

    /// The person works here no more; again is the same. `NotFound` when there is none with this id, `Conflict` where nobody
    /// would be left to manage.
    pub fn dismiss_person(&self, id: i64, by: &str) -> Result<(), Error> {
        self.store.write(|conn| {
            // First, as for a change.
            acesso::note_change(conn)?;
            let person = funcionarios::find(conn, id)?;
            if person.papel == Papel::Gerente && person.desligado_em.is_none() {
                someone_else_manages(conn, id)?;
            }
            let now = clock::now();
            funcionarios::dismiss(conn, id, now)?;
            sessoes::end_of(conn, id, now)?;
            let alvo = format!("funcionario:{id}");
            note(conn, Noted { tipo: Tipo::FuncionarioDesligado, by, alvo, detalhe: None })
        })?;
        self.catch_up();
        Ok(())
    }

    /// Another PIN for a person with a session, who shows the one before; on a terminal, as wherever a PIN counts. All
    /// sessions of the person end, and another begins in place of this one.
    pub fn change_own_pin(&self, person: &Person, change: &OwnPin<'_>) -> Result<Begun, Error> {
        let place = Place::Terminal(person.terminal.ok_or(Error::Denied(Denied::NoTerminal))?);
        let columns = Columned { pin: Some(self.hash(change.new)?), ..Columned::default() };
        let session = NewSession::at(&change.entrance)?;
        let claim = Claim { funcionario: person.id, proof: change.old, place };
        self.prove(&claim, |conn, _| {
            funcionarios::update(conn, person.id, columns.clone())?;
            sessoes::end_of(conn, person.id, clock::now())?;
            let (by, detalhe) = (Caller::from(person).name(), Some(names_of(&columns)));
            note(conn, Noted { tipo: Tipo::FuncionarioAlterado, by: &by, alvo: by.clone(), detalhe })?;
            session.begin(conn, person.id)
        })?;
        self.catch_up();
        self.enter(session, person.id)
    }

    /// How many people have a PIN or password that was stored under another pepper, and so cannot enter with it.
    pub fn shut_out_by_pepper(&self) -> Result<usize, Error> {
        let all = self.store.read(|conn| funcionarios::all_hashes(conn))?;
        let is_other = |stored: &String| self.hasher.is_of_another_pepper(stored);
        Ok(all
            .iter()
            .filter(|hashes| is_other(&hashes.pin) || hashes.senha.as_ref().is_some_and(is_other))
            .count())
    }

    /// Who may enter at a terminal, by name.
    pub fn people_here(&self) -> Result<Vec<Person>, Error> {
        Ok(self.known()?.roster.people())
    }

    /// What is stored of it.
    pub(super) fn hash(&self, proof: &Proof) -> Result<String, Error> {
        let permit = self.hasher.enter(Asker::Inside)?;
        self.hasher.hash(proof, &permit)
    }
}

/// Writes a person, and that in the trail; gives the id.
pub(super) fn add(conn: &mut dyn Connection, row: &funcionarios::New, by: &str) -> Result<i64, Error> {
    let id = funcionarios::insert(conn, row, clock::now())?;
    let detalhe = Some(format!("{}: {}", row.papel.nome(), row.nome));
    let alvo = format!("funcionario:{id}");
    note(conn, Noted { tipo: Tipo::FuncionarioCriado, by, alvo, detalhe })?;
    Ok(id)
}

/// What is changed, without its content.
fn names_of(change: &Columned) -> String {
    let names = [
        ("nome", change.nome.is_some()),
        ("papel", change.papel.is_some()),
        ("pin", change.pin.is_some()),
        ("senha", change.senha.is_some()),
    ];
    names.into_iter().filter(|(_, changes)| *changes).map(|(name, _)| name).collect::<Vec<_>>().join(", ")
}

fn not_a_managers_password() -> Error {
    Error::invalid("senha", "é só de gerentes")
}

fn someone_else_manages(conn: &mut dyn Connection, id: i64) -> Result<(), Error> {
    if funcionarios::is_managed_without(conn, id, clock::now())? {
        return Ok(());
    }
    Err(Error::conflict("ultimo_gerente", "Sem esta pessoa não haveria mais gerente; crie outro antes"))
}
