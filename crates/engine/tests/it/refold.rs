//! Figures that the catalogue asks to be otherwise are folded anew while the old ones are served.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chargly_engine::ledger::{EventTypeRequest, KeyNo, Millis, Settings};
use chargly_engine::views::{By, FILE_NAME, FiguresQuery, Interval, Views};
use chargly_engine::{
    Clock, Environment, ManualClock, MeterEvent, OpenOptions, Properties, create, rebuild_views, verify,
};

use crate::fixtures::{event, event_type, lot};

const NOON: i64 = 1_800_000_000_000;
/// How long the derive thread may take for a handful of facts before the test gives up, looking every few milliseconds.
const LOOKS_MAX: u32 = 2_000;
const LOOK_EVERY: Duration = Duration::from_millis(5);

fn open(dir: &Path) -> Arc<Environment> {
    let options = || OpenOptions::new(Arc::new(ManualClock::at(NOON)) as Arc<dyn Clock>, "0.0.0-test");
    if !dir.join("journal.db").exists() {
        create(dir, "test", [7; 32], options()).expect("created");
    }
    Environment::open(dir, options()).expect("opens")
}

fn chat(customer: &str, model: &str) -> MeterEvent {
    let canonical = format!(r#"{{"model":"{model}"}}"#).into();
    let properties = Some(Properties { canonical, ..Properties::default() });
    MeterEvent { properties, ..event(customer, "chat.reply", None) }
}

/// Waits until the figures are live and counted as the catalogue asks.
async fn settled(env: &Environment) -> Arc<Views> {
    for _ in 0..LOOKS_MAX {
        let views = env.views();
        if views.next() == env.tail().committed().next && views.asked_setup().is_none() {
            return views;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    panic!("the figures are not live");
}

fn by_model(views: &Views) -> Vec<(String, i128)> {
    let query = FiguresQuery {
        from: Millis(i64::MIN),
        to: Millis::NEVER,
        interval: Interval::Total,
        by: vec![By::Dimension("model".into())],
        event_type: None,
        price: None,
        wallet: None,
        dimension: None,
    };
    let rows = views.figures(&query).expect("figures").rows;
    rows.into_iter().map(|row| (row.dimension.unwrap_or_default().to_string(), row.figures.events)).collect()
}

fn counts(pairs: &[(&str, i128)]) -> Vec<(String, i128)> {
    pairs.iter().map(|(value, events)| ((*value).to_owned(), *events)).collect()
}

async fn prepared(dir: &Path) -> Arc<Environment> {
    let env = open(dir);
    env.define_event_type(KeyNo::SYSTEM, event_type("chat.reply", 8)).await.expect("defined");
    for (customer, model, events) in [("ada", "small", 3), ("bob", "large", 2)] {
        env.grant(KeyNo::SYSTEM, customer.into(), lot(1_000), None, None).await.expect("granted");
        for _ in 0..events {
            env.meter_one(KeyNo::SYSTEM, chat(customer, model)).await.expect("metered");
        }
    }
    let declared = EventTypeRequest {
        dimensions: vec!["model".into()],
        first_price: None,
        ..event_type("chat.reply", 8)
    };
    env.define_event_type(KeyNo::SYSTEM, declared).await.expect("defined");
    env
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dimension_declared_later_is_filled_in_and_an_erasure_empties_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = prepared(dir.path()).await;
    let views = settled(&env).await;
    assert_eq!(by_model(&views), counts(&[("large", 2), ("small", 3)]));
    verify(dir.path(), &mut |_, _| {}).expect("in order");
    env.erase_customer(KeyNo::SYSTEM, "ada".into()).await.expect("erased");
    // In any state between fact and figures.
    verify(dir.path(), &mut |_, _| {}).expect("in order");
    let views = settled(&env).await;
    assert_eq!(by_model(&views), counts(&[("", 3), ("large", 2)]));
    env.close();
    let report = verify(dir.path(), &mut |_, _| {}).expect("in order");
    assert_eq!(report.views.0, report.facts);
    let leftover = dir.path().join(format!("{FILE_NAME}.refolded"));
    assert!(!leftover.exists(), "the new file took the place of the old one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_zone_refolds_and_what_a_crash_left_is_begun_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = prepared(dir.path()).await;
    settled(&env).await;
    // As a process leaves it that ended while it folded.
    std::fs::write(dir.path().join(format!("{FILE_NAME}.refolded")), b"half a file").expect("written");
    let settings = Settings { time_zone: "Asia/Kolkata".into(), ..Settings::default() };
    env.change_settings(KeyNo::SYSTEM, settings, None).await.expect("changed");
    let views = settled(&env).await;
    assert_eq!(views.zone().name(), "Asia/Kolkata");
    assert_eq!(by_model(&views), counts(&[("large", 2), ("small", 3)]));
    env.close();
    verify(dir.path(), &mut |_, _| {}).expect("in order");
    let env = open(dir.path());
    assert_eq!(env.views().zone().name(), "Asia/Kolkata");
    env.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rebuilt_figures_are_the_same_and_a_damaged_one_is_found_before() {
    let dir = tempfile::tempdir().expect("a directory");
    let env = prepared(dir.path()).await;
    settled(&env).await;
    env.close();
    let digest = Views::open(dir.path()).expect("opens").digest().expect("a digest");
    for (table, column) in [
        ("price_hours", "credits_micro"),
        ("wallet_days", "events"),
        ("dimension_hours", "quantity_micro"),
        ("book_days", "promotional_granted_micro"),
    ] {
        let db = rusqlite::Connection::open(dir.path().join(FILE_NAME)).expect("opens");
        db.execute(&format!("UPDATE {table} SET {column} = {column} + 1"), []).expect("planted");
        drop(db);
        let error = verify(dir.path(), &mut |_, _| {}).expect_err("a wrong figure").to_string();
        assert!(error.contains(table) && error.contains(column), "{error}");
        let facts = rebuild_views(dir.path(), &mut |_, _| {}).expect("rebuilt");
        let report = verify(dir.path(), &mut |_, _| {}).expect("in order");
        assert_eq!((facts, report.views), (report.views, facts));
        assert_eq!(Views::open(dir.path()).expect("opens").digest().expect("a digest"), digest);
    }
}
