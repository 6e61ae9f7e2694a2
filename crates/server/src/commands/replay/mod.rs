//! `chargly replay`: meters a recorded trace or sample traffic, through a server or straight into a data directory.
//!
//! Safe to stop and repeat: every event has a key, and what was metered before is answered with its first answer.
//! [`source`] makes events, [`lanes`] carries them, [`directory`] and [`remote`] are where they go, [`totals`] counts
//! what came of them.

mod answer;
mod directory;
mod lanes;
mod price;
mod remote;
mod source;
mod target;
mod totals;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use chargly_traffic::MappingText;
use clap::{ArgGroup, Args};

use crate::failure::{Advice, Reported, Usage};
use crate::output;
use price::{GrantText, PriceList, PriceText};
use source::{MappingFlags, Source};
use target::Target;
use totals::Totals;

/// Flags of `chargly replay`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["files", "sample"])))]
pub(crate) struct ReplayArgs {
    /// Traces: CSV or NDJSON, plain or gzip
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A TOML file that says which column means what
    #[arg(long, env = "CHARGLY_MAPPING", value_name = "FILE")]
    mapping: Option<PathBuf>,
    #[command(flatten)]
    flags: MappingFlags,
    #[command(flatten)]
    sample: source::SampleArgs,
    #[command(flatten)]
    target: target::TargetArgs,
    /// Define event types that are missing, at the prices given by --price or by the mapping's table of prices
    #[arg(long, env = "CHARGLY_DEFINE_TYPES")]
    define_types: bool,
    /// Price of event types that are missing: NAME=flat:CREDITS, NAME=per_unit:CREDITS (of the quantity) or
    /// NAME=per_unit:CREDITS:PROPERTY; a name may end in *
    #[arg(long = "price", env = "CHARGLY_PRICE", value_name = "NAME=PRICE", value_delimiter = ';')]
    prices: Vec<PriceText>,
    /// Credits that each customer is granted before the first event, once: a second replay grants no more
    #[arg(long, env = "CHARGLY_GRANT", value_name = "CREDITS")]
    grant: Option<String>,
    /// What each of those lots was sold for, in the project's currency; without it they are promotional
    #[arg(long, env = "CHARGLY_GRANT_PRICE", value_name = "AMOUNT", requires = "grant")]
    grant_price: Option<String>,
    /// Only read and count; meter nothing
    #[arg(long, env = "CHARGLY_DRY_RUN")]
    dry_run: bool,
    /// Stop after so many events
    #[arg(long, env = "CHARGLY_LIMIT", value_name = "EVENTS")]
    limit: Option<u64>,
    /// Print the totals as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
}

/// Replays, and prints the totals.
///
/// # Errors
/// If nothing can be replayed, if it has to stop half-way, or if rows made no events.
pub(crate) fn run(args: &ReplayArgs) -> Result<()> {
    let (mapping, prices) = args.mapping_and_prices()?;
    let source = Source::open(&args.files, &args.sample, mapping, args.limit)?;
    let prices = args.define_types.then_some(prices);
    let grant = args.grant.as_deref().map(|credits| GrantText::parse(credits, args.grant_price.as_deref()));
    let grant = grant.transpose()?;
    let totals = if args.dry_run {
        lanes::count(source)
    } else {
        let runtime = super::runtime()?;
        let target = runtime.block_on(async { Target::open(&args.target) })?;
        let replayed = lanes::replay(&runtime, source, &target, prices.as_ref(), grant.as_ref());
        target.close();
        replayed.with_context(|| {
            Advice::new("replaying", "Run the same command again: what was metered is not charged twice.")
        })
    }?;
    show(&totals, args.json, args.dry_run)
}

fn show(totals: &Totals, in_json: bool, is_dry: bool) -> Result<()> {
    if in_json {
        output::print_json(&totals.to_json())?;
    } else {
        output::print(&totals.in_words(is_dry))?;
    }
    // The rows were named as they came.
    if totals.unreadable > 0 { Err(Reported.into()) } else { Ok(()) }
}

impl ReplayArgs {
    /// The mapping of file and flags together, and the prices of both.
    fn mapping_and_prices(&self) -> Result<(MappingText, PriceList)> {
        let (from_file, mut listed) = match &self.mapping {
            None => (MappingText::default(), BTreeMap::new()),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("reading the mapping {}", path.display()))?;
                price::split_mapping(&text)
                    .with_context(|| format!("understanding the mapping {}", path.display()))?
            }
        };
        for price in &self.prices {
            listed.insert(price.name.clone(), price.rule.clone());
        }
        if !self.prices.is_empty() && !self.define_types {
            return Err(Usage(
                "--price is for --define-types: event types that exist keep their price".into(),
            )
            .into());
        }
        Ok((from_file.overridden_by(self.flags.text()?), PriceList::new(listed)))
    }
}
