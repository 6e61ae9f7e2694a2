//! What price changes did, while it is too early to say what they caused.

use crate::world::World;

#[tokio::test]
async fn change_that_is_young_has_its_sums_and_no_verdict() {
    let world = World::start().await;
    let report = world.get("/v1/price-impact").await;
    let page = world.page("price-impact").await.expect(200);
    assert_eq!(report["data"].as_array().expect("a list").len(), 1);
    assert_eq!(report["data"][0]["status"], "too_early");
    page.says("It is too early to say what it caused.")
        .says("10 credits → 15 credits")
        .is_silent_on("margin rose");
    let rows = world.file("price-impact", "changes").await;
    assert_eq!((rows.len(), rows[0][0].as_str(), rows[0][5].as_str()), (1, "image.generate", ""));
    world.page("price-impact?event=chat.reply").await.expect(200).says("No price change to look at.");
}
