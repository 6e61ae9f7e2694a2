//! Charging what was held.

use chargly_ledger::{Action, CaptureRequest, KeyNo, Payload, Usage};
use compact_str::CompactString;

use super::item::Namespace;
use super::meter_events::{Properties, taken_apart};
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

impl Environment {
    /// Captures a hold, wholly or in part; `usage` is of a model, where the cost is to be computed.
    pub async fn capture_hold(
        &self,
        actor: KeyNo,
        request: CaptureRequest,
        usage: Option<Usage>,
        properties: Option<Properties>,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let (properties, inputs, facets) = taken_apart(properties, usage);
        let payload = Payload { properties, ..Payload::default() };
        let mut arena = Vec::new();
        let action = Action::CaptureHold { request, inputs, facets };
        let item = self.item(actor, action, key, &Namespace::OfWallet, payload, &mut arena);
        self.call_one(item, arena, true).await
    }
}
