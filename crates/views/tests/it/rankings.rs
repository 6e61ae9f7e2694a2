//! Rankings are what adding up all rows gives, whatever was flushed when.

use std::collections::BTreeMap;
use std::ops::Range;

use chargly_ledger::{Charge, EventTypeNo, Fact, Millis, WalletNo};
use chargly_views::{
    By, Figures, FiguresQuery, FiguresRow, Interval, Ranking, ViewError, Views, WalletCounts, WalletDay,
    WalletDays,
};
use proptest::prelude::*;

use crate::facts::*;

const RANKINGS: [Ranking; 6] = [
    Ranking::Credits,
    Ranking::Revenue,
    Ranking::Cost,
    Ranking::Contribution,
    Ranking::Loss,
    Ranking::Events,
];

/// The ranking by adding up all rows and sorting them.
fn by_hand(views: &Views, query: &FiguresQuery, ranking: Ranking) -> Vec<FiguresRow> {
    let query = FiguresQuery { by: vec![By::Wallet], ..query.clone() };
    let mut rows = views.figures(&query).expect("figures").rows;
    rows.sort_by_key(|row| (std::cmp::Reverse(ranking.value(&row.figures)), row.wallet));
    rows
}

/// The days of wallets, in order.
fn days_in_order(days: WalletDays) -> BTreeMap<(WalletNo, Millis), (i128, i128)> {
    let of_wallet = |(wallet, days): (WalletNo, Vec<WalletDay>)| {
        days.into_iter().map(move |day| ((wallet, day.day), (day.used_micro, day.events)))
    };
    days.into_iter().flat_map(of_wallet).collect()
}

/// The same, by adding up all rows, of every wallet and event type.
fn days_by_hand(views: &Views, query: &FiguresQuery) -> BTreeMap<(WalletNo, Millis), (i128, i128)> {
    let query = FiguresQuery {
        by: vec![By::Wallet],
        interval: Interval::Day,
        wallet: None,
        event_type: None,
        ..query.clone()
    };
    let rows = views.figures(&query).expect("figures").rows;
    let day =
        |row: &FiguresRow| Some(((row.wallet?, row.start?), (row.figures.used_micro(), row.figures.events)));
    rows.iter().filter_map(day).collect()
}

/// All pages of a ranking, one after the other.
fn pages(views: &Views, query: &FiguresQuery, ranking: Ranking, limit: usize) -> Vec<FiguresRow> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = views.top_wallets(query, ranking, limit, after).expect("a page");
        assert_eq!(page.as_of, views.next());
        after = page.rows.last().and_then(|row| ranking.after(row));
        let is_last = page.rows.len() < limit;
        rows.extend(page.rows);
        assert!(rows.len() <= 100, "a wallet comes twice, or pages never end");
        if is_last {
            return rows;
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Fold(Box<Fact>, Millis),
    Flush,
    Ask(usize),
}

fn arb_step() -> impl Strategy<Value = Step> {
    let wallet = (0..12u32).prop_map(WalletNo);
    let of = (0..3u32).prop_map(EventTypeNo);
    let at = (0..5i64).prop_map(|days| Millis(TEN.0 + days * DAY_MS));
    let paid = (wallet.clone(), of, at.clone(), 0..9i64, proptest::option::of(0..9i64));
    let paid = paid.prop_map(|(wallet, of, at, credits, cost)| {
        Step::Fold(Box::new(metered(wallet, of, 1, charge(credits, &[(credits, 3 * credits)]), cost)), at)
    });
    let back = (wallet, at, 0..5i64);
    let back = back.prop_map(|(wallet, at, credits)| {
        Step::Fold(Box::new(reversed(wallet, credits, &[(credits, credits)])), at)
    });
    prop_oneof![8 => paid, 2 => back, 1 => Just(Step::Flush), 2 => (0..4usize).prop_map(Step::Ask)]
}

