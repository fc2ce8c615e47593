//! Fields of a JSON body: each is read on its own, so that one answer names all that are wrong; and described on the
//! spot for the OpenAPI document, so that what is read and what is said cannot differ.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Object, ObjectBuilder, RefOr, Schema, SchemaFormat, Type,
        schema::{KnownFormat, SchemaType},
    },
};

use super::{conversion, request::Request};
use crate::{
    domain::{
        cliente::{self, Cpf, Email, Telefone},
        data_hora::DataHora,
        dinheiro::Dinheiro,
        pedido::{self, Meio, StatusPagamento, StatusPedido},
        produto::{self, Categoria},
        texto,
    },
    error::{Error, FieldError},
};

/// What a field of the body may hold. `ler` gets its JSON text; the error is for a person, in Portuguese.
pub trait Leitura: Sized {
    fn ler(json: &str) -> Result<Self, Falha>;
}

/// One fault, or those of the fields inside.
pub enum Falha {
    Aqui(String),
    Dentro(Vec<FieldError>),
}

impl<T: Into<String>> From<T> for Falha {
    fn from(mensagem: T) -> Falha {
        Falha::Aqui(mensagem.into())
    }
}

/// A field as it came.
#[derive(Default)]
pub enum Campo<T> {
    #[default]
    Ausente,
    Valor(T),
    Errado(Falha),
}

impl<'de, T: Leitura> Deserialize<'de> for Campo<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Campo<T>, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?;
        Ok(match T::ler(json.get()) {
            Ok(valor) => Campo::Valor(valor),
            Err(falha) => Campo::Errado(falha),
        })
    }
}

