//! Events and what is not about holds: metering, reversals, grants, policies.

use chargly_ledger::{
    Action, AnnotateRequest, Annotated, Charge, CollectRequest, CostRequest, Credits, EntryId, EventTypeNo,
    Facets, Fact, GrantRequest, MeterRequest, Moved, Original, Policy, PriceInputs, RechargeRequest,
    ReverseRequest, Terms, Usage, VoidGrantRequest, WalletEvent, WalletFact,
};
use compact_str::CompactString;

use super::take::Taken;
use super::{Entry, World};
use crate::event::{cost_of, facets_of};
use crate::holds::scale;
use crate::references::original_of;

/// An event of the span that later facts refer to.
pub(super) struct Again {
    /// What it was charged, really.
    before: Credits,
    /// What it cost, really, charged or not.
    credits: Credits,
    /// As it was charged here; `None` where it did not happen.
    original: Option<Original>,
}

impl World {
    pub(super) fn metered(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &MeterRequest,
        charge: &Charge,
    ) -> bool {
        let (wallet, event_type, before) = (fact.header.wallet, request.event_type, charge.credits);
        let after = match charge.price {
            None => before,
            Some(_) => self.price(entry, event_type, request.quantity, before),
        };
        self.tally.asked(wallet, event_type, before, after);
        let times = self.times(entry, before, after);
        self.tally.totals.forgone += u64::from(times == 0);
        let terms = (Terms { price: charge.price, credits: Some(after) }, cost_of(&fact.event));
        for copy in 0..times {
            // What was recorded at no credits is recorded again, whatever the wallet.
            let is_free = charge.price.is_none() && charge.credits.is_zero();
            let action = if is_free { record_use(request, fact) } else { meter(request, fact) };
            let taken = self.take_paid(entry, fact, action, terms, copy);
            if copy == 0 {
                self.remember(entry, fact, charge, &taken);
            }
            if let Taken::Refused(refusal) = &taken {
                self.denied(entry.recorded.at, wallet, event_type, Some(refusal));
            }
        }
        times > 0
    }

    /// Keeps an event as it was charged here, where a later fact refers to it.
    pub(super) fn remember(&mut self, entry: &Entry<'_>, fact: &WalletFact, charge: &Charge, taken: &Taken) {
        let position = entry.recorded.id.position;
        if !self.references.is_within(position) {
            return;
        }
        let original = match taken {
            Taken::Done(event) => {
                let here = Fact::Wallet(WalletFact { header: fact.header, event: event.as_ref().clone() });
                original_of(entry.recorded, &here)
            }
            Taken::Refused(_) | Taken::Missing => None,
        };
        self.charged.insert(position, Again { before: charge.charged(), credits: charge.credits, original });
    }

    pub(super) fn reversed(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &ReverseRequest,
    ) -> bool {
        let Some((original, before)) = self.original(request.event) else { return self.left_out() };
        let after = original.charge.charged();
        let credits = request.credits.map(|chosen| scale(chosen, before, after));
        if credits.is_some_and(Credits::is_zero) {
            return self.left_out();
        }
        let request = ReverseRequest { credits, ..*request };
        self.take_done(entry, fact, Action::Reverse { request, original: Box::new(original) })
    }

    pub(super) fn recharged(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &RechargeRequest,
    ) -> bool {
        let Some((original, before)) = self.original(request.event) else { return self.left_out() };
        let credits = scale(request.credits, before, original.charge.charged());
        if credits.is_zero() {
            return self.left_out();
        }
        let request = RechargeRequest { credits, ..*request };
        self.take_done(entry, fact, Action::Recharge { request, original: Box::new(original) })
    }

    pub(super) fn collected(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &CollectRequest,
    ) -> bool {
        let Some((original, _)) = self.original(request.event) else { return self.left_out() };
        let before = self.charged.get(&request.event).map_or(original.charge.credits, |again| again.credits);
        // Of an event that was paid here there may be less to collect, or nothing.
        let left = original.uncharged_left(self.state.amended(request.event));
        let credits = request.credits.map(|chosen| scale(chosen, before, original.charge.credits).min(left));
        if left.is_zero() || credits.is_some_and(Credits::is_zero) {
            return self.left_out();
        }
        let request = CollectRequest { credits, ..*request };
        self.take_done(entry, fact, Action::Collect { request, original: Box::new(original) })
    }

