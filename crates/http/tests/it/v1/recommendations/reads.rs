//! Lists, single ones, the arithmetic behind them.

use chargly_engine::ledger::AdviceKind;
use serde_json::json;

use super::{PATH, advice, cr, recorded, selling_replies, watched};

#[tokio::test]
async fn a_recommendation_is_read_with_its_figures_and_its_card() {
    let world = selling_replies().await;
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    let got = world.get(&format!("{PATH}/{id}")).await.expect(200).json();
    for (name, value) in [
        ("id", json!(id)),
        ("status", json!("pending")),
        ("kind", json!("under_target")),
        ("event", json!("chat.reply")),
        ("confidence", json!("high")),
        ("probability", json!("0.9")),
        ("current_credits", json!(4)),
        ("recommended_credits", json!(5)),
        (
            "estimated_lift",
            json!({"amount": "182", "currency": "usd", "low": "21", "high": "182", "per": "month"}),
        ),
        ("driver", json!("cost_driven")),
        ("version_from", json!(1)),
        ("version_to", json!(2)),
        ("needs", json!([])),
        ("caps", json!([])),
        (
            "guardrails",
            json!([
                {"rule": "step", "kept": true, "value": "0.25", "limit": "0.2"},
                {"rule": "cool_down", "kept": true, "value": 90, "limit": 30},
            ]),
        ),
        ("notice_required", json!(false)),
        ("made_at", json!("2026-11-23T10:00:00.000Z")),
        ("expires_at", json!("2026-12-07T10:00:00.000Z")),
        ("decision", json!(null)),
        ("review_at", json!(null)),
        ("grade", json!(null)),
        ("rolled_back", json!(null)),
        ("method", json!(1)),
        ("seed", json!(7)),
        ("backtest", json!(null)),
    ] {
        assert_eq!(got[name], value, "{name}");
    }
    assert_eq!(got["proposal"]["rule"], json!({"type": "flat", "credits": 5}));
    assert_eq!(got["evidence"]["margin"], "0.7375");
    assert_eq!(got["evidence"]["margin_after"], "0.79");
    assert_eq!(
        got["evidence"]["cost_per_unit"],
        json!({"low": "0.0042", "middle": "0.0042", "high": "0.0042"})
    );
    assert_eq!(got["evidence"]["target_credits"], json!(4.2));
    assert_eq!(
        got["reason"],
        "Each event costs you 0.42 ¢ and brings in 1.6 ¢. You keep 73.7 % of the revenue (the margin); your target is 75 %."
    );
    let headings: Vec<_> = got["card"]["sections"]
        .as_array()
        .expect("sections")
        .iter()
        .map(|part| part["heading"].clone())
        .collect();
    assert_eq!(
        headings,
        [
            "What",
            "Why",
            "Confidence",
            "If you do",
            "If you do not",
            "Who is hit",
            "What could make this wrong",
            "Check yourself"
        ]
    );
}

