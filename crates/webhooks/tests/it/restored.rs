//! After a restore nothing goes out until somebody says so; a cursor ahead of the journal is a loss.

use chargly_engine::journal::{Head, Position, Restored, write_restored};
use chargly_webhooks::StartError;
use chargly_webhooks::ops::Cursor;

use crate::receiver::Receiver;
use crate::world::{World, open, options, start};

const TYPES: [&str; 2] = ["wallet.credited", "wallet.debited"];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_after_a_restore_until_effects_are_resumed_and_nothing_of_before_ever() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.endpoint(&receiver, &TYPES).await;
    world.grant("ada", 100).await;
    receiver.wait_for_messages(1).await;
    world.hooks.close().await;
    // In the backup, and told by the server that is lost.
    world.meter("ada").await;
    let next = Position(world.env.tail().committed().next.0);
    let note = Restored::at(&Head { next, ..Head::EMPTY }, world.clock_ms());
    write_restored(world.dir.path(), &note).expect("written");
    let world = world.restart().await;
    world.meter("ada").await;
    world.let_things_happen().await;
    assert_eq!(receiver.wait_for_messages(1).await.len(), 1);
    assert!(world.hooks.ping(&world.hooks.endpoints()[0]).await.is_err());
    write_restored(world.dir.path(), &Restored { effects_are_paused: false, ..note }).expect("written");
    let received = receiver.wait_for_messages(2).await;
    assert_eq!(received[1].data("balance"), "80", "the event after the restore, and not the one before it");
    // The same note does not set the cursor again.
    let world = world.restart().await;
    world.meter("ada").await;
    assert_eq!(receiver.wait_for_messages(3).await[2].data("balance"), "70");
    world.let_things_happen().await;
    assert_eq!(receiver.wait_for_messages(3).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn journal_that_has_another_fact_where_webhooks_were_told_is_a_loss_too() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.endpoint(&receiver, &TYPES).await;
    world.grant("ada", 100).await;
    receiver.wait_for(1).await;
    world.hooks.close().await;
    let cursor = world.hooks.ops().cursor().expect("a cursor");
    let tag = cursor.tag.map(|tag| tag ^ 1);
    world.hooks.ops().set_cursor(Cursor { tag, ..cursor }).expect("set");
    assert!(matches!(start(&world.env, options()), Err(StartError::Ahead { .. })));
    world.hooks.ops().set_cursor(cursor).expect("set");
    start(&world.env, options()).expect("started").close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cursor_ahead_of_the_journal_refuses_the_start_unless_the_loss_is_accepted() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.endpoint(&receiver, &TYPES).await;
    world.hooks.close().await;
    let ahead = world.env.tail().committed().next.0 + 1_000;
    world.hooks.ops().set_cursor(Cursor { next: ahead, ..Cursor::default() }).expect("set");
    let World { env, clock, dir, .. } = &world;
    env.close();
    let env = open(dir.path(), clock);
    assert!(matches!(start(&env, options()), Err(StartError::Ahead { found, .. }) if found == ahead));
    let mut accepting = options();
    accepting.accept_loss = true;
    let hooks = start(&env, accepting).expect("started");
    assert!(hooks.ops().cursor().expect("a cursor").next <= env.tail().committed().next.0);
    hooks.close().await;
    env.close();
}
