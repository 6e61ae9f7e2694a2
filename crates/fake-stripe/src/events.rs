//! Events: what happened, with the object as it was then, listed and waiting to be delivered.

use serde_json::{Value, json};

use crate::errors::ApiError;
use crate::params::Params;
use crate::state::{State, number, text};

/// The version of the API that events are written in.
const API_VERSION: &str = "2026-10-28.endive";

impl State {
    /// Something happened to `object`.
    pub(crate) fn happened(&mut self, kind: &str, object: &Value) {
        let id = self.next_id("evt");
        let event = json!({
            "id": id,
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now_s(),
            "data": {"object": object},
            "livemode": self.options.is_live,
            "pending_webhooks": self.endpoints.len(),
            "request": {"id": null, "idempotency_key": null},
            "type": kind,
        });
        self.events.insert(event);
        self.undelivered.push(id);
    }

    /// The events in the queue.
    pub(crate) fn queue(&self) -> Vec<Value> {
        self.undelivered.iter().filter_map(|id| self.events.get(id).ok().cloned()).collect()
    }
}

/// `GET /v1/events`
pub(crate) fn list(state: &State, params: &Params) -> Result<Value, ApiError> {
    params.only(&[
        "created",
        "delivery_success",
        "ending_before",
        "limit",
        "starting_after",
        "type",
        "types",
    ])?;
    let since = params.integer("created[gte]")?.unwrap_or(i64::MIN);
    let types = params.list("types");
    let wanted = |event: &Value| {
        let kind = text(event, "type");
        let id = text(event, "id");
        let delivered = !state.undelivered.contains(&id) && !state.dropped.contains(&id);
        let asked = params.get("delivery_success").map(|success| success == "true");
        number(event, "created") >= since
            && (types.is_empty() || types.contains(&kind.as_str()))
            && params.get("type").is_none_or(|asked| asked == kind)
            && asked.is_none_or(|asked| asked == delivered)
    };
    state.events.page(params, "/v1/events", wanted)
}
