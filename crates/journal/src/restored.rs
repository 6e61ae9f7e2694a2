//! The note that a restore leaves beside the journal: what was recorded after the backup is lost, and others may
//! have seen it.
//!
//! It does two things. The next epoch is above every one that the lost future can have had, so that a cursor of that
//! future is not taken for one of this; hence the note says from where epochs go on. And whatever reaches outside
//! (webhooks, payments) is paused until somebody who knows what was sent in the meantime resumes it.
//!
//! Not owned here: holding effects back. Whoever has effects asks [`read_restored`] first.

use std::io;
use std::path::Path;

use crate::head_witness::{put_sealed_line, read_sealed_line};
use crate::position::{Head, Position};

/// Name of the note in the directory of its journal.
pub const RESTORED_FILE: &str = "restored";

/// 2026-01-01 in milliseconds since 1970 UTC: where the minutes begin that set epochs apart.
const EPOCHS_BEGIN_MS: i64 = 1_767_225_600_000;

/// One minute in milliseconds. Epochs are counted one for each start; a restored journal goes on from the count of
/// minutes, so that only one which was started once a minute for as long could have come as far.
const EPOCH_STEP_MS: i64 = 60_000;

/// What the note says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The position that was next in the backup: what stood there and after it is lost.
    pub next: Position,
    /// The next epoch must be above this one.
    pub epoch_above: u32,
    /// Whether what reaches outside waits until somebody resumes it.
    pub effects_are_paused: bool,
}

impl Restored {
    /// The note about a journal that was restored up to `head` at this time, in milliseconds since 1970 UTC.
    #[must_use]
    pub fn at(head: &Head, at_ms: i64) -> Self {
        let minutes = at_ms.saturating_sub(EPOCHS_BEGIN_MS) / EPOCH_STEP_MS;
        // A clock before 2026 or after the year 10000 is wrong; the epoch of the backup is then the best there is.
        let minutes = u32::try_from(minutes).unwrap_or(0);
        Self { at_ms, next: head.next, epoch_above: head.epoch.max(minutes), effects_are_paused: true }
    }
}

/// Puts the note in the place of the one before. When it answers `Ok`, the note is on disk.
///
/// # Errors
/// The failure of the file system; the former note stands.
pub fn write_restored(dir: &Path, restored: &Restored) -> io::Result<()> {
    let Restored { at_ms, next, epoch_above, effects_are_paused } = restored;
    let effects = if *effects_are_paused { "paused" } else { "resumed" };
    let body =
        format!("chargly-restored 1 at_ms={at_ms} next={next} epoch_above={epoch_above} effects={effects}");
    put_sealed_line(dir, RESTORED_FILE, &body)
}

/// The note in `dir`, if the journal there was restored.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] when the file is not such a note.
pub fn read_restored(dir: &Path) -> io::Result<Option<Restored>> {
    read_sealed_line(dir, RESTORED_FILE, parse)
}

fn parse(body: &str) -> Option<Restored> {
    let mut fields = body.strip_prefix("chargly-restored 1 ")?.split(' ');
    let mut value = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
    let restored = Restored {
        at_ms: value("at_ms")?.parse().ok()?,
        next: Position(value("next")?.parse().ok()?),
        epoch_above: value("epoch_above")?.parse().ok()?,
        effects_are_paused: match value("effects")? {
            "paused" => true,
            "resumed" => false,
            _ => return None,
        },
    };
    fields.next().is_none().then_some(restored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(epoch: u32) -> Head {
        Head { epoch, next: Position(17), ..Head::EMPTY }
    }

    #[test]
    fn note_reads_back_and_a_damaged_one_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(read_restored(dir.path()).expect("readable"), None);
        for effects_are_paused in [true, false] {
            let note = Restored { effects_are_paused, ..Restored::at(&head(3), 1_800_000_000_000) };
            write_restored(dir.path(), &note).expect("written");
            assert_eq!(read_restored(dir.path()).expect("readable"), Some(note));
        }
        let path = dir.path().join(RESTORED_FILE);
        let text = std::fs::read_to_string(&path).expect("readable");
        std::fs::write(&path, text.replace("resumed", "paused")).expect("written");
        assert_eq!(read_restored(dir.path()).expect_err("damaged").kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn epochs_go_on_from_the_minute_of_the_restore_unless_they_were_beyond_it() {
        let minute = |minutes: i64| EPOCHS_BEGIN_MS + minutes * EPOCH_STEP_MS;
        for (epoch, at_ms, expected) in [
            (3, minute(400_000), 400_000),
            (3, minute(400_001), 400_001),
            (500_000, minute(400_000), 500_000),
            (3, 0, 3),
            (3, i64::MAX, 3),
        ] {
            assert_eq!(Restored::at(&head(epoch), at_ms).epoch_above, expected, "{epoch} {at_ms}");
        }
    }
}
