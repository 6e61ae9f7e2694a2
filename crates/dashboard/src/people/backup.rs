//! A copy of the file of people, also while it is in use.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{PEOPLE_FILE, PeopleError};

/// Copies `people.db` as it stands at one instant, in the place of an earlier copy. Sessions and links are not in it: a
/// backup signs nobody in. `false` where there is nothing to copy.
///
/// # Errors
/// If it cannot be read or written; an earlier copy is as good as it was.
pub fn copy_people(from: &Path, to: &Path) -> Result<bool, PeopleError> {
    let (from, place, fresh) = (from.join(PEOPLE_FILE), to.join(PEOPLE_FILE), to.join("people.db.new"));
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
    let copy = Connection::open(&fresh)?;
    copy.execute_batch("PRAGMA journal_mode = DELETE; DELETE FROM session; DELETE FROM link; VACUUM;")?;
    drop(copy);
    let put = || -> io::Result<()> {
        File::open(&fresh)?.sync_all()?;
        fs::rename(&fresh, &place)?;
        File::open(to)?.sync_all()
    };
    put().map_err(failed)?;
    Ok(true)
}

fn failed(error: io::Error) -> PeopleError {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error)).into()
}
