//! Allowances: credits that come again every period, and what of the last ones is carried over.

use std::collections::BTreeSet;

use super::wallet::Wallet;
use super::{
    ALLOWANCES_MAX, CREDITS_MAX, DAY_MS, Happening, Kind, LIVE_LOTS_MAX, LotStatus, Micro, Ms, Place,
    Refused, Rejected, Request,
};

/// How often an allowance comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Every day.
    Day,
    /// Every seven days.
    Week,
    /// Every month.
    Month,
}

/// How much is carried over at the end of a period, in micro-credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rollover {
    /// At least.
    pub min: Micro,
    /// At most.
    pub max: Micro,
}

/// An allowance of a wallet.
#[derive(Clone, Debug)]
pub(super) struct Allowance {
    pub(super) given_by: Place,
    pub(super) code: String,
    pub(super) credits: Micro,
    pub(super) period: Period,
    pub(super) rollover: Rollover,
    pub(super) priority: i32,
    pub(super) scope: BTreeSet<String>,
    /// When its first period begins.
    pub(super) first: Ms,
    /// How many have begun.
    pub(super) periods: u32,
    /// Its lots that had something left when the last one began, and that one's.
    pub(super) lots: Vec<u32>,
}

impl Allowance {
    /// When the period begins that has so many before it.
    pub(super) fn begins(&self, periods: u32) -> Ms {
        let periods = i64::from(periods);
        match self.period {
            Period::Day => self.first + periods * DAY_MS,
            Period::Week => self.first + periods * 7 * DAY_MS,
            Period::Month => months_after(self.first, periods),
        }
    }
}

/// The first field of a request that cannot be.
pub(super) fn check(request: &Request, now: Ms) -> Option<&'static str> {
    let Request::SetAllowance { code, credits, starts_at, rollover, .. } = request else { return None };
    if code.is_empty() || code.len() > 64 {
        Some("code")
    } else if *credits <= 0 {
        Some("credits")
    } else if rollover.min < 0 || rollover.min > rollover.max {
        Some("rollover")
    } else if credits + rollover.max > CREDITS_MAX {
        Some("rollover.max")
    } else if starts_at.is_some_and(|at| at < now) {
        Some("starts_at")
    } else {
        None
    }
}

impl Wallet {
    /// A new allowance begins now or on its day. One of this code changes from its next period on, and counts its
    /// periods afresh from there where its rhythm is another.
    pub(super) fn set_allowance(
        &mut self,
        place: Place,
        request: &Request,
        now: Ms,
    ) -> Result<Happening, Refused> {
        let Request::SetAllowance { code, credits, period, starts_at, rollover, priority, scope, .. } =
            request
        else {
            unreachable!("an allowance request")
        };
        let mut allowance = Allowance {
            given_by: place,
            code: code.clone(),
            credits: *credits,
            period: *period,
            rollover: *rollover,
            priority: *priority,
            scope: scope.clone(),
            first: starts_at.unwrap_or(now),
            periods: 0,
            lots: Vec::new(),
        };
        if let Some(before) = self.allowances.iter_mut().find(|known| known.code == *code) {
            allowance.given_by = before.given_by;
            allowance.lots = before.lots.clone();
            if starts_at.is_none() && before.period == *period {
                (allowance.first, allowance.periods) = (before.first, before.periods);
            } else if starts_at.is_none() {
                allowance.first = before.begins(before.periods);
            }
            *before = allowance;
        } else if self.allowances.len() >= ALLOWANCES_MAX {
            return Err(Refused::TooManyAllowances);
        } else {
            self.allowances.push(allowance);
        }
        Ok(Happening::AllowanceSet { code: code.clone() })
    }

    /// What it gave stays until its time.
    pub(super) fn end_allowance(&mut self, code: &str) -> Result<Happening, Rejected> {
        let at = self.allowances.iter().position(|a| a.code == code).ok_or(Rejected::NotFound)?;
        Ok(Happening::AllowanceEnded { allowance: self.allowances.remove(at).given_by })
    }

    /// A period begins. What nobody reserves of the last ones becomes min(max, max(left, min)): what is beyond
    /// lapses, oldest first; what is missing comes on top of the period's credits. Before the first period there was
    /// nothing to carry over.
    pub(super) fn renew(&mut self, place: Place, given_by: Place, now: Ms) -> Happening {
        let at = self.allowances.iter().position(|a| a.given_by == given_by).expect("an allowance");
        let allowance = self.allowances[at].clone();
        let (due, ends_at) = (allowance.begins(allowance.periods), allowance.begins(allowance.periods + 1));
        let is_usable =
            |lot: &u32| self.lot(*lot).status == LotStatus::Active && self.lot(*lot).remaining() > 0;
        let old: Vec<u32> = allowance.lots.iter().copied().filter(is_usable).collect();
        let has_room = self.live_lots().len() < LIVE_LOTS_MAX;
        let left: Micro = old.iter().map(|lot| self.free(*lot)).sum();
        let Rollover { min, max } = allowance.rollover;
        let kept = left.max(min).min(max);
        let is_first = allowance.periods == 0 && allowance.lots.is_empty();
        let missing = if is_first { 0 } else { (kept - left).max(0) };
        let (mut beyond, mut lapsed, mut carried) = ((left - kept).max(0), Vec::new(), Vec::new());
        for lot in old {
            let free = self.free(lot);
            let part = free.min(beyond);
            beyond -= part;
            if part > 0 {
                lapsed.push(self.lapse(lot, part));
            }
            if part < free {
                carried.push(lot);
                self.lot_mut(lot).expires_at = Some(ends_at);
            } else {
                self.lot_mut(lot).status = LotStatus::Expired;
            }
        }
        let room = CREDITS_MAX - self.balance().posted.max(0) - self.to_come();
        let credits = (allowance.credits + missing).min(room);
        let (mut lot, mut settled) = (None, Vec::new());
        if credits > 0 && has_room {
            let number = self.bring_in(place, (Kind::Promotional, credits, None), Some(ends_at), now);
            self.lot_mut(number).priority = allowance.priority;
            self.lot_mut(number).scope = allowance.scope;
            settled = self.settle(number);
            lot = Some(number);
        }
        self.allowances[at].periods += 1;
        self.allowances[at].lots = carried.iter().copied().chain(lot).collect();
        let credits = if lot.is_some() { credits } else { 0 };
        Happening::AllowanceRenewed {
            allowance: given_by,
            due,
            ends_at,
            lapsed,
            carried,
            lot,
            credits,
            settled,
        }
    }
}

/// The same time of the same day so many months later, or of the month's last day where it has none of that number.
fn months_after(first: Ms, months: i64) -> Ms {
    let (day, time) = (first.div_euclid(DAY_MS), first.rem_euclid(DAY_MS));
    let (year, month, of_month) = date(day);
    let months = year * 12 + (month - 1) + months;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    let begins = days_before(year, month);
    let next = if month == 12 { days_before(year + 1, 1) } else { days_before(year, month + 1) };
    (begins + of_month.min(next - begins) - 1) * DAY_MS + time
}

/// Year, month and day, by walking through the calendar.
fn date(day: i64) -> (i64, i64, i64) {
    let mut year = 1970 + day / 366;
    while days_before(year + 1, 1) <= day {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days_before(year, *month) <= day).expect("a month of the year");
    (year, month, day - days_before(year, month) + 1)
}

/// Days from 1970-01-01 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let of_years: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    of_years + lengths.iter().take(usize::try_from(month - 1).expect("a month")).sum::<i64>()
}
