//! What each fact adds to which row.

use chargly_ledger::{Credits, EventTypeNo, Fact, Millis, PriceNo, WalletEvent};
use chargly_views::{By, Figures, FiguresRow, Interval, ViewError, Views};

use crate::facts::*;

/// The row of one hour (with its price version) after one fact, and whether it is the only one.
#[track_caller]
fn check(
    at: Millis,
    fact: &Fact,
    hour: Millis,
    of: Option<EventTypeNo>,
    price: Option<PriceNo>,
    sums: Figures,
) {
    let mut views = Views::in_memory().expect("open");
    fold(&mut views, &[(at, fact.clone())]);
    let report = views.figures(&ever(Interval::Hour, &[By::EventType, By::Price])).expect("figures");
    let expected = FiguresRow {
        start: Some(hour),
        end: Some(Millis(hour.0 + HOUR_MS)),
        event_type: of,
        price,
        wallet: None,
        dimension: None,
        figures: sums,
    };
    assert_eq!(report.rows, [expected]);
}

fn none() -> Figures {
    Figures::default()
}

#[test]
fn a_charge_counts_its_quantity_credits_revenue_and_cost() {
    let sums = Figures {
        events: 1,
        quantity_micro: 3_000_000,
        credits_micro: 8,
        revenue_nano: 19,
        cost_nano: 5,
        ..none()
    };
    let fact = metered(ADA, CHAT, 3, charge(8, &[(6, 12), (2, 7)]), Some(5));
    check(TEN, &fact, TEN, Some(CHAT), Some(PriceNo(0)), sums);
}

#[test]
fn an_event_without_a_cost_is_counted_as_missing_one() {
    let sums = Figures {
        events: 1,
        quantity_micro: 1_000_000,
        credits_micro: 8,
        free_micro: 8,
        cost_missing: 1,
        ..none()
    };
    check(TEN, &metered(ADA, CHAT, 1, charge(8, &[(8, 0)]), None), TEN, Some(CHAT), Some(PriceNo(0)), sums);
}

#[test]
fn a_cost_of_zero_is_not_missing() {
    let sums = Figures { events: 1, quantity_micro: 1_000_000, credits_micro: 8, free_micro: 8, ..none() };
    check(
        TEN,
        &metered(ADA, CHAT, 1, charge(8, &[(8, 0)]), Some(0)),
        TEN,
        Some(CHAT),
        Some(PriceNo(0)),
        sums,
    );
}

#[test]
fn what_nobody_pays_is_uncharged_and_what_is_owed_is_charged() {
    let mut owed = charge(10, &[(3, 6)]);
    owed.debt = Credits::from_micro(5);
    owed.uncharged = Credits::from_micro(2);
    owed.price = None;
    let sums = Figures {
        events: 1,
        quantity_micro: 1_000_000,
        credits_micro: 8,
        uncharged_micro: 2,
        revenue_nano: 6,
        cost_missing: 1,
        ..none()
    };
    check(TEN, &metered(ADA, CHAT, 1, owed, None), TEN, Some(CHAT), None, sums);
}

#[test]
fn an_event_counts_in_the_hour_it_occurred_not_in_the_hour_it_was_recorded() {
    let sums = Figures {
        events: 1,
        quantity_micro: 1_000_000,
        credits_micro: 8,
        free_micro: 8,
        cost_missing: 1,
        ..none()
    };
    let late = metered_late(ADA, CHAT, Millis(ELEVEN.0 - 1));
    check(Millis(ELEVEN.0 + 5), &late, TEN, Some(CHAT), Some(PriceNo(0)), sums);
}

#[test]
fn hours_before_1970_begin_before_their_events() {
    let sums = Figures {
        events: 1,
        late_events: 1,
        quantity_micro: 1_000_000,
        credits_micro: 8,
        free_micro: 8,
        cost_missing: 1,
        ..none()
    };
    let old = metered_late(ADA, CHAT, Millis(-1));
    check(TEN, &old, Millis(-HOUR_MS), Some(CHAT), Some(PriceNo(0)), sums);
}

#[test]
fn a_capture_is_an_event_of_the_type_its_hold_was_for() {
    let sums = Figures {
        events: 1,
        quantity_micro: 1_000_000,
        credits_micro: 20,
        revenue_nano: 40,
        cost_nano: 9,
        ..none()
    };
    let fact = captured(ADA, IMAGE, charge(20, &[(20, 40)]), Some(9), &[]);
    check(TEN, &fact, TEN, Some(IMAGE), Some(PriceNo(0)), sums);
}

#[test]
fn a_refusal_counts_with_its_cost_as_unbilled() {
    let sums = Figures { refused: 1, unbilled_cost_nano: 11, ..none() };
    let asked = chargly_ledger::Asked::Meter(request(CHAT, 1, Some(11)));
    check(TEN, &refused(ADA, asked), TEN, Some(CHAT), None, sums);
}

#[test]
fn a_refused_capture_has_no_type_and_keeps_its_cost() {
    let sums = Figures { refused: 1, unbilled_cost_nano: 13, ..none() };
    let asked = chargly_ledger::Asked::CaptureHold(capture_request(Some(13)));
    check(TEN, &refused(ADA, asked), TEN, None, None, sums);
}

#[test]
fn a_reversal_has_figures_of_its_own() {
    let sums = Figures { reversed_micro: 8, reversed_revenue_nano: 11, ..none() };
    check(TEN, &reversed(ADA, 8, &[(5, 10), (2, 1)]), TEN, None, None, sums);
}

#[test]
fn settled_debt_is_recognised_when_its_grant_came() {
    let sums = Figures { settled_micro: 7, settled_revenue_nano: 14, ..none() };
    check(ELEVEN, &settled(ADA, &[(6, 12), (1, 2)]), TEN, Some(CHAT), None, sums);
}

#[test]
fn breakage_counts_from_when_it_was_due() {
    let sums = Figures { breakage_micro: 50, breakage_revenue_nano: 100, ..none() };
    check(ELEVEN, &expired(ADA, TEN, (50, 100)), TEN, None, None, sums);
}

#[test]
fn facts_that_move_nothing_leave_no_row_but_move_the_position() {
    let mut views = Views::in_memory().expect("open");
    fold(
        &mut views,
        &[(TEN, fact(ADA, WalletEvent::Opened { welcome: None })), (TEN, fact(ADA, WalletEvent::Thawed))],
    );
    let report = views.figures(&ever(Interval::Total, &[])).expect("figures");
    assert_eq!((report.rows.len(), report.as_of.0, report.as_of_at), (0, 2, TEN));
}

#[test]
fn the_same_position_twice_and_a_gap_are_refused() {
    let mut views = Views::in_memory().expect("open");
    let facts = one_of_each();
    fold(&mut views, &facts);
    let (next, before) = (views.next(), views.digest().expect("digest"));
    for wrong in [next.0 - 1, next.0 + 1] {
        let (at, fact) = &facts[1];
        let error = views.fold(chargly_ledger::Position(wrong), *at, fact).expect_err("out of order");
        assert!(
            matches!(error, ViewError::OutOfOrder { expected, found } if expected == next && found.0 == wrong)
        );
    }
    assert_eq!(views.digest().expect("digest"), before);
}
