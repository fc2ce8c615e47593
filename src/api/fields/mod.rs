//! Fields of a JSON body: each is read on its own, so that one answer names all that are wrong; and
//! described on the spot for the OpenAPI document, so that what is read and what is said cannot differ.
//!
//! `body!` declares a body, `read_body` reads it into `Field`s, and `Errors` collects what is wrong with
//! them. The types that a field can have are in `types.rs`,
//! `profile.rs` and `hours.rs`. Tested by `tests/api/openapi.rs`, `errors.rs`
//! and `conversions.rs`.

mod hours;
mod profile;
mod types;

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;

pub use self::{
    hours::{Excecoes, Semana},
    profile::{
        Categorias, CidadeEnviada, CnpjEnviado, CorEnviada, EnderecoEnviado, FusoEnviado, LogoEnviado,
        MinutosDoPedido, NomeRestaurante,
    },
    types::{
        Acao, AlvoEnviado, AteQuando, CategoriaEnviada, Codigo, ConviteEnviado, DescricaoProduto, Devolucao,
        EmailEnviado, Id, Identificador, Ignorado, LocalEnviado, Logico, MeioNoBalcao, MesaEnviada, Minutos,
        Motivo, NomeChave, NomeCliente, NomeFuncionario, NomeProduto, NomeTerminal, Observacao, Ordem,
        PapelDaEquipe, PapelEnviado, PinEnviado, PinNovo, Preco, Quantia, Quantidade, Responsavel,
        SenhaEnviada, StatusPagamentoEnviado, StatusPedidoEnviado, TelefoneEnviado, Validade, ValorEnviado,
    },
};
use crate::{
    error::{Error, FieldError},
    server::Request,
};

/// What a field of a body may hold.
pub trait FromJson: Sized {
    /// Reads the JSON text of one value; what is wrong with it is told to a person, in Portuguese.
    fn from_json(json: &str) -> Result<Self, Fault>;
}

/// What is wrong with a value.
pub enum Fault {
    /// The value itself.
    Here(String),
    /// Fields inside it, named relative to it.
    Inside(Vec<FieldError>),
}

impl<T: Into<String>> From<T> for Fault {
    fn from(message: T) -> Fault {
        Fault::Here(message.into())
    }
}

/// A field as it came.
#[derive(Default)]
pub enum Field<T> {
    /// It did not.
    #[default]
    Absent,
    /// As it should be.
    Value(T),
    /// As it should not.
    Wrong(Fault),
}

impl<'de, T: FromJson> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Field<T>, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?;
        Ok(match T::from_json(json.get()) {
            Ok(value) => Field::Value(value),
            Err(fault) => Field::Wrong(fault),
        })
    }
}

/// Declares a body: each field is a `Field` of the type that is written, and described as that type.
macro_rules! body {
    ($(#[$meta:meta])* $body:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Default, serde::Deserialize, utoipa::ToSchema)]
        pub struct $body {
            $(
                $(#[$field_meta])*
                #[serde(default)]
                #[schema(value_type = $type)]
                $field: $crate::api::fields::Field<$type>,
            )*
        }
    };
}
pub(super) use body;

/// Collects what is wrong with a body.
#[derive(Default)]
pub struct Errors(Vec<FieldError>);

impl Errors {
    /// The value of a field that need not be there. `None` when it is absent or wrong; wrong is noted.
    pub fn optional<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        match field {
            Field::Absent => None,
            Field::Value(value) => Some(value),
            Field::Wrong(Fault::Here(message)) => {
                self.note(name, message);
                None
            }
            Field::Wrong(Fault::Inside(errors)) => {
                let inside = |e: FieldError| FieldError { campo: format!("{name}{}", e.campo), ..e };
                self.0.extend(errors.into_iter().map(inside));
                None
            }
        }
    }

    /// The value of a field that must be there. `None` when it is absent or wrong; both are noted.
    pub fn required<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        if matches!(field, Field::Absent) {
            self.note(name, "é obrigatório");
        }
        self.optional(name, field)
    }

    /// Notes what is wrong with a field, in Portuguese.
    pub fn note(&mut self, name: &str, message: impl Into<String>) {
        self.0.push(FieldError { campo: name.to_owned(), mensagem: message.into() });
    }

    /// The value, if nothing was wrong: `value` is `None` only where something was.
    pub fn or<T>(self, value: Option<T>) -> Result<T, Error> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Error::Invalid(self.0)),
        }
    }

    /// As `or`, for an object inside another.
    pub fn or_inside<T>(self, value: Option<T>) -> Result<T, Fault> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Fault::Inside(self.0)),
        }
    }
}