#[tokio::test]
async fn a_list_is_newest_first_and_passes_every_filter() {
    let world = selling_replies().await;
    let reply = recorded(&world, advice(&world, "chat.reply")).await;
    let mut drift = advice(&world, "image.generate");
    drift.kind = AdviceKind::CostDrift;
    drift.proposal.as_mut().expect("a proposal").rule =
        chargly_engine::ledger::Rule::Flat { credits: cr("15") };
    let drift = recorded(&world, drift).await;
    let watching = recorded(&world, watched(&world, "image.generate")).await;
    let ids = async |query: &str| {
        let got = world.get(&format!("{PATH}{query}")).await.expect(200).json();
        let data = got["data"].as_array().expect("a list");
        assert!(data.iter().all(|one| one["card"].is_null() && one["evidence"].is_null()));
        data.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("", vec![&watching, &drift, &reply]),
        ("?event=chat.reply", vec![&reply]),
        ("?kind=cost_drift", vec![&drift]),
        ("?confidence=low", vec![&watching]),
        ("?confidence=high", vec![&drift, &reply]),
        ("?status=pending&kind=under_target&event=image.generate", vec![&watching]),
        ("?status=applied", vec![]),
    ] {
        assert_eq!(ids(query).await.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let low = world.get(&format!("{PATH}/{watching}")).await.expect(200);
    assert_eq!(
        low.json()["needs"],
        json!([{"what": "paying_customers", "have": 3, "need": 20, "in_words": "3 of 20 paying customers so far"}])
    );
}

#[tokio::test]
async fn pages_of_a_list_follow_each_other_and_a_cursor_keeps_its_filter() {
    let world = selling_replies().await;
    for _ in 0..3 {
        recorded(&world, advice(&world, "chat.reply")).await;
    }
    let first = world.get(&format!("{PATH}?limit=2")).await.expect(200);
    let next = first.text("/next_cursor");
    let second = world.get(&format!("{PATH}?limit=2&cursor={next}")).await.expect(200).json();
    assert_eq!(second["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(second["next_cursor"], json!(null));
    let other = world.get(&format!("{PATH}?limit=2&status=pending&cursor={next}")).await.expect(400);
    assert_eq!(other.fields(), ["cursor"]);
    // A later one of the same kind and event type takes the place of an open one.
    let expired = world.get(&format!("{PATH}?status=expired")).await.expect(200).json();
    assert_eq!(expired["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(expired["data"][0]["decision"]["what"], "superseded");
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let world = selling_replies().await;
    for (query, fields) in [
        ("status=open", vec!["status"]),
        ("kind=raise&confidence=sure", vec!["kind", "confidence"]),
        ("event=no.such", vec!["event"]),
        ("limit=0&state=pending", vec!["limit", "state"]),
    ] {
        assert_eq!(world.get(&format!("{PATH}?{query}")).await.expect(400).fields(), fields, "{query}");
    }
}

#[tokio::test]
async fn the_arithmetic_is_explained_line_by_line() {
    let world = selling_replies().await;
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    let got = world.get(&format!("{PATH}/{id}/explain")).await.expect(200).json();
    assert_eq!(got["id"], json!(id));
    assert_eq!((&got["target_margin"], &got["estimated_margin"]), (&json!("0.75"), &json!("0.79")));
    assert_eq!(got["version_transition"], json!({"from": 1, "to": 2}));
    let lines = got["lines"].to_string();
    for part in [
        "⌈$191.10 × 182,000 × 10,000 ÷ (45,500 × $728 × 2,500)⌉ = 4.2 credits",
        "next whole credit: 5 credits",
    ] {
        assert!(lines.contains(part), "{part}: {lines}");
    }
}

#[tokio::test]
async fn days_are_told_in_the_projects_time_zone() {
    let world = selling_replies().await;
    let mut one = advice(&world, "chat.reply");
    // Midnight of the first of March in Berlin is the day before in UTC.
    one.window_from = chargly_engine::ledger::Millis(1_772_319_600_000);
    one.window_to = one.window_from.plus(28 * 86_400_000);
    let id = recorded(&world, one).await;
    let card = async || world.get(&format!("{PATH}/{id}")).await.expect(200).json()["card"].to_string();
    assert!(card().await.contains("28 Feb to 28 Mar 2026"));
    world.put("/v1/settings", r#"{"time_zone":"Europe/Berlin"}"#).await.expect(200);
    assert!(card().await.contains("1 Mar to 28 Mar 2026"));
}

#[tokio::test]
async fn an_id_counts_whole_with_its_seal() {
    let world = selling_replies().await;
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    let id_of_price = world.get("/v1/event-types/chat.reply/prices").await.text("/data/0/id");
    let mut forged = id.clone().into_bytes();
    let last = forged.last_mut().expect("a character");
    *last = if *last == b'0' { b'1' } else { b'0' };
    let forged = String::from_utf8(forged).expect("ASCII");
    for wrong in [forged, id_of_price, id.replace("rec_", "evt_"), "rec_".to_owned()] {
        for tail in ["", "/explain"] {
            let got = world.get(&format!("{PATH}/{wrong}{tail}")).await.expect(404);
            assert_eq!(got.code(), "not_found", "{wrong}");
        }
        world.post(&format!("{PATH}/{wrong}/apply"), "{}").await.expect(404);
        world.post(&format!("{PATH}/{wrong}/reject"), "{}").await.expect(404);
    }
    world.ask("GET", &format!("{PATH}/{id}"), Some(&world.live_key), "").await.expect(404);
    assert_eq!(world.get(&format!("{PATH}/{id}")).await.expect(200).text("/status"), "pending");
}

#[tokio::test]
async fn a_track_record_is_blank_until_enough_has_matured() {
    let world = selling_replies().await;
    let got = world.get(&format!("{PATH}/track-record")).await.expect(200).json();
    assert_eq!(
        got,
        json!({"graded": 0, "provisional": 0, "shown_from": 10, "brier_score": null, "bins": []})
    );
}
