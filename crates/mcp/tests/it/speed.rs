//! What a call of a tool costs beside a call of its route: a measurement, and no assertion.

use std::time::Instant;

use serde_json::json;

use crate::world::{World, call};

const CALLS: u32 = 5_000;
/// Callers at once.
const AT_ONCE: usize = 16;

/// `cargo test --release -p chargly-mcp --test it -- --ignored --nocapture speed`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and says what")]
async fn calls_per_second_through_either_door() {
    let world = World::start().await;
    world.grant("rich", 1_000_000_000).await;
    for (what, over_mcp, path) in [
        ("GET wallet over HTTP", false, Some("/v1/customers/rich/wallet")),
        ("chargly.get_wallet over MCP", true, Some("")),
        ("POST /v1/events over HTTP", false, None),
        ("chargly.meter_event over MCP", true, None),
    ] {
        let began = Instant::now();
        let callers = (0..AT_ONCE).map(|_| async {
            for _ in 0..CALLS / u32::try_from(AT_ONCE).expect("few") {
                match (over_mcp, path) {
                    (false, Some(path)) => drop(world.http_any("GET", path, "").await),
                    (false, None) => {
                        let body = r#"{"customer":"rich","event":"image.generate"}"#;
                        drop(world.http_any("POST", "/v1/events", body).await);
                    }
                    (true, path) => {
                        let (tool, args) = match path {
                            Some(_) => ("chargly.get_wallet", json!({"customerId": "rich"})),
                            None => (
                                "chargly.meter_event",
                                json!({"customerId": "rich", "event": "image.generate"}),
                            ),
                        };
                        drop(world.send(world.message(&call(tool, &args))).await);
                    }
                }
            }
        });
        futures_util::future::join_all(callers).await;
        println!("{what}: {:.0} calls/s", f64::from(CALLS) / began.elapsed().as_secs_f64());
    }
}
