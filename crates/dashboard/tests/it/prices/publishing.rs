//! Event types and prices that forms publish.

use serde_json::json;

use super::followed;
use crate::world::World;

const PATH: &str = "pricing/image.generate";
const PRICES: &str = "/v1/event-types/image.generate/prices";

#[tokio::test]
async fn event_type_that_is_defined_has_its_first_price() {
    let world = World::empty().await;
    let fields = [("name", "video.render"), ("label", "Video"), ("credits", "12.5")];
    let got = world.act("pricing", "define", &fields).await;
    followed(&world, "pricing", got).await.says("video.render is defined: 12.5 credits.").says("Video");
    let one = world.get("/v1/event-types/video.render").await;
    assert_eq!(
        (&one["label"], &one["price"]["rule"]),
        (&json!("Video"), &json!({"type":"flat","credits":12.5}))
    );

    // The same call of the API would replace it.
    let again =
        world.act("pricing", "define", &[("name", "video.render"), ("credits", "1")]).await.expect(400);
    again.says("is of an event type that there is already").says(r#"value="video.render""#);
    let wrong = world.act("pricing", "define", &[("name", "b"), ("credits", "many")]).await.expect(400);
    wrong.says("Nothing was done");
}

#[tokio::test]
async fn price_that_is_published_is_the_one_that_was_typed() {
    for (fields, rule) in [
        (&[("form", "flat"), ("credits", "12")][..], json!({"type":"flat","credits":12})),
        (
            &[
                ("form", "per_unit"),
                ("credits", "0.25"),
                ("base", "2"),
                ("maximum", "50"),
                ("rule", "left over"),
            ],
            json!({"type":"per_unit","base":2,"credits":0.25,"of":"quantity","minimum":null,"maximum":50}),
        ),
        (
            &[
                ("form", "other"),
                ("rule", r#"{"type":"tiered","tiers":[{"up_to":100,"credits":1},{"credits":0.5}]}"#),
            ],
            json!({"type":"tiered","tiers":[{"up_to":100,"credits":1},{"credits":0.5}]}),
        ),
    ] {
        let world = World::start().await;
        let fields: Vec<_> = fields.iter().copied().chain([("note", "Dearer model")]).collect();
        let got = world.act(PATH, "publish", &with_replaces(&world, &fields).await).await;
        followed(&world, PATH, got).await.says("Version 3 is published");
        let prices = world.get(PRICES).await;
        assert_eq!(prices["data"][0]["rule"]["type"], rule["type"]);
        for (field, value) in rule.as_object().expect("an object") {
            if !value.is_null() && field != "tiers" {
                assert_eq!(&prices["data"][0]["rule"][field], value);
            }
        }
        assert_eq!(
            (&prices["data"][0]["note"], &prices["data"][0]["state"]),
            (&json!("Dearer model"), &json!("in_force"))
        );
    }
}

/// The form's fields with the version that it was made for, as a browser sends it.
async fn with_replaces<'a>(world: &World, fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let replaces = world.page(PATH).await.field("publish", "replaces");
    // A test's few leaked bytes spare every caller a variable.
    let replaces: &'static str = Box::leak(replaces.into_boxed_str());
    fields.iter().copied().chain([("replaces", replaces)]).collect()
}

#[tokio::test]
async fn sent_twice_it_is_published_once() {
    let world = World::start().await;
    let page = world.page(PATH).await.expect(200);
    let (csrf, key, replaces) =
        (page.field("publish", "csrf"), page.field("publish", "key"), page.field("publish", "replaces"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("action", "publish"),
        ("key", &key),
        ("replaces", &replaces),
        ("form", "flat"),
        ("credits", "20"),
        ("note", "n"),
    ];
    let first = world.send_form(PATH, &fields).await.expect(303);
    let second = world.send_form(PATH, &fields).await.expect(303);
    assert_eq!(first.headers["location"], second.headers["location"]);
    assert_eq!(world.get(PRICES).await["data"].as_array().expect("a list").len(), 3);
}

#[tokio::test]
async fn version_in_between_is_a_conflict_that_is_shown_with_what_was_typed() {
    let world = World::start().await;
    let fields = with_replaces(&world, &[("form", "flat"), ("credits", "77"), ("note", "mine")]).await;
    world.post(PRICES, r#"{"rule":{"type":"flat","credits":18},"note":"theirs"}"#).await;
    let got = world.act(PATH, "publish", &fields).await.expect(409);
    got.says("Nothing was done")
        .says("Somebody published version 3")
        .says("18 credits")
        .says(r#"value="77""#);
    assert_eq!(world.get(PRICES).await["data"].as_array().expect("a list").len(), 3);
    // Sent again as it is shown, it is refused again: nobody has looked at the newest.
    let replaces = got.field("publish", "replaces");
    assert_eq!(replaces, fields.iter().find(|(name, _)| *name == "replaces").expect("there").1);
}

#[tokio::test]
async fn preview_says_what_it_would_charge_and_publishes_nothing() {
    let world = World::start().await;
    let page = world.page(PATH).await.expect(200);
    let csrf = page.field("publish", "csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("action", "publish"),
        ("form", "per_unit"),
        ("credits", "0.5"),
        ("base", "1"),
        ("quantities", "1, 30"),
        // The button comes after the form's own word.
        ("action", "preview"),
    ];
    let got = world.send_form(PATH, &fields).await.expect(200);
    got.says("1 credit plus 0.5 credits each").says("Nothing was published.").says(r#"value="16""#);
    assert_eq!(world.get(PRICES).await["data"].as_array().expect("a list").len(), 2);
    let wrong = [&fields[..], &[("quantities", "some")]].concat();
    world.send_form(PATH, &wrong).await.expect(400).says("samples[0].quantity");
}

#[tokio::test]
async fn schedule_is_in_the_time_of_the_project() {
    let world = World::start().await;
    let fields = [("form", "flat"), ("credits", "9"), ("note", "n"), ("effective", "2027-01-01T10:30")];
    let got = world.act(PATH, "publish", &with_replaces(&world, &fields).await).await;
    followed(&world, PATH, got).await.says("scheduled");
    assert_eq!(world.get(PRICES).await["data"][0]["effective_at"], "2027-01-01T10:30:00.000Z");
    let past = [("form", "flat"), ("credits", "9"), ("note", "n"), ("effective", "2020-01-01T10:30")];
    let got = world.act(PATH, "publish", &with_replaces(&world, &past).await).await.expect(400);
    got.says("effective_at").says(r#"value="2020-01-01T10:30""#);
}

#[tokio::test]
async fn versions_stand_side_by_side() {
    let world = World::start().await;
    let got = world.page(PATH).await.expect(200);
    got.says("<del>−   &quot;credits&quot;: 10")
        .says("<ins>+   &quot;credits&quot;: 15")
        .says("Dearer model");
    let same = world.page(&format!("{PATH}?old=1&new=1")).await.expect(200);
    same.says("The rule is the same").is_silent_on("<del>");
    let rows = world.file(PATH, "versions").await;
    assert_eq!((rows.len(), rows[0][1].as_str(), rows[1][1].as_str()), (2, "15 credits", "10 credits"));
}

#[tokio::test]
async fn archived_types_are_told_apart_and_taken_back() {
    let world = World::start().await;
    world.act(PATH, "archive", &[]).await.expect(303);
    world.page("pricing").await.expect(200).says("New events of an archived type are refused.");
    assert_eq!(world.get("/v1/event-types/image.generate").await["archived"], true);
    world.act(PATH, "unarchive", &[]).await.expect(303);
    assert_eq!(world.get("/v1/event-types/image.generate").await["archived"], false);
}

#[tokio::test]
async fn type_called_as_the_simulator_has_a_page_of_its_own() {
    let world = World::start().await;
    world.put("/v1/event-types/simulate", r#"{"credits":3}"#).await;
    world.page("pricing").await.says("pricing/%73imulate");
    world.page("pricing/%73imulate").await.expect(200).says("Prices of simulate");
    world.page("pricing/simulate").await.expect(200).says("Try prices on the past");
}

#[tokio::test]
async fn figures_of_the_catalogue_are_those_of_the_api() {
    let world = World::start().await;
    let rows = world.file("pricing?range=90d", "catalogue").await;
    let margin = world.get("/v1/margin?interval=total&group_by=event&from=2026-11-01").await;
    for row in margin["data"].as_array().expect("a list") {
        let Some(shown) = rows.iter().find(|shown| row["event"] == shown[0].as_str()) else { continue };
        assert_eq!(shown[5], row["events"].to_string());
        assert_eq!(shown[6], row["gross_margin"].as_str().unwrap_or_default());
    }
    let history = world.file("pricing", "price-history").await;
    let (first, last) = (history.first().expect("a row"), history.last().expect("a row"));
    assert!(first.contains(&"10".to_owned()) && last.contains(&"15".to_owned()), "{first:?} {last:?}");
}

#[tokio::test]
async fn only_approvers_publish_and_only_by_a_form_of_their_session() {
    let world = World::start().await;
    let page = world.page(PATH).await.expect(200);
    let csrf = page.field("publish", "csrf");
    let fields = [("action", "publish"), ("form", "flat"), ("credits", "1"), ("note", "n"), ("key", "k")];
    world.send_form(PATH, &fields).await.expect(409);
    let foreign = [&fields[..], &[("csrf", "00")]].concat();
    world.send_form(PATH, &foreign).await.expect(409);
    for role in ["viewer", "operator"] {
        world.become_a(role);
        for (path, what) in [
            (PATH, "publish"),
            (PATH, "preview"),
            (PATH, "archive"),
            ("pricing", "define"),
            ("pricing/simulate", "simulate"),
        ] {
            let fields = [&fields[1..], &[("csrf", csrf.as_str()), ("action", what), ("name", "x")]].concat();
            world.send_form(path, &fields).await.expect(403).says("This needs the role approver");
        }
        world
            .page(PATH)
            .await
            .expect(200)
            .says("takes the role approver")
            .is_silent_on("Publish the new price");
    }
    assert_eq!(world.get(PRICES).await["data"].as_array().expect("a list").len(), 2);
}
