//! Whole environments on a real disk: open, call, close, open again.

use std::path::Path;
use std::sync::Arc;

use crate::fixtures::{event, event_type, lot};
use chargly_engine::ledger::{Fact, KeyNo, Quantity, Scope, WalletEvent};
use chargly_engine::{CallError, Environment, MeterEvent, OpenOptions, Outcome, SystemClock, create, verify};

fn options() -> OpenOptions {
    OpenOptions::new(Arc::new(SystemClock::start()), "0.0.0-test")
}

fn open(dir: &Path) -> Arc<Environment> {
    Environment::open(dir, options()).expect("opens")
}

async fn prepared(dir: &Path) -> Arc<Environment> {
    create(dir, "test", [7; 32], options()).expect("created");
    let env = open(dir);
    env.define_event_type(KeyNo::SYSTEM, event_type("chat.reply", 8)).await.expect("defined");
    env.grant(KeyNo::SYSTEM, "ada".into(), lot(100), None, Some("g1".into())).await.expect("granted");
    env
}

fn chat(key: &str) -> MeterEvent {
    event("ada", "chat.reply", Some(key))
}

fn same(a: &Outcome, b: &Outcome) -> bool {
    a.id == b.id && a.at == b.at && a.fact == b.fact
}

#[tokio::test]
async fn a_retry_gets_the_first_answer_also_after_a_restart_and_refusals_too() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = prepared(dir.path()).await;
    let first = env.meter_one(KeyNo::SYSTEM, chat("m1")).await.expect("metered");
    let again = env.meter_one(KeyNo::SYSTEM, chat("m1")).await.expect("replayed");
    assert!(!first.is_replay && again.is_replay && same(&first, &again));
    for i in 0..11 {
        env.meter_one(KeyNo::SYSTEM, chat(&format!("fill{i}"))).await.expect("metered");
    }
    let refused = env.meter_one(KeyNo::SYSTEM, chat("m2")).await.expect("a verdict");
    assert!(matches!(
        refused.fact.as_ref(),
        Fact::Wallet(fact) if matches!(fact.event, WalletEvent::Refused { .. })
    ));
    env.grant(KeyNo::SYSTEM, "ada".into(), lot(100), None, Some("g2".into())).await.expect("granted");
    env.close();
    drop(env);

    let env = open(dir.path());
    let again = env.meter_one(KeyNo::SYSTEM, chat("m1")).await.expect("replayed");
    assert!(again.is_replay && same(&first, &again));
    let again = env.meter_one(KeyNo::SYSTEM, chat("m2")).await.expect("still refused");
    assert!(again.is_replay && same(&refused, &again), "a top-up does not turn a refusal into a charge");
    env.close();
}

#[tokio::test]
async fn the_same_key_for_another_request_names_the_field() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = prepared(dir.path()).await;
    env.meter_one(KeyNo::SYSTEM, chat("m1")).await.expect("metered");
    let other = MeterEvent { quantity: Quantity::parse("2").expect("a quantity"), ..chat("m1") };
    match env.meter_one(KeyNo::SYSTEM, other).await {
        Err(CallError::Conflict { field, first, now }) => {
            assert_eq!((field, first.as_str(), now.as_str()), ("quantity", "1", "2"));
        }
        result => panic!("{result:?}"),
    }
    match env.grant(KeyNo::SYSTEM, "ada".into(), lot(5), None, Some("m1".into())).await {
        Err(CallError::Conflict { field, .. }) => assert_eq!(field, "operation"),
        result => panic!("{result:?}"),
    }
    env.close();
}

#[tokio::test]
async fn what_is_closed_verifies_and_opens_as_it_was() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = prepared(dir.path()).await;
    let key = env
        .create_key(KeyNo::SYSTEM, "app".into(), [Scope::Meter].into_iter().collect(), None)
        .await
        .expect("made");
    for i in 0..12 {
        env.meter_one(KeyNo::SYSTEM, chat(&format!("m{i}"))).await.expect("metered");
    }
    let before = env.wallet("ada").await.expect("read").expect("there");
    env.close();
    drop(env);
    let report = verify(dir.path(), &mut |_, _| {}).expect("in order");
    assert_eq!((report.wallets, report.environment.as_str()), (1, "test"));
    assert_eq!(report.checkpoint.map(|p| p.0), Some(report.facts), "closing leaves a checkpoint at the head");

    let env = open(dir.path());
    assert_eq!(env.wallet("ada").await.expect("read").expect("there"), before);
    assert!(env.authenticate(&key.secret).is_some());
    env.revoke_key(KeyNo::SYSTEM, key.number, 0).await.expect("revoked");
    assert!(env.authenticate(&key.secret).is_none(), "dead when the revocation is answered");
    env.close();
}

#[tokio::test]
async fn a_damaged_checkpoint_is_named_by_verify_and_ignored_by_a_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = prepared(dir.path()).await;
    let before = env.wallet("ada").await.expect("read").expect("there");
    env.close();
    drop(env);
    let db = rusqlite::Connection::open(dir.path().join("index.db")).expect("opens");
    db.execute("UPDATE wallet SET bytes = zeroblob(length(bytes))", []).expect("damaged");
    drop(db);
    let error = verify(dir.path(), &mut |_, _| {}).expect_err("found");
    assert!(error.to_string().contains("checkpoint"), "{error}");
    let env = open(dir.path());
    assert_eq!(env.wallet("ada").await.expect("read").expect("there"), before);
    env.close();
    drop(env);
    verify(dir.path(), &mut |_, _| {}).expect("a later close wrote a good one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_tasks_on_ten_affordable_calls_get_exactly_ten() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = prepared(dir.path()).await;
    let tasks: Vec<_> = (0..64)
        .map(|i| {
            let env = Arc::clone(&env);
            tokio::spawn(async move { env.meter_one(KeyNo::SYSTEM, chat(&format!("m{i}"))).await })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        let outcome = task.await.expect("runs").expect("a verdict");
        let Fact::Wallet(fact) = outcome.fact.as_ref() else { panic!("a wallet's fact") };
        accepted += usize::from(matches!(fact.event, WalletEvent::Metered { .. }));
    }
    assert_eq!(accepted, 12, "100 credits at 8 each");
    env.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verify_beside_a_busy_environment_raises_no_false_alarm() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = prepared(dir.path()).await;
    env.grant(KeyNo::SYSTEM, "ada".into(), lot(1_000_000), None, Some("g2".into())).await.expect("granted");
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let busy = tokio::spawn({
        let (env, stop) = (Arc::clone(&env), Arc::clone(&stop));
        async move {
            let mut n = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let events = (n..n + 50).map(|i| chat(&format!("m{i}"))).collect();
                assert!(env.meter(KeyNo::SYSTEM, events).await.iter().all(Result::is_ok));
                env.views().flush().expect("written");
                n += 50;
            }
            n
        }
    });
    let path = dir.path().to_owned();
    let verified = tokio::task::spawn_blocking(move || {
        (0..8).map(|_| verify(&path, &mut |_, _| {}).map(|report| report.facts)).collect::<Vec<_>>()
    });
    let facts: Vec<_> = verified.await.expect("runs").into_iter().map(|f| f.expect("in order")).collect();
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(busy.await.expect("runs") > 0);
    assert!(facts.windows(2).all(|pair| pair[0] <= pair[1]));
    env.close();
}
