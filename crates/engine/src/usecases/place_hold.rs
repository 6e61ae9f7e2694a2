//! Reserving credits for work that is about to start.

use chargly_ledger::{Action, Credits, HOLD_TTL_DEFAULT_MS, HoldRequest, KeyNo, Payload, Quantity};
use compact_str::CompactString;

use super::item::Namespace;
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

/// What is to be reserved.
#[derive(Clone, Debug)]
pub struct HoldTerms {
    /// The customer's own id.
    pub customer: CompactString,
    /// The event type's name.
    pub event: CompactString,
    /// How much, priced like an event.
    pub quantity: Option<Quantity>,
    /// How many credits.
    pub credits: Option<Credits>,
    /// Seconds until the hold lapses.
    pub expires_in_s: Option<u32>,
    /// The idempotency key.
    pub key: Option<CompactString>,
}

impl Environment {
    /// Places a hold.
    pub async fn place_hold(&self, actor: KeyNo, terms: HoldTerms) -> Result<Outcome, CallError> {
        let HoldTerms { customer, event, quantity, credits, expires_in_s, key } = terms;
        let event_type = match self.catalogue().event_type(&event) {
            Some(known) => known.number,
            None => return Err(CallError::UnknownEventType { name: event }),
        };
        // What is usual is written out, so that a retry which leaves it out is the same request.
        let quantity = if credits.is_none() { quantity.or(Some(Quantity::ONE)) } else { quantity };
        let expires_in_s = expires_in_s.or(u32::try_from(HOLD_TTL_DEFAULT_MS / 1_000).ok());
        let request = HoldRequest { event_type, quantity, credits, expires_in_s };
        let action = Action::PlaceHold { customer: customer.clone(), request };
        let mut arena = Vec::new();
        let namespace = Namespace::Customer(&customer);
        let item = self.item(actor, action, key, &namespace, Payload::default(), &mut arena);
        self.call_one(item, arena, false).await
    }
}
