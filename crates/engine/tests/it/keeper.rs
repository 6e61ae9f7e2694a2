//! Checkpoints that cannot be written: nothing of them may be missing from the next that can.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chargly_engine::ledger::{Credits, KeyNo};
use chargly_engine::{Clock, Environment, ManualClock, OpenOptions, create};

use crate::fixtures::{event, event_type, lot};

const NOON: i64 = 1_800_000_000_000;
/// Facts after which a checkpoint is written.
const EVERY: u64 = 8;

fn options(clock: &Arc<ManualClock>) -> OpenOptions {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    OpenOptions { checkpoint_every_facts: EVERY, ..OpenOptions::new(clock, "0.0.0-test") }
}

async fn meter(env: &Environment, customer: &str, times: u64) {
    for _ in 0..times {
        let event = event(customer, "chat.reply", None);
        env.meter_one(KeyNo::SYSTEM, event).await.expect("metered");
    }
}

async fn posted(env: &Environment, customer: &str) -> Credits {
    env.wallet(customer).await.expect("read").expect("a wallet").balance.posted
}

fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).expect("a directory") {
        let file = file.expect("a file");
        if file.path().is_file() {
            std::fs::copy(file.path(), to.join(file.file_name())).expect("copied");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_behind_one_that_failed_holds_what_that_one_held() {
    let (dir, clock) = (tempfile::tempdir().expect("a directory"), Arc::new(ManualClock::at(NOON)));
    create(dir.path(), "test", [7; 32], options(&clock)).expect("created");
    let env = Environment::open(dir.path(), options(&clock)).expect("opens");
    let define = event_type("chat.reply", 1);
    env.define_event_type(KeyNo::SYSTEM, define).await.expect("defined");
    for customer in ["ada", "bob"] {
        let request = lot(100);
        env.grant(KeyNo::SYSTEM, customer.into(), request, None, None).await.expect("granted");
    }
    meter(&env, "ada", EVERY).await;
    meter(&env, "bob", EVERY).await;
    tokio::time::sleep(Duration::from_millis(500)).await;

    // Nobody can write a checkpoint for as long as the database is asked to wait for us.
    let lock = rusqlite::Connection::open(dir.path().join("index.db")).expect("opens");
    lock.execute_batch("BEGIN IMMEDIATE").expect("locked");
    meter(&env, "ada", EVERY).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    meter(&env, "bob", EVERY).await;
    tokio::time::sleep(Duration::from_millis(5_500)).await;
    lock.execute_batch("ROLLBACK").expect("unlocked");
    tokio::time::sleep(Duration::from_millis(1_500)).await;

    let (ada, bob) = (posted(&env, "ada").await, posted(&env, "bob").await);
    let elsewhere = tempfile::tempdir().expect("a directory");
    copy(dir.path(), elsewhere.path());
    let restarted = Environment::open(elsewhere.path(), options(&clock)).expect("opens");
    let found = (posted(&restarted, "ada").await, posted(&restarted, "bob").await);
    restarted.close();
    env.close();
    assert_eq!(found, (ada, bob));
}
