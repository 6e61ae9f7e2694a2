//! Allowances: credits that a wallet gets again every day, week or month, and what is carried over.
//!
//! At the end of a period what is left of the allowance's lots becomes min(max, max(left, min)): what is beyond lapses,
//! oldest first, what is missing is granted on top. What is carried over stays in its lot, with its price and its age,
//! and is good for another period. Periods are counted from their first, in UTC, so that the 31st stays the 31st.

use compact_str::CompactString;
use jiff::{Span, Timestamp, tz::TimeZone};

use crate::codec::{boxed_codec, codec_enum, codec_struct};
use crate::draw::Drawing;
use crate::{
    Balance, Credits, Draw, EntryId, EventTypeNo, GrantKind, GrantRequest, LOTS_PER_WALLET_MAX, Lot, LotNo,
    LotStatus, Millis, Refusal, Rejection, Settlement, Wallet, WalletEvent, grants,
};

/// Allowances of one wallet: more are better said by one.
pub const ALLOWANCES_PER_WALLET_MAX: usize = 10;
/// The longest code of an allowance, in bytes.
pub const ALLOWANCE_CODE_BYTES_MAX: usize = 64;

/// How often an allowance comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Every day.
    Day,
    /// Every seven days.
    Week,
    /// Every month, on the same day of the month, or its last where it has none of that number.
    Month,
}
codec_enum!(Period, "period" { 1 => Day, 2 => Week, 3 => Month });

impl Period {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The start of the period so many after the one that began at `first`; [`Millis::NEVER`] beyond the calendar.
    pub fn start(self, first: Millis, periods: u32) -> Millis {
        let span = match self {
            Self::Day => Span::new().try_days(periods),
            Self::Week => Span::new().try_weeks(periods),
            Self::Month => Span::new().try_months(periods),
        };
        let start = Timestamp::from_millisecond(first.0).and_then(|first| {
            let start = first.to_zoned(TimeZone::UTC).checked_add(span?)?;
            Ok(Millis(start.timestamp().as_millisecond()))
        });
        start.unwrap_or(Millis::NEVER)
    }
}

/// Give a wallet an allowance, or change the one of this code from its next period on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowanceRequest {
    /// What it is called in this wallet.
    pub code: CompactString,
    /// Credits of each period.
    pub credits: Credits,
    /// How often.
    pub period: Period,
    /// When the first period begins; now when not given, and as it was where the allowance is changed.
    pub starts_at: Option<Millis>,
    /// Credits that are carried over at least: what is missing is granted on top.
    pub rollover_min: Credits,
    /// Credits that are carried over at most.
    pub rollover_max: Credits,
    /// Lower burns first.
    pub priority: i32,
    /// Which event types it pays for; all when empty. Sorted, without repeats.
    pub scope: Vec<EventTypeNo>,
}
codec_struct!(AllowanceRequest {
    code,
    credits,
    period,
    starts_at,
    rollover_min,
    rollover_max,
    priority,
    scope
});

/// An allowance of a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The fact that gave it first.
    pub id: EntryId,
    /// What it gives.
    pub terms: AllowanceRequest,
    /// When its first period began.
    pub first: Millis,
    /// How many periods have begun.
    pub periods: u32,
    /// Its lots that have something left, oldest first.
    pub lots: Vec<LotNo>,
}
codec_struct!(Allowance { id, terms, first, periods, lots });

impl Allowance {
    /// When its next period begins.
    pub fn next_at(&self) -> Millis {
        self.terms.period.start(self.first, self.periods)
    }
}

/// A period of an allowance began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// Which allowance, by the place of the fact that gave it.
    pub allowance: crate::Position,
    /// When the period began.
    pub due: Millis,
    /// When it ends: its lots lapse then, unless they are carried over.
    pub ends_at: Millis,
    /// What lapsed of earlier lots.
    pub lapsed: Vec<Draw>,
    /// Earlier lots that are good for another period.
    pub carried: Vec<LotNo>,
    /// The new lot; `None` where the wallet has no room for it.
    pub lot: Option<LotNo>,
    /// Its credits.
    pub credits: Credits,
    /// Debt that it paid at once.
    pub settlements: Vec<Settlement>,
}
codec_struct!(Renewal { allowance, due, ends_at, lapsed, carried, lot, credits, settlements });

boxed_codec!(AllowanceRequest, Renewal);

/// Checks an allowance by itself.
pub(crate) fn check(request: &AllowanceRequest, now: Millis) -> Result<(), Rejection> {
    let is_code = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.".contains(&b);
    if request.code.is_empty()
        || request.code.len() > ALLOWANCE_CODE_BYTES_MAX
        || !request.code.bytes().all(is_code)
    {
        let problem = format!("must be 1 to {ALLOWANCE_CODE_BYTES_MAX} characters of a-z, 0-9, -, _ and .");
        return Err(Rejection::invalid("code", problem));
    }
    if !request.credits.is_positive() {
        return Err(Rejection::invalid("credits", "must be greater than zero"));
    }
    if request.rollover_min < Credits::ZERO || request.rollover_max < request.rollover_min {
        return Err(Rejection::invalid("rollover", "must have 0 ≤ min ≤ max"));
    }
    if request.credits.checked_add(request.rollover_max).is_none() {
        return Err(Rejection::invalid("rollover.max", "is beyond the largest amount"));
    }
    if request.starts_at.is_some_and(|at| at < now) {
        return Err(Rejection::in_the_past("starts_at", now));
    }
    Ok(())
}

