//! Keys of facts that are in no sealed run yet: what the writer asks before it decides.

use std::collections::VecDeque;

use chargly_ledger::{KeyHash, Position};
use hashbrown::HashTable;

use crate::runs::{KeyEntry, RunLength, prefix_of};

/// The keys of the run that is being filled, and of full ones that are not sealed yet: a table for each.
///
/// A key is known by its first 64 bits, so that an entry takes 12 bytes and a full run fills 2^20 of them. A hit is
/// only "perhaps", as everywhere: the caller compares with the fact.
pub struct RecentKeys {
    length: RunLength,
    /// The number of the run of the first table.
    first: u32,
    tables: VecDeque<HashTable<KeyEntry>>,
    /// The table of a run that was sealed, emptied, for the next one: its memory is neither given back nor taken
    /// anew between two calls, which would be a pause of its own.
    spare: HashTable<KeyEntry>,
}

impl RecentKeys {
    /// No keys yet; `first` is the first position that no sealed run covers.
    pub fn new(length: RunLength, first: Position) -> Self {
        let first = length.number_of(first);
        Self { length, first, tables: VecDeque::new(), spare: HashTable::new() }
    }

    /// Binds a key to a fact.
    pub fn insert(&mut self, key: KeyHash, position: Position) {
        let Some((table, offset)) = self.place(position) else { return };
        while self.tables.len() <= table {
            self.begin_table();
        }
        let prefix = prefix_of(key);
        self.tables[table].insert_unique(prefix, KeyEntry::new(prefix, offset), |entry| entry.prefix());
    }

    /// As many keys as the last run had will find room without the table growing, which would be a pause.
    fn begin_table(&mut self) {
        let keys = self.tables.back().map_or(0, HashTable::len);
        let mut table = std::mem::take(&mut self.spare);
        table.reserve(keys, |entry| entry.prefix());
        self.tables.push_back(table);
    }

    /// Takes a binding back whose fact could not be committed.
    pub fn remove(&mut self, key: KeyHash, position: Position) {
        let Some((table, offset)) = self.place(position) else { return };
        let Some(table) = self.tables.get_mut(table) else { return };
        let bound = KeyEntry::new(prefix_of(key), offset);
        if let Ok(entry) = table.find_entry(bound.prefix(), |entry| *entry == bound) {
            entry.remove();
        }
    }

    /// The first fact above `after` that bound this key, or another of the same first 64 bits. `after` is the last
    /// answer that turned out to be another key's.
    pub fn find(&self, key: KeyHash, after: Option<Position>) -> Option<Position> {
        let prefix = prefix_of(key);
        for (number, table) in (self.first..).zip(&self.tables) {
            let first = self.length.first(number).0;
            let same = table.iter_hash(prefix).filter(|entry| entry.prefix() == prefix);
            let positions = same.map(|entry| Position(first + u64::from(entry.offset)));
            let found = positions.filter(|position| after.is_none_or(|after| *position > after)).min();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The lowest position whose key would still be found here.
    pub fn covers_from(&self) -> Position {
        self.length.first(self.first)
    }

    /// Drops the tables of runs that are sealed, up to `sealed_to`.
    pub fn forget_below(&mut self, sealed_to: Position) {
        let sealed = self.length.number_of(sealed_to);
        while self.first < sealed {
            self.first += 1;
            let Some(mut table) = self.tables.pop_front() else { continue };
            table.clear();
            if table.capacity() > self.spare.capacity() {
                self.spare = table;
            }
        }
    }

    /// How many keys are held.
    pub fn len(&self) -> usize {
        self.tables.iter().map(HashTable::len).sum()
    }

    /// Whether no key is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory that the tables take.
    pub fn bytes(&self) -> usize {
        self.tables.iter().chain([&self.spare]).map(HashTable::allocation_size).sum()
    }

    /// The table and the offset of a position; `None` where it is in a sealed run already.
    fn place(&self, position: Position) -> Option<(usize, u32)> {
        let number = self.length.number_of(position);
        let offset = u32::try_from(position.0 - self.length.first(number).0).unwrap_or(u32::MAX);
        Some((number.checked_sub(self.first)? as usize, offset))
    }
}
