//! Problems (RFC 9457): the one place where an error becomes an answer, and where its cause is logged; and
//! the words for what the server refuses by itself. Tested below and by `tests/api/errors.rs`.

use serde::Serialize;
use tiny_http::StatusCode;

use super::json::etag;
use crate::{
    domain::{
        data_hora::DataHora,
        pedido::{Pedido, PedidoView},
        produto::SoldOut,
    },
    error::{DbError, Denied, Error, FieldError},
    server::{NotText, Refusal, RequestId, Response},
};

/// Its media type.
pub const PROBLEM: &str = "application/problem+json";
/// What every 401 says how to answer it.
const CHALLENGE: &str = "Bearer realm=\"ambrosia\"";

/// How every error looks (RFC 9457, `application/problem+json`).
#[derive(Serialize, utoipa::ToSchema)]
pub struct Problema<'a> {
    /// Always `about:blank`: `codigo` tells the kinds of error apart.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "about:blank")]
    tipo: &'static str,
    /// The status in words.
    #[schema(example = "Not Found")]
    title: &'static str,
    #[schema(example = 404)]
    status: u16,
    /// What went wrong, in Portuguese.
    #[schema(example = "Pedido não encontrado")]
    detail: &'a str,
    /// The kind of error, stable.
    #[schema(example = "nao_encontrado")]
    codigo: &'a str,
    /// The fields, parameters or headers at fault; empty when it is none of them.
    erros: &'a [FieldError],
    /// With 412: the order as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pedido: Option<PedidoView<'a>>,
    /// With 409 `esgotado`: the products that are sold out.
    #[serde(skip_serializing_if = "<[i64]>::is_empty")]
    #[schema(required = false)]
    produtos: &'a [i64],
    /// With 409 `fechado`: when orders are taken again, where that is in sight.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    abre_em: Option<DataHora>,
}

/// A problem of this status and code; `detail` is for a person, in Portuguese.
pub fn problem(status: u16, codigo: &str, detail: &str, erros: &[FieldError]) -> Response {
    encode(of(status, codigo, detail, erros))
}

fn of<'a>(status: u16, codigo: &'a str, detail: &'a str, erros: &'a [FieldError]) -> Problema<'a> {
    let (tipo, title) = ("about:blank", reason(status));
    Problema { tipo, title, status, detail, codigo, erros, pedido: None, produtos: &[], abre_em: None }
}

/// 503, and when to come again.
pub fn try_again(codigo: &str, detail: &str) -> Response {
    problem(503, codigo, detail, &[]).with("Retry-After", "1")
}

/// What a problem says to a person.
pub fn detail(problem: &Response) -> String {
    #[derive(serde::Deserialize)]
    struct Detail {
        detail: String,
    }
    serde_json::from_slice::<Detail>(problem.body()).map(|problem| problem.detail).unwrap_or_default()
}

fn encode(problem: Problema<'_>) -> Response {
    // A struct of texts and numbers always encodes.
    Response::new(problem.status, PROBLEM, serde_json::to_vec(&problem).unwrap_or_default())
}

fn reason(status: u16) -> &'static str {
    StatusCode(status).default_reason_phrase()
}

/// The answer to a request that failed.
pub fn of_error(error: Error, id: &RequestId) -> Response {
    match error {
        Error::NotFound(detail) => problem(404, "nao_encontrado", detail, &[]),
        Error::Conflict { codigo, detail } => problem(409, codigo, &detail, &[]),
        Error::SoldOut(products) => sold_out(&products),
        Error::Closed { detail, opens_at } => {
            encode(Problema { abre_em: opens_at, ..of(409, "fechado", &detail, &[]) })
        }
        Error::Unsigned(cause) => {
            log::warn!("{id} notification refused: {cause}");
            problem(401, "assinatura_invalida", "A assinatura da notificação falta ou está errada", &[])
        }
        Error::Denied(denied) => of_denied(denied),
        Error::PreconditionFailed(pedido) => precondition_failed(&pedido),
        Error::Invalid(erros) => {
            let detail: Vec<String> = erros.iter().map(FieldError::sentence).collect();
            problem(422, "invalido", &detail.join("; "), &erros)
        }
        Error::Malformed(detail) => problem(400, "malformado", &detail, &[]),
        Error::Database(error) => of_database(&error, id),
        Error::Unavailable(cause) => unavailable(&cause, id),
        Error::TooMany { wait } => {
            let detail = "Pedidos demais deste endereço em pouco tempo; tente de novo em instantes";
            let seconds = wait.as_secs().saturating_add(1);
            problem(429, "limite_excedido", detail, &[]).with("Retry-After", seconds.to_string())
        }
        Error::Full => {
            let detail = "A loja tem pedidos demais por pagar; tente de novo em alguns minutos";
            problem(503, "loja_cheia", detail, &[]).with("Retry-After", "60")
        }
        Error::Internal(cause) => internal(&cause, id),
    }
}

