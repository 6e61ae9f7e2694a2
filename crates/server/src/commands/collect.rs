//! `chargly customers collect`: charge what a customer used and was not charged, in a data directory that nobody serves,
//! or through a server.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use chargly_api::time;
use chargly_engine::ledger::{Credits, Fact, KeyNo, Millis, WalletEvent};
use chargly_engine::{Environment, SystemClock};
use clap::Args;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::data_dir::{DataDir, HowToOpen, environments_named};
use crate::http_client::Client;
use crate::output;
use crate::place::Place;

/// Flags of `chargly customers collect`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CollectArgs {
    /// The customer, by your own id
    #[arg(value_name = "CUSTOMER", value_parser = super::customers::parse_customer)]
    customer: String,
    /// Only events that occurred at this time or later (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    from: Option<i64>,
    /// Only events that occurred before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    to: Option<i64>,
    #[command(flatten)]
    place: Place,
}

/// What was collected, and what was not.
#[derive(Default)]
struct Sums {
    events: u64,
    credits: Credits,
    left_events: u64,
    left: Credits,
}

/// Collects, and says what came of it.
///
/// # Errors
/// If the data directory or the server cannot be used. That a wallet cannot pay is no error.
pub(crate) fn run(args: &CollectArgs) -> Result<()> {
    let sums = match args.place.client()? {
        Some(client) => super::runtime()?.block_on(through_server(&client, args))?,
        None => in_directory(args)?,
    };
    let number = |credits: Credits| serde_json::from_str::<Value>(&credits.to_string()).unwrap_or_default();
    if args.place.json {
        return output::print_json(&json!({
            "customer": args.customer,
            "collected": {"events": sums.events, "credits": number(sums.credits)},
            "uncharged": {"events": sums.left_events, "credits": number(sums.left)},
        }));
    }
    let left = match sums.left_events {
        0 => "Nothing is left uncharged.\n".to_owned(),
        events => format!(
            "{events} events stay uncharged with {} credits: the wallet cannot pay them, or is frozen.\n",
            sums.left
        ),
    };
    output::print(&format!("Collected {} events, {} credits.\n{left}", sums.events, sums.credits))
}

async fn through_server(client: &Client, args: &CollectArgs) -> Result<Sums> {
    const DOING: &str = "collecting";
    let (mut sums, mut cursor) = (Sums::default(), Value::Null);
    loop {
        let instant = |at: Option<i64>| at.map(time::show);
        let body = json!({"from": instant(args.from), "to": instant(args.to), "cursor": cursor});
        let path = ["v1", "customers", args.customer.as_str(), "collect"];
        let answer = client.call(Method::POST, &path, Some(body.to_string())).await?;
        let is_verdict = answer.status == StatusCode::PAYMENT_REQUIRED
            || (answer.status == StatusCode::FORBIDDEN && answer.body["code"] == "wallet_frozen");
        // Where not one of the page could be paid, the answer is the verdict, with what is left.
        let page = if is_verdict { answer.body } else { answer.ok(DOING)? };
        sums.add(&page["collected"], true)?;
        sums.add(&page["uncharged"], false)?;
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            return Ok(sums);
        }
    }
}

impl Sums {
    fn add(&mut self, of_page: &Value, is_done: bool) -> Result<()> {
        let Some(events) = of_page["events"].as_u64() else { return Ok(()) };
        let text = of_page["credits"].to_string();
        let credits = Credits::parse(&text).with_context(|| format!("reading {text} credits"))?;
        self.count(events, credits, is_done);
        Ok(())
    }

    fn count(&mut self, events: u64, credits: Credits, is_done: bool) {
        let (count, sum) = match is_done {
            true => (&mut self.events, &mut self.credits),
            false => (&mut self.left_events, &mut self.left),
        };
        *count += events;
        *sum = sum.checked_add(credits).unwrap_or(Credits::MAX);
    }
}

fn in_directory(args: &CollectArgs) -> Result<Sums> {
    let data = DataDir::at(&args.place.data);
    data.project()?;
    let name = environments_named(Some(&args.place.env))?[0];
    let clock = Arc::new(SystemClock::start());
    let _lock = data.lock("`chargly customers`", clock.as_ref())?;
    let runtime = super::runtime()?;
    let environment = runtime.block_on(async { data.open(name, HowToOpen::default()) })?;
    let sums = runtime.block_on(collect(&environment, args));
    environment.close();
    sums
}

async fn collect(environment: &Arc<Environment>, args: &CollectArgs) -> Result<Sums> {
    let (mut sums, mut below) = (Sums::default(), None);
    let times = (args.from.map(Millis), args.to.map(Millis));
    loop {
        let page = environment.collect_customer(KeyNo::SYSTEM, &args.customer, times, below).await;
        let page = page.context("collecting")?;
        for outcome in &page.done {
            if let Fact::Wallet(fact) = outcome.fact.as_ref()
                && let WalletEvent::Collected { charge, .. } = &fact.event
            {
                sums.count(1, charge.credits, true);
            }
        }
        sums.count(page.left_events as u64, page.left, false);
        below = page.next;
        if below.is_none() {
            return Ok(sums);
        }
    }
}
