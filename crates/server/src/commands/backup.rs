//! `chargly backup`: a consistent copy of the project, also while it is served.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use chargly_engine::journal::{self, Head, SqliteJournal};
use clap::Args;
use serde_json::{Map, json};

use crate::cli::DataArgs;
use crate::data_dir::{DataDir, ENVIRONMENTS, PROJECT_FILE};
use crate::failure::Advice;
use crate::{output, progress};

/// Flags of `chargly backup`.
#[derive(Clone, Debug, Args)]
pub(crate) struct BackupArgs {
    /// Directory to make; it must not exist, or be empty
    #[arg(value_name = "DEST")]
    dest: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Print the result as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
}

/// Copies the journals, checking each frame, and the project's file last: a backup has it or is not complete.
///
/// # Errors
/// If there is something at the destination, the journals are damaged, or the copy cannot be written.
pub(crate) fn run(args: &BackupArgs) -> Result<()> {
    let data = DataDir::at(&args.data.data);
    let project = data.project()?;
    ensure_empty(&args.dest)?;
    let mut heads = Map::new();
    let mut text = String::new();
    for name in ENVIRONMENTS {
        let head =
            copy_journal(&data.environment(name), &args.dest.join(name), &format!("backing up {name}"))?;
        heads.insert(name.to_owned(), head.next.0.into());
        text.push_str(&format!("{name}: {} facts\n", head.next.0));
    }
    copy_project(data.root(), &args.dest)?;
    if args.json {
        return output::print_json(&json!({"project": project.project, "facts": heads}));
    }
    text.push_str(&format!("{} is a complete backup of {}\n", args.dest.display(), project.project));
    output::print(&text)
}

/// Refuses a directory with something in it.
///
/// # Errors
/// [`Advice`] when there is.
pub(super) fn ensure_empty(dir: &Path) -> Result<()> {
    let is_empty = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(error).with_context(|| format!("looking into {}", dir.display())),
    };
    ensure!(
        is_empty,
        Advice::new(
            format!("{} is not an empty directory; nothing was written", dir.display()),
            "Name a directory that does not exist yet.",
        )
    );
    Ok(())
}

/// Copies a journal frame by frame, checking each against its hash and the one before.
///
/// # Errors
/// If it is damaged, or the copy cannot be written.
pub(super) fn copy_journal(from: &Path, to: &Path, what: &str) -> Result<Head> {
    let bar = progress::count(what, 0);
    let mut report = |done: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let copied = journal::backup(SqliteJournal::reader_in(from).as_mut(), to, &mut report);
    bar.finish_and_clear();
    copied.with_context(|| format!("{what}: copying the journal in {} to {}", from.display(), to.display()))
}

/// Copies the file that makes a directory a project.
///
/// # Errors
/// If it cannot be read or written.
pub(super) fn copy_project(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.join(PROJECT_FILE), to.join(PROJECT_FILE));
    fs::copy(&from, &to)
        .and_then(|_| fs::File::open(&to)?.sync_all())
        .with_context(|| format!("copying {} to {}", from.display(), to.display()))
}
