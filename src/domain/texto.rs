//! Texts that people type: trimmed, of bounded length, without control characters.

/// A text that must say something: 1 to `max` characters on one line.
pub fn linha(texto: &str, max: usize) -> Result<String, String> {
    let texto = opcional(texto, max)?;
    if texto.is_empty() { Err("não pode ser vazio".into()) } else { Ok(texto) }
}

/// A text that may be empty: at most `max` characters on one line.
pub fn opcional(texto: &str, max: usize) -> Result<String, String> {
    let texto = texto.trim();
    if texto.chars().count() > max {
        return Err(format!("deve ter no máximo {max} caracteres"));
    }
    if texto.chars().any(char::is_control) {
        return Err("não pode conter caracteres de controle".into());
    }
    Ok(texto.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_and_not_bytes() {
        assert_eq!(linha(&"ç".repeat(5), 5), Ok("ççççç".into()));
        assert!(linha(&"ç".repeat(6), 5).is_err());
    }

    #[test]
    fn trims_and_refuses_what_is_empty_or_not_printable() {
        assert_eq!(linha("  X-Salada ", 20), Ok("X-Salada".into()));
        assert!(linha("   ", 20).is_err());
        assert_eq!(opcional("   ", 20), Ok(String::new()));
        assert!(opcional("a\u{0}b", 20).is_err());
        assert!(opcional("a\nb", 20).is_err());
    }
}
