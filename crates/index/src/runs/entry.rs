//! What a run wants to know of a fact. The one place that says which facts are events, and which are audited.

use chargly_ledger::{EventTypeNo, Fact, Millis, WalletEvent, WalletNo};

/// Whose fact it is, where it is about a wallet. Of these lists, too, an erasure learns what to forget: a fact with a
/// payload of the customer's has to be in one.
pub fn wallet(fact: &Fact) -> Option<WalletNo> {
    match fact {
        Fact::Wallet(fact) => Some(fact.header.wallet),
        Fact::BatchAccepted { wallet, .. } => Some(*wallet),
        Fact::Catalogue(_) | Fact::EnvironmentCreated { .. } | Fact::EpochStarted { .. } => None,
    }
}

/// The event type, where the fact is an event: something metered or captured.
pub fn event_type(fact: &Fact) -> Option<EventTypeNo> {
    let Fact::Wallet(fact) = fact else { return None };
    match &fact.event {
        WalletEvent::Metered { request, .. } => Some(request.event_type),
        WalletEvent::HoldCaptured { of, .. } => Some(of.event_type),
        _ => None,
    }
}

/// When the event happened, where the fact is one: as its caller says, else when it was recorded.
pub fn occurred_at(fact: &Fact, recorded_at: Millis) -> Option<Millis> {
    let Fact::Wallet(fact) = fact else { return None };
    match &fact.event {
        WalletEvent::Metered { request, .. } => Some(request.occurred_at.unwrap_or(recorded_at)),
        WalletEvent::HoldCaptured { .. } => Some(recorded_at),
        _ => None,
    }
}

/// Whether the audit log shows it: what people did, but for metering, holds, refusals, and what happens by time.
pub fn is_audited(fact: &Fact) -> bool {
    match fact {
        Fact::Catalogue(_) | Fact::EnvironmentCreated { .. } | Fact::EpochStarted { .. } => true,
        Fact::BatchAccepted { .. } => false,
        // One decision corrects many events: that decision is shown, and not each of them.
        Fact::Wallet(fact) => matches!(
            fact.event,
            WalletEvent::Reversed { request: chargly_ledger::ReverseRequest { correction: None, .. }, .. }
                | WalletEvent::Collected { .. }
                | WalletEvent::Granted { .. }
                | WalletEvent::GrantVoided { .. }
                | WalletEvent::OrderPlaced { .. }
                | WalletEvent::OrderSettled { .. }
                | WalletEvent::RefundStarted { .. }
                | WalletEvent::AllowanceSet { .. }
                | WalletEvent::AllowanceEnded { .. }
                | WalletEvent::PolicySet { .. }
                | WalletEvent::Frozen
                | WalletEvent::Thawed
                | WalletEvent::CustomerErased
        ),
    }
}
