//! Advice that is read and decided. It is recorded by hand, because how it is found is the advisor's.

use chargly_engine::ledger::{
    AdviceKind, AdvisedPrice, Credits, Driver, Evidence, Grid, Millis, Need, Needed, Position,
    Recommendation, Rounding, Rule, Span,
};
use serde_json::json;

use super::followed;
use crate::world::{START_MS, World};

const DOLLAR: i128 = 1_000_000_000;
const DAY_MS: i64 = 86_400_000;

fn cr(text: &str) -> Credits {
    Credits::parse(text).expect("credits")
}

/// The advice that `image.generate` should cost 20 credits.
pub(crate) fn advice(world: &World) -> Recommendation {
    let catalogue = world.test.catalogue();
    let event_type = catalogue.event_type("image.generate").expect("an event type");
    Recommendation {
        kind: AdviceKind::UnderTarget,
        event_type: event_type.number,
        base: event_type.prices.last().copied(),
        proposal: Some(AdvisedPrice {
            rule: Rule::Flat { credits: cr("20") },
            grid: Grid::Credit,
            rounding: Rounding::Up,
        }),
        current: Some(cr("15")),
        recommended: Some(cr("20")),
        driver: Driver::Cost,
        probability_bp: 9_000,
        uncapped_bp: 9_000,
        is_exact: false,
        caps: Vec::new(),
        needs: Vec::new(),
        guardrails: Vec::new(),
        lift: Span { low: 21 * DOLLAR, middle: 182 * DOLLAR, high: 182 * DOLLAR },
        if_left: Span::exactly(9 * DOLLAR),
        evidence: Evidence {
            events: 45_500,
            customers: 412,
            paying_customers: 96,
            days: 28,
            quantity_micro: 45_500_000_000,
            credits_micro: 682_500_000_000,
            cost_nano: 4_200_000 * 45_500,
            planned_nano: 16_000_000 * 45_500,
            cost_per_unit: Span::exactly(4_200_000),
            cost_is_exact: true,
            margin_bp: Some(7_375),
            margin_after_bp: Some(7_900),
            target_bp: 7_500,
            floor_bp: 4_000,
            target_price: Some(cr("19.2")),
            ..Evidence::default()
        },
        backtest: None,
        window_from: Millis(START_MS - 28 * DAY_MS),
        window_to: Millis(START_MS),
        cut_off: Position(7),
        method: 1,
        seed: 7,
    }
}

/// Records advice as a look does; the path of its page.
pub(crate) async fn recorded(world: &World, advice: Recommendation) -> (String, String) {
    world.test.record_recommendation(advice).await.expect("recorded");
    let list = world.get("/v1/recommendations").await;
    let id = list["data"][0]["id"].as_str().expect("an id").to_owned();
    (format!("advisor/{id}"), id)
}

#[tokio::test]
async fn card_is_the_one_of_the_api_and_so_are_its_figures() {
    let world = World::start().await;
    let (path, id) = recorded(&world, advice(&world)).await;
    let one = world.get(&format!("/v1/recommendations/{id}")).await;
    let page = world.page(&path).await.expect(200);
    let escaped = |text: &str| {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
    };
    for section in one["card"]["sections"].as_array().expect("sections") {
        page.says(section["heading"].as_str().expect("a heading"));
        for line in section["text"].as_array().expect("lines") {
            let line = escaped(line.as_str().expect("a line"));
            let line = ["• ", "Fails:", "Pass:"]
                .iter()
                .fold(line.as_str(), |line, mark| line.trim_start_matches(mark));
            page.says(line);
        }
    }
    page.says(&id).says("Publish 20 credits").says("pricing/simulate?form=flat&amp;credits=20&amp;");
    let evidence = world.file(&path, "evidence").await;
    assert!(evidence.iter().any(|row| row[0] == "Reaches the target at" && row[1] == "19.2"), "{evidence:?}");
    let title = one["title"].as_str().expect("a title");
    assert_eq!(one["card"]["title"], title);
    world.page("advisor").await.expect(200).says(title).says("Margin under your target").says("90 in 100");
}

#[tokio::test]
async fn applying_publishes_what_was_proposed_and_rolling_back_what_was_before() {
    let world = World::start().await;
    let (path, id) = recorded(&world, advice(&world)).await;
    let got = world.act(&path, "apply", &[("reason", "Costs rose")]).await;
    let page = followed(&world, &path, got).await;
    page.says("Published: 20 credits").is_silent_on("Reject it?");
    let prices = world.get("/v1/event-types/image.generate/prices").await;
    assert_eq!(
        (&prices["data"][0]["rule"]["credits"], &prices["data"][0]["note"]),
        (&json!(20), &json!("Costs rose"))
    );
    assert_eq!(world.get(&format!("/v1/recommendations/{id}")).await["status"], "applied");

    let got = world.act(&path, "roll-back", &[("reason", "Too many asked")]).await;
    followed(&world, &path, got).await.says("Rolled back: 15 credits again");
    let prices = world.get("/v1/event-types/image.generate/prices").await;
    assert_eq!(
        (&prices["data"][0]["version"], &prices["data"][0]["rule"]["credits"]),
        (&json!(4), &json!(15))
    );
    world.page("advisor").await.expect(200).says("rolled back").says("No open advice.");
}

