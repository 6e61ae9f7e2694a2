//! Questions about three months of events: how long they take, whether the figures keep up, and what the questions
//! cost those who commit meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rand::Rng as _;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Session;
use super::loads::{EIGHT_THOUSAND, THOUSAND, spread};
use crate::client::Connection;
use crate::figures::{millis, per_second, rate, ratio};
use crate::load::Shape;
use crate::process::now;
use crate::report::{Measure, readable};
use crate::request::{DAYS, Day, KIND_PREFIX, Target, Template};
use crate::served::Served;
use crate::wallets::{self, FIRST_CUSTOMER};

const EVENTS: u64 = 10_000_000;
const EVENTS_QUICK: u64 = 50_000;
/// Customers of the published case.
const WALLETS: u32 = 100_000;
const CONNECTIONS: u32 = 8;
/// How often each question is asked, after once to warm up.
const ASKED: u32 = 20;
/// People who look at a page while others commit: each asks every question, and again after a pause.
const ASKERS: u32 = 4;
/// How long each looks at what was answered.
const LOOK: Duration = Duration::from_secs(1);
/// How long between two looks at what has not caught up or ended.
const PAUSE: Duration = Duration::from_millis(20);
/// How long that may take in all: ten times what the slowest machine should need.
const PATIENCE: Duration = Duration::from_secs(600);

impl Session<'_> {
    pub(super) async fn questions(&mut self) -> Result<()> {
        let events = self.events(EVENTS, EVENTS_QUICK);
        let wallets = if self.plan.quick { self.plan.customers } else { WALLETS };
        let mut on = self.begin(wallets).await?;
        wallets::put_kinds(&on.target).await?;
        let today = Day(self.plan.day);
        let filled = format!("{} events of {DAYS} days", readable(events));
        self.say(&format!("figures: sending {filled}"));
        let months = Shape { before: Some(today), ..spread(&on, CONNECTIONS, EIGHT_THOUSAND) };
        let mut load = on.start(months, self.seeds.random()).await?;
        load.go_on_until(events).await?;
        let window = load.cut()?;
        on.enter(months.customers, load.stop().await?);
        let case = format!("figures, {filled}");
        self.report.add(&case, Measure::EventsPerSecond, vec![rate(&window)]);
        let lag = self.caught_up(&on).await?;
        self.report.add("figures live after the last answer", Measure::Milliseconds, vec![millis(lag)]);
        for (name, path) in asked(today) {
            let case = format!("{name}, of {filled}");
            self.say(&case);
            let times = ask_repeatedly(&on.target, &path).await.with_context(|| path.clone())?;
            self.report.add(&case, Measure::P50Milliseconds, times);
        }
        self.pages(&mut on).await?;
        self.beside_questions(&mut on, today).await?;
        self.simulation(&on).await?;
        self.check_books("figures", &mut on).await
    }

    /// Asks every page of the dashboard that shows figures, as a browser would, over the range of three months.
    async fn pages(&mut self, on: &mut Served) -> Result<()> {
        let cookie = on.site.sign_in().context("signing in to the dashboard")?;
        for path in pages() {
            let case = format!("page {path}, of 90 days");
            self.say(&case);
            let path = format!("/dashboard/test/{path}?range=90d");
            let get = Template::page(on.target.server, &path, &cookie);
            let times = exchange_repeatedly(&on.target, &get).await.with_context(|| path.clone())?;
            self.report.add(&case, Measure::P50Milliseconds, times);
        }
        Ok(())
    }

    /// Waits until the figures reflect all that was answered.
    async fn caught_up(&mut self, on: &Served) -> Result<Duration> {
        let (began_at, mut connection) = (now(), Connection::open(on.target.server).await?);
        let get = Template::new(&on.target, "GET", "/metrics", "");
        loop {
            let answer = connection.exchange(get.bytes()).await?;
            let text = String::from_utf8_lossy(answer.body);
            let lag = text
                .lines()
                .find(|line| line.starts_with("chargly_views_lag_facts") && line.contains("test"))
                .and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
                .context("the metrics have no lag of the views")?;
            if lag == 0 {
                return Ok(now() - began_at);
            }
            ensure!(now() - began_at < PATIENCE, "the figures do not catch up: {lag} facts behind");
            sleep(PAUSE).await;
        }
    }

    /// The same load with nobody asking and with some who look at pages, in turn.
    async fn beside_questions(&mut self, on: &mut Served, today: Day) -> Result<()> {
        let shape = spread(on, 4, THOUSAND);
        let case = format!(
            "batches of 1,000, 4 connections, beside {ASKERS} pages that ask all questions each second"
        );
        let (mut rates, mut ratios) = (Vec::new(), Vec::new());
        for run in 1..=self.plan.runs {
            self.say(&format!("{case}: run {run} of {}", self.plan.runs));
            let alone = self.measure(on, shape).await?;
            let is_over = Arc::new(AtomicBool::new(false));
            let mut askers = JoinSet::new();
            for _ in 0..ASKERS {
                askers.spawn(ask_until(on.target.clone(), today, Arc::clone(&is_over)));
            }
            let beside = self.measure(on, shape).await?;
            is_over.store(true, Ordering::Relaxed);
            while let Some(ended) = askers.join_next().await {
                ended.context("an asker's task")??;
            }
            rates.push(rate(&beside));
            ratios.push(ratio(rate(&beside), rate(&alone)));
        }
        self.report.add(&case, Measure::EventsPerSecond, rates);
        self.report.add(&case, Measure::RatioBesideQuestions, ratios);
        Ok(())
    }

    /// Replays everything under another price of one event type.
    async fn simulation(&mut self, on: &Served) -> Result<()> {
        self.say("figures: simulating other prices");
        let body = format!(
            r#"{{"from":"2000-01-01T00:00:00Z","to":"2100-01-01T00:00:00Z","rules":[{{"event":"{KIND_PREFIX}0","rule":{{"type":"flat","credits":2}}}}],"modes":["static"]}}"#
        );
        let mut connection = Connection::open(on.target.server).await?;
        let began_at = now();
        let started =
            json(&mut connection, &Template::new(&on.target, "POST", "/v1/price-simulations", &body)).await?;
        let id = started["id"].as_str().context("a simulation has an id")?.to_owned();
        let get = Template::new(&on.target, "GET", &format!("/v1/price-simulations/{id}"), "");
        let ended = loop {
            let state = json(&mut connection, &get).await?;
            match state["status"].as_str() {
                Some("done") => break state,
                Some("queued" | "running") => {}
                _ => bail!("the simulation did not end well: {state}"),
            }
            ensure!(now() - began_at < PATIENCE, "the simulation does not end: {state}");
            sleep(PAUSE).await;
        };
        let facts =
            ended["progress"]["all"].as_u64().context("a simulation says how many facts it ran again")?;
        let took = now() - began_at;
        let case = format!("simulation over {} facts, one price changed", readable(facts));
        self.report.add(&case, Measure::FactsPerSecond, vec![per_second(facts, took)]);
        Ok(())
    }
}

