//! The data directory of a project: what is where, and who may write.
//!
//! ```text
//! <data>/project.json   which project this is; written last, so a directory has it or is not a project
//! <data>/people.db      who may look at the dashboard
//! <data>/lock           held by the one process that writes
//! <data>/test/          an environment each: journal.db, head, index.db, views.db, ops.db; restored, after a restore
//! <data>/live/
//! <data>/playground/    what `/try` plays in; no project lacks anything without it
//! <data>/sample/       sample data, while there is some: in no backup, and gone without loss
//! ```
//!
//! Not owned here: what is inside an environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use chargly_engine::journal::{DirLock, JOURNAL_FILE, RESTORED_FILE, read_restored};
use chargly_engine::{Clock, Environment, OpenOptions, PLAYGROUND, RunLength, SystemClock};
use serde::{Deserialize, Serialize};

use crate::failure::Advice;

/// The environments of a project, in the order in which they are listed. The playground is none of them: it is made anew
/// where it is missing, and nothing in it is worth a backup.
pub(crate) const ENVIRONMENTS: [&str; 2] = ["test", "live"];
/// Name of the file that makes a directory a project.
pub(crate) const PROJECT_FILE: &str = "project.json";
/// Name of the file that makes a directory a backup; nobody writes to one but `chargly backup`.
pub(crate) const BACKUP_FILE: &str = "backup.json";
/// The version of the layout above that this build reads and writes.
const LAYOUT_FORMAT: u32 = 1;
/// The version recorded with every start of a writer.
const SOFTWARE: &str = concat!("chargly ", env!("CARGO_PKG_VERSION"));

/// What is in `project.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Project {
    /// `prj_` and 26 characters.
    pub(crate) project: String,
    /// The version of the layout.
    pub(crate) format: u32,
    /// RFC 3339 in UTC.
    pub(crate) created_at: String,
}

impl Project {
    /// A project of this layout.
    pub(crate) fn new(project: String, created_at: String) -> Self {
        Self { project, format: LAYOUT_FORMAT, created_at }
    }
}

/// A data directory.
#[derive(Clone, Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// The directory at `root`, whether there is one or not.
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where it is.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where an environment is.
    pub(crate) fn environment(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Where an environment is made that is to take another's place.
    pub(crate) fn fresh_environment(&self, name: &str) -> PathBuf {
        self.root.join(format!("{name}.fresh"))
    }

    /// Puts the environment made at [`DataDir::fresh_environment`] in the place of the old one, and drops that. The
    /// caller holds the lock.
    ///
    /// # Errors
    /// If the file system refuses.
    pub(crate) fn put_fresh_environment(&self, name: &str) -> Result<()> {
        let (fresh, place, old) =
            (self.fresh_environment(name), self.environment(name), self.root.join(format!("{name}.dropped")));
        let moves = || {
            if place.exists() {
                remove_dir_if_there(&old)?;
                fs::rename(&place, &old)?;
            }
            fs::rename(&fresh, &place)?;
            fs::File::open(&self.root)?.sync_all()?;
            remove_dir_if_there(&old)
        };
        moves().with_context(|| format!("putting the new environment {name} in place"))
    }

    /// Completes what [`DataDir::put_fresh_environment`] was cut off from.
    fn complete_reset(&self, name: &str) -> Result<()> {
        let is_cut_off = !self.environment(name).exists() && self.fresh_environment(name).exists();
        if is_cut_off { self.put_fresh_environment(name) } else { Ok(()) }
    }

    /// Whether a project was begun here.
    pub(crate) fn is_initialised(&self) -> bool {
        self.root.join(PROJECT_FILE).exists()
    }

    /// The project that is here.
    ///
    /// # Errors
    /// If there is none, or of a layout that this build does not know.
    pub(crate) fn project(&self) -> Result<Project> {
        let path = self.root.join(PROJECT_FILE);
        if !path.exists() {
            let doing = format!("there is no project in {}", self.root.display());
            let next = "Name its directory with --data, or make one with `chargly init`.";
            bail!(Advice::new(doing, next));
        }
        let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let project: Project =
            serde_json::from_slice(&text).with_context(|| format!("understanding {}", path.display()))?;
        ensure!(
            project.format == LAYOUT_FORMAT,
            Advice::new(
                format!(
                    "{} has layout {}, and this build knows {LAYOUT_FORMAT}",
                    path.display(),
                    project.format
                ),
                "Use the build that made it, or a newer one.",
            )
        );
        Ok(project)
    }

    /// Takes the directory for writing; `as_what` tells others who has it. Makes the directory where it is absent.
    ///
    /// # Errors
    /// If another process has it, naming that one.
    pub(crate) fn lock(&self, as_what: &str, clock: &dyn Clock) -> Result<DirLock> {
        ensure!(
            !self.root.join(BACKUP_FILE).exists(),
            Advice::new(
                format!("{} is a backup; nothing was written to it", self.root.display()),
                "Make a data directory of it with `chargly restore`. `verify` and `export` read it as it is.",
            )
        );
        fs::create_dir_all(&self.root).with_context(|| format!("making {}", self.root.display()))?;
        let (process, since) = (std::process::id(), time_text(clock.wall_ms()));
        DirLock::acquire(&self.root, &format!("process {process}, {as_what}, since {since}")).with_context(|| {
            Advice::new(
                format!("taking the data directory {}", self.root.display()),
                "Stop that process, or name another directory with --data. `verify`, `backup` and `export` work \
                 beside it; `replay` and `keys` reach it with --url.",
            )
        })
    }

    /// Opens an environment for writing. The caller holds the lock.
    ///
    /// # Errors
    /// If it cannot be opened; the causes say why.
    pub(crate) fn open(&self, name: &str, how: HowToOpen) -> Result<Arc<Environment>> {
        self.complete_reset(name)?;
        let dir = self.environment(name);
        ensure!(
            dir.join(JOURNAL_FILE).exists(),
            Advice::new(
                format!("the environment {name} has no journal in {}", dir.display()),
                "Restore a backup into another directory: what was in it cannot be made up.",
            )
        );
        warn_of_paused_effects(name, &dir)?;
        let mut options = open_options(Arc::new(SystemClock::start()))?;
        options.accept_loss = how.accept_loss;
        options.accept_clock = how.accept_clock;
        Environment::open(&dir, options).with_context(|| {
            Advice::new(
                format!("opening the environment {name}"),
                "`chargly verify` says what is wrong with its data; `chargly restore` puts a backup in another directory.",
            )
        })
    }
}

