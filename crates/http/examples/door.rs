//! What the door costs: the router called in this process, without sockets, over a real environment.
//!
//! `cargo run --release -p chargly-http --example door -- batch 20` sends 20 batches of 1,000 events, `single 2000`
//! so many single events. Meant for a profiler that counts instructions (`valgrind --tool=callgrind`), which tells
//! on a busy machine what a stopwatch cannot.

use std::error::Error;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use chargly_engine::ledger::{KeyNo, Scopes};
use chargly_engine::{Clock, Environment, OpenOptions, SystemClock, create};
use chargly_http::{Project, router};
use tower::ServiceExt as _;

/// Events of one batch.
const BATCH_EVENTS: usize = 1_000;
/// Customers over which events are spread.
const CUSTOMERS: usize = 1_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (kind, calls) = (args.next().ok_or("batch or single?")?, args.next().ok_or("how many calls?")?);
    let (path, events) = match kind.as_str() {
        "batch" => ("/v1/events/batch", BATCH_EVENTS),
        _ => ("/v1/events", 1),
    };
    let dir = tempfile::tempdir()?;
    let options = || OpenOptions::new(Arc::new(SystemClock::start()) as Arc<dyn Clock>, "0.0.0");
    create(dir.path(), "test", [1; 32], options())?;
    let test = Environment::open(dir.path(), options())?;
    let secret = test.create_key(KeyNo::SYSTEM, "door".into(), Scopes::all(), None).await?.secret;
    let door = router(Project::new(vec![Arc::clone(&test)], Vec::new(), None, "0.0.0"));
    let call = async |method: &str, path: &str, body: String| {
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header("authorization", format!("Bearer {secret}"))
            .header("content-type", "application/json")
            .header("content-length", body.len().to_string());
        let response = door.clone().oneshot(request.body(Body::from(body))?).await?;
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await?;
        assert!(status.is_success(), "{}", String::from_utf8_lossy(&body));
        Ok::<_, Box<dyn Error>>(())
    };
    call("PUT", "/v1/event-types/bench.event", r#"{"label":"Bench","credits":1}"#.to_owned()).await?;
    for customer in 0..CUSTOMERS {
        let path = format!("/v1/customers/bench_{customer:06}/grants");
        let grant = r#"{"credits":1000000,"kind":"paid","price":{"amount":"20","currency":"usd"}}"#;
        call("POST", &path, grant.to_owned()).await?;
    }
    let mut next = 0;
    for _ in 0..calls.parse()? {
        let body: Vec<String> = (next..next + events).map(event).collect();
        next += events;
        let body = if events == 1 { body.concat() } else { format!("[{}]", body.join(",")) };
        call("POST", path, body).await?;
    }
    test.close();
    Ok(())
}

fn event(number: usize) -> String {
    let customer = number * 7_919 % CUSTOMERS;
    format!(
        r#"{{"event":"bench.event","customer":"bench_{customer:06}","idempotency_key":"{number:032x}","properties":{{"model":"gpt-4o","tokens":812}},"cost":{{"amount":"0.0042","currency":"usd"}}}}"#
    )
}
