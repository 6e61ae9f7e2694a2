//! Copying a journal while it is being written.
//!
//! A journal is append-only, so its chunks up to some head *are* a consistent copy. Reading them in short
//! transactions lets the writer restart its log meanwhile; SQLite's own online backup either holds one transaction
//! to the end, or starts over whenever somebody commits. Besides, every chunk is verified as it is copied, and a
//! damaged journal makes no backup that looks sound. The price: chunks are compressed anew.
//!
//! A payload that is erased while the copy runs may still be in it. The erasure is a fact, and whoever restores
//! applies it again.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::head_witness::{sync_dir, write_witness};
use crate::position::{Head, Position};
use crate::sqlite::{ChunkFile, JOURNAL_FILE};
use crate::store::{BoxError, JournalReader};
use crate::verify::{ChainCheck, ChainError};

/// Bytes of chunks copied in one step.
const STEP_BYTES: usize = 4 * 1024 * 1024;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The destination already holds a journal.
    #[error("{} already exists", path.display())]
    Exists {
        /// The journal that is there.
        path: PathBuf,
    },
    /// The journal is damaged, or could not be read.
    #[error("the journal could not be copied")]
    Source(#[source] ChainError),
    /// The copy could not be written.
    #[error("{} could not be written", path.display())]
    Destination {
        /// The file or directory.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: BoxError,
    },
}

/// Copies all frames up to the present head into a new journal in the directory `dest`, with its head witness, and
/// says which head that is. `progress` is called with positions done and to do. When it answers `Ok`, the copy is
/// on disk; before, there is no file by the name of a journal in `dest`.
///
/// # Errors
/// See [`BackupError`].
pub fn backup(
    reader: &mut dyn JournalReader,
    dest: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Head, BackupError> {
    let path = dest.join(JOURNAL_FILE);
    if path.exists() {
        return Err(BackupError::Exists { path });
    }
    let partial = dest.join("journal.db.partial");
    let failed = |source: BoxError| BackupError::Destination { path: partial.clone(), source };
    fs::create_dir_all(dest).map_err(|error| failed(error.into()))?;
    for remains in ["journal.db.partial", "journal.db.partial-wal", "journal.db.partial-shm"] {
        remove_if_there(&dest.join(remains)).map_err(|error| failed(error.into()))?;
    }

    let mut copy = ChunkFile::create(&partial).map_err(|error| failed(error.into()))?;
    let head = copy_chunks(reader, progress, &mut |chunks| {
        copy.insert(chunks).map_err(|error| failed(error.into()))
    })?;
    copy.close().map_err(|error| failed(error.into()))?;
    publish(&partial, &path, dest, &head).map_err(|error| failed(error.into()))?;
    Ok(head)
}

fn copy_chunks(
    reader: &mut dyn JournalReader,
    progress: &mut dyn FnMut(u64, u64),
    insert: &mut dyn FnMut(&[crate::Chunk]) -> Result<(), BackupError>,
) -> Result<Head, BackupError> {
    let unread = |error| BackupError::Source(ChainError::from(error));
    let head = reader.head().map_err(unread)?;
    let mut check = ChainCheck::after(Head::EMPTY);
    let mut next = Position(0);
    while next < head.next {
        let mut chunks = reader.chunks_from(next, STEP_BYTES).map_err(unread)?;
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
        insert(&chunks)?;
        next = end;
        progress(next.0, head.next.0);
    }
    Ok(head)
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
