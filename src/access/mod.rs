//! Who may do what: access control by role, checked by the matched route before its handler runs.
//!
//! ```text
//!  request ─▶ credential ─▶ Caller ─▶ may(access)? ─▶ handler, which refuses what depends on the order
//!               │ key, or the secret of an order
//!               └ Doors: keys by their SHA-256, in memory; reloaded when `versao_acesso` has moved
//! ```
//!
//! - Open doors (`Mode`): everybody may do everything, as with the original system, but for keys and the trail, which are
//!   a manager's also then: whoever comes first would else lock everybody out.
//! - A key is stored as its SHA-256 and looked up by it: what a look-up takes tells nothing of a key.
//! - A change counts for this process at once, and for every other within `WATCH`.
//! - Before it is known whether there is a manager, doors count as closed, but for the figures of `/metrics`.
//!
//! Tested by `tests/api/access.rs`, `keys.rs`, `doors.rs`.

mod doors;
mod key;
mod secret;

pub use self::{
    doors::{Doors, Mode, WATCH},
    key::Key,
    secret::OrderSecrets,
};
use crate::domain::{evento::Actor, papel::Papel};

/// What a caller needs to call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Todos,
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
}

impl Access {
    /// As the document says it.
    pub fn name(self) -> &'static str {
        match self {
            Access::Todos => "todos",
            Access::DonoDoPedido => "dono do pedido",
            Access::Cozinha => "cozinha",
            Access::Balcao => "balcão",
            Access::Gerente | Access::GerenteSempre => "gerente",
            Access::Maquina => "máquina",
        }
    }

    /// The least role that has it; `None` where everybody has.
    pub fn papel(self) -> Option<Papel> {
        match self {
            Access::Todos => None,
            Access::DonoDoPedido | Access::Balcao => Some(Papel::Balcao),
            Access::Cozinha => Some(Papel::Cozinha),
            Access::Gerente | Access::GerenteSempre => Some(Papel::Gerente),
            Access::Maquina => Some(Papel::Maquina),
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
}

impl Caller {
    /// Whether this is enough for that access.
    pub fn may(self, access: Access) -> bool {
        match (self, access.papel()) {
            (_, None) => true,
            (Caller::Open, Some(_)) => access != Access::GerenteSempre,
            (Caller::Nobody, Some(_)) => false,
            (Caller::Key { papel, doors_are_open, .. }, Some(least)) => {
                papel.includes(least) || (doors_are_open && access != Access::GerenteSempre)
            }
        }
    }

    /// Whoever causes an event: the key, or the customer; the staff where doors are open.
    pub fn actor(self) -> Actor {
        match self {
            Caller::Open => Actor::Staff,
            Caller::Nobody => Actor::Customer,
            Caller::Key { id, .. } => Actor::Key(id),
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
}
