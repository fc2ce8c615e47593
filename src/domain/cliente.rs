//! A customer who wants to be known.

use std::{fmt, str::FromStr};

use serde::Serialize;
use utoipa::ToSchema;

use super::texto::{is_invisible, visible};

/// Eleven digits, the last two of which check the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cpf(String);

/// An address with one `@`, up to `EMAIL_MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

/// A telephone number as people write it, up to `TELEFONE_MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telefone(String);

/// Characters of a name.
pub const NOME_MAX: usize = 100;
/// Characters of an e-mail address.
pub const EMAIL_MAX: usize = 100;
/// Characters of a telephone number.
pub const TELEFONE_MAX: usize = 20;

/// A customer as stored. What the original stored is shown as it stands: it never checked a CPF.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cliente {
    #[schema(minimum = 1, example = 1)]
    pub id: i64,
    /// Digits only.
    #[schema(example = "52998224725")]
    pub cpf: Option<String>,
    #[schema(example = "Maria das Dores")]
    pub nome: Option<String>,
    /// Kept for the original's clients; always null.
    #[schema(example = json!(null))]
    pub username: Option<String>,
    #[schema(example = "maria@exemplo.com.br")]
    pub email: Option<String>,
    #[schema(example = "11 91234-5678")]
    pub telefone: Option<String>,
    pub ativo: bool,
}

/// The fields of a customer that a request sets; `None` leaves a field alone.
#[derive(Debug, Default)]
pub struct Alteracao {
    pub cpf: Option<Cpf>,
    pub nome: Option<String>,
    pub email: Option<Option<Email>>,
    pub telefone: Option<Option<Telefone>>,
    pub ativo: Option<bool>,
}

impl Cpf {
    /// The eleven digits, without dots and dash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Cpf {
    type Err = &'static str;

    fn from_str(texto: &str) -> Result<Cpf, Self::Err> {
        const ERRO: &str = "CPF inválido";
        let texto = visible(texto);
        let pontuado = texto.len() == 14
            && texto.bytes().enumerate().all(|(i, b)| match i {
                3 | 7 => b == b'.',
                11 => b == b'-',
                _ => b.is_ascii_digit(),
            });
        let simples = texto.len() == 11 && texto.bytes().all(|b| b.is_ascii_digit());
        if !pontuado && !simples {
            return Err(ERRO);
        }
        let digitos: Vec<u32> = texto.chars().filter_map(|c| c.to_digit(10)).collect();
        // Eleven equal digits satisfy the arithmetic, and nobody has them.
        let repetido = digitos.iter().all(|d| Some(d) == digitos.first());
        if repetido || digitos[9] != verificador(&digitos[..9]) || digitos[10] != verificador(&digitos[..10])
        {
            return Err(ERRO);
        }
        Ok(Cpf(digitos.iter().map(|d| char::from(b'0' + *d as u8)).collect()))
    }
}

/// A CPF as a list shows it, by which a person who is asked can be told from another: `***.982.247-**`. What is stored may
/// be no CPF at all; then nothing of it is shown.
pub fn masked_cpf(stored: &str) -> String {
    if stored.len() == 11 && stored.bytes().all(|b| b.is_ascii_digit()) {
        format!("***.{}.{}-**", &stored[3..6], &stored[6..9])
    } else {
        "***".to_owned()
    }
}

/// The check digit that follows these digits: weights fall to 2, modulo 11.
fn verificador(digitos: &[u32]) -> u32 {
    let soma: u32 = digitos.iter().rev().zip(2..).map(|(d, peso)| d * peso).sum();
    match soma % 11 {
        0 | 1 => 0,
        resto => 11 - resto,
    }
}

impl Email {
    /// As stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Only what certainly cannot be an address is refused: the one proof is a message that arrives.
impl FromStr for Email {
    type Err = &'static str;

