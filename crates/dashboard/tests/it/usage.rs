//! `usage`: each metric by each split has the figures of the API, and what is not kept is explained.

use crate::world::World;

#[tokio::test]
async fn sums_by_every_split_are_those_of_the_api() {
    let world = World::start().await;
    for (metric, field) in [("credits", "credits_used"), ("events", "events"), ("quantity", "quantity")] {
        for (by, value) in [
            ("event", "event"),
            ("customer", "customer"),
            ("price_version", "price_version"),
            ("model", "dimension_value"),
        ] {
            let rows = world.file(&format!("usage?metric={metric}&by={by}"), "largest").await;
            let api = world.get(&format!("/v1/usage?interval=total&group_by={by}")).await;
            let mut sums: Vec<String> =
                api["data"].as_array().expect("a list").iter().map(|row| row[field].to_string()).collect();
            sums.retain(|sum| sum != "0");
            let mut shown: Vec<String> = rows.iter().map(|row| row[1].clone()).collect();
            sums.sort();
            shown.sort();
            assert_eq!(shown, sums, "{metric} by {by}, {value}: {api}");
        }
    }
}

#[tokio::test]
async fn pivot_adds_up_both_ways() {
    let world = World::start().await;
    for by in ["event", "customer", "price_version", "model"] {
        let rows = world.file(&format!("usage?metric=credits&by={by}"), "pivot").await;
        let numbers: Vec<Vec<i64>> = rows
            .iter()
            .map(|row| {
                row.iter().skip(1).take(row.len() - 5).map(|cell| cell.parse().expect("a number")).collect()
            })
            .collect();
        let (sums, body) = numbers.split_last().expect("a row of sums");
        for (at, sum) in sums.iter().enumerate() {
            assert_eq!(body.iter().map(|row| row[at]).sum::<i64>(), *sum, "{by}: {rows:?}");
        }
        for row in &numbers {
            let (total, parts) = row.split_last().expect("a total");
            assert_eq!(parts.iter().sum::<i64>(), *total, "{by}: {rows:?}");
        }
        // 10 images of two customers at 10 and 15 credits; 11 replies are of no model.
        let whole = *sums.last().expect("a total");
        assert_eq!(whole, if by == "model" { 250 } else { 261 }, "{by}");
    }
}

#[tokio::test]
async fn legend_narrows_to_a_group() {
    let world = World::start().await;
    world.page("usage").await.expect(200).says("event=image.generate&amp;by=customer");
    let page = world.page("usage?event=image.generate&by=model").await.expect(200);
    page.says("filter%5Bmodel%5D=x1&amp;by=event");
    let rows = world.file("usage?filter%5Bmodel%5D=x1&by=event&metric=events", "largest").await;
    assert_eq!((rows.len(), rows[0][0].as_str(), rows[0][1].as_str()), (1, "image.generate", "10"));
}

#[tokio::test]
async fn what_is_not_kept_is_explained_and_not_an_error() {
    let world = World::start().await;
    for (query, why) in [
        ("by=customer&filter%5Bmodel%5D=x1", "Customers are not counted by model"),
        ("by=price_version&filter%5Bmodel%5D=x1", "Price versions are not counted by model"),
        ("by=price_version&customer=ada", "Customers are not counted by price version"),
        ("by=model&customer=ada", "Customers are not counted by model"),
        ("filter%5Bmodel%5D=x1&filter%5Bsize%5D=y", "Two dimensions are not counted together"),
        ("event=no.such", "That is not counted."),
        ("filter%5Bno.such%5D=x", "That is not counted."),
    ] {
        world.page(&format!("usage?{query}")).await.expect(200).says(why);
    }
}

#[tokio::test]
async fn unit_costs_are_of_the_newest_events_and_say_so() {
    let world = World::start().await;
    world.page("usage").await.expect(200).says("Choose one:");
    world.page("usage?event=image.generate").await.expect(200).says("All 20 events of this range.");
    let rows = world.file("usage?event=image.generate", "cost-per-unit").await;
    let quantiles: Vec<(&str, &str)> =
        rows.iter().take(3).map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert_eq!(quantiles, [("p50", "0.04"), ("p90", "0.06"), ("p99", "0.06")]);
    let counted: i64 = rows.iter().skip(3).map(|row| row[3].parse::<i64>().expect("a count")).sum();
    assert_eq!(counted, 20);
    world.page("usage?event=chat.reply").await.expect(200).says("cost missing");
}

#[tokio::test]
async fn refused_and_uncharged_are_counted_and_nothing_is_said_of_nothing() {
    let world = World::start().await;
    world.page("usage?metric=refused").await.expect(200);
    let empty = World::empty().await;
    empty.page("usage").await.expect(200).says("Nothing was used in this range.");
}

#[tokio::test]
async fn bin_of_the_histogram_leads_to_its_events() {
    let world = World::start().await;
    let page = world.page("usage?event=image.generate").await.expect(200);
    page.says("Press a bin to see its events.").says("unit_cost_from=0.04");
    // Ada's cost 4 cents, Bob's 6.
    let rows = world.file("usage?event=image.generate&unit_cost_from=0.05", "unit-costs").await;
    assert_eq!(rows.len(), 10);
    assert!(
        rows.iter().all(|row| row[1] == "bob" && row[2] == "0.06" && row[6].starts_with("evt_")),
        "{rows:?}"
    );
    let below =
        world.file("usage?event=image.generate&unit_cost_from=0.04&unit_cost_to=0.06", "unit-costs").await;
    assert!(below.len() == 10 && below.iter().all(|row| row[1] == "ada"), "{below:?}");
    world
        .page("usage?event=image.generate&unit_cost_from=x")
        .await
        .expect(200)
        .is_silent_on("Which events cost");
}

#[tokio::test]
async fn price_version_narrows_the_page_to_its_events() {
    let world = World::start().await;
    let versions = world.get("/v1/event-types/image.generate/prices").await;
    let first = versions["data"][1]["id"].as_str().expect("an id").to_owned();
    let narrowed = format!("usage?event=image.generate&by=price_version&price_version={first}");
    world.page("usage?by=price_version&event=image.generate").await.says(&format!("price_version={first}"));
    let page = world.page(&narrowed).await.expect(200);
    page.says("Remove the filter price version");
    let api =
        world.get(&format!("/v1/usage?interval=total&event=image.generate&price_version={first}")).await;
    let largest = world.file(&narrowed, "largest").await;
    assert_eq!((largest.len(), largest[0][1].clone()), (1, api["totals"]["credits_used"].to_string()));
    // Five days of two customers under the first price.
    let costs = world.file(&format!("{narrowed}&unit_cost_from=0"), "unit-costs").await;
    assert_eq!(costs.len(), 10);
    for other in ["&customer=ada", "&by=customer", "&filter%5Bmodel%5D=x1"] {
        let path = format!("usage?event=image.generate&price_version={first}{other}");
        world.page(&path).await.expect(200).says("That is not counted.");
    }
    let rubbish = world.page("usage?price_version=%3Cscript%3E").await;
    assert!(rubbish.status.as_u16() < 500);
    rubbish.is_silent_on("<script>");
}
