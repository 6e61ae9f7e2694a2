//! What leaves memory for sealed runs and the checkpoint is found again: keys, lists, ended holds, reversals, lots.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chargly_engine::ledger::{
    CaptureRequest, Credits, EntryId, EventTypeNo, Fact, IfInsufficient, KeyNo, Millis, Quantity, Refusal,
    VoidHoldRequest, WalletEvent,
};
use chargly_engine::{
    CallError, Environment, EventFilter, HoldTerms, ManualClock, MeterEvent, OpenOptions, Outcome, RunLength,
    create, verify_with,
};

use crate::fixtures::{event, event_type, lot};

const NOON: i64 = 1_800_000_000_000;
const RUN: u32 = 64;

fn length() -> RunLength {
    RunLength::new(RUN).expect("a length")
}

fn options(clock: &Arc<ManualClock>) -> OpenOptions {
    let clock = Arc::clone(clock) as Arc<dyn chargly_engine::Clock>;
    OpenOptions { run_length: length(), checkpoint_every_facts: 8, ..OpenOptions::new(clock, "0.0.0-test") }
}

struct World {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    env: Arc<Environment>,
}

impl World {
    async fn new() -> Self {
        let (dir, clock) = (tempfile::tempdir().expect("a directory"), Arc::new(ManualClock::at(NOON)));
        create(dir.path(), "test", [7; 32], options(&clock)).expect("created");
        let env = Environment::open(dir.path(), options(&clock)).expect("opens");
        for name in ["chat.reply", "image.generate"] {
            let request = event_type(name, 8);
            env.define_event_type(KeyNo::SYSTEM, request).await.expect("defined");
        }
        let world = Self { dir, clock, env };
        world.grant("ada", 100_000, "g-ada").await;
        world.grant("bob", 100_000, "g-bob").await;
        world
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    async fn grant(&self, customer: &str, credits: i64, key: &str) -> Outcome {
        let request = lot(credits);
        self.env
            .grant(KeyNo::SYSTEM, customer.into(), request, None, Some(key.into()))
            .await
            .expect("granted")
    }

    async fn meter(&self, customer: &str, name: &str, key: &str) -> Outcome {
        let event = event(customer, name, Some(key));
        self.env.meter_one(KeyNo::SYSTEM, event).await.expect("metered")
    }

    /// Enough events for some runs to be sealed and some checkpoints to be written.
    async fn go_on(&self, tag: &str) {
        for i in 0..200 {
            let event = if i % 3 == 0 { "image.generate" } else { "chat.reply" };
            self.meter(if i % 2 == 0 { "ada" } else { "bob" }, event, &format!("{tag}{i}")).await;
            if i % 20 == 0 {
                tokio::time::sleep(Duration::from_millis(15)).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }

    fn reopen(self) -> Self {
        self.env.close();
        drop(self.env);
        verify_with(self.dir.path(), length(), &mut |_, _| {}).expect("sound");
        let env = Environment::open(self.dir.path(), options(&self.clock)).expect("opens");
        Self { env, ..self }
    }

    fn sealed(&self) -> usize {
        std::fs::read_dir(self.path().join("runs")).map_or(0, Iterator::count)
    }
}

fn same(a: &Outcome, b: &Outcome) -> bool {
    b.is_replay && a.id == b.id && a.at == b.at && a.fact == b.fact
}

fn refusal(outcome: &Outcome) -> Option<&Refusal> {
    match outcome.fact.as_ref() {
        Fact::Wallet(fact) => match &fact.event {
            WalletEvent::Refused { refusal, .. } => Some(refusal),
            _ => None,
        },
        _ => None,
    }
}

#[tokio::test]
async fn a_key_of_a_sealed_run_gets_its_first_answer_also_after_a_restart_and_conflicts_are_named() {
    let world = World::new().await;
    let first = world.meter("ada", "chat.reply", "first").await;
    world.go_on("a").await;
    assert!(world.sealed() >= 3, "{} runs", world.sealed());
    assert!(same(&first, &world.meter("ada", "chat.reply", "first").await));
    let world = world.reopen();
    assert!(same(&first, &world.meter("ada", "chat.reply", "first").await));
    let other = event("ada", "image.generate", Some("first"));
    match world.env.meter_one(KeyNo::SYSTEM, other.clone()).await {
        Err(CallError::Conflict { field, .. }) => assert_eq!(field, "event"),
        result => panic!("{result:?}"),
    }
    let batch = vec![other.clone(), MeterEvent { key: Some("new".into()), ..other }];
    let results = world.env.meter(KeyNo::SYSTEM, batch).await;
    assert!(matches!(results[0], Err(CallError::Conflict { .. })), "in its place in the batch");
    assert!(results[1].as_ref().is_ok_and(|outcome| !outcome.is_replay));
    world.env.close();
}

#[tokio::test]
async fn an_atomic_batch_of_a_sealed_run_is_replayed() {
    let world = World::new().await;
    let event = |name: &str| event("ada", name, None);
    let events = || vec![event("chat.reply"), event("image.generate")];
    let first = world.env.meter_atomic(KeyNo::SYSTEM, events(), Some("b1".into())).await.expect("accepted");
    world.go_on("a").await;
    let again = world.env.meter_atomic(KeyNo::SYSTEM, events(), Some("b1".into())).await.expect("replayed");
    assert!(same(&first.batch, &again.batch));
    assert_eq!(again.events.len(), 2);
    world.env.close();
}

#[tokio::test]
async fn missing_and_damaged_runs_are_sealed_again_before_anything_is_written() {
    let world = World::new().await;
    let first = world.meter("ada", "chat.reply", "first").await;
    world.go_on("a").await;
    let mut world = world;
    for damage in ["missing", "a key", "a list", "cut"] {
        world.env.close();
        let path = world.path().join("runs/run-0000000000.idx");
        let mut bytes = std::fs::read(&path).expect("a run");
        match damage {
            "missing" => std::fs::remove_file(&path).expect("removed"),
            // The first page is the header, the last ones are lists and times.
            "a key" | "a list" => {
                let page = if damage == "a key" { 1 } else { 4 };
                bytes[page * chargly_index::RUN_PAGE_BYTES + 40] ^= 1;
                std::fs::write(&path, &bytes).expect("written");
            }
            _ => std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("written"),
        }
        let found = verify_with(world.path(), length(), &mut |_, _| {});
        assert!(found.is_err_and(|error| error.to_string().contains("run")), "{damage}");
        let env = Environment::open(world.path(), options(&world.clock)).expect("opens");
        world = World { env, ..world };
        assert!(same(&first, &world.meter("ada", "chat.reply", "first").await), "{damage}");
        if damage == "a list" {
            // Keys are read at every start, lists when they are asked for: then the run is put aside for the next.
            let filter = EventFilter { customer: Some("ada".into()), ..EventFilter::default() };
            assert!(world.env.list_events(filter, None, 1_000).await.is_err());
            world.env.close();
            drop(world.env);
            let env = Environment::open(world.dir.path(), options(&world.clock)).expect("opens");
            world = World { env, dir: world.dir, clock: world.clock };
        }
        world = world.reopen();
    }
    world.env.close();
}

#[tokio::test]
async fn lists_and_balances_of_the_past_are_the_same_whether_sealed_or_not() {
    let world = World::new().await;
    world.go_on("a").await;
    world.clock.advance(3_600_000);
    world.go_on("b").await;
    let world = world.reopen();
    let all = every(&world, EventFilter::default()).await;
    assert_eq!(all.len(), 400);
    for customer in [None, Some("ada"), Some("bob")] {
        for event_type in [None, Some(EventTypeNo(0)), Some(EventTypeNo(1))] {
            for (from, to) in [(None, None), (Some(NOON + 1_000), None), (None, Some(NOON + 1_000))] {
                let filter = EventFilter {
                    customer: customer.map(str::to_owned),
                    event_type,
                    from: from.map(Millis),
                    to: to.map(Millis),
                    uncharged: false,
                };
                let wallet = match customer {
                    Some(customer) => world.env.wallet(customer).await.expect("read").map(|w| w.number),
                    None => None,
                };
                let expected: Vec<_> = all
                    .iter()
                    .filter(|(_, at, _, _)| {
                        from.is_none_or(|from| at.0 >= from) && to.is_none_or(|to| at.0 < to)
                    })
                    .filter(|(_, _, of, _)| wallet.is_none_or(|wallet| wallet == *of))
                    .filter(|(_, _, _, of)| event_type.is_none_or(|t| t == *of))
                    .cloned()
                    .collect();
                assert_eq!(every(&world, filter.clone()).await, expected, "{filter:?}");
            }
        }
    }
    let ada = world.env.wallet("ada").await.expect("read").expect("a wallet");
    let then = world.env.wallet_as_of(&ada, Millis(NOON + 1_000)).await.expect("read").expect("known");
    assert_eq!(then.balance.posted, Credits::whole(100_000 - 100 * 8).expect("in range"));
    assert!(world.env.wallet_as_of(&ada, Millis(NOON - 1)).await.expect("read").is_none());
    let audit = world.env.list_audit(None, 100).await.expect("read");
    let granted = audit
        .facts
        .iter()
        .filter(|s| matches!(&s.fact, Fact::Wallet(f) if matches!(f.event, WalletEvent::Granted { .. })));
    assert_eq!(granted.count(), 2);
    world.env.close();
}

type Listed = (EntryId, Millis, chargly_engine::ledger::WalletNo, EventTypeNo);

/// All pages of a list.
async fn every(world: &World, filter: EventFilter) -> Vec<Listed> {
    let (mut found, mut below) = (Vec::new(), None);
    loop {
        let page = world.env.list_events(filter.clone(), below, 7).await.expect("listed");
        for stored in page.events {
            let Fact::Wallet(fact) = &stored.fact else { panic!("{stored:?}") };
            let WalletEvent::Metered { request, .. } = &fact.event else { panic!("{stored:?}") };
            found.push((stored.id, stored.at, fact.header.wallet, request.event_type));
        }
        below = page.next;
        if below.is_none() {
            return found;
        }
    }
}

#[tokio::test]
async fn ended_holds_are_known_after_they_left_memory() {
    let world = World::new().await;
    let hold = |key: &str| {
        let terms = HoldTerms {
            customer: "ada".into(),
            event: "chat.reply".into(),
            quantity: Some(Quantity::ONE),
            credits: None,
            expires_in_s: None,
            key: Some(key.into()),
        };
        world.env.place_hold(KeyNo::SYSTEM, terms)
    };
    let voided = hold("h1").await.expect("held").id;
    let open = hold("h2").await.expect("held").id;
    world
        .env
        .void_hold(KeyNo::SYSTEM, VoidHoldRequest { hold: voided }, Some("v1".into()))
        .await
        .expect("voided");
    world.go_on("a").await;
    for world in [world].into_iter().map(World::reopen) {
        let (known, _) = *world.env.hold(voided).await.expect("read").expect("known");
        assert!(known.end.is_some());
        let (known, _) = *world.env.hold(open).await.expect("read").expect("known");
        assert!(known.end.is_none());
        let guessed = EntryId { tag: voided.tag ^ 1, ..voided };
        assert!(world.env.hold(guessed).await.expect("read").is_none(), "a guessed id is nobody's");
        let request = CaptureRequest {
            hold: voided,
            quantity: None,
            credits: None,
            cost: None,
            if_insufficient: IfInsufficient::Refuse,
            is_final: true,
        };
        let again = world
            .env
            .capture_hold(KeyNo::SYSTEM, request, None, None, Some("c1".into()))
            .await
            .expect("a verdict");
        assert!(matches!(refusal(&again), Some(Refusal::HoldNotOpen { .. })), "{again:?}");
        let replay =
            world.env.void_hold(KeyNo::SYSTEM, VoidHoldRequest { hold: voided }, Some("v1".into())).await;
        assert!(replay.is_ok_and(|outcome| outcome.is_replay));
        world.env.close();
    }
}

#[tokio::test]
async fn an_event_is_reversed_once_and_into_its_used_up_lot_after_all_of_it_left_memory() {
    let world = World::new().await;
    world.grant("eve", 8, "g-eve").await;
    let event = world.meter("eve", "chat.reply", "eve1").await.id;
    let half = Credits::whole(3);
    let reverse = |credits, key: &'static str| {
        world.env.reverse_event(KeyNo::SYSTEM, event, credits, None, Some(key.into()))
    };
    world.go_on("a").await;
    assert!(refusal(&reverse(half, "r1").await.expect("reversed")).is_none());
    let eve = world.env.wallet("eve").await.expect("read").expect("a wallet");
    assert_eq!(
        (eve.lots.len(), eve.balance.posted),
        (1, Credits::whole(3).expect("in range")),
        "its own lot again"
    );
    world.go_on("b").await;
    assert!(refusal(&reverse(None, "r2").await.expect("reversed")).is_none());
    world.go_on("c").await;
    let third = reverse(half, "r3").await.expect("a verdict");
    assert!(matches!(refusal(&third), Some(Refusal::AlreadyReversed { .. })), "{third:?}");
    let amended = world.env.amended(&[event]).await.expect("read").remove(0);
    assert_eq!(amended.reversed, Credits::whole(8).expect("in range"));
    let world = world.reopen();
    let amended = world.env.amended(&[event]).await.expect("read").remove(0);
    assert_eq!(amended.reversed, Credits::whole(8).expect("in range"));
    world.env.close();
}

#[tokio::test]
async fn a_run_that_could_not_be_sealed_is_sealed_once_it_can_be() {
    let world = World::new().await;
    // A file in the place of the folder: nothing can be written into it.
    let folder = world.path().join("runs");
    std::fs::write(&folder, "in the way").expect("written");
    let first = world.meter("ada", "chat.reply", "first").await;
    world.go_on("a").await;
    assert!(folder.is_file(), "nothing was sealed");
    std::fs::remove_file(&folder).expect("removed");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    world.go_on("b").await;
    assert!(world.sealed() >= 3, "{} runs", world.sealed());
    assert!(same(&first, &world.meter("ada", "chat.reply", "first").await));
    world.reopen().env.close();
}
