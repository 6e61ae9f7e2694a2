//! The books agree with the lots, whatever happens.

use std::collections::BTreeMap;

use chargly_ledger::{Fact, LotStatus, Millis, State};
use chargly_testkit::ledger::fold as fold_state;
use chargly_testkit::script::{Run, commands};
use chargly_views::{Interval, ViewError, Views};
use proptest::prelude::*;

use crate::facts::*;

/// What lots still have of their price: neither refunded nor recognised.
fn left_in_lots(state: &State) -> i128 {
    let lots = state.wallets().flat_map(|wallet| wallet.lots.iter().chain(wallet.closed_lots()));
    // What a voided lot had left was refunded.
    let sold = lots.filter(|lot| lot.status != LotStatus::Voided);
    sold.map(|lot| i128::from(lot.price.map_or(0, |price| price.nano) - lot.recognised_nano(lot.used))).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn deferred_revenue_is_what_lots_have_left_at_the_end_of_every_day(script in commands(1..150)) {
        let mut run = Run::new();
        run.play(&script);
        let mut views = Views::in_memory().expect("open");
        let mut state = State::new();
        let mut at_end_of = BTreeMap::new();
        for stored in run.pair.driver.recorder.stored() {
            fold_state(&mut state, std::slice::from_ref(stored)).expect("a fact");
            let fact = Fact::decode(&stored.fact).expect("a fact");
            views.fold(stored.position, stored.at, &fact).expect("fold");
            let left = left_in_lots(&state);
            let books = views.books(Millis(i64::MIN), Millis::NEVER, Interval::Total).expect("books");
            prop_assert_eq!(books.rows.last().map_or(0, |row| row.deferred_nano), left);
            at_end_of.insert(views.zone().day(stored.at).start, left);
            if stored.position.0 % 7 == 0 {
                views.flush().expect("flush");
            }
        }
        let books = views.books(Millis(i64::MIN), Millis::NEVER, Interval::Day).expect("books");
        for row in &books.rows {
            let day = row.start.expect("a day");
            prop_assert_eq!(row.deferred_nano, at_end_of[&day]);
            // A range that begins with this day opens with what the one before left.
            let from_here = views.books(day, row.end.expect("an end"), Interval::Day).expect("books");
            prop_assert_eq!(from_here.rows.last(), Some(row));
            let before = at_end_of.range(..day).next_back().map_or(0, |(_, left)| *left);
            prop_assert_eq!(from_here.opening_deferred_nano, before);
        }
    }
}

#[test]
fn money_is_booked_on_the_day_its_fact_was_recorded() {
    let mut views = Views::in_memory().expect("open");
    let next_day = Millis(TEN.0 + DAY_MS);
    fold(
        &mut views,
        &[
            (TEN, granted(ADA, chargly_ledger::GrantKind::Paid, 100, Some(500))),
            (TEN, granted(ADA, chargly_ledger::GrantKind::Promotional, 30, None)),
            (TEN, granted(BOB, chargly_ledger::GrantKind::Adjustment, 7, None)),
            // It occurred the day before it was recorded.
            (next_day, metered_at(ADA, CHAT, TEN, charge(8, &[(8, 40)]))),
            (next_day, expired(ADA, TEN, (2, 10))),
        ],
    );
    let books = views.books(Millis(i64::MIN), Millis::NEVER, Interval::Day).expect("books");
    let [first, second] = books.rows.as_slice() else { panic!("two days: {books:?}") };
    assert_eq!((first.start, second.start), (Some(MIDNIGHT), Some(Millis(MIDNIGHT.0 + DAY_MS))));
    let sums = first.figures;
    assert_eq!((sums.sales_nano, sums.recognised_nano(), first.deferred_nano), (500, 0, 500));
    let granted = (sums.paid_granted_micro, sums.promotional_granted_micro, sums.adjustment_granted_micro);
    assert_eq!(granted, (100, 30, 7));
    let sums = second.figures;
    assert_eq!((sums.revenue_nano, sums.breakage_revenue_nano, second.deferred_nano), (40, 10, 450));
    assert_eq!((sums.credits_micro, sums.events, sums.cost_missing), (8, 0, 0));
    assert!(matches!(
        views.books(MIDNIGHT, Millis::NEVER, Interval::Hour),
        Err(ViewError::NotAnswerable { .. })
    ));
}
