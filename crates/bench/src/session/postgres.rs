//! What a user would write instead, on PostgreSQL, in turn with ours under the same number of callers.

use anyhow::{Context as _, Result};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::task::JoinSet;

use super::Session;
use super::loads::{SINGLE, spread};
use crate::answers::Counts;
use crate::figures::{Figures, rate, ratio};
use crate::load::{self, Load, Window};
use crate::postgres::{Caller, Cluster, Program, Way, books, prepare, version};
use crate::report::Measure;
use crate::served::Served;

/// Callers at once, with a connection each.
const CLIENTS: u32 = 16;

impl Session<'_> {
    pub(super) async fn postgres_by_hand(&mut self, on: &mut Served) -> Result<()> {
        let Some(program) = Program::find() else {
            let reason = "postgres: neither PATH nor /usr/lib/postgresql has initdb and postgres";
            self.say(reason);
            self.report.skipped.push(reason.to_owned());
            return Ok(());
        };
        self.say("starting PostgreSQL");
        let cluster = Cluster::start(&program, self.host.directory()).await?;
        let client = cluster.connect().await?;
        prepare(&client, on.wallets).await?;
        let name = format!("PostgreSQL {} by hand", version(&client).await?);
        let mut accepted = 0;
        for way in Way::ALL {
            let case = format!("{name}, {}, {CLIENTS} clients", way.name());
            let (mut figures, mut ours, mut ratios) = (Figures::default(), Vec::new(), Vec::new());
            for run in 1..=self.plan.runs {
                self.say(&format!("{case}: run {run} of {}", self.plan.runs));
                let (window, counts) = self.measure_postgres(&cluster, way, on.wallets).await?;
                accepted += counts.accepted;
                let product = self.measure(on, spread(on, CLIENTS, SINGLE)).await?;
                ours.push(rate(&product));
                ratios.push(ratio(rate(&product), rate(&window)));
                figures.add(&window);
            }
            figures.report(&mut self.report, &case);
            self.report.add(&case, Measure::ProductEventsPerSecond, ours);
            self.report.add(&case, Measure::RatioToPostgres, ratios);
        }
        let found = books(&client, on.wallets).await?;
        let statement = match found {
            Some(events) => format!("{accepted} events accepted, {events} in wallets, events and entries"),
            None => format!("{accepted} events accepted; wallets, events and entries disagree"),
        };
        self.report.check(&name, statement, found == Some(accepted));
        Ok(())
    }

    async fn measure_postgres(
        &mut self,
        cluster: &Cluster,
        way: Way,
        wallets: u32,
    ) -> Result<(Window, Counts)> {
        let mut callers = Vec::new();
        for _ in 0..CLIENTS {
            let client = cluster.connect().await?;
            let caller = Caller::new(client, way, wallets).await.context("preparing statements")?;
            callers.push((caller, ChaCha8Rng::seed_from_u64(self.seeds.random())));
        }
        let load = Load::of(None, |shared| {
            let mut tasks = JoinSet::new();
            for (caller, rng) in callers {
                tasks.spawn(caller.call_until_stopped(rng, shared.clone()));
            }
            tasks
        })?;
        load::measure(load, self.warm_up(), self.measured()).await
    }
}