/// The questions that pages ask, by name and path.
fn asked(today: Day) -> [(&'static str, String); 4] {
    let range = format!("from={}T00:00:00Z&to={}T00:00:00Z", today.minus(DAYS).text(), today.text());
    [
        ("usage by day and event", format!("/v1/usage?group_by=event&interval=day&{range}")),
        ("top 50 customers", format!("/v1/customers?sort=-revenue&limit=50&{range}")),
        ("margin by event", format!("/v1/margin?group_by=event&interval=total&{range}")),
        ("one customer's days", format!("/v1/usage?customer={FIRST_CUSTOMER}&interval=day&{range}")),
    ]
}

/// The pages of the dashboard that are made of figures, below their environment.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> = [
        "overview",
        "usage",
        "customers",
        "revenue",
        "credits",
        "costs",
        "pricing",
        "price-impact",
        "health",
    ]
    .map(str::to_owned)
    .into();
    pages.push(format!("customers/{FIRST_CUSTOMER}"));
    pages.push(format!("events/{KIND_PREFIX}0"));
    pages
}

async fn ask_repeatedly(target: &Target, path: &str) -> Result<Vec<f64>> {
    exchange_repeatedly(target, &Template::new(target, "GET", path, "")).await
}

async fn exchange_repeatedly(target: &Target, get: &Template) -> Result<Vec<f64>> {
    let mut connection = Connection::open(target.server).await?;
    let mut times = Vec::new();
    for round in 0..=ASKED {
        let asked_at = now();
        let answer = connection.exchange(get.bytes()).await?;
        let time = now() - asked_at;
        ensure!(answer.status == 200, "{}: {}", answer.status, String::from_utf8_lossy(answer.body));
        if round > 0 {
            times.push(millis(time));
        }
    }
    Ok(times)
}

async fn ask_until(target: Target, today: Day, is_over: Arc<AtomicBool>) -> Result<()> {
    let questions = asked(today).map(|(_, path)| Template::new(&target, "GET", &path, ""));
    let mut connection = Connection::open(target.server).await?;
    while !is_over.load(Ordering::Relaxed) {
        for question in &questions {
            let answer = connection.exchange(question.bytes()).await?;
            ensure!(answer.status == 200, "{}: {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        sleep(LOOK).await;
    }
    Ok(())
}

async fn json(connection: &mut Connection, request: &Template) -> Result<Value> {
    let answer = connection.exchange(request.bytes()).await?;
    let text = String::from_utf8_lossy(answer.body);
    ensure!((200..300).contains(&answer.status), "{}: {text}", answer.status);
    Ok(serde_json::from_slice(answer.body)?)
}
