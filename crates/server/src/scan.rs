//! Reading a journal from end to end without the environment that writes it.

use std::path::Path;

use anyhow::{Context as _, Result};
use chargly_engine::journal::{self, SqliteJournal};
use chargly_engine::ledger::{Catalogue, Fact, Position, State};
use chargly_engine::{StoredFact, read_entry};

/// Bytes of journal read at once.
const READ_BYTES: usize = 4 * 1024 * 1024;

/// Shows every fact below the head of now to `each`, oldest first, until it answers false. `progress` hears of
/// positions done and to do.
///
/// # Errors
/// If the journal in `dir` cannot be read, or `each` fails.
pub(crate) fn facts(
    dir: &Path,
    progress: &mut dyn FnMut(u64, u64),
    each: &mut dyn FnMut(StoredFact) -> Result<bool>,
) -> Result<()> {
    let doing = || format!("reading the journal in {}", dir.display());
    let mut reader = SqliteJournal::reader_in(dir);
    let head = reader.head().with_context(doing)?.next;
    let mut next = journal::Position(0);
    while next < head {
        let chunks = reader.chunks_from(next, READ_BYTES).with_context(doing)?;
        let Some(last) = chunks.last() else { break };
        next = last.end();
        for chunk in &chunks {
            for entry in chunk.entries().filter(|entry| entry.position < head) {
                if !each(read_entry(chunk, &entry).with_context(doing)?)? {
                    return Ok(());
                }
            }
        }
        progress(next.0.min(head.0), head.0);
    }
    Ok(())
}

/// A catalogue that is folded fact by fact, without any wallets.
pub(crate) struct CatalogueFold {
    state: State,
}

impl CatalogueFold {
    /// Before the first fact.
    pub(crate) fn new() -> Self {
        Self { state: State::new() }
    }

    /// Takes up a fact, where it changes the catalogue.
    pub(crate) fn fold(&mut self, stored: &StoredFact) {
        if matches!(stored.fact, Fact::Catalogue(_) | Fact::EnvironmentCreated { .. }) {
            let bytes = stored.fact.encode();
            let recorded =
                chargly_engine::ledger::Recorded::new(stored.id.position, stored.at, &stored.fact, &bytes);
            self.state.apply(recorded, &stored.fact, None);
            self.state.commit();
        }
    }

    /// As far as it has been folded.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        self.state.catalogue()
    }
}

/// The catalogue of the environment in `dir`.
///
/// # Errors
/// If its journal cannot be read.
pub(crate) fn catalogue(dir: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Catalogue> {
    let mut fold = CatalogueFold::new();
    facts(dir, progress, &mut |stored| {
        fold.fold(&stored);
        Ok(true)
    })?;
    Ok(fold.catalogue().clone())
}

/// The first position after everything that `facts` would show.
///
/// # Errors
/// If the journal cannot be read.
pub(crate) fn head(dir: &Path) -> Result<Position> {
    let head = SqliteJournal::reader_in(dir).head();
    Ok(Position(head.with_context(|| format!("reading the journal in {}", dir.display()))?.next.0))
}
