//! Bars that lie across, one a row, each put together from parts: how much there is of what.

use maud::{Markup, html};

use super::{Meaning, Percent, Scale};
use crate::look::{Amount, Unit};

/// Where bars begin: names stand before them. What they come to stands behind the longest, in a narrow window too.
const LEFT: i64 = 2_600;
const RIGHT: i64 = 6_500;

/// One row.
pub(crate) struct Stack {
    pub(crate) name: String,
    /// As many as there are parts.
    pub(crate) amounts: Vec<Amount>,
    /// What stands behind the bar.
    pub(crate) says: String,
}

/// The drawing: `parts` are what the amounts of every row are of.
pub(crate) fn stacks(described: &str, unit: Unit, parts: &[(&str, Meaning)], rows: &[Stack]) -> Markup {
    let sums = rows.iter().map(|row| row.amounts.iter().copied().sum::<Amount>());
    let scale = Scale::holding(sums, LEFT, RIGHT);
    html! {
        // One drawing a row, as for dots: the rows keep their height however many there are.
        div.dots role="group" aria-label=(described) {
            @for row in rows {
                svg.row aria-hidden="true" {
                    line.grid x1=(Percent(LEFT)) x2=(Percent(RIGHT)) y1="50%" y2="50%" {}
                    text.name x="0" y="50%" dy="4" { (row.name) }
                    @for (part, from, to) in spans(row, &scale) {
                        @if let Some((name, meaning)) = parts.get(part) {
                            rect class={ "column " (meaning.class()) } x=(Percent(from)) width=(Percent(to - from)) y="20%" height="60%" {
                                title { (row.name) ", " (name) ": " (unit.exact(row.amounts[part])) }
                            }
                        }
                    }
                    text.value x=(Percent(end(row, &scale))) y="50%" dx="6" dy="4" { (row.says) }
                }
            }
        }
    }
}

/// Where each part that is not nothing begins and ends.
fn spans(row: &Stack, scale: &Scale) -> Vec<(usize, i64, i64)> {
    let mut at = Amount::ZERO;
    let spans = row.amounts.iter().enumerate().map(|(part, amount)| {
        let from = scale.place(at);
        at = at.plus(*amount);
        (part, from, scale.place(at))
    });
    spans.filter(|(_, from, to)| to > from).collect()
}

fn end(row: &Stack, scale: &Scale) -> i64 {
    scale.place(row.amounts.iter().copied().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_end_to_end_and_nothing_is_not_drawn() {
        let row = |name: &str, amounts: [i64; 3]| Stack {
            name: name.into(),
            amounts: amounts.map(Amount::whole).to_vec(),
            says: amounts.iter().sum::<i64>().to_string(),
        };
        let parts = [
            ("Paid", Meaning::Category(0)),
            ("Promotional", Meaning::Category(1)),
            ("Adjustments", Meaning::Category(2)),
        ];
        let rows = [row("under 7 days", [60, 0, 20]), row("never", [0, 0, 0]), row("later", [5, 5, 0])];
        let drawn = stacks("Credits left", Unit::Credits, &parts, &rows);
        insta::assert_snapshot!(drawn.into_string().replace("><", ">\n<"));
    }
}
