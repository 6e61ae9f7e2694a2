//! One bench from set-up to report: the groups of cases in the order of the plan, and the books kept beside them.

mod loads;
mod overdraft;
mod resources;
mod sag;

use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::answers::Counts;
use crate::load::{self, Load, Shape, Window};
use crate::plan::{BenchPlan, CaseGroup};
use crate::process::{Process, machine};
use crate::report::{Conditions, Report};
use crate::request::{Customers, Target};
use crate::wallets::{self, Balances};

use resources::Resources;

/// A bench under way.
pub(crate) struct Session<'a> {
    plan: &'a BenchPlan,
    progress: &'a mut dyn FnMut(&str),
    target: Target,
    yardstick: Option<Target>,
    seeds: ChaCha8Rng,
    report: Report,
    /// What became of the events of the current group, by where they were sent.
    sent: Sent,
    /// Accepted events of all groups.
    accepted: u64,
}

#[derive(Default, Clone, Copy)]
struct Sent {
    spread: Counts,
    hot: Counts,
}

impl<'a> Session<'a> {
    pub(crate) fn new(plan: &'a BenchPlan, progress: &'a mut dyn FnMut(&str)) -> Self {
        let target = |server| Target { server, api_key: plan.api_key.clone() };
        let conditions = Conditions {
            commit: plan.commit.clone(),
            date: plan.date.clone(),
            machine: machine(),
            runs: plan.runs,
            seconds_per_run: plan.seconds_per_run,
            wallets: plan.customers,
            quick: plan.quick,
            seed: plan.seed,
        };
        Self {
            plan,
            progress,
            target: target(plan.server),
            yardstick: plan.yardstick.map(target),
            seeds: ChaCha8Rng::seed_from_u64(plan.seed),
            report: Report { conditions, rows: Vec::new(), checks: Vec::new() },
            sent: Sent::default(),
            accepted: 0,
        }
    }

    pub(crate) async fn run(mut self) -> Result<Report> {
        self.say("making the event type and funding the wallets");
        wallets::set_up(&self.target, self.plan.customers, self.plan.seed).await.context("setting up")?;
        let mut balances = self.balances().await?;
        let before = Resources::read(self.plan)?;
        for group in &self.plan.cases {
            self.run_group(*group).await.with_context(|| format!("running {group}"))?;
            balances = self.check_books(*group, balances).await?;
        }
        self.report_resources(&before).await?;
        Ok(self.report)
    }

    async fn run_group(&mut self, group: CaseGroup) -> Result<()> {
        match group {
            CaseGroup::Single => self.single_events().await,
            CaseGroup::Batch => self.batches().await,
            CaseGroup::HotWallet => self.hot_wallet().await,
            CaseGroup::Overdraft => self.overdraft_race().await,
            CaseGroup::Sag => self.sag().await,
        }
    }

    /// Compares the balances with what the callers saw accepted since `before`, and returns them.
    async fn check_books(&mut self, group: CaseGroup, before: Balances) -> Result<Balances> {
        let Sent { spread, hot } = std::mem::take(&mut self.sent);
        let after = self.balances().await?;
        let mut accepted = spread;
        accepted.add(hot);
        if accepted == Counts::default() {
            return Ok(after);
        }
        self.accepted += accepted.accepted;
        let case = group.to_string();
        let charged = Balances { spread: before.spread - after.spread, hot: before.hot - after.hot };
        self.report.check(
            &case,
            format!(
                "{} events accepted, {} credits charged",
                accepted.accepted,
                charged.spread + charged.hot
            ),
            u64::try_from(charged.spread) == Ok(spread.accepted)
                && u64::try_from(charged.hot) == Ok(hot.accepted),
        );
        let Counts { refused, replayed, turned_away, strange, .. } = accepted;
        self.report.check(
            &case,
            format!(
                "none refused ({refused}), replayed ({replayed}), turned away ({turned_away}) or answered \
                 strangely ({strange})"
            ),
            accepted.not_accepted() == 0,
        );
        Ok(after)
    }

    async fn balances(&mut self) -> Result<Balances> {
        self.say("reading the balances");
        wallets::balances(&self.target, self.plan.customers).await.context("reading the balances")
    }

    /// One measured run of the server, entered into the books.
    async fn measure(&mut self, shape: Shape) -> Result<Window> {
        let load = self.start(shape).await?;
        let (window, counts) = load::measure(load, self.warm_up(), self.measured()).await?;
        self.enter(shape.customers, counts);
        Ok(window)
    }

    async fn start(&mut self, shape: Shape) -> Result<Load> {
        let watched = self.plan.server_pid.map(|pid| Process { pid });
        Load::start(&self.target, shape, watched, self.seeds.random()).await
    }

    fn enter(&mut self, customers: Customers, counts: Counts) {
        match customers {
            Customers::Spread(_) => self.sent.spread.add(counts),
            Customers::Hot => self.sent.hot.add(counts),
        }
    }

    /// The same load on the yardstick, if there is one.
    async fn measure_yardstick(&mut self, shape: Shape) -> Result<Option<Window>> {
        let Some(yardstick) = &self.yardstick else { return Ok(None) };
        let load = Load::start(yardstick, shape, None, self.seeds.random()).await?;
        let (window, _) =
            load::measure(load, self.warm_up(), self.measured()).await.context("on the yardstick")?;
        Ok(Some(window))
    }

    fn spread(&self, connections: u32, events_per_call: NonZeroU32) -> Shape {
        Shape { connections, events_per_call, customers: Customers::Spread(self.plan.customers) }
    }

    fn measured(&self) -> Duration {
        Duration::from_secs(u64::from(self.plan.seconds_per_run))
    }

    fn warm_up(&self) -> Duration {
        self.measured() / 4
    }

    fn say(&mut self, step: &str) {
        (self.progress)(step);
    }
}
