//! The types of the fields of a restaurant's profile.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Object, ObjectBuilder, RefOr, Schema, schema::ArrayBuilder},
};

use super::{
    CategoriaEnviada, Fault, FromJson, read_list,
    types::{
        EMPTY, described, fields, read_or_none, read_text, text, text_or_none, whole_or_text, whole_within,
    },
};
use crate::domain::{
    produto::Categoria,
    restaurante::{self, Cnpj, Cor, Logo},
    texto,
};

fields! {
    NomeRestaurante: json => Ok(NomeRestaurante(texto::linha(&read_text(json)?, restaurante::NOME_MAX)?)),
        text(1, restaurante::NOME_MAX).examples(["Ambrosia"]);
    CnpjEnviado: json => Ok(CnpjEnviado(read_or_none(json)?)),
        text(0, 18).description(Some("With or without punctuation, of digits or also of letters; the check digits must be \
            right. An empty text is none.")).examples(["12.ABC.345/01DE-35"]);
    EnderecoEnviado: json => Ok(EnderecoEnviado(text_or_none(json, restaurante::ENDERECO_MAX)?)),
        text(0, restaurante::ENDERECO_MAX).description(Some(EMPTY)).examples(["Rua das Flores, 10"]);
    CidadeEnviada: json => Ok(CidadeEnviada(texto::linha(&read_text(json)?, restaurante::CIDADE_MAX)?)),
        text(1, restaurante::CIDADE_MAX).examples(["São Paulo"]);
    LogoEnviado: json => Ok(LogoEnviado(read_or_none(json)?)),
        text(0, restaurante::LOGO_MAX).description(Some("An https address. An empty text is none."))
            .examples(["https://exemplo.com.br/logo.png"]);
    CorEnviada: json => Ok(CorEnviada(read_or_none(json)?)),
        text(0, 7).description(Some(EMPTY)).examples(["#a03020"]);
    MinutosDoPedido: json => whole_within(json, 1, restaurante::MINUTOS_MAX).map(MinutosDoPedido),
        whole_or_text(1, Some(restaurante::MINUTOS_MAX), "The age of an order.").examples([10]);
    FusoEnviado: json => Ok(FusoEnviado(texto::linha(&read_text(json)?, restaurante::FUSO_MAX)?)),
        text(1, restaurante::FUSO_MAX).description(Some("Cannot be changed yet: 422 when it is another."))
            .examples(["America/Sao_Paulo"]);
}

/// What the restaurant is called.
pub struct NomeRestaurante(pub String);
/// The number in the register of firms; `None` when the text is empty.
pub struct CnpjEnviado(pub Option<Cnpj>);
/// Street and number; `None` when the text is empty.
pub struct EnderecoEnviado(pub Option<String>);
/// A city.
pub struct CidadeEnviada(pub String);
/// The address of a picture; `None` when the text is empty.
pub struct LogoEnviado(pub Option<Logo>);
/// A colour; `None` when the text is empty.
pub struct CorEnviada(pub Option<Cor>);
/// A time zone, by its name.
pub struct FusoEnviado(pub String);
/// The age of an order.
pub struct MinutosDoPedido(pub i64);
/// Each category once, in the order in which the menu shows them.
pub struct Categorias(pub Vec<Categoria>);

impl FromJson for Categorias {
    fn from_json(json: &str) -> Result<Self, Fault> {
        let categoria = |json: &str| CategoriaEnviada::from_json(json).map(|categoria| categoria.0);
        let order = read_list(json, 4..=4, categoria)?;
        let is_twice = |n: usize| order[..n].contains(&order[n]);
        if (0..order.len()).any(is_twice) {
            return Err("deve ter cada categoria uma só vez".into());
        }
        Ok(Categorias(order))
    }
}

impl PartialSchema for Categorias {
    fn schema() -> RefOr<Schema> {
        let list =
            ArrayBuilder::new().items(CategoriaEnviada::schema()).min_items(Some(4)).max_items(Some(4));
        list.unique_items(true).description(Some("Each category once, as the menu shows them.")).into()
    }
}

impl ToSchema for Categorias {}
