//! [`DirLock`]: at most one process serves a data directory.
//!
//! The lock is the operating system's, on the file `lock`, and ends with the process however it ends. The file's
//! text only tells people who holds it; a text without a lock means nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Name of the lock file in its directory.
pub const LOCK_FILE: &str = "lock";

/// Bytes of a holder's text that are read back: a few lines for people.
const HOLDER_BYTES_MAX: u64 = 4096;

/// The lock, held until dropped.
#[derive(Debug)]
pub struct DirLock {
    _file: File,
}

/// Why the directory was not locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{} is in use by {holder}", dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// What the holder said about itself.
        holder: String,
    },
    /// The lock file could not be opened, locked or written.
    #[error("{} could not be locked", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

impl DirLock {
    /// Locks `dir`, and tells later comers that `holder` has it: say process id, command, listen address, since.
    ///
    /// # Errors
    /// [`LockError::Locked`] with the text of the holder, or the failure of the file system.
    pub fn acquire(dir: &Path, holder: &str) -> Result<Self, LockError> {
        let path = dir.join(LOCK_FILE);
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(|source| LockError::Io { path: path.clone(), source })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Locked { dir: dir.to_owned(), holder: read_holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(LockError::Io { path, source }),
        }
        write_holder(&mut file, holder).map_err(|source| LockError::Io { path, source })?;
        Ok(Self { _file: file })
    }
}

fn write_holder(file: &mut File, holder: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(holder.as_bytes())
}

/// The holder may not have written its text yet, and some systems refuse to read a locked file.
fn read_holder(file: &mut File) -> String {
    let mut text = Vec::new();
    let read = file.take(HOLDER_BYTES_MAX).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    if read.is_err() || text.is_empty() { "another process".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_lock_is_refused_and_names_the_holder_until_the_first_is_dropped() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = DirLock::acquire(dir.path(), "process 17, a rather long command").expect("free");
        match DirLock::acquire(dir.path(), "process 18") {
            Err(LockError::Locked { holder, .. }) => assert_eq!(holder, "process 17, a rather long command"),
            other => panic!("{other:?}"),
        }
        drop(first);
        let _second = DirLock::acquire(dir.path(), "process 18").expect("free again");
        match DirLock::acquire(dir.path(), "process 19") {
            Err(LockError::Locked { holder, .. }) => assert_eq!(holder, "process 18"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn missing_directory_is_an_io_error() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(matches!(DirLock::acquire(&dir.path().join("none"), "me"), Err(LockError::Io { .. })));
    }
}
