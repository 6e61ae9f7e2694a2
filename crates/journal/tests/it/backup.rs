//! Copying a journal while it is being written.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use chargly_journal::{
    BackupError, Copied, Head, JOURNAL_FILE, Journal, PayloadRef, Position, SqliteJournal, backup,
    verify_chain,
};

use crate::support::{all_chunks, append, append_singles, noise, on_each_backend, sqlite, story};

#[test]
fn backup_opens_as_a_journal_with_the_same_chunks() {
    on_each_backend(|name, journal| {
        append_singles(journal, 20);
        append(journal, &[(&[7; 5_000][..], Some(&[8; 5_000][..])); 40]);
        journal.erase_payloads(&[Position(3)]).expect("erased");
        let dest = tempfile::tempdir().expect("a directory");
        let dest = dest.path().join("new/copy");
        let mut seen = Vec::new();
        let copied = backup(&mut *journal.reader(), &dest, &mut |done, total| seen.push((done, total)))
            .expect("copied");
        let head = journal.head();
        assert_eq!(copied, Copied { from: Head::EMPTY, head, erased: 0 }, "{name}");
        assert_eq!(seen.last(), Some(&(60, 60)), "{name}");

        let copy = SqliteJournal::open(&dest).expect("a journal");
        assert_eq!(copy.head(), head, "{name}");
        assert_eq!(all_chunks(&mut *copy.reader()), all_chunks(&mut *journal.reader()), "{name}");
    });
}

#[test]
fn backup_of_an_empty_journal_is_an_empty_journal() {
    on_each_backend(|name, journal| {
        let dest = tempfile::tempdir().expect("a directory");
        assert_eq!(copy(journal, dest.path()).head, Head::EMPTY);
        let mut copy = SqliteJournal::open(dest.path()).expect("a journal");
        append_singles(&mut copy, 1);
        assert_eq!(copy.head().next, Position(1), "{name}");
    });
}

#[test]
fn remains_of_an_interrupted_first_copy_are_replaced() {
    let (_dir, mut journal) = sqlite();
    append_singles(&mut journal, 1);
    let dest = tempfile::tempdir().expect("a directory");
    for name in ["journal.db.partial", "journal.db.partial-wal"] {
        std::fs::write(dest.path().join(name), b"the rest of an interrupted copy").expect("written");
    }
    copy(&journal, dest.path());
    assert_eq!(names_in(dest.path()), ["head", JOURNAL_FILE]);
}

#[test]
fn copy_that_is_there_gets_only_what_came_after_it() {
    on_each_backend(|name, journal| {
        let dest = tempfile::tempdir().expect("a directory");
        let mut from = Head::EMPTY;
        for _ in 0..4 {
            let mut seen = Vec::new();
            let copied = backup(&mut *journal.reader(), dest.path(), &mut |done, total| {
                seen.push((done, total));
            });
            assert_eq!(copied.expect("copied"), Copied { from, head: journal.head(), erased: 0 }, "{name}");
            let new = journal.head().next.0 - from.next.0;
            assert_eq!(seen.last().copied(), (new > 0).then_some((new, new)), "{name}");
            assert_eq!(names_in(dest.path()), ["head", JOURNAL_FILE], "{name}");
            from = journal.head();
            append_singles(journal, 5);
            append(journal, &[(&[1; 40_000], None), (&[2; 40_000], None)]);
        }
        let copied = copy(journal, dest.path());
        let opened = SqliteJournal::open(dest.path()).expect("a journal");
        assert_eq!((opened.head(), copied.head), (journal.head(), journal.head()), "{name}");
        assert_eq!(all_chunks(&mut *opened.reader()), all_chunks(&mut *journal.reader()), "{name}");
    });
}

