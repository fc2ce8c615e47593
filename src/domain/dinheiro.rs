//! Money as whole centavos. It is read from and written as decimal text, so that no binary float is ever between.

use std::{fmt, iter::Sum, str::FromStr};

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;

/// An amount in centavos of real. What comes in is never negative; what the original stored may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Dinheiro(i64);

/// What `DECIMAL(7,2)`, the original's column for a price, can hold.
pub const PRECO_MAXIMO: Dinheiro = Dinheiro(9_999_999);

impl Dinheiro {
    /// The amount in centavos.
    pub fn centavos(self) -> i64 {
        self.0
    }

    /// Of so many centavos.
    pub fn de_centavos(centavos: i64) -> Dinheiro {
        Dinheiro(centavos)
    }

    /// The difference, which may be less than nothing.
    pub fn less(self, other: Dinheiro) -> Dinheiro {
        Dinheiro(self.0.saturating_sub(other.0))
    }

    /// As stored, where the original let a sign in.
    pub fn de_sql(texto: &str) -> Option<Dinheiro> {
        match texto.strip_prefix('-') {
            Some(positivo) => positivo.parse().ok().map(|Dinheiro(centavos)| Dinheiro(-centavos)),
            None => texto.parse().ok(),
        }
    }

    /// For people, in Portuguese: `R$ 1.234,56`.
    pub fn em_reais(self) -> String {
        let sinal = if self.0 < 0 { "-" } else { "" };
        let (reais, centavos) = ((self.0.unsigned_abs() / 100).to_string(), self.0.unsigned_abs() % 100);
        let mut milhares = String::new();
        for (n, digito) in reais.chars().enumerate() {
            if n > 0 && (reais.len() - n).is_multiple_of(3) {
                milhares.push('.');
            }
            milhares.push(digito);
        }
        format!("{sinal}R$ {milhares},{centavos:02}")
    }

    /// What is left of it; less than nothing is nothing.
    pub fn menos(self, outro: Dinheiro) -> Dinheiro {
        Dinheiro(self.0.saturating_sub(outro.0).max(0))
    }

    /// `None` when the product does not fit, which no valid price and quantity reach.
    pub fn vezes(self, quantidade: i64) -> Option<Dinheiro> {
        self.0.checked_mul(quantidade).map(Dinheiro)
    }

    /// As a person types it: `20`, `20,5`, `20.50`, `R$ 1.234,50`.
    pub fn typed(text: &str) -> Result<Dinheiro, &'static str> {
        let text = text.trim().trim_start_matches("R$").trim_start();
        match (text.split_once(','), text.split_once('.')) {
            (Some((reais, centavos)), _) => format!("{}.{centavos}", reais.replace('.', "")).parse(),
            // Thousands, or a slip: nobody knows.
            (None, Some((_, fraction))) if fraction.len() > 2 => Err("deve ser como 20 ou 1.234,50"),
            _ => text.parse(),
        }
    }

    /// A price on the menu: more than nothing, and no more than a column holds.
    pub fn preco(texto: &str) -> Result<Dinheiro, &'static str> {
        match texto.parse() {
            Ok(valor) if valor > Dinheiro(0) && valor <= PRECO_MAXIMO => Ok(valor),
            _ => Err("Valor do produto inválido"),
        }
    }

    /// An amount to be given back: more than nothing.
    pub fn devolucao(texto: &str) -> Result<Dinheiro, &'static str> {
        match texto.parse() {
            Ok(valor) if valor > Dinheiro(0) => Ok(valor),
            _ => Err("O valor a devolver deve ser maior que zero, com no máximo duas casas decimais"),
        }
    }
}

/// Reads a plain decimal: digits, and at most two places that count (`15`, `15.2`, `15.20`, `15.200`).
impl FromStr for Dinheiro {
    type Err = &'static str;

