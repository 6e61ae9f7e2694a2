//! What the kill harness sends: charges, holds, grants, in duplicates and batches, in any order.

use rand::Rng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::books::{Effect, Request};

/// Requests prepared for one cycle: more than a server answers before it is killed.
const REQUESTS: usize = 3_000;
/// Customers with plenty of credits.
const RICH: u32 = 8;
/// Customers with few, who are refused before long.
const POOR: u32 = 3;
/// Credits of a grant to the poor: two and a half chat replies.
const POOR_GRANT: i64 = 20;
/// The route of charges.
pub(super) const METER: &str = "/v1/events";

/// One piece of work of a connection.
#[derive(Clone)]
pub(super) enum Work {
    /// Send this alone.
    Single(Request),
    /// Send these meter events as a batch.
    Batch(Vec<Request>),
}

/// What is to be sent in one cycle: each request one to five times, alone and in batches, in any order.
pub(super) fn requests(cycle: u32, draw: &mut ChaCha8Rng) -> Vec<Work> {
    let mut work = Vec::new();
    for number in 0..REQUESTS {
        let request = request(&format!("k{cycle}-{number}"), draw);
        for _ in 0..draw.random_range(1..=5) {
            work.push(Work::Single(request.clone()));
        }
    }
    let meters: Vec<Request> = work
        .iter()
        .filter_map(|work| match work {
            Work::Single(request) if request.path == METER => Some(request.clone()),
            Work::Single(_) | Work::Batch(_) => None,
        })
        .collect();
    for _ in 0..REQUESTS / 20 {
        let size = draw.random_range(2..=60);
        work.push(Work::Batch(
            (0..size).map(|_| meters[draw.random_range(0..meters.len())].clone()).collect(),
        ));
    }
    work.shuffle(draw);
    // Everybody is granted credits at the very end, from where work is taken.
    for (customer, credits) in everybody() {
        let key = format!("k{cycle}-grant-{customer}");
        work.push(Work::Single(grant(key, &customer, credits)));
    }
    work
}

fn everybody() -> impl Iterator<Item = (String, i64)> {
    let rich = (0..RICH).map(|number| (format!("rich_{number}"), 1_000_000));
    rich.chain((0..POOR).map(|number| (format!("poor_{number}"), POOR_GRANT)))
}

fn request(key: &str, draw: &mut ChaCha8Rng) -> Request {
    let rich = format!("rich_{}", draw.random_range(0..RICH));
    match draw.random_range(0..100) {
        0..12 => hold(key, rich),
        12..17 => grant(key.to_owned(), &rich, draw.random_range(1..500)),
        17..27 => meter(key, format!("poor_{}", draw.random_range(0..POOR)), "chat.reply", 8),
        27..60 => meter(key, rich, "workflow.step", 6),
        _ => meter(key, rich, "image.generate", 40),
    }
}

fn meter(key: &str, customer: String, event: &str, credits: i64) -> Request {
    let body = json!({"event": event, "customer": customer, "idempotency_key": key,
        "properties": {"model": "m-large", "tokens": 812}, "cost": {"amount": "0.004", "currency": "usd"}});
    let effect = Effect::Post(-credits);
    Request { key: key.to_owned(), customer, path: METER.to_owned(), body: body.to_string(), effect }
}

fn grant(key: String, customer: &str, credits: i64) -> Request {
    let body = json!({"credits": credits, "kind": "promotional", "idempotency_key": key}).to_string();
    let path = format!("/v1/customers/{customer}/grants");
    Request { key, customer: customer.to_owned(), path, body, effect: Effect::Post(credits) }
}

/// A hold for an agent's run, at its price.
fn hold(key: &str, customer: String) -> Request {
    let body =
        json!({"event": "agent.run", "customer": customer, "idempotency_key": key, "expires_in_s": 86_400});
    let effect = Effect::Hold(AGENT_RUN);
    Request { key: key.to_owned(), customer, path: "/v1/holds".to_owned(), body: body.to_string(), effect }
}

/// Credits of an agent's run in the example catalogue.
const AGENT_RUN: i64 = 25;
