//! What becomes of the journal's end when its files are cut, changed or taken away: byte by byte.
//!
//! Whatever happens to the files, opening either refuses, or gives whole frames and exactly those that were written;
//! and with a witness of the last frame, it never goes on without that frame.

use std::fs;

use chargly_journal::{
    Head, JOURNAL_FILE, Journal, OpenError, Position, SqliteJournal, verify_chain, write_witness,
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::{Story, append, append_singles, noise, sqlite, story};

const LOG: &str = "journal.db-wal";
/// Bytes that a disk writes at once.
const SECTOR: usize = 512;
/// Bytes of one page in the log: 24 around 4,096.
const LOGGED_PAGE: usize = 4_120;

#[test]
fn log_cut_anywhere_in_its_last_commit_loses_that_frame_only_and_says_so() {
    let crashed = Crashed::make();
    let last = crashed.last_commit();
    let interesting = |at: &usize| {
        // Around a page every byte counts the same, and so does every byte inside it.
        let in_page = (at - last.start) % LOGGED_PAGE;
        in_page < 26 || at % SECTOR < 2 || last.end - at < 26
    };
    for at in last.clone().filter(interesting) {
        let opened = crashed.open_with_log(&crashed.log[..at], None).expect("opens");
        assert_eq!(opened.head, crashed.before, "cut at {at}");
        assert_eq!(opened.torn_bytes, (at - last.start) as u64, "cut at {at}");
        let refused = crashed.open_with_log(&crashed.log[..at], Some(&crashed.head));
        crashed.assert_lost(refused, crashed.before);
    }
}

#[test]
fn journal_whose_end_was_cut_off_goes_on_from_there() {
    let crashed = Crashed::make();
    for at in crashed.last_commit().step_by(LOGGED_PAGE / 3) {
        let dir = crashed.copy(&crashed.log[..at]);
        let mut journal = SqliteJournal::open(dir.path()).expect("opens");
        append_singles(&mut journal, 1);
        let head = journal.head();
        drop(journal);
        let journal = SqliteJournal::open(dir.path()).expect("opens");
        assert_eq!((journal.head(), journal.torn_bytes()), (head, 0), "cut at {at}");
        assert_eq!(head.next, crashed.head.next);
    }
}

#[test]
fn log_with_any_part_of_its_last_commit_changed_never_shows_anything_but_whole_frames() {
    let crashed = Crashed::make();
    let last = crashed.last_commit();
    let changes =
        flips(&crashed.log, &crashed.fact, last.clone()).chain(last.step_by(SECTOR).map(zeroed_sector));
    let mut lost = 0;
    for (what, change) in changes {
        let mut log = crashed.log.clone();
        change(&mut log);
        if log == crashed.log {
            continue;
        }
        let opened = crashed.open_with_log(&log, None).expect("opens");
        assert!(opened.head == crashed.before || opened.head == crashed.head, "{what}: {}", opened.head);
        assert!(crashed.story.starts_with(&opened.story), "{what}");
        if opened.head == crashed.before {
            lost += 1;
            // Changed salts make the end of a log look like the remains of its last round.
            assert!(opened.torn_bytes > 0 || what.contains("salts"), "{what}");
            crashed.assert_lost(crashed.open_with_log(&log, Some(&crashed.head)), crashed.before);
        }
    }
    assert!(lost > 80, "{lost} of the changes mattered");
}

#[test]
fn what_stands_behind_the_end_of_the_log_is_not_taken_for_frames() {
    let crashed = Crashed::make();
    let last = &crashed.log[crashed.last_commit()];
    for (what, behind, torn) in [
        ("the last commit once more", last, last.len() as u64),
        ("bytes of no meaning", &noise(1, 10_000)[..], 0),
        ("less than what is around a page", &last[..15], 15),
        ("nothing but zeros", &[0; LOGGED_PAGE][..], 0),
    ] {
        let log = [&crashed.log[..], behind].concat();
        let opened = crashed.open_with_log(&log, Some(&crashed.head)).expect("opens");
        assert_eq!((opened.head, opened.torn_bytes), (crashed.head, torn), "{what}");
        assert!(opened.story == crashed.story, "{what}");
    }
}

#[test]
fn log_that_went_on_in_its_second_round_ends_in_order() {
    let crashed = Crashed::make();
    // The second round is shorter than the first, whose pages still stand behind it.
    let dir = crashed.copy(&crashed.log);
    {
        let conn = Connection::open(dir.path().join(JOURNAL_FILE)).expect("a database");
        conn.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).expect("restarted");
        conn.execute("INSERT INTO settled_doubt DEFAULT VALUES", []).expect("written");
        let log = fs::read(dir.path().join(LOG)).expect("a log");
        assert_eq!(log.len(), crashed.log.len());
        let copy = crashed.copy(&log);
        fs::copy(dir.path().join(JOURNAL_FILE), copy.path().join(JOURNAL_FILE)).expect("copied");
        let journal = SqliteJournal::open(copy.path()).expect("opens");
        assert_eq!((journal.head(), journal.torn_bytes()), (crashed.head, 0));
    }
}

