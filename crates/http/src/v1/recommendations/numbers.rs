//! Amounts of a recommendation on the wire: exact decimals, and ranges with both ends.

use chargly_api::ObjectWriter;
use chargly_engine::ledger::{Catalogue, Money, Span};

use crate::facts::share;
pub(super) use crate::view::credits_or_null;

/// Money as a decimal.
pub(super) fn money(o: &mut ObjectWriter<'_>, name: &str, nano: impl Into<i128>) {
    o.shown(name, Money::amount_of(nano.into()));
}

/// A sum of micro-credits, or of micro-units of what is counted.
pub(super) fn micro(o: &mut ObjectWriter<'_>, name: &str, micro: i128) {
    // As money, which has three places more.
    o.number(name, Money::amount_of(micro.saturating_mul(1_000)));
}

/// Basis points as a share.
pub(super) fn part(o: &mut ObjectWriter<'_>, name: &str, basis_points: impl Into<i64>) {
    o.shown(name, share(basis_points.into()));
}

/// Basis points as a share, or null.
pub(super) fn part_or_null(o: &mut ObjectWriter<'_>, name: &str, basis_points: Option<impl Into<i64>>) {
    o.shown_or_null(name, basis_points.map(|basis_points| share(basis_points.into())));
}

/// A sum of a month, with its range.
pub(super) fn monthly(o: &mut ObjectWriter<'_>, name: &str, span: &Span, catalogue: &Catalogue) {
    o.object(name, |o| {
        money(o, "amount", span.middle);
        o.text("currency", catalogue.currency.as_str());
        money(o, "low", span.low);
        money(o, "high", span.high);
        o.text("per", "month");
    });
}

/// A range of money.
pub(super) fn money_range(o: &mut ObjectWriter<'_>, name: &str, span: &Span) {
    range(o, name, span, Money::amount_of);
}

/// A range of shares of basis points.
pub(super) fn part_range(o: &mut ObjectWriter<'_>, name: &str, span: &Span) {
    range(o, name, span, |basis_points| share(i64::try_from(basis_points).unwrap_or(i64::MAX)));
}

/// A range of thousandths.
pub(super) fn milli_range(o: &mut ObjectWriter<'_>, name: &str, span: &Span) {
    range(o, name, span, |milli| Money::amount_of(milli.saturating_mul(1_000_000)));
}

fn range(o: &mut ObjectWriter<'_>, name: &str, span: &Span, show: impl Fn(i128) -> String) {
    o.object(name, |o| {
        o.shown("low", show(span.low)).shown("middle", show(span.middle)).shown("high", show(span.high));
    });
}
