//! What was sold, by hour, day, product and means of payment. Double entry's cash view: money counts when it moves.
//!
//! - **A sale** is an order whose money came in: by QR code, in cash or by the card machine. It counts once, with what its
//!   lines come to, at the moment at which the log says so (`pagamento`, out of Enviado or Recusado). An order without
//!   payment is none, and one that is cancelled after its payment stays one.
//! - **What was given back** counts at the moment at which the log says that it goes back (`valor_reembolsado` grows), in
//!   part or in whole, whenever the sale was. So a day that is over stays as it was, and what is left of a day may be less
//!   than nothing. Where a provider at last refuses to give it back, it is taken off again at that moment.
//! - Money that came twice for one order is no sale: it goes back by its charge, and never was the order's.
//! - Over all days: `vendido` is what the orders come to that were paid, `devolvido` the sum of their `valor_reembolsado`.
//! - Money goes back for an order and not for its lines: products show what was sold, and their sum is `vendido`.
//! - Of orders of the system that Ambrosia replaced no payment is in the log: they count when they came in. An event of a
//!   version before 0.1.0 does not say how much went back: the order does, and it counts at the last of them.
//!
//! Days and hours are those of the restaurant's clock. Tested below and by `tests/api/sales.rs`.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    data_hora::{DataHora, SAO_PAULO},
    dinheiro::Dinheiro,
    horario::Data,
    pedido::Meio,
};

/// Days of a period at most: a year.
pub const DIAS_MAX: i32 = 366;

/// Whole days of the restaurant, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Periodo {
    de: Date,
    ate: Date,
}

impl Periodo {
    /// From one day to another; what is wrong with it, in Portuguese.
    pub fn new(de: Date, ate: Date) -> Result<Periodo, &'static str> {
        let days = de.until(ate).map_err(|_| "está fora do calendário")?.get_days();
        match days {
            ..0 => Err("deve ser no dia de «de» ou depois"),
            DIAS_MAX.. => Err("deve ser menos de 366 dias depois de «de»"),
            _ if de.year() < 1970 || ate.year() > 9998 => Err("está fora do calendário"),
            _ => Ok(Periodo { de, ate }),
        }
    }

    /// Its first day.
    pub fn de(self) -> Date {
        self.de
    }

    /// Its last day.
    pub fn ate(self) -> Date {
        self.ate
    }

    /// When it begins, and when what follows it does.
    pub fn bounds(self) -> (DataHora, DataHora) {
        let start = |day: Date| DataHora::of_civil(day.at(0, 0, 0, 0), &SAO_PAULO).unwrap_or(DataHora::LAST);
        (start(self.de), self.ate.tomorrow().map_or(DataHora::LAST, start))
    }

    /// Its days, in order.
    pub fn days(self) -> impl Iterator<Item = Date> {
        self.de.series(1.day()).take_while(move |day| *day <= self.ate)
    }
}

/// Sales of an hour by one means of payment.
#[derive(Clone, Copy, Debug)]
pub struct Entrada {
    /// Any moment of the hour. The clock of São Paulo is whole hours from UTC, so an hour there is one here.
    pub hora: DataHora,
    pub meio: Option<Meio>,
    pub pedidos: i64,
    pub valor: Dinheiro,
}

/// Money that went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saida {
    pub quando: DataHora,
    pub meio: Option<Meio>,
    pub valor: Dinheiro,
}

/// An event of an order by which money goes back.
#[derive(Clone, Copy, Debug)]
pub struct Passo {
    pub quando: DataHora,
    pub meio: Option<Meio>,
    /// What has gone back in all, behind it; `None` where the event does not say.
    pub total: Option<Dinheiro>,
    /// It is of a version that did not say.
    pub antigo: bool,
}

/// Sales of a product.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProdutoVendido {
    /// Null for what the system before has deleted.
    #[schema(minimum = 1, example = 3)]
    pub produto: Option<i64>,
    /// As the menu has it now, also where it was withdrawn.
    #[schema(example = "Misto Quente na Chapa")]
    pub nome: String,
    #[schema(example = 5)]
    pub quantidade: i64,
    pub vendido: Dinheiro,
}