#[test]
fn log_that_is_gone_is_missed_by_the_witness_and_by_nobody_else() {
    let crashed = Crashed::make();
    let opened = crashed.open_with_log(&[], None).expect("a journal without its log is an older journal");
    assert_eq!((opened.head, opened.torn_bytes), (crashed.in_file, 0));
    crashed.assert_lost(crashed.open_with_log(&[], Some(&crashed.head)), crashed.in_file);
}

#[test]
fn file_with_any_part_changed_is_refused_or_shows_what_was_written() {
    let (dir, mut journal) = sqlite();
    append_singles(&mut journal, 30);
    let fact = noise(9, 60);
    append(&mut journal, &[(&fact, Some(b"payload"))]);
    let (head, written) = (journal.head(), story(&mut *journal.reader()));
    drop(journal);
    let path = dir.path().join(JOURNAL_FILE);
    let file = fs::read(&path).expect("readable");
    let sectors = (0..file.len()).step_by(SECTOR).map(zeroed_sector);
    let mut refused = 0;
    for (what, change) in flips(&file, &fact, 0..0).chain(sectors) {
        let mut changed = file.clone();
        change(&mut changed);
        if changed == file {
            continue;
        }
        fs::write(&path, &changed).expect("written");
        write_witness(dir.path(), &head).expect("written");
        let proof = verify_chain(
            &mut *SqliteJournal::reader_in(dir.path()),
            Position(0),
            &mut |_, _| {},
            &mut |_| {},
        );
        match SqliteJournal::open(dir.path()) {
            Err(_) => refused += 1,
            Ok(journal) if proof.is_ok() => {
                assert!(story(&mut *journal.reader()) == written, "{what} went unnoticed");
            }
            // The damage is before the tail, or in a table that means nothing: `verify` is who says so.
            Ok(_) => refused += 1,
        }
        for leftover in [LOG, "journal.db-shm"] {
            let _ = fs::remove_file(dir.path().join(leftover));
        }
    }
    assert!(refused > fact.len(), "{refused} of the changes mattered");
}

#[test]
fn every_byte_of_a_chunk_is_covered_and_damage_before_the_tail_is_named() {
    let (dir, mut journal) = sqlite();
    for number in 0..20 {
        append(&mut journal, &[(format!("fact {number}").as_bytes(), Some(b"a payload"))]);
    }
    let conn = Connection::open(dir.path().join(JOURNAL_FILE)).expect("a database");
    let chunk = |conn: &Connection| -> Vec<u8> {
        conn.query_row("SELECT bytes FROM chunk WHERE first = 10", [], |row| row.get(0)).expect("a chunk")
    };
    let sound = chunk(&conn);
    let store = |bytes: &[u8]| {
        assert_eq!(conn.execute("UPDATE chunk SET bytes = ?1 WHERE first = 10", [bytes]).expect("stored"), 1);
    };
    for at in 0..sound.len() {
        for bit in [0x01, 0x80] {
            let mut changed = sound.clone();
            changed[at] ^= bit;
            store(&changed);
            let proof = verify_chain(&mut *journal.reader(), Position(0), &mut |_, _| {}, &mut |_| {});
            match proof {
                Err(chargly_journal::ChainError::Broken { position: Position(10), .. }) => {}
                other => panic!("byte {at}: {other:?}"),
            }
        }
    }
    store(&sound);
    assert!(verify_chain(&mut *journal.reader(), Position(0), &mut |_, _| {}, &mut |_| {}).is_ok());
}

