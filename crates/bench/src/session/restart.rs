//! Starting again on a long journal, proving it, and folding everything derived anew.

use anyhow::Result;
use rand::Rng as _;

use super::Session;
use super::loads::{EIGHT_THOUSAND, spread};
use crate::figures::{millis, per_second};
use crate::process::now;
use crate::report::{Measure, readable};
use crate::resources::mebibytes;
use crate::served::Served;

const EVENTS: u64 = 10_000_000;
const EVENTS_QUICK: u64 = 50_000;
const CONNECTIONS: u32 = 8;

impl Session<'_> {
    pub(super) async fn restart(&mut self) -> Result<()> {
        let events = self.events(EVENTS, EVENTS_QUICK);
        let mut on = self.begin(self.plan.customers).await?;
        let filled = readable(events);
        self.say(&format!("restart: sending {filled} events"));
        on.fill(spread(&on, CONNECTIONS, EIGHT_THOUSAND), events, self.seeds.random()).await?;
        self.check_books("restart", &mut on).await?;
        on.site.stop()?;
        let facts = self.time_verify(&mut on, &filled)?;
        self.time_restarts(&mut on, &format!("restart after {filled} events, stopped in order"), None)
            .await?;
        let case = format!("restart after {filled} events, without a checkpoint");
        self.time_restarts(&mut on, &case, Some(facts)).await?;
        self.time_rebuild(&mut on, &filled)?;
        on.start_again().await?;
        self.say("restart: reading the balances of the rebuilt project");
        let moved = on.credits_moved().await?;
        self.report.check("restart, after the rebuild", unmoved(moved), moved == 0);
        Ok(())
    }

    /// Begins and ends with a stopped server. With a number of facts, the checkpoint is removed before each start, so
    /// that the whole journal is the tail to be folded.
    async fn time_restarts(&mut self, on: &mut Served, case: &str, folded: Option<u64>) -> Result<()> {
        let (mut times, mut rates, mut memory, mut moved) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for run in 1..=self.plan.runs {
            self.say(&format!("{case}: run {run} of {}", self.plan.runs));
            if folded.is_some() {
                on.site.discard_checkpoint()?;
            }
            let time = on.start_again().await?;
            times.push(millis(time));
            rates.extend(folded.map(|facts| per_second(facts, time)));
            memory.push(mebibytes(on.watched.memory()?.resident));
            moved += on.credits_moved().await?;
            on.site.stop()?;
        }
        self.report.add(case, Measure::MillisecondsToFirstAnswer, times);
        self.report.check(case, unmoved(moved), moved == 0);
        self.report.add(case, Measure::FactsPerSecond, rates);
        self.report.add(case, Measure::Mebibytes, memory);
        Ok(())
    }

    /// Returns the number of facts.
    fn time_verify(&mut self, on: &mut Served, filled: &str) -> Result<u64> {
        self.time_folds(&format!("verify, {filled} events"), || on.site.verify())
    }

    fn time_rebuild(&mut self, on: &mut Served, filled: &str) -> Result<u64> {
        self.time_folds(&format!("rebuild of the views and all else derived, {filled} events"), || {
            on.site.rebuild()
        })
    }

    /// Times what folds the whole journal and returns the number of its facts when it was last folded: an opening of
    /// the environment is itself a fact, so a run may find some more than the one before.
    fn time_folds(&mut self, case: &str, mut fold: impl FnMut() -> Result<u64>) -> Result<u64> {
        let (mut times, mut rates, mut facts) = (Vec::new(), Vec::new(), 0);
        for run in 1..=self.plan.runs {
            self.say(&format!("{case}: run {run} of {}", self.plan.runs));
            let began_at = now();
            facts = fold()?;
            let time = now() - began_at;
            times.push(millis(time));
            rates.push(per_second(facts, time));
        }
        self.report.add(case, Measure::Milliseconds, times);
        self.report.add(case, Measure::FactsPerSecond, rates);
        Ok(facts)
    }
}

fn unmoved(credits: u64) -> String {
    format!("balances are what they were before ({credits} credits off)")
}
