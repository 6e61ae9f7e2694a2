//! Prices at the dashboard: what is published is there, what is decided is decided, and who may not, does nothing.

pub(crate) mod advisor;
mod impact;
mod publishing;
mod simulating;

use crate::world::{Got, World};

/// Every page of these sections.
const PAGES: [&str; 7] = [
    "pricing",
    "pricing/image.generate",
    "pricing/%73imulate",
    "pricing/simulate",
    "price-impact",
    "advisor",
    "advisor/track-record",
];

#[tokio::test]
async fn pages_are_there_for_everybody_with_and_without_data() {
    for world in [World::empty().await, World::start().await] {
        for role in ["viewer", "operator", "approver"] {
            world.become_a(role);
            for path in PAGES {
                let status = world.page(path).await.status.as_u16();
                let is_of_a_type = path == "pricing/image.generate" || path == "pricing/%73imulate";
                assert!(status == 200 || is_of_a_type && status == 404, "{path} as {role}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn rubbish_in_the_address_does_no_harm() {
    let world = World::start().await;
    for path in [
        "pricing?range=never&from=2026-99-99&csv=",
        "pricing/image.generate?old=99&new=x&form=what&credits=%3Cscript%3E&rule=%7B",
        "pricing/simulate?about=nothing&form=other&rule=%3Cscript%3E&from=x&to=y",
        "pricing/simulate?sim=sim_nothing",
        "pricing/simulate?sim=..%2F..%2Fcustomers",
        "price-impact?range=%00",
        "advisor?said=%3Cscript%3Ealert(1)%3C/script%3E",
    ] {
        let got = world.page(path).await.expect(200);
        got.is_silent_on("<script>");
    }
    for path in ["pricing/nothing.here", "advisor/rec_nothing", "price-impact?event=nothing"] {
        let got = world.page(path).await;
        assert!(got.status.is_client_error(), "{path}: {}", got.status);
    }
}

/// The page that an action leads to.
async fn followed(world: &World, path: &str, got: Got) -> Got {
    let location = got.expect(303).headers["location"].to_str().expect("ASCII").to_owned();
    let query = location.strip_prefix('?').unwrap_or_else(|| panic!("{location} is elsewhere"));
    world.page(&format!("{path}?{query}")).await.expect(200)
}