#[test]
fn copy_of_another_history_is_refused_by_its_position_and_left_as_it_was() {
    let (_dir, mut journal) = sqlite();
    let (_other_dir, mut other) = sqlite();
    append_singles(&mut journal, 3);
    append(&mut other, &[(b"another", None)]);
    let dest = tempfile::tempdir().expect("a directory");
    let refused = |journal: &SqliteJournal, copy_at: u64, journal_at: u64| {
        let before = std::fs::read(dest.path().join(JOURNAL_FILE)).expect("a copy");
        match backup(&mut *journal.reader(), dest.path(), &mut |_, _| {}) {
            Err(BackupError::OtherHistory { copy, journal, .. }) => {
                assert_eq!((copy.0, journal.0), (copy_at, journal_at));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(std::fs::read(dest.path().join(JOURNAL_FILE)).expect("a copy"), before);
    };
    copy(&journal, dest.path());
    refused(&other, 3, 1);
    append(&mut other, &[(b"another", None), (b"another", None), (b"another", None)]);
    refused(&other, 3, 4);
}

#[test]
fn what_was_erased_since_the_last_backup_is_erased_in_it_and_its_bytes_are_gone() {
    on_each_backend(|name, journal| {
        let secrets = [noise(1, 3_000), noise(2, 3_000), noise(3, 50)];
        for secret in &secrets {
            append(journal, &[(b"fact", Some(secret)), (b"fact", Some(b"kept"))]);
        }
        let dest = tempfile::tempdir().expect("a directory");
        copy(journal, dest.path());
        let is_in_files = |secret: &[u8]| {
            names_in(dest.path()).iter().any(|file| {
                let bytes = std::fs::read(dest.path().join(file)).expect("readable");
                bytes.windows(24).any(|window| window == &secret[8..32])
            })
        };
        for (index, secret) in secrets.iter().enumerate() {
            assert!(is_in_files(secret), "{name}: the test would see it");
            journal.erase_payloads(&[Position(index as u64 * 2)]).expect("erased");
            append_singles(journal, 1);
            assert_eq!(copy(journal, dest.path()).erased, 1, "{name}");
            assert!(!is_in_files(secret), "{name} {index}");
        }
        assert_eq!(copy(journal, dest.path()).erased, 0, "{name}");
        let opened = SqliteJournal::open(dest.path()).expect("a journal");
        assert_eq!(all_chunks(&mut *opened.reader()), all_chunks(&mut *journal.reader()), "{name}");
    });
}

#[test]
fn what_is_erased_in_the_copy_only_stays_erased_and_the_rest_is_still_found() {
    let (_dir, mut journal) = sqlite();
    append_singles(&mut journal, 6);
    let dest = tempfile::tempdir().expect("a directory");
    copy(&journal, dest.path());
    // Somebody served the copy, forgot a payload there, and recorded nothing.
    SqliteJournal::open(dest.path()).expect("opens").erase_payloads(&[Position(2)]).expect("erased");
    journal.erase_payloads(&[Position(4)]).expect("erased");
    journal.erase_payloads(&[Position(5)]).expect("erased");
    assert_eq!(copy(&journal, dest.path()).erased, 2);
    let erased = |position: u64| {
        let chunk = SqliteJournal::reader_in(dest.path()).chunk_at(Position(position)).expect("readable");
        chunk.expect("a chunk").entry(Position(position)).expect("an entry").payload == PayloadRef::Erased
    };
    assert_eq!([0, 1, 2, 3, 4, 5].map(erased), [false, false, true, false, true, true]);
}

#[test]
fn copy_can_be_read_where_nothing_can_be_written() {
    let (_dir, mut journal) = sqlite();
    append_singles(&mut journal, 3);
    let dest = tempfile::tempdir().expect("a directory");
    copy(&journal, dest.path());
    append_singles(&mut journal, 3);
    copy(&journal, dest.path());
    let file = std::fs::read(dest.path().join(JOURNAL_FILE)).expect("a file");
    // The versions of the format for reading and writing: 2 would ask for a write-ahead log and its shared memory.
    assert_eq!(file[18..20], [1, 1]);
}

#[test]
fn backup_taken_while_the_writer_appends_is_a_prefix_that_verifies() {
    let (_dir, mut journal) = sqlite();
    append_singles(&mut journal, 50);
    let mut reader = journal.reader();
    let is_copied = AtomicBool::new(false);
    let dest = tempfile::tempdir().expect("a directory");
    let head = std::thread::scope(|scope| {
        let copying = scope.spawn(|| {
            let head = backup(&mut *reader, dest.path(), &mut |_, _| {}).expect("copied").head;
            is_copied.store(true, Ordering::Release);
            head
        });
        while !is_copied.load(Ordering::Acquire) {
            append_singles(&mut journal, 1);
        }
        copying.join().expect("no panic")
    });
    let copy = SqliteJournal::open(dest.path()).expect("a journal");
    let mut reader = copy.reader();
    let report = verify_chain(&mut *reader, Position(0), &mut |_, _| {}, &mut |_| {}).expect("sound");
    assert_eq!(report.head, head);
    let original = story(&mut *journal.reader());
    assert_eq!(
        story(&mut *reader),
        original[..original.len().min(usize::try_from(head.next.0).expect("small"))]
    );
}

fn copy(journal: &dyn Journal, dest: &Path) -> Copied {
    backup(&mut *journal.reader(), dest, &mut |_, _| {}).expect("copied")
}

fn names_in(dir: &Path) -> Vec<String> {
    let files = std::fs::read_dir(dir).expect("readable");
    let mut names: Vec<_> =
        files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}
