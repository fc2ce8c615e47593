//! The trail of what concerns access and persons: who was refused, who gave out a key, who looked at a customer.

use serde::Serialize;
use utoipa::ToSchema;

use super::data_hora::DataHora;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tipo {
    AcessoNegado,
    ChaveCriada,
    ChaveRevogada,
    ClienteVisto,
    ClienteExportado,
    ClienteApagado,
    RestauranteAlterado,
    FuncionarioCriado,
    FuncionarioAlterado,
    FuncionarioDesligado,
    SessaoIniciada,
    SessoesEncerradas,
    TerminalCriado,
    TerminalInscrito,
    TerminalBloqueado,
    TerminalRevogado,
    BancoRestaurado,
    AssinaturaCriada,
    AssinaturaAlterada,
    AssinaturaApagada,
    ConviteCriado,
}

impl Tipo {
    /// As stored and shown.
    pub fn nome(self) -> &'static str {
        match self {
            Tipo::AcessoNegado => "acesso_negado",
            Tipo::ChaveCriada => "chave_criada",
            Tipo::ChaveRevogada => "chave_revogada",
            Tipo::ClienteVisto => "cliente_visto",
            Tipo::ClienteExportado => "cliente_exportado",
            Tipo::ClienteApagado => "cliente_apagado",
            Tipo::RestauranteAlterado => "restaurante_alterado",
            Tipo::FuncionarioCriado => "funcionario_criado",
            Tipo::FuncionarioAlterado => "funcionario_alterado",
            Tipo::FuncionarioDesligado => "funcionario_desligado",
            Tipo::SessaoIniciada => "sessao_iniciada",
            Tipo::SessoesEncerradas => "sessoes_encerradas",
            Tipo::TerminalCriado => "terminal_criado",
            Tipo::TerminalInscrito => "terminal_inscrito",
            Tipo::TerminalBloqueado => "terminal_bloqueado",
            Tipo::TerminalRevogado => "terminal_revogado",
            Tipo::BancoRestaurado => "banco_restaurado",
            Tipo::AssinaturaCriada => "assinatura_criada",
            Tipo::AssinaturaAlterada => "assinatura_alterada",
            Tipo::AssinaturaApagada => "assinatura_apagada",
            Tipo::ConviteCriado => "convite_criado",
        }
    }
}

/// An entry of the trail.
#[derive(Debug, Serialize, ToSchema)]
pub struct Registro {
    #[schema(minimum = 1, example = 1)]
    pub id: i64,
    pub datahora: DataHora,
    /// `acesso_negado`, `chave_criada`, `chave_revogada`, `cliente_visto`, `cliente_exportado`, `cliente_apagado`,
    /// `restaurante_alterado`, `funcionario_criado`, `funcionario_alterado`, `funcionario_desligado`, `sessao_iniciada`,
    /// `sessoes_encerradas`, `terminal_criado`, `terminal_inscrito`, `terminal_bloqueado` (too many wrong PINs),
    /// `terminal_revogado`, `banco_restaurado`, `assinatura_criada`, `assinatura_alterada`, `assinatura_apagada`,
    /// `convite_criado` (a link that makes a manager).
    #[schema(example = "chave_criada")]
    pub tipo: String,
    /// Who did it: `terminal` (a command of the operating system), `chave:1`, `funcionario:7`, `terminal:3`, `convite:1`,
    /// `processo` (at its start), `anonimo`, or the `equipe` of a restaurant without a lock.
    #[schema(example = "terminal")]
    pub ator: String,
    /// To whom or what.
    #[schema(example = "chave:2")]
    pub alvo: Option<String>,
    #[schema(example = "cozinha: Tablet da cozinha")]
    pub detalhe: Option<String>,
}