/// Declares a body: each field is a `Campo` of the type that is written, and described as that type.
macro_rules! corpo {
    ($(#[$meta:meta])* $corpo:ident { $($(#[$campo_meta:meta])* $campo:ident: $tipo:ty,)* }) => {
        $(#[$meta])*
        #[derive(Default, serde::Deserialize, utoipa::ToSchema)]
        pub struct $corpo {
            $($(#[$campo_meta])* #[serde(default)] #[schema(value_type = $tipo)] $campo: $crate::http::campo::Campo<$tipo>,)*
        }
    };
}
pub(super) use corpo;

/// Collects what is wrong with a body.
#[derive(Default)]
pub struct Erros(Vec<FieldError>);

impl Erros {
    /// `None` when it is absent or wrong; wrong is noted.
    pub fn opcional<T>(&mut self, nome: &str, campo: Campo<T>) -> Option<T> {
        match campo {
            Campo::Ausente => None,
            Campo::Valor(valor) => Some(valor),
            Campo::Errado(Falha::Aqui(mensagem)) => {
                self.0.push(FieldError { campo: nome.to_owned(), mensagem });
                None
            }
            Campo::Errado(Falha::Dentro(erros)) => {
                let dentro = |e: FieldError| FieldError { campo: format!("{nome}{}", e.campo), ..e };
                self.0.extend(erros.into_iter().map(dentro));
                None
            }
        }
    }

    pub fn obrigatorio<T>(&mut self, nome: &str, campo: Campo<T>) -> Option<T> {
        if matches!(campo, Campo::Ausente) {
            self.0.push(FieldError { campo: nome.to_owned(), mensagem: "é obrigatório".to_owned() });
        }
        self.opcional(nome, campo)
    }

    pub fn nota(&mut self, nome: &str, mensagem: &str) {
        self.0.push(FieldError { campo: nome.to_owned(), mensagem: mensagem.to_owned() });
    }

    /// As `ou`, for an object inside another.
    pub fn ou_dentro<T>(self, valor: Option<T>) -> Result<T, Falha> {
        match valor {
            Some(valor) if self.0.is_empty() => Ok(valor),
            _ => Err(Falha::Dentro(self.0)),
        }
    }

    /// The value, if nothing was wrong. `valor` is `None` only where something was.
    pub fn ou<T>(self, valor: Option<T>) -> Result<T, Error> {
        match valor {
            Some(valor) if self.0.is_empty() => Ok(valor),
            _ => Err(Error::Invalid(self.0)),
        }
    }
}

/// The body as a JSON object.
pub fn ler_corpo<T: DeserializeOwned>(request: &Request<'_>) -> Result<T, Error> {
    let texto = std::str::from_utf8(&request.body)
        .map_err(|_| Error::Malformed("O corpo da requisição não é UTF-8".into()))?;
    if texto.trim().is_empty() {
        return Err(Error::Malformed("O corpo da requisição está vazio; envie um objeto JSON".into()));
    }
    // What is not JSON at all is told by its place, whatever it would have been.
    serde_json::from_str::<&RawValue>(texto).map_err(|e| {
        Error::Malformed(format!("JSON inválido na linha {}, coluna {}", e.line(), e.column()))
    })?;
    ler_objeto(texto).map_err(|falha| match falha {
        Falha::Aqui(mensagem) => Error::invalid("corpo", mensagem),
        Falha::Dentro(erros) => Error::Invalid(erros),
    })
}

fn ler_texto(json: &str) -> Result<String, Falha> {
    serde_json::from_str(json).map_err(|_| "deve ser um texto".into())
}

fn ler_inteiro(json: &str) -> Result<i64, Falha> {
    conversion::whole_number(json).ok_or_else(|| "deve ser um número inteiro".into())
}

fn ler_valor(json: &str) -> Result<Dinheiro, Falha> {
    Ok(conversion::decimal(json).unwrap_or_default().parse()?)
}

fn ler_preco(json: &str) -> Result<Dinheiro, Falha> {
    Ok(Dinheiro::preco(&conversion::decimal(json).unwrap_or_default())?)
}

fn ler_logico(json: &str) -> Result<bool, Falha> {
    conversion::boolean(json).ok_or_else(|| "deve ser true ou false".into())
}

/// An e-mail or a telephone; an empty text is none.
fn ler_contato<T: FromStr<Err = &'static str>>(json: &str) -> Result<Option<T>, Falha> {
    let texto = ler_texto(json)?;
    if texto.trim().is_empty() { Ok(None) } else { Ok(Some(texto.parse()?)) }
}

fn texto(minimo: usize, maximo: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(minimo)).max_length(Some(maximo))
}

fn inteiro(minimo: i64, maximo: Option<i64>) -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
    ObjectBuilder::new().schema_type(Type::Integer).format(Some(format)).minimum(Some(minimo)).maximum(maximo)
}

/// As it is sent: a number, or the same as text.
fn ou_texto(objeto: ObjectBuilder, numero: Type, pattern: &str, descricao: &str) -> ObjectBuilder {
    let tipos = SchemaType::from_iter([numero, Type::String]);
    objeto
        .schema_type(tipos)
        .pattern(Some(pattern))
        .description(Some(format!("{descricao} Text is taken too.").trim()))
}

fn inteiro_ou_texto(minimo: i64, maximo: Option<i64>, descricao: &str) -> ObjectBuilder {
    ou_texto(inteiro(minimo, maximo), Type::Integer, conversion::WHOLE_NUMBER, descricao)
}

const REAIS: &str = "Reais, with at most two decimals; exact.";
const CATEGORIAS: &str = "1 Lanche, 2 Acompanhamento, 3 Bebida, 4 Sobremesa.";
const ESTADOS: &str = "1 Recebido, 2 Em preparação, 3 Pronto, 4 Finalizado, 5 Cancelado.";
const PAGAMENTOS: &str = "1 Pagamento enviado, 2 Aprovado, 3 Recusado, 4 Reembolsado.";

fn valor() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0)).examples([15.2])
}

/// Declares how a type of the domain is read and described.
macro_rules! campo {
    ($($tipo:ty: $json:ident => $ler:expr, $schema:expr;)*) => {$(
        impl Leitura for $tipo {
            fn ler($json: &str) -> Result<Self, Falha> {
                $ler
            }
        }
        descrito!($tipo: $schema);
    )*};
}

macro_rules! descrito {
    ($tipo:ty: $schema:expr) => {
        impl PartialSchema for $tipo {
            fn schema() -> RefOr<Schema> {
                let object: Object = ObjectBuilder::build($schema);
                object.into()
            }
        }

        impl ToSchema for $tipo {}
    };
}

