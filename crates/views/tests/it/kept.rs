//! Answers that are kept are what adding up all rows gives, whatever was flushed when.

use chargly_ledger::{
    CatalogueChange, CatalogueFact, Dimension, EventTypeNo, Facets, Fact, KeyNo, Millis, Origin, PriceNo,
    WalletEvent, WalletNo,
};
use chargly_views::{By, FiguresQuery, Interval, Views};
use proptest::prelude::*;

use crate::facts::*;

const MODELS: [&str; 4] = ["small", "large", "new", "newest"];

#[derive(Clone, Debug)]
enum Step {
    Fold(Box<Fact>, Millis),
    Flush,
    Ask(usize),
}

fn chats_by_model() -> Fact {
    let change = CatalogueChange::EventTypeDefined {
        event_type: CHAT,
        name: "chat.reply".into(),
        label: "".into(),
        description: "".into(),
        caller_set_credits: false,
        dimensions: vec!["model".into()],
        archived: false,
        estimated_cost_nano: None,
    };
    Fact::Catalogue(CatalogueFact { origin: Origin { actor: KeyNo(1), key: None }, change })
}

fn chat(wallet: WalletNo, model: &str, credits: i64) -> Fact {
    let dimensions = vec![Dimension { name: "model".into(), value: model.into() }];
    let facets = Facets { dimensions, ..Facets::default() }.boxed();
    let charge = charge(credits, &[(credits, 2 * credits)]);
    fact(wallet, WalletEvent::Metered { request: request(CHAT, 1, None), charge, facets })
}

fn arb_step() -> impl Strategy<Value = Step> {
    let wallet = (0..5u32).prop_map(WalletNo);
    let at = (0..60i64).prop_map(|hours| Millis(MIDNIGHT.0 + hours * HOUR_MS + 1));
    let of = (0..3u32).prop_map(EventTypeNo);
    let paid = (wallet.clone(), of, at.clone(), 0..9i64).prop_map(|(wallet, of, at, credits)| {
        Step::Fold(Box::new(metered(wallet, of, 1, charge(credits, &[(credits, credits)]), Some(1))), at)
    });
    let chats = (wallet.clone(), at.clone(), 0..4usize, 0..9i64).prop_map(|(wallet, at, model, credits)| {
        Step::Fold(Box::new(chat(wallet, MODELS[model], credits)), at)
    });
    let back = (wallet, at, 0..5i64).prop_map(|(wallet, at, credits)| {
        Step::Fold(Box::new(reversed(wallet, credits, &[(credits, credits)])), at)
    });
    prop_oneof![6 => paid, 6 => chats, 1 => back, 2 => Just(Step::Flush), 6 => (0..9usize).prop_map(Step::Ask)]
}

fn questions() -> [FiguresQuery; 9] {
    let hours = |from: i64, to: i64, interval, by: &[By]| FiguresQuery {
        from: Millis(MIDNIGHT.0 + from * HOUR_MS),
        to: Millis(MIDNIGHT.0 + to * HOUR_MS),
        ..ever(interval, by)
    };
    let model = || By::Dimension("model".into());
    let small = Dimension { name: "model".into(), value: "small".into() };
    [
        ever(Interval::Total, &[]),
        hours(0, 48, Interval::Hour, &[]),
        hours(3, 30, Interval::Day, &[By::EventType]),
        // Until a moment within an hour, as "until now" is.
        FiguresQuery {
            to: Millis(MIDNIGHT.0 + 30 * HOUR_MS + 7),
            ..hours(3, 30, Interval::Day, &[By::EventType])
        },
        FiguresQuery { price: Some(PriceNo(0)), ..hours(0, 60, Interval::Day, &[By::Price]) },
        hours(0, 60, Interval::Day, &[model()]),
        FiguresQuery { dimension: Some(small), ..hours(0, 60, Interval::Total, &[]) },
        hours(0, 60, Interval::Day, &[By::Wallet, By::EventType]),
        FiguresQuery { wallet: Some(WalletNo(3)), ..hours(0, 60, Interval::Day, &[]) },
    ]
}

proptest! {
    #[test]
    fn kept_answers_are_those_that_memory_alone_gives(steps in proptest::collection::vec(arb_step(), 1..120)) {
        let dir = tempfile::tempdir().expect("dir");
        let mut views = Views::open(dir.path()).expect("open");
        // Never flushed: nothing on disk, and so nothing kept.
        let mut alone = Views::in_memory().expect("in memory");
        for views in [&mut views, &mut alone] {
            fold(views, &[(MIDNIGHT, chats_by_model())]);
        }
        let questions = questions();
        for step in steps.into_iter().chain((0..questions.len()).map(Step::Ask)) {
            match step {
                Step::Fold(fact, at) => {
                    for views in [&mut views, &mut alone] {
                        fold(views, &[(at, (*fact).clone())]);
                    }
                }
                Step::Flush => views.flush().expect("flush"),
                Step::Ask(which) => {
                    let expected = alone.figures(&questions[which]).expect("figures");
                    prop_assert_eq!(views.figures(&questions[which]).expect("figures"), expected);
                }
            }
        }
    }
}

#[test]
fn kept_answers_are_whole_while_facts_are_folded_and_flushed() {
    const CHUNKS: u64 = 200;
    const CHUNK: u64 = 50;
    let dir = tempfile::tempdir().expect("dir");
    let views = Views::open(dir.path()).expect("open");
    let event = |n: u64| {
        let wallet = WalletNo(u32::try_from(n % 7).expect("below 7"));
        metered(wallet, CHAT, 1, charge(2, &[(2, 4)]), Some(1)).encode()
    };
    let done = std::sync::atomic::AtomicBool::new(false);
    let is_done = || done.load(std::sync::atomic::Ordering::Acquire);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for chunk in 0..CHUNKS {
                let numbers = chunk * CHUNK..(chunk + 1) * CHUNK;
                let facts: Vec<_> = numbers.map(|n| (chargly_ledger::Position(n), event(n))).collect();
                views.fold_encoded(TEN, facts.iter().map(|(p, bytes)| (*p, bytes.as_slice()))).expect("fold");
            }
            done.store(true, std::sync::atomic::Ordering::Release);
        });
        scope.spawn(|| {
            while !is_done() {
                views.flush().expect("flush");
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let question = ever(Interval::Day, &[By::EventType]);
                let mut is_last = false;
                while !is_last {
                    is_last = is_done();
                    let report = views.figures(&question).expect("figures");
                    let events: i128 = report.rows.iter().map(|row| row.figures.events).sum();
                    assert_eq!(events, i128::from(report.as_of.0), "one event a fact");
                }
            });
        }
    });
    assert_eq!(views.next().0, CHUNKS * CHUNK);
}
