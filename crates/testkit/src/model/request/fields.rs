//! What a retry under the same key must repeat.

use super::Request;

/// The operation of what is never asked under a key.
const NOT_KEYED: &str = "not keyed";

impl Request {
    /// Whether it may be asked under a key.
    pub fn can_have_key(&self) -> bool {
        self.fields().0 != NOT_KEYED
    }

    /// The first field in which another request under the same key differs, by its name on the wire.
    pub fn differs_from(&self, other: &Self) -> Option<&'static str> {
        let ((operation, fields), (other_operation, other_fields)) = (self.fields(), other.fields());
        if operation != other_operation {
            return Some("operation");
        }
        fields.iter().zip(&other_fields).find(|(a, b)| a.1 != b.1).map(|(a, _)| a.0)
    }

    /// The operation and what a retry must repeat, field by field. What is not sent counts as its default.
    fn fields(&self) -> (&'static str, Vec<(&'static str, String)>) {
        let text = |value: &dyn std::fmt::Debug| format!("{value:?}");
        match self {
            Self::Meter { event_type, quantity, credits, cost, record, uncharged, .. } => (
                "meter",
                vec![
                    ("event", text(event_type)),
                    ("quantity", text(&quantity.unwrap_or(1_000_000))),
                    ("credits", text(credits)),
                    ("cost", text(cost)),
                    ("if_insufficient", text(&(*record, !record && *uncharged))),
                ],
            ),
            Self::PlaceHold { event_type, quantity, credits, ttl_s, .. } => (
                "place hold",
                vec![
                    ("event", text(event_type)),
                    ("quantity", text(quantity)),
                    ("credits", text(credits)),
                    ("expires_in_s", text(ttl_s)),
                ],
            ),
            Self::IncreaseHold { hold, quantity, credits } => (
                "increase hold",
                vec![("hold", text(hold)), ("quantity", text(quantity)), ("credits", text(credits))],
            ),
            Self::ExtendHold { hold, ttl_s } => {
                ("extend hold", vec![("hold", text(hold)), ("expires_in_s", text(ttl_s))])
            }
            Self::CaptureHold { hold, quantity, credits, cost, record, is_final, .. } => (
                "capture hold",
                vec![
                    ("hold", text(hold)),
                    ("quantity", text(quantity)),
                    ("credits", text(credits)),
                    ("cost", text(cost)),
                    ("if_insufficient", text(record)),
                    ("final", text(is_final)),
                ],
            ),
            Self::VoidHold { hold } => ("void hold", vec![("hold", text(hold))]),
            Self::Grant { credits, kind, price, priority, effective_at, expires_at, scope, .. } => (
                "grant",
                vec![
                    ("credits", text(credits)),
                    ("kind", text(kind)),
                    ("price", text(price)),
                    ("priority", text(priority)),
                    ("effective_at", text(effective_at)),
                    ("expires_at", text(expires_at)),
                    ("scope", text(scope)),
                ],
            ),
            Self::VoidGrant { lot, .. } => ("void grant", vec![("grant", text(lot))]),
            Self::Reverse { event, credits } => {
                ("reverse", vec![("event", text(event)), ("credits", text(credits))])
            }
            Self::Recharge { event, credits } => {
                ("recharge", vec![("event", text(event)), ("credits", text(credits))])
            }
            Self::Collect { event, credits } => {
                ("collect", vec![("event", text(event)), ("credits", text(credits))])
            }
            Self::SetCost { event, cost } => ("set cost", vec![("event", text(event)), ("cost", text(cost))]),
            Self::PlaceOrder { pack, .. } => ("place order", vec![("pack", text(pack))]),
            Self::RefundOrder { order, credits } => {
                ("refund order", vec![("order", text(order)), ("credits", text(credits))])
            }
            Self::SetAllowance { code, credits, period, starts_at, rollover, priority, scope, .. } => (
                "set allowance",
                vec![
                    ("code", text(code)),
                    ("credits", text(credits)),
                    ("period", text(period)),
                    ("starts_at", text(starts_at)),
                    ("rollover.min", text(&rollover.min)),
                    ("rollover.max", text(&rollover.max)),
                    ("priority", text(priority)),
                    ("scope", text(scope)),
                ],
            ),
            Self::DefineEventType { .. }
            | Self::PublishPrice { .. }
            | Self::SetPolicy { .. }
            | Self::Freeze { .. }
            | Self::Thaw { .. }
            | Self::PublishPack { .. }
            | Self::ChangeSettings { .. }
            | Self::SetBudget { .. }
            | Self::OpenCheckout { .. }
            | Self::SettleOrder { .. }
            | Self::EndAllowance { .. }
            | Self::EraseCustomer { .. } => (NOT_KEYED, Vec::new()),
        }
    }
}
