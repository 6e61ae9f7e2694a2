//! Time that misbehaves: set back, far ahead, frozen; and thousands of things due in one instant.

use chargly_engine::journal::{Journal as _, MemoryJournal, Position};
use chargly_engine::ledger::{
    Action, CaptureRequest, Credits, EntryId, EventTypeNo, GrantKind, GrantRequest, HoldRequest,
    IfInsufficient, Millis, Quantity,
};
use chargly_engine::{GROUP_FACTS_MAX, GroupEnd, Verdict};

use crate::world::{NOON, World, grant, item, meter, word};

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
/// Groups within which whatever is due must have happened.
const GROUPS_MAX: usize = 1_000;

fn credits(whole: i64) -> Credits {
    Credits::whole(whole).expect("in range")
}

/// Credits that lapse at some time.
fn lapsing(customer: &str, whole: i64, expires_at: i64) -> Action {
    let request = GrantRequest {
        credits: credits(whole),
        kind: GrantKind::Promotional,
        price: None,
        priority: 0,
        effective_at: None,
        expires_at: Some(Millis(expires_at)),
        scope: Vec::new(),
    };
    Action::Grant { customer: customer.into(), request }
}

fn capture(hold: EntryId) -> Action {
    let request = CaptureRequest {
        hold,
        quantity: None,
        credits: None,
        cost: None,
        if_insufficient: IfInsufficient::Refuse,
        is_final: true,
    };
    Action::CaptureHold { request, inputs: Default::default(), facets: None }
}

impl World {
    /// Holds the price of one event for so many seconds.
    fn hold(&mut self, customer: &str, expires_in_s: u32) -> EntryId {
        let request = HoldRequest {
            event_type: EventTypeNo(0),
            quantity: Some(Quantity::ONE),
            credits: None,
            expires_in_s: Some(expires_in_s),
        };
        let action = Action::PlaceHold { customer: customer.into(), request };
        let Verdict::Done { position, at, fact } = self.act(action, None) else { panic!("no hold") };
        EntryId::seal(position, at, &fact.encode())
    }

    /// Runs groups until nothing is due any more; says how many facts each recorded.
    fn sweep(&mut self) -> Vec<usize> {
        let mut groups = Vec::new();
        while self.writer.has_due(&self.clock) {
            assert!(groups.len() < GROUPS_MAX, "what is due does not come to an end");
            match self.run() {
                GroupEnd::Committed(chunks) => groups.push(chunks.iter().map(|chunk| chunk.len()).sum()),
                other => panic!("{other:?}"),
            }
        }
        groups
    }

    /// The times of all frames, in order.
    fn times(&self) -> Vec<i64> {
        let mut reader = MemoryJournal::open(&self.disk).reader();
        let (mut times, mut from) = (Vec::new(), Position(0));
        loop {
            let chunks = reader.chunks_from(from, 1 << 20).expect("readable");
            let Some(last) = chunks.last() else { return times };
            from = last.end();
            times.extend(chunks.iter().map(|chunk| chunk.at_ms));
        }
    }

    fn time_never_went_back(&self) {
        let times = self.times();
        assert!(times.is_sorted(), "{times:?}");
    }
}

#[test]
fn a_clock_set_back_an_hour_takes_no_time_back_and_expires_no_hold_early_or_late() {
    let mut world = World::new();
    world.act(grant("ada", 100), None);
    let hold = world.hold("ada", 600);
    world.clock.step_wall(-HOUR);
    for _ in 0..5 {
        assert_eq!(word(&world.act(meter("ada"), None)), "metered");
        world.clock.advance(100 * SECOND);
    }
    assert_eq!(world.sweep(), [0usize; 0]);
    assert_eq!(world.available("ada"), Some(credits(40)), "the hold is open after 500 of its 600 s");
    world.restart();
    world.clock.advance(99 * SECOND);
    assert_eq!(world.sweep(), [0usize; 0], "a restart does not know of the 100 s since the last frame");
    world.clock.advance(102 * SECOND);
    assert_eq!(world.sweep(), [1], "it has expired");
    assert_eq!(world.available("ada"), Some(credits(50)));
    assert_eq!(word(&world.act(capture(hold), None)), "hold_not_open");
    world.time_never_went_back();
}

#[test]
fn a_clock_a_year_ahead_expires_nothing_while_metering_goes_on_until_it_returns() {
    let mut world = World::new();
    let customers: Vec<String> = (0..40).map(|number| format!("customer_{number}")).collect();
    for customer in &customers {
        world.act(lapsing(customer, 50, NOON + 30 * DAY), None);
        world.hold(customer, 900);
    }
    world.clock.step_wall(YEAR);
    for customer in &customers {
        assert_eq!(word(&world.act(meter(customer), None)), "metered");
    }
    assert_eq!(world.sweep(), [0usize; 0], "nothing is due by a clock that nobody believes");
    for customer in &customers {
        assert_eq!(world.available(customer), Some(credits(30)), "{customer} has lost nothing");
    }
    world.clock.step_wall(-YEAR);
    world.clock.advance(900 * SECOND);
    assert_eq!(world.sweep().iter().sum::<usize>(), 40, "the holds, in their own time");
    world.clock.advance(30 * DAY);
    assert_eq!(world.sweep().iter().sum::<usize>(), 40, "the lots, in theirs");
    for customer in &customers {
        assert_eq!(world.available(customer), Some(credits(0)));
    }
    world.time_never_went_back();
}

