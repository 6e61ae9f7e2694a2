//! Erasing a customer: nothing of them is left in any file, every amount is, and it survives crash, copy and rebuild.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chargly_engine::journal::Journal as _;
use chargly_engine::journal::{Chunk, PayloadRef, SqliteJournal};
use chargly_engine::ledger::{
    Action, Call, CaptureRequest, Credits, Fact, IfInsufficient, KeyNo, Rejection, VoidHoldRequest,
    WalletEvent,
};
use chargly_engine::{
    Ask, CallError, Clock, Environment, EventFilter, Fold, GroupEnd, HoldTerms, Item, ManualClock,
    MeterEvent, OpenOptions, Outcome, RunLength, StoredPayload, Submission, SystemEntropy, Writer, create,
    remove_indexes, verify_with,
};

use crate::fixtures::{event, event_type, lot};

const NOON: i64 = 1_800_000_000_000;
/// Everything in a payload of hers has this in it.
const HERS: &str = "ada-lovelace";

fn length() -> RunLength {
    RunLength::new(64).expect("a length")
}

fn open(dir: &Path) -> Arc<Environment> {
    let clock = Arc::new(ManualClock::at(NOON));
    let options = OpenOptions {
        run_length: length(),
        checkpoint_every_facts: 8,
        ..OpenOptions::new(clock as Arc<dyn Clock>, "0.0.0-test")
    };
    if !dir.join("journal.db").exists() {
        let clock = Arc::new(ManualClock::at(NOON));
        create(dir, "test", [7; 32], OpenOptions::new(clock, "0.0.0-test")).expect("created");
    }
    Environment::open(dir, options).expect("opens")
}

fn chat(customer: &str, key: &str) -> MeterEvent {
    event(customer, "chat.reply", Some(key))
}

/// Two customers with facts in several runs, of every kind that has a payload.
async fn filled(dir: &Path) -> Arc<Environment> {
    let env = open(dir);
    env.define_event_type(KeyNo::SYSTEM, event_type("chat.reply", 8)).await.expect("defined");
    for customer in [HERS, "bob"] {
        let (reason, key) = (format!("{customer} bought"), format!("{customer} grant"));
        let granted =
            env.grant(KeyNo::SYSTEM, customer.into(), lot(10_000), Some(reason.into()), Some(key.into()));
        granted.await.expect("granted");
        for number in 0..90 {
            let event = chat(customer, &format!("{customer} {number}"));
            env.meter_one(KeyNo::SYSTEM, event).await.expect("metered");
        }
        let batch = vec![chat(customer, "not used"), chat(customer, "not used")];
        let key = format!("{customer} batch");
        env.meter_atomic(KeyNo::SYSTEM, batch, Some(key.into())).await.expect("metered");
        env.freeze(KeyNo::SYSTEM, customer.into(), format!("{customer} cheats").into())
            .await
            .expect("frozen");
        env.thaw(KeyNo::SYSTEM, customer.into()).await.expect("thawed");
    }
    env
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Files with these bytes in them.
fn with_bytes(dir: &Path, wanted: &str) -> Vec<PathBuf> {
    let has = |path: &PathBuf| {
        // A file that was renamed meanwhile is found by its new name, or is as gone as what was in it.
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
    };
    files(dir).into_iter().filter(has).collect()
}

/// Payloads in the journal that have this text in them.
fn payloads_with(dir: &Path, wanted: &str) -> usize {
    let mut reader = SqliteJournal::reader_in(dir);
    let chunks = reader.chunks_from(chargly_engine::journal::Position(0), usize::MAX).expect("readable");
    let entries = chunks.iter().flat_map(Chunk::entries);
    let has = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(wanted);
    entries.filter(|entry| matches!(entry.payload, PayloadRef::Present(bytes) if has(bytes))).count()
}

fn verified(dir: &Path) {
    verify_with(dir, length(), &mut |_, _| {}).expect("in order");
}

#[tokio::test]
async fn an_erased_customer_is_in_no_file_and_every_amount_stays() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = filled(dir.path()).await;
    let before = env.wallet(HERS).await.expect("answered").expect("a wallet");
    assert!(payloads_with(dir.path(), HERS) > 90);
    assert!(!with_bytes(dir.path(), HERS).is_empty(), "the checkpoint has her id, or this proves nothing");

    let erased = env.erase_customer(KeyNo::SYSTEM, HERS.into()).await.expect("erased");
    assert_eq!(
        (erased.forgotten.facts, erased.forgotten.payloads),
        (97, 95),
        "an event of the batch, and thawing, have no payload"
    );
    assert_eq!(payloads_with(dir.path(), HERS), 0);
    assert_eq!(with_bytes(dir.path(), HERS), Vec::<PathBuf>::new());
    assert!(payloads_with(dir.path(), "bob") > 90, "nobody else's is touched");
    let after = env.wallet_no(before.number).await.expect("answered").expect("a wallet");
    assert_eq!((after.balance, &after.lots), (before.balance, &before.lots));
    assert!(after.is_erased() && env.wallet(HERS).await.expect("answered").is_none());
    verified(dir.path());
    env.close();
    assert_eq!(with_bytes(dir.path(), HERS), Vec::<PathBuf>::new());
    verified(dir.path());
    let env = open(dir.path());
    assert!(env.wallet(HERS).await.expect("answered").is_none());
    env.close();
}

