//! Hours, days, weeks and months of time zones whose clocks change.

use chargly_ledger::Millis;
use chargly_views::{Interval, Zone};

use crate::facts::DAY_MS;

/// An instant of UTC.
fn utc(text: &str) -> Millis {
    Millis(text.parse::<jiff::Timestamp>().expect("an instant").as_millisecond())
}

#[track_caller]
fn check(zone: &str, interval: Interval, at: &str, from: &str, to: &str) {
    let zone = Zone::named(zone).expect("a zone");
    assert_eq!(zone.interval(interval, utc(at)), utc(from)..utc(to), "{} {interval:?} of {at}", zone.name());
}

#[test]
fn days_have_as_many_hours_as_the_clocks_give_them() {
    let day = Interval::Day;
    check("UTC", day, "2026-03-29T12:00:00Z", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z");
    // 23 and 25 hours.
    check("Europe/Berlin", day, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    check("Europe/Berlin", day, "2026-03-29T00:30:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    check("Europe/Berlin", day, "2026-10-25T23:30:00Z", "2026-10-25T23:00:00Z", "2026-10-26T23:00:00Z");
    check("Europe/Berlin", day, "2026-10-25T00:30:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    // No daylight saving, and half an hour.
    check("Asia/Kolkata", day, "2026-06-01T18:29:59Z", "2026-05-31T18:30:00Z", "2026-06-01T18:30:00Z");
    // Midnight was skipped, and came twice.
    check("America/Sao_Paulo", day, "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z");
    check("America/Sao_Paulo", day, "2018-02-18T02:30:00Z", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z");
    check("America/Sao_Paulo", day, "2018-02-17T20:00:00Z", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z");
    // A day that was left out altogether.
    check("Pacific/Apia", day, "2011-12-30T11:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z");
}

#[test]
fn hours_begin_where_the_local_clock_says_so() {
    let hour = Interval::Hour;
    check("Asia/Kathmandu", hour, "2026-06-01T00:20:00Z", "2026-06-01T00:15:00Z", "2026-06-01T01:15:00Z");
    // The same hour by the clock, twice.
    check("Europe/Berlin", hour, "2026-10-25T00:59:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z");
    check("Europe/Berlin", hour, "2026-10-25T01:01:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z");
    // The clocks go back by half an hour in the middle of one: it ends there.
    check(
        "Australia/Lord_Howe",
        hour,
        "2026-04-04T14:40:00Z",
        "2026-04-04T14:00:00Z",
        "2026-04-04T15:00:00Z",
    );
    check(
        "Australia/Lord_Howe",
        hour,
        "2026-04-04T15:10:00Z",
        "2026-04-04T15:00:00Z",
        "2026-04-04T15:30:00Z",
    );
}

#[test]
fn weeks_begin_on_monday_and_months_on_their_first_day() {
    check("UTC", Interval::Week, "2026-11-24T10:00:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z");
    check("UTC", Interval::Week, "2026-11-29T23:59:59Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z");
    // An hour more, as the clocks go back on its Sunday.
    let week = Interval::Week;
    check("Europe/Berlin", week, "2026-10-21T10:00:00Z", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z");
    let month = Interval::Month;
    check("Europe/Berlin", month, "2026-03-31T21:59:59Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z");
    check("America/New_York", month, "2026-12-31T23:00:00Z", "2026-12-01T05:00:00Z", "2027-01-01T05:00:00Z");
}

/// Whatever the clocks do, intervals follow each other without a gap, and every instant is in its own.
#[test]
fn hours_and_days_cover_all_time_once() {
    for name in [
        "UTC",
        "Europe/Berlin",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Pacific/Apia",
        "Africa/Monrovia",
        "America/Havana",
        "Asia/Gaza",
    ] {
        let zone = Zone::named(name).expect("a zone");
        for interval in [Interval::Hour, Interval::Day] {
            let (mut at, end) = (utc("2010-01-01T00:00:00Z"), utc("2019-01-01T00:00:00Z"));
            at = zone.interval(interval, at).start;
            while at < end {
                let current = zone.interval(interval, at);
                assert_eq!(current.start, at, "{name} {interval:?}: a gap or an overlap");
                let length = current.end.0 - at.0;
                assert!((1..2 * DAY_MS).contains(&length), "{name} {interval:?} of {length} ms");
                for within in [at.plus(length / 3), at.plus(length / 2), Millis(current.end.0 - 1)] {
                    assert_eq!(
                        zone.interval(interval, within),
                        current,
                        "{name} {interval:?} at {}",
                        within.0
                    );
                }
                at = current.end;
            }
        }
    }
}

#[test]
fn an_unknown_zone_is_none() {
    assert!(Zone::named("Europe/Atlantis").is_none());
}

#[test]
fn times_beyond_the_calendar_still_have_an_hour_and_a_day() {
    let zone = Zone::named("Europe/Berlin").expect("a zone");
    for at in [i64::MIN, i64::MIN + 1, -1, i64::MAX - 1] {
        for interval in [Interval::Hour, Interval::Day, Interval::Week, Interval::Month] {
            let range = zone.interval(interval, Millis(at));
            assert!(range.start <= Millis(at) && Millis(at) <= range.end, "{interval:?} of {at}: {range:?}");
        }
    }
}
