//! What the parts of a card share: the record, and the names and amounts in it.

use chargly_ledger::{
    Catalogue, Currency, Evidence, Millis, PriceVersion, Recommendation, Rule, Span, Sureness, margin_bp,
};

use super::{days, numbers};

/// The day that an instant is in, in the project's time zone, as days since 1970.
pub type LocalDay<'a> = &'a dyn Fn(Millis) -> i32;

/// A month of 30 days, which sums of a month are of.
pub(super) const A_MONTH: &str = "a month";
/// Markup of a list's lines.
pub(super) const LINE: &str = "• ";

/// A record, about to be told.
pub(super) struct Says<'a> {
    pub(super) record: &'a Recommendation,
    pub(super) catalogue: &'a Catalogue,
    local_day: LocalDay<'a>,
}

impl<'a> Says<'a> {
    pub(super) fn new(record: &'a Recommendation, catalogue: &'a Catalogue, local_day: LocalDay<'a>) -> Self {
        Self { record, catalogue, local_day }
    }

    pub(super) fn evidence(&self) -> &'a Evidence {
        &self.record.evidence
    }

    /// The event type's name.
    pub(super) fn event(&self) -> &'a str {
        self.catalogue.event_type_no(self.record.event_type).map_or("", |known| known.name.as_str())
    }

    /// The version that the advice is about.
    pub(super) fn base(&self) -> Option<&'a PriceVersion> {
        self.record.base.and_then(|base| self.catalogue.price(base))
    }

    pub(super) fn is_watched(&self) -> bool {
        self.record.sureness() == Sureness::Watching
    }

    fn currency(&self) -> Currency {
        self.catalogue.currency
    }

    pub(super) fn sum(&self, nano: i128) -> String {
        numbers::sum(nano, self.currency())
    }

    /// What is earned more or less: `$182 more`.
    pub(super) fn gained(&self, nano: i128) -> String {
        format!("{} {}", self.sum(nano.abs()), if nano < 0 { "less" } else { "more" })
    }

    pub(super) fn each(&self, nano: impl Into<i128>) -> String {
        numbers::each(nano.into(), self.currency())
    }

    pub(super) fn exactly(&self, nano: i128) -> String {
        numbers::exactly(nano, self.currency())
    }

    /// What a unit costs, and the range around it where it is estimated.
    pub(super) fn each_within(&self, span: &Span) -> String {
        let range = numbers::range(span, |nano| self.each(nano));
        let middle = self.each(span.middle);
        if range == middle { middle } else { format!("{middle} ({range})") }
    }

    /// What one unit brings in, planned, in nano-units.
    pub(super) fn revenue_per_unit(&self) -> Option<i128> {
        numbers::per_unit(self.evidence().planned_nano, self.evidence().quantity_micro)
    }

    /// What a credit is worth, in nano-units.
    pub(super) fn credit_worth(&self) -> Option<i128> {
        let evidence = self.evidence();
        numbers::per_unit(evidence.planned_nano, evidence.credits_micro)
            .or_else(|| numbers::per_unit(evidence.paid_nano, evidence.paid_micro))
    }

    /// The margin now in basis points.
    pub(super) fn margin_bp(&self) -> Option<i64> {
        self.evidence()
            .margin_bp
            .or_else(|| margin_bp(self.evidence().planned_nano, self.evidence().cost_nano))
    }

    /// `1 Mar to 28 Mar 2026`
    pub(super) fn days(&self, from: Millis, until_before: Millis) -> String {
        days::days((self.local_day)(from), (self.local_day)(until_before.plus(-1)))
    }

    /// What the price is counted by: an event, where a flat rule charges the same for each; a unit elsewhere.
    pub(super) fn unit(&self) -> &'static str {
        let rule = match (&self.record.proposal, self.base()) {
            (Some(proposal), _) => Some(&proposal.rule),
            (None, Some(base)) => Some(&base.rule),
            (None, None) => None,
        };
        match rule {
            Some(Rule::Flat { .. }) => "event",
            Some(Rule::ByDimension { rows, default })
                if rows.iter().map(|row| &*row.rule).chain([&**default]).all(is_flat) =>
            {
                "event"
            }
            _ => "unit",
        }
    }

    /// `4 → 5 credits`; `None` where no typical unit has a price on both sides.
    pub(super) fn step(&self) -> Option<String> {
        let (current, recommended) = (self.record.current?, self.record.recommended?);
        let proposed = self.record.proposal.as_ref().map(|proposal| &proposal.rule);
        if proposed.is_some_and(is_flat) {
            return Some(format!("{} → {}", numbers::bare_credits(current), numbers::credits(recommended)));
        }
        // What a typical one costs is a mean.
        let about = |credits: chargly_ledger::Credits| numbers::about_micro(credits.micro().into());
        Some(format!("{} → {} credits", about(current), about(recommended)))
    }

    /// Whether the price goes up; `None` where it stays or is not known.
    pub(super) fn is_rise(&self) -> Option<bool> {
        let (current, recommended) = (self.record.current?, self.record.recommended?);
        (current != recommended).then_some(recommended > current)
    }
}

fn is_flat(rule: &Rule) -> bool {
    matches!(rule, Rule::Flat { .. })
}
