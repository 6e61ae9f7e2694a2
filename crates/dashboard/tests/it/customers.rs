//! `customers`: who uses, who pays, and who costs more than they pay.

use crate::world::World;

#[tokio::test]
async fn table_has_the_figures_of_the_api() {
    let world = World::start().await;
    let rows = world.file("customers?range=30d", "customers").await;
    let listed = world.get("/v1/customers").await;
    let listed = listed["data"].as_array().expect("a list");
    assert_eq!(rows.len(), listed.len());
    for (row, api) in rows.iter().zip(listed) {
        assert_eq!(row[0], api["customer"].as_str().expect("an id"));
        assert_eq!(row[1], api["events"].to_string(), "{row:?}");
        assert_eq!(row[2], api["credits_used"].to_string(), "{row:?}");
        assert_eq!(row[3], api["recognised"].as_str().expect("money"), "{row:?}");
        assert_eq!(row[4], api["cost"].as_str().unwrap_or_default(), "{row:?}");
        assert_eq!(row[5], api["contribution"].as_str().unwrap_or_default(), "{row:?}");
        assert_eq!(row[7], api["available"].to_string(), "{row:?}");
    }
    // 10 images of Ada: 5 × 10 + 5 × 15 credits at 2 cents; Bob's credits were given to him.
    assert_eq!((rows[0][0].as_str(), rows[0][3].as_str()), ("ada", "2.72"));
    assert_eq!((rows[1][0].as_str(), rows[1][5].as_str()), ("bob", "-0.6"));
}

#[tokio::test]
async fn who_costs_more_than_they_pay_is_told_and_leads_to_them() {
    let world = World::start().await;
    let page = world.page("customers").await.expect(200);
    page.says("Where do we lose most?").says(r#"href="../../dashboard/test/customers/bob""#);
    assert_eq!(world.file("customers", "losses").await.len(), 1);
    assert_eq!(world.file("customers?sort=contribution", "customers").await[0][0], "bob");
    assert_eq!(world.file("customers", "revenue-and-cost").await.len(), 2);
}

#[tokio::test]
async fn narrowed_to_an_event_type_it_has_those_who_used_it() {
    let world = World::start().await;
    let rows = world.file("customers?event=chat.reply", "customers").await;
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["ada"]);
    // Replies have no cost: that is missing, and never 0.
    world.page("customers?event=chat.reply").await.expect(200).says("cost missing");
    assert_eq!(rows[0][4], "");
}

#[tokio::test]
async fn search_leads_to_any_customer() {
    let world = World::start().await;
    let page = world.page("customers").await.expect(200);
    let csrf =
        page.text.split(r#"name="csrf" value=""#).nth(1).expect("a form").split('"').next().expect("a value");
    let got = world.send_form("customers", &[("csrf", csrf), ("customer", " a/b ü? ")]).await.expect(303);
    let location = got.headers["location"].to_str().expect("ASCII");
    assert_eq!(location, "../../dashboard/test/customers/a%2Fb%20%C3%BC%3F");
    world.send_form("customers", &[("csrf", "wrong"), ("customer", "ada")]).await.expect(409);
}

#[tokio::test]
async fn without_anybody_it_says_what_will_be_here() {
    let world = World::empty().await;
    world.page("customers").await.expect(200).says("No customer used anything in this range.");
}
