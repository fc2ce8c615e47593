//! Values of a JSON body in the spellings that the original's models convert: a number or a boolean may
//! come as text, since a form sends text. What has one meaning only is taken; «15,5», «abc», 1.5 for a
//! whole number and exponents are not. Prices stay decimal text all the way, so no binary float is ever
//! between. The patterns describe the texts for the OpenAPI document. Tested below and by
//! `tests/api/conversions.rs`.

use std::borrow::Cow;

/// Texts that `whole_number` takes.
pub const WHOLE_NUMBER: &str = r"^\s*[+-]?[0-9]+(\.0*)?\s*$";
/// Texts that `decimal` takes.
pub const DECIMAL: &str = r"^\s*\+?([0-9]+\.?[0-9]*|\.[0-9]+)\s*$";
/// Texts that `boolean` takes, in any case.
const YES: [&str; 6] = ["true", "t", "yes", "y", "on", "1"];
const NO: [&str; 6] = ["false", "f", "no", "n", "off", "0"];

/// A whole number: `7`, `7.0`, `"7"`, `" 07 "`, `"7.0"`.
pub fn whole_number(json: &str) -> Option<i64> {
    let text = plain(json)?;
    let (digits, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.bytes().all(|b| b == b'0') { digits.parse().ok() } else { None }
}

/// A plain decimal as text: `15.5` of `15.5`, `"15.5"` or `" +15.5 "`, `15` of `"15."`, `0.5` of `".5"`. A
/// number is left as it is, and so is what is no decimal at all: the type of the amount refuses it.
pub fn decimal(json: &str) -> Option<Cow<'_, str>> {
    let text = plain(json)?;
    if !json.starts_with('"') {
        return Some(text);
    }
    let unsigned = text.strip_prefix('+').unwrap_or(&text);
    Some(match unsigned.split_once('.') {
        Some(("", "")) => return None,
        Some(("", fraction)) => format!("0.{fraction}").into(),
        Some((whole, "")) => whole.to_owned().into(),
        _ => unsigned.to_owned().into(),
    })
}

