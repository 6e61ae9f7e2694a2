//! A dot for each row on one scale, perhaps with a range around it, against a line that it should reach.

use maud::{Markup, html};

use super::{Meaning, Percent, Scale, shortened};
use crate::look::{Amount, Unit};

/// Where the scale begins and ends: labels stand before it.
const LEFT: i64 = 2_600;
const RIGHT: i64 = 9_400;

/// One row.
pub(crate) struct Dot {
    pub(crate) name: String,
    /// `None` where it is not known: the row says so.
    pub(crate) amount: Option<Amount>,
    /// From where to where it may really be.
    pub(crate) range: Option<(Amount, Amount)>,
    /// Whether it can only be less.
    pub(crate) is_at_best: bool,
    pub(crate) meaning: Meaning,
    pub(crate) href: Option<String>,
}

/// The drawing. `target` is the line that all are measured by; `unknown` stands where there is no amount.
pub(crate) fn dots(
    described: &str,
    unit: Unit,
    rows: &[Dot],
    target: Option<(Amount, &str)>,
    unknown: &str,
) -> Markup {
    let amounts = rows.iter().flat_map(|row| {
        let range = row.range.iter().flat_map(|(low, high)| [*low, *high]);
        row.amount.into_iter().chain(range)
    });
    let scale = Scale::holding(amounts.chain(target.map(|(amount, _)| amount)), LEFT, RIGHT);
    html! {
        // One drawing a row: a table of dots keeps its line height however many there are.
        div.dots role="group" aria-label=(described) {
            @if let Some((target, words)) = target {
                svg.row aria-hidden="true" {
                    text.tick.middle x=(Percent(scale.place(target))) y="90%" { (words) " " (unit.short(target)) }
                }
            }
            @for row in rows {
                @let drawn = html! {
                    svg.row aria-hidden="true" {
                        line.grid x1=(Percent(LEFT)) x2=(Percent(RIGHT)) y1="50%" y2="50%" {}
                        line.zero x1=(Percent(scale.zero())) x2=(Percent(scale.zero())) y1="0" y2="100%" {}
                        @if let Some((target, _)) = target {
                            line.mark x1=(Percent(scale.place(target))) x2=(Percent(scale.place(target))) y1="0" y2="100%" {}
                        }
                        text.name x="0" y="50%" dy="4" { (shortened(&row.name)) }
                        @if let Some((low, high)) = row.range {
                            line class={ "range " (row.meaning.class()) } x1=(Percent(scale.place(low))) x2=(Percent(scale.place(high))) y1="50%" y2="50%" {}
                        }
                        @match row.amount {
                            Some(amount) => {
                                circle class={ "dot " (row.meaning.class()) } cx=(Percent(scale.place(amount))) cy="50%" r="5" {}
                                text.value x=(Percent(scale.place(amount))) y="50%" dx="9" dy="4" {
                                    @if row.is_at_best { "≤ " } (unit.short(amount))
                                }
                            }
                            None => text.tick x=(Percent(LEFT)) y="50%" dx="6" dy="4" { (unknown) },
                        }
                    }
                };
                @match &row.href { Some(href) => a href=(href) tabindex="-1" aria-hidden="true" { (drawn) }, None => (drawn) }
            }
        }
    }
}
