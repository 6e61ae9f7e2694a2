//! Advice on prices: read by anyone who may read, decided under a key that a person gave the scope to.

use chargly_engine::ledger::{
    AdviceKind, AdvisedPrice, Credits, Driver, Evidence, Grid, Millis, Position, Recommendation, Rounding,
    Rule, Scope, Span,
};
use serde_json::{Value, json};

use crate::world::World;

const DOLLAR: i128 = 1_000_000_000;

/// Records the advice that an image should cost 15 credits; its id.
async fn advised(world: &World) -> String {
    let catalogue = world.test.catalogue();
    let event_type = catalogue.event_type("image.generate").expect("an event type");
    let cr = |text: &str| Credits::parse(text).expect("credits");
    let advice = Recommendation {
        kind: AdviceKind::UnderTarget,
        event_type: event_type.number,
        base: event_type.prices.last().copied(),
        proposal: Some(AdvisedPrice {
            rule: Rule::Flat { credits: cr("15") },
            grid: Grid::Credit,
            rounding: Rounding::Up,
        }),
        current: Some(cr("12")),
        recommended: Some(cr("15")),
        driver: Driver::Cost,
        probability_bp: 9_000,
        uncapped_bp: 9_000,
        is_exact: false,
        caps: Vec::new(),
        needs: Vec::new(),
        guardrails: Vec::new(),
        lift: Span { low: 21 * DOLLAR, middle: 182 * DOLLAR, high: 190 * DOLLAR },
        if_left: Span::exactly(9 * DOLLAR),
        evidence: Evidence { target_bp: 7_500, margin_after_bp: Some(7_950), ..Evidence::default() },
        backtest: None,
        window_from: Millis(1_795_000_000_000),
        window_to: Millis(1_795_428_000_000),
        cut_off: Position(3),
        method: 1,
        seed: 7,
    };
    world.test.record_recommendation(advice).await.expect("recorded");
    let listed = world.tool("chargly.list_pricing_recommendations", json!({"status": "pending"})).await;
    listed["items"][0]["id"].as_str().expect("an id").to_owned()
}

async fn price(world: &World) -> Value {
    world.tool("chargly.get_pricing_rule", json!({"feature": "image.generate"})).await["minimumCredits"]
        .clone()
}

#[tokio::test]
async fn advice_is_read_and_explained_in_the_shapes_of_the_contract() {
    let world = World::start().await;
    let id = advised(&world).await;
    let args = json!({"recommendationId": id});
    let one = world.tool("chargly.get_pricing_recommendation", args.clone()).await;
    assert_eq!(one["feature"], "image.generate");
    assert_eq!((&one["currentCredits"], &one["recommendedCredits"]), (&json!(12), &json!(15)));
    assert_eq!(
        (&one["versionFrom"], &one["versionTo"], &one["status"]),
        (&json!(1), &json!(2), &json!("pending"))
    );
    assert_eq!(one["estimatedLift"]["amount"], "182");
    let listed =
        world.tool("chargly.list_pricing_recommendations", json!({"feature": "image.generate"})).await;
    assert_eq!(listed["items"], json!([one]));
    let why = world.tool("chargly.explain_pricing_recommendation", args).await;
    assert_eq!((&why["recommendationId"], &why["targetMarginPercent"]), (&json!(id), &json!(75)));
    assert_eq!(why["versionTransition"], json!({"from": 1, "to": 2}));
    assert!(why["providerCostContext"].is_string());
}

#[tokio::test]
async fn prices_change_only_by_applying_the_exact_id_under_a_key_with_the_scope() {
    let world = World::start().await;
    let id = advised(&world).await;
    let agent = world.key_with(&[Scope::Meter, Scope::Record, Scope::Read, Scope::Grant, Scope::Admin]).await;
    let args = json!({"recommendationId": id});
    let refused = world.refused_with(&agent, "chargly.apply_pricing_recommendation", args.clone()).await;
    assert_eq!((&refused["code"], &refused["required_scope"]), (&json!("forbidden"), &json!("prices")));
    let changed = json!({"recommendationId": format!("{id}a")});
    let refused = world.refused("chargly.apply_pricing_recommendation", changed).await;
    assert_eq!(refused["code"], "not_found");
    assert_eq!(price(&world).await, 12);

    let applied = world.tool("chargly.apply_pricing_recommendation", args.clone()).await;
    assert_eq!(
        (&applied["success"], &applied["recommendationId"], &applied["newVersion"]),
        (&json!(true), &json!(id), &json!(2))
    );
    assert_eq!(applied["status"], "applied");
    assert_eq!(price(&world).await, 15);
    let again = world.refused("chargly.apply_pricing_recommendation", args).await;
    assert_eq!(again["code"], "recommendation_not_open");
}

#[tokio::test]
async fn advice_that_was_turned_down_cannot_be_applied() {
    let world = World::start().await;
    let id = advised(&world).await;
    let args = json!({"recommendationId": id, "reason": "not now"});
    let rejected = world.tool("chargly.reject_pricing_recommendation", args).await;
    assert_eq!(rejected, json!({"success": true, "recommendationId": id, "status": "rejected"}));
    let refused =
        world.refused("chargly.apply_pricing_recommendation", json!({"recommendationId": id})).await;
    assert_eq!(refused["code"], "recommendation_not_open");
    assert_eq!(price(&world).await, 12);
}
