//! Orders, newest first: of one wallet, or of all.

use chargly_index::{Block, Posting};
use chargly_ledger::{EntryId, Fact, Position, WalletEvent, WalletFact, WalletNo};

use super::list_events::{Selection, newest_first};
use crate::environment::Environment;
use crate::facts::StoredFact;
use crate::outcome::CallError;
use crate::payments::Order;

/// A page of orders.
#[derive(Debug)]
pub struct OrderPage {
    /// Newest first.
    pub orders: Vec<Order>,
    /// Where the next page begins: below this position.
    pub next: Option<Position>,
}

impl Environment {
    /// Orders placed below a position, newest first; with a wallet, only its own.
    pub async fn list_orders(
        &self,
        wallet: Option<WalletNo>,
        below: Option<Position>,
        limit: usize,
    ) -> Result<OrderPage, CallError> {
        let (facts, lookup) = (self.facts_handle(), self.lookup_handle());
        let head = self.tail().committed().next;
        let page = self
            .blocking(move || newest_first(&facts, &lookup, &Orders { wallet }, below.unwrap_or(head), limit))
            .await?;
        let mut orders = Vec::with_capacity(page.events.len());
        for StoredFact { id, .. } in &page.events {
            orders.extend(self.order(EntryId { position: id.position, tag: id.tag }).await?);
        }
        Ok(OrderPage { orders, next: page.next })
    }
}

struct Orders {
    wallet: Option<WalletNo>,
}

impl Selection for Orders {
    fn lists(&self) -> Vec<Posting> {
        // A customer who buys now and then may use something a thousand times a day.
        [Some(Posting::Audited), self.wallet.map(Posting::Wallet)].into_iter().flatten().collect()
    }

    fn may_be_in(&self, _block: &Block) -> bool {
        true
    }

    fn takes(&self, stored: &StoredFact) -> bool {
        let Fact::Wallet(WalletFact { header, event: WalletEvent::OrderPlaced { .. } }) = &stored.fact else {
            return false;
        };
        self.wallet.is_none_or(|wallet| wallet == header.wallet)
    }
}
