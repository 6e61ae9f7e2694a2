//! Many at once: never more than there is, and never twice.

use std::sync::Arc;

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn as_many_calls_are_accepted_as_there_are_credits() {
    let world = Arc::new(World::start().await);
    world.put("/v1/event-types/one", r#"{"credits":1}"#).await.expect(200);
    world.grant("hot", "37").await;
    let tasks: Vec<_> = (0..64)
        .map(|i| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                let body = format!(r#"{{"event":"one","customer":"hot","idempotency_key":"{i}"}}"#);
                world.post("/v1/events", &body).await.status.as_u16()
            })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.expect("an answer"));
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 37);
    assert_eq!(statuses.iter().filter(|status| **status == 402).count(), 27);
    assert_eq!(world.available("hot").await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_used_by_many_at_once_charges_once() {
    let world = Arc::new(World::start().await);
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.meter("user_42", "same").await.expect(200) })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("an answer"));
    }
    assert_eq!(answers.iter().filter(|got| !got.is_replay()).count(), 1);
    assert!(answers.iter().all(|got| got.bytes == answers[0].bytes));
    assert_eq!(world.available("user_42").await, "988");
}