    pub(super) fn cost_set(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &CostRequest,
        usage: Option<&Usage>,
    ) -> bool {
        let Some((original, _)) = self.original(request.event) else { return self.left_out() };
        let facets = Facets { usage: usage.cloned(), ..Facets::default() }.boxed();
        self.take_done(
            entry,
            fact,
            Action::SetCost { request: *request, facets, original: Box::new(original) },
        )
    }

    pub(super) fn annotated(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        (request, event): (&AnnotateRequest, EntryId),
        moved: Option<&Moved>,
    ) -> bool {
        let Some((original, _)) = self.original(event.position) else { return self.left_out() };
        let recorded_at = moved.map_or(entry.recorded.at, |moved| moved.recorded_at);
        let dimensions = moved.map(|moved| moved.dimensions.clone()).unwrap_or_default();
        let annotated = Some(Box::new(Annotated { event, recorded_at, original }));
        self.take_done(entry, fact, Action::Annotate { request: *request, dimensions, annotated })
    }

    /// An event as it was charged here, and what it was charged really.
    fn original(&self, event: chargly_ledger::Position) -> Option<(Original, Credits)> {
        if event < self.first {
            let original = self.references.before(event)?;
            return Some((original.clone(), original.charge.charged()));
        }
        let again = self.charged.get(&event)?;
        Some((again.original.clone()?, again.before))
    }

    pub(super) fn granted(&mut self, entry: &Entry<'_>, fact: &WalletFact, request: &GrantRequest) -> bool {
        self.packs.note(fact.header.wallet, request, entry.recorded.at);
        self.take_done(
            entry,
            fact,
            Action::Grant { customer: CompactString::default(), request: request.clone() },
        )
    }

    pub(super) fn grant_voided(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &VoidGrantRequest,
    ) -> bool {
        let number = fact.header.wallet;
        let Some(wallet) = self.state.wallet(number) else { return self.left_out() };
        // Lots are numbered as they come in, which here may be in other places.
        let granted = request.grant.position;
        let mut lots = wallet.lots.iter().chain(wallet.closed_lots());
        let Some(lot) = lots.find(|lot| lot.id.position == granted).map(|lot| lot.number) else {
            return self.left_out();
        };
        let request = VoidGrantRequest { lot, ..*request };
        self.take_done(entry, fact, Action::VoidGrant { wallet: number, request })
    }

    pub(super) fn policy_set(&mut self, entry: &Entry<'_>, fact: &WalletFact, policy: Policy) -> bool {
        self.take_done(entry, fact, Action::SetPolicy { customer: CompactString::default(), policy })
    }

    pub(super) fn frozen(&mut self, entry: &Entry<'_>, fact: &WalletFact) -> bool {
        self.take_done(entry, fact, Action::Freeze { customer: CompactString::default() })
    }

    pub(super) fn thawed(&mut self, entry: &Entry<'_>, fact: &WalletFact) -> bool {
        self.take_done(entry, fact, Action::Thaw { customer: CompactString::default() })
    }

    pub(super) fn erased(&mut self, entry: &Entry<'_>, fact: &WalletFact) -> bool {
        self.take_done(entry, fact, Action::EraseCustomer { customer: CompactString::default() })
    }

    /// Takes up something without a price. Says whether anything was recorded, a refusal included.
    pub(super) fn take_done(&mut self, entry: &Entry<'_>, fact: &WalletFact, action: Action) -> bool {
        match self.take(entry, fact, action, Terms::default(), None) {
            Taken::Done(_) | Taken::Refused(_) => true,
            Taken::Missing => self.left_out(),
        }
    }
}

/// The call behind a meter request of a wallet that is known.
pub(super) fn meter(request: &MeterRequest, fact: &WalletFact) -> Action {
    let facets = facets_of(&fact.event).map(|facets| Box::new(facets.clone()));
    Action::Meter {
        customer: CompactString::default(),
        request: *request,
        inputs: PriceInputs::new(),
        facets,
    }
}

fn record_use(request: &MeterRequest, fact: &WalletFact) -> Action {
    let facets = facets_of(&fact.event).map(|facets| Box::new(facets.clone()));
    Action::RecordUse { customer: CompactString::default(), request: *request, facets }
}

/// Charged as a capture or an event; `None` for anything else.
pub(super) fn charge_of(event: &WalletEvent) -> Option<(EventTypeNo, &Charge)> {
    match event {
        WalletEvent::Metered { request, charge, .. } => Some((request.event_type, charge)),
        WalletEvent::HoldCaptured { of, charge, .. } => Some((of.event_type, charge)),
        _ => None,
    }
}
