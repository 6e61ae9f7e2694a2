//! What can be done with endpoints: secrets that rotate, messages that are sent again, tests, deleting, forgetting.

use chargly_engine::ledger::{Fact, KeyNo};
use chargly_webhooks::ops::{DeliveryState, OPS_FILE};
use chargly_webhooks::{KEPT_MS, ManageError, Secret, signatures};

use crate::receiver::{Reaction, Received, Receiver};
use crate::world::{START_MS, World, asked, count};

const TYPES: [&str; 2] = ["wallet.credited", "wallet.debited"];
const HOUR_MS: i64 = 3_600_000;

fn signed_by(one: &Received, secrets: &[&Secret]) -> bool {
    let secrets: Vec<Secret> = secrets.iter().map(|secret| (*secret).clone()).collect();
    let timestamp_s = one.headers["webhook-timestamp"].parse().expect("a number");
    one.headers["webhook-signature"] == signatures(&secrets, one.id(), timestamp_s, &one.body).0
}

#[tokio::test(flavor = "multi_thread")]
async fn rotated_secret_signs_beside_the_old_one_until_the_overlap_ends() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    let (endpoint, old) =
        world.hooks.create(asked(&receiver.url, &TYPES, Default::default())).await.expect("made");
    world.grant("ada", 100).await;
    assert!(signed_by(&receiver.wait_for(1).await[0], &[&old]));
    let new = world.hooks.rotate(&endpoint, HOUR_MS).await.expect("rotated");
    assert_eq!(world.hooks.overlap_ends_ms(&endpoint).await.expect("known"), Some(START_MS + HOUR_MS));
    world.meter("ada").await;
    assert!(signed_by(&receiver.wait_for(2).await[1], &[&new, &old]));
    world.advance(HOUR_MS);
    world.meter("ada").await;
    assert!(signed_by(&receiver.wait_for(3).await[2], &[&new]));
    let newest = world.hooks.rotate(&endpoint, 0).await.expect("rotated");
    world.meter("ada").await;
    assert!(signed_by(&receiver.wait_for(4).await[3], &[&newest]));
}

