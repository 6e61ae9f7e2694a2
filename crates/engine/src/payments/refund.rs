//! Refunding unused credits by our own decision: set aside first, then paid back, then taken out of the wallet.

use chargly_journal::crash_point;
use chargly_ledger::{Action, Credits, EntryId, KeyNo, Payload, RefundRequest, SettleRequest};
use compact_str::CompactString;

use super::checkout::is_refused;
use super::settle::nothing_said;
use super::{NewRefund, Order, PaymentError, ProviderError, REFUND_STARTED};
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};
use crate::usecases::Namespace;

/// A refund that was started, or the verdict against it.
pub type StartedRefund = Outcome;

impl Environment {
    /// Refunds unused credits of an order. They are set aside at once, so that nobody spends them meanwhile; what the
    /// provider cannot be told now, the sweep tells it. Asked again under the same key, a refund that the provider has
    /// refused meanwhile is not said to have been started, as if it went on.
    pub async fn refund_order(
        &self,
        actor: KeyNo,
        request: RefundRequest,
        reason: Option<CompactString>,
        key: Option<CompactString>,
    ) -> Result<StartedRefund, PaymentError> {
        self.ensure_effects()?;
        let payload = Payload { reason, ..Payload::default() };
        let mut arena = Vec::new();
        let action = Action::RefundOrder(request);
        let item = self.item(actor, action, key, &Namespace::OfWallet, payload, &mut arena);
        let started = self.call_one(item, arena, true).await?;
        if is_refused(&started.fact) {
            return Ok(started);
        }
        crash_point(REFUND_STARTED);
        let order = self.order(request.order).await?.ok_or(CallError::NotFound { kind: "order" })?;
        if order.top_up.refused == Some(started.id.position) {
            return Err(refused_before().into());
        }
        if order.top_up.refund.is_none_or(|open| open.id != started.id) {
            return Ok(started);
        }
        match self.refresh_order(request.order).await {
            Ok(_) => Ok(started),
            Err(PaymentError::Provider(error @ ProviderError::Refused { .. })) => Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "a refund is recorded and not paid back yet; the sweep goes on with it");
                Ok(started)
            }
        }
    }

    /// Goes on with the refund of an order. The caller has the order's turn.
    pub(super) async fn refund_in_turn(&self, id: EntryId) -> Result<Order, PaymentError> {
        let order = self.order(id).await?.ok_or(CallError::NotFound { kind: "order" })?;
        let Some(refund) = order.top_up.refund else { return Ok(order) };
        self.ensure_effects()?;
        let provider = self.payments().setup()?.named(&order.top_up.provider)?;
        let asked = NewRefund {
            order: self.name_of(&order)?,
            refund: self.wire_name("rfd_", refund.id)?,
            amount: refund.amount,
        };
        match provider.refund(&asked).await {
            Ok(()) => self.refresh_in_turn(id, true).await,
            Err(ProviderError::Refused { code, message }) => {
                // What was set aside is free again.
                let ended = SettleRequest { ends_refund: Some(refund.id.position), ..nothing_said(id) };
                self.settle(ended).await?;
                Err(ProviderError::Refused { code, message }.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Credits of an order that could be refunded now.
    pub fn refundable(order: &Order) -> Credits {
        let is_active = |lot: &&chargly_ledger::Lot| lot.status == chargly_ledger::LotStatus::Active;
        order.lot.as_ref().filter(is_active).map_or(Credits::ZERO, chargly_ledger::Lot::free)
    }
}

/// In whatever words it was: they were told when it refused.
fn refused_before() -> ProviderError {
    ProviderError::Refused {
        code: "refused_before".to_owned(),
        message: "it refused this refund when it was first asked for it".to_owned(),
    }
}
