//! Terminals: a manager makes a code, which is typed at the device within ten minutes, and the device gets its token.
//! Enrolling one again takes the token from the device before, and ends the sessions there.

use super::{
    Code, Doors, Place, Terminal, Token,
    doors::{Noted, note},
    key,
};
use crate::{
    clock,
    domain::{
        auditoria::Tipo,
        data_hora::DataHora,
        terminal::{self, CODE_SECONDS, NewTerminal},
    },
    error::{Denied, Error},
    store::{Connection, acesso, sessoes, tentativas, terminais},
};

/// A terminal, and the code that enrols it.
pub struct Coded {
    /// As the manager sees it.
    pub terminal: terminal::Terminal,
    /// To be shown, once.
    pub code: Code,
    /// From then on the code enrols nothing.
    pub expires: DataHora,
}

impl Doors {
    /// The enrolled terminal with this token; `None` when it is none.
    pub fn terminal(&self, token: &str) -> Result<Option<Terminal>, Error> {
        let resumo = key::digest(token);
        if let Some(terminal) = self.known()?.roster.terminal(&resumo) {
            return Ok(Some(terminal));
        }
        if !self.misses.take() {
            return Ok(None);
        }
        // Another process may have enrolled it.
        self.catch_up();
        Ok(self.known()?.roster.terminal(&resumo))
    }

    /// All terminals, the newest first.
    pub fn list_terminals(&self) -> Result<Vec<terminal::Terminal>, Error> {
        self.store.read(|conn| terminais::list(conn))
    }

    /// Adds a terminal that waits for its code. `by` is for the trail.
    pub fn create_terminal(&self, new: &NewTerminal, by: &str) -> Result<Coded, Error> {
        self.coded(by, |conn| {
            let id = terminais::insert(conn, new, clock::now())?;
            Ok((id, format!("{}: {}", new.papel.nome(), new.nome)))
        })
    }

    /// Another code for a terminal that there is: its device was lost, or cut off. `NotFound` when it was revoked.
    pub fn recode_terminal(&self, id: i64, by: &str) -> Result<Coded, Error> {
        self.coded(by, |_| Ok((id, "outro código".to_owned())))
    }

    fn coded(
        &self,
        by: &str,
        terminal: impl Fn(&mut dyn Connection) -> Result<(i64, String), Error>,
    ) -> Result<Coded, Error> {
        let code = Code::generate()?;
        let expires = clock::now().mais(CODE_SECONDS);
        let stored = terminais::Code { codigo: code.digest(&self.pepper), expira_em: expires };
        let terminal = self.store.write(|conn| {
            let (id, detalhe) = terminal(conn)?;
            terminais::set_code(conn, id, &stored)?;
            let (alvo, detalhe) = (format!("terminal:{id}"), Some(detalhe));
            note(conn, Noted { tipo: Tipo::TerminalCriado, by, alvo, detalhe })?;
            terminais::find(conn, id)
        })?;
        Ok(Coded { terminal, code, expires })
    }

    /// Uses up a code, and gives the terminal's token. `Denied` when it enrols nothing.
    pub fn enrol(&self, code: &Code) -> Result<(terminal::Terminal, Token), Error> {
        let codigo = code.digest(&self.pepper);
        let enrolled = self.store.write(|conn| {
            let now = clock::now();
            let id = terminais::take_code(conn, &codigo, now)?.ok_or(Error::Denied(Denied::WrongCode))?;
            let token = Token::of_terminal(id)?;
            terminais::enrol(conn, id, &token.digest(), now)?;
            sessoes::end_at(conn, id, now)?;
            tentativas::forget_at(conn, &Place::Terminal(id).name())?;
            let alvo = format!("terminal:{id}");
            note(conn, Noted { tipo: Tipo::TerminalInscrito, by: &alvo, alvo: alvo.clone(), detalhe: None })?;
            acesso::note_change(conn)?;
            Ok((terminais::find(conn, id)?, token))
        })?;
        self.catch_up();
        Ok(enrolled)
    }

    /// Takes a terminal back for good, with the sessions on it. `NotFound` when there is none with this id.
    pub fn revoke_terminal(&self, id: i64, by: &str) -> Result<(), Error> {
        self.store.write(|conn| {
            let now = clock::now();
            terminais::revoke(conn, id, now)?;
            sessoes::end_at(conn, id, now)?;
            let alvo = format!("terminal:{id}");
            note(conn, Noted { tipo: Tipo::TerminalRevogado, by, alvo, detalhe: None })?;
            acesso::note_change(conn)
        })?;
        self.catch_up();
        Ok(())
    }
}
