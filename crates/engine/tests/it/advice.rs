//! Advice of a running environment: looking, deciding, and that a restart keeps all of it. When what may be decided is
//! the ledger's, and tested there.

mod decide;
mod look;

use std::sync::Arc;
use std::time::Duration;

use chargly_engine::ledger::{
    AdviceKind, AdviceStatus, AdvisedPrice, Credits, Currency, Driver, EntryId, EventTypeNo, Evidence, Fact,
    GrantKind, GrantRequest, Grid, KeyNo, Millis, Money, Position, Recommendation, Rounding, Rule, Span,
};
use chargly_engine::{
    ApplyAdvice, CallError, Clock, Environment, LookJob, LookRequest, LookStatus, Looked, ManualClock,
    OpenOptions, Outcome, create, verify,
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
