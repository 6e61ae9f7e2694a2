//! Points on two axes of the same unit, with the diagonal on which both are equal.
//!
//! Both axes have one scale, so that above and below the diagonal means the same everywhere. Where the largest is a
//! hundred times the middle one, the scale is of orders of magnitude: else all but a few would lie in one corner.

use maud::{Markup, html};

use super::{ALL, Meaning, Percent, Scale};
use crate::look::{Amount, Unit};

/// Where the plot begins and ends.
const TOP: i64 = 500;
const BOTTOM: i64 = 8_750;
/// From where on an amount would stand in the name of the upward axis.
const NAME_FROM: i64 = 9_300;
/// How often the middle one goes into the largest, from which on orders of magnitude are shown.
const WIDE_FROM: i128 = 20;
/// Thousandths of a binary order that fall into nothing: amounts below share the lowest place.
const ORDERS_MAX: i128 = 20_000;

/// A chart of points.
pub(crate) struct Scatter<'a> {
    /// What it says, for who cannot see it.
    pub(crate) described: &'a str,
    pub(crate) points: Vec<Point>,
    pub(crate) unit: Unit,
    /// What lies to the right, and what above.
    pub(crate) across: &'a str,
    pub(crate) upwards: &'a str,
    /// What the diagonal is.
    pub(crate) diagonal: &'a str,
}

/// One point.
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) x: Amount,
    pub(crate) y: Amount,
    pub(crate) meaning: Meaning,
    /// What pointing at it says besides.
    pub(crate) says: String,
    pub(crate) href: Option<String>,
}

/// From amounts to shares of an axis.
enum Axis {
    Linear(Scale),
    /// Thousandths of a binary order, from the lowest to the highest that is shown.
    Orders {
        low: i128,
        high: i128,
        ticks: Vec<Amount>,
    },
}

impl Scatter<'_> {
    /// The drawing.
    pub(crate) fn draw(&self) -> Markup {
        let axis = Axis::holding(self.points.iter().flat_map(|point| [point.x, point.y]).collect());
        let x = |amount| Percent(axis.place(amount));
        let y = |amount| Percent(BOTTOM - axis.place(amount) * (BOTTOM - TOP) / ALL);
        html! {
            svg class="plot scatter" role="group" aria-label=(self.described) {
                @for tick in axis.ticks() {
                    line.grid x1="0" x2="100%" y1=(y(tick)) y2=(y(tick)) {}
                    line.grid x1=(x(tick)) x2=(x(tick)) y1=(Percent(TOP)) y2=(Percent(BOTTOM)) {}
                }
                line.diagonal x1="0" y1=(Percent(BOTTOM)) x2="100%" y2=(Percent(TOP)) {}
                text.label.end x="100%" y=(Percent(TOP)) dy="-4" { (self.diagonal) }
                @for point in &self.points { (point.draw(x(point.x), y(point.y), self.unit, self.across, self.upwards)) }
                @for (at, tick) in axis.ticks().into_iter().enumerate() {
                    @if at > 0 {
                        // Where the axis has its name there is no room for an amount.
                        @if axis.place(tick) < NAME_FROM { text.tick x="0" y=(y(tick)) dy="-3" { (self.unit.short(tick)) } }
                        text class={ "time" @if at % 2 == 0 { " wide" } } x=(x(tick)) y=(Percent(BOTTOM)) dy="14" { (self.unit.short(tick)) }
                    }
                }
                text.tick x="0" y=(Percent(TOP)) dy="-4" { (self.upwards) " ↑" }
                text.across x="100%" y="100%" dy="-2" { (self.across) " →" }
            }
        }
    }
}

impl Point {
    fn draw(&self, x: Percent, y: Percent, unit: Unit, across: &str, upwards: &str) -> Markup {
        let drawn = html! {
            circle class={ "dot " (self.meaning.class()) } r="4.5" cx=(x) cy=(y) {
                title {
                    (self.name) "\n" (across) ": " (unit.exact(self.x)) "\n" (upwards) ": " (unit.exact(self.y))
                    @if !self.says.is_empty() { "\n" (self.says) }
                }
            }
        };
        // The table behind leads to the same by keyboard.
        match &self.href {
            Some(href) => html! { a href=(href) tabindex="-1" aria-hidden="true" { (drawn) } },
            None => drawn,
        }
    }
}

