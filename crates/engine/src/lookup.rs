//! What is found beside the journal: keys and lists in sealed runs, and records that have left the writer's memory.
//!
//! All of it is derived, and asked on callers' threads, never on the writer's. The run that is not full yet is kept in
//! memory and asked in the same way; what it does not hold yet is scanned.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use chargly_index::{
    Block, CheckpointError, Checkpoints, Posting, Run, RunBuilder, RunError, RunLength, Runs, run_path,
};
use chargly_ledger::{Cold, ColdKey, KeyHash, Position, WalletNo};
use smallvec::SmallVec;

use crate::submission::Warm;

/// Idle readers of the checkpoint database kept open per environment.
const IDLE_READERS_MAX: usize = 4;

/// The indexes of one environment.
pub(crate) struct Lookup {
    dir: PathBuf,
    length: RunLength,
    runs: Runs,
    filling: RwLock<RunBuilder>,
    idle: Mutex<Vec<Checkpoints>>,
}

/// Where a key was found, perhaps, and up to where it was looked for.
pub(crate) struct KeyFound {
    /// Facts whose keys begin with the same 64 bits.
    pub(crate) candidates: SmallVec<[Position; 1]>,
    /// All sealed runs below this position were searched.
    pub(crate) checked_to: Position,
}

impl Lookup {
    pub(crate) fn new(dir: &Path, length: RunLength, runs: Runs, filling: RunBuilder) -> Self {
        Self { dir: dir.to_owned(), length, runs, filling: RwLock::new(filling), idle: Mutex::default() }
    }

    /// The sealed runs.
    pub(crate) fn runs(&self) -> &Runs {
        &self.runs
    }

    /// Looks for a key in the sealed runs.
    pub(crate) fn find_key(&self, key: KeyHash) -> Result<KeyFound, RunError> {
        let (candidates, checked_to) = self.runs.find(key).inspect_err(|error| self.condemn(error))?;
        Ok(KeyFound { candidates, checked_to })
    }

    /// The first position that the run being filled does not hold yet.
    pub(crate) fn filled_to(&self) -> Position {
        self.read_filling().next()
    }

    /// Whether the run being filled waits to be sealed.
    pub(crate) fn is_full(&self) -> bool {
        self.read_filling().is_full()
    }

