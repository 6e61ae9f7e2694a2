//! Receivers that fail, each in its own way.

use chargly_webhooks::ops::DeliveryState;
use chargly_webhooks::{DISABLED_AFTER_MS, RETRIES_MS};

use crate::receiver::{Reaction, Receiver};
use crate::world::{START_MS, World, count};

const TYPES: [&str; 2] = ["wallet.credited", "wallet.debited"];

#[tokio::test(flavor = "multi_thread")]
async fn message_is_tried_ten_times_over_three_days_and_then_given_up() {
    let (world, receiver) =
        (World::start().await, Receiver::start(|_, _| Reaction::Answer(500, "", "no")).await);
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    world.grant("ada", 100).await;
    for attempt in 1..=RETRIES_MS.len() {
        let log = world.wait_for_attempts(&endpoint, attempt).await;
        let expected =
            if attempt == RETRIES_MS.len() { DeliveryState::Failed } else { DeliveryState::Pending };
        assert_eq!(log[0].state, expected, "after attempt {attempt}");
        let Some(wait_ms) = RETRIES_MS.get(attempt) else { break };
        let due_ms = log[0].due_ms.expect("another attempt") - world.clock_ms();
        assert!(due_ms >= *wait_ms && due_ms <= wait_ms + wait_ms / 10, "{attempt}: {due_ms}");
        world.advance(wait_ms - 1);
        world.let_things_happen().await;
        assert_eq!(receiver.received().len(), attempt, "not before its time");
        world.advance(wait_ms / 10 + 1);
    }
    let received = receiver.received();
    assert!(received.iter().all(|one| one.id() == received[0].id() && one.body == received[0].body));
    let times: std::collections::BTreeSet<_> =
        received.iter().map(|one| &one.headers["webhook-timestamp"]).collect();
    assert_eq!(times.len(), RETRIES_MS.len(), "each attempt is signed with its own time");
    assert_eq!(world.again(&endpoint).failing_since_ms, Some(START_MS));
    // What came after the message that was given up goes on.
    world.meter("ada").await;
    world.wait_for(&endpoint, |log| log.len() == 2 && log[1].tries == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_2xx_has_arrived_and_redirects_are_not_followed() {
    let elsewhere = Receiver::taking_all().await;
    let location: &'static str = format!("location: {}\r\n", elsewhere.url).leak();
    for (status, headers, result) in [
        (200, "", "delivered"),
        (299, "", "delivered"),
        (301, location, "redirect"),
        (302, location, "redirect"),
        (307, location, "redirect"),
        (308, location, "redirect"),
        (304, "", "redirect"),
        (400, "", "refused"),
        (404, "", "refused"),
        (500, "", "refused"),
    ] {
        let (world, receiver) =
            (World::start().await, Receiver::start(move |_, _| Reaction::Answer(status, headers, "")).await);
        let endpoint = world.endpoint(&receiver, &TYPES).await;
        world.grant("ada", 100).await;
        let log = world.wait_for_attempts(&endpoint, 1).await;
        assert_eq!((log[0].attempts[0].status, log[0].attempts[0].result.as_str()), (Some(status), result));
    }
    assert!(elsewhere.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn redirect_to_itself_is_one_attempt_and_no_loop() {
    let (world, receiver) = (
        World::start().await,
        Receiver::start(|_, _| Reaction::Answer(308, "location: /hooks\r\n", "")).await,
    );
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    world.grant("ada", 100).await;
    world.wait_for_attempts(&endpoint, 1).await;
    world.let_things_happen().await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_of_ten_megabytes_is_not_read_to_its_end() {
    let bytes = 10 * 1024 * 1024;
    let (world, receiver) = (World::start().await, Receiver::start(move |_, _| Reaction::Pour(bytes)).await);
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    world.grant("ada", 100).await;
    let log = world.wait_for_attempts(&endpoint, 1).await;
    assert_eq!(log[0].state, DeliveryState::Delivered);
    let answer = log[0].attempts[0].answer.as_deref().expect("its beginning");
    assert_eq!(answer.len(), chargly_api::limits::WEBHOOK_ANSWER_BYTES_MAX);
    world.let_things_happen().await;
    assert!(receiver.poured() < bytes, "it went on to the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn receiver_that_is_gone_is_disabled_at_once() {
    let (world, receiver) =
        (World::start().await, Receiver::start(|_, _| Reaction::Answer(410, "", "")).await);
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    world.grant("ada", 100).await;
    assert!(world.wait_until_disabled(&endpoint).await.contains("410"));
    world.meter("ada").await;
    world.advance(RETRIES_MS[1] * 2);
    world.let_things_happen().await;
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(world.log(&endpoint).await.len(), 1, "what happens meanwhile is not put aside");
}

#[tokio::test(flavor = "multi_thread")]
async fn receiver_that_has_too_much_to_do_is_left_alone_as_long_as_it_says() {
    let react = |_: &_, before: usize| match before {
        0 => Reaction::Answer(429, "retry-after: 120\r\n", "slow down"),
        _ => Reaction::OK,
    };
    let (world, receiver) = (World::start().await, Receiver::start(react).await);
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    world.grant("ada", 100).await;
    world.wait_for_attempts(&endpoint, 1).await;
    // Neither the same message nor another customer's.
    world.grant("bob", 100).await;
    world.advance(119_000);
    world.let_things_happen().await;
    assert_eq!(receiver.received().len(), 1);
    world.advance(1_100);
    world.wait_for(&endpoint, |log| count(log, DeliveryState::Delivered) == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_with_nothing_but_failures_for_five_days_is_disabled_and_goes_on_when_it_is_enabled() {
    let (world, receiver) = (
        World::start().await,
        Receiver::start(|_, before| if before < 2 { Reaction::Answer(500, "", "") } else { Reaction::OK })
            .await,
    );
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    world.grant("ada", 100).await;
    world.wait_for_attempts(&endpoint, 1).await;
    world.advance(DISABLED_AFTER_MS - 1);
    assert_eq!(world.again(&endpoint).disabled, None);
    world.advance(1);
    assert!(world.wait_until_disabled(&endpoint).await.contains("5 days"));
    world.meter("ada").await;
    let enabled = world.hooks.enable(&endpoint).await.expect("enabled");
    assert_eq!((enabled.disabled, enabled.failing_since_ms), (None, None));
    world.meter("ada").await;
    world.advance(RETRIES_MS[2] * 2);
    let log = world.wait_for(&endpoint, |log| count(log, DeliveryState::Delivered) == 2).await;
    assert_eq!(log.len(), 2, "what happened while it was disabled is not told: {log:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_success_ends_what_counts_as_failing() {
    let (world, receiver) = (
        World::start().await,
        Receiver::start(|_, before| if before == 0 { Reaction::Answer(500, "", "") } else { Reaction::OK })
            .await,
    );
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    world.grant("ada", 100).await;
    world.wait_for_attempts(&endpoint, 1).await;
    world.advance(RETRIES_MS[1] * 2);
    world.wait_for_attempts(&endpoint, 2).await;
    assert_eq!(world.again(&endpoint).failing_since_ms, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_at_the_address_is_a_failure_like_any_other() {
    let world = World::start().await;
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}/", listener.local_addr().expect("an address"))
    };
    let asked = crate::world::asked(&closed, &TYPES, Default::default());
    let (endpoint, _) = world.hooks.create(asked).await.expect("made");
    world.grant("ada", 100).await;
    let log = world.wait_for_attempts(&endpoint, 1).await;
    assert_eq!((log[0].attempts[0].status, log[0].attempts[0].result.as_str()), (None, "no_connection"));
}
