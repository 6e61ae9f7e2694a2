//! `chargly rebuild`: everything that is derived is folded anew from the journal.

use std::path::Path;

use anyhow::{Context as _, Result};
use chargly_engine::SystemClock;
use clap::Args;
use serde_json::json;

use crate::cli::DataArgs;
use crate::data_dir::{DataDir, HowToOpen, environments_named};
use crate::{output, progress};

/// Flags of `chargly rebuild`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RebuildArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Rebuild this environment only: test or live
    #[arg(long, env = "CHARGLY_ENV", value_name = "NAME")]
    env: Option<String>,
    /// Print the result as JSON, an object per environment
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
}

/// Folds the figures beside the old ones, swaps them, and makes checkpoint and runs anew.
///
/// # Errors
/// If the journal cannot be read or the files cannot be written. Until the swap the old figures stay.
pub(crate) fn run(args: &RebuildArgs) -> Result<()> {
    let data = DataDir::at(&args.data.data);
    data.project()?;
    let _lock = data.lock("`chargly rebuild`", &SystemClock::start())?;
    for name in environments_named(args.env.as_deref())? {
        let facts = rebuild_views(&data.environment(name), name)
            .with_context(|| format!("folding the figures of {name}"))?;
        chargly_engine::remove_indexes(&data.environment(name))?;
        // Opening folds the journal from its first fact, and closing writes the checkpoint.
        data.open(name, HowToOpen::default())?.close();
        if args.json {
            output::print_json(&json!({"environment": name, "facts": facts}))?;
        } else {
            output::print(&format!("{name}: figures, checkpoint and runs made anew from {facts} facts\n"))?;
        }
    }
    Ok(())
}

fn rebuild_views(dir: &Path, name: &str) -> Result<u64> {
    let bar = progress::count(&format!("rebuilding {name}"), 0);
    let facts = chargly_engine::rebuild_views(dir, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    Ok(facts.0)
}
