//! `chargly restore`: a data directory made from a backup.

use std::path::PathBuf;

use anyhow::Result;
use chargly_engine::SystemClock;
use clap::Args;
use serde_json::{Map, json};

use super::backup::{copy_journal, copy_project, ensure_empty};
use crate::cli::DataArgs;
use crate::data_dir::{DataDir, ENVIRONMENTS};
use crate::output;

/// Flags of `chargly restore`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    #[arg(value_name = "SRC")]
    src: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Print the result as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
}

/// Copies the journals back, checking each frame. Figures and checkpoints are folded at the next start, which also
/// begins a new epoch: what was recorded after the backup never happened.
///
/// # Errors
/// If the data directory is not empty, the backup is not complete or damaged, or the copy cannot be written.
pub(crate) fn run(args: &RestoreArgs) -> Result<()> {
    let backup = DataDir::at(&args.src);
    let project = backup.project()?;
    ensure_empty(&args.data.data)?;
    let data = DataDir::at(&args.data.data);
    let _lock = data.lock("`chargly restore`", &SystemClock::start())?;
    let mut heads = Map::new();
    for name in ENVIRONMENTS {
        let head =
            copy_journal(&backup.environment(name), &data.environment(name), &format!("restoring {name}"))?;
        heads.insert(name.to_owned(), head.next.0.into());
    }
    copy_project(backup.root(), data.root())?;
    if args.json {
        return output::print_json(&json!({"project": project.project, "facts": heads}));
    }
    output::print(&format!(
        "{} is restored in {}. `chargly verify` proves it; `chargly serve` goes on from there.\n",
        project.project,
        data.root().display()
    ))
}
