//! What is told, to whom, in which form and order.

use chargly_engine::HoldTerms;
use chargly_engine::ledger::{
    AdviceKind, AdvisedPrice, Credits, Driver, EventTypeNo, Evidence, Grid, KeyNo, Millis, Position, PriceNo,
    Quantity, Recommendation, Rounding, Rule, Span,
};
use chargly_webhooks::ops::DeliveryState;
use chargly_webhooks::{Secret, signatures};

use crate::receiver::{Received, Receiver};
use crate::world::{World, event_type};

const MONEY: [&str; 2] = ["wallet.credited", "wallet.debited"];

#[tokio::test(flavor = "multi_thread")]
async fn committed_facts_arrive_signed_in_order_with_the_balance_after_each() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.grant("ada", 5).await;
    let asked = crate::world::asked(&receiver.url, &MONEY, Default::default());
    let (endpoint, secret) = world.hooks.create(asked).await.expect("made");
    world.grant("ada", 100).await;
    world.meter("ada").await;
    world.meter_credits("ada", 30).await;
    let received = receiver.wait_for(3).await;
    let told: Vec<_> =
        received.iter().map(|one| (one.kind(), one.data("credits"), one.data("balance"))).collect();
    let row =
        |kind: &str, credits: &str, balance: &str| (kind.to_owned(), credits.to_owned(), balance.to_owned());
    assert_eq!(
        told,
        [row(MONEY[0], "100", "105"), row(MONEY[1], "10", "95"), row(MONEY[1], "30", "65")],
        "what was granted before the endpoint was made is not told"
    );
    for one in &received {
        assert_eq!(one.data("customerId"), "ada");
        assert!(one.data("walletId").starts_with("wal_") && one.data("id") == one.id());
        let (standard, of_body) = expected(&secret, one);
        assert_eq!(one.headers["webhook-signature"], standard);
        assert_eq!(one.headers["x-chargly-signature"], of_body);
    }
    let log =
        world.wait_for(&endpoint, |log| log.iter().all(|one| one.state == DeliveryState::Delivered)).await;
    assert_eq!(
        log.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        received.iter().map(Received::id).collect::<Vec<_>>()
    );
    assert_eq!(log[0].attempts[0].status, Some(204));
}

