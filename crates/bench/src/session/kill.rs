//! kill -9 in mid-load: whatever was acknowledged before must be answered from the record after, and whatever was
//! under way must be charged once when it is asked for again.
//!
//! The process is killed, not the machine: what it had handed to the kernel survives, flushed or not. That a commit is
//! flushed before its answer is shown elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::task::JoinSet;

use super::Session;
use super::loads::{SINGLE, THOUSAND, name, spread};
use crate::answers::{self, Counts};
use crate::client::{Answer, Connection};
use crate::figures::{count, millis};
use crate::load::Shape;
use crate::report::Measure;
use crate::request::{Target, Template};
use crate::served::Served;

/// How long the load goes on before the kill: long enough to be in full flow, short enough that asking again for all
/// of it, which reads each fact, takes seconds.
const LOAD: Duration = Duration::from_secs(1);

impl Session<'_> {
    pub(super) async fn kill_under_load(&mut self) -> Result<()> {
        let mut on = self.begin(self.plan.customers).await?;
        for shape in [spread(&on, 64, SINGLE), spread(&on, 4, THOUSAND)] {
            let case = format!("kill -9 under {}", name(shape));
            let (mut times, mut missing, mut asked) = (Vec::new(), Vec::new(), Again::default());
            for run in 1..=self.plan.runs {
                self.say(&format!("{case}: run {run} of {}", self.plan.runs));
                let callers = self.load_and_kill(&mut on, shape).await?;
                times.push(millis(on.start_again().await?));
                self.say(&format!("{case}: asking again for everything"));
                let again = ask_again(&on.target, shape, &callers).await?;
                missing.push(count(again.missing));
                asked.add(again);
            }
            self.report.add(&case, Measure::AcknowledgedMissing, missing);
            self.report.add(&case, Measure::MillisecondsToFirstAnswer, times);
            let Again { acknowledged, missing, under_way } = asked;
            let found = format!(
                "of {acknowledged} acknowledged events {missing} are missing; {under_way} were under way"
            );
            self.report.check(&case, found, missing == 0 && acknowledged > 0);
            // By now each of them was charged, whether before the kill or when it was asked for again.
            let charged = Counts { accepted: acknowledged + under_way, ..Counts::default() };
            on.enter(shape.customers, charged);
            self.check_books(&case, &mut on).await?;
        }
        Ok(())
    }

    /// Loads the server and kills it.
    async fn load_and_kill(&mut self, on: &mut Served, shape: Shape) -> Result<Vec<CutOff>> {
        let is_killed = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for _ in 0..shape.connections {
            let connection = Connection::open(on.target.server).await?;
            let is_killed = Arc::clone(&is_killed);
            callers.spawn(call_until_cut_off(
                connection,
                on.target.clone(),
                shape,
                self.seeds.random(),
                is_killed,
            ));
        }
        tokio::time::sleep(LOAD).await;
        is_killed.store(true, Ordering::Relaxed);
        on.site.kill()?;
        let mut cut_off = Vec::new();
        while let Some(ended) = callers.join_next().await {
            cut_off.push(ended.context("a connection's task")??);
        }
        Ok(cut_off)
    }
}

/// A connection whose server is gone. Its calls are known by its seed; the one after the answered ones was under way.
#[derive(Clone, Copy)]
struct CutOff {
    seed: u64,
    answered: u64,
}

async fn call_until_cut_off(
    mut connection: Connection,
    target: Target,
    shape: Shape,
    seed: u64,
    is_killed: Arc<AtomicBool>,
) -> Result<CutOff> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut template = shape.template(&target);
    let mut answered = 0;
    loop {
        template.draw(shape.customers, &mut rng);
        let counts = match connection.exchange(template.bytes()).await {
            Ok(answer) => counted(&answer, shape, &template),
            Err(_) if is_killed.load(Ordering::Relaxed) => return Ok(CutOff { seed, answered }),
            Err(error) => return Err(error).context("a connection failed before the kill"),
        };
        ensure!(counts.not_accepted() == 0, "not accepted before the kill: {counts:?}");
        answered += 1;
    }
}

/// What was found by asking again. Counts events.
#[derive(Default, Clone, Copy)]
struct Again {
    acknowledged: u64,
    /// Acknowledged before, and new to the server after.
    missing: u64,
    under_way: u64,
}

impl Again {
    fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.missing += other.missing;
        self.under_way += other.under_way;
    }
}

/// Sends every call of the cut-off connections again, byte for byte.
async fn ask_again(target: &Target, shape: Shape, cut_off: &[CutOff]) -> Result<Again> {
    let mut tasks = JoinSet::new();
    for caller in cut_off {
        let connection = Connection::open(target.server).await?;
        tasks.spawn(ask_again_for(connection, target.clone(), shape, *caller));
    }
    let mut found = Again::default();
    while let Some(ended) = tasks.join_next().await {
        found.add(ended.context("a connection's task")??);
    }
    Ok(found)
}

async fn ask_again_for(
    mut connection: Connection,
    target: Target,
    shape: Shape,
    CutOff { seed, answered }: CutOff,
) -> Result<Again> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut template = shape.template(&target);
    let mut found = Again::default();
    for call in 0..=answered {
        template.draw(shape.customers, &mut rng);
        let answer = connection.exchange(template.bytes()).await?;
        let Counts { accepted, replayed, refused, turned_away, strange } = counted(&answer, shape, &template);
        if refused + turned_away + strange > 0 {
            bail!("asked again after the kill, a call was answered {}", answer.status);
        }
        if call < answered {
            found.acknowledged += accepted + replayed;
            found.missing += accepted;
        } else {
            found.under_way += accepted + replayed;
        }
    }
    Ok(found)
}

fn counted(answer: &Answer<'_>, shape: Shape, template: &Template) -> Counts {
    let customer = template.first_customer().unwrap_or_default();
    answers::count(answer, u64::from(shape.events_per_call.get()), customer)
}
