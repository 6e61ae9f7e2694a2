//! `events/{name}`: who uses an event type most, what that costs, and what its last price change did.

use crate::world::World;

#[tokio::test]
async fn page_has_the_figures_of_the_api() {
    let world = World::start().await;
    let page = world.page("events/image.generate").await.expect(200);
    page.says("Who uses it most?").says("What did each price change do?").says("15 credits");
    let users = world.file("events/image.generate", "users-by-credits").await;
    let listed = world.get("/v1/customers?event=image.generate&sort=-credits").await;
    for (row, api) in users.iter().zip(listed["data"].as_array().expect("a list")) {
        assert_eq!(row[0], api["customer"].as_str().expect("an id"));
        assert_eq!(
            (row[1].clone(), row[2].clone()),
            (api["events"].to_string(), api["credits_used"].to_string())
        );
        assert_eq!(row[4], api["recognised"].as_str().expect("money"));
    }
    let total = world.get("/v1/margin?interval=total&event=image.generate").await;
    let quality = world.file("events/image.generate", "cost-quality").await;
    assert_eq!(quality[0][1], total["totals"]["cost_reported"].as_str().expect("money"));
    assert_eq!((quality[0][1].as_str(), quality[3][2].as_str()), ("1", "0"));
    let by_time = world.file("events/image.generate", "revenue-and-cost").await;
    let api = world.get("/v1/margin?event=image.generate").await;
    for (row, api) in by_time.iter().zip(api["data"].as_array().expect("a list")) {
        assert_eq!(row[0], api["start"].as_str().expect("a time"));
        assert_eq!(row[1], api["recognised"].as_str().expect("money"));
    }
}

#[tokio::test]
async fn every_version_is_there_with_what_it_did() {
    let world = World::start().await;
    let rows = world.file("events/image.generate", "prices").await;
    assert_eq!(rows.len(), 2);
    assert!(rows[0][0].starts_with("v2 prv_") && rows[1][0].starts_with("v1 prv_"), "{rows:?}");
    let impact = world.get("/v1/price-impact?event=image.generate").await;
    match impact["data"].as_array().expect("a list").first() {
        Some(row) => assert_eq!(rows[0][5], row["before_revenue"].as_str().unwrap_or_default()),
        None => assert_eq!(rows[0][5], ""),
    }
}

#[tokio::test]
async fn unknown_event_type_is_not_found_and_one_never_used_says_so() {
    let world = World::start().await;
    world.page("events/no.such").await.expect(404);
    world.page("events/%3Cscript%3E").await.expect(404).is_silent_on("<script>");
    world.put("/v1/event-types/never.used", r#"{"label":"<i>Never</i>"}"#).await;
    world
        .page("events/never.used")
        .await
        .expect(200)
        .says("Nobody used this in this range.")
        .says("&lt;i&gt;Never&lt;/i&gt;")
        .says("It has no price yet");
}