/// Gives the wallet an allowance. Its first period begins when it is due, which may be at once.
pub(crate) fn set(wallet: &Wallet, request: &AllowanceRequest) -> Result<(WalletEvent, Balance), Refusal> {
    let is_known = wallet.allowance(&request.code).is_some();
    if !is_known && wallet.allowances().len() >= ALLOWANCES_PER_WALLET_MAX {
        let limit = u32::try_from(ALLOWANCES_PER_WALLET_MAX).unwrap_or(u32::MAX);
        return Err(Refusal::TooManyAllowances { limit });
    }
    Ok((WalletEvent::AllowanceSet { request: Box::new(request.clone()) }, wallet.balance))
}

/// Takes the allowance away. What it gave stays until its time.
pub(crate) fn end(wallet: &Wallet, code: &str) -> Result<(WalletEvent, Balance), Rejection> {
    let allowance = wallet.allowance(code).ok_or(Rejection::NotFound { kind: "allowance" })?;
    Ok((WalletEvent::AllowanceEnded { allowance: allowance.id.position }, wallet.balance))
}

/// Begins the allowance's next period. Nothing can refuse it: what there is no room for is not granted.
pub(crate) fn renew(wallet: &Wallet, allowance: &Allowance) -> (WalletEvent, Balance) {
    let due = allowance.next_at();
    let ends_at = allowance.terms.period.start(allowance.first, allowance.periods.saturating_add(1));
    let mut after = wallet.balance;
    let lots: Vec<&Lot> = allowance
        .lots
        .iter()
        .filter_map(|number| wallet.lot(*number))
        .filter(|lot| lot.status == LotStatus::Active)
        .collect();
    let left: Credits = lots.iter().map(|lot| lot.free()).sum();
    let AllowanceRequest { rollover_min, rollover_max, credits, .. } = allowance.terms;
    let carried_over = left.max(rollover_min).min(rollover_max);
    let mut excess = (left - carried_over).max(Credits::ZERO);
    let (mut lapsed, mut carried) = (Vec::new(), Vec::new());
    for lot in lots {
        let part = lot.free().min(excess);
        excess -= part;
        if part.is_positive() {
            lapsed.push(Drawing::default().take(lot, part));
            after.posted -= part;
        }
        if part < lot.free() {
            carried.push(lot.number);
        }
    }
    // Nothing is carried over into the first period, so that nothing is missing there.
    let is_first = allowance.periods == 0 && allowance.lots.is_empty();
    let missing = if is_first { Credits::ZERO } else { (carried_over - left).max(Credits::ZERO) };
    let room = Credits::MAX - after.posted.max(Credits::ZERO) - wallet.to_come();
    let wanted = credits.checked_add(missing).unwrap_or(credits).min(room);
    let has_room = wanted.is_positive() && wallet.lots.len() < LOTS_PER_WALLET_MAX;
    let mut renewal = Renewal {
        allowance: allowance.id.position,
        due,
        ends_at,
        lapsed,
        carried,
        lot: None,
        credits: Credits::ZERO,
        settlements: Vec::new(),
    };
    if has_room {
        let lot = grants::incoming(wallet.next_lot, &granted(allowance, wanted, ends_at));
        renewal.settlements = grants::settle(wallet, &lot);
        after.posted += wanted;
        after.debt -= renewal.settlements.iter().map(|settled| settled.credits).sum();
        (renewal.lot, renewal.credits) = (Some(lot.number), wanted);
    }
    (WalletEvent::AllowanceRenewed { renewal: Box::new(renewal) }, after)
}

/// The lot of a period as it is granted.
pub(crate) fn granted(allowance: &Allowance, credits: Credits, ends_at: Millis) -> GrantRequest {
    GrantRequest {
        credits,
        kind: GrantKind::Promotional,
        price: None,
        priority: allowance.terms.priority,
        effective_at: None,
        expires_at: Some(ends_at),
        scope: allowance.terms.scope.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_keep_their_day_where_they_have_it() {
        let at = |text: &str| Millis(text.parse::<Timestamp>().expect("a time").as_millisecond());
        let first = at("2026-01-31T09:30:00Z");
        for (period, periods, expected) in [
            (Period::Month, 0, "2026-01-31T09:30:00Z"),
            (Period::Month, 1, "2026-02-28T09:30:00Z"),
            (Period::Month, 2, "2026-03-31T09:30:00Z"),
            (Period::Month, 25, "2028-02-29T09:30:00Z"),
            (Period::Week, 1, "2026-02-07T09:30:00Z"),
            (Period::Day, 31, "2026-03-03T09:30:00Z"),
        ] {
            assert_eq!(period.start(first, periods), at(expected), "{period:?} {periods}");
        }
        assert_eq!(Period::Month.start(first, u32::MAX), Millis::NEVER);
        assert_eq!(Period::Day.start(Millis(i64::MAX), 1), Millis::NEVER);
    }
}
