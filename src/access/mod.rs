//! Who may do what: access control by role, checked by the matched route before its handler runs.
//!
//! ```text
//!  request ─▶ credential ─▶ Caller ─▶ may(access)? ─▶ handler, which refuses what depends on the order
//!               │ key, session, terminal, or the secret of an order
//!               └ Doors: all by their SHA-256, in memory; reloaded when `versao_acesso` has moved
//! ```
//!
//! - Open doors (`Mode`): everybody may do everything, as with the original system. Keys, staff and the trail need a manager
//!   also then: otherwise any client could make itself the first manager.
//! - A key is stored as its SHA-256 and looked up by it: what a look-up takes tells nothing of a key.
//! - People (`people`) show who they are by a PIN on an enrolled terminal (`terminals`), or managers by a password anywhere;
//!   for that each gets a session (`sessions`). Tries are limited and counted in the database (`tries`), and hashed few at a
//!   time (`hash`). A session has the lesser of the person's role and the terminal's.
//! - The first manager comes by a one-time link (`invitations`), made on the command line or at the start of the process.
//! - A login on one process counts at once on every other: a token that is not known is looked up once in the database.
//! - A change counts for this process at once, and for every other within `WATCH`.
//! - Before it is known whether there is a manager, doors count as closed, but for the figures of `/metrics`.
//!
//! Tested by `tests/api/access.rs`, `keys.rs`, `doors.rs`, `people.rs`, `sessions.rs`, `tries.rs`, `invitations.rs`.

mod carried;
mod doors;
mod hash;
mod invitations;
mod key;
mod people;
mod roster;
mod secret;
mod sessions;
mod terminals;
mod token;
mod tries;
mod uses;

pub use self::{
    carried::Carried,
    doors::{Doors, Mode, WATCH},
    invitations::{Invited, link},
    key::{Key, digest},
    people::OwnPin,
    roster::{Person, Terminal},
    secret::OrderSecrets,
    sessions::{Begun, Entrance, Login},
    terminals::Coded,
    token::{Code, OF_SESSION, OF_TERMINAL, Token},
    tries::Place,
};
use crate::{
    domain::{evento::Actor, papel::Papel},
    error::{Denied, Error},
};

/// What a caller needs to call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Todos,
    /// Nothing beforehand: what is sent is the proof, such as a PIN, a code or a cookie, and the handler compares it. Unlike
    /// what is public it is for pages of this host.
    Prova,
    /// The secret of the order, or the counter's role.
    DonoDoPedido,
    /// The role of the kitchen.
    Cozinha,
    /// The counter's role.
    Balcao,
    /// The manager's role.
    Gerente,
    /// The manager's role, also where doors are open.
    GerenteSempre,
    /// The role of a program.
    Maquina,
    /// The counter's role, or that of a program.
    BalcaoOuMaquina,
}

impl Access {
    /// As the document says it.
    pub fn name(self) -> &'static str {
        match self {
            Access::Todos | Access::Prova => "todos",
            Access::DonoDoPedido => "dono do pedido",
            Access::Cozinha => "cozinha",
            Access::Balcao => "balcão",
            Access::Gerente | Access::GerenteSempre => "gerente",
            Access::Maquina => "máquina",
            Access::BalcaoOuMaquina => "balcão ou máquina",
        }
    }

    /// Whether this role has it.
    pub fn is_for(self, papel: Papel) -> bool {
        match self {
            Access::Todos | Access::Prova => true,
            Access::DonoDoPedido | Access::Balcao => papel.includes(Papel::Balcao),
            Access::Cozinha => papel.includes(Papel::Cozinha),
            Access::Gerente | Access::GerenteSempre => papel.includes(Papel::Gerente),
            Access::Maquina => papel.includes(Papel::Maquina),
            Access::BalcaoOuMaquina => papel.includes(Papel::Balcao) || papel.includes(Papel::Maquina),
        }
    }
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Somebody, where doors are open.
    Open,
    /// Somebody, where doors are closed.
    Nobody,
    /// The holder of a key.
    Key {
        id: i64,
        papel: Papel,
        /// Where doors are open a key takes nothing away from what everybody may.
        doors_are_open: bool,
    },
    /// A person with a session; `papel` is what counts: no more than the terminal's, or that of the manager who lets this
    /// one request through.
    Person { id: i64, papel: Papel, terminal: Option<i64>, approved_by: Option<i64> },
    /// An enrolled terminal on which nobody has a session; `papel` is the highest role on it.
    Terminal { id: i64, papel: Papel },
}

