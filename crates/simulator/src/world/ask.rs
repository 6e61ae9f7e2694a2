//! What something costs under the proposal, and how often it happens at that price.

use chargly_ledger::{
    Credits, EventTypeNo, Fact, Means, MeterRequest, Millis, Quantity, Refusal, WalletFact, WalletNo, quote,
};

use super::{Entry, Mode, World};
use crate::event::{facets_of, spent_on};
use crate::inputs::inputs_of;
use crate::proposal::{Priced, Unpriced};

impl World {
    /// What something costs here that cost `before`: the proposed price, else what it cost.
    pub(super) fn price(
        &mut self,
        entry: &Entry<'_>,
        event_type: EventTypeNo,
        quantity: Quantity,
        before: Credits,
    ) -> Credits {
        self.proposed(entry, event_type, quantity).unwrap_or(before)
    }

    /// The proposed price; `None` where the type keeps its own, or the proposal gives this event none.
    pub(super) fn proposed(
        &mut self,
        entry: &Entry<'_>,
        event_type: EventTypeNo,
        quantity: Quantity,
    ) -> Option<Credits> {
        let spent_nano = match entry.fact {
            Fact::Wallet(fact) => spent_on(&fact.event),
            _ => None,
        };
        let priced = Priced { event_type, quantity, payload: entry.payload, spent_nano };
        match self.proposal.price(priced, self.state.catalogue(), entry.recorded.at)? {
            Ok(credits) => Some(credits),
            Err(Unpriced) => {
                self.tally.totals.unpriced += 1;
                None
            }
        }
    }

    /// The price in force of something that was refused before it was charged; `None` where there is none.
    pub(super) fn in_force(
        &self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &MeterRequest,
    ) -> Option<Credits> {
        let (catalogue, now) = (self.state.catalogue(), entry.recorded.at);
        let rule = &catalogue.price_in_force(request.event_type, now)?.rule;
        let inputs = inputs_of(entry.payload, rule.properties());
        let quoted =
            quote(catalogue, (None, &Means::default()), request, &inputs, facets_of(&fact.event), now);
        quoted.ok().map(|(_, credits, _)| credits)
    }

    /// How often an event happens that costs `after` instead of `before`.
    pub(super) fn times(&self, entry: &Entry<'_>, before: Credits, after: Credits) -> u32 {
        match self.mode {
            Mode::Static | Mode::Replenishing => 1,
            Mode::Elastic { elasticity, seed } => {
                elasticity.times(seed, entry.recorded.id.position, before, after)
            }
        }
    }

    /// Counts an event that happened and is refused here.
    pub(super) fn denied(
        &mut self,
        at: Millis,
        wallet: WalletNo,
        event_type: EventTypeNo,
        refusal: Option<&Refusal>,
    ) {
        self.tally.totals.denied += 1;
        self.tally.of_type(event_type).denied += 1;
        if let Some(refusal) = refusal {
            self.tally.refused(at, wallet, refusal);
        }
    }

    /// Counts a call that refers to something that did not happen here.
    pub(super) fn left_out(&mut self) -> bool {
        self.tally.totals.left_out += 1;
        false
    }
}
