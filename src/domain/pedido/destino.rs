//! Where an order is going to be eaten, as its customer or the counter says.

use serde::{Serialize, Serializer};

/// Characters of the name of a table.
pub const MESA_MAX: usize = 20;

/// Both may be left unsaid, and either may be said alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Destino {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<Local>,
    /// A short name of a place in the restaurant, such as `7` or `varanda 2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mesa: Option<String>,
}

/// Here, or somewhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    Aqui,
    Levar,
}

impl Local {
    /// As on the wire and in SQL.
    pub fn nome(self) -> &'static str {
        match self {
            Local::Aqui => "aqui",
            Local::Levar => "levar",
        }
    }
}

impl TryFrom<&str> for Local {
    type Error = &'static str;

    fn try_from(nome: &str) -> Result<Local, Self::Error> {
        let found = [Local::Aqui, Local::Levar].into_iter().find(|local| local.nome() == nome);
        found.ok_or("deve ser «aqui» ou «levar»")
    }
}

impl Serialize for Local {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.nome())
    }
}