fn expected(secret: &Secret, one: &Received) -> (String, String) {
    let timestamp_s = one.headers["webhook-timestamp"].parse().expect("a number");
    signatures(std::slice::from_ref(secret), one.id(), timestamp_s, &one.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_is_told_of_the_types_that_it_asked_for_and_of_no_others() {
    let (world, all, some) =
        (World::start().await, Receiver::taking_all().await, Receiver::taking_all().await);
    world.endpoint(&all, &["wallet.credited", "wallet.debited", "balance.updated", "price.published"]).await;
    world.endpoint(&some, &["price.published"]).await;
    world.grant("ada", 100).await;
    world.meter("ada").await;
    world.env.define_event_type(KeyNo::SYSTEM, event_type("chat.reply", 2)).await.expect("defined");
    let kinds = |received: &[Received]| {
        let mut kinds: Vec<_> = received.iter().map(Received::kind).collect();
        kinds.sort();
        kinds
    };
    let told = all.wait_for(5).await;
    let expected =
        ["balance.updated", "balance.updated", "price.published", "wallet.credited", "wallet.debited"];
    assert_eq!(kinds(&told), expected);
    let told = some.wait_for(1).await;
    assert_eq!(kinds(&told), ["price.published"]);
    assert_eq!((told[0].data("event"), told[0].data("version")), ("chat.reply".to_owned(), "1".to_owned()));
    assert_eq!((told[0].data("customerId"), told[0].data("balance")), ("null".to_owned(), "null".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn hold_changes_what_can_be_spent_and_tells_when_it_lapses() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.grant("ada", 100).await;
    world.endpoint(&receiver, &["balance.updated", "hold.expired"]).await;
    let terms = HoldTerms {
        customer: "ada".into(),
        event: "image.generate".into(),
        quantity: Some(Quantity::ONE),
        credits: None,
        expires_in_s: Some(60),
        key: None,
    };
    world.env.place_hold(KeyNo::SYSTEM, terms).await.expect("placed");
    receiver.wait_for(1).await;
    world.advance(61_000);
    world.meter("ada").await;
    let told: Vec<_> = receiver
        .wait_for(4)
        .await
        .iter()
        .map(|one| (one.kind(), one.data("credits"), one.data("balance")))
        .collect();
    let row =
        |kind: &str, credits: &str, balance: &str| (kind.to_owned(), credits.to_owned(), balance.to_owned());
    assert_eq!(
        told,
        [
            row("balance.updated", "-10", "90"),
            row("hold.expired", "10", "100"),
            row("balance.updated", "10", "100"),
            row("balance.updated", "-10", "90"),
        ]
    );
    let lapsed = &receiver.received()[1];
    assert!(lapsed.data("holdId").starts_with("hld_"));
    assert_eq!(lapsed.data("event"), "image.generate");
}

#[tokio::test(flavor = "multi_thread")]
async fn same_messages_have_the_same_ids_when_they_are_sent_again_after_a_restart() {
    let (world, receiver) =
        (World::start().await, Receiver::start(|_, _| crate::receiver::Reaction::Hang).await);
    let endpoint = world.endpoint(&receiver, &MONEY).await;
    world.grant("ada", 100).await;
    let first = receiver.wait_for(1).await[0].clone();
    // It ends while the attempt is under way, which nobody has noted.
    let world = world.restart().await;
    let again = receiver.wait_for(2).await[1].clone();
    assert_eq!((first.id(), &first.body), (again.id(), &again.body));
    assert_eq!(world.log(&endpoint).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_while_nobody_followed_is_told_after_the_start() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.endpoint(&receiver, &MONEY).await;
    world.grant("ada", 100).await;
    receiver.wait_for(1).await;
    world.hooks.close().await;
    for _ in 0..5 {
        world.meter("ada").await;
    }
    let world = world.restart().await;
    let received = receiver.wait_for_messages(6).await;
    let balances: Vec<_> = received.iter().map(|one| one.data("balance")).collect();
    assert_eq!(balances, ["100", "90", "80", "70", "60", "50"]);
    world.let_things_happen().await;
    assert_eq!(receiver.wait_for_messages(6).await.len(), 6, "nothing is told twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn advice_that_can_be_acted_on_is_told_and_what_is_only_watched_is_not() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.endpoint(&receiver, &["recommendation.created", "price.published"]).await;
    let sure = raise(9_000);
    world.env.record_recommendation(raise(5_000)).await.expect("only watched");
    let made = world.env.record_recommendation(sure).await.expect("made");
    world.env.define_event_type(KeyNo::SYSTEM, event_type("chat.reply", 2)).await.expect("told after it");
    let told = receiver.wait_for(2).await;
    let kinds: Vec<_> = told.iter().map(Received::kind).collect();
    assert_eq!(kinds, ["recommendation.created", "price.published"]);
    let id = chargly_api::Id::new(chargly_api::IdKind::Recommendation, made.id.position.0, made.id.tag);
    assert_eq!(told[0].data("recommendationId"), id.to_string());
    for (name, expected) in [
        ("kind", "under_target"),
        ("feature", "image.generate"),
        ("currentCredits", "10"),
        ("recommendedCredits", "12"),
        ("confidence", "high"),
        ("estimatedLift", "182"),
        ("currency", "usd"),
        ("status", "pending"),
    ] {
        assert_eq!(told[0].data(name), expected, "{name}");
    }
}

/// Advice to raise the first event type's price, as sure as that.
fn raise(probability_bp: u32) -> Recommendation {
    let credits = |whole| Credits::whole(whole).expect("in range");
    Recommendation {
        kind: AdviceKind::UnderTarget,
        event_type: EventTypeNo(0),
        base: Some(PriceNo(0)),
        proposal: Some(AdvisedPrice {
            rule: Rule::Flat { credits: credits(12) },
            grid: Grid::Credit,
            rounding: Rounding::HalfUp,
        }),
        current: Some(credits(10)),
        recommended: Some(credits(12)),
        driver: Driver::Cost,
        probability_bp,
        uncapped_bp: probability_bp,
        is_exact: false,
        caps: Vec::new(),
        needs: Vec::new(),
        guardrails: Vec::new(),
        lift: Span::exactly(182_000_000_000),
        if_left: Span::default(),
        evidence: Evidence::default(),
        backtest: None,
        window_from: Millis(0),
        window_to: Millis(0),
        cut_off: Position(0),
        method: 1,
        seed: 0,
    }
}
