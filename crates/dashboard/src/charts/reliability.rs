//! How often claims came true, beside how sure they were said to be: on the diagonal, words can be believed.

use maud::{Markup, html};

use super::{ALL, Meaning, Percent};
use crate::look::{Amount, UNIT, Unit};

/// Where the plot begins and ends.
const TOP: i64 = 500;
const BOTTOM: i64 = 8_750;
/// Claims from which on a point no longer grows.
const LARGE: i128 = 20;

/// A chart of bins.
pub(crate) struct Reliability<'a> {
    /// What it says, for who cannot see it.
    pub(crate) described: &'a str,
    pub(crate) bins: Vec<Bin>,
}

/// Claims that were said to be about as sure.
pub(crate) struct Bin {
    /// How sure they were said to be, and how often they came true: shares.
    pub(crate) stated: Amount,
    pub(crate) came_true: Amount,
    pub(crate) claims: Amount,
}

impl Reliability<'_> {
    /// The drawing.
    pub(crate) fn draw(&self) -> Markup {
        let quarters = (0..=4).map(|at| Amount(at * UNIT / 4));
        html! {
            svg.plot role="group" aria-label=(self.described) {
                @for tick in quarters.clone() {
                    line.grid x1="0" x2="100%" y1=(Percent(up(tick))) y2=(Percent(up(tick))) {}
                    text.tick x="0" y=(Percent(up(tick))) dy="-3" { (Unit::Share.short(tick)) }
                }
                line.mark x1="0" x2="100%" y1=(Percent(BOTTOM)) y2=(Percent(TOP)) {}
                text.label.neutral x="97%" y=(Percent(TOP)) dy="-4" { "as often as said" }
                @for bin in &self.bins {
                    circle class={ "dot " (Meaning::Category(0).class()) } cx=(Percent(across(bin.stated))) cy=(Percent(up(bin.came_true)))
                        r=(4 + (bin.claims.0 / UNIT).clamp(0, LARGE) / 4) {
                        title { "Said to be " (Unit::Share.short(bin.stated)) " sure: " (Unit::Share.short(bin.came_true)) " of "
                            (Unit::Count.short(bin.claims)) " came true" }
                    }
                    text.label.c1 x=(Percent(across(bin.stated))) y=(Percent(up(bin.came_true))) dy="-12" { (Unit::Count.short(bin.claims)) }
                }
                @for tick in quarters.skip(1) {
                    text.says x=(Percent(across(tick))) y="100%" dy="-4" { (Unit::Share.short(tick)) }
                }
            }
        }
    }
}

fn across(share: Amount) -> i64 {
    i64::try_from(share.0.clamp(0, UNIT) * i128::from(ALL) / UNIT).unwrap_or_default()
}

fn up(share: Amount) -> i64 {
    BOTTOM - across(share) * (BOTTOM - TOP) / ALL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_the_diagonal_are_claims_that_came_true_as_often_as_said() {
        for share in [0, UNIT / 3, UNIT / 2, UNIT, 2 * UNIT] {
            let share = Amount(share);
            assert_eq!(up(share), BOTTOM - across(share) * (BOTTOM - TOP) / ALL);
        }
        let bin = |stated: i128, came_true: i128, claims| Bin {
            stated: Amount(stated * UNIT / 100),
            came_true: Amount(came_true * UNIT / 100),
            claims: Amount::whole(claims),
        };
        let chart = Reliability { described: "Claims", bins: vec![bin(75, 60, 5), bin(92, 94, 40)] };
        insta::assert_snapshot!(chart.draw().into_string().replace("><", ">\n<"));
    }
}
