//! What the crate costs beside bare reqwest, measured in one process against a server that is there already.
//!
//! ```sh
//! CHARGLY_SECRET_KEY=sk_test_… CHARGLY_BASE_URL=http://127.0.0.1:8080 cargo run --release --example measure
//! ```

#![expect(clippy::print_stdout, reason = "figures are for whoever runs it")]

use std::time::{Duration, Instant};

use chargly_client::{BatcherOptions, Client, Grant, Meter};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const CALLS: usize = 2_000;
const WARM_UP: usize = 100;
const EVENTS: usize = 20_000;
const BATCH: usize = 1_000;
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() -> Result<()> {
    let client = Client::from_env()?;
    client.grant("measured", Grant::new(10_000_000)).await?;
    let key = std::env::var("CHARGLY_SECRET_KEY")?;
    overhead(&client, &key).await?;
    throughput(&client, &key).await
}

/// Taken in turns, so that whatever disturbs disturbs both alike.
async fn overhead(client: &Client, key: &str) -> Result<()> {
    let http = reqwest::Client::new();
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for call in 0..CALLS + WARM_UP {
        let began = Instant::now();
        let text = post(&http, client, key, "/v1/events", &event(false)).await?;
        let _answer: Value = serde_json::from_str(&text)?;
        let between = Instant::now();
        client.meter_event("chat.reply", "measured").await?;
        if call >= WARM_UP {
            bare.push(between - began);
            ours.push(between.elapsed());
        }
    }
    let (bare, ours) = (median(bare).as_micros(), median(ours).as_micros());
    println!("one call, median: {ours} µs, a bare post {bare} µs");
    Ok(())
}

async fn throughput(client: &Client, key: &str) -> Result<()> {
    let http = reqwest::Client::new();
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..EVENTS / BATCH {
            let events: Vec<Value> = (0..BATCH).map(|_| event(true)).collect();
            let text = post(&http, client, key, "/v1/events/batch", &json!({ "events": events })).await?;
            assert_eq!(serde_json::from_str::<Value>(&text)?["accepted"], BATCH);
        }
        bare.push(began.elapsed());

        let began = Instant::now();
        let batcher = client.batcher(BatcherOptions::new().batch_size(BATCH).max_pending(5 * BATCH));
        for _ in 0..EVENTS {
            batcher.enqueue(Meter::new("chat.reply", "measured")).await?;
        }
        batcher.close(Duration::from_secs(120)).await?;
        ours.push(began.elapsed());
    }
    println!("events/s in batches of {BATCH}: {} by the batcher, {} by bare posts", rate(ours), rate(bare));
    Ok(())
}

fn event(is_recorded: bool) -> Value {
    let key = uuid::Uuid::now_v7().to_string();
    let mut event = json!({ "event": "chat.reply", "customer": "measured", "idempotency_key": key });
    if is_recorded {
        event["if_insufficient"] = "record".into();
    }
    event
}

async fn post(
    http: &reqwest::Client,
    client: &Client,
    key: &str,
    path: &str,
    body: &Value,
) -> Result<String> {
    let request = http.post(format!("{}{path}", client.base_url())).bearer_auth(key);
    let answer = request.header("content-type", "application/json").body(body.to_string()).send().await?;
    Ok(answer.error_for_status()?.text().await?)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn rate(times: Vec<Duration>) -> u128 {
    EVENTS as u128 * 1_000_000 / median(times).as_micros()
}
