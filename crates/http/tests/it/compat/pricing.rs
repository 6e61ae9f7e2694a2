//! `/api/pricing`: rules and recommendations by the client's names.

use chargly_engine::ledger::Scope;
use serde_json::{Value, json};

use super::{Client, names, refused};
use crate::v1::recommendations::{advice, recorded, selling_replies};
use crate::world::World;

const PATH: &str = "/api/pricing/recommendations";

#[tokio::test]
async fn rule_is_two_numbers_where_that_is_all_there_is_to_it() {
    let world = World::start().await;
    let client = Client::of(&world);
    let rate = |rule: &str| format!(r#"{{"rule":{rule},"note":"a price"}}"#);
    for (name, rule, expected) in [
        ("flat", r#"{"type":"flat","credits":4}"#, json!({"multiplier": 0, "minimumCredits": 4})),
        (
            "made.of_cost",
            r#"{"type":"cost_plus","multiplier":"2.5","minimum":1}"#,
            json!({"multiplier": 2.5, "minimumCredits": 1}),
        ),
        (
            "by.unit",
            r#"{"type":"per_unit","credits":0.25,"base":2}"#,
            json!({"multiplier": 0, "minimumCredits": 0, "typicalCredits": 2.25}),
        ),
        (
            "by.property",
            r#"{"type":"per_unit","credits":0.25,"of":"properties.pages"}"#,
            json!({"multiplier": 0, "minimumCredits": 0, "typicalCredits": null}),
        ),
    ] {
        world.put(&format!("/v1/event-types/{name}"), "{}").await.expect(200);
        world.post(&format!("/v1/event-types/{name}/prices"), &rate(rule)).await.expect(200);
        let got = client.get(&format!("/api/pricing/rules/{name}")).await.expect(200);
        let shown = got.json();
        assert!(got.text("/id").starts_with("prv_"));
        assert_eq!((&shown["feature"], &shown["enabled"]), (&json!(name), &json!(true)));
        assert_eq!(shown["version"], 1);
        for (field, value) in expected.as_object().expect("fields") {
            assert_eq!(shown[field], *value, "{name}: {field}");
        }
        assert_eq!(shown["rule"].is_object(), name.starts_with("by."), "{name}");
    }
    world.post("/v1/event-types/flat/archive", "").await.expect(200);
    assert_eq!(client.get("/api/pricing/rules/flat").await.expect(200).json()["enabled"], false);
    refused(&client.get("/api/pricing/rules/no.such").await, 404, "not_found");
    world.put("/v1/event-types/unpriced", "{}").await.expect(200);
    refused(&client.get("/api/pricing/rules/unpriced").await, 422, "no_active_price");
}

#[tokio::test]
async fn recommendations_are_read_by_the_clients_names() {
    let world = selling_replies().await;
    let client = Client::of(&world);
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    let listed = client.get(&format!("{PATH}?feature=chat.reply&status=pending&limit=5&page=2")).await;
    let listed = listed.expect(200).json();
    assert_eq!(names(&listed), ["items"]);
    let one = &listed["items"][0];
    assert_eq!(
        names(one),
        [
            "confidence",
            "currentCredits",
            "estimatedLift",
            "feature",
            "id",
            "reason",
            "recommendedCredits",
            "status",
            "versionFrom",
            "versionTo"
        ]
    );
    assert_eq!(
        (&one["id"], &one["feature"], &one["status"]),
        (&json!(id), &json!("chat.reply"), &json!("pending"))
    );
    assert_eq!((&one["currentCredits"], &one["recommendedCredits"]), (&json!(4), &json!(5)));
    assert_eq!((&one["versionFrom"], &one["versionTo"]), (&json!(1), &json!(2)));
    assert_eq!(client.get(&format!("{PATH}/{id}")).await.expect(200).json(), *one);
    for none in ["feature=image.generate", "status=applied"] {
        let listed = client.get(&format!("{PATH}?{none}")).await.expect(200).json();
        assert_eq!(listed, json!({"items": []}), "{none}");
    }
    let explained = client.get(&format!("{PATH}/{id}/explain")).await.expect(200).json();
    assert_eq!(
        names(&explained),
        [
            "confidence",
            "estimatedMarginPercent",
            "providerCostContext",
            "reason",
            "recommendationId",
            "targetMarginPercent",
            "versionTransition"
        ]
    );
    assert_eq!((&explained["recommendationId"], &explained["targetMarginPercent"]), (&json!(id), &json!(75)));
    assert_eq!(explained["versionTransition"], json!({"from": 1, "to": 2}));
    for (query, field) in [("feature=no.such", "feature"), ("status=open", "status"), ("limit=0", "limit")] {
        let message = refused(&client.get(&format!("{PATH}?{query}")).await, 400, "invalid_request");
        assert!(message.starts_with(field), "{message}");
    }
}

#[tokio::test]
async fn recommendation_is_applied_or_rejected_once_by_its_exact_id() {
    let world = selling_replies().await;
    let client = Client::of(&world);
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    for wrong in [&id[..id.len() - 1], "rec_00000000000000000000", "latest"] {
        refused(&client.post(&format!("{PATH}/{wrong}/apply"), &json!({})).await, 404, "not_found");
    }
    let all_but_prices: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Prices).collect();
    let agent = world.key_with(&all_but_prices).await;
    for decision in ["apply", "reject"] {
        let got = world.ask("POST", &format!("{PATH}/{id}/{decision}"), Some(&agent), "{}").await;
        assert!(refused(&got, 403, "forbidden").contains("prices"));
    }
    let applied = client.post_with(&format!("{PATH}/{id}/apply"), Some("k"), &json!({})).await.expect(200);
    assert_eq!(
        applied.json(),
        json!({"success": true, "recommendationId": id, "status": "applied", "newVersion": 2})
    );
    let again = client.post_with(&format!("{PATH}/{id}/apply"), Some("k"), &json!({})).await.expect(200);
    assert!(again.is_replay());
    assert_eq!(again.json(), applied.json());
    assert_eq!(client.get("/api/pricing/rules/chat.reply").await.json()["minimumCredits"], 5);
    let twice = client.post(&format!("{PATH}/{id}/apply"), &Value::Null).await;
    assert!([400, 409].contains(&twice.status.as_u16()));
    let twice = client.post(&format!("{PATH}/{id}/apply"), &json!({"anything": 1})).await;
    refused(&twice, 409, "recommendation_not_open");

    let other = recorded(&world, advice(&world, "image.generate")).await;
    let rejected = client.post(&format!("{PATH}/{other}/reject"), &json!({"reason": "not now"})).await;
    assert_eq!(
        rejected.expect(200).json(),
        json!({"success": true, "recommendationId": other, "status": "rejected"})
    );
    let audit = world.get("/v1/audit").await.expect(200);
    assert_eq!(audit.text("/data/0/reason"), "not now");
}
