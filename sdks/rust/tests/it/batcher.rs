//! The batcher tells of every event.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chargly_client::{BatcherOptions, Cost, Error, Grant, IfInsufficient, Meter};
use serde_json::json;

use crate::script::{Script, problem, text};
use crate::server::{Server, events_of, funded};

const LONG: Duration = Duration::from_secs(60);

fn event(n: usize) -> Meter {
    Meter::new("chat.reply", "u").property("n", n)
}

fn accepted(count: usize) -> String {
    let one = json!({ "id": "evt_1", "event": "chat.reply", "customer": "u", "credits": 8,
        "balance": { "available": 0 }, "recorded_at": "t" });
    json!({ "results": vec![one; count], "accepted": count, "refused": 0, "replayed": 0 }).to_string()
}

#[tokio::test]
async fn events_go_out_in_batches_and_wait_for_no_longer_than_a_flush() {
    let script = Script::of([text(200, &accepted(3)), text(200, &accepted(2))]).await;
    let client = script.builder().build().unwrap();
    let batcher = client.batcher(BatcherOptions::new().batch_size(3).interval(LONG));
    for n in 0..5 {
        batcher.add(event(n)).unwrap();
    }
    let stats = batcher.flush(LONG).await.unwrap();
    assert_eq!((stats.accepted, stats.refused, stats.pending), (5, 0, 0));
    let sent: Vec<_> =
        script.asked().iter().flat_map(|(_, body)| body["events"].as_array().unwrap().clone()).collect();
    assert_eq!(
        sent.iter().map(|event| event["properties"]["n"].as_u64().unwrap()).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4]
    );
    for event in &sent {
        assert_eq!(event["if_insufficient"], "record");
        assert!(event["occurred_at"].is_string() && event["idempotency_key"].is_string());
    }
    batcher.close(LONG).await.unwrap();
}

#[tokio::test]
async fn memory_is_bounded() {
    let script = Script::of([problem(503, "unavailable")]).await;
    let client = script.builder().max_retries(0).build().unwrap();
    let batcher = client.batcher(BatcherOptions::new().max_pending(2).interval(LONG));
    batcher.add(event(0)).unwrap();
    batcher.add(event(1)).unwrap();
    let full = batcher.add(event(2)).unwrap_err();
    assert!(matches!(full, Error::BatcherFull { .. }) && full.code() == "batcher_full" && full.retryable());
    let waiting = batcher.clone();
    let waiting = tokio::spawn(async move { waiting.enqueue(event(3)).await });
    tokio::task::yield_now().await;
    // Nobody is there, so close hands back what it has, and whoever waited for room is told.
    let error = batcher.close(Duration::from_millis(300)).await.unwrap_err();
    assert_eq!((error.unsent.len(), error.failures.len()), (2, 0));
    assert_eq!(error.to_string(), "2 events are not delivered yet");
    assert_eq!(waiting.await.unwrap().unwrap_err().code(), "batcher_closed");
    assert_eq!(batcher.add(event(4)).unwrap_err().code(), "batcher_closed");
}

#[tokio::test]
async fn one_event_that_cannot_be_taken_does_not_cost_the_others_theirs() {
    let too_large = || problem(413, "too_large");
    let script =
        Script::of([too_large(), too_large(), text(200, &accepted(1)), text(200, &accepted(2))]).await;
    let client = script.builder().build().unwrap();
    let refused = Arc::<Mutex<Vec<String>>>::default();
    let told = refused.clone();
    let options = BatcherOptions::new()
        .interval(LONG)
        .on_refused(move |_, error| told.lock().unwrap().push(error.idempotency_key().unwrap().to_owned()));
    let batcher = client.batcher(options);
    batcher.add(event(0).idempotency_key("large")).unwrap();
    for n in 1..3 {
        batcher.add(event(n)).unwrap();
    }
    // Three, two, one at a time: [0 1 2] is halved to [0 1], which is halved to [0].
    let script_of_halves = batcher.close(LONG).await;
    assert!(script_of_halves.is_ok(), "{script_of_halves:?}");
    assert_eq!(script_of_halves.unwrap().accepted, 3);
    assert!(refused.lock().unwrap().is_empty());
    let sizes: Vec<_> =
        script.asked().iter().map(|(_, body)| body["events"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [3, 2, 1, 2]);

    let script = Script::of([too_large(), too_large(), text(200, &accepted(1))]).await;
    let batcher = script.builder().build().unwrap().batcher(BatcherOptions::new().interval(LONG));
    batcher.add(event(0).idempotency_key("large")).unwrap();
    batcher.add(event(1)).unwrap();
    let error = batcher.flush(LONG).await.unwrap_err();
    assert_eq!((error.failures.len(), error.failures[0].1.idempotency_key()), (1, Some("large")));
    assert_eq!(batcher.stats().accepted, 1);
    assert!(batcher.close(LONG).await.is_ok(), "it was told of once");
}

#[tokio::test]
async fn a_mistake_is_told_where_it_is_made() {
    let script = Script::of([]).await;
    let batcher = script.builder().build().unwrap().batcher(BatcherOptions::new());
    let mistaken = event(0).cost(Cost::from(json!(0.04)));
    assert!(matches!(batcher.add(mistaken), Err(Error::Configuration { .. })));
    assert_eq!(batcher.stats().pending, 0);
}

#[tokio::test]
async fn a_server_is_told_of_each_event_once() {
    let Some(server) = Server::start().await else { return };
    let client = server.client();
    let poor = funded(&client, 0).await;
    let results = Arc::<Mutex<Vec<String>>>::default();
    let told = results.clone();
    let options = BatcherOptions::new()
        .batch_size(10)
        .interval(Duration::from_millis(5))
        .on_result(move |_, result| told.lock().unwrap().push(result.event_id.clone()));
    let batcher = client.batcher(options);
    for _ in 0..25 {
        batcher.add(Meter::new("chat.reply", &poor)).unwrap();
    }
    batcher.add(Meter::new("nope", &poor)).unwrap();
    batcher.add(Meter::new("chat.reply", &poor).if_insufficient(IfInsufficient::Refuse)).unwrap();
    let error = batcher.close(LONG).await.unwrap_err();
    let codes: Vec<_> = error.failures.iter().map(|(_, error)| error.code().to_owned()).collect();
    assert_eq!(codes, ["unknown_event_type", "insufficient_credits"]);
    let (mut stored, mut told) = (events_of(&client, &poor).await, results.lock().unwrap().clone());
    stored.sort();
    told.sort();
    assert_eq!((stored.len(), &stored), (25, &told));
    assert_eq!(client.get_wallet(&poor).await.unwrap().debt, 25 * 8);
    client.grant(&poor, Grant::new(200)).await.unwrap();

    // Dropped without a close: the task goes on.
    let batcher = client.batcher(BatcherOptions::new().interval(LONG));
    batcher.add(Meter::new("chat.reply", &poor)).unwrap();
    drop(batcher);
    while events_of(&client, &poor).await.len() < 26 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
