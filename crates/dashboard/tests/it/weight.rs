//! What a page weighs: it must open at once on a slow line, of a product that has been used for months.

use std::collections::BTreeSet;

use chargly_dashboard::page_paths;

use crate::prices::advisor::{advice, recorded};
use crate::world::World;

/// What a page may weigh as it is sent, compressed: its HTML, and what it links to beside that.
const PAGE_BYTES_MAX: usize = 60_000;
const ASSETS_BYTES_MAX: usize = 60_000;
/// The product that is looked at.
const DAYS: i64 = 100;
const TYPES: usize = 20;
const CUSTOMERS: usize = 200;
const EVENTS_A_DAY: usize = 80;
const DAY_MS: i64 = 86_400_000;
/// The customer who used most, and an event type.
const HEAVY: usize = 0;

/// Ids that compress no better than those of a real product.
fn customer(at: usize) -> String {
    blake3::hash(&at.to_le_bytes()).to_hex()[..24].to_owned()
}

fn event_type(at: usize) -> String {
    const WHAT: [&str; 5] = ["image", "chat", "video", "document", "agent"];
    const DONE: [&str; 4] = ["generate", "reply", "summarise", "upscale"];
    format!("{}.{}", WHAT[at % 5], DONE[at / 5 % 4])
}

/// A product of a hundred days: every type is used every day, every customer every other, and prices and rates changed.
async fn used_for_months() -> World {
    let world = World::empty().await;
    let models = ["writer-1", "writer-2", "painter-1", "painter-2", "planner-1", "planner-2"];
    for at in 0..TYPES {
        let body = format!(r#"{{"label":"{at}","credits":{},"dimensions":["model","tier"]}}"#, at % 7 + 1);
        world.put(&format!("/v1/event-types/{}", event_type(at)), &body).await;
    }
    for at in 0..CUSTOMERS {
        let grant = match at % 4 {
            0 => r#"{"credits":400,"kind":"promotional","reason":"welcome"}"#.to_owned(),
            _ => format!(
                r#"{{"credits":{},"kind":"paid","price":{{"amount":"{}.5","currency":"usd"}}}}"#,
                if at == HEAVY + 1 { 90_000 } else { 1_000 + at },
                at % 30 + 5
            ),
        };
        world.post(&format!("/v1/customers/{}/grants", customer(at)), &grant).await;
    }
    world
        .post(
            &format!("/v1/customers/{}/grants", customer(HEAVY)),
            r#"{"credits":90000,"kind":"promotional"}"#,
        )
        .await;
    for day in 0..DAYS {
        let at = usize::try_from(day).expect("a day");
        if day % 30 == 10 {
            let entries: Vec<String> = models
                .iter()
                .map(|model| format!(r#"{{"provider":"acme","model":"{model}","rates":[{{"unit":"requests","rate":"0.0{}"}}]}}"#, 1 + at % 8))
                .collect();
            world.post("/v1/rate-cards", &format!(r#"{{"entries":[{}]}}"#, entries.join(","))).await;
        }
        if day % 4 == 3 {
            let name = event_type(at / 4 % TYPES);
            let price =
                format!(r#"{{"rule":{{"type":"flat","credits":{}}},"note":"Dearer model"}}"#, at % 9 + 2);
            world.post(&format!("/v1/event-types/{name}/prices"), &price).await;
        }
        let events: Vec<String> = (0..EVENTS_A_DAY)
            .map(|one| {
                let who = if one % 4 == 0 { HEAVY } else { (at * EVENTS_A_DAY + one) % CUSTOMERS };
                let cost = match one % 3 {
                    0 => format!(r#"{{"amount":"0.0{}{}","currency":"usd"}}"#, one % 9, at % 10),
                    _ => format!(r#"{{"provider":"acme","model":"{}","requests":{}}}"#, models[one % 6], one % 5 + 1),
                };
                format!(
                    r#"{{"event":"{}","customer":"{}","idempotency_key":"{day}-{one}","quantity":{},"properties":{{"model":"{}","tier":"{}"}},"cost":{cost}}}"#,
                    event_type(one % TYPES),
                    customer(who),
                    one % 3 + 1,
                    models[one % 6],
                    ["free", "pro"][one % 2],
                )
            })
            .collect();
        world.post("/v1/events/batch", &format!("[{}]", events.join(","))).await;
        world.clock.advance(DAY_MS);
        // A session ends two weeks after the last visit.
        world.page("settings/you").await.expect(200);
    }
    world.settled().await;
    world
}

#[tokio::test]
async fn no_page_is_heavier_than_a_slow_line_bears() {
    let world = used_for_months().await;
    let advised = recorded(&world, advice(&world)).await.0;
    let newest = world.get("/v1/events?limit=1").await["data"][0]["id"].as_str().expect("an id").to_owned();
    let (mut heavy, mut assets) = (Vec::new(), BTreeSet::new());
    // Nobody tells webhooks here. Their pages list as many endpoints as there may be, and the newest messages of one.
    for path in page_paths().filter(|path| !path.starts_with("settings/webhooks")) {
        let path = match path {
            "advisor/{id}" => advised.clone(),
            "event/{id}" => path.replace("{id}", &newest),
            _ => path.replace("{customer}", &customer(HEAVY)).replace("{name}", &event_type(0)),
        };
        for range in ["", "?range=90d", "?range=12m"] {
            let (bytes, got) = world.weigh(&format!("/dashboard/test/{path}{range}")).await;
            let got = got.expect(200);
            assets.extend(got.assets());
            eprintln!("{bytes:>7} of {:>7} {path}{range}", got.text.len());
            if bytes > PAGE_BYTES_MAX {
                heavy.push(format!("{path}{range}: {bytes}"));
            }
        }
    }
    assert!(heavy.is_empty(), "heavier than {PAGE_BYTES_MAX} bytes: {heavy:?}");
    let mut all = 0;
    for asset in &assets {
        let (bytes, got) = world.weigh(&format!("/dashboard/assets/{asset}")).await;
        got.expect(200);
        eprintln!("{bytes:>7} {asset}");
        all += bytes;
    }
    assert!(assets.len() > 2 && all <= ASSETS_BYTES_MAX, "assets weigh {all} bytes: {assets:?}");
}