proptest! {
    #[test]
    fn rankings_are_the_same_as_sorted_sums(steps in proptest::collection::vec(arb_step(), 1..120)) {
        let dir = tempfile::tempdir().expect("dir");
        let mut views = Views::open(dir.path()).expect("open");
        let days = |from: i64, to: i64, event_type| FiguresQuery {
            from: Millis(MIDNIGHT.0 + from * DAY_MS),
            to: Millis(MIDNIGHT.0 + to * DAY_MS),
            event_type,
            ..ever(Interval::Total, &[])
        };
        let queries = [
            ever(Interval::Total, &[]),
            days(0, 3, None),
            days(1, 5, Some(EventTypeNo(1))),
            FiguresQuery { wallet: Some(WalletNo(3)), ..days(0, 5, None) },
        ];
        for step in steps.into_iter().chain((0..4).map(Step::Ask)) {
            match step {
                Step::Fold(fact, at) => fold(&mut views, &[(at, *fact)]),
                Step::Flush => views.flush().expect("flush"),
                Step::Ask(which) => {
                    for ranking in RANKINGS {
                        let expected = by_hand(&views, &queries[which], ranking);
                        let found = pages(&views, &queries[which], ranking, 5);
                        prop_assert_eq!(found, expected, "{:?}", ranking);
                    }
                    let rows = by_hand(&views, &queries[which], Ranking::Events);
                    let count = |is: &dyn Fn(&Figures) -> bool| rows.iter().filter(|row| is(&row.figures)).count();
                    let counts = WalletCounts {
                        active: count(&|figures| figures.events > 0),
                        paying: count(&|figures| figures.recognised_nano() > 0),
                        losing: count(&|figures| figures.contribution_nano() < 0),
                    };
                    prop_assert_eq!(views.count_wallets(&queries[which]).expect("counts"), counts);
                    let wallets: Vec<WalletNo> = (0..13).map(WalletNo).collect();
                    let range = queries[which].from..queries[which].to;
                    prop_assert_eq!(
                        days_in_order(views.days_of_wallets(&wallets, &range).expect("days")),
                        days_by_hand(&views, &queries[which]),
                    );
                    prop_assert_eq!(by_type(&views, &range), by_type_by_hand(&views, &range));
                }
            }
        }
    }
}

type ByType = BTreeMap<(WalletNo, EventTypeNo), Figures>;

/// Every customer's and event type's sums, added up from what is shown one by one.
fn by_type(views: &Views, range: &Range<Millis>) -> ByType {
    let mut sums = ByType::new();
    let shown = views.for_each_day_of_customers(range, |wallet, event_type, figures| {
        let sum = sums.entry((wallet, event_type)).or_default();
        *sum = sum.checked_add(figures).ok_or(ViewError::Overflow)?;
        Ok(())
    });
    shown.expect("shown");
    sums
}

/// The same by a question.
fn by_type_by_hand(views: &Views, range: &Range<Millis>) -> ByType {
    let query = FiguresQuery {
        from: range.start,
        to: range.end,
        ..ever(Interval::Total, &[By::Wallet, By::EventType])
    };
    let rows = views.figures(&query).expect("figures").rows;
    rows.into_iter().filter_map(|row| Some(((row.wallet?, row.event_type?), row.figures))).collect()
}

#[test]
fn rankings_are_whole_while_facts_are_folded_and_flushed() {
    const CHUNKS: u64 = 200;
    let dir = tempfile::tempdir().expect("dir");
    let views = Views::open(dir.path()).expect("open");
    let event = |n: u64| {
        let wallet = WalletNo(u32::try_from(n % 97).expect("below 97"));
        metered(wallet, CHAT, 1, charge(2, &[(2, 4)]), Some(1)).encode()
    };
    let done = std::sync::atomic::AtomicBool::new(false);
    let is_done = || done.load(std::sync::atomic::Ordering::Acquire);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for chunk in 0..CHUNKS {
                let facts: Vec<_> =
                    (chunk * 50..(chunk + 1) * 50).map(|n| (chargly_ledger::Position(n), event(n))).collect();
                views.fold_encoded(TEN, facts.iter().map(|(p, bytes)| (*p, bytes.as_slice()))).expect("fold");
            }
            done.store(true, std::sync::atomic::Ordering::Release);
        });
        scope.spawn(|| {
            while !is_done() {
                views.flush().expect("flush");
            }
        });
        scope.spawn(|| {
            while !is_done() {
                let report = views
                    .top_wallets(&ever(Interval::Total, &[]), Ranking::Events, 1_000, None)
                    .expect("top");
                let events: i128 = report.rows.iter().map(|row| row.figures.events).sum();
                assert_eq!(events, report.as_of.0.into(), "every fact is one event");
            }
        });
    });
}

#[test]
fn sums_beyond_64_bits_are_ranked_all_the_same() {
    let mut views = Views::in_memory().expect("open");
    let huge = || -> Charge { charge(1, &[(1, i64::MAX), (1, i64::MAX)]) };
    fold(
        &mut views,
        &[
            (TEN, metered(ADA, CHAT, 1, charge(1, &[(1, 5)]), None)),
            (TEN, metered(BOB, CHAT, 1, huge(), None)),
        ],
    );
    for _ in 0..2 {
        let rows = pages(&views, &ever(Interval::Total, &[]), Ranking::Revenue, 10);
        let found: Vec<_> = rows.iter().map(|row| (row.wallet, row.figures.revenue_nano)).collect();
        assert_eq!(found, [(Some(BOB), 2 * i128::from(i64::MAX)), (Some(ADA), 5)]);
        views.flush().expect("flush");
    }
}

#[test]
fn what_wallets_cannot_be_ranked_by_is_refused() {
    let views = Views::in_memory().expect("open");
    let query = FiguresQuery { price: Some(chargly_ledger::PriceNo(0)), ..ever(Interval::Total, &[]) };
    let error = views.top_wallets(&query, Ranking::Cost, 1, None).expect_err("no rollup has both");
    assert!(matches!(error, ViewError::NotAnswerable { .. }));
}
