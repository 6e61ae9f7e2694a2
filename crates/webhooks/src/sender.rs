//! The sender of one endpoint: takes lanes that are due, a few at once, one message of each, and records what became of
//! them.
//!
//! Nothing is kept here but what is under way: the queue is in the file, in the order of lanes that have waited longest.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chargly_engine::journal::crash_point;
use chargly_ops::{Attempted, Endpoint, EndpointNo, Next, OpsError, Pending};
use tokio::task::JoinSet;

use crate::attempt::Reply;
use crate::schedule::{DISABLED_AFTER_MS, Health, wait_after_ms};
use crate::service::Shared;
use crate::sign::Secret;

/// A message was sent, and nobody has noted it: after a crash here it is sent again.
const AFTER_SEND: &str = "webhooks.after_send";
/// How long a sender rests that cannot use the file, before it tries again.
const RETRY_NAP: Duration = Duration::from_millis(500);

/// Messages to be sent now, and the secrets that sign them.
type Load = (Vec<Pending>, Arc<[Secret]>);

/// An attempt that has ended.
struct Landed {
    pending: Pending,
    reply: Reply,
    at_ms: i64,
    took_ms: i64,
}

/// Sends to an endpoint for as long as it is enabled.
pub(crate) async fn run(shared: Arc<Shared>, number: EndpointNo) {
    let (mut flights, mut busy) = (JoinSet::new(), HashSet::new());
    let (mut news, mut health) = (shared.news.subscribe(), Health::default());
    loop {
        news.mark_unchanged();
        let Some(endpoint) = shared.endpoint(number).filter(|endpoint| endpoint.disabled.is_none()) else {
            return;
        };
        if let Err(error) = launch(&shared, &endpoint, &mut flights, &mut busy, &health).await {
            tracing::error!(environment = shared.env.name(), endpoint = endpoint.id, %error, "webhooks cannot be sent");
            tokio::time::sleep(RETRY_NAP).await;
            continue;
        }
        tokio::select! {
            landed = flights.join_next(), if !flights.is_empty() => {
                let Some(Ok(first)) = landed else {
                    // What was under way with it is sent again.
                    tracing::error!(environment = shared.env.name(), endpoint = endpoint.id, "an attempt has failed badly");
                    flights.shutdown().await;
                    busy.clear();
                    continue;
                };
                let mut all: Vec<Landed> = vec![first];
                while let Some(Ok(more)) = flights.try_join_next() {
                    all.push(more);
                }
                for landed in &all {
                    busy.remove(&landed.pending.lane);
                }
                land(&shared, &endpoint, all, &mut health).await;
            }
            _ = news.changed() => {}
            () = tokio::time::sleep(shared.options.look_every) => {}
        }
    }
}

/// Sends what is due, as far as there is room.
async fn launch(
    shared: &Arc<Shared>,
    endpoint: &Endpoint,
    flights: &mut JoinSet<Landed>,
    busy: &mut HashSet<i64>,
    health: &Health,
) -> Result<(), OpsError> {
    let (now_ms, room) = (shared.now_ms(), health.sends_at_once().saturating_sub(flights.len()));
    if room == 0 || now_ms < health.rests_until_ms || shared.is_paused() {
        return Ok(());
    }
    let (taken, asked) = (busy.clone(), endpoint.clone());
    let due = shared.on_file(move |shared| due(shared, &asked, (now_ms, room), &taken)).await?;
    let Some((pending, secrets)) = due else { return Ok(()) };
    for pending in pending {
        busy.insert(pending.lane);
        let (shared, endpoint, secrets) = (Arc::clone(shared), endpoint.clone(), secrets.clone());
        flights.spawn(async move {
            let at_ms = shared.now_ms();
            let message = (pending.id.as_str(), pending.body.clone());
            let reply = shared.caller.send(&endpoint, &secrets, message, at_ms).await;
            crash_point(AFTER_SEND);
            Landed { reply, at_ms, took_ms: (shared.now_ms() - at_ms).max(0), pending }
        });
    }
    Ok(())
}

/// The first message of each lane that is due and not under way, with the secrets that sign.
fn due(
    shared: &Shared,
    endpoint: &Endpoint,
    (now_ms, room): (i64, usize),
    busy: &HashSet<i64>,
) -> Result<Option<Load>, OpsError> {
    let lanes = shared.ops.due_lanes(endpoint.number, now_ms, room + busy.len())?;
    let free = lanes.into_iter().filter(|due| !busy.contains(&due.lane)).take(room);
    let mut found = Vec::new();
    for lane in free {
        found.extend(shared.ops.head(endpoint.number, lane.lane)?);
    }
    if found.is_empty() {
        return Ok(None);
    }
    Ok(Some((found, secrets(shared, endpoint, now_ms)?)))
}

/// The secrets that sign for an endpoint now, the newest first.
pub(crate) fn secrets(shared: &Shared, endpoint: &Endpoint, now_ms: i64) -> Result<Arc<[Secret]>, OpsError> {
    let kept = shared.ops.secrets(endpoint, now_ms)?;
    Ok(kept.iter().filter_map(|kept| Secret::from_kept(kept)).collect())
}

/// Records attempts, and disables the endpoint where that is what they mean.
async fn land(shared: &Arc<Shared>, endpoint: &Endpoint, landed: Vec<Landed>, health: &mut Health) {
    let mut is_gone = false;
    let mut attempts = Vec::new();
    for Landed { pending, reply, at_ms, took_ms } in landed {
        count(shared, reply.result);
        let end_ms = at_ms + took_ms;
        if reply.is_delivered() {
            health.note_success();
        } else {
            health.note_failure(reply.is_overloaded(), reply.retry_after_ms, end_ms);
            is_gone |= reply.is_gone();
        }
        let next = next(&pending, &reply, (end_ms, shared.chance()));
        let Reply { status, result, answer, .. } = reply;
        let Pending { delivery, lane, .. } = pending;
        attempts.push(Attempted { delivery, lane, at_ms, took_ms, status, result, answer, next });
    }
    let (number, now_ms) = (endpoint.number, shared.now_ms());
    let recorded = shared
        .on_file(move |shared| {
            if shared.ops.record_attempts(number, &attempts)? {
                shared.reload()?;
            }
            let since_ms = shared.endpoint(number).and_then(|endpoint| endpoint.failing_since_ms);
            let why = match since_ms {
                _ if is_gone => "the receiver answered 410: it is gone",
                Some(since_ms) if now_ms - since_ms >= DISABLED_AFTER_MS => "nothing but failures for 5 days",
                Some(_) | None => return Ok(()),
            };
            shared.ops.disable_endpoint(number, why)?;
            shared.reload()
        })
        .await;
    if let Err(error) = recorded {
        // What was sent is sent again.
        tracing::error!(environment = shared.env.name(), endpoint = endpoint.id, %error, "attempts cannot be noted");
        tokio::time::sleep(RETRY_NAP).await;
    }
}

/// What becomes of a message after an attempt.
fn next(pending: &Pending, reply: &Reply, (now_ms, chance): (i64, i64)) -> Next {
    if reply.is_delivered() {
        return Next::Delivered;
    }
    match wait_after_ms(pending.tries + 1, chance) {
        Some(wait_ms) => Next::Again(now_ms + wait_ms.max(reply.retry_after_ms.unwrap_or(0))),
        None => Next::GiveUp,
    }
}

fn count(shared: &Shared, result: &'static str) {
    let environment = shared.env.name().to_owned();
    metrics::counter!("chargly_webhook_attempts_total", "environment" => environment, "result" => result)
        .increment(1);
}
