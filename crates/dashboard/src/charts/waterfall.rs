//! From a first amount to a last one, step by step: each bar begins where the one before it ended.

use maud::{Markup, html};

use super::{ALL, Meaning, Percent, Scale, shortened};
use crate::look::{Amount, Unit};

const TOP: i64 = 1_000;
const BOTTOM: i64 = 8_300;
/// More bars than so many are narrower than their amounts: those of neighbours stand on two heights.
const CROWDED: usize = 5;

/// One bar.
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) amount: Amount,
    pub(crate) meaning: Meaning,
    /// A bar from zero: the first, a sum in between, the last.
    pub(crate) is_level: bool,
    pub(crate) href: Option<String>,
}

/// The drawing.
pub(crate) fn waterfall(described: &str, unit: Unit, steps: &[Step]) -> Markup {
    let mut at = Amount::ZERO;
    let spans: Vec<(Amount, Amount)> = steps
        .iter()
        .map(|step| {
            let from = if step.is_level { Amount::ZERO } else { at };
            at = from.plus(step.amount);
            (from, at)
        })
        .collect();
    let scale = Scale::holding(spans.iter().flat_map(|(from, to)| [*from, *to]), BOTTOM, TOP);
    let count = i64::try_from(steps.len()).unwrap_or(ALL).max(1);
    let width = ALL / count;
    let x = |place: usize| i64::try_from(place).unwrap_or_default() * width;
    html! {
        svg.plot role="group" aria-label=(described) {
            line.zero x1="0" x2="100%" y1=(Percent(scale.zero())) y2=(Percent(scale.zero())) {}
            @for (place, (step, (from, to))) in steps.iter().zip(&spans).enumerate() {
                @let (from_y, to_y) = (scale.place(*from), scale.place(*to));
                @let bar = html! {
                    rect class={ "column " (step.meaning.class()) } x=(Percent(x(place) + width / 8)) width=(Percent(width * 3 / 4))
                        y=(Percent(from_y.min(to_y))) height=(Percent((from_y - to_y).abs().max(30))) {
                        title { (step.name) ": " (unit.exact(step.amount)) }
                    }
                };
                @match &step.href { Some(href) => a href=(href) tabindex="-1" aria-hidden="true" { (bar) }, None => (bar) }
                @if place + 1 < steps.len() {
                    line.grid x1=(Percent(x(place) + width * 7 / 8)) x2=(Percent(x(place + 1) + width / 8)) y1=(Percent(to_y)) y2=(Percent(to_y)) {}
                }
                text.value x=(Percent(x(place) + width / 2)) y=(Percent(from_y.min(to_y))) dy=(if steps.len() > CROWDED && place % 2 == 1 { "-18" } else { "-5" }) { (unit.short(step.amount)) }
                text.time x=(Percent(x(place) + width / 2)) y="100%" dy=(if place % 2 == 0 { "-18" } else { "-4" }) { (shortened(&step.name)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::Currency;

    #[test]
    fn bars_begin_where_the_one_before_ended_and_levels_at_zero() {
        let step = |name: &str, amount, is_level| Step {
            name: name.into(),
            amount: Amount::whole(amount),
            meaning: Meaning::Cost,
            is_level,
            href: None,
        };
        let steps = [
            step("Revenue", 100, true),
            step("a", -40, false),
            step("b", -80, false),
            step("Left", -20, true),
        ];
        let drawn = waterfall("From revenue to what is left", Unit::Money(Currency::of("usd")), &steps);
        insta::assert_snapshot!(drawn.into_string().replace("><", ">\n<"));
    }
}
