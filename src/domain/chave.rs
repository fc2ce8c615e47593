//! A key of a program or a terminal, without the key itself: that is shown once, when it is made.

use serde::Serialize;
use utoipa::ToSchema;

use super::{data_hora::DataHora, papel::Papel};

/// Characters of a name at most.
pub const NOME_MAX: usize = 80;

/// A key, as the manager sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Chave {
    #[schema(minimum = 1, example = 1)]
    pub id: i64,
    /// What it is called by those who gave it out.
    #[schema(example = "Caixa 1")]
    pub nome: String,
    pub papel: Papel,
    pub criada_em: DataHora,
    /// `terminal` of the operating system, or another key: `chave:1`.
    #[schema(example = "terminal")]
    pub criada_por: String,
    /// From then on it opens nothing.
    pub expira_em: Option<DataHora>,
    pub revogada_em: Option<DataHora>,
    /// To some minutes.
    pub usada_em: Option<DataHora>,
}

/// A key that is being made.
pub struct NewChave {
    pub nome: String,
    pub papel: Papel,
    pub criada_em: DataHora,
    pub criada_por: String,
    pub expira_em: Option<DataHora>,
}
