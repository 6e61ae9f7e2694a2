//! Whether two views are the same: a digest of everything, and the first difference in words.

use rusqlite::{CachedStatement, Rows};

use crate::memory::Reading;
use crate::rollup::{Key, Rollup};
use crate::store::{describe, from_row, select_sql};
use crate::{Figures, ViewError, Views};

impl Views {
    /// BLAKE3 over the position and every row, in memory or on disk. Equal for equal facts, however they were flushed.
    /// Folding waits for it.
    ///
    /// # Errors
    /// [`ViewError::Damaged`] and [`ViewError::Database`] when the file cannot be read.
    pub fn digest(&self) -> Result<[u8; 32], ViewError> {
        self.read(|reading| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&reading.memory.next.0.to_le_bytes());
            let counting = &reading.memory.counting;
            hasher.update(format!("{:?}", counting.setups()).as_bytes());
            hasher.update(format!("{:?}", counting.values.all()).as_bytes());
            for rollup in Rollup::ALL {
                let mut statement = statement(&reading, rollup)?;
                let mut rows = merged(&reading, rollup, &mut statement)?;
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
        })
    }

    /// The first difference from `other`, in words; `None` when they are the same. A damaged row is a difference.
    /// Folding of both waits for it.
    ///
    /// # Errors
    /// [`ViewError::Database`] when a file cannot be read.
    pub fn first_difference(&self, other: &Self) -> Result<Option<String>, ViewError> {
        self.read(|found| other.read(|expected| first_difference(&found, &expected, false)))
    }

    /// As [`Views::first_difference`], while a customer is being forgotten of whom these views do not know yet: figures by
    /// dimensions are passed over where they were read from payloads, because those may be gone by now.
    ///
    /// # Errors
    /// As [`Views::first_difference`].
    pub fn first_difference_while_forgetting(&self, other: &Self) -> Result<Option<String>, ViewError> {
        self.read(|found| other.read(|expected| first_difference(&found, &expected, true)))
    }
}

fn first_difference(
    found: &Reading<'_>,
    expected: &Reading<'_>,
    is_forgetting: bool,
) -> Result<Option<String>, ViewError> {
    let (here, there) = (found.memory.next, expected.memory.next);
    if here != there {
        return Ok(Some(format!("the views reflect position {here} and should reflect {there}")));
    }
    let (by, due) = (found.memory.counting.setups(), expected.memory.counting.setups());
    if by.asked != due.asked {
        return Ok(Some(format!(
            "the facts ask to be counted by {:?} and the views know of {:?}",
            due.asked, by.asked
        )));
    }
    // Payloads that were read may be gone by now, and the figures are about to be folded anew for it.
    let is_forgetting = by.used.erased != by.asked.erased || is_forgetting && by.has_read_payloads;
    if !is_forgetting && let Some(difference) = first_unlike_value(found, expected) {
        return Ok(Some(difference));
    }
    for rollup in Rollup::ALL {
        if is_forgetting && rollup == Rollup::DimensionHour {
            continue;
        }
        match first_difference_in(rollup, found, expected) {
            Err(ViewError::Damaged(what)) => return Ok(Some(what)),
            Ok(None) => {}
            found => return found,
        }
    }
    Ok(None)
}

fn first_unlike_value(found: &Reading<'_>, expected: &Reading<'_>) -> Option<String> {
    let (values, due) = (found.memory.counting.values.all(), expected.memory.counting.values.all());
    let number = (0..values.len().max(due.len())).find(|number| values.get(*number) != due.get(*number))?;
    let (here, there) = (values.get(number), due.get(number));
    Some(format!("dimension value {number} is {here:?} and should be {there:?}"))
}

fn first_difference_in(
    rollup: Rollup,
    found: &Reading<'_>,
    expected: &Reading<'_>,
) -> Result<Option<String>, ViewError> {
    let mut statements = (statement(found, rollup)?, statement(expected, rollup)?);
    let mut rows = merged(found, rollup, &mut statements.0)?;
    let mut expected = merged(expected, rollup, &mut statements.1)?;
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

fn statement<'a>(reading: &Reading<'a>, rollup: Rollup) -> Result<CachedStatement<'a>, ViewError> {
    let sql = format!("{} ORDER BY {}", select_sql(rollup), rollup.keys().join(", "));
    Ok(reading.db.prepare_cached(&sql)?)
}

/// All rows of a rollup by key, what is in memory added to what is on disk.
fn merged<'a>(
    reading: &'a Reading<'_>,
    rollup: Rollup,
    statement: &'a mut CachedStatement<'_>,
) -> Result<Merged<'a>, ViewError> {
    let mut memory: Vec<Key> = reading.counters().flat_map(|counters| counters.keys(rollup)).collect();
    memory.sort_unstable_by(|a, b| b.cmp(a));
    memory.dedup();
    let mut disk = Disk { rollup, rows: statement.query([])? };
    Ok(Merged { waiting: disk.next()?, disk, memory, reading })
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
    /// The keys in memory that come next, the last one first.
    memory: Vec<Key>,
    reading: &'a Reading<'a>,
}

impl Merged<'_> {
    fn next(&mut self) -> Result<Option<(Key, Figures)>, ViewError> {
        let on_disk = self.waiting.map(|(key, _)| key);
        let in_memory = self.memory.last().copied();
        let Some(key) = [on_disk, in_memory].into_iter().flatten().min() else { return Ok(None) };
        let mut sum = Figures::default();
        if on_disk == Some(key)
            && let Some((_, figures)) = std::mem::replace(&mut self.waiting, self.disk.next()?)
        {
            sum = figures;
        }
        if in_memory == Some(key) {
            self.memory.pop();
            for counters in self.reading.counters() {
                let more = counters.row(self.disk.rollup, &key).ok_or(ViewError::Overflow)?;
                sum = sum.checked_add(&more).ok_or(ViewError::Overflow)?;
            }
        }
        Ok(Some((key, sum)))
    }
}