/// What was found of a period.
#[derive(Clone, Debug, Default)]
pub struct Movimento {
    pub entradas: Vec<Entrada>,
    pub saidas: Vec<Saida>,
    pub produtos: Vec<ProdutoVendido>,
}

/// Orders and their money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Valores {
    /// Orders whose money came in.
    #[schema(minimum = 0, example = 12)]
    pub pedidos: i64,
    /// What came in.
    pub vendido: Dinheiro,
    /// What went back.
    #[schema(value_type = f64, example = 6.5)]
    pub devolvido: Dinheiro,
    /// What is left; less than nothing where more went back.
    #[schema(value_type = f64, example = 221.5)]
    pub liquido: Dinheiro,
}

/// Of one means of payment.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct PorMeio {
    /// Null where it is not known.
    #[schema(value_type = Option<String>, example = "qr")]
    pub meio: Option<Meio>,
    #[serde(flatten)]
    #[schema(inline)]
    pub valores: Valores,
}

/// Of one hour of the clock, over all days.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct PorHora {
    #[schema(minimum = 0, maximum = 23, example = 19)]
    pub hora: i8,
    #[serde(flatten)]
    #[schema(inline)]
    pub valores: Valores,
}

/// Of one day.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct PorDia {
    #[schema(value_type = String, format = Date, example = "2026-11-29")]
    pub dia: Data,
    #[serde(flatten)]
    #[schema(inline)]
    pub valores: Valores,
}

/// The sales of a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Vendas {
    #[schema(value_type = String, format = Date, example = "2026-11-01")]
    pub de: Data,
    #[schema(value_type = String, format = Date, example = "2026-11-30")]
    pub ate: Data,
    #[serde(flatten)]
    #[schema(inline)]
    pub total: Valores,
    /// All ways to pay, and null where there is any such.
    pub por_meio: Vec<PorMeio>,
    /// All 24.
    pub por_hora: Vec<PorHora>,
    /// Each day, also without a sale.
    pub por_dia: Vec<PorDia>,
    /// Of which most was sold first.
    pub por_produto: Vec<ProdutoVendido>,
}

const MEIOS: [Option<Meio>; 4] = [Some(Meio::Qr), Some(Meio::Dinheiro), Some(Meio::Maquininha), None];

impl Vendas {
    /// Adds up what was found.
    pub fn of(periodo: Periodo, found: Movimento) -> Vendas {
        let mut total = Valores::default();
        let mut hours = [Valores::default(); 24];
        let mut days: BTreeMap<Date, Valores> = periodo.days().map(|day| (day, Valores::default())).collect();
        let mut ways = MEIOS.map(|meio| (meio, Valores::default()));
        let mut add = |when: DataHora, meio: Option<Meio>, valores: Valores| {
            let local = when.civil(&SAO_PAULO);
            let hour = usize::try_from(local.hour()).ok().and_then(|hour| hours.get_mut(hour));
            let way = ways.iter_mut().find(|(way, _)| *way == meio).map(|(_, valores)| valores);
            let places = [Some(&mut total), hour, days.get_mut(&local.date()), way];
            places.into_iter().flatten().for_each(|place| place.add(valores));
        };
        for Entrada { hora, meio, pedidos, valor } in found.entradas {
            add(hora, meio, Valores::new(pedidos, valor, Dinheiro::default()));
        }
        for Saida { quando, meio, valor } in found.saidas {
            add(quando, meio, Valores::new(0, Dinheiro::default(), valor));
        }
        let mut por_produto = found.produtos;
        por_produto.sort_by(|a, b| b.vendido.cmp(&a.vendido).then_with(|| a.nome.cmp(&b.nome)));
        let is_known =
            |(meio, valores): &(Option<Meio>, Valores)| meio.is_some() || *valores != Valores::default();
        Vendas {
            de: periodo.de.into(),
            ate: periodo.ate.into(),
            total,
            por_meio: ways
                .into_iter()
                .filter(is_known)
                .map(|(meio, valores)| PorMeio { meio, valores })
                .collect(),
            por_hora: (0..).zip(hours).map(|(hora, valores)| PorHora { hora, valores }).collect(),
            por_dia: days.into_iter().map(|(dia, valores)| PorDia { dia: dia.into(), valores }).collect(),
            por_produto,
        }
    }
}

