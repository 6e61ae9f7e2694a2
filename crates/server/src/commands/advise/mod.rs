//! `chargly advise`: look for advice on prices, read its cards, and decide; through a server or in a data directory.

mod desk;
mod layout;
mod table;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::desk::{Decided, Desk};
use crate::failure::Usage;
use crate::output;
use crate::place::Place;

/// Flags of `chargly advise`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct AdviseArgs {
    #[command(subcommand)]
    what: Option<What>,
    /// Only advice on this event type
    #[arg(long, env = "CHARGLY_EVENT", value_name = "NAME")]
    event: Option<String>,
    /// Which random numbers: the same facts and seed give the same advice
    #[arg(long, env = "CHARGLY_SEED", value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Only show what would be advised, and record nothing
    #[arg(long, env = "CHARGLY_DRY_RUN")]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

/// What to do with advice that was given.
#[derive(Clone, Debug, Subcommand)]
enum What {
    /// List advice, newest first
    List {
        /// Only advice on this event type
        #[arg(long, env = "CHARGLY_EVENT", value_name = "NAME")]
        event: Option<String>,
        /// Only advice that stands there: pending, accepted, applied, rejected, expired
        #[arg(long, env = "CHARGLY_STATUS", value_name = "STATUS")]
        status: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Show the card of one piece of advice, and the arithmetic behind it
    Show {
        /// The advice, as `list` shows it
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        place: Place,
    },
    /// Publish the price that is advised, exactly that
    Apply {
        /// The advice, as `list` shows it
        #[arg(value_name = "ID")]
        id: String,
        /// Days until the price holds
        #[arg(long, env = "CHARGLY_NOTICE_DAYS", value_name = "DAYS")]
        notice_days: Option<u32>,
        /// Why; kept with the price version
        #[arg(long, env = "CHARGLY_REASON", value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Turn advice down: it is not given again until the figures move
    Reject {
        /// The advice, as `list` shows it
        #[arg(value_name = "ID")]
        id: String,
        /// Why
        #[arg(long, env = "CHARGLY_REASON", value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Publish the price again that was in force before advice was applied
    RollBack {
        /// The advice, as `list` shows it
        #[arg(value_name = "ID")]
        id: String,
        /// Why; kept with the price version
        #[arg(long, env = "CHARGLY_REASON", value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// How often advice came true, beside how sure it was said to be
    TrackRecord {
        #[command(flatten)]
        place: Place,
    },
}

/// Looks for advice, or does what is asked with advice that was given.
///
/// # Errors
/// If the data directory or the server cannot be used; in the ledger's words where it refuses.
pub(crate) fn run(args: &AdviseArgs) -> Result<()> {
    match &args.what {
        None => look(args),
        Some(What::List { event, status, place }) => {
            let listed = with_desk(place, async |desk| desk.list(event.as_deref(), status.as_deref()).await)?;
            if place.json { output::print_json(&listed) } else { output::print(&table::of_list(&listed)) }
        }
        Some(What::Show { id, place }) => {
            let (one, explained) =
                with_desk(place, async |desk| Ok((desk.one(id).await?, desk.explained(id).await?)))?;
            if place.json {
                return output::print_json(&json!({"recommendation": one, "explanation": explained}));
            }
            output::print(&(layout::card(&one) + &layout::arithmetic(&explained)))
        }
        Some(What::Apply { id, notice_days, reason, place }) => {
            let decision = Decided::Apply { notice_days: *notice_days, reason: reason.as_deref() };
            decide(place, id, &decision)
        }
        Some(What::Reject { id, reason, place }) => {
            decide(place, id, &Decided::Reject { reason: reason.as_deref() })
        }
        Some(What::RollBack { id, reason, place }) => {
            decide(place, id, &Decided::RollBack { reason: reason.as_deref() })
        }
        Some(What::TrackRecord { place }) => {
            let record = with_desk(place, async |desk| desk.track_record().await)?;
            if place.json { output::print_json(&record) } else { output::print(&table::of_record(&record)) }
        }
    }
}

fn with_desk<T>(place: &Place, ask: impl AsyncFnOnce(&Desk) -> Result<T>) -> Result<T> {
    let runtime = super::runtime()?;
    let desk = Desk::open(place, &runtime)?;
    let found = runtime.block_on(ask(&desk));
    desk.close();
    found
}

fn decide(place: &Place, id: &str, decision: &Decided<'_>) -> Result<()> {
    let one = with_desk(place, async |desk| {
        desk.decide(id, decision).await?;
        desk.one(id).await
    })?;
    if place.json { output::print_json(&one) } else { output::print(&layout::decided(&one)) }
}

fn look(args: &AdviseArgs) -> Result<()> {
    let (result, mut advice) = with_desk(&args.place, async |desk| {
        let result = desk.look(args.seed, args.dry_run).await?;
        let advice = if args.dry_run { drafts(&result) } else { desk.pending().await? };
        Ok((result, advice))
    })?;
    if let Some(event) = &args.event {
        advice.retain(|one| one["event"] == event.as_str());
    }
    let watched: Vec<Value> = result["watched"].as_array().cloned().unwrap_or_default();
    let watched: Vec<Value> = watched
        .into_iter()
        .filter(|one| args.event.as_ref().is_none_or(|event| one["event"] == event.as_str()))
        .collect();
    if let Some(event) = args.event.as_ref().filter(|_| advice.is_empty() && watched.is_empty()) {
        bail!(Usage(format!("--event {event}: nothing of this event type was used in the last four weeks")));
    }
    advice.sort_by_key(table::weight);
    if args.place.json {
        return output::print_json(&json!({"look": result, "recommendations": advice}));
    }
    output::print(&layout::looked(&result, &advice, &watched, args.dry_run))
}

fn drafts(result: &Value) -> Vec<Value> {
    result["drafts"].as_array().cloned().unwrap_or_default()
}
