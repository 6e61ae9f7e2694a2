//! The first scan: every fact below the cut-off, for the figures that advice is made of.

use std::sync::Arc;

use chargly_advisor::{CALENDAR_DAYS, Calendar, Gathering};
use chargly_ledger::{Catalogue, DecodeError, Fact, Millis, Position, Recorded, State};
use chargly_views::{Interval, Zone};

use crate::facts::ReadFactError;
use crate::usecases::past::{Past, PastError};

/// What the first scan found.
pub(super) struct Scanned {
    /// Sums of facts.
    pub(super) gathering: Gathering,
    /// Event types, prices and settings as they were at the cut-off: what came later must not change what a look says.
    pub(super) catalogue: Arc<Catalogue>,
    /// Meter events within the calendar.
    pub(super) events: u64,
    /// Wallets that were opened.
    pub(super) wallets: u32,
}

/// The local days up to the one that `as_of` is in.
pub(super) fn calendar(zone: &Zone, as_of: Millis) -> Calendar {
    let mut days = Vec::with_capacity(CALENDAR_DAYS);
    let mut begin = zone.day(as_of).start;
    while days.len() < CALENDAR_DAYS {
        days.push(begin);
        begin = zone.day(begin.plus(-1)).start;
    }
    days.reverse();
    let week = zone.interval(Interval::Week, as_of).start;
    let week_start = days.iter().position(|day| *day >= week).unwrap_or(0);
    let first_day = days.first().map_or(0, |first| zone.day_number(*first));
    Calendar { days, end: zone.day(as_of).end, first_day, week_start }
}

/// Reads everything below `cut_off`. Of facts from before the calendar, meter events are passed over: a year of them says
/// nothing of this month, while a lot may have been paid for long ago.
pub(super) fn scan(past: &mut Past<'_>, calendar: Calendar, cut_off: Position) -> Result<Scanned, PastError> {
    let begin = calendar.days.first().copied().unwrap_or_default();
    let mut gathering = Gathering::new(calendar);
    let (mut state, mut events, mut wallets) = (State::new(), 0, 0);
    past.chunks(&(0..cut_off.0), |chunk| {
        let at = Millis(chunk.at_ms);
        let is_before = at < begin;
        for entry in chunk.entries() {
            let position = Position(entry.position.0);
            let fail = |source| unreadable(position, source);
            if is_before && Fact::decode_wallet(entry.fact).map_err(fail)?.is_some_and(|(_, metered)| metered)
            {
                continue;
            }
            if let Some(metered) = Fact::decode_metered(entry.fact).map_err(fail)? {
                let (header, request, charge, facets) = metered;
                gathering.metered(at, header.wallet, (&request, &charge, facets.as_deref()));
                events += 1;
                continue;
            }
            let fact = Fact::decode(entry.fact).map_err(fail)?;
            gathering.note(at, &fact);
            match &fact {
                Fact::Wallet(fact) => wallets = wallets.max(fact.header.wallet.0 + 1),
                // It is about a wallet, of which this state has none.
                Fact::BatchAccepted { .. } => {}
                _ => state.apply(Recorded::new(position, at, &fact, entry.fact), &fact, None),
            }
        }
        state.commit();
        Ok(())
    })?;
    Ok(Scanned { gathering, catalogue: Arc::clone(state.catalogue()), events, wallets })
}

/// A fact that cannot be decoded.
pub(super) fn unreadable(position: Position, source: DecodeError) -> PastError {
    ReadFactError::Decode { position, source }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

    #[test]
    fn calendar_ends_with_today_and_knows_where_the_week_began() {
        // Friday, 15 January 2027, 08:00 UTC.
        let as_of = Millis(1_800_000_000_000);
        let found = calendar(&Zone::utc(), as_of);
        assert_eq!(found.days.len(), CALENDAR_DAYS);
        let today = found.days[CALENDAR_DAYS - 1];
        assert!(today <= as_of && as_of.0 < today.0 + DAY_MS);
        assert_eq!(found.week_start, CALENDAR_DAYS - 5, "four days before Friday");
        assert_eq!(i64::from(found.first_day) * DAY_MS, found.days[0].0);
        assert!(found.days.windows(2).all(|pair| pair[1].0 - pair[0].0 == DAY_MS));
        let monday = found.days[found.week_start];
        assert_eq!(calendar(&Zone::utc(), monday).week_start, CALENDAR_DAYS - 1);
    }

    #[test]
    fn days_of_a_calendar_leave_nothing_out_where_clocks_change() {
        let berlin = Zone::named("Europe/Berlin").expect("known");
        // Monday, 29 March 2027, the day after the clocks went forward.
        let found = calendar(&berlin, Millis(1_806_307_200_000));
        let hours: Vec<_> = found.days.windows(2).map(|pair| (pair[1].0 - pair[0].0) / 3_600_000).collect();
        assert_eq!(hours.iter().filter(|hours| **hours == 23).count(), 1);
        assert!(hours.iter().all(|hours| [23, 24].contains(hours)));
    }
}
