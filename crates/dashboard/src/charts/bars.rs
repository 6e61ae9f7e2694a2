//! A bar in a cell of a table: how much of the largest a row is.

use maud::{Markup, html};

use super::{ALL, Meaning, Percent};
use crate::look::Amount;

/// One bar.
pub(crate) struct Bar {
    pub(crate) amount: Amount,
    /// What the longest bar of the column stands for.
    pub(crate) longest: Amount,
    pub(crate) meaning: Meaning,
}

/// The bar. The number beside it is the cell's text; this is its picture.
pub(crate) fn bar_cell(bar: &Bar) -> Markup {
    let share = Amount(bar.amount.0.max(0)).share_of(bar.longest).unwrap_or_default();
    let width =
        i64::try_from(share.0 * i128::from(ALL) / crate::look::UNIT).unwrap_or_default().clamp(0, ALL);
    html! {
        svg.bar aria-hidden="true" {
            rect class=(bar.meaning.class()) x="0" y="0" height="100%" width=(Percent(width)) {}
        }
    }
}
