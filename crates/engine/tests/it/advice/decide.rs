//! What people decide of a recommendation, over a restart and over retries.

use chargly_engine::ledger::{
    AdviceKind, AdviceStatus, CatalogueChange, Decision, EntryId, Fact, Guardrail, GuardrailRule, PriceNo,
    Recommendation, RejectAdviceRequest, Rejection,
};
use chargly_engine::{ApplyAdvice, CallError, Outcome};

use super::{DAY_MS, PERSON, advice, apply, flat, looked, running};
use crate::fixtures::credits;

#[tokio::test]
async fn applying_publishes_exactly_what_was_proposed() {
    let running = running().await;
    let id = running.recommend(12).await;
    assert_eq!(running.status(id), AdviceStatus::Pending);
    let outcome = running.apply(apply(id), None).await.expect("applied");
    let Fact::Catalogue(fact) = outcome.fact.as_ref() else { panic!("a fact about the catalogue") };
    assert_eq!(fact.origin.actor, PERSON);
    let CatalogueChange::PricePublished { request, price, version, .. } = &fact.change else {
        panic!("published")
    };
    assert_eq!((&request.rule, *version), (&flat(12), 2));
    assert_eq!(request.note, "As recommended", "a version has a reason, also where nobody gave one");
    assert_eq!(running.status(id), AdviceStatus::Applied);
    assert_eq!(running.charged().await, credits(12));
    let catalogue = running.env.catalogue();
    let decision = &catalogue.recommendation(id.position).expect("made").decision;
    assert!(
        matches!(decision, Decision::Applied { price: as_version, by: PERSON, .. } if as_version == price)
    );
    let again = running.apply(apply(id), None).await;
    let status = AdviceStatus::Applied;
    assert!(
        matches!(again, Err(CallError::Rejected(Rejection::RecommendationNotOpen { status: s })) if s == status)
    );
    running.env.close();
}

#[tokio::test]
async fn with_notice_it_is_accepted_first_and_applied_when_its_time_has_come() {
    let running = running().await;
    let id = running.recommend(12).await;
    let request = ApplyAdvice { notice_days: Some(14), reason: "rates rose".into(), ..apply(id) };
    running.apply(request, None).await.expect("accepted");
    assert_eq!(running.status(id), AdviceStatus::Accepted);
    assert_eq!(running.charged().await, credits(10));
    running.clock.advance(14 * DAY_MS);
    assert_eq!(running.status(id), AdviceStatus::Applied);
    assert_eq!(running.charged().await, credits(12));
    running.env.close();
}

#[tokio::test]
async fn a_retry_is_answered_again_and_another_request_under_its_key_is_a_conflict() {
    let running = running().await;
    let id = running.recommend(12).await;
    let request = ApplyAdvice { notice_days: Some(14), reason: "rates rose".into(), ..apply(id) };
    let first = running.apply(request.clone(), Some("k1")).await.expect("accepted");
    let again = running.apply(request.clone(), Some("k1")).await.expect("answered again");
    assert!(again.is_replay && again.id == first.id && again.fact == first.fact);
    let other = ApplyAdvice { notice_days: Some(30), ..request.clone() };
    let conflict = running.apply(other, Some("k1")).await;
    assert!(matches!(conflict, Err(CallError::Conflict { field: "notice_days", .. })), "{conflict:?}");
    let other = ApplyAdvice { reason: "because".into(), ..request.clone() };
    let conflict = running.apply(other, Some("k1")).await;
    assert!(matches!(conflict, Err(CallError::Conflict { field: "reason", .. })), "{conflict:?}");
    let reject = |reason: &str| RejectAdviceRequest { recommendation: id, reason: reason.into() };
    let conflict = running.env.reject_recommendation(PERSON, reject("no"), Some("k1".into())).await;
    assert!(matches!(conflict, Err(CallError::Conflict { .. })), "another operation: {conflict:?}");

    let back =
        |reason: &str| running.env.roll_back_recommendation(PERSON, id, reason.into(), Some("k2".into()));
    let first = back("customers left").await.expect("rolled back");
    let again = back("customers left").await.expect("answered again");
    assert!(again.is_replay && again.id == first.id);
    assert!(matches!(back("other").await, Err(CallError::Conflict { field: "reason", .. })));

    let other = running.recommend(13).await;
    let reject = |reason: &str| RejectAdviceRequest { recommendation: other, reason: reason.into() };
    let turn_down = |reason| running.env.reject_recommendation(PERSON, reject(reason), Some("k3".into()));
    let first = turn_down("no").await.expect("turned down");
    let again = turn_down("no").await.expect("answered again");
    assert!(again.is_replay && again.id == first.id);
    assert!(matches!(turn_down("never").await, Err(CallError::Conflict { field: "reason", .. })));
    let running = running.restarted().await;
    let again = running.apply(request, Some("k1")).await.expect("answered again after a restart");
    assert!(again.is_replay);
    running.env.close();
}

