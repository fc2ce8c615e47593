//! What a restaurant says of itself: on the menu's page, on receipts, to the tax office.

use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    cliente::Telefone,
    data_hora::DataHora,
    horario::{Excecao, TurnoSemanal},
    produto::Categoria,
    texto::visible,
};

/// Characters of the name.
pub const NOME_MAX: usize = 120;
/// Characters of the address.
pub const ENDERECO_MAX: usize = 200;
/// Characters of the city.
pub const CIDADE_MAX: usize = 80;
/// Characters of the logo's address.
pub const LOGO_MAX: usize = 500;
/// Minutes until a ticket turns yellow or red, at most.
pub const MINUTOS_MAX: i64 = 240;
/// Characters of a time zone's name.
pub const FUSO_MAX: usize = 64;

/// The number in the national register of firms, since July 2026 with letters too: twelve characters `[0-9A-Z]` and two
/// check digits. Here without punctuation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cnpj(String);

/// An `https` address of a picture, which a page may put into an attribute as it is: ASCII, without quotes and brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo(String);

/// `#rrggbb`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cor(String);

/// The profile, as everybody may see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Perfil)]
pub struct Restaurante {
    #[schema(example = "Ambrosia")]
    pub nome: String,
    #[schema(example = "12.ABC.345/01DE-35")]
    pub cnpj: Option<String>,
    #[schema(example = "Rua das Flores, 10")]
    pub endereco: Option<String>,
    #[schema(example = "São Paulo")]
    pub cidade: String,
    #[schema(example = "11 3456-7890")]
    pub telefone: Option<String>,
    /// The address of a picture.
    #[schema(example = "https://exemplo.com.br/logo.png")]
    pub logo: Option<String>,
    #[schema(example = "#a03020")]
    pub cor_primaria: Option<String>,
    #[schema(example = "#fff4e0")]
    pub cor_secundaria: Option<String>,
    /// The time zone in which the business day turns. It cannot be changed yet.
    #[schema(example = "America/Sao_Paulo")]
    pub fuso: String,
    /// The age of an order, in minutes, from which its ticket in the kitchen is yellow.
    #[schema(minimum = 1, maximum = 240, example = 10)]
    pub minutos_amarelo: i64,
    /// The age from which it is red.
    #[schema(minimum = 1, maximum = 240, example = 20)]
    pub minutos_vermelho: i64,
    /// The four categories in the order in which the menu shows them.
    #[schema(min_items = 4, max_items = 4)]
    pub categorias: Vec<Categoria>,
}

/// The profile, and whether orders are taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Restaurante)]
pub struct Agora {
    #[serde(flatten)]
    #[schema(inline)]
    pub perfil: Restaurante,
    /// Whether orders are taken now.
    #[schema(example = true)]
    pub aberto: bool,
    /// When that changes; null where that is not in sight.
    pub muda_em: Option<DataHora>,
    /// Whether there is a pause: no orders are taken, whatever the hours say.
    #[schema(example = false)]
    pub pausado: bool,
    /// When the pause ends; null where that is when somebody says so.
    pub pausado_ate: Option<DataHora>,
    /// When orders are taken each week. None: always.
    pub horarios: Vec<TurnoSemanal>,
    /// Dates on which other hours hold.
    pub excecoes: Vec<Excecao>,
}

/// The fields that a request sets; `None` leaves a field alone, and `Some(None)` takes it away.
#[derive(Debug, Default)]
pub struct Alteracao {
    pub nome: Option<String>,
    pub cnpj: Option<Option<Cnpj>>,
    pub endereco: Option<Option<String>>,
    pub cidade: Option<String>,
    pub telefone: Option<Option<Telefone>>,
    pub logo: Option<Option<Logo>>,
    pub cor_primaria: Option<Option<Cor>>,
    pub cor_secundaria: Option<Option<Cor>>,
    pub minutos_amarelo: Option<i64>,
    pub minutos_vermelho: Option<i64>,
    /// Each of the four once.
    pub categorias: Option<Vec<Categoria>>,
    /// An empty list is none.
    pub horarios: Option<Vec<TurnoSemanal>>,
    /// An empty list is none.
    pub excecoes: Option<Vec<Excecao>>,
}

impl Cnpj {
    /// The fourteen characters, without punctuation.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As people write it: `12.ABC.345/01DE-35`. Of what is stored, which may be no CNPJ at all.
    pub fn formatted(stored: &str) -> String {
        if stored.len() != LENGTH || !stored.is_ascii() {
            return stored.to_owned();
        }
        let [a, b, c, d, e] = [0..2, 2..5, 5..8, 8..12, 12..14].map(|part| &stored[part]);
        format!("{a}.{b}.{c}/{d}-{e}")
    }
}

/// Characters of a CNPJ.
const LENGTH: usize = 14;

impl FromStr for Cnpj {
    type Err = &'static str;

