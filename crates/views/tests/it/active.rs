//! Different customers by day, event type and window, whatever was flushed and asked when.

use std::collections::{BTreeMap, HashSet};

use chargly_ledger::{EventTypeNo, Fact, Millis, WalletNo};
use chargly_views::{ActiveCounts, ActiveWindow, Views};
use proptest::prelude::*;

use crate::facts::*;

#[derive(Clone, Debug)]
enum Step {
    Fold(WalletNo, EventTypeNo, i64),
    GiveBack(WalletNo, i64),
    Flush,
    Ask,
}

fn day(number: i64) -> Millis {
    Millis(MIDNIGHT.0 + number * DAY_MS)
}

fn arb_step() -> impl Strategy<Value = Step> {
    let wallet = (0..6u32).prop_map(WalletNo);
    let used = (wallet.clone(), (0..3u32).prop_map(EventTypeNo), 0..4i64);
    prop_oneof![
        6 => used.prop_map(|(wallet, of, day)| Step::Fold(wallet, of, day)),
        1 => (wallet, 0..4i64).prop_map(|(wallet, day)| Step::GiveBack(wallet, day)),
        2 => Just(Step::Flush),
        4 => Just(Step::Ask),
    ]
}

/// The same, counted by hand from what was used.
fn by_hand(used: &[(WalletNo, EventTypeNo, i64)], windows: &[ActiveWindow]) -> ActiveCounts {
    let different = |is: &dyn Fn(EventTypeNo, Millis) -> bool| {
        let wallets =
            used.iter().filter(|(_, of, at)| *at < 3 && is(*of, day(*at))).map(|(wallet, ..)| wallet);
        u32::try_from(wallets.collect::<HashSet<_>>().len()).expect("few")
    };
    let mut types = BTreeMap::new();
    for (_, of, at) in used.iter().filter(|(.., at)| *at < 3) {
        types.insert((day(*at), *of), different(&|other, then| other == *of && then == day(*at)));
    }
    let days = (0..3).map(|at| (day(at), different(&|_, then| then == day(at))));
    ActiveCounts {
        days: days.filter(|(_, customers)| *customers > 0).collect(),
        types,
        windows: windows
            .iter()
            .map(|window| different(&|of, then| of == window.event_type && window.days.contains(&then)))
            .collect(),
    }
}

proptest! {
    #[test]
    fn customers_are_counted_once_and_anew_when_a_day_changes(
        steps in proptest::collection::vec(arb_step(), 1..60),
    ) {
        let dir = tempfile::tempdir().expect("dir");
        let mut views = Views::open(dir.path()).expect("open");
        let windows = [
            ActiveWindow { event_type: EventTypeNo(1), days: day(0)..day(2) },
            ActiveWindow { event_type: EventTypeNo(2), days: day(1)..day(9) },
        ];
        let mut used = Vec::new();
        for step in steps.into_iter().chain([Step::Ask]) {
            match step {
                Step::Fold(wallet, of, at) => {
                    used.push((wallet, of, at));
                    let event: Fact = metered(wallet, of, 1, charge(1, &[(1, 1)]), None);
                    fold(&mut views, &[(Millis(day(at).0 + HOUR_MS), event)]);
                }
                Step::GiveBack(wallet, at) => {
                    fold(&mut views, &[(Millis(day(at).0 + HOUR_MS), reversed(wallet, 1, &[(1, 1)]))]);
                }
                Step::Flush => views.flush().expect("flush"),
                Step::Ask => {
                    let counts = views.active_counts(day(0), day(3), &windows).expect("counts");
                    prop_assert_eq!(&*counts, &by_hand(&used, &windows));
                }
            }
        }
    }
}