#[tokio::test]
async fn an_erased_key_never_charges_again_and_nothing_erased_is_shown() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = filled(dir.path()).await;
    let young: Outcome = env.meter_one(KeyNo::SYSTEM, chat(HERS, "young")).await.expect("metered");
    env.erase_customer(KeyNo::SYSTEM, HERS.into()).await.expect("erased");
    // What is young is in memory, too: the live tail must not give it away.
    let stored = env.facts().read(young.id.position).expect("readable").expect("a fact");
    assert_eq!(stored.payload, StoredPayload::Erased);
    let page = env.list_events(EventFilter::default(), None, 1_000).await.expect("listed");
    let erased = page.events.iter().filter(|event| event.payload == StoredPayload::Erased).count();
    assert_eq!((page.events.len(), erased), (185, 92), "its events are listed still, with their amounts");

    for key in ["young", "ada-lovelace 0", "ada-lovelace 89"] {
        let again = env.meter_one(KeyNo::SYSTEM, chat(HERS, key)).await;
        assert!(matches!(again, Err(CallError::Gone)), "{key}: {again:?}");
    }
    assert!(env.wallet(HERS).await.expect("answered").is_none(), "not even a new wallet");
    let fresh = env.meter_one(KeyNo::SYSTEM, chat(HERS, "fresh")).await.expect("answered");
    assert!(
        matches!(fresh.fact.as_ref(), Fact::Wallet(f) if matches!(f.event, WalletEvent::Refused { .. })),
        "who comes back under the same id begins with nothing"
    );
    verified(dir.path());
    env.close();
}

#[tokio::test]
async fn nobody_can_act_for_an_erased_customer() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = filled(dir.path()).await;
    let hold = HoldTerms {
        customer: HERS.into(),
        event: "chat.reply".into(),
        quantity: None,
        credits: Credits::whole(5),
        expires_in_s: None,
        key: None,
    };
    let hold = env.place_hold(KeyNo::SYSTEM, hold).await.expect("placed").id;
    let event = env.meter_one(KeyNo::SYSTEM, chat(HERS, "to reverse")).await.expect("metered").id;
    let grant = env.wallet(HERS).await.expect("answered").expect("a wallet").lots[0].id;
    let erased = env.erase_customer(KeyNo::SYSTEM, HERS.into()).await.expect("erased");
    assert_eq!(erased.open_holds, 1);
    let gone = |result: Result<Outcome, CallError>| {
        assert!(matches!(result, Err(CallError::Rejected(Rejection::CustomerErased))), "{result:?}");
    };
    let capture = CaptureRequest {
        hold,
        quantity: None,
        credits: None,
        cost: None,
        if_insufficient: IfInsufficient::Record,
        is_final: true,
    };
    gone(env.capture_hold(KeyNo::SYSTEM, capture, None, None, Some("c".into())).await);
    gone(env.void_hold(KeyNo::SYSTEM, VoidHoldRequest { hold }, Some("v".into())).await);
    gone(env.reverse_event(KeyNo::SYSTEM, event, None, Some("why".into()), Some("r".into())).await);
    gone(env.void_grant(KeyNo::SYSTEM, grant, None, Some("g".into())).await);
    let twice = env.erase_customer(KeyNo::SYSTEM, HERS.into()).await;
    assert!(matches!(twice, Err(CallError::Rejected(Rejection::NotFound { kind: "customer" }))), "{twice:?}");
    env.close();
}

