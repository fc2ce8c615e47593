//! Stands in for the `regex` crate, by `[patch.crates-io]`: the MySQL driver is the only one that asks for it, to read
//! the server's version, the PEM of its key and dates sent as text. Eight patterns of ASCII do not need tables of
//! Unicode and five engines, which are a twelfth of the image; `regex-lite` of the same authors does.
//!
//! A pattern never matches bytes that are no UTF-8, where the original may: no server sends such versions, keys or dates.

pub mod bytes {
    /// Why a pattern is none.
    pub type Error = regex_lite::Error;

    /// A compiled pattern.
    pub struct Regex(regex_lite::Regex);

    /// The groups of one match.
    pub struct Captures<'h>(regex_lite::Captures<'h>);

    /// Where one group matched.
    pub struct Match<'h>(regex_lite::Match<'h>);

    impl Regex {
        pub fn new(pattern: &str) -> Result<Regex, Error> {
            regex_lite::Regex::new(pattern).map(Regex)
        }

        pub fn is_match(&self, haystack: &[u8]) -> bool {
            str::from_utf8(haystack).is_ok_and(|text| self.0.is_match(text))
        }

        pub fn captures<'h>(&self, haystack: &'h [u8]) -> Option<Captures<'h>> {
            self.0.captures(str::from_utf8(haystack).ok()?).map(Captures)
        }
    }

    impl<'h> Captures<'h> {
        pub fn get(&self, group: usize) -> Option<Match<'h>> {
            self.0.get(group).map(Match)
        }
    }

    impl<'h> Match<'h> {
        pub fn as_bytes(&self) -> &'h [u8] {
            self.0.as_str().as_bytes()
        }
    }
}
