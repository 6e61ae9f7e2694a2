//! What is bought and given again and again, taken up as it happened.

use chargly_ledger::{
    Action, AllowanceRequest, Fulfilment, GrantKind, GrantRequest, Millis, OrderRequest, Position,
    SettleRequest, WalletFact,
};
use compact_str::CompactString;

use super::{Entry, World};

impl World {
    pub(super) fn order_placed(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &OrderRequest,
    ) -> bool {
        let action = Action::PlaceOrder { customer: CompactString::default(), request: request.clone() };
        self.take_done(entry, fact, action)
    }

    /// The provider says the same again; what that comes to may be another thing here.
    pub(super) fn order_settled(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &SettleRequest,
        fulfilment: Option<&Fulfilment>,
    ) -> bool {
        if let Some(bought) = fulfilment {
            self.packs.note(fact.header.wallet, &as_grant(bought), entry.recorded.at);
        }
        self.take_done(entry, fact, Action::SettleOrder(Box::new(request.clone())))
    }

    pub(super) fn allowance_set(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        request: &AllowanceRequest,
    ) -> bool {
        let request = Box::new(request.clone());
        self.take_done(entry, fact, Action::SetAllowance { customer: CompactString::default(), request })
    }

    pub(super) fn allowance_ended(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        allowance: Position,
    ) -> bool {
        let wallet = self.state.wallet(fact.header.wallet);
        let known = wallet.and_then(|w| w.allowances().iter().find(|known| known.id.position == allowance));
        let Some(code) = known.map(|known| known.terms.code.clone()) else { return self.left_out() };
        self.take_done(entry, fact, Action::EndAllowance { customer: CompactString::default(), code })
    }
}

/// What a pack came to, as something that can be bought again.
fn as_grant(bought: &Fulfilment) -> GrantRequest {
    GrantRequest {
        credits: bought.credits,
        kind: GrantKind::Paid,
        price: Some(bought.price),
        priority: 0,
        effective_at: None,
        expires_at: (bought.expires_at != Millis::NEVER).then_some(bought.expires_at),
        scope: Vec::new(),
    }
}
