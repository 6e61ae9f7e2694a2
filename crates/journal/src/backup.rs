//! Copying a journal while it is being written, and bringing a copy up to date.
//!
//! A journal is append-only, so its chunks up to some head *are* a consistent copy. Reading them in short
//! transactions lets the writer restart its log meanwhile; SQLite's own online backup either holds one transaction
//! to the end, or starts over whenever somebody commits. Besides, every chunk is verified as it is copied, and a
//! damaged journal makes no backup that looks sound. The price: chunks are compressed anew.
//!
//! A copy that is there already gets what came after it, if the journal still has the copy's last chunk, by its
//! hash: then it has everything before it, too. Payloads that were erased since are erased in the copy as well; the
//! journal's log of erasures says where to look. A payload whose erasure ends while the copy runs may be left in it
//! until the next time.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::crash_point::{self, crash_point};
use crate::head_witness::{sync_dir, write_witness};
use crate::position::{ChainHash, Head, Position};
use crate::sqlite::{ChunkFile, JOURNAL_FILE};
use crate::store::{BoxError, Erasure, JournalReader};
use crate::verify::{ChainCheck, ChainError};

/// Bytes of chunks copied in one step.
const STEP_BYTES: usize = 4 * 1024 * 1024;

/// Erasures looked at in one step; each costs the reading of two chunks.
const STEP_ERASURES: usize = 1_024;

/// What a backup did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Where the copy stood before; [`Head::EMPTY`] where there was none.
    pub from: Head,
    /// Where it stands now.
    pub head: Head,
    /// Payloads that were in the copy and are erased, as they are in the journal.
    pub erased: u64,
}

/// Why there is no backup, or none that is newer than before.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The destination holds the copy of a journal that this one does not continue.
    #[error(
        "{} is a copy of another history: it ends at position {copy} with hash {hash}, and the journal, which ends \
         at position {journal}, was never there", path.display()
    )]
    OtherHistory {
        /// The copy.
        path: PathBuf,
        /// The position that is next in it.
        copy: Position,
        /// The hash of its last chunk.
        hash: ChainHash,
        /// The position that is next in the journal.
        journal: Position,
    },
    /// The journal is damaged, or could not be read.
    #[error("the journal could not be copied")]
    Source(#[source] ChainError),
    /// The copy could not be read or written.
    #[error("{} could not be written", path.display())]
    Destination {
        /// The file or directory.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: BoxError,
    },
}

/// Copies all frames up to the present head into the directory `dest`, with the head witness. Where there is a copy
/// already, only what came after it. `progress` is called with positions done and to do.
///
/// When it answers `Ok`, the copy is on disk; before, the copy is what it was.
///
/// # Errors
/// See [`BackupError`].
pub fn backup(
    reader: &mut dyn JournalReader,
    dest: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Copied, BackupError> {
    let path = dest.join(JOURNAL_FILE);
    if path.exists() {
        return Copy { reader, progress, path: &path }.refresh(dest);
    }
    let partial = dest.join("journal.db.partial");
    let copied = Copy { reader, progress, path: &partial }.begin(dest)?;
    publish(&partial, &path, dest, &copied.head).map_err(|error| failed(&partial, error))?;
    Ok(copied)
}

/// A copy being made of what `reader` reads, in the file `path`.
struct Copy<'a> {
    reader: &'a mut dyn JournalReader,
    progress: &'a mut dyn FnMut(u64, u64),
    path: &'a Path,
}

