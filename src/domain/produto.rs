//! The menu.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::{data_hora::DataHora, dinheiro::Dinheiro};

/// Characters of a name.
pub const NOME_MAX: usize = 100;
/// Characters of a description.
pub const DESCRICAO_MAX: usize = 255;

/// The last place in the order of the menu.
pub const ORDEM_MAX: i64 = 9999;

/// The part of the menu that a product is in, by its number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Categoria {
    Lanche = 1,
    Acompanhamento = 2,
    Bebida = 3,
    Sobremesa = 4,
}

impl Categoria {
    /// All of them.
    pub const ALL: [Categoria; 4] =
        [Categoria::Lanche, Categoria::Acompanhamento, Categoria::Bebida, Categoria::Sobremesa];

    /// As on the wire.
    pub fn number(self) -> i64 {
        self as i64
    }

    /// The heading of its part of a menu.
    pub fn heading(self) -> &'static str {
        match self {
            Categoria::Lanche => "Lanches",
            Categoria::Acompanhamento => "Acompanhamentos",
            Categoria::Bebida => "Bebidas",
            Categoria::Sobremesa => "Sobremesas",
        }
    }
}

/// A product of the menu.
#[derive(Debug, Serialize, ToSchema)]
pub struct Produto {
    #[schema(minimum = 1, example = 3)]
    pub id: i64,
    #[schema(example = "X-Salada da Casa")]
    pub nome: String,
    pub categoria: Categoria,
    pub valor: Dinheiro,
    #[schema(example = "Hambúrguer de 150 g, queijo, alface e tomate")]
    pub descricao: Option<String>,
    /// On sale.
    pub ativo: bool,
    /// Its place in the order of the menu; left out where it has none, and comes behind those that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, minimum = 0, maximum = 9999, example = 10)]
    pub ordem: Option<i64>,
    /// It is on the menu and cannot be ordered now. Left out where it can.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false, example = true)]
    pub esgotado: bool,
    /// When it can be ordered again; left out where that is when somebody says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub esgotado_ate: Option<DataHora>,
}

/// A product that was to be ordered and is sold out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoldOut {
    pub id: i64,
    pub nome: String,
}

/// The fields of a product that a request sets; `None` leaves a field alone.
#[derive(Debug, Default)]
pub struct Alteracao {
    pub nome: Option<String>,
    pub categoria: Option<Categoria>,
    pub valor: Option<Dinheiro>,
    pub descricao: Option<Option<String>>,
    pub ativo: Option<bool>,
    pub ordem: Option<Option<i64>>,
}

impl TryFrom<i64> for Categoria {
    type Error = &'static str;

    fn try_from(numero: i64) -> Result<Categoria, Self::Error> {
        match numero {
            1 => Ok(Categoria::Lanche),
            2 => Ok(Categoria::Acompanhamento),
            3 => Ok(Categoria::Bebida),
            4 => Ok(Categoria::Sobremesa),
            _ => Err("Categoria inválida"),
        }
    }
}

impl Serialize for Categoria {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(*self as i64)
    }
}