impl Axis {
    fn holding(mut amounts: Vec<Amount>) -> Self {
        amounts.retain(|amount| *amount > Amount::ZERO);
        amounts.sort_unstable();
        let (least, middle, most) = (amounts.first(), amounts.get(amounts.len() / 2), amounts.last());
        match (least, middle, most) {
            (Some(least), Some(middle), Some(most)) if most.0 / middle.0 >= WIDE_FROM => {
                let high = order(*most);
                let low = order(*least).max(high - ORDERS_MAX);
                let room = (high - low) / 20 + 1;
                Self::orders(low - room, high + room)
            }
            _ => Self::Linear(Scale::holding(amounts, 0, ALL)),
        }
    }

    fn orders(low: i128, high: i128) -> Self {
        let mut ticks = Vec::new();
        let mut power: i128 = 1;
        while let Some(next) = power.checked_mul(10) {
            if (low..=high).contains(&order(Amount(power))) {
                ticks.push(Amount(power));
            }
            power = next;
        }
        ticks.insert(0, Amount::ZERO);
        Self::Orders { low, high, ticks }
    }

    fn place(&self, amount: Amount) -> i64 {
        match self {
            Self::Linear(scale) => scale.place(amount),
            Self::Orders { low, high, .. } => {
                let within = order(amount).clamp(*low, *high) - low;
                i64::try_from(within * i128::from(ALL) / (high - low).max(1)).unwrap_or_default()
            }
        }
    }

    fn ticks(&self) -> Vec<Amount> {
        match self {
            Self::Linear(scale) => scale.ticks().collect(),
            Self::Orders { ticks, .. } => ticks.clone(),
        }
    }
}

/// The binary order of an amount in thousandths; the places between two powers are spaced evenly in the amount. Nothing,
/// and less than nothing, is below all others.
fn order(amount: Amount) -> i128 {
    if amount.0 <= 0 {
        return i128::MIN / 4;
    }
    let whole = amount.0.ilog2();
    let power = 1_i128 << whole;
    let between = amount.0.saturating_sub(power).saturating_mul(1_000) / power;
    i128::from(whole) * 1_000 + between
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::Currency;

    fn point(name: &str, x: i64, y: i64) -> Point {
        Point {
            name: name.into(),
            x: Amount::whole(x),
            y: Amount::whole(y),
            meaning: if x < y { Meaning::Cost } else { Meaning::Revenue },
            says: String::new(),
            href: Some(format!("customers/{name}")),
        }
    }

    #[test]
    fn points_lie_on_their_side_of_the_diagonal() {
        for points in [vec![(10, 4), (3, 9), (8, 8)], vec![(1, 2), (2, 1), (3, 2), (5_000, 10)]] {
            let axis = Axis::holding(
                points.iter().flat_map(|(x, y)| [Amount::whole(*x), Amount::whole(*y)]).collect(),
            );
            for (x, y) in points {
                let (across, up) = (axis.place(Amount::whole(x)), axis.place(Amount::whole(y)));
                assert_eq!(across.cmp(&up), x.cmp(&y), "{x} {y}");
                assert!((0..=ALL).contains(&across));
            }
        }
    }

    #[test]
    fn nothing_and_less_are_lowest_and_ticks_are_powers_of_ten() {
        let axis = Axis::holding(vec![Amount::whole(1), Amount::whole(1), Amount::whole(1_000)]);
        assert_eq!((axis.place(Amount::ZERO), axis.place(Amount::whole(-5))), (0, 0));
        let ticks = axis.ticks();
        assert_eq!(
            ticks[1..],
            [Amount::whole(1), Amount::whole(10), Amount::whole(100), Amount::whole(1_000)]
        );
    }

    #[test]
    fn drawing_names_axes_and_diagonal_and_leads_to_points() {
        let chart = Scatter {
            described: "Revenue and cost of customers",
            points: vec![point("a<b", 10, 4), point("c", 3, 9)],
            unit: Unit::Money(Currency::of("usd")),
            across: "Revenue",
            upwards: "Cost",
            diagonal: "break-even",
        };
        insta::assert_snapshot!(chart.draw().0.replace("><", ">\n<"));
    }
}