fn warn_of_paused_effects(name: &str, dir: &Path) -> Result<()> {
    let restored =
        read_restored(dir).with_context(|| format!("reading {RESTORED_FILE} in {}", dir.display()))?;
    if let Some(note) = restored.filter(|note| note.effects_are_paused) {
        let at = time_text(note.at_ms);
        tracing::warn!(
            environment = name,
            restored_at = at,
            "this environment was restored from a backup; what reaches outside is paused until \
             `chargly resume-effects`"
        );
    }
    Ok(())
}

fn remove_dir_if_there(dir: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What to go on in spite of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HowToOpen {
    /// Facts that were lost.
    pub(crate) accept_loss: bool,
    /// A wall clock far ahead of the journal.
    pub(crate) accept_clock: bool,
}

/// Facts of a sealed run, for tests that want many of them. A directory keeps the length it began with.
const RUN_FACTS_VARIABLE: &str = "CHARGLY_RUN_FACTS";
/// Facts after which a checkpoint is written, for tests that want many of them.
const CHECKPOINT_FACTS_VARIABLE: &str = "CHARGLY_CHECKPOINT_FACTS";

/// Options with this build's name in them.
///
/// # Errors
/// If the environment asks for lengths that cannot be.
pub(crate) fn open_options(clock: Arc<dyn Clock>) -> Result<OpenOptions> {
    let mut options = OpenOptions::new(clock, SOFTWARE);
    options.run_length = run_length()?;
    if let Some(facts) = number_in(CHECKPOINT_FACTS_VARIABLE)? {
        options.checkpoint_every_facts = facts.into();
    }
    Ok(options)
}

/// Facts of a sealed run: the usual, unless a test wants less.
///
/// # Errors
/// If the environment asks for a length that cannot be.
pub(crate) fn run_length() -> Result<RunLength> {
    let Some(facts) = number_in(RUN_FACTS_VARIABLE)? else { return Ok(RunLength::FULL) };
    RunLength::new(facts).with_context(|| format!("{RUN_FACTS_VARIABLE} cannot be {facts}"))
}

fn number_in(variable: &str) -> Result<Option<u32>> {
    let Ok(text) = std::env::var(variable) else { return Ok(None) };
    let number = text.parse().with_context(|| format!("{variable} must be a number, and is {text}"))?;
    Ok(Some(number))
}

/// Milliseconds since 1970 as RFC 3339 in UTC.
pub(crate) fn time_text(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms).map_or_else(|_| format!("{unix_ms} ms"), |t| format!("{t:.3}"))
}

/// Which environments are meant: test and live, or the one named, which may be the playground.
///
/// # Errors
/// If there is none of that name.
pub(crate) fn environments_named(name: Option<&str>) -> Result<Vec<&'static str>> {
    let Some(name) = name else { return Ok(ENVIRONMENTS.to_vec()) };
    let found: Vec<_> = ENVIRONMENTS.into_iter().chain([PLAYGROUND]).filter(|known| *known == name).collect();
    ensure!(
        !found.is_empty(),
        crate::failure::Usage(format!("there is no environment {name}: test, live or playground"))
    );
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_without_a_project_says_what_to_do() {
        let dir = tempfile::tempdir().expect("a directory");
        let error = DataDir::at(dir.path()).project().expect_err("there is none");
        assert!(error.downcast_ref::<Advice>().is_some_and(|advice| advice.next.contains("chargly init")));
    }

    #[test]
    fn a_layout_of_another_build_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let newer = r#"{"project":"prj_1","format":2,"created_at":"2026-01-01T00:00:00Z"}"#;
        fs::write(dir.path().join(PROJECT_FILE), newer).expect("written");
        let error = DataDir::at(dir.path()).project().expect_err("newer").to_string();
        assert!(error.contains("has layout 2"), "{error}");
    }

    #[test]
    fn a_time_is_shown_to_the_millisecond() {
        assert_eq!(time_text(1_800_000_000_001), "2027-01-15T08:00:00.001Z");
    }
}
