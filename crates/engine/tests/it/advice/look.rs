//! Looking for advice: what a look sees, records and leaves alone.

use std::sync::Arc;

use chargly_engine::ledger::{
    AdviceKind, AdviceStatus, CatalogueChange, CatalogueFact, Currency, Fact, GrantKind, GrantRequest,
    Millis, Money, Origin,
};
use chargly_engine::{
    ApplyAdvice, Clock, LookRequest, LookStatus, Looked, ManualClock, MeterEvent, OpenOptions, create,
};

use super::{DAY_MS, Running, SYSTEM, apply, finished, looked, open, running};
use crate::fixtures::{event, event_type, lot};
use crate::world::NOON;

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
                let origin = Origin { key: None, actor: SYSTEM };
                Fact::Catalogue(CatalogueFact { origin, change }).encode()
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
