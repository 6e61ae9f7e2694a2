//! Holding more, longer, or no more.

use chargly_ledger::{Action, ExtendRequest, IncreaseRequest, KeyNo, Payload, Quantity, VoidHoldRequest};
use compact_str::CompactString;

use super::item::Namespace;
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

impl Environment {
    /// Reserves more under an open hold.
    pub async fn increase_hold(
        &self,
        actor: KeyNo,
        mut request: IncreaseRequest,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        if request.credits.is_none() {
            // What is usual is written out, so that a retry which leaves it out is the same request.
            request.quantity.get_or_insert(Quantity::ONE);
        }
        self.change_hold(actor, Action::IncreaseHold(request), key, false).await
    }

    /// Moves an open hold's expiry.
    pub async fn extend_hold(
        &self,
        actor: KeyNo,
        request: ExtendRequest,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        self.change_hold(actor, Action::ExtendHold(request), key, true).await
    }

    /// Gives an open hold up.
    pub async fn void_hold(
        &self,
        actor: KeyNo,
        request: VoidHoldRequest,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        self.change_hold(actor, Action::VoidHold(request), key, true).await
    }

    async fn change_hold(
        &self,
        actor: KeyNo,
        action: Action,
        key: Option<CompactString>,
        is_urgent: bool,
    ) -> Result<Outcome, CallError> {
        let mut arena = Vec::new();
        let item = self.item(actor, action, key, &Namespace::OfWallet, Payload::default(), &mut arena);
        self.call_one(item, arena, is_urgent).await
    }
}
