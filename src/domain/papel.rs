//! Roles of the staff and of programs, and what each may do.
//!
//! The staff's are nested: what the kitchen may, the counter may, and what the counter may, the manager may. A program with
//! a key (`Maquina`) and a totem stand beside them.

use serde::Serialize;
use utoipa::ToSchema;

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Papel {
    /// Sees the orders, and moves them up to Pronto and back.
    Cozinha,
    /// Also takes money, hands over, cancels what is not paid.
    Balcao,
    /// Everything.
    Gerente,
    /// Reads the figures (`/metrics`).
    Maquina,
    /// Takes orders, with a limit of its own.
    Totem,
}

impl Papel {
    /// All of them.
    pub const ALL: [Papel; 5] = [Papel::Cozinha, Papel::Balcao, Papel::Gerente, Papel::Maquina, Papel::Totem];

    /// As it is stored, sent and typed.
    pub fn nome(self) -> &'static str {
        match self {
            Papel::Cozinha => "cozinha",
            Papel::Balcao => "balcao",
            Papel::Gerente => "gerente",
            Papel::Maquina => "maquina",
            Papel::Totem => "totem",
        }
    }

    /// What people call it: the place where it works.
    pub fn em_palavras(self) -> &'static str {
        match self {
            Papel::Cozinha => "cozinha",
            Papel::Balcao => "caixa",
            Papel::Gerente => "gerência",
            Papel::Maquina => "máquina",
            Papel::Totem => "totem",
        }
    }

    /// Those of people; the others are of programs.
    pub const STAFF: [Papel; 3] = [Papel::Cozinha, Papel::Balcao, Papel::Gerente];

    /// This role of the staff, where no more than `limit` is allowed.
    pub fn at_most(self, limit: Papel) -> Papel {
        if self.includes(limit) { limit } else { self }
    }

    /// Whether this role includes the other.
    pub fn includes(self, other: Papel) -> bool {
        let staff = |papel| match papel {
            Papel::Cozinha => Some(1),
            Papel::Balcao => Some(2),
            Papel::Gerente => Some(3),
            Papel::Maquina | Papel::Totem => None,
        };
        self == other
            || self == Papel::Gerente
            || matches!((staff(self), staff(other)), (Some(mine), Some(its)) if mine >= its)
    }
}

impl TryFrom<&str> for Papel {
    type Error = String;

    fn try_from(nome: &str) -> Result<Papel, String> {
        let names = || Papel::ALL.map(Papel::nome).join(", ");
        Papel::ALL
            .into_iter()
            .find(|p| p.nome() == nome)
            .ok_or_else(|| format!("deve ser um destes: {}", names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roles_of_the_staff_are_nested_and_the_others_are_beside_them() {
        use Papel::{Balcao, Cozinha, Gerente, Maquina, Totem};
        for (role, includes) in [
            (Cozinha, vec![Cozinha]),
            (Balcao, vec![Cozinha, Balcao]),
            (Gerente, vec![Cozinha, Balcao, Gerente, Maquina, Totem]),
            (Maquina, vec![Maquina]),
            (Totem, vec![Totem]),
        ] {
            for other in Papel::ALL {
                assert_eq!(role.includes(other), includes.contains(&other), "{role:?} {other:?}");
            }
            assert_eq!(Papel::try_from(role.nome()), Ok(role));
        }
        assert_eq!(
            [Gerente.at_most(Cozinha), Cozinha.at_most(Gerente), Balcao.at_most(Balcao)],
            [Cozinha, Cozinha, Balcao]
        );
        assert!(Papel::try_from("Gerente").is_err());
    }
}
