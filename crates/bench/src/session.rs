//! One bench from set-up to report: the groups of cases in the order of the plan.
//!
//! Groups that only load a server share one, so that setting up is paid once; it is finished before a group that
//! needs a project of its own begins, so that never two servers with data are at work.

mod kill;
mod loads;
mod memory;
mod overdraft;
mod postgres;
mod questions;
mod restart;
mod sag;

use std::time::Duration;

use anyhow::{Context as _, Result};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::host::Host;
use crate::load::{self, Load, Shape, Window};
use crate::machine::Machine;
use crate::plan::{BenchPlan, CaseGroup};
use crate::report::{Conditions, Measure, Report, readable};
use crate::request::{Day, Target};
use crate::resources::{mebibytes, report_disk, report_memory};
use crate::served::Served;

/// A bench under way.
pub(crate) struct Session<'a> {
    plan: &'a BenchPlan,
    host: &'a mut dyn Host,
    progress: &'a mut dyn FnMut(&str),
    yardstick: Option<Target>,
    seeds: ChaCha8Rng,
    report: Report,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        plan: &'a BenchPlan,
        host: &'a mut dyn Host,
        progress: &'a mut dyn FnMut(&str),
    ) -> Self {
        let conditions = Conditions {
            commit: plan.commit.clone(),
            date: Day(plan.day).text(),
            machine: Machine::read(host.directory()),
            runs: plan.runs,
            seconds_per_run: plan.seconds_per_run,
            wallets: plan.customers,
            quick: plan.quick,
            seed: plan.seed,
        };
        // The yardstick asks for no key.
        let yardstick = plan.yardstick.map(|server| Target { server, api_key: "none".to_owned() });
        let seeds = ChaCha8Rng::seed_from_u64(plan.seed);
        Self { plan, host, progress, yardstick, seeds, report: Report::new(conditions) }
    }

    pub(crate) async fn run(mut self) -> Result<Report> {
        let mut shared = None;
        for group in &self.plan.cases {
            let done = if group.shares_a_server() {
                let on = match &mut shared {
                    Some(on) => on,
                    none => none.insert(self.begin(self.plan.customers).await?),
                };
                self.run_on(*group, on).await
            } else {
                if let Some(on) = shared.take() {
                    self.finish(&on).await?;
                }
                self.run_alone(*group).await
            };
            done.with_context(|| format!("running {group}"))?;
        }
        if let Some(on) = shared {
            self.finish(&on).await?;
        }
        Ok(self.report)
    }

    async fn run_on(&mut self, group: CaseGroup, on: &mut Served) -> Result<()> {
        match group {
            CaseGroup::Single => self.single_events(on).await?,
            CaseGroup::Batch => self.batches(on).await?,
            CaseGroup::HotWallet => self.hot_wallet(on).await?,
            CaseGroup::Overdraft => self.overdraft_race(on).await?,
            CaseGroup::Postgres => self.postgres_by_hand(on).await?,
            alone @ (CaseGroup::Sag
            | CaseGroup::Wallets
            | CaseGroup::Restart
            | CaseGroup::Figures
            | CaseGroup::Kill) => anyhow::bail!("{alone} needs a project of its own"),
        }
        self.check_books(&group.to_string(), on).await
    }

    async fn run_alone(&mut self, group: CaseGroup) -> Result<()> {
        match group {
            CaseGroup::Sag => self.sag().await,
            CaseGroup::Wallets => self.memory_by_wallets().await,
            CaseGroup::Restart => self.restart().await,
            CaseGroup::Figures => self.questions().await,
            CaseGroup::Kill => self.kill_under_load().await,
            shared => anyhow::bail!("{shared} shares a server"),
        }
    }

    /// What the shared server took.
    async fn finish(&mut self, on: &Served) -> Result<()> {
        let funded = vec![mebibytes(on.funded.memory.resident)];
        self.report.add("memory, shared server, wallets funded", Measure::Mebibytes, funded);
        let case = format!("memory, shared server, after {} events", readable(on.accepted));
        report_memory(on, &case, &mut self.report)?;
        report_disk(on, "disk, shared server", &mut self.report).await
    }

    /// A project of its own with so many funded wallets, served.
    async fn begin(&mut self, wallets: u32) -> Result<Served> {
        self.say(&format!("starting a server and funding {} wallets", readable(wallets.into())));
        Served::begin(self.host, wallets, self.plan.seed).await
    }

    async fn check_books(&mut self, case: &str, on: &mut Served) -> Result<()> {
        self.say(&format!("{case}: reading the balances"));
        on.check_books(case, &mut self.report).await
    }

    /// One measured run of the server, entered into the books.
    async fn measure(&mut self, on: &mut Served, shape: Shape) -> Result<Window> {
        let load = on.start(shape, self.seeds.random()).await?;
        let (window, counts) = load::measure(load, self.warm_up(), self.measured()).await?;
        on.enter(shape.customers, counts);
        Ok(window)
    }

    /// The same load on the yardstick, if there is one.
    async fn measure_yardstick(&mut self, shape: Shape) -> Result<Option<Window>> {
        let Some(yardstick) = &self.yardstick else { return Ok(None) };
        let load = Load::start(yardstick, shape, None, self.seeds.random()).await?;
        let (window, _) =
            load::measure(load, self.warm_up(), self.measured()).await.context("on the yardstick")?;
        Ok(Some(window))
    }

    fn measured(&self) -> Duration {
        Duration::from_secs(u64::from(self.plan.seconds_per_run))
    }

    fn warm_up(&self) -> Duration {
        self.measured() / 4
    }

    /// How many events a case that fills a journal sends.
    fn events(&self, published: u64, quick: u64) -> u64 {
        self.plan.events.unwrap_or(if self.plan.quick { quick } else { published })
    }

    fn say(&mut self, step: &str) {
        (self.progress)(step);
    }
}
