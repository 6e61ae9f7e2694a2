//! A server that dies without a warning in the middle of it all. Whatever a call was answered holds, and whatever is
//! repeated is charged once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chargly_client::{BatcherOptions, Error, Meter};

use crate::server::{Server, events_of};

const CALLERS: u64 = 16;
const KILLS: u64 = 5;
const PRICE: i64 = 8;
const STOCK: i64 = 1_000_000;

/// So that each kill meets a server that is at work, however slow the machine is.
async fn after(done: &AtomicU64, more: u64) {
    let wanted = done.load(Ordering::SeqCst) + more;
    while done.load(Ordering::SeqCst) < wanted {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_metered_twice_and_nothing_acknowledged_is_lost() {
    let Some(mut server) = Server::start().await else { return };
    let client = server.builder().max_retries(200).deadline(Duration::from_secs(240)).build().unwrap();
    // Half of the callers leave retries to the client, half come back with the key on their own.
    let impatient = server.builder().max_retries(0).build().unwrap();
    client.grant("user_42", STOCK).await.unwrap();
    let (over, done, cut) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (over, done, cut) = (over.clone(), done.clone(), cut.clone());
            let client = if caller % 2 == 0 { client.clone() } else { impatient.clone() };
            tokio::spawn(async move {
                let mut results = Vec::new();
                for call in 0.. {
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                    let event =
                        Meter::new("chat.reply", "user_42").idempotency_key(format!("call-{caller}-{call}"));
                    loop {
                        match client.meter(event.clone()).await {
                            Ok(result) => break results.push(result),
                            Err(error) => {
                                assert!(error.is_in_doubt() && caller % 2 == 1, "{error:?}");
                                cut.fetch_add(1, Ordering::SeqCst);
                                tokio::time::sleep(Duration::from_millis(20)).await;
                            }
                        }
                    }
                    done.fetch_add(1, Ordering::SeqCst);
                }
                results
            })
        })
        .collect();
    for kill in 0..KILLS {
        after(&done, 150 + 37 * kill).await;
        server.kill();
        server.serve().await;
    }
    after(&done, 100).await;
    over.store(true, Ordering::SeqCst);
    let mut results = Vec::new();
    for caller in callers {
        results.extend(caller.await.unwrap());
    }
    assert!(cut.load(Ordering::SeqCst) > 0, "no call was cut off: the test kills nothing");

    let stored = events_of(&client, "user_42").await;
    let answered: BTreeSet<_> = results.iter().map(|result| result.event_id.clone()).collect();
    assert_eq!((stored.len(), answered.len()), (results.len(), results.len()), "each call is charged once");
    assert_eq!(stored.into_iter().collect::<BTreeSet<_>>(), answered);
    let calls = i64::try_from(results.len()).unwrap();
    assert_eq!(client.get_wallet("user_42").await.unwrap().balance, STOCK - PRICE * calls);

    // All of them once more: everything is an answer of before.
    for part in results.chunks(5_000) {
        let again = part
            .iter()
            .map(|result| Meter::new("chat.reply", "user_42").idempotency_key(&result.idempotency_key));
        let batch = client.meter_events(again).await.unwrap();
        assert_eq!((batch.accepted, batch.refused), (0, 0));
    }
    server.kill();
    server.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batcher_delivers_each_event_once() {
    let Some(mut server) = Server::start().await else { return };
    let client = server.client();
    client.grant("user_42", STOCK).await.unwrap();
    let seen = Arc::new(AtomicU64::new(0));
    let told = seen.clone();
    let options = BatcherOptions::new().batch_size(50).max_pending(500).interval(Duration::from_millis(10));
    let batcher = client.batcher(options.on_result(move |_, _| {
        told.fetch_add(1, Ordering::SeqCst);
    }));
    let over = Arc::new(AtomicBool::new(false));
    let producer = {
        let (batcher, over) = (batcher.clone(), over.clone());
        tokio::spawn(async move {
            let mut added = 0;
            while !over.load(Ordering::SeqCst) {
                batcher.enqueue(Meter::new("chat.reply", "user_42").property("n", added)).await.unwrap();
                added += 1;
            }
            added
        })
    };
    for kill in 0..KILLS {
        after(&seen, 300 + 37 * kill).await;
        server.kill();
        server.serve().await;
    }
    over.store(true, Ordering::SeqCst);
    let added: u64 = producer.await.unwrap();
    let stats = batcher.close(Duration::from_secs(240)).await.unwrap();
    assert_eq!((stats.accepted + stats.replayed, stats.refused, stats.pending), (added, 0, 0));
    let stored = events_of(&client, "user_42").await;
    assert_eq!(stored.len() as u64, added);
    assert_eq!(stored.iter().collect::<BTreeSet<_>>().len() as u64, added);
    assert_eq!(seen.load(Ordering::SeqCst), added);
    let events = i64::try_from(added).unwrap();
    assert_eq!(client.get_wallet("user_42").await.unwrap().balance, STOCK - PRICE * events);
    server.kill();
    server.verify();
}

#[tokio::test]
async fn what_a_closed_batcher_hands_back_can_be_added_again() {
    let Some(mut server) = Server::start().await else { return };
    let client = server.client();
    client.grant("user_42", 1_000).await.unwrap();
    let impatient = server.builder().max_retries(0).build().unwrap();
    let batcher = impatient.batcher(BatcherOptions::new().interval(Duration::from_millis(1)));
    batcher.add(Meter::new("chat.reply", "user_42")).unwrap();
    batcher.flush(Duration::from_secs(60)).await.unwrap();
    server.kill();
    for _ in 0..10 {
        batcher.add(Meter::new("chat.reply", "user_42")).unwrap();
    }
    let left = batcher.close(Duration::from_millis(300)).await.unwrap_err().unsent;
    assert_eq!(left.len(), 10);
    server.serve().await;
    for _ in 0..2 {
        let next = client.batcher(BatcherOptions::new());
        for event in left.clone() {
            next.add(event).unwrap();
        }
        next.close(Duration::from_secs(60)).await.unwrap();
    }
    assert_eq!(client.get_wallet("user_42").await.unwrap().balance, 1_000 - 11 * PRICE);

    server.kill();
    let lost = impatient.meter(Meter::new("chat.reply", "user_42").idempotency_key("job-2")).await;
    let Err(Error::ConnectionLost { .. } | Error::TimedOut { .. }) = lost else { panic!("{lost:?}") };
    server.serve().await;
    let done = client.meter(Meter::new("chat.reply", "user_42").idempotency_key("job-2")).await.unwrap();
    assert!(!done.replayed);
}