    fn from_str(texto: &str) -> Result<Email, Self::Err> {
        let texto = visible(texto);
        let valido = texto.chars().count() <= EMAIL_MAX
            && !texto.chars().any(|c| c.is_whitespace() || c.is_control() || is_invisible(c))
            && texto.split_once('@').is_some_and(|(caixa, dominio)| {
                let partes = || dominio.split('.');
                !caixa.is_empty()
                    && !dominio.contains('@')
                    && partes().count() > 1
                    && partes().all(|p| !p.is_empty())
            });
        if valido { Ok(Email(texto.to_lowercase())) } else { Err("E-mail inválido") }
    }
}

impl Telefone {
    /// As stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Telefone {
    type Err = &'static str;

    fn from_str(texto: &str) -> Result<Telefone, Self::Err> {
        let texto = visible(texto);
        let digitos = texto.bytes().filter(u8::is_ascii_digit).count();
        let valido = texto.bytes().all(|b| b.is_ascii_digit() || b" +-().".contains(&b));
        if valido && (8..=15).contains(&digitos) && texto.len() <= TELEFONE_MAX {
            Ok(Telefone(texto))
        } else {
            Err("Telefone inválido")
        }
    }
}

impl fmt::Display for Cpf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cpf_with_and_without_punctuation_is_the_same() {
        assert_eq!("529.982.247-25".parse::<Cpf>(), "52998224725".parse::<Cpf>());
        for errado in [
            "",
            "5299822472",
            "529982247250",
            "52998224724",
            "11111111111",
            "529-982-247.25",
            "529.982.24725",
            "５２９９８２２４７２５",
        ] {
            assert_eq!(errado.parse::<Cpf>(), Err("CPF inválido"), "{errado}");
        }
    }

    #[test]
    fn a_masked_cpf_shows_six_digits() {
        assert_eq!(masked_cpf("52998224725"), "***.982.247-**");
        for other in ["", "5299822472", "52998224725 #3", "5299822472é"] {
            assert_eq!(masked_cpf(other), "***", "{other}");
        }
    }

    #[test]
    fn an_address_has_a_box_and_a_domain() {
        assert_eq!("Ana@Exemplo.com".parse(), Ok(Email("ana@exemplo.com".into())));
        for errado in [
            "",
            "ana",
            "@exemplo.com",
            "ana@",
            "ana@exemplo",
            "a@b@c.com",
            "a b@c.com",
            "ana@.com",
            "ana@c..com",
        ] {
            assert!(errado.parse::<Email>().is_err(), "{errado}");
        }
    }

    #[test]
    fn a_telephone_has_8_to_15_digits() {
        assert!(
            "(11) 91234-5678".parse::<Telefone>().is_ok() && "+55 11 91234-5678".parse::<Telefone>().is_ok()
        );
        for errado in ["", "1234567", "telefone", "1234567890123456"] {
            assert!(errado.parse::<Telefone>().is_err(), "{errado}");
        }
    }

    proptest! {
        #[test]
        fn every_nine_digits_have_one_pair_of_check_digits(base in "[0-9]{9}") {
            let validos = (0..100).filter(|par| format!("{base}{par:02}").parse::<Cpf>().is_ok()).count();
            let repetido = base.bytes().all(|b| b == base.as_bytes()[0]);
            prop_assert!(validos == 1 || (repetido && validos == 0));
        }

        #[test]
        fn a_wrong_check_digit_is_noticed(base in "[0-8]{8}9", posicao in 9..11usize, troca in 1..10u8) {
            let certo = (0..100).map(|par| format!("{base}{par:02}")).find(|c| c.parse::<Cpf>().is_ok()).unwrap();
            let mut errado = certo.into_bytes();
            errado[posicao] = b'0' + (errado[posicao] - b'0' + troca) % 10;
            prop_assert!(String::from_utf8(errado).unwrap().parse::<Cpf>().is_err());
        }

        #[test]
        fn no_text_makes_them_panic(texto in "\\PC*") {
            let _ = (texto.parse::<Cpf>(), texto.parse::<Email>(), texto.parse::<Telefone>());
        }
    }
}
