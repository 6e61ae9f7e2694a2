//! What a wallet could not pay, kept and collected: on a real disk, with short runs and frequent checkpoints, across
//! stops, so that nearly everything that is looked at has left memory.

use std::sync::Arc;

use chargly_engine::ledger::{Credits, Fact, IfInsufficient, KeyNo, Millis, Rejection, WalletEvent};
use chargly_engine::{
    CallError, Environment, EventFilter, ManualClock, MeterEvent, OpenOptions, Outcome, RunLength, create,
    verify_with,
};

use crate::fixtures::{credits, event, event_type, lot};

const NOON: i64 = 1_800_000_000_000;

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

impl World {
    /// `chat.reply` at 8 credits.
    async fn new() -> Self {
        let (dir, clock) = (tempfile::tempdir().expect("a directory"), Arc::new(ManualClock::at(NOON)));
        create(dir.path(), "test", [7; 32], options(&clock)).expect("created");
        let env = Environment::open(dir.path(), options(&clock)).expect("opens");
        env.define_event_type(KeyNo::SYSTEM, event_type("chat.reply", 8)).await.expect("defined");
        Self { dir, clock, env }
    }

    async fn grant(&self, customer: &str, whole: i64) {
        self.env.grant(KeyNo::SYSTEM, customer.into(), lot(whole), None, None).await.expect("granted");
    }

    /// Finished work, as a sender that cannot be refused reports it.
    async fn report(&self, customer: &str, keys: std::ops::Range<u32>) -> Vec<Outcome> {
        let finished = |key: u32| MeterEvent {
            if_insufficient: IfInsufficient::Uncharged,
            ..event(customer, "chat.reply", Some(&format!("k{key}")))
        };
        let outcomes = self.env.meter(KeyNo::SYSTEM, keys.map(finished).collect()).await;
        outcomes.into_iter().map(|outcome| outcome.expect("recorded")).collect()
    }

    async fn uncharged(&self, customer: &str) -> usize {
        let filter =
            EventFilter { customer: Some(customer.into()), uncharged: true, ..EventFilter::default() };
        let page = self.env.list_events(filter, None, 1_000).await.expect("listed");
        let ids: Vec<_> = page.events.iter().map(|stored| stored.id).collect();
        let amended = self.env.amended(&ids).await.expect("known");
        amended.iter().filter(|amended| amended.collected.is_zero()).count()
    }

    async fn balance(&self, customer: &str) -> (Credits, Credits) {
        let wallet = self.env.wallet(customer).await.expect("a wallet").expect("known");
        (wallet.balance.posted, wallet.balance.debt)
    }

    fn reopen(self) -> Self {
        self.env.close();
        let Self { dir, clock, env } = self;
        drop(env);
        let env = Environment::open(dir.path(), options(&clock)).expect("opens");
        Self { dir, clock, env }
    }

    /// Everything adds up, and what is derived is what the journal says.
    fn verified(self) {
        self.env.close();
        verify_with(self.dir.path(), length(), &mut |_, _| {}).expect("verified");
    }
}

fn uncharged_of(outcome: &Outcome) -> Credits {
    match outcome.fact.as_ref() {
        Fact::Wallet(fact) => match &fact.event {
            WalletEvent::Metered { charge, .. } => charge.uncharged,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn work_is_kept_over_stops_and_collected_once_the_oldest_first() {
    let mut world = World::new().await;
    world.grant("ada", 20).await;
    let first = world.report("ada", 0..200).await;
    let unpaid = first.iter().filter(|outcome| uncharged_of(outcome) == credits(8)).count();
    assert_eq!(unpaid, 198, "two were paid, and the others cost nothing");
    world = world.reopen();
    let again = world.report("ada", 0..200).await;
    assert!(again.iter().zip(&first).all(|(now, then)| now.is_replay && now.id == then.id));
    assert_eq!((world.balance("ada").await, world.uncharged("ada").await), ((credits(4), credits(0)), 198));

    // As far as the wallet goes, of those found the oldest first.
    world.grant("ada", 8 * 50).await;
    let forever = (None::<Millis>, None);
    let got = world.env.collect_customer(KeyNo::SYSTEM, "ada", forever, None).await.expect("collected");
    assert_eq!((got.done.len(), got.refused.len(), got.left_events), (50, 1, 148));
    assert_eq!((got.left, got.next), (credits(8 * 148), None));
    world = world.reopen();
    assert_eq!((world.balance("ada").await, world.uncharged("ada").await), ((credits(4), credits(0)), 148));
    let oldest_unpaid = first[2].id;
    let collected = world.env.amended(&[oldest_unpaid]).await.expect("known").remove(0).collected;
    assert_eq!(collected, credits(8), "the oldest first");
    let twice = world.env.collect_event(KeyNo::SYSTEM, oldest_unpaid, None, None).await;
    assert!(matches!(twice, Err(CallError::Rejected(Rejection::Unchanged))), "{twice:?}");

    // One event under a key, repeated after a stop.
    world.grant("ada", 8).await;
    let one = first[199].id;
    let key = Some("collect-1".into());
    let done =
        world.env.collect_event(KeyNo::SYSTEM, one, Some(credits(5)), key.clone()).await.expect("done");
    world = world.reopen();
    let replayed =
        world.env.collect_event(KeyNo::SYSTEM, one, Some(credits(5)), key).await.expect("replayed");
    assert!(replayed.is_replay && replayed.fact == done.fact && replayed.id == done.id);
    assert_eq!(world.balance("ada").await, (credits(7), credits(0)));
    world.verified();
}

#[tokio::test]
async fn two_who_collect_at_once_charge_each_event_once() {
    let world = World::new().await;
    world.report("ada", 0..40).await;
    world.grant("ada", 8 * 60).await;
    let collect = || world.env.collect_customer(KeyNo::SYSTEM, "ada", (None, None), None);
    let (one, other) = tokio::join!(collect(), collect());
    let (one, other) = (one.expect("collected"), other.expect("collected"));
    assert_eq!((one.done.len() + other.done.len(), one.left_events + other.left_events), (40, 0));
    assert_eq!(world.balance("ada").await, (credits(8 * 20), credits(0)));
    world.verified();
}

#[tokio::test]
async fn only_events_of_the_times_asked_for_are_collected() {
    let world = World::new().await;
    let at = |ms: i64, key: &str| MeterEvent {
        if_insufficient: IfInsufficient::Uncharged,
        occurred_at: Some(Millis(ms)),
        ..event("ada", "chat.reply", Some(key))
    };
    for (ms, key) in [(NOON - 2_000, "a"), (NOON - 1_000, "b"), (NOON, "c")] {
        world.env.meter_one(KeyNo::SYSTEM, at(ms, key)).await.expect("recorded");
    }
    world.grant("ada", 100).await;
    let times = (Some(Millis(NOON - 1_000)), Some(Millis(NOON)));
    let got = world.env.collect_customer(KeyNo::SYSTEM, "ada", times, None).await.expect("collected");
    assert_eq!((got.done.len(), world.uncharged("ada").await), (1, 2));
    world.env.erase_customer(KeyNo::SYSTEM, "ada".into()).await.expect("erased");
    let gone = world.env.collect_event(KeyNo::SYSTEM, got.done[0].id, None, None).await;
    assert!(matches!(gone, Err(CallError::NotFound { .. })), "no event has this id: {gone:?}");
    world.verified();
}
