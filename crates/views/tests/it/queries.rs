//! Sums over groups and ranges, from the disk, from memory, and from both.

use chargly_ledger::{EventTypeNo, Millis, WalletNo};
use chargly_views::{By, Figures, FiguresQuery, FiguresRow, Interval, ViewError, Views};

use crate::facts::*;

/// The day in which nearly all of it happens.
fn all_day(interval: Interval, by: &[By]) -> FiguresQuery {
    FiguresQuery { from: MIDNIGHT, to: Millis(MIDNIGHT.0 + DAY_MS), ..ever(interval, by) }
}

/// The views of [`one_of_each`] with nothing, half and all of it on disk: figures must not tell.
fn at_every_stage(check: impl Fn(&Views)) {
    for flushed in [0, 5, usize::MAX] {
        let mut views = Views::in_memory().expect("open");
        for (i, fact) in one_of_each().into_iter().enumerate() {
            fold(&mut views, &[fact]);
            if i + 1 == flushed {
                views.flush().expect("flush");
            }
        }
        if flushed == usize::MAX {
            views.flush().expect("flush");
        }
        check(&views);
    }
}

#[track_caller]
fn rows(views: &Views, query: &FiguresQuery) -> Vec<FiguresRow> {
    let report = views.figures(query).expect("figures");
    assert_eq!(report.as_of, views.next());
    report.rows
}

#[test]
fn totals_by_event_type_add_up_to_the_hand_sums() {
    at_every_stage(|views| {
        let row = |event_type, figures| FiguresRow {
            start: None,
            end: None,
            wallet: None,
            event_type,
            price: None,
            dimension: None,
            figures,
        };
        let unknown = Figures {
            refused: 2,
            unbilled_cost_nano: 13,
            reversed_micro: 8,
            reversed_revenue_nano: 16,
            breakage_micro: 52,
            breakage_revenue_nano: 104,
            ..Figures::default()
        };
        let chat = Figures {
            events: 1,
            quantity_micro: 3_000_000,
            credits_micro: 8,
            revenue_nano: 16,
            cost_nano: 5,
            refused: 1,
            unbilled_cost_nano: 11,
            settled_micro: 7,
            settled_revenue_nano: 14,
            ..Figures::default()
        };
        let image = Figures {
            events: 2,
            quantity_micro: 2_000_000,
            credits_micro: 60,
            revenue_nano: 107,
            cost_nano: 9,
            cost_missing: 1,
            refused: 1,
            ..Figures::default()
        };
        assert_eq!(
            rows(views, &all_day(Interval::Total, &[By::EventType])),
            [row(None, unknown), row(Some(CHAT), chat), row(Some(IMAGE), image)]
        );
    });
}

#[test]
fn one_wallet_sees_its_own_days_only() {
    at_every_stage(|views| {
        let query =
            FiguresQuery { wallet: Some(BOB), ..all_day(Interval::Day, &[By::Wallet, By::EventType]) };
        let found: Vec<_> = rows(views, &query)
            .into_iter()
            .map(|r| (r.start, r.wallet, r.event_type, r.figures.credits_micro, r.figures.breakage_micro))
            .collect();
        let start = Some(MIDNIGHT);
        let bob = |event_type, credits, lapsed| (start, Some(BOB), event_type, credits, lapsed);
        assert_eq!(found, [bob(None, 0, 50), bob(Some(CHAT), 0, 0), bob(Some(IMAGE), 40, 0)]);
    });
}

#[test]
fn the_rows_of_all_wallets_add_up_to_the_rows_of_all_hours() {
    at_every_stage(|views| {
        let sum = |interval, by: &[By]| {
            rows(views, &all_day(interval, by))
                .iter()
                .try_fold(Figures::default(), |sum, row| sum.checked_add(&row.figures))
                .expect("a sum")
        };
        let by_wallet = sum(Interval::Day, &[By::Wallet]);
        assert_eq!(by_wallet.events, 3);
        assert_eq!(by_wallet, sum(Interval::Hour, &[By::EventType, By::Price]));
        assert_eq!(by_wallet, sum(Interval::Total, &[]));
        assert_eq!(by_wallet, sum(Interval::Month, &[By::EventType, By::Wallet]));
    });
}

#[test]
fn what_no_rollup_has_is_refused_and_not_guessed() {
    let views = Views::in_memory().expect("open");
    let model = By::Dimension("model".into());
    let ask = |interval, by: &[By]| views.figures(&ever(interval, by));
    let sized = By::Dimension("size".into());
    for (interval, by) in [
        (Interval::Day, vec![By::Wallet, By::Price]),
        (Interval::Day, vec![By::Wallet, model.clone()]),
        (Interval::Day, vec![By::Price, model.clone()]),
        (Interval::Day, vec![model.clone(), sized]),
        (Interval::Hour, vec![By::Wallet]),
    ] {
        assert!(matches!(ask(interval, &by), Err(ViewError::NotAnswerable { .. })), "{interval:?} {by:?}");
    }
    let of_wallet = FiguresQuery { wallet: Some(ADA), ..ever(Interval::Day, &[By::Price]) };
    assert!(matches!(views.figures(&of_wallet), Err(ViewError::NotAnswerable { .. })));
    ask(Interval::Hour, &[By::EventType, model]).expect("an answer");
}

#[test]
fn one_event_type_is_told_apart_from_the_others() {
    at_every_stage(|views| {
        let query = FiguresQuery { event_type: Some(CHAT), ..all_day(Interval::Total, &[By::EventType]) };
        let found = rows(views, &query);
        assert_eq!(found.iter().map(|r| r.event_type).collect::<Vec<_>>(), [Some(CHAT)]);
    });
}

#[test]
fn a_range_takes_the_hours_that_start_in_it() {
    // Breakage alone is due at eleven; all else happens at ten.
    for (from, to, hours) in [
        (TEN.0, ELEVEN.0, vec![TEN]),
        (TEN.0, ELEVEN.0 + 1, vec![TEN, ELEVEN]),
        (TEN.0 + 1, ELEVEN.0 + HOUR_MS, vec![ELEVEN]),
        (TEN.0 - HOUR_MS, TEN.0, vec![]),
        (i64::MIN, i64::MAX, vec![TEN, ELEVEN]),
        (ELEVEN.0, TEN.0, vec![]),
    ] {
        at_every_stage(|views| {
            let query =
                FiguresQuery { from: Millis(from), to: Millis(to), ..ever(Interval::Hour, &[By::EventType]) };
            let mut found: Vec<_> = rows(views, &query).iter().filter_map(|r| r.start).collect();
            found.dedup();
            assert_eq!(found, hours, "from {from} to {to}");
        });
    }
}

#[test]
fn a_wallet_is_found_on_every_day_it_was_used() {
    let mut views = Views::in_memory().expect("open");
    let days = [0, 1, 5, 90];
    for day in days {
        for wallet in [ADA, BOB, WalletNo(7)] {
            let at = Millis(TEN.0 + day * DAY_MS);
            fold(&mut views, &[(at, metered(wallet, EventTypeNo(3), 1, charge(1, &[(1, 2)]), None))]);
        }
        views.flush().expect("flush");
    }
    let query = FiguresQuery {
        wallet: Some(BOB),
        to: Millis(MIDNIGHT.0 + 90 * DAY_MS),
        ..all_day(Interval::Day, &[By::Wallet])
    };
    let found: Vec<_> = rows(&views, &query).iter().map(|r| (r.wallet, r.start)).collect();
    let expected = [0, 1, 5].map(|day| (Some(BOB), Some(Millis(MIDNIGHT.0 + day * DAY_MS))));
    assert_eq!(found, expected);
}
