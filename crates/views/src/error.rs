//! Why views cannot be folded, read or written. None of it endangers a fact: the remedy is to fold again.

use chargly_ledger::{DecodeError, Position};
use thiserror::Error;

/// What went wrong with the views.
#[derive(Debug, Error)]
pub enum ViewError {
    /// The database refused.
    #[error("the views database cannot be used")]
    Database(#[from] rusqlite::Error),
    /// The file system refused.
    #[error("the views file cannot be replaced")]
    File(#[from] std::io::Error),
    /// Facts must be folded densely and once each. Nothing was folded.
    #[error("the views wait for position {expected} and were given {found}")]
    OutOfOrder {
        /// The position that comes next.
        expected: Position,
        /// The position of the fact that was given.
        found: Position,
    },
    /// A fact is not what this software writes or knows.
    #[error("the fact at position {position} cannot be read")]
    Unreadable {
        /// Where it stands.
        position: Position,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// A sum is beyond 128 bits, which only damaged rows can bring about. The views must be folded anew.
    #[error("a sum of the views is too large")]
    Overflow,
    /// The file was written by software that counts otherwise. It must be folded anew.
    #[error("the views have version {found} and this software writes version {expected}")]
    OtherVersion {
        /// The version in the file.
        found: i64,
        /// The version of this software.
        expected: i64,
    },
    /// Somebody else wrote to the file, or an earlier flush was committed although it reported a failure. Open the
    /// views again.
    #[error("the views on disk stand at position {found} instead of {expected}")]
    Moved {
        /// Where they should stand.
        expected: Position,
        /// Where they stand.
        found: Position,
    },
    /// A row does not have what was written.
    #[error("the views are damaged: {0}")]
    Damaged(String),
    /// The file counts in a time zone that this software does not know. It must be folded anew.
    #[error("the views are in the unknown time zone {name}")]
    UnknownZone {
        /// Its name.
        name: String,
    },
    /// No rollup tells these things apart together.
    #[error("no figures are kept for this combination: {why}")]
    NotAnswerable {
        /// What cannot be combined.
        why: &'static str,
    },
    /// The answer would be too large.
    #[error("the query has more than {limit} rows; ask for a shorter range")]
    TooManyRows {
        /// The limit, [`crate::QUERY_ROWS_MAX`].
        limit: usize,
    },
}
