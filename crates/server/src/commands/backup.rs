//! `chargly backup`: a consistent copy of the project, also while it is served, and the same copy brought up to date.
//!
//! ```text
//! <backup>/backup.json    of which project, when it was last completed, how far it goes; written last
//! <backup>/project.json   as in the data directory
//! <backup>/people.db      who may look at the dashboard, without sessions and links
//! <backup>/test/ live/    journal.db, head and ops.db of each environment
//! <backup>/lock           held while a backup runs
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use chargly_dashboard::copy_people;
use chargly_engine::journal::{self, Copied, DirLock, SqliteJournal};
use chargly_engine::{Clock as _, SystemClock};
use chargly_ops::copy_ops;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::cli::DataArgs;
use crate::data_dir::{BACKUP_FILE, DataDir, ENVIRONMENTS, PROJECT_FILE, time_text};
use crate::failure::Advice;
use crate::{output, progress};

/// The version of the layout above that this build reads and writes.
const BACKUP_FORMAT: u32 = 1;

/// Flags of `chargly backup`.
#[derive(Clone, Debug, Args)]
pub(crate) struct BackupArgs {
    /// Directory of the backup: absent or empty, or an earlier backup of this project, which gets what came since
    #[arg(value_name = "DEST")]
    dest: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Print the result as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
}

/// What is in `backup.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Backup {
    /// The project's id.
    pub(super) project: String,
    /// The version of the layout.
    pub(super) format: u32,
    /// RFC 3339 in UTC; absent before the first backup here was complete.
    pub(super) completed_at: Option<String>,
    /// Facts of each environment, when it was last completed.
    pub(super) facts: Map<String, Value>,
}

/// Copies the journals, checking each frame; `backup.json` comes last, so what it says is there.
///
/// # Errors
/// If there is something else at the destination, the journals are damaged or do not continue the backup, or the
/// copy cannot be written. An earlier backup is then as good as it was.
pub(crate) fn run(args: &BackupArgs) -> Result<()> {
    let data = DataDir::at(&args.data.data);
    let project = data.project()?.project;
    let clock = SystemClock::start();
    let _lock = begin(&args.dest, &project)?;
    let (mut facts, mut new, mut erased) = (Map::new(), Map::new(), Map::new());
    let mut text = String::new();
    for name in ENVIRONMENTS {
        let what = format!("backing up {name}");
        // Before the journal: what was told must not be ahead of what is restored.
        copy_kept(&data.environment(name), &args.dest.join(name), &what)?;
        let copied = copy_journal(&data.environment(name), &args.dest.join(name), &what)?;
        let Copied { from, head, erased: payloads } = copied;
        let added = head.next.0 - from.next.0;
        facts.insert(name.to_owned(), head.next.0.into());
        new.insert(name.to_owned(), added.into());
        erased.insert(name.to_owned(), payloads.into());
        text.push_str(&format!("{name}: {} facts, {added} of them new", head.next.0));
        text.push_str(&if payloads > 0 {
            format!("; {payloads} payloads erased\n")
        } else {
            "\n".to_owned()
        });
    }
    copy_project(data.root(), &args.dest)?;
    let completed_at = Some(time_text(clock.wall_ms()));
    let backup = Backup { project, format: BACKUP_FORMAT, completed_at, facts };
    backup.write(&args.dest)?;
    let Backup { project, facts, completed_at, .. } = backup;
    if args.json {
        let json = json!({
            "project": project, "facts": facts, "new": new, "erased": erased, "completed_at": completed_at,
        });
        return output::print_json(&json);
    }
    text.push_str(&format!("{} is a complete backup of {project}\n", args.dest.display()));
    output::print(&text)
}