fn of_denied(denied: Denied) -> Response {
    let unauthorized = |codigo, detail| problem(401, codigo, detail, &[]).with("WWW-Authenticate", CHALLENGE);
    match denied {
        Denied::NoCredential => {
            unauthorized("sem_credencial", "Este endereço não é público: é preciso uma chave de acesso")
        }
        Denied::WrongKey => unauthorized(
            "chave_invalida",
            "Esta chave de acesso não vale: confira-a, ou peça outra à gerência",
        ),
        Denied::Role(role) => problem(
            403,
            "sem_permissao",
            &format!("Esta chave não dá acesso a isto: é preciso ser «{role}»"),
            &[],
        ),
        Denied::NoManager => {
            let detail = "Isto só com a chave de um gerente; o primeiro se faz no computador do sistema, com \
                          «ambrosia gerente NOME» (veja /gerencia)";
            problem(403, "sem_gerente", detail, &[])
        }
        Denied::ManagerOnly => {
            let detail = "Isto só um gerente pode fazer, entrando com a própria pessoa; não basta autorizar";
            problem(403, "so_gerente", detail, &[])
        }
        Denied::PersonRole(role) => {
            let detail = format!("É preciso ser «{role}»; um gerente pode autorizar aqui com o próprio PIN");
            problem(403, "sem_permissao", &detail, &[])
        }
        other => of_denied_person(other),
    }
}

/// Those that only people and terminals get.
fn of_denied_person(denied: Denied) -> Response {
    let (status, codigo, detail) = match denied {
        Denied::SessionOver => (401, "sessao_encerrada", "Esta sessão terminou; entre de novo"),
        Denied::NoSession => {
            (401, "sem_sessao", "Ninguém entrou neste terminal; escolha a pessoa e digite o PIN")
        }
        Denied::WrongLogin => (401, "credencial_errada", "Pessoa, PIN ou senha errados"),
        Denied::WrongCode => (401, "codigo_invalido", "Este código não vale; peça outro à gerência"),
        Denied::WrongApprover => {
            (403, "aprovacao_recusada", "A aprovação não vale: a pessoa não é gerente, ou o PIN está errado")
        }
        Denied::CrossSite => {
            (403, "outra_origem", "Páginas de outro endereço não podem agir em nome de quem entrou aqui")
        }
        Denied::TooManyTries { seconds } => {
            let detail = "Tentativas erradas demais para esta pessoa; espere um pouco e tente de novo";
            let seconds = seconds.max(1).to_string();
            return problem(429, "tentativas_demais", detail, &[]).with("Retry-After", seconds);
        }
        _ => (403, "sem_terminal", "O PIN só vale num terminal inscrito pela gerência"),
    };
    let response = problem(status, codigo, detail, &[]);
    match status {
        401 => response.with("WWW-Authenticate", CHALLENGE),
        _ => response,
    }
}

fn precondition_failed(pedido: &Pedido) -> Response {
    let detail = "O pedido mudou desde que foi lido; veja como ele está em «pedido»";
    let problem = of(412, "versao_antiga", detail, &[]);
    encode(Problema { pedido: Some(PedidoView::of(pedido)), ..problem }).with("ETag", etag(pedido.versao))
}

fn sold_out(products: &[SoldOut]) -> Response {
    let names: Vec<&str> = products.iter().map(|product| product.nome.as_str()).collect();
    let detail = format!("Esgotado no momento: {}; tire do pedido e envie de novo", names.join(", "));
    let ids: Vec<i64> = products.iter().map(|product| product.id).collect();
    encode(Problema { produtos: &ids, ..of(409, "esgotado", &detail, &[]) })
}

fn of_database(error: &DbError, id: &RequestId) -> Response {
    match error {
        DbError::Lost(_) | DbError::Retry(_) | DbError::Busy(_) | DbError::Locked(_) => {
            unavailable(&error.to_string(), id)
        }
        DbError::Unknown(_) => {
            log::error!("{id} {error}");
            let detail = "Não foi possível confirmar se a operação foi concluída; verifique antes de repetir";
            // No `Retry-After`: a client that repeats without looking may order twice.
            problem(503, "resultado_desconhecido", detail, &[])
        }
        DbError::Full(_) => {
            log::error!("{id} {error}");
            try_again(
                "disco_cheio",
                "O disco do banco de dados está cheio e nada foi gravado; avise quem cuida do sistema",
            )
        }
        DbError::Unique(_) | DbError::ForeignKey(_) | DbError::Other(_) => internal(&error.to_string(), id),
    }
}

