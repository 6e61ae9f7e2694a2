//! Holds: placed, changed, captured and given up.

use chargly_ledger::{
    Action, Asked, CaptureRequest, Charge, Credits, EventTypeNo, ExtendRequest, HoldRef, HoldRequest,
    IncreaseRequest, Position, PriceInputs, PriceNo, Quantity, Refusal, Sample, Terms, VoidHoldRequest,
    WalletEvent, WalletFact, price_sample,
};
use compact_str::CompactString;

use super::events::charge_of;
use super::take::Taken;
use super::{Entry, World};
use crate::event::{cost_of, facets_of};
use crate::holds::{Fate, Held};
use crate::inputs::inputs_of;

impl World {
    pub(super) fn placed(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &HoldRequest,
        (price, before): (Option<PriceNo>, Credits),
    ) -> bool {
        let (wallet, position) = (fact.header.wallet, entry.recorded.id.position);
        let after = match request.credits {
            Some(_) => before,
            None => self.price(entry, request.event_type, request.quantity.unwrap_or(Quantity::ONE), before),
        };
        if self.times(entry, before, after) == 0 {
            self.tally.totals.forgone += 1;
            self.holds.place(position, Held { before, after, fate: Fate::Forgone });
            return false;
        }
        let terms = (Terms { price, credits: Some(after) }, None);
        let fate = match self.take_paid(entry, fact, place(request), terms, 0) {
            Taken::Done(_) => Fate::Placed,
            Taken::Refused(refusal) => {
                self.tally.totals.holds_denied += 1;
                self.tally.refused(entry.recorded.at, wallet, &refusal);
                Fate::Denied
            }
            Taken::Missing => Fate::Denied,
        };
        self.holds.place(position, Held { before, after, fate });
        true
    }

    /// `before` is what was added really; `None` where that was refused.
    pub(super) fn increased(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &IncreaseRequest,
        before: Option<Credits>,
    ) -> bool {
        let placed = request.hold.position;
        if self.is_gone(placed) {
            return self.left_out();
        }
        let Some(hold) = self.state.hold_ref(request.hold).copied() else { return self.left_out() };
        let quantity = request.quantity.unwrap_or(Quantity::ONE);
        let proposed = match request.credits {
            Some(chosen) => Some(chosen),
            None if placed >= self.first => self.proposed(entry, hold.event_type, quantity),
            None => None,
        };
        let own = before.or_else(|| self.pinned(entry, fact, &hold, quantity));
        let Some(after) = proposed.or(own) else { return self.left_out() };
        let terms = (Terms { price: None, credits: Some(after) }, None);
        let action = Action::IncreaseHold(*request);
        let taken = match before {
            Some(_) => self.take_paid(entry, fact, action, terms, 0),
            // Nobody buys a pack for what was refused really.
            None => self.take(entry, fact, action, terms.0, terms.1),
        };
        match taken {
            Taken::Done(_) => {
                self.holds.increase(placed, before.unwrap_or_default(), after);
                true
            }
            Taken::Refused(refusal) => {
                self.holds.increase(placed, before.unwrap_or_default(), Credits::ZERO);
                self.tally.refused(entry.recorded.at, fact.header.wallet, &refusal);
                true
            }
            Taken::Missing => self.left_out(),
        }
    }

    pub(super) fn extended(&mut self, entry: &Entry<'_>, fact: &WalletFact, request: &ExtendRequest) -> bool {
        if self.is_gone(request.hold.position) {
            return self.left_out();
        }
        self.take_done(entry, fact, Action::ExtendHold(*request))
    }

    pub(super) fn voided(&mut self, entry: &Entry<'_>, fact: &WalletFact, request: &VoidHoldRequest) -> bool {
        let is_gone = self.is_gone(request.hold.position);
        self.holds.end(request.hold.position);
        if is_gone {
            return self.left_out();
        }
        self.take_done(entry, fact, Action::VoidHold(*request))
    }