    fn from_str(texto: &str) -> Result<Cnpj, Self::Err> {
        const ERRO: &str = "CNPJ inválido";
        let texto = visible(texto).to_ascii_uppercase();
        let bare: String = texto.chars().filter(char::is_ascii_alphanumeric).collect();
        if bare.len() != LENGTH || (texto != bare && texto != Cnpj::formatted(&bare)) {
            return Err(ERRO);
        }
        let (base, check) = bare.split_at(LENGTH - 2);
        // Equal characters satisfy the arithmetic, and no firm has them.
        let repeated = bare.bytes().all(|b| bare.starts_with(char::from(b)));
        let first = check_digit(base);
        let second = check_digit(&format!("{base}{first}"));
        if repeated || check != format!("{first}{second}") {
            return Err(ERRO);
        }
        Ok(Cnpj(bare))
    }
}

/// The check digit that follows these characters: each counts as its ASCII code less 48, with weights from 2 to 9 and
/// again, from the right, modulo 11.
fn check_digit(characters: &str) -> u32 {
    let weights = (2..=9).cycle();
    let sum: u32 =
        characters.bytes().rev().zip(weights).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

impl Logo {
    /// As stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Logo {
    type Err = String;

    fn from_str(texto: &str) -> Result<Logo, String> {
        let texto = visible(texto);
        if texto.chars().count() > LOGO_MAX {
            return Err(format!("deve ter no máximo {LOGO_MAX} caracteres"));
        }
        let authority = texto.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next());
        let (host, port) =
            authority.and_then(|a| a.split_once(':')).unwrap_or((authority.unwrap_or(""), "443"));
        let is_name = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        let is_clean = texto.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&b));
        if is_clean && host.split('.').all(is_name) && port.parse::<u16>().is_ok() {
            Ok(Logo(texto))
        } else {
            Err("deve ser um endereço como https://exemplo.com.br/logo.png".to_owned())
        }
    }
}

impl Cor {
    /// As stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The relative luminance of WCAG 2.2, from 0 (black) to 1 (white).
    pub fn luminance(&self) -> f64 {
        let channel = |digits: &str| {
            let value = f64::from(u8::from_str_radix(digits, 16).unwrap_or(0)) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = [1..3, 3..5, 5..7].map(|digits| channel(&self.0[digits]));
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl FromStr for Cor {
    type Err = &'static str;

    fn from_str(texto: &str) -> Result<Cor, Self::Err> {
        let texto = visible(texto).to_ascii_lowercase();
        let digits = texto.strip_prefix('#').unwrap_or("");
        if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Cor(texto))
        } else {
            Err("deve ser uma cor como #a03020")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cnpj_of_digits_and_of_letters() {
        // The second is the example of the Receita Federal.
        for (good, bare) in [
            ("11.222.333/0001-81", "11222333000181"),
            ("12.ABC.345/01DE-35", "12ABC34501DE35"),
            (" 12abc34501de35 ", "12ABC34501DE35"),
        ] {
            let cnpj: Cnpj = good.parse().unwrap();
            assert_eq!(cnpj.as_str(), bare);
        }
        assert_eq!(Cnpj::formatted("12ABC34501DE35"), "12.ABC.345/01DE-35");
        assert_eq!(Cnpj::formatted("sem"), "sem");
        for wrong in [
            "",
            "11222333000180",
            "11222333000191",
            "1122233300018",
            "112223330001811",
            "12.ABC.345/01DE-3A",
            "12ABC34501DEAA",
            "12-ABC-345/01DE-35",
            "12.ABC.34501DE35",
            "00000000000000",
            "12.ÁBC.345/01DE-35",
            "１１２２２３３３０００１８１",
        ] {
            assert_eq!(wrong.parse::<Cnpj>(), Err("CNPJ inválido"), "{wrong}");
        }
    }

    #[test]
    fn a_logo_is_an_https_address_that_fits_into_an_attribute() {
        for good in ["https://exemplo.com.br/logo.png", "https://cdn.exemplo:8443/a?b=c#d", "https://exemplo"]
        {
            assert!(good.parse::<Logo>().is_ok(), "{good}");
        }
        let long = format!("https://exemplo/{}", "a".repeat(LOGO_MAX));
        for wrong in [
            "",
            "http://exemplo.com/logo.png",
            "https://",
            "https:///logo.png",
            "https://a..b/",
            "https://ana@exemplo.com/",
            "https://exemplo:x/",
            "https://exemplo/\"onerror=alert(1)",
            "https://exemplo/a b",
            "https://exemplo/á",
            "javascript:alert(1)",
            &long,
        ] {
            assert!(wrong.parse::<Logo>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_colour_has_six_hexadecimal_digits() {
        assert_eq!("#A03020".parse(), Ok(Cor("#a03020".into())));
        for wrong in ["", "#a0302", "a03020", "#a0302g", "#a030200", "red", "#é3020"] {
            assert!(wrong.parse::<Cor>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_twelve_characters_have_one_pair_of_check_digits(base in "[0-9A-Z]{11}[A-Z]") {
            let valid = (0..100).filter(|pair| format!("{base}{pair:02}").parse::<Cnpj>().is_ok()).count();
            prop_assert_eq!(valid, 1);
        }

        #[test]
        fn no_text_makes_them_panic(texto in "\\PC*") {
            let _ = (texto.parse::<Cnpj>(), texto.parse::<Logo>(), texto.parse::<Cor>());
            let _ = Cnpj::formatted(&texto);
        }
    }
}
