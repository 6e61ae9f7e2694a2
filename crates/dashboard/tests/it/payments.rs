//! `settings/payments`: how an environment is connected, and the test of it.

use crate::world::World;

const PATH: &str = "settings/payments";

#[tokio::test]
async fn sandbox_is_shown_and_tested_by_who_may() {
    let world = World::empty().await;
    world.page(PATH).await.expect(200).says("Sandbox").says("CHARGLY_STRIPE_TEST_SECRET_KEY");
    for (role, status) in [("approver", 303), ("operator", 303)] {
        world.become_a(role);
        let got = world.act(PATH, "test", &[("provider", "sandbox")]).await.expect(status);
        assert!(got.headers["location"].to_str().expect("ASCII").contains("The+sandbox+works"));
    }
    let csrf = world.page(PATH).await.field("test", "csrf");
    world.become_a("viewer");
    world.page(PATH).await.expect(200).says("takes the role operator").is_silent_on("Test the connection");
    let fields = [("csrf", csrf.as_str()), ("action", "test"), ("provider", "sandbox")];
    world.send_form(PATH, &fields).await.expect(403);
    world.become_a("operator");
    world.send_form(PATH, &fields[1..]).await.expect(409);
    let nobody = [fields[0], fields[1], ("provider", "../../keys")];
    world.send_form(PATH, &nobody).await.expect(404);
}

#[tokio::test]
async fn live_without_a_provider_says_how_to_connect_it() {
    let world = World::empty().await;
    let page = world.look("/dashboard/live/settings/payments").await.expect(200);
    page.says("Nothing can be bought here yet.").says("CHARGLY_STRIPE_LIVE_WEBHOOK_SECRET=whsec_…");
}
