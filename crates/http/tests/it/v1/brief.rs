//! `/v1/brief`: nine answers about a week whose figures are worked out by hand.

use serde_json::{Value, json};

use crate::world::World;

const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// Two weeks of images at 12 credits, each credit bought for $0.02, so that an image earns $0.24.
///
/// The clock begins on Monday, 23 November 2026, at 10:00.
/// - that week: `user_42` makes 2 images that cost $0.04 each: $0.48 less $0.08
/// - the week after: `user_42` makes 3 of them; `user_7`, who bought 1,000 credits for $20, 1 that costs $0.50: in all
///   $0.96 less $0.62, of which `user_7` paid $0.24 and cost $0.50
/// - then it is Monday again: nothing yet
async fn two_weeks() -> (World, String) {
    let world = World::start().await;
    let image = async |customer: &str, cost: &str| {
        let body = format!(
            r#"{{"event":"image.generate","customer":"{customer}","cost":{{"amount":"{cost}","currency":"usd"}}}}"#
        );
        world.post("/v1/events", &body).await.expect(200)
    };
    image("user_42", "0.04").await;
    image("user_42", "0.04").await;
    world.clock.advance(WEEK_MS);
    world.grant("user_7", "1000").await;
    for _ in 0..3 {
        image("user_42", "0.04").await;
    }
    let position = image("user_7", "0.50").await.position();
    world.clock.advance(WEEK_MS);
    (world, position)
}

fn question(brief: &Value, number: usize) -> &Value {
    &brief["questions"][number - 1]
}

