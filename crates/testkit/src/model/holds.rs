//! Holds: open until captured, voided or expired, and only one of these.

use super::answer::Reserved;
use super::price::Priced;
use super::spend::Split;
use super::wallet::{Hold, Wallet};
use super::{
    CREDITS_MAX, Charge, Draw, HOLD_TTL_MS, Happening, HoldEnd, LotStatus, Means, Micro, Ms, OPEN_HOLDS_MAX,
    Place, Policy, Refused, Request,
};

impl Wallet {
    pub(super) fn place_hold(
        &mut self,
        place: Place,
        request: &Request,
        priced: Priced,
        means: Means,
        now: Ms,
    ) -> Result<Happening, Refused> {
        let Request::PlaceHold { event_type, ttl_s, .. } = request else { unreachable!("a hold request") };
        self.refuse_if_frozen()?;
        if self.open_holds().count() >= OPEN_HOLDS_MAX {
            return Err(Refused::TooManyHolds);
        }
        let credits = priced.credits.unwrap_or(0);
        means.check(credits)?;
        let split = self.split_to_hold(event_type, credits)?;
        let (reserved, on_overdraft) = (split.from_lots, split.debt);
        let expires_at = now + ttl_s.map_or(HOLD_TTL_MS, |s| Ms::from(s) * 1_000);
        self.holds.push(Hold {
            placed: place,
            event_type: event_type.clone(),
            price: priced.version,
            credits,
            captured: 0,
            reserved: reserved.clone(),
            on_overdraft,
            expires_at,
            end: None,
        });
        Ok(Happening::HoldPlaced { price: priced.version, credits, reserved, on_overdraft, expires_at })
    }

    pub(super) fn increase_hold(
        &mut self,
        placed: Place,
        priced: Priced,
        means: Means,
    ) -> Result<Happening, Refused> {
        let hold = self.open(placed)?;
        self.refuse_if_frozen()?;
        let credits = priced.credits.unwrap_or(0);
        if hold.credits + credits > CREDITS_MAX {
            return Err(Refused::BalanceTooLarge);
        }
        means.check(credits)?;
        let split = self.split_to_hold(&hold.event_type, credits)?;
        let hold = self.hold_mut(placed);
        hold.credits += credits;
        hold.on_overdraft += split.debt;
        for (lot, part) in &split.from_lots {
            match hold.reserved.iter_mut().find(|(known, _)| known == lot) {
                Some((_, known)) => *known += part,
                None => hold.reserved.push((*lot, *part)),
            }
        }
        let (reserved, on_overdraft) = (split.from_lots, split.debt);
        Ok(Happening::HoldIncreased { hold: placed, credits, reserved, on_overdraft })
    }

    pub(super) fn extend_hold(&mut self, placed: Place, ttl_s: u32, now: Ms) -> Result<Happening, Refused> {
        self.open(placed)?;
        let expires_at = now + Ms::from(ttl_s) * 1_000;
        self.hold_mut(placed).expires_at = expires_at;
        Ok(Happening::HoldExtended { hold: placed, expires_at })
    }

    pub(super) fn void_hold(&mut self, placed: Place) -> Result<Happening, Refused> {
        self.open(placed)?;
        let (released, lapsed) = self.give_back(placed, HoldEnd::Voided);
        Ok(Happening::HoldVoided { hold: placed, released, lapsed })
    }

    pub(super) fn expire_hold(&mut self, placed: Place) -> Happening {
        let due = self.hold_mut(placed).expires_at;
        let (released, lapsed) = self.give_back(placed, HoldEnd::Expired);
        Happening::HoldExpired { hold: placed, due, released, lapsed }
    }

