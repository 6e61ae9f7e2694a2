//! What was refused, tried again: at a lower price, or with what was not spent, it may be done.

use chargly_ledger::{
    Asked, CaptureRequest, Credits, Fact, Header, HoldRequest, IfInsufficient, MeterRequest, Quantity,
    Refusal, Terms, WalletEvent, WalletFact,
};

use super::events::{charge_of, meter};
use super::reserved::{capture, place};
use super::take::Taken;
use super::{Entry, World};
use crate::event::cost_of;
use crate::holds::{Fate, Held};

impl World {
    pub(super) fn retried(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        asked: &Asked,
        refusal: &Refusal,
    ) -> bool {
        // A budget limits who asks, whatever the price: what it kept from happening stays so.
        if matches!(refusal, Refusal::BudgetExceeded { .. } | Refusal::TooManyCustomers { .. }) {
            return self.note(entry, fact);
        }
        match asked {
            Asked::Meter(request) => self.meter_again(entry, fact, request, refusal),
            Asked::PlaceHold(request) => self.place_again(entry, fact, request, refusal),
            Asked::CaptureHold(request) => self.capture_again(entry, fact, request, refusal),
            Asked::IncreaseHold(request) => self.increased(entry, fact, request, None),
            Asked::ExtendHold(request) => self.extended(entry, fact, request),
            Asked::VoidHold(request) => self.voided(entry, fact, request),
            Asked::Grant(request) => self.granted(entry, fact, request),
            Asked::VoidGrant(request) => self.grant_voided(entry, fact, request),
            Asked::Reverse(request) => self.reversed(entry, fact, request),
            Asked::Recharge(request) => self.recharged(entry, fact, request),
            Asked::Collect(request) => self.collected(entry, fact, request),
            Asked::SetCost(request, usage) => self.cost_set(entry, fact, request, usage.as_ref()),
            Asked::PlaceOrder(request) => self.order_placed(entry, fact, request),
            Asked::RefundOrder(request) => {
                self.take_done(entry, fact, chargly_ledger::Action::RefundOrder(*request))
            }
            Asked::SetAllowance(request) => self.allowance_set(entry, fact, request),
            Asked::Batch(..) => self.note(entry, fact),
        }
    }

    fn meter_again(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &MeterRequest,
        refusal: &Refusal,
    ) -> bool {
        // Credits that were sent for a type with a price were its price.
        let known = self.state.catalogue().event_type_no(request.event_type);
        let is_chosen = request.credits.is_some() && known.is_some_and(|known| known.caller_set_credits);
        let own = request.credits.or_else(|| required(refusal));
        let proposed =
            if is_chosen { None } else { self.proposed(entry, request.event_type, request.quantity) };
        let credits = proposed.or(own).or_else(|| self.in_force(entry, fact, request));
        let Some(credits) = credits else { return self.note(entry, fact) };
        let version = self.state.catalogue().price_in_force(request.event_type, entry.recorded.at);
        let price = version.filter(|_| !is_chosen).map(|version| version.number);
        let terms = Terms { price, credits: Some(credits) };
        let taken = self.take(entry, fact, meter(request, fact), terms, cost_of(&fact.event));
        self.let_in(entry, fact, &taken)
    }

    fn place_again(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &HoldRequest,
        refusal: &Refusal,
    ) -> bool {
        let quantity = request.quantity.unwrap_or(Quantity::ONE);
        let as_event = MeterRequest {
            event_type: request.event_type,
            quantity,
            credits: None,
            cost: None,
            occurred_at: None,
            if_insufficient: IfInsufficient::Refuse,
        };
        let own = request.credits.or_else(|| required(refusal));
        let proposed = match request.credits {
            Some(_) => None,
            None => self.proposed(entry, request.event_type, quantity),
        };
        let credits = proposed.or(own).or_else(|| self.in_force(entry, fact, &as_event));
        let Some(credits) = credits else { return self.note(entry, fact) };
        let version = self.state.catalogue().price_in_force(request.event_type, entry.recorded.at);
        let terms = Terms { price: version.map(|version| version.number), credits: Some(credits) };
        let taken = self.take(entry, fact, place(request), terms, None);
        if matches!(taken, Taken::Done(_)) {
            let held = Held { before: credits, after: credits, fate: Fate::Placed };
            self.holds.place(entry.recorded.id.position, held);
        }
        self.let_in(entry, fact, &taken)
    }

    fn capture_again(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &CaptureRequest,
        refusal: &Refusal,
    ) -> bool {
        let Some(hold) = self.state.hold_ref(request.hold).copied() else { return self.left_out() };
        let held = self.holds.get(request.hold.position);
        let own = match refusal {
            Refusal::CaptureExceedsHold { requested, .. } => Some(*requested),
            other => required(other),
        };
        let credits = match (request.credits, request.quantity) {
            (Some(chosen), _) => Some(held.map_or(chosen, |held| held.scale(chosen))),
            (None, Some(quantity)) => {
                let is_within = request.hold.position >= self.first;
                let proposed = if is_within { self.proposed(entry, hold.event_type, quantity) } else { None };
                let credits = proposed.or(own).or_else(|| self.pinned(entry, fact, &hold, quantity));
                let Some(credits) = credits else { return self.note(entry, fact) };
                Some(credits)
            }
            (None, None) => None,
        };
        let terms = Terms { price: None, credits };
        let taken = self.take(entry, fact, capture(request, fact), terms, cost_of(&fact.event));
        self.let_in(entry, fact, &taken)
    }

    /// Counts what came of something that was refused really.
    fn let_in(&mut self, entry: &Entry<'_>, fact: &WalletFact, taken: &Taken) -> bool {
        match taken {
            Taken::Done(event) => {
                if let Some((_, charge)) = charge_of(event) {
                    self.tally.totals.let_in += 1;
                    self.tally.totals.let_in_micro += i128::from(charge.charged().micro());
                }
                true
            }
            Taken::Refused(refusal) => {
                self.tally.totals.refused_again += 1;
                self.tally.refused(entry.recorded.at, fact.header.wallet, refusal);
                true
            }
            Taken::Missing => self.left_out(),
        }
    }

    /// Gives a refusal its place in the wallet's history, and changes nothing: what was asked cannot be tried again. The
    /// events of a batch are not in the journal; the properties of an event may have been erased.
    fn note(&mut self, entry: &Entry<'_>, fact: &WalletFact) -> bool {
        let Some(wallet) = self.state.wallet(fact.header.wallet) else { return false };
        let header = Header { previous: Some(wallet.last), after: wallet.balance, ..fact.header };
        let noted = Fact::Wallet(WalletFact { header, event: fact.event.clone() });
        self.differences += u64::from(self.is_checked && noted != *entry.fact);
        if let WalletEvent::Refused { refusal, .. } = &fact.event {
            self.tally.refused(entry.recorded.at, fact.header.wallet, refusal);
        }
        self.state.apply(entry.recorded, &noted, None);
        true
    }
}

/// What something would have cost that a wallet could not pay.
fn required(refusal: &Refusal) -> Option<Credits> {
    match refusal {
        Refusal::InsufficientCredits { required, .. } => Some(*required),
        _ => None,
    }
}