impl Copy<'_> {
    fn begin(mut self, dest: &Path) -> Result<Copied, BackupError> {
        fs::create_dir_all(dest).map_err(|error| self.failed(error))?;
        for remains in ["journal.db.partial", "journal.db.partial-wal", "journal.db.partial-shm"] {
            remove_if_there(&dest.join(remains)).map_err(|error| self.failed(error))?;
        }
        let file = ChunkFile::create(self.path).map_err(|error| self.failed(error))?;
        // What was erased so far is erased in the chunks that are copied from now on.
        let mut erasures = self.erasures_after(0)?;
        while let Some(last) = erasures.last() {
            let after = last.number;
            file.note_erasures(&erasures).map_err(|error| self.failed(error))?;
            erasures = self.erasures_after(after)?;
        }
        self.copy_after(Head::EMPTY, file)
    }

    fn refresh(mut self, dest: &Path) -> Result<Copied, BackupError> {
        let file = ChunkFile::reopen(self.path).map_err(|error| self.failed(error))?;
        let from = file.head().map_err(|error| self.failed(error))?;
        self.check_history(from)?;
        let copied = self.copy_after(from, file)?;
        write_witness(dest, &copied.head).map_err(|error| failed(dest, error))?;
        Ok(copied)
    }

    /// Equal hashes are equal histories.
    fn check_history(&mut self, copy: Head) -> Result<(), BackupError> {
        let Some(last) = copy.next.0.checked_sub(1) else { return Ok(()) };
        let chunk = self.reader.chunk_at(Position(last)).map_err(source)?;
        if chunk.is_some_and(|chunk| chunk.head_after() == copy) {
            return Ok(());
        }
        let journal = self.reader.head().map_err(source)?.next;
        let Head { next, hash, .. } = copy;
        Err(BackupError::OtherHistory { path: self.path.to_owned(), copy: next, hash, journal })
    }

    fn copy_after(mut self, from: Head, mut file: ChunkFile) -> Result<Copied, BackupError> {
        let head = self.reader.head().map_err(source)?;
        self.copy_chunks(from, head, &mut file)?;
        let erased = self.copy_erasures(head, &mut file)?;
        file.close().map_err(|error| self.failed(error))?;
        Ok(Copied { from, head, erased })
    }

    fn copy_chunks(&mut self, from: Head, head: Head, file: &mut ChunkFile) -> Result<(), BackupError> {
        let mut check = ChainCheck::after(from);
        let mut next = from.next;
        while next < head.next {
            let mut chunks = self.reader.chunks_from(next, STEP_BYTES).map_err(source)?;
            chunks.retain(|chunk| chunk.first < head.next);
            let Some(last) = chunks.last() else {
                return Err(BackupError::Source(ChainError::EndsEarly { position: next, head: head.next }));
            };
            let end = last.end();
            for chunk in &chunks {
                check.continues_with(chunk).map_err(|link| {
                    BackupError::Source(ChainError::Broken { position: chunk.first, damage: link.into() })
                })?;
            }
            file.insert(&chunks).map_err(|error| self.failed(error))?;
            crash_point(crash_point::BACKUP_MID_COPY);
            next = end;
            (self.progress)(next.0 - from.next.0, head.next.0 - from.next.0);
        }
        Ok(())
    }

    /// Erases in the copy what was erased in the journal since the copy was last brought up to date.
    fn copy_erasures(&mut self, head: Head, file: &mut ChunkFile) -> Result<u64, BackupError> {
        let mut after = self.erasures_known_to(file)?;
        let mut payloads = 0;
        loop {
            let mut erasures = self.erasures_after(after)?;
            // What was appended meanwhile is not in the copy, and is looked at the next time.
            let known = erasures.iter().take_while(|erasure| erasure.chunk < head.next).count();
            erasures.truncate(known);
            let Some(last) = erasures.last() else { return Ok(payloads) };
            after = last.number;
            for erasure in &erasures {
                if let Some(chunk) = self.reader.chunk_at(erasure.chunk).map_err(source)? {
                    payloads += file.erase_as_in(&chunk).map_err(|error| self.failed(error))? as u64;
                }
            }
            file.note_erasures(&erasures).map_err(|error| self.failed(error))?;
        }
    }

    /// The number up to which the copy has the journal's erasures: 0 when the copy's are not the journal's, as when
    /// the copy is of the same history, but of a journal in which other payloads were erased.
    fn erasures_known_to(&mut self, file: &ChunkFile) -> Result<u64, BackupError> {
        let Some(last) = file.last_erasure().map_err(|error| self.failed(error))? else { return Ok(0) };
        let here = self.reader.erasures(last.number - 1, 1).map_err(source)?;
        Ok(if here == [last] { last.number } else { 0 })
    }

    fn erasures_after(&mut self, after: u64) -> Result<Vec<Erasure>, BackupError> {
        self.reader.erasures(after, STEP_ERASURES).map_err(source)
    }

    fn failed(&self, error: impl Into<BoxError>) -> BackupError {
        failed(self.path, error)
    }
}

fn failed(path: &Path, error: impl Into<BoxError>) -> BackupError {
    BackupError::Destination { path: path.to_owned(), source: error.into() }
}

fn source(error: crate::store::ReadError) -> BackupError {
    BackupError::Source(ChainError::from(error))
}

/// The witness comes last: without it a journal is believed, with it the journal has to be there.
fn publish(partial: &Path, path: &Path, dest: &Path, head: &Head) -> io::Result<()> {
    OpenOptions::new().write(true).open(partial)?.sync_all()?;
    fs::rename(partial, path)?;
    sync_dir(dest)?;
    write_witness(dest, head)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
