//! Keyset pagination: a page is so many rows after the sort keys of the row before it, and never an offset. Rows that come
//! or go meanwhile move no other row into or out of a page.

use std::{fmt, str::FromStr};

/// What is said of a cursor that is none.
pub const NO_SUCH_PAGE: &str = "Não há esta página da lista; volte ao começo dela";

/// The sort keys of the last row of a page. To a client it is opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor<const N: usize>(pub [i64; N]);

/// The page that is asked for.
#[derive(Clone, Debug)]
pub struct PageRequest<const N: usize> {
    /// Rows at most.
    pub limit: usize,
    /// The last row of the page before; `None` for the first page.
    pub after: Option<Cursor<N>>,
}

/// Cuts the row that was read beyond the page: it only tells that another page follows, after the row before it.
pub fn cut<T, const N: usize>(
    rows: &mut Vec<T>,
    limit: usize,
    key: impl Fn(&T) -> [i64; N],
) -> Option<Cursor<N>> {
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last().map(|last| Cursor(key(last)))
}

impl<const N: usize> fmt::Display for Cursor<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, n) in self.0.iter().enumerate() {
            write!(f, "{}{n:x}", if i == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

impl<const N: usize> FromStr for Cursor<N> {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Cursor<N>, Self::Err> {
        let number = |part: &str| i64::from_str_radix(part, 16).ok().filter(|n| *n >= 0);
        let numbers: Vec<i64> = text.split('.').map(number).collect::<Option<_>>().ok_or(NO_SUCH_PAGE)?;
        numbers.try_into().map(Cursor).map_err(|_| NO_SUCH_PAGE)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn survives_the_way_through_a_link(numbers in prop::array::uniform3(0..=i64::MAX)) {
            prop_assert_eq!(Cursor(numbers).to_string().parse(), Ok(Cursor(numbers)));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = text.parse::<Cursor<3>>();
        }
    }

    #[test]
    fn another_lists_cursor_is_refused() {
        assert!(Cursor([1, 2, 3]).to_string().parse::<Cursor<1>>().is_err());
        assert!("-1".parse::<Cursor<1>>().is_err());
    }
}
