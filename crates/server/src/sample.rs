//! Sample data: an environment of its own with the past of a made-up product, to look around in.
//!
//! It is made by the simulated product at simulated times, in a folder beside its place, and moved there when it is whole;
//! what was cut off is thrown away by the next start. It is served at once, without payments and webhooks, and counts
//! nowhere: `verify`, `backup` and `reset` know *test* and *live* alone, and what can be made again needs none of them.
//! Where it cannot be opened, the server starts without it.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use anyhow::{Context as _, Result};
use chargly_dashboard::{SAMPLE, SampleData, SampleState};
use chargly_engine::ledger::Millis;
use chargly_engine::{
    Clock as _, Environment, LookRequest, ManualClock, OpenOptions, SystemClock, SystemEntropy, look_weekly,
};
use chargly_http::Project;
use chargly_market::{MarketPlan, requests, sample_plan};
use futures_util::future::BoxFuture;
use indicatif::ProgressBar;

use crate::commands::simulate::product::play_in;
use crate::data_dir::{DataDir, HowToOpen, open_options};
use crate::first_start::salt;

/// Days of the product's past.
const DAYS: u32 = 90;
/// Days, for tests that want few of them.
const DAYS_VARIABLE: &str = "CHARGLY_SAMPLE_DAYS";
/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// The sample data of a data directory that this process has locked.
#[derive(Clone)]
pub(crate) struct Sample(Arc<Kept>);

/// What is kept of it.
struct Kept {
    data: DataDir,
    project: OnceLock<Weak<Project>>,
    now: Mutex<Now>,
}

/// How it stands.
enum Now {
    Absent,
    Loading(ProgressBar),
    There(Arc<Environment>),
    Removing,
    Failed(String),
}

impl Sample {
    /// That of a directory; nothing is opened yet.
    pub(crate) fn of(data: &DataDir) -> Self {
        Self(Arc::new(Kept { data: data.clone(), project: OnceLock::new(), now: Mutex::new(Now::Absent) }))
    }

    /// Opens what there is, and has it served by this project, now and later.
    pub(crate) fn serve_by(&self, project: &Arc<Project>) {
        let kept = &self.0;
        let _ = kept.project.set(Arc::downgrade(project));
        for left in [kept.filling(), kept.dropped()] {
            if left.exists()
                && let Err(error) = fs::remove_dir_all(&left)
            {
                tracing::warn!(path = %left.display(), %error, "clearing what is left of sample data");
            }
        }
        if !kept.data.environment(SAMPLE).exists() {
            return;
        }
        let opened = tokio::task::block_in_place(|| kept.open());
        let now = opened.unwrap_or_else(|error| {
            tracing::warn!(
                error = format!("{error:#}"),
                "the sample data cannot be opened, and is not served"
            );
            Now::Failed(format!("{error:#}"))
        });
        *kept.now() = now;
    }

    /// Closes what is open.
    pub(crate) async fn close(&self) {
        let now = std::mem::replace(&mut *self.0.now(), Now::Removing);
        if let Now::There(environment) = now {
            let _ = tokio::task::spawn_blocking(move || environment.close()).await;
        }
    }
}

impl Kept {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is made. Not the place of an environment that a reset makes: a start completes those.
    fn filling(&self) -> PathBuf {
        self.data.environment("sample.filling")
    }

    /// Where it waits to be deleted.
    fn dropped(&self) -> PathBuf {
        self.data.environment("sample.dropped")
    }

    fn serve(&self, environment: Option<Arc<Environment>>) {
        if let Some(project) = self.project.get().and_then(Weak::upgrade) {
            project.set_sample(environment);
        }
    }

    /// Opens the environment in its place and serves it. Its past may lie back as far as it likes.
    fn open(&self) -> Result<Now> {
        let environment = self.data.open(SAMPLE, HowToOpen { accept_loss: true, accept_clock: true })?;
        tokio::spawn(look_weekly(Arc::downgrade(&environment)));
        self.serve(Some(Arc::clone(&environment)));
        Ok(Now::There(environment))
    }