    /// Charges at most what is held from what is reserved. Beyond it, or after the hold lapsed, the work is charged
    /// afresh at the pinned price, if the caller or the policy lets it.
    pub(super) fn capture_hold(
        &mut self,
        place: Place,
        request: &Request,
        priced: Priced,
        means: Means,
    ) -> Result<Happening, Refused> {
        let Request::CaptureHold { hold: placed, record, is_final, cost, .. } = request else {
            unreachable!("a capture request")
        };
        let hold = match self.open(*placed) {
            Err(Refused::HoldNotOpen { state: HoldEnd::Expired })
                if *record || self.policy != Policy::Strict =>
            {
                return self.capture_late(place, *placed, priced, (*record, cost.as_ref(), means));
            }
            other => other?,
        };
        let credits = priced.credits.unwrap_or(hold.credits);
        let beyond = (credits - hold.credits).max(0);
        if beyond > 0 && !record {
            return Err(Refused::CaptureExceedsHold { held: hold.credits, requested: credits });
        }
        if beyond > 0 {
            self.refuse_if_frozen()?;
            means.check(beyond)?;
        }
        let fresh = self.split(&hold.event_type, beyond, *record)?;
        let (mut draws, on_overdraft, unreserved) = self.take_reserved(*placed, credits - beyond);
        for (lot, part) in &fresh.from_lots {
            let draw = self.take(*lot, *part);
            match draws.iter_mut().find(|d| d.lot == *lot) {
                Some(known) => {
                    known.credits += draw.credits;
                    known.revenue += draw.revenue;
                }
                None => draws.push(draw),
            }
        }
        let charge = Charge {
            price: hold.price,
            credits,
            draws,
            debt: on_overdraft + fresh.debt,
            uncharged: unreserved + fresh.uncharged,
        };
        self.note_event(place, &hold.event_type, &charge, cost.as_ref());
        // What is not debt now is free again when the hold ends.
        let overdraft_freed = if *is_final { hold.on_overdraft } else { on_overdraft };
        let (released, lapsed) =
            if *is_final { self.give_back(*placed, HoldEnd::Captured) } else { Default::default() };
        let still_held = if *is_final { 0 } else { hold.credits - (credits - beyond) };
        Ok(Happening::HoldCaptured {
            hold: *placed,
            charge,
            overdraft_freed,
            released,
            lapsed,
            still_held,
            ended: *is_final,
        })
    }

    /// Nothing is reserved any more. "All that was held" is what could still be captured when the hold lapsed.
    fn capture_late(
        &mut self,
        place: Place,
        placed: Place,
        priced: Priced,
        (record, cost, means): (bool, Option<&super::Money>, Means),
    ) -> Result<Happening, Refused> {
        self.refuse_if_frozen()?;
        let hold = self.hold_mut(placed).clone();
        let credits = priced.credits.unwrap_or(hold.credits);
        means.check(credits)?;
        let split = self.split(&hold.event_type, credits, record)?;
        let draws = split.from_lots.iter().map(|(lot, part)| self.take(*lot, *part)).collect();
        let charge =
            Charge { price: hold.price, credits, draws, debt: split.debt, uncharged: split.uncharged };
        self.note_event(place, &hold.event_type, &charge, cost);
        Ok(Happening::HoldCaptured {
            hold: placed,
            charge,
            overdraft_freed: 0,
            released: Vec::new(),
            lapsed: Vec::new(),
            still_held: 0,
            ended: false,
        })
    }

    /// Draws from the reservations in their order, then on the overdraft; what was never reserved is not charged.
    fn take_reserved(&mut self, placed: Place, credits: Micro) -> (Vec<Draw>, Micro, Micro) {
        let mut left = credits;
        let mut draws = Vec::new();
        for (lot, reserved) in self.hold_mut(placed).reserved.clone() {
            let part = reserved.min(left);
            if part > 0 {
                self.hold_mut(placed).reserved.iter_mut().find(|r| r.0 == lot).expect("reserved").1 -= part;
                draws.push(self.take(lot, part));
                left -= part;
            }
        }
        let hold = self.hold_mut(placed);
        let on_overdraft = hold.on_overdraft.min(left);
        hold.on_overdraft -= on_overdraft;
        hold.reserved.retain(|(_, part)| *part > 0);
        hold.credits -= credits;
        hold.captured += credits;
        (draws, on_overdraft, left - on_overdraft)
    }

    /// Ends a hold. What it still reserved is free again, but what belongs to a lot that expired meanwhile lapses.
    fn give_back(&mut self, placed: Place, end: HoldEnd) -> (Reserved, Vec<Draw>) {
        let hold = self.hold_mut(placed);
        hold.end = Some(end);
        let released = hold.reserved.clone();
        let expired = |wallet: &Self, lot: u32| wallet.lot(lot).status == LotStatus::Expired;
        let gone: Reserved = released.iter().copied().filter(|(lot, _)| expired(self, *lot)).collect();
        let lapsed = gone.into_iter().map(|(lot, part)| self.lapse(lot, part)).collect();
        (released, lapsed)
    }

    /// What is set aside never passes the largest amount.
    fn split_to_hold(&self, event_type: &str, credits: Micro) -> Result<Split, Refused> {
        let split = self.split(event_type, credits, false)?;
        let held = self.balance().held + credits - split.uncharged;
        if held > CREDITS_MAX { Err(Refused::BalanceTooLarge) } else { Ok(split) }
    }

    fn open(&self, placed: Place) -> Result<Hold, Refused> {
        let hold = self.hold(placed).expect("a hold of this wallet");
        hold.end.map_or(Ok(hold.clone()), |state| Err(Refused::HoldNotOpen { state }))
    }
}
