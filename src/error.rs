//! What can go wrong, in the words of the domain. The HTTP layer turns each into a status and a Portuguese `detail`;
//! causes go to the log only.

use std::{fmt, time::Duration};

use crate::domain::{data_hora::DataHora, pedido::Pedido, produto::SoldOut};

/// Why an act did not succeed.
#[derive(Clone, Debug)]
pub enum Error {
    /// What was named does not exist: «Pedido não encontrado».
    NotFound(&'static str),
    /// The request contradicts the state of things.
    Conflict { codigo: &'static str, detail: String },
    /// These products were to be ordered, and are sold out.
    SoldOut(Vec<SoldOut>),
    /// No orders are taken now; `detail` is for people, in Portuguese.
    Closed { detail: String, opens_at: Option<DataHora> },
    /// A notification that does not prove where it comes from. The text is for the log.
    Unsigned(String),
    /// The caller may not do this.
    Denied(Denied),
    /// `If-Match` names another version; the state that there is goes along.
    PreconditionFailed(Box<Pedido>),
    /// Well-formed, and wrong: which field, and why.
    Invalid(Vec<FieldError>),
    /// The body is not JSON, or a header or parameter is not what it must be.
    Malformed(String),
    /// The database refused, failed or cannot be reached.
    Database(DbError),
    /// Cannot be done now, and may be done later. The text is for the log.
    Unavailable(String),
    /// This client asks too often; after `wait` it may again.
    TooMany { wait: Duration },
    /// The restaurant takes on no more unpaid orders for now.
    Full,
    /// A defect. The text is for the log.
    Internal(String),
}

/// Why a caller may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It needs a credential, and none was sent.
    NoCredential,
    /// The key opens nothing.
    WrongKey,
    /// It needs this role, by its name in Portuguese, or a higher one.
    Role(&'static str),
    /// It needs a manager, and there is none yet.
    NoManager,
    /// The session is over, or never was.
    SessionOver,
    /// It needs a manager who has entered, and nobody can let it through.
    ManagerOnly,
    /// It needs a person, and the terminal alone is none.
    NoSession,
    /// There is no such person, or it is not the PIN or password.
    WrongLogin,
    /// Whoever was to approve is no manager, or it is not the PIN.
    WrongApprover,
    /// It needs a terminal that is enrolled.
    NoTerminal,
    /// The code enrols no terminal.
    WrongCode,
    /// A page of another origin sends it with this one's cookie.
    CrossSite,
    /// Too many PINs or passwords were wrong; after so long the next is compared.
    TooManyTries { seconds: i64 },
    /// The person's role is not enough: it needs this one, by its name in Portuguese, or a higher one.
    PersonRole(&'static str),
}

/// The classes of failure that callers tell apart; the text is the engine's, for the log.
#[derive(Clone, Debug)]
pub enum DbError {
    /// The connection is gone, or there is none; what was not committed did not happen.
    Lost(String),
    /// The connection went while the commit was under way: it may have happened or not.
    Unknown(String),
    /// Deadlock or serialization failure: nothing happened, and trying again is the remedy.
    Retry(String),
    /// The whole database was locked for too long, or a statement took too long.
    Busy(String),
    /// Another transaction held a row for too long that this one needs; nothing happened.
    Locked(String),
    /// The database has no room on its disk; nothing happened.
    Full(String),
    /// A unique key refused the row; the name is `table_column` on both engines.
    Unique(String),
    /// A foreign key refused the change.
    ForeignKey(String),
    Other(String),
}

/// One field of a request that is wrong.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Where: a field of the body (`itens[0].quantidade`), a parameter or a header.
    #[schema(example = "cpf")]
    pub campo: String,
    /// Why, in Portuguese.
    #[schema(example = "CPF inválido")]
    pub mensagem: String,
}

impl Denied {
    /// For the trail, which people read.
    pub fn cause(self) -> String {
        match self {
            Denied::NoCredential => "sem chave".to_owned(),
            Denied::WrongKey => "chave que não vale".to_owned(),
            Denied::Role(role) | Denied::PersonRole(role) => format!("é preciso ser «{role}»"),
            Denied::NoManager => "ainda não há gerente".to_owned(),
            Denied::SessionOver => "sessão que não vale".to_owned(),
            Denied::ManagerOnly => "só o próprio gerente".to_owned(),
            Denied::NoSession => "terminal sem ninguém".to_owned(),
            Denied::WrongLogin => "PIN ou senha errados".to_owned(),
            Denied::WrongApprover => "aprovação recusada".to_owned(),
            Denied::NoTerminal => "sem terminal inscrito".to_owned(),
            Denied::WrongCode => "código que não vale".to_owned(),
            Denied::CrossSite => "página de outra origem".to_owned(),
            Denied::TooManyTries { .. } => "tentativas demais".to_owned(),
        }
    }
}

impl Error {
    /// `codigo` is for programs, `detail` for people, in Portuguese.
    pub fn conflict(codigo: &'static str, detail: impl Into<String>) -> Error {
        Error::Conflict { codigo, detail: detail.into() }
    }

    /// One wrong field; `mensagem` is Portuguese, see `FieldError::sentence`.
    pub fn invalid(campo: &str, mensagem: impl Into<String>) -> Error {
        Error::Invalid(vec![FieldError { campo: campo.into(), mensagem: mensagem.into() }])
    }
}

impl FieldError {
    /// A message that begins with a capital says it all («CPF inválido»); another goes on after the field's name.
    pub fn sentence(&self) -> String {
        if self.mensagem.starts_with(char::is_uppercase) {
            self.mensagem.clone()
        } else {
            format!("«{}» {}", self.campo, self.mensagem)
        }
    }
}

impl DbError {
    /// As the answer to a commit: of some it is known that nothing happened.
    pub fn of_commit(self) -> DbError {
        match self {
            DbError::Retry(_) | DbError::Busy(_) | DbError::Locked(_) | DbError::Full(_) => self,
            other => DbError::Unknown(other.to_string()),
        }
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Error {
        Error::Database(error)
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, text) = match self {
            DbError::Lost(t) => ("connection lost", t),
            DbError::Unknown(t) => ("connection lost during commit", t),
            DbError::Retry(t) => ("deadlock", t),
            DbError::Busy(t) => ("busy", t),
            DbError::Locked(t) => ("row lock", t),
            DbError::Full(t) => ("disk full", t),
            DbError::Unique(t) => ("unique key", t),
            DbError::ForeignKey(t) => ("foreign key", t),
            DbError::Other(t) => ("database", t),
        };
        write!(f, "{class}: {text}")
    }
}

impl std::error::Error for DbError {}
