//! Room kept on the disk for ending what was begun: when it is full, new spending is refused, while captures, voids
//! and grants go on in the room of a file that is given up for them.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Bytes kept free: some ten thousand captures and voids, with the log they are written to.
pub const RESERVE_BYTES: usize = 4 * 1024 * 1024;

const RESERVE_FILE: &str = "reserve";

/// The file that keeps the room.
pub(crate) struct Reserve {
    path: PathBuf,
    is_kept: bool,
}

impl Reserve {
    /// Keeps room in a directory, if there is any.
    pub(crate) fn keep_in(dir: &Path) -> Self {
        let mut reserve = Self { path: dir.join(RESERVE_FILE), is_kept: false };
        reserve.keep();
        reserve
    }

    /// Whether the room is kept, and new spending may go on.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Gives the room up for what still may be written.
    pub(crate) fn give_up(&mut self) {
        self.is_kept = false;
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "there is no reserve to give up");
        }
    }

    /// Tries to take the room back. Says whether there is some now.
    pub(crate) fn keep(&mut self) -> bool {
        if !self.is_kept {
            self.is_kept = fs::metadata(&self.path).is_ok_and(|file| file.len() == RESERVE_BYTES as u64)
                || self.fill().is_ok();
            if !self.is_kept {
                // Half a reserve only stands in the way.
                let _ = fs::remove_file(&self.path);
            }
        }
        self.is_kept
    }

    fn fill(&self) -> std::io::Result<()> {
        let mut file = File::create(&self.path)?;
        // Some file systems keep no room for zeros.
        file.write_all(&vec![0xA5; RESERVE_BYTES])?;
        file.sync_all()
    }
}
