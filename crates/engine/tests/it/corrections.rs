//! Corrections on a real disk: previewed, carried out, taken up again after a stop, undone; with short runs and frequent
//! checkpoints, so that nearly everything they look at has left memory.

use std::sync::Arc;
use std::time::Duration;

use chargly_engine::ledger::{
    Amended, CorrectionAction, CorrectionFilter, Credits, EntryId, EventTypeNo, Fact, Grid, KeyNo, Measure,
    Quantity, Rejection, Rounding, Rule, WalletNo,
};
use chargly_engine::{
    CallError, CorrectionState, Environment, ManualClock, MeterEvent, OpenOptions, Outcome, Preview,
    Properties, RunLength, Skip, create, verify_with,
};

use crate::fixtures::{credits, event, event_type, lot};

const NOON: i64 = 1_800_000_000_000;
const CHAT: EventTypeNo = EventTypeNo(0);

struct World {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    env: Arc<Environment>,
}

fn length() -> RunLength {
    RunLength::new(64).expect("a length")
}

fn options(clock: &Arc<ManualClock>) -> OpenOptions {
    let clock = Arc::clone(clock) as Arc<dyn chargly_engine::Clock>;
    OpenOptions { run_length: length(), checkpoint_every_facts: 8, ..OpenOptions::new(clock, "0.0.0-test") }
}

fn flat(whole: i64) -> CorrectionAction {
    let rule = Rule::Flat { credits: credits(whole) };
    CorrectionAction::RepriceBy { rule, grid: Grid::MicroCredit, rounding: Rounding::HalfUp }
}

fn of_chat() -> CorrectionFilter {
    CorrectionFilter { event_type: Some(CHAT), ..CorrectionFilter::default() }
}

impl World {
    /// `chat.reply` at 8 credits; ada and bob with 10,000.
    async fn new() -> Self {
        let (dir, clock) = (tempfile::tempdir().expect("a directory"), Arc::new(ManualClock::at(NOON)));
        create(dir.path(), "test", [7; 32], options(&clock)).expect("created");
        let env = Environment::open(dir.path(), options(&clock)).expect("opens");
        env.define_event_type(KeyNo::SYSTEM, event_type("chat.reply", 8)).await.expect("defined");
        let world = Self { dir, clock, env };
        for customer in ["ada", "bob"] {
            world.grant(customer, 10_000).await;
        }
        world
    }

    async fn grant(&self, customer: &str, whole: i64) {
        self.env.grant(KeyNo::SYSTEM, customer.into(), lot(whole), None, None).await.expect("granted");
    }

    async fn meter(&self, customer: &str, key: &str) -> Outcome {
        self.meter_event(event(customer, "chat.reply", Some(key))).await
    }

    async fn meter_event(&self, event: MeterEvent) -> Outcome {
        self.env.meter_one(KeyNo::SYSTEM, event).await.expect("metered")
    }

    /// Half of them ada's, half bob's.
    async fn meter_many(&self, count: usize) -> Vec<EntryId> {
        let events = (0..count).map(|i| event(["ada", "bob"][i % 2], "chat.reply", None)).collect();
        let outcomes = self.env.meter(KeyNo::SYSTEM, events).await;
        outcomes.into_iter().map(|outcome| outcome.expect("metered").id).collect()
    }

    async fn preview(&self, filter: CorrectionFilter, action: &CorrectionAction) -> Preview {
        self.env.preview_correction(filter, action.clone()).await.expect("a preview")
    }

    async fn open(
        &self,
        filter: CorrectionFilter,
        action: CorrectionAction,
        preview: &Preview,
        key: &str,
    ) -> Result<Outcome, CallError> {
        let note = ("a wrong price".into(), preview.seal);
        self.env.open_correction(KeyNo::SYSTEM, filter, action, note, Some(key.into())).await
    }

