//! What an event would cost, and whether it would be accepted. Changes nothing.

use chargly_ledger::{Credits, KeyNo, Means, Millis, PriceNo, Refusal};

use super::meter_events::{MeterEvent, taken_apart};
use crate::environment::Environment;
use crate::outcome::CallError;

/// What an event would cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// In credits.
    pub credits: Credits,
    /// By which price version.
    pub price: Option<PriceNo>,
    /// What the wallet has available now.
    pub available: Credits,
    /// Why it would be refused; `None` when it would be accepted.
    pub refusal: Option<Refusal>,
}

impl Environment {
    /// Prices an event and tries it on the wallet as it stands, and on the budget of the key that asks.
    pub async fn quote(&self, actor: KeyNo, event: MeterEvent) -> Result<Quote, CallError> {
        let catalogue = self.catalogue();
        let Some(event_type) = catalogue.event_type(&event.event) else {
            return Err(CallError::UnknownEventType { name: event.event });
        };
        let request = chargly_ledger::MeterRequest {
            event_type: event_type.number,
            quantity: event.quantity,
            credits: event.credits,
            cost: event.cost,
            occurred_at: event.occurred_at,
            if_insufficient: event.if_insufficient,
        };
        let (_, inputs, facets) = taken_apart(event.properties, event.usage);
        let wallet = self.wallet(&event.customer).await?;
        let is_limited = catalogue.key(actor).is_some_and(|key| key.budget.is_some());
        let means = if is_limited { self.means(actor, &event.customer).await? } else { Means::default() };
        let wallet = wallet.unwrap_or_else(|| Box::new(chargly_ledger::unseen(&catalogue)));
        let now = Millis(self.wall_ms());
        let (price, credits, refusal) = chargly_ledger::quote(
            &catalogue,
            (Some(&wallet), &means),
            &request,
            &inputs,
            facets.as_deref(),
            now,
        )?;
        Ok(Quote { credits, price, available: wallet.balance.available(), refusal })
    }
}
