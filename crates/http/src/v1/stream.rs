//! `GET /v1/stream`: facts as they commit, as server-sent events. The id of an event is its position; a reader that
//! comes back with `Last-Event-ID` goes on behind it, and is told what it had to skip.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use chargly_api::limits::{STREAM_CATCH_UP_FACTS_MAX, STREAMS_MAX};
use chargly_api::{ErrorCode, Problem, Problems, object};
use chargly_engine::ledger::{Catalogue, EventTypeNo, Fact, KeyNo, Millis, Position, WalletEvent, WalletNo};
use chargly_engine::{CallError, Committed, Environment, StoredFact, read_entry};
use compact_str::CompactString;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::answer::Answer;
use crate::call::{Call, check_epoch, check_position};
use crate::facts::{kind, write_fact};

/// How long a silent stream waits before it says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Customers whose ids one stream remembers; beyond it starts to remember anew.
const CUSTOMERS_REMEMBERED_MAX: usize = 10_000;

struct Request {
    customer: Option<String>,
    event_type: Option<EventTypeNo>,
    after: Option<(u32, u64)>,
}

fn from_request(call: &mut Call) -> Result<Request, Problem> {
    let catalogue = call.env.catalogue();
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let customer = query.customer(&mut problems);
    let event_type = query.event_type(&catalogue, &mut problems);
    query.finish(&mut problems);
    let after = call.last_event_id.as_deref().map(check_position).transpose();
    let after = after.unwrap_or_else(|problem| {
        problems.add("Last-Event-ID", problem);
        None
    });
    problems.check()?;
    Ok(Request { customer, event_type, after })
}

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let request = from_request(&mut call)?;
    let Ok(permit) = Arc::clone(&call.project.streams).try_acquire_owned() else {
        let detail = format!("{STREAMS_MAX} streams are open, the most this server serves at once.");
        return Err(Problem::new(ErrorCode::RateLimited, detail).number("limit", STREAMS_MAX).retry_after(5));
    };
    let committed = call.env.tail().committed();
    let from = match request.after {
        Some((epoch, position)) => {
            check_epoch(&call.env, epoch, position, "Last-Event-ID").await?;
            position + 1
        }
        None => committed.next.0,
    };
    let mut stream = Stream {
        follow: call.env.tail().follow(),
        env: call.env,
        actor: call.key.number,
        customer: request.customer,
        event_type: request.event_type,
        next: from,
        customers: HashMap::new(),
        waiting: VecDeque::new(),
        _permit: permit,
    };
    stream.skip_what_is_too_old(committed.next.0);
    // A first line at once: the reader knows that it is connected, and proxies let it through.
    stream.waiting.push_front(Bytes::from_static(b": chargly\n\n"));
    let chunks = futures_util::stream::unfold(stream, |mut stream| async move {
        let bytes = stream.next_bytes().await?;
        Some((Ok::<_, Infallible>(bytes), stream))
    });
    Ok(Answer::new(StatusCode::OK, "text/event-stream", Body::from_stream(chunks)))
}

struct Stream {
    env: Arc<Environment>,
    actor: KeyNo,
    follow: watch::Receiver<Committed>,
    customer: Option<String>,
    event_type: Option<EventTypeNo>,
    /// The next position to look at.
    next: u64,
    customers: HashMap<WalletNo, CompactString>,
    waiting: VecDeque<Bytes>,
    /// Held while the stream is open.
    _permit: OwnedSemaphorePermit,
}

