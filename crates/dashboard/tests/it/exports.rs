//! `exports`: files of everything that can be taken out, with the exact values of the API and nothing that a spreadsheet
//! would run.

use serde_json::Value;

use crate::world::World;

fn path(file: &str) -> String {
    format!("/dashboard/test/exports/{file}")
}

#[tokio::test]
async fn each_file_that_the_page_names_is_there_in_both_forms() {
    let world = World::start().await;
    let page = world.page("exports").await.expect(200);
    page.says("chargly export events --env test");
    for name in ["events", "customers", "orders", "prices", "packs", "rates", "audit"] {
        page.says(&format!("exports/{name}.csv")).says(&format!("exports/{name}.ndjson"));
        let csv = world.look(&path(&format!("{name}.csv"))).await.expect(200);
        assert!(csv.headers["content-type"].to_str().expect("ASCII").starts_with("text/csv"));
        assert_eq!(
            csv.headers["content-disposition"],
            format!("attachment; filename=\"chargly-test-{name}.csv\"")
        );
        let lines = world.look(&path(&format!("{name}.ndjson"))).await.expect(200);
        let rows: Vec<Value> =
            lines.text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
        // Names of nobody's have no line breaks here.
        assert_eq!(csv.text.lines().count(), rows.len() + 1, "{name}");
    }
    world.look(&path("ledger.csv")).await.expect(400);
    for nothing in ["keys.csv", "events", "events.xml", "..%2Fevents.csv", "%3Cscript%3E.csv"] {
        world.look(&path(nothing)).await.expect(404).is_silent_on("<script>");
    }
}

#[tokio::test]
async fn rows_are_those_of_the_api_exactly() {
    let world = World::start().await;
    let odd = r#"{"event":"chat.reply","customer":"=HYPERLINK(1)","if_insufficient":"record","quantity":1,
        "cost":{"amount":"0.016112102","currency":"usd"},"properties":{"a":"say \"hi\", you"}}"#;
    world.post("/v1/events", odd).await;
    let api = world.get("/v1/events?from=2026-11-01T00:00:00Z&limit=1000").await;
    let lines = world.look(&path("events.ndjson?range=90d")).await.expect(200);
    let rows: Vec<Value> =
        lines.text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert_eq!(&rows, api["data"].as_array().expect("a list"));
    let csv = world.look(&path("events.csv?range=90d")).await.expect(200);
    let first = csv.text.lines().nth(1).expect("a row");
    assert!(first.contains(",'=HYPERLINK(1),") && first.contains(",0.016112102,reported,usd,"), "{first}");
    assert!(first.contains(r#""{""a"":""say \""hi\"", you""}""#) && first.ends_with(",test"), "{first}");
    // A debt is a number, however it begins.
    let ledger = world.look(&path("ledger.csv?range=90d&customer=%3DHYPERLINK(1)")).await.expect(200);
    let line = ledger.text.lines().nth(1).expect("a row");
    assert!(line.contains(",Reply,-1,-1,evt_"), "{line}");
}

#[tokio::test]
async fn range_holds_for_what_is_of_a_time() {
    let world = World::start().await;
    let count = async |file: &str| world.look(&path(file)).await.expect(200).text.lines().count();
    assert_eq!(count("events.ndjson?range=90d").await, 31);
    // Three events of the first of ten days.
    assert_eq!(count("events.ndjson?from=2026-11-23&to=2026-11-23").await, 3);
    assert_eq!(count("ledger.ndjson?customer=ada&from=2026-11-24&to=2026-11-24").await, 2);
    assert_eq!(count("ledger.ndjson?customer=nobody").await, 0);
    let audited = count("audit.ndjson?range=90d").await;
    assert!(audited > count("audit.ndjson?from=2026-11-24&to=2026-11-26").await);
    assert_eq!(count("prices.ndjson?from=2020-01-01&to=2020-01-02").await, 3, "of no range");
}

#[tokio::test]
async fn list_of_many_pages_is_written_whole() {
    let world = World::start().await;
    let events: Vec<String> = (0..1_005)
        .map(|n| format!(r#"{{"event":"chat.reply","customer":"many","if_insufficient":"record","idempotency_key":"m{n}"}}"#))
        .collect();
    world.post("/v1/events/batch", &format!("[{}]", events.join(","))).await;
    let lines = world.look(&path("events.ndjson?range=7d&from=")).await.expect(200).text;
    let ids: std::collections::BTreeSet<&str> =
        lines.lines().map(|line| line.split('"').nth(3).expect("an id")).collect();
    assert_eq!(ids.len(), lines.lines().count());
    assert!(ids.len() >= 1_005, "{}", ids.len());
}

#[tokio::test]
async fn audit_log_is_for_approvers_and_nothing_without_a_session() {
    let world = World::start().await;
    world.become_a("operator");
    world.look(&path("audit.csv")).await.expect(403);
    world.page("exports").await.expect(200).says("takes the role approver").is_silent_on("exports/audit.csv");
    world.look(&path("events.csv")).await.expect(200);
    world.without_session(&path("events.csv")).await.expect(401);
}

#[tokio::test]
async fn so_many_files_are_written_at_one_time_and_no_more() {
    let world = World::start().await;
    // Enough that a file waits for its reader.
    let events: Vec<String> = (0..5_000)
        .map(|n| format!(r#"{{"event":"chat.reply","customer":"many","if_insufficient":"record","idempotency_key":"m{n}"}}"#))
        .collect();
    world.post("/v1/events/batch", &format!("[{}]", events.join(","))).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        let response = world.open(&path("events.ndjson?range=90d")).await;
        assert_eq!(response.status(), 200);
        open.push(response);
    }
    assert_eq!(world.open(&path("events.ndjson?range=90d")).await.status(), 429);
    let one = open.pop().expect("one of them");
    let whole = axum::body::to_bytes(one.into_body(), usize::MAX).await.expect("a whole file");
    // Packed, and read to its end.
    assert!(whole.starts_with(&[0x1f, 0x8b]) && whole.len() > 10_000, "{}", whole.len());
    // Its place is free once its writer is gone, which takes a turn of the others.
    while world.open(&path("packs.csv")).await.status() != 200 {
        tokio::task::yield_now().await;
    }
}
