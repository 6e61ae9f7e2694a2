//! From one fact to what it adds to the rollups.

use chargly_ledger::{
    Asked, Charge, Cost, Draw, EventTypeNo, Facets, Fact, MeterRequest, Millis, PriceNo, Quantity,
    Settlement, WalletEvent, WalletNo, cost_of_event,
};

use crate::Figures;
use crate::counters::{Counters, Tally};
use crate::rollup::{Key, NONE, Rollup};

/// Adds a fact recorded at `at` to the counters; `None` when a sum is too large.
pub(crate) fn fold(counters: &mut Counters, at: Millis, fact: &Fact) -> Option<()> {
    let Fact::Wallet(fact) = fact else { return Some(()) };
    let mut rows = Rows { counters, wallet: fact.header.wallet };
    match &fact.event {
        WalletEvent::Metered { request, charge, facets } => {
            rows.metered(at, request, charge, facets.as_deref())
        }
        WalletEvent::HoldCaptured { request, of, charge, broken, facets, .. } => {
            let cost = cost_of_event(request.cost, facets.as_deref());
            rows.charged(at, of.event_type, of.quantity, cost, charge)?;
            rows.broken(at, broken)
        }
        WalletEvent::Refused { asked, facets, .. } => match asked {
            Asked::Meter(request) => {
                let at = request.occurred_at.unwrap_or(at);
                let cost = cost_of_event(request.cost, facets.as_deref());
                rows.add(at, Some(request.event_type), None, &refused(cost))
            }
            Asked::PlaceHold(request) => rows.add(at, Some(request.event_type), None, &refused(None)),
            Asked::CaptureHold(request) => {
                let cost = cost_of_event(request.cost, facets.as_deref());
                rows.add(at, None, None, &refused(cost))
            }
            Asked::Batch(..) => rows.add(at, None, None, &refused(None)),
            // Nothing that anybody would have used.
            Asked::IncreaseHold(_)
            | Asked::ExtendHold(_)
            | Asked::VoidHold(_)
            | Asked::Grant(_)
            | Asked::VoidGrant(_)
            | Asked::Reverse(_)
            | Asked::Recharge(_)
            | Asked::SetCost(..) => Some(()),
        },
        WalletEvent::Reversed { credits, returns, .. } => {
            let (_, reversed_revenue_nano) = sum(returns);
            let reversed_micro = credits.micro().into();
            rows.add(at, None, None, &Figures { reversed_micro, reversed_revenue_nano, ..Figures::default() })
        }
        WalletEvent::Granted { settlements, .. } => rows.settled(at, settlements),
        // What happens by time counts from when it was due, however late an idle wallet was swept.
        WalletEvent::LotActivated { due, settlements, .. } => rows.settled(*due, settlements),
        WalletEvent::LotExpired { due, broken } => rows.broken(*due, std::slice::from_ref(broken)),
        WalletEvent::HoldExpired { due, broken, .. } => rows.broken(*due, broken),
        WalletEvent::HoldVoided { broken, .. } => rows.broken(at, broken),
        WalletEvent::Opened
        | WalletEvent::GrantVoided { .. }
        | WalletEvent::HoldPlaced { .. }
        | WalletEvent::HoldIncreased { .. }
        | WalletEvent::HoldExtended { .. }
        | WalletEvent::PolicySet { .. }
        | WalletEvent::Frozen
        | WalletEvent::Thawed
        | WalletEvent::Recharged { .. }
        | WalletEvent::CostSet { .. }
        | WalletEvent::CustomerErased => Some(()),
    }
}

/// A key in each rollup.
type Keys = [(Rollup, Key); Rollup::ALL.len()];

/// Adds a meter event of a wallet, recorded at `at`; `None` when a sum is too large.
#[inline]
pub(crate) fn fold_metered(
    counters: &mut Counters,
    at: Millis,
    wallet: WalletNo,
    (request, charge, facets): (&MeterRequest, &Charge, Option<&Facets>),
) -> Option<()> {
    Rows { counters, wallet }.metered(at, request, charge, facets)
}

