//! Recommendations: when one may be made, applied, turned down, taken back and graded, and what becomes of it by itself.
//!
//! Each table is a story, a step a line: what is done, and how it came out. Times are days after the first.

mod advised;

use chargly_ledger::{
    AdviceKind, AdviceStatus, EntryId, EventTypeNo, Guardrail, GuardrailRule, Need, Needed, PriceNo,
    Recommendation,
};

use self::advised::{Step, World};
use AdviceStatus::{Accepted, Applied, Expired, Pending, Rejected};
use Step::{
    Apply, ApplyFrom, ApplyOther, Blackout as BlackOut, Costs, Grade, Is, Notice, Publish, Recommend,
    RecommendAs, Reject, RollBack, Wait,
};

/// Runs a story; a step that is to fail says how.
#[track_caller]
fn check(story: &[(Step, &str)]) {
    let mut world = World::new();
    for (line, (step, expected)) in story.iter().enumerate() {
        let came = world.step(step).err().unwrap_or_default();
        assert_eq!(&came, expected, "line {}: {step:?}", line + 1);
    }
}

#[test]
fn a_pending_recommendation_is_applied_once() {
    check(&[
        (Recommend("a", 12), ""),
        (Is("a", Pending), ""),
        (Costs(10), ""),
        (Apply("a", None), ""),
        (Is("a", Applied), ""),
        (Costs(12), ""),
        (Apply("a", None), "is applied"),
        (Reject("a"), "is applied"),
    ]);
}

#[test]
fn price_that_is_still_to_come_never_holds_once_it_was_rolled_back() {
    check(&[
        (Recommend("a", 12), ""),
        (Apply("a", Some(14)), ""),
        (Wait(3), ""),
        (RollBack("a"), ""),
        (Costs(10), ""),
        (Wait(10), ""),
        (Costs(10), ""),
        (Wait(2), ""),
        (Costs(10), ""),
    ]);
}

#[test]
fn notice_makes_it_accepted_until_its_time_has_come() {
    check(&[
        (Recommend("a", 12), ""),
        (Apply("a", Some(366)), "invalid notice_days"),
        (Apply("a", Some(14)), ""),
        (Is("a", Accepted), ""),
        (Costs(10), ""),
        (Apply("a", Some(14)), "is accepted"),
        (Wait(13), ""),
        (Is("a", Accepted), ""),
        (Wait(1), ""),
        (Is("a", Applied), ""),
        (Costs(12), ""),
    ]);
    check(&[
        (Notice(30), ""),
        (Recommend("a", 12), ""),
        (Apply("a", None), ""),
        (Is("a", Accepted), ""),
        (Wait(30), ""),
        (Is("a", Applied), ""),
    ]);
    check(&[
        (Recommend("a", 12), ""),
        (Wait(2), ""),
        (ApplyFrom("a", 1), "invalid effective_at"),
        (ApplyFrom("a", 3), ""),
        (Is("a", Accepted), ""),
        (Wait(1), ""),
        (Is("a", Applied), ""),
    ]);
}

#[test]
fn what_is_not_decided_expires_after_fourteen_days() {
    check(&[
        (Recommend("a", 12), ""),
        (Wait(13), ""),
        (Is("a", Pending), ""),
        (Wait(1), ""),
        (Is("a", Expired), ""),
        (Apply("a", None), "is expired"),
        (Reject("a"), "is expired"),
    ]);
}

#[test]
fn what_was_turned_down_stays_so() {
    check(&[
        (Recommend("a", 12), ""),
        (Reject("a"), ""),
        (Is("a", Rejected), ""),
        (Apply("a", None), "is rejected"),
        (Reject("a"), "is rejected"),
        (Wait(20), ""),
        (Is("a", Rejected), ""),
    ]);
}

#[test]
fn another_version_overtakes_what_was_advised_of_the_one_before() {
    check(&[
        (Recommend("a", 12), ""),
        (
            RecommendAs("data", 12, |made| {
                (made.kind, made.proposal) = (AdviceKind::DataQuality, None);
            }),
            "",
        ),
        (Publish(11), ""),
        (Is("a", Expired), ""),
        (Apply("a", None), "is expired"),
        // It proposes no price, and what is missing is missing still.
        (Is("data", Pending), ""),
        (Apply("data", None), "not applicable"),
    ]);
    check(&[
        (RecommendAs("late", 12, |made| made.base = Some(PriceNo(1))), "invalid base"),
        (RecommendAs("none", 12, |made| made.base = None), "invalid base"),
        (RecommendAs("what", 12, |made| made.event_type = EventTypeNo(9)), "UnknownEventType"),
    ]);
}

