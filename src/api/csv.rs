//! Tables for a spreadsheet as it is set up in Brazil: UTF-8 with a byte order mark, semicolons between fields, commas in
//! decimals (RFC 4180 otherwise). A text that a spreadsheet would take for a formula gets an apostrophe before it.

use crate::domain::dinheiro::Dinheiro;

/// The first characters of what spreadsheets take for a formula (OWASP, CSV injection), with those of full width.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// A table that is being written.
pub struct Csv(String);

/// A field, as it stands in a row.
pub struct Field(String);

impl Default for Csv {
    fn default() -> Csv {
        Csv("\u{feff}".to_owned())
    }
}

impl Csv {
    /// Adds a row.
    pub fn row(&mut self, fields: impl IntoIterator<Item = Field>) {
        let fields: Vec<String> = fields.into_iter().map(|field| field.0).collect();
        self.0 += &fields.join(";");
        self.0 += "\r\n";
    }

    /// The whole.
    pub fn finish(self) -> String {
        self.0
    }
}

impl From<&str> for Field {
    fn from(text: &str) -> Field {
        let is_formula = text.trim_start().starts_with(FORMULA) || text.starts_with(FORMULA);
        let text = if is_formula { format!("'{text}") } else { text.to_owned() };
        let is_plain = !text.contains([';', '"', '\n', '\r', ',']);
        Field(if is_plain { text } else { format!("\"{}\"", text.replace('"', "\"\"")) })
    }
}

impl From<i64> for Field {
    fn from(number: i64) -> Field {
        Field(number.to_string())
    }
}

impl From<Option<i64>> for Field {
    fn from(number: Option<i64>) -> Field {
        Field(number.map(|number| number.to_string()).unwrap_or_default())
    }
}

impl From<Dinheiro> for Field {
    fn from(amount: Dinheiro) -> Field {
        Field(amount.to_string().replace('.', ","))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(text: &str) -> String {
        Field::from(text).0
    }

    #[test]
    fn a_row_is_what_a_spreadsheet_in_brazil_reads() {
        let mut csv = Csv::default();
        csv.row(["Suco; gelado".into(), 12.into(), Dinheiro::de_centavos(-150).into(), None.into()]);
        assert_eq!(csv.finish(), "\u{feff}\"Suco; gelado\";12;-1,50;\r\n");
        assert_eq!(field("X-\"Tudo\""), "\"X-\"\"Tudo\"\"\"");
    }

    #[test]
    fn no_name_is_a_formula() {
        for (text, shown) in [
            ("=1+1", "'=1+1"),
            ("+55", "'+55"),
            ("-x", "'-x"),
            ("@soma", "'@soma"),
            (" =1", "' =1"),
            ("\tx", "'\tx"),
            ("＝1", "'＝1"),
            ("=HYPERLINK(\"a\";\"b\")", "\"'=HYPERLINK(\"\"a\"\";\"\"b\"\")\""),
            ("X-Burger", "X-Burger"),
        ] {
            assert_eq!(field(text), shown);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "\\PC{0,20}") {
            let shown = field(&text);
            let read = match shown.strip_prefix('"') {
                Some(quoted) => quoted.strip_suffix('"').unwrap().replace("\"\"", "\""),
                None => shown,
            };
            prop_assert_eq!(read.strip_prefix('\'').filter(|rest| *rest == text).unwrap_or(&read), &text);
        }
    }
}
