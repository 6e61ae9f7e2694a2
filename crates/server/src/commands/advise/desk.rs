//! Where advice is: a server, or a data directory that nobody serves.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chargly_api::{Id, IdKind};
use chargly_engine::journal::DirLock;
use chargly_engine::ledger::{Advised, Catalogue, EntryId, KeyNo, Millis, Position, RejectAdviceRequest};
use chargly_engine::{ApplyAdvice, Environment, LookRequest, LookStatus, SystemClock};
use chargly_http::{
    explanation_json, look_json, recommendation_json, recommendation_summary_json, track_record_json,
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::data_dir::{DataDir, HowToOpen, environments_named};
use crate::failure::{Advice, Usage};
use crate::http_client::Client;
use crate::place::Place;
use crate::progress;

/// How often it is asked how far a look is.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// Advice asked for at once.
const PAGE: &str = "1000";

/// Where advice is.
pub(super) enum Desk {
    Server(Client),
    Directory { environment: Arc<Environment>, _lock: DirLock },
}

/// A decision on a piece of advice.
pub(super) enum Decided<'a> {
    Apply { notice_days: Option<u32>, reason: Option<&'a str> },
    Reject { reason: Option<&'a str> },
    RollBack { reason: Option<&'a str> },
}

impl Decided<'_> {
    /// The last part of its path.
    fn verb(&self) -> &'static str {
        match self {
            Self::Apply { .. } => "apply",
            Self::Reject { .. } => "reject",
            Self::RollBack { .. } => "roll-back",
        }
    }

    fn body(&self) -> Value {
        let mut body = json!({});
        let (Self::Apply { reason, .. } | Self::Reject { reason } | Self::RollBack { reason }) = self;
        if let Some(reason) = reason {
            body["reason"] = json!(reason);
        }
        if let Self::Apply { notice_days: Some(days), .. } = self {
            body["notice_days"] = json!(days);
        }
        body
    }
}

impl Desk {
    /// The server that was named, or the data directory.
    ///
    /// # Errors
    /// If the directory has no project, or a server is using it.
    pub(super) fn open(place: &Place, runtime: &Runtime) -> Result<Self> {
        if let Some(client) = place.client()? {
            return Ok(Self::Server(client));
        }
        let data = DataDir::at(&place.data);
        data.project()?;
        let name = environments_named(Some(&place.env))?[0];
        let lock = data.lock("`chargly advise`", &SystemClock::start())?;
        let environment = runtime.block_on(async { data.open(name, HowToOpen::default()) })?;
        Ok(Self::Directory { environment, _lock: lock })
    }

    /// Lets go of the data directory.
    pub(super) fn close(self) {
        if let Self::Directory { environment, .. } = self {
            environment.close();
        }
    }

    /// Looks for advice and waits for the end: the look's result.
    pub(super) async fn look(&self, seed: u64, is_dry: bool) -> Result<Value> {
        match self {
            Self::Server(client) => look_at_server(client, seed, is_dry).await,
            Self::Directory { environment, .. } => look_in(environment, LookRequest { seed, is_dry }).await,
        }
    }

    /// Every open piece of advice with its card.
    pub(super) async fn pending(&self) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        for one in self.list(None, Some("pending")).await? {
            all.push(self.one(one["id"].as_str().unwrap_or_default()).await?);
        }
        Ok(all)
    }

    /// Advice that passes a filter, newest first.
    pub(super) async fn list(&self, event: Option<&str>, status: Option<&str>) -> Result<Vec<Value>> {
        match self {
            Self::Server(client) => {
                let mut query = vec![("limit".to_owned(), PAGE.to_owned())];
                query.extend(event.map(|event| ("event".to_owned(), event.to_owned())));
                query.extend(status.map(|status| ("status".to_owned(), status.to_owned())));
                client.list(&["v1", "recommendations"], &query, "listing advice").await
            }
            Self::Directory { environment, .. } => {
                let (catalogue, now) = (environment.catalogue(), Millis(environment.wall_ms()));
                let event_type = match event {
                    Some(event) => {
                        let known = catalogue.event_type(event);
                        let unknown = || Usage(format!("--event {event}: there is no such event type"));
                        Some(known.ok_or_else(unknown)?.number)
                    }
                    None => None,
                };
                let found = catalogue.recommendations.iter().rev().filter(|known| {
                    event_type.is_none_or(|event_type| event_type == known.recommendation.event_type)
                        && status.is_none_or(|status| status == known.status(now).as_str())
                });
                found.map(|known| parsed(&recommendation_summary_json(known, &catalogue, now))).collect()
            }
        }
    }

    /// One piece of advice with its card.
    pub(super) async fn one(&self, id: &str) -> Result<Value> {
        match self {
            Self::Server(client) => {
                let answer = client.call(Method::GET, &["v1", "recommendations", id], None).await?;
                answer.ok("reading the advice")
            }
            Self::Directory { environment, .. } => {
                let catalogue = environment.catalogue();
                let now = Millis(environment.wall_ms());
                parsed(&recommendation_json(known(&catalogue, id)?, &catalogue, now))
            }
        }
    }

    /// The arithmetic behind it.
    pub(super) async fn explained(&self, id: &str) -> Result<Value> {
        match self {
            Self::Server(client) => {
                let path = ["v1", "recommendations", id, "explain"];
                client.call(Method::GET, &path, None).await?.ok("reading the arithmetic")
            }
            Self::Directory { environment, .. } => {
                let catalogue = environment.catalogue();
                parsed(&explanation_json(known(&catalogue, id)?, &catalogue))
            }
        }
    }

    /// How often advice came true.
    pub(super) async fn track_record(&self) -> Result<Value> {
        match self {
            Self::Server(client) => {
                let path = ["v1", "recommendations", "track-record"];
                client.call(Method::GET, &path, None).await?.ok("reading the track record")
            }
            Self::Directory { environment, .. } => parsed(&track_record_json(&environment.catalogue())),
        }
    }

    /// Decides on one.
    pub(super) async fn decide(&self, id: &str, decision: &Decided<'_>) -> Result<()> {
        match self {
            Self::Server(client) => {
                let path = ["v1", "recommendations", id, decision.verb()];
                let body = decision.body().to_string();
                client.call(Method::POST, &path, Some(body)).await?.ok("deciding on the advice")?;
            }
            Self::Directory { environment, .. } => decide_in(environment, id, decision).await?,
        }
        Ok(())
    }
}

