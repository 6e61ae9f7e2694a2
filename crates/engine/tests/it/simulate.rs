//! Price simulations beside a running environment.

use std::sync::Arc;
use std::time::Duration;

use chargly_engine::ledger::{
    Currency, EventTypeNo, GrantKind, GrantRequest, Grid, KeyNo, Millis, Money, Rounding, Rule,
};
use chargly_engine::simulator::{Proposal, ProposedPrice};
use chargly_engine::{
    Clock, Environment, ManualClock, OpenOptions, PriceSimulation, SIMULATION_KEPT_MS,
    SIMULATIONS_QUEUED_MAX, Simulated, SimulationJob, SimulationStatus, create,
};
use tempfile::TempDir;

use crate::fixtures::{credits, event, event_type, lot};

const NOON: i64 = 1_800_000_000_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

struct Running {
    env: Arc<Environment>,
    clock: Arc<ManualClock>,
    dir: TempDir,
}

/// `ada` has 100 paid credits and uses 8 a day for three days; `bob` has 20 given ones and uses 16 of them.
async fn running() -> Running {
    let (dir, clock) = (tempfile::tempdir().expect("a directory"), Arc::new(ManualClock::at(NOON)));
    let options = || OpenOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, "0.0.0-test");
    create(dir.path(), "test", [7; 32], options()).expect("created");
    let env = Environment::open(dir.path(), options()).expect("opens");
    env.define_event_type(KeyNo::SYSTEM, event_type("chat.reply", 8)).await.expect("defined");
    let price = Money::parse("2", Currency::USD).ok();
    let paid = GrantRequest { kind: GrantKind::Paid, price, ..lot(100) };
    env.grant(KeyNo::SYSTEM, "ada".into(), paid, None, None).await.expect("granted");
    env.grant(KeyNo::SYSTEM, "bob".into(), lot(20), None, None).await.expect("granted");
    for day in 0..3 {
        env.meter_one(KeyNo::SYSTEM, event("ada", "chat.reply", None)).await.expect("metered");
        if day < 2 {
            env.meter_one(KeyNo::SYSTEM, event("bob", "chat.reply", None)).await.expect("metered");
        }
        clock.advance(DAY_MS);
    }
    Running { env, clock, dir }
}

fn simulation(from: i64, price: Option<i64>) -> PriceSimulation {
    let proposed = |whole| {
        let rule = Rule::Flat { credits: credits(whole) };
        (EventTypeNo(0), ProposedPrice { rule, grid: Grid::MicroCredit, rounding: Rounding::HalfUp })
    };
    PriceSimulation {
        from: Millis(from),
        to: Millis(NOON + 30 * DAY_MS),
        proposal: price.map(proposed).into_iter().collect::<Proposal>(),
        is_replenishing: true,
        draws: 4,
        seed: 1,
    }
}

async fn finished(job: &SimulationJob) -> SimulationStatus {
    for _ in 0..500 {
        match job.status() {
            SimulationStatus::Queued | SimulationStatus::Running => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            over => return over,
        }
    }
    panic!("not finished after ten seconds")
}

async fn done(env: &Environment, simulation: PriceSimulation) -> Arc<Simulated> {
    let job = env.simulate_prices(simulation).expect("queued");
    match finished(&job).await {
        SimulationStatus::Done(simulated) => {
            let (done, all) = job.watch.progress();
            assert_eq!(done, all, "progress ends where it says");
            simulated
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_proposed_comes_out_as_it_was_and_a_rise_shows_who_runs_out() {
    let Running { env, dir: _dir, .. } = running().await;
    let same = done(&env, simulation(0, None)).await;
    assert_eq!(same.differences, Some(0));
    let (before, after) = (same.comparison.before, same.comparison.fixed);
    assert_eq!((before.used_micro, before.revenue_nano), (after.used_micro, after.revenue_nano));
    assert_eq!(before.used_micro, 40_000_000);

    let raised = done(&env, simulation(0, Some(12))).await;
    let found = &raised.comparison;
    assert_eq!(raised.differences, None);
    // ada pays 36 instead of 24; bob's second reply finds 8 of 12.
    assert_eq!((found.fixed.used_micro, found.fixed.denied), (48_000_000, 1));
    assert_eq!((found.run_outs.before, found.run_outs.newly), (0, 1));
    assert_eq!((found.shock.customers, found.shock.p50_bp, found.shock.shocked), (2, 5_000, 2));
    assert_eq!(found.before.revenue_nano, 480_000_000);
    assert_eq!(found.fixed.revenue_nano, 720_000_000);
    let customers: Vec<_> =
        found.customers.iter().map(|c| (c.wallet.0, c.before_micro, c.after_micro)).collect();
    assert_eq!(customers, [(0, 24_000_000, 36_000_000), (1, 16_000_000, 24_000_000)]);
    // ada's 76 credits are owed for 1.52; at one and a half times the price they buy two thirds.
    assert_eq!(found.outstanding.credits_micro, 80_000_000);
    assert_eq!(found.outstanding.liability_nano, 1_520_000_000);
    assert!((506_666_660..=506_666_670).contains(&found.outstanding.devaluation_nano));
    let elastic = found.elastic.expect("drawn");
    assert_eq!(elastic.draws, 4);
    assert!(
        elastic.used_micro.p5 <= elastic.used_micro.p50 && elastic.used_micro.p50 <= elastic.used_micro.p95
    );
    env.close();
}

#[tokio::test]
async fn a_span_begins_with_the_lots_that_were_left() {
    let Running { env, dir: _dir, .. } = running().await;
    // The first day is over: bob has 12 left, which is enough for one reply at 12.
    let later = done(&env, simulation(NOON + DAY_MS, Some(12))).await;
    assert_eq!((later.comparison.before.events, later.comparison.fixed.events), (3, 3));
    assert_eq!(later.comparison.fixed.denied, 0);
    // Nothing happened after the last day.
    let empty = done(&env, simulation(NOON + 20 * DAY_MS, Some(12))).await;
    assert_eq!(empty.comparison.before.events, 0);
    assert!(empty.facts.is_empty());
    env.close();
}

#[tokio::test]
async fn a_cancelled_simulation_ends_without_a_result() {
    let Running { env, dir: _dir, .. } = running().await;
    let job = env.simulate_prices(simulation(0, Some(12))).expect("queued");
    job.watch.cancel();
    // It may have been faster than we.
    assert!(matches!(finished(&job).await, SimulationStatus::Cancelled | SimulationStatus::Done(_)));
    env.close();
    assert!(env.simulate_prices(simulation(0, None)).is_none(), "nothing is begun in a closed environment");
}

#[tokio::test]
async fn results_are_kept_for_an_hour_and_too_many_at_once_are_turned_away() {
    let Running { env, clock, dir: _dir } = running().await;
    let mut jobs = Vec::new();
    // Each of these takes far longer than asking for it.
    let long = PriceSimulation { draws: 100, ..simulation(0, Some(12)) };
    while let Some(job) = env.simulate_prices(long.clone()) {
        jobs.push(job);
        assert!(jobs.len() < 1_000, "somewhere it ends");
    }
    assert!(jobs.len() >= SIMULATIONS_QUEUED_MAX);
    let last = jobs.pop().expect("at least one");
    assert!(matches!(finished(&last).await, SimulationStatus::Done(_)));
    assert!(env.price_simulation(&last.id).is_some());
    clock.advance(SIMULATION_KEPT_MS);
    assert!(env.price_simulation(&last.id).is_none());
    assert!(env.price_simulation("sim_unknown").is_none());
    env.close();
}
