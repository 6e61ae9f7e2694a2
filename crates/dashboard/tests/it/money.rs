//! `revenue` and `credits`: ranges, bridges and lots have the figures of the API, and say so where there are none.

use serde_json::Value;

use crate::world::World;

/// A decimal in billionths, read by code that shares nothing with the pages.
fn nano(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction:0<9}");
    sign * all.parse::<i128>().expect("a decimal")
}

/// A world in which each of 24 customers bought 100 credits for $2 a month ago, and used images then and now: at 10
/// credits and $0.05 each before, at 15 credits and $0.06 each in the last week.
async fn sold() -> World {
    let world = World::empty().await;
    world.put("/v1/event-types/image.generate", r#"{"label":"Image","credits":10}"#).await;
    let paid = r#"{"credits":100,"kind":"paid","price":{"amount":"2","currency":"usd"}}"#;
    for number in 0..24 {
        world.post(&format!("/v1/customers/c{number}/grants"), paid).await;
    }
    let week = async |name: &str, cents: [i64; 3]| {
        for number in 0..24_usize {
            let body = format!(
                r#"{{"event":"image.generate","customer":"c{number}","idempotency_key":"{name}","cost":{{"amount":"0.{:02}","currency":"usd"}}}}"#,
                cents[number % 3]
            );
            world.post("/v1/events", &body).await;
        }
    };
    week("before", [4, 5, 6]).await;
    world.clock.advance(7 * 86_400_000);
    let dearer = r#"{"rule":{"type":"flat","credits":15},"note":"Dearer model"}"#;
    world.post("/v1/event-types/image.generate/prices", dearer).await;
    week("now", [5, 6, 7]).await;
    world.settled().await;
    world
}

#[tokio::test]
async fn bridge_goes_from_what_was_left_to_what_is_left_in_steps_that_add_up() {
    let world = sold().await;
    let rows = world.file("revenue?range=7d", "bridge").await;
    let amount =
        |name: &str| rows.iter().find(|row| row[0] == name).map(|row| nano(&row[1])).expect("a step");
    // A credit is $0.02. Before: 24 × (0.20 − 0.05); now: 24 × (0.30 − 0.06).
    assert_eq!((amount("Before"), amount("Now")), (3_600_000_000, 5_760_000_000));
    assert_eq!((amount("Price"), amount("Rate")), (2_400_000_000, -240_000_000));
    for still in ["Volume", "Mix", "Promo", "No type"] {
        assert_eq!(amount(still), 0, "{still}");
    }
    let api = world.get("/v1/margin?interval=total&from=2026-11-24").await;
    assert_eq!(nano(api["totals"]["contribution"].as_str().expect("a decimal")), amount("Now"));
    let by_type = world.file("revenue?range=7d", "bridge-by-type").await;
    assert_eq!(by_type[0][..5], ["image.generate", "0", "2.4", "0", "-0.24"].map(str::to_owned));
    let per_credit = world.file("revenue?range=7d", "per-credit").await;
    let amounts: Vec<&str> = per_credit.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(amounts, ["0", "0", "0", "0", "0.02", "0.02"]);
}

#[tokio::test]
async fn margin_has_its_range_where_there_are_customers_enough_and_days_are_whole() {
    let world = sold().await;
    // A range is made of days that are over.
    world.clock.advance(23 * 3_600_000);
    let api = world.get("/v1/margin?interval=total&group_by=event&margin_range=true&from=2026-11-25").await;
    let row = &api["data"][0];
    let shown = world.file("revenue?range=7d", "margin-by-type").await;
    let text = |value: &Value| value.as_str().expect("a share").to_owned();
    assert_eq!(
        shown[0][4..7],
        [text(&row["gross_margin"]), text(&row["margin_low"]), text(&row["margin_high"])]
    );
    world.page("revenue?range=7d").await.expect(200).says("9 times in 10").says(r#"class="range margin""#);
    // Hours are no days, and customers are not counted by them.
    let hours = world.file("revenue?range=24h", "margin-by-type").await;
    assert_eq!(hours[0][5..7], [String::new(), String::new()]);
    let few = World::start().await;
    few.page("revenue").await.expect(200).is_silent_on(r#"class="range margin""#);
}

#[tokio::test]
async fn what_is_not_known_or_was_not_there_before_has_no_bridge() {
    let world = World::start().await;
    // Costs of replies are missing: images alone have a bridge.
    world.page("revenue?range=7d").await.expect(200).says("Left out, cost missing: ");
    let rows = world.file("revenue?range=7d", "bridge-by-type").await;
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["image.generate"]);
    let page = world.page("revenue?range=1h").await.expect(200);
    page.says("Why did what is left move? Cost missing.").is_silent_on("csv=bridge\"");
    let first = sold().await;
    let page = first.page("revenue?range=90d").await.expect(200);
    page.says("There were no events before this range")
        .says("No credits were used in this range, or before it.");
    let empty = World::empty().await;
    empty.page("revenue").await.expect(200);
}

#[tokio::test]
async fn lots_by_age_expiry_and_month_are_those_of_the_api() {
    let world = World::start().await;
    let ends = r#"{"credits":70,"kind":"promotional","expires_at":"2026-12-08T00:00:00Z"}"#;
    world.post("/v1/customers/ada/grants", ends).await;
    world.clock.advance(10_001);
    world.settled().await;
    for (by, id) in [("age", "liability-by-age"), ("expiry", "liability-by-expiry")] {
        let api = world.get(&format!("/v1/liability?by={by}")).await;
        let rows = world.file("credits", id).await;
        for (column, kind) in [(1, "paid"), (2, "promotional"), (3, "adjustment")] {
            let of_kind = api["data"].as_array().expect("rows").iter().filter(|row| row["kind"] == kind);
            let expected: Vec<String> = of_kind.map(|row| row["credits"].to_string()).collect();
            let shown: Vec<String> = rows.iter().map(|row| row[column].clone()).collect();
            assert_eq!(shown, expected, "{by} {kind}");
        }
        let deferred: i128 = rows.iter().map(|row| nano(&row[4])).sum();
        assert_eq!(deferred, nano(api["totals"]["deferred"].as_str().expect("a decimal")), "{by}");
    }
    // Of ada's 1,000 paid credits 136 are used: 5 images at 10, 5 at 15, 11 replies.
    let month = world.file("credits", "cohorts").await;
    assert_eq!(month[0][1..5], ["1000", "136", "864", "0.864"].map(str::to_owned));
    let given = world.file("credits?lots=promotional", "cohorts").await;
    let came: Vec<&str> = given.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(came, ["70", "500"], "December's first");
    world.page("credits?lots=%3Cscript%3E").await.expect(200).is_silent_on("<script>");
    world.page("credits?lots=adjustment").await.expect(200).says("No credits of this kind came in yet.");
    World::empty().await.page("credits").await.expect(200);
}

#[tokio::test]
async fn curves_end_with_what_the_api_says_is_left() {
    let world = World::start().await;
    for (range, cohort, interval) in [("30d", "week", "day"), ("90d", "month", "week")] {
        let rows = world.file(&format!("credits?range={range}"), "burn-down").await;
        let last = rows.last().expect("a row");
        let path = format!("/v1/burn-down?from=2026-11-23&cohort={cohort}&interval={interval}");
        let api = world.get(&path).await;
        let row = api["data"].as_array().and_then(|rows| rows.last()).expect("a row");
        // 136 of ada's 1,000 credits are used.
        assert_eq!((last[1].as_str(), last[2].as_str()), ("864", "0.864"), "{range}");
        assert_eq!((&row["granted"], &row["used"], &row["left"]), (&1_000.into(), &136.into(), &864.into()));
    }
    let page = world.page("credits?from=2020-01-01").await.expect(200);
    page.says("its beginning must be at most 400 days ago");
    let later = World::empty().await;
    for page in ["credits", "revenue"] {
        later.page(page).await.expect(200).says("Nothing was metered yet.");
    }
    later.post("/v1/customers/ada/grants", r#"{"credits":5,"kind":"promotional"}"#).await;
    later.settled().await;
    // What is left in lots is told anew after ten seconds.
    later.clock.advance(10_000);
    later.page("credits").await.expect(200).says("Nothing was sold in this range.");
}
