//! `costs/import`: a price list is looked at, with what it does to the margin, before it is accepted.

use serde_json::{Value, json};

use crate::world::World;

const PATH: &str = "costs/import";

/// A list of models at these rates for an input token.
fn list(models: &[(&str, &str)]) -> String {
    let each = models.iter().map(|(model, rate)| {
        format!(r#""{model}": {{"litellm_provider": "acme", "input_cost_per_token": {rate}, "input_cost_per_pixel": 1}}"#)
    });
    format!("{{{}}}", each.collect::<Vec<_>>().join(",\n"))
}

async fn cards(world: &World) -> usize {
    world.get("/v1/rate-cards").await["data"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn list_is_shown_with_its_effect_and_published_as_it_was_shown() {
    let world = World::start().await;
    let first = list(&[("writer", "1e-06")]);
    world.act(PATH, "preview", &[("list", &first)]).await.expect(200).says("1 model new");
    let fields =
        [("list", first.as_str()), ("list_version", "1.0"), ("providers", " acme , "), ("note", "why")];
    let preview = world.act(PATH, "preview", &fields).await.expect(200);
    assert_eq!(cards(&world).await, 0, "looking publishes nothing");
    let (csrf, key) = (preview.field("import", "csrf"), preview.field("import", "key"));
    let accept = [&[("csrf", csrf.as_str()), ("key", &key), ("action", "import")][..], &fields].concat();
    let done = world.send_form(PATH, &accept).await.expect(303);
    assert!(
        done.headers["location"]
            .to_str()
            .expect("ASCII")
            .contains("costs?said=The+rates+are+published+as+card+1")
    );
    let card = world.get("/v1/rate-cards").await["data"][0].clone();
    assert_eq!((&card["source"], &card["note"]), (&json!("litellm 1.0"), &json!("why")));

    let used = r#"{"event":"chat.reply","customer":"ada","cost":{"provider":"acme","model":"writer","input_tokens":2000000}}"#;
    world.post("/v1/events", used).await;
    let next = list(&[("writer", "1.5e-06"), ("unused", "1e-06"), ("a<script>", "1e-06")]);
    let preview = world.act(PATH, "preview", &[("list", &next)]).await.expect(200);
    // Two million tokens at a dollar and at a dollar fifty.
    preview
        .says(r#"<data value="1" title="$1.00">$1.00</data> less"#)
        .says(r#"<data value="2" title="$2.00">$2.00</data>"#)
        .says(r#"<data value="3" title="$3.00">$3.00</data>"#)
        .says("▲ +50.0 %")
        .says("for want of use: 2 models")
        .says("a million input tokens")
        .says("rates for units or conditions that usage cannot name")
        .is_silent_on("<script>");
    let effect = world
        .post("/v1/rate-cards/import", &json!({"list": next, "dry_run": true}).to_string())
        .await["effect"]
        .clone();
    assert_eq!(effect["margin_change"], "-1");
    let share = effect["gross_margin_then"].as_str().expect("a share");
    preview.says(&format!(r#"<data value="{}""#, share.trim_end_matches('0')));

    let same = world.act(PATH, "preview", &[("list", &first)]).await.expect(200);
    same.says("Every rate of the list is in force already").is_silent_on("Publish these rates?");
}

#[tokio::test]
async fn what_is_no_list_is_told_with_what_was_typed() {
    let world = World::empty().await;
    for rubbish in ["", "hello <script>", "{}", "{\"a\":", "[{}]"] {
        let got = world.act(PATH, "preview", &[("list", rubbish), ("list_version", "7.7")]).await.expect(400);
        got.says("list").says(r#"value="7.7""#).is_silent_on("<script>");
    }
    world.page(PATH).await.expect(200).says("<textarea");
}

#[tokio::test]
async fn only_approvers_import_and_only_by_a_form_of_their_session() {
    let world = World::start().await;
    let page = world.page(PATH).await.expect(200);
    let csrf = page.field("preview", "csrf");
    let body = list(&[("writer", "1e-06")]);
    for what in ["preview", "import"] {
        world.send_form(PATH, &[("action", what), ("list", &body)]).await.expect(409);
        for role in ["viewer", "operator"] {
            world.become_a(role);
            let fields = [("csrf", csrf.as_str()), ("action", what), ("list", &body)];
            world.send_form(PATH, &fields).await.expect(403);
            world.page(PATH).await.expect(200).says("takes the role approver").is_silent_on("<textarea");
        }
        world.become_a("approver");
    }
    assert_eq!(cards(&world).await, 0);
}

#[tokio::test]
async fn form_takes_as_much_as_a_body_of_the_api_and_others_stay_small() {
    let world = World::empty().await;
    let page = world.page(PATH).await.expect(200);
    let csrf = page.field("preview", "csrf");
    let most = chargly_api::limits::BODY_BYTES_MAX;
    let of = |bytes: usize| {
        // What stands around the list in the form is of a few dozen bytes.
        let around = format!("csrf={csrf}&action=preview&list=").len();
        "x".repeat(bytes - around)
    };
    let sent = async |list: &str| {
        let fields = [("csrf", csrf.as_str()), ("action", "preview"), ("list", list)];
        world.send_form(PATH, &fields).await.status.as_u16()
    };
    // Read whole, it is no list; one byte more is not read.
    assert_ne!(sent(&of(most)).await, 409);
    assert_eq!(sent(&of(most + 1)).await, 409);
    let note = "x".repeat(300 * 1024);
    let other = [("csrf", csrf.as_str()), ("action", "define"), ("name", "b"), ("label", &note)];
    world.send_form("pricing", &other).await.expect(409);
}

#[tokio::test]
async fn sums_of_the_preview_are_those_of_its_models() {
    let world = World::start().await;
    let models = [("a", "1e-06"), ("b", "2e-06")];
    world.post("/v1/rate-cards/import", &json!({"list": list(&models)}).to_string()).await;
    for (model, tokens) in [("a", 333), ("a", 1), ("b", 1_000_001)] {
        let body = json!({"event": "chat.reply", "customer": "ada",
            "cost": {"provider": "acme", "model": model, "input_tokens": tokens}});
        world.post("/v1/events", &body.to_string()).await;
    }
    let next = list(&[("a", "1.000000000001e-06"), ("b", "1e-06")]);
    let answer =
        world.post("/v1/rate-cards/import", &json!({"list": next, "dry_run": true}).to_string()).await;
    let effect = &answer["effect"];
    let nano = |value: &Value| -> i128 {
        let text = value.as_str().expect("a decimal");
        let (whole, fraction) =
            text.trim_start_matches('-').split_once('.').unwrap_or((text.trim_start_matches('-'), ""));
        let size: i128 = format!("{whole}{fraction:0<9}").parse().expect("digits");
        if text.starts_with('-') { -size } else { size }
    };
    for field in ["cost_now", "cost_then", "margin_change"] {
        let sum: i128 =
            effect["models"].as_array().expect("a list").iter().map(|model| nano(&model[field])).sum();
        assert_eq!(sum, nano(&effect[field]), "{field} of {effect}");
    }
    assert_eq!(nano(&effect["margin_change"]), nano(&effect["cost_now"]) - nano(&effect["cost_then"]));
}
