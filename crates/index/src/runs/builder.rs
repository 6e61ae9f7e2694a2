//! The run that is not full yet: collects facts, answers for them from memory, and seals them.

use std::path::Path;

use chargly_ledger::{Fact, Millis, Position};
use hashbrown::HashMap;

use super::entry;
use super::file::write_run;
use super::{BLOCK_FACTS, Block, KeyEntry, Posting, Run, RunError, RunLength, TimeRange, image, prefix_of};

/// Collects the facts of one run, in the order of the journal.
///
/// Some 21 bytes of memory a fact, and 12 a wallet. The same facts always seal to the same bytes.
pub struct RunBuilder {
    number: u32,
    length: RunLength,
    facts: u32,
    pub(super) keys: Vec<KeyEntry>,
    pub(super) wallets: Chains,
    pub(super) event_types: Chains,
    pub(super) audited: Vec<u32>,
    blocks: Vec<Block>,
}

impl RunBuilder {
    /// A run without facts.
    pub fn new(number: u32, length: RunLength) -> Self {
        Self {
            number,
            length,
            facts: 0,
            // Room for all of them at once: pages that are not touched cost nothing.
            keys: Vec::with_capacity(length.facts() as usize),
            wallets: Chains::with_room_for(length),
            event_types: Chains::with_room_for(length),
            audited: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// Takes the next fact, recorded at this time.
    ///
    /// # Panics
    /// When it is not the next one, or not of this run: a run with a gap would charge a key of the gap twice.
    pub fn add(&mut self, position: Position, at: Millis, fact: &Fact) {
        assert!(position == self.next() && !self.is_full(), "{position} is not the next fact of its run");
        let offset = self.facts;
        if let Some(key) = fact.origin().and_then(|origin| origin.key) {
            self.keys.push(KeyEntry::new(prefix_of(key), offset));
        }
        self.wallets.push(entry::wallet(fact).map(|wallet| wallet.0));
        self.event_types.push(entry::event_type(fact).map(|event_type| event_type.0));
        if entry::is_audited(fact) {
            self.audited.push(offset);
        }
        self.add_times(at, entry::occurred_at(fact, at));
        self.facts += 1;
    }

    fn add_times(&mut self, at: Millis, occurred_at: Option<Millis>) {
        let begins_block = self.facts.is_multiple_of(BLOCK_FACTS);
        if begins_block {
            self.blocks.push(Block { recorded_at: TimeRange::at(at), occurred_at: None });
        }
        let Some(block) = self.blocks.last_mut() else { return };
        block.recorded_at.include(at);
        if let Some(occurred_at) = occurred_at {
            block.occurred_at.get_or_insert(TimeRange::at(occurred_at)).include(occurred_at);
        }
    }

    /// The number of the run.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Facts in a full run.
    pub fn length(&self) -> RunLength {
        self.length
    }

    /// The position of the run's first fact.
    pub fn first(&self) -> Position {
        self.length.first(self.number)
    }

    /// The position of the fact that comes next.
    pub fn next(&self) -> Position {
        Position(self.first().0 + u64::from(self.facts))
    }

    /// Whether every fact of the run is here.
    pub fn is_full(&self) -> bool {
        self.facts == self.length.facts()
    }

    /// The facts of a list, as ascending offsets from [`Self::first`].
    pub fn postings(&self, posting: Posting) -> Vec<u32> {
        match posting {
            Posting::Wallet(wallet) => self.wallets.list(wallet.0),
            Posting::EventType(event_type) => self.event_types.list(event_type.0),
            Posting::Audited => self.audited.clone(),
        }
    }

    /// The times of every [`BLOCK_FACTS`] facts; the last block may still grow.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Writes the file of the run into the directory of its environment and opens it. Takes some tenths of a second
    /// for a full run, and as much memory again as the run has bytes.
    ///
    /// `chain_hash` is the hash of the journal's chunk that holds the run's last position.
    ///
    /// # Errors
    /// When it is not full, or the file system refuses. Nothing is left then.
    pub fn seal(&self, dir: &Path, chain_hash: [u8; 32]) -> Result<Run, RunError> {
        write_run(dir, self.number, &self.encode(chain_hash)?)?;
        Run::open(dir, self.number, self.length)
    }

    /// The bytes that [`Self::seal`] writes.
    ///
    /// # Errors
    /// When the run is not full.
    pub fn encode(&self, chain_hash: [u8; 32]) -> Result<Vec<u8>, RunError> {
        if !self.is_full() {
            return Err(RunError::NotFull { number: self.number, facts: self.facts });
        }
        Ok(image::encode(self, chain_hash))
    }

    /// The first difference between these facts and a sealed run that should be theirs, in words; `None` where there
    /// is none. The chain hash is not compared: see [`Run::chain_hash`].
    ///
    /// # Errors
    /// When the run is damaged or cannot be read, or this one is not full.
    pub fn compare(&self, run: &Run) -> Result<Option<String>, RunError> {
        run.differs_from(&self.encode(run.chain_hash())?)
    }
}

/// Lists in memory: which fact of a list was the last, and for each fact the one before it.
///
/// Four bytes a fact however many lists there are; a vector for each list would take many times that.
pub(super) struct Chains {
    last: HashMap<u32, u32>,
    previous: Vec<u32>,
}

/// No fact before this one.
const NONE: u32 = u32::MAX;

impl Chains {
    fn with_room_for(length: RunLength) -> Self {
        Self { last: HashMap::new(), previous: Vec::with_capacity(length.facts() as usize) }
    }

    /// Takes the next fact, perhaps of a list.
    fn push(&mut self, list: Option<u32>) {
        let offset = u32::try_from(self.previous.len()).unwrap_or(NONE);
        let previous = list.and_then(|list| self.last.insert(list, offset));
        self.previous.push(previous.unwrap_or(NONE));
    }

    /// The numbers of all lists, ascending.
    pub(super) fn numbers(&self) -> Vec<u32> {
        let mut numbers: Vec<u32> = self.last.keys().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    /// A list, ascending.
    pub(super) fn list(&self, number: u32) -> Vec<u32> {
        let mut offsets = Vec::new();
        self.list_into(number, &mut offsets);
        offsets
    }

    /// A list, ascending, in the place of what `offsets` had.
    pub(super) fn list_into(&self, number: u32, offsets: &mut Vec<u32>) {
        offsets.clear();
        let mut at = self.last.get(&number).copied().unwrap_or(NONE);
        while let Some(previous) = self.previous.get(at as usize) {
            offsets.push(at);
            at = *previous;
        }
        offsets.reverse();
    }
}
