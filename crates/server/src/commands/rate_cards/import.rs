//! `chargly rate-cards import`: what a public list has new or changed is shown, and, once that was confirmed, published.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use chargly_api::limits::LABEL_BYTES_MAX;
use chargly_api::{text, time};
use chargly_engine::ledger::{
    CatalogueChange, CatalogueFact, Fact, KeyNo, Millis, RateBook, RateCardRequest,
};
use chargly_engine::{Environment, SystemClock};
use chargly_ratecards::{Comparison, LIST_BYTES_MAX, compare, held_at, read, source_of};
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use super::{catalogue_of, now, words};
use crate::data_dir::{DataDir, HowToOpen, environments_named};
use crate::failure::{Advice, Usage};
use crate::http_client::Client;
use crate::place::Place;
use crate::{output, progress};

/// What the metadata of a Python package begins its version with.
const VERSION_LINE: &str = "Version: ";

/// Flags of `chargly rate-cards import`.
#[derive(Clone, Debug, Args)]
pub(super) struct ImportArgs {
    /// The list: the JSON price map of the Python package litellm, or data.json of genai-prices
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only these providers, as the list names them
    #[arg(long = "provider", env = "CHARGLY_PROVIDER", value_name = "NAME", value_delimiter = ',')]
    providers: Vec<String>,
    /// From when the rates hold, by the time events occur; now if not given
    #[arg(long, env = "CHARGLY_EFFECTIVE_AT", value_name = "TIME", value_parser = parse_time)]
    effective_at: Option<Millis>,
    /// The list's version, for the source of the cards; found beside the file of an unpacked package
    #[arg(long, env = "CHARGLY_LIST_VERSION", value_name = "VERSION", value_parser = parse_version)]
    list_version: Option<String>,
    /// Say what would be published, and publish nothing
    #[arg(long, env = "CHARGLY_DRY_RUN")]
    dry_run: bool,
    /// Publish without asking
    #[arg(long, env = "CHARGLY_YES")]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

/// Shows what the list changes, asks, and publishes it.
///
/// # Errors
/// If the file is no list, nobody is there to be asked, or the data directory or the server cannot be used.
pub(super) fn run(args: &ImportArgs) -> Result<()> {
    let asks = io::stdin().is_terminal() && !args.place.json;
    if !(args.dry_run || args.yes || asks) {
        bail!(Usage(
            "say --yes to publish, or --dry-run to see what would be: nobody is there to ask".to_owned()
        ));
    }
    let list = List::read(args)?;
    let place = Place::client(&args.place)?;
    let would = match &place {
        Some(client) => super::super::runtime()?.block_on(through_server(client, args, &list, true))?,
        None => list.report(&compared(args, &list, &catalogue_of(&args.place)?.rates)?, true, &[]),
    };
    if !args.place.json {
        output::print(&words::report(&would))?;
    }
    let is_nothing_to_do = words::to_publish(&would) == 0;
    if args.dry_run || is_nothing_to_do {
        return if args.place.json { output::print_json(&would) } else { Ok(()) };
    }
    if !(args.yes || confirmed(&would)?) {
        return output::print("nothing was published\n");
    }
    let done = match &place {
        Some(client) => super::super::runtime()?.block_on(through_server(client, args, &list, false))?,
        None => in_directory(args, &list)?,
    };
    if args.place.json { output::print_json(&done) } else { output::print(&words::published(&done)) }
}

/// A list as it was found.
struct List {
    text: String,
    version: String,
}

impl List {
    fn read(args: &ImportArgs) -> Result<Self> {
        let file = &args.file;
        let doing = || format!("reading {}", file.display());
        if file.extension().is_some_and(|kind| kind == "whl" || kind == "zip") {
            bail!(Advice::new(
                format!("{} is an archive", file.display()),
                "Unpack it (unzip does), and name the JSON file in it.",
            ));
        }
        let bytes = fs::metadata(file).with_context(doing)?.len();
        if bytes > LIST_BYTES_MAX as u64 {
            bail!("{} has {bytes} bytes; at most {LIST_BYTES_MAX} are read", file.display());
        }
        let text = fs::read_to_string(file).with_context(doing)?;
        let version = args.list_version.clone().or_else(|| version_beside(file)).unwrap_or_default();
        Ok(Self { text, version })
    }

