//! Text that others sent, on its way to the log: short, on one line, and with nothing in it that a terminal
//! or a reader could take for something else.

use std::fmt::{self, Write};

/// What is shown of a text whose whole is of no use, in characters.
pub const SHORT: usize = 64;
/// What is shown of a path, in characters.
pub const PATH: usize = 256;

/// At most `max` characters of `text`. Control characters, line and paragraph separators, invisible
/// characters, those that turn the direction of writing, quotes and backslashes are escaped: `\u{202e}`.
pub fn foreign(text: &str, max: usize) -> impl fmt::Display + '_ {
    Foreign { text, max }
}

struct Foreign<'a> {
    text: &'a str,
    max: usize,
}

impl fmt::Display for Foreign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Most texts are short and plain: the path of every request among them.
        let plain = |b: u8| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\'' | b'\\');
        if self.text.len() <= self.max && self.text.bytes().all(plain) {
            return f.write_str(self.text);
        }
        let mut chars = self.text.chars();
        for c in chars.by_ref().take(self.max) {
            if is_blank(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                write!(f, "{}", c.escape_debug())?;
            }
        }
        if chars.next().is_some() { f.write_char('…') } else { Ok(()) }
    }
}

/// Characters that show nothing and that `char::escape_debug` takes for printable: fillers of Hangul, and
/// the empty Braille pattern.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_deceives_is_escaped_and_the_rest_is_short() {
        let shown = |text| foreign(text, 8).to_string();
        assert_eq!(shown("/pão"), "/pão");
        assert_eq!(shown("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(shown("a\u{2028}b\u{9b}c\n"), "a\\u{2028}b\\u{9b}c\\n");
        assert_eq!(shown("\u{3164}\u{200d}\u{e0041}"), "\\u{3164}\\u{200d}\\u{e0041}");
        assert_eq!(shown("123456789"), "12345678…");
    }

    proptest! {
        #[test]
        fn one_visible_line_of_bounded_length(text in any::<String>(), max in 0..100usize) {
            let shown = foreign(&text, max).to_string();
            prop_assert!(shown.chars().all(|c| !c.is_control() && !is_blank(c)));
            let deceivers = ['\u{2028}', '\u{2029}', '\u{200b}', '\u{202e}', '\u{feff}', '\u{fe0f}'];
            prop_assert!(!shown.contains(deceivers));
            // An escape has ten characters at most.
            prop_assert!(shown.chars().count() <= max * 10 + 1);
        }

        #[test]
        fn plain_text_is_shown_as_character_by_character(text in "[ -~]{0,40}") {
            let escaped: String = text.chars().flat_map(char::escape_debug).collect();
            prop_assert_eq!(foreign(&text, 40).to_string(), escaped);
        }
    }
}