    pub(super) fn captured(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &CaptureRequest,
        (event_type, charge, ended): (EventTypeNo, &Charge, bool),
    ) -> bool {
        let (wallet, placed, at) = (fact.header.wallet, request.hold.position, entry.recorded.at);
        let held = self.holds.get(placed);
        let scaled = |credits| held.map_or(credits, |held| held.scale(credits));
        let credits = match (request.credits, request.quantity) {
            (Some(chosen), _) => Some(scaled(chosen)),
            (None, Some(quantity)) if placed >= self.first => {
                Some(self.price(entry, event_type, quantity, charge.credits))
            }
            (None, Some(_)) => Some(charge.credits),
            (None, None) => None,
        };
        if ended {
            self.holds.end(placed);
        }
        let asked = credits.unwrap_or_else(|| scaled(charge.credits));
        let gone = held.map(|held| held.fate).filter(|fate| *fate != Fate::Placed);
        if let Some(fate) = gone {
            self.tally.asked(wallet, event_type, charge.credits, asked);
            self.remember(entry, fact, charge, &Taken::Missing);
            if fate == Fate::Denied {
                self.denied(at, wallet, event_type, None);
            }
            return self.left_out();
        }
        let taken = self.capture(entry, fact, request, credits);
        let paid = match &taken {
            Taken::Done(event) => charge_of(event).map(|(_, charge)| charge.credits),
            Taken::Refused(_) | Taken::Missing => None,
        };
        self.tally.asked(wallet, event_type, charge.credits, credits.or(paid).unwrap_or(asked));
        self.remember(entry, fact, charge, &taken);
        match taken {
            Taken::Done(_) => true,
            Taken::Refused(refusal) => {
                self.denied(at, wallet, event_type, Some(&refusal));
                true
            }
            Taken::Missing => self.left_out(),
        }
    }

    /// Captures; what goes beyond the hold, and really did not, takes all that is held.
    fn capture(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &CaptureRequest,
        credits: Option<Credits>,
    ) -> Taken {
        let cost = cost_of(&fact.event);
        let terms = |credits| (Terms { price: None, credits }, cost);
        match self.take_paid(entry, fact, capture(request, fact), terms(credits), 0) {
            Taken::Refused(Refusal::CaptureExceedsHold { held, .. }) => {
                self.tally.totals.capped += 1;
                self.take_paid(entry, fact, capture(request, fact), terms(Some(held)), 0)
            }
            taken => taken,
        }
    }

    /// What something costs by the price that a hold pinned.
    pub(super) fn pinned(
        &self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        hold: &HoldRef,
        quantity: Quantity,
    ) -> Option<Credits> {
        let version = hold.price.and_then(|no| self.state.catalogue().price(no))?;
        let inputs = inputs_of(entry.payload, version.rule.properties());
        let (cost, usage) = match &fact.event {
            WalletEvent::Refused { asked: Asked::CaptureHold(request), facets, .. } => {
                (request.cost, facets.as_ref().and_then(|facets| facets.usage.as_ref()))
            }
            _ => (None, None),
        };
        let sample = Sample { quantity, inputs: &inputs, cost, usage };
        price_sample(self.state.catalogue(), version.terms(), &sample, entry.recorded.at).ok()
    }

    fn is_gone(&self, placed: Position) -> bool {
        self.holds.get(placed).is_some_and(|held| held.fate != Fate::Placed)
    }
}

/// The call behind a hold of a wallet that is known.
pub(super) fn place(request: &HoldRequest) -> Action {
    Action::PlaceHold { customer: CompactString::default(), request: *request }
}

/// The call behind a capture whose price is known.
pub(super) fn capture(request: &CaptureRequest, fact: &WalletFact) -> Action {
    let facets = facets_of(&fact.event).map(|facets| Box::new(facets.clone()));
    Action::CaptureHold { request: *request, inputs: PriceInputs::new(), facets }
}
