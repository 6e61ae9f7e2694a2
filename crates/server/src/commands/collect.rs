//! `chargly customers collect`: charge what a customer used and was not charged, in a data directory that nobody serves,
//! or through a server.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use chargly_api::{Fields, Problems, body_text, time};
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
    #[arg(long, env = "CHARGLY_FROM", value_name = "TIME", value_parser = time::parse)]
    from: Option<i64>,
    /// Only events that occurred before this time (RFC 3339)
    #[arg(long, env = "CHARGLY_TO", value_name = "TIME", value_parser = time::parse)]
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
            "{} with {} credits still uncharged: the wallet cannot pay, or is frozen.\n",
            counted(events),
            sums.left
        ),
    };
    output::print(&format!("Collected {} credits of {}.\n{left}", sums.credits, counted(sums.events)))
}

fn counted(events: u64) -> String {
    if events == 1 { "1 event".to_owned() } else { format!("{events} events") }
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
        let raw = answer.raw.clone();
        let page = if is_verdict { answer.body } else { answer.ok(DOING)? };
        for (name, is_done) in [("collected", true), ("uncharged", false)] {
            if let Some((events, credits)) = sum_of_page(&raw, name) {
                sums.count(events, credits, is_done);
            }
        }
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            return Ok(sums);
        }
    }
}

/// Events and credits of one sum of an answer, read exactly from its text.
fn sum_of_page(raw: &[u8], name: &'static str) -> Option<(u64, Credits)> {
    let mut problems = Problems::default();
    let mut fields = Fields::read(body_text(raw).ok()?, "", &mut problems)?;
    let mut sum = fields.object(name, &mut problems)?;
    let events = sum.optional("events", &mut problems, |value| value.integer(0, i64::MAX))?;
    let credits = sum.optional("credits", &mut problems, |value| {
        Credits::parse(value.number()?).map_err(|error| error.to_string())
    })?;
    Some((u64::try_from(events).ok()?, credits))
}

impl Sums {
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