    /// Lets `fill` add facts to the run being filled.
    pub(crate) fn fill<T>(&self, fill: impl FnOnce(&mut RunBuilder) -> T) -> T {
        fill(&mut self.filling.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Seals the run being filled, once it is full, and begins the next. `chain_hash` is that of the chunk with its
    /// last fact.
    pub(crate) fn seal(&self, chain_hash: [u8; 32]) -> Result<(), RunError> {
        let (sealed, number) = {
            let filling = self.read_filling();
            (filling.seal(&self.dir, chain_hash)?, filling.number())
        };
        chargly_journal::crash_point("engine.mid_seal");
        // Readers find its facts in the run before they can miss them in the one being filled.
        self.runs.add(sealed)?;
        let next = RunBuilder::new(number + 1, self.length);
        *self.filling.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// Offsets of a list in the run that holds `position`, with the run's first position; `None` where that run is
    /// neither sealed nor being filled.
    pub(crate) fn list_at(&self, list: Posting, position: Position) -> Result<Option<List>, RunError> {
        if position < self.runs.sealed_to() {
            let Some(run) = self.run_at(position) else { return Ok(None) };
            let offsets = run.postings(list).inspect_err(|error| self.condemn(error))?;
            return Ok(Some(List { first: run.first(), offsets }));
        }
        let filling = self.read_filling();
        let is_inside = (filling.first()..filling.next()).contains(&position);
        Ok(is_inside.then(|| List { first: filling.first(), offsets: filling.postings(list) }))
    }

    /// The list of a wallet in the run that holds `position`, and where that run ends, as far as it is filled; `None`
    /// where that run is neither sealed nor being filled.
    pub(crate) fn whole_list_at(
        &self,
        wallet: WalletNo,
        position: Position,
    ) -> Result<Option<(List, Position)>, RunError> {
        let list = Posting::Wallet(wallet);
        if let Some(run) = self.run_at(position) {
            let offsets = run.postings(list).inspect_err(|error| self.condemn(error))?;
            return Ok(Some((List { first: run.first(), offsets }, run.end())));
        }
        let filling = self.read_filling();
        let is_inside = (filling.first()..filling.next()).contains(&position);
        let list = || (List { first: filling.first(), offsets: filling.postings(list) }, filling.next());
        Ok(is_inside.then(list))
    }

    /// The block that holds `position` and the first position of that block, where it is known.
    pub(crate) fn block_at(&self, position: Position) -> Option<(Position, Block)> {
        let in_run = |first: Position, blocks: &[Block]| {
            let index = (position.0 - first.0) / u64::from(chargly_index::BLOCK_FACTS);
            let begins = Position(first.0 + index * u64::from(chargly_index::BLOCK_FACTS));
            blocks.get(usize::try_from(index).ok()?).map(|block| (begins, *block))
        };
        if let Some(run) = self.run_at(position) {
            return in_run(run.first(), run.blocks());
        }
        let filling = self.read_filling();
        (filling.first()..filling.next())
            .contains(&position)
            .then(|| in_run(filling.first(), filling.blocks()))
            .flatten()
    }

    /// Reads records that have left memory, and what reversing needs beside them: the lots that settled an event.
    pub(crate) fn load(&self, keys: &[ColdKey]) -> Result<Warm, CheckpointError> {
        let idle = self.lock_idle().pop();
        let reader = match idle {
            Some(reader) => reader,
            None => Checkpoints::open(&self.dir)?,
        };
        let mut looked_for = keys.to_vec();
        let (mut as_of, mut found) = reader.load(keys)?;
        let settlers: Vec<ColdKey> = found.iter().flat_map(settlers).filter(|k| !keys.contains(k)).collect();
        if !settlers.is_empty() {
            let (second, lots) = reader.load(&settlers)?;
            as_of = as_of.min(second);
            found.extend(lots);
            looked_for.extend(settlers);
        }
        let mut idle = self.lock_idle();
        if idle.len() < IDLE_READERS_MAX {
            idle.push(reader);
        }
        Ok(Warm { as_of, looked_for, found })
    }

    /// Puts the file of a damaged run aside, for whoever wants to look at it: the next start makes the run anew.
    fn condemn(&self, error: &RunError) {
        if let RunError::Damaged { number, .. } = error {
            let path = run_path(&self.dir, *number);
            let aside = path.with_extension("damaged");
            match std::fs::rename(&path, &aside) {
                Ok(()) => {
                    tracing::error!(file = %aside.display(), "a run is damaged; the next start makes it anew");
                }
                // Somebody else has come across it before.
                Err(error) => tracing::debug!(%error, "a damaged run is not put aside"),
            }
        }
    }

    fn run_at(&self, position: Position) -> Option<std::sync::Arc<Run>> {
        self.runs.all().get(self.length.number_of(position) as usize).cloned()
    }

    fn read_filling(&self) -> std::sync::RwLockReadGuard<'_, RunBuilder> {
        self.filling.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_idle(&self) -> std::sync::MutexGuard<'_, Vec<Checkpoints>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A list of facts of one run.
pub(crate) struct List {
    /// The run's first position.
    pub(crate) first: Position,
    /// Positions, counted from there, ascending.
    pub(crate) offsets: Vec<u32>,
}

impl List {
    /// What is in both lists of one run.
    pub(crate) fn also_in(self, other: &Self) -> Self {
        let Self { first, mut offsets } = self;
        let mut others = other.offsets.iter().copied().peekable();
        offsets.retain(|offset| {
            while others.next_if(|other| other < offset).is_some() {}
            others.next_if_eq(offset).is_some()
        });
        Self { first, offsets }
    }

    /// Its positions below a bound, newest first.
    pub(crate) fn newest_first(&self, below: Position) -> impl Iterator<Item = Position> + '_ {
        let positions = self.offsets.iter().rev().map(|offset| Position(self.first.0 + u64::from(*offset)));
        positions.skip_while(move |position| *position >= below)
    }
}

/// Lots that whoever looks at a record looks at next.
fn settlers(record: &Cold) -> Vec<ColdKey> {
    let lot = |wallet, lot| ColdKey::Lot(wallet, lot);
    match record {
        Cold::Event { amended: a, .. } => a.later.iter().map(|(no, _)| lot(a.wallet, *no)).collect(),
        Cold::Order { order, .. } => order.lot.map(|no| lot(order.wallet, no)).into_iter().collect(),
        Cold::Hold { .. } | Cold::Lot { .. } => Vec::new(),
    }
}
