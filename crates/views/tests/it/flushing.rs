//! Folding, flushing and asking at the same time, and a flush that cannot be written.

use std::sync::atomic::{AtomicBool, Ordering};

use chargly_ledger::{Fact, Position, WalletEvent, WalletNo};
use chargly_views::{
    By, FILE_NAME, FiguresReport, Interval, MEMORY_ROWS_MAX, UNFLUSHED_FACTS_MAX, ViewError, Views,
};
use rusqlite::Connection;

use crate::facts::*;

/// An event of one of 100 wallets.
fn event(position: u64) -> Fact {
    let wallet = WalletNo(u32::try_from(position % 100).expect("below 100"));
    metered(wallet, CHAT, 1, charge(2, &[(2, 4)]), Some(1))
}

fn fold_events(views: &Views, positions: std::ops::Range<u64>) {
    let facts: Vec<_> = positions.map(|p| (Position(p), event(p).encode())).collect();
    let folded = views.fold_encoded(TEN, facts.iter().map(|(p, bytes)| (*p, bytes.as_slice())));
    assert_eq!(folded.expect("fold"), facts.len() as u64);
}

/// Every fact is one event, so an answer must have as many of them as it says it reflects.
#[track_caller]
fn assert_whole(usage: &FiguresReport) {
    let events: i128 = usage.rows.iter().map(|row| row.figures.events).sum();
    let revenue: i128 = usage.rows.iter().map(|row| row.figures.revenue_nano).sum();
    assert_eq!((events, revenue), (usage.as_of.0.into(), 4 * i128::from(usage.as_of.0)));
}

#[test]
fn answers_are_whole_while_facts_are_folded_and_flushed() {
    const CHUNKS: u64 = 300;
    const CHUNK_FACTS: u64 = 100;
    let dir = tempfile::tempdir().expect("dir");
    let views = Views::open(dir.path()).expect("open");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..CHUNKS).for_each(|chunk| fold_events(&views, chunk * CHUNK_FACTS..(chunk + 1) * CHUNK_FACTS));
            done.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                views.flush().expect("flush");
            }
        });
        for by in [By::EventType, By::Wallet] {
            let (views, done) = (&views, &done);
            scope.spawn(move || {
                while !done.load(Ordering::Acquire) {
                    assert_whole(
                        &views.figures(&ever(Interval::Day, std::slice::from_ref(&by))).expect("figures"),
                    );
                }
            });
        }
    });
    views.flush().expect("flush");
    assert_eq!(views.flushed(), Position(CHUNKS * CHUNK_FACTS));
    drop(views);
    let views = Views::open(dir.path()).expect("reopen");
    assert_whole(&views.figures(&ever(Interval::Total, &[])).expect("figures"));
    assert_eq!(views.next(), Position(CHUNKS * CHUNK_FACTS));
}

#[test]
fn folding_and_questions_do_not_wait_for_a_flush_that_waits() {
    let dir = tempfile::tempdir().expect("dir");
    let views = Views::open(dir.path()).expect("open");
    fold_events(&views, 0..10);
    let holder = Connection::open(dir.path().join(FILE_NAME)).expect("open");
    holder.execute_batch("BEGIN IMMEDIATE").expect("lock");
    std::thread::scope(|scope| {
        let flush = scope.spawn(|| views.flush());
        // Whether the flush has begun or not, none of this may wait for it: it waits for the lock held here.
        (1..20).for_each(|i| {
            fold_events(&views, i * 10..(i + 1) * 10);
            assert_whole(&views.figures(&ever(Interval::Total, &[])).expect("figures"));
        });
        holder.execute_batch("ROLLBACK").expect("unlock");
        flush.join().expect("join").expect("flush");
    });
    assert_whole(&views.figures(&ever(Interval::Total, &[])).expect("figures"));
    assert!(views.flushed() >= Position(10));
}

/// Views whose flush fails until [`repair`]: a row on disk is not a number.
fn damaged(dir: &std::path::Path) -> Views {
    let views = Views::open(dir).expect("open");
    fold_events(&views, 0..10);
    views.flush().expect("flush");
    tamper(dir, "'much'");
    views
}