/// Sees that there is a backup of this project at `dest`, or nothing, and keeps other backups away from it.
fn begin(dest: &Path, project: &str) -> Result<DirLock> {
    let former = Backup::read(dest)?;
    if let Some(former) = &former {
        ensure!(
            former.project == project,
            Advice::new(
                format!("{} is a backup of {}, not of {project}", dest.display(), former.project),
                "Name another directory; each project needs its own.",
            )
        );
    } else {
        ensure_empty(dest)?;
    }
    fs::create_dir_all(dest).with_context(|| format!("making {}", dest.display()))?;
    let process = std::process::id();
    let lock = DirLock::acquire(dest, &format!("process {process}, `chargly backup`"))
        .with_context(|| Advice::new(format!("taking {}", dest.display()), "Wait for that backup to end."))?;
    if former.is_none() {
        let format = BACKUP_FORMAT;
        let begun = Backup { project: project.to_owned(), format, completed_at: None, facts: Map::new() };
        begun.write(dest)?;
    }
    Ok(lock)
}

impl Backup {
    /// What the directory says about itself, if it is a backup.
    ///
    /// # Errors
    /// If that cannot be read, or is of a layout that this build does not know.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(BACKUP_FILE);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let backup: Self =
            serde_json::from_slice(&text).with_context(|| format!("understanding {}", path.display()))?;
        ensure!(
            backup.format == BACKUP_FORMAT,
            Advice::new(
                format!(
                    "{} has layout {}, and this build knows {BACKUP_FORMAT}",
                    path.display(),
                    backup.format
                ),
                "Use the build that made it, or a newer one.",
            )
        );
        Ok(Some(backup))
    }

    fn write(&self, dir: &Path) -> Result<()> {
        let (path, fresh) = (dir.join(BACKUP_FILE), dir.join("backup.json.new"));
        let write = || -> Result<()> {
            fs::write(&fresh, serde_json::to_string_pretty(self)? + "\n")?;
            fs::File::open(&fresh)?.sync_all()?;
            fs::rename(&fresh, &path)?;
            Ok(fs::File::open(dir)?.sync_all()?)
        };
        write().with_context(|| format!("writing {}", path.display()))
    }
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

/// Copies a journal frame by frame, checking each against its hash and the one before; where there is a copy already,
/// only what came after it.
///
/// # Errors
/// If it is damaged or does not continue the copy, or the copy cannot be written.
pub(super) fn copy_journal(from: &Path, to: &Path, what: &str) -> Result<Copied> {
    let bar = progress::count(what, 0);
    let mut report = |done: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let copied = journal::backup(SqliteJournal::reader_in(from).as_mut(), to, &mut report);
    bar.finish_and_clear();
    copied.with_context(|| {
        Advice::new(
            format!("{what}: copying the journal in {} to {}", from.display(), to.display()),
            "An earlier backup there is as good as it was. Where the two are of different histories, as after a \
             restore or `chargly reset`, keep it and begin another in a new directory. `chargly verify` says whether \
             the journal is sound.",
        )
    })
}

/// Copies what is kept beside a journal and cannot be made of it.
///
/// # Errors
/// If it cannot be read or written; an earlier copy is then as good as it was.
pub(super) fn copy_kept(from: &Path, to: &Path, what: &str) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    copy_ops(from, to).map(drop).with_context(|| format!("{what}: copying ops.db to {}", to.display()))
}

/// Copies what belongs to the project and to no environment: who may look at the dashboard, and the file that makes a
/// directory a project. That never changes, so one that is there is left alone.
///
/// # Errors
/// If it cannot be read or written.
pub(super) fn copy_project(from: &Path, to: &Path) -> Result<()> {
    copy_people(from, to).with_context(|| format!("copying people.db to {}", to.display()))?;
    let (from, to) = (from.join(PROJECT_FILE), to.join(PROJECT_FILE));
    if fs::read(&to).is_ok_and(|there| fs::read(&from).is_ok_and(|here| here == there)) {
        return Ok(());
    }
    fs::copy(&from, &to)
        .and_then(|_| fs::File::open(&to)?.sync_all())
        .with_context(|| format!("copying {} to {}", from.display(), to.display()))
}