/// Records the fact and nothing that follows from it, as a process that dies right after its flush.
fn record_erasure_alone(dir: &Path) {
    let journal = SqliteJournal::open(dir).expect("opens");
    let mut fold = Fold::from_start();
    let mut reader = journal.reader();
    let chunks = reader.chunks_from(chargly_engine::journal::Position(0), usize::MAX).expect("readable");
    chunks.iter().for_each(|chunk| fold.fold(chunk).expect("foldable"));
    let clock = ManualClock::at(NOON);
    let mut writer = Writer::new(journal, fold.into(), &clock, false, Box::new(SystemEntropy));
    let action = Action::EraseCustomer { customer: HERS.into() };
    let call = Call { actor: KeyNo::SYSTEM, key: None, action };
    let (submission, _answer) = Submission::new(vec![Item::read(Ask::Act(call))], Vec::new());
    writer.pending().push_back(submission);
    assert!(matches!(writer.run_group(&clock), GroupEnd::Committed(_)));
}

#[tokio::test]
async fn an_erasure_that_a_crash_cut_short_is_ended_before_the_next_start_serves() {
    for has_indexes in [true, false] {
        let dir = tempfile::tempdir().expect("a directory");
        filled(dir.path()).await.close();
        record_erasure_alone(dir.path());
        if !has_indexes {
            // As of a backup, which is the journal alone.
            remove_indexes(dir.path()).expect("removed");
        }
        assert!(payloads_with(dir.path(), HERS) > 90);
        let env = open(dir.path());
        assert_eq!(payloads_with(dir.path(), HERS), 0);
        assert_eq!(with_bytes(dir.path(), HERS), Vec::<PathBuf>::new());
        verified(dir.path());
        env.close();
        assert_eq!(with_bytes(dir.path(), HERS), Vec::<PathBuf>::new());
        verified(dir.path());
    }
}

#[tokio::test]
async fn indexes_made_anew_after_an_erasure_are_the_same() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = filled(dir.path()).await;
    env.erase_customer(KeyNo::SYSTEM, HERS.into()).await.expect("erased");
    env.close();
    let digest = |dir: &Path| verify_with(dir, length(), &mut |_, _| {}).expect("in order").digest;
    let before = digest(dir.path());
    remove_indexes(dir.path()).expect("removed");
    let env = open(dir.path());
    assert_eq!(with_bytes(dir.path(), HERS), Vec::<PathBuf>::new());
    env.close();
    assert_eq!(digest(dir.path()), before);
}

#[tokio::test]
async fn customers_erased_one_after_another_leave_nothing_of_any() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = filled(dir.path()).await;
    // Short and long entries by turns, each in a chunk of its own, so that the database moves them about.
    let customers: Vec<String> = (0..12).map(|number| format!("customer-{number:02}-of-many")).collect();
    for number in 0..60 {
        for customer in &customers {
            let key = format!("{customer}-{number}-{}", "x".repeat(number * 37 % 150));
            let mut event = chat(customer, &key);
            event.if_insufficient = IfInsufficient::Record;
            env.meter_one(KeyNo::SYSTEM, event).await.expect("metered");
        }
    }
    for customer in customers {
        assert!(payloads_with(dir.path(), &customer) > 60);
        assert!(
            with_bytes(dir.path(), &customer).len() >= 2,
            "of all {:?}",
            with_bytes(dir.path(), &customer)
        );
        env.erase_customer(KeyNo::SYSTEM, customer.as_str().into()).await.expect("erased");
        assert_eq!(payloads_with(dir.path(), &customer), 0);
        assert_eq!(with_bytes(dir.path(), &customer), Vec::<PathBuf>::new(), "{customer}");
    }
    verified(dir.path());
    env.close();
}

#[tokio::test]
async fn an_erasure_goes_on_when_its_caller_goes_away_and_who_asks_again_waits_for_its_end() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = filled(dir.path()).await;
    {
        let mut asked = std::pin::pin!(env.erase_customer(KeyNo::SYSTEM, HERS.into()));
        // Begun, and given up.
        assert!(asked_once(asked.as_mut()).await.is_none());
    }
    let again = env.erase_customer(KeyNo::SYSTEM, HERS.into()).await;
    assert!(matches!(again, Err(CallError::Rejected(Rejection::NotFound { .. }))), "{again:?}");
    assert_eq!(payloads_with(dir.path(), HERS), 0);
    assert_eq!(with_bytes(dir.path(), HERS), Vec::<PathBuf>::new());
    env.close();
}

/// What a future has when it is asked once.
async fn asked_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}
