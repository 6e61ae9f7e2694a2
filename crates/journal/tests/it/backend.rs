//! What every backend promises: appending, fencing, reading.

use chargly_journal::{
    AppendError, CHUNK_BYTES_MAX, ChainHash, ENTRY_BYTES_MAX, EpochStart, FRAME_BYTES_MAX, FRAME_ENTRIES_MAX,
    FrameBuilder, FrameRefused, Head, Journal, Position,
};

use crate::support::{
    StoredPayload, all_chunks, append, append_singles, frame, noise, on_each_backend, owned, story,
};

#[test]
fn empty_journal_has_an_empty_head_and_no_chunks() {
    on_each_backend(|name, journal| {
        let mut reader = journal.reader();
        assert_eq!(journal.head(), Head::EMPTY, "{name}");
        assert_eq!(reader.head().expect("readable"), Head::EMPTY, "{name}");
        assert_eq!(reader.chunk_at(Position(0)).expect("readable"), None, "{name}");
        assert_eq!(reader.chunks_from(Position(0), 1).expect("readable"), [], "{name}");
        assert_eq!(reader.chunks_before(Position(9), 1).expect("readable"), [], "{name}");
        assert_eq!(reader.epochs().expect("readable"), [], "{name}");
    });
}

#[test]
fn what_is_appended_is_read_as_it_was() {
    on_each_backend(|name, journal| {
        let mut reader = journal.reader();
        let first = append(journal, &[(b"one", None), (b"", Some(b"")), (b"three", Some(b"who"))]);
        let second = append(journal, &[(b"four", None)]);
        assert_eq!(first.head.next, Position(3), "{name}");
        assert_eq!(second.head, journal.head(), "{name}");
        assert_eq!(second.head.frame, 2, "{name}");
        assert_eq!(reader.head().expect("readable"), second.head, "{name}");

        let present = |bytes: &[u8]| StoredPayload::Present(bytes.to_vec());
        let expected = vec![
            (0, b"one".to_vec(), StoredPayload::None),
            (1, b"".to_vec(), present(b"")),
            (2, b"three".to_vec(), present(b"who")),
            (3, b"four".to_vec(), StoredPayload::None),
        ];
        assert_eq!(story(&mut *reader), expected, "{name}");
        let chunks = [owned(&first.chunks), owned(&second.chunks)].concat();
        assert_eq!(all_chunks(&mut *reader), chunks, "{name}: the live chunks are the stored ones");
        assert_eq!(chunks[0].prev_hash, ChainHash::GENESIS, "{name}");
        assert_eq!(chunks[1].prev_hash, chunks[0].hash, "{name}");
    });
}

#[test]
fn every_position_is_found_in_its_chunk_and_none_beyond_the_head() {
    on_each_backend(|name, journal| {
        append_singles(journal, 3);
        append(journal, &[(b"a", None), (b"b", None), (b"c", None)]);
        append_singles(journal, 2);
        let mut reader = journal.reader();
        for position in 0..8 {
            let chunk = reader.chunk_at(Position(position)).expect("readable").expect("there");
            let entry = chunk.entry(Position(position)).expect("there");
            assert_eq!(entry.position, Position(position), "{name}");
            assert_eq!(chunk.len(), if (3..6).contains(&position) { 3 } else { 1 }, "{name}");
            assert!(chunk.entry(chunk.end()).is_none(), "{name}");
        }
        for position in [8, 9, u64::MAX] {
            assert_eq!(reader.chunk_at(Position(position)).expect("readable"), None, "{name}");
            assert_eq!(reader.chunks_from(Position(position), 100).expect("readable"), [], "{name}");
        }
    });
}

#[test]
fn reading_stops_before_the_bytes_asked_for_but_after_one_chunk_at_the_earliest() {
    on_each_backend(|name, journal| {
        append_singles(journal, 10);
        let mut reader = journal.reader();
        let bytes = all_chunks(&mut *reader)[0].bytes();
        let mut check = |max_bytes: usize, expected: &[u64]| {
            let chunks = reader.chunks_from(Position(4), max_bytes).expect("readable");
            let firsts: Vec<u64> = chunks.iter().map(|chunk| chunk.first.0).collect();
            assert_eq!(firsts, expected, "{name}, forwards, {max_bytes}");
            let chunks = reader.chunks_before(Position(5), max_bytes).expect("readable");
            let firsts: Vec<u64> = chunks.iter().map(|chunk| 8 - chunk.first.0).collect();
            assert_eq!(firsts, expected, "{name}, backwards, {max_bytes}");
        };
        check(0, &[4]);
        check(2 * bytes - 1, &[4]);
        check(2 * bytes, &[4, 5]);
        check(3 * bytes, &[4, 5, 6]);
    });
}

#[test]
fn reading_backwards_begins_with_the_chunk_that_holds_the_position_before() {
    on_each_backend(|name, journal| {
        append(journal, &[(b"a", None), (b"b", None)]);
        append(journal, &[(b"c", None), (b"d", None)]);
        let mut reader = journal.reader();
        let mut check = |before: u64, expected: &[u64]| {
            let chunks = reader.chunks_before(Position(before), usize::MAX).expect("readable");
            let firsts: Vec<u64> = chunks.iter().map(|chunk| chunk.first.0).collect();
            assert_eq!(firsts, expected, "{name}, before {before}");
        };
        check(0, &[]);
        check(1, &[0]);
        check(2, &[0]);
        check(3, &[2, 0]);
        check(4, &[2, 0]);
        check(u64::MAX, &[2, 0]);
    });
}

