//! Submissions split over groups: what was committed of them stays answered, whatever becomes of the rest.

use chargly_engine::journal::memory::Fault;
use chargly_engine::journal::payload_digest;
use chargly_engine::ledger::{Credits, Payload};
use chargly_engine::{Ask, Failure, GroupEnd, Item, TURN_ITEMS_MAX, Verdict, WalletAsked};

use crate::world::{Waiting, World, grant, item, meter, word};

/// Bytes of a payload of which some forty fill a frame.
const HEAVY_BYTES: usize = 12 * 1024;

/// One more event than is taken up in a turn, without keys, of which a turn is committed; before the rest is taken up
/// again stands a submission that fills a group by itself.
fn half_committed(world: &mut World) -> Waiting {
    world.act(grant("ada", 1_000_000), None);
    let mut arena = Vec::new();
    let items: Vec<Item> = (0..=TURN_ITEMS_MAX).map(|_| item(meter("ada"), None, &mut arena)).collect();
    let split = world.submit(items, arena, false);
    let mut arena = Vec::new();
    let items: Vec<Item> = (0..100).map(|_| heavy(&mut arena)).collect();
    world.submit(items, arena, false);
    assert!(matches!(world.run(), GroupEnd::Committed(_)));
    assert_eq!(world.writer.pending().len(), 2, "both are split");
    split
}

fn heavy(arena: &mut Vec<u8>) -> Item {
    let start = arena.len();
    Payload { properties: Some("x".repeat(HEAVY_BYTES).into()), ..Payload::default() }.encode_into(arena);
    let (payload, digest) = (start..arena.len(), payload_digest(&arena[start..]));
    Item { payload, digest, ..item(meter("ada"), None, &mut Vec::new()) }
}

/// A turn is answered as it was committed, and the rest as failed.
fn check(split: Waiting, failed: &str) {
    let verdicts = split.verdicts();
    assert_eq!(verdicts.len(), TURN_ITEMS_MAX + 1);
    let committed = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Done { .. })).count();
    assert_eq!(committed, TURN_ITEMS_MAX, "what was committed in an earlier group is answered so");
    assert_eq!(word(&verdicts[TURN_ITEMS_MAX]), failed);
}

#[test]
fn what_an_earlier_group_committed_is_not_said_to_have_failed_with_a_later_one() {
    let mut world = World::new();
    let split = half_committed(&mut world);
    let before = world.writer.state().wallet_of("ada").expect("a wallet").balance.posted;
    world.faults().next(Fault::NotApplied);
    assert!(matches!(world.run(), GroupEnd::Undone(Failure::NotRecorded)));
    assert_eq!(world.available("ada"), Some(before));
    assert!(before < Credits::whole(990_001).expect("in range"), "a turn's events are charged");
    check(split, "not recorded");
}

#[test]
fn what_was_committed_is_not_said_to_have_failed_when_only_urgent_calls_are_taken_up() {
    let mut world = World::new();
    let split = half_committed(&mut world);
    world.writer.refuse_unless_urgent(Failure::StorageFull);
    check(split, "storage full");
}

#[test]
fn a_writer_that_stopped_with_a_full_frame_still_answers_reads() {
    let mut world = World::new();
    world.act(grant("ada", 1_000_000), None);
    let mut arena = Vec::new();
    let items: Vec<Item> = (0..100).map(|_| heavy(&mut arena)).collect();
    world.submit(items, arena, false);
    world.faults().next(Fault::FlushFailed { survives: false });
    assert!(matches!(world.run(), GroupEnd::Stopped(_)));
    let read = Item::read(Ask::Wallet(WalletAsked::Customer("ada".into())));
    let waiting = world.submit(vec![read], Vec::new(), false);
    world.writer.answer_reads_only(&world.clock);
    assert_eq!(word(&waiting.verdict()), "read");
}
