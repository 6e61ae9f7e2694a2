//! What a SQLite error says about the write that it ended.

use rusqlite::{ErrorCode, ffi};

/// The kinds of failure that the journal treats apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No space. SQLite reports it before a commit is complete in the log, so the transaction never happened; a
    /// lack of space that only shows in a flush arrives as [`Failure::Flush`].
    Full,
    /// A flush failed: the system may have dropped pages that it had called written.
    Flush,
    /// Another connection holds the lock. The transaction is still open, and never happened once rolled back.
    Busy,
    /// Anything else. At COMMIT, the outcome is unknown: the log may hold the commit although SQLite took it back.
    Other,
}

impl Failure {
    pub(super) fn of(error: &rusqlite::Error) -> Self {
        let Some(error) = error.sqlite_error() else { return Self::Other };
        match (error.code, error.extended_code) {
            (_, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => Self::Flush,
            (ErrorCode::DiskFull, _) => Self::Full,
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Self::Busy,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_apart_by_their_extended_codes() {
        let check = |code, expected| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(Failure::of(&error), expected, "code {code}");
        };
        check(ffi::SQLITE_IOERR_FSYNC, Failure::Flush);
        check(ffi::SQLITE_IOERR_DIR_FSYNC, Failure::Flush);
        check(ffi::SQLITE_FULL, Failure::Full);
        check(ffi::SQLITE_BUSY, Failure::Busy);
        check(ffi::SQLITE_BUSY_SNAPSHOT, Failure::Busy);
        check(ffi::SQLITE_IOERR_WRITE, Failure::Other);
        check(ffi::SQLITE_IOERR, Failure::Other);
        check(ffi::SQLITE_CONSTRAINT_PRIMARYKEY, Failure::Other);
        assert_eq!(Failure::of(&rusqlite::Error::QueryReturnedNoRows), Failure::Other);
    }
}
