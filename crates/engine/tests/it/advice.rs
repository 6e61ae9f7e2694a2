//! Advice of a running environment: looking, deciding, and that a restart keeps all of it. When what may be decided is
//! the ledger's, and tested there.

use std::sync::Arc;
use std::time::Duration;

use chargly_engine::ledger::{
    AdviceKind, AdviceStatus, AdvisedPrice, CatalogueChange, Credits, Currency, Decision, Driver, EntryId,
    EventTypeNo, Evidence, Fact, GrantKind, GrantRequest, Grid, Guardrail, GuardrailRule, KeyNo, Millis,
    Money, Position, PriceNo, Recommendation, RejectAdviceRequest, Rejection, Rounding, Rule, Span,
};
use chargly_engine::{
    ApplyAdvice, CallError, Clock, Environment, LookJob, LookRequest, LookStatus, Looked, ManualClock,
    MeterEvent, OpenOptions, Outcome, create, verify,
};
use tempfile::TempDir;

use crate::fixtures::{credits, event, event_type, lot};
use crate::world::NOON;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const SYSTEM: KeyNo = KeyNo::SYSTEM;
/// Who decides.
const PERSON: KeyNo = KeyNo(7);

struct Running {
    env: Arc<Environment>,
    clock: Arc<ManualClock>,
    dir: TempDir,
}

fn open(dir: &TempDir, clock: &Arc<ManualClock>) -> Arc<Environment> {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    // So that a restart has both a checkpoint and what came after it.
    let options = OpenOptions { checkpoint_every_facts: 8, ..OpenOptions::new(clock, "0.0.0-test") };
    Environment::open(dir.path(), options).expect("opens")
}

/// `ada` has paid credits and used some; a reply costs 10.
async fn running() -> Running {
    let (dir, clock) = (tempfile::tempdir().expect("a directory"), Arc::new(ManualClock::at(NOON)));
    let options = OpenOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, "0.0.0-test");
    create(dir.path(), "test", [7; 32], options).expect("created");
    let env = open(&dir, &clock);
    env.define_event_type(SYSTEM, event_type("chat.reply", 10)).await.expect("defined");
    let price = Money::parse("2", Currency::USD).ok();
    let paid = GrantRequest { kind: GrantKind::Paid, price, ..lot(1_000) };
    env.grant(SYSTEM, "ada".into(), paid, None, None).await.expect("granted");
    for _ in 0..3 {
        env.meter_one(SYSTEM, event("ada", "chat.reply", None)).await.expect("metered");
        clock.advance(DAY_MS);
    }
    Running { env, clock, dir }
}

fn flat(whole: i64) -> Rule {
    Rule::Flat { credits: credits(whole) }
}

fn advice(env: &Environment, whole: i64) -> Recommendation {
    let catalogue = env.catalogue();
    let event_type = catalogue.event_type_no(EventTypeNo(0)).expect("defined");
    Recommendation {
        kind: AdviceKind::UnderTarget,
        event_type: EventTypeNo(0),
        base: event_type.prices.last().copied(),
        proposal: Some(AdvisedPrice {
            rule: flat(whole),
            grid: Grid::MicroCredit,
            rounding: Rounding::HalfUp,
        }),
        current: Some(credits(10)),
        recommended: Some(credits(whole)),
        driver: Driver::Cost,
        probability_bp: 9_000,
        uncapped_bp: 9_200,
        is_exact: false,
        caps: Vec::new(),
        needs: Vec::new(),
        guardrails: Vec::new(),
        lift: Span::exactly(1),
        if_left: Span::exactly(1),
        evidence: Evidence::default(),
        backtest: None,
        window_from: Millis(NOON - 28 * DAY_MS),
        window_to: Millis(NOON),
        cut_off: Position(3),
        method: 1,
        seed: 7,
    }
}

fn apply(recommendation: EntryId) -> ApplyAdvice {
    ApplyAdvice { recommendation, notice_days: None, effective_at: None, reason: "".into() }
}

impl Running {
    async fn recommend(&self, whole: i64) -> EntryId {
        self.env.record_recommendation(advice(&self.env, whole)).await.expect("made").id
    }

    async fn apply(&self, request: ApplyAdvice, key: Option<&str>) -> Result<Outcome, CallError> {
        self.env.apply_recommendation(PERSON, request, key.map(Into::into)).await
    }

    fn status(&self, id: EntryId) -> AdviceStatus {
        let catalogue = self.env.catalogue();
        catalogue.recommendation(id.position).expect("made").status(Millis(self.clock.wall_ms()))
    }

    /// What the newest version costs.
    fn newest(&self) -> Rule {
        self.env.catalogue().prices.last().expect("priced").rule.clone()
    }

