//! How fast the journal is on this machine, on demand:
//! `cargo test --release -p chargly-journal throughput -- --ignored --nocapture`.

#![expect(clippy::print_stdout, reason = "the figures are the point")]
#![expect(clippy::disallowed_methods, reason = "measuring takes a clock, and nothing is asserted about it")]

use std::time::{Duration, Instant};

use chargly_journal::{FrameBuilder, Journal, JournalReader, Payload, Position, SqliteJournal, verify_chain};

/// Bytes of a fact and of a payload, as the ledger's are on average.
const FACT_BYTES: usize = 72;
const PAYLOAD_BYTES: usize = 28;

const ENTRIES_MAX: usize = 2_000_000;
const RUN: Duration = Duration::from_secs(4);

#[test]
#[ignore = "measures"]
fn throughput_of_appends_and_reads() {
    for group in [1, 64, 1_024, 4_096] {
        let dir = tempfile::tempdir().expect("a directory");
        let mut journal = SqliteJournal::open(dir.path()).expect("a journal");
        let (mut frame, mut entries, begun) = (FrameBuilder::new(), 0, Instant::now());
        let mut slowest = Duration::ZERO;
        while entries < ENTRIES_MAX && begun.elapsed() < RUN {
            fill(&mut frame, &journal, group);
            let before = Instant::now();
            entries += frame.len();
            journal.append(&frame, frame.first()).expect("appended");
            slowest = slowest.max(before.elapsed());
        }
        let appended = begun.elapsed();
        let flushes = entries / group;
        let mut reader = journal.reader();
        let begun = Instant::now();
        let report = verify_chain(&mut *reader, Position(0), &mut |_, _| {}, &mut |_| {}).expect("sound");
        let verified = begun.elapsed();
        let one = time_of_one_read(&mut *reader, report.entries);
        drop((reader, journal));
        let bytes = std::fs::metadata(dir.path().join("journal.db")).expect("a file").len();
        println!(
            "groups of {group}: {} entries/s, {} flushes/s, slowest {slowest:?}; {} bytes an entry on disk; \
             verified at {} entries/s; one entry read in {one:?}",
            per_second(entries, appended),
            per_second(flushes, appended),
            bytes / report.entries,
            per_second(entries, verified),
        );
    }
}

/// Facts that resemble each other as events do: a few fields change, most do not.
fn fill(frame: &mut FrameBuilder, journal: &SqliteJournal, group: usize) {
    let head = journal.head();
    frame.begin(1, head.at_ms + 1, head.next);
    for index in 0..group as u64 {
        let seed = (head.next.0 + index).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut fact = [0x11; FACT_BYTES];
        fact[..8].copy_from_slice(&seed.to_le_bytes());
        fact[20..22].copy_from_slice(&seed.to_be_bytes()[..2]);
        fact[40..44].copy_from_slice(&seed.to_be_bytes()[..4]);
        let mut payload = *b"user_0000000000 idem_0000000";
        payload[5..13].copy_from_slice(format!("{:08}", seed % 10_000).as_bytes());
        payload[20..28].copy_from_slice(&format!("{seed:016x}").as_bytes()[..8]);
        assert_eq!(payload.len(), PAYLOAD_BYTES);
        frame.push(&fact, Some(Payload::new(&payload))).expect("fits");
    }
}

fn time_of_one_read(reader: &mut dyn JournalReader, entries: u64) -> Duration {
    const READS: u32 = 2_000;
    let begun = Instant::now();
    for read in 0..u64::from(READS) {
        let position = Position(read.wrapping_mul(0x9e37_79b9_7f4a_7c15) % entries);
        let chunk = reader.chunk_at(position).expect("readable").expect("there");
        assert!(chunk.entry(position).is_some());
    }
    begun.elapsed() / READS
}

fn per_second(count: usize, time: Duration) -> u128 {
    count as u128 * 1_000_000 / time.as_micros().max(1)
}
