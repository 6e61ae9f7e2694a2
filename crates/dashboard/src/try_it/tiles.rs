//! The four indicators: events, credits, revenue, and the margin of the last event, as figures of the API.

use maud::{Markup, html};

use crate::api::{Api, Target};
use crate::charts::Meaning;
use crate::json::Json;
use crate::look::{Amount, Currency, Unit, say};
use crate::trouble::Trouble;

/// What the indicators show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    events: Amount,
    credits: Amount,
    revenue: Amount,
    /// Of the last event: what it earned, and what it cost where that is known.
    last: Option<(Amount, Option<Amount>)>,
    currency: Currency,
}

impl Tiles {
    /// Of a visitor, not before `position` is in the figures.
    pub(super) async fn read(api: &Api, customer: &str, position: &str) -> Result<Self, Trouble> {
        let figures = Target::new("/v1/margin")
            .with("customer", customer)
            .with("interval", "total")
            .with("min_position", position);
        let last = Target::new("/v1/events").with("customer", customer).with("limit", "1");
        let (figures, last) = futures_util::future::try_join(api.get(figures), api.get(last)).await?;
        Ok(Self::of(&figures, last.get("data").list().first()))
    }

    fn of(figures: &Json, last: Option<&Json>) -> Self {
        let totals = figures.get("totals");
        Self {
            events: totals.get("events").sum(),
            credits: totals.get("credits_used").sum(),
            revenue: totals.get("recognised").sum(),
            last: last.map(|event| (event.path("revenue.amount").sum(), event.path("cost.amount").amount())),
            currency: Currency::of(figures.get("currency").text()),
        }
    }

    /// `83.3 %`, `—` before the first event, never 0 where the cost is not known.
    fn margin(&self) -> String {
        match self.last {
            None => say::NONE.to_owned(),
            Some((_, None)) => say::COST_MISSING.to_owned(),
            Some((revenue, Some(cost))) => {
                let margin = revenue.less(cost).share_of(revenue);
                margin.map_or_else(|| say::NONE.to_owned(), |margin| Unit::Share.short(margin))
            }
        }
    }

    pub(super) fn show(&self) -> Markup {
        let money = Unit::Money(self.currency);
        let tiles = [
            ("Events", Meaning::Neutral, Unit::Count.short(self.events)),
            ("Total credits", Meaning::Credits, Unit::Credits.in_words(self.credits)),
            ("Revenue", Meaning::Revenue, money.short(self.revenue)),
            ("Margin of the last event", Meaning::Margin, self.margin()),
        ];
        html! {
            @for (name, meaning, value) in tiles {
                div class={ "tile " (meaning.class()) } {
                    span.name { (name) }
                    strong { (value) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(figures: &str, last: Option<&str>) -> String {
        let last = last.map(|last| Json::parse(last).expect("JSON"));
        Tiles::of(&Json::parse(figures).expect("JSON"), last.as_ref()).show().0
    }

    #[test]
    fn indicators_begin_with_nothing() {
        let words =
            words(r#"{"currency":"usd","totals":{"events":0,"credits_used":0,"recognised":"0"}}"#, None);
        for value in [
            "<strong>0</strong>",
            "<strong>0 credits</strong>",
            "<strong>$0.00</strong>",
            "<strong>—</strong>",
        ] {
            assert!(words.contains(value), "{value} in {words}");
        }
    }

    #[test]
    fn margin_is_that_of_the_last_event_and_missing_where_its_cost_is() {
        let figures = r#"{"currency":"usd","totals":{"events":1,"credits_used":12,"recognised":"0.24"}}"#;
        let last = r#"{"revenue":{"amount":"0.24"},"cost":{"amount":"0.04"}}"#;
        let shown = words(figures, Some(last));
        for value in ["<strong>12 credits</strong>", "<strong>$0.24</strong>", "<strong>83.3 %</strong>"] {
            assert!(shown.contains(value), "{value} in {shown}");
        }
        assert!(
            words(figures, Some(r#"{"revenue":{"amount":"0.24"},"cost":null}"#)).contains("cost missing")
        );
    }
}
