//! Lots coming in and leaving, and events undone.

use std::collections::BTreeSet;

use super::wallet::{Lot, Payment, Wallet};
use super::{
    CREDITS_MAX, Draw, Happening, Kind, LIVE_LOTS_MAX, LotStatus, Micro, Ms, Place, Refused, Request,
    STAND_IN_TTL_MS, Settled,
};

impl Wallet {
    pub(super) fn grant(&mut self, place: Place, request: &Request, now: Ms) -> Result<Happening, Refused> {
        let Request::Grant { credits, kind, price, priority, effective_at, expires_at, scope, .. } = request
        else {
            unreachable!("a grant request")
        };
        if self.live_lots().len() >= LIVE_LOTS_MAX {
            return Err(Refused::TooManyGrants);
        }
        if self.balance().posted.max(0) + self.to_come() + credits > CREDITS_MAX {
            return Err(Refused::BalanceTooLarge);
        }
        let active = effective_at.is_none_or(|at| at <= now);
        let lot = self.next_lot();
        self.lots.push(Lot {
            number: lot,
            granted_by: place,
            kind: *kind,
            status: if active { LotStatus::Active } else { LotStatus::Pending },
            credits: *credits,
            price: price.clone(),
            priority: *priority,
            effective_at: effective_at.unwrap_or(now),
            expires_at: *expires_at,
            granted_at: now,
            scope: scope.clone(),
            moves: Vec::new(),
            lapses: Vec::new(),
        });
        let settled = if active { self.settle(lot) } else { Vec::new() };
        Ok(Happening::Granted { lot, active, settled })
    }

    /// A lot's day has come.
    pub(super) fn activate(&mut self, lot: u32) -> Happening {
        let (due, credits) = (self.lot(lot).effective_at, self.lot(lot).remaining());
        self.lot_mut(lot).status = LotStatus::Active;
        let settled = self.settle(lot);
        Happening::LotActivated { lot, due, credits, settled }
    }

    /// What no hold reserves lapses.
    pub(super) fn expire_lot(&mut self, lot: u32) -> Happening {
        let due = self.lot(lot).expires_at.expect("a lot that expires");
        let free = self.free(lot);
        self.lot_mut(lot).status = LotStatus::Expired;
        Happening::LotExpired { due, lapsed: self.lapse(lot, free) }
    }

    pub(super) fn void_grant(&mut self, number: u32) -> Result<Happening, Refused> {
        let held = self.reserved(number);
        let lot = self.lots.iter_mut().find(|l| l.number == number).ok_or(Refused::GrantNotOpen)?;
        let active = lot.status == LotStatus::Active;
        if (!active && lot.status != LotStatus::Pending) || lot.remaining() == 0 {
            return Err(Refused::GrantNotOpen);
        }
        if held > 0 {
            return Err(Refused::GrantHeld { held });
        }
        lot.status = LotStatus::Voided;
        let (credits, refunded) = (lot.remaining(), lot.price_nano() - lot.recognised());
        Ok(Happening::GrantVoided { lot: number, credits, active, refunded })
    }

    /// Debt is paid oldest first, as far as the lot pays for those event types.
    pub(super) fn settle(&mut self, lot: u32) -> Vec<Settled> {
        let mut settled = Vec::new();
        let mut owing: Vec<usize> = (0..self.events.len()).filter(|at| self.events[*at].owed > 0).collect();
        owing.sort_by_key(|at| self.events[*at].owed_since);
        for index in owing {
            let event = &self.events[index];
            let credits = event.owed.min(self.free(lot));
            if credits > 0 && self.lot(lot).pays_for(&event.event_type) {
                let Draw { revenue, .. } = self.take(lot, credits);
                let event = &mut self.events[index];
                event.owed -= credits;
                event.payments.push(Payment { lot, credits, returned: 0 });
                settled.push(Settled { event: event.place, credits, revenue });
            }
        }
        settled
    }

    /// Undoes an event: first what is still owed of it, then what lots paid, the last payer first. What a lot that
    /// is gone paid comes back as a lot of its own for a week, at no price.
    pub(super) fn reverse(
        &mut self,
        place: Place,
        event: Place,
        asked: Option<Micro>,
        now: Ms,
    ) -> Result<Happening, Refused> {
        let index = self.events.iter().position(|e| e.place == event).expect("an event of this wallet");
        let reversed = self.events[index].reversed;
        let left = self.events[index].charged_in_all() - reversed;
        let credits = asked.unwrap_or(left);
        if left == 0 || credits > left {
            return Err(Refused::AlreadyReversed { requested: credits, left, reversed });
        }
        if (self.balance().posted + credits).max(0) + self.to_come() > CREDITS_MAX {
            return Err(Refused::BalanceTooLarge);
        }
        let debt = self.events[index].owed.min(credits);
        self.events[index].owed -= debt;
        self.events[index].reversed += credits;
        let (returned, gone) = self.pay_back(index, credits - debt, now);
        let stand_in = (gone > 0).then(|| self.stand_in(place, gone, now));
        Ok(Happening::Reversed { event, credits, debt, returned, stand_in })
    }

    /// What lots paid goes back to them, the last payer first. Also what no lot can take.
    pub(super) fn pay_back(&mut self, index: usize, credits: Micro, now: Ms) -> (Vec<Draw>, Micro) {
        let (mut to_return, mut returned, mut gone) = (credits, Vec::new(), 0);
        for turn in (0..self.events[index].payments.len()).rev() {
            let payment = &mut self.events[index].payments[turn];
            let part = (payment.credits - payment.returned).min(to_return);
            payment.returned += part;
            to_return -= part;
            let lot = payment.lot;
            let usable = self.lot(lot).status == LotStatus::Active
                && self.lot(lot).expires_at.is_none_or(|at| at > now);
            match (part, usable) {
                (0, _) => {}
                (_, true) => returned.push(self.put_back(lot, part)),
                (_, false) => gone += part,
            }
        }
        (returned, gone)
    }

    pub(super) fn stand_in(&mut self, place: Place, credits: Micro, now: Ms) -> (u32, Micro, Ms) {
        let (number, expires_at) = (self.next_lot(), now + STAND_IN_TTL_MS);
        self.lots.push(Lot {
            number,
            granted_by: place,
            kind: Kind::Adjustment,
            status: LotStatus::Active,
            credits,
            price: None,
            priority: 0,
            effective_at: now,
            expires_at: Some(expires_at),
            granted_at: now,
            scope: BTreeSet::new(),
            moves: Vec::new(),
            lapses: Vec::new(),
        });
        (number, credits, expires_at)
    }

    pub(super) fn next_lot(&self) -> u32 {
        u32::try_from(self.lots.len() + 1).expect("few lots")
    }
}
