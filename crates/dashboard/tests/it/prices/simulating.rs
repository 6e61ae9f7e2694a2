//! The past under other prices, from the form to the form of a new version.

use crate::world::World;

const PATH: &str = "pricing/simulate";

/// Fills in the form and follows it until there is a result; its address and the page.
async fn simulated(world: &World, credits: &str) -> (String, super::Got) {
    let fields = [
        ("about", "image.generate"),
        ("form", "flat"),
        ("credits", credits),
        ("from", "2026-11-20"),
        ("to", "2026-12-04"),
        ("replenishing", "1"),
        ("elastic", "1"),
    ];
    let got = world.act(PATH, "simulate", &fields).await.expect(303);
    let location = got.headers["location"].to_str().expect("ASCII").to_owned();
    let path = format!("{PATH}{location}");
    loop {
        let page = world.page(&path).await.expect(200);
        if !page.text.contains("data-waits") {
            return (path, page);
        }
        page.says("Look again").says("waiting-");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn result_shows_all_runs_and_leads_to_the_form_that_publishes() {
    let world = World::start().await;
    let (path, page) = simulated(&world, "30").await;
    page.says("What would have been different?")
        .says("Whose bill changes by how much?")
        .says("Who pays more, and who less?");
    page.says(
        "pricing/image.generate?from=2026-11-20&amp;to=2026-12-04&amp;form=flat&amp;credits=30#publish",
    );
    let id = path.split("sim=").nth(1).expect("an id").split('&').next().expect("an id");
    let answer = world.get(&format!("/v1/price-simulations/{id}")).await;
    let runs = world.file(&path, "runs").await;
    let credits = &runs[1];
    assert_eq!(credits[0], "Credits used");
    assert_eq!(credits[1], answer["result"]["happened"]["credits_used"].to_string());
    assert_eq!(credits[2], answer["result"]["static"]["credits_used"].to_string());
    let losers = world.file(&path, "winners-and-losers").await;
    assert_eq!((losers.len(), losers[0][0].as_str()), (2, "ada"));
    let shock = world.file(&path, "bill-shock").await;
    let people: i64 = shock.iter().map(|row| row[2].parse::<i64>().expect("a count")).sum();
    assert_eq!(people, 2);

    let form = world.page("pricing/image.generate?form=flat&credits=30").await.expect(200);
    assert_eq!(form.field("publish", "credits"), "30");
}

#[tokio::test]
async fn what_is_wrong_is_told_by_the_field_and_stays_typed() {
    let world = World::start().await;
    let days = [("about", "image.generate"), ("from", "2026-11-20"), ("to", "2026-12-04")];
    let wrong = [&days[..], &[("form", "flat"), ("credits", "-1")]].concat();
    world.act(PATH, "simulate", &wrong).await.expect(400).says("rule.credits").says(r#"value="-1""#);
    let upside_down = [
        ("about", "image.generate"),
        ("form", "flat"),
        ("credits", "1"),
        ("from", "2026-12-04"),
        ("to", "2026-11-20"),
    ];
    world.act(PATH, "simulate", &upside_down).await.expect(400).says("must be days");
    world.page(&format!("{PATH}?sim=sim_gone")).await.expect(200).says("This result is forgotten.");
}