#[test]
fn a_clock_a_year_ahead_over_a_restart_expires_nothing_until_somebody_confirms_it() {
    let mut world = World::new();
    for number in 0..40 {
        world.act(lapsing(&format!("customer_{number}"), 50, NOON + 60 * DAY), None);
    }
    world.clock.step_wall(YEAR);
    for _ in 0..3 {
        world.restart();
        assert_eq!(world.sweep(), [0usize; 0]);
        assert_eq!(word(&world.act(meter("customer_0"), None)), "metered");
    }
    assert_eq!(world.available("customer_1"), Some(credits(50)));
    world.restart_accepting_clock();
    assert_eq!(world.sweep().iter().sum::<usize>(), 40, "a year has passed");
    assert_eq!(world.available("customer_1"), Some(credits(0)));
    assert_eq!(word(&world.act(meter("customer_1"), None)), "insufficient_credits");
    assert_eq!(world.times().last(), Some(&(NOON + YEAR)));
    world.time_never_went_back();
}

#[test]
fn time_goes_on_by_the_monotonic_clock_while_the_wall_clock_stands_still() {
    let mut world = World::new();
    world.act(grant("ada", 1_000), None);
    world.hold("ada", 900);
    for twenties in 1..=60 {
        world.clock.advance(20 * SECOND);
        world.clock.step_wall(-20 * SECOND);
        assert_eq!(word(&world.act(meter("ada"), None)), "metered");
        let held = if twenties * 20 < 900 { 10 } else { 0 };
        assert_eq!(world.available("ada"), Some(credits(1_000 - held - 10 * twenties)), "after {twenties}");
    }
    assert_eq!(world.times().last(), Some(&(NOON + 1_200 * SECOND)));
    world.time_never_went_back();
}

#[test]
fn a_clock_and_a_machine_that_both_stand_still_stop_nothing() {
    let mut world = World::new();
    world.act(grant("ada", 100), None);
    for _ in 0..10 {
        assert_eq!(word(&world.act(meter("ada"), None)), "metered");
    }
    assert_eq!(word(&world.act(meter("ada"), None)), "insufficient_credits");
    assert!(world.times().iter().all(|at| *at == NOON));
}

/// Grants so many lots that lapse in one instant, `each` at a time.
fn lots_of_one_instant(world: &mut World, lots: usize, customer: impl Fn(usize) -> String) {
    for first in (0..lots).step_by(1_000) {
        let mut arena = Vec::new();
        let of = |number| item(lapsing(&customer(number), 1, NOON + DAY), None, &mut arena);
        let items = (first..lots.min(first + 1_000)).map(of).collect();
        let waiting = world.submit(items, arena, false);
        assert!(matches!(world.run(), GroupEnd::Committed(_)));
        assert!(waiting.verdicts().iter().all(|verdict| word(verdict) == "granted"));
    }
}

#[test]
fn five_thousand_lots_of_many_wallets_lapse_in_one_instant_while_single_events_are_answered() {
    let mut world = World::new();
    world.act(grant("busy", 10_000), None);
    lots_of_one_instant(&mut world, 5_000, |number| format!("customer_{}", number % 1_000));
    world.clock.advance(DAY);
    let mut groups = 0;
    while world.writer.has_due(&world.clock) {
        groups += 1;
        assert!(groups < GROUPS_MAX);
        let waiting = world.submit_act(meter("busy"), None);
        let GroupEnd::Committed(chunks) = world.run() else { panic!("not committed") };
        assert_eq!(word(&waiting.verdict()), "metered", "in the group in which it came");
        let facts: usize = chunks.iter().map(|chunk| chunk.len()).sum();
        assert!(facts <= 300, "{facts} facts in a group that one event waits for");
    }
    assert!(groups >= 10, "{groups} groups for 5,000 lots");
    assert_eq!(world.available("customer_7"), Some(credits(0)));
}

#[test]
fn thousands_of_lots_of_one_wallet_lapse_in_one_instant_before_the_call_that_finds_them() {
    let mut world = World::new();
    lots_of_one_instant(&mut world, 2_000, |_| "ada".to_owned());
    world.clock.advance(DAY);
    let call = world.submit_act(meter("ada"), Some("m1"));
    let other = world.submit_act(meter("bob"), None);
    assert_eq!(world.sweep().iter().sum::<usize>(), 2_000 + 3, "the lots, two refusals, one wallet opened");
    assert_eq!(word(&call.verdict()), "insufficient_credits");
    assert_eq!(word(&other.verdict()), "insufficient_credits");
    assert_eq!(world.available("ada"), Some(credits(0)));
}

#[test]
fn a_group_stays_within_its_limit_however_many_lots_of_one_wallet_lapse() {
    let mut world = World::new();
    lots_of_one_instant(&mut world, GROUP_FACTS_MAX + 500, |_| "ada".to_owned());
    world.clock.advance(DAY);
    for facts in world.sweep() {
        assert!(facts <= GROUP_FACTS_MAX, "{facts} facts in one group");
    }
}

#[test]
fn an_atomic_batch_waits_for_thousands_of_lots_that_lapse_before_it() {
    let mut world = World::new();
    lots_of_one_instant(&mut world, 10_000, |_| "ada".to_owned());
    world.clock.advance(DAY);
    let mut arena = Vec::new();
    let items = vec![item(meter("ada"), Some("b1"), &mut arena), item(meter("ada"), None, &mut arena)];
    let batch = world.submit(items, arena, true);
    world.sweep();
    assert_eq!(word(&batch.verdict()), "insufficient_credits");
}
