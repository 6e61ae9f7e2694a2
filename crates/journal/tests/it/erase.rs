//! Forgetting payloads: facts, hashes and positions stay, the bytes are gone.

use chargly_journal::{EraseError, Erased, JOURNAL_FILE, Journal, Position, SqliteJournal, verify_chain};

use crate::support::{StoredPayload, Story, append, append_singles, noise, on_each_backend, sqlite, story};

#[test]
fn erased_payloads_are_gone_and_everything_else_is_as_it_was() {
    on_each_backend(|name, journal| {
        append(journal, &[(b"a", Some(b"one")), (b"b", Some(b"two")), (b"c", None), (b"d", Some(b""))]);
        append(journal, &[(b"e", Some(b"three"))]);
        let head = journal.head();
        let before = story(&mut *journal.reader());
        let positions = [Position(4), Position(1), Position(2), Position(3), Position(1)];
        let erased = journal.erase_payloads(&positions).expect("erased");
        assert_eq!(erased, Erased { payloads: 3, chunks: 2, scrubbed: true }, "{name}");

        let expected: Story = before
            .into_iter()
            .map(|(position, fact, payload)| match position {
                1 | 3 | 4 => (position, fact, StoredPayload::Erased),
                _ => (position, fact, payload),
            })
            .collect();
        let mut reader = journal.reader();
        assert_eq!(story(&mut *reader), expected, "{name}");
        let report = verify_chain(&mut *reader, Position(0), &mut |_, _| {}, &mut |_| {}).expect("sound");
        assert_eq!(report.head, head, "{name}");
        append_singles(journal, 1);
    });
}

#[test]
fn erasing_again_or_where_there_is_nothing_changes_nothing() {
    on_each_backend(|name, journal| {
        append(journal, &[(b"a", Some(b"one")), (b"b", None)]);
        journal.erase_payloads(&[Position(0)]).expect("erased");
        let again = journal.erase_payloads(&[Position(0), Position(1)]).expect("nothing to do");
        assert_eq!((again.payloads, again.chunks), (0, 0), "{name}");
        assert_eq!(journal.erase_payloads(&[]).expect("nothing to do").payloads, 0, "{name}");
    });
}

#[test]
fn erasing_beyond_the_head_is_refused_and_erases_nothing() {
    on_each_backend(|name, journal| {
        append(journal, &[(b"a", Some(b"one"))]);
        let result = journal.erase_payloads(&[Position(0), Position(1)]);
        assert!(matches!(result, Err(EraseError::NoSuchEntry(Position(1)))), "{name}");
        assert_eq!(story(&mut *journal.reader())[0].2, StoredPayload::Present(b"one".to_vec()), "{name}");
    });
}

#[test]
fn payloads_of_many_chunks_are_erased_over_several_transactions() {
    const FRAMES: usize = 150;
    let (_dir, mut journal) = sqlite();
    append_singles(&mut journal, FRAMES);
    let positions: Vec<Position> = (0..FRAMES as u64).map(Position).collect();
    let erased = journal.erase_payloads(&positions).expect("erased");
    assert_eq!((erased.payloads, erased.chunks), (FRAMES as u64, FRAMES as u64));
    assert!(story(&mut *journal.reader()).iter().all(|(_, _, payload)| *payload == StoredPayload::Erased));
}

#[test]
fn no_file_holds_an_erased_payload_any_more() {
    let dir = tempfile::tempdir().expect("a directory");
    let small = noise(1, 24);
    let large = noise(2, 20_000);
    let mut journal = SqliteJournal::open(dir.path()).expect("a journal");
    for _ in 0..20 {
        append_singles(&mut journal, 5);
        append(&mut journal, &[(b"with a small one", Some(&small)), (b"with a large one", Some(&large))]);
    }
    // Pieces of the large one: most lie within a page, wherever its pages begin.
    let pieces: Vec<&[u8]> = large.chunks(16).step_by(50).collect();
    let found = |needles: &[&[u8]]| {
        let bytes = ["", "-wal"]
            .map(|suffix| {
                std::fs::read(dir.path().join(format!("{JOURNAL_FILE}{suffix}"))).unwrap_or_default()
            })
            .concat();
        needles.iter().filter(|needle| bytes.windows(needle.len()).any(|window| window == **needle)).count()
    };
    assert_eq!(found(&[&small]), 1, "it is stored as it is");
    assert!(found(&pieces) > pieces.len() / 2, "it is stored as it is");

    let positions: Vec<Position> =
        (0..20).flat_map(|round| [7 * round + 5, 7 * round + 6]).map(Position).collect();
    let erased = journal.erase_payloads(&positions).expect("erased");
    assert_eq!(erased, Erased { payloads: 40, chunks: 20, scrubbed: true });
    assert_eq!(found(&[&small]), 0);
    assert_eq!(found(&pieces), 0);
}

#[test]
fn only_erasing_changes_what_is_stored() {
    let mut dirs = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut changing = Vec::new();
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).expect("readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).expect("readable");
            let code = source.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
            let changes = code.filter(|line| {
                ["UPDATE ", "DELETE ", "REPLACE ", "DROP "].iter().any(|keyword| line.contains(keyword))
            });
            changing.extend(changes.map(|_| path.file_name().expect("a name").to_owned()));
        }
    }
    assert_eq!(changing, ["erase.rs"]);
}
