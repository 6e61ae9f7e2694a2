//! `chargly simulate`: tries prices on past events, through a server or in a data directory, also while it is served.
//! `chargly simulate product` makes a past to try them on.

pub(crate) mod product;
mod proposal;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chargly_engine::journal::SqliteJournal;
use chargly_engine::{Watch, simulate};
use chargly_http::{price_simulation_json, price_simulation_table, read_price_simulation};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use crate::data_dir::{DataDir, environments_named};
use crate::failure::Usage;
use crate::http_client::Client;
use crate::place::Place;
use crate::{output, progress, scan};

/// How often a server is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(300);
const PATH: [&str; 2] = ["v1", "price-simulations"];

/// Flags of `chargly simulate`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct SimulateArgs {
    #[command(subcommand)]
    instead: Option<Instead>,
    /// A TOML file with a table under `rules` for each event type: event, rule, and perhaps grid and rounding
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Instead of a file: the event type that gets another price
    #[arg(long, env = "CHARGLY_EVENT", value_name = "NAME", requires = "credits")]
    event: Option<String>,
    /// Its flat price in credits
    #[arg(long, env = "CHARGLY_CREDITS", value_name = "CREDITS", requires = "event")]
    credits: Option<String>,
    /// From when: a day or an instant, 2026-10-01 or 2026-10-01T06:00:00Z
    #[arg(long, env = "CHARGLY_FROM", value_name = "WHEN")]
    from: Option<String>,
    /// Until before when; now when not given
    #[arg(long, env = "CHARGLY_TO", value_name = "WHEN")]
    to: Option<String>,
    /// What customers do: static is always there; replenishing, elastic
    #[arg(long, env = "CHARGLY_MODES", value_name = "MODE", value_delimiter = ',')]
    modes: Option<Vec<String>>,
    /// How many elasticities to draw
    #[arg(long, env = "CHARGLY_DRAWS", value_name = "DRAWS")]
    draws: Option<u32>,
    /// Which elasticities are drawn, and which events happen
    #[arg(long, env = "CHARGLY_SEED", value_name = "SEED")]
    seed: Option<u64>,
    /// Write who pays more and who less to this file
    #[arg(long, env = "CHARGLY_CSV", value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// What else can be simulated.
#[derive(Clone, Debug, Subcommand)]
enum Instead {
    /// Make a new data directory with the journal of a simulated product whose truth is known, and print that
    Product(product::ProductArgs),
}

/// Simulates and prints the runs beside each other.
///
/// # Errors
/// If the proposal makes no sense, or the data directory or the server cannot be used.
pub(crate) fn run(args: &SimulateArgs) -> Result<()> {
    if let Some(Instead::Product(args)) = &args.instead {
        return product::run(args);
    }
    let body = proposal::request(args)?;
    let (result, table) = match args.place.client()? {
        Some(client) => super::runtime()?.block_on(through_server(&client, &body, args.csv.is_some()))?,
        None => in_directory(&args.place, &body)?,
    };
    if let Some(path) = &args.csv {
        std::fs::write(path, table).with_context(|| format!("writing {}", path.display()))?;
    }
    if args.place.json {
        return output::print_json(&result);
    }
    output::print(&words::in_words(&result))
}

async fn through_server(client: &Client, body: &Value, wants_table: bool) -> Result<(Value, Vec<u8>)> {
    let asked = client.call(Method::POST, &PATH, Some(body.to_string())).await?;
    let id = asked.ok("asking for a price simulation")?["id"].as_str().unwrap_or_default().to_owned();
    let path = [PATH[0], PATH[1], &id];
    let bar = progress::count("simulating", 0);
    let job = loop {
        tokio::select! {
            () = tokio::time::sleep(ASK_EVERY) => {}
            _ = tokio::signal::ctrl_c() => {
                client.call(Method::DELETE, &path, None).await?.ok("cancelling the price simulation")?;
                bail!("the price simulation was cancelled");
            }
        }
        let job = client.call(Method::GET, &path, None).await?.ok("asking for the result")?;
        bar.set_length(job["progress"]["all"].as_u64().unwrap_or(0));
        bar.set_position(job["progress"]["done"].as_u64().unwrap_or(0));
        if !matches!(job["status"].as_str(), Some("queued" | "running" | "cancelling")) {
            break job;
        }
    };
    bar.finish_and_clear();
    if job["status"] != "done" {
        bail!("the price simulation is {}: {}", words::text(&job["status"]), words::text(&job["problem"]));
    }
    if !wants_table {
        return Ok((job["result"].clone(), Vec::new()));
    }
    let customers = [PATH[0], PATH[1], &id, "customers"];
    let answer = client.call_with(Method::GET, &customers, &[("format", "csv")], None).await?;
    let table = answer.raw.clone();
    answer.ok("asking for the customers")?;
    Ok((job["result"].clone(), table))
}

fn in_directory(place: &Place, body: &Value) -> Result<(Value, Vec<u8>)> {
    let data = DataDir::at(&place.data);
    data.project()?;
    let dir = data.environment(environments_named(Some(&place.env))?[0]);
    let catalogue = scan::catalogue(&dir, &mut |_, _| {})?;
    let simulation = read_price_simulation(&body.to_string(), &catalogue)
        .map_err(|problems| Usage(format!("the proposal: {}", problems.join("; "))))?;
    let (watch, bar) = (Watch::default(), progress::count("simulating", 0));
    let show = || {
        let (done, all) = watch.progress();
        bar.set_length(all);
        bar.set_position(done);
    };
    let mut reader = SqliteJournal::reader_in(&dir);
    let (simulated, end) =
        simulate(reader.as_mut(), &simulation, &watch, &show).context("simulating prices")?;
    bar.finish_and_clear();
    let customers = simulated.comparison.customers.iter();
    let named = customers.map(|c| (c, end.wallet(c.wallet).map_or("", |wallet| wallet.customer.as_str())));
    let table = price_simulation_table(named);
    let json = price_simulation_json(&simulated, &catalogue);
    Ok((serde_json::from_slice(&json).context("reading the result")?, table))
}
