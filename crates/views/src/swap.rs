//! Putting a rebuilt file in the place of the old one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::{FILE_NAME, ViewError};

/// Puts the views file at `new` (in the same file system, closed by everybody) in the place of `views.db` in `dir`.
///
/// The caller has closed its own [`crate::Views`] of the old file. Readers that still have it open go on reading
/// the old figures until they close it. A crash leaves the old file, no file, or the new one, never a mixture; no
/// file means that the figures are folded anew, or the swap is tried again.
///
/// # Errors
/// [`ViewError::Database`] when `new` is in use or no database; then nothing has changed. [`ViewError::File`] when
/// the file system refuses.
pub fn swap_in(dir: &Path, new: &Path) -> Result<(), ViewError> {
    settle(new)?;
    let old = dir.join(FILE_NAME);
    // A log that outlives its database would be replayed into the one that comes after. So the database goes first:
    // without it, SQLite throws a log away unread. Each step is made durable before the next.
    remove(&old)?;
    sync_dir(dir)?;
    remove(&beside(&old, "-wal"))?;
    remove(&beside(&old, "-shm"))?;
    sync_dir(dir)?;
    fs::rename(new, &old)?;
    sync_dir(dir)?;
    Ok(())
}

/// Brings everything that is in the log of `path` into the file itself, durably, and leaves no log.
fn settle(path: &Path) -> Result<(), ViewError> {
    // Never made where it is absent: an empty file must not replace the figures.
    let db = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    // Succeeds only without other connections, and is refused as busy otherwise.
    db.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    db.close().map_err(|(_, error)| error)?;
    File::open(path)?.sync_all()?;
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