    async fn charged(&self) -> Credits {
        let outcome = self.env.meter_one(SYSTEM, event("ada", "chat.reply", None)).await.expect("metered");
        match outcome.fact.as_ref() {
            Fact::Wallet(fact) => match &fact.event {
                chargly_engine::ledger::WalletEvent::Metered { charge, .. } => charge.credits,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    async fn restarted(self) -> Self {
        self.env.close();
        let Self { env, clock, dir } = self;
        drop(env);
        let report = verify(dir.path(), &mut |_, _| {}).expect("in order");
        assert!(report.checkpoint.is_some());
        Self { env: open(&dir, &clock), clock, dir }
    }
}

async fn finished(job: &LookJob) -> LookStatus {
    for _ in 0..500 {
        match job.status() {
            LookStatus::Queued | LookStatus::Running => tokio::time::sleep(Duration::from_millis(20)).await,
            over => return over,
        }
    }
    panic!("not finished after ten seconds")
}

async fn looked(env: &Arc<Environment>, is_dry: bool) -> Arc<Looked> {
    let job = env.look_for_advice(LookRequest { seed: 5, is_dry });
    match finished(&job).await {
        LookStatus::Done(looked) => {
            let (done, all) = job.watch.progress();
            assert_eq!(done, all, "progress ends where it says");
            looked
        }
        other => panic!("{other:?}"),
    }
}

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

#[tokio::test]
async fn a_look_sees_what_is_committed_and_notes_itself_unless_it_is_dry() {
    let running = running().await;
    let head = running.env.tail().committed().next;
    let dry = looked(&running.env, true).await;
    assert_eq!((dry.cut_off, dry.events), (head, 3));
    assert_eq!(dry.as_of, Millis(NOON + 2 * DAY_MS), "the last fact's time, not the clock's");
    assert_eq!(running.env.tail().committed().next, head, "nothing was recorded");
    assert!(running.env.catalogue().last_look.is_none());
    let again = looked(&running.env, true).await;
    let encoded = |looked: &Looked| -> Vec<Vec<u8>> {
        let recommendations = looked.advice.recommendations.iter();
        recommendations
            .map(|made| {
                let recommendation = Box::new(made.clone());
                let change = CatalogueChange::RecommendationMade { recommendation };
                let origin = chargly_engine::ledger::Origin { key: None, actor: SYSTEM };
                Fact::Catalogue(chargly_engine::ledger::CatalogueFact { origin, change }).encode()
            })
            .collect()
    };
    assert_eq!(encoded(&dry), encoded(&again), "the same position and seed, the same bytes");
    assert_eq!(dry.advice, again.advice);

    let noted = looked(&running.env, false).await;
    let look = running.env.catalogue().last_look.expect("noted");
    assert_eq!((look.cut_off, look.as_of, look.seed), (head, noted.as_of, 5));
    assert_eq!(usize::try_from(look.made).expect("few"), noted.made.len());
    assert!(matches!(running.env.advice_look().expect("kept").status(), LookStatus::Done(_)));
    running.env.close();
}

#[tokio::test]
async fn a_second_ask_joins_the_look_at_work_and_a_closed_environment_begins_none() {
    let running = running().await;
    let first = running.env.look_for_advice(LookRequest::default());
    let second = running.env.look_for_advice(LookRequest { seed: 9, is_dry: true });
    // It may have been faster than we.
    if Arc::ptr_eq(&first, &second) {
        assert_eq!(second.request, LookRequest::default());
    }
    finished(&first).await;
    finished(&second).await;
    running.env.close();
    let late = running.env.look_for_advice(LookRequest::default());
    assert!(matches!(late.status(), LookStatus::Cancelled));
}

#[tokio::test]
async fn a_cancelled_look_records_nothing() {
    let running = running().await;
    let head = running.env.tail().committed().next;
    let job = running.env.look_for_advice(LookRequest::default());
    job.watch.cancel();
    match finished(&job).await {
        LookStatus::Cancelled => assert_eq!(running.env.tail().committed().next, head),
        // It may have been faster than we.
        LookStatus::Done(_) => {}
        other => panic!("{other:?}"),
    }
    running.env.close();
}

#[tokio::test]
async fn a_weekly_look_is_due_once_a_week_where_anything_was_used() {
    let running = running().await;
    // NOON is a Friday: this week's look was due on Monday.
    assert!(running.env.weekly_look_is_due().await.expect("known"));
    looked(&running.env, false).await;
    assert!(!running.env.weekly_look_is_due().await.expect("known"));
    running.clock.advance(7 * DAY_MS);
    assert!(!running.env.weekly_look_is_due().await.expect("known"), "nothing was used since");
    running.charged().await;
    assert!(running.env.weekly_look_is_due().await.expect("known"));
    let mut settings = running.env.catalogue().settings.clone();
    settings.advice.is_weekly = false;
    running.env.change_settings(SYSTEM, settings, None).await.expect("changed");
    assert!(!running.env.weekly_look_is_due().await.expect("known"), "nobody wants it");
    running.env.close();
}

/// 25 customers who paid 2 cents for a credit use a reply a day, at one credit, which costs 5 cents.
async fn lossmaking() -> Running {
    let (dir, clock) = (tempfile::tempdir().expect("a directory"), Arc::new(ManualClock::at(NOON)));
    let options = OpenOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, "0.0.0-test");
    create(dir.path(), "test", [7; 32], options).expect("created");
    let env = open(&dir, &clock);
    env.define_event_type(SYSTEM, event_type("chat.reply", 1)).await.expect("defined");
    let names: Vec<String> = (0..25).map(|customer| format!("c{customer}")).collect();
    for name in &names {
        let price = Money::parse("10", Currency::USD).ok();
        let paid = GrantRequest { kind: GrantKind::Paid, price, ..lot(500) };
        env.grant(SYSTEM, name.as_str().into(), paid, None, None).await.expect("granted");
    }
    for _ in 0..45 {
        let cost = Money::parse("0.05", Currency::USD).ok();
        let of = |name: &String| MeterEvent { cost, ..event(name, "chat.reply", None) };
        for outcome in env.meter(SYSTEM, names.iter().map(of).collect()).await {
            outcome.expect("metered");
        }
        clock.advance(DAY_MS);
    }
    Running { env, clock, dir }
}

#[tokio::test]
async fn a_loss_is_found_tried_on_the_past_recorded_once_and_applied_as_it_was_found() {
    let running = lossmaking().await;
    let dry = looked(&running.env, true).await;
    let found = looked(&running.env, false).await;
    assert_eq!(dry.advice, found.advice, "the same position and seed, the same advice");
    let [made] = &found.advice.recommendations[..] else { panic!("{:?}", found.advice) };
    assert_eq!((made.kind, made.cut_off), (AdviceKind::LossMaking, found.cut_off));
    let [id] = found.made[..] else { panic!("{:?}", found.made) };
    let backtest = made.backtest.as_ref().expect("tried");
    assert_eq!((backtest.customers, backtest.one_in), (25, 1));
    assert!(backtest.before.margin_nano() < 0 && backtest.fixed.margin_nano() >= 0, "{backtest:?}");
    assert!(backtest.from >= made.window_from && backtest.to == found.as_of);
    assert_eq!(
        running.env.catalogue().recommendation(id.position).expect("kept").recommendation.as_ref(),
        made
    );

    // The same is not said twice.
    assert_eq!(looked(&running.env, false).await.made, []);
    assert_eq!(running.status(id), AdviceStatus::Pending);

    let request = ApplyAdvice { notice_days: Some(0), reason: "it loses money".into(), ..apply(id) };
    running.apply(request, None).await.expect("applied");
    let proposal = made.proposal.as_ref().expect("proposed");
    assert_eq!(running.newest().as_asked(), proposal.rule.as_asked());
    let running = running.restarted().await;
    assert_eq!(running.status(id), AdviceStatus::Applied);
    running.env.close();
}

#[tokio::test]
async fn what_was_applied_is_graded_by_the_first_look_after_its_review() {
    let running = lossmaking().await;
    let id = looked(&running.env, false).await.made[0];
    running.apply(ApplyAdvice { notice_days: Some(0), ..apply(id) }, None).await.expect("applied");
    let use_for = async |days: usize| {
        for _ in 0..days {
            for customer in 0..25 {
                let cost = Money::parse("0.05", Currency::USD).ok();
                let of = MeterEvent { cost, ..event(&format!("c{customer}"), "chat.reply", None) };
                running.env.meter_one(SYSTEM, of).await.expect("metered");
            }
            running.clock.advance(DAY_MS);
        }
    };
    let grade = |running: &Running| {
        let catalogue = running.env.catalogue();
        catalogue.recommendation(id.position).expect("made").grade.clone()
    };
    use_for(20).await;
    assert_eq!(looked(&running.env, false).await.graded, 0);
    assert!(grade(&running).is_none(), "a month has to pass");
    use_for(13).await;
    assert_eq!(looked(&running.env, true).await.graded, 0, "a dry look records nothing");
    assert_eq!(looked(&running.env, false).await.graded, 1);
    let given = grade(&running).expect("graded");
    assert!(given.outcome.days >= 28, "{given:?}");
    running.env.close();
}
