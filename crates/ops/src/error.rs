//! Why something could not be kept or found.

use thiserror::Error;

use crate::vault::KeyError;

/// Why something could not be kept or found.
#[derive(Debug, Error)]
pub enum OpsError {
    /// The database refused.
    #[error("ops.db cannot be used")]
    Database(#[from] rusqlite::Error),
    /// The file was written by a newer build, whose meaning this one does not know.
    #[error(
        "ops.db has version {found}, and this build knows {known}: use the build that wrote it, or a newer one"
    )]
    Newer {
        /// What the file has.
        found: i64,
        /// What this build knows.
        known: i64,
    },
    /// The master key cannot be had, or is another one.
    #[error("the secrets in ops.db cannot be opened")]
    Key(#[from] KeyError),
    /// A reader kept the write-ahead log from being emptied. What was to be written is.
    #[error("a reader is in the way of emptying the log of ops.db")]
    LogInUse,
    /// A row does not have what was written.
    #[error("ops.db is damaged: {0}")]
    Damaged(&'static str),
}