/// The files of a journal as a crash leaves them: some frames in the file, some in the log.
struct Crashed {
    file: Vec<u8>,
    log: Vec<u8>,
    /// The fact of the last frame.
    fact: Vec<u8>,
    story: Story,
    /// The head without the log.
    in_file: Head,
    /// The head before the last frame.
    before: Head,
    head: Head,
    log_before: usize,
}

/// What opening found.
struct Opened {
    head: Head,
    torn_bytes: u64,
    story: Story,
}

impl Crashed {
    fn make() -> Self {
        let (dir, mut journal) = sqlite();
        append_singles(&mut journal, 5);
        let in_file = journal.head();
        drop(journal);
        let mut journal = SqliteJournal::open(dir.path()).expect("opens");
        append_singles(&mut journal, 10);
        let before = journal.head();
        let log_before = fs::metadata(dir.path().join(LOG)).expect("a log").len();
        let fact = noise(7, 100);
        append(&mut journal, &[(&fact, Some(b"payload"))]);
        let read = |name| fs::read(dir.path().join(name)).expect("readable");
        Self {
            file: read(JOURNAL_FILE),
            log: read(LOG),
            fact,
            story: story(&mut *journal.reader()),
            in_file,
            before,
            head: journal.head(),
            log_before: usize::try_from(log_before).expect("small"),
        }
    }

    fn last_commit(&self) -> std::ops::Range<usize> {
        self.log_before..self.log.len()
    }

    fn copy(&self, log: &[u8]) -> TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join(JOURNAL_FILE), &self.file).expect("written");
        if !log.is_empty() {
            fs::write(dir.path().join(LOG), log).expect("written");
        }
        dir
    }

    fn open_with_log(&self, log: &[u8], witness: Option<&Head>) -> Result<Opened, OpenError> {
        let dir = self.copy(log);
        if let Some(witness) = witness {
            write_witness(dir.path(), witness).expect("written");
        }
        let journal = SqliteJournal::open(dir.path())?;
        let (head, torn_bytes) = (journal.head(), journal.torn_bytes());
        Ok(Opened { head, torn_bytes, story: story(&mut *journal.reader()) })
    }

    fn assert_lost(&self, opened: Result<Opened, OpenError>, found: Head) {
        match opened {
            Err(OpenError::Lost(loss)) => {
                assert_eq!((loss.witness, loss.found), (Some(self.head), found));
            }
            Err(other) => panic!("{other:?}"),
            Ok(opened) => panic!("opened at {}", opened.head),
        }
    }
}

type Change = (String, Edit);
type Edit = Box<dyn Fn(&mut [u8])>;

/// Each byte that counts, flipped alone: the chunk that holds `fact`, with what is before it in its row, and what is
/// around each page of `log`.
fn flips(bytes: &[u8], fact: &[u8], log: std::ops::Range<usize>) -> impl Iterator<Item = Change> {
    let at =
        bytes.windows(fact.len()).rposition(|window| window == fact).expect("the fact is there as it is");
    // 114 bytes of the chunk's header, and SQLite's few before it.
    let row = at - 124..at + fact.len() + 10;
    let start = log.start;
    let around_pages = log.filter(move |at| (at - start) % LOGGED_PAGE < 24);
    let salts = move |at: usize| at >= start && (8..16).contains(&((at - start) % LOGGED_PAGE));
    row.chain(around_pages).map(move |at| {
        let what = if salts(at) { "of the salts" } else { "flipped" };
        let flip: Edit = Box::new(move |bytes| bytes[at] ^= 0x10);
        (format!("byte {at} {what}"), flip)
    })
}

fn zeroed_sector(at: usize) -> Change {
    let zero: Edit = Box::new(move |bytes| {
        let end = bytes.len().min(at + SECTOR);
        bytes[at..end].fill(0);
    });
    (format!("sector at {at} zeroed, perhaps with salts"), zero)
}