fn unavailable(cause: &str, id: &RequestId) -> Response {
    log::warn!("{id} unavailable: {cause}");
    try_again("indisponivel", "O sistema está indisponível no momento; tente de novo em instantes")
}

fn internal(cause: &str, id: &RequestId) -> Response {
    log::error!("{id} internal error: {cause}");
    of_refusal(Refusal::NoAnswer)
}

/// The answer to a request, or a connection, that the server refuses by itself.
pub fn of_refusal(refusal: Refusal) -> Response {
    let detail = match refusal {
        Refusal::NoAnswer => {
            return problem(500, "erro_interno", "Erro interno; o ocorrido foi registrado", &[]);
        }
        Refusal::NoRoom | Refusal::TooManyRequests => {
            return try_again("ocupado", "Há pedidos demais ao mesmo tempo; tente de novo em instantes");
        }
        Refusal::NoMemory => {
            return try_again(
                "ocupado",
                "Há dados demais a caminho ao mesmo tempo; tente de novo em instantes",
            );
        }
        Refusal::EmptyLines => "A requisição começa com linhas vazias demais",
        Refusal::BareLineFeed => "As linhas do cabeçalho devem terminar em CR LF",
        Refusal::HeadIncomplete => "A requisição terminou no meio do cabeçalho",
        Refusal::HeadTimeout => "O cabeçalho demorou demais para chegar",
        Refusal::HeadTooLarge => "O cabeçalho da requisição é grande demais",
        Refusal::TooManyHeaders => "A requisição tem cabeçalhos demais",
        Refusal::TargetTooLong => "O endereço da requisição é longo demais",
        Refusal::TargetInvalid => "O endereço da requisição é inválido",
        Refusal::TargetNotUtf8 => "O endereço da requisição não é UTF-8",
        Refusal::Malformed => "A requisição não é HTTP/1.1 bem formado",
        Refusal::MethodInvalid => "Método HTTP inválido",
        Refusal::OtherVersion => "Este servidor fala HTTP/1.1",
        Refusal::HostCount => "A requisição deve ter exatamente um cabeçalho Host",
        Refusal::Expectation => "Só se aceita Expect: 100-continue",
        Refusal::LengthAndEncoding => "Content-Length e Transfer-Encoding não podem vir juntos",
        Refusal::LengthRequired => "A requisição deve dizer o tamanho do corpo (Content-Length)",
        Refusal::LengthInvalid => "Content-Length inválido",
        Refusal::EncodingInHttp10 => "Transfer-Encoding não existe em HTTP/1.0",
        Refusal::OtherEncoding => "Só se aceita Transfer-Encoding: chunked",
        Refusal::ChunksMalformed => "O corpo em partes (chunked) está malformado",
        Refusal::TrailersTooLarge => "O corpo em partes (chunked) termina com cabeçalhos demais",
        Refusal::BodyTooLarge => "O corpo da requisição é grande demais",
        Refusal::BodyIncomplete => "O corpo da requisição veio incompleto",
        Refusal::BodyTimeout => "O corpo da requisição demorou demais para chegar",
    };
    problem(refusal.status(), "requisicao_recusada", detail, &[])
}

impl From<NotText> for Error {
    fn from(NotText(name): NotText) -> Error {
        Error::Malformed(format!("O cabeçalho {name} não é texto"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_error_has_its_status_and_only_the_harmless_ask_to_be_repeated() {
        let text = || "cause".to_owned();
        for (error, status, repeat) in [
            (Error::NotFound("Pedido não encontrado"), 404, false),
            (Error::conflict("codigo", "detail"), 409, false),
            (Error::Unsigned(text()), 401, false),
            (Error::invalid("campo", "mensagem"), 422, false),
            (Error::Malformed(text()), 400, false),
            (Error::Unavailable(text()), 503, true),
            (Error::TooMany { wait: std::time::Duration::ZERO }, 429, true),
            (Error::Full, 503, true),
            (DbError::Lost(text()).into(), 503, true),
            (DbError::Retry(text()).into(), 503, true),
            (DbError::Busy(text()).into(), 503, true),
            (DbError::Locked(text()).into(), 503, true),
            (DbError::Full(text()).into(), 503, true),
            // It may have happened: a client that repeats it may order twice.
            (DbError::Unknown(text()).into(), 503, false),
            (DbError::Unique(text()).into(), 500, false),
            (DbError::Other(text()).into(), 500, false),
            (Error::Internal(text()), 500, false),
        ] {
            let name = format!("{error:?}");
            let response = of_error(error, &RequestId::new());
            assert_eq!(response.status(), status, "{name}");
            assert_eq!(response.headers().any(|(name, _)| name == "Retry-After"), repeat, "{name}");
            let body = String::from_utf8_lossy(response.body()).into_owned();
            assert!(status < 500 || !body.contains("cause"), "{name} tells its cause");
        }
    }
}