    async fn correct(
        &self,
        filter: CorrectionFilter,
        action: CorrectionAction,
        key: &str,
    ) -> CorrectionState {
        let preview = self.preview(filter.clone(), &action).await;
        let opened = self.open(filter, action, &preview, key).await.expect("opened");
        self.done(opened.id).await
    }

    async fn done(&self, correction: EntryId) -> CorrectionState {
        for _ in 0..2_000 {
            let state = self.env.correction(correction).await.expect("known");
            if state.record.closed.is_some() {
                return state;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the correction does not end");
    }

    /// Waits until a correction has changed more events than this, or none for 0.
    async fn changed_more_than(&self, correction: EntryId, events: u64) {
        while events > 0 && self.env.correction(correction).await.expect("known").progress.changed <= events {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
    }

    async fn available(&self, customer: &str) -> Credits {
        self.env.wallet(customer).await.expect("a wallet").expect("known").balance.available()
    }

    async fn amended(&self, event: EntryId) -> Amended {
        self.env.amended(&[event]).await.expect("known").remove(0)
    }

    /// Stops the process and starts another one; an open correction goes on.
    fn reopen(self) -> Self {
        self.env.close();
        let Self { dir, clock, env } = self;
        drop(env);
        let env = Environment::open(dir.path(), options(&clock)).expect("opens");
        env.resume_corrections();
        Self { dir, clock, env }
    }

    /// Everything adds up, and what is derived is what the journal says.
    fn verified(self) {
        self.env.close();
        let report = verify_with(self.dir.path(), length(), &mut |_, _| {}).expect("verified");
        assert!(report.facts > 0);
    }
}

fn sums(state: &CorrectionState) -> (u64, i128, i128, u64) {
    let sums = state.record.closed.expect("closed").sums;
    (sums.events, sums.returned_micro / 1_000_000, sums.charged_micro / 1_000_000, sums.left_alone)
}

#[tokio::test]
async fn a_price_is_corrected_down_and_undone_and_corrected_up() {
    let world = World::new().await;
    let events = world.meter_many(300).await;
    let preview = world.preview(of_chat(), &flat(5)).await;
    assert_eq!((preview.totals.events, preview.customers.len()), (300, 2));
    assert_eq!(preview.totals.before_micro - preview.totals.after_micro, 900_000_000);
    assert_eq!((preview.totals.debt_micro, preview.unchanged), (0, 0));
    assert_eq!(world.available("ada").await, credits(10_000 - 1_200), "a preview changes nothing");

    let down = world.correct(of_chat(), flat(5), "down").await;
    assert_eq!(sums(&down), (300, 900, 0, 0));
    assert_eq!(world.available("ada").await, credits(10_000 - 750));
    let again = world.preview(of_chat(), &flat(5)).await;
    assert_eq!((again.totals.events, again.unchanged), (0, 300), "what was corrected is right");

    let undo = CorrectionAction::Undo { correction: down.record.id.position };
    let undone = world.correct(CorrectionFilter::default(), undo.clone(), "undo").await;
    assert_eq!(sums(&undone), (300, 0, 900, 0));
    assert_eq!(world.available("bob").await, credits(10_000 - 1_200));
    let twice = world.preview(CorrectionFilter::default(), &undo).await;
    let refused = world.open(CorrectionFilter::default(), undo, &twice, "undo twice").await;
    assert!(matches!(refused, Err(CallError::Rejected(Rejection::Invalid { .. }))), "{refused:?}");

    let up = world.correct(of_chat(), flat(10), "up").await;
    assert_eq!(sums(&up), (300, 0, 600, 0));
    assert_eq!(world.available("ada").await, credits(10_000 - 1_500));
    let amended = world.amended(events[7]).await;
    assert_eq!(
        (amended.reversed, amended.recharged, amended.corrected),
        (credits(3), credits(5), credits(3))
    );
    let customers = world.env.correction_customers(up.record.id).await.expect("read");
    assert_eq!(customers.iter().map(|c| c.events).collect::<Vec<_>>(), [150, 150]);
    world.verified();
}

#[tokio::test]
async fn a_correction_that_was_cut_short_goes_on_and_changes_each_event_once() {
    let mut world = World::new().await;
    let events = world.meter_many(700).await;
    let preview = world.preview(of_chat(), &flat(5)).await;
    let opened = world.open(of_chat(), flat(5), &preview, "k").await.expect("opened");
    for stops in 0..4 {
        // The first time before anything is changed, then after some slices each.
        world.changed_more_than(opened.id, stops * 100).await;
        assert!(world.env.catalogue().open_correction().is_some(), "it was not cut short");
        world = world.reopen();
    }
    let state = world.done(opened.id).await;
    assert_eq!(sums(&state), (700, 2_100, 0, 0));
    for event in events {
        assert_eq!(world.amended(event).await.reversed, credits(3));
    }
    assert_eq!(world.available("ada").await, credits(10_000 - 1_750));
    // What is undone while it is cut short is undone once, too.
    let undo = CorrectionAction::Undo { correction: opened.id.position };
    let preview = world.preview(CorrectionFilter::default(), &undo).await;
    let undoing = world.open(CorrectionFilter::default(), undo, &preview, "u").await.expect("opened");
    world.changed_more_than(undoing.id, 100).await;
    assert!(world.env.catalogue().open_correction().is_some(), "it was not cut short");
    world = world.reopen();
    assert_eq!(sums(&world.done(undoing.id).await), (700, 0, 2_100, 0));
    assert_eq!(world.available("bob").await, credits(10_000 - 2_800));
    world.verified();
}

#[tokio::test]
async fn a_preview_that_has_become_wrong_is_refused_and_a_retry_is_answered_again() {
    let world = World::new().await;
    let events = world.meter_many(4).await;
    let outdated = world.preview(of_chat(), &flat(5)).await;
    let by_hand = world.env.reverse_event(KeyNo::SYSTEM, events[0], Some(credits(2)), None, None).await;
    by_hand.expect("reversed");
    let refused = world.open(of_chat(), flat(5), &outdated, "k").await;
    assert!(matches!(refused, Err(CallError::PreviewOutdated)), "{refused:?}");
    let other = world.open(of_chat(), flat(6), &world.preview(of_chat(), &flat(5)).await, "k").await;
    assert!(matches!(other, Err(CallError::PreviewOutdated)), "another action than was previewed: {other:?}");

    let preview = world.preview(of_chat(), &flat(5)).await;
    let opened = world.open(of_chat(), flat(5), &preview, "k").await.expect("opened");
    let during = world.open(of_chat(), flat(5), &preview, "other").await;
    let is_refused =
        matches!(during, Err(CallError::Rejected(Rejection::CorrectionRunning) | CallError::PreviewOutdated));
    assert!(is_refused, "{during:?}");
    world.done(opened.id).await;
    let again = world.open(of_chat(), flat(5), &preview, "k").await.expect("answered again");
    assert!(again.is_replay && again.id == opened.id);
    let rival = world.open(of_chat(), flat(6), &preview, "k").await;
    assert!(matches!(rival, Err(CallError::Conflict { field: "action", .. })), "{rival:?}");
    // What was given back by hand stays given back.
    let amended = world.amended(events[0]).await;
    assert_eq!((amended.reversed, amended.corrected), (credits(5), credits(3)));
    assert_eq!(world.available("ada").await, credits(10_000 - 2 * 5 + 2));
    world.verified();
}

#[tokio::test]
async fn events_after_the_preview_are_not_touched() {
    let world = World::new().await;
    world.meter("ada", "before").await;
    let preview = world.preview(of_chat(), &CorrectionAction::Reverse).await;
    let after = world.meter("ada", "after").await;
    let opened = world.open(of_chat(), CorrectionAction::Reverse, &preview, "k").await.expect("opened");
    assert_eq!(sums(&world.done(opened.id).await), (1, 8, 0, 0));
    assert_eq!(world.amended(after.id).await, Amended::default());
    world.verified();
}

#[tokio::test]
async fn what_cannot_be_corrected_is_left_alone_and_told() {
    let world = World::new().await;
    let by_tokens = CorrectionAction::RepriceBy {
        rule: Rule::PerUnit {
            base: Credits::ZERO,
            credits: credits(1),
            measure: Measure::Property("tokens".into()),
            minimum: None,
            maximum: None,
        },
        grid: Grid::MicroCredit,
        rounding: Rounding::HalfUp,
    };
    let with_tokens = |customer: &str, tokens: &str| MeterEvent {
        properties: Some(Properties { canonical: tokens.into(), ..Properties::default() }),
        ..event(customer, "chat.reply", None)
    };
    let counted = world.meter_event(with_tokens("ada", r#"{"tokens":11}"#)).await;
    let unpriced = world.meter_event(with_tokens("ada", r#"{"words":11}"#)).await;
    let erased = world.meter_event(with_tokens("bob", r#"{"tokens":11}"#)).await;
    let reversed = world.meter_event(with_tokens("ada", r#"{"tokens":3}"#)).await;
    world.env.reverse_event(KeyNo::SYSTEM, reversed.id, None, None, None).await.expect("reversed");
    world.env.erase_customer(KeyNo::SYSTEM, "bob".into()).await.expect("erased");

    let preview = world.preview(of_chat(), &by_tokens).await;
    let told: Vec<_> = preview.left_alone_told.iter().map(|left| (left.event, left.why)).collect();
    let expected =
        [(reversed.id, Skip::NothingLeft), (erased.id, Skip::CustomerErased), (unpriced.id, Skip::NoPrice)];
    assert_eq!(told, expected);
    let state = world.correct(of_chat(), by_tokens, "k").await;
    assert_eq!(sums(&state), (1, 0, 3, 3));
    assert_eq!(world.amended(counted.id).await.recharged, credits(3));
    world.verified();
}

#[tokio::test]
async fn a_correction_upwards_makes_debt_where_there_are_no_credits() {
    let world = World::new().await;
    world.grant("poor", 10).await;
    world.meter("poor", "k").await;
    let preview = world.preview(of_chat(), &flat(15)).await;
    assert_eq!(preview.customers[0].customer, "poor");
    assert_eq!((preview.totals.charged_micro, preview.totals.debt_micro), (7_000_000, 5_000_000));
    world.correct(of_chat(), flat(15), "c").await;
    let wallet = world.env.wallet("poor").await.expect("read").expect("known");
    assert_eq!((wallet.balance.debt, wallet.balance.available()), (credits(5), Credits::ZERO - credits(5)));
    world.verified();
}

#[tokio::test]
async fn filters_find_what_they_say() {
    let world = World::new().await;
    let first = world.meter("ada", "1").await;
    let double =
        MeterEvent { quantity: Quantity::parse("2").expect("2"), ..event("bob", "chat.reply", None) };
    let second = world.meter_event(double).await;
    let wallet_of = |outcome: &Outcome| match outcome.fact.as_ref() {
        Fact::Wallet(fact) => fact.header.wallet,
        _ => WalletNo(u32::MAX),
    };
    let price = world.env.catalogue().latest_price(CHAT).expect("a price").number;
    let all = CorrectionFilter::default;
    for (filter, expected) in [
        (all(), 2),
        (CorrectionFilter { wallet: Some(wallet_of(&first)), ..all() }, 1),
        (CorrectionFilter { events: vec![second.id.position], ..all() }, 1),
        (CorrectionFilter { events: vec![second.id.position], wallet: Some(wallet_of(&first)), ..all() }, 0),
        (CorrectionFilter { price: Some(price), ..all() }, 2),
        (CorrectionFilter { from: Some(first.at), ..all() }, 2),
        (CorrectionFilter { to: Some(first.at), ..all() }, 0),
    ] {
        let found = world.preview(filter.clone(), &CorrectionAction::Reverse).await.totals.events;
        assert_eq!(found, expected, "{filter:?}");
    }
    world.verified();
}