fn repair(dir: &std::path::Path) {
    tamper(dir, "10");
}

fn tamper(dir: &std::path::Path, events: &str) {
    let db = Connection::open(dir.join(FILE_NAME)).expect("open");
    db.execute(&format!("UPDATE price_hours SET events = {events}"), []).expect("tamper");
}

#[test]
fn what_a_failed_flush_left_is_written_by_the_next_together_with_what_came_since() {
    let dir = tempfile::tempdir().expect("dir");
    let views = damaged(dir.path());
    fold_events(&views, 10..20);
    for _ in 0..2 {
        assert!(matches!(views.flush(), Err(ViewError::Damaged(_))));
        assert_eq!((views.flushed(), views.unflushed()), (Position(10), views.next().0 - 10));
        let next = views.next().0;
        fold_events(&views, next..next + 10);
    }
    repair(dir.path());
    assert_whole(&views.figures(&ever(Interval::Total, &[])).expect("figures"));
    let digest = views.digest().expect("digest");
    views.flush().expect("flush");
    assert_eq!((views.flushed(), views.unflushed()), (Position(40), 0));
    assert_eq!(views.digest().expect("digest"), digest);
    drop(views);
    let views = Views::open(dir.path()).expect("reopen");
    assert_eq!(views.digest().expect("digest"), digest);
}

#[test]
fn a_full_memory_takes_nothing_while_it_cannot_be_written() {
    let dir = tempfile::tempdir().expect("dir");
    let views = damaged(dir.path());
    fold_events(&views, 10..11);
    views.flush().expect_err("damaged");
    let of_wallet = |p: u64| {
        let wallet = WalletNo(u32::try_from(p).expect("a wallet"));
        (Position(p), metered(wallet, CHAT, 1, charge(2, &[(2, 4)]), Some(1)).encode())
    };
    // A row for each wallet, one for the hour, and one for the books of the day.
    let facts: Vec<_> = (11..11 + MEMORY_ROWS_MAX as u64 - 2).map(of_wallet).collect();
    let (last, most) = facts.split_last().expect("many");
    let fold = |facts: &[(Position, Vec<u8>)]| {
        views.fold_encoded(TEN, facts.iter().map(|(p, bytes)| (*p, bytes.as_slice()))).expect("fold")
    };
    assert_eq!(fold(most), most.len() as u64);
    assert_eq!(fold(std::slice::from_ref(last)), 1);
    let next = views.next();
    assert_eq!((fold(&[of_wallet(next.0)]), views.next()), (0, next));
}

#[test]
fn facts_in_memory_only_are_to_be_flushed_at_their_limit_and_not_before() {
    let views = Views::in_memory().expect("open");
    let frozen = fact(ADA, WalletEvent::Frozen).encode();
    let fold = |positions: std::ops::Range<u64>| {
        views.fold_encoded(TEN, positions.map(|p| (Position(p), frozen.as_slice()))).expect("fold");
    };
    fold(0..UNFLUSHED_FACTS_MAX - 1);
    assert!(!views.should_flush());
    fold(UNFLUSHED_FACTS_MAX - 1..UNFLUSHED_FACTS_MAX);
    assert!(views.should_flush());
    views.flush().expect("flush");
    assert!(!views.should_flush());
}

#[test]
fn lag_is_what_the_journal_has_and_these_figures_have_not() {
    let views = Views::in_memory().expect("open");
    fold_events(&views, 0..7);
    for (head, lag) in [(7, 0), (10, 3), (5, 0)] {
        assert_eq!(views.lag(Position(head)), lag, "head at {head}");
    }
    assert_eq!(views.unflushed(), 7);
}

#[test]
fn a_question_beside_a_second_writer_is_refused() {
    let dir = tempfile::tempdir().expect("dir");
    let views = Views::open(dir.path()).expect("open");
    fold_events(&views, 0..3);
    let second = Views::open(dir.path()).expect("open");
    fold_events(&second, 0..5);
    second.flush().expect("flush");
    let error = views.figures(&ever(Interval::Total, &[])).expect_err("somebody else wrote");
    assert!(matches!(error, ViewError::Moved { expected: Position(0), found: Position(5) }), "{error}");
}