    /// Makes the environment, moves it into its place and opens it.
    fn make(&self, bar: &ProgressBar) -> Result<Now> {
        let plan = plan();
        let (dir, place) = (self.filling(), self.data.environment(SAMPLE));
        for left in [&dir, &place] {
            if left.exists() {
                fs::remove_dir_all(left).with_context(|| format!("clearing {}", left.display()))?;
            }
        }
        let clock = Arc::new(ManualClock::at(plan.start.0));
        let options = || open_options(Arc::clone(&clock) as Arc<dyn chargly_engine::Clock>);
        let begin = OpenOptions { currency: requests::CURRENCY, ..options()? };
        chargly_engine::create(&dir, SAMPLE, salt(&mut SystemEntropy)?, begin)
            .context("making the environment")?;
        let environment = Environment::open(&dir, options()?).context("opening the new environment")?;
        let played = play_in(&environment, &plan, clock, bar);
        environment.close();
        played?;
        fs::rename(&dir, &place).with_context(|| format!("moving it to {}", place.display()))?;
        let now = self.open()?;
        if let Now::There(environment) = &now {
            environment.look_for_advice(LookRequest { seed: plan.seed, is_dry: false });
        }
        Ok(now)
    }

    fn drop_files(&self) -> Result<()> {
        let (place, dropped) = (self.data.environment(SAMPLE), self.dropped());
        if place.exists() {
            // Gone at once, whatever interrupts the deletion of its files.
            fs::rename(&place, &dropped).with_context(|| format!("moving {} aside", place.display()))?;
            fs::remove_dir_all(&dropped).with_context(|| format!("deleting {}", dropped.display()))?;
        }
        Ok(())
    }
}

impl SampleData for Sample {
    fn state(&self) -> SampleState {
        match &*self.0.now() {
            Now::Absent | Now::Removing => SampleState::Absent,
            Now::Loading(bar) => {
                SampleState::Loading { days: bar.position(), of: bar.length().unwrap_or_default() }
            }
            Now::There(_) => SampleState::There,
            Now::Failed(why) => SampleState::Failed(why.clone()),
        }
    }

    fn load(&self) {
        let bar = ProgressBar::hidden();
        bar.set_length(days().into());
        {
            let mut now = self.0.now();
            if !matches!(*now, Now::Absent | Now::Failed(_)) {
                return;
            }
            *now = Now::Loading(bar.clone());
        }
        let (sample, runtime) = (Arc::clone(&self.0), tokio::runtime::Handle::current());
        // A thread of its own, which nobody waits for when the server stops: what it made till then is thrown away.
        let begun = std::thread::Builder::new().name("sample-data".into()).spawn(move || {
            let _inside = runtime.enter();
            let made = sample.make(&bar).unwrap_or_else(|error| {
                tracing::warn!(error = format!("{error:#}"), "sample data could not be made");
                Now::Failed(format!("{error:#}"))
            });
            *sample.now() = made;
        });
        if let Err(error) = begun {
            *self.0.now() = Now::Failed(error.to_string());
        }
    }

    fn remove(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let environment = {
                let mut now = self.0.now();
                match std::mem::replace(&mut *now, Now::Removing) {
                    Now::There(environment) => Some(environment),
                    Now::Failed(_) => None,
                    Now::Absent => {
                        *now = Now::Absent;
                        return Ok(());
                    }
                    busy => {
                        *now = busy;
                        return Err("it is being made or removed".to_owned());
                    }
                }
            };
            self.0.serve(None);
            let sample = Arc::clone(&self.0);
            let dropped = tokio::task::spawn_blocking(move || {
                if let Some(environment) = environment {
                    environment.close();
                }
                sample.drop_files()
            });
            let dropped = dropped.await.unwrap_or_else(|error| Err(error.into()));
            *self.0.now() = match &dropped {
                Ok(()) => Now::Absent,
                Err(error) => Now::Failed(format!("{error:#}")),
            };
            dropped.map_err(|error| format!("{error:#}"))
        })
    }
}

/// The product, whose last day ended at midnight, in UTC.
fn plan() -> MarketPlan {
    let now_ms = SystemClock::start().wall_ms();
    let mut plan = sample_plan(days());
    plan.start = Millis(now_ms - now_ms.rem_euclid(DAY_MS) - i64::from(plan.days) * DAY_MS);
    plan
}

fn days() -> u32 {
    std::env::var(DAYS_VARIABLE).ok().and_then(|days| days.parse().ok()).unwrap_or(DAYS)
}