impl Caller {
    /// Whether this is enough for that access.
    pub fn may(self, access: Access) -> bool {
        match self {
            _ if matches!(access, Access::Todos | Access::Prova) => true,
            Caller::Open => access != Access::GerenteSempre,
            Caller::Nobody => false,
            Caller::Key { papel, doors_are_open, .. } => {
                access.is_for(papel) || (doors_are_open && access != Access::GerenteSempre)
            }
            // Keys and staff outlast the one request that a manager lets through.
            Caller::Person { papel, approved_by, .. } => {
                access.is_for(papel) && (approved_by.is_none() || access != Access::GerenteSempre)
            }
            // The kitchen's board lives on its terminal alone; everything else needs a person.
            Caller::Terminal { papel, .. } => papel == Papel::Cozinha && access == Access::Cozinha,
        }
    }

    /// Whether it is somebody of the counter or above, and not anybody where doors are open.
    pub fn is_counter(self) -> bool {
        match self {
            Caller::Key { papel, .. } | Caller::Person { papel, .. } => Access::Balcao.is_for(papel),
            Caller::Open | Caller::Nobody | Caller::Terminal { .. } => false,
        }
    }

    /// Why it may not do this.
    pub fn lacks(self, access: Access) -> Denied {
        match self {
            Caller::Nobody => Denied::NoCredential,
            Caller::Open => Denied::NoManager,
            Caller::Key { .. } => Denied::Role(access.name()),
            Caller::Person { .. } if access == Access::GerenteSempre => Denied::ManagerOnly,
            Caller::Person { .. } => Denied::PersonRole(access.name()),
            Caller::Terminal { .. } => Denied::NoSession,
        }
    }

    /// An act that asks for another role, in the words for this caller.
    pub fn explain(self, error: Error) -> Error {
        match (self, error) {
            (Caller::Person { .. }, Error::Denied(Denied::Role(role))) => {
                Error::Denied(Denied::PersonRole(role))
            }
            (_, error) => error,
        }
    }

    /// As the actor of an event: the key, the person, or the customer; the staff where doors are open.
    pub fn actor(self) -> Actor {
        match self {
            Caller::Open => Actor::Staff,
            Caller::Nobody => Actor::Customer,
            Caller::Key { id, .. } => Actor::Key(id),
            Caller::Person { id, approved_by, .. } => Actor::Person { id, approved_by },
            Caller::Terminal { id, .. } => Actor::Terminal(id),
        }
    }

    /// For the trail.
    pub fn name(self) -> String {
        match self {
            Caller::Nobody => "anonimo".to_owned(),
            other => other.actor().name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_doors_are_open_but_for_keys_and_the_trail() {
        for access in [Access::Todos, Access::DonoDoPedido, Access::Gerente, Access::Maquina] {
            assert!(Caller::Open.may(access));
        }
        assert!(!Caller::Open.may(Access::GerenteSempre));
        let kitchen = Caller::Key { id: 1, papel: Papel::Cozinha, doors_are_open: true };
        assert!(kitchen.may(Access::Gerente) && !kitchen.may(Access::GerenteSempre));
    }

    #[test]
    fn the_kitchen_sees_lists_and_no_single_order() {
        let kitchen = Caller::Key { id: 1, papel: Papel::Cozinha, doors_are_open: false };
        assert!(!kitchen.may(Access::DonoDoPedido) && kitchen.may(Access::Cozinha));
        assert!(!Caller::Nobody.may(Access::DonoDoPedido) && Caller::Nobody.may(Access::Todos));
    }

    #[test]
    fn a_terminal_alone_is_the_kitchen_or_nothing() {
        let terminal = |papel| Caller::Terminal { id: 1, papel };
        assert!(
            terminal(Papel::Cozinha).may(Access::Cozinha) && !terminal(Papel::Cozinha).may(Access::Balcao)
        );
        for papel in [Papel::Balcao, Papel::Gerente] {
            assert!(!terminal(papel).may(Access::Cozinha) && terminal(papel).may(Access::Todos));
        }
    }
}