    fn from_str(texto: &str) -> Result<Dinheiro, Self::Err> {
        const ERRO: &str = "deve ser um valor em reais com no máximo duas casas decimais";
        let (reais, fracao) = texto.split_once('.').unwrap_or((texto, "0"));
        let so_digitos = |parte: &str| !parte.is_empty() && parte.bytes().all(|b| b.is_ascii_digit());
        if !so_digitos(reais) || !so_digitos(fracao) {
            return Err(ERRO);
        }
        let (casas, sobra) = fracao.split_at(fracao.len().min(2));
        if sobra.bytes().any(|b| b != b'0') {
            return Err(ERRO);
        }
        let reais: i64 = reais.parse().map_err(|_| ERRO)?;
        let centavos: i64 = format!("{casas:0<2}").parse().map_err(|_| ERRO)?;
        reais.checked_mul(100).and_then(|r| r.checked_add(centavos)).map(Dinheiro).ok_or(ERRO)
    }
}

impl fmt::Display for Dinheiro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sinal = if self.0 < 0 { "-" } else { "" };
        let centavos = self.0.unsigned_abs();
        write!(f, "{sinal}{}.{:02}", centavos / 100, centavos % 100)
    }
}

impl Sum for Dinheiro {
    fn sum<I: Iterator<Item = Dinheiro>>(valores: I) -> Dinheiro {
        Dinheiro(valores.map(|v| v.0).sum())
    }
}

/// A JSON number, written digit by digit.
impl Serialize for Dinheiro {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_type_money_as_they_say_it() {
        let typed = |text| Dinheiro::typed(text).map(Dinheiro::centavos).ok();
        let all = ["20", " 20,5", "20.50", "R$ 1.234,50", "R$7", "0,07"].map(typed);
        assert_eq!(all, [2000, 2050, 2050, 123_450, 700, 7].map(Some));
        for wrong in ["", "1.234", "1.230", "-3", "20,505", "1,2,3", "vinte", "R$"] {
            assert_eq!(typed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn reads_plain_decimals_only() {
        for (texto, centavos) in
            [("15.2", 1520), ("15.20", 1520), ("15.200", 1520), ("15", 1500), ("0.01", 1), ("0", 0)]
        {
            assert_eq!(texto.parse(), Ok(Dinheiro(centavos)), "{texto}");
        }
        for texto in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "0.001", "15,20", "NaN", " 1", "99999999999999999999"]
        {
            assert!(texto.parse::<Dinheiro>().is_err(), "{texto}");
        }
    }

    #[test]
    fn people_read_it_as_they_write_it() {
        for (centavos, texto) in [
            (0, "R$ 0,00"),
            (1, "R$ 0,01"),
            (99_999, "R$ 999,99"),
            (123_456, "R$ 1.234,56"),
            (123_456_789, "R$ 1.234.567,89"),
            (-150, "-R$ 1,50"),
        ] {
            assert_eq!(Dinheiro(centavos).em_reais(), texto);
        }
    }

    #[test]
    fn a_price_is_more_than_nothing_and_fits_its_column() {
        assert!(Dinheiro::preco("0.01").is_ok() && Dinheiro::preco("99999.99").is_ok());
        assert!(Dinheiro::preco("0").is_err() && Dinheiro::preco("100000").is_err());
    }

    proptest! {
        #[test]
        fn survives_text_and_json(centavos in -i64::MAX..=i64::MAX) {
            let valor = Dinheiro(centavos);
            prop_assert_eq!(Dinheiro::de_sql(&valor.to_string()), Some(valor));
            prop_assert_eq!(valor.to_string().parse().ok(), Some(valor).filter(|_| centavos >= 0));
            prop_assert_eq!(serde_json::to_string(&valor).unwrap(), valor.to_string());
        }

        #[test]
        fn no_text_makes_it_panic(texto in "\\PC*") {
            let _ = texto.parse::<Dinheiro>();
        }

        #[test]
        fn a_total_is_the_sum_of_its_lines(linhas in prop::collection::vec((1..=PRECO_MAXIMO.0, 1..=999i64), 1..=100)) {
            let total: Dinheiro = linhas.iter().filter_map(|(p, q)| Dinheiro(*p).vezes(*q)).sum();
            prop_assert_eq!(total.centavos(), linhas.iter().map(|(p, q)| p * q).sum::<i64>());
        }
    }
}