campo! {
    Id: json => id(json), inteiro_ou_texto(1, None, "").examples([1]);
    Quantidade: json => quantidade(json), inteiro_ou_texto(1, Some(pedido::QUANTIDADE_MAX), "").examples([5]);
    NomeCliente: json => Ok(NomeCliente(texto::linha(&ler_texto(json)?, cliente::NOME_MAX)?)),
        texto(1, cliente::NOME_MAX).examples(["Maria das Dores"]);
    NomeProduto: json => Ok(NomeProduto(texto::linha(&ler_texto(json)?, produto::NOME_MAX)?)),
        texto(1, produto::NOME_MAX).examples(["X-Salada da Casa"]);
    DescricaoProduto: json => Ok(DescricaoProduto(texto::opcional(&ler_texto(json)?, produto::DESCRICAO_MAX)?)),
        texto(0, produto::DESCRICAO_MAX).examples(["Hambúrguer de 150 g, queijo, alface e tomate"]);
    Observacao: json => Ok(Observacao(texto::opcional(&ler_texto(json)?, pedido::OBSERVACAO_MAX)?)),
        texto(0, pedido::OBSERVACAO_MAX).examples(["sem tomate"]);
    Identificador: json => Ok(Identificador(texto::linha(&ler_texto(json)?, 255)?)),
        texto(1, 255).examples(["b715bik7-2726-4d51-a729-749cc7bda703"]);
    Acao: json => Ok(Acao(ler_texto(json)?)), ObjectBuilder::new().schema_type(Type::String).examples(["state_FINISHED"]);
    Responsavel: json => Ok(Responsavel(texto::linha(&ler_texto(json)?, pedido::RESPONSAVEL_MAX)?)),
        texto(1, pedido::RESPONSAVEL_MAX).examples(["Ana"]);
    Motivo: json => Ok(Motivo(texto::linha(&ler_texto(json)?, pedido::MOTIVO_MAX)?)),
        texto(1, pedido::MOTIVO_MAX).examples(["o cliente desistiu"]);
    MeioNoBalcao: json => meio_no_balcao(json),
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["dinheiro", "maquininha"])).examples(["dinheiro"]);
    Meio: json => Ok(ler_texto(json)?.as_str().try_into()?),
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["qr", "dinheiro", "maquininha"])).examples(["qr"]);
    Cpf: json => Ok(ler_texto(json)?.parse()?),
        texto(11, 14).pattern(Some(r"^\s*([0-9]{11}|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2})\s*$"))
            .description(Some("With or without punctuation; the check digits must be right.")).examples(["529.982.247-25"]);
    EmailEnviado: json => Ok(EmailEnviado(ler_contato(json)?)),
        texto(0, cliente::EMAIL_MAX).description(Some("An empty text is none.")).examples(["maria@exemplo.com.br"]);
    TelefoneEnviado: json => Ok(TelefoneEnviado(ler_contato(json)?)),
        texto(0, cliente::TELEFONE_MAX).description(Some("An empty text is none.")).examples(["11 91234-5678"]);
    CategoriaEnviada: json => Ok(CategoriaEnviada(ler_inteiro(json)?.try_into()?)),
        inteiro_ou_texto(1, Some(4), CATEGORIAS).examples([1]);
    StatusPedidoEnviado: json => Ok(StatusPedidoEnviado(ler_inteiro(json)?.try_into()?)),
        inteiro_ou_texto(1, Some(5), ESTADOS).examples([1]);
    StatusPagamentoEnviado: json => Ok(StatusPagamentoEnviado(ler_inteiro(json)?.try_into()?)),
        inteiro_ou_texto(1, Some(4), PAGAMENTOS).examples([1]);
    Logico: json => Ok(Logico(ler_logico(json)?)),
        ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Boolean, Type::Integer, Type::String]))
            .minimum(Some(0)).maximum(Some(1)).pattern(Some(conversion::boolean_pattern())).examples([true])
            .description(Some("0, 1 and texts such as \"true\", \"on\" and \"yes\" are taken too."));
    DataHora: json => Ok(ler_texto(json)?.parse()?),
        ObjectBuilder::new().schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).examples(["2026-11-24T02:48:36Z"]);
    ValorEnviado: json => Ok(ValorEnviado(ler_valor(json)?)),
        ou_texto(valor(), Type::Number, conversion::DECIMAL, REAIS);
    Preco: json => Ok(Preco(ler_preco(json)?)),
        ou_texto(valor().minimum(Some(0.01)).maximum(Some(99999.99)), Type::Number, conversion::DECIMAL, REAIS);
}

