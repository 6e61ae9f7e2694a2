//! Proving the chain, and following it.

use chargly_journal::{BrokenLink, ChainCheck, Chunk, Head, Journal, Position, verify_chain};

use crate::support::{all_chunks, append, append_singles, frame, on_each_backend};

#[test]
fn report_counts_what_was_verified() {
    on_each_backend(|name, journal| {
        append_singles(journal, 3);
        append(journal, &[(&[1; 40_000], None), (&[2; 40_000], None)]);
        let (mut seen, mut steps) = (0, Vec::new());
        let report = verify_chain(
            &mut *journal.reader(),
            Position(0),
            &mut |done, total| steps.push((done, total)),
            &mut |chunk| seen += chunk.len() as u64,
        )
        .expect("sound");
        assert_eq!((report.frames, report.entries, seen), (4, 5, 5), "{name}");
        assert_eq!(report.head, journal.head(), "{name}");
        let bytes: usize = all_chunks(&mut *journal.reader()).iter().map(Chunk::bytes).sum();
        assert_eq!(report.bytes, bytes as u64, "{name}");
        assert_eq!(steps, [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)], "{name}");
    });
}

#[test]
fn chain_can_be_verified_from_any_position() {
    on_each_backend(|name, journal| {
        append_singles(journal, 2);
        append(journal, &[(b"a", None), (b"b", None)]);
        append_singles(journal, 1);
        let mut entries_from = |from| {
            let verified = verify_chain(&mut *journal.reader(), Position(from), &mut |_, _| {}, &mut |_| {});
            verified.expect("sound").entries
        };
        assert_eq!([0, 1, 2, 3, 4, 5, 9].map(&mut entries_from), [5, 4, 3, 3, 1, 0, 0], "{name}");
    });
}

#[test]
fn chunk_that_does_not_continue_the_chain_is_named_by_the_rule_it_breaks() {
    let disk = chargly_journal::memory::MemoryDisk::new();
    let mut journal = chargly_journal::MemoryJournal::open(&disk);
    append_singles(&mut journal, 1);
    let two_chunks = frame(2, 500, Position(1), &[(&[1; 40_000], None), (&[2; 40_000], None)]);
    journal.append(&two_chunks, Position(1)).expect("appended");
    append_singles(&mut journal, 1);
    let chunks = all_chunks(&mut *journal.reader());
    let [first, part, rest, last] = &chunks[..] else { panic!("{} chunks", chunks.len()) };

    let check = |before: &[&Chunk], change: &dyn Fn(&mut Chunk), chunk: &Chunk| {
        let mut check = ChainCheck::after(Head::EMPTY);
        for chunk in before {
            check.continues_with(chunk).expect("sound");
        }
        let mut changed = chunk.clone();
        change(&mut changed);
        let broken = check.continues_with(&changed);
        check.continues_with(chunk).expect("a refused chunk leaves the check where it stood");
        broken.expect_err("broken")
    };
    let broken = check(&[first], &|chunk| chunk.first = Position(2), part);
    assert_eq!(broken, BrokenLink::Position { expected: Position(1), found: Position(2) });
    let broken = check(&[first], &|chunk| chunk.frame = 0, part);
    assert_eq!(broken, BrokenLink::Frame { expected: 1, found: 0 });
    let broken = check(&[first, part], &|chunk| chunk.frame = 2, rest);
    assert_eq!(broken, BrokenLink::Frame { expected: 1, found: 2 });
    let broken = check(&[first, part], &|chunk| chunk.prev_hash = first.hash, rest);
    assert_eq!(broken, BrokenLink::Hash { expected: part.hash, found: first.hash });
    let broken = check(&[first, part, rest], &|chunk| chunk.epoch = 1, last);
    assert_eq!(broken, BrokenLink::Epoch { before: 2, found: 1 });
    let broken = check(&[first, part], &|chunk| chunk.epoch = 3, rest);
    assert_eq!(broken, BrokenLink::Epoch { before: 2, found: 3 });
    let broken = check(&[first, part, rest], &|chunk| chunk.at_ms = 499, last);
    assert_eq!(broken, BrokenLink::Time { before_ms: 500, found_ms: 499 });
    let broken = check(&[first, part], &|chunk| chunk.at_ms = 501, rest);
    assert_eq!(broken, BrokenLink::Time { before_ms: 500, found_ms: 501 });
    let broken = check(&[], &|chunk| chunk.prev_hash = chunk.hash, first);
    assert!(matches!(broken, BrokenLink::Hash { .. }));
}
