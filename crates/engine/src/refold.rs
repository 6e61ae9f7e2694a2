//! Folding the rollups anew: beside the old ones while those are served, and for `chargly rebuild`.
//!
//! A running environment does it when its catalogue asks for figures that the old file cannot give: another time zone,
//! a dimension declared after its events, a customer forgotten whose payloads were read. A thread of its own folds the
//! journal into a file of its own; the derive thread takes over near the head, folds the rest and puts the new file in the
//! place of the old one. Until then every question is answered from the old figures. A crash loses the new file only.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use chargly_journal::{Chunk, EntryRef, PayloadRef, SqliteJournal};
use chargly_ledger::{Millis, Position};
use chargly_views::{Encoded, FILE_NAME, Setup, ViewError, Views, swap_in};
use thiserror::Error;

use crate::environment::{AnyError, Environment, spawn};
use crate::recover::remove_files;

/// Bytes of journal folded at once by a rebuild.
const READ_BYTES: usize = 4 * 1024 * 1024;
/// How near to the old figures the new ones must be for the derive thread to take over, in facts: what it folds in a
/// fraction of a second.
const TAKE_OVER_WITHIN_FACTS: u64 = 50_000;

/// A fact as the rollups take it.
pub(crate) fn encoded<'a>(entry: &EntryRef<'a>) -> Encoded<'a> {
    let payload = match entry.payload {
        PayloadRef::Present(bytes) => Some(bytes),
        PayloadRef::None | PayloadRef::Erased => None,
    };
    Encoded { position: Position(entry.position.0), fact: entry.fact, payload }
}

/// Rollups being folded anew.
pub(crate) struct Refold {
    setup: Setup,
    is_cancelled: Arc<AtomicBool>,
    thread: JoinHandle<Result<Option<Views>, AnyError>>,
}

impl Refold {
    /// Begins, from the first fact on.
    fn begin(environment: &Arc<Environment>, setup: Setup) -> Result<Self, AnyError> {
        let path = path_in(environment.dir());
        remove(environment.dir())?;
        let views = Views::open_file(&path, &setup)?;
        tracing::info!(environment = environment.name(), "the figures are folded anew");
        let is_cancelled = Arc::new(AtomicBool::new(false));
        let (weak, cancel) = (Arc::downgrade(environment), Arc::clone(&is_cancelled));
        let thread = spawn(environment.name(), "refold", move || fold_near_head(&weak, views, &cancel));
        Ok(Self { setup, is_cancelled, thread })
    }

    /// Ends it without a result.
    pub(crate) fn cancel(self) {
        self.is_cancelled.store(true, Ordering::Release);
        // What it did is thrown away, so that its error is of no interest.
        drop(self.thread.join());
    }
}

/// Looks after folding anew, now and then: begins where figures are stale, begins again where they are to be otherwise by
/// now, and ends with the swap.
pub(crate) fn look_after(
    environment: &Arc<Environment>,
    refold: &mut Option<Refold>,
) -> Result<(), AnyError> {
    let asked = environment.views().asked_setup();
    if refold.as_ref().is_some_and(|running| Some(&running.setup) != asked.as_ref())
        && let Some(other) = refold.take()
    {
        other.cancel();
        remove(environment.dir())?;
    }
    let Some(setup) = asked else { return Ok(()) };
    match refold.take() {
        None => *refold = Some(Refold::begin(environment, setup)?),
        Some(running) if !running.thread.is_finished() => *refold = Some(running),
        Some(done) => match done.thread.join() {
            Ok(Ok(Some(views))) => environment.swap_views(views)?,
            Ok(Ok(None)) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err("the thread that folds the figures anew has panicked".into()),
        },
    }
    Ok(())
}

/// Folds until little is left; `None` where nobody wants it any more.
fn fold_near_head(
    environment: &Weak<Environment>,
    views: Views,
    is_cancelled: &AtomicBool,
) -> Result<Option<Views>, AnyError> {
    while !is_cancelled.load(Ordering::Acquire)
        && let Some(environment) = environment.upgrade()
    {
        if views.lag(environment.views().next()) <= TAKE_OVER_WITHIN_FACTS {
            views.flush()?;
            return Ok(Some(views));
        }
        for chunk in environment.facts().chunks_from(views.next())? {
            fold_chunk(&views, &chunk)?;
        }
    }
    Ok(None)
}

impl Environment {
    /// Folds what is left, so that the new figures reflect what the old ones do, and serves them from here on.
    fn swap_views(&self, views: Views) -> Result<(), AnyError> {
        let goal = self.views().next();
        while views.next() < goal {
            for chunk in self.facts().chunks_from(views.next())? {
                fold_chunk(&views, &chunk)?;
            }
        }
        views.flush()?;
        drop(views);
        swap_in(self.dir(), &path_in(self.dir()))?;
        self.replace_views(Views::open(self.dir())?);
        tracing::info!(environment = self.name(), "the figures that were folded anew are served");
        Ok(())
    }
}

fn fold_chunk(views: &Views, chunk: &Chunk) -> Result<(), ViewError> {
    views.fold_encoded(Millis(chunk.at_ms), chunk.entries().map(|entry| encoded(&entry)))?;
    if views.should_flush() { views.flush() } else { Ok(()) }
}

/// Why the rollups could not be made anew.
#[derive(Debug, Error)]
pub enum RebuildError {
    /// The journal could not be read.
    #[error("the journal cannot be read")]
    Read(#[from] chargly_journal::ReadError),
    /// They could not be folded or written.
    #[error("the figures cannot be folded")]
    Views(#[from] ViewError),
    /// A file left behind could not be removed.
    #[error("what an earlier attempt left cannot be removed")]
    Leftover(#[from] std::io::Error),
}

/// Folds the rollups of an environment that nobody has open anew from the journal, and puts them in the place of the old
/// ones. Says how many facts they reflect. `progress` hears of facts done and to do.
///
/// # Errors
/// If the journal cannot be read or the file cannot be written. Until the swap the old figures stay.
pub fn rebuild_views(dir: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Position, RebuildError> {
    // What the old ones ask for spares a second round, nearly always; where they are damaged, nothing is lost.
    let old = dir.join(FILE_NAME).exists().then(|| Views::open_snapshot(dir));
    let asked = old.and_then(Result::ok).map(|old| old.asked_setup().unwrap_or_else(|| old.setup()));
    let mut setup = asked.unwrap_or_default();
    loop {
        remove(dir)?;
        let views = Views::open_file(&path_in(dir), &setup)?;
        let mut reader = SqliteJournal::reader_in(dir);
        let head = reader.head()?.next;
        while views.next().0 < head.0 {
            let chunks = reader.chunks_from(chargly_journal::Position(views.next().0), READ_BYTES)?;
            if chunks.is_empty() {
                break;
            }
            chunks.iter().try_for_each(|chunk| fold_chunk(&views, chunk))?;
            progress(views.next().0.min(head.0), head.0);
        }
        if let Some(asked) = views.asked_setup() {
            setup = asked;
            continue;
        }
        views.flush()?;
        let reflected = views.next();
        drop(views);
        swap_in(dir, &path_in(dir))?;
        return Ok(reflected);
    }
}

/// The file that figures are folded into beside the old ones.
fn path_in(dir: &Path) -> PathBuf {
    dir.join(format!("{FILE_NAME}.refolded"))
}

/// Removes what an earlier attempt left.
pub(crate) fn remove(dir: &Path) -> std::io::Result<()> {
    remove_files(dir, &["views.db.refolded", "views.db.refolded-wal", "views.db.refolded-shm"])
}