descrito!(Categoria: inteiro(1, Some(4)).description(Some(CATEGORIAS)).examples([1]));
descrito!(StatusPedido: inteiro(1, Some(5)).description(Some(ESTADOS)).examples([1]));
descrito!(StatusPagamento: inteiro(1, Some(4)).description(Some(PAGAMENTOS)).examples([1]));
descrito!(Dinheiro: valor().description(Some(REAIS)));

pub struct Id(pub i64);
pub struct Quantidade(pub i64);
pub struct NomeCliente(pub String);
pub struct NomeProduto(pub String);
pub struct DescricaoProduto(pub String);
pub struct Observacao(pub String);
pub struct Identificador(pub String);
pub struct Preco(pub Dinheiro);
pub struct Acao(pub String);
pub struct Responsavel(pub String);
pub struct MeioNoBalcao(pub Meio);
pub struct Motivo(pub String);
pub struct CategoriaEnviada(pub Categoria);
pub struct StatusPedidoEnviado(pub StatusPedido);
pub struct StatusPagamentoEnviado(pub StatusPagamento);
pub struct ValorEnviado(pub Dinheiro);
pub struct Logico(pub bool);
/// `None` when the text is empty.
pub struct EmailEnviado(pub Option<Email>);
/// `None` when the text is empty.
pub struct TelefoneEnviado(pub Option<Telefone>);

/// The original's clients send more than is used; such a field may hold anything.
pub struct Ignorado;

impl Leitura for Ignorado {
    fn ler(_: &str) -> Result<Self, Falha> {
        Ok(Ignorado)
    }
}

descrito!(Ignorado: ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some("Accepted and not used.")));

fn id(json: &str) -> Result<Id, Falha> {
    match ler_inteiro(json)? {
        id if id > 0 => Ok(Id(id)),
        _ => Err("deve ser um número maior que zero".into()),
    }
}

fn meio_no_balcao(json: &str) -> Result<MeioNoBalcao, Falha> {
    match ler_texto(json)?.as_str().try_into() {
        Ok(meio @ (Meio::Dinheiro | Meio::Maquininha)) => Ok(MeioNoBalcao(meio)),
        _ => Err("deve ser «dinheiro» ou «maquininha»".into()),
    }
}

fn quantidade(json: &str) -> Result<Quantidade, Falha> {
    match ler_inteiro(json)? {
        n @ 1..=pedido::QUANTIDADE_MAX => Ok(Quantidade(n)),
        _ => Err(format!("deve ser um número de 1 a {}", pedido::QUANTIDADE_MAX).into()),
    }
}

/// `null`, or a value.
impl<T: Leitura> Leitura for Option<T> {
    fn ler(json: &str) -> Result<Self, Falha> {
        if json == "null" { Ok(None) } else { T::ler(json).map(Some) }
    }
}

/// A list of 1 to `maximo`; faults inside are named by their place.
pub fn ler_lista<T>(
    json: &str,
    maximo: usize,
    ler: impl Fn(&str) -> Result<T, Falha>,
) -> Result<Vec<T>, Falha> {
    let itens: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| "deve ser uma lista")?;
    if itens.is_empty() || itens.len() > maximo {
        return Err(format!("deve ter de 1 a {maximo} itens").into());
    }
    let mut erros = Vec::new();
    let mut lidos = Vec::with_capacity(itens.len());
    for (i, item) in itens.iter().enumerate() {
        match ler(item.get()) {
            Ok(item) => lidos.push(item),
            Err(Falha::Aqui(mensagem)) => erros.push(FieldError { campo: format!("[{i}]"), mensagem }),
            Err(Falha::Dentro(dentro)) => {
                erros.extend(
                    dentro.into_iter().map(|e| FieldError { campo: format!("[{i}].{}", e.campo), ..e }),
                );
            }
        }
    }
    if erros.is_empty() { Ok(lidos) } else { Err(Falha::Dentro(erros)) }
}

/// An object, and nothing that serde would take for one.
pub fn ler_objeto<T: DeserializeOwned>(json: &str) -> Result<T, Falha> {
    if !json.trim_start().starts_with('{') {
        return Err("deve ser um objeto JSON".into());
    }
    serde_json::from_str(json).map_err(|e| {
        let repetido = e.to_string().starts_with("duplicate field");
        if repetido { "tem um campo repetido".into() } else { "tem um campo com nome inválido".into() }
    })
}
