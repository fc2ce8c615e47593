//! Showing who one is: a PIN or password is compared, within limits that hold over all processes.
//!
//! - A try is written as a wrong one before its hash is computed, under a lock: of a thousand at the same time no more are
//!   compared than if they came one by one. One that was right is taken out again, and forgives those before it.
//! - Five wrong ones for a person at one place are free; then each keeps the next waiting, for longer and longer. A place is
//!   a terminal, or the network of a client without one: what is typed at one keeps nobody waiting at another.
//! - A terminal on which twenty are wrong within an hour must be enrolled again.
//! - For a number that is nobody's, and a person without a password, it goes exactly the same way, hash included.
//!
//! Tested by `tests/api/tries.rs`.

use std::net::IpAddr;

use super::{
    Doors,
    doors::{Noted, note},
    hash::Asker,
};
use crate::{
    clock,
    domain::{
        auditoria::Tipo,
        data_hora::DataHora,
        funcionario::Proof,
        papel::Papel,
        tentativa::{TERMINAL_MAX, TERMINAL_SECONDS, allowed_from},
    },
    error::{Denied, Error},
    server::network,
    store::{
        Connection, acesso,
        funcionarios::{self, Hashes},
        sessoes,
        tentativas::{self, Standing, Try},
        terminais,
    },
};

/// Where somebody shows who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An enrolled terminal, by its id.
    Terminal(i64),
    /// Anywhere else: the client's address.
    Elsewhere(IpAddr),
}

impl Place {
    /// As stored.
    pub fn name(self) -> String {
        match self {
            Place::Terminal(id) => format!("terminal:{id}"),
            Place::Elsewhere(address) => format!("rede:{}", network(address)),
        }
    }
}

/// Who somebody claims to be.
pub struct Claim<'a> {
    pub funcionario: i64,
    pub proof: &'a Proof,
    pub place: Place,
}

impl Doors {
    /// Compares the PIN or password. Where it is right `then` runs, with the person's role, in the transaction that forgives
    /// the tries before; if it refuses, the try counts as a wrong one. `Denied` where it is not, or where it has to wait;
    /// `Unavailable` where too many others are compared.
    pub(super) fn prove<T>(
        &self,
        claim: &Claim<'_>,
        mut then: impl FnMut(&mut dyn Connection, Papel) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Claim { funcionario, proof, place } = *claim;
        let permit = self.hasher.enter(match place {
            Place::Terminal(_) => Asker::Inside,
            Place::Elsewhere(_) => Asker::Outside,
        })?;
        let origem = place.name();
        let of = Try { origem: &origem, funcionario };
        let (id, hashes) = self.store.write(|conn| begin(conn, place, &of, clock::now()))?;
        let stored = hashes.as_ref().and_then(|hashes| match proof {
            Proof::Pin(_) => Some(hashes.pin.as_str()),
            Proof::Senha(_) => hashes.senha.as_deref(),
        });
        let is_right = self.hasher.matches(proof, stored, &permit)?;
        drop(permit);
        let result = match hashes {
            Some(compared) if is_right => self.store.write(|conn| {
                // Meanwhile the person may have been dismissed, or got another PIN.
                match funcionarios::lock(conn, funcionario)? {
                    Some(now) if now == compared => tentativas::forgive(conn, id, &of)?,
                    _ => return Err(Error::Denied(Denied::WrongLogin)),
                }
                then(conn, compared.papel)
            }),
            _ => Err(Error::Denied(Denied::WrongLogin)),
        };
        if let Err(Error::Denied(_)) = result {
            self.cut_off_if_due(place)?;
        }
        result
    }

    /// Takes the token from a terminal on which too many tries were wrong.
    fn cut_off_if_due(&self, place: Place) -> Result<(), Error> {
        let Place::Terminal(terminal) = place else { return Ok(()) };
        let cut = self.store.write(|conn| {
            let since = clock::now().mais(-TERMINAL_SECONDS);
            if tentativas::count_at(conn, &place.name(), since)? < TERMINAL_MAX {
                return Ok(false);
            }
            terminais::cut_off(conn, terminal)?;
            sessoes::end_at(conn, terminal, clock::now())?;
            let detalhe = Some(format!("{TERMINAL_MAX} tentativas erradas em uma hora"));
            let (by, alvo) = (&*place.name(), place.name());
            note(conn, Noted { tipo: Tipo::TerminalBloqueado, by, alvo, detalhe })?;
            acesso::note_change(conn)?;
            Ok(true)
        })?;
        if cut {
            self.catch_up();
        }
        Ok(())
    }
}

/// Writes the try, if there may be one now; its id, and what to compare.
fn begin(
    conn: &mut dyn Connection,
    place: Place,
    of: &Try<'_>,
    now: DataHora,
) -> Result<(i64, Option<Hashes>), Error> {
    match place {
        Place::Terminal(id) if !terminais::lock(conn, id)? => return Err(Error::Denied(Denied::NoTerminal)),
        Place::Terminal(_) => {}
        Place::Elsewhere(_) => acesso::lock(conn)?,
    }
    let Standing { wrong, last } = tentativas::standing(conn, of, now)?;
    if let Some(from) = last.and_then(|last| allowed_from(wrong, last)).filter(|from| now < *from) {
        let seconds = from.segundos() - now.segundos();
        return Err(Error::Denied(Denied::TooManyTries { seconds }));
    }
    if let Place::Terminal(_) = place
        && tentativas::count_at(conn, of.origem, now.mais(-TERMINAL_SECONDS))? >= TERMINAL_MAX
    {
        // Those that are compared now take its token.
        return Err(Error::Denied(Denied::NoTerminal));
    }
    Ok((tentativas::insert(conn, of, now)?, funcionarios::hashes(conn, of.funcionario)?))
}
