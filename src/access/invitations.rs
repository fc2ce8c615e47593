//! Invitations: one-time links with which a person makes itself a manager, the first one or a further one, by choosing name,
//! password and PIN. The first manager closes the doors, on every process.
//!
//! - One is made on the command line, with the settings of the database. No route makes one.
//! - Where `ACCESS=closed` and there is no manager, a process makes one at its start and logs it. Of processes that start
//!   together one does: each looks, under the lock of the restaurant's row, whether there is one that counts.
//! - The token has 256 random bits and is stored as SHA-256. It counts for a day, and once: of two that use it at the same
//!   time one does.

use super::{
    Begun, Doors, Entrance, Mode, Token,
    doors::{Noted, note},
    key::digest,
    people,
    sessions::NewSession,
};
use crate::{
    clock,
    domain::{auditoria::Tipo, convite::VALID_SECONDS, evento::Actor, funcionario::Proof, papel::Papel},
    error::Error,
    store::{
        Connection, acesso, chaves,
        convites::{self, New},
        funcionarios,
    },
};

/// Somebody who uses an invitation.
pub struct Invited<'a> {
    /// The token, as it was sent.
    pub token: &'a str,
    /// Without it that of the invitation counts.
    pub nome: Option<String>,
    pub senha: Proof,
    pub pin: Proof,
    pub entrance: Entrance<'a>,
}

/// The address with which a person uses an invitation. The token stands behind `#`, which no browser sends: no log of a
/// proxy and no `Referer` has it.
pub fn link(base: &str, token: &Token) -> String {
    format!("{base}/gerencia#{}", token.reveal())
}

impl Doors {
    /// Makes an invitation for this person. `by` is for the trail.
    pub fn invite(&self, nome: &str, by: &str) -> Result<Token, Error> {
        let token = Token::of_invitation()?;
        self.store.write(|conn| insert(conn, &token, Some(nome), by))?;
        Ok(token)
    }

    /// Makes an invitation where doors are closed, there never was a manager, and no invitation counts.
    pub fn invite_first(&self) -> Result<Option<Token>, Error> {
        if self.mode() != Mode::Closed {
            return Ok(None);
        }
        let token = Token::of_invitation()?;
        let made = self.store.write(|conn| {
            acesso::lock(conn)?;
            if is_managed(conn)? || convites::any_valid(conn, clock::now())? {
                return Ok(false);
            }
            insert(conn, &token, None, "processo")?;
            Ok(true)
        })?;
        Ok(made.then_some(token))
    }

    /// Uses up an invitation: its person is a manager from now on, with a session. `Invalid` when it does not count. Where
    /// there was no manager `first` runs in the same transaction, with the person as the actor.
    pub fn accept(
        &self,
        invited: &Invited<'_>,
        first: impl Fn(&mut dyn Connection, &str) -> Result<(), Error>,
    ) -> Result<Begun, Error> {
        let resumo = digest(invited.token);
        // Looked up before anything is hashed: a request without an invitation costs one query.
        let found = self.store.read(|conn| convites::find_valid(conn, &resumo, clock::now()))?;
        let convite = found.ok_or_else(void)?;
        let nome = invited.nome.clone().or(convite.nome);
        let nome = nome.ok_or_else(|| Error::invalid("nome", "é obrigatório"))?;
        let (pin, senha) = (self.hash(&invited.pin)?, Some(self.hash(&invited.senha)?));
        let row = funcionarios::New { nome, papel: Papel::Gerente, pin, senha };
        let session = NewSession::at(&invited.entrance)?;
        let funcionario = self.store.write(|conn| {
            if !convites::take(conn, convite.id, clock::now())? {
                return Err(void());
            }
            // Of two who are first at the same time one is.
            acesso::lock(conn)?;
            let is_first = !is_managed(conn)?;
            let id = people::add(conn, &row, &format!("convite:{}", convite.id))?;
            if is_first {
                first(conn, &Actor::Person { id, approved_by: None }.name())?;
            }
            session.begin(conn, id)?;
            Ok(id)
        })?;
        self.catch_up();
        self.enter(session, funcionario)
    }
}

fn is_managed(conn: &mut dyn Connection) -> Result<bool, Error> {
    Ok(chaves::any_manager(conn)? || funcionarios::any_manager(conn)?)
}

fn insert(conn: &mut dyn Connection, token: &Token, nome: Option<&str>, by: &str) -> Result<(), Error> {
    let (now, nome) = (clock::now(), nome.map(str::to_owned));
    let new = New { resumo: token.digest(), nome, expira_em: now.mais(VALID_SECONDS) };
    let id = convites::insert(conn, &new, now)?;
    let alvo = format!("convite:{id}");
    note(conn, Noted { tipo: Tipo::ConviteCriado, by, alvo, detalhe: new.nome })
}

fn void() -> Error {
    let mensagem = "Este convite não vale: já foi usado, ou passaram 24 horas, ou não foi copiado inteiro. Abra o \
                    endereço de novo, ou faça outro com «ambrosia gerente NOME»";
    Error::invalid("convite", mensagem)
}
