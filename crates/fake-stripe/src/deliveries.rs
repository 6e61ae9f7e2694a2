//! Deliveries: events leave the queue towards the endpoints, signed, in whatever order a test asks for.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::server::Shared;
use crate::signature::sign;
use crate::state::{State, text};

/// Where events are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    /// Two while one takes the place of the other: each makes a signature.
    pub(crate) secrets: Vec<String>,
}

/// One delivery, and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which event.
    pub event: String,
    /// What it said: `checkout.session.completed`.
    pub kind: String,
    /// What the endpoint answered; 0 when it could not be reached.
    pub status: u16,
}

impl Attempt {
    pub(crate) fn to_json(&self) -> Value {
        json!({"event": self.event, "type": self.kind, "status": self.status})
    }
}

/// Delivers the events at these places of the queue (all when not said), each so many times to every endpoint. An event
/// that was answered with 2xx by the last endpoint is in the queue no longer.
pub(crate) async fn deliver(
    shared: &Arc<Shared>,
    order: Option<&[usize]>,
    times: u32,
    signed_ago_s: i64,
) -> Vec<Attempt> {
    let (events, endpoints) = {
        let state = shared.state();
        let queue = state.queue();
        let all: Vec<usize> = (0..queue.len()).collect();
        let chosen = order.unwrap_or(&all).iter().filter_map(|index| queue.get(*index).cloned());
        (chosen.collect::<Vec<_>>(), state.endpoints.clone())
    };
    let mut attempts = Vec::new();
    for event in &events {
        for endpoint in &endpoints {
            for _ in 0..times {
                attempts.push(attempt(shared, event, endpoint, signed_ago_s).await);
            }
        }
    }
    attempts
}

async fn attempt(shared: &Shared, event: &Value, endpoint: &Endpoint, signed_ago_s: i64) -> Attempt {
    let (event_id, kind) = (text(event, "id"), text(event, "type"));
    let (body, signature, lost) = {
        let mut state = shared.state();
        // Stripe sends its events with two spaces of indentation: whoever verifies what it has parsed and written again
        // is found out.
        let body = serde_json::to_vec_pretty(event).unwrap_or_default();
        let signature = sign(&body, &endpoint.secrets, state.now_s() - signed_ago_s);
        (body, signature, state.lose_delivery())
    };
    let status = match lost {
        Some(status) => status,
        None => {
            let sent = shared.http.post(&endpoint.url).header("stripe-signature", signature);
            let sent = sent.header("content-type", "application/json; charset=utf-8").body(body).send().await;
            sent.map_or(0, |answer| answer.status().as_u16())
        }
    };
    if (200..300).contains(&status) {
        shared.state().undelivered.retain(|id| *id != event_id);
    }
    Attempt { event: event_id, kind, status }
}

impl State {
    /// The status that a delivery counts as answered with, when it is to get lost.
    fn lose_delivery(&mut self) -> Option<u16> {
        let (left, status) = self.failing;
        self.failing.0 = left.checked_sub(1)?;
        Some(status)
    }

    /// Takes an event out of the queue for good: it is listed as not delivered, and never sent.
    pub(crate) fn drop_event(&mut self, index: usize) -> String {
        let event = self.undelivered.remove(index);
        self.dropped.push(event.clone());
        event
    }
}
