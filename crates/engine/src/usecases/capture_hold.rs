//! Charging what was held.

use chargly_ledger::{Action, CaptureRequest, KeyNo, Payload, PriceInputs};
use compact_str::CompactString;

use super::item::Namespace;
use super::meter_events::Properties;
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

impl Environment {
    /// Captures a hold, wholly or in part.
    pub async fn capture_hold(
        &self,
        actor: KeyNo,
        request: CaptureRequest,
        properties: Option<Properties>,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let (properties, inputs) = match properties {
            Some(p) => (Some(p.canonical), p.inputs),
            None => (None, PriceInputs::new()),
        };
        let payload = Payload { properties, ..Payload::default() };
        let mut arena = Vec::new();
        let action = Action::CaptureHold { request, inputs };
        let item = self.item(actor, action, key, &Namespace::OfWallet, payload, &mut arena);
        self.call_one(item, arena, true).await
    }
}
