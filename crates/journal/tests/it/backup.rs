//! Copying a journal while it is being written.

use std::sync::atomic::{AtomicBool, Ordering};

use chargly_journal::{
    BackupError, Head, JOURNAL_FILE, Journal, Position, SqliteJournal, backup, verify_chain,
};

use crate::support::{all_chunks, append, append_singles, on_each_backend, sqlite, story};

#[test]
fn backup_opens_as_a_journal_with_the_same_chunks() {
    on_each_backend(|name, journal| {
        append_singles(journal, 20);
        append(journal, &[(&[7; 5_000][..], Some(&[8; 5_000][..])); 40]);
        journal.erase_payloads(&[Position(3)]).expect("erased");
        let dest = tempfile::tempdir().expect("a directory");
        let dest = dest.path().join("new/copy");
        let mut seen = Vec::new();
        let head = backup(&mut *journal.reader(), &dest, &mut |done, total| seen.push((done, total)))
            .expect("copied");
        assert_eq!(head, journal.head(), "{name}");
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
        assert_eq!(backup(&mut *journal.reader(), dest.path(), &mut |_, _| {}).expect("copied"), Head::EMPTY);
        let mut copy = SqliteJournal::open(dest.path()).expect("a journal");
        append_singles(&mut copy, 1);
        assert_eq!(copy.head().next, Position(1), "{name}");
    });
}

#[test]
fn backup_never_replaces_a_journal_but_a_partial_copy() {
    let (dir, mut journal) = sqlite();
    append_singles(&mut journal, 1);
    assert!(matches!(
        backup(&mut *journal.reader(), dir.path(), &mut |_, _| {}),
        Err(BackupError::Exists { .. })
    ));
    let dest = tempfile::tempdir().expect("a directory");
    for name in ["journal.db.partial", "journal.db.partial-wal"] {
        std::fs::write(dest.path().join(name), b"the rest of an interrupted copy").expect("written");
    }
    backup(&mut *journal.reader(), dest.path(), &mut |_, _| {}).expect("copied");
    let mut names: Vec<_> = std::fs::read_dir(dest.path())
        .expect("readable")
        .map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    assert_eq!(names, ["head", JOURNAL_FILE]);
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
            let head = backup(&mut *reader, dest.path(), &mut |_, _| {}).expect("copied");
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
