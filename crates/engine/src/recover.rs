//! Starting: from the checkpoint and the sealed runs, forward to the journal's head.
//!
//! A run that is missing or damaged is made anew here, and those after it, before anything can be written: a key that
//! is not found must never become a second charge.

use std::path::Path;

use chargly_index::{Checkpoints, RecentKeys, RunBuilder, RunError, RunLength, Runs};
use chargly_journal::{Journal as _, JournalReader, SqliteJournal};
use chargly_ledger::{Fact, Millis, Position};
use chargly_views::Views;

use crate::environment::OpenError;
use crate::erasures::Erasures;
use crate::fold::{Fold, FoldError, FoldProblem};
use crate::lookup::Lookup;
use crate::writer::Recovered;

/// Bytes of journal folded at once.
const FOLD_BYTES: usize = 4 * 1024 * 1024;

/// Folds the journal to its head, from the checkpoint where there is a good one. One that turns out on the way to be
/// damaged where the fold needs it is thrown away.
pub(crate) fn recover(
    dir: &Path,
    journal: &SqliteJournal,
    checkpoints: &mut Checkpoints,
    length: RunLength,
    accept_loss: bool,
) -> Result<(Recovered, Lookup), OpenError> {
    match fold_to_head(dir, journal, checkpoints, length, accept_loss) {
        Err(OpenError::Fold { source: FoldError { source: FoldProblem::Checkpoint(error), .. }, .. }) => {
            tracing::warn!(dir = %dir.display(), %error, "the checkpoint is damaged; folding from the start");
            checkpoints.clear().map_err(|source| OpenError::Checkpoints { dir: dir.into(), source })?;
            fold_to_head(dir, journal, checkpoints, length, accept_loss)
        }
        folded => folded,
    }
}

fn fold_to_head(
    dir: &Path,
    journal: &SqliteJournal,
    checkpoints: &mut Checkpoints,
    length: RunLength,
    accept_loss: bool,
) -> Result<(Recovered, Lookup), OpenError> {
    let head = Position(journal.head().next.0);
    let mut reader = journal.reader();
    let runs = open_runs(dir, reader.as_mut(), length, head, accept_loss)?;
    let sealed_to = runs.sealed_to();
    let mut fold = begin(dir, reader.as_mut(), checkpoints, head, accept_loss)?;
    let evicted_to = fold.next;
    fold.keys = RecentKeys::new(length, sealed_to);
    let lookup = Lookup::new(dir, length, runs, RunBuilder::new(length.number_of(sealed_to), length));

    let read = |source| OpenError::Read { dir: dir.into(), source };
    let mut from = chargly_journal::Position(fold.next.min(sealed_to).0);
    loop {
        let chunks = reader.chunks_from(from, FOLD_BYTES).map_err(read)?;
        let Some(last) = chunks.last() else { break };
        from = last.end();
        for chunk in &chunks {
            let at = Millis(chunk.at_ms);
            let mut sealed = Ok(());
            let mut warm = |keys: &[chargly_ledger::ColdKey]| checkpoints.load(keys).map(|(_, found)| found);
            let mut each = |position: Position, fact: &Fact| {
                if position < sealed_to || sealed.is_err() {
                    return;
                }
                let mut is_full = false;
                lookup.fill(|run| {
                    run.add(position, at, fact);
                    is_full = run.is_full();
                });
                if is_full {
                    sealed = lookup.seal(chunk.hash.0);
                }
            };
            fold.fold_on(chunk, sealed_to, &mut warm, &mut each)
                .map_err(|source| OpenError::Fold { dir: dir.into(), source })?;
            sealed.map_err(|source| OpenError::Runs { dir: dir.into(), source })?;
        }
    }
    if fold.next != head {
        return Err(OpenError::Ahead { dir: dir.into(), what: "head", found: head, head: fold.next });
    }
    fold.keys.forget_below(lookup.runs().sealed_to());
    Ok((Recovered::new(fold, evicted_to), lookup))
}

