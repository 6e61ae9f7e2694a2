//! Operations from standard input, through this crate; a line of what each was answered. For `sdks/doors`, which sends the
//! same through every door.

#![expect(clippy::print_stdout, reason = "the answers are for whoever runs it")]

use std::collections::HashMap;

use chargly_client::{Capture, Client, Error, Meter, PlaceHold};
use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let client = Client::from_env()?;
    let mut holds = HashMap::new();
    for one in serde_json::from_reader::<_, Vec<Value>>(std::io::stdin())? {
        match answer(&client, &mut holds, &one).await {
            Ok(balance) => println!("ok {balance}"),
            Err(error) if error.status_code().is_some() => println!("refused {}", error.code()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn answer(
    client: &Client,
    holds: &mut HashMap<String, String>,
    one: &Value,
) -> std::result::Result<String, Error> {
    let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let credits = one["credits"].as_i64().unwrap_or_default();
    let hold = holds.get(&text("hold")).cloned().unwrap_or_default();
    Ok(match one["op"].as_str().unwrap_or_default() {
        "meter" => {
            let event = Meter::new(text("event"), text("customer")).idempotency_key(text("key"));
            client.meter(event).await?.remaining_balance.to_string()
        }
        "hold" => {
            let hold =
                PlaceHold::new(text("event"), text("customer")).credits(credits).idempotency_key(text("key"));
            let hold = client.place_hold(hold).await?;
            holds.insert(text("key"), hold.hold_id.clone());
            hold.remaining_balance.to_string()
        }
        "capture" => {
            let capture = Capture::new().credits(credits).idempotency_key(text("key"));
            client.capture_hold(&hold, capture).await?.remaining_balance.to_string()
        }
        _ => client.void_hold(&hold).await?.raw.to_value()["balance"]["available"].to_string(),
    })
}