#[test]
fn large_frame_is_split_into_chunks_of_which_only_the_last_says_so() {
    on_each_backend(|name, journal| {
        let entry = vec![7; 1000];
        let mut large = FrameBuilder::new();
        large.begin(1, 5, Position(0));
        while large.push(&entry, None).is_ok() {}
        let appended = journal.append(&large, Position(0)).expect("appended");
        assert_eq!(large.len(), FRAME_BYTES_MAX / entry.len(), "{name}");
        assert_eq!(appended.head.frame, 1, "{name}");
        let (last, others) = appended.chunks.split_last().expect("chunks");
        assert!(last.last_in_frame && others.iter().all(|chunk| !chunk.last_in_frame), "{name}");
        assert!(others.iter().all(|chunk| chunk.len() == CHUNK_BYTES_MAX / entry.len()), "{name}");
        assert_eq!(all_chunks(&mut *journal.reader()), owned(&appended.chunks), "{name}");
    });
}

#[test]
fn entries_of_the_largest_size_and_frames_of_the_most_entries_are_stored() {
    on_each_backend(|name, journal| {
        let (fact, payload) = (noise(1, ENTRY_BYTES_MAX / 2), noise(2, ENTRY_BYTES_MAX / 2));
        append(journal, &[(&fact, Some(&payload)), (b"small", None)]);
        append(journal, &vec![(&b"f"[..], Some(&b"p"[..])); FRAME_ENTRIES_MAX]);
        let story = story(&mut *journal.reader());
        assert_eq!(story.len(), 2 + FRAME_ENTRIES_MAX, "{name}");
        assert_eq!(story[0], (0, fact, StoredPayload::Present(payload)), "{name}");
    });
}

#[test]
fn frames_that_may_not_follow_the_head_are_refused() {
    on_each_backend(|name, journal| {
        let head = append(journal, &[(b"a", None)]).head;
        let check = |journal: &mut dyn Journal, frame: FrameBuilder, expected: FrameRefused| {
            match journal.append(&frame, head.next) {
                Err(AppendError::Refused(refused)) => assert_eq!(refused, expected, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
            assert_eq!(journal.head(), head, "{name}");
        };
        let entry = [(&b"b"[..], None)];
        check(journal, frame(1, 10, Position(1), &[]), FrameRefused::Empty);
        check(
            journal,
            frame(1, 10, Position(2), &entry),
            FrameRefused::OtherFirst { first: Position(2), expected: Position(1) },
        );
        check(journal, frame(0, 10, Position(1), &entry), FrameRefused::EpochGoesBack { frame: 0, head: 1 });
        check(
            journal,
            frame(1, 9, Position(1), &entry),
            FrameRefused::TimeGoesBack { frame_ms: 9, head_ms: 10 },
        );
        let same_moment = frame(1, 10, Position(1), &entry);
        assert!(
            journal.append(&same_moment, Position(1)).is_ok(),
            "{name}: the same time and epoch may follow"
        );
    });
}

#[test]
fn append_at_another_position_than_the_next_is_refused() {
    on_each_backend(|name, journal| {
        append_singles(journal, 2);
        for wrong in [1, 3] {
            let frame = frame(1, 1_000, Position(wrong), &[(b"f", None)]);
            match journal.append(&frame, Position(wrong)) {
                Err(AppendError::Moved { expected, found }) => {
                    assert_eq!((expected, found), (Position(wrong), Position(2)), "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        append_singles(journal, 1);
    });
}

#[test]
fn each_epoch_is_found_where_it_began() {
    on_each_backend(|name, journal| {
        let mut expected = Vec::new();
        for (epoch, frames) in [(1, 1), (2, 40), (5, 1), (6, 7), (7, 1)] {
            expected.push(EpochStart { epoch, first: journal.head().next });
            for number in 0..frames {
                let head = journal.head();
                let entries = vec![(&b"fact"[..], None); 1 + number % 3];
                journal.append(&frame(epoch, head.at_ms, head.next, &entries), head.next).expect("appended");
            }
            assert_eq!(journal.reader().epochs().expect("readable"), expected, "{name}");
        }
    });
}

#[test]
fn readers_on_other_threads_see_whole_frames_in_order_while_the_writer_appends() {
    const FRAMES: u64 = 200;
    const PER_FRAME: usize = 3;
    on_each_backend(|name, journal| {
        std::thread::scope(|scope| {
            for _ in 0..3 {
                let mut reader = journal.reader();
                scope.spawn(move || {
                    let mut next = Position(0);
                    while next.0 < FRAMES * PER_FRAME as u64 {
                        let chunks = reader.chunks_from(next, 10_000).expect("readable");
                        for chunk in &chunks {
                            assert_eq!(chunk.first, next);
                            next = chunk.end();
                        }
                        assert!(chunks.last().is_none_or(|chunk| chunk.last_in_frame));
                        assert!(reader.chunk_at(next).is_ok(), "looking just behind the head is no damage");
                    }
                });
            }
            for number in 0..FRAMES {
                let fact = format!("frame {number}");
                append(journal, &[(fact.as_bytes(), Some(&b"p"[..])); PER_FRAME]);
            }
        });
        assert_eq!(journal.head().frame, FRAMES, "{name}");
    });
}
