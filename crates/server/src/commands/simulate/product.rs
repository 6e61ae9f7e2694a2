//! `chargly simulate product`: a new data directory with the past of a simulated product whose truth is known, to try
//! on it what draws conclusions from events.
//!
//! The environment is opened with a clock that the simulation moves, so that prices take effect, credits expire and
//! facts are recorded at simulated times, all of them past. Like every first start it is made beside and moved into
//! place: a run that is cut off leaves nothing that counts.

mod shop;
mod words;

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, ensure};
use chargly_engine::ledger::Millis;
use chargly_engine::{CLOCK_JUMP_AT_START_MAX_MS, Clock, Environment, ManualClock, SystemClock};
use chargly_market::{MarketError, MarketPlan, Played, Preset, play, preset_over, requests, set_types};
use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::ProgressBar;

use crate::cli::DataArgs;
use crate::commands::init::{refuse_a_project, shown};
use crate::data_dir::DataDir;
use crate::failure::Usage;
use crate::{first_start, output, progress};

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// Flags of `chargly simulate product`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProductArgs {
    #[command(flatten)]
    data: DataArgs,
    /// What is true of the product
    #[arg(long, env = "CHARGLY_PRESET", default_value = "calm", value_name = "NAME", value_parser = presets())]
    preset: String,
    /// What is drawn: the same flags and seed make the same events
    #[arg(long, env = "CHARGLY_SEED", default_value_t = 1, value_name = "SEED")]
    seed: u64,
    /// Customers; as many as the preset has when not given
    #[arg(long, env = "CHARGLY_CUSTOMERS", value_name = "N")]
    customers: Option<u32>,
    /// Days
    #[arg(long, env = "CHARGLY_DAYS", default_value_t = 120, value_name = "N")]
    days: u32,
    /// About how many events in all; as many as the preset makes in these days when not given
    #[arg(long, env = "CHARGLY_EVENTS", value_name = "N")]
    events: Option<u64>,
    /// Event types: the preset's first, then more of their kind; as many as it has when not given
    #[arg(long, env = "CHARGLY_TYPES", value_name = "N")]
    types: Option<u16>,
    /// The day before which it ends, in UTC; today when not given
    #[arg(long, env = "CHARGLY_UNTIL", value_name = "YYYY-MM-DD")]
    until: Option<String>,
    /// Print the result as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
}

fn presets() -> PossibleValuesParser {
    PossibleValuesParser::new(Preset::ALL.map(Preset::as_str))
}

/// Makes the directory and prints what is true of it.
///
/// # Errors
/// If there is a project already, the flags make no product, or something cannot be written.
pub(crate) fn run(args: &ProductArgs) -> Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let plan = plan(args, clock.wall_ms())?;
    let data = DataDir::at(&args.data.data);
    let _lock = data.lock("`chargly simulate product`", clock.as_ref())?;
    refuse_a_project(&data)?;
    let (mut played, simulated) = (None, Arc::new(ManualClock::at(plan.start.0)));
    let fill = async |environment: &Arc<Environment>| {
        played = Some(tokio::task::block_in_place(|| fill(environment, &plan, Arc::clone(&simulated)))?);
        Ok(())
    };
    let test: (Arc<dyn Clock>, _) = (Arc::clone(&simulated) as Arc<dyn Clock>, fill);
    let now_ms = clock.wall_ms();
    let begun = crate::commands::runtime()?.block_on(first_start::begin_with(
        &data,
        clock,
        requests::CURRENCY,
        test,
    ))?;
    let begun = shown(begun, &data)?;
    let played = played.context("the product was not simulated")?;
    if args.json {
        return output::print_json(&words::json(&begun, &plan, &played));
    }
    let is_long_ago = now_ms - end(&plan).0 > CLOCK_JUMP_AT_START_MAX_MS;
    output::print(&words::in_words(&begun, data.root(), &plan, &played, is_long_ago))
}

fn fill(environment: &Environment, plan: &MarketPlan, clock: Arc<ManualClock>) -> Result<Played> {
    let bar = progress::count("simulating days", plan.days.into());
    let played = play_in(environment, plan, clock, &bar);
    bar.finish_and_clear();
    played
}

/// Plays a plan in an environment that was opened with this clock, and says at the bar which day it is. Called within the
/// runtime, on a thread that may wait.
///
/// # Errors
/// If the plan makes no product, or the environment refuses.
pub(crate) fn play_in(
    environment: &Environment,
    plan: &MarketPlan,
    clock: Arc<ManualClock>,
    bar: &ProgressBar,
) -> Result<Played> {
    play(plan, &mut shop::EnvironmentShop::new(environment, clock, bar)).map_err(|error| match error {
        MarketError::Plan(error) => anyhow!(error),
        MarketError::Shop(error) => error.context("simulating the product"),
    })
}

fn plan(args: &ProductArgs, now_ms: i64) -> Result<MarketPlan> {
    let preset = Preset::parse(&args.preset).context("the flags were checked")?;
    let mut plan = preset_over(preset, args.days.max(1));
    plan.seed = args.seed;
    plan.days = args.days;
    plan.customers = args.customers.unwrap_or(plan.customers);
    if let Some(types) = args.types {
        set_types(&mut plan, types.into());
    }
    if let Some(events) = args.events {
        plan.scale_to(events);
    }
    let end_ms = match &args.until {
        None => now_ms - now_ms.rem_euclid(DAY_MS),
        Some(day) => {
            let end: jiff::Timestamp = format!("{day}T00:00:00Z")
                .parse()
                .map_err(|_| Usage(format!("--until {day}: must be a day such as 2026-10-01")))?;
            end.as_millisecond()
        }
    };
    ensure!(end_ms <= now_ms, Usage("--until: must not be after today: what happened is past".to_owned()));
    plan.start = Millis(end_ms - i64::from(args.days) * DAY_MS);
    ensure!(plan.start.0 >= 0, Usage("--days: must not begin before 1970".to_owned()));
    plan.check().map_err(|error| Usage(error.to_string()))?;
    Ok(plan)
}

/// When the last day ends.
fn end(plan: &MarketPlan) -> Millis {
    plan.start.plus(i64::from(plan.days) * DAY_MS)
}