/// `true`, `1`, `1.0`, `"true"`, `"yes"`, `"on"`, and their opposites, in any case.
pub fn boolean(json: &str) -> Option<bool> {
    match json {
        "true" => return Some(true),
        "false" => return Some(false),
        _ => {}
    }
    if json.starts_with('"') {
        let text = plain(json)?.to_ascii_lowercase();
        return match (YES.contains(&text.as_str()), NO.contains(&text.as_str())) {
            (false, false) => None,
            (yes, _) => Some(yes),
        };
    }
    match whole_number(json)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// What `boolean` takes as text, as a regular expression.
pub fn boolean_pattern() -> String {
    let any_case = |word: &&str| -> String {
        let letter = |c: char| format!("[{}{c}]", c.to_ascii_uppercase());
        word.chars().map(|c| if c.is_ascii_digit() { c.to_string() } else { letter(c) }).collect()
    };
    let words: Vec<String> = YES.iter().chain(&NO).map(any_case).collect();
    format!(r"^\s*({})\s*$", words.join("|"))
}

/// The text of a number, or the trimmed text inside a string; `None` for anything else.
fn plain(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(json).ok().map(|text| text.trim().to_owned().into()),
        b'-' | b'0'..=b'9' => Some(json.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::dinheiro::Dinheiro;

    fn amount(json: &str) -> Option<Dinheiro> {
        decimal(json)?.parse().ok()
    }

    #[test]
    fn whole_numbers_as_the_original_took_them() {
        for json in ["7", "7.0", "7.000", r#""7""#, r#"" 7 ""#, r#""07""#, r#""+7""#, r#""7.0""#, r#""7.""#] {
            assert_eq!(whole_number(json), Some(7), "{json}");
        }
        assert_eq!((whole_number("-1"), whole_number(r#""-1""#)), (Some(-1), Some(-1)));
        for json in [
            "7.5",
            "7e0",
            "1e3",
            "true",
            "null",
            "[7]",
            "{}",
            r#""""#,
            r#"" ""#,
            r#""7,0""#,
            r#""7.5""#,
            r#""7e0""#,
            r#""1_000""#,
            r#""1 000""#,
            r#""0x7""#,
            r#""abc""#,
            r#""+-7""#,
            r#"".0""#,
            r#"".""#,
            r#""７""#,
            r#""99999999999999999999""#,
            "99999999999999999999",
        ] {
            assert_eq!(whole_number(json), None, "{json}");
        }
    }

    #[test]
    fn prices_as_the_original_took_them() {
        let valor: Option<Dinheiro> = "15.5".parse().ok();
        for json in ["15.5", "15.50", "15.500", r#""15.5""#, r#"" 15.50 ""#, r#""+15.5""#, r#""015.5""#] {
            assert_eq!(amount(json), valor, "{json}");
        }
        assert_eq!(amount(r#""15.""#), "15".parse().ok());
        assert_eq!(amount(r#"".5""#), "0.5".parse().ok());
        for json in [
            "1e1",
            "-1",
            "15.555",
            "true",
            "null",
            "[]",
            r#""""#,
            r#""15,5""#,
            r#""R$ 15""#,
            r#""1e1""#,
            r#""abc""#,
            r#""-1""#,
            r#""+""#,
            r#"".""#,
            r#""1.5.0""#,
            r#""++1""#,
            r#""inf""#,
            r#""NaN""#,
            r#""1_0""#,
            r#""15.555""#,
        ] {
            assert_eq!(amount(json), None, "{json}");
        }
    }

    #[test]
    fn booleans_as_the_original_took_them() {
        for json in ["true", "1", "1.0", r#""true""#, r#""True""#, r#""ON""#, r#""yes""#, r#""1""#, r#""y""#]
        {
            assert_eq!(boolean(json), Some(true), "{json}");
        }
        for json in ["false", "0", "0.0", r#""false""#, r#""FALSE""#, r#""off""#, r#""No""#, r#""0""#] {
            assert_eq!(boolean(json), Some(false), "{json}");
        }
        for json in ["2", "-1", "0.5", "null", "[]", r#""""#, r#""sim""#, r#""2""#, r#""1.0""#] {
            assert_eq!(boolean(json), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn every_spelling_of_a_whole_number_is_that_number(
            n in any::<i64>(), before in " {0,3}", after in " {0,3}", zeros in "(\\.0{0,4})?", sign in "\\+?",
        ) {
            let sign = if n < 0 { "" } else { &sign };
            let text = format!("\"{before}{sign}{n}{zeros}{after}\"");
            prop_assert_eq!(whole_number(&text), Some(n));
            prop_assert_eq!(whole_number(&n.to_string()), Some(n));
            prop_assert_eq!(whole_number(&format!("{n}.0")), Some(n));
        }

        #[test]
        fn a_price_as_text_is_the_price_as_a_number(reais in 0..99_999i64, centavos in 0..100i64, space in " {0,3}") {
            let number = format!("{reais}.{centavos:02}");
            prop_assert_eq!(amount(&format!("\"{space}{number}{space}\"")), amount(&number));
            prop_assert!(amount(&number).is_some());
        }

        #[test]
        fn a_fraction_is_never_rounded(whole in any::<i32>(), fraction in "[0-9]{0,6}[1-9]") {
            prop_assert_eq!(whole_number(&format!("{whole}.{fraction}")), None);
            prop_assert_eq!(whole_number(&format!("\"{whole}.{fraction}\"")), None);
        }

        #[test]
        fn no_text_makes_them_panic(text in "\\PC*", raw in "[-+0-9.eE\" ]{0,12}") {
            for json in [serde_json::to_string(&text).unwrap_or_default(), text, raw] {
                let _ = (whole_number(&json), decimal(&json), boolean(&json));
            }
        }
    }
}