    /// As the server answers it.
    fn report(&self, (comparison, source): &(Comparison, String), is_dry_run: bool, cards: &[u32]) -> Value {
        json!({"dry_run": is_dry_run, "source": source, "cards": cards, "report": comparison.report()})
    }
}

/// The version of the Python package that the file lies in, from the metadata beside it.
fn version_beside(file: &Path) -> Option<String> {
    let package = file.canonicalize().ok()?.parent()?.to_path_buf();
    let begin = format!("{}-", package.file_name()?.to_str()?);
    let metadata = fs::read_dir(package.parent()?).ok()?.find_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name();
        let is_its =
            name.to_str().is_some_and(|name| name.starts_with(&begin) && name.ends_with(".dist-info"));
        is_its.then(|| entry.path().join("METADATA"))
    })?;
    let metadata = fs::read_to_string(metadata).ok()?;
    metadata.lines().find_map(|line| parse_version(line.strip_prefix(VERSION_LINE)?).ok())
}

fn compared(args: &ImportArgs, list: &List, book: &RateBook) -> Result<(Comparison, String)> {
    let at = args.effective_at.unwrap_or_else(now);
    let read = read(&list.text, at).with_context(|| format!("reading {}", args.file.display()))?;
    let source = source_of(read.format, &list.version);
    let providers: Vec<_> = args.providers.iter().map(|name| name.as_str().into()).collect();
    Ok((compare(read, &held_at(book, at), &providers), source))
}

async fn through_server(client: &Client, args: &ImportArgs, list: &List, is_dry_run: bool) -> Result<Value> {
    let mut body = json!({"list": list.text, "dry_run": is_dry_run});
    if !list.version.is_empty() {
        body["list_version"] = list.version.as_str().into();
    }
    if !args.providers.is_empty() {
        body["providers"] = json!(args.providers);
    }
    if let Some(at) = args.effective_at {
        body["effective_at"] = crate::data_dir::time_text(at.0).into();
    }
    let path = ["v1", "rate-cards", "import"];
    client.call(Method::POST, &path, Some(body.to_string())).await?.ok("importing the list")
}

fn in_directory(args: &ImportArgs, list: &List) -> Result<Value> {
    let data = DataDir::at(&args.place.data);
    let name = environments_named(Some(&args.place.env))?[0];
    let clock = Arc::new(SystemClock::start());
    let _lock = data.lock("`chargly rate-cards`", clock.as_ref())?;
    let runtime = super::super::runtime()?;
    let environment = runtime.block_on(async { data.open(name, HowToOpen::default()) })?;
    // Compared again, now that nobody else writes.
    let published = compared(args, list, &environment.catalogue().rates).and_then(|compared| {
        let cards = compared.0.cards(&compared.1, "", args.effective_at);
        let numbers = runtime.block_on(publish(&environment, cards))?;
        Ok(list.report(&compared, false, &numbers))
    });
    environment.close();
    published
}

async fn publish(environment: &Environment, cards: Vec<RateCardRequest>) -> Result<Vec<u32>> {
    let models = cards.iter().map(|card| card.entries.len() as u64).sum();
    let bar = progress::count("publishing rates", models);
    let mut numbers = Vec::new();
    for card in cards {
        let models = card.entries.len() as u64;
        let published = environment.publish_rate_card(KeyNo::SYSTEM, card).await;
        let fact = published.context("publishing a rate card")?.fact;
        if let Fact::Catalogue(CatalogueFact {
            change: CatalogueChange::RateCardPublished { card, .. },
            ..
        }) = *fact
        {
            numbers.push(card.0);
        }
        bar.inc(models);
    }
    bar.finish_and_clear();
    Ok(numbers)
}

fn confirmed(would: &Value) -> Result<bool> {
    eprint!("Publish the rates of {} models? [y/N] ", words::to_publish(would));
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("reading the answer")?;
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}

fn parse_time(text: &str) -> Result<Millis, String> {
    time::parse(text).map(Millis)
}

fn parse_version(version: &str) -> Result<String, String> {
    text::check_prose(version, LABEL_BYTES_MAX).map(|()| version.to_owned())
}