async fn look_at_server(client: &Client, seed: u64, is_dry: bool) -> Result<Value> {
    let path = ["v1", "recommendations", "look"];
    let body = json!({"seed": seed, "dry_run": is_dry}).to_string();
    let mut job = client.call(Method::POST, &path, Some(body)).await?.ok("asking for a look")?;
    if job["seed"] != seed || job["dry_run"] != is_dry {
        bail!(Advice::new(
            "another look was at work already, with another seed or another wish about recording",
            "Wait until it is over (GET /v1/recommendations/look), then ask again.",
        ));
    }
    let id = job["id"].clone();
    let bar = progress::count("looking for advice", 0);
    while matches!(job["status"].as_str(), Some("queued" | "running" | "cancelling")) {
        bar.set_length(job["progress"]["all"].as_u64().unwrap_or(0));
        bar.set_position(job["progress"]["done"].as_u64().unwrap_or(0));
        tokio::time::sleep(ASK_EVERY).await;
        job = client.call(Method::GET, &path, None).await?.ok("asking how far the look is")?;
        if job["id"] != id {
            bail!("the look is gone: the server was restarted, or another look has begun");
        }
    }
    bar.finish_and_clear();
    if job["status"] != "done" {
        let why = job["problem"].as_str().unwrap_or("it says no more");
        bail!("the look is {}: {why}", job["status"].as_str().unwrap_or("of an unknown status"));
    }
    Ok(job["result"].clone())
}

async fn look_in(environment: &Arc<Environment>, request: LookRequest) -> Result<Value> {
    let job = environment.look_for_advice(request);
    let bar = progress::count("looking for advice", 0);
    loop {
        match job.status() {
            LookStatus::Queued | LookStatus::Running => {
                let (done, all) = job.watch.progress();
                bar.set_length(all);
                bar.set_position(done);
                tokio::time::sleep(ASK_EVERY).await;
            }
            LookStatus::Done(looked) => {
                bar.finish_and_clear();
                return parsed(&look_json(&looked, request.is_dry, &environment.catalogue()));
            }
            LookStatus::Cancelled => bail!("the look was cancelled"),
            LookStatus::Failed(why) => bail!("looking for advice: {why}"),
        }
    }
}

async fn decide_in(environment: &Arc<Environment>, id: &str, decision: &Decided<'_>) -> Result<()> {
    let recommendation = known(&environment.catalogue(), id)?.id;
    let text = |reason: &Option<&str>| reason.unwrap_or_default().into();
    let decided = match decision {
        Decided::Apply { notice_days, reason } => {
            let request = ApplyAdvice {
                recommendation,
                notice_days: *notice_days,
                effective_at: None,
                reason: text(reason),
            };
            environment.apply_recommendation(KeyNo::SYSTEM, request, None).await
        }
        Decided::Reject { reason } => {
            let request = RejectAdviceRequest { recommendation, reason: text(reason) };
            environment.reject_recommendation(KeyNo::SYSTEM, request, None).await
        }
        Decided::RollBack { reason } => {
            let reason = text(reason);
            environment.roll_back_recommendation(KeyNo::SYSTEM, recommendation, reason, None).await
        }
    };
    decided.map(|_| ()).context("deciding on the advice")
}

fn known<'c>(catalogue: &'c Catalogue, id: &str) -> Result<&'c Advised> {
    let id = Id::parse(id, IdKind::Recommendation)
        .map(|id| EntryId { position: Position(id.position), tag: id.tag });
    let known = id.and_then(|id| catalogue.recommendation(id.position).filter(|known| known.id == id));
    known.ok_or_else(|| {
        let next = "`chargly advise list` shows what there is; --env names the other environment.";
        anyhow::Error::from(std::io::Error::from(std::io::ErrorKind::NotFound))
            .context(Advice::new("there is no such advice", next))
    })
}

fn parsed(json: &[u8]) -> Result<Value> {
    serde_json::from_slice(json).context("reading the advice")
}
