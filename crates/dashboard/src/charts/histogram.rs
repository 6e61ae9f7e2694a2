//! How often each amount occurs, with the quantiles that are named.

use maud::{Markup, html};

use super::scale::round_step;
use super::{ALL, Meaning, Percent, Scale};
use crate::look::{Amount, Unit};

/// Where the plot begins and ends, from the top.
const TOP: i64 = 1_300;
const BOTTOM: i64 = 8_750;
/// About how many bins there are.
const BINS_ABOUT: i128 = 24;
/// The largest in a hundred may be far out: beyond so many times the quantile there is one bin for all.
const FAR_OUT: i128 = 2;
/// Labels of the axis below.
const LABELS_MAX: usize = 6;

/// A chart of bins.
pub(crate) struct Histogram<'a> {
    /// What it says, for who cannot see it.
    pub(crate) described: &'a str,
    pub(crate) bins: Vec<Bin>,
    pub(crate) quantiles: Vec<Quantile>,
    pub(crate) unit: Unit,
    pub(crate) meaning: Meaning,
    /// Where each bin leads; none where they lead nowhere.
    pub(crate) hrefs: Vec<String>,
}

/// Amounts from `from` (included) to `to` (excluded); the last one has all above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bin {
    pub(crate) from: Amount,
    pub(crate) to: Amount,
    pub(crate) count: i64,
}

/// The amount that so many in a hundred do not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quantile {
    pub(crate) percent: usize,
    pub(crate) amount: Amount,
}

impl Quantile {
    /// Of amounts in order: the smallest one that is no less than `percent` in a hundred of them.
    pub(crate) fn of(sorted: &[Amount], percent: usize) -> Option<Self> {
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).map(|amount| Self { percent, amount: *amount })
    }

    /// `p90`
    pub(crate) fn name(&self) -> String {
        format!("p{}", self.percent)
    }
}

