//! `event/{id}`: one event, with how it came to its credits and what became of it.

use crate::world::World;

#[tokio::test]
async fn event_is_told_whole_and_other_pages_lead_to_it() {
    let world = World::start().await;
    let rows = world.file("customers/ada", "events").await;
    let newest = world.get("/v1/events?customer=ada&event=image.generate&limit=1").await["data"][0].clone();
    let id = newest["id"].as_str().expect("an id").to_owned();
    assert!(rows.iter().flatten().any(|cell| *cell == id), "{rows:?}");
    for page in ["customers/ada", "events/image.generate", "live"] {
        world.page(page).await.expect(200).says(&format!("event/{id}"));
    }
    let page = world.page(&format!("event/{id}")).await.expect(200);
    // 15 credits at 2 cents; 4 cents of cost, reported.
    page.says("One image.generate")
        .says(r#"version 2</a>: 15 credits"#)
        .says(r#"<data value="0.3" title="$0.30">$0.30</data>"#)
        .says(r#"<data value="0.04" title="$0.04">$0.04</data>"#)
        .says("reported")
        .says("86.7 %")
        .says("x1")
        .says("customers/ada");
    let lots = world.file(&format!("event/{id}"), "lots").await;
    assert_eq!((lots.len(), lots[0][1].as_str(), lots[0][2].as_str()), (1, "15", "0.3"));

    world.post(&format!("/v1/events/{id}/reverse"), r#"{"reason":"=blurred","credits":5}"#).await;
    world.post(&format!("/v1/events/{id}/cost"), r#"{"cost":{"amount":"0.05","currency":"usd"}}"#).await;
    let page = world.page(&format!("event/{id}")).await.expect(200);
    page.says("Given back since").says("Known at first as").says("cost set to $0.05");
    let history = world.file(&format!("event/{id}"), "history").await;
    let told: Vec<_> =
        history.iter().map(|row| (row[1].as_str(), row[3].as_str(), row[5].as_str())).collect();
    assert_eq!(
        told,
        [("charged", "-15", ""), ("given back", "5", "'=blurred"), ("cost set to $0.05", "", "")]
    );
}

#[tokio::test]
async fn missing_cost_is_never_a_margin_of_everything() {
    let world = World::start().await;
    let newest = world.get("/v1/events?event=chat.reply&limit=1").await["data"][0].clone();
    let id = newest["id"].as_str().expect("an id");
    let page = world.page(&format!("event/{id}")).await.expect(200);
    page.says("cost missing").says("What it cost can still be told").is_silent_on("100.0 %");
}

#[tokio::test]
async fn odd_names_and_erased_customers_are_shown_and_nothing_else_is_found() {
    let world = World::start().await;
    let customer = "a/b ü?<script>";
    let encoded = "a%2Fb%20%C3%BC%3F%3Cscript%3E";
    let paid = r#"{"credits":100,"kind":"paid","price":{"amount":"2","currency":"usd"}}"#;
    world.post(&format!("/v1/customers/{encoded}/grants"), paid).await;
    let body = serde_json::json!({"event": "chat.reply", "customer": customer,
        "properties": {"<b>": "</script><script>", "n": 1.5}});
    let id = world.post("/v1/events", &body.to_string()).await["id"].as_str().expect("an id").to_owned();
    let page = world.page(&format!("event/{id}")).await.expect(200);
    page.says("a/b ü?&lt;script&gt;").is_silent_on("<script>").says(encoded);
    for nothing in ["evt_0000000000000000000", "grt_x", "%3Cscript%3E", "..%2F..%2Fkeys"] {
        world.page(&format!("event/{nothing}")).await.expect(404).is_silent_on("<script>");
    }
    for role in ["viewer", "operator"] {
        world.become_a(role);
        world.page(&format!("event/{id}")).await.expect(200);
    }
}