#[tokio::test(flavor = "multi_thread")]
async fn brief_answers_nine_questions_with_the_figures_of_the_week() {
    let (world, position) = two_weeks().await;
    let brief = world.get(&format!("/v1/brief?min_position={position}")).await.expect(200).json();
    assert_eq!(
        (&brief["from"], &brief["to"], &brief["unfinished"]),
        (&json!("2026-11-30T00:00:00.000Z"), &json!("2026-12-07T00:00:00.000Z"), &json!(false))
    );
    assert_eq!(brief["questions"].as_array().expect("a list").len(), 9);
    let expected = [
        (
            "You made $0.34 on $0.96 of revenue: a margin of 35.4 %, down 47.9 points from the week before.",
            json!(["0.3541", "share", "0.8333", "-0.4792", "complete", "/dashboard/test/revenue"]),
        ),
        (
            "user_42 used most: 36 credits, 75 % of all. 1 customer costs more than they pay, 1 more than the week \
             before, user_7 most: by $0.26.",
            json!([1, "count", 0, 1, "complete", "/dashboard/test/customers/user_7"]),
        ),
        (
            "image.generate costs most: $0.62 for $0.96 of revenue, a margin of 35.4 %, down 47.9 points from the week \
             before.",
            json!([
                "0.3541",
                "share",
                "0.8333",
                "-0.4792",
                "complete",
                "/dashboard/test/events/image.generate"
            ]),
        ),
        (
            "No rate card is in use, so only what events report is known.",
            json!([null, "count", null, null, "complete", "/dashboard/test/costs"]),
        ),
        // 940 and 988 credits are left, at $0.02 each; a credit cost $0.62 ÷ 48.
        (
            "You owe 1,928 credits now. At the end of the week $39 of what was paid for credits was not earned yet, $19 \
             more than the week before. Serving them costs about $25, at what a credit cost in the week.",
            json!(["38.56", "money", "19.52", "19.04", "complete", "/dashboard/test/credits"]),
        ),
        (
            "Nobody has used enough days for a pace to be known.",
            json!([null, "count", null, null, "not_enough_data", "/dashboard/test/customers"]),
        ),
        (
            "No price has changed yet.",
            json!([null, "share", null, null, "not_enough_data", "/dashboard/test/price-impact"]),
        ),
        (
            "There is no open advice.",
            json!([null, "money", null, null, "complete", "/dashboard/test/advisor"]),
        ),
        (
            "Each of 4 events says what it cost, none came late, and no call was refused.",
            json!(["1", "share", "1", "0", "complete", "/dashboard/test/health"]),
        ),
    ];
    for (number, (sentence, facts)) in (1..).zip(expected) {
        let one = question(&brief, number);
        let told = json!([
            one["figure"],
            one["unit"],
            one["before"],
            one["change"],
            one["quality"],
            one["link"].as_str().expect("a link").split('?').next()
        ]);
        assert_eq!((&one["sentence"], &told), (&json!(sentence), &facts), "{number}");
        let link = one["link"].as_str().expect("a link");
        assert!(link.ends_with("?from=2026-11-30&to=2026-12-06"), "{link}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn brief_has_the_figures_of_the_report_on_margin() {
    let (world, position) = two_weeks().await;
    let brief = world.get(&format!("/v1/brief?min_position={position}")).await.expect(200).json();
    let margin =
        world.get("/v1/margin?interval=total&from=2026-11-30&to=2026-12-07").await.expect(200).json();
    assert_eq!(question(&brief, 1)["figure"], margin["totals"]["gross_margin"]);
    assert_eq!(brief["as_of"], margin["as_of"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn week_is_the_one_that_a_day_is_in() {
    let (world, position) = two_weeks().await;
    let brief = async |week: &str| {
        let path = format!("/v1/brief?week={week}&min_position={position}");
        world.get(&path).await.expect(200).json()
    };
    let first = brief("2026-11-29").await;
    assert_eq!(first["from"], "2026-11-23T00:00:00.000Z");
    assert_eq!(
        question(&first, 1)["sentence"],
        "You made $0.40 on $0.48 of revenue: a margin of 83.3 %, with no week before to compare with."
    );
    assert_eq!(question(&first, 1)["change"], Value::Null);
    let current = brief("2026-12-07").await;
    assert_eq!(
        (&current["unfinished"], &question(&current, 1)["quality"]),
        (&json!(true), &json!("not_enough_data"))
    );
    for (week, problem) in [("2026-12-20", "must not begin in the future"), ("monday", "")] {
        let refused = world.get(&format!("/v1/brief?week={week}")).await.expect(400);
        assert_eq!(refused.fields(), ["week"], "{problem}");
    }
    let unknown = world.get("/v1/brief?weak=2026-11-29").await.expect(400);
    assert_eq!(unknown.fields(), ["weak"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_costs_are_said_to_be_missing() {
    let world = World::start().await;
    let body = r#"{"event":"image.generate","customer":"user_42"}"#;
    let position = world.post("/v1/events", body).await.expect(200).position();
    world.clock.advance(WEEK_MS);
    let brief = world.get(&format!("/v1/brief?min_position={position}")).await.expect(200).json();
    for (number, sentence) in [
        (1, "You earned $0.24 of revenue, and no event says what it cost, so nobody knows what is left."),
        (
            2,
            "user_42 used most: 12 credits, 100 % of all. Who costs more than they pay is not known without costs.",
        ),
        (3, "No event says what it cost, so none can be named."),
        (9, "The cost of 1 of 1 event is missing, none came late, and no call was refused."),
    ] {
        let one = question(&brief, number);
        assert_eq!((&one["sentence"], &one["quality"]), (&json!(sentence), &json!("costs_missing")));
        if number < 9 {
            assert_eq!(one["figure"], Value::Null, "{number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn brief_of_nothing_says_so_nine_times() {
    let world = World::empty().await;
    let brief = world.get("/v1/brief").await.expect(200).json();
    let sentences: Vec<&str> = brief["questions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            assert_eq!(one["quality"], "not_enough_data", "{one}");
            assert!(one["change"].is_null() || one["change"] == "0", "{one}");
            one["sentence"].as_str().expect("a sentence")
        })
        .collect();
    assert_eq!(
        sentences,
        [
            "Nothing was used, so nothing was earned.",
            "Nobody used anything.",
            "Nothing was used.",
            "No rate card is in use, so only what events report is known.",
            "Nobody has credits, so you owe none.",
            "Nobody has used enough days for a pace to be known.",
            "No price has changed yet.",
            "There is no open advice.",
            "Nothing came in.",
        ]
    );
}