/// Bins of round width over amounts in order.
pub(crate) fn bins(sorted: &[Amount]) -> Vec<Bin> {
    let (Some(least), Some(most)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let most_usual = Quantile::of(sorted, 99).map_or(*most, |usual| usual.amount);
    let high = most.0.min(most_usual.0.saturating_mul(FAR_OUT).max(least.0));
    let width = round_step(((high - least.0) / BINS_ABOUT).max(1));
    let begin = least.0.div_euclid(width) * width;
    let count = usize::try_from((high - begin) / width + 1).unwrap_or(1);
    let edge = |at: usize| Amount(begin + i128::try_from(at).unwrap_or_default() * width);
    let mut bins: Vec<Bin> =
        (0..count).map(|at| Bin { from: edge(at), to: edge(at + 1), count: 0 }).collect();
    for amount in sorted {
        let at = usize::try_from((amount.0 - begin) / width).unwrap_or_default().min(count - 1);
        bins[at].count += 1;
    }
    bins
}

impl Histogram<'_> {
    /// The drawing.
    pub(crate) fn draw(&self) -> Markup {
        let scale = Scale::holding(self.bins.iter().map(|bin| Amount::whole(bin.count)), BOTTOM, TOP);
        let width = ALL / i64::try_from(self.bins.len()).unwrap_or(ALL).max(1);
        let gap = (width / 8).min(40);
        html! {
            svg.plot role="group" aria-label=(self.described) {
                @for tick in scale.ticks() {
                    @let y = Percent(scale.place(tick));
                    line class=(if tick == Amount::ZERO { "zero" } else { "grid" }) x1="0" x2="100%" y1=(y) y2=(y) {}
                }
                @for (at, bin) in self.bins.iter().enumerate() {
                    @let y = scale.place(Amount::whole(bin.count));
                    @let column = html! {
                        rect class={ "column " (self.meaning.class()) } x=(Percent(self.edge(at) + gap / 2))
                            width=(Percent((self.edge(at + 1) - self.edge(at) - gap).max(8))) y=(Percent(y)) height=(Percent(BOTTOM - y)) {
                            title { (self.says(at, bin)) }
                        }
                    };
                    @match self.hrefs.get(at) {
                        Some(href) if bin.count > 0 => a href=(href) tabindex="-1" aria-hidden="true" { (column) },
                        _ => (column),
                    }
                }
                @for (at, quantile) in self.quantiles.iter().enumerate() { (self.mark(quantile, at)) }
                @for tick in scale.ticks() {
                    text.tick x="0" y=(Percent(scale.place(tick))) dy="-3" { (Unit::Count.short(tick)) }
                }
                (self.labels())
            }
        }
    }

    fn says(&self, at: usize, bin: &Bin) -> String {
        let count = Unit::Count.exact(Amount::whole(bin.count));
        let from = self.unit.exact(bin.from);
        if at + 1 == self.bins.len() {
            return format!("{from} and more: {count}");
        }
        format!("{from} – {}: {count}", self.unit.exact(bin.to))
    }

    fn edge(&self, at: usize) -> i64 {
        let count = i64::try_from(self.bins.len()).unwrap_or(ALL).max(1);
        i64::try_from(at).unwrap_or(ALL) * ALL / count
    }

    /// Where an amount lies on the axis below.
    fn place(&self, amount: Amount) -> i64 {
        let (Some(first), Some(last)) = (self.bins.first(), self.bins.last()) else { return 0 };
        let length = (last.to.0 - first.from.0).max(1);
        let within = (amount.0 - first.from.0).clamp(0, length);
        i64::try_from(within.saturating_mul(i128::from(ALL)) / length).unwrap_or_default()
    }

    fn mark(&self, quantile: &Quantile, at: usize) -> Markup {
        let x = self.place(quantile.amount);
        // Labels of neighbours stand on different heights.
        let y = 350 + i64::try_from(at % 3).unwrap_or_default() * 450;
        let is_right = x > ALL * 3 / 4;
        html! {
            line.mark x1=(Percent(x)) x2=(Percent(x)) y1=(Percent(y)) y2=(Percent(BOTTOM)) {}
            text class={ "mark" @if is_right { " end" } } x=(Percent(x)) y=(Percent(y)) dx=(if is_right { "-4" } else { "4" }) {
                (quantile.name()) " " (self.unit.short(quantile.amount))
                title { (quantile.percent) " in 100 do not exceed " (self.unit.exact(quantile.amount)) }
            }
        }
    }

    fn labels(&self) -> Markup {
        let every = self.bins.len().div_ceil(LABELS_MAX).max(1);
        html! {
            @for (at, bin) in self.bins.iter().enumerate().step_by(every) {
                @let class = match at / every { 0 => "time first", place if place % 2 == 1 => "time wide", _ => "time" };
                text class=(class) x=(Percent(self.edge(at))) y="100%" dy="-4" { (self.unit.short(bin.from)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::Currency;

    fn amounts(units: &[i64]) -> Vec<Amount> {
        units.iter().map(|units| Amount::whole(*units)).collect()
    }

    #[test]
    fn quantile_is_the_smallest_that_enough_do_not_exceed() {
        let hundred = amounts(&(1..=100).collect::<Vec<_>>());
        for (percent, expected) in [(50, 50), (90, 90), (99, 99), (100, 100)] {
            assert_eq!(Quantile::of(&hundred, percent).expect("one").amount, Amount::whole(expected));
        }
        let three = amounts(&[1, 2, 9]);
        for (percent, expected) in [(50, 2), (90, 9), (1, 1)] {
            assert_eq!(Quantile::of(&three, percent).expect("one").amount, Amount::whole(expected));
        }
        assert_eq!(Quantile::of(&[], 50), None);
    }

    #[test]
    fn every_amount_is_in_one_bin_and_what_is_far_out_in_the_last() {
        let mut many = vec![Amount::whole(10); 300];
        many.extend(amounts(&[15, 20, 9_000]));
        let made = bins(&many);
        assert_eq!(made.iter().map(|bin| bin.count).sum::<i64>(), 303);
        assert!(made.len() <= 26, "{}", made.len());
        assert_eq!((made[0].from, made[0].count), (Amount::whole(10), 300));
        assert_eq!(made.last().expect("one").count, 2, "20 and 9,000");
        for (sorted, expected) in
            [(amounts(&[]), 0), (amounts(&[0]), 1), (amounts(&[7, 7]), 1), (amounts(&[0, 0, 5]), 11)]
        {
            assert_eq!(bins(&sorted).len(), expected, "{sorted:?}");
        }
    }

    #[test]
    fn drawing_marks_the_quantiles() {
        let sorted = amounts(&[1, 2, 2, 3, 3, 3, 8]);
        let chart = Histogram {
            described: "Costs",
            bins: bins(&sorted).into_iter().step_by(8).collect(),
            quantiles: [50, 90].into_iter().filter_map(|percent| Quantile::of(&sorted, percent)).collect(),
            unit: Unit::Money(Currency::of("usd")),
            meaning: Meaning::Cost,
            hrefs: vec!["?bin=1".to_owned()],
        };
        insta::assert_snapshot!(chart.draw().0.replace("><", ">\n<"));
    }
}
