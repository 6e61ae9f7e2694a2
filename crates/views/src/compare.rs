//! Whether two views are the same: a digest of everything, and the first difference in words.

use rusqlite::{CachedStatement, Rows};

use crate::rollup::{Key, Rollup};
use crate::store::{describe, from_row, select_sql};
use crate::{Figures, ViewError, Views};

impl Views {
    /// BLAKE3 over the position and every row, in memory or on disk. Equal for equal facts, however they were flushed.
    ///
    /// # Errors
    /// [`ViewError::Damaged`] and [`ViewError::Database`] when the file cannot be read.
    pub fn digest(&self) -> Result<[u8; 32], ViewError> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.next().0.to_le_bytes());
        for rollup in Rollup::ALL {
            let mut statement = self.statement(rollup)?;
            let mut rows = self.merged(rollup, &mut statement)?;
            let mut count = 0u64;
            while let Some((key, figures)) = rows.next()? {
                key.iter().for_each(|k| {
                    hasher.update(&k.to_le_bytes());
                });
                figures.values().iter().for_each(|f| {
                    hasher.update(&f.to_le_bytes());
                });
                count += 1;
            }
            // So that the rows of one rollup can never pass for rows of the next.
            hasher.update(&count.to_le_bytes());
        }
        Ok(*hasher.finalize().as_bytes())
    }

    /// The first difference from `other`, in words; `None` when they are the same. A damaged row is a difference.
    ///
    /// # Errors
    /// [`ViewError::Database`] when a file cannot be read.
    pub fn first_difference(&self, other: &Self) -> Result<Option<String>, ViewError> {
        if self.next() != other.next() {
            return Ok(Some(format!(
                "the views reflect position {} and should reflect {}",
                self.next(),
                other.next()
            )));
        }
        for rollup in Rollup::ALL {
            match self.first_difference_in(rollup, other) {
                Err(ViewError::Damaged(what)) => return Ok(Some(what)),
                Ok(None) => {}
                found => return found,
            }
        }
        Ok(None)
    }

    fn first_difference_in(&self, rollup: Rollup, other: &Self) -> Result<Option<String>, ViewError> {
        let (mut statement, mut expected) = (self.statement(rollup)?, other.statement(rollup)?);
        let mut rows = self.merged(rollup, &mut statement)?;
        let mut expected = other.merged(rollup, &mut expected)?;
        loop {
            let (here, there) = (rows.next()?, expected.next()?);
            return Ok(Some(match (here, there) {
                (None, None) => return Ok(None),
                (Some((a, here)), Some((b, there))) if a == b => {
                    let figures = Figures::NAMES.iter().zip(here.values()).zip(there.values());
                    match figures.into_iter().find(|((_, here), there)| here != there) {
                        None => continue,
                        Some(((name, here), there)) => {
                            format!("{}: {name} is {here} and should be {there}", describe(rollup, &a))
                        }
                    }
                }
                (Some((a, _)), Some((b, _))) if a > b => format!("{} is missing", describe(rollup, &b)),
                (None, Some((b, _))) => format!("{} is missing", describe(rollup, &b)),
                (Some((a, _)), _) => format!("{} should not be there", describe(rollup, &a)),
            }));
        }
    }

    fn statement(&self, rollup: Rollup) -> Result<CachedStatement<'_>, ViewError> {
        let sql = format!("{} ORDER BY {}", select_sql(rollup), rollup.keys().join(", "));
        Ok(self.store.db.prepare_cached(&sql)?)
    }

    /// All rows of a rollup by key, what is in memory added to what is on disk.
    fn merged<'a>(
        &self,
        rollup: Rollup,
        statement: &'a mut CachedStatement<'_>,
    ) -> Result<Merged<'a>, ViewError> {
        let mut memory = self.counters.sorted(rollup);
        memory.reverse();
        let mut disk = Disk { rollup, rows: statement.query([])? };
        Ok(Merged { waiting: disk.next()?, disk, memory })
    }
}

/// The rows of the disk, one by one.
struct Disk<'a> {
    rollup: Rollup,
    rows: Rows<'a>,
}

impl Disk<'_> {
    fn next(&mut self) -> Result<Option<(Key, Figures)>, ViewError> {
        self.rows.next()?.map(|row| from_row(self.rollup, row)).transpose()
    }
}

/// The rows of disk and memory, one by one, by key.
struct Merged<'a> {
    disk: Disk<'a>,
    /// The row of the disk that comes next.
    waiting: Option<(Key, Figures)>,
    /// Last key first.
    memory: Vec<(Key, Figures)>,
}

impl Merged<'_> {
    fn next(&mut self) -> Result<Option<(Key, Figures)>, ViewError> {
        let on_disk = self.waiting.map(|(key, _)| key);
        let in_memory = self.memory.last().map(|(key, _)| *key);
        match (on_disk, in_memory) {
            (None, _) => Ok(self.memory.pop()),
            (Some(disk), Some(memory)) if memory < disk => Ok(self.memory.pop()),
            (Some(disk), memory) => {
                let mut row = self.take_disk()?;
                if memory == Some(disk)
                    && let (Some((_, figures)), Some((_, more))) = (&mut row, self.memory.pop())
                {
                    *figures = figures.checked_add(&more).ok_or(ViewError::Overflow)?;
                }
                Ok(row)
            }
        }
    }

    fn take_disk(&mut self) -> Result<Option<(Key, Figures)>, ViewError> {
        let next = self.disk.next()?;
        Ok(std::mem::replace(&mut self.waiting, next))
    }
}
