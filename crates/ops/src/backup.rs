//! A copy of the file, also while it is in use.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::error::OpsError;
use crate::schema::OPS_FILE;

/// Copies `ops.db` as it stands at one instant, beside whoever uses it, and puts it in the place of an earlier copy.
/// Nothing that was deleted is in the copy. `false` where there is nothing to copy.
///
/// # Errors
/// If it cannot be read or written; an earlier copy is as good as it was.
pub fn copy_ops(from: &Path, to: &Path) -> Result<bool, OpsError> {
    let (from, place, fresh) = (from.join(OPS_FILE), to.join(OPS_FILE), to.join("ops.db.new"));
    if !from.exists() {
        return Ok(false);
    }
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    let db = Connection::open_with_flags(&from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    db.execute("VACUUM INTO ?1", [fresh.to_string_lossy()])?;
    let put = || -> io::Result<()> {
        File::open(&fresh)?.sync_all()?;
        fs::rename(&fresh, &place)?;
        File::open(to)?.sync_all()
    };
    put().map_err(failed)?;
    Ok(true)
}

fn failed(error: io::Error) -> OpsError {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error)).into()
}