#[tokio::test]
async fn what_is_unknown_or_has_no_price_cannot_be_decided_on() {
    let running = running().await;
    let id = running.recommend(12).await;
    let unknown = EntryId { tag: id.tag ^ 1, ..id };
    let is_unknown = |found: Result<Outcome, CallError>| {
        assert!(matches!(found, Err(CallError::NotFound { kind: "recommendation" })), "{found:?}");
    };
    is_unknown(running.apply(apply(unknown), None).await);
    let reject = RejectAdviceRequest { recommendation: unknown, reason: "".into() };
    is_unknown(running.env.reject_recommendation(PERSON, reject, None).await);
    is_unknown(running.env.roll_back_recommendation(PERSON, unknown, "".into(), None).await);
    let missing =
        Recommendation { kind: AdviceKind::DataQuality, proposal: None, ..advice(&running.env, 12) };
    let missing = running.env.record_recommendation(missing).await.expect("made").id;
    let found = running.apply(apply(missing), None).await;
    assert!(matches!(found, Err(CallError::Rejected(Rejection::RecommendationNotApplicable))), "{found:?}");
    let back = running.env.roll_back_recommendation(PERSON, id, "".into(), None).await;
    assert!(matches!(back, Err(CallError::Rejected(Rejection::RecommendationNotOpen { .. }))), "{back:?}");
    running.env.close();
}

#[tokio::test]
async fn where_bills_rise_much_an_approval_says_the_notice() {
    let running = running().await;
    let shock = GuardrailRule::BillShock;
    let guardrails = vec![Guardrail { rule: shock, is_kept: false, value: 3_000, limit: 2_500 }];
    let made = Recommendation { guardrails, ..advice(&running.env, 13) };
    let id = running.env.record_recommendation(made).await.expect("made").id;
    let found = running.apply(apply(id), None).await;
    let Err(CallError::Rejected(Rejection::Invalid { field, .. })) = found else { panic!("{found:?}") };
    assert_eq!(field, "notice_days");
    running.apply(ApplyAdvice { notice_days: Some(0), ..apply(id) }, None).await.expect("chosen");
    assert_eq!(running.status(id), AdviceStatus::Applied);
    running.env.close();
}

#[tokio::test]
async fn rolling_back_publishes_the_price_before_it_again() {
    let running = running().await;
    let id = running.recommend(12).await;
    running.apply(apply(id), None).await.expect("applied");
    running.env.roll_back_recommendation(PERSON, id, "".into(), None).await.expect("rolled back");
    assert_eq!(running.newest(), flat(10));
    assert_eq!(running.charged().await, credits(10));
    let catalogue = running.env.catalogue();
    assert_eq!(catalogue.recommendation(id.position).expect("made").rolled_back, Some(PriceNo(2)));
    running.env.close();
}

#[tokio::test]
async fn a_restart_keeps_what_was_recommended_and_decided() {
    let running = running().await;
    let applied = running.recommend(12).await;
    running.apply(ApplyAdvice { notice_days: Some(30), ..apply(applied) }, None).await.expect("accepted");
    let rejected = running.recommend(13).await;
    let reject = RejectAdviceRequest { recommendation: rejected, reason: "too much".into() };
    running.env.reject_recommendation(PERSON, reject, None).await.expect("turned down");
    let superseded = running.recommend(14).await;
    let pending = running.recommend(15).await;
    looked(&running.env, false).await;
    let before = running.env.catalogue();
    let running = running.restarted().await;
    let after = running.env.catalogue();
    assert_eq!(after.recommendations, before.recommendations);
    assert_eq!(after.last_look, before.last_look);
    assert!(after.last_look.is_some());
    let statuses = [applied, rejected, superseded, pending].map(|id| running.status(id));
    use AdviceStatus::{Accepted, Expired, Pending, Rejected};
    assert_eq!(statuses, [Accepted, Rejected, Expired, Pending]);
    running.clock.advance(14 * DAY_MS);
    assert_eq!(running.status(pending), Expired);
    running.env.close();
}
