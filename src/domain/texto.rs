//! Texts that people type: trimmed, of bounded length, without control characters, and without characters that nobody
//! sees. What is pasted from a message or an address book carries those by the dozen, so they are left out and not
//! refused; emoji that are joined of several stay whole.

/// A text that must say something: 1 to `max` characters on one line.
pub fn linha(texto: &str, max: usize) -> Result<String, String> {
    let texto = opcional(texto, max)?;
    if texto.is_empty() { Err("não pode ser vazio".into()) } else { Ok(texto) }
}

/// A text that may be empty: at most `max` characters on one line.
pub fn opcional(texto: &str, max: usize) -> Result<String, String> {
    let texto = visible(texto);
    if texto.chars().count() > max {
        return Err(format!("deve ter no máximo {max} caracteres"));
    }
    if texto.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err("não pode conter caracteres de controle".into());
    }
    Ok(texto)
}

/// Trimmed, and without invisible characters but for those that make what is seen: a joiner between two parts of an emoji
/// or of a script that needs it, and a selector behind what it selects.
pub fn visible(texto: &str) -> String {
    let mut kept = String::with_capacity(texto.len());
    let mut letters = texto.trim().chars().filter(|c| !is_invisible(*c) || is_binder(*c)).peekable();
    while let Some(c) = letters.next() {
        if !is_binder(c) || binds(c, kept.chars().next_back(), letters.peek().copied()) {
            kept.push(c);
        }
    }
    // What was left out may have stood at the ends.
    let end = kept.trim_end_matches(|c: char| c.is_whitespace() || is_joiner(c)).len();
    kept.truncate(end);
    kept.trim_start().to_owned()
}

/// Characters that show nothing by themselves, or turn the direction in which others are shown.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn is_binder(c: char) -> bool {
    is_joiner(c) || matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

/// Scripts with joiners begin with the Arabic; between Latin letters a joiner only makes two names of one.
fn binds(c: char, before: Option<char>, after: Option<char>) -> bool {
    let joins = |c: char| c >= '\u{600}' && !c.is_whitespace();
    let Some(before) = before else { return false };
    if is_joiner(c) {
        // A selector ends the part before it.
        return joins(before) && !is_joiner(before) && after.is_some_and(|a| joins(a) && !is_binder(a));
    }
    let keycap = matches!(before, '0'..='9' | '#' | '*') && after == Some('\u{20e3}');
    keycap
        || matches!(before, '©' | '®')
        || (before >= '\u{203c}' && !is_binder(before) && !before.is_whitespace())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        for torto in ["a\u{0}b", "a\nb", "a\u{9b}b", "a\u{2028}b", "a\u{2029}b"] {
            assert!(opcional(torto, 20).is_err(), "{torto:?}");
        }
    }

    #[test]
    fn leaves_out_what_nobody_sees() {
        assert_eq!(
            linha("\u{feff}A\u{200b}n\u{ad}a\u{202e} \u{2066}Lima\u{2069}", 20),
            Ok("Ana Lima".into())
        );
        assert_eq!(linha("A\u{200d}na\u{200c}", 20), Ok("Ana".into()));
        assert_eq!(linha("é\u{fe0f}", 20), Ok("é".into()));
        assert_eq!(linha("Ana \u{200b} ", 20), Ok("Ana".into()));
        for vazio in ["\u{200b}", "\u{3164}\u{115f}", "\u{202e}\u{202c}", " \u{feff} ", "\u{200d}\u{fe0f}"] {
            assert!(linha(vazio, 20).is_err(), "{vazio:?}");
        }
    }

    #[test]
    fn emoji_and_scripts_that_join_stay_whole() {
        for texto in ["sem 🌶️", "👨‍🍳 capriche", "👩🏽‍🍳", "❤️‍🔥", "1️⃣ por mesa", "🏳️‍🌈", "می‌خواهم", "pão, açaí e ©️"]
        {
            assert_eq!(opcional(texto, 40).as_deref(), Ok(texto));
        }
    }

    proptest! {
        #[test]
        fn nothing_invisible_is_left_alone_and_what_is_seen_stays(texto in any::<String>()) {
            let limpo = visible(&texto);
            prop_assert_eq!(visible(&limpo), limpo.clone());
            let vistos = |t: &str| t.chars().filter(|c| !is_invisible(*c) && !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(vistos(&limpo), vistos(&texto));
            prop_assert!(limpo.chars().all(|c| !is_invisible(c) || is_binder(c)));
        }

        #[test]
        fn latin_text_keeps_no_invisible_character(
            texto in "[ a-zA-Zà-ÿ0-9\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{fe0f}\u{ad}\u{feff}]{0,40}",
        ) {
            prop_assert!(!visible(&texto).chars().any(is_invisible));
        }
    }
}
