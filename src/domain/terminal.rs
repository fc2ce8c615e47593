//! Terminals: devices of the restaurant that a manager has enrolled, on which a PIN is enough to show who works.

use serde::Serialize;
use utoipa::ToSchema;

use super::{data_hora::DataHora, papel::Papel};

/// Seconds for which a code enrols a terminal.
pub const CODE_SECONDS: i64 = 10 * 60;

/// A terminal, as the manager sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Terminal {
    #[schema(minimum = 1, example = 3)]
    pub id: i64,
    #[schema(example = "Caixa 1")]
    pub nome: String,
    /// The highest role that a session on it has. With `cozinha` it shows the kitchen's list without anybody's PIN.
    pub papel: Papel,
    /// Whether a device holds its token. Not before the code was typed, and not any more after too many wrong PINs.
    pub inscrito: bool,
    pub criado_em: DataHora,
    pub inscrito_em: Option<DataHora>,
    pub revogado_em: Option<DataHora>,
}

/// A terminal that is being added.
pub struct NewTerminal {
    pub nome: String,
    pub papel: Papel,
}
