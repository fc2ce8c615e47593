//! One page of a list: how many rows, and after which.

use std::{fmt, str::FromStr};

/// The sort keys of the last row of a page. To a client it is opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor<const N: usize>(pub [i64; N]);

#[derive(Clone, Debug)]
pub struct Pagina<const N: usize> {
    pub limite: usize,
    pub apos: Option<Cursor<N>>,
}

/// Cuts the row that was read beyond the page: it only tells that another page follows, after the row before it.
pub fn cortar<T, const N: usize>(
    linhas: &mut Vec<T>,
    limite: usize,
    chave: impl Fn(&T) -> [i64; N],
) -> Option<Cursor<N>> {
    if linhas.len() <= limite {
        return None;
    }
    linhas.truncate(limite);
    linhas.last().map(|ultima| Cursor(chave(ultima)))
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

    fn from_str(texto: &str) -> Result<Cursor<N>, Self::Err> {
        const ERRO: &str = "não é um cursor desta lista: use o endereço do cabeçalho Link";
        let numero = |parte: &str| i64::from_str_radix(parte, 16).ok().filter(|n| *n >= 0);
        let numeros: Vec<i64> = texto.split('.').map(numero).collect::<Option<_>>().ok_or(ERRO)?;
        numeros.try_into().map(Cursor).map_err(|_| ERRO)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn survives_the_way_through_a_link(numeros in prop::array::uniform3(0..=i64::MAX)) {
            prop_assert_eq!(Cursor(numeros).to_string().parse(), Ok(Cursor(numeros)));
        }

        #[test]
        fn no_text_makes_it_panic(texto in "\\PC*") {
            let _ = texto.parse::<Cursor<3>>();
        }
    }

    #[test]
    fn another_lists_cursor_is_refused() {
        assert!(Cursor([1, 2, 3]).to_string().parse::<Cursor<1>>().is_err());
        assert!("-1".parse::<Cursor<1>>().is_err());
    }
}
