//! Tokens of terminals (`amt_<id>_<256 random bits in base64url>`), of sessions (`ams_<256 bits>`) and of invitations
//! (`amc_<256 bits>`), and the codes that enrol terminals. Tokens are stored as SHA-256, as keys are. A code has 40 bits only,
//! which somebody who reads the database could try within its ten minutes: so it is stored as HMAC-SHA256 under `PEPPER`.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{
    hash,
    key::{digest, hex, random},
};
use crate::error::Error;

/// What every token of a terminal begins with.
pub const OF_TERMINAL: &str = "amt_";
/// What every token of a session begins with.
pub const OF_SESSION: &str = "ams_";
/// What every token of an invitation begins with.
const OF_INVITATION: &str = "amc_";
/// 32 letters and digits that are not taken for one another.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Characters of a code: five bits each.
pub const CODE_CHARS: usize = 8;

/// A token in clear. It does not print.
pub struct Token(String);

impl Token {
    /// A new one, for the terminal with this id.
    pub fn of_terminal(id: i64) -> Result<Token, Error> {
        Ok(Token(format!("{OF_TERMINAL}{id}_{}", BASE64_URL_SAFE_NO_PAD.encode(random()?))))
    }

    /// A new one, for a session.
    pub fn of_session() -> Result<Token, Error> {
        Ok(Token(format!("{OF_SESSION}{}", BASE64_URL_SAFE_NO_PAD.encode(random()?))))
    }

    /// A new one, for an invitation.
    pub fn of_invitation() -> Result<Token, Error> {
        Ok(Token(format!("{OF_INVITATION}{}", BASE64_URL_SAFE_NO_PAD.encode(random()?))))
    }

    /// To be sent, once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn digest(&self) -> String {
        digest(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// A code that enrols a terminal. It does not print.
pub struct Code(String);

impl Code {
    /// A new one.
    pub fn generate() -> Result<Code, Error> {
        let letter = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
        Ok(Code(random()?.iter().take(CODE_CHARS).map(letter).collect()))
    }

    /// As somebody types it: in any case, with spaces and dashes. `None` when it is none.
    pub fn read(typed: &str) -> Option<Code> {
        let code: String =
            typed.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
        let fits = code.len() == CODE_CHARS && code.bytes().all(|b| ALPHABET.contains(&b));
        fits.then_some(Code(code))
    }

    /// To be shown, once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn digest(&self, pepper: &str) -> String {
        hex(&hash::keyed(pepper, "codigo", &self.0))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_codes_have_their_form_and_do_not_print() {
        let token = Token::of_terminal(3).unwrap();
        assert!(token.reveal().starts_with("amt_3_") && token.reveal().len() == 6 + 43);
        assert_eq!(Token::of_session().unwrap().reveal().len(), 4 + 43);
        let code = Code::generate().unwrap();
        assert_eq!(code.reveal().len(), 8);
        assert_eq!(format!("{token:?} {code:?}"), "Token Code");
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = Code::generate().unwrap();
        let typed = format!(" {}-{} ", code.reveal()[..4].to_lowercase(), &code.reveal()[4..]);
        assert_eq!(Code::read(&typed).unwrap().digest("p"), code.digest("p"));
        assert_ne!(code.digest("p"), code.digest("q"));
        for bad in ["", "ABCDEFG", "ABCDEFGHJ", "ABCDEFG0", "ABCDEFGI", "ABCDEFGé"] {
            assert!(Code::read(bad).is_none(), "{bad}");
        }
    }
}
