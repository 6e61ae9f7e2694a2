//! Local hours, days, weeks and months of a time zone, as ranges of instants.
//!
//! The rules of the zone are read once, into stretches of constant offset; from then on an hour or a day is a search among
//! them and a division. Hours and days never overlap and leave nothing out: where the clocks change within one, it ends
//! or begins at the change. A day on which they change has 23 or 25 hours, or whatever the zone says.
//!
//! Outside of [`FROM_YEAR`]..[`TO_YEAR`] the first and the last offset go on for ever. The rules come with the software
//! and not from the machine, so that the same facts make the same figures everywhere.

use std::ops::Range;

use chargly_ledger::Millis;
use jiff::civil::{self, Date};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp};

use crate::Interval;

/// Years whose changes of the clocks are known.
const FROM_YEAR: i16 = 1970;
const TO_YEAR: i16 = 2100;
/// Milliseconds of an hour, and of a day without a change of the clocks.
const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The name of the zone without any changes.
pub(crate) const UTC: &str = "UTC";

/// A time zone, by its hours and days.
#[derive(Debug)]
pub struct Zone {
    name: String,
    /// By time, without gaps; never empty.
    stretches: Vec<Stretch>,
}

/// A time in which the clocks do not change.
#[derive(Clone, Debug)]
struct Stretch {
    range: Range<i64>,
    /// Local time less UTC, in milliseconds.
    offset_ms: i64,
    /// The day it begins in, which may have begun before it.
    first_day: Range<i64>,
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self::of_stretches(UTC.to_owned(), vec![(i64::MIN, 0)])
    }

    /// The zone of this IANA name, such as `Europe/Berlin`; `None` where there is none.
    pub fn named(name: &str) -> Option<Self> {
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        let begin = civil::date(FROM_YEAR, 1, 1).to_zoned(TimeZone::UTC).ok()?.timestamp();
        let end = civil::date(TO_YEAR, 1, 1).to_zoned(TimeZone::UTC).ok()?.timestamp();
        let offset = |at: Timestamp| i64::from(zone.to_offset(at).seconds()) * 1_000;
        let mut stretches = vec![(i64::MIN, offset(begin))];
        for change in zone.following(begin).take_while(|change| change.timestamp() < end) {
            let offset_ms = i64::from(change.offset().seconds()) * 1_000;
            // Some changes are of the zone's name only.
            if stretches.last().is_some_and(|(_, before)| *before != offset_ms) {
                stretches.push((change.timestamp().as_millisecond(), offset_ms));
            }
        }
        Some(Self::of_stretches(name.to_owned(), stretches))
    }

    fn of_stretches(name: String, begins: Vec<(i64, i64)>) -> Self {
        let ends = begins.iter().skip(1).map(|(from, _)| *from).chain([i64::MAX]).collect::<Vec<_>>();
        let mut zone = Self { name, stretches: Vec::with_capacity(begins.len()) };
        for ((from, offset_ms), to) in begins.into_iter().zip(ends) {
            let first_day = match zone.stretches.last() {
                None => from..from,
                Some(before) => {
                    let midnight = floor(from, offset_ms, DAY_MS);
                    let same_day = date_number(from, offset_ms) == date_number(from - 1, before.offset_ms);
                    let begin = if same_day { zone.day_of(from - 1).start } else { from };
                    begin..midnight.saturating_add(DAY_MS).min(to)
                }
            };
            // The day before goes on into this stretch, or ends where it begins.
            zone.stretches.push(Stretch { range: from..to, offset_ms, first_day });
        }
        zone
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A digest of its rules, which another version of the software may know otherwise.
    pub(crate) fn rules(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for Stretch { range, offset_ms, .. } in &self.stretches {
            hasher.update(&range.start.to_le_bytes());
            hasher.update(&offset_ms.to_le_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// The hour an instant is in.
    pub fn hour(&self, at: Millis) -> Range<Millis> {
        let stretch = self.stretch(at.0);
        let begin = floor(at.0, stretch.offset_ms, HOUR_MS);
        let end = begin.saturating_add(HOUR_MS).min(stretch.range.end);
        Millis(begin.max(stretch.range.start))..Millis(end)
    }

    /// The day an instant is in.
    pub fn day(&self, at: Millis) -> Range<Millis> {
        let day = self.day_of(at.0);
        Millis(day.start)..Millis(day.end)
    }

    /// The hour, day, week or month an instant is in; for [`Interval::Total`] all of time.
    pub fn interval(&self, interval: Interval, at: Millis) -> Range<Millis> {
        match interval {
            Interval::Total => Millis(i64::MIN)..Millis::NEVER,
            Interval::Hour => self.hour(at),
            Interval::Day => self.day(at),
            Interval::Week | Interval::Month => {
                let Some(date) = self.date(at) else { return self.day(at) };
                let (begin, end) = match interval {
                    Interval::Month => {
                        (date.first_of_month(), date.first_of_month().saturating_add(Span::new().months(1)))
                    }
                    _ => {
                        let days = i64::from(date.weekday().to_monday_zero_offset());
                        let monday = date.saturating_sub(Span::new().days(days));
                        (monday, monday.saturating_add(Span::new().days(7)))
                    }
                };
                self.begin_of(begin)..self.begin_of(end)
            }
        }
    }

    /// The local date an instant is in; `None` beyond the calendar.
    pub fn date(&self, at: Millis) -> Option<Date> {
        let days = date_number(at.0, self.stretch(at.0).offset_ms);
        civil::date(1970, 1, 1).checked_add(Span::new().try_days(days).ok()?).ok()
    }

    /// The local date an instant is in, as days since 1970-01-01; the nearest there is beyond 32 bits.
    pub fn day_number(&self, at: Millis) -> i32 {
        let days = date_number(at.0, self.stretch(at.0).offset_ms);
        i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX })
    }

    /// When a local date begins.
    pub fn begin_of(&self, date: Date) -> Millis {
        self.begin_of_day(date.since(civil::date(1970, 1, 1)).map_or(0, |span| span.get_days()))
    }

    /// When a local date begins, counted in days since 1970-01-01 as by [`Zone::day_number`].
    pub fn begin_of_day(&self, day_number: i32) -> Millis {
        let days = i64::from(day_number);
        let noon_utc = days * DAY_MS + DAY_MS / 2;
        // Noon is within the day however the clocks change; half a day off either way still finds an offset of it.
        let near = self.stretch(noon_utc).offset_ms;
        let offset_ms = self.stretch(noon_utc - near).offset_ms;
        self.day(Millis(noon_utc - offset_ms)).start
    }

    fn stretch(&self, at: i64) -> &Stretch {
        let after = self.stretches.partition_point(|stretch| stretch.range.start <= at);
        // The first begins before everything.
        &self.stretches[after.saturating_sub(1)]
    }

    /// The day of an instant. Of the last stretch made, while they are being made, too.
    fn day_of(&self, at: i64) -> Range<i64> {
        let stretch = self.stretch(at);
        let begin = if stretch.first_day.contains(&at) {
            stretch.first_day.start
        } else {
            floor(at, stretch.offset_ms, DAY_MS)
        };
        begin..self.end_of_day(stretch, at)
    }

    /// The end of the day an instant of this stretch is in: in it, or in the next one where that goes on with the day.
    fn end_of_day(&self, stretch: &Stretch, at: i64) -> i64 {
        let end = floor(at, stretch.offset_ms, DAY_MS).saturating_add(DAY_MS);
        if end < stretch.range.end {
            return end;
        }
        let next = self.stretches.iter().find(|next| next.range.start == stretch.range.end);
        match next {
            Some(next) if next.first_day.start < next.range.start => next.first_day.end,
            _ => end.min(stretch.range.end),
        }
    }
}

/// The beginning of the local hour or day of an instant, by the clocks of that instant alone.
const fn floor(at: i64, offset_ms: i64, length_ms: i64) -> i64 {
    at.saturating_sub(at.saturating_add(offset_ms).rem_euclid(length_ms))
}

/// Days since 1970-01-01 of the local date of an instant.
const fn date_number(at: i64, offset_ms: i64) -> i64 {
    at.saturating_add(offset_ms).div_euclid(DAY_MS)
}