#[test]
fn a_later_one_of_the_same_kind_takes_the_place_and_others_stay() {
    check(&[
        (Recommend("a", 12), ""),
        (RecommendAs("split", 12, |made| made.kind = AdviceKind::Split), ""),
        (
            RecommendAs("image", 12, |made| {
                (made.event_type, made.base) = (EventTypeNo(1), Some(PriceNo(1)));
            }),
            "",
        ),
        (Recommend("b", 13), ""),
        (Is("a", Expired), ""),
        (Is("split", Pending), ""),
        (Is("image", Pending), ""),
        (Is("b", Pending), ""),
        (Apply("a", None), "is expired"),
        (Apply("b", None), ""),
        // They were advised of the version before, but of another event type.
        (Is("split", Expired), ""),
        (Is("image", Pending), ""),
    ]);
}

#[test]
fn exactly_what_was_proposed_is_applied() {
    check(&[
        (Recommend("a", 12), ""),
        (ApplyOther("a", 13), "invalid recommendation"),
        (Is("a", Pending), ""),
        (Costs(10), ""),
    ]);
}

#[test]
fn what_is_only_watched_cannot_be_applied() {
    let needing = |made: &mut Recommendation| {
        made.needs = vec![Need { what: Needed::Events, have: 3, need: 200 }];
    };
    check(&[
        (RecommendAs("unsure", 12, |made| made.probability_bp = 6_999), ""),
        (Apply("unsure", None), "not applicable"),
        (RecommendAs("needing", 12, needing), ""),
        (Apply("needing", None), "not applicable"),
        (RecommendAs("likely", 12, |made| made.probability_bp = 7_000), ""),
        (Apply("likely", None), ""),
    ]);
}

#[test]
fn where_bills_rise_much_a_notice_must_be_chosen() {
    fn shocking(made: &mut Recommendation) {
        let shock = GuardrailRule::BillShock;
        made.guardrails = vec![Guardrail { rule: shock, is_kept: false, value: 4_000, limit: 2_500 }];
    }
    check(&[
        (Notice(14), ""),
        (RecommendAs("a", 12, shocking), ""),
        // What the settings say is no choice of whoever approves.
        (Apply("a", None), "invalid notice_days"),
        (Is("a", Pending), ""),
        (Apply("a", Some(0)), ""),
        (Is("a", Applied), ""),
    ]);
    check(&[(RecommendAs("a", 12, shocking), ""), (ApplyFrom("a", 30), ""), (Is("a", Accepted), "")]);
}

#[test]
fn no_recommended_price_begins_within_a_blackout() {
    check(&[
        (BlackOut(10, 20), ""),
        (Recommend("a", 12), ""),
        (Apply("a", Some(10)), "invalid notice_days"),
        (ApplyFrom("a", 19), "invalid notice_days"),
        (Is("a", Pending), ""),
        (Apply("a", Some(20)), ""),
        (Is("a", Accepted), ""),
    ]);
    check(&[
        (BlackOut(0, 20), ""),
        (Recommend("a", 12), ""),
        (Apply("a", None), "invalid notice_days"),
        // Prices by hand are nobody's advice.
        (Publish(11), ""),
    ]);
}

#[test]
fn what_was_applied_is_taken_back_while_its_version_is_the_newest() {
    check(&[
        (Recommend("a", 12), ""),
        (RollBack("a"), "not applied"),
        (Apply("a", None), ""),
        (RollBack("a"), ""),
        (Costs(10), ""),
        (Is("a", Applied), ""),
        (RollBack("a"), "version_superseded"),
    ]);
    check(&[
        (Recommend("a", 12), ""),
        (Apply("a", None), ""),
        (Publish(13), ""),
        (RollBack("a"), "version_superseded"),
        (Costs(13), ""),
    ]);
}

#[test]
fn what_was_applied_is_graded_when_its_review_is_due_and_again_while_provisional() {
    check(&[
        (Recommend("a", 12), ""),
        (Grade("a", false), "invalid recommendation"),
        (Apply("a", Some(10)), ""),
        (Wait(40), ""),
        (Grade("a", true), "invalid recommendation"),
        (Wait(1), ""),
        (Grade("a", true), ""),
        (Grade("a", true), "invalid recommendation"),
        (Grade("a", false), ""),
        (Grade("a", false), "invalid recommendation"),
    ]);
}

#[test]
fn a_recommendation_is_found_by_its_sealed_id_alone() {
    let mut world = World::new();
    world.step(&Recommend("a", 12)).expect("made");
    let id = world.id("a");
    let forged = EntryId { tag: id.tag ^ 1, ..id };
    world.named = vec![("a", forged)];
    assert_eq!(world.step(&Apply("a", None)), Err("no recommendation".to_owned()));
    assert_eq!(world.step(&Reject("a")), Err("no recommendation".to_owned()));
}
