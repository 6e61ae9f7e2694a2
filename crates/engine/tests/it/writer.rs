//! The writer alone: groups, flushes, and what becomes of both when the disk misbehaves.

use chargly_engine::journal::memory::Fault;
use chargly_engine::ledger::{Action, Credits, GrantRequest, HoldRequest, Millis, Quantity, WalletEvent};
use chargly_engine::{Failure, GroupEnd, TURN_ITEMS_MAX, Verdict};

use crate::world::{World, grant, item, meter, word};

fn credits(whole: i64) -> Option<Credits> {
    Credits::whole(whole)
}

#[test]
fn nothing_is_answered_before_the_flush_it_depends_on() {
    let mut world = World::new();
    let mut waiting = world.submit_act(grant("ada", 100), Some("g1"));
    let end = world.writer.run_group(&world.clock);
    assert!(matches!(end, GroupEnd::Committed(_)));
    assert!(!waiting.is_answered(), "published first, then answered");
    world.writer.answer_finished();
    assert_eq!(word(&waiting.verdict()), "granted");
}

#[test]
fn a_group_that_cannot_be_committed_is_undone_and_its_keys_are_free_again() {
    for (fault, answer) in [
        (Fault::NotApplied, "not recorded"),
        (Fault::StorageFull, "storage full"),
        (Fault::Unknown { applied: false }, "not recorded"),
    ] {
        let mut world = World::new();
        world.act(grant("ada", 100), Some("g1"));
        let before = (world.digest(), world.writer.keys().len());
        world.faults().next(fault.clone());
        let known = world.submit_act(meter("ada"), Some("m1"));
        let unseen = world.submit_act(grant("grace", 5), Some("g2"));
        assert!(matches!(world.run(), GroupEnd::Undone(_)), "{fault:?}");
        assert_eq!((word(&known.verdict()), word(&unseen.verdict())), (answer, answer), "{fault:?}");
        assert_eq!((world.digest(), world.writer.keys().len()), before, "{fault:?}");
        assert_eq!(word(&world.act(meter("ada"), Some("m1"))), "metered", "{fault:?}: the same key, again");
        assert_eq!(world.available("ada"), credits(90), "{fault:?}: charged once");
        assert_eq!(world.available("grace"), None, "{fault:?}");
    }
}

#[test]
fn an_unknown_outcome_that_was_applied_is_found_and_answered() {
    let mut world = World::new();
    world.act(grant("ada", 100), Some("g1"));
    world.faults().next(Fault::Unknown { applied: true });
    assert_eq!(word(&world.act(meter("ada"), Some("m1"))), "metered");
    let digest = world.digest();
    world.restart();
    assert_eq!(world.digest(), digest);
    assert_eq!(word(&world.act(meter("ada"), Some("m1"))), "perhaps a duplicate");
}

#[test]
fn after_a_failed_flush_or_a_foreign_append_the_writer_never_writes_again() {
    for fault in [
        Fault::FlushFailed { survives: false },
        Fault::FlushFailed { survives: true },
        Fault::Overtaken { epoch: 9, fact: vec![1] },
    ] {
        let mut world = World::new();
        world.faults().next(fault.clone());
        let waiting = world.submit_act(grant("ada", 100), Some("g1"));
        assert!(matches!(world.run(), GroupEnd::Stopped(_)), "{fault:?}");
        assert_eq!(word(&waiting.verdict()), "stopped", "{fault:?}");
    }
}

#[test]
fn reads_are_answered_while_the_disk_is_full() {
    let mut world = World::new();
    world.act(grant("ada", 100), Some("g1"));
    world.faults().stand(Some(Fault::StorageFull));
    assert_eq!(word(&world.act(meter("ada"), Some("m1"))), "storage full");
    let write = world.submit_act(meter("ada"), Some("m2"));
    let read = world.submit(
        vec![chargly_engine::Item::read(chargly_engine::Ask::Wallet(chargly_engine::WalletAsked::Customer(
            "ada".into(),
        )))],
        Vec::new(),
        false,
    );
    assert!(matches!(world.run(), GroupEnd::Undone(Failure::StorageFull)));
    assert_eq!(word(&write.verdict()), "storage full");
    world.run();
    let Verdict::Wallet(Some(wallet)) = read.verdict() else { panic!("a read is a read") };
    assert_eq!(Some(wallet.balance.available()), credits(100));
    world.faults().stand(None);
    assert_eq!(word(&world.act(meter("ada"), Some("m1"))), "metered", "it recovers by itself");
}

#[test]
fn the_same_key_twice_in_one_group_is_decided_once() {
    let mut world = World::new();
    world.act(grant("ada", 100), Some("g1"));
    let first = world.submit_act(meter("ada"), Some("m1"));
    let second = world.submit_act(meter("ada"), Some("m1"));
    world.run();
    let Verdict::Done { position, .. } = first.verdict() else { panic!("the first is done") };
    let Verdict::PerhapsDuplicate(at) = second.verdict() else { panic!("the second is not") };
    assert_eq!(at, position);
    assert_eq!(world.available("ada"), credits(90));
}

#[test]
fn a_wallet_with_k_credits_accepts_exactly_k() {
    let mut world = World::new();
    world.act(grant("ada", 100), Some("g1"));
    let waiting: Vec<_> = (0..64).map(|i| world.submit_act(meter("ada"), Some(&format!("m{i}")))).collect();
    world.run();
    let words: Vec<_> = waiting.into_iter().map(|w| word(&w.verdict())).collect();
    assert_eq!(words.iter().filter(|w| **w == "metered").count(), 10);
    assert_eq!(words.iter().filter(|w| **w == "insufficient_credits").count(), 54);
    assert_eq!(world.available("ada"), credits(0));
}