#[tokio::test(flavor = "multi_thread")]
async fn second_rotation_does_not_let_an_older_secret_live_longer() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    let (endpoint, _first) =
        world.hooks.create(asked(&receiver.url, &TYPES, Default::default())).await.expect("made");
    let second = world.hooks.rotate(&endpoint, HOUR_MS).await.expect("rotated");
    let third = world.hooks.rotate(&endpoint, 24 * HOUR_MS).await.expect("rotated");
    world.advance(HOUR_MS);
    world.grant("ada", 100).await;
    assert!(signed_by(&receiver.wait_for(1).await[0], &[&third, &second]));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_file_of_the_environment() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    let (endpoint, first) =
        world.hooks.create(asked(&receiver.url, &TYPES, Default::default())).await.expect("made");
    let second = world.hooks.rotate(&endpoint, HOUR_MS).await.expect("rotated");
    let texts = [&first, &second].map(|secret| secret.text().into_bytes());
    let keys = [&first, &second].map(|secret| secret.kept().to_vec());
    for name in [OPS_FILE.to_owned(), format!("{OPS_FILE}-wal")] {
        let bytes = std::fs::read(world.dir.path().join(name)).expect("readable");
        for secret in texts.iter().chain(&keys) {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn message_can_be_sent_again_whether_it_had_arrived_or_was_given_up() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    world.grant("ada", 100).await;
    let first = receiver.wait_for(1).await[0].clone();
    world.wait_for(&endpoint, |log| count(log, DeliveryState::Delivered) == 1).await;
    world.hooks.resend(&endpoint, first.id()).await.expect("it is there");
    let again = receiver.wait_for(2).await[1].clone();
    assert_eq!((first.id(), &first.body), (again.id(), &again.body));
    let log = world.wait_for_attempts(&endpoint, 2).await;
    assert_eq!((log.len(), log[0].state), (1, DeliveryState::Delivered));
    let other = world.endpoint(&receiver, &TYPES).await;
    for (endpoint, id) in [(&other, first.id()), (&endpoint, "msg_none")] {
        assert!(matches!(world.hooks.resend(endpoint, id).await, Err(ManageError::NotFound("message"))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_goes_past_what_waits_and_says_what_came_of_it() {
    let (world, receiver) =
        (World::start().await, Receiver::start(|_, _| Reaction::Answer(418, "", "short and stout")).await);
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    let pinged = world.hooks.ping(&endpoint).await.expect("sent");
    assert_eq!(
        (pinged.status, pinged.result, pinged.answer.as_deref()),
        (Some(418), "refused", Some("short and stout"))
    );
    let received = receiver.wait_for(1).await;
    assert_eq!((received[0].kind().as_str(), received[0].id()), ("webhook.ping", pinged.id.as_str()));
    assert!(world.log(&endpoint).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_endpoint_leaves_nothing_behind_and_gets_nothing_more() {
    let (world, receiver) =
        (World::start().await, Receiver::start(|_, _| Reaction::Answer(500, "", "")).await);
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    world.grant("ada", 100).await;
    world.wait_for_attempts(&endpoint, 1).await;
    world.hooks.delete(&endpoint).await.expect("deleted");
    world.advance(HOUR_MS);
    world.meter("ada").await;
    world.let_things_happen().await;
    assert_eq!(receiver.received().len(), 1);
    assert!(world.hooks.endpoint(&endpoint.id).is_err() && world.log(&endpoint).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_delivered_is_kept_for_thirty_days_and_what_waits_for_as_long_as_it_waits() {
    let world = World::start().await;
    let (taking, failing) =
        (Receiver::taking_all().await, Receiver::start(|_, _| Reaction::Answer(500, "", "")).await);
    let kept = world.endpoint(&taking, &TYPES).await;
    let waiting = world.endpoint(&failing, &TYPES).await;
    world.grant("ada", 100).await;
    world.wait_for(&kept, |log| count(log, DeliveryState::Delivered) == 1).await;
    world.wait_for_attempts(&waiting, 1).await;
    world.hooks.disable(&waiting).await.expect("disabled");
    world.advance(KEPT_MS - HOUR_MS);
    world.let_things_happen().await;
    assert_eq!(world.log(&kept).await.len(), 1);
    world.advance(2 * HOUR_MS);
    world.wait_for(&kept, <[_]>::is_empty).await;
    assert_eq!(world.log(&waiting).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn customer_who_is_erased_is_told_of_no_more_and_is_in_no_file() {
    let (world, receiver) =
        (World::start().await, Receiver::start(|_, _| Reaction::Answer(500, "", "ada again?")).await);
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    world.grant("ada-lovelace", 100).await;
    world.grant("bob", 100).await;
    world.wait_for_attempts(&endpoint, 2).await;
    let erased = world.env.erase_customer(KeyNo::SYSTEM, "ada-lovelace".into()).await.expect("erased");
    let Fact::Wallet(fact) = erased.outcome.fact.as_ref() else { panic!("a wallet's fact") };
    world.hooks.forget(fact.header.wallet).await.expect("forgotten");
    let log = world.log(&endpoint).await;
    assert_eq!(log.len(), 1);
    for name in [OPS_FILE.to_owned(), format!("{OPS_FILE}-wal")] {
        let bytes = std::fs::read(world.dir.path().join(name)).expect("readable");
        assert!(!bytes.windows(12).any(|window| window == b"ada-lovelace"));
    }
    world.advance(24 * HOUR_MS);
    world.let_things_happen().await;
    let of_ada = receiver.received().iter().filter(|one| one.data("customerId") == "ada-lovelace").count();
    assert_eq!(of_ada, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn customer_whose_erasure_was_cut_off_is_forgotten_at_the_next_start() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    for customer in ["ada", "bob"] {
        world.grant(customer, 100).await;
    }
    world.wait_for(&endpoint, |log| count(log, DeliveryState::Delivered) == 2).await;
    world.env.erase_customer(KeyNo::SYSTEM, "ada".into()).await.expect("erased");
    let world = world.restart().await;
    world.hooks.forget_erased().await.expect("forgotten");
    let log = world.log(&endpoint).await;
    assert!(log.len() == 1 && log[0].body.contains("bob"), "{log:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_endpoint_gets_the_new_types_at_the_new_address() {
    let (world, first, second) =
        (World::start().await, Receiver::taking_all().await, Receiver::taking_all().await);
    let endpoint = world.endpoint(&first, &["wallet.credited"]).await;
    world.grant("ada", 100).await;
    first.wait_for(1).await;
    let changed = asked(&second.url, &["wallet.debited"], Default::default());
    let changed = world.hooks.update(&endpoint, changed).await.expect("changed");
    assert_eq!(
        (changed.id.as_str(), changed.asked.types),
        (endpoint.id.as_str(), vec!["wallet.debited".to_owned()])
    );
    world.meter("ada").await;
    world.grant("ada", 100).await;
    assert_eq!(second.wait_for(1).await[0].kind(), "wallet.debited");
    world.let_things_happen().await;
    assert_eq!((first.received().len(), second.received().len()), (1, 1));
}