/// The fold to go on with: from the checkpoint, or from the start.
fn begin(
    dir: &Path,
    reader: &mut dyn JournalReader,
    checkpoints: &mut Checkpoints,
    head: Position,
    accept_loss: bool,
) -> Result<Fold, OpenError> {
    let read = |source| OpenError::Read { dir: dir.into(), source };
    let fold = match checkpoints.read() {
        Ok(Some(found)) if found.next > head => {
            if !accept_loss {
                return Err(OpenError::Ahead {
                    dir: dir.into(),
                    what: "checkpoint",
                    found: found.next,
                    head,
                });
            }
            None
        }
        Ok(Some(found)) => {
            let hash = chain_hash_before(reader, found.next).map_err(read)?;
            if hash == Some(found.hash) {
                let erasures = Erasures::new(found.erasures);
                Some(Fold { erasures, ..Fold::from_state(found.state, found.next) })
            } else {
                tracing::warn!(dir = %dir.display(), "the checkpoint is of another past; folding from the start");
                None
            }
        }
        Ok(None) => None,
        Err(error) => {
            tracing::warn!(dir = %dir.display(), %error, "the checkpoint cannot be used; folding from the start");
            None
        }
    };
    if let Some(fold) = fold {
        return Ok(fold);
    }
    // Every wallet folded from the start counts as changed, so the next checkpoint holds them all.
    checkpoints.clear().map_err(|source| OpenError::Checkpoints { dir: dir.into(), source })?;
    Ok(Fold::from_start())
}

/// Opens the sealed runs that belong to this journal. Of those that do not, or cannot be used, and all after them,
/// nothing is kept: they are sealed again from the journal.
fn open_runs(
    dir: &Path,
    reader: &mut dyn JournalReader,
    length: RunLength,
    head: Position,
    accept_loss: bool,
) -> Result<Runs, OpenError> {
    let fail = |source| OpenError::Runs { dir: dir.into(), source };
    let opened = open(dir, length);
    let runs = match opened {
        Ok(runs) => runs,
        Err(error) => {
            let from = match &error {
                RunError::Missing { number } | RunError::Damaged { number, .. } => *number,
                RunError::Other { number, .. } => *number,
                RunError::Io { .. } | RunError::NewerFormat { .. } | RunError::NotFull { .. } => {
                    return Err(fail(error));
                }
            };
            tracing::warn!(dir = %dir.display(), %error, "runs are sealed again, from the journal");
            Runs::truncate(dir, length, length.first(from)).map_err(fail)?;
            open(dir, length).map_err(fail)?
        }
    };
    let found = runs.sealed_to();
    if found > head && !accept_loss {
        return Err(OpenError::Ahead { dir: dir.into(), what: "newest run", found, head });
    }
    for run in runs.all().iter() {
        let known = if run.end() > head {
            None
        } else {
            chain_hash_before(reader, run.end())
                .map_err(|source| OpenError::Read { dir: dir.into(), source })?
        };
        if known != Some(run.chain_hash()) {
            let number = run.number();
            tracing::warn!(dir = %dir.display(), number, "a run is of another past; it is sealed again");
            Runs::truncate(dir, length, run.first()).map_err(fail)?;
            return open(dir, length).map_err(fail);
        }
    }
    Ok(runs)
}

fn open(dir: &Path, length: RunLength) -> Result<Runs, RunError> {
    Runs::open(dir, length, &|done, all| tracing::debug!(dir = %dir.display(), done, all, "runs opened"))
}

/// The chain hash of the chunk with the last fact before a position.
fn chain_hash_before(
    reader: &mut dyn JournalReader,
    position: Position,
) -> Result<Option<[u8; 32]>, chargly_journal::ReadError> {
    let Some(last) = position.0.checked_sub(1) else { return Ok(None) };
    Ok(reader.chunk_at(chargly_journal::Position(last))?.map(|chunk| chunk.hash.0))
}

/// Rollups ahead of the journal are of a future that was lost.
pub(crate) fn fit_views(
    dir: &Path,
    views: Views,
    head: chargly_journal::Position,
    accept_loss: bool,
) -> Result<Views, OpenError> {
    let head = Position(head.0);
    if views.next() <= head {
        return Ok(views);
    }
    if !accept_loss {
        return Err(OpenError::Ahead { dir: dir.into(), what: "rollups", found: views.next(), head });
    }
    drop(views);
    let fail = |source| OpenError::Views { dir: dir.into(), source };
    remove_views(dir).map_err(|source| OpenError::Directory { dir: dir.into(), source })?;
    Views::open(dir).map_err(fail)
}

/// Removes the checkpoint and the sealed runs of an environment that nobody has open: the next start makes them anew
/// from the journal.
pub fn remove_indexes(dir: &Path) -> Result<(), OpenError> {
    remove_files(dir, &["index.db", "index.db-wal", "index.db-shm"])
        .map_err(|source| OpenError::Directory { dir: dir.into(), source })?;
    Runs::remove_all(dir).map_err(|source| OpenError::Runs { dir: dir.into(), source })
}

fn remove_views(dir: &Path) -> std::io::Result<()> {
    remove_files(dir, &["views.db", "views.db-wal", "views.db-shm"])
}

pub(crate) fn remove_files(dir: &Path, names: &[&str]) -> std::io::Result<()> {
    for name in names {
        match std::fs::remove_file(dir.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
