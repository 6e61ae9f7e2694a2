//! Comparing the sealed runs with the journal, and proving that no key is bound twice: in memory for one run, however
//! long the journal is.

use std::path::{Path, PathBuf};

use chargly_index::{RUNS_DIR, RecentKeys, Run, RunBuilder, RunError, RunLength, Runs};
use chargly_journal::JournalReader;
use chargly_ledger::{Fact, KeyHash, Millis, Position};

use crate::verify::VerifyError;

/// How many runs there are. To be asked before the journal's head: a busy server may seal another meanwhile.
pub(crate) fn sealed_runs(dir: &Path) -> Result<u32, VerifyError> {
    let Ok(entries) = std::fs::read_dir(dir.join(RUNS_DIR)) else { return Ok(0) };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let number = |name: String| name.strip_prefix("run-")?.strip_suffix(".idx")?.parse::<u32>().ok();
    Ok(names.filter_map(number).max().map_or(0, |newest| newest + 1))
}

pub(crate) struct RunsCheck {
    dir: PathBuf,
    length: RunLength,
    /// Runs to compare; a number below it that is not there is missing.
    sealed: u32,
    /// Those that were found equal. Asked for keys bound before.
    earlier: Runs,
    filling: RunBuilder,
    recent: RecentKeys,
    reader: Box<dyn JournalReader>,
    /// Keys seen.
    pub(crate) keys: u64,
}

impl RunsCheck {
    pub(crate) fn new(dir: &Path, length: RunLength, sealed: u32, reader: Box<dyn JournalReader>) -> Self {
        Self {
            dir: dir.to_owned(),
            length,
            sealed,
            earlier: Runs::new(length),
            filling: RunBuilder::new(0, length),
            recent: RecentKeys::new(length, Position(0)),
            reader,
            keys: 0,
        }
    }

    /// How many runs were compared.
    pub(crate) fn compared(&self) -> u32 {
        self.length.number_of(self.earlier.sealed_to())
    }

    /// Takes the next fact.
    pub(crate) fn fact(&mut self, position: Position, at: Millis, fact: &Fact) -> Result<(), VerifyError> {
        if let Some(key) = fact.origin().and_then(|origin| origin.key) {
            self.keys += 1;
            if let Some(first) = self.bound_before(key)? {
                return Err(VerifyError::KeyTwice { first, second: position });
            }
            self.recent.insert(key, position);
        }
        self.filling.add(position, at, fact);
        if self.filling.is_full() {
            self.compare()?;
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<(), VerifyError> {
        let number = self.filling.number();
        if number < self.sealed {
            let differs = |problem: String| VerifyError::Derived {
                what: "run",
                position: self.filling.first(),
                problem: format!("run {number}: {problem}"),
            };
            let run = Run::open(&self.dir, number, self.length).map_err(|error| differs(words(&error)))?;
            let difference = self.filling.compare(&run).map_err(|error| differs(words(&error)))?;
            if let Some(problem) = difference {
                return Err(differs(problem));
            }
            let last = chargly_journal::Position(run.end().0 - 1);
            let chain_hash = self.reader.chunk_at(last)?.map(|chunk| chunk.hash.0);
            if chain_hash != Some(run.chain_hash()) {
                return Err(differs("it was sealed over another journal's past".to_owned()));
            }
            self.earlier.add(run)?;
            self.recent.forget_below(self.earlier.sealed_to());
        }
        self.filling = RunBuilder::new(number + 1, self.length);
        Ok(())
    }

    /// A fact that bound this very key. What runs and tables know is half of its hash; the fact has all of it.
    fn bound_before(&mut self, key: KeyHash) -> Result<Option<Position>, VerifyError> {
        let (mut candidates, _) = self.earlier.find(key)?;
        let mut after = None;
        while let Some(position) = self.recent.find(key, after) {
            candidates.push(position);
            after = Some(position);
        }
        for position in candidates {
            let at = chargly_journal::Position(position.0);
            let chunk = self.reader.chunk_at(at)?;
            let bound = chunk.as_ref().and_then(|chunk| chunk.entry(at)).map(|e| Fact::decode_key(e.fact));
            if matches!(bound, Some(Ok(Some(bound))) if bound == key) {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }
}

fn words(error: &RunError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
