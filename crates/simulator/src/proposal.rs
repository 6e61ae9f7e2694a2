//! The prices that are tried.

use chargly_ledger::{
    Catalogue, Credits, EventTypeNo, Grid, Millis, Money, PriceInputs, Quantity, Rounding, Rule, Sample,
    price_sample,
};

use crate::inputs::inputs_of;

/// A price that one event type would have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedPrice {
    /// The rule.
    pub rule: Rule,
    /// To what a price is rounded.
    pub grid: Grid,
    /// Which way.
    pub rounding: Rounding,
}

/// Prices that event types would have had over the whole span. What is not in it keeps the price it was charged at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// By the number of the event type.
    prices: Vec<Option<ProposedPrice>>,
}

/// What of an event decides its price.
#[derive(Clone, Copy)]
pub(crate) struct Priced<'a> {
    pub(crate) event_type: EventTypeNo,
    pub(crate) quantity: Quantity,
    /// The payload of its fact, which has its properties; `None` where there is none, or it was erased.
    pub(crate) payload: Option<&'a [u8]>,
    /// Nano-units that it cost the operator; `None` where nobody knows.
    pub(crate) spent_nano: Option<i64>,
}

/// The proposed rule gives no price for an event: a property it looks at is missing, or was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unpriced;

impl Proposal {
    /// Whether nothing is proposed: what happened is only repeated.
    pub fn is_empty(&self) -> bool {
        self.prices.iter().all(Option::is_none)
    }

    /// What an event would cost; `None` where its type keeps its price.
    pub(crate) fn price(
        &self,
        event: Priced<'_>,
        catalogue: &Catalogue,
        now: Millis,
    ) -> Option<Result<Credits, Unpriced>> {
        let proposed = self.of(event.event_type)?;
        let mut names = proposed.rule.properties().peekable();
        let inputs = match names.peek() {
            Some(_) => inputs_of(event.payload, names),
            None => PriceInputs::new(),
        };
        let cost = event.spent_nano.map(|nano| Money { nano, currency: catalogue.currency });
        // What was spent is known by the cards of its own time, and not by one that came later.
        let sample = Sample { quantity: event.quantity, inputs: &inputs, cost, usage: None };
        let terms = (&proposed.rule, proposed.grid, proposed.rounding);
        let credits = price_sample(catalogue, terms, &sample, now);
        Some(credits.map_err(|_| Unpriced))
    }

    fn of(&self, event_type: EventTypeNo) -> Option<&ProposedPrice> {
        self.prices.get(event_type.index())?.as_ref()
    }
}

impl FromIterator<(EventTypeNo, ProposedPrice)> for Proposal {
    fn from_iter<I: IntoIterator<Item = (EventTypeNo, ProposedPrice)>>(prices: I) -> Self {
        let mut proposal = Self::default();
        for (event_type, price) in prices {
            if proposal.prices.len() <= event_type.index() {
                proposal.prices.resize(event_type.index() + 1, None);
            }
            proposal.prices[event_type.index()] = Some(price);
        }
        proposal
    }
}