impl ProdutoVendido {
    /// More of the same.
    pub fn add(&mut self, more: &ProdutoVendido) {
        self.quantidade += more.quantidade;
        self.vendido = [self.vendido, more.vendido].into_iter().sum();
    }
}

impl Valores {
    fn new(pedidos: i64, vendido: Dinheiro, devolvido: Dinheiro) -> Valores {
        Valores { pedidos, vendido, devolvido, liquido: vendido.less(devolvido) }
    }

    fn add(&mut self, more: Valores) {
        let sum = |a: Dinheiro, b: Dinheiro| [a, b].into_iter().sum();
        let (vendido, devolvido) = (sum(self.vendido, more.vendido), sum(self.devolvido, more.devolvido));
        *self = Valores::new(self.pedidos + more.pedidos, vendido, devolvido);
    }
}

/// What went back by each of these events of one order, which are in the order of the log. `total` is what has gone back of
/// the order in all, as it stands.
pub fn went_back(passos: &[Passo], total: Dinheiro) -> Vec<Saida> {
    let said = passos.iter().rposition(|passo| passo.total.is_some());
    let unsaid = passos.iter().rposition(|passo| passo.antigo && passo.total.is_none());
    // The last word is of a version that did not say how much.
    let last = unsaid.filter(|_| unsaid > said);
    let mut gone = Dinheiro::default();
    let mut saidas = Vec::new();
    for (place, passo) in passos.iter().enumerate() {
        let Some(now) = passo.total.or((Some(place) == last).then_some(total)) else { continue };
        if now != gone {
            saidas.push(Saida { quando: passo.quando, meio: passo.meio, valor: now.less(gone) });
        }
        gone = now;
    }
    saidas
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DataHora {
        text.parse().unwrap()
    }

    fn reais(text: &str) -> Dinheiro {
        Dinheiro::de_sql(text).unwrap()
    }

    #[test]
    fn a_period_is_of_whole_days_and_a_year_at_most() {
        let bounds = |de, ate| Periodo::new(date(de), date(ate)).unwrap().bounds();
        assert_eq!(
            bounds("2026-11-29", "2026-11-30"),
            (at("2026-11-29T03:00:00Z"), at("2026-12-01T03:00:00Z"))
        );
        // A summer in which the clocks were ahead, from a day without its first hour.
        assert_eq!(
            bounds("2018-11-04", "2018-11-04"),
            (at("2018-11-04T03:00:00Z"), at("2018-11-05T02:00:00Z"))
        );
        assert!(Periodo::new(date("2024-01-01"), date("2024-12-31")).is_ok());
        assert!(Periodo::new(date("2024-01-01"), date("2025-01-01")).is_err());
        assert!(Periodo::new(date("2024-01-02"), date("2024-01-01")).is_err());
        assert!(Periodo::new(date("-009999-01-02"), date("9999-12-31")).is_err());
        assert!(Periodo::new(date("9999-12-31"), date("9999-12-31")).is_err());
    }

    #[test]
    fn money_counts_on_the_day_and_in_the_hour_in_which_it_moved() {
        let periodo = Periodo::new(date("2026-11-28"), date("2026-11-30")).unwrap();
        let entrada = |hora, valor| Entrada { hora: at(hora), meio: None, pedidos: 1, valor: reais(valor) };
        let saida = Saida { quando: at("2026-11-30T15:30:00Z"), meio: Some(Meio::Qr), valor: reais("12.00") };
        let entradas =
            vec![entrada("2026-11-29T02:00:00Z", "10.10"), entrada("2026-11-29T03:00:00Z", "0.05")];
        let v = Vendas::of(periodo, Movimento { entradas, saidas: vec![saida], produtos: Vec::new() });
        let left: Vec<String> = v.por_dia.iter().map(|d| d.valores.liquido.to_string()).collect();
        assert_eq!(left, ["10.10", "0.05", "-12.00"]);
        assert_eq!((v.por_hora[23].valores.pedidos, v.por_hora[0].valores.pedidos), (1, 1));
        assert_eq!(v.por_hora[12].valores.devolvido, reais("12.00"));
        let ways: Vec<_> = v.por_meio.iter().map(|m| (m.meio, m.valores.liquido.to_string())).collect();
        assert_eq!(ways[0], (Some(Meio::Qr), "-12.00".to_owned()));
        assert_eq!(ways[3], (None, "10.15".to_owned()));
        assert_eq!(v.total.liquido, reais("-1.85"));
    }

    #[test]
    fn what_goes_back_is_told_by_totals() {
        let passo = |quando, total: Option<&str>, antigo| Passo {
            quando: at(quando),
            meio: None,
            total: total.map(reais),
            antigo,
        };
        let (one, two, three) = ("2026-11-29T10:00:00Z", "2026-11-29T11:00:00Z", "2026-11-29T12:00:00Z");
        let sums = |passos: &[Passo], total| {
            went_back(passos, reais(total)).iter().map(|s| s.valor.to_string()).collect::<Vec<_>>()
        };
        let parts = [
            passo(one, Some("1.50"), false),
            passo(two, Some("1.50"), false),
            passo(three, Some("4.00"), false),
        ];
        assert_eq!(sums(&parts, "4.00"), ["1.50", "2.50"]);
        // The provider refused.
        assert_eq!(
            sums(&[passo(one, Some("1.50"), false), passo(two, Some("0.00"), false)], "0.00"),
            ["1.50", "-1.50"]
        );
        // Older versions did not say how much.
        assert_eq!(sums(&[passo(one, None, true), passo(two, None, true)], "8.00"), ["8.00"]);
        assert_eq!(sums(&[passo(one, None, true), passo(two, Some("8.00"), false)], "8.00"), ["8.00"]);
        assert_eq!(sums(&[passo(one, Some("8.00"), false), passo(two, None, false)], "8.00"), ["8.00"]);
    }

    proptest! {
        #[test]
        fn every_way_to_cut_it_comes_to_the_same(
            entradas in proptest::collection::vec((0..72_i64, 0..4_usize, 0..100_000_i64), 0..40),
            saidas in proptest::collection::vec((0..259_200_i64, 0..4_usize, -500..50_000_i64), 0..40),
        ) {
            let periodo = Periodo::new(date("2026-11-28"), date("2026-11-30")).unwrap();
            let (start, _) = periodo.bounds();
            let entradas: Vec<_> = entradas.into_iter().map(|(hour, meio, valor)| Entrada {
                hora: start.mais(hour * 3600), meio: MEIOS[meio], pedidos: 1, valor: Dinheiro::de_centavos(valor),
            }).collect();
            let saidas: Vec<_> = saidas.into_iter().map(|(second, meio, valor)| Saida {
                quando: start.mais(second), meio: MEIOS[meio], valor: Dinheiro::de_centavos(valor),
            }).collect();
            let sold: Dinheiro = entradas.iter().map(|e| e.valor).sum();
            let gone: Dinheiro = saidas.iter().map(|s| s.valor).sum();
            let whole = Valores::new(entradas.len() as i64, sold, gone);
            let v = Vendas::of(periodo, Movimento { entradas, saidas, produtos: Vec::new() });
            let sum = |all: Vec<Valores>| all.into_iter().fold(Valores::default(), |mut a, b| { a.add(b); a });
            prop_assert_eq!(v.total, whole);
            prop_assert_eq!(sum(v.por_hora.iter().map(|p| p.valores).collect()), whole);
            prop_assert_eq!(sum(v.por_dia.iter().map(|p| p.valores).collect()), whole);
            prop_assert_eq!(sum(v.por_meio.iter().map(|p| p.valores).collect()), whole);
        }
    }
}
