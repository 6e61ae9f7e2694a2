//! What the simulation asks of a recorded fact.

use chargly_ledger::WalletEvent;

/// Nano-units that an event cost the operator, as recorded with it; `None` where nobody knows, and for what is no event.
pub(crate) fn cost_of(event: &WalletEvent) -> Option<i64> {
    match event {
        WalletEvent::Metered { request, .. } => request.cost.map(|cost| cost.nano),
        WalletEvent::HoldCaptured { request, .. } => request.cost.map(|cost| cost.nano),
        _ => None,
    }
}
