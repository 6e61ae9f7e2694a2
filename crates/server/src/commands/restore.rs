//! `chargly restore`: a data directory made from a backup.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use chargly_engine::journal::{Restored, write_restored};
use chargly_engine::{Clock as _, SystemClock};
use clap::Args;
use serde_json::{Map, json};

use super::backup::{Backup, copy_journal, copy_kept, copy_project, ensure_empty};
use crate::cli::DataArgs;
use crate::data_dir::{DataDir, ENVIRONMENTS};
use crate::failure::Advice;
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

/// Copies the journals back, checking each frame, and leaves a note in each environment: the next start begins an
/// epoch above those of the future that is lost, and what reaches outside is paused. Figures and checkpoints are
/// folded at that start.
///
/// # Errors
/// If the data directory is not empty, the backup is not complete or damaged, or the copy cannot be written.
pub(crate) fn run(args: &RestoreArgs) -> Result<()> {
    let backup = DataDir::at(&args.src);
    let completed_at = completed_at(args)?;
    let project = backup.project()?;
    ensure_empty(&args.data.data)?;
    let data = DataDir::at(&args.data.data);
    let clock = SystemClock::start();
    let _lock = data.lock("`chargly restore`", &clock)?;
    let mut heads = Map::new();
    for name in ENVIRONMENTS {
        let dir = data.environment(name);
        let head = copy_journal(&backup.environment(name), &dir, &format!("restoring {name}"))?.head;
        write_restored(&dir, &Restored::at(&head, clock.wall_ms()))
            .with_context(|| format!("noting the restore in {}", dir.display()))?;
        copy_kept(&backup.environment(name), &dir, &format!("restoring {name}"))?;
        heads.insert(name.to_owned(), head.next.0.into());
    }
    copy_project(backup.root(), data.root())?;
    if args.json {
        return output::print_json(&json!({
            "project": project.project, "facts": heads, "completed_at": completed_at, "effects": "paused",
        }));
    }
    output::print(&format!(
        "{} is restored in {}, as it was at {completed_at}. `chargly verify` proves it; `chargly serve` goes on from \
         there.\nWhat reaches outside is paused until you run `chargly resume-effects`.\n",
        project.project,
        data.root().display()
    ))
}

fn completed_at(args: &RestoreArgs) -> Result<String> {
    match Backup::read(&args.src)? {
        Some(Backup { completed_at: Some(at), .. }) => Ok(at),
        Some(_) => bail!(Advice::new(
            format!("{} is not complete: the first backup into it was cut off", args.src.display()),
            "Use another backup, or repeat `chargly backup` where the project still is.",
        )),
        None => bail!(Advice::new(
            format!("{} is not a backup", args.src.display()),
            "Name a directory that `chargly backup` has made.",
        )),
    }
}