#[tokio::test]
async fn with_a_later_time_it_is_accepted_first() {
    let world = World::start().await;
    let (path, id) = recorded(&world, advice(&world)).await;
    let wrong = world.act(&path, "apply", &[("notice_days", "soon")]).await.expect(400);
    wrong.says("notice_days").says(r#"value="soon""#);
    let got = world.act(&path, "apply", &[("effective", "2026-12-20T08:00")]).await;
    followed(&world, &path, got).await.says("accepted: its price holds later");
    let one = world.get(&format!("/v1/recommendations/{id}")).await;
    assert_eq!(
        (&one["status"], &one["decision"]["effective_at"]),
        (&json!("accepted"), &json!("2026-12-20T08:00:00.000Z"))
    );
}

#[tokio::test]
async fn rejecting_keeps_the_reason_and_publishes_nothing() {
    let world = World::start().await;
    let (path, id) = recorded(&world, advice(&world)).await;
    let got = world.act(&path, "reject", &[("reason", "A launch is near")]).await;
    followed(&world, &path, got).await.says("Rejected.").says("A launch is near");
    let one = world.get(&format!("/v1/recommendations/{id}")).await;
    assert_eq!(
        (&one["status"], &one["decision"]["reason"]),
        (&json!("rejected"), &json!("A launch is near"))
    );
    let rows = world.file("advisor", "history").await;
    assert_eq!((rows.len(), rows[0][2].as_str()), (1, "rejected"));
}

#[tokio::test]
async fn advice_that_is_no_longer_open_is_told_and_changes_nothing() {
    let world = World::start().await;
    let (path, _) = recorded(&world, advice(&world)).await;
    let page = world.page(&path).await.expect(200);
    let (csrf, key) = (page.field("apply", "csrf"), page.field("apply", "key"));
    world
        .post(
            "/v1/event-types/image.generate/prices",
            r#"{"rule":{"type":"flat","credits":18},"note":"by hand"}"#,
        )
        .await;
    let got =
        world.send_form(&path, &[("csrf", &csrf), ("key", &key), ("action", "apply")]).await.expect(409);
    got.says("Nothing was done").says("overtaken by another price");
    assert_eq!(world.get("/v1/event-types/image.generate").await["price"]["rule"]["credits"], 18);
}

#[tokio::test]
async fn what_is_only_watched_cannot_be_applied_here() {
    let world = World::start().await;
    let needs = vec![Need { what: Needed::PayingCustomers, have: 3, need: 20 }];
    let (path, _) = recorded(&world, Recommendation { needs, ..advice(&world) }).await;
    world
        .page("advisor")
        .await
        .says("Watched, and not sure enough to act on")
        .says("What would make it surer")
        .says("only watched");
    let page = world.page(&path).await.expect(200);
    page.is_silent_on("Apply it?").says("Reject it?");
}

#[tokio::test]
async fn only_approvers_decide_and_look() {
    let world = World::start().await;
    let (path, id) = recorded(&world, advice(&world)).await;
    let csrf = world.page(&path).await.field("apply", "csrf");
    for role in ["viewer", "operator"] {
        world.become_a(role);
        for (path, what) in
            [(path.as_str(), "apply"), (&path, "reject"), (&path, "roll-back"), ("advisor", "look")]
        {
            world.send_form(path, &[("csrf", &csrf), ("action", what)]).await.expect(403);
        }
        world
            .page(&path)
            .await
            .expect(200)
            .says("takes the role approver")
            .is_silent_on("Publish 20 credits");
        world.page("advisor").await.expect(200).is_silent_on("Look now");
    }
    assert_eq!(world.get(&format!("/v1/recommendations/{id}")).await["status"], "pending");
}

#[tokio::test]
async fn looking_is_asked_for_and_followed() {
    let world = World::start().await;
    let got = world.act("advisor", "look", &[]).await;
    let mut page = followed(&world, "advisor", got).await;
    while page.text.contains("data-waits") {
        page.says("It is looking now.");
        tokio::task::yield_now().await;
        page = world.page("advisor").await.expect(200);
    }
    page.says("It brought one new piece of advice.").says("What does each event type cost, earn and lack?");
    page.says("Send what is missing first")
        .says("chat.reply: costs are missing")
        .is_silent_on("Watched, and not sure");
}
