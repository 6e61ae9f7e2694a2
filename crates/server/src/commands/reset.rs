//! `chargly reset`: an environment begins again, with the keys that are alive.
//!
//! The new environment is made beside the old one and then takes its place; [`DataDir::open`] completes a reset that
//! was cut off between the two moves.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use chargly_engine::journal::{Journal as _, SqliteJournal};
use chargly_engine::ledger::{ApiKey, CatalogueChange, CatalogueFact, Currency, Fact, KeyNo, Millis, Origin};
use chargly_engine::{Clock, Fold, GroupEnd, OpenOptions, SystemClock, SystemEntropy, Writer};
use clap::Args;
use serde_json::json;

use crate::cli::DataArgs;
use crate::data_dir::{DataDir, environments_named, open_options};
use crate::failure::Advice;
use crate::{first_start, output, progress, scan};

/// The environment whose data people paid for.
const LIVE: &str = "live";
/// Bytes of the new journal read at once; it has a single fact.
const READ_BYTES: usize = 64 * 1024;

/// Flags of `chargly reset`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ResetArgs {
    /// The environment to drop: test, live or playground
    #[arg(value_name = "ENVIRONMENT")]
    environment: String,
    #[command(flatten)]
    data: DataArgs,
    /// To reset live, type the project's id here: its events, balances and history are gone for good
    #[arg(long, env = "CHARGLY_YES_DELETE_LIVE", value_name = "PROJECT")]
    yes_delete_live: Option<String>,
    /// Print the result as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
}

/// Drops the environment's data and begins it again with its living keys.
///
/// # Errors
/// If it is live and its project was not named, if a server is running, or something cannot be written.
pub(crate) fn run(args: &ResetArgs) -> Result<()> {
    let data = DataDir::at(&args.data.data);
    let project = data.project()?;
    let name = environments_named(Some(&args.environment))?[0];
    if name == LIVE && args.yes_delete_live.as_deref() != Some(project.project.as_str()) {
        bail!(Advice::new(
            "resetting live deletes what customers paid for and used; nothing was changed",
            format!("If that is what you want: chargly reset live --yes-delete-live {}", project.project),
        ));
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let _lock = data.lock("`chargly reset`", clock.as_ref())?;
    let (keys, currency) = living_keys(&data, name, Millis(clock.wall_ms()))?;
    let fresh = data.fresh_environment(name);
    if fresh.exists() {
        fs::remove_dir_all(&fresh).with_context(|| format!("clearing {}", fresh.display()))?;
    }
    chargly_engine::create(
        &fresh,
        name,
        first_start::salt(&mut SystemEntropy)?,
        OpenOptions { currency, ..open_options(Arc::clone(&clock))? },
    )
    .with_context(|| format!("making the new environment {name}"))?;
    carry_keys_over(&fresh, &keys, clock.as_ref()).context("carrying the keys over")?;
    data.put_fresh_environment(name)?;
    if args.json {
        return output::print_json(&json!({"environment": name, "keys": keys.len()}));
    }
    output::print(&format!("{name} is empty again; its {} living keys work as before\n", keys.len()))
}

/// The keys that live on, and what the environment counts money in.
fn living_keys(data: &DataDir, name: &str, now: Millis) -> Result<(Vec<ApiKey>, Currency)> {
    let bar = progress::count(&format!("reading the keys of {name}"), 0);
    let mut report = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let catalogue = scan::catalogue(&data.environment(name), &mut report)?;
    bar.finish_and_clear();
    Ok((catalogue.keys.into_iter().filter(|key| key.dead_at > now).collect(), catalogue.currency))
}

/// Records keys by the hashes of their secrets, which stay what they were.
fn carry_keys_over(dir: &Path, keys: &[ApiKey], clock: &dyn Clock) -> Result<()> {
    let journal = SqliteJournal::open(dir)?;
    let mut fold = Fold::from_start();
    for chunk in journal.reader().chunks_from(chargly_engine::journal::Position(0), READ_BYTES)? {
        fold.fold(&chunk)?;
    }
    let epoch = journal.head().epoch;
    let mut writer = Writer::new(journal, fold.into(), clock, true, Box::new(SystemEntropy));
    let mut record = |change| {
        let origin = Origin { actor: KeyNo::SYSTEM, key: None };
        let end = writer.record_own(epoch, &Fact::Catalogue(CatalogueFact { origin, change }), clock);
        ensure!(matches!(end, GroupEnd::Committed(_)), "a key could not be recorded");
        Ok(())
    };
    for (index, key) in keys.iter().enumerate() {
        let number = KeyNo::at(index + 1);
        record(CatalogueChange::KeyCreated {
            key: number,
            label: key.label.clone(),
            secret_hash: key.secret_hash,
            hint: key.hint.clone(),
            scopes: key.scopes,
            // Keys that share a budget go on to share it.
            replaces: keys[..index]
                .iter()
                .position(|other| other.purse == key.purse)
                .map(|at| KeyNo::at(at + 1)),
            limits: key.limits().boxed(),
        })?;
        if key.dead_at < Millis::NEVER {
            record(CatalogueChange::KeyRevoked { key: number, dead_at: key.dead_at })?;
        }
    }
    Ok(())
}
