//! A line without axes, for a tile: which way a figure went.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::{ALL, Meaning, Percent, Scale};
use crate::look::Amount;

/// The line of these amounts; gaps where there is none. Decoration: the tile says the figure in words.
pub(crate) fn spark_line(amounts: &[Option<Amount>], meaning: Meaning) -> Markup {
    let scale = Scale::holding(amounts.iter().copied().flatten(), 9_200, 800);
    let path = path(amounts, &scale);
    html! {
        svg.spark aria-hidden="true" {
            line.zero x1="0" x2="100%" y1=(Percent(scale.zero())) y2=(Percent(scale.zero())) {}
            svg viewBox="0 0 10000 10000" preserveAspectRatio="none" {
                path class={ "line " (meaning.class()) } d=(path) {}
            }
        }
    }
}

/// Lines through the places of these amounts, evenly spaced.
fn path(amounts: &[Option<Amount>], scale: &Scale) -> String {
    let last = i64::try_from(amounts.len().saturating_sub(1)).unwrap_or_default().max(1);
    let mut path = String::new();
    let mut is_down = false;
    for (at, amount) in amounts.iter().enumerate() {
        let Some(amount) = amount else {
            is_down = false;
            continue;
        };
        let x = i64::try_from(at).unwrap_or_default() * ALL / last;
        // Writing to a string cannot fail.
        let _ = write!(path, "{}{x} {}", if is_down { "L" } else { "M" }, scale.place(*amount));
        is_down = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_has_gaps_where_nothing_is_known() {
        let amounts = [Some(Amount::whole(0)), Some(Amount::whole(2)), None, Some(Amount::whole(1))];
        let scale = Scale::holding(amounts.iter().copied().flatten(), 10_000, 0);
        assert_eq!(path(&amounts, &scale), "M0 10000L3333 0M10000 5000");
    }
}