/// The rows of every rollup that one wallet's fact touches.
struct Rows<'a> {
    counters: &'a mut Counters,
    wallet: WalletNo,
}

impl Rows<'_> {
    #[inline]
    fn metered(
        &mut self,
        at: Millis,
        request: &MeterRequest,
        charge: &Charge,
        facets: Option<&Facets>,
    ) -> Option<()> {
        let at = request.occurred_at.unwrap_or(at);
        self.charged(at, request.event_type, request.quantity, cost_of_event(request.cost, facets), charge)
    }

    #[inline]
    fn charged(
        &mut self,
        at: Millis,
        event_type: EventTypeNo,
        quantity: Quantity,
        cost: Option<Cost>,
        charge: &Charge,
    ) -> Option<()> {
        let keys = self.keys(at, Some(event_type), charge.price);
        match Tally::of(quantity, cost, charge) {
            Some(tally) => {
                keys.into_iter().try_for_each(|(rollup, key)| self.counters.count(rollup, key, &tally))
            }
            None => self.add_to(keys, &event(quantity, cost, charge)),
        }
    }

    fn add(
        &mut self,
        at: Millis,
        event_type: Option<EventTypeNo>,
        price: Option<PriceNo>,
        more: &Figures,
    ) -> Option<()> {
        let keys = self.keys(at, event_type, price);
        self.add_to(keys, more)
    }

    fn add_to(&mut self, keys: Keys, more: &Figures) -> Option<()> {
        keys.into_iter().try_for_each(|(rollup, key)| self.counters.add(rollup, key, more))
    }

    #[inline]
    fn keys(&self, at: Millis, event_type: Option<EventTypeNo>, price: Option<PriceNo>) -> Keys {
        let event_type = event_type.map_or(NONE, |no| no.0.into());
        let price = price.map_or(NONE, |no| no.0.into());
        Rollup::ALL.map(|rollup| {
            let bucket = rollup.bucket(at.0);
            let key = match rollup {
                Rollup::PriceHour => [bucket, event_type, price],
                Rollup::WalletDay => [bucket, self.wallet.0.into(), event_type],
            };
            (rollup, key)
        })
    }

    fn broken(&mut self, at: Millis, broken: &[Draw]) -> Option<()> {
        if broken.is_empty() {
            return Some(());
        }
        let (breakage_micro, breakage_revenue_nano) = sum(broken);
        self.add(at, None, None, &Figures { breakage_micro, breakage_revenue_nano, ..Figures::default() })
    }

    fn settled(&mut self, at: Millis, settlements: &[Settlement]) -> Option<()> {
        if settlements.is_empty() {
            return Some(());
        }
        let settled_micro = settlements.iter().map(|s| i128::from(s.credits.micro())).sum();
        let settled_revenue_nano = settlements.iter().map(|s| i128::from(s.revenue_nano)).sum();
        self.add(at, None, None, &Figures { settled_micro, settled_revenue_nano, ..Figures::default() })
    }
}

fn event(quantity: Quantity, cost: Option<Cost>, charge: &Charge) -> Figures {
    let (_, revenue_nano) = sum(&charge.draws);
    Figures {
        events: 1,
        quantity_micro: quantity.micro().into(),
        credits_micro: charge.charged().micro().into(),
        uncharged_micro: charge.uncharged.micro().into(),
        revenue_nano,
        cost_nano: cost.map_or(0, |c| c.nano.into()),
        cost_missing: cost.is_none().into(),
        ..Figures::default()
    }
}

fn refused(cost: Option<Cost>) -> Figures {
    Figures { refused: 1, unbilled_cost_nano: cost.map_or(0, |c| c.nano.into()), ..Figures::default() }
}

/// Micro-credits and nano-units of the draws. One fact has far too few of them to pass 128 bits.
fn sum(draws: &[Draw]) -> (i128, i128) {
    draws.iter().fold((0, 0), |(credits, revenue), draw| {
        (credits + i128::from(draw.credits.micro()), revenue + i128::from(draw.revenue_nano))
    })
}