/// The body of a request, as a JSON object. `Malformed` when it is no JSON, `Invalid` when it is no object.
pub fn read_body<T: DeserializeOwned>(request: &Request<'_>) -> Result<T, Error> {
    let text = std::str::from_utf8(&request.body)
        .map_err(|_| Error::Malformed("O texto enviado não está em UTF-8".into()))?;
    read_json(text)
}

/// As `read_body`, of this text.
pub fn read_json<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    if text.trim().is_empty() {
        return Err(Error::Malformed("Nada foi enviado: faltam os dados".into()));
    }
    // What is not JSON at all is told by its place, whatever it would have been.
    serde_json::from_str::<&RawValue>(text).map_err(|e| {
        Error::Malformed(format!("JSON inválido na linha {}, coluna {}", e.line(), e.column()))
    })?;
    read_object(text).map_err(of_body)
}

/// The body of a request as a form of HTML sends it (`application/x-www-form-urlencoded`): every field is a text, and one that
/// was left empty is absent.
pub fn read_form<T: DeserializeOwned>(request: &Request<'_>) -> Result<T, Error> {
    let filled = form_urlencoded::parse(&request.body).filter(|(_, value)| !value.is_empty());
    let fields: serde_json::Map<String, serde_json::Value> =
        filled.map(|(name, value)| (name.into_owned(), value.into())).collect();
    read_object(&serde_json::Value::Object(fields).to_string()).map_err(of_body)
}

fn of_body(fault: Fault) -> Error {
    match fault {
        Fault::Here(message) => Error::invalid("corpo", format!("O que foi enviado {message}")),
        Fault::Inside(errors) => Error::Invalid(errors),
    }
}

/// `null`, or a value.
impl<T: FromJson> FromJson for Option<T> {
    fn from_json(json: &str) -> Result<Self, Fault> {
        if json == "null" { Ok(None) } else { T::from_json(json).map(Some) }
    }
}

/// A list of so many items; faults inside are named by their place.
pub fn read_list<T>(
    json: &str,
    count: RangeInclusive<usize>,
    read: impl Fn(&str) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let items: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| "deve ser uma lista")?;
    if !count.contains(&items.len()) {
        return Err(format!("deve ter de {} a {} itens", count.start(), count.end()).into());
    }
    let mut errors = Vec::new();
    let mut values = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        match read(item.get()) {
            Ok(value) => values.push(value),
            Err(Fault::Here(mensagem)) => errors.push(FieldError { campo: format!("[{i}]"), mensagem }),
            Err(Fault::Inside(inside)) => {
                let at = |e: FieldError| FieldError { campo: format!("[{i}].{}", e.campo), ..e };
                errors.extend(inside.into_iter().map(at));
            }
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(Fault::Inside(errors)) }
}

/// An object, and nothing else that serde would take for one.
pub fn read_object<T: DeserializeOwned>(json: &str) -> Result<T, Fault> {
    if !json.trim_start().starts_with('{') {
        return Err("deve ter campos com nome e valor".into());
    }
    serde_json::from_str(json).map_err(|e| {
        let repeated = e.to_string().starts_with("duplicate field");
        if repeated { "tem um campo repetido".into() } else { "tem um campo com nome inválido".into() }
    })
}
