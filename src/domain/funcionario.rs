//! People of the staff, and what each types to show who it is: a PIN, or a manager's password.

use std::{fmt, ops::RangeInclusive};

use serde::Serialize;
use utoipa::ToSchema;

use super::{data_hora::DataHora, papel::Papel};

/// Characters of a name at most.
pub const NOME_MAX: usize = 80;
/// Digits of a PIN.
pub const PIN_DIGITS: RangeInclusive<usize> = 4..=8;
/// Characters of a password.
pub const SENHA_CHARS: RangeInclusive<usize> = 8..=128;

/// A person, as the manager sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Funcionario {
    #[schema(minimum = 1, example = 7)]
    pub id: i64,
    #[schema(example = "Ana")]
    pub nome: String,
    pub papel: Papel,
    /// Whether the person can enter with a password, where there is no terminal.
    pub tem_senha: bool,
    pub criado_em: DataHora,
    /// From then on the person can do nothing.
    pub desligado_em: Option<DataHora>,
}

/// What a person types. It prints as nothing but its kind.
pub enum Proof {
    /// 4 to 8 digits, on an enrolled terminal.
    Pin(String),
    /// A manager's, anywhere.
    Senha(String),
}

impl Proof {
    /// A PIN; the error is for a person, in Portuguese.
    pub fn pin(text: String) -> Result<Proof, String> {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        if digits && PIN_DIGITS.contains(&text.len()) {
            return Ok(Proof::Pin(text));
        }
        Err(format!("deve ter de {} a {} algarismos", PIN_DIGITS.start(), PIN_DIGITS.end()))
    }

    /// A PIN that somebody chooses: as `pin`, and none of those that anybody would try first, one digit only or a run up or
    /// down.
    pub fn new_pin(text: String) -> Result<Proof, String> {
        let proof = Proof::pin(text)?;
        let step = |pair: &[u8]| (pair[1] + 10 - pair[0]) % 10;
        let steps: Vec<u8> = proof.reveal().as_bytes().windows(2).map(step).collect();
        if [0, 1, 9].iter().any(|same| steps.iter().all(|step| step == same)) {
            return Err("é fácil demais de adivinhar: não pode ser um só algarismo nem uma sequência como 1234 ou 8765".into());
        }
        Ok(proof)
    }

    /// A password, taken as it is typed; the error is for a person, in Portuguese.
    pub fn senha(text: String) -> Result<Proof, String> {
        if SENHA_CHARS.contains(&text.chars().count()) {
            return Ok(Proof::Senha(text));
        }
        Err(format!("deve ter de {} a {} caracteres", SENHA_CHARS.start(), SENHA_CHARS.end()))
    }

    /// To be hashed.
    pub fn reveal(&self) -> &str {
        match self {
            Proof::Pin(text) | Proof::Senha(text) => text,
        }
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Proof::Pin(_) => "Pin",
            Proof::Senha(_) => "Senha",
        })
    }
}

/// A person that is being added.
pub struct NewFuncionario {
    pub nome: String,
    pub papel: Papel,
    pub pin: Proof,
    /// A manager's only.
    pub senha: Option<Proof>,
}

/// What changes of a person; `None` stays as it is.
pub struct Change {
    pub nome: Option<String>,
    pub papel: Option<Papel>,
    pub pin: Option<Proof>,
    /// Some of nothing takes the password away.
    pub senha: Option<Option<Proof>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_chooses_the_pins_that_are_tried_first() {
        for bad in [
            "0000",
            "1111",
            "1234",
            "4321",
            "7890",
            "2109",
            "12345",
            "98765",
            "123456",
            "012345678",
            "77777777",
        ] {
            assert!(Proof::new_pin(bad.into()).is_err(), "{bad}");
        }
        for good in ["1233", "2580", "1122", "1243", "135790", "11112"] {
            assert!(Proof::new_pin(good.into()).is_ok(), "{good}");
        }
    }

    #[test]
    fn pins_and_passwords_have_their_form_and_do_not_print() {
        for good in ["1234", "00000000"] {
            assert!(Proof::pin(good.into()).is_ok(), "{good}");
        }
        for bad in ["", "123", "123456789", "12a4", "１２３４", "12 4"] {
            assert!(Proof::pin(bad.into()).is_err(), "{bad}");
        }
        assert!(Proof::senha("çççççççç".into()).is_ok() && Proof::senha("1234567".into()).is_err());
        assert_eq!(format!("{:?}", Proof::pin("1234".into())), "Ok(Pin)");
    }
}