#[test]
fn an_atomic_batch_is_charged_as_a_whole_or_not_at_all() {
    let mut world = World::new();
    world.act(grant("ada", 25), Some("g1"));
    let batch = |world: &mut World, events: usize, key: &str| {
        let mut arena = Vec::new();
        let items = (0..events).map(|i| item(meter("ada"), (i == 0).then_some(key), &mut arena)).collect();
        let waiting = world.submit(items, arena, true);
        world.run();
        waiting.verdict()
    };
    assert_eq!(word(&batch(&mut world, 3, "b1")), "insufficient_credits");
    assert_eq!(world.available("ada"), credits(25), "nothing of it was charged");
    assert_eq!(word(&batch(&mut world, 3, "b1")), "perhaps a duplicate", "the verdict binds its key");
    assert_eq!(word(&batch(&mut world, 2, "b2")), "batch accepted");
    assert_eq!(world.available("ada"), credits(5));
    let digest = world.digest();
    world.restart();
    assert_eq!(world.digest(), digest, "what was taken back left no trace in the journal either");
}

#[test]
fn an_atomic_batch_with_something_wrong_in_itself_leaves_no_trace() {
    let mut world = World::new();
    let before = world.digest();
    let mut arena = Vec::new();
    let mut bad = meter("ada");
    if let Action::Meter { request, .. } = &mut bad {
        request.credits = credits(3);
    }
    let items = vec![item(meter("ada"), Some("b1"), &mut arena), item(bad, None, &mut arena)];
    let waiting = world.submit(items, arena, true);
    world.run();
    assert!(matches!(waiting.verdict(), Verdict::RejectedInBatch { index: 1, .. }));
    assert_eq!(world.digest(), before);
    assert_eq!(world.writer.keys().len(), 0);
}

#[test]
fn a_large_batch_does_not_keep_a_single_event_waiting() {
    let mut world = World::new();
    let mut arena = Vec::new();
    let events = TURN_ITEMS_MAX * 5;
    let items = (0..events).map(|i| item(meter("ada"), Some(&format!("m{i}")), &mut arena)).collect();
    let mut batch = world.submit(items, arena, false);
    let mut single = world.submit_act(grant("grace", 1), Some("g1"));
    world.run();
    assert!(single.is_answered(), "answered with the first group");
    assert!(!batch.is_answered(), "which did not take up all of the batch");
    while !world.writer.pending().is_empty() {
        world.run();
    }
}

#[test]
fn a_batch_split_over_groups_keeps_what_was_durable_when_a_later_group_fails() {
    let mut world = World::new();
    world.act(grant("ada", 1_000_000), Some("g0"));
    let mut arena = Vec::new();
    let events = 6_000;
    let items = (0..events).map(|i| item(meter("ada"), Some(&format!("m{i}")), &mut arena)).collect();
    let batch = world.submit(items, arena, false);
    world.run();
    world.faults().next(Fault::StorageFull);
    world.run();
    let words: Vec<_> = batch.verdicts().iter().map(word).collect();
    let metered = words.iter().filter(|w| **w == "metered").count();
    assert_eq!(words.len(), events);
    assert!(metered > 0 && metered < events);
    assert_eq!(words.iter().filter(|w| **w == "storage full").count(), events - metered);
    let charged = i64::try_from(metered).expect("few") * 10;
    assert_eq!(world.available("ada"), credits(1_000_000 - charged));
}

#[test]
fn what_is_due_of_idle_wallets_happens_by_itself() {
    let mut world = World::new();
    let mut lot = grant("ada", 100);
    if let Action::Grant { request, .. } = &mut lot {
        request.expires_at = Some(Millis(crate::world::NOON + 5_000));
    }
    world.act(lot, Some("g1"));
    world.act(grant("grace", 40), Some("g2"));
    let hold = HoldRequest {
        event_type: chargly_engine::ledger::EventTypeNo(0),
        quantity: Some(Quantity::ONE),
        credits: None,
        expires_in_s: Some(3),
    };
    world.act(Action::PlaceHold { customer: "grace".into(), request: hold }, None);
    assert_eq!(world.available("grace"), credits(30));
    world.clock.advance(5_000);
    assert!(world.writer.has_due(&world.clock));
    assert!(matches!(world.run(), GroupEnd::Committed(_)));
    assert!(!world.writer.has_due(&world.clock));
    assert_eq!((world.available("ada"), world.available("grace")), (credits(0), credits(40)));
}

#[test]
fn a_clock_that_jumps_a_year_expires_nothing_and_metering_goes_on() {
    let mut world = World::new();
    let mut lot = grant("ada", 100);
    if let Action::Grant { request: GrantRequest { expires_at, .. }, .. } = &mut lot {
        *expires_at = Some(Millis(crate::world::NOON + 86_400_000));
    }
    world.act(lot, Some("g1"));
    world.clock.step_wall(365 * 86_400_000);
    assert!(!world.writer.has_due(&world.clock));
    let Verdict::Done { at, fact, .. } = world.act(meter("ada"), Some("m1")) else { panic!("metered") };
    assert_eq!(at, Millis(crate::world::NOON), "time did not jump with the wall clock");
    assert!(matches!(
        fact.as_ref(),
        chargly_engine::ledger::Fact::Wallet(f) if matches!(f.event, WalletEvent::Metered { .. })
    ));
    assert_eq!(world.available("ada"), credits(90));
}