impl Stream {
    /// The next bytes to send; `None` ends the stream.
    async fn next_bytes(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.waiting.pop_front() {
                return Some(bytes);
            }
            // A revoked key gets nothing more, however long ago its stream was opened.
            if !self.is_authorised() {
                return None;
            }
            if self.follow.borrow_and_update().next.0 > self.next {
                self.read_on().await.ok()?;
                continue;
            }
            match tokio::time::timeout(KEEP_ALIVE, self.follow.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => self.waiting.push_back(Bytes::from_static(b": still here\n\n")),
            }
        }
    }

    fn is_authorised(&self) -> bool {
        let catalogue = self.env.catalogue();
        catalogue.key(self.actor).is_some_and(|key| key.dead_at > Millis(self.env.wall_ms()))
    }

    fn skip_what_is_too_old(&mut self, head: u64) {
        let from = resumed_at(self.next, head);
        if from > self.next {
            let epoch = self.env.tail().committed().epoch;
            let data = object(|o| {
                o.number("facts", from - self.next).shown("from", format_args!("{epoch}.{}", self.next));
            });
            self.waiting.push_back(sse("skipped", &format!("{epoch}.{}", from - 1), &data));
            self.next = from;
        }
    }

    /// Reads the next chunks and puts what passes the filter in line.
    async fn read_on(&mut self) -> Result<(), CallError> {
        let (env, from) = (Arc::clone(&self.env), Position(self.next));
        let read = move || -> Result<Vec<StoredFact>, CallError> {
            let mut facts = Vec::new();
            // One chunk at a time: a slow reader has at most one decoded.
            if let Some(chunk) = env.facts().chunks_from(from)?.first() {
                for entry in chunk.entries().filter(|entry| entry.position.0 >= from.0) {
                    facts.push(read_entry(chunk, &entry)?);
                }
            }
            Ok(facts)
        };
        let stopped = Err(CallError::Failed(chargly_engine::Failure::Stopped));
        let facts = tokio::task::spawn_blocking(read).await.unwrap_or(stopped)?;
        let Some(last) = facts.last() else {
            return Err(CallError::Failed(chargly_engine::Failure::Stopped));
        };
        self.next = last.id.position.0 + 1;
        let facts: Vec<StoredFact> =
            facts.into_iter().filter(|stored| self.is_of_type(&stored.fact)).collect();
        self.learn_customers(&facts).await?;
        let catalogue = self.env.catalogue();
        for stored in &facts {
            self.put_in_line(stored, &catalogue);
        }
        Ok(())
    }

    fn put_in_line(&mut self, stored: &StoredFact, catalogue: &Catalogue) {
        let customer = wallet_of(&stored.fact).and_then(|wallet| self.customers.get(&wallet));
        let customer = customer.map(CompactString::as_str).unwrap_or_default();
        if self.customer.as_deref().is_some_and(|wanted| wanted != customer) {
            return;
        }
        let data = object(|o| write_fact(o, stored, customer, catalogue));
        let id = format!("{}.{}", stored.epoch, stored.id.position);
        self.waiting.push_back(sse(kind(&stored.fact), &id, &data));
    }

    fn is_of_type(&self, fact: &Fact) -> bool {
        self.event_type.is_none_or(|wanted| event_type_of(fact) == Some(wanted))
    }

    /// Asks for the customers of wallets that this stream does not know yet, all in one turn of the writer.
    async fn learn_customers(&mut self, facts: &[StoredFact]) -> Result<(), CallError> {
        if self.customers.len() > CUSTOMERS_REMEMBERED_MAX {
            self.customers.clear();
        }
        let mut unknown: Vec<WalletNo> = facts.iter().filter_map(|stored| wallet_of(&stored.fact)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.retain(|wallet| !self.customers.contains_key(wallet));
        if !unknown.is_empty() {
            let customers = self.env.customers_of(&unknown).await?;
            self.customers.extend(unknown.into_iter().zip(customers));
        }
        Ok(())
    }
}

fn wallet_of(fact: &Fact) -> Option<WalletNo> {
    match fact {
        Fact::Wallet(fact) => Some(fact.header.wallet),
        Fact::BatchAccepted { wallet, .. } => Some(*wallet),
        Fact::Catalogue(_) | Fact::EnvironmentCreated { .. } | Fact::EpochStarted { .. } => None,
    }
}

fn event_type_of(fact: &Fact) -> Option<EventTypeNo> {
    let Fact::Wallet(fact) = fact else { return None };
    match &fact.event {
        WalletEvent::Metered { request, .. } => Some(request.event_type),
        WalletEvent::HoldCaptured { of, .. } => Some(of.event_type),
        WalletEvent::HoldPlaced { request, .. } => Some(request.event_type),
        _ => None,
    }
}

/// One server-sent event. The data is JSON on one line.
fn sse(name: &str, id: &str, data: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(data.len() + 64);
    out.extend_from_slice(format!("id: {id}\nevent: {name}\ndata: ").as_bytes());
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
    Bytes::from(out)
}

/// Where a stream goes on that has read up to `next`: there, unless that is too far behind the head.
fn resumed_at(next: u64, head: u64) -> u64 {
    next.max(head.saturating_sub(STREAM_CATCH_UP_FACTS_MAX as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_skips_only_what_is_further_back_than_the_limit() {
        let limit = STREAM_CATCH_UP_FACTS_MAX as u64;
        for (next, head, expected) in
            [(0, limit - 1, 0), (0, limit, 0), (0, limit + 1, 1), (5, 5, 5), (6, 5, 6)]
        {
            assert_eq!(resumed_at(next, head), expected, "{next} {head}");
        }
    }
}
