//! A bar chart as a template draws it in SVG, with attributes only: the policy of the pages allows no inline style.

use crate::domain::dinheiro::Dinheiro;

/// Width and height of a chart, in its own units; bars stand on `FLOOR`, names under it.
const WIDTH: i64 = 480;
const FLOOR: i64 = 140;
/// Of the bars, of the width that each has.
const FILLED_PERCENT: i64 = 70;

/// An amount with its name.
pub struct Bar {
    /// Below it; may be empty.
    pub label: String,
    /// What it says when it is pointed at.
    pub title: String,
    pub amount: Dinheiro,
}

/// A bar as it is drawn.
pub struct Drawn {
    pub x: i64,
    pub y: i64,
    pub width: i64,
    pub height: i64,
    /// Where the name stands, centred.
    pub middle: i64,
    pub bar: Bar,
}

/// Bars side by side.
pub struct Chart {
    pub bars: Vec<Drawn>,
}

impl Chart {
    /// As high as their amounts; the highest takes all the height, and one that is not nothing can be seen.
    pub fn of(bars: impl Iterator<Item = Bar>) -> Chart {
        let bars: Vec<Bar> = bars.collect();
        let most = bars.iter().map(|bar| bar.amount).max().unwrap_or_default();
        let step = WIDTH / i64::try_from(bars.len()).unwrap_or(WIDTH).clamp(1, WIDTH);
        let width = (step * FILLED_PERCENT / 100).max(1);
        let drawn = |(place, bar): (i64, Bar)| {
            let height = part(bar.amount, most, FLOOR - 10);
            let x = place * step + (step - width) / 2;
            Drawn { x, y: FLOOR - height, width, height, middle: place * step + step / 2, bar }
        };
        Chart { bars: (0..).zip(bars).map(drawn).collect() }
    }
}

/// The width of a bar of a hundred that lies.
pub fn width_of(amount: Dinheiro, most: Dinheiro) -> String {
    part(amount, most, 100).to_string()
}

fn part(amount: Dinheiro, most: Dinheiro, whole: i64) -> i64 {
    if amount.centavos() <= 0 || most.centavos() <= 0 {
        return 0;
    }
    let part = i128::from(amount.centavos()) * i128::from(whole) / i128::from(most.centavos());
    i64::try_from(part).unwrap_or(whole).clamp(1, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_amounts() {
        let bar = |centavos| Bar {
            label: String::new(),
            title: String::new(),
            amount: Dinheiro::de_centavos(centavos),
        };
        let chart = Chart::of([0, 1, 50_000, 100_000, i64::MAX].into_iter().take(4).map(bar));
        let heights: Vec<i64> = chart.bars.iter().map(|b| b.height).collect();
        assert_eq!(heights, [0, 1, 65, 130]);
        assert!(chart.bars.windows(2).all(|two| two[0].x + two[0].width <= two[1].x));
        assert!(Chart::of([-5, 0].into_iter().map(bar)).bars.iter().all(|b| b.height == 0));
        assert_eq!(width_of(Dinheiro::de_centavos(i64::MAX), Dinheiro::de_centavos(i64::MAX)), "100");
        assert!(Chart::of(std::iter::empty()).bars.is_empty());
    }
}
